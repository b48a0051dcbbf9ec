//! The role action: who loses what, and what is answered.

use offramp::sandbox::Simulator as _;
use offramp::sandbox::crowdstrike::seed::{
    ALICE, ANA, AUDITOR, BOB, CAROL, CHILD_CID, CHILD_ROLE, CID, DAN, ERIN, FOREIGN_CID, FOREIGN_ROLE, FOREIGNER,
    OTHER_AUDITOR, ZOE,
};
use offramp::sandbox::crowdstrike::{ErrorInside, InheritedOnly, OldRevokeLists, Writes};
use reqwest::Method;
use serde_json::json;

use super::{HELD_ROLES, OLD_USER_ROLES, ROLE_ACTIONS, Site, action, read};

const ACCEPTED: &str = r#"{"meta":{"query_time":0.123,"writes":{"resources_affected":1},"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"errors":[]}"#;

#[tokio::test]
async fn revoking_a_held_role_answers_200_and_takes_exactly_that_role() {
    let site = Site::open().await;
    let before = site.falcon.memberships();

    let answer = site.revoke(ALICE, &["falcon_read_only"], CID).await;

    assert_eq!((answer.status, answer.masked().as_str()), (200, ACCEPTED));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let after = site.falcon.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, [&format!("user {ALICE} holds role falcon_read_only in cid {CID}")]);
    assert!(after.is_subset(&before));
    // The same role in the child stays.
    assert!(site.falcon.holds(ALICE, "falcon_read_only", CHILD_CID));
}

#[tokio::test]
async fn revoking_a_role_not_held_answers_the_same_200() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    let answer = site.revoke(ERIN, &["quarantine_manager"], CID).await;
    assert_eq!((answer.status, answer.masked().as_str()), (200, ACCEPTED));
    assert_eq!(site.falcon.memberships(), before);
}

#[tokio::test]
async fn revoking_twice_answers_200_twice() {
    let site = Site::open().await;
    for _ in 0..2 {
        assert_eq!(site.revoke(ALICE, &["falcon_analyst"], CID).await.masked(), ACCEPTED);
    }
    assert!(!site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn several_roles_go_in_one_call() {
    let site = Site::open().await;
    let answer = site.revoke(ALICE, &["falcon_analyst", "falcon_read_only"], CID).await;
    assert_eq!(answer.json()["meta"]["writes"]["resources_affected"], 2);
    let facts = site.falcon.memberships();
    assert!(!facts.contains(&format!("user {ALICE} holds role falcon_analyst in cid {CID}")));
    assert!(!facts.contains(&format!("user {ALICE} holds role falcon_read_only in cid {CID}")));
    assert!(facts.contains(&format!("user {ALICE} holds role falcon_administrator in cid {CID}")));
}

#[tokio::test]
async fn the_role_in_the_child_is_taken_by_the_childs_cid_and_only_there() {
    let site = Site::open().await;
    assert_eq!(site.revoke(ALICE, &["falcon_read_only"], CHILD_CID).await.status, 200);
    assert!(!site.falcon.holds(ALICE, "falcon_read_only", CHILD_CID));
    assert!(site.falcon.holds(ALICE, "falcon_read_only", CID));
}

#[tokio::test]
async fn one_bad_role_in_a_batch_is_400_and_nothing_is_taken() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    let answer = site.revoke(ALICE, &["falcon_analyst", "no_such_role", "falcon_read_only"], CID).await;
    assert_eq!(
        (answer.status, answer.masked().as_str()),
        (
            400,
            concat!(
                r#"{"meta":{"query_time":9.4e-8,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"#,
                r#""errors":[{"code":400,"message":"invalid roleID='no_such_role' specified"}]}"#
            )
        )
    );
    assert_eq!(site.falcon.memberships(), before);
}

#[tokio::test]
async fn a_custom_role_of_another_cid_is_400_like_an_unknown_one() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    for (user, role, cid) in
        [(ALICE, FOREIGN_ROLE, CID), (ALICE, CHILD_ROLE, CID), (ZOE, CHILD_ROLE, CID), (ANA, AUDITOR, CHILD_CID)]
    {
        let answer = site.revoke(user, &[role], cid).await;
        assert_eq!(answer.refusal(), (400, format!("invalid roleID='{role}' specified")));
    }
    assert_eq!(site.falcon.memberships(), before);
}

