//! Who may call: tokens, their kinds, scopes and lifetimes.

use std::time::Duration;

use offramp::sandbox::Simulator;
use offramp::sandbox::slack_enterprise::{Grant, TokenKind};

use super::{HQ, LIST, OWNER, SPENGLER, STANTZ, Slack};

#[tokio::test]
async fn auth_test_tells_whose_token_it_is_and_which_enterprise() {
    let slack = Slack::start().await;
    slack.get("auth.test", "").await.is(
        r#"{"ok":true,"url":"https://acme-hq.slack.com/","team":"Headquarters","user":"zeddmore","team_id":"T012AB3C4","user_id":"W0ZEDDMORE","enterprise_id":"E0ACME4242","is_enterprise_install":true}"#,
    );
    let posted = slack.post("auth.test", "", "").await;
    assert_eq!(posted.json()["enterprise_id"], "E0ACME4242");
}

#[tokio::test]
async fn without_a_token_nobody_is_authed() {
    let slack = Slack::start().await;
    let bare = slack.http.get(slack.url("auth.test"));
    Slack::send_bare(bare).await.is(r#"{"ok":false,"error":"not_authed"}"#);
    let basic = slack.http.get(slack.url("auth.test"));
    Slack::send_bare(basic.header("authorization", "Basic Zm9vOmJhcg=="))
        .await
        .is(r#"{"ok":false,"error":"not_authed"}"#);
    let empty = slack.http.get(slack.url("auth.test"));
    Slack::send_bare(empty.header("authorization", "Bearer ")).await.is(r#"{"ok":false,"error":"not_authed"}"#);
}

#[tokio::test]
async fn a_token_in_the_query_is_no_token() {
    let slack = Slack::start().await;
    let url = format!("{}?token={}", slack.url("auth.test"), slack.sim.token());
    Slack::send_bare(slack.http.get(url)).await.is(r#"{"ok":false,"error":"not_authed"}"#);
}

#[tokio::test]
async fn an_unknown_token_is_invalid_auth_and_removes_nothing() {
    let slack = Slack::start().await;
    slack.remove_demo_as("xoxp-nobody-knows-me").await.is(r#"{"ok":false,"error":"invalid_auth"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn two_authorization_headers_are_invalid_auth() {
    let slack = Slack::start().await;
    let request = slack.http.get(slack.url("auth.test"));
    let request = request.header("authorization", "Bearer xoxp-other");
    let request = request.header("authorization", format!("Bearer {}", slack.sim.token()));
    Slack::send_bare(request).await.is(r#"{"ok":false,"error":"invalid_auth"}"#);
}

#[tokio::test]
async fn a_token_of_a_deactivated_user_is_account_inactive() {
    let slack = Slack::start().await;
    slack.sim.directory(|d| d.users.get_mut(OWNER).expect("the owner").deleted = true);
    slack.remove_demo().await.is(r#"{"ok":false,"error":"account_inactive"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn a_revoked_token_is_token_revoked() {
    let slack = Slack::start().await;
    let token = slack.sim.token();
    slack.sim.tokens(|t| t.revoke(&token));
    slack.remove_demo().await.is(r#"{"ok":false,"error":"token_revoked"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn when_all_tokens_expire_the_next_call_is_token_expired() {
    let slack = Slack::start().await;
    slack.sim.expire_all_tokens();
    slack.remove_demo().await.is(r#"{"ok":false,"error":"token_expired"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn a_missing_scope_is_named_beside_those_provided() {
    let slack = Slack::start().await;
    let reader = slack.issue(Grant::of_user(OWNER).without("admin.roles:write"));
    slack.remove_demo_as(&reader).await.is(
        r#"{"ok":false,"error":"missing_scope","needed":"admin.roles:write","provided":"admin.roles:read,admin.teams:read,admin.users:read,users:read,users:read.email"}"#,
    );
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn each_read_wants_its_own_scope() {
    let slack = Slack::start().await;
    for (method, query, scope) in [
        (LIST, "", "admin.roles:read"),
        ("users.info", "user=W012A3CDE", "users:read"),
        ("users.list", "team_id=T012AB3C4", "users:read"),
        ("users.lookupByEmail", "email=x", "users:read.email"),
        ("admin.users.list", "", "admin.users:read"),
        ("admin.teams.list", "", "admin.teams:read"),
    ] {
        let token = slack.issue(Grant::of_user(OWNER).without(scope));
        let answer = slack.get_as(&token, method, query).await.json();
        assert_eq!(answer["error"], "missing_scope", "{method}");
        assert_eq!(answer["needed"], scope, "{method}");
    }
}

#[tokio::test]
async fn a_bot_token_is_not_allowed_to_change_roles_though_it_may_read_users() {
    let slack = Slack::start().await;
    let bot = slack.issue(Grant { kind: TokenKind::Bot, ..Grant::of_user("U0ECTOBOT") });
    assert!(bot.starts_with("xoxb-"));
    slack.remove_demo_as(&bot).await.is(r#"{"ok":false,"error":"not_allowed_token_type"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
    let user = slack.get_as(&bot, "users.info", "user=W012A3CDE").await;
    assert_eq!(user.json()["ok"], true);
}

#[tokio::test]
async fn a_token_of_a_workspace_install_cannot_change_roles() {
    let slack = Slack::start().await;
    let token = slack.issue(Grant { org_install: false, ..Grant::of_user(OWNER) });
    slack.remove_demo_as(&token).await.is(r#"{"ok":false,"error":"not_allowed_token_type"}"#);
    let who = slack.get_as(&token, "auth.test", "").await;
    assert_eq!(who.json()["is_enterprise_install"], false);
}

#[tokio::test]
async fn a_token_of_a_plain_member_is_an_invalid_actor() {
    let slack = Slack::start().await;
    let token = slack.issue(Grant::of_user(STANTZ));
    slack.remove_demo_as(&token).await.is(r#"{"ok":false,"error":"invalid_actor"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
    slack.get_as(&token, LIST, "").await.is(r#"{"ok":false,"error":"invalid_actor"}"#);
}

#[tokio::test]
async fn a_rotated_token_expires_after_twelve_hours_and_is_refreshed_once() {
    let slack = Slack::start().await;
    let now_ms = slack.clock.now_ms();
    let (token, refresh_token) = slack.sim.tokens(|t| t.issue_rotating(Grant::of_user(OWNER), now_ms));
    assert!(token.starts_with("xoxe.xoxp-") && refresh_token.starts_with("xoxe-"));
    let before = slack.get_as(&token, "auth.test", "").await;
    assert_eq!(before.json()["ok"], true);

    slack.clock.advance(Duration::from_secs(12 * 60 * 60));
    slack.get_as(&token, "auth.test", "").await.is(r#"{"ok":false,"error":"token_expired"}"#);

    let (id, secret) = slack.sim.tokens(|t| (t.client_id.clone(), t.client_secret.clone()));
    let form = format!("client_id={id}&client_secret={secret}&grant_type=refresh_token&refresh_token={refresh_token}");
    let url = slack.url("oauth.v2.access");
    let refresh =
        || slack.http.post(&url).header("content-type", "application/x-www-form-urlencoded").body(form.clone());
    let answer = Slack::send_bare(refresh()).await.json();
    assert_eq!(answer["expires_in"], 43_200);
    assert_eq!(answer["token_type"], "user");
    let fresh = answer["access_token"].as_str().expect("a token");
    let after = slack.get_as(fresh, "auth.test", "").await;
    assert_eq!(after.json()["user_id"], OWNER);

    Slack::send_bare(refresh()).await.is(r#"{"ok":false,"error":"invalid_refresh_token"}"#);
}

#[tokio::test]
async fn a_refresh_wants_the_apps_own_credentials() {
    let slack = Slack::start().await;
    let id = slack.sim.tokens(|t| t.client_id.clone());
    for (client, basic, error) in [
        ("client_id=1.1&client_secret=x".to_owned(), false, "invalid_client_id"),
        (format!("client_id={id}&client_secret=x"), false, "bad_client_secret"),
        ("x=y".to_owned(), true, "bad_client_secret"),
    ] {
        let mut request = slack
            .http
            .post(slack.url("oauth.v2.access"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("{client}&grant_type=refresh_token&refresh_token=r"));
        if basic {
            request = request.basic_auth(&id, Some("not-the-secret"));
        }
        let answer = Slack::send_bare(request).await;
        assert_eq!(answer.json()["error"], error);
    }
}

#[tokio::test]
async fn the_demo_connects_and_its_removal_finds_something() {
    let slack = Slack::start().await;
    let demo = slack.sim.demo();
    assert_eq!(demo.context["enterprise_id"], "E0ACME4242");
    let token = demo.context["token"].as_str().expect("a token");
    assert_eq!(
        demo.query,
        [
            ("id", "W012A3CDE".to_owned()),
            ("roles", r#"[{"id":"Rl03"}]"#.to_owned()),
            ("workspace_id", "T012AB3C4".to_owned()),
        ]
    );
    let before = slack.sim.memberships();
    slack.remove_demo_as(token).await.is(r#"{"ok":true}"#);
    let after = slack.sim.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, ["user W012A3CDE holds role Rl03 on T012AB3C4"]);
    assert!(after.is_subset(&before));
}
