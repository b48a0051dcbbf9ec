//! A provider's rate-limit headers, whatever their names and units, as `ratelimit-*` and `Retry-After` in seconds.

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::fmt::rfc2822;

use crate::connector::{RateLimitSource, TimeHeader, TimeUnit};

/// The headers a client sees. `Retry-After` is given only where the provider names a time.
pub(crate) fn normalised(provider: &HeaderMap, rates: &RateLimitSource, limited: bool) -> HeaderMap {
    let mut out = HeaderMap::new();
    let text = |name: &str| provider.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let first = |own: Option<&String>, usual: &[&str]| match own {
        Some(own) => text(own).and_then(number),
        None => usual.iter().find_map(|name| text(name).and_then(number)),
    };
    let mut put = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            out.insert(HeaderName::from_static(name), value);
        }
    };
    if let Some(limit) = first(rates.limit.as_ref(), &["ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit"]) {
        let window = rates.window_s.map(|window| format!(";w={window}")).unwrap_or_default();
        put("ratelimit-limit", format!("{limit}{window}"));
    }
    let remaining = ["ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining"];
    if let Some(remaining) = first(rates.remaining.as_ref(), &remaining) {
        put("ratelimit-remaining", remaining.to_string());
    }
    let reset = rates.reset.as_ref().and_then(|header| seconds(text(&header.header)?, header));
    let retry = retry_after_s(provider, rates);
    if let Some(reset) = reset.or(retry.filter(|_| limited)) {
        put("ratelimit-reset", reset.to_string());
    }
    if let Some(retry) = retry {
        put("retry-after", retry.to_string());
    }
    out
}

/// In how many seconds the provider wants to be asked again, where it says so.
pub(super) fn retry_after_s(provider: &HeaderMap, rates: &RateLimitSource) -> Option<u64> {
    let text = |name: &str| provider.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let usual = TimeHeader { header: RETRY_AFTER.to_string(), unit: TimeUnit::Seconds };
    let own = rates.retry_after.as_ref().and_then(|header| seconds(text(&header.header)?, header));
    own.or_else(|| text(RETRY_AFTER.as_str()).and_then(|value| seconds(value, &usual).or_else(|| date(value))))
}

/// The leading number of `110`, or of `110;w=10`.
fn number(text: &str) -> Option<u64> {
    text.split([';', ',']).next()?.trim().parse().ok()
}

/// Seconds from now, never less than one for a moment that is still to come.
fn seconds(text: &str, header: &TimeHeader) -> Option<u64> {
    let number: f64 = text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    let seconds = match header.unit {
        TimeUnit::Seconds => number,
        TimeUnit::EpochSeconds => (number - now_s()).max(0.0),
    };
    // A whole number of seconds that is not too early; larger than any wait that makes sense is cut.
    Some(seconds.ceil().min(1e9) as u64)
}

fn date(text: &str) -> Option<u64> {
    let moment = rfc2822::parse(text).ok()?;
    let wait = moment.timestamp().as_second() as f64 - now_s();
    Some(wait.ceil().clamp(0.0, 1e9) as u64)
}

fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}
