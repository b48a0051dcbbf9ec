//! Slack's odd days: limits, pages of HTML, fields nobody documented, answers that get lost.

use std::time::Duration;

use offramp::sandbox::slack_enterprise::{html_error, ratelimited};
use offramp::sandbox::{Fault, Simulator};

use super::{HQ, LIST, REMOVE, SPENGLER, Slack};

#[tokio::test]
async fn every_method_error_comes_on_http_200() {
    let slack = Slack::start().await;
    for (method, query) in [
        (LIST, "role_ids=Rl99"),
        ("users.info", "user=nobody"),
        ("users.lookupByEmail", "email=nobody"),
        ("users.list", "team_id=nowhere"),
        ("admin.teams.list", "limit=0"),
        ("no.such.method", ""),
    ] {
        let answer = slack.get(method, query).await;
        assert_eq!(answer.status, 200, "{method}");
        assert_eq!(answer.json()["ok"], false, "{method}");
    }
}

#[tokio::test]
async fn a_rate_limit_is_http_429_with_retry_after_in_seconds() {
    let slack = Slack::start().await;
    slack.server.faults.once("POST", REMOVE, Fault::Answer(ratelimited(30)));
    let answer = slack.remove_demo().await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), "30");
    assert_eq!(answer.text, r#"{"ok":false,"error":"ratelimited"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn limits_count_per_method_and_minute_once_enforced() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.enforce_rate_limits = true);
    for _ in 0..20 {
        slack.remove_demo().await.is(r#"{"ok":true}"#);
    }
    let limited = slack.remove_demo().await;
    assert_eq!(limited.status, 429);
    assert_eq!(limited.text, r#"{"ok":false,"error":"ratelimited"}"#);
    let wait_s: u64 = limited.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait_s), "{wait_s}");
    assert!(limited.headers.keys().all(|name| !name.as_str().starts_with("x-ratelimit")));
    assert_eq!(slack.get(LIST, "").await.status, 200);
    slack.clock.advance(Duration::from_secs(wait_s));
    slack.remove_demo().await.is(r#"{"ok":true}"#);
}

#[tokio::test]
async fn a_gateway_may_answer_in_html() {
    let slack = Slack::start().await;
    for status in [500, 502, 503, 504] {
        slack.server.faults.once("POST", REMOVE, Fault::Answer(html_error(status)));
        let answer = slack.remove_demo().await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
        assert!(answer.text.starts_with("<!DOCTYPE html>"));
        assert!(slack.holds("Rl03", HQ, SPENGLER));
    }
}

#[tokio::test]
async fn an_html_503_may_hide_a_removal_that_was_done() {
    let slack = Slack::start().await;
    slack.server.faults.once("POST", REMOVE, Fault::ActThenAnswer(html_error(503)));
    assert_eq!(slack.remove_demo().await.status, 503);
    assert!(!slack.lists("Rl03", HQ, SPENGLER).await);
}

#[tokio::test]
async fn a_removal_whose_answer_was_lost_is_seen_in_the_read_back() {
    let slack = Slack::start().await;
    slack.server.faults.once("POST", REMOVE, Fault::DropAfter);
    let request = slack
        .http
        .post(slack.url(REMOVE))
        .bearer_auth(slack.sim.token())
        .json(&serde_json::json!({"role_id": "Rl03", "entity_ids": [HQ], "user_ids": [SPENGLER]}));
    assert!(request.send().await.is_err());
    assert!(!slack.lists("Rl03", HQ, SPENGLER).await);
}

#[tokio::test]
async fn answers_may_carry_fields_nobody_documented() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.extra_fields = true);
    slack.remove_demo().await.is(
        r#"{"ok":true,"warning":"superfluous_charset","response_metadata":{"warnings":["superfluous_charset"]},"not_documented_yet":{"n":1,"list":[null]}}"#,
    );
    slack.get(LIST, "role_ids=Rl0D").await.is(
        r#"{"ok":true,"role_assignments":[{"role_id":"Rl0D","entity_id":"E0ACME4242","user_id":"U0VENKMAN","date_create":1681000000}],"response_metadata":{"next_cursor":"","warnings":["superfluous_charset"]},"warning":"superfluous_charset","not_documented_yet":{"n":1,"list":[null]}}"#,
    );
}

#[tokio::test]
async fn a_rejected_entity_may_carry_a_code_one_would_not_expect() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.rejected_entities.insert(HQ.to_owned(), "invalid_auth".to_owned()));
    slack.remove_demo().await.is(
        r#"{"ok":false,"error":"failed_for_some_entities","rejected_entities":[{"id":"T012AB3C4","error":"invalid_auth"}]}"#,
    );
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn a_rejected_user_may_carry_a_code_one_would_not_expect() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.rejected_users.insert(SPENGLER.to_owned(), "cant_do_that".to_owned()));
    slack.remove_demo().await.is(
        r#"{"ok":false,"error":"failed_for_some_users","rejected_users":[{"id":"W012A3CDE","error":"cant_do_that"}]}"#,
    );
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn a_refused_call_changes_no_fact_at_all() {
    let slack = Slack::start().await;
    let before = slack.sim.memberships();
    assert!(before.len() > 30, "{before:?}");
    slack.remove("Rl99", &[HQ], &[SPENGLER]).await;
    slack.remove("Rl03", &["T0NOWHERE"], &[SPENGLER]).await;
    slack.remove_demo_as("xoxp-nobody").await;
    slack.get(REMOVE, "role_id=Rl03").await;
    assert_eq!(slack.sim.memberships(), before);
}
