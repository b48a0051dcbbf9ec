//! Tokens: who gets one, how long it lives, what it opens, and which cloud gives it.

use std::time::Duration;

use offramp::sandbox::Simulator as _;
use offramp::sandbox::crowdstrike::WrongCloud;
use offramp::sandbox::crowdstrike::seed::{
    ALICE, CHILD_CID, CID, CLIENT_ID, CLIENT_SECRET, FOREIGN_CID, NO_SCOPE_ID, NO_SCOPE_SECRET, READER_ID,
    READER_SECRET,
};
use reqwest::Method;
use serde_json::json;

use super::{HELD_ROLES, ROLE_ACTIONS, ROLE_IDS, Site, USER_DETAILS, USERS, action, read};

const CLIENT: [(&str, &str); 2] = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];

const INVALID_TOKEN: &str = concat!(
    r#"{"meta":{"query_time":9.4e-8,"powered_by":"crowdstrike-api-gateway","trace_id":"TRACE"},"#,
    r#""errors":[{"code":401,"message":"access denied, invalid bearer token"}]}"#
);
const FORBIDDEN: &str = concat!(
    r#"{"meta":{"query_time":9.4e-8,"powered_by":"crowdstrike-api-gateway","trace_id":"TRACE"},"#,
    r#""errors":[{"code":403,"message":"access denied, authorization failed"}]}"#
);
const BAD_CLIENT: &str = concat!(
    r#"{"meta":{"query_time":9.4e-8,"powered_by":"csam","trace_id":"TRACE"},"#,
    r#""errors":[{"code":403,"message":"Failed to issue access token - Client authentication failed"}]}"#
);

