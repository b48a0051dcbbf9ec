//! Paths and bodies that no honest client sends: the provider's refusal, never a panic, nothing taken.

use super::*;

#[tokio::test]
async fn a_path_of_another_shape_is_404() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let body = org("billing-admin").to_string();
    for path in [
        "/",
        "/api/v1",
        "/users/2000000103/role_assignments",
        "//api/v1/users/2000000103/role_assignments",
        "/api/v1/users/2000000103/role_assignments/",
        "/api/v1/users//role_assignments",
        "/api/v1/users/2000000103/role_assignments/billing-admin",
        "/api/v1/users/2000000101/../2000000103/role_assignments",
        "/api/v1/users/2000000103%2Frole_assignments",
        // A slash of the user's id that was not encoded.
        "/api/v1/users/saml-realm/heidi@acme.example/role_assignments",
        "/API/V1/users/2000000103/role_assignments",
        "/api/v1/users/%ff%fe/role_assignments",
        "/api/v2/users/2000000103/role_assignments",
    ] {
        let (status, answer) = bench.raw("DELETE", path, &body).await;
        assert_eq!(status, 404, "{path}");
        assert!(answer.contains(r#""code":"root.resource_not_found""#), "{path}: {answer}");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn an_id_that_merely_looks_like_a_users_is_an_invalid_target() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let long = "2".repeat(10 * 1024);
    for id in [
        "0",
        "-1",
        "+2000000103",
        "%202000000103",
        "2000000103%00",
        "2000000103,2000000106",
        "..",
        "%2e%2e",
        "*",
        "%25",
        // An encoding within an encoding.
        "saml-realm%252Fheidi%2540acme.example",
        "SAML-REALM%2Fheidi@acme.example",
        "bob@acme.example",
        long.as_str(),
    ] {
        let path = format!("/api/v1/users/{id}/role_assignments");
        let (status, answer) = bench.raw("DELETE", &path, &org("billing-admin").to_string()).await;
        assert_eq!((status, answer.as_str()), (400, INVALID_TARGET), "{id}");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn an_encoded_segment_is_decoded_exactly_once() {
    let bench = Bench::new().await;
    let (status, _) =
        bench.raw("DELETE", "/api/v1/users/%32000000103/role_assignments", &org("billing-admin").to_string()).await;
    assert_eq!(status, 200);
    assert!(!bench.sim.holds(seed::BOB, &billing_admin()));
}

#[tokio::test]
async fn another_method_is_405_and_names_those_allowed() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for (method, path, allow) in [
        ("GET", assignments_of(seed::BOB), "DELETE, POST"),
        ("PUT", assignments_of(seed::BOB), "DELETE, POST"),
        ("DELETE", "/api/v1/organizations/1000000001".to_owned(), "GET"),
        ("POST", members_of(seed::ACME), "GET"),
        ("DELETE", members_of(seed::ACME), "GET"),
        ("GET", members_of(seed::ACME) + "/2000000103", "DELETE"),
    ] {
        let answer = bench.send(method, &path, org("billing-admin").to_string()).await;
        answer.refuses(405, "root.method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn bodies_of_garbage_are_400() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let deep = "[".repeat(100_000).into_bytes();
    for body in [b"{".to_vec(), vec![0xff, 0xfe, 0x00], b"{\"a\":\"\xff\"}".to_vec(), deep, b"role_id=x".to_vec()] {
        let answer = bench.send("DELETE", &assignments_of(seed::BOB), body).await;
        answer.is(
            400,
            concat!(
                r#"{"errors":[{"code":"root.invalid_json_request","message":"The request body is not valid JSON.","#,
                r#""fields":[]}]}"#
            ),
        );
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn queries_are_ignored_where_none_is_documented() {
    let bench = Bench::new().await;
    let path = assignments_of(seed::BOB) + "?force=perhaps&%zz=%";
    let (status, body) = bench.raw("DELETE", &path, &org("billing-admin").to_string()).await;
    assert_eq!((status, body.as_str()), (200, "{}"));
    // Here it is documented, as a boolean.
    let membership = members_of(seed::ACME) + "/2000000106?force=perhaps";
    bench.send("DELETE", &membership, "").await.refuses(400, "root.invalid_json_request");
    assert!(bench.member(seed::FINN).await.is_some());
}
