//! Bad days: limits, answers lost after the work was done, and answers that are not the vendor's at all.

use std::time::Duration;

use bytes::Bytes;
use offramp::sandbox::elastic_cloud::CallLimit;
use offramp::sandbox::{Fault, Reply};

use super::*;

#[tokio::test]
async fn calls_beyond_the_limit_are_429_with_retry_after() {
    let bench = Bench::new().await;
    let limit = CallLimit { calls: 2, window: Duration::from_secs(60), retry_after: true };
    bench.sim.settings(|s| s.call_limit = Some(limit));
    for _ in 0..2 {
        assert_eq!(bench.get("/api/v1/organizations").await.status, 200);
    }
    bench.clock.advance(Duration::from_secs(20));
    let answer = bench.unassign(seed::BOB, &org("billing-admin")).await;
    answer.is(429, r#"{"errors":[{"code":"root.too_many_requests","message":"Too many requests.","fields":[]}]}"#);
    answer.refuses(429, "root.too_many_requests");
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((39..=40).contains(&seconds), "{seconds}");
    assert!(bench.sim.holds(seed::BOB, &billing_admin()));
    bench.clock.advance(Duration::from_secs(seconds));
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");
}

#[tokio::test]
async fn a_429_may_come_without_retry_after() {
    let bench = Bench::new().await;
    let switch = json!({"calls": 0, "window_ms": 1000, "retry_after": false});
    bench.sim.turn("call_limit", &switch).unwrap();
    let answer = bench.unassign(seed::BOB, &org("billing-admin")).await;
    answer.refuses(429, "root.too_many_requests");
    assert_eq!(answer.header("retry-after"), None);
    assert!(bench.sim.holds(seed::BOB, &billing_admin()));
}

#[tokio::test]
async fn an_error_may_come_with_two_entries_and_two_codes() {
    let bench = Bench::with(|s| s.errors_in_pairs = true).await;
    let answer = bench.unassign("2000000998", &org("billing-admin")).await;
    answer.is(
        400,
        concat!(
            r#"{"errors":[{"code":"role_assignments.invalid_target_user_id","#,
            r#""message":"The target user Id is invalid.","fields":[]},"#,
            r#"{"code":"root.see_above","message":"The request was not processed.","fields":[]}]}"#
        ),
    );
    assert_eq!(answer.header("x-cloud-error-codes"), Some("role_assignments.invalid_target_user_id,root.see_above"));
}

#[tokio::test]
async fn a_502_in_html_may_hide_a_removal_that_was_made() {
    let bench = Bench::new().await;
    let page = Bytes::from_static(b"<html><head><title>502 Bad Gateway</title></head></html>");
    let reply = Reply::bytes(502, Some("text/html"), page);
    bench.server.faults.once("DELETE", "/role_assignments", Fault::ActThenAnswer(reply));
    let answer = bench.unassign(seed::BOB, &org("billing-admin")).await;
    answer.is(502, "<html><head><title>502 Bad Gateway</title></head></html>");
    assert_eq!(bench.shown(seed::BOB).await, "{}");
}

#[tokio::test]
async fn a_503_before_the_work_leaves_everything() {
    let bench = Bench::new().await;
    bench.server.faults.once("DELETE", "/role_assignments", Fault::Answer(Reply::empty(503)));
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(503, "");
    assert!(bench.sim.holds(seed::BOB, &billing_admin()));
}

#[tokio::test]
async fn a_connection_may_break_before_or_after_the_work() {
    for (fault, held) in [(Fault::DropBefore, true), (Fault::DropAfter, false)] {
        let bench = Bench::new().await;
        bench.server.faults.once("DELETE", "/role_assignments", fault);
        let request = bench
            .request("DELETE", &assignments_of(seed::BOB))
            .header("authorization", "ApiKey sandbox-only-api-key")
            .header("content-type", "application/json")
            .body(org("billing-admin").to_string());
        assert!(request.send().await.is_err());
        assert_eq!(bench.sim.holds(seed::BOB, &billing_admin()), held);
    }
}

#[tokio::test]
async fn every_switch_turns_by_its_name() {
    let bench = Bench::new().await;
    for (switch, to) in [
        ("unmatched", json!("refused")),
        ("unknown_role", json!("refused")),
        ("application_roles_match", json!(false)),
        ("empty_set", json!("refused")),
        ("unknown_fields_refused", json!(true)),
        ("last_admin", json!("refused")),
        ("outsider", json!("accepted")),
        ("invalid_targets", json!(["2000000103"])),
        ("reads_need_admin", json!(true)),
        ("no_assignments", json!("omitted")),
        ("organizations_per_page", json!(1)),
        ("wrong_content_type_status", json!(400)),
        ("errors_in_pairs", json!(true)),
        ("expiry_notice_ms", json!(1000)),
        ("read_lag_ms", json!(1000)),
        ("writes_without_effect", json!(true)),
        ("call_limit", Value::Null),
    ] {
        assert_eq!(bench.sim.turn(switch, &to), Ok(()), "{switch}");
    }
    assert!(bench.sim.turn("unmatched", &json!("perhaps")).is_err());
    assert_eq!(bench.sim.turn("no_such", &json!(1)), Err("there is no switch `no_such`".to_owned()));
}
