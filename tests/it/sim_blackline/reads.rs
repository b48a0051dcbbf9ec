//! Users, roles and role-products: what is listed, page by page, and what has no list.

use offramp::sandbox::blackline::seed::{ALICE, BOB, CAROL, INACTIVE, ROBERT, SHARED, ZOE};
use offramp::sandbox::blackline::{NextLink, User};
use serde_json::{Value, json};

use super::Site;

/// Follows `nextLink` from that path on: the items, and how many pages they came on.
async fn all(site: &Site, path: &str) -> (Vec<Value>, usize) {
    let (mut items, mut pages, mut next) = (Vec::new(), 0, Some(path.to_owned()));
    while let Some(path) = next {
        let answer = site.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        let body = answer.json();
        items.extend(body["items"].as_array().unwrap().clone());
        pages += 1;
        let base = site.server.base_url();
        next = body["nextLink"].as_str().map(|link| link.strip_prefix(&base).unwrap_or(link).to_owned());
        if next.is_none() {
            assert_eq!(body["totalItems"], items.len());
        }
    }
    (items, pages)
}

#[tokio::test]
async fn role_products_are_items_of_role_and_product() {
    let site = Site::open().await;
    let answer = site.get("/v1/users/729/role-products").await;
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(
        answer.said(),
        (
            200,
            r#"{"items":[{"role":{"id":1,"name":"Preparer"},"product":{"id":"A","name":"Account"}}],"totalItems":1}"#
        )
    );
}

#[tokio::test]
async fn a_role_may_be_held_on_two_products() {
    let site = Site::open().await;
    let answer = site.get("/v1/users/728/role-products").await.json();
    let of_role_1 = answer["items"].as_array().unwrap().iter().filter(|i| i["role"]["id"] == 1);
    let products: Vec<_> = of_role_1.map(|i| i["product"]["name"].as_str().unwrap()).collect();
    assert_eq!(products, ["Account", "Journal Document"]);
}

