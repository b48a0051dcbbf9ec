//! What the reads show: one user, one membership, lists with their filters, pages and order.

use std::time::Duration;

use offramp::sandbox::Simulator;
use offramp::sandbox::devicehive::{Network, User};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Site, read, unassign};

const ALICE: &str = concat!(
    r#"{"id":42,"login":"alice","role":1,"status":0,"lastLogin":"2018-02-08T15:31:42.000","#,
    r#""data":{"team":"bench","floor":3},"introReviewed":false,"allDeviceTypesAvailable":true"#
);

async fn list(site: &Site, query: &str) -> Vec<i64> {
    let answer = site.get(&format!("/api/rest/user{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.body);
    ids(&answer.json())
}

fn ids(users: &Value) -> Vec<i64> {
    users.as_array().unwrap().iter().map(|u| u["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn one_user_comes_with_all_fields_and_flat_networks() {
    let site = Site::open().await;
    let networks = concat!(
        r#""networks":[{"id":1,"name":"Default network","description":"everybody's first"},"#,
        r#"{"id":7,"name":"Lab","description":"benches 1 to 9"},{"id":9,"name":"Lab","description":"the other site"}]"#
    );
    let answer = site.get("/api/rest/user/42").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, format!("{ALICE},{networks}}}").as_str()));
    assert_eq!(answer.header("content-type"), Some("application/json"));

    let mut client = site.client().await;
    let reply = client.ask(json!({"action": "user/get", "requestId": "r3", "userId": 42})).await;
    let head = r#"{"action":"user/get","requestId":"r3","status":"success","user":"#;
    assert_eq!(reply, format!("{head}{ALICE},{networks}}}}}"));
}

#[tokio::test]
async fn networks_are_nested_if_so_switched() {
    let site = Site::open().await;
    site.hive.settings(|s| s.nested_networks = true);
    let user = site.get("/api/rest/user/43").await.json();
    assert_eq!(user["networks"][1], json!({"network": {"id": 8, "name": "lab", "description": null}}));
}

#[tokio::test]
async fn an_unknown_user_reads_404() {
    let site = Site::open().await;
    let answer = site.get("/api/rest/user/999").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (404, r#"{"error":404,"message":"User with id = 999 not found"}"#)
    );
    let mut client = site.client().await;
    assert_eq!(
        client.ask(json!({"action": "user/get", "userId": 999})).await,
        r#"{"action":"user/get","code":404,"status":"error","error":"User with id = 999 not found"}"#
    );
    assert_eq!(
        client.ask(json!({"action": "user/get", "userId": "42"})).await,
        r#"{"action":"user/get","code":400,"status":"error","error":"User id is wrong or empty"}"#
    );
}

#[tokio::test]
async fn the_caller_reads_itself_as_current() {
    let site = Site::open().await;
    let (access, _) = site.hive.tokens(42, None).unwrap();
    let answer = read(site.request(Method::GET, "/api/rest/user/current").bearer_auth(access)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.body.starts_with(ALICE));
}

#[tokio::test]
async fn a_membership_reads_as_its_network_and_as_404_once_it_is_gone() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let ask = json!({"action": "user/getNetwork", "requestId": 4, "userId": 42, "networkId": 7});
    let network = r#"{"id":7,"name":"Lab","description":"benches 1 to 9"}"#;
    assert_eq!(
        client.ask(ask.clone()).await,
        format!(r#"{{"action":"user/getNetwork","requestId":4,"status":"success","network":{network}}}"#)
    );
    let answer = site.get("/api/rest/user/42/network/7").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, format!(r#"{{"network":{network}}}"#).as_str()));

    client.ask(unassign(42, 7)).await;

    assert_eq!(
        client.ask(ask).await,
        concat!(
            r#"{"action":"user/getNetwork","requestId":4,"code":404,"status":"error","#,
            r#""error":"Network with id 7 for user with id 42 was not found"}"#
        )
    );
    let answer = site.get("/api/rest/user/42/network/7").await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (404, r#"{"error":404,"message":"Network with id 7 for user with id 42 was not found"}"#)
    );
}

#[tokio::test]
async fn a_404_of_a_membership_is_also_what_wrong_ids_read() {
    let site = Site::open().await;
    let body = async |path: &str| {
        let answer = site.get(path).await;
        assert_eq!(answer.status, 404);
        answer.json()["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(body("/api/rest/user/999/network/7").await, "User with id = 999 not found");
    assert_eq!(body("/api/rest/user/42/network/999").await, "Network with id 999 for user with id 42 was not found");
}

#[tokio::test]
async fn an_administrator_without_membership_is_in_no_network() {
    let site = Site::open().await;
    assert_eq!(site.shown_networks(2).await, [0_i64; 0]);
    assert_eq!(site.get("/api/rest/user/2/network/7").await.status, 404);
}

#[tokio::test]
async fn reads_that_lag_show_the_membership_until_the_lag_is_over() {
    let site = Site::open().await;
    site.hive.turn("read_lag_ms", &json!(5000)).unwrap();
    let mut client = site.client().await;
    client.ask(unassign(42, 7)).await;
    assert!(!site.hive.holds(42, 7));
    assert_eq!(site.shown_networks(42).await, [1, 7, 9]);
    assert_eq!(site.get("/api/rest/user/42/network/7").await.status, 200);
    site.clock.advance(Duration::from_millis(5001));
    assert_eq!(site.shown_networks(42).await, [1, 9]);
    assert_eq!(site.get("/api/rest/user/42/network/7").await.status, 404);
}

#[tokio::test]
async fn a_list_is_a_bare_array_over_rest_and_users_over_messages_without_networks() {
    let site = Site::open().await;
    let answer = site.get("/api/rest/user?login=alice").await;
    assert_eq!(answer.body, format!("[{ALICE}}}]"));
    let mut client = site.client().await;
    let reply = client.ask(json!({"action": "user/list", "requestId": 5, "login": "alice"})).await;
    let head = r#"{"action":"user/list","requestId":5,"status":"success","users":"#;
    assert_eq!(reply, format!("{head}[{ALICE}}}]}}"));
}

#[tokio::test]
async fn a_login_is_found_exactly() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?login=john@example.com").await, [101]);
    assert_eq!(list(&site, "?login=john%40example.com").await, [101]);
    assert_eq!(list(&site, "?login=JOHN@example.com").await, [0_i64; 0]);
    assert_eq!(list(&site, "?login=ana%2Bops@example.com").await, [105]);
    assert_eq!(list(&site, "?login=ana+ops@example.com").await, [0_i64; 0]);
    assert_eq!(list(&site, "?login=alice").await, [42]);
    assert_eq!(list(&site, "?login=Alice").await, [44]);
    assert_eq!(list(&site, "?login=zo%C3%AB.%C5%8Dta").await, [110]);
    assert_eq!(list(&site, "?login=john%25").await, [0_i64; 0]);
}

#[tokio::test]
async fn a_login_pattern_finds_more_than_one_asked_for() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?loginPattern=john@example.com%25").await, [101, 102]);
    assert_eq!(list(&site, "?loginPattern=%25john@example.com").await, [101, 103]);
    // The login `al_ce` read as a pattern is also Alice's.
    assert_eq!(list(&site, "?loginPattern=al_ce").await, [42, 104]);
    assert_eq!(list(&site, "?loginPattern=zo_.%25").await, [110]);
    assert_eq!(list(&site, "?loginPattern=%25").await.len(), 20);
    assert_eq!(list(&site, "?loginPattern=john").await, [0_i64; 0]);
    assert_eq!(list(&site, "?loginPattern=alice%25&status=0").await, [42, 43]);
}

#[tokio::test]
async fn a_list_is_filtered_by_role_and_status() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?role=0").await, [1, 2]);
    assert_eq!(list(&site, "?status=1").await, [108]);
    assert_eq!(list(&site, "?status=2").await, [109]);
    assert_eq!(list(&site, "?role=1&status=2").await, [109]);
    assert_eq!(list(&site, "?role=7").await, [0_i64; 0]);
}

#[tokio::test]
async fn a_list_is_sorted_by_id_or_login() {
    let site = Site::open().await;
    assert_eq!(list(&site, "?take=3").await, [1, 2, 7]);
    assert_eq!(
        list(&site, "?take=2&sortField=ID&sortOrder=DESC").await,
        [9_007_199_254_740_993, 9_007_199_254_740_992]
    );
    assert_eq!(list(&site, "?take=3&sortField=Login&sortOrder=ASC").await, [44, 104, 42]);
    assert_eq!(list(&site, "?take=1&sortField=Login&sortOrder=DESC").await, [110]);
}

#[tokio::test]
async fn a_list_ends_silently_after_its_default_page() {
    let site = Site::open().await;
    let first = list(&site, "").await;
    assert_eq!(first.len(), 20);
    let rest = list(&site, "?skip=20").await;
    assert_eq!(rest.len(), 10);
    let all = list(&site, "?take=100").await;
    assert_eq!([first, rest].concat(), all);
    assert_eq!(list(&site, "?take=5&skip=28").await.len(), 2);
    assert_eq!(list(&site, "?skip=30").await, [0_i64; 0]);
    assert_eq!(list(&site, "?take=0").await, [0_i64; 0]);
    // The layers have different defaults.
    let mut client = site.client().await;
    let mut listed = async |request: Value| {
        let reply: Value = serde_json::from_str(&client.ask(request).await).unwrap();
        ids(&reply["users"])
    };
    assert_eq!(listed(json!({"action": "user/list"})).await, all);
    assert_eq!(listed(json!({"action": "user/list", "take": 2, "skip": 1})).await, [2, 7]);
    site.hive.settings(|s| s.default_take_messages = 20);
    assert_eq!(listed(json!({"action": "user/list"})).await.len(), 20);
    site.hive.settings(|s| s.default_take_rest = 100);
    assert_eq!(list(&site, "").await, all);
}

#[tokio::test]
async fn a_parameter_of_another_kind_is_400() {
    let site = Site::open().await;
    for query in
        ["role=client", "role=", "status=1.0", "take=-1", "take=all", "skip=x", "sortField=Id", "sortOrder=asc"]
    {
        let name = query.split('=').next().unwrap();
        let answer = site.get(&format!("/api/rest/user?{query}")).await;
        let body = json!({"error": 400, "message": format!("Illegal argument: {name}")});
        assert_eq!((answer.status, answer.body), (400, body.to_string()), "{query}");
    }
    let mut client = site.client().await;
    for (name, value) in [("role", json!("1")), ("take", json!(-1)), ("login", json!(7)), ("sortOrder", json!(true))] {
        let mut request = json!({"action": "user/list"});
        request[name] = value;
        assert!(client.ask(request).await.contains(&format!("Illegal argument: {name}")));
    }
    assert_eq!(list(&site, "?unknown=1&login=alice").await, [42]);
}

#[tokio::test]
async fn a_test_may_add_users_and_networks_of_its_own_and_take_them_away() {
    let site = Site::open().await;
    site.hive.put_network(500, Network { name: "Own".to_owned(), description: None });
    site.hive.put_user(500, User::client("own"));
    site.hive.assign(500, 500);
    assert_eq!(site.shown_networks(500).await, [500]);
    site.hive.remove_network(500);
    assert_eq!(site.shown_networks(500).await, [0_i64; 0]);
    assert_eq!(site.unassign(500, 500).await.status, 404);
    assert!(!site.hive.memberships().contains("user 500 is in network 500"));
    site.hive.remove_user(500);
    assert_eq!(site.get("/api/rest/user/500").await.status, 404);
}

#[tokio::test]
async fn names_of_networks_are_not_their_identity() {
    let site = Site::open().await;
    let named = async |user: i64, name: &str| -> Vec<i64> {
        let user = site.get(&format!("/api/rest/user/{user}")).await.json();
        let networks = user["networks"].as_array().unwrap().clone();
        networks.iter().filter(|n| n["name"] == name).map(|n| n["id"].as_i64().unwrap()).collect()
    };
    assert_eq!(named(42, "Lab").await, [7, 9]);
    assert_eq!(named(43, "lab").await, [8]);
    assert_eq!(named(110, "Zürich 北").await, [11]);
}

#[tokio::test]
async fn switches_have_names_and_refuse_what_does_not_fit() {
    let site = Site::open().await;
    assert_eq!(site.hive.turn("no_such", &json!(1)), Err("there is no switch `no_such`".to_owned()));
    assert!(site.hive.turn("bare_errors", &json!("yes")).is_err());
    site.hive.turn("paths", &json!("bare")).unwrap();
    assert_eq!(site.get("/dh/rest/user/42").await.status, 200);
}
