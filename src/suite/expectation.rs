//! What a scenario expects against what was answered and called.

use std::fmt::Display;

use serde_json::Value;

use super::case::Case;
use super::oracle::claims;
use super::scenario::{Expect, ExpectHeader, Passthrough, Place};
use super::shape::broken_promises;
use super::stage::Answer;
use super::words::{OneOf, StatusRange};
use crate::sandbox::{Recorded, Reply};

/// A request as it was sent, and what it tries.
#[derive(Clone, Debug, Default)]
pub(super) struct Sent {
    /// With query.
    pub(super) path: String,
    pub(super) body: Value,
    pub(super) remote_data: Option<Value>,
    pub(super) remote_query: Option<String>,
    /// Inputs that were left out.
    pub(super) without: Vec<String>,
    /// The name of the input that a hostile text or another target stands in.
    pub(super) tries: Option<String>,
}

/// What an answer does not keep of an expectation.
pub(super) fn unmet(expect: &Expect, case: &Case, sent: &Sent, answer: &Answer, calls: &[Recorded]) -> Vec<String> {
    let mut unmet = Vec::new();
    let said = |text: &str| if text.is_empty() { "none".to_owned() } else { text.to_owned() };
    if let Some(wanted) = &expect.status
        && !wanted.values().iter().any(|range| range.holds(answer.status))
    {
        unmet.push(differs::<StatusRange>("status", wanted, &answer.status.to_string()));
    }
    let body = answer.json();
    let kind = body.get("statusCode").and(body["kind"].as_str()).unwrap_or_default();
    let words = [
        ("outcome", &expect.outcome, answer.header("offramp-outcome")),
        ("verified", &expect.verified, answer.header("offramp-verified")),
        ("kind", &expect.kind, kind),
    ];
    for (key, wanted, own) in words {
        unmet.extend(wanted.as_ref().and_then(|wanted| word(key, wanted, &said(own))));
    }
    let claims = claims(answer);
    for (index, claim) in claims.iter().enumerate() {
        let place = |key: &str| format!("items[{index}].{key}");
        let words = [
            ("held_before", expect.held_before.as_ref(), &claim.held_before),
            ("confirmed_by", expect.confirmed_by.as_ref(), &claim.confirmed_by),
            ("outcome", expect.items.get(index).and_then(|item| item.outcome.as_ref()), &claim.outcome),
            ("verified", expect.items.get(index).and_then(|item| item.verified.as_ref()), &claim.verified),
        ];
        for (key, wanted, own) in words {
            unmet.extend(wanted.and_then(|wanted| word(&place(key), wanted, &said(own))));
        }
    }
    if claims.len() < expect.items.len() {
        unmet.push(format!("items: expected {}, got {}", expect.items.len(), claims.len()));
    }
    unmet.extend(headers(expect, answer));
    unmet.extend(message(expect, sent, &body));
    let writes: Vec<&Recorded> = calls.iter().filter(|recorded| is_at(case, Place::Write, recorded)).collect();
    if let Some(format) = expect.format {
        let replies: Vec<&Reply> = writes.iter().filter_map(|recorded| recorded.reply.as_ref()).collect();
        unmet.extend(broken_promises(format, answer, &replies));
    }
    if let Some(passthrough) = expect.passes_on {
        unmet.extend(writes.iter().flat_map(|recorded| changed_on_the_way(passthrough, sent, recorded)));
        if writes.is_empty() {
            unmet.push("nothing was written, so nothing was passed on".to_owned());
        }
    }
    unmet
}

/// How often the places were called, of what is expected for `requests` of them.
pub(super) fn miscalled(expect: &Expect, case: &Case, calls: &[Recorded], requests: usize) -> Vec<String> {
    let mut unmet = Vec::new();
    for (place, wanted) in &expect.calls {
        let count = calls.iter().filter(|recorded| is_at(case, *place, recorded)).count();
        if !wanted.values().iter().any(|wanted| wanted * requests == count) {
            unmet.push(format!("calls of {place:?}: expected {wanted} for each request, got {count} for {requests}"));
        }
    }
    unmet
}

/// Another number of writes than the answer says.
pub(super) fn miscounted(answer: &Answer, case: &Case, calls: &[Recorded]) -> Option<String> {
    let said = answer.header("offramp-remote-calls");
    let sent = calls.iter().filter(|recorded| is_at(case, Place::Write, recorded)).count().to_string();
    (!said.is_empty() && said != sent).then(|| format!("the answer speaks of {said} writes, {sent} were sent"))
}

/// Whether a call is one of a place.
pub(super) fn is_at(case: &Case, place: Place, recorded: &Recorded) -> bool {
    let roads = case.calls.get(&place).map(OneOf::values).unwrap_or_default();
    place == Place::Any || roads.iter().any(|road| road.leads(&recorded.call))
}

