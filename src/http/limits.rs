//! A limit of ours that is used up, in the words that a provider's limits have.

use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderValue};

use crate::gateway::Limited;

/// The headers of a limit of ours, so many requests a minute, that is used up.
pub(super) fn of_ours(limited: &Limited) -> HeaderMap {
    // A whole number of seconds that is not too early.
    let seconds = HeaderValue::from(limited.retry_after.as_secs_f64().ceil().max(1.0) as u64);
    let mut headers = HeaderMap::new();
    if let Ok(limit) = HeaderValue::from_str(&format!("{};w=60", limited.limit)) {
        headers.insert("ratelimit-limit", limit);
    }
    headers.insert("ratelimit-remaining", HeaderValue::from(0));
    headers.insert("ratelimit-reset", seconds.clone());
    headers.insert(RETRY_AFTER, seconds);
    headers
}
