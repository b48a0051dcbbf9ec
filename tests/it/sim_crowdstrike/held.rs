//! The read of held roles: its rows, its lag, its filters and pages.

use std::time::Duration;

use offramp::sandbox::Simulator as _;
use offramp::sandbox::crowdstrike::seed::{
    ALICE, BOB, CAROL, CHILD_CID, CHILD_ROLE, CID, DAN, ERIN, FOREIGN_CID, FOREIGNER, TEMPORARY, ZOE,
};
use serde_json::{Value, json};

use super::{HELD_ROLES, ROLE_ACTIONS, Site, action};

fn names(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_direct_grant_reads_with_empty_groups() {
    let site = Site::open().await;
    let query =
        [("user_uuid", ALICE), ("cid", CID), ("direct_only", "true"), ("filter", "role_id:'falcon_administrator'")];
    let answer = site.get(HELD_ROLES, &query).await;
    assert_eq!(
        answer.masked(),
        format!(
            concat!(
                r#"{{"meta":{{"query_time":0.123,"pagination":{{"limit":100,"offset":0,"total":1}},"#,
                r#""powered_by":"cs.flightcontrolapi","trace_id":"TRACE"}},"errors":[],"resources":["#,
                r#"{{"uuid":"{}","cid":"{}","role_id":"falcon_administrator","role_name":"Falcon Administrator","#,
                r#""grant_type":"direct","user_group_id":"","user_group_name":"","cid_group_id":"","#,
                r#""cid_group_name":"","parent_cid":""}}]}}"#
            ),
            ALICE, CID
        )
    );
}

#[tokio::test]
async fn only_a_temporary_grant_tells_when_it_ends() {
    let site = Site::open().await;
    let rows = site.get(HELD_ROLES, &[("user_uuid", TEMPORARY)]).await.resources();
    assert_eq!(names(&rows, "expires_at"), ["2099-12-31T23:59:59Z"]);
    let rows = site.get(HELD_ROLES, &[("user_uuid", ALICE)]).await.resources();
    assert!(rows.iter().all(|row| row.get("expires_at").is_none()));
}

#[tokio::test]
async fn what_groups_give_is_read_unless_only_direct_grants_are_asked_for() {
    let site = Site::open().await;
    let rows = site.get(HELD_ROLES, &[("user_uuid", BOB), ("cid", CID)]).await.resources();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["role_id"], "event_viewer");
    assert_eq!(rows[0]["grant_type"], "user_group");
    assert_eq!(rows[0]["user_group_id"], "9d9d9d9d9d9d4d9d8d9d9d9d9d9d9d01");
    assert_eq!(rows[0]["user_group_name"], "Event Readers");
    assert!(site.shown(BOB, CID).await.is_empty());

    let rows = site.get(HELD_ROLES, &[("user_uuid", DAN), ("cid", CHILD_CID), ("direct_only", "false")]).await;
    let rows = rows.resources();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["grant_type"], "cid_group");
    assert_eq!(rows[0]["cid_group_name"], "All Subsidiaries");
    assert_eq!(rows[0]["parent_cid"], CID);
    assert_eq!(rows[0]["user_group_id"], "");
    assert!(site.shown(DAN, CHILD_CID).await.is_empty());

    // Twice the same role: once directly, once by group.
    let rows = site.get(HELD_ROLES, &[("user_uuid", CAROL), ("filter", "role_id:'help_desk'")]).await.resources();
    assert_eq!(names(&rows, "grant_type"), ["direct", "user_group"]);
}

#[tokio::test]
async fn the_words_for_kinds_of_grants_are_the_settings() {
    let site = Site::with(|s| s.grant_types = ["DIRECT", "", "3"].map(str::to_owned)).await;
    let rows = site.get(HELD_ROLES, &[("user_uuid", CAROL)]).await.resources();
    assert_eq!(names(&rows, "grant_type"), ["DIRECT", "DIRECT", ""]);
}

#[tokio::test]
async fn an_empty_cid_means_the_tokens() {
    let site = Site::open().await;
    for query in [vec![("user_uuid", ALICE)], vec![("user_uuid", ALICE), ("cid", "")]] {
        let rows = site.get(HELD_ROLES, &query).await.resources();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row["cid"] == CID));
    }
    let rows = site.get(HELD_ROLES, &[("user_uuid", ALICE), ("cid", CHILD_CID)]).await.resources();
    assert_eq!(names(&rows, "role_id"), ["falcon_read_only"]);
}

#[tokio::test]
async fn the_deprecated_first_version_reads_the_same() {
    let site = Site::open().await;
    let query = [("user_uuid", CAROL)];
    let first = site.get("/user-management/combined/user-roles/v1", &query).await.resources();
    assert_eq!(first, site.get(HELD_ROLES, &query).await.resources());
}

