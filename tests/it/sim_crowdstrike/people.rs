//! Users: looked up by filter, read by id, created and deleted.

use offramp::sandbox::Simulator as _;
use offramp::sandbox::crowdstrike::seed::{
    ALICE, ANA, BIG_ALICE, CHILD_CID, CHILD_CLIENT_ID, CHILD_CLIENT_SECRET, CID, DAN, EXTERNAL, FAR_ALICE, FOREIGNER,
    INVITED, SEAMUS, TEMPORARY, ZOE,
};
use offramp::sandbox::crowdstrike::{Matching, NoLogin, UnknownUsers, User};
use reqwest::Method;
use serde_json::json;

use super::{Site, USER_DETAILS, USER_IDS, USERS, read};

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

async fn found(site: &Site, filter: &str) -> Vec<String> {
    site.get(USER_IDS, &[("filter", filter)]).await.ids()
}

#[tokio::test]
async fn a_user_reads_with_every_documented_field() {
    let site = Site::open().await;
    let answer = site.post(USER_DETAILS, &json!({"ids": [ALICE]})).await;
    assert_eq!(
        (answer.status, answer.masked()),
        (
            200,
            format!(
                concat!(
                    r#"{{"meta":{{"query_time":0.123,"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"}},"errors":[],"#,
                    r#""resources":[{{"uuid":"{}","uid":"alice@example.com","cid":"{}","first_name":"Alice","#,
                    r#""last_name":"Anderson","status":"active","user_type":"internal","factors":["2fa"],"#,
                    r#""created_at":"2024-01-02T03:04:05Z","updated_at":"2024-05-02T03:04:05Z","#,
                    r#""access_granted_at":"2024-01-02T03:04:05Z","last_login_at":"2026-11-01T08:00:00Z"}}]}}"#
                ),
                ALICE, CID
            )
        )
    );
}

#[tokio::test]
async fn a_user_who_never_came_has_the_zero_time_or_none() {
    let site = Site::open().await;
    let invited = async || site.post(USER_DETAILS, &json!({"ids": [INVITED]})).await.resources()[0].clone();
    let user = invited().await;
    assert_eq!(user["status"], "inactive");
    assert_eq!(user["factors"], json!([]));
    assert_eq!(user["last_login_at"], "0001-01-01T00:00:00Z");
    site.falcon.settings(|s| (s.no_login, s.user_type_shown) = (NoLogin::Absent, false));
    let user = invited().await;
    assert!(user.get("last_login_at").is_none());
    assert!(user.get("user_type").is_none());
}

#[tokio::test]
async fn unknown_ids_are_missing_from_the_answer_or_400_if_so_switched() {
    let site = Site::open().await;
    let body = json!({"ids": [ALICE, NOBODY, FOREIGNER, EXTERNAL]});
    let users = site.post(USER_DETAILS, &body).await.resources();
    let ids: Vec<_> = users.iter().map(|u| u["uuid"].as_str().unwrap()).collect();
    assert_eq!(ids, [ALICE, EXTERNAL]);
    assert_eq!(users[1]["user_type"], "external");
    assert!(site.post(USER_DETAILS, &json!({"ids": [NOBODY]})).await.resources().is_empty());

    site.falcon.settings(|s| s.unknown_users = UnknownUsers::BadRequest);
    assert_eq!(site.post(USER_DETAILS, &body).await.refusal(), (400, "invalid user uuid".to_owned()));
}

