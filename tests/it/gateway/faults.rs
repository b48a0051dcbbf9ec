//! Bad days: silence, broken connections, rubbish, and a provider that fails. What is not known is never claimed.

use std::time::Duration;

use bytes::Bytes;
use offramp::sandbox::jumpcloud::seed;
use offramp::sandbox::slack_enterprise::{MethodFailure, Work, html_error};
use offramp::sandbox::{Fault, Reply, Simulator, Trigger};
use serde_json::json;

use super::ask::Answer;
use super::{Site, guardhouse, jumpcloud, slack};

pub(super) fn internal_error() -> Fault {
    Fault::Answer(Reply::json(500, &json!({"message": "Internal Server Error"})))
}

const SILENCE: Duration = Duration::from_secs(2);

/// Contract 3: "still there, or unreadable ⇒ `unknown`".
#[track_caller]
fn nothing_claimed(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("offramp-outcome"), Some("unknown"), "{}", answer.text());
    assert_ne!(answer.header("offramp-verified"), Some("yes"), "{}", answer.text());
}

/// Contract 3: "the role conclusively gone ⇒ `removed`, `confirmed_by: "read_back"`".
#[track_caller]
fn settled_by_reading(answer: &Answer) {
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    assert_eq!(answer.item(0)["confirmed_by"], "read_back", "{}", answer.text());
    assert_eq!(answer.lost.len(), 1);
}

/// Lets the unassign call of that method and path meet each kind of broken answer, before and after acting.
async fn broken_answers<S: Simulator>(open: impl AsyncFn() -> Site<S>, method: &'static str, path: &str) {
    let plant = async |fault: Fault| {
        let site = open().await;
        site.server.faults.once(method, path, fault);
        site.demo().send().await
    };
    settled_by_reading(&plant(Fault::HangAfter(SILENCE)).await);
    settled_by_reading(&plant(Fault::DropAfter).await);
    settled_by_reading(&plant(Fault::ActThenAnswer(html_error(502))).await);
    settled_by_reading(&plant(Fault::ActThenAnswer(Reply::json(500, &json!({"message": "oops"})))).await);
    let before = plant(Fault::HangBefore(SILENCE)).await;
    // "504 after a time-out; the provider's own 5xx after one; 502 for anything else (broken connection …)".
    nothing_claimed(&before, 504);
    assert_eq!(before.json()["kind"], "provider_timeout");
    nothing_claimed(&plant(Fault::DropBefore).await, 502);
    nothing_claimed(&plant(Fault::Answer(html_error(502))).await, 502);
    nothing_claimed(&plant(Fault::Answer(html_error(503))).await, 503);
    nothing_claimed(&plant(internal_error()).await, 500);
    let redirect = Reply::empty(302).with_header("location", "http://127.0.0.1:9/elsewhere");
    let redirected = plant(Fault::Answer(redirect)).await;
    // "502 for anything else (broken connection, a 3xx, an answer that cannot be read)".
    nothing_claimed(&redirected, 502);
    assert_eq!(redirected.writes().len(), 1, "a redirect is never followed, nor the call repeated");
}

#[tokio::test]
async fn guardhouse_on_bad_days() {
    broken_answers(guardhouse, "DELETE", "/roles/").await;
}

#[tokio::test]
async fn jumpcloud_on_bad_days() {
    broken_answers(jumpcloud, "PUT", "/users/").await;
}

#[tokio::test]
async fn slack_on_bad_days() {
    broken_answers(slack, "POST", "removeAssignments").await;
}

/// The answer is lost, and so is every read after it. The plan may read before it writes: so many reads go well.
async fn reply_and_proof_lost<S: Simulator>(
    open: impl AsyncFn() -> Site<S>,
    method: &'static str,
    path: &str,
    reads: &str,
    skip: usize,
) {
    for (fault, status) in
        [(Fault::HangAfter(SILENCE), 504), (Fault::DropAfter, 502), (Fault::HangBefore(SILENCE), 504)]
    {
        let site = open().await;
        site.server.faults.once(method, path, fault);
        let trigger = Trigger { method: "GET", path: reads.to_owned(), skip, times: 0 };
        site.server.faults.plant(trigger, Fault::DropBefore);
        let answer = site.demo().send().await;
        nothing_claimed(&answer, status);
        assert_eq!(answer.writes().len(), 1);
        assert_eq!(answer.json()["unassignment"]["verified"], "unverifiable", "{}", answer.text());
    }
}

#[tokio::test]
async fn reply_lost_and_proof_unreachable() {
    reply_and_proof_lost(guardhouse, "DELETE", "/roles/", "/api/v1/users", 0).await;
    reply_and_proof_lost(slack, "POST", "removeAssignments", "listAssignments", 0).await;
    // The roles, the user, the administrator: read before the write.
    reply_and_proof_lost(jumpcloud, "PUT", "/users/", "/api/", 3).await;
}

#[tokio::test]
async fn accepted_but_the_proof_is_unreachable() {
    let site = guardhouse().await;
    site.server.faults.always("GET", "/api/v1/users", Fault::DropBefore);
    let answer = site.demo().send().await;
    // "`removed` with `yes`, `pending`, `unverifiable`, `skipped`": 200.
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed unverifiable"), "{}", answer.text());
    // "When the read-back is impossible the object still holds `id` and what is known".
    assert_eq!(answer.json()["id"], "102");
    let site = slack().await;
    site.server.faults.always("", "listAssignments", Fault::HangBefore(SILENCE));
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed unverifiable"), "{}", answer.text());
}

