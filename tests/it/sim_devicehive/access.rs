//! Tokens: who gets one, how long it lives, what is written in it, and what it opens.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};

use super::mqtt::Client;
use super::{Answer, Site, read, unassign};

async fn log_in(site: &Site) -> (String, String) {
    let answer = site.post("/api/rest/token", &json!({"login": "dhadmin", "password": "sandbox-only-secret"})).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let tokens = answer.json();
    let keys: Vec<_> = tokens.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["accessToken", "refreshToken"]);
    let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
    (text("accessToken"), text("refreshToken"))
}

async fn read_user(site: &Site, authorization: &str) -> Answer {
    read(site.request(Method::GET, "/api/rest/user/42").header("authorization", authorization)).await
}

fn claims(token: &str) -> Value {
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn login_and_password_get_an_access_and_a_refresh_token() {
    let site = Site::open().await;
    let (access, refresh) = log_in(&site).await;
    assert_eq!(read_user(&site, &format!("Bearer {access}")).await.status, 200);
    assert_ne!(access, refresh);
    assert_eq!(site.hive.access_tokens_issued(), 1);
}

#[tokio::test]
async fn a_token_is_a_jwt_with_the_documented_claims() {
    let site = Site::open().await;
    let now = site.clock.now_ms();
    let (access, refresh) = log_in(&site).await;
    assert_eq!(access.split('.').count(), 3);
    for (token, kind, lifetime_ms) in [(&access, 1, 1_800_000), (&refresh, 0, 15_724_800_000_u64)] {
        let claims = claims(token);
        let expires = claims["payload"]["e"].as_u64().unwrap();
        assert!(expires.abs_diff(now + lifetime_ms) < 60_000);
        let expected = json!({"payload": {"a": [0], "e": expires, "t": kind, "u": 1, "n": ["*"], "dt": ["*"]}});
        assert_eq!(claims, expected);
    }
    let (access, _) = site.hive.tokens(42, None).unwrap();
    let payload = &claims(&access)["payload"];
    assert_eq!(payload["n"], json!(["1", "7", "9"]));
    let actions: Vec<u64> = payload["a"].as_array().unwrap().iter().map(|a| a.as_u64().unwrap()).collect();
    assert!(!actions.iter().any(|a| [0, 12, 14].contains(a)));
}

#[tokio::test]
async fn wrong_credentials_are_401_invalid_credentials() {
    let site = Site::open().await;
    for (login, password) in [
        (json!("dhadmin"), json!("wrong")),
        (json!("nobody"), json!("sandbox-only-secret")),
        (json!("dhadmin"), json!(null)),
        (json!(1), json!("sandbox-only-secret")),
        (json!("locked"), json!("locked-sandbox-password")),
        (json!("disabled"), json!("disabled-sandbox-password")),
    ] {
        let answer = site.post("/api/rest/token", &json!({"login": login, "password": password})).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"error":401,"message":"Invalid credentials"}"#));
    }
    let mut client = Client::connect(&site, "c1", None).await;
    client.subscribe_reply("token").await;
    let reply = client.ask(json!({"action": "token", "requestId": 1, "login": "dhadmin", "password": "wrong"})).await;
    assert_eq!(reply, r#"{"action":"token","requestId":1,"code":401,"status":"error","error":"Invalid credentials"}"#);
    assert_eq!(site.hive.access_tokens_issued(), 0);
}

#[tokio::test]
async fn a_token_request_must_be_json() {
    let site = Site::open().await;
    let body = r#"{"login":"dhadmin","password":"sandbox-only-secret"}"#;
    let ask = async |content_type: &str, body: &str| {
        let request = site.request(Method::POST, "/api/rest/token").header("content-type", content_type);
        let answer = read(request.body(body.to_owned())).await;
        (answer.status, answer.body)
    };
    assert_eq!(ask("application/x-www-form-urlencoded", "login=dhadmin").await, (415, String::new()));
    assert_eq!(ask("text/plain", body).await.0, 415);
    assert_eq!(ask("Application/JSON; charset=utf-8", body).await.0, 201);
    let malformed = (400, r#"{"error":400,"message":"Malformed Json received."}"#.to_owned());
    for body in ["{", "[]", "null", ""] {
        assert_eq!(ask("application/json", body).await, malformed, "{body}");
    }
}

#[tokio::test]
async fn tokens_over_messages_come_on_the_topics_of_their_actions() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", None).await;
    client.subscribe_reply("token").await;
    client.subscribe_reply("token/refresh").await;
    let request = json!({"action": "token", "requestId": 1, "login": "dhadmin", "password": "sandbox-only-secret"});
    let tokens: Value = serde_json::from_str(&client.ask(request).await).unwrap();
    assert_eq!(
        tokens.as_object().unwrap().keys().collect::<Vec<_>>(),
        ["action", "requestId", "status", "accessToken", "refreshToken"]
    );
    let request = json!({"action": "token/refresh", "refreshToken": tokens["refreshToken"]});
    let refreshed: Value = serde_json::from_str(&client.ask(request).await).unwrap();
    assert_eq!(refreshed.as_object().unwrap().keys().collect::<Vec<_>>(), ["action", "status", "accessToken"]);
    let access = refreshed["accessToken"].as_str().unwrap();
    assert_eq!(read_user(&site, &format!("Bearer {access}")).await.status, 200);
}

#[tokio::test]
async fn token_replies_come_on_the_topic_of_authenticate_if_so_switched() {
    let site = Site::open().await;
    site.hive.settings(|s| s.token_replies_on_authenticate = true);
    let mut client = Client::connect(&site, "c1", None).await;
    client.subscribe_reply("token").await;
    client.subscribe_reply("authenticate").await;
    let request = json!({"action": "token", "login": "dhadmin", "password": "sandbox-only-secret"});
    client.publish(&request.to_string()).await;
    assert_eq!(client.message().await.topic, "dh/response/authenticate@c1");
}

#[tokio::test]
async fn an_access_token_lives_thirty_minutes_and_a_refresh_token_half_a_year() {
    let site = Site::open().await;
    let (access, refresh) = log_in(&site).await;
    let bearer = format!("Bearer {access}");
    site.clock.advance(Duration::from_secs(1790));
    assert_eq!(read_user(&site, &bearer).await.status, 200);
    site.clock.advance(Duration::from_secs(11));
    let answer = read_user(&site, &bearer).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"error":401,"message":"Token expired"}"#));

    let refreshed = site.post("/api/rest/token/refresh", &json!({"refreshToken": refresh})).await;
    assert_eq!(refreshed.status, 201);
    let access = refreshed.json()["accessToken"].as_str().unwrap().to_owned();
    assert_eq!(refreshed.body, json!({"accessToken": access}).to_string());
    assert_eq!(read_user(&site, &format!("Bearer {access}")).await.status, 200);

    site.clock.advance(Duration::from_millis(15_724_800_000));
    let answer = site.post("/api/rest/token/refresh", &json!({"refreshToken": refresh})).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"error":401,"message":"Token expired"}"#));
}

