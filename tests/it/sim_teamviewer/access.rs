//! Who is let in: script tokens and their permissions, OAuth tokens and their life.

use std::time::Duration;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";
const TOKEN: &str = "/api/v1/oauth2/token";
const INVALID_TOKEN: &str = concat!(
    r#"{"error":"invalid_token","error_description":"The access token is invalid.","#,
    r#""error_code":3,"error_signature":"sandbox-00000001"}"#
);

fn refreshing(token: &str) -> String {
    format!(
        "grant_type=refresh_token&refresh_token={token}&client_id={}&client_secret={}",
        seed::CLIENT_ID,
        seed::CLIENT_SECRET
    )
}

async fn ask_token(bench: &Bench, content_type: &str, body: &str) -> Answer {
    read(bench.request("POST", TOKEN).header("content-type", content_type).body(body.to_owned())).await
}

/// The access token and the refresh token of an answer.
fn tokens(answer: &Answer) -> (String, String) {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

#[tokio::test]
async fn the_token_test_pings() {
    let bench = Bench::new().await;
    bench.get("/api/v1/ping").await.is(200, r#"{"token_valid":true}"#);
    // Without any permission, too.
    let bench = bench.bearing(seed::BLIND_TOKEN);
    assert_eq!(bench.get("/api/v1/ping").await.status, 200);
    bench.bearing("wrong").get("/api/v1/ping").await.is(401, INVALID_TOKEN);
}

#[tokio::test]
async fn a_missing_wrong_or_doubled_token_is_401_invalid_token() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let body = json!({"UserIds": [seed::JANE], "UserRoleId": seed::USER_MANAGER}).to_string();
    for authorization in [
        vec![],
        vec!["Bearer wrong"],
        vec!["Bearer"],
        vec!["Bearer "],
        vec!["sandbox-only-token"],
        vec!["Basic sandbox-only-token"],
        vec!["Bearer sandbox-only-toke"],
        vec!["Bearer sandbox-only-token", "Bearer sandbox-only-token"],
    ] {
        let mut request = bench.request("POST", UNASSIGN).header("content-type", "application/json").body(body.clone());
        for value in authorization {
            request = request.header("authorization", value);
        }
        read(request).await.refuses(401, "invalid_token");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_deleted_script_token_is_invalid() {
    let bench = Bench::new().await;
    bench.sim.delete_script_token(seed::TOKEN);
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is(401, INVALID_TOKEN);
}

#[tokio::test]
async fn a_script_token_never_expires() {
    let bench = Bench::new().await;
    bench.sim.expire_all_tokens();
    bench.clock.advance(Duration::from_secs(10 * 365 * 24 * 3600));
    assert_eq!(bench.get("/api/v1/userroles").await.status, 200);
}

#[tokio::test]
async fn a_token_that_only_views_changes_nothing() {
    let bench = Bench::new().await.bearing(seed::VIEW_TOKEN);
    let before = bench.facts();
    assert_eq!(bench.get("/api/v1/users/u102").await.status, 200);
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is(
        403,
        concat!(
            r#"{"error":"invalid_permission","error_description":"The access token lacks a permission.","#,
            r#""error_code":7,"error_signature":"sandbox-00000001"}"#
        ),
    );
    let unassign = json!({"UnassignUserRoleIds": [seed::USER_MANAGER]}).to_string();
    bench.send("PUT", "/api/v1/users/u102", unassign).await.refuses(403, "invalid_permission");
    let path = "/api/v1/userroles/unassign/usergroup";
    bench.send("POST", path, r#"{"UserGroupId":1001}"#).await.refuses(403, "invalid_permission");
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_token_without_permissions_sees_nothing() {
    let bench = Bench::new().await.bearing(seed::BLIND_TOKEN);
    for path in ["/api/v1/users", "/api/v1/users/u102", "/api/v1/users/u102/userroles", "/api/v1/userroles"] {
        bench.get(path).await.refuses(403, "invalid_permission");
    }
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.refuses(403, "invalid_permission");
}

#[tokio::test]
async fn roles_may_need_a_permission_of_their_own_if_so_switched() {
    let bench = Bench::with(|s| s.separate_role_permission = true).await;
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.refuses(403, "invalid_permission");
    assert!(bench.sim.holds(seed::JANE, seed::USER_MANAGER));
    let bench = bench.bearing(seed::ROLES_TOKEN);
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is_done();
}

#[tokio::test]
async fn a_refresh_token_buys_an_access_token_by_form_or_by_json() {
    let bench = Bench::new().await;
    let by_form = ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await;
    let names: Vec<String> = by_form.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["access_token", "token_type", "expires_in", "refresh_token"]);
    assert_eq!((&by_form.json()["token_type"], &by_form.json()["expires_in"]), (&json!("bearer"), &json!(86400)));
    let by_json = json!({
        "grant_type": "refresh_token", "refresh_token": seed::REFRESH_TOKEN,
        "client_id": seed::CLIENT_ID, "client_secret": seed::CLIENT_SECRET,
    });
    let by_json = ask_token(&bench, "application/json", &by_json.to_string()).await;
    let (first, second) = (tokens(&by_form).0, tokens(&by_json).0);
    assert_ne!(first, second);
    for token in [first, second] {
        let request = bench.request("GET", "/api/v1/userroles").bearer_auth(token);
        assert_eq!(read(request).await.status, 200);
    }
}

#[tokio::test]
async fn an_access_token_expires_on_the_clock_and_its_refresh_token_renews_it() {
    let bench = Bench::new().await;
    let (access, refresh) = tokens(&ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await);
    let bench = bench.bearing(&access);
    bench.clock.advance(Duration::from_secs(86_390));
    assert_eq!(bench.get("/api/v1/userroles").await.status, 200);
    bench.clock.advance(Duration::from_secs(11));
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is(
        401,
        concat!(
            r#"{"error":"token_expired","error_description":"The access token has expired.","#,
            r#""error_code":4,"error_signature":"sandbox-00000001"}"#
        ),
    );
    assert!(bench.sim.holds(seed::JANE, seed::USER_MANAGER));
    let (access, _) = tokens(&ask_token(&bench, FORM, &refreshing(&refresh)).await);
    bench.bearing(&access).unassign(seed::JANE, seed::USER_MANAGER).await.is_done();
}

#[tokio::test]
async fn a_test_may_expire_all_access_tokens_at_once() {
    let bench = Bench::with(|s| s.token_life = Duration::from_secs(60)).await;
    let answer = ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await;
    assert_eq!(answer.json()["expires_in"], 60);
    bench.sim.expire_all_tokens();
    let bench = bench.bearing(&tokens(&answer).0);
    bench.get("/api/v1/userroles").await.refuses(401, "token_expired");
}

#[tokio::test]
async fn a_refresh_token_works_again_or_once_only_as_switched() {
    let bench = Bench::new().await;
    for _ in 0..2 {
        assert_eq!(ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await.status, 200);
    }
    bench.sim.settings(|s| s.refresh_token_single_use = true);
    let (_, next) = tokens(&ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await);
    ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await.refuses(401, "wrong_credentials");
    assert_eq!(ask_token(&bench, FORM, &refreshing(&next)).await.status, 200);
}

#[tokio::test]
async fn a_code_is_exchanged_once_and_only_with_its_redirect_uri() {
    let bench = Bench::new().await;
    let form = |uri: &str| {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("grant_type", "authorization_code"),
                ("code", seed::CODE),
                ("redirect_uri", uri),
                ("client_id", seed::CLIENT_ID),
                ("client_secret", seed::CLIENT_SECRET),
            ])
            .finish()
    };
    let elsewhere = ask_token(&bench, FORM, &form("https://elsewhere.example/")).await;
    elsewhere.refuses(401, "wrong_credentials");
    let (access, _) = tokens(&ask_token(&bench, FORM, &form(seed::REDIRECT_URI)).await);
    ask_token(&bench, FORM, &form(seed::REDIRECT_URI)).await.refuses(401, "wrong_credentials");
    assert_eq!(bench.bearing(&access).get("/api/v1/users").await.status, 200);
}

#[tokio::test]
async fn a_token_request_that_is_wrong_says_in_what_way() {
    let bench = Bench::new().await;
    let right = refreshing(seed::REFRESH_TOKEN);
    for (body, status, category) in [
        (right.replace(seed::CLIENT_SECRET, "wrong"), 401, "invalid_client"),
        (right.replace(seed::CLIENT_ID, "wrong"), 401, "invalid_client"),
        (refreshing("wrong"), 401, "wrong_credentials"),
        (right.replace("grant_type=refresh_token", "grant_type=client_credentials"), 400, "invalid_request"),
        (right.replace("grant_type=refresh_token&", ""), 400, "invalid_request"),
        (right.replace("&client_secret=sandbox-only-secret", ""), 400, "invalid_request"),
        (refreshing(""), 400, "invalid_request"),
        (format!("{right}&client_id=offramp-sandbox"), 400, "invalid_request"),
    ] {
        ask_token(&bench, FORM, &body).await.refuses(status, category);
    }
    ask_token(&bench, "application/json", "[]").await.refuses(400, "invalid_request");
    ask_token(&bench, "text/plain", &right).await.refuses(400, "invalid_request");
    assert_eq!(ask_token(&bench, FORM, &right).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_invalid_and_cannot_be_renewed() {
    let bench = Bench::new().await;
    let (access, refresh) = tokens(&ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await);
    let bench = bench.bearing(&access);
    bench.send("POST", "/api/v1/oauth2/revoke", "").await.is_done();
    bench.get("/api/v1/users").await.is(401, INVALID_TOKEN);
    for token in [refresh.as_str(), seed::REFRESH_TOKEN] {
        ask_token(&bench, FORM, &refreshing(token)).await.refuses(401, "wrong_credentials");
    }
    // A script token is not revoked here.
    let bench = bench.bearing(seed::TOKEN);
    bench.send("POST", "/api/v1/oauth2/revoke", "").await.refuses(401, "invalid_token");
    assert_eq!(bench.get("/api/v1/users").await.status, 200);
}

#[tokio::test]
async fn the_statuses_of_the_categories_are_switches() {
    let bench = Bench::new().await;
    bench
        .sim
        .turn("statuses", &json!({"token_expired": 400, "invalid_client": 400, "invalid_permission": 401}))
        .unwrap();
    let (access, _) = tokens(&ask_token(&bench, FORM, &refreshing(seed::REFRESH_TOKEN)).await);
    bench.sim.expire_all_tokens();
    let bench = bench.bearing(&access);
    bench.get("/api/v1/users").await.refuses(400, "token_expired");
    let wrong = refreshing(seed::REFRESH_TOKEN).replace(seed::CLIENT_SECRET, "wrong");
    ask_token(&bench, FORM, &wrong).await.refuses(400, "invalid_client");
    let bench = bench.bearing(seed::BLIND_TOKEN);
    bench.get("/api/v1/users").await.refuses(401, "invalid_permission");
}