/// Calls that no road allows, or that use a query parameter which their road has not.
pub(super) fn off_road(case: &Case, sent: &Sent, recorded: &Recorded) -> Option<String> {
    let call = &recorded.call;
    let on =
        |name: &str| case.roads.iter().any(|(road, names)| road.leads(call) && names.iter().any(|own| own == name));
    if !case.roads.keys().any(|road| road.leads(call)) {
        return Some(format!("asked the provider for {} {}, which is on no road of the case", call.method, call.path));
    }
    let passed_on = sent.remote_query.is_some() && is_at(case, Place::Write, recorded);
    let odd = form_urlencoded::parse(call.query.as_bytes()).find(|(name, _)| !on(name) && !passed_on);
    odd.map(|(name, _)| {
        format!("used the query parameter `{name}` at {} {}, which is on no road", call.method, call.path)
    })
}

fn differs<T: Display>(key: &str, wanted: &OneOf<T>, got: &str) -> String {
    format!("{key}: expected {wanted}, got {got}")
}

fn word(key: &str, wanted: &OneOf<String>, got: &str) -> Option<String> {
    (!wanted.values().iter().any(|wanted| wanted == got)).then(|| differs(key, wanted, got))
}

fn headers(expect: &Expect, answer: &Answer) -> Vec<String> {
    let mut unmet = Vec::new();
    for (name, wanted) in &expect.headers {
        let got = answer.headers.contains_key(name).then(|| answer.header(name));
        let (good, wanted) = match wanted {
            ExpectHeader::Absent(()) => (got.is_none(), "none".to_owned()),
            ExpectHeader::Text(text) => (got == Some(text.as_str()), format!("`{text}`")),
            ExpectHeader::Between { min, max } => {
                let number = got.and_then(|got| got.parse::<u64>().ok());
                (number.is_some_and(|number| (*min..=*max).contains(&number)), format!("{min} to {max}"))
            }
        };
        if !good {
            unmet.push(format!("header {name}: expected {wanted}, got {}", got.unwrap_or("none")));
        }
    }
    unmet
}

fn message(expect: &Expect, sent: &Sent, body: &Value) -> Vec<String> {
    let message = body["message"].as_str().unwrap_or_default();
    // The provider's own words are its own.
    let is_bad_input = body["kind"] == "invalid_request" && body.get("unassignment").is_none();
    let named = sent.tries.iter().filter(|_| expect.names_input && is_bad_input);
    let absent = expect.message.iter().chain(named).filter(|text| !message.contains(text.as_str()));
    let mut unmet: Vec<String> =
        absent.map(|text| format!("message: expected to name `{text}`, got `{message}`")).collect();
    if expect.lists_missing {
        let insight = &body["truto_error_insight"];
        let lists = ["missing_required_query_parameters", "missing_required_body_fields"];
        let listed: Vec<&str> =
            lists.iter().filter_map(|list| insight[list].as_array()).flatten().filter_map(Value::as_str).collect();
        let forgotten =
            sent.without.iter().filter(|name| !listed.iter().any(|listed| listed.starts_with(name.as_str())));
        unmet.extend(forgotten.map(|name| format!("`{name}` is missing and not listed: {listed:?}")));
    }
    unmet
}

/// What of a passthrough is not in the write as it was given.
fn changed_on_the_way(passthrough: Passthrough, sent: &Sent, recorded: &Recorded) -> Vec<String> {
    match passthrough {
        Passthrough::RemoteData => {
            let body: Value = serde_json::from_slice(&recorded.call.body).unwrap_or_default();
            let given = sent.remote_data.as_ref().and_then(Value::as_object);
            let changed = given.into_iter().flatten().filter(|(name, value)| body.get(*name) != Some(*value));
            changed
                .map(|(name, value)| {
                    format!("remote_data.{name} was {value}, and reached the provider as {}", body[name])
                })
                .collect()
        }
        Passthrough::RemoteQuery => {
            let given = sent.remote_query.as_deref().unwrap_or_default();
            let own: Vec<(String, String)> =
                form_urlencoded::parse(recorded.call.query.as_bytes()).into_owned().collect();
            let given = form_urlencoded::parse(given.as_bytes()).filter_map(|(name, value)| {
                let name = name.strip_prefix("remote_query[")?.replacen(']', "", 1);
                Some((name, value.into_owned()))
            });
            let lost = given.filter(|pair| !own.contains(pair));
            lost.map(|(name, value)| format!("`{name}={value}` did not reach the provider: {own:?}")).collect()
        }
    }
}