#[tokio::test]
async fn a_refreshed_token_opens_no_more_than_the_one_before() {
    let site = Site::open().await;
    let (_, refresh) = site.hive.tokens(1, Some(&[12])).unwrap();
    let refreshed = site.post("/api/rest/token/refresh", &json!({"refreshToken": refresh})).await.json();
    let access = refreshed["accessToken"].as_str().unwrap();
    assert_eq!(claims(access)["payload"]["a"], json!([12]));
    let unassign = site.request(Method::DELETE, "/api/rest/user/42/network/7").bearer_auth(access);
    assert_eq!(read(unassign).await.status, 403);
}

#[tokio::test]
async fn a_refused_refresh_is_401_with_an_empty_body_if_so_switched() {
    let site = Site::open().await;
    let (access, refresh) = log_in(&site).await;
    // An access token does not refresh.
    for token in [access.as_str(), "made.up.token", ""] {
        let answer = site.post("/api/rest/token/refresh", &json!({"refreshToken": token})).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"error":401,"message":"Unauthorized"}"#));
    }
    site.hive.settings(|s| s.empty_refresh_refusal = true);
    site.hive.expire_refresh_tokens();
    let answer = site.post("/api/rest/token/refresh", &json!({"refreshToken": refresh})).await;
    assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (401, "", None));
}

