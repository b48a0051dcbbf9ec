//! Bad days of network and provider, planted in front of the simulator.

use std::time::Duration;

use offramp::sandbox::voucherify::seed;
use offramp::sandbox::{Fault, Reply};
use reqwest::Method;
use serde_json::json;

use super::{Site, user_path};

#[tokio::test]
async fn a_500_after_the_removal_makes_a_retry_meet_user_not_assigned() {
    let site = Site::open().await;
    let broken = Reply::json(500, &json!({"code": 500, "message": "Internal server error"}));
    site.server.faults.once("DELETE", "/users/", Fault::ActThenAnswer(broken));
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 500);
    assert_eq!(site.organization.role(seed::SAMMY, seed::TEST), None);
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 404);

    let retry = site.unassign(seed::TEST, seed::SAMMY).await;
    assert_eq!((retry.status, &retry.json()["key"]), (400, &"user_not_assigned".into()));
}

#[tokio::test]
async fn a_500_before_the_removal_takes_nothing() {
    let site = Site::open().await;
    site.server.faults.once("DELETE", "/users/", Fault::Answer(Reply::text(502, "Bad Gateway")));
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 502);
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 200);
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
}

#[tokio::test]
async fn a_time_out_may_hide_a_removal_that_happened() {
    let site = Site::open().await;
    let silence = Duration::from_secs(5);
    for (fault, held_after) in [(Fault::HangBefore(silence), true), (Fault::HangAfter(silence), false)] {
        site.server.faults.once("DELETE", "/users/", fault);
        let request = site.request(Method::DELETE, &user_path(seed::TEST, seed::SAMMY));
        let sent = request.timeout(Duration::from_millis(300)).send().await;
        assert!(sent.unwrap_err().is_timeout());
        assert_eq!(site.organization.role(seed::SAMMY, seed::TEST).is_some(), held_after);
    }
}

#[tokio::test]
async fn a_planted_204_without_effect_is_told_apart_by_the_read() {
    let site = Site::open().await;
    site.server.faults.once("DELETE", "/users/", Fault::Answer(Reply::empty(204)));
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 200);
}

#[tokio::test]
async fn a_400_of_another_key_on_the_removal_takes_nothing() {
    let site = Site::open().await;
    let body = json!({
        "code": 400,
        "key": "invalid_payload",
        "message": "Invalid payload",
        "details": "Payload must have required property 'name'",
        "request_id": "v-0e9389ccac8da56f55",
    });
    site.server.faults.once("DELETE", "/users/", Fault::Answer(Reply::json(400, &body)));
    let answer = site.unassign(seed::TEST, seed::SAMMY).await;
    assert_eq!((answer.status, &answer.json()["key"]), (400, &"invalid_payload".into()));
    assert!(site.organization.role(seed::SAMMY, seed::TEST).is_some());
}

#[tokio::test]
async fn the_read_back_through_another_project_may_fail_too() {
    let site = Site::open().await;
    site.server.faults.always("GET", seed::SPRING, Fault::Answer(Reply::empty(503)));
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
    assert_eq!(site.user(seed::SPRING, seed::SAMMY).await.status, 503);
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 404);
    assert!(!site.shown_projects(seed::LOYALTY, seed::SAMMY).await.contains(seed::TEST));
}