#[tokio::test]
async fn of_two_roles_of_one_name_only_the_named_id_is_taken() {
    let site = Site::open().await;
    assert_eq!(site.revoke(ANA, &[OTHER_AUDITOR], CID).await.status, 200);
    assert!(site.falcon.holds(ANA, AUDITOR, CID));
    assert!(!site.falcon.holds(ANA, OTHER_AUDITOR, CID));
    // A name is no id.
    assert_eq!(site.revoke(ANA, &["Auditor"], CID).await.refusal().1, "invalid roleID='Auditor' specified");
}

#[tokio::test]
async fn an_unknown_user_is_400_and_not_404() {
    let site = Site::open().await;
    for user in ["00000000-0000-0000-0000-000000000000", "alice@example.com", "1", FOREIGNER] {
        let answer = site.revoke(user, &["falcon_analyst"], CID).await;
        assert_eq!(
            (answer.status, answer.masked().as_str()),
            (
                400,
                concat!(
                    r#"{"meta":{"query_time":9.4e-8,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"#,
                    r#""errors":[{"code":400,"message":"invalid user uuid"}]}"#
                )
            ),
            "{user}"
        );
    }
}

#[tokio::test]
async fn an_error_inside_a_200_means_that_nothing_was_done() {
    let site = Site::open().await;
    let message = "invalid roleID='falcon_analyst' specified".to_owned();
    site.falcon.settings(|s| s.error_inside_ok = Some(ErrorInside { code: 400, message }));
    let answer = site.revoke(ALICE, &["falcon_analyst"], CID).await;
    assert_eq!(
        (answer.status, answer.masked().as_str()),
        (
            200,
            concat!(
                r#"{"meta":{"query_time":0.123,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"#,
                r#""errors":[{"code":400,"message":"invalid roleID='falcon_analyst' specified"}]}"#
            )
        )
    );
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
}

#[tokio::test]
async fn a_200_without_effect_leaves_the_role_where_it_is() {
    let site = Site::with(|s| s.revoke_has_no_effect = true).await;
    assert_eq!(site.revoke(ALICE, &["falcon_analyst"], CID).await.masked(), ACCEPTED);
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
    assert_eq!(site.shown(ALICE, CID).await.len(), 3);
}

#[tokio::test]
async fn a_direct_grant_goes_and_the_groups_stays_in_effect() {
    let site = Site::with(|s| s.read_lag = std::time::Duration::ZERO).await;
    assert_eq!(site.revoke(CAROL, &["help_desk"], CID).await.status, 200);
    assert!(!site.falcon.holds(CAROL, "help_desk", CID));
    assert_eq!(site.shown(CAROL, CID).await, ["falcon_read_only"]);
    let rows = site.get(HELD_ROLES, &[("user_uuid", CAROL), ("cid", CID)]).await.resources();
    let desk: Vec<_> = rows.iter().filter(|row| row["role_id"] == "help_desk").collect();
    assert_eq!(desk.len(), 1);
    assert_eq!(desk[0]["user_group_name"], "Service Desk");
}

#[tokio::test]
async fn what_a_group_gave_cannot_be_revoked_and_answers_200() {
    let site = Site::open().await;
    let before = site.falcon.memberships();
    // By a user group, and by Flight Control.
    assert_eq!(site.revoke(BOB, &["event_viewer"], CID).await.masked(), ACCEPTED);
    assert_eq!(site.revoke(DAN, &["falcon_analyst"], CHILD_CID).await.masked(), ACCEPTED);
    assert_eq!(site.falcon.memberships(), before);
}

#[tokio::test]
async fn what_a_group_gave_is_400_if_so_switched() {
    let site = Site::with(|s| s.inherited_only = InheritedOnly::Refused).await;
    let before = site.falcon.memberships();
    let answer = site.revoke(BOB, &["event_viewer"], CID).await;
    assert_eq!(answer.refusal(), (400, "roleID='event_viewer' is not granted directly".to_owned()));
    assert_eq!(site.falcon.memberships(), before);
    // One that is granted directly as well can still be taken, and one not held at all is still fine.
    assert_eq!(site.revoke(CAROL, &["help_desk"], CID).await.status, 200);
    assert_eq!(site.revoke(ERIN, &["help_desk"], CID).await.status, 200);
}

