//! Bad days: limits, errors after the work was done, and answers that get lost.

use std::time::Duration;

use offramp::sandbox::Fault;
use offramp::sandbox::teamviewer::{CallLimit, Category, TurnedAway};

use super::*;

#[tokio::test]
async fn calls_beyond_the_limit_are_429_with_retry_after() {
    let bench = Bench::with(|s| {
        s.call_limit = Some(CallLimit {
            calls: 1,
            window: Duration::from_secs(60),
            turned_away: TurnedAway::RateLimitReached,
            retry_after: true,
        });
    })
    .await;
    assert_eq!(bench.get("/api/v1/ping").await.status, 200);
    bench.clock.advance(Duration::from_secs(20));
    let answer = bench.unassign(seed::JANE, seed::USER_MANAGER).await;
    answer.is(
        429,
        concat!(
            r#"{"error":"rate_limit_reached","error_description":"Too many calls.","#,
            r#""error_code":8,"error_signature":"sandbox-00000001"}"#
        ),
    );
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((39..=40).contains(&seconds), "{seconds}");
    assert!(bench.sim.holds(seed::JANE, seed::USER_MANAGER));
    bench.clock.advance(Duration::from_secs(seconds));
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is_done();
}

#[tokio::test]
async fn a_429_may_come_without_retry_after_and_as_too_many_retries() {
    let bench = Bench::new().await;
    let limit = json!({"calls": 0, "window_ms": 1000, "turned_away": "too_many_retries", "retry_after": false});
    bench.sim.turn("call_limit", &limit).unwrap();
    let answer = bench.unassign(seed::JANE, seed::USER_MANAGER).await;
    answer.refuses(429, "too_many_retries");
    assert_eq!(answer.header("retry-after"), None);
    assert!(bench.sim.holds(seed::JANE, seed::USER_MANAGER));
}

#[tokio::test]
async fn an_internal_error_may_come_after_the_write() {
    let bench = Bench::with(|s| s.internal_error_after_write = true).await;
    let before = bench.facts();
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is(
        500,
        concat!(
            r#"{"error":"internal_error","error_description":"An internal error occurred.","#,
            r#""error_code":10,"error_signature":"sandbox-00000001"}"#
        ),
    );
    assert_eq!(bench.lost_since(&before).len(), 1);
    assert!(!bench.users_of(seed::USER_MANAGER).await.contains(&seed::JANE.to_owned()));
}

#[tokio::test]
async fn an_internal_error_may_come_instead_of_the_write() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.server.faults.once("POST", UNASSIGN, Fault::Answer(bench.sim.error(Category::InternalError)));
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.refuses(500, "internal_error");
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn every_error_has_a_signature_of_its_own() {
    let bench = Bench::new().await;
    let first = bench.unassign("102", seed::USER_MANAGER).await.json();
    let second = bench.unassign("102", seed::USER_MANAGER).await.json();
    assert_eq!((&first["error"], &first["error_code"]), (&second["error"], &second["error_code"]));
    assert_ne!(first["error_signature"], second["error_signature"]);
}

#[tokio::test]
async fn a_connection_may_break_before_or_after_the_work() {
    for (fault, held) in [(Fault::DropBefore, true), (Fault::DropAfter, false)] {
        let bench = Bench::new().await;
        bench.server.faults.once("POST", UNASSIGN, fault);
        let body = json!({"UserIds": [seed::JANE], "UserRoleId": seed::USER_MANAGER}).to_string();
        let request = bench.request("POST", UNASSIGN).header("content-type", "application/json").body(body);
        assert!(request.bearer_auth(seed::TOKEN).send().await.is_err());
        assert_eq!(bench.sim.holds(seed::JANE, seed::USER_MANAGER), held);
    }
}

#[tokio::test]
async fn every_switch_turns_by_its_name() {
    let bench = Bench::new().await;
    for (switch, to) in [
        ("not_held", json!("not_found")),
        ("field_names", json!("any_case")),
        ("most_user_ids", json!(10)),
        ("email_filter", json!("part")),
        ("account_assignments_show_inherited", json!(true)),
        ("last_page", json!("absent")),
        ("users_per_page", json!(1)),
        ("roles_per_page", json!(1)),
        ("put_status", json!(200)),
        ("separate_role_permission", json!(true)),
        ("token_life_ms", json!(1000)),
        ("refresh_token_single_use", json!(true)),
        ("statuses", json!({"not_found": 400})),
        ("wrong_content_type_status", json!(400)),
        ("read_lag_ms", json!(1000)),
        ("writes_without_effect", json!(true)),
        ("internal_error_after_write", json!(true)),
        ("call_limit", Value::Null),
    ] {
        assert_eq!(bench.sim.turn(switch, &to), Ok(()), "{switch}");
    }
    assert!(bench.sim.turn("not_held", &json!("perhaps")).is_err());
    assert_eq!(bench.sim.turn("no_such", &json!(1)), Err("there is no switch `no_such`".to_owned()));
}
