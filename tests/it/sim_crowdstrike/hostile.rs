//! Paths and bodies that no honest client sends: the provider's refusal, never a panic, nothing taken.

use offramp::sandbox::Simulator as _;
use offramp::sandbox::crowdstrike::seed::{ALICE, CID};
use reqwest::Method;
use serde_json::{Value, json};

use super::{HELD_ROLES, OLD_USER_ROLES, ROLE_ACTIONS, ROLE_IDS, Site, USER_DETAILS, USER_IDS, USERS, action, read};

#[tokio::test]
async fn a_path_of_another_shape_is_404_by_the_gateway() {
    let site = Site::open().await;
    for path in [
        "/",
        "/user-management",
        "/user-management/entities/user-role-actions",
        "/user-management/entities/user-role-actions/v1/",
        "//user-management/entities/user-role-actions/v1",
        "/user-management/entities/../entities/user-role-actions/v1",
        "/user-management/entities%2Fuser-role-actions/v1",
        "/User-Management/entities/user-role-actions/v1",
        "/user-management/entities/user-role-actions/v%ff",
        "/user-management/entities/user-role-actions/v%2531",
        // Not needed, and not served.
        "/user-management/entities/user-role-actions/v2",
        "/user-management/entities/users/get/v1",
    ] {
        let (status, body) = site.raw("POST", path).await;
        assert_eq!(status, 404, "{path}");
        assert!(body.ends_with(r#""errors":[{"code":404,"message":"404: Page Not Found"}]}"#), "{body}");
    }
}

#[tokio::test]
async fn an_encoded_segment_is_decoded_exactly_once() {
    let site = Site::open().await;
    let (status, _) = site.raw("GET", "/user-management/queries/role%73/%761").await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn another_method_is_405() {
    let site = Site::open().await;
    let token = site.token().await;
    for (method, path) in [
        (Method::DELETE, ROLE_ACTIONS),
        (Method::GET, ROLE_ACTIONS),
        (Method::PUT, ROLE_ACTIONS),
        (Method::POST, HELD_ROLES),
        (Method::DELETE, HELD_ROLES),
        (Method::GET, USER_DETAILS),
        (Method::POST, USER_IDS),
        (Method::GET, USERS),
        (Method::GET, OLD_USER_ROLES),
        (Method::POST, ROLE_IDS),
    ] {
        let answer = read(site.request(method, path).bearer_auth(&token)).await;
        assert_eq!(answer.refusal(), (405, "405: Method Not Allowed".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn every_field_of_the_role_action_is_required_and_of_its_type() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    let with = |field: &str, value: Value| {
        let mut body = action("revoke", ALICE, &["falcon_analyst"], CID);
        body[field] = value;
        body
    };
    for field in ["action", "cid", "uuid", "role_ids"] {
        for value in [Value::Null, json!(""), json!(1), json!(true), json!({}), json!([])] {
            let body = with(field, value);
            assert_eq!(site.post(ROLE_ACTIONS, &body).await.refusal().0, 400, "{body}");
        }
        let mut body = action("revoke", ALICE, &["falcon_analyst"], CID);
        body.as_object_mut().unwrap().remove(field);
        assert_eq!(site.post(ROLE_ACTIONS, &body).await.refusal().0, 400, "{body}");
    }
    for body in [
        with("role_ids", json!("falcon_analyst")),
        with("role_ids", json!([1])),
        with("role_ids", json!(["falcon_analyst", ""])),
        with("role_ids", json!([["falcon_analyst"]])),
        with("action", json!("Revoke")),
        with("action", json!("remove-role")),
        with("expires_at", json!(1)),
        json!([]),
        json!("x"),
    ] {
        assert_eq!(site.post(ROLE_ACTIONS, &body).await.refusal().0, 400, "{body}");
    }
    assert_eq!(site.falcon.memberships(), before);
    // A field that nobody knows is ignored, and a role named twice is named once.
    let mut body = with("role_ids", json!(["falcon_analyst", "falcon_analyst"]));
    body["reason"] = json!("left the company");
    assert_eq!(site.post(ROLE_ACTIONS, &body).await.json()["meta"]["writes"]["resources_affected"], 1);
    assert!(!site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn bodies_of_garbage_or_of_another_content_type_are_400() {
    let site = Site::open().await;
    let token = site.token().await;
    let body = action("revoke", ALICE, &["falcon_analyst"], CID).to_string();
    let deep = "[".repeat(100_000).into_bytes();
    for (content_type, body) in [
        ("application/json", Vec::new()),
        ("application/json", b"{".to_vec()),
        ("application/json", vec![0xff, 0xfe, 0x00]),
        ("application/json", deep),
        ("application/jsonp", body.clone().into_bytes()),
        ("application/x-www-form-urlencoded", b"action=revoke".to_vec()),
        ("text/plain", body.clone().into_bytes()),
    ] {
        let request = site.request(Method::POST, ROLE_ACTIONS).bearer_auth(&token);
        assert_eq!(read(request.header("content-type", content_type).body(body)).await.refusal().0, 400);
    }
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
    let request = site.request(Method::POST, ROLE_ACTIONS).bearer_auth(&token);
    let answer = read(request.header("content-type", "Application/JSON; charset=utf-8").body(body)).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_action_is_not_read_from_the_query() {
    let site = Site::open().await;
    let path = format!("{ROLE_ACTIONS}?action=revoke&cid={CID}&uuid={ALICE}&role_ids=falcon_analyst");
    assert_eq!(site.post(&path, &json!({})).await.refusal().0, 400);
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn ids_of_garbage_are_400_and_take_nothing() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    let long = "x".repeat(100_000);
    for role in ["../falcon_analyst", "falcon_analyst ", "FALCON_ANALYST", "falcon_analyst\u{0}", "*", "'", &long] {
        let answer = site.revoke(ALICE, &[role], CID).await;
        assert_eq!(answer.refusal(), (400, format!("invalid roleID='{role}' specified")));
    }
    for user in ["*", "11111111-1111-1111-1111-111111111111 ", "../1", &long] {
        let answer = site.revoke(user, &["falcon_analyst"], CID).await;
        assert_eq!(answer.refusal(), (400, "invalid user uuid".to_owned()));
    }
    assert_eq!(site.falcon.memberships(), before);
}

#[tokio::test]
async fn queries_of_garbage_do_no_harm() {
    let site = Site::open().await;
    let nested = format!("{}uid:'x'{}", "(".repeat(5000), ")".repeat(5000));
    for (query, status) in [
        ("filter=%ff%fe".to_owned(), 400),
        ("%zz=%&&&=".to_owned(), 200),
        ("limit=%ff".to_owned(), 400),
        ("offset=18446744073709551615".to_owned(), 200),
        ("offset=18446744073709551616".to_owned(), 400),
        ("limit=1&limit=x".to_owned(), 200),
        (format!("filter={nested}"), 400),
        ("filter=uid:%27x%5c".to_owned(), 400),
    ] {
        let (answered, body) = site.raw("GET", &format!("{USER_IDS}?{query}")).await;
        assert_eq!(answered, status, "{query}: {body}");
    }
}
