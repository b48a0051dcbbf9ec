//! The forms that giving and taking may have: by DELETE, by POST with an action, or by both.

use offramp::sandbox::Simulator as _;
use offramp::sandbox::blackline::seed::{ALICE, CAROL};
use offramp::sandbox::blackline::{Accepted, ActionElsewhere, NotAssigned, RemoveForm};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Site, read};

const ALICES: &str = "/v1/users/728/role-products";
const CAROLS: &str = "/v1/users/730/role-products";

fn removal() -> Value {
    json!({"roleId": 1, "productId": "A", "action": "remove"})
}

async fn remove_by_post(site: &Site) -> Answer {
    site.post(ALICES, &removal()).await
}

#[tokio::test]
async fn where_delete_removes_a_post_that_asks_for_a_removal_is_405() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    let answer = remove_by_post(&site).await;
    assert_eq!(answer.said(), (405, r#"{"message":"Method Not Allowed"}"#));
    assert_eq!(site.tenant.memberships(), before);
    assert_eq!(site.remove(ALICE, 1, "A").await.status, 204);
}

#[tokio::test]
async fn where_delete_removes_such_a_post_may_be_400() {
    let site = Site::with(|s| s.action_elsewhere = ActionElsewhere::BadRequest).await;
    assert_eq!(remove_by_post(&site).await.status, 400);
    assert!(site.tenant.holds(ALICE, 1, "A"));
}

#[tokio::test]
async fn where_delete_removes_such_a_post_may_even_assign() {
    let site = Site::with(|s| s.action_elsewhere = ActionElsewhere::Assigns).await;
    assert_eq!(site.post(CAROLS, &removal()).await.status, 201);
    assert!(site.tenant.holds(CAROL, 1, "A"));
}

#[tokio::test]
async fn where_post_removes_delete_is_405() {
    let site = Site::with(|s| s.remove_form = RemoveForm::Post).await;
    let before = site.tenant.memberships();
    let answer = site.remove(ALICE, 1, "A").await;
    assert_eq!(answer.said(), (405, r#"{"message":"Method Not Allowed"}"#));
    assert_eq!(answer.header("allow"), Some("GET, POST"));
    assert_eq!(site.tenant.memberships(), before);

    assert_eq!(remove_by_post(&site).await.said(), (204, ""));
    let after = site.tenant.memberships();
    assert_eq!(before.difference(&after).collect::<Vec<_>>(), ["user 728 holds role 1 on product A"]);
}

#[tokio::test]
async fn both_forms_may_be_known() {
    let site = Site::with(|s| s.remove_form = RemoveForm::Both).await;
    assert_eq!(remove_by_post(&site).await.status, 204);
    assert_eq!(site.remove(ALICE, 1, "J").await.status, 204);
    assert_eq!(site.shown(ALICE).await, "2A 5M");
}

#[tokio::test]
async fn removing_by_post_has_the_same_answers_as_by_delete() {
    let site = Site::with(|s| s.remove_form = RemoveForm::Post).await;
    assert_eq!(site.post(CAROLS, &removal()).await.status, 404);
    assert_eq!(site.post("/v1/users/4711/role-products", &removal()).await.status, 404);
    site.tenant.settings(|s| (s.not_assigned, s.removed) = (NotAssigned::NoContent, Accepted::Ok));
    assert_eq!(site.post(CAROLS, &removal()).await.status, 204);
    assert_eq!(
        remove_by_post(&site).await.said(),
        (200, r#"{"role":{"id":1,"name":"Preparer"},"product":{"id":"A","name":"Account"}}"#)
    );
}

#[tokio::test]
async fn the_actions_member_and_word_are_the_settings() {
    let site = Site::with(|s| s.remove_form = RemoveForm::Post).await;
    site.tenant.settings(|s| (s.action_member, s.action_word) = ("operation".to_owned(), "Delete".to_owned()));
    let body = |word: &str| json!({"roleId": 1, "productId": "A", "operation": word});
    assert_eq!(site.post(ALICES, &body("remove")).await.status, 400);
    assert!(site.tenant.holds(ALICE, 1, "A"));
    assert_eq!(site.post(ALICES, &body("Delete")).await.status, 204);
    assert!(!site.tenant.holds(ALICE, 1, "A"));
}

#[tokio::test]
async fn a_post_without_an_action_assigns() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    let pair = json!({"roleId": 2, "productId": "J"});
    for _ in 0..2 {
        let answer = site.post(CAROLS, &pair).await;
        assert_eq!(
            answer.said(),
            (201, r#"{"role":{"id":2,"name":"Approver"},"product":{"id":"J","name":"Journal Document"}}"#)
        );
    }
    let after = site.tenant.memberships();
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), ["user 730 holds role 2 on product J"]);
    site.tenant.settings(|s| s.assigned_status = 204);
    assert_eq!(site.post(CAROLS, &pair).await.said(), (204, ""));
    site.tenant.settings(|s| s.assigned_status = 200);
    assert_eq!(site.post(CAROLS, &pair).await.status, 200);
    assert_eq!(site.post("/v1/users/4711/role-products", &pair).await.status, 404);
}

#[tokio::test]
async fn a_post_of_another_form_is_400_and_gives_nothing() {
    let site = Site::with(|s| s.remove_form = RemoveForm::Both).await;
    let before = site.tenant.memberships();
    for body in [
        json!({}),
        json!([]),
        json!({"roleId": 2}),
        json!({"productId": "J"}),
        json!({"roleId": "2", "productId": "J"}),
        json!({"roleId": 2.5, "productId": "J"}),
        json!({"roleId": 2, "productId": 1}),
        json!({"roleId": 2, "productId": ""}),
        json!({"roleId": 2, "productId": null}),
        json!({"roleId": 4711, "productId": "J"}),
        json!({"roleId": 2, "productId": "X"}),
        json!({"roleId": 1, "productId": "A", "action": 1}),
        json!({"roleId": 1, "productId": "A", "action": ""}),
        json!({"roleId": 1, "productId": "A", "action": "Remove"}),
    ] {
        assert_eq!(site.post(ALICES, &body).await.status, 400, "{body}");
    }
    let token = site.token().await;
    let text = site.request(Method::POST, ALICES).bearer_auth(&token).body(removal().to_string());
    assert_eq!(read(text).await.status, 415);
    assert_eq!(site.tenant.memberships(), before);
}
