//! Paths, methods and bodies that no honest client sends: a refusal, never a panic, nothing taken.

use offramp::sandbox::Simulator;
use offramp::sandbox::voucherify::seed;
use reqwest::Method;

use super::{Site, read, user_path, users_path};

#[tokio::test]
async fn a_path_of_another_shape_is_404_that_names_no_resource() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    let (users, user) = (users_path(seed::TEST), user_path(seed::TEST, "bea"));
    for path in [
        "/",
        "/management/v1",
        "/management/v1/projects/",
        "/management/v1/projects/proj_npnFzPr9",
        "/management/v1/projects//users/bea",
        "/management/v1/projects/users/bea",
        "/management/v2/projects/proj_npnFzPr9/users/bea",
        "/v1/projects/proj_npnFzPr9/users/bea",
        "/MANAGEMENT/v1/projects/proj_npnFzPr9/users/bea",
        &format!("/{user}"),
        &format!("{user}/"),
        &format!("{user}/role"),
        &format!("{users}/"),
        &format!("{users}/."),
        &format!("{users}/.."),
        &format!("{users}/%2e%2e"),
        &format!("{users}/../users/bea"),
        &format!("{users}/x/../bea"),
        &format!("/management/v1/projects/../{}/users/bea", seed::TEST),
        &format!("{users}%2Fbea"),
        // Bytes that are no UTF-8.
        &format!("{users}/%ff%fe"),
    ] {
        let (status, body) = site.raw("DELETE", path).await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["key"]), (404, &"not_found".into()), "{path}");
        assert!(body.get("resource_type").is_none(), "{path}");
    }
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn an_id_of_another_shape_is_an_unknown_user() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    let long = "x".repeat(10 * 1024);
    for user in [
        "%",
        "%zz",
        "%25",
        "%2562ea",
        "bea%00",
        "bea%20",
        "%20bea",
        "Bea",
        "bea%2F",
        "bea%2F..",
        "..%2Fbea",
        "bea;x=1",
        "*",
        "name+youremaildomain.com",
        "%EF%BC%A2ea",
        "user_FgEAjOV6RiObJdy36sYynXdqZNiA5gj",
        "user_FGEAJOV6RIOBJDY36SYYNXDQZNIA5GJM",
        long.as_str(),
    ] {
        let (status, body) = site.raw("DELETE", &format!("{}/{user}", users_path(seed::TEST))).await;
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!((status, &body["resource_type"]), (404, &"user".into()), "{user}");
    }
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn a_raw_slash_in_a_login_leads_nowhere() {
    let site = Site::open().await;
    let path = format!("{}/odd+100%25/eu@example.com", users_path(seed::TEST));
    assert_eq!(site.raw("DELETE", &path).await.0, 404);
    assert!(site.organization.role(seed::ODD_LOGIN, seed::TEST).is_some());
}

#[tokio::test]
async fn an_encoded_segment_is_decoded_exactly_once() {
    let site = Site::open().await;
    let (status, _) = site.raw("DELETE", "/m%61nagement/v1/projects/%70roj_npnFzPr9/users/%62ea").await;
    assert_eq!(status, 204);
    assert_eq!(site.organization.role(seed::BEA, seed::TEST), None);
}

#[tokio::test]
async fn another_method_is_405_and_names_those_allowed() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    for (method, path, allow) in [
        (Method::PATCH, user_path(seed::TEST, "bea"), "DELETE, GET, PUT"),
        (Method::POST, user_path(seed::TEST, "bea"), "DELETE, GET, PUT"),
        (Method::DELETE, users_path(seed::TEST), "GET, POST"),
        (Method::PUT, users_path(seed::TEST), "GET, POST"),
        (Method::DELETE, "/management/v1/projects".to_owned(), "GET"),
        (Method::POST, "/management/v1/projects".to_owned(), "GET"),
    ] {
        let answer = read(site.request(method, &path)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{path}");
        assert_eq!(answer.json()["key"], "method_not_allowed");
    }
    assert_eq!(site.raw("delete", &user_path(seed::TEST, "bea")).await.0, 405);
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn bodies_of_garbage_are_400() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    let deep = "[".repeat(100_000).into_bytes();
    for body in [vec![0xff, 0xfe, 0x00], b"{\"role\":\"\xff\"}".to_vec(), deep, b"null".to_vec(), b"7".to_vec()] {
        for (method, path) in [(Method::POST, users_path(seed::TEST)), (Method::PUT, user_path(seed::TEST, "bea"))] {
            let request = site.request(method, &path).header("content-type", "application/json");
            let answer = read(request.body(body.clone())).await;
            assert_eq!((answer.status, &answer.json()["key"]), (400, &"invalid_payload".into()));
        }
    }
    assert_eq!(site.organization.memberships(), before);
}
