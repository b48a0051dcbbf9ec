//! Bad days: each status of the vendor's list, limits, and answers lost after the work was done.

use std::time::Duration;

use offramp::sandbox::Fault;
use offramp::sandbox::Simulator as _;
use offramp::sandbox::jumpcloud::{CallLimit, ErrorForm, TurnedAway, seed};

use super::{Bench, admin};

const KEEP_READ_ONLY: &str = r#"{"roleNames":["Read Only"]}"#;

/// The answer to the PUT when that status is planted, having changed nothing.
async fn planted(status: u16) -> String {
    let bench = Bench::new().await;
    let before = bench.sim.memberships();
    bench.server.faults.once("PUT", "/api/users/", Fault::Answer(bench.sim.error(status)));
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    assert_eq!(answer.status, status);
    assert_eq!(bench.sim.memberships(), before);
    answer.body
}

#[tokio::test]
async fn bad_input_statuses_change_nothing() {
    assert_eq!(planted(400).await, r#"{"code":400,"message":"Bad Request","status":"Bad Request"}"#);
    assert_eq!(planted(406).await, r#"{"code":406,"message":"Not Acceptable","status":"Not Acceptable"}"#);
    assert_eq!(planted(412).await, r#"{"code":412,"message":"Precondition Failed","status":"Precondition Failed"}"#);
    assert_eq!(
        planted(415).await,
        r#"{"code":415,"message":"Unsupported Media Type","status":"Unsupported Media Type"}"#
    );
    assert_eq!(planted(422).await, r#"{"code":422,"message":"Unprocessable Entity","status":"Unprocessable Entity"}"#);
    assert_eq!(
        planted(428).await,
        r#"{"code":428,"message":"Precondition Required","status":"Precondition Required"}"#
    );
}

#[tokio::test]
async fn a_401_has_the_short_body() {
    assert_eq!(planted(401).await, r#"{"message":"Unauthorized"}"#);
}

#[tokio::test]
async fn payment_permission_and_conflict_statuses_change_nothing() {
    assert_eq!(planted(402).await, r#"{"code":402,"message":"Payment Required","status":"Payment Required"}"#);
    assert_eq!(planted(403).await, r#"{"code":403,"message":"Forbidden","status":"Forbidden"}"#);
    assert_eq!(planted(409).await, r#"{"code":409,"message":"Conflict","status":"Conflict"}"#);
    assert_eq!(planted(410).await, r#"{"code":410,"message":"Gone","status":"Gone"}"#);
}

#[tokio::test]
async fn server_errors_before_the_write_change_nothing() {
    assert_eq!(
        planted(500).await,
        r#"{"code":500,"message":"Internal Server Error","status":"Internal Server Error"}"#
    );
    assert_eq!(planted(502).await, r#"{"code":502,"message":"Bad Gateway","status":"Bad Gateway"}"#);
    assert_eq!(planted(503).await, r#"{"code":503,"message":"Service Unavailable","status":"Service Unavailable"}"#);
    assert_eq!(planted(504).await, r#"{"code":504,"message":"Gateway Timeout","status":"Gateway Timeout"}"#);
}

#[tokio::test]
async fn a_500_after_the_write_has_taken_the_role_all_the_same() {
    let bench = Bench::new().await;
    let error = Fault::ActThenAnswer(bench.sim.error(500));
    bench.server.faults.once("PUT", "/api/users/", error);
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    assert_eq!(answer.status, 500);
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap(), ["Read Only"]);
}

#[tokio::test]
async fn a_planted_error_follows_the_form_of_the_tenant() {
    let bench = Bench::with(|s| s.error_form = ErrorForm::Short).await;
    bench.server.faults.once("PUT", "/api/users/", Fault::Answer(bench.sim.error(409)));
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.is(409, r#"{"message":"Conflict"}"#);
}

#[tokio::test]
async fn a_time_out_can_fall_before_or_after_the_write() {
    for (fault, held) in
        [(Fault::HangBefore(Duration::from_millis(20)), 2), (Fault::HangAfter(Duration::from_millis(20)), 1)]
    {
        let bench = Bench::new().await;
        bench.server.faults.once("PUT", "/api/users/", fault);
        let path = admin(seed::JANE_ADMIN);
        let answer = bench.try_call("PUT", &path, Some(("application/json", KEEP_READ_ONLY)));
        answer.await.unwrap_err();
        assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap().len(), held);
    }
}

#[tokio::test]
async fn too_many_calls_are_429_without_retry_after() {
    let limit = CallLimit { calls: 2, window: Duration::from_secs(60), turned_away: TurnedAway::TooManyRequests };
    let bench = Bench::with(|s| s.call_limit = Some(limit)).await;
    for _ in 0..2 {
        assert_eq!(bench.get(&admin(seed::JANE_ADMIN)).await.status, 200);
    }
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.is(429, r#"{"code":429,"message":"Too Many Requests","status":"Too Many Requests"}"#);
    let limits = ["retry-after", "x-ratelimit-limit", "ratelimit-limit"];
    assert!(limits.iter().all(|name| answer.header(name).is_none()));
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap().len(), 2);
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.get(&admin(seed::JANE_ADMIN)).await.status, 200);
}

#[tokio::test]
async fn too_many_calls_can_block_the_address_with_a_403_in_plain_text() {
    let limit = CallLimit { calls: 0, window: Duration::from_secs(60), turned_away: TurnedAway::IpBlocked };
    let bench = Bench::with(|s| s.call_limit = Some(limit)).await;
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.is(403, "Your IP has been blocked due to suspected abuse");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    bench.sim.settings(|s| s.call_limit = None);
    bench.server.faults.once("PUT", "/api/users/", Fault::Answer(bench.sim.ip_blocked()));
    let planted = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    planted.is(403, "Your IP has been blocked due to suspected abuse");
}
