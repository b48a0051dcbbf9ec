//! Paths and bodies that no honest client sends: the provider's refusal, never a panic, nothing taken.

use offramp::sandbox::Simulator;
use reqwest::Method;

use super::{Site, read};

#[tokio::test]
async fn a_path_of_another_shape_is_404_without_a_body() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    let long_id = format!("/api/v1/users/{}/roles/2", "1".repeat(10 * 1024));
    for path in [
        "/",
        "/api/v1/users/102/roles",
        "/api/v1/users/102/roles/",
        "/api/v1/users/102/roles/2/",
        "/api/v1/users/102/roles/2/1",
        "/api/v1/users//roles/2",
        "//api/v1/users/102/roles/2",
        "/api/v1/users/102/../102/roles/2",
        "/api/v1/users/101/../102/roles/2",
        "/api/v1/users/../roles/2",
        "/api/v1/users/102/roles/..",
        "/api/v1/users/102/roles/%2e%2e",
        "/api/v1/users/102%2Froles%2F2",
        "/api/v1/users/102/roles/2%2F",
        "/API/V1/users/102/roles/2",
        // Not a decimal number of 32 bits.
        "/api/v1/users/102/roles/administrator",
        "/api/v1/users/+102/roles/2",
        "/api/v1/users/%2B102/roles/2",
        "/api/v1/users/102/roles/2.0",
        "/api/v1/users/102/roles/2e0",
        "/api/v1/users/102/roles/0x2",
        "/api/v1/users/102/roles/%202",
        "/api/v1/users/4294967398/roles/2",
        long_id.as_str(),
        // Percent garbage, bytes that are no UTF-8, and an encoding within an encoding.
        "/api/v1/users/102/roles/%",
        "/api/v1/users/102/roles/%zz",
        "/api/v1/users/102/roles/%ff%fe",
        "/api/v1/users/102/roles/%2532",
        "/api/v1/users/102/roles/2%00",
        // The older generation is not served.
        "/api/v2/users/usr_102/roles/2",
        "/oauth/token",
    ] {
        let (status, body) = site.raw("DELETE", path).await;
        assert_eq!((status, body.as_str()), (404, ""), "{path}");
    }
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn an_encoded_segment_is_decoded_exactly_once() {
    let site = Site::open().await;
    let (status, _) = site.raw("DELETE", "/api/v1/users/%3102/roles/%32").await;
    assert_eq!(status, 204);
    assert_eq!(site.shown_roles(102).await, [1, 3]);
}

#[tokio::test]
async fn an_id_that_is_not_greater_than_0_is_400() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    for (method, path) in [
        ("DELETE", "/api/v1/users/0/roles/2"),
        ("DELETE", "/api/v1/users/102/roles/0"),
        ("DELETE", "/api/v1/users/102/roles/-2"),
        ("POST", "/api/v1/users/-102/roles/2"),
        ("GET", "/api/v1/users/0"),
        ("GET", "/api/v1/roles/-1"),
    ] {
        let (status, body) = site.raw(method, path).await;
        assert_eq!(status, 400, "{path}");
        assert_eq!(body, r#"{"title":"Identifiers must be greater than 0.","status":400}"#);
    }
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn another_method_is_405_and_names_those_allowed() {
    let site = Site::open().await;
    let token = site.token().await;
    for (method, path, allow) in [
        (Method::PUT, "/api/v1/users/102/roles/2", "DELETE, POST"),
        (Method::GET, "/api/v1/users/102/roles/2", "DELETE, POST"),
        (Method::DELETE, "/api/v1/users/102", "GET"),
        (Method::POST, "/api/v1/users", "GET"),
        (Method::DELETE, "/api/v1/roles/2", "GET"),
        (Method::DELETE, "/api/v1/roles", "GET"),
    ] {
        let answer = read(site.request(method, path).bearer_auth(&token)).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allow)), "{path}");
    }
    assert!(site.tenant.holds(102, 2));
}

#[tokio::test]
async fn bodies_of_garbage_are_400() {
    let site = Site::open().await;
    let token = site.token().await;
    let deep = "[".repeat(100_000).into_bytes();
    for body in [vec![0xff, 0xfe, 0x00], b"{\"a\":\"\xff\"}".to_vec(), deep] {
        let request = site
            .request(Method::DELETE, "/api/v1/users/102/roles/2")
            .bearer_auth(&token)
            .header("content-type", "application/json")
            .body(body);
        assert_eq!(read(request).await.status, 400);
        let request = site
            .request(Method::POST, "/connect/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(vec![b'%', 0xff, b'=', b'&', b'%', b'z']);
        let answer = read(request).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"error":"invalid_request"}"#));
    }
    assert!(site.tenant.holds(102, 2));
}

#[tokio::test]
async fn queries_of_garbage_do_no_harm() {
    let site = Site::open().await;
    let token = site.token().await;
    for (query, status) in [
        ("?email=%ff%fe", 200),
        ("?%zz=%&&&=", 200),
        ("?pageSize=%ff", 400),
        ("?offset=2147483647&pageSize=2147483647", 200),
        ("?offset=-2147483648", 200),
    ] {
        let (answered, _) = site.raw("GET", &format!("/api/v1/users{query}")).await;
        assert_eq!(answered, status, "{query}");
    }
    let long = format!("/api/v1/users?email={}", "x".repeat(10 * 1024));
    let answer = read(site.request(Method::GET, &long).bearer_auth(&token)).await;
    assert_eq!(answer.body, r#"{"total":0,"users":[]}"#);
}
