//! The inverse, and the change of a role.

use offramp::sandbox::Simulator;
use offramp::sandbox::voucherify::{AssignAgain, AssignUnknownUser, seed};
use reqwest::Method;

use super::{Answer, Site, read, user_path, users_path};

async fn assign(site: &Site, project: &str, body: &str) -> Answer {
    site.send(Method::POST, &users_path(project), body).await
}

fn invalid(details: &str) -> String {
    format!(
        concat!(
            r#"{{"code":400,"key":"invalid_payload","message":"Invalid payload","#,
            r#""details":"{}","request_id":"v-0e9a1b979a80a99053"}}"#
        ),
        details
    )
}

#[tokio::test]
async fn a_user_is_assigned_by_id_or_by_login_and_comes_back_whole() {
    let site = Site::open().await;
    let by_id = format!(r#"{{"role":"MERCHANT","id":"{}"}}"#, seed::NOWHERE);
    let answer = assign(&site, seed::TEST, &by_id).await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.body,
        concat!(
            r#"{"id":"user_No0wH5gEr1XlSa8WiDk6FjPb3TyMvQ2c","login":"nowhere@example.com","#,
            r#""email":"nowhere@example.com","first_name":"Noël","last_name":"Where","#,
            r#""projects":{"proj_npnFzPr9":"MERCHANT"},"is_owner":false}"#
        )
    );
    let by_login = format!(r#"{{"role":"{}","login":"nowhere@example.com"}}"#, seed::AUDITOR_ROLE);
    let answer = assign(&site, seed::SPRING, &by_login).await;
    assert_eq!(
        answer.json()["projects"].to_string(),
        format!(r#"{{"proj_9KeAhZB1":"{}","proj_npnFzPr9":"MERCHANT"}}"#, seed::AUDITOR_ROLE)
    );
}

#[tokio::test]
async fn what_was_unassigned_can_be_assigned_again() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
    let body = r#"{"role":"USER","login":"name@youremaildomain.com"}"#;
    assert_eq!(assign(&site, seed::TEST, body).await.status, 200);
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn an_assignment_of_another_form_is_400_invalid_payload() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    let both = r#"{"role":"USER","id":"x","login":"bea"}"#;
    let unknown_role = "Property 'role' must be a predefined role or the id of a custom role";
    for (body, details) in [
        ("", "Payload must have required property 'role'"),
        ("{}", "Payload must have required property 'role'"),
        (r#"{"login":"bea"}"#, "Payload must have required property 'role'"),
        (r#"{"role":"USER"}"#, "Payload must have required property 'id'"),
        (both, "Payload must not have both properties 'id' and 'login'"),
        (r#"{"role":1,"login":"bea"}"#, "Property 'role' must be string"),
        (r#"{"role":"USER","id":7}"#, "Property 'id' must be string"),
        (r#"{"role":"USER","login":null}"#, "Property 'login' must be string"),
        (r#"{"role":"user","login":"bea"}"#, unknown_role),
        (r#"{"role":"role_7cQ1f","login":"bea"}"#, unknown_role),
        (r#"{"role":"USER_RESTRICTED","login":"bea"}"#, unknown_role),
        ("[]", "Payload must be object"),
        ("{", "Payload is not valid JSON"),
    ] {
        assign(&site, seed::LOYALTY, body).await.is(400, &invalid(details));
    }
    let request = site.request(Method::POST, &users_path(seed::LOYALTY)).header("content-type", "text/plain");
    let answer = read(request.body(r#"{"role":"USER","login":"bea"}"#)).await;
    answer.is(400, &invalid("Payload must have required property 'role'"));
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn a_restricted_user_can_be_made_if_so_switched() {
    let site = Site::open().await;
    site.organization.settings(|s| s.user_restricted_assignable = true);
    let answer = assign(&site, seed::LOYALTY, r#"{"role":"USER_RESTRICTED","login":"bea"}"#).await;
    assert_eq!(answer.json()["projects"][seed::LOYALTY], "USER_RESTRICTED");
}

#[tokio::test]
async fn assigning_again_replaces_the_role_or_is_400_if_so_switched() {
    let site = Site::open().await;
    let body = r#"{"role":"ADMIN","login":"bea"}"#;
    assert_eq!(assign(&site, seed::TEST, body).await.status, 200);
    assert_eq!(site.organization.role(seed::BEA, seed::TEST).as_deref(), Some("ADMIN"));

    site.organization.settings(|s| s.assign_again = AssignAgain::Refused);
    let answer = assign(&site, seed::TEST, r#"{"role":"USER","login":"bea"}"#).await;
    assert_eq!((answer.status, &answer.json()["key"]), (400, &"user_already_assigned".into()));
    assert_eq!(site.organization.role(seed::BEA, seed::TEST).as_deref(), Some("ADMIN"));
}

#[tokio::test]
async fn assigning_an_unknown_user_is_404_or_400_if_so_switched() {
    let site = Site::open().await;
    // An id is no login and a login is no id here.
    let by_id = r#"{"role":"USER","id":"bea"}"#.to_owned();
    let by_login = format!(r#"{{"role":"USER","login":"{}"}}"#, seed::BEA);
    for (body, named) in [(&by_id, "bea"), (&by_login, seed::BEA)] {
        let answer = assign(&site, seed::LOYALTY, body).await;
        assert_eq!((answer.status, &answer.json()["resource_id"]), (404, &named.into()));
    }
    site.organization.settings(|s| s.assign_unknown_user = AssignUnknownUser::InvalidPayload);
    assign(&site, seed::LOYALTY, &by_id).await.is(400, &invalid("Cannot find user with id bea"));
    assert_eq!(site.organization.role(seed::BEA, seed::LOYALTY), None);
}

#[tokio::test]
async fn an_update_changes_the_role_and_removes_nothing() {
    let site = Site::open().await;
    let path = user_path(seed::TEST, "name@youremaildomain.com");
    let answer = site.send(Method::PUT, &path, r#"{"role":"VIEWER"}"#).await;
    assert_eq!((answer.status, &answer.json()["projects"][seed::TEST]), (200, &"VIEWER".into()));
    assert_eq!(site.organization.role(seed::SAMMY, seed::TEST).as_deref(), Some("VIEWER"));
    assert!(site.organization.is_logged_in(seed::SAMMY));

    for body in ["{}", r#"{"role":""}"#, r#"{"role":null}"#, r#"{"role":"NONE"}"#] {
        let answer = site.send(Method::PUT, &path, body).await;
        assert_eq!((answer.status, &answer.json()["key"]), (400, &"invalid_payload".into()), "{body}");
    }
    assert_eq!(site.organization.role(seed::SAMMY, seed::TEST).as_deref(), Some("VIEWER"));
}

#[tokio::test]
async fn an_update_of_a_user_who_is_unknown_or_elsewhere_is_404() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    for user in ["user_VNBwrq3d4OaxJjoykkwIRTbqgnYgjCl", seed::ALEX] {
        let answer = site.send(Method::PUT, &user_path(seed::TEST, user), r#"{"role":"USER"}"#).await;
        let body = format!(
            concat!(
                r#"{{"code":404,"key":"not_found","message":"Resource not found","#,
                r#""details":"Cannot find user with id {0}","request_id":"v-0e9a1b979a80a99053","#,
                r#""resource_id":"{0}","resource_type":"user"}}"#
            ),
            user
        );
        answer.is(404, &body);
    }
    assert_eq!(site.organization.memberships(), before);
}
