//! Tokens: who gets one, how long it lives, and what it opens.

use std::time::Duration;

use reqwest::Method;

use super::{Answer, Site, read};

const CLIENT: [(&str, &str); 3] =
    [("grant_type", "client_credentials"), ("client_id", "offramp-sandbox"), ("client_secret", "sandbox-only-secret")];

async fn ask(site: &Site, more: &[(&str, &str)]) -> Answer {
    site.ask_token(&[&CLIENT, more].concat()).await
}

async fn read_user(site: &Site, authorization: &str) -> Answer {
    let request = site.request(Method::GET, "/api/v1/users/101");
    read(request.header("authorization", authorization)).await
}

#[tokio::test]
async fn a_token_request_like_the_sdks_gets_a_bearer_token_for_3600_seconds() {
    let site = Site::open().await;

    let answer = ask(&site, &[("scope", "system_api")]).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let reply = answer.json();
    let token = reply["access_token"].as_str().unwrap();
    assert_eq!(
        answer.body,
        format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600,"scope":"system_api"}}"#)
    );
    assert_eq!(read_user(&site, &format!("Bearer {token}")).await.status, 200);
    assert_eq!(site.tenant.tokens_issued(), 1);
}

#[tokio::test]
async fn a_token_request_like_the_documentations_names_the_audience() {
    let site = Site::open().await;
    let audience = ("audience", "https://acme.guardhouse.cloud/api");
    let answer = ask(&site, &[audience, ("scope", "system_api")]).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_wrong_audience_gets_no_token() {
    let site = Site::open().await;
    let audience = ("audience", "https://other.guardhouse.cloud/api");
    let answer = ask(&site, &[audience, ("scope", "system_api")]).await;
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"error":"invalid_target"}"#));
}

#[tokio::test]
async fn a_missing_audience_gets_no_token_if_one_is_required() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.audience_required = true);
    let answer = ask(&site, &[("scope", "system_api")]).await;
    assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"error":"invalid_target"}"#));
}

