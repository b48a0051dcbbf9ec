//! The unassign call where it succeeds: who loses what, and what reads show then.

use std::time::Duration;

use offramp::sandbox::Simulator;
use offramp::sandbox::voucherify::{User, seed};
use reqwest::Method;

use super::{Site, read, user_path};

#[tokio::test]
async fn unassigning_a_user_answers_204_and_takes_exactly_that_project() {
    let site = Site::open().await;
    let before = site.organization.memberships();

    let answer = site.unassign(seed::TEST, seed::SAMMY).await;

    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (204, "", None));
    let after = site.organization.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, ["user user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM holds role USER in project proj_npnFzPr9"]);
    assert!(after.is_subset(&before));
}

#[tokio::test]
async fn the_removal_takes_whatever_role_is_held() {
    for (project, role) in [
        (seed::SPRING, seed::AUDITOR_ROLE),
        (seed::TEST, "VIEWER"),
        (seed::TEST_TWIN, "MERCHANT"),
        (seed::SANDBOX, "USER_RESTRICTED"),
    ] {
        let site = Site::open().await;
        assert_eq!(site.organization.role(seed::ZOE, project).as_deref(), Some(role));
        assert_eq!(site.unassign(project, seed::ZOE).await.status, 204, "{role}");
        assert_eq!(site.organization.role(seed::ZOE, project), None);
    }
}

#[tokio::test]
async fn the_same_read_then_answers_404_and_the_list_lacks_the_user() {
    let site = Site::open().await;
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 200);
    assert!(site.listed(seed::TEST).await.contains(&seed::SAMMY.to_owned()));

    site.unassign(seed::TEST, seed::SAMMY).await;

    site.user(seed::TEST, seed::SAMMY).await.is(
        404,
        concat!(
            r#"{"code":404,"key":"not_found","message":"Resource not found","#,
            r#""details":"Cannot find user 'user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM' assigned to the project 'proj_npnFzPr9'","#,
            r#""request_id":"v-0e9a1b979a80a99053","resource_id":"user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM","resource_type":"user"}"#
        ),
    );
    assert!(!site.listed(seed::TEST).await.contains(&seed::SAMMY.to_owned()));
}

#[tokio::test]
async fn a_read_through_another_project_shows_the_user_without_the_one_removed() {
    let site = Site::open().await;
    site.unassign(seed::TEST, seed::SAMMY).await;
    for through in [seed::SPRING, seed::TEST_TWIN, seed::LOYALTY] {
        assert_eq!(
            site.shown_projects(through, seed::SAMMY).await,
            r#"{"proj_9KeAhZB1":"USER","proj_pEP3NO9s":"USER","proj_zsPdrUIw":"ADMIN"}"#
        );
    }
}

#[tokio::test]
async fn the_login_stands_for_the_id() {
    let site = Site::open().await;
    assert_eq!(site.unassign(seed::TEST, "name@youremaildomain.com").await.status, 204);
    assert_eq!(site.organization.role(seed::SAMMY, seed::TEST), None);
    // Neither of the two whose addresses contain Sammy's.
    assert!(site.organization.role(seed::LONG_NAME, seed::TEST).is_some());
    assert!(site.organization.role(seed::FAR_NAME, seed::TEST).is_some());
}

#[tokio::test]
async fn a_login_with_plus_slash_and_percent_is_found_when_encoded() {
    let site = Site::open().await;
    let path = user_path(seed::TEST, "odd+100%/eu@example.com");
    assert!(path.ends_with("/users/odd%2B100%25%2Feu%40example%2Ecom"), "{path}");
    assert_eq!(read(site.request(Method::DELETE, &path)).await.status, 204);
    assert_eq!(site.organization.role(seed::ODD_LOGIN, seed::TEST), None);
}

#[tokio::test]
async fn an_address_that_is_anothers_login_hits_the_other() {
    let site = Site::open().await;
    assert_eq!(site.unassign(seed::TEST, "ops@example.com").await.status, 204);
    assert_eq!(site.organization.role(seed::OPS_LOGIN, seed::TEST), None);
    assert_eq!(site.organization.role(seed::BEA, seed::TEST).as_deref(), Some("USER"));
}

#[tokio::test]
async fn a_session_ends_with_the_removal_only() {
    let site = Site::open().await;
    assert!(site.organization.is_logged_in(seed::SAMMY));
    site.unassign(seed::EMPTY, seed::SAMMY).await;
    assert!(site.organization.is_logged_in(seed::SAMMY));
    site.unassign(seed::TEST, seed::SAMMY).await;
    assert!(!site.organization.is_logged_in(seed::SAMMY));
    assert!(site.organization.is_logged_in(seed::SAMMY_TWIN));
}

