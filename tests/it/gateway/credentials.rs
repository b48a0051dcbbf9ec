//! Credentials: tried when connecting, renewed once when they expire, marked when the provider rejects them.

use std::time::Duration;

use offramp::sandbox::guardhouse::Guardhouse;
use offramp::sandbox::jumpcloud::{JumpCloud, MissingOrgId, seed};
use offramp::sandbox::slack_enterprise::{Grant, SlackEnterprise, TokenKind};
use offramp::sandbox::{Fault, Reply, Simulator};
use offramp::storage::Envelope;
use serde_json::json;

use super::{Site, guardhouse, jumpcloud, slack};

#[tokio::test]
async fn wrong_credentials_connect_nothing() {
    let site = Site::open(Guardhouse::new, Envelope::Bare).await;
    let mut context = site.simulator.demo().context;
    context["client_secret"] = json!("not-the-secret-at-all");
    let answer = site.connect(context).await;
    answer.refused_as(401, "credentials_rejected", "");
    let site = Site::open(JumpCloud::new, Envelope::Bare).await;
    site.connect(json!({"api_key": "not-a-key-of-anybody"})).await.refused_as(401, "credentials_rejected", "");
    let site = Site::open(SlackEnterprise::new, Envelope::Bare).await;
    let answer = site.connect(json!({"token": "xoxp-not-a-token"})).await;
    answer.refused_as(401, "credentials_rejected", "invalid_auth");
    let list = site.call("GET", "/integrated-account").send().await.json();
    assert_eq!(list["result_count"], 0, "nothing is kept: {list}");
}

#[tokio::test]
async fn a_client_without_access_connects_nothing() {
    let site = Site::open(Guardhouse::new, Envelope::Bare).await;
    let context = json!({"tenant": "acme", "client_id": "reports-only", "client_secret": "sandbox-reports-secret"});
    site.connect(context).await.refused_as(403, "permission_missing", "");
}

#[tokio::test]
async fn a_context_that_does_not_suit_is_named() {
    let site = Site::open(Guardhouse::new, Envelope::Bare).await;
    let answer = site.connect(json!({"tenant": "acme", "client_id": "x"})).await;
    answer.bad_input("client_secret");
    let answer =
        site.connect(json!({"tenant": "acme", "client_id": "x", "client_secret": "yyyyyyyy", "colour": "red"})).await;
    answer.bad_input("colour");
    let body = json!({"integration": "no-such-thing", "context": {}});
    site.call("POST", "/integrated-account").json(&body).send().await.bad_input("integration");
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let site = guardhouse().await;
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
    site.simulator.assign(102, 2);
    // At the provider the token's hour is over sooner than here.
    site.clock.advance(Duration::from_secs(3_601));
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    let token_calls = answer.calls.iter().filter(|recorded| recorded.call.path == "/connect/token").count();
    assert_eq!(token_calls, 1);
    let unassigns = answer.calls.iter().filter(|recorded| recorded.call.method == "DELETE").count();
    assert_eq!(unassigns, 2, "exactly one retry");
    assert_eq!(site.status().await, "active");
    let site = Site::open(JumpCloud::new, Envelope::Bare).await;
    let context = json!({"client_id": seed::CLIENT_ID, "client_secret": seed::CLIENT_SECRET});
    let site = site.connected_with(context).await;
    site.simulator.expire_tokens();
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    assert_eq!(answer.calls.iter().filter(|recorded| recorded.call.path == "/oauth2/token").count(), 1);
}

#[tokio::test]
async fn a_renewal_that_does_not_help_is_not_repeated() {
    let site = guardhouse().await;
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
    site.simulator.assign(102, 2);
    site.server.faults.always("DELETE", "", Fault::Answer(Reply::empty(401)));
    let answer = site.demo().send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("failed"));
    answer.refused_as(401, "credentials_rejected", "");
    let unassigns = answer.calls.iter().filter(|recorded| recorded.call.method == "DELETE").count();
    assert_eq!(unassigns, 2, "one try, one renewal, one retry");
    assert_eq!(answer.calls.iter().filter(|recorded| recorded.call.path == "/connect/token").count(), 1);
    assert_eq!(site.status().await, "needs_reauth");
    // "The mark blocks nothing: the next accepted call makes the account `active` again."
    site.server.faults.clear();
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
    assert_eq!(site.status().await, "active");
}