#[tokio::test]
async fn a_user_reads_with_every_documented_field() {
    let site = Site::open().await;
    let answer = site.get("/v1/users/728").await;
    assert_eq!(
        answer.said(),
        (
            200,
            concat!(
                r#"{"id":728,"loginId":"alice","firstName":"Alice","lastName":"Anderson","#,
                r#""fullName":"Alice Anderson","email":"alice@example.com","isActive":true,"#,
                r#""jobTitle":"Accountant","supervisor":null,"timeZoneId":10,"phoneNumber":"+1 555 0100","#,
                r#""annualHours":2080,"referenceField1":null,"referenceField2":null,"referenceField3":null,"#,
                r#""lastUpdated":"2026-10-01T12:00:00Z","allowUserMentions":true,"#,
                r#""allowUserToEditJournalConfig":false,"allowUserToEditIntercompanyConfig":false,"#,
                r#""allowAdhocMatching":false,"allowIntercompanySettlement":false,"#,
                r#""requiresJournalReviewer":false,"allowUserToAccessJournalAnalyser":false}"#
            )
        )
    );
    let inactive = site.get(&format!("/v1/users/{INACTIVE}")).await.json();
    assert_eq!((&inactive["isActive"], &inactive["phoneNumber"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn the_read_of_one_user_may_not_exist() {
    let site = Site::open().await;
    assert_eq!(site.get("/v1/users/4711").await.said(), (404, r#"{"message":"Not Found"}"#));
    site.tenant.settings(|s| s.single_user_read = false);
    assert_eq!(site.get("/v1/users/728").await.said(), (404, r#"{"message":"Not Found"}"#));
    // The others still do.
    assert_eq!(site.get("/v1/users").await.status, 200);
    assert_eq!(site.get("/v1/users/728/role-products").await.status, 200);
}

#[tokio::test]
async fn users_come_on_pages_of_fifty_and_the_link_leads_on() {
    let site = Site::open().await;
    let first = site.get("/v1/users").await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 50);
    assert_eq!(first["totalItems"], 55);
    let link = first["nextLink"].as_str().unwrap();
    assert_eq!(link, format!("{}/v1/users?pageToken=50", site.server.base_url()));
    let (users, pages) = all(&site, "/v1/users").await;
    assert_eq!((users.len(), pages), (55, 2));
    // Whoever reads the first page only does not see the last user.
    assert_eq!(users[54]["id"], ZOE);
    assert_eq!(users[54]["lastName"], "王小明");
    assert_eq!(users[0], site.get(&format!("/v1/users/{ALICE}")).await.json());
}

#[tokio::test]
async fn the_link_may_be_relative_or_everything_on_one_page() {
    let site = Site::with(|s| (s.page_size, s.next_link) = (20, NextLink::Relative)).await;
    assert_eq!(site.get("/v1/users").await.json()["nextLink"], "/v1/users?pageToken=20");
    assert_eq!(all(&site, "/v1/users").await.1, 3);
    site.tenant.settings(|s| s.next_link = NextLink::Never);
    let whole = site.get("/v1/users").await.json();
    assert_eq!(whole["items"].as_array().unwrap().len(), 55);
    assert!(whole.get("nextLink").is_none());
}

#[tokio::test]
async fn role_products_and_roles_have_pages_too() {
    let site = Site::with(|s| s.page_size = 3).await;
    let (pairs, pages) = all(&site, "/v1/users/728/role-products").await;
    assert_eq!((pairs.len(), pages), (4, 2));
    let (roles, pages) = all(&site, "/v1/roles").await;
    assert_eq!((roles.len(), pages), (9, 3));
    for page in ["x", "-1", "1.5"] {
        assert_eq!(site.get(&format!("/v1/users?pageToken={page}")).await.status, 400, "{page}");
    }
    assert_eq!(site.get("/v1/users?pageToken=4711").await.json()["items"], json!([]));
}

#[tokio::test]
async fn no_filter_is_known_so_an_address_is_looked_for_page_by_page() {
    let site = Site::open().await;
    let (everybody, _) = all(&site, "/v1/users").await;
    assert_eq!(site.get("/v1/users?email=zoe@example.com&loginId=zoe&filter=x").await.json()["totalItems"], 55);
    let with = |field: &str, wanted: &str| -> Vec<i64> {
        let found = everybody.iter().filter(|user| user[field] == wanted);
        found.map(|user| user["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(with("email", "alice@example.com"), [ALICE]);
    assert_eq!(with("email", "desk@example.com"), SHARED);
    // One's login is another's address.
    assert_eq!(with("email", "bob@example.com"), [BOB]);
    assert_eq!(with("loginId", "bob@example.com"), [ROBERT]);
}

#[tokio::test]
async fn roles_are_listed_unless_there_is_no_such_list() {
    let site = Site::open().await;
    let roles = site.get("/v1/roles").await;
    assert!(roles.body.starts_with(r#"{"items":[{"id":1,"name":"Preparer"},{"id":2,"name":"Approver"},"#));
    let roles = roles.json();
    let named = |name: &str| roles["items"].as_array().unwrap().iter().filter(|r| r["name"] == name).count();
    assert_eq!((named("Viewer"), named("Preparer"), named("1")), (2, 1, 1));
    site.tenant.settings(|s| s.roles_list = false);
    assert_eq!(site.get("/v1/roles").await.said(), (404, r#"{"message":"Not Found"}"#));
}

#[tokio::test]
async fn products_have_no_list() {
    let site = Site::open().await;
    assert_eq!(site.get("/v1/products").await.status, 400);
}

#[tokio::test]
async fn a_user_is_created_with_201_and_the_next_id() {
    let site = Site::open().await;
    let body =
        json!({"loginId": "new", "firstName": "Né", "lastName": "W", "email": "new@example.com", "isActive": true});
    let answer = site.post("/v1/users", &body).await;
    assert_eq!(answer.status, 201);
    let user = answer.json();
    assert_eq!((&user["id"], &user["fullName"]), (&json!(ZOE + 1), &json!("Né W")));
    assert!(user["lastUpdated"].is_string());
    assert_eq!(site.get(&format!("/v1/users/{}", ZOE + 1)).await.json(), user);
    // The login is taken now.
    assert_eq!(site.post("/v1/users", &body).await.status, 409);
    for (member, value) in
        [("loginId", json!("")), ("firstName", json!(1)), ("email", Value::Null), ("isActive", json!("true"))]
    {
        let mut body = body.clone();
        body["loginId"] = json!("other");
        body[member] = value;
        assert_eq!(site.post("/v1/users", &body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn a_test_may_add_and_delete_users_of_its_own() {
    let site = Site::open().await;
    let user = User {
        login_id: "own".to_owned(),
        first_name: "O".to_owned(),
        last_name: "Wn".to_owned(),
        email: "own@example.com".to_owned(),
        is_active: true,
        job_title: None,
        phone_number: None,
        last_updated: "2026-01-01T00:00:00Z".to_owned(),
    };
    site.tenant.put_user(1, user);
    site.tenant.assign(1, 1, "A");
    assert_eq!(site.shown(1).await, "1A");
    site.tenant.remove_user(CAROL);
    assert_eq!(site.get("/v1/users/730/role-products").await.status, 404);
}