#[tokio::test]
async fn a_token_comes_with_201_and_lives_1799_seconds() {
    let site = Site::open().await;

    let answer = site.ask_token(&CLIENT).await;

    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("x-cs-region"), Some("us-1"));
    assert!(answer.header("x-cs-traceid").is_some());
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(answer.body, format!(r#"{{"access_token":"{token}","token_type":"bearer","expires_in":1799}}"#));
    assert_eq!(site.falcon.tokens_issued(), 1);
    site.clock.advance(Duration::from_secs(1790));
    assert_eq!(site.get_as(&token, ROLE_IDS, &[]).await.status, 200);
    site.clock.advance(Duration::from_secs(9));
    let answer = site.get_as(&token, ROLE_IDS, &[]).await;
    assert_eq!((answer.status, answer.masked().as_str()), (401, INVALID_TOKEN));
    let renewed = site.token().await;
    assert_ne!(renewed, token);
    assert_eq!(site.get_as(&renewed, ROLE_IDS, &[]).await.status, 200);
}

#[tokio::test]
async fn the_grant_type_may_be_named() {
    let site = Site::open().await;
    let answer = site.ask_token(&[CLIENT.as_slice(), &[("grant_type", "client_credentials")]].concat()).await;
    assert_eq!(answer.status, 201);
    let answer = site.ask_token(&[CLIENT.as_slice(), &[("grant_type", "password")]].concat()).await;
    assert_eq!(answer.refusal().0, 400);
}

#[tokio::test]
async fn bad_credentials_are_403_by_csam() {
    let site = Site::open().await;
    for (id, secret) in [(CLIENT_ID, "wrong"), ("nobody", CLIENT_SECRET), (CLIENT_ID, READER_SECRET)] {
        let answer = site.ask_token(&[("client_id", id), ("client_secret", secret)]).await;
        assert_eq!((answer.status, answer.masked().as_str()), (403, BAD_CLIENT));
    }
    site.falcon.rotate_secret(CLIENT_ID, "another");
    assert_eq!(site.ask_token(&CLIENT).await.masked(), BAD_CLIENT);
    assert_eq!(site.falcon.tokens_issued(), 0);
}

#[tokio::test]
async fn a_token_request_of_another_form_is_400() {
    let site = Site::open().await;
    let form = "application/x-www-form-urlencoded";
    let body = "client_id=offramp-sandbox&client_secret=sandbox-only-secret";
    for (content_type, body) in [
        ("application/json", r#"{"client_id":"offramp-sandbox","client_secret":"sandbox-only-secret"}"#.to_owned()),
        ("text/plain", body.to_owned()),
        (form, String::new()),
        (form, "client_id=offramp-sandbox".to_owned()),
        (form, "client_id=offramp-sandbox&client_secret=".to_owned()),
        (form, format!("{body}&client_id=offramp-sandbox")),
    ] {
        let request = site.request(Method::POST, "/oauth2/token").header("content-type", content_type);
        assert_eq!(read(request.body(body.clone())).await.refusal().0, 400, "{body}");
    }
    assert_eq!(read(site.request(Method::GET, "/oauth2/token")).await.status, 405);
}

#[tokio::test]
async fn a_member_cid_must_be_a_child() {
    let site = Site::open().await;
    let ask = async |member: &str| site.ask_token(&[CLIENT.as_slice(), &[("member_cid", member)]].concat()).await;
    assert_eq!(ask(CHILD_CID).await.status, 201);
    for member in [CID, FOREIGN_CID, "short"] {
        assert_eq!(ask(member).await.refusal().0, 403, "{member}");
    }
    site.falcon.settings(|s| s.unknown_member_cid_status = 400);
    assert_eq!(ask(FOREIGN_CID).await.refusal().0, 400);
}

#[tokio::test]
async fn a_missing_or_invalid_token_is_401_and_nothing_is_taken() {
    let site = Site::open().await;
    let token = site.token().await;
    let body = action("revoke", ALICE, &["falcon_analyst"], CID);
    for authorization in ["", "Bearer made-up", &format!("Bearer {token}x"), &format!("Basic {token}"), &token] {
        let request = site.request(Method::POST, ROLE_ACTIONS).header("authorization", authorization).json(&body);
        let answer = read(request).await;
        assert_eq!((answer.status, answer.masked().as_str()), (401, INVALID_TOKEN), "{authorization}");
    }
    for (method, path) in [
        (Method::POST, ROLE_ACTIONS),
        (Method::GET, HELD_ROLES),
        (Method::GET, ROLE_IDS),
        (Method::POST, USER_DETAILS),
        (Method::DELETE, USERS),
    ] {
        assert_eq!(read(site.request(method, path)).await.masked(), INVALID_TOKEN, "{path}");
    }
    let twice = site.request(Method::GET, ROLE_IDS).bearer_auth(&token).bearer_auth(&token);
    assert_eq!(read(twice).await.status, 401);
    let in_the_query = format!("{ROLE_IDS}?access_token={token}");
    assert_eq!(read(site.request(Method::GET, &in_the_query)).await.status, 401);
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn all_tokens_expired_at_once_are_401_and_a_new_one_works() {
    let site = Site::open().await;
    let token = site.token().await;
    site.falcon.expire_all_tokens();
    let body = action("revoke", ALICE, &["falcon_analyst"], CID);
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &body).await.masked(), INVALID_TOKEN);
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
    assert_eq!(site.post(ROLE_ACTIONS, &body).await.status, 200);
}

#[tokio::test]
async fn a_revoked_token_is_401() {
    let site = Site::open().await;
    let token = site.token().await;
    let revoke = async |secret: &str, body: String| {
        let request = site.request(Method::POST, "/oauth2/revoke").basic_auth(CLIENT_ID, Some(secret));
        read(request.header("content-type", "application/x-www-form-urlencoded").body(body)).await
    };
    assert_eq!(revoke("wrong", format!("token={token}")).await.masked(), BAD_CLIENT);
    assert_eq!(revoke(CLIENT_SECRET, String::new()).await.status, 400);
    assert_eq!(site.get_as(&token, ROLE_IDS, &[]).await.status, 200);
    assert_eq!(revoke(CLIENT_SECRET, format!("token={token}")).await.status, 200);
    assert_eq!(site.get_as(&token, ROLE_IDS, &[]).await.masked(), INVALID_TOKEN);
}

#[tokio::test]
async fn a_missing_scope_is_403_by_the_gateway() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    let body = action("revoke", ALICE, &["falcon_analyst"], CID);
    let reader = site.token_of(READER_ID, READER_SECRET).await;
    let answer = site.post_as(&reader, ROLE_ACTIONS, &body).await;
    assert_eq!((answer.status, answer.masked().as_str()), (403, FORBIDDEN));
    assert_eq!(site.post_as(&reader, USERS, &json!({"uid": "a@b.c"})).await.status, 403);
    // A read is a read although it is a POST.
    assert_eq!(site.post_as(&reader, USER_DETAILS, &json!({"ids": [ALICE]})).await.status, 200);
    assert_eq!(site.get_as(&reader, HELD_ROLES, &[("user_uuid", ALICE)]).await.status, 200);

    let stranger = site.token_of(NO_SCOPE_ID, NO_SCOPE_SECRET).await;
    assert_eq!(site.post_as(&stranger, ROLE_ACTIONS, &body).await.masked(), FORBIDDEN);
    assert_eq!(site.get_as(&stranger, HELD_ROLES, &[("user_uuid", ALICE)]).await.masked(), FORBIDDEN);
    assert_eq!(site.falcon.memberships(), before);
}

#[tokio::test]
async fn an_address_that_is_not_on_the_allow_list_is_the_same_403() {
    let site = Site::with(|s| s.address_not_allowed = true).await;
    let answer = site.revoke(ALICE, &["falcon_analyst"], CID).await;
    assert_eq!((answer.status, answer.masked().as_str()), (403, FORBIDDEN));
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn the_wrong_cloud_redirects_token_requests_and_refuses_every_other_call() {
    let site = Site::open().await;
    let token = site.token().await;
    site.falcon.settings(|s| {
        let location = "https://api.us-2.crowdstrike.com/oauth2/token".to_owned();
        s.wrong_cloud = Some(WrongCloud { region: "us-2".to_owned(), status: 308, location });
    });
    let answer = site.ask_token(&CLIENT).await;
    assert_eq!((answer.status, answer.body.as_str()), (308, ""));
    assert_eq!(answer.header("x-cs-region"), Some("us-2"));
    assert_eq!(answer.header("location"), Some("https://api.us-2.crowdstrike.com/oauth2/token"));
    let body = action("revoke", ALICE, &["falcon_analyst"], CID);
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &body).await.masked(), INVALID_TOKEN);
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn the_region_is_the_settings() {
    let site = Site::with(|s| (s.region, s.token_lifetime_s) = ("eu-1".to_owned(), 60)).await;
    let answer = site.ask_token(&CLIENT).await;
    assert_eq!((answer.header("x-cs-region"), &answer.json()["expires_in"]), (Some("eu-1"), &json!(60)));
}
