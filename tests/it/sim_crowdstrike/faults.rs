//! Bad days of network and provider, planted in front of the simulator.

use std::time::Duration;

use offramp::sandbox::crowdstrike::seed::{ALICE, CID};
use offramp::sandbox::{Fault, Simulator as _};
use reqwest::Method;

use super::{HELD_ROLES, ROLE_ACTIONS, Site, action};

const ANALYST: &[&str] = &["falcon_analyst"];

#[tokio::test]
async fn a_500_has_the_envelope_and_may_come_before_the_write() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    let error = site.falcon.error(500, "Internal Server Error");
    site.server.faults.once("POST", "user-role-actions", Fault::Answer(error));
    let answer = site.revoke(ALICE, ANALYST, CID).await;
    assert_eq!(
        (answer.status, answer.masked().as_str()),
        (
            500,
            concat!(
                r#"{"meta":{"query_time":9.4e-8,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"#,
                r#""errors":[{"code":500,"message":"Internal Server Error"}]}"#
            )
        )
    );
    assert_eq!(site.falcon.memberships(), before);
}

#[tokio::test]
async fn a_500_a_502_a_503_or_a_504_may_hide_a_revocation_that_happened() {
    let site = Site::open().await;
    for status in [500, 502, 503, 504] {
        site.falcon.assign(ALICE, "falcon_analyst", CID);
        let error = site.falcon.error(status, "unavailable");
        site.server.faults.once("POST", "user-role-actions", Fault::ActThenAnswer(error));
        assert_eq!(site.revoke(ALICE, ANALYST, CID).await.status, status);
        assert!(!site.falcon.holds(ALICE, "falcon_analyst", CID));
    }
}

#[tokio::test]
async fn a_time_out_may_hide_a_revocation_that_happened() {
    let site = Site::open().await;
    let token = site.token().await;
    let silence = Duration::from_secs(5);
    for (fault, held_after) in [(Fault::HangBefore(silence), true), (Fault::HangAfter(silence), false)] {
        site.server.faults.once("POST", "user-role-actions", fault);
        let request = site
            .request(Method::POST, ROLE_ACTIONS)
            .bearer_auth(&token)
            .json(&action("revoke", ALICE, ANALYST, CID))
            .timeout(Duration::from_millis(300));
        assert!(request.send().await.unwrap_err().is_timeout());
        assert_eq!(site.falcon.holds(ALICE, "falcon_analyst", CID), held_after);
    }
}

#[tokio::test]
async fn a_read_that_fails_after_the_write_leaves_the_write_done() {
    let site = Site::open().await;
    assert_eq!(site.revoke(ALICE, ANALYST, CID).await.status, 200);
    site.server.faults.once("GET", "combined/user-roles", Fault::Answer(site.falcon.error(500, "unavailable")));
    assert_eq!(site.get(HELD_ROLES, &[("user_uuid", ALICE)]).await.status, 500);
    assert!(!site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn a_client_may_lose_its_access_in_the_middle_of_a_run() {
    let site = Site::open().await;
    let token = site.token().await;
    let first = action("revoke", ALICE, ANALYST, CID);
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &first).await.status, 200);
    site.falcon.settings(|s| s.address_not_allowed = true);
    let second = action("revoke", ALICE, &["falcon_read_only"], CID);
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &second).await.status, 403);
    assert!(site.falcon.holds(ALICE, "falcon_read_only", CID));
}
