//! The reads: one user, the list with its pages and its filter, roles.

use std::time::Duration;

use offramp::sandbox::guardhouse::{NotFoundBody, Role, StatusNotation, User};
use serde_json::{Value, json};

use super::Site;

async fn list(site: &Site, query: &str) -> (u64, Vec<u64>) {
    let answer = site.get(&format!("/api/v1/users{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let list = answer.json();
    let users = list["users"].as_array().unwrap().iter();
    (list["total"].as_u64().unwrap(), users.map(|u| u["id"].as_u64().unwrap()).collect())
}

#[tokio::test]
async fn one_user_reads_as_documented() {
    let site = Site::open().await;
    let answer = site.get("/api/v1/users/101").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let user = answer.json();
    let avatar = user["avatarUrl"].as_str().unwrap();
    let expected = concat!(
        r#"{"id":101,"email":"john@example.com","firstName":"John","lastName":"Doe","status":3,"#,
        r#""avatarUrl":"AVATAR","roles":[{"id":1,"name":"Administrator"}],"#,
        r#""systemPermissions":[{"id":10,"name":"system_administrator"}]}"#
    );
    assert_eq!(answer.body, expected.replace("AVATAR", avatar));
}

#[tokio::test]
async fn the_single_read_has_last_login_only_if_so_switched() {
    let site = Site::open().await;
    assert!(site.get("/api/v1/users/101").await.json()["lastLogin"].is_null());
    site.tenant.settings(|s| s.last_login_in_single_read = true);
    let user = site.get("/api/v1/users/101").await.json();
    assert_eq!(user["lastLogin"], "2026-04-22T10:15:30Z");
}

#[tokio::test]
async fn an_unknown_user_reads_404_user_not_found() {
    let site = Site::open().await;
    let answer = site.get("/api/v1/users/999").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "User not found"));
    site.tenant.remove_user(101);
    assert_eq!(site.get("/api/v1/users/101").await.body, "User not found");
    site.tenant.settings(|s| s.not_found_body = NotFoundBody::JsonString);
    assert_eq!(site.get("/api/v1/users/101").await.body, "\"User not found\"");
}

#[tokio::test]
async fn the_read_back_lacks_a_role_that_was_taken() {
    let site = Site::open().await;
    assert_eq!(site.shown_roles(103).await, [1, 2]);
    site.tenant.unassign(103, 1);
    assert_eq!(site.shown_roles(103).await, [2]);
    site.tenant.assign(103, 1);
    assert_eq!(site.shown_roles(103).await, [1, 2]);
}

#[tokio::test]
async fn a_list_item_has_the_flags_that_the_single_read_lacks() {
    let site = Site::open().await;
    let answer = site.get("/api/v1/users?email=suspended@").await;
    let list = answer.json();
    let avatar = list["users"][0]["avatarUrl"].as_str().unwrap();
    let expected = concat!(
        r#"{"total":1,"users":[{"id":110,"firstName":"Sue","lastName":"Spend","#,
        r#""email":"suspended@example.com","roles":[{"id":2,"key":"support_agent","#,
        r#""name":"Support Agent","description":"Support Agent of the tenant"}],"permissions":[],"#,
        r#""lastLogin":"2026-04-22T10:15:30Z","status":3,"isSuspended":true,"isLocked":false,"#,
        r#""avatarUrl":"AVATAR"}]}"#
    );
    assert_eq!(answer.body, expected.replace("AVATAR", avatar));

    let locked = site.get("/api/v1/users?email=locked@").await.json();
    assert_eq!(locked["users"][0]["isLocked"], true);
    let single = site.get("/api/v1/users/110").await.json();
    assert_eq!(single.get("isSuspended"), None);
    assert_eq!(single.get("isLocked"), None);
}

#[tokio::test]
async fn pages_follow_page_size_and_offset_and_total_counts_all() {
    let site = Site::open().await;
    let page = async |query| list(&site, query).await;
    assert_eq!(page("?pageSize=5&offset=0").await, (12, vec![101, 102, 103, 104, 105]));
    assert_eq!(page("?pageSize=5&offset=5").await, (12, vec![106, 107, 108, 109, 110]));
    assert_eq!(page("?pageSize=5&offset=10").await, (12, vec![111, 112]));
    assert_eq!(page("?pageSize=5&offset=15").await, (12, vec![]));
    assert_eq!(page("?pageSize=100").await.1.len(), 12);
}

#[tokio::test]
async fn without_page_size_the_list_is_cut_at_an_unstated_size() {
    let site = Site::open().await;
    let (total, ids) = list(&site, "").await;
    assert_eq!((total, ids.len()), (12, 10));
    site.tenant.settings(|s| s.default_page_size = 3);
    assert_eq!(list(&site, "?pageSize=").await.1, [101, 102, 103]);
}

#[tokio::test]
async fn a_negative_page_size_or_offset_becomes_0() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?pageSize=-1").await, (12, vec![]));
    assert_eq!(list(&site, "?pageSize=0").await, (12, vec![]));
    assert_eq!(list(&site, "?pageSize=2&offset=-7").await, (12, vec![101, 102]));
}

#[tokio::test]
async fn a_page_size_that_is_no_integer_is_400() {
    let site = Site::open().await;
    for query in ["?pageSize=ten", "?offset=1.5", "?pageSize=99999999999"] {
        let answer = site.get(&format!("/api/v1/users{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
    }
}

#[tokio::test]
async fn the_email_filter_is_partial_and_finds_several_people() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?pageSize=50&email=john@example.com").await, (3, vec![101, 103, 104]));
    // A page holds what was asked for; the total counts every match.
    assert_eq!(list(&site, "?pageSize=1&offset=1&email=john%40example.com").await, (3, vec![103]));
    assert_eq!(list(&site, "?email=nobody@").await, (0, vec![]));
}

#[tokio::test]
async fn the_email_filter_ignores_case() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?email=jane.roe@example.COM").await, (1, vec![102]));
}

