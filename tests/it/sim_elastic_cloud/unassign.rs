//! The removal: who loses what, and what is answered.

use std::time::Duration;

use offramp::sandbox::elastic_cloud::{LastAdmin, Outsider, Unmatched};

use super::*;

#[tokio::test]
async fn removing_a_held_role_answers_200_and_takes_exactly_that_assignment() {
    let bench = Bench::new().await;
    let before = bench.facts();

    let answer = bench.unassign(seed::GRACE, &org("billing-admin")).await;

    answer.is(200, "{}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(bench.lost_since(&before), ["user 2000000102 holds role billing-admin in org 1000000001"]);
    let shown = bench.member(seed::GRACE).await.unwrap();
    assert_eq!(
        shown["role_assignments"]["organization"].to_string(),
        r#"[{"organization_id":"1000000001","role_id":"organization-admin"}]"#
    );
}

#[tokio::test]
async fn a_role_on_one_deployment_goes_and_the_same_role_on_another_stays() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign(seed::ERIN, &deployments("deployment-viewer", &[seed::D1])).await.is(200, "{}");
    assert_eq!(
        bench.lost_since(&before),
        [concat!(
            "user 2000000105 holds role deployment-viewer on deployments d1000000000000000000000000000001 ",
            "of org 1000000001"
        )]
    );
    assert_eq!(
        bench.shown(seed::ERIN).await,
        concat!(
            r#"{"deployment":[{"organization_id":"1000000001","role_id":"deployment-viewer","all":false,"#,
            r#""deployment_ids":["d2000000000000000000000000000002"]}]}"#
        )
    );
}

#[tokio::test]
async fn a_role_on_all_projects_of_a_kind_goes_and_the_other_kinds_stay() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign(seed::ZOE, &projects("elasticsearch", "elasticsearch-viewer")).await.is(200, "{}");
    assert_eq!(
        bench.lost_since(&before),
        ["user 2000000111 holds role elasticsearch-viewer on all elasticsearch projects of org 1000000001"]
    );
    assert_eq!(
        bench.shown(seed::ZOE).await,
        concat!(
            r#"{"project":{"observability":[{"organization_id":"1000000001","role_id":"observability-viewer","#,
            r#""all":true}],"security":[{"organization_id":"1000000001","role_id":"security-editor","#,
            r#""all":false,"project_ids":["p1000000000000000000000000000001"]}]}}"#
        )
    );
}

#[tokio::test]
async fn many_assignments_of_all_scopes_go_in_one_call() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let all_of_grace = bench.member(seed::GRACE).await.unwrap()["role_assignments"].clone();

    bench.unassign(seed::GRACE, &all_of_grace).await.is(200, "{}");

    assert_eq!(bench.shown(seed::GRACE).await, "{}");
    let lost = bench.lost_since(&before);
    assert_eq!(lost.len(), 6, "{lost:?}");
    assert!(lost.iter().all(|fact| fact.starts_with("user 2000000102 holds ")));
    // Still a member, and still what she is in the other organization.
    assert!(bench.facts().contains("user 2000000102 is a member of org 1000000001"));
    assert!(bench.facts().contains("user 2000000102 holds role billing-admin in org 1000000002"));
}

#[tokio::test]
async fn an_assignment_that_is_not_held_answers_200_and_changes_nothing() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign(seed::FINN, &org("billing-admin")).await.is(200, "{}");
    bench.unassign(seed::BOB, &org("organization-admin")).await.is(200, "{}");
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn an_assignment_that_is_not_held_answers_400_if_so_switched_and_the_held_one_beside_it_stays() {
    let bench = Bench::with(|s| s.unmatched = Unmatched::Refused).await;
    let before = bench.facts();
    let both = json!({"organization": [
        {"role_id": "billing-admin", "organization_id": seed::ACME},
        {"role_id": "organization-admin", "organization_id": seed::ACME},
    ]});

    let answer = bench.unassign(seed::BOB, &both).await;

    answer.is(
        400,
        concat!(
            r#"{"errors":[{"code":"role_assignments.not_found","#,
            r#""message":"The user does not have the specified role assignments.","fields":[]}]}"#
        ),
    );
    assert!(bench.lost_since(&before).is_empty());
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");
}