#[tokio::test]
async fn reads_show_the_old_state_for_35_seconds() {
    let site = Site::open().await;
    assert_eq!(site.revoke(ALICE, &["falcon_analyst"], CID).await.status, 200);
    assert_eq!(site.grant(ERIN, &["help_desk"], CID).await.status, 200);
    // Done at once, and shown later.
    assert!(!site.falcon.holds(ALICE, "falcon_analyst", CID));
    assert!(site.falcon.holds(ERIN, "help_desk", CID));
    for _ in 0..2 {
        let shown = site.shown(ALICE, CID).await;
        assert_eq!(shown, ["falcon_administrator", "falcon_analyst", "falcon_read_only"]);
        assert!(site.shown(ERIN, CID).await.is_empty());
        site.clock.advance(Duration::from_secs(15));
    }
    site.clock.advance(Duration::from_secs(6));
    assert_eq!(site.shown(ALICE, CID).await, ["falcon_administrator", "falcon_read_only"]);
    assert_eq!(site.shown(ERIN, CID).await, ["help_desk"]);
}

#[tokio::test]
async fn the_lag_may_be_none_or_90_seconds() {
    let site = Site::open().await;
    site.falcon.turn("read_lag_ms", &json!(0)).unwrap();
    site.revoke(ALICE, &["falcon_analyst"], CID).await;
    assert_eq!(site.shown(ALICE, CID).await, ["falcon_administrator", "falcon_read_only"]);

    site.falcon.turn("read_lag_ms", &json!(90_000)).unwrap();
    site.clock.advance(Duration::from_secs(90));
    site.revoke(ALICE, &["falcon_read_only"], CID).await;
    site.clock.advance(Duration::from_secs(88));
    assert_eq!(site.shown(ALICE, CID).await, ["falcon_administrator", "falcon_read_only"]);
    site.clock.advance(Duration::from_secs(3));
    assert_eq!(site.shown(ALICE, CID).await, ["falcon_administrator"]);
    site.falcon.turn("read_lag", &json!(1)).unwrap_err();
}

#[tokio::test]
async fn taken_and_given_back_within_the_lag_is_shown_as_held_throughout() {
    let site = Site::open().await;
    site.revoke(ALICE, &["falcon_analyst"], CID).await;
    site.clock.advance(Duration::from_secs(20));
    site.grant(ALICE, &["falcon_analyst"], CID).await;
    assert_eq!(site.shown(ALICE, CID).await.len(), 3);
    // The revocation is shown before the grant is.
    site.clock.advance(Duration::from_secs(20));
    assert_eq!(site.shown(ALICE, CID).await.len(), 2);
    site.clock.advance(Duration::from_secs(20));
    assert_eq!(site.shown(ALICE, CID).await.len(), 3);
}

#[tokio::test]
async fn filters_speak_of_role_ids_names_and_ends() {
    let site = Site::open().await;
    let role_ids = async |filter: &str| {
        let rows = site.get(HELD_ROLES, &[("user_uuid", ALICE), ("filter", filter)]).await.resources();
        names(&rows, "role_id").join(" ")
    };
    assert_eq!(role_ids("role_name:'Falcon Analyst'").await, "falcon_analyst");
    assert_eq!(role_ids("role_name:*'falcon*only'").await, "falcon_read_only");
    assert_eq!(role_ids("role_name:~'analyst'").await, "falcon_analyst falcon_read_only");
    assert_eq!(role_ids("role_id:['falcon_analyst','falcon_read_only']").await, "falcon_analyst falcon_read_only");
    assert_eq!(role_ids("role_id:!'falcon_analyst'").await, "falcon_administrator falcon_read_only");
    assert_eq!(role_ids("role_id:'falcon_analyst',role_id:'x'").await, "falcon_analyst");
    assert_eq!(role_ids("role_id:'falcon_analyst'+role_name:'x'").await, "");
    assert_eq!(role_ids("expires_at:>'2026-01-01T00:00:00Z'").await, "");
    let rows = site.get(HELD_ROLES, &[("user_uuid", TEMPORARY), ("filter", "expires_at:>='2099-12-31T23:59:59Z'")]);
    assert_eq!(rows.await.resources().len(), 1);
    for filter in ["cid:'x'", "role_id:falcon_analyst", "role_id", "role_id:'x", "role_id:'x'+", "(role_id:'x'"] {
        let answer = site.get(HELD_ROLES, &[("user_uuid", ALICE), ("filter", filter)]).await;
        assert_eq!(answer.refusal(), (400, "invalid filter specified".to_owned()), "{filter}");
    }
}

