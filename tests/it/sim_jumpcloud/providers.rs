//! Candidate C: administrators of a provider and the organizations they reach.

use offramp::sandbox::Simulator as _;
use offramp::sandbox::jumpcloud::seed;
use serde_json::json;

use super::{Bench, user};

const NOT_FOUND: &str = r#"{"code":404,"message":"Not Found","status":"Not Found"}"#;

async fn msp() -> Bench {
    Bench::new().await.sending(&[("x-api-key", seed::MSP_KEY)])
}

fn links() -> String {
    format!("/api/v2/administrators/{}/organizationlinks", seed::MSP_ADMIN)
}

#[tokio::test]
async fn taking_an_administrator_out_of_an_organization_answers_204() {
    let bench = msp().await;
    let before = bench.sim.memberships();
    bench.delete(&format!("{}/{}", links(), seed::LABS)).await.is(204, "");
    let after = bench.sim.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, ["administrator 5c3536e9e0a6840001872786 reaches organization 5c3536e9e0a6840001872701"]);
    bench
        .get(&links())
        .await
        .is(200, r#"[{"administrator":"5c3536e9e0a6840001872786","organization":"5c3536e9e0a6840001872700"}]"#);
    bench.delete(&format!("{}/{}", links(), seed::LABS)).await.is(404, NOT_FOUND);
    let bench = bench.sending(&[("x-api-key", seed::MSP_KEY), ("x-org-id", seed::LABS)]);
    assert_eq!(bench.get(&user(seed::LABS_USER)).await.status, 403);
}

#[tokio::test]
async fn an_existing_link_is_a_conflict_and_an_unknown_organization_404() {
    let bench = msp().await;
    let again = bench.post(&links(), &json!({"organization": seed::LABS}).to_string()).await;
    assert_eq!(again.status, 409);
    let unknown = bench.post(&links(), r#"{"organization":"ffffffffffffffffffffffff"}"#).await;
    unknown.is(404, NOT_FOUND);
    assert_eq!(bench.post(&links(), "{}").await.status, 400);
}

#[tokio::test]
async fn the_administrators_of_an_organization_can_be_listed() {
    let bench = msp().await;
    let path = format!("/api/v2/organizations/{}/administratorlinks", seed::ACME);
    bench
        .get(&path)
        .await
        .is(200, r#"[{"administrator":"5c3536e9e0a6840001872786","organization":"5c3536e9e0a6840001872700"}]"#);
}

#[tokio::test]
async fn a_provider_lists_its_administrators_with_registered() {
    let bench = msp().await;
    let path = format!("/api/v2/providers/{}/administrators", seed::PROVIDER);
    let answer = bench.get(&path).await;
    answer.shows("/totalCount", json!(1));
    answer.shows("/results/0/id", json!(seed::MSP_ADMIN));
    answer.shows("/results/0/registered", json!(true));
    answer.shows("/results/0/organizationAccessTotal", json!(2));
    bench.get("/api/v2/providers/ffffffffffffffffffffffff/administrators").await.is(404, NOT_FOUND);
}

#[tokio::test]
async fn a_single_tenant_key_changes_no_links() {
    let bench = Bench::new().await;
    let before = bench.sim.memberships();
    let forbidden = r#"{"code":403,"message":"Forbidden","status":"Forbidden"}"#;
    bench.delete(&format!("{}/{}", links(), seed::ACME)).await.is(403, forbidden);
    assert_eq!(bench.sim.memberships(), before);
}

#[tokio::test]
async fn a_deleted_administrator_reaches_no_organization_any_more() {
    let bench = Bench::new().await;
    let before = bench.sim.memberships();
    let path = format!("/api/users/{}", seed::MSP_ADMIN);
    assert_eq!(bench.delete(&path).await.status, 200);
    let after = bench.sim.memberships();
    let lost: Vec<_> = before.difference(&after).map(String::as_str).collect();
    assert_eq!(lost.len(), 5, "{lost:?}");
    assert_eq!(
        lost[3..],
        [
            "administrator 5c3536e9e0a6840001872786 reaches organization 5c3536e9e0a6840001872700",
            "administrator 5c3536e9e0a6840001872786 reaches organization 5c3536e9e0a6840001872701",
        ]
    );
}
