//! The likeliest unassign call, `DELETE …/role-products`: who loses what, and what is answered.

use std::time::Duration;

use offramp::sandbox::Simulator as _;
use offramp::sandbox::blackline::seed::{ALICE, BOB, CAROL, DAN, HOLDING_MEMBER, INACTIVE, MEMBER, ROBERT, ZOE};
use offramp::sandbox::blackline::{Accepted, NotAssigned};
use serde_json::json;

use super::Site;

const NOT_FOUND: (u16, &str) = (404, r#"{"message":"Not Found"}"#);

#[tokio::test]
async fn removing_a_pair_answers_204_and_takes_exactly_that_pair() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    assert_eq!(site.shown(ALICE).await, "1A 1J 2A 5M");

    let answer = site.remove(ALICE, 1, "A").await;

    assert_eq!((answer.said(), answer.header("content-type")), ((204, ""), None));
    // The same role on another product stays, and another role on the same product.
    assert_eq!(site.shown(ALICE).await, "1J 2A 5M");
    let after = site.tenant.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, ["user 728 holds role 1 on product A"]);
    assert!(after.is_subset(&before));
}

#[tokio::test]
async fn removing_may_answer_200_with_the_pair() {
    let site = Site::with(|s| s.removed = Accepted::Ok).await;
    let answer = site.remove(ALICE, 1, "A").await;
    assert_eq!(answer.said(), (200, r#"{"role":{"id":1,"name":"Preparer"},"product":{"id":"A","name":"Account"}}"#));
    assert!(!site.tenant.holds(ALICE, 1, "A"));
}

#[tokio::test]
async fn a_pair_not_assigned_is_404_and_nothing_changes() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    for (user, role, product) in [
        (CAROL, 1, "A"),
        // The role is held, and the product too, and not the one on the other.
        (ALICE, 2, "J"),
        (ALICE, 7, "A"),
        // Neither role nor product exists.
        (ALICE, 4711, "A"),
        (ALICE, 1, "a"),
        (ALICE, 1, "Account"),
    ] {
        assert_eq!(site.remove(user, role, product).await.said(), NOT_FOUND, "{user} {role} {product}");
    }
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn a_pair_not_assigned_may_be_204_or_200() {
    let site = Site::with(|s| s.not_assigned = NotAssigned::NoContent).await;
    let before = site.tenant.memberships();
    assert_eq!(site.remove(CAROL, 1, "A").await.said(), (204, ""));
    site.tenant.settings(|s| s.not_assigned = NotAssigned::Ok);
    assert_eq!(site.remove(CAROL, 1, "A").await.said(), (200, "{}"));
    assert_eq!(site.tenant.memberships(), before);
    // An unknown user is 404 all the same.
    assert_eq!(site.remove(4711, 1, "A").await.said(), NOT_FOUND);
}

#[tokio::test]
async fn an_unknown_user_is_the_same_404_as_a_pair_not_assigned_and_only_reads_tell_them_apart() {
    let site = Site::open().await;
    assert_eq!(site.remove(4711, 1, "A").await.said(), site.remove(CAROL, 1, "A").await.said());
    assert_eq!(site.get("/v1/users/4711/role-products").await.said(), NOT_FOUND);
    assert_eq!(site.get("/v1/users/730/role-products").await.said(), (200, r#"{"items":[],"totalItems":0}"#));
}

#[tokio::test]
async fn removing_twice_is_204_and_then_404() {
    let site = Site::open().await;
    assert_eq!(site.remove(ZOE, 2, "J").await.status, 204);
    assert_eq!(site.remove(ZOE, 2, "J").await.status, 404);
    assert_eq!(site.shown(ZOE).await, "1A");
}

#[tokio::test]
async fn a_pair_that_is_held_no_more_when_the_call_comes_is_404() {
    let site = Site::open().await;
    site.tenant.unassign(BOB, 1, "A");
    assert_eq!(site.remove(BOB, 1, "A").await.said(), NOT_FOUND);
}

#[tokio::test]
async fn the_last_pair_can_be_taken_and_the_user_stays() {
    let site = Site::open().await;
    assert_eq!(site.remove(BOB, 1, "A").await.status, 204);
    assert_eq!(site.shown(BOB).await, "");
    assert!(site.tenant.memberships().contains("user 729 is there and active"));
}

#[tokio::test]
async fn a_deactivated_users_pair_can_be_taken() {
    let site = Site::open().await;
    assert_eq!(site.remove(INACTIVE, 2, "T").await.status, 204);
    assert!(site.tenant.memberships().contains("user 736 is there and inactive"));
}

#[tokio::test]
async fn of_two_roles_of_one_name_only_the_one_of_the_id_is_taken() {
    let site = Site::open().await;
    assert_eq!(site.remove(DAN, 6, "M").await.status, 204);
    assert!(site.tenant.holds(DAN, 5, "M"));
    // A name may be another role's id.
    assert_eq!(site.remove(ROBERT, 1, "A").await.status, 204);
    assert!(site.tenant.holds(ROBERT, 8, "A"));
}

#[tokio::test]
async fn a_2xx_without_effect_leaves_the_pair_listed() {
    let site = Site::with(|s| s.remove_has_no_effect = true).await;
    assert_eq!(site.remove(ALICE, 1, "A").await.status, 204);
    assert!(site.tenant.holds(ALICE, 1, "A"));
    assert_eq!(site.shown(ALICE).await, "1A 1J 2A 5M");
}

#[tokio::test]
async fn reads_may_lag_behind() {
    let site = Site::open().await;
    site.tenant.turn("read_lag_ms", &json!(60_000)).unwrap();
    assert_eq!(site.remove(ALICE, 1, "A").await.status, 204);
    site.tenant.assign(CAROL, 1, "A");
    assert!(!site.tenant.holds(ALICE, 1, "A"));
    assert_eq!(site.shown(ALICE).await, "1A 1J 2A 5M");
    assert_eq!(site.shown(CAROL).await, "");
    site.clock.advance(Duration::from_secs(61));
    assert_eq!(site.shown(ALICE).await, "1J 2A 5M");
    assert_eq!(site.shown(CAROL).await, "1A");
    site.tenant.turn("lag", &json!(1)).unwrap_err();
}

#[tokio::test]
async fn what_a_team_gives_is_listed_if_so_switched_and_cannot_be_removed() {
    let site = Site::open().await;
    assert_eq!(site.shown(MEMBER).await, "4J");
    site.tenant.settings(|s| s.teams_give_roles = true);
    assert_eq!(site.shown(MEMBER).await, "3T 4J");
    let before = site.tenant.memberships();
    assert_eq!(site.remove(MEMBER, 3, "T").await.said(), NOT_FOUND);
    assert_eq!(site.shown(MEMBER).await, "3T 4J");
    assert_eq!(site.tenant.memberships(), before);

    // Held by itself as well: that goes, and the team's is still listed.
    assert_eq!(site.remove(HOLDING_MEMBER, 3, "T").await.status, 204);
    assert!(!site.tenant.holds(HOLDING_MEMBER, 3, "T"));
    assert_eq!(site.shown(HOLDING_MEMBER).await, "3T");
    assert!(site.tenant.memberships().contains("user 738 is in team 41"));
}

#[tokio::test]
async fn the_demo_request_finds_one_thing_to_remove() {
    let site = Site::open().await;
    let demo = site.tenant.demo();
    assert_eq!(demo.body.to_string(), r#"{"id":"728","roles":[{"id":"1","group":"A"}]}"#);
    assert!(demo.query.is_empty());
    assert!(site.tenant.holds(ALICE, 1, "A"));
    let keys: Vec<_> = demo.context.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["environment", "client_id", "client_secret", "username", "api_key", "instance_id"]);
    assert_eq!(site.tenant.slug(), "blackline");
}