#[tokio::test]
async fn a_plus_in_the_email_filter_must_be_percent_encoded() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?email=ana%2Bops@example.com").await, (1, vec![105]));
    assert_eq!(list(&site, "?email=ana+ops@example.com").await.0, 0);
}

#[tokio::test]
async fn roles_come_all_at_once_without_pages() {
    let site = Site::open().await;
    let answer = site.get("/api/v1/roles?pageSize=1&offset=3").await;
    assert_eq!(answer.status, 200);
    let roles = answer.json();
    let items = roles["items"].as_array().unwrap();
    assert_eq!(items.len(), 7);
    assert_eq!(
        items[2].to_string(),
        concat!(
            r#"{"id":3,"key":"billing","name":"Billing","description":"Billing of the tenant","#,
            r#""permissions":[{"id":53,"name":"invoices.read","isActive":false}]}"#
        )
    );
    assert_eq!(roles.as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_may_belong_to_two_roles_and_a_key_may_be_anothers_name() {
    let site = Site::open().await;
    let roles = site.get("/api/v1/roles").await.json();
    let ids = |field: &str, wanted: &str| -> Vec<Value> {
        let items = roles["items"].as_array().unwrap().iter();
        let found = items.filter(|r| r[field] == wanted);
        found.map(|r| r["id"].clone()).collect()
    };
    assert_eq!(ids("name", "Auditor"), [json!(4), json!(5)]);
    assert_eq!(ids("name", "Billing"), [json!(3)]);
    assert_eq!(ids("key", "Billing"), [json!(6)]);
}

#[tokio::test]
async fn one_role_reads_as_in_the_list() {
    let site = Site::open().await;
    let answer = site.get("/api/v1/roles/2").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (
            200,
            concat!(
                r#"{"id":2,"key":"support_agent","name":"Support Agent","#,
                r#""description":"Support Agent of the tenant","#,
                r#""permissions":[{"id":52,"name":"users.read","isActive":true}]}"#
            )
        )
    );
}

#[tokio::test]
async fn an_unknown_role_reads_404_role_not_found() {
    let site = Site::open().await;
    let answer = site.get("/api/v1/roles/4711").await;
    assert_eq!((answer.status, answer.body.as_str()), (404, "Role not found"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    site.tenant.settings(|s| s.not_found_body = NotFoundBody::JsonString);
    assert_eq!(site.get("/api/v1/roles/4711").await.body, "\"Role not found\"");
}

#[tokio::test]
async fn a_deleted_role_is_gone_from_its_holders() {
    let site = Site::open().await;
    site.tenant.remove_role(2);
    assert_eq!(site.shown_roles(102).await, [1, 3]);
    assert_eq!(site.get("/api/v1/roles/2").await.status, 404);
}

#[tokio::test]
async fn a_status_is_a_documented_number_or_another_notation_if_so_switched() {
    let site = Site::open().await;
    let statuses = async || {
        let list = site.get("/api/v1/users?pageSize=50").await.json();
        let users = list["users"].as_array().unwrap().clone();
        let statuses = users.iter().map(|u| u["status"].clone());
        // Active, Staged, Invited, Archived, suspended, locked.
        let statuses: Vec<Value> = statuses.collect();
        let picked = [0, 6, 7, 8, 9, 10].map(|n: usize| statuses[n].clone());
        Value::from(picked.to_vec())
    };
    let switched = async |notation| {
        site.tenant.settings(|s| s.status_notation = notation);
        statuses().await
    };
    assert_eq!(statuses().await, json!([3, 1, 2, 4, 3, 3]));
    assert_eq!(switched(StatusNotation::SdkHistory).await, json!([1, 0, 4, 6, 5, 3]));
    assert_eq!(
        switched(StatusNotation::Words).await,
        json!(["Active", "Staged", "Invited", "Archived", "Active", "Active"])
    );
    assert_eq!(
        switched(StatusNotation::LowercaseWords).await,
        json!(["active", "staged", "invited", "archived", "active", "active"])
    );
    let single = site.get("/api/v1/users/101").await.json();
    assert_eq!(single["status"], "active");
}

#[tokio::test]
async fn an_avatars_address_is_short_lived_and_may_be_missing() {
    let site = Site::open().await;
    let avatar = async || site.get("/api/v1/users/101").await.json()["avatarUrl"].clone();
    let before = avatar().await;
    assert!(before.is_string());
    site.clock.advance(Duration::from_secs(300));
    assert_ne!(avatar().await, before);
    let staged = site.get("/api/v1/users/107").await.json();
    assert!(staged["avatarUrl"].is_null());
}

#[tokio::test]
async fn a_test_may_add_users_and_roles_of_its_own() {
    let site = Site::open().await;
    let role =
        Role { key: "own".to_owned(), name: "Own".to_owned(), description: String::new(), permissions: Vec::new() };
    site.tenant.put_role(2_147_483_647, role);
    site.tenant.put_user(2_147_483_647, User::active("own@example.com", "O", "Wn"));
    site.tenant.assign(2_147_483_647, 2_147_483_647);
    assert_eq!(site.shown_roles(2_147_483_647).await, [2_147_483_647]);
    assert_eq!(site.unassign(2_147_483_647, 2_147_483_647).await.status, 204);
    assert!(!site.tenant.holds(2_147_483_647, 2_147_483_647));
}