#[tokio::test]
async fn removing_twice_answers_200_twice() {
    let bench = Bench::new().await;
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");
    assert_eq!(bench.shown(seed::BOB).await, "{}");
    assert!(!bench.sim.holds(seed::BOB, &billing_admin()));
}

#[tokio::test]
async fn a_200_without_effect_leaves_the_role_listed() {
    let bench = Bench::with(|s| s.writes_without_effect = true).await;
    let before = bench.facts();
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");
    assert!(bench.lost_since(&before).is_empty());
    assert_eq!(
        bench.shown(seed::BOB).await,
        r#"{"organization":[{"organization_id":"1000000001","role_id":"billing-admin"}]}"#
    );
}

#[tokio::test]
async fn an_unknown_user_is_400_invalid_target_and_no_member_of_the_list() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let answer = bench.unassign("2000000998", &org("billing-admin")).await;
    answer.is(400, INVALID_TARGET);
    answer.refuses(400, "role_assignments.invalid_target_user_id");
    assert_eq!(bench.member("2000000998").await, None);
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_listed_member_can_be_an_invalid_target_too() {
    let bench = Bench::with(|s| s.invalid_targets.extend([seed::BOB.to_owned()])).await;
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(400, INVALID_TARGET);
    assert!(bench.member(seed::BOB).await.is_some());
    assert!(bench.sim.holds(seed::BOB, &billing_admin()));
}

#[tokio::test]
async fn a_user_of_another_organization_or_of_none_is_an_invalid_target() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for outsider in [seed::LEO, seed::OTTO, seed::DRIFTER] {
        bench.unassign(outsider, &org("billing-admin")).await.is(400, INVALID_TARGET);
        assert_eq!(bench.member(outsider).await, None);
    }
    bench.sim.settings(|s| s.outsider = Outsider::Accepted);
    bench.unassign(seed::LEO, &org("billing-admin")).await.is(200, "{}");
    bench.unassign("2000000998", &org("billing-admin")).await.is(400, INVALID_TARGET);
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_deleted_user_takes_the_roles_along() {
    let bench = Bench::new().await;
    bench.sim.remove_user(seed::BOB);
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(400, INVALID_TARGET);
    assert_eq!(bench.member(seed::BOB).await, None);
}

#[tokio::test]
async fn user_ids_with_a_slash_or_a_colon_are_users_like_others() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign(seed::HEIDI_OF_REALM, &org("billing-admin")).await.is(200, "{}");
    let all = json!({"deployment": [
        {"role_id": "deployment-viewer", "organization_id": seed::ACME, "all": true},
    ]});
    bench.unassign(seed::IVAN, &all).await.is(200, "{}");
    assert_eq!(
        bench.lost_since(&before),
        [
            "user oidc:ivan 1 holds role deployment-viewer on all deployments of org 1000000001",
            "user saml-realm/heidi@acme.example holds role billing-admin in org 1000000001",
        ]
    );
}

#[tokio::test]
async fn the_last_organization_admin_can_go_or_cannot_as_switched() {
    let bench = Bench::with(|s| s.last_admin = LastAdmin::Refused).await.keyed(seed::TWO_ORGANIZATIONS_KEY);
    for admin in [seed::ADA, seed::GRACE] {
        bench.unassign(admin, &org("organization-admin")).await.is(200, "{}");
    }
    let answer = bench.unassign(seed::LIN, &org("organization-admin")).await;
    answer.refuses(400, "role_assignments.last_organization_admin");
    assert!(bench.facts().contains("user 2000000115 holds role organization-admin in org 1000000001"));

    bench.sim.settings(|s| s.last_admin = LastAdmin::Removed);
    bench.unassign(seed::LIN, &org("organization-admin")).await.is(200, "{}");
    // The right goes with the role.
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(403, NOT_MINE);
}