#[tokio::test]
async fn a_missing_or_made_up_token_is_401_unauthorized() {
    let site = Site::open().await;
    let (access, refresh) = log_in(&site).await;
    let refused = (401, r#"{"error":401,"message":"Unauthorized"}"#.to_owned());
    for (method, path) in [
        (Method::DELETE, "/api/rest/user/42/network/7"),
        (Method::PUT, "/api/rest/user/42/network/7"),
        (Method::GET, "/api/rest/user/42/network/7"),
        (Method::GET, "/api/rest/user/42"),
        (Method::GET, "/api/rest/user/current"),
        (Method::GET, "/api/rest/user"),
    ] {
        let answer = read(site.request(method, path)).await;
        assert_eq!((answer.status, answer.body), refused, "{path}");
    }
    for authorization in [
        "Bearer made.up.token".to_owned(),
        format!("Bearer {access}x"),
        format!("Bearer {refresh}"),
        format!("Basic {access}"),
        access.clone(),
        String::new(),
    ] {
        let answer = read_user(&site, &authorization).await;
        assert_eq!((answer.status, answer.body), refused, "{authorization}");
    }
    let bearer = format!("Bearer {access}");
    let twice = site.request(Method::GET, "/api/rest/user/42");
    let twice = twice.header("authorization", &bearer).header("authorization", &bearer);
    assert_eq!(read(twice).await.status, 401);
    assert!(site.hive.holds(42, 7));
}

#[tokio::test]
async fn all_access_tokens_expired_at_once_are_401_on_both_faces_and_a_refresh_mends_it() {
    let site = Site::open().await;
    let (access, refresh) = log_in(&site).await;
    let mut client = site.client().await;
    site.hive.expire_access_tokens();
    assert_eq!(read_user(&site, &format!("Bearer {access}")).await.body, r#"{"error":401,"message":"Token expired"}"#);
    assert!(client.ask(unassign(42, 7)).await.contains("Token expired"));
    let reply = client.ask(json!({"action": "authenticate", "token": access})).await;
    assert_eq!(reply, r#"{"action":"authenticate","code":401,"status":"error","error":"Token expired"}"#);
    let request = json!({"action": "token/refresh", "refreshToken": refresh});
    let refreshed: Value = serde_json::from_str(&client.ask(request).await).unwrap();
    client.ask(json!({"action": "authenticate", "token": refreshed["accessToken"]})).await;
    assert!(client.ask(unassign(42, 7)).await.contains("success"));
}

#[tokio::test]
async fn a_refresh_token_does_not_authenticate_a_session() {
    let site = Site::open().await;
    let (_, refresh) = site.hive.tokens(1, None).unwrap();
    let mut client = Client::connect(&site, "c1", None).await;
    client.subscribe_reply("authenticate").await;
    let reply = client.ask(json!({"action": "authenticate", "token": refresh})).await;
    assert!(reply.contains(r#""code":401"#));
}

#[tokio::test]
async fn a_token_dies_with_its_user() {
    let site = Site::open().await;
    let mut client = site.client_of(2, None).await;
    let (access, refresh) = site.hive.tokens(2, None).unwrap();
    site.hive.remove_user(2);
    assert_eq!(read_user(&site, &format!("Bearer {access}")).await.status, 401);
    assert_eq!(site.post("/api/rest/token/refresh", &json!({"refreshToken": refresh})).await.status, 401);
    assert!(client.ask(unassign(42, 7)).await.contains("Unauthorized"));
}

#[tokio::test]
async fn each_permission_opens_its_own_calls() {
    let site = Site::open().await;
    let denied = r#"{"error":403,"message":"Access is denied"}"#;
    let call = async |actions: &[u8], method: Method, path: &str| {
        let (access, _) = site.hive.tokens(1, Some(actions)).unwrap();
        let answer = read(site.request(method, path).bearer_auth(access)).await;
        assert!(answer.status != 403 || answer.body == denied);
        answer.status
    };
    let membership = "/api/rest/user/42/network/12";
    for (actions, read, list, write) in [([12], 200, 200, 403), ([14], 403, 403, 204), ([3], 403, 403, 403)] {
        assert_eq!(call(&actions, Method::GET, "/api/rest/user/42").await, read);
        assert_eq!(call(&actions, Method::GET, "/api/rest/user").await, list);
        assert_eq!(call(&actions, Method::DELETE, membership).await, write);
        assert_eq!(call(&actions, Method::PUT, membership).await, write);
        // Everybody may ask who they are.
        assert_eq!(call(&actions, Method::GET, "/api/rest/user/current").await, 200);
    }
    // Permission comes before existence, and before the arguments.
    assert_eq!(call(&[3], Method::DELETE, "/api/rest/user/999/network/999").await, 403);
    let mut client = site.client_of(44, None).await;
    assert!(client.ask(json!({"action": "user/unassignNetwork"})).await.contains(r#""code":403"#));
    assert!(client.ask(json!({"action": "user/list"})).await.contains(r#""code":403"#));
}

#[tokio::test]
async fn who_is_no_administrator_is_told_that_nobody_else_exists() {
    let site = Site::open().await;
    // Alice, with a token that may manage users: 404 over messages, and 403 with a 404 in the body over REST.
    let mut client = site.client_of(42, Some(&[12])).await;
    let reply = client.ask(json!({"action": "user/get", "userId": 43})).await;
    assert_eq!(reply, r#"{"action":"user/get","code":404,"status":"error","error":"User with id = 43 not found"}"#);
    let (access, _) = site.hive.tokens(42, Some(&[12])).unwrap();
    for path in ["/api/rest/user/43", "/api/rest/user/43/network/7"] {
        let answer = read(site.request(Method::GET, path).bearer_auth(&access)).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (403, r#"{"error":404,"message":"User with id = 43 not found"}"#)
        );
    }
    assert!(client.ask(json!({"action": "user/get", "userId": 42})).await.contains(r#""login":"alice""#));
}

#[tokio::test]
async fn a_login_is_remembered_on_the_user() {
    let site = Site::open().await;
    site.hive.put_user(300, offramp::sandbox::devicehive::User { last_login: None, ..client_user("fresh") });
    assert!(site.get("/api/rest/user/300").await.json()["lastLogin"].is_null());
    let body = json!({"login": "fresh", "password": "fresh-sandbox-password"});
    assert_eq!(site.post("/api/rest/token", &body).await.status, 201);
    let last_login = site.get("/api/rest/user/300").await.json()["lastLogin"].as_str().unwrap().to_owned();
    let shape = regex::Regex::new(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}$").unwrap();
    assert!(shape.is_match(&last_login), "{last_login}");
}

fn client_user(login: &str) -> offramp::sandbox::devicehive::User {
    offramp::sandbox::devicehive::User::client(login)
}
