//! The unassign call where it is refused: the documented answers to the byte, and nothing taken.

use std::collections::BTreeSet;

use offramp::sandbox::Simulator;
use offramp::sandbox::voucherify::{OnlyProject, Rival, UnknownProject, seed};

use super::{Answer, Site};

const NOT_ASSIGNED: &str = concat!(
    r#"{"code":400,"key":"user_not_assigned","message":"User is not assigned","#,
    r#""details":"User is not assigned to the project","request_id":"v-0e9a1b979a80a99053"}"#
);
const UNKNOWN_USER: &str = concat!(
    r#"{"code":404,"key":"not_found","message":"Resource not found","#,
    r#""details":"Cannot find user with id user_VNBwrq3d4OaxJjoykkwIRTbqgnYgjCl","request_id":"v-0e9a1b979a80a99053","#,
    r#""resource_id":"user_VNBwrq3d4OaxJjoykkwIRTbqgnYgjCl","resource_type":"user"}"#
);

/// A site, and what is held there before anything is asked.
async fn open() -> (Site, BTreeSet<String>) {
    let site = Site::open().await;
    let before = site.organization.memberships();
    (site, before)
}

#[tokio::test]
async fn a_user_who_is_not_in_the_project_is_400_user_not_assigned() {
    let (site, before) = open().await;
    let answer = site.unassign(seed::HEADQUARTERS, seed::SAMMY).await;
    assert_eq!((answer.status, answer.body.as_str()), (400, NOT_ASSIGNED));
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn unassigning_twice_is_204_and_then_400() {
    let site = Site::open().await;
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
    site.unassign(seed::TEST, seed::SAMMY).await.is(400, NOT_ASSIGNED);
}

#[tokio::test]
async fn a_user_without_any_project_is_400_user_not_assigned() {
    let (site, before) = open().await;
    site.unassign(seed::TEST, seed::NOWHERE).await.is(400, NOT_ASSIGNED);
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn another_project_of_a_user_with_only_one_is_400_user_not_assigned() {
    let (site, before) = open().await;
    site.unassign(seed::TEST, seed::SOLE).await.is(400, NOT_ASSIGNED);
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn an_unknown_user_is_404_that_names_the_id() {
    let (site, before) = open().await;
    site.unassign(seed::TEST, "user_VNBwrq3d4OaxJjoykkwIRTbqgnYgjCl").await.is(404, UNKNOWN_USER);
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn an_email_address_that_is_no_login_is_an_unknown_user() {
    let (site, before) = open().await;
    for email in ["shared@example.com", "olaf@example.com", "odd@example.com", "Name@youremaildomain.com"] {
        let answer = site.unassign(seed::TEST, email).await;
        assert_eq!((answer.status, &answer.json()["resource_id"]), (404, &email.into()));
        assert_eq!(answer.json()["details"], format!("Cannot find user with id {email}"));
    }
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn a_removal_tells_an_unknown_user_from_one_not_assigned_and_a_read_does_not() {
    let site = Site::open().await;
    let answers = async |user: &str| -> [(u16, String); 2] {
        let key = |answer: Answer| (answer.status, answer.json()["key"].as_str().unwrap().to_owned());
        [key(site.unassign(seed::HEADQUARTERS, user).await), key(site.user(seed::HEADQUARTERS, user).await)]
    };
    let pair = |removal: (u16, &str)| [(removal.0, removal.1.to_owned()), (404, "not_found".to_owned())];
    assert_eq!(answers(seed::SAMMY).await, pair((400, "user_not_assigned")));
    assert_eq!(answers("user_nobody").await, pair((404, "not_found")));

    let details = site.user(seed::HEADQUARTERS, "user_nobody").await.json()["details"].clone();
    assert_eq!(details, "Cannot find user 'user_nobody' assigned to the project 'proj_3CNHbOe0'");
}

#[tokio::test]
async fn an_unknown_project_is_404_of_resource_type_project() {
    let (site, before) = open().await;
    // The second is Sammy's but for the case.
    for project in ["proj_nowhere", "PROJ_npnFzPr9", "user_FgEAjOV6RiObJdy36sYynXdqZNiA5gjM"] {
        let body = format!(
            concat!(
                r#"{{"code":404,"key":"not_found","message":"Resource not found","#,
                r#""details":"Cannot find project with id {0}","request_id":"v-0e9a1b979a80a99053","#,
                r#""resource_id":"{0}","resource_type":"project"}}"#
            ),
            project
        );
        site.unassign(project, seed::SAMMY).await.is(404, &body);
        site.user(project, seed::SAMMY).await.is(404, &body);
        site.get(&super::users_path(project)).await.is(404, &body);
    }
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn an_unknown_project_is_404_without_a_resource_if_so_switched() {
    let (site, before) = open().await;
    site.organization.settings(|s| s.unknown_project = UnknownProject::Untyped);
    let answer = site.unassign("proj_nowhere", seed::SAMMY).await;
    let body = answer.json();
    assert_eq!((answer.status, &body["key"]), (404, &"not_found".into()));
    assert!(body.get("resource_type").is_none());
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn an_unknown_project_looks_like_an_empty_one_if_so_switched() {
    let (site, before) = open().await;
    site.organization.settings(|s| s.unknown_project = UnknownProject::Empty);
    site.unassign("proj_nowhere", seed::SAMMY).await.is(400, NOT_ASSIGNED);
    assert_eq!(site.listed("proj_nowhere").await, [""; 0]);
    let details = site.user("proj_nowhere", seed::SAMMY).await.json()["details"].clone();
    assert_eq!(details, format!("Cannot find user '{}' assigned to the project 'proj_nowhere'", seed::SAMMY));
    // Nobody can be put there all the same.
    let body = r#"{"role":"USER","login":"bea"}"#;
    assert_eq!(site.send(reqwest::Method::POST, &super::users_path("proj_nowhere"), body).await.status, 404);
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn the_only_project_cannot_be_taken() {
    let (site, before) = open().await;
    let body = concat!(
        r#"{"code":400,"key":"user_cannot_be_unassigned","message":"User cannot be unassigned","#,
        r#""details":"User is assigned to only one project","request_id":"v-0e9a1b979a80a99053"}"#
    );
    site.unassign(seed::SPRING, seed::SOLE).await.is(400, body);
    site.unassign(seed::SPRING, "sole@example.com").await.is(400, body);
    site.unassign(seed::HEADQUARTERS, seed::ALEX).await.is(400, body);
    assert_eq!(site.organization.memberships(), before);
    assert!(site.organization.is_logged_in(seed::SOLE));
}

#[tokio::test]
async fn the_only_project_is_refused_with_another_status_or_key_if_so_switched() {
    let (site, before) = open().await;
    for (switch, status) in
        [(OnlyProject::BadRequest, 400), (OnlyProject::Forbidden, 403), (OnlyProject::Conflict, 409)]
    {
        for key in ["only_one_project", "invalid_payload", "user_not_assigned"] {
            site.organization.settings(|s| {
                s.only_project = switch;
                key.clone_into(&mut s.only_project_key);
            });
            let answer = site.unassign(seed::SPRING, seed::SOLE).await;
            let body = answer.json();
            assert_eq!((answer.status, &body["code"], &body["key"]), (status, &status.into(), &key.into()));
        }
        site.organization.settings(|s| s.only_project_key.clear());
        assert!(site.unassign(seed::SPRING, seed::SOLE).await.json().get("key").is_none());
    }
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn of_two_projects_the_second_cannot_be_taken() {
    let site = Site::open().await;
    assert_eq!(site.unassign(seed::TEST, seed::PAIR).await.status, 204);
    let answer = site.unassign(seed::SPRING, seed::PAIR).await;
    assert_eq!((answer.status, &answer.json()["key"]), (400, &"user_cannot_be_unassigned".into()));
    assert!(site.organization.role(seed::PAIR, seed::SPRING).is_some());
}

#[tokio::test]
async fn the_number_of_projects_may_drop_to_one_between_read_and_call() {
    let site = Site::open().await;
    site.organization.settings(|s| s.rival = Rival::TakesTheOthers);
    let read = site.shown_projects(seed::TEST, seed::SAMMY).await;
    assert_eq!(
        read,
        r#"{"proj_9KeAhZB1":"USER","proj_npnFzPr9":"USER","proj_pEP3NO9s":"USER","proj_zsPdrUIw":"ADMIN"}"#
    );
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.json()["key"], "user_cannot_be_unassigned");
    // The rival strikes once.
    site.organization.assign(seed::SAMMY, seed::SPRING, "USER");
    site.user(seed::TEST, seed::SAMMY).await;
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
}

#[tokio::test]
async fn somebody_else_may_take_the_project_between_read_and_call() {
    let site = Site::open().await;
    site.organization.settings(|s| s.rival = Rival::TakesTheSame);
    assert_eq!(site.user(seed::TEST, seed::SAMMY).await.status, 200);
    site.unassign(seed::TEST, seed::SAMMY).await.is(400, NOT_ASSIGNED);
    assert!(site.organization.role(seed::SAMMY, seed::SPRING).is_some());
}

#[tokio::test]
async fn an_owner_is_403_if_so_switched() {
    let (site, before) = open().await;
    site.organization.settings(|s| s.owner_stays = true);
    let answer = site.unassign(seed::SPRING, seed::OLGA).await;
    answer.is(
        403,
        concat!(
            r#"{"code":403,"key":"forbidden","message":"Forbidden","#,
            r#""details":"The owner of the organization cannot be unassigned","request_id":"v-0e9a1b979a80a99053"}"#
        ),
    );
    assert_eq!(site.unassign(seed::TEST, seed::OLGA).await.json()["key"], "user_not_assigned");
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn an_error_may_lack_its_key() {
    let site = Site::open().await;
    site.organization.settings(|s| s.key_in_errors = false);
    site.unassign(seed::HEADQUARTERS, seed::SAMMY).await.is(
        400,
        concat!(
            r#"{"code":400,"message":"User is not assigned","#,
            r#""details":"User is not assigned to the project","request_id":"v-0e9a1b979a80a99053"}"#
        ),
    );
    let unauthorized = super::read(site.bare(reqwest::Method::GET, "/management/v1/projects")).await;
    assert_eq!(unauthorized.body, r#"{"code":401,"message":"Unauthorized"}"#);
}

#[tokio::test]
async fn an_error_may_carry_a_message_within() {
    let site = Site::open().await;
    site.organization.settings(|s| s.nested_error_message = true);
    let body = site.unassign(seed::HEADQUARTERS, seed::SAMMY).await.json();
    assert_eq!(body["key"], "user_not_assigned");
    assert_eq!(body["error"].to_string(), r#"{"message":"User is not assigned"}"#);
}

#[tokio::test]
async fn no_two_errors_have_one_request_id() {
    let site = Site::open().await;
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let body = site.unassign(seed::TEST, "user_nobody").await.json();
        assert!(seen.insert(body["request_id"].as_str().unwrap().to_owned()));
    }
}
