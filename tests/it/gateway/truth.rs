//! What every answer must keep to, whatever the story: it may not say what the provider's state does not bear out, its
//! status may not look better than its outcome, its parts may not contradict each other, and it may not show a secret.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offramp::sandbox::{Call, Recorded};
use serde_json::{Value, json};

use super::ask::{Answer, Named};

/// Contract 3: the worst item first.
const OUTCOMES: [&str; 6] = ["unknown", "failed", "refused", "removed", "already_absent", "planned"];
const VERIFIED: [&str; 6] = ["no", "inherited", "unverifiable", "pending", "skipped", "yes"];
/// Contract 7.
const KINDS: [&str; 16] = [
    "invalid_request",
    "unauthenticated",
    "forbidden",
    "not_found",
    "conflict",
    "refused",
    "inherited",
    "payment_required",
    "credentials_rejected",
    "permission_missing",
    "rate_limited",
    "not_effective",
    "provider_error",
    "provider_unavailable",
    "provider_timeout",
    "internal",
];

type Facts = BTreeSet<String>;

#[track_caller]
pub(super) fn check(answer: &Answer, named: &Named, before: &Facts, after: &Facts, secrets: &Facts) {
    bears_out(answer, named, before, after);
    does_not_flatter(answer);
    agrees_with_itself(answer);
    is_a_proper_error(answer);
    shows_no(secrets, answer);
}

/// The provider's state is the judge of the answer.
#[track_caller]
fn bears_out(answer: &Answer, named: &Named, before: &Facts, after: &Facts) {
    let gained: Vec<_> = after.difference(before).collect();
    assert!(gained.is_empty(), "the provider's state gained {gained:?}");
    let others: Vec<_> =
        answer.lost.iter().filter(|fact| !named.targets.contains(fact) && !named.also.contains(fact)).collect();
    assert!(others.is_empty(), "lost what nobody named: {others:?}\n{}", answer.text());
    let unassignment = answer.unassignment();
    let items = unassignment["items"].as_array().filter(|items| items.len() == named.targets.len());
    for (index, target) in named.targets.iter().enumerate() {
        let (outcome, verified) = match items {
            Some(items) => (text(&items[index]["outcome"]), text(&items[index]["verified"])),
            // Several writes in `raw` are told by the headers alone: those speak of the worst.
            None if named.targets.len() > 1 && answer.header("offramp-outcome").is_some() => continue,
            None => (header(answer, "offramp-outcome"), header(answer, "offramp-verified")),
        };
        let (lost, held) = (answer.lost.contains(target), after.contains(target));
        let story = || format!("{outcome} / {verified}, but lost: {lost}, held: {held}: {target}\n{}", answer.text());
        match outcome.as_str() {
            "removed" if named.blindfolded => assert!(verified != "yes" || !held, "{}", story()),
            "removed" => assert!(!held, "{}", story()),
            "already_absent" => assert!(!lost && !held, "{}", story()),
            "refused" | "planned" | "failed" | "" => assert!(!lost, "{}", story()),
            "unknown" => {}
            other => panic!("no outcome of the contract: {other}"),
        }
    }
}

/// Contract 3: a client that looks at nothing but the status never reads success while we know better.
#[track_caller]
fn does_not_flatter(answer: &Answer) {
    let (outcome, verified) = (header(answer, "offramp-outcome"), header(answer, "offramp-verified"));
    if answer.status < 300 {
        assert!(["", "removed", "already_absent", "planned"].contains(&outcome.as_str()), "200 for {outcome}");
        assert!(!["no", "inherited"].contains(&verified.as_str()), "200 for {outcome} / {verified}");
    }
}

/// Headers, body and the provider's journal tell one story.
#[track_caller]
fn agrees_with_itself(answer: &Answer) {
    // Whether a write that is sent again after a renewal counts twice is a story of its own, in `credentials`.
    let first_write = answer.calls.iter().position(|recorded| is_write(&recorded.call)).unwrap_or(answer.calls.len());
    let renewed = answer.calls[first_write..].iter().any(|recorded| recorded.call.path.ends_with("/token"));
    if let Some(count) = answer.header("offramp-remote-calls").filter(|_| !renewed) {
        assert_eq!(count, answer.writes().len().to_string(), "writes: {:?}", answer.writes());
    }
    let unassignment = answer.unassignment();
    if unassignment.is_null() {
        return;
    }
    for (name, field) in
        [("offramp-outcome", "outcome"), ("offramp-verified", "verified"), ("offramp-request-id", "request_id")]
    {
        assert_eq!(answer.header(name), unassignment[field].as_str(), "{field}");
    }
    let items = unassignment["items"].as_array().unwrap();
    assert!(!items.is_empty(), "zero items is never an outcome");
    let worst = |field: &str, order: &[&str]| {
        let ranks = items.iter().filter_map(|item| item[field].as_str()).map(|value| {
            let rank = order.iter().position(|known| *known == value);
            rank.unwrap_or_else(|| panic!("no {field} of the contract: {value}"))
        });
        ranks.min().map(|rank| order[rank].to_owned())
    };
    assert_eq!(worst("outcome", &OUTCOMES).as_deref(), unassignment["outcome"].as_str(), "{unassignment}");
    assert_eq!(worst("verified", &VERIFIED).as_deref(), unassignment["verified"].as_str(), "{unassignment}");
}