#[tokio::test]
async fn the_writes_of_meta_count_roles_named_or_grants_changed_or_are_absent() {
    let site = Site::with(|s| s.writes = Writes::Changed).await;
    let writes = async || {
        let answer = site.revoke(ALICE, &["falcon_analyst", "quarantine_manager"], CID).await;
        answer.json()["meta"]["writes"].clone()
    };
    assert_eq!(writes().await, json!({"resources_affected": 1}));
    assert_eq!(writes().await, json!({"resources_affected": 0}));
    site.falcon.settings(|s| s.writes = Writes::Named);
    assert_eq!(writes().await, json!({"resources_affected": 2}));
    site.falcon.settings(|s| s.writes = Writes::Absent);
    let answer = site.revoke(ALICE, &["falcon_analyst"], CID).await;
    assert_eq!(
        answer.masked(),
        r#"{"meta":{"query_time":0.123,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"errors":[]}"#
    );
}

#[tokio::test]
async fn a_cid_with_checksum_or_in_upper_case_is_400_or_cleaned_if_so_switched() {
    let site = Site::open().await;
    let upper = CID.to_ascii_uppercase();
    let unclean = [format!("{CID}-AB"), upper.clone(), format!("{upper}-1f")];
    for cid in &unclean {
        let answer = site.revoke(ALICE, &["falcon_analyst"], cid).await;
        assert_eq!(answer.refusal(), (400, "invalid cid specified".to_owned()), "{cid}");
    }
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));
    site.falcon.settings(|s| s.unclean_cid_refused = false);
    for cid in &unclean {
        site.falcon.assign(ALICE, "falcon_analyst", CID);
        assert_eq!(site.revoke(ALICE, &["falcon_analyst"], cid).await.status, 200, "{cid}");
        assert!(!site.falcon.holds(ALICE, "falcon_analyst", CID));
    }
    for cid in ["abc", &CID[1..], &format!("{CID}-ABC"), &format!("{CID}0"), "zbcdef1234567890abcdef1234567890"] {
        assert_eq!(site.revoke(ALICE, &["falcon_read_only"], cid).await.status, 400, "{cid}");
    }
}

#[tokio::test]
async fn a_cid_out_of_reach_is_403_or_another_status_if_so_switched() {
    let site = Site::open().await;
    let answer = site.revoke(FOREIGNER, &[FOREIGN_ROLE], FOREIGN_CID).await;
    assert_eq!(answer.refusal().0, 403);
    site.falcon.settings(|s| s.foreign_cid_status = 400);
    assert_eq!(site.revoke(FOREIGNER, &[FOREIGN_ROLE], FOREIGN_CID).await.status, 400);
    assert!(site.falcon.holds(FOREIGNER, FOREIGN_ROLE, FOREIGN_CID));
}

#[tokio::test]
async fn more_than_a_hundred_roles_are_400() {
    let site = Site::open().await;
    let mut roles: Vec<String> = (0..99).map(|n| format!("role_{n}")).collect();
    roles.push("falcon_analyst".to_owned());
    let hundred: Vec<&str> = roles.iter().map(String::as_str).collect();
    // A hundred are looked at, one by one.
    assert_eq!(site.revoke(ALICE, &hundred, CID).await.refusal().1, "invalid roleID='role_0' specified");
    let more = [hundred.as_slice(), &["help_desk"]].concat();
    let answer = site.revoke(ALICE, &more, CID).await;
    assert_eq!(answer.refusal(), (400, "at most 100 role_ids can be specified".to_owned()));
    site.falcon.settings(|s| s.most_roles_per_action = 1);
    assert_eq!(site.revoke(ALICE, &["falcon_analyst", "falcon_read_only"], CID).await.status, 400);
    assert_eq!(site.revoke(ALICE, &["falcon_analyst"], CID).await.status, 200);
}