#[tokio::test]
async fn five_thousand_ids_are_read_and_not_one_more() {
    let site = Site::open().await;
    let ids: Vec<String> = (0..5001).map(|n| format!("{n:036}")).collect();
    assert_eq!(site.post(USER_DETAILS, &json!({"ids": ids[..5000]})).await.status, 200);
    assert_eq!(site.post(USER_DETAILS, &json!({"ids": ids})).await.status, 400);
    for body in [json!({}), json!({"ids": []}), json!({"ids": ALICE}), json!({"ids": [1]}), json!([ALICE])] {
        assert_eq!(site.post(USER_DETAILS, &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn an_address_finds_its_user_and_not_those_whose_address_contains_it() {
    let site = Site::open().await;
    let answer = site.get(USER_IDS, &[("filter", "uid:'alice@example.com'")]).await;
    assert_eq!(
        answer.masked(),
        format!(
            concat!(
                r#"{{"meta":{{"query_time":0.123,"pagination":{{"limit":100,"offset":0,"total":1}},"#,
                r#""powered_by":"cs.flightcontrolapi","trace_id":"TRACE"}},"errors":[],"resources":["{}"]}}"#
            ),
            ALICE
        )
    );
    assert!(found(&site, "uid:'nobody@example.com'").await.is_empty());
    assert_eq!(found(&site, "uid:'Alice@Example.COM'").await, [ALICE]);
}

#[tokio::test]
async fn a_filter_may_match_exactly_or_by_content_if_so_switched() {
    let site = Site::with(|s| s.matching = Matching::Exact).await;
    assert!(found(&site, "uid:'Alice@Example.COM'").await.is_empty());
    assert_eq!(found(&site, "uid:'alice@example.com'").await, [ALICE]);
    site.falcon.settings(|s| s.matching = Matching::Contains);
    assert_eq!(found(&site, "uid:'alice@example.com'").await, [ALICE, FAR_ALICE, BIG_ALICE]);
}

#[tokio::test]
async fn a_quote_in_an_address_must_be_escaped_and_a_plus_percent_encoded() {
    let site = Site::open().await;
    assert_eq!(found(&site, r"uid:'s.o\'brien@example.com'").await, [SEAMUS]);
    let answer = site.get(USER_IDS, &[("filter", "uid:'s.o'brien@example.com'")]).await;
    assert_eq!(answer.refusal(), (400, "invalid filter specified".to_owned()));
    assert_eq!(found(&site, "uid:'ana+ops@example.com'").await, [ANA]);
    let (status, body) = site.raw("GET", &format!("{USER_IDS}?filter=uid:%27ana+ops@example.com%27")).await;
    assert_eq!(status, 200);
    assert!(body.ends_with(r#""resources":[]}"#), "{body}");
}

#[tokio::test]
async fn filters_speak_of_names_states_and_cids() {
    let site = Site::open().await;
    assert_eq!(found(&site, "name:'alice anderson'").await, [ALICE, BIG_ALICE]);
    assert_eq!(found(&site, "last_name:'王小明'").await, [ZOE]);
    assert_eq!(found(&site, "status:'inactive'+first_name:'Inga'").await, [INVITED]);
    assert_eq!(found(&site, &format!("uuid:['{ALICE}','{NOBODY}']")).await, [ALICE]);
    assert_eq!(found(&site, &format!("cid:'{CHILD_CID}'")).await, [ZOE]);
    assert_eq!(found(&site, &format!("direct_assigned_cids:'{CHILD_CID}'")).await, [ALICE, ZOE]);
    assert_eq!(found(&site, &format!("assigned_cids:'{CHILD_CID}'")).await, [ALICE, DAN, ZOE]);
    assert_eq!(found(&site, "has_temporary_roles:true").await, [TEMPORARY]);
    assert_eq!(found(&site, &format!("temporarily_assigned_cids:'{CID}'")).await, [TEMPORARY]);
    for filter in ["email:'alice@example.com'", "uid=alice", "uid:alice@example.com", "'", ":", "()"] {
        assert_eq!(site.get(USER_IDS, &[("filter", filter)]).await.status, 400, "{filter}");
    }
}

#[tokio::test]
async fn all_users_within_reach_are_listed_page_by_page_by_address() {
    let site = Site::open().await;
    let all = site.get(USER_IDS, &[]).await;
    assert_eq!(all.json()["meta"]["pagination"], json!({"limit": 100, "offset": 0, "total": 14}));
    let all = all.ids();
    assert_eq!(all.len(), 14);
    assert_eq!(all[..2], [ALICE, FAR_ALICE]);
    assert!(!all.contains(&FOREIGNER.to_owned()));

    site.falcon.settings(|s| s.most_rows_per_page = Some(5));
    let mut paged = Vec::new();
    for offset in ["0", "5", "10"] {
        let page = site.get(USER_IDS, &[("limit", "500"), ("offset", offset)]).await;
        assert_eq!(page.json()["meta"]["pagination"]["limit"], 5);
        paged.extend(page.ids());
    }
    assert_eq!(paged, all);
    assert!(site.get(USER_IDS, &[("offset", "14")]).await.ids().is_empty());
    let mut downwards = site.get(USER_IDS, &[("sort", "uid|desc"), ("limit", "3")]).await.ids();
    downwards.reverse();
    assert_eq!(downwards, all[11..]);
    for query in [("limit", "0"), ("limit", "501"), ("offset", "x"), ("sort", "email"), ("sort", "uid|up")] {
        assert_eq!(site.get(USER_IDS, &[query]).await.status, 400, "{query:?}");
    }
}

#[tokio::test]
async fn the_child_sees_its_own_users_and_those_with_a_role_there() {
    let site = Site::open().await;
    let token = site.token_of(CHILD_CLIENT_ID, CHILD_CLIENT_SECRET).await;
    assert_eq!(site.get_as(&token, USER_IDS, &[]).await.ids(), [ALICE, DAN, ZOE]);
}

#[tokio::test]
async fn a_user_is_created_with_201_or_only_validated() {
    let site = Site::open().await;
    let body = json!({"uid": "new@example.com", "firstName": "Né", "lastName": "W"});
    let answer = site.post(&format!("{USERS}?validate_only=true"), &body).await;
    assert_eq!(answer.status, 201);
    assert!(found(&site, "uid:'new@example.com'").await.is_empty());

    let answer = site.post(&format!("{USERS}?validate_only=false"), &body).await;
    assert_eq!(answer.status, 201);
    let user = answer.json()["resources"][0].clone();
    assert_eq!(user["first_name"], "Né");
    assert_eq!(user["cid"], CID);
    assert_eq!(user["last_login_at"], "0001-01-01T00:00:00Z");
    assert_eq!(found(&site, "uid:'new@example.com'").await, [user["uuid"].as_str().unwrap()]);
    for body in [body, json!({}), json!({"uid": "no address"}), json!({"uid": "a@b.c", "firstName": 1})] {
        assert_eq!(site.post(USERS, &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_deleted_user_is_gone_with_its_roles_and_then_400() {
    let site = Site::open().await;
    let token = site.token().await;
    let delete =
        async |query: &str| read(site.request(Method::DELETE, &format!("{USERS}{query}")).bearer_auth(&token)).await;
    let query = format!("?user_uuid={ALICE}");
    assert_eq!(delete(&query).await.status, 200);
    assert!(!site.falcon.memberships().iter().any(|fact| fact.contains(ALICE)));
    assert_eq!(delete(&query).await.refusal(), (400, "invalid user uuid".to_owned()));
    assert_eq!(delete(&format!("?user_uuid={FOREIGNER}")).await.status, 400);
    assert_eq!(delete("").await.status, 400);
    let answer = site.revoke(ALICE, &["falcon_analyst"], CID).await;
    assert_eq!(answer.refusal(), (400, "invalid user uuid".to_owned()));
}

#[tokio::test]
async fn a_test_may_add_users_of_its_own() {
    let site = Site::open().await;
    let user = User {
        uid: "own@example.com".to_owned(),
        cid: CID.to_owned(),
        first_name: "O".to_owned(),
        last_name: "Wn".to_owned(),
        status: "active".to_owned(),
        user_type: "internal".to_owned(),
        factors: Vec::new(),
        created_at: "2026-01-01T00:00:00Z".to_owned(),
        updated_at: "2026-01-01T00:00:00Z".to_owned(),
        access_granted_at: None,
        last_login_at: None,
    };
    site.falcon.put_user(NOBODY, user);
    site.falcon.assign(NOBODY, "help_desk", CID);
    assert_eq!(found(&site, "uid:'own@example.com'").await, [NOBODY]);
    site.falcon.unassign(NOBODY, "help_desk", CID);
    assert!(!site.falcon.holds(NOBODY, "help_desk", CID));
}
