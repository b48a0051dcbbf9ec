//! Keys: which pair of headers opens the API, and what a plan or a key may lack.

use offramp::sandbox::Simulator;
use offramp::sandbox::voucherify::{RestrictedKey, seed};
use reqwest::Method;

use super::{Answer, Site, read, user_path, users_path};

const UNAUTHORIZED: &str = r#"{"code":401,"message":"Unauthorized","key":"unauthorized"}"#;

/// Every endpoint there is.
fn endpoints() -> [(Method, String); 6] {
    let user = user_path(seed::TEST, seed::SAMMY);
    [
        (Method::DELETE, user.clone()),
        (Method::GET, user.clone()),
        (Method::PUT, user),
        (Method::GET, users_path(seed::TEST)),
        (Method::POST, users_path(seed::TEST)),
        (Method::GET, "/management/v1/projects".to_owned()),
    ]
}

async fn unassign_as(site: &Site, headers: &[(&str, &str)]) -> Answer {
    let mut request = site.bare(Method::DELETE, &user_path(seed::TEST, seed::SAMMY));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    read(request).await
}

#[tokio::test]
async fn a_call_without_a_key_is_401_on_every_endpoint() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    for (method, path) in endpoints() {
        let answer = read(site.bare(method.clone(), &path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, UNAUTHORIZED), "{method} {path}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn a_key_that_is_not_one_pair_is_401() {
    let site = Site::open().await;
    let (id, token) = (("X-Management-Id", seed::MANAGEMENT_ID), ("X-Management-Token", seed::MANAGEMENT_TOKEN));
    let bearer = format!("Bearer {}", seed::MANAGEMENT_TOKEN);
    for headers in [
        [id].as_slice(),
        &[token],
        &[id, ("X-Management-Token", "")],
        &[id, ("X-Management-Token", "sandbox-only-secre")],
        &[id, ("X-Management-Token", "Sandbox-Only-Secret")],
        &[id, ("X-Management-Token", seed::RESTRICTED_TOKEN)],
        &[("X-Management-Id", seed::RESTRICTED_ID), token],
        &[("X-Management-Id", "nobody"), token],
        &[("X-Management-Id", seed::MANAGEMENT_TOKEN), ("X-Management-Token", seed::MANAGEMENT_ID)],
        &[id, token, token],
        &[id, id, token],
        // The headers of the vendor's other API.
        &[("X-App-Id", seed::MANAGEMENT_ID), ("X-App-Token", seed::MANAGEMENT_TOKEN)],
        &[("Authorization", bearer.as_str())],
    ] {
        let answer = unassign_as(&site, headers).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, UNAUTHORIZED), "{headers:?}");
    }
    assert!(site.organization.role(seed::SAMMY, seed::TEST).is_some());
    assert_eq!(unassign_as(&site, &[id, token]).await.status, 204);
}

#[tokio::test]
async fn a_rotated_token_refuses_the_old_one() {
    let site = Site::open().await;
    site.organization.rotate_token(seed::MANAGEMENT_ID, "another");
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.body, UNAUTHORIZED);
    let answer =
        unassign_as(&site, &[("X-Management-Id", seed::MANAGEMENT_ID), ("X-Management-Token", "another")]).await;
    assert_eq!(answer.status, 204);
}

#[tokio::test]
async fn a_key_that_may_not_manage_users_is_403_or_401_if_so_switched() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    let restricted = [("X-Management-Id", seed::RESTRICTED_ID), ("X-Management-Token", seed::RESTRICTED_TOKEN)];
    unassign_as(&site, &restricted).await.is(
        403,
        concat!(
            r#"{"code":403,"key":"forbidden","message":"Forbidden","#,
            r#""details":"The management key does not allow this operation","request_id":"v-0e9a1b979a80a99053"}"#
        ),
    );
    site.organization.settings(|s| s.restricted_key = RestrictedKey::Unauthorized);
    let answer = unassign_as(&site, &restricted).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, UNAUTHORIZED));
    assert_eq!(site.organization.memberships(), before);
}

#[tokio::test]
async fn a_plan_without_the_feature_is_402_on_every_endpoint() {
    let site = Site::open().await;
    let before = site.organization.memberships();
    site.organization.settings(|s| s.feature_missing = true);
    for (method, path) in endpoints() {
        let answer = read(site.request(method.clone(), &path)).await;
        assert_eq!(answer.status, 402, "{method} {path}");
        assert_eq!(
            answer.body,
            concat!(
                r#"{"code":402,"message":"Payment required","#,
                r#""details":"Your current plan does not include a feature required to perform this operation.","#,
                r#""key":"missing_required_feature"}"#
            )
        );
    }
    // Who has no key does not learn of the plan.
    assert_eq!(unassign_as(&site, &[]).await.body, UNAUTHORIZED);
    assert_eq!(site.organization.memberships(), before);
}
