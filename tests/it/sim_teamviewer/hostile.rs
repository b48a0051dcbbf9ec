//! Paths and bodies that no honest client sends: the provider's refusal, never a panic, nothing taken.

use super::*;

fn body() -> String {
    json!({"UserIds": [seed::JANE], "UserRoleId": seed::USER_MANAGER}).to_string()
}

#[tokio::test]
async fn a_path_of_another_shape_is_404() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for path in [
        "/",
        "/api/v1",
        "/userroles/unassign/account",
        "//api/v1/userroles/unassign/account",
        "/api/v1//userroles/unassign/account",
        "/api/v1/userroles/unassign/account/",
        "/api/v1/userroles/unassign",
        "/api/v1/userroles/unassign/accounts",
        "/api/v1/userroles/unassign%2Faccount",
        "/api/v1/userroles/assign/../unassign/account",
        "/API/v1/userroles/unassign/account",
        "/api/v2/userroles/unassign/account",
        "/api/v1/userroles/%ff/account",
    ] {
        let (status, answer) = bench.raw("POST", path, &body()).await;
        assert_eq!(status, 404, "{path}");
        assert!(answer.starts_with(r#"{"error":"not_found","#), "{path}: {answer}");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn an_encoded_segment_is_decoded_exactly_once() {
    let bench = Bench::new().await;
    let (status, _) = bench.raw("GET", "/api/v1/users/%75102", "").await;
    assert_eq!(status, 200);
    let (status, answer) = bench.raw("GET", "/api/v1/users/%2575102", "").await;
    assert_eq!(status, 400);
    assert!(answer.starts_with(r#"{"error":"invalid_request","#), "{answer}");
}

#[tokio::test]
async fn ids_that_are_no_users_are_refused() {
    let bench = Bench::new().await;
    let long = format!("u{}", "1".repeat(10 * 1024));
    for id in ["", "..", "%2e%2e", "u102%00", "u102%2Fuserroles", "u+102", "*", "u102,u103", long.as_str()] {
        let (status, _) = bench.raw("GET", &format!("/api/v1/users/{id}"), "").await;
        assert_eq!(status, 400, "{id}");
    }
}

#[tokio::test]
async fn another_method_is_405_and_names_those_allowed() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for (method, path, allow) in [
        ("DELETE", UNASSIGN, "POST"),
        ("GET", UNASSIGN, "POST"),
        ("PUT", "/api/v1/userroles/unassign/usergroup", "POST"),
        ("DELETE", "/api/v1/users/u102", "GET, PUT"),
        ("POST", "/api/v1/users/u102/userroles", "GET"),
        ("DELETE", "/api/v1/userroles", "GET"),
        ("GET", "/api/v1/oauth2/token", "POST"),
    ] {
        let answer = bench.send(method, path, body()).await;
        answer.refuses(405, "invalid_request");
        assert_eq!(answer.header("allow"), Some(allow), "{method} {path}");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn bodies_of_garbage_are_400() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let deep = "[".repeat(100_000).into_bytes();
    for garbage in [Vec::new(), b"{".to_vec(), vec![0xff, 0xfe, 0x00], b"{\"a\":\"\xff\"}".to_vec(), deep] {
        bench.send("POST", UNASSIGN, garbage.clone()).await.refuses(400, "invalid_request");
        bench.send("PUT", "/api/v1/users/u102", garbage).await.refuses(400, "invalid_request");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_body_of_another_content_type_is_415() {
    let bench = Bench::new().await;
    let ask = async |content_type: Option<&str>| {
        let mut request = bench.request("POST", UNASSIGN).bearer_auth(seed::TOKEN).body(body());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        read(request).await
    };
    for content_type in [None, Some("text/plain"), Some("application/jsonp")] {
        ask(content_type).await.refuses(415, "invalid_request");
    }
    bench.sim.settings(|s| s.wrong_content_type_status = 400);
    ask(None).await.refuses(400, "invalid_request");
    assert!(bench.sim.holds(seed::JANE, seed::USER_MANAGER));
    ask(Some("Application/JSON; charset=utf-8")).await.is_done();
}

#[tokio::test]
async fn queries_of_garbage_do_no_harm() {
    let bench = Bench::new().await;
    for (query, status) in
        [("?email=%ff%fe", 200), ("?%zz=%&&&=", 200), ("?full_list=%ff", 400), ("?email=&name=&full_list=", 200)]
    {
        let (answered, _) = bench.raw("GET", &format!("/api/v1/users{query}"), "").await;
        assert_eq!(answered, status, "{query}");
    }
    let (status, _) = bench.raw("POST", &format!("{UNASSIGN}?UserRoleId={}", seed::AUDITOR), &body()).await;
    assert_eq!(status, 204);
    assert!(bench.sim.holds(seed::JANE, seed::AUDITOR));
}