#[tokio::test]
async fn a_removal_in_one_organization_leaves_the_same_role_in_another() {
    let bench = Bench::new().await.keyed(seed::TWO_ORGANIZATIONS_KEY);
    let before = bench.facts();
    let in_labs = json!({"organization": [{"role_id": "billing-admin", "organization_id": seed::LABS}]});
    bench.unassign(seed::GRACE, &in_labs).await.is(200, "{}");
    assert_eq!(bench.lost_since(&before), ["user 2000000102 holds role billing-admin in org 1000000002"]);
}

#[tokio::test]
async fn reads_that_lag_show_the_role_until_the_lag_is_over() {
    let bench = Bench::with(|s| s.read_lag = Duration::from_secs(60)).await;
    let before = bench.shown(seed::BOB).await;

    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");

    assert!(!bench.sim.holds(seed::BOB, &billing_admin()));
    assert_eq!(bench.shown(seed::BOB).await, before);
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.shown(seed::BOB).await, "{}");
}

#[tokio::test]
async fn a_role_given_again_meanwhile_is_listed_again() {
    let bench = Bench::new().await;
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");
    bench.sim.assign(seed::BOB, billing_admin());
    assert!(bench.shown(seed::BOB).await.contains("billing-admin"));
    bench.sim.unassign(seed::BOB, &billing_admin());
    assert_eq!(bench.shown(seed::BOB).await, "{}");
}

#[tokio::test]
async fn assigning_is_the_inverse() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let set = deployments("deployment-viewer", &[seed::D1]);
    bench.unassign(seed::ERIN, &set).await.is(200, "{}");
    bench.assign(seed::ERIN, &set).await.is(200, "{}");
    // Once more is once.
    bench.assign(seed::ERIN, &set).await.is(200, "{}");
    assert_eq!(bench.facts(), before);
    bench.assign("2000000998", &set).await.is(400, INVALID_TARGET);
    let answer = bench.assign(seed::ERIN, &org("billing-viewer")).await;
    answer.refuses(400, "role_assignments.invalid_role_id");
    assert_eq!(bench.facts(), before);
}

#[tokio::test]
async fn ending_a_membership_is_another_call_and_takes_everything_in_that_organization() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let path = format!("{}/{},{}", members_of(seed::ACME), seed::BOB, seed::FINN);
    bench.send("DELETE", &format!("{path}?force=true"), "").await.is(200, "{}");
    assert_eq!(
        bench.lost_since(&before),
        [
            "user 2000000103 holds role billing-admin in org 1000000001",
            "user 2000000103 is a member of org 1000000001",
            "user 2000000106 is a member of org 1000000001",
        ]
    );
    let answer = bench.send("DELETE", &path, "").await;
    answer.refuses(404, "organization.membership_not_found");
    let stranger = format!("{},2000000998", members_of(seed::ACME) + "/" + seed::DORA);
    bench.send("DELETE", &stranger, "").await.refuses(404, "user.not_found");
    assert!(bench.member(seed::DORA).await.is_some());
    let elsewhere = format!("{}/{}", members_of("1000000009"), seed::DORA);
    bench.send("DELETE", &elsewhere, "").await.refuses(404, "organization.not_found");
}

#[tokio::test]
async fn the_demo_removes_exactly_one_thing() {
    let bench = Bench::new().await;
    let demo = bench.sim.demo();
    assert_eq!(bench.sim.slug(), "elastic-cloud");
    assert_eq!(demo.context.to_string(), r#"{"api_key":"sandbox-only-api-key","organization_id":"1000000001"}"#);
    assert_eq!(demo.query, [("id", "2000000102".to_owned())]);
    assert_eq!(demo.body.to_string(), r#"{"roles":[{"id":"billing-admin"}],"organizations":[{"id":"1000000001"}]}"#);
    assert!(bench.sim.holds(seed::GRACE, &billing_admin()));
}