#[tokio::test]
async fn a_secret_changed_at_the_provider_needs_reauth_until_it_fits_again() {
    let site = guardhouse().await;
    site.simulator.rotate_secret("offramp-sandbox", "another-secret-entirely");
    site.simulator.expire_all_tokens();
    let answer = site.demo().send().await;
    assert_eq!(answer.status, 401, "{}", answer.text());
    assert_eq!(answer.json()["kind"], "credentials_rejected");
    assert!(answer.lost.is_empty());
    assert_eq!(site.status().await, "needs_reauth");
    site.simulator.rotate_secret("offramp-sandbox", "sandbox-only-secret");
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
    assert_eq!(site.status().await, "active");
}

#[tokio::test]
async fn an_expired_key_needs_reauth() {
    let site = jumpcloud().await;
    site.simulator.expire_key(seed::API_KEY);
    let answer = site.demo().send().await;
    answer.refused_as(401, "credentials_rejected", "");
    assert_eq!(site.status().await, "needs_reauth");
    let site = slack().await;
    site.simulator.tokens(|tokens| tokens.revoke(&site.simulator.token()));
    let answer = site.demo().send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("failed"));
    // The page of Slack: `token_revoked` is `credentials_rejected`, which stands for 401.
    let body = answer.refused_as(401, "credentials_rejected", "token_revoked");
    assert_eq!(body["raw_response"]["error"], "token_revoked");
    assert_eq!(site.status().await, "needs_reauth");
}

#[tokio::test]
async fn a_missing_permission_is_no_matter_of_credentials() {
    let site = guardhouse().await;
    site.simulator.allow_system_api("offramp-sandbox", false);
    let answer = site.demo().send().await;
    answer.refused_as(403, "permission_missing", "");
    assert_eq!(answer.header("offramp-outcome"), Some("failed"));
    // "403 does not" mark the account.
    assert_eq!(site.status().await, "active");
    let site = Site::open(JumpCloud::new, Envelope::Bare).await;
    let site = site.connected_with(json!({"api_key": seed::READ_ONLY_KEY})).await;
    let answer = site.demo().send().await;
    answer.refused_as(403, "permission_missing", "");
    assert_eq!(site.status().await, "active");
}

#[tokio::test]
async fn slack_says_which_scope_is_missing() {
    let site = Site::open(SlackEnterprise::new, Envelope::Bare).await;
    let token = site.simulator.tokens(|tokens| tokens.issue(Grant::of_user("W0ZEDDMORE").without("admin.roles:write")));
    let site = site.connected_with(json!({"token": token})).await;
    let answer = site.demo().send().await;
    let body = answer.refused_as(403, "permission_missing", "missing_scope");
    assert_eq!(body["raw_response"]["needed"], "admin.roles:write");
    assert_eq!(site.status().await, "active");
    // Without the scope to read the proof, the removal is done and stays unproven.
    let site = Site::open(SlackEnterprise::new, Envelope::Bare).await;
    let token = site.simulator.tokens(|tokens| tokens.issue(Grant::of_user("W0ZEDDMORE").without("admin.roles:read")));
    let site = site.connected_with(json!({"token": token})).await;
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed unverifiable"), "{}", answer.text());
}

#[tokio::test]
async fn a_bot_or_a_nobody_cannot_take_roles() {
    let bot = Grant { kind: TokenKind::Bot, ..Grant::of_user("W0ZEDDMORE") };
    for (grant, code) in [(bot, "not_allowed_token_type"), (Grant::of_user("W0STANTZ1"), "invalid_actor")] {
        let site = Site::open(SlackEnterprise::new, Envelope::Bare).await;
        let token = site.simulator.tokens(|tokens| tokens.issue(grant.clone()));
        let site = site.connected_with(json!({"token": token})).await;
        let answer = site.demo().send().await;
        answer.refused_as(403, "permission_missing", code);
    }
}

#[tokio::test]
async fn a_multi_tenant_key_needs_its_organization() {
    let site = Site::open(JumpCloud::new, Envelope::Bare).await;
    let site = site.connected_with(json!({"api_key": seed::MSP_KEY, "org_id": seed::ACME})).await;
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
    let site = Site::open(JumpCloud::new, Envelope::Bare).await;
    site.simulator.settings(|settings| settings.missing_org_id = MissingOrgId::Answer(400));
    let site = site.connected_with(json!({"api_key": seed::MSP_KEY})).await;
    let answer = site.demo().send().await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(answer.lost.is_empty());
}