#[tokio::test]
async fn rows_are_paged_by_offset() {
    let site = Site::open().await;
    let page = async |offset: &str| {
        let query = [("user_uuid", ALICE), ("limit", "2"), ("offset", offset)];
        let answer = site.get(HELD_ROLES, &query).await;
        (answer.json()["meta"]["pagination"].to_string(), names(&answer.resources(), "role_id"))
    };
    let (first, second, third) = (page("0").await, page("2").await, page("4").await);
    assert_eq!(first.0, r#"{"limit":2,"offset":0,"total":3}"#);
    assert_eq!(first.1, ["falcon_administrator", "falcon_analyst"]);
    assert_eq!((second.0.as_str(), second.1.len()), (r#"{"limit":2,"offset":2,"total":3}"#, 1));
    assert_eq!(second.1, ["falcon_read_only"]);
    assert!(third.1.is_empty());

    // A server that gives less than it was asked for says so.
    site.falcon.settings(|s| s.most_rows_per_page = Some(1));
    assert_eq!(page("1").await, (r#"{"limit":1,"offset":1,"total":3}"#.to_owned(), vec!["falcon_analyst".to_owned()]));
}

#[tokio::test]
async fn rows_are_sorted_by_role_name_unless_asked_otherwise() {
    let site = Site::open().await;
    let sorted = async |sort: &str| site.get(HELD_ROLES, &[("user_uuid", ALICE), ("sort", sort)]).await;
    let by_name = ["Falcon Administrator", "Falcon Analyst", "Falcon Analyst - Read Only"];
    assert_eq!(names(&sorted("").await.resources(), "role_name"), by_name);
    assert_eq!(names(&sorted("role_name|asc").await.resources(), "role_name"), by_name);
    let mut downwards = by_name;
    downwards.reverse();
    assert_eq!(names(&sorted("role_name|desc").await.resources(), "role_name"), downwards);
    for sort in ["role_id", "role_name|up", "role_name.asc", "|"] {
        assert_eq!(sorted(sort).await.status, 400, "{sort}");
    }
}

#[tokio::test]
async fn queries_of_another_form_are_400() {
    let site = Site::open().await;
    for query in [
        vec![],
        vec![("user_uuid", "")],
        vec![("user_uuid", "nobody")],
        vec![("user_uuid", FOREIGNER)],
        vec![("user_uuid", ALICE), ("cid", "short")],
        vec![("user_uuid", ALICE), ("direct_only", "yes")],
        vec![("user_uuid", ALICE), ("limit", "0")],
        vec![("user_uuid", ALICE), ("limit", "501")],
        vec![("user_uuid", ALICE), ("limit", "ten")],
        vec![("user_uuid", ALICE), ("offset", "-1")],
    ] {
        let answer = site.get(HELD_ROLES, &query).await;
        assert_eq!(answer.refusal().0, 400, "{query:?}");
    }
    let answer = site.get(HELD_ROLES, &[("user_uuid", ALICE), ("cid", FOREIGN_CID)]).await;
    assert_eq!(answer.status, 403);
    assert_eq!(site.get(HELD_ROLES, &[("user_uuid", "nobody")]).await.refusal().1, "invalid user uuid");
}

#[tokio::test]
async fn a_token_locked_to_the_child_reads_and_revokes_there_and_nowhere_else() {
    let site = Site::open().await;
    let fields =
        [("client_id", "offramp-sandbox"), ("client_secret", "sandbox-only-secret"), ("member_cid", CHILD_CID)];
    let token = site.ask_token(&fields).await.json()["access_token"].as_str().unwrap().to_owned();
    let rows = site.get_as(&token, HELD_ROLES, &[("user_uuid", ALICE)]).await.resources();
    assert_eq!(names(&rows, "cid"), [CHILD_CID]);
    let answer = site.get_as(&token, HELD_ROLES, &[("user_uuid", ALICE), ("cid", CID)]).await;
    assert_eq!(answer.status, 403);
    let parent = action("revoke", ALICE, &["falcon_read_only"], CID);
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &parent).await.status, 403);
    // Nobody of the parent alone is seen.
    let invisible = action("revoke", CAROL, &["help_desk"], CHILD_CID);
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &invisible).await.refusal().1, "invalid user uuid");
    let child = action("revoke", ZOE, &[CHILD_ROLE], CHILD_CID);
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &child).await.status, 200);
    assert!(!site.falcon.holds(ZOE, CHILD_ROLE, CHILD_CID));
    assert!(site.falcon.holds(ALICE, "falcon_read_only", CID));
}
