//! The unassign call: who loses what, and what is answered.

use std::time::Duration;

use offramp::sandbox::Simulator;
use offramp::sandbox::guardhouse::{NotFoundBody, Unassignment, UnknownRole, WrongContentType};
use reqwest::Method;

use super::{Site, read};

#[tokio::test]
async fn unassigning_a_held_role_answers_204_and_takes_exactly_that_role() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    assert_eq!(site.shown_roles(102).await, [1, 2, 3]);

    let answer = site.unassign(102, 2).await;

    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (204, "", None));
    assert_eq!(site.shown_roles(102).await, [1, 3]);
    let after = site.tenant.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, ["user 102 holds role 2"]);
    assert!(after.is_subset(&before));
}

#[tokio::test]
async fn unassigning_a_role_not_held_still_answers_204() {
    let site = Site::open().await;
    let before = site.tenant.memberships();

    let answer = site.unassign(101, 7).await;

    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn unassigning_twice_answers_204_twice() {
    let site = Site::open().await;
    assert_eq!(site.unassign(112, 2).await.status, 204);
    assert_eq!(site.unassign(112, 2).await.status, 204);
    assert!(!site.tenant.holds(112, 2));
}

#[tokio::test]
async fn the_last_role_can_be_taken_and_the_system_permission_stays() {
    let site = Site::open().await;

    assert_eq!(site.unassign(101, 1).await.status, 204);

    let user = site.get("/api/v1/users/101").await.json();
    assert_eq!(user["roles"].to_string(), "[]");
    assert_eq!(user["systemPermissions"].to_string(), r#"[{"id":10,"name":"system_administrator"}]"#);
    let facts = site.tenant.memberships();
    assert!(facts.contains("user 101 has system permission 10"));
    assert!(!facts.contains("user 101 holds role 1"));
}

#[tokio::test]
async fn a_204_without_effect_leaves_the_role_listed() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.unassign_has_no_effect = true);

    assert_eq!(site.unassign(102, 2).await.status, 204);

    assert_eq!(site.shown_roles(102).await, [1, 2, 3]);
    assert!(site.tenant.holds(102, 2));
}

#[tokio::test]
async fn reads_that_lag_show_the_role_until_the_lag_is_over() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.read_lag_ms = 60_000);

    assert_eq!(site.unassign(102, 2).await.status, 204);

    assert!(!site.tenant.holds(102, 2));
    assert_eq!(site.shown_roles(102).await, [1, 2, 3]);
    site.clock.advance(Duration::from_secs(61));
    assert_eq!(site.shown_roles(102).await, [1, 3]);
}

#[tokio::test]
async fn an_unknown_user_is_404_user_not_found_in_plain_text() {
    let site = Site::open().await;
    let before = site.tenant.memberships();

    let answer = site.unassign(999, 1).await;

    assert_eq!((answer.status, answer.body.as_str()), (404, "User not found"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn an_unknown_user_is_404_as_a_json_string_if_so_switched() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.not_found_body = NotFoundBody::JsonString);

    let answer = site.unassign(999, 1).await;

    assert_eq!((answer.status, answer.body.as_str()), (404, "\"User not found\""));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
}

#[tokio::test]
async fn an_unknown_role_answers_204_by_default() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    let answer = site.unassign(101, 4711).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn an_unknown_role_answers_404_role_not_found_if_so_switched() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.unknown_role_on_unassign = UnknownRole::NotFound);

    let answer = site.unassign(101, 4711).await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "Role not found"));
    // The user is looked at first, and a known role that is not held is still fine.
    assert_eq!(site.unassign(999, 4711).await.body, "User not found");
    assert_eq!(site.unassign(101, 7).await.status, 204);
}

#[tokio::test]
async fn a_missing_content_type_is_415_and_nothing_is_taken() {
    let site = Site::open().await;
    let path = "/api/v1/users/102/roles/2";
    for content_type in [None, Some("text/plain"), Some("application/jsonp")] {
        let answer = site.unassign_with(path, content_type, "{}").await;
        assert_eq!(answer.status, 415, "{content_type:?}");
        assert_eq!(answer.body, r#"{"title":"Content-Type must be application/json.","status":415}"#);
    }
    assert!(site.tenant.holds(102, 2));
}

#[tokio::test]
async fn a_missing_content_type_is_400_if_so_switched() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.wrong_content_type = WrongContentType::BadRequest);
    let answer = site.unassign_with("/api/v1/users/102/roles/2", None, "").await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.body, r#"{"title":"Content-Type must be application/json.","status":400}"#);
    assert!(site.tenant.holds(102, 2));
}

