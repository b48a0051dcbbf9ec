//! The unassign call over REST: the same outcomes with statuses and bodies of their own.

use offramp::sandbox::Simulator;
use offramp::sandbox::devicehive::Paths;
use reqwest::Method;
use serde_json::json;

use super::{Site, read, unassign};

#[tokio::test]
async fn leaving_a_network_is_204_and_takes_exactly_that_membership() {
    let site = Site::open().await;
    let before = site.hive.memberships();

    let answer = site.unassign(42, 7).await;

    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (204, "", None));
    assert_eq!(site.lost(&before), ["user 42 is in network 7"]);
}

#[tokio::test]
async fn a_network_that_the_user_is_not_in_is_204_too() {
    let site = Site::open().await;
    let before = site.hive.memberships();
    for _ in 0..2 {
        let answer = site.unassign(42, 12).await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    assert_eq!(site.hive.memberships(), before);
}

#[tokio::test]
async fn an_unknown_user_and_an_unknown_network_are_both_404() {
    let site = Site::open().await;
    let before = site.hive.memberships();
    for (user, network, body) in [
        (999, 7, r#"{"error":404,"message":"User with id = 999 not found"}"#),
        (42, 999, r#"{"error":404,"message":"Network with id = 999 not found"}"#),
        (999, 999, r#"{"error":404,"message":"User with id = 999 not found"}"#),
        (-42, 7, r#"{"error":404,"message":"User with id = -42 not found"}"#),
    ] {
        let answer = site.unassign(user, network).await;
        assert_eq!((answer.status, answer.body.as_str()), (404, body));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(site.hive.memberships(), before);
}

#[tokio::test]
async fn a_user_without_the_permission_is_403() {
    let site = Site::open().await;
    let (access, _) = site.hive.tokens(44, None).unwrap();
    let request = site.request(Method::DELETE, "/api/rest/user/44/network/8").bearer_auth(access);
    let answer = read(request).await;
    assert_eq!((answer.status, answer.body.as_str()), (403, r#"{"error":403,"message":"Access is denied"}"#));
    assert!(site.hive.holds(44, 8));
}

#[tokio::test]
async fn a_204_without_effect_leaves_the_membership() {
    let site = Site::open().await;
    site.hive.settings(|s| s.unassign_has_no_effect = true);
    assert_eq!(site.unassign(42, 7).await.status, 204);
    assert_eq!(site.shown_networks(42).await, [1, 7, 9]);
}

#[tokio::test]
async fn assigning_is_put_and_204() {
    let site = Site::open().await;
    for _ in 0..2 {
        let answer = site.call(Method::PUT, "/api/rest/user/106/network/7").await;
        assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    }
    assert_eq!(site.shown_networks(106).await, [7]);
    let answer = site.call(Method::PUT, "/api/rest/user/106/network/999").await;
    assert_eq!(answer.body, r#"{"error":404,"message":"Network with id = 999 not found"}"#);
}

#[tokio::test]
async fn both_faces_show_one_state() {
    let site = Site::open().await;
    let mut client = site.client().await;
    client.ask(unassign(42, 7)).await;
    assert_eq!(site.get("/api/rest/user/42/network/7").await.status, 404);
    assert_eq!(site.unassign(42, 9).await.status, 204);
    let reply = client.ask(json!({"action": "user/getNetwork", "userId": 42, "networkId": 9})).await;
    assert!(reply.contains(r#""code":404"#));
    site.hive.assign(42, 9);
    assert_eq!(site.shown_networks(42).await, [1, 9]);
    site.hive.unassign(42, 1);
    assert_eq!(site.shown_networks(42).await, [9]);
}

#[tokio::test]
async fn the_paths_are_the_services_own_if_so_switched() {
    let site = Site::open().await;
    let login = json!({"login": "dhadmin", "password": "sandbox-only-secret"});
    assert_eq!(site.post("/auth/rest/token", &login).await.status, 201);
    assert_eq!(site.get("/dh/rest/user/42").await.status, 404);

    site.hive.settings(|s| s.paths = Paths::Bare);

    assert_eq!(site.get("/dh/rest/user/42").await.status, 200);
    assert_eq!(site.post("/auth/rest/token", &login).await.status, 201);
    assert_eq!(site.post("/dh/rest/token", &login).await.status, 404);
    assert_eq!(site.get("/api/rest/user/42").await.status, 404);
    assert_eq!(site.post("/api/rest/token", &login).await.status, 404);
}

#[tokio::test]
async fn another_method_is_405_with_those_that_are() {
    let site = Site::open().await;
    for (method, path, allow) in [
        (Method::POST, "/api/rest/user/42/network/7", "GET, PUT, DELETE"),
        (Method::DELETE, "/api/rest/user/42", "GET"),
        (Method::POST, "/api/rest/user", "GET"),
        (Method::GET, "/api/rest/token", "POST"),
    ] {
        let answer = site.call(method, path).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{path}");
    }
    assert!(site.hive.holds(42, 7));
}