/// Contract 7: `statusCode`, `error`, `message` always; `kind` is a closed set.
#[track_caller]
fn is_a_proper_error(answer: &Answer) {
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else { return };
    if body.get("statusCode").is_none() {
        return;
    }
    assert_eq!(body["statusCode"], json!(answer.status), "{body}");
    if let Some(phrase) = http::StatusCode::from_u16(answer.status).unwrap().canonical_reason() {
        assert_eq!(body["error"], json!(phrase), "{body}");
    }
    assert!(body["error"].is_string(), "{body}");
    assert!(body["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
    assert!(body["truto_is_remote_error"].is_boolean(), "{body}");
    assert!(KINDS.contains(&body["kind"].as_str().unwrap_or_default()), "{body}");
    assert_eq!(body["request_id"].as_str(), answer.header("offramp-request-id"), "{body}");
    assert_eq!(answer.header("content-type"), Some("application/json"), "{body}");
}

#[track_caller]
fn shows_no(secrets: &Facts, answer: &Answer) {
    let body = answer.text();
    for secret in secrets {
        assert!(!body.contains(secret), "the body shows a secret: {secret}");
        for (name, value) in &answer.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            assert!(!value.contains(secret), "the header {name} shows a secret: {secret}");
        }
    }
}

/// The credentials a call carried: each must stay between the gateway and the provider.
pub(super) fn credentials(recorded: &Recorded) -> Vec<String> {
    let mut secrets: Vec<String> = recorded.call.header("x-api-key").map(str::to_owned).into_iter().collect();
    let authorization = recorded.call.header("authorization").unwrap_or_default();
    if let Some((_, token)) = authorization.split_once(' ') {
        secrets.push(token.to_owned());
        let pair = STANDARD.decode(token).ok().and_then(|pair| String::from_utf8(pair).ok());
        secrets.extend(pair.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, secret)| secret.to_owned()));
    }
    secrets
}

/// Whether a call could take something away: not a read, not a token call.
pub(super) fn is_write(call: &Call) -> bool {
    let is_token_call = call.path.ends_with("/token") || call.path.ends_with("oauth.v2.access");
    let is_read_by_post = call.path.contains("/search/") || call.path.ends_with("admin.users.list");
    call.method != "GET" && !is_token_call && !is_read_by_post && !call.path.ends_with("auth.test")
}

fn header(answer: &Answer, name: &str) -> String {
    answer.header(name).unwrap_or_default().to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The oracle sees what it is there to see: each of these answers is a lie.
mod planted_violations {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use reqwest::header::{HeaderMap, HeaderValue};

    use super::*;

    fn answer(status: u16, verdict: [&'static str; 2], body: &Value, lost: &[&str]) -> Answer {
        let mut headers = HeaderMap::new();
        for (name, value) in ["offramp-outcome", "offramp-verified"].into_iter().zip(verdict) {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert("offramp-request-id", HeaderValue::from_static("r1"));
        let lost = lost.iter().map(|fact| (*fact).to_owned()).collect();
        Answer { status, headers, body: body.to_string().into_bytes(), whole: true, calls: Vec::new(), lost }
    }

    /// Whether the checks let an answer pass that found `held` and named `a`.
    fn passes(answer: &Answer, held: &[&str]) -> bool {
        let before: Facts = held.iter().map(|fact| (*fact).to_owned()).collect();
        let after = before.difference(&answer.lost).cloned().collect();
        let named = Named { targets: vec!["a".to_owned()], ..Named::default() };
        let secrets = ["s3cret-canary".to_owned()].into();
        catch_unwind(AssertUnwindSafe(|| check(answer, &named, &before, &after, &secrets))).is_ok()
    }

    #[test]
    fn the_truth_passes() {
        assert!(passes(&answer(200, ["removed", "yes"], &json!({}), &["a"]), &["a", "b"]));
        assert!(passes(&answer(422, ["refused", "skipped"], &json!({}), &[]), &["a", "b"]));
        assert!(passes(&answer(502, ["unknown", "unverifiable"], &json!({}), &["a"]), &["a"]));
    }

    #[test]
    fn a_claim_the_state_does_not_bear_out_is_seen() {
        assert!(!passes(&answer(200, ["removed", "yes"], &json!({}), &[]), &["a"]), "still held");
        assert!(!passes(&answer(200, ["removed", "yes"], &json!({}), &["a", "b"]), &["a", "b"]), "one too many");
        assert!(!passes(&answer(403, ["failed", "skipped"], &json!({}), &["a"]), &["a"]), "lost after all");
        assert!(!passes(&answer(200, ["planned", "skipped"], &json!({}), &["a"]), &["a"]), "a dry run that wrote");
        assert!(!passes(&answer(200, ["already_absent", "yes"], &json!({}), &[]), &["a"]), "held all the time");
    }

    #[test]
    fn flattery_contradiction_and_leaks_are_seen() {
        assert!(!passes(&answer(200, ["unknown", "unverifiable"], &json!({}), &[]), &["a"]), "200 for unknown");
        assert!(!passes(&answer(200, ["removed", "no"], &json!({}), &["a"]), &["a"]), "200 for no");
        let item = json!({"outcome": "removed", "verified": "yes"});
        let other =
            json!({"unassignment": {"outcome": "removed", "verified": "skipped", "request_id": "r1", "items": [item]}});
        assert!(!passes(&answer(200, ["removed", "yes"], &other, &["a"]), &["a"]), "headers and body differ");
        let leak = json!({"remote_data": {"key": "s3cret-canary"}});
        assert!(!passes(&answer(200, ["removed", "yes"], &leak, &["a"]), &["a"]), "a secret");
        let error = json!({"statusCode": 400, "error": "Bad Request", "message": "x", "kind": "made_up"});
        assert!(!passes(&answer(400, ["failed", "skipped"], &error, &[]), &["a"]), "a kind that does not exist");
    }
}