#[tokio::test]
async fn a_content_type_with_a_charset_is_json_too() {
    let site = Site::open().await;
    let answer = site.unassign_with("/api/v1/users/102/roles/2", Some("Application/JSON; charset=utf-8"), "{}").await;
    assert_eq!(answer.status, 204);
    assert!(!site.tenant.holds(102, 2));
}

#[tokio::test]
async fn an_empty_body_is_accepted_and_means_no_instant_logout() {
    let site = Site::open().await;
    let answer = site.unassign_with("/api/v1/users/102/roles/2", Some("application/json"), "").await;
    assert_eq!(answer.status, 204);
    let expected = Unassignment { user: 102, role: 2, instant_logout: false };
    assert_eq!(site.tenant.unassignments(), [expected]);
}

#[tokio::test]
async fn instant_logout_is_recorded_and_changes_nothing_else() {
    let site = Site::open().await;
    for (role, body, wanted) in [
        (1, r#"{"instantLogout":true}"#, true),
        (2, r#"{"instantLogout":false}"#, false),
        (3, r#"{"somethingElse":1}"#, false),
    ] {
        let path = format!("/api/v1/users/102/roles/{role}");
        let answer = site.unassign_with(&path, Some("application/json"), body).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
        let last = site.tenant.unassignments().pop();
        assert_eq!(last.map(|u| (u.role, u.instant_logout)), Some((role, wanted)));
    }
    assert_eq!(site.shown_roles(102).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_body_that_is_not_the_documented_object_is_400() {
    let site = Site::open().await;
    for body in [
        "{",
        "[]",
        "null",
        "\"x\"",
        r#"{"instantLogout":"true"}"#,
        r#"{"instantLogout":1}"#,
        r#"{"instantLogout":null}"#,
        "instantLogout=false",
    ] {
        let answer = site.unassign_with("/api/v1/users/102/roles/2", Some("application/json"), body).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.body, r#"{"title":"The request body is not valid.","status":400}"#);
    }
    assert!(site.tenant.holds(102, 2));
    assert!(site.tenant.unassignments().is_empty());
}

#[tokio::test]
async fn a_query_on_the_unassign_call_is_ignored_by_default() {
    let site = Site::open().await;
    let answer = site.unassign_path("/api/v1/users/102/roles/2?instantLogout=true").await;
    assert_eq!(answer.status, 204);
    let last = site.tenant.unassignments().pop();
    assert_eq!(last.map(|u| u.instant_logout), Some(false));
}

#[tokio::test]
async fn a_query_on_the_unassign_call_is_400_if_so_switched() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.query_on_unassign_refused = true);
    let answer = site.unassign_path("/api/v1/users/102/roles/2?a=b").await;
    assert_eq!(answer.status, 400);
    assert!(site.tenant.holds(102, 2));
    assert_eq!(site.unassign(102, 2).await.status, 204);
}

#[tokio::test]
async fn assigning_is_idempotent_and_needs_a_known_user() {
    let site = Site::open().await;
    let token = site.token().await;
    for _ in 0..2 {
        let request = site.request(Method::POST, "/api/v1/users/106/roles/3");
        let answer = read(request.bearer_auth(&token)).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    assert_eq!(site.shown_roles(106).await, [3]);

    let request = site.request(Method::POST, "/api/v1/users/999/roles/3");
    let answer = read(request.bearer_auth(&token)).await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "User not found"));
}

#[tokio::test]
async fn the_demo_request_finds_something_to_remove() {
    let site = Site::open().await;
    let demo = site.tenant.demo();
    assert_eq!(demo.body.to_string(), r#"{"id":"102","roles":[{"id":"2"}]}"#);
    assert!(demo.query.is_empty());
    assert!(site.tenant.holds(102, 2));
    let keys: Vec<_> = demo.context.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["tenant", "client_id", "client_secret", "audience"]);
    assert_eq!(site.tenant.slug(), "guardhouse");
}