#[tokio::test]
async fn an_unknown_or_missing_scope_gets_no_token() {
    let site = Site::open().await;
    for more in [[("scope", "everything")].as_slice(), &[("scope", "system_api everything")], &[("scope", "")], &[]] {
        let answer = ask(&site, more).await;
        assert_eq!((answer.status, answer.body.as_str()), (400, r#"{"error":"invalid_scope"}"#), "{more:?}");
    }
    assert_eq!(site.tenant.tokens_issued(), 0);
}

#[tokio::test]
async fn a_missing_scope_grants_all_of_them_if_none_is_required() {
    let site = Site::open().await;
    site.tenant.settings(|s| s.scope_required = false);
    let answer = ask(&site, &[]).await;
    assert_eq!(answer.json()["scope"], "system_api reports_api");
}

#[tokio::test]
async fn wrong_client_credentials_are_401_invalid_client_or_400_if_so_switched() {
    let site = Site::open().await;
    let ask = async |id: &str, secret: &str| {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("scope", "system_api"),
        ];
        let answer = site.ask_token(&fields).await;
        (answer.status, answer.body)
    };
    let refused = |status: u16| (status, r#"{"error":"invalid_client"}"#.to_owned());
    assert_eq!(ask("offramp-sandbox", "wrong").await, refused(401));
    assert_eq!(ask("offramp-sandbox", "").await, refused(401));
    assert_eq!(ask("nobody", "sandbox-only-secret").await, refused(401));
    site.tenant.settings(|s| s.invalid_client_status = 400);
    assert_eq!(ask("offramp-sandbox", "wrong").await, refused(400));
}

#[tokio::test]
async fn a_rotated_secret_refuses_the_old_one() {
    let site = Site::open().await;
    site.tenant.rotate_secret("offramp-sandbox", "another");
    let answer = ask(&site, &[("scope", "system_api")]).await;
    assert_eq!(answer.body, r#"{"error":"invalid_client"}"#);
}

#[tokio::test]
async fn a_token_request_of_another_form_is_400() {
    let site = Site::open().await;
    let body = "grant_type=client_credentials&client_id=offramp-sandbox\
                &client_secret=sandbox-only-secret&scope=system_api";
    let form = "application/x-www-form-urlencoded";
    let twice = format!("{body}&scope=system_api");
    let password = body.replace("client_credentials", "password");
    let no_grant = body.replace("grant_type=client_credentials&", "");
    let no_client = body.replace("client_id=offramp-sandbox&", "");
    for (content_type, body, error) in [
        ("application/json", "{}", "invalid_request"),
        ("text/plain", body, "invalid_request"),
        (form, twice.as_str(), "invalid_request"),
        (form, password.as_str(), "unsupported_grant_type"),
        (form, no_grant.as_str(), "invalid_request"),
        (form, no_client.as_str(), "invalid_request"),
        (form, "", "invalid_request"),
    ] {
        let request =
            site.request(Method::POST, "/connect/token").header("content-type", content_type).body(body.to_owned());
        let answer = read(request).await;
        assert_eq!(answer.status, 400, "{content_type} {body}");
        assert_eq!(answer.body, format!(r#"{{"error":"{error}"}}"#), "{body}");
    }
    let answer = read(site.request(Method::GET, "/connect/token")).await;
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")));
}

#[tokio::test]
async fn a_missing_token_is_401_on_every_endpoint() {
    let site = Site::open().await;
    for (method, path) in [
        (Method::DELETE, "/api/v1/users/102/roles/2"),
        (Method::POST, "/api/v1/users/102/roles/2"),
        (Method::GET, "/api/v1/users"),
        (Method::GET, "/api/v1/users/102"),
        (Method::GET, "/api/v1/users/999"),
        (Method::GET, "/api/v1/roles"),
        (Method::GET, "/api/v1/roles/2"),
    ] {
        let answer = read(site.request(method, path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
    }
    assert!(site.tenant.holds(102, 2));
}

#[tokio::test]
async fn an_invalid_token_is_401() {
    let site = Site::open().await;
    let token = site.token().await;
    for (authorization, challenge) in [
        ("Bearer made-up".to_owned(), "Bearer error=\"invalid_token\""),
        (format!("Bearer {token}x"), "Bearer error=\"invalid_token\""),
        (format!("Basic {token}"), "Bearer"),
        (token.clone(), "Bearer"),
        (String::new(), "Bearer"),
    ] {
        let answer = read_user(&site, &authorization).await;
        assert_eq!(answer.status, 401, "{authorization}");
        assert_eq!(answer.header("www-authenticate"), Some(challenge));
    }
    // Two headers are none, and so is a token in the query.
    let bearer = format!("Bearer {token}");
    let twice = site
        .request(Method::GET, "/api/v1/users/101")
        .header("authorization", &bearer)
        .header("authorization", &bearer);
    assert_eq!(read(twice).await.status, 401);
    let path = format!("/api/v1/users/101?access_token={token}");
    assert_eq!(read(site.request(Method::GET, &path)).await.status, 401);
    assert_eq!(read_user(&site, &format!("bearer {token}")).await.status, 200);
}

#[tokio::test]
async fn a_token_lives_3600_seconds_and_not_one_more() {
    let site = Site::open().await;
    let bearer = format!("Bearer {}", site.token().await);
    site.clock.advance(Duration::from_secs(3590));
    assert_eq!(read_user(&site, &bearer).await.status, 200);
    site.clock.advance(Duration::from_secs(10));
    let answer = read_user(&site, &bearer).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
    let renewed = format!("Bearer {}", site.token().await);
    assert_ne!(renewed, bearer);
    assert_eq!(read_user(&site, &renewed).await.status, 200);
}

#[tokio::test]
async fn all_tokens_expired_at_once_are_401_and_a_new_one_works() {
    let site = Site::open().await;
    let (first, second) = (site.token().await, site.token().await);
    site.tenant.expire_all_tokens();
    for token in [first, second] {
        let request =
            site.request(Method::DELETE, "/api/v1/users/102/roles/2").header("content-type", "application/json");
        assert_eq!(read(request.bearer_auth(token)).await.status, 401);
    }
    assert!(site.tenant.holds(102, 2));
    assert_eq!(site.unassign(102, 2).await.status, 204);
}

#[tokio::test]
async fn a_client_without_system_api_access_gets_a_token_and_403() {
    let site = Site::open().await;
    let answer = site
        .ask_token(&[
            ("grant_type", "client_credentials"),
            ("client_id", "reports-only"),
            ("client_secret", "sandbox-reports-secret"),
            ("scope", "system_api"),
        ])
        .await;
    assert_eq!(answer.status, 200);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let request = site.request(Method::DELETE, "/api/v1/users/102/roles/2").header("content-type", "application/json");
    let answer = read(request.bearer_auth(&token)).await;
    assert_eq!((answer.status, answer.body.as_str()), (403, ""));
    assert!(site.tenant.holds(102, 2));

    site.tenant.allow_system_api("reports-only", true);
    assert_eq!(read_user(&site, &format!("Bearer {token}")).await.status, 200);
}

#[tokio::test]
async fn a_token_of_another_scope_is_403() {
    let site = Site::open().await;
    let answer = ask(&site, &[("scope", "reports_api")]).await;
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    let answer = read_user(&site, &format!("Bearer {token}")).await;
    assert_eq!((answer.status, answer.body.as_str()), (403, ""));
}
