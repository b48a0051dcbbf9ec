//! What every answer must keep to, whatever was asked: its status may not look better than its outcome, its parts may not
//! contradict each other, its words are those of the contract, and it shows no secret.

use std::collections::BTreeSet;

use serde_json::Value;

use super::narrow::KINDS;
use super::oracle::claims;
use super::stage::Answer;

/// The worst first.
const OUTCOMES: &[&str] = &["unknown", "failed", "refused", "removed", "already_absent", "planned"];
const VERIFIED: &[&str] = &["no", "inherited", "unverifiable", "pending", "skipped", "yes"];

/// What is wrong with an answer to an unassign request.
pub(super) fn faults(answer: &Answer, secrets: &BTreeSet<String>) -> Vec<String> {
    let mut faults: Vec<String> = flattery(answer).into_iter().collect();
    faults.extend(contradictions(answer));
    faults.extend(bad_error(answer));
    faults.extend(leaks(answer, secrets));
    faults
}

fn flattery(answer: &Answer) -> Option<String> {
    let (outcome, verified) = (answer.header("offramp-outcome"), answer.header("offramp-verified"));
    let good =
        ["", "removed", "already_absent", "planned"].contains(&outcome) && !["no", "inherited"].contains(&verified);
    (answer.status < 300 && !good).then(|| format!("status {} for {outcome} / {verified}", answer.status))
}

fn contradictions(answer: &Answer) -> Vec<String> {
    let mut found = Vec::new();
    for (name, words) in [("offramp-outcome", OUTCOMES), ("offramp-verified", VERIFIED)] {
        let said = answer.header(name);
        if !said.is_empty() && !words.contains(&said) {
            found.push(format!("{name}: `{said}` is no word of the contract"));
        }
    }
    let unassignment = answer.unassignment();
    if !unassignment["verified"].is_string() {
        return found;
    }
    for field in ["outcome", "verified", "request_id"] {
        let header = answer.header(&format!("offramp-{}", field.replace('_', "-")));
        if unassignment[field] != header {
            found.push(format!("the header says {field} `{header}`, the body {}", unassignment[field]));
        }
    }
    let claims = claims(answer);
    if claims.is_empty() {
        found.push("there is an outcome of no items".to_owned());
    }
    let worst = |words: &[&str], said: &dyn Fn(usize) -> String| {
        let ranks = (0..claims.len()).filter_map(|index| words.iter().position(|word| *word == said(index)));
        ranks.min().and_then(|rank| words.get(rank).map(|word| (*word).to_owned()))
    };
    let outcome = worst(OUTCOMES, &|index| claims[index].outcome.clone());
    let verified = worst(VERIFIED, &|index| claims[index].verified.clone());
    for (field, worst) in [("outcome", outcome), ("verified", verified)] {
        if worst.as_deref() != unassignment[field].as_str() {
            found.push(format!("{field} is {}, which is not the worst of the items", unassignment[field]));
        }
    }
    found
}

fn bad_error(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    if body.get("statusCode").is_none() {
        return Vec::new();
    }
    let phrase = http::StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
    let checks = [
        ("statusCode is the status", body["statusCode"] == answer.status),
        ("error is the status's phrase", phrase.is_none_or(|phrase| body["error"] == phrase)),
        ("message is a text", body["message"].as_str().is_some_and(|text| !text.is_empty())),
        ("truto_is_remote_error is a boolean", body["truto_is_remote_error"].is_boolean()),
        ("kind is one of the contract", KINDS.contains(&body["kind"].as_str().unwrap_or_default())),
        ("request_id is the header's", body["request_id"] == answer.header("offramp-request-id")),
        ("content-type is application/json", answer.header("content-type") == "application/json"),
    ];
    let wrong = checks.iter().filter(|(_, good)| !good);
    wrong.map(|(rule, _)| format!("the error does not keep to: {rule}: {}", shown(&body))).collect()
}

fn leaks(answer: &Answer, secrets: &BTreeSet<String>) -> Vec<String> {
    let body = String::from_utf8_lossy(&answer.body);
    let headers = answer.headers.iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    let places: Vec<_> = headers.chain([("body", body)]).collect();
    let leaking = |secret: &&String| places.iter().any(|(_, text)| text.contains(secret.as_str()));
    let leaked = secrets.iter().filter(leaking);
    // Not the secret itself: reports are kept.
    leaked.map(|secret| format!("the answer shows a secret of {} characters", secret.len())).collect()
}

fn shown(body: &Value) -> String {
    body.to_string().chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(status: u16, verdict: [&'static str; 2], body: &Value) -> Answer {
        let mut headers = http::HeaderMap::new();
        for (name, value) in ["offramp-outcome", "offramp-verified"].into_iter().zip(verdict) {
            headers.insert(name, http::HeaderValue::from_static(value));
        }
        Answer { status, headers, body: body.to_string().into(), whole: true }
    }

    #[test]
    fn bad_manners_are_seen() {
        let secrets = BTreeSet::from(["s3cret-canary".to_owned()]);
        let faults = |answer: &Answer| faults(answer, &secrets).len();
        assert_eq!(faults(&answer(200, ["removed", "yes"], &json!({}))), 0);
        assert_eq!(faults(&answer(200, ["unknown", "unverifiable"], &json!({}))), 1);
        assert_eq!(faults(&answer(200, ["removed", "no"], &json!({}))), 1);
        assert_eq!(faults(&answer(502, ["gone", "yes"], &json!({}))), 1);
        assert_eq!(faults(&answer(200, ["removed", "yes"], &json!({"x": "s3cret-canary"}))), 1);
        let items = json!([{"outcome": "removed", "verified": "yes"}, {"outcome": "failed", "verified": "no"}]);
        let best = json!({"unassignment": {"outcome": "removed", "verified": "no", "request_id": "", "items": items}});
        assert_eq!(faults(&answer(502, ["removed", "no"], &best)), 1, "the best of the items");
        let made_up = json!({"statusCode": 500, "error": "Bad Gateway", "message": "", "kind": "made_up"});
        assert_eq!(faults(&answer(502, ["failed", "no"], &made_up)), 6);
    }
}