#[tokio::test]
async fn half_a_body_after_acting() {
    let site = jumpcloud().await;
    site.server.faults.once("PUT", "/users/", Fault::HalfBody);
    settled_by_reading(&site.demo().send().await);
    let site = slack().await;
    site.server.faults.once("POST", "removeAssignments", Fault::HalfBody);
    settled_by_reading(&site.demo().send().await);
}

#[tokio::test]
async fn half_a_read_back_proves_nothing() {
    let site = guardhouse().await;
    site.server.faults.always("GET", "/api/v1/users", Fault::HalfBody);
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed unverifiable"), "{}", answer.text());
}

#[tokio::test]
async fn an_answer_that_is_not_json_is_settled_by_reading() {
    for garbage in [&b"<html>all good</html>"[..], b"{\"ok\":", b"", b"\xff\xfe\x00", b"[]", b"null", b"\"ok\""] {
        let reply = || Reply::bytes(200, Some("application/json"), Bytes::copy_from_slice(garbage));
        let site = slack().await;
        site.server.faults.once("POST", "removeAssignments", Fault::Answer(reply()));
        let answer = site.demo().send().await;
        nothing_claimed(&answer, 502);
        site.server.faults.once("POST", "removeAssignments", Fault::ActThenAnswer(reply()));
        settled_by_reading(&site.demo().send().await);
    }
}

#[tokio::test]
async fn a_read_back_that_is_not_the_user_proves_nothing() {
    let nothing = [json!({}), json!([]), json!("gone"), json!(null)];
    let incomplete = [json!({"id": 102}), json!({"id": 102, "roles": null}), json!({"id": 102, "roles": "none"})];
    for body in nothing.iter().chain(&incomplete) {
        let site = guardhouse().await;
        site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
        site.server.faults.always("GET", "/api/v1/users/", Fault::Answer(Reply::json(200, body)));
        let answer = site.demo().blindfolded().send().await;
        // The role is still held: whatever the read-back is, it does not say so, nor the contrary.
        assert_ne!(answer.header("offramp-verified"), Some("yes"), "{body} was taken for proof: {}", answer.text());
    }
}

#[tokio::test]
async fn ten_thousand_headers_hang_nothing() {
    let site = guardhouse().await;
    site.server.faults.once("DELETE", "/roles/", Fault::ManyHeaders(10_000));
    let answer = site.demo().send().await;
    // Whether so many headers are read or not, the provider acted, and the proof can be had.
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    let site = guardhouse().await;
    site.server.faults.always("GET", "/api/v1/users/", Fault::ManyHeaders(10_000));
    let answer = site.demo().send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn a_redirect_keeps_the_credentials_at_home() {
    let other = guardhouse().await;
    let site = guardhouse().await;
    for status in [301, 302, 303, 307, 308] {
        let elsewhere = format!("{}/api/v1/users/102/roles/2", other.server.base_url());
        let redirect = Reply::empty(status).with_header("location", elsewhere);
        site.server.faults.once("DELETE", "/roles/", Fault::Answer(redirect));
        let answer = site.demo().send().await;
        nothing_claimed(&answer, 502);
    }
    assert!(other.server.journal().is_empty(), "the redirect was followed");
    let redirect = Reply::empty(302).with_header("location", format!("{}/connect/token", other.server.base_url()));
    site.server.faults.always("GET", "/api/v1/users", Fault::Answer(redirect));
    let answer = site.demo().send().await;
    assert_eq!(answer.verdict(), "removed unverifiable");
    assert!(other.server.journal().is_empty(), "the redirect was followed");
}

#[tokio::test]
async fn slacks_inner_failures_may_have_done_their_work() {
    for code in ["internal_error", "fatal_error"] {
        let failure = |work| MethodFailure { work, ..MethodFailure::of("admin.roles.removeAssignments", code) };
        let site = slack().await;
        site.simulator.settings(|settings| settings.failures = vec![failure(Work::All)]);
        settled_by_reading(&site.demo().send().await);
        let site = slack().await;
        site.simulator.settings(|settings| settings.failures = vec![failure(Work::Nothing)]);
        let answer = site.demo().send().await;
        assert_eq!(answer.header("offramp-outcome"), Some("unknown"), "{}", answer.text());
        assert!(answer.status >= 500, "{}", answer.text());
    }
}

#[tokio::test]
async fn the_provider_is_not_there_before_anything_is_written() {
    let site = jumpcloud().await;
    site.server.faults.always("GET", "", Fault::HangBefore(SILENCE));
    let answer = site.unassign(seed::JANE, &["Help Desk"]).send().await;
    // Nothing was written: that is no `unknown`.
    assert_eq!(answer.status, 504, "{}", answer.text());
    assert_eq!(answer.json()["kind"], "provider_timeout");
    assert_ne!(answer.header("offramp-outcome"), Some("unknown"));
    assert_eq!(answer.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn a_slow_answer_within_the_limit_is_an_answer() {
    let site = guardhouse().await;
    site.server.faults.once("DELETE", "/roles/", Fault::Slow(Duration::from_millis(100)));
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"));
    assert!(answer.item(0)["confirmed_by"].is_null() || answer.item(0)["confirmed_by"] != "read_back");
}
