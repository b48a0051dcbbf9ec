//! Who is let in: API keys, service accounts, organizations, rights.

use std::time::Duration;

use offramp::sandbox::jumpcloud::{ErrorForm, MissingOrgId, seed};
use serde_json::json;

use super::{Bench, admin, members, remove, user};

const FORM: &str = "application/x-www-form-urlencoded";
const GRANT: &str = "grant_type=client_credentials&scope=api";
const UNAUTHORIZED: &str = r#"{"message":"Unauthorized"}"#;
const FORBIDDEN: &str = r#"{"code":403,"message":"Forbidden","status":"Forbidden"}"#;

/// `simulated-service-account:simulated-service-account-secret`
const BASIC: &str = "Basic c2ltdWxhdGVkLXNlcnZpY2UtYWNjb3VudDpzaW11bGF0ZWQtc2VydmljZS1hY2NvdW50LXNlY3JldA==";

async fn token(bench: &mut Bench) -> String {
    bench.headers = vec![("authorization", BASIC.to_owned())];
    let answer = bench.call("POST", "/oauth2/token", Some((FORM, GRANT))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_credential_check_lists_the_organization_of_the_key() {
    let answer = Bench::new().await.get("/api/organizations").await;
    answer.is(
        200,
        r#"{"results":[{"_id":"5c3536e9e0a6840001872700","displayName":"Acme","logoUrl":""}],"totalCount":1}"#,
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn no_key_and_a_wrong_key_are_both_the_short_401() {
    let bench = Bench::new().await.sending(&[]);
    bench.get("/api/organizations").await.is(401, UNAUTHORIZED);
    let bench = bench.sending(&[("x-api-key", "wrong")]);
    bench.get("/api/organizations").await.is(401, UNAUTHORIZED);
    bench.put(&admin(seed::JANE_ADMIN), r#"{"roleNames":["Read Only"]}"#).await.is(401, UNAUTHORIZED);
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap().len(), 2);
}

#[tokio::test]
async fn a_401_can_come_in_the_long_form() {
    let bench = Bench::with(|s| s.unauthorized_form = ErrorForm::Long).await;
    let answer = bench.sending(&[]).get("/api/organizations").await;
    answer.is(401, r#"{"code":401,"message":"Unauthorized","status":"Unauthorized"}"#);
}

#[tokio::test]
async fn a_key_expires_and_dies_with_its_administrator() {
    let bench = Bench::new().await;
    bench.sim.expire_key(seed::API_KEY);
    bench.get("/api/organizations").await.is(401, UNAUTHORIZED);
    let bench = bench.sending(&[("x-api-key", seed::READ_ONLY_KEY)]);
    assert_eq!(bench.get("/api/organizations").await.status, 200);
    assert!(bench.sim.delete_administrator(seed::AUDITOR_ADMIN));
    bench.get("/api/organizations").await.is(401, UNAUTHORIZED);
}

#[tokio::test]
async fn api_access_can_be_off_for_the_whole_organization() {
    let bench = Bench::with(|s| s.api_access_disabled = Some(403)).await;
    bench.get("/api/organizations").await.is(403, FORBIDDEN);
}

#[tokio::test]
async fn a_key_without_the_billing_role_reads_but_changes_nothing() {
    let bench = Bench::new().await.sending(&[("x-api-key", seed::READ_ONLY_KEY)]);
    let before = bench.server.simulator.memberships();
    assert_eq!(bench.get(&admin(seed::JANE_ADMIN)).await.status, 200);
    let put = bench.put(&admin(seed::JANE_ADMIN), r#"{"roleNames":["Read Only"]}"#).await;
    put.is(403, FORBIDDEN);
    bench.delete(&admin(seed::JANE_ADMIN)).await.is(403, FORBIDDEN);
    bench.post(&members(seed::ENGINEERING), &remove(seed::JANE)).await.is(403, FORBIDDEN);
    assert_eq!(bench.server.simulator.memberships(), before);
}

#[tokio::test]
async fn a_key_carries_the_rights_its_administrator_has_now() {
    let bench = Bench::new().await;
    assert!(bench.sim.set_roles(seed::BOSS_ADMIN, &["Manager"]));
    let put = bench.put(&admin(seed::JANE_ADMIN), r#"{"roleNames":["Read Only"]}"#).await;
    put.is(403, FORBIDDEN);
    let group = bench.post(&members(seed::ENGINEERING), &remove(seed::JANE)).await;
    group.is(204, "");
}

#[tokio::test]
async fn a_service_account_gets_a_token_that_works() {
    let mut bench = Bench::new().await;
    bench.headers = vec![("authorization", BASIC.to_owned())];
    let answer = bench.call("POST", "/oauth2/token", Some((FORM, GRANT))).await;
    answer.shows("/token_type", json!("bearer"));
    answer.shows("/expires_in", json!(3600));
    answer.shows("/scope", json!("api"));
    let first = answer.json()["access_token"].as_str().unwrap().to_owned();
    let second = token(&mut bench).await;
    assert_ne!(first, second);
    for token in [first, second] {
        bench.headers = vec![("authorization", format!("Bearer {token}"))];
        assert_eq!(bench.get("/api/organizations").await.status, 200);
    }
    let put = bench.put(&admin(seed::JANE_ADMIN), r#"{"roleNames":["Read Only"]}"#).await;
    assert_eq!(put.status, 200);
}

#[tokio::test]
async fn a_token_expires_on_the_clock() {
    let mut bench = Bench::new().await;
    let token = token(&mut bench).await;
    bench.headers = vec![("authorization", format!("Bearer {token}"))];
    bench.clock.advance(Duration::from_secs(3590));
    assert_eq!(bench.get("/api/organizations").await.status, 200);
    bench.clock.advance(Duration::from_secs(11));
    bench.get("/api/organizations").await.is(401, UNAUTHORIZED);
}

#[tokio::test]
async fn all_tokens_can_be_expired_at_once() {
    let mut bench = Bench::new().await;
    let token = token(&mut bench).await;
    bench.headers = vec![("authorization", format!("Bearer {token}"))];
    bench.sim.expire_tokens();
    bench.get("/api/organizations").await.is(401, UNAUTHORIZED);
}

#[tokio::test]
async fn the_token_endpoint_wants_basic_a_form_the_grant_and_the_scope() {
    let bench = Bench::new().await.sending(&[("authorization", BASIC)]);
    let ask = async |content_type, body| {
        let answer = bench.call("POST", "/oauth2/token", Some((content_type, body))).await;
        (answer.status, answer.json()["error"].as_str().unwrap().to_owned())
    };
    let of = |status: u16, error: &str| (status, error.to_owned());
    assert_eq!(ask("application/json", "{}").await, of(400, "invalid_request"));
    assert_eq!(ask(FORM, "scope=api&scope=api").await, of(400, "invalid_request"));
    let password = ask(FORM, "grant_type=password&scope=api").await;
    assert_eq!(password, of(400, "unsupported_grant_type"));
    let no_scope = ask(FORM, "grant_type=client_credentials").await;
    assert_eq!(no_scope, of(400, "invalid_scope"));

    let bench = bench.sending(&[]);
    let in_the_form = format!("{GRANT}&client_id={}&client_secret={}", seed::CLIENT_ID, seed::CLIENT_SECRET);
    let answer = bench.call("POST", "/oauth2/token", Some((FORM, &in_the_form))).await;
    answer.is(401, r#"{"error":"invalid_client","error_description":"client authentication failed"}"#);
    let bench = bench.sending(&[("authorization", "Basic !!!")]);
    let answer = bench.call("POST", "/oauth2/token", Some((FORM, GRANT))).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn a_multi_tenant_key_without_x_org_id_is_turned_away() {
    let bench = Bench::new().await.sending(&[("x-api-key", seed::MSP_KEY)]);
    bench.get(&user(seed::JANE)).await.is(
        400,
        r#"{"code":400,"message":"x-org-id is required for a multi-tenant administrator","status":"Bad Request"}"#,
    );
    // The credential check works all the same, and shows what the key reaches.
    bench.get("/api/organizations").await.shows("/totalCount", json!(2));
    bench.sim.settings(|s| s.missing_org_id = MissingOrgId::Answer(403));
    assert_eq!(bench.get(&user(seed::JANE)).await.status, 403);
    bench.sim.settings(|s| s.missing_org_id = MissingOrgId::FirstOrganization);
    assert_eq!(bench.get(&user(seed::JANE)).await.status, 200);
    assert_eq!(bench.get(&user(seed::LABS_USER)).await.status, 404);
}

#[tokio::test]
async fn x_org_id_chooses_the_organization() {
    let msp = ("x-api-key", seed::MSP_KEY);
    let bench = Bench::new().await.sending(&[msp, ("x-org-id", seed::ACME)]);
    assert_eq!(bench.get(&user(seed::JANE)).await.status, 200);
    assert_eq!(bench.get(&user(seed::LABS_USER)).await.status, 404);
    let bench = bench.sending(&[msp, ("x-org-id", seed::LABS)]);
    assert_eq!(bench.get(&user(seed::JANE)).await.status, 404);
    assert_eq!(bench.get(&admin(seed::JANE_ADMIN)).await.status, 404);
    assert_eq!(bench.get(&user(seed::LABS_USER)).await.status, 200);
}

#[tokio::test]
async fn an_organization_the_key_does_not_reach_is_forbidden() {
    let bench = Bench::new().await;
    let key = ("x-api-key", seed::API_KEY);
    let bench = bench.sending(&[key, ("x-org-id", seed::LABS)]);
    bench.get(&user(seed::JANE)).await.is(403, FORBIDDEN);
    let bench = bench.sending(&[key, ("x-org-id", seed::ACME)]);
    assert_eq!(bench.get(&user(seed::JANE)).await.status, 200);
}