#[tokio::test]
async fn granting_is_idempotent_and_a_grant_may_end_by_itself() {
    let site = Site::open().await;
    for _ in 0..2 {
        assert_eq!(site.grant(ERIN, &["event_viewer"], CID).await.masked(), ACCEPTED);
    }
    assert!(site.falcon.holds(ERIN, "event_viewer", CID));

    let mut temporary = action("grant", ERIN, &["help_desk"], CID);
    temporary["expires_at"] = json!("2100-01-01T00:00:00Z");
    assert_eq!(site.post(ROLE_ACTIONS, &temporary).await.status, 200);
    assert!(
        site.falcon
            .memberships()
            .contains(&format!("user {ERIN} holds role help_desk in cid {CID} until 2100-01-01T00:00:00Z"))
    );
    site.clock.advance(std::time::Duration::from_secs(75 * 366 * 86_400));
    assert!(!site.falcon.holds(ERIN, "help_desk", CID));

    temporary["expires_at"] = json!("tomorrow");
    assert_eq!(site.post(ROLE_ACTIONS, &temporary).await.status, 400);
    let mut revocation = action("revoke", ERIN, &["event_viewer"], CID);
    revocation["expires_at"] = json!("2100-01-01T00:00:00Z");
    assert_eq!(site.post(ROLE_ACTIONS, &revocation).await.status, 400);
    assert!(site.falcon.holds(ERIN, "event_viewer", CID));
}

#[tokio::test]
async fn a_custom_role_is_granted_only_to_users_homed_in_its_cid() {
    let site = Site::open().await;
    let answer = site.grant(ALICE, &[CHILD_ROLE], CHILD_CID).await;
    assert_eq!(answer.refusal(), (400, format!("invalid roleID='{CHILD_ROLE}' specified")));
    assert_eq!(site.grant(ERIN, &[AUDITOR], CID).await.status, 200);
    assert!(site.falcon.holds(ERIN, AUDITOR, CID));
}

#[tokio::test]
async fn the_deprecated_delete_takes_roles_of_the_tokens_cid_and_lists_them() {
    let site = Site::open().await;
    let token = site.token().await;
    let before = site.falcon.memberships();
    let delete = async |query: String| {
        let path = format!("{OLD_USER_ROLES}?{query}");
        read(site.request(Method::DELETE, &path).bearer_auth(&token)).await
    };
    let answer = delete(format!("user_uuid={ALICE}&ids=falcon_read_only&ids=falcon_analyst")).await;
    assert_eq!(
        answer.masked(),
        concat!(
            r#"{"meta":{"query_time":0.123,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"#,
            r#""errors":[],"resources":["falcon_analyst","falcon_read_only"]}"#
        )
    );
    assert_eq!(before.difference(&site.falcon.memberships()).count(), 2);
    assert!(site.falcon.holds(ALICE, "falcon_read_only", CHILD_CID));

    site.falcon.settings(|s| s.old_revoke_lists = OldRevokeLists::Left);
    assert_eq!(delete(format!("user_uuid={ALICE}&ids=help_desk")).await.ids(), ["falcon_administrator"]);
    assert_eq!(delete(format!("user_uuid={ALICE}&ids=nope")).await.refusal().1, "invalid roleID='nope' specified");
    assert_eq!(delete("user_uuid=nobody&ids=help_desk".to_owned()).await.refusal().1, "invalid user uuid");
    for incomplete in [format!("user_uuid={ALICE}"), "ids=help_desk".to_owned(), String::new()] {
        assert_eq!(delete(incomplete).await.status, 400);
    }
}

#[tokio::test]
async fn the_deprecated_post_grants() {
    let site = Site::open().await;
    let path = format!("{OLD_USER_ROLES}?user_uuid={ERIN}");
    let answer = site.post(&path, &json!({"roleIds": ["help_desk"]})).await;
    assert_eq!(answer.ids(), ["help_desk"]);
    assert!(site.falcon.holds(ERIN, "help_desk", CID));
    assert_eq!(site.post(&path, &json!({"role_ids": ["help_desk"]})).await.status, 400);
}

#[tokio::test]
async fn the_demo_request_finds_one_thing_to_remove() {
    let site = Site::open().await;
    let demo = site.falcon.demo();
    assert_eq!(
        demo.body.to_string(),
        format!(r#"{{"id":"{ALICE}","roles":[{{"id":"falcon_read_only","organization":"{CID}"}}]}}"#)
    );
    assert!(demo.query.is_empty());
    assert!(site.falcon.holds(ALICE, "falcon_read_only", CID));
    let keys: Vec<_> = demo.context.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["client_id", "client_secret", "cloud"]);
    assert_eq!(site.falcon.slug(), "crowdstrike");
}
