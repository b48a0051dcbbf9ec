//! Who is let in: keys, their life, and the rights of the users behind them.

use std::time::Duration;

use super::*;

const CALLER_GONE: &str = r#"{"errors":[{"code":"user.not_found","message":"User not found.","fields":[]}]}"#;

#[tokio::test]
async fn a_missing_wrong_or_doubled_key_is_401_with_the_code_in_the_header() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for authorization in [
        None,
        Some("ApiKey wrong"),
        Some("ApiKey"),
        Some("ApiKey "),
        Some("Bearer sandbox-only-api-key"),
        Some("sandbox-only-api-key"),
        Some("ApiKey sandbox-only-api-ke"),
    ] {
        let mut request = bench
            .request("DELETE", &assignments_of(seed::BOB))
            .header("content-type", "application/json")
            .body(org("billing-admin").to_string());
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let answer = read(request).await;
        answer.is(401, UNAUTHORIZED);
        assert_eq!(answer.header("x-cloud-error-codes"), Some("root.unauthorized"), "{authorization:?}");
    }
    let doubled = bench
        .request("GET", &members_of(seed::ACME))
        .header("authorization", "ApiKey sandbox-only-api-key")
        .header("authorization", "ApiKey sandbox-only-api-key");
    read(doubled).await.is(401, UNAUTHORIZED);
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn the_schemes_case_does_not_matter() {
    let bench = Bench::new().await;
    let request = bench.request("GET", "/api/v1/organizations");
    assert_eq!(read(request.header("authorization", "apikey sandbox-only-api-key")).await.status, 200);
}

#[tokio::test]
async fn an_expired_key_is_401_on_every_call() {
    let bench = Bench::new().await.keyed(seed::EXPIRED_KEY);
    bench.get("/api/v1/organizations").await.is(401, UNAUTHORIZED);
    bench.get(&members_of(seed::ACME)).await.is(401, UNAUTHORIZED);
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(401, UNAUTHORIZED);
    assert!(bench.sim.holds(seed::BOB, &billing_admin()));
}

#[tokio::test]
async fn a_key_lives_for_three_months_on_the_clock() {
    let bench = Bench::new().await;
    bench.clock.advance(Duration::from_secs(89 * 24 * 3600));
    assert_eq!(bench.get(&members_of(seed::ACME)).await.status, 200);
    bench.clock.advance(Duration::from_secs(24 * 3600 + 1));
    bench.get(&members_of(seed::ACME)).await.is(401, UNAUTHORIZED);
}

#[tokio::test]
async fn a_key_near_its_end_says_so_on_every_answer() {
    let bench = Bench::new().await;
    let plenty = bench.get(&members_of(seed::ACME)).await;
    assert_eq!(plenty.header("x-elastic-api-key-expiration"), None);
    let bench = bench.keyed(seed::EXPIRING_KEY);
    for answer in [
        bench.get(&members_of(seed::ACME)).await,
        bench.get("/api/v1/organizations/1000000009").await,
        bench.unassign(seed::BOB, &org("billing-admin")).await,
    ] {
        let expiration: jiff::Timestamp = answer.header("x-elastic-api-key-expiration").unwrap().parse().unwrap();
        let left_s = expiration.as_second() - bench.clock.now_s() as i64;
        assert!((172_000..=172_801).contains(&left_s), "{left_s}");
    }
    bench.sim.expire_key(seed::EXPIRING_KEY, Duration::ZERO);
    bench.get(&members_of(seed::ACME)).await.is(401, UNAUTHORIZED);
}

#[tokio::test]
async fn a_member_who_is_no_organization_admin_reads_and_changes_nothing() {
    let bench = Bench::new().await.keyed(seed::MEMBER_KEY);
    let before = bench.facts();
    assert_eq!(bench.get(&members_of(seed::ACME)).await.status, 200);
    let answer = bench.unassign(seed::GRACE, &org("billing-admin")).await;
    answer.is(403, NOT_MINE);
    assert_eq!(answer.header("x-cloud-error-codes"), Some("role_assignments.unauthorized_role_assignments"));
    // Not even of itself.
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(403, NOT_MINE);
    bench.assign(seed::BOB, &org("organization-admin")).await.is(403, NOT_MINE);
    let membership = format!("{}/{}", members_of(seed::ACME), seed::FINN);
    bench.send("DELETE", &membership, "").await.refuses(403, "organization.invalid_access");
    assert_eq!(bench.facts(), before);
}

#[tokio::test]
async fn a_member_who_is_no_organization_admin_may_not_even_read_if_so_switched() {
    let bench = Bench::with(|s| s.reads_need_admin = true).await.keyed(seed::MEMBER_KEY);
    for path in ["", "/members", "/invitations"] {
        let answer = bench.get(&format!("/api/v1/organizations/{}{path}", seed::ACME)).await;
        answer.is(
            403,
            concat!(
                r#"{"errors":[{"code":"organization.invalid_access","#,
                r#""message":"The current user does not have access to the requested organization.","fields":[]}]}"#
            ),
        );
    }
    let bench = bench.keyed(seed::API_KEY);
    assert_eq!(bench.get(&members_of(seed::ACME)).await.status, 200);
}

#[tokio::test]
async fn a_key_carries_the_rights_its_user_has_now() {
    let bench = Bench::new().await;
    let throne = Assignment::of_organization(seed::ACME, "organization-admin");
    bench.sim.unassign(seed::ADA, &throne);
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(403, NOT_MINE);
    bench.sim.assign(seed::ADA, throne);
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(200, "{}");
}

#[tokio::test]
async fn a_set_that_names_another_organization_is_403_as_a_whole() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for organization in [seed::LABS, seed::OTHER, "1000000009"] {
        let set = json!({"organization": [
            {"role_id": "billing-admin", "organization_id": seed::ACME},
            {"role_id": "billing-admin", "organization_id": organization},
        ]});
        bench.unassign(seed::GRACE, &set).await.is(403, NOT_MINE);
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn the_platforms_roles_are_nobodys_to_take() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.shown(seed::STAFF).await,
        concat!(
            r#"{"platform":[{"role_id":"platform-viewer"}],"#,
            r#""organization":[{"organization_id":"1000000001","role_id":"billing-admin"}]}"#
        )
    );
    let before = bench.facts();
    let answer = bench.unassign(seed::STAFF, &json!({"platform": [{"role_id": "platform-viewer"}]})).await;
    answer.is(403, NOT_MINE);
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_key_whose_user_is_gone_is_401_user_not_found_where_organizations_are_read() {
    let bench = Bench::new().await.keyed(seed::ORPHAN_KEY);
    let answer = bench.get("/api/v1/organizations").await;
    answer.is(401, CALLER_GONE);
    assert_eq!(answer.header("x-cloud-error-codes"), Some("user.not_found"));
    bench.get("/api/v1/organizations/1000000001").await.is(401, CALLER_GONE);
    bench.get(&members_of(seed::ACME)).await.is(401, UNAUTHORIZED);
    bench.unassign(seed::BOB, &org("billing-admin")).await.is(401, UNAUTHORIZED);
}
