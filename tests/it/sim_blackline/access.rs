//! Tokens: who gets one, how long it lives, and what it opens.

use std::time::Duration;

use offramp::sandbox::Simulator as _;
use offramp::sandbox::blackline::seed::{
    ALICE, API_KEY, CLIENT_ID, CLIENT_SECRET, INSTANCE, REPORTS_API_KEY, REPORTS_USERNAME, USERNAME,
};
use offramp::sandbox::blackline::{DeadToken, TokenRefusal};
use reqwest::Method;

use super::{Answer, Site, grant, read, scope};

const UNAUTHORIZED: (u16, &str) = (401, r#"{"message":"Unauthorized"}"#);
const AUTHENTICATION_FAILED: (u16, &str) = (400, r#"{"message":"Authentication failed"}"#);

async fn read_users(site: &Site, authorization: &str) -> Answer {
    read(site.request(Method::GET, "/v1/users").header("authorization", authorization)).await
}

#[tokio::test]
async fn a_password_grant_with_an_api_key_gets_a_token_for_3600_seconds() {
    let site = Site::open().await;

    let answer = site.ask_token(&grant(USERNAME, API_KEY, &scope())).await;

    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    assert_eq!(answer.said(), (200, body.as_str()));
    assert_eq!(site.tenant.tokens_issued(), 1);
    site.clock.advance(Duration::from_secs(3590));
    assert_eq!(read_users(&site, &format!("Bearer {token}")).await.status, 200);
    site.clock.advance(Duration::from_secs(10));
    let answer = read_users(&site, &format!("Bearer {token}")).await;
    assert_eq!((answer.said(), answer.header("www-authenticate")), (UNAUTHORIZED, Some("Bearer")));
    assert_eq!(site.get("/v1/users").await.status, 200);
}

#[tokio::test]
async fn the_client_may_be_named_in_the_form_and_not_in_both_places() {
    let site = Site::open().await;
    let scope = scope();
    let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    let fields = [grant(USERNAME, API_KEY, &scope).as_slice(), &client].concat();
    assert_eq!(read(site.token_request(&fields)).await.status, 200);
    assert_eq!(site.ask_token(&fields).await.said(), (400, r#"{"error":"invalid_request"}"#));
}

#[tokio::test]
async fn wrong_credentials_get_no_token() {
    let site = Site::open().await;
    let scope = scope();
    let ask = async |client: Option<(&str, &str)>, username: &str, key: &str| {
        let request = site.token_request(&grant(username, key, &scope));
        let request = match client {
            Some((id, secret)) => request.basic_auth(id, Some(secret)),
            None => request,
        };
        let answer = read(request).await;
        assert_eq!(answer.status, 400);
        answer.json()["error"].as_str().unwrap().to_owned()
    };
    let client = Some((CLIENT_ID, CLIENT_SECRET));
    assert_eq!(ask(None, USERNAME, API_KEY).await, "invalid_client");
    assert_eq!(ask(Some((CLIENT_ID, "wrong")), USERNAME, API_KEY).await, "invalid_client");
    assert_eq!(ask(Some(("nobody", CLIENT_SECRET)), USERNAME, API_KEY).await, "invalid_client");
    assert_eq!(ask(client, USERNAME, "wrong").await, "invalid_grant");
    assert_eq!(ask(client, USERNAME, REPORTS_API_KEY).await, "invalid_grant");
    assert_eq!(ask(client, "nobody", API_KEY).await, "invalid_grant");
    assert_eq!(ask(client, USERNAME, "").await, "invalid_request");
    assert_eq!(site.tenant.tokens_issued(), 0);
}

#[tokio::test]
async fn a_refused_token_may_be_400_authentication_failed_or_401() {
    let site = Site::with(|s| s.token_refusal = TokenRefusal::AuthenticationFailed).await;
    assert_eq!(site.ask_token(&grant(USERNAME, "wrong", &scope())).await.said(), AUTHENTICATION_FAILED);
    site.tenant.settings(|s| s.token_refusal = TokenRefusal::Unauthorized);
    assert_eq!(site.ask_token(&grant(USERNAME, "wrong", &scope())).await.said(), UNAUTHORIZED);
}

#[tokio::test]
async fn an_expired_api_key_gets_no_token_and_its_tokens_live_on() {
    let site = Site::open().await;
    let token = site.token().await;
    site.tenant.expire_api_key(USERNAME);
    let answer = site.ask_token(&grant(USERNAME, API_KEY, &scope())).await;
    assert_eq!(answer.said(), (400, r#"{"error":"invalid_grant"}"#));
    assert_eq!(read_users(&site, &format!("Bearer {token}")).await.status, 200);
}

#[tokio::test]
async fn a_wrong_scope_is_refused() {
    let site = Site::open().await;
    let instance = format!("instance_{INSTANCE}");
    for scope in [
        "",
        "bl.users",
        "bl.users instance_00000000-0000-0000-0000-000000000000",
        &format!("bl_users {instance}"),
        &format!("bl.users everything {instance}"),
        &format!("bl.users,{instance}"),
    ] {
        let answer = site.ask_token(&grant(USERNAME, API_KEY, scope)).await;
        assert_eq!(answer.said(), (400, r#"{"error":"invalid_scope"}"#), "{scope}");
    }
    site.tenant.settings(|s| s.instance_scope_required = false);
    assert_eq!(site.ask_token(&grant(USERNAME, API_KEY, "bl.users")).await.status, 200);
}

#[tokio::test]
async fn a_token_without_the_users_scope_is_403() {
    let site = Site::open().await;
    let scope = format!("ReportsAPI instance_{INSTANCE}");
    let answer = site.ask_token(&grant(USERNAME, API_KEY, &scope)).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let answer = read_users(&site, &format!("Bearer {token}")).await;
    assert_eq!(answer.said(), (403, r#"{"message":"Forbidden"}"#));
}

#[tokio::test]
async fn an_api_user_without_user_management_is_403_everywhere() {
    let site = Site::open().await;
    let before = site.tenant.memberships();
    let token = site.token_of(REPORTS_USERNAME, REPORTS_API_KEY).await;
    for (method, path) in [
        (Method::DELETE, "/v1/users/728/role-products?roleId=1&productId=A"),
        (Method::POST, "/v1/users/728/role-products"),
        (Method::GET, "/v1/users/728/role-products"),
        (Method::GET, "/v1/users"),
        (Method::GET, "/v1/users/728"),
        (Method::POST, "/v1/users"),
        (Method::GET, "/v1/roles"),
    ] {
        let answer = read(site.request(method, path).bearer_auth(&token)).await;
        assert_eq!(answer.said(), (403, r#"{"message":"Forbidden"}"#), "{path}");
    }
    assert_eq!(site.tenant.memberships(), before);
}

#[tokio::test]
async fn a_token_request_of_another_form_is_400() {
    let site = Site::open().await;
    let scope = scope();
    let mut fields = grant(USERNAME, API_KEY, &scope).to_vec();
    fields[0].1 = "client_credentials";
    assert_eq!(site.ask_token(&fields).await.said(), (400, r#"{"error":"unsupported_grant_type"}"#));
    assert_eq!(site.ask_token(&fields[1..]).await.said(), (400, r#"{"error":"invalid_request"}"#));
    fields.push(("scope", &scope));
    assert_eq!(site.ask_token(&fields).await.said(), (400, r#"{"error":"invalid_request"}"#));
    let json = site.request(Method::POST, "/authorize/connect/token").basic_auth(CLIENT_ID, Some(CLIENT_SECRET));
    let json = json.header("content-type", "application/json").body("{}");
    assert_eq!(read(json).await.said(), (400, r#"{"error":"invalid_request"}"#));
    let answer = site.get("/authorize/connect/token").await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn a_missing_or_invalid_token_is_401_and_nothing_is_taken() {
    let site = Site::open().await;
    let token = site.token().await;
    for authorization in ["", "Bearer made-up", &format!("Bearer {token}x"), &format!("Basic {token}"), &token] {
        assert_eq!(read_users(&site, authorization).await.said(), UNAUTHORIZED, "{authorization}");
    }
    let path = "/v1/users/728/role-products?roleId=1&productId=A";
    assert_eq!(read(site.request(Method::DELETE, path)).await.said(), UNAUTHORIZED);
    let twice = site.request(Method::GET, "/v1/users").bearer_auth(&token).bearer_auth(&token);
    assert_eq!(read(twice).await.status, 401);
    let in_the_query = format!("/v1/users?access_token={token}");
    assert_eq!(read(site.request(Method::GET, &in_the_query)).await.status, 401);
    assert!(site.tenant.holds(ALICE, 1, "A"));
    assert_eq!(read_users(&site, &format!("bearer {token}")).await.status, 200);
}

#[tokio::test]
async fn a_dead_token_may_be_400_authentication_failed() {
    let site = Site::with(|s| s.dead_token = DeadToken::AuthenticationFailed).await;
    let token = site.token().await;
    site.tenant.expire_all_tokens();
    let path = "/v1/users/728/role-products?roleId=1&productId=A";
    let request = site.request(Method::DELETE, path).bearer_auth(&token);
    assert_eq!(read(request).await.said(), AUTHENTICATION_FAILED);
    assert!(site.tenant.holds(ALICE, 1, "A"));
    assert_eq!(site.remove(ALICE, 1, "A").await.status, 204);
}

#[tokio::test]
async fn a_tokens_life_is_the_settings() {
    let site = Site::with(|s| s.token_lifetime_s = 60).await;
    let answer = site.ask_token(&grant(USERNAME, API_KEY, &scope())).await;
    assert_eq!(answer.json()["expires_in"], 60);
    let bearer = format!("Bearer {}", answer.json()["access_token"].as_str().unwrap());
    site.clock.advance(Duration::from_secs(60));
    assert_eq!(read_users(&site, &bearer).await.status, 401);
}
