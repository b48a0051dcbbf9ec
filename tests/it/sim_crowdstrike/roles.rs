//! Roles: ids first, then details.

use offramp::sandbox::crowdstrike::seed::{
    ALICE, AUDITOR, CHILD_CID, CHILD_ROLE, CID, ERIN, FOREIGN_CID, FOREIGN_ROLE, OTHER_AUDITOR, ZOE,
};
use offramp::sandbox::crowdstrike::{Role, UnknownRoleDetails};
use serde_json::{Value, json};

use super::{ROLE_DETAILS, ROLE_DETAILS_BY_POST, ROLE_IDS, Site};

fn ids(roles: &[Value]) -> Vec<&str> {
    roles.iter().map(|role| role["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn role_ids_come_all_at_once_without_pages() {
    let site = Site::open().await;
    let answer = site.get(ROLE_IDS, &[("limit", "1"), ("offset", "5")]).await;
    assert_eq!(
        answer.masked(),
        concat!(
            r#"{"meta":{"query_time":0.123,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"errors":[],"#,
            r#""resources":["0a0a0a0a0a0a4a0a8a0a0a0a0a0a0a01","0a0a0a0a0a0a4a0a8a0a0a0a0a0a0a02","#,
            r#""0a0a0a0a0a0a4a0a8a0a0a0a0a0a0a03","event_viewer","falcon_administrator","falcon_analyst","#,
            r#""falcon_read_only","help_desk","quarantine_manager"]}"#
        )
    );
}

#[tokio::test]
async fn the_ids_for_a_user_are_what_could_be_granted_and_not_what_is_held() {
    let site = Site::open().await;
    let all = site.get(ROLE_IDS, &[]).await.ids();
    for user in [ERIN, ALICE] {
        assert_eq!(site.get(ROLE_IDS, &[("user_uuid", user), ("action", "grant")]).await.ids(), all);
    }
    assert_eq!(site.revoke(ALICE, &["falcon_analyst"], CID).await.status, 200);
    assert_eq!(site.get(ROLE_IDS, &[("user_uuid", ALICE)]).await.ids(), all);
    // Custom roles are for users homed where they were made.
    let in_the_child = site.get(ROLE_IDS, &[("cid", CHILD_CID), ("user_uuid", ALICE)]).await.ids();
    assert!(!in_the_child.contains(&CHILD_ROLE.to_owned()));
    let in_the_child = site.get(ROLE_IDS, &[("cid", CHILD_CID), ("user_uuid", ZOE)]).await.ids();
    assert!(in_the_child.contains(&CHILD_ROLE.to_owned()));
}

#[tokio::test]
async fn queries_for_role_ids_of_another_form_are_refused() {
    let site = Site::open().await;
    for (query, status) in [
        (("action", "revoke"), 400),
        (("user_uuid", "nobody"), 400),
        (("cid", "short"), 400),
        (("cid", FOREIGN_CID), 403),
    ] {
        assert_eq!(site.get(ROLE_IDS, &[query]).await.refusal().0, status, "{query:?}");
    }
}

#[tokio::test]
async fn details_tell_built_in_roles_from_custom_ones() {
    let site = Site::open().await;
    let answer = site.get(ROLE_DETAILS, &[("ids", "help_desk"), ("ids", AUDITOR)]).await;
    assert_eq!(
        (answer.status, answer.masked()),
        (
            200,
            format!(
                concat!(
                    r#"{{"meta":{{"query_time":0.123,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"}},"errors":[],"#,
                    r#""resources":[{{"id":"help_desk","display_name":"Help Desk","#,
                    r#""description":"Help Desk of the customer","is_global":true,"type":"default"}},"#,
                    r#"{{"id":"{}","display_name":"Auditor","description":"Auditor of the customer","#,
                    r#""is_global":false,"type":"custom","cid":"{}"}}]}}"#
                ),
                AUDITOR, CID
            )
        )
    );
    let by_post = site.post(ROLE_DETAILS_BY_POST, &json!({"ids": ["help_desk", AUDITOR]})).await.resources();
    assert_eq!(ids(&by_post), [AUDITOR, "help_desk"]);
    assert_eq!(by_post[1], answer.resources()[0]);
}

#[tokio::test]
async fn a_name_may_belong_to_two_roles_and_may_be_anothers_id() {
    let site = Site::open().await;
    let all = site.get(ROLE_IDS, &[]).await.ids();
    let roles = site.post(ROLE_DETAILS_BY_POST, &json!({"ids": all})).await.resources();
    let named = |name: &str| {
        let named: Vec<Value> = roles.iter().filter(|role| role["display_name"] == name).cloned().collect();
        named.iter().map(|role| role["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(named("Auditor"), [AUDITOR, OTHER_AUDITOR]);
    assert_eq!(named("help_desk"), ["0a0a0a0a0a0a4a0a8a0a0a0a0a0a0a03"]);
    assert_eq!(named("Help Desk"), ["help_desk"]);
}

#[tokio::test]
async fn only_unknown_roles_are_404_the_one_404_of_the_api() {
    let site = Site::open().await;
    let answer = site.get(ROLE_DETAILS, &[("ids", "nope"), ("ids", FOREIGN_ROLE)]).await;
    assert_eq!(
        (answer.status, answer.masked().as_str()),
        (
            404,
            concat!(
                r#"{"meta":{"query_time":9.4e-8,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"},"#,
                r#""errors":[{"code":404,"message":"role not found"}]}"#
            )
        )
    );
    let some = [("ids", "nope"), ("ids", "help_desk")];
    assert_eq!(ids(&site.get(ROLE_DETAILS, &some).await.resources()), ["help_desk"]);
    site.falcon.settings(|s| s.unknown_role_details = UnknownRoleDetails::NotFoundIfAny);
    assert_eq!(site.get(ROLE_DETAILS, &some).await.status, 404);
    site.falcon.settings(|s| s.unknown_role_details = UnknownRoleDetails::LeftOut);
    assert!(site.get(ROLE_DETAILS, &some[..1]).await.resources().is_empty());
    // The read by POST just leaves them out.
    assert!(site.post(ROLE_DETAILS_BY_POST, &json!({"ids": ["nope"]})).await.resources().is_empty());
}

#[tokio::test]
async fn custom_roles_of_the_child_are_read_by_the_childs_cid() {
    let site = Site::open().await;
    assert_eq!(site.get(ROLE_DETAILS, &[("ids", CHILD_ROLE)]).await.status, 404);
    let roles = site.get(ROLE_DETAILS, &[("ids", CHILD_ROLE), ("cid", CHILD_CID)]).await.resources();
    assert_eq!(roles[0]["display_name"], "Prüfer");
    let path = format!("{ROLE_DETAILS_BY_POST}?cid={CHILD_CID}");
    assert_eq!(site.post(&path, &json!({"ids": [CHILD_ROLE, AUDITOR]})).await.resources(), roles);
}

#[tokio::test]
async fn details_need_ids() {
    let site = Site::open().await;
    assert_eq!(site.get(ROLE_DETAILS, &[]).await.status, 400);
    assert_eq!(site.get(ROLE_DETAILS, &[("ids", "")]).await.status, 400);
    for body in [json!({}), json!({"ids": []}), json!({"ids": "help_desk"}), json!({"ids": [null]}), json!(1)] {
        assert_eq!(site.post(ROLE_DETAILS_BY_POST, &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_test_may_add_roles_of_its_own() {
    let site = Site::open().await;
    let role = Role { display_name: "Own".to_owned(), description: String::new(), cid: Some(CID.to_owned()) };
    site.falcon.put_role("own", role);
    assert_eq!(site.grant(ERIN, &["own"], CID).await.status, 200);
    assert!(site.falcon.holds(ERIN, "own", CID));
}
