//! Paths and parameters that no honest client sends: the provider's refusal, never a panic, nothing taken.

use offramp::sandbox::Simulator as _;
use offramp::sandbox::blackline::seed::ALICE;
use reqwest::Method;

use super::{Site, read};

#[tokio::test]
async fn a_misspelt_path_is_400_or_another_status_if_so_switched() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    for path in [
        "/v1/users/728/roles-products?roleId=1&productId=A",
        "/v1/users/728/role-products/?roleId=1&productId=A",
        "/v1/users/728/Role-Products?roleId=1&productId=A",
        "/v1/users/728/role-products/1?productId=A",
        "/v1/user/728/role-products?roleId=1&productId=A",
        "/v1/users//role-products/?roleId=1&productId=A",
        "/v1/users/728/../728/role-products?roleId=1&productId=A",
        "/v1/users/728%2Frole-products/x?roleId=1&productId=A",
    ] {
        let (status, body) = site.raw("DELETE", path).await;
        assert_eq!((status, body.as_str()), (400, r#"{"message":"The resource is not known."}"#), "{path}");
    }
    assert_eq!(site.tenant.memberships(), before);
    site.tenant.settings(|s| s.misspelt_path_status = 404);
    assert_eq!(site.delete("/v1/users/728/roles-products?roleId=1&productId=A").await.status, 404);
}

#[tokio::test]
async fn a_path_outside_of_the_api_is_404() {
    let site = Site::open().await;
    for path in
        ["/", "/v2/users", "//v1/users", "/V1/users", "/users", "/v1%2Fusers", "/v1/users/%ff", "/api/queryruns"]
    {
        assert_eq!(site.raw("GET", path).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn an_encoded_segment_is_decoded_exactly_once() {
    let site = Site::open().await;
    assert_eq!(site.raw("DELETE", "/v1/users/7%328/role%2Dproducts?roleId=%31&productId=%41").await.0, 204);
    assert!(!site.tenant.holds(ALICE, 1, "A"));
    assert_eq!(site.raw("DELETE", "/v1/users/7%25328/role-products?roleId=1&productId=J").await.0, 400);
}

#[tokio::test]
async fn a_user_id_that_is_no_integer_is_400() {
    let site = Site::open().await;
    let long = "1".repeat(10 * 1024);
    for id in ["alice", "alice@example.com", "728.0", "+728", "%20728", "0x2d8", "9223372036854775808", "", &long] {
        let answer = site.raw("DELETE", &format!("/v1/users/{id}/role-products?roleId=1&productId=A")).await;
        assert_eq!(answer, (400, r#"{"message":"The user id is not an integer."}"#.to_owned()), "{id}");
    }
    for id in ["0", "-728"] {
        assert_eq!(site.raw("DELETE", &format!("/v1/users/{id}/role-products?roleId=1&productId=A")).await.0, 404);
    }
    assert!(site.tenant.holds(ALICE, 1, "A"));
}

#[tokio::test]
async fn role_and_product_must_be_there_once_and_of_their_type() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    for (query, message) in [
        ("", "roleId is required."),
        ("?productId=A", "roleId is required."),
        ("?roleId=&productId=A", "roleId is required."),
        ("?roleId=1", "productId is required."),
        ("?roleId=1&productId=", "productId is required."),
        ("?roleId=Preparer&productId=A", "roleId must be an integer."),
        ("?roleId=1.0&productId=A", "roleId must be an integer."),
        ("?roleId=+1&productId=A", "roleId must be an integer."),
        ("?roleId=1,2&productId=A", "roleId must be an integer."),
        ("?roleId=1&roleId=2&productId=A", "roleId was sent twice."),
        ("?roleId=1&productId=A&productId=J", "productId was sent twice."),
        ("?RoleId=1&ProductId=A", "roleId is required."),
        ("?%zz=%&&&=", "roleId is required."),
    ] {
        let answer = site.delete(&format!("/v1/users/728/role-products{query}")).await;
        assert_eq!(answer.said(), (400, format!(r#"{{"message":"{message}"}}"#).as_str()), "{query}");
    }
    // What is not known is not looked at.
    assert_eq!(site.tenant.memberships(), before);
    assert_eq!(site.delete("/v1/users/728/role-products?roleId=1&productId=A&all=true").await.status, 204);
    assert_eq!(site.shown(ALICE).await, "1J 2A 5M");
}

#[tokio::test]
async fn a_body_of_the_delete_is_not_looked_at() {
    let site = Site::open().await;
    let request = site.request(Method::DELETE, "/v1/users/728/role-products?roleId=1&productId=J");
    let body = r#"{"roleId":1,"productId":"A"}"#;
    let request = request.bearer_auth(site.token().await).header("content-type", "application/json").body(body);
    assert_eq!(read(request).await.status, 204);
    assert!(site.tenant.holds(ALICE, 1, "A"));
    // And does not stand in for the query.
    let request = site.request(Method::DELETE, "/v1/users/728/role-products");
    let request = request.bearer_auth(site.token().await).header("content-type", "application/json").body(body);
    assert_eq!(read(request).await.status, 400);
    assert!(site.tenant.holds(ALICE, 1, "A"));
}

#[tokio::test]
async fn another_method_is_405_and_names_those_allowed() {
    let site = Site::open().await;
    let token = site.token().await;
    for (method, path, allow) in [
        (Method::PUT, "/v1/users/728/role-products", "GET, POST, DELETE"),
        (Method::PATCH, "/v1/users/728/role-products", "GET, POST, DELETE"),
        (Method::DELETE, "/v1/users/728", "GET"),
        (Method::DELETE, "/v1/users", "GET, POST"),
        (Method::POST, "/v1/roles", "GET"),
    ] {
        let answer = read(site.request(method, path).bearer_auth(&token)).await;
        assert_eq!(
            (answer.said(), answer.header("allow")),
            ((405, r#"{"message":"Method Not Allowed"}"#), Some(allow))
        );
    }
    assert!(site.tenant.memberships().contains("user 728 is there and active"));
}

#[tokio::test]
async fn bodies_of_garbage_are_400() {
    let site = Site::open().await;
    let token = site.token().await;
    for body in [Vec::new(), b"{".to_vec(), vec![0xff, 0xfe, 0x00], "[".repeat(100_000).into_bytes()] {
        for path in ["/v1/users", "/v1/users/728/role-products"] {
            let request = site.request(Method::POST, path).bearer_auth(&token);
            let answer = read(request.header("content-type", "application/json").body(body.clone())).await;
            assert_eq!(answer.said(), (400, r#"{"message":"The request body is not valid."}"#));
        }
    }
}