#[tokio::test]
async fn an_owner_can_be_unassigned_and_stays_the_owner() {
    let site = Site::open().await;
    assert_eq!(site.unassign(seed::SPRING, seed::OLGA).await.status, 204);
    let olga = site.user(seed::HEADQUARTERS, seed::OLGA).await.json();
    assert_eq!((&olga["is_owner"], &olga["projects"]), (&true.into(), &serde_json::json!({"proj_3CNHbOe0": "ADMIN"})));
}

#[tokio::test]
async fn reads_that_lag_show_the_project_until_the_lag_is_over() {
    let site = Site::open().await;
    site.organization.settings(|s| s.read_lag = Duration::from_secs(60));
    let all = site.shown_projects(seed::SPRING, seed::SAMMY).await;

    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);

    assert_eq!(site.organization.role(seed::SAMMY, seed::TEST), None);
    for through in [seed::TEST, seed::SPRING] {
        assert_eq!(site.shown_projects(through, seed::SAMMY).await, all);
    }
    assert!(site.listed(seed::TEST).await.contains(&seed::SAMMY.to_owned()));
    // Writes do not lag.
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.json()["key"], "user_not_assigned");

    site.clock.advance(Duration::from_secs(61));
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 404);
    assert!(!site.shown_projects(seed::SPRING, seed::SAMMY).await.contains(seed::TEST));
    assert!(!site.listed(seed::TEST).await.contains(&seed::SAMMY.to_owned()));
}

#[tokio::test]
async fn reads_that_lag_show_each_state_in_its_turn() {
    let site = Site::open().await;
    site.organization.settings(|s| s.read_lag = Duration::from_secs(60));
    let shown = async || site.user(seed::TEST, seed::NOWHERE).await;

    site.organization.assign(seed::NOWHERE, seed::TEST, "VIEWER");
    site.clock.advance(Duration::from_secs(30));
    site.organization.assign(seed::NOWHERE, seed::TEST, "ADMIN");
    assert_eq!(shown().await.status, 404);
    site.clock.advance(Duration::from_secs(31));
    assert_eq!(shown().await.json()["projects"][seed::TEST], "VIEWER");
    site.clock.advance(Duration::from_secs(30));
    assert_eq!(shown().await.json()["projects"][seed::TEST], "ADMIN");
}

#[tokio::test]
async fn a_204_without_effect_leaves_the_user_in_the_project() {
    let site = Site::open().await;
    site.organization.settings(|s| s.unassign_has_no_effect = true);
    let before = site.organization.memberships();
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 200);
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn a_query_and_a_body_on_the_unassign_call_change_nothing() {
    let site = Site::open().await;
    let path = format!("{}?projectId={}&role=ADMIN", user_path(seed::TEST, seed::SAMMY), seed::SPRING);
    assert_eq!(site.send(Method::DELETE, &path, r#"{"role":"ADMIN"}"#).await.status, 204);
    assert_eq!(site.organization.role(seed::SAMMY, seed::TEST), None);
    assert!(site.organization.role(seed::SAMMY, seed::SPRING).is_some());
}

#[tokio::test]
async fn a_test_may_add_and_delete_users_of_its_own() {
    let site = Site::open().await;
    let own = User::new("own@example.com", "O", "Wn").with(seed::EMPTY, "USER").with(seed::TEST, "USER");
    site.organization.put_user("user_own", own);
    assert_eq!(site.listed(seed::EMPTY).await, ["user_own"]);
    assert_eq!(site.unassign(seed::EMPTY, "user_own").await.status, 204);
    site.organization.remove_user("user_own");
    assert_eq!(site.unassign(seed::TEST, "user_own").await.status, 404);
}

#[tokio::test]
async fn the_demo_request_finds_something_to_remove() {
    let site = Site::open().await;
    let demo = site.organization.demo();
    assert_eq!(demo.body.to_string(), r#"{"id":"user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM","roles":[{"id":"USER"}]}"#);
    assert_eq!(demo.query, [("workspace_id", "proj_npnFzPr9".to_owned())]);
    assert_eq!(site.organization.role(seed::SAMMY, "proj_npnFzPr9").as_deref(), Some("USER"));
    let keys: Vec<_> = demo.context.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["cluster", "management_id", "management_token"]);
    assert_eq!(site.organization.slug(), "voucherify");
}

#[tokio::test]
async fn a_switch_turns_by_name() {
    let site = Site::open().await;
    site.organization.turn("read_lag_ms", &60_000.into()).unwrap();
    site.organization.turn("only_project", &"conflict".into()).unwrap();
    site.organization.settings(|s| assert_eq!(s.read_lag, Duration::from_secs(60)));
    assert_eq!(site.unassign(seed::SPRING, seed::SOLE).await.status, 409);
    assert_eq!(site.organization.turn("read_lag", &1.into()).unwrap_err(), "there is no switch `read_lag`");
    site.organization.turn("only_project", &"teapot".into()).unwrap_err();
}
