//! The other reads: administrators, roles, groups, and the v2 way of paging.

use offramp::sandbox::jumpcloud::seed;
use serde_json::json;

use super::{Bench, column};

#[tokio::test]
async fn administrators_are_listed_in_the_v1_envelope() {
    let bench = Bench::new().await;
    let answer = bench.get("/api/users?limit=2&skip=1&sort=email").await;
    // Sorted: ava, boss, jdoe, joe, mia, omar.
    answer.shows("/totalCount", json!(6));
    assert_eq!(column(&answer.json()["results"], "email"), ["boss@acme.com", "jdoe@acme.com"]);
    let one = bench.get("/api/users?filter=email:$eq:joe@example.com").await;
    one.shows("/totalCount", json!(1));
    one.shows("/results/0/_id", json!(seed::STANDALONE_ADMIN));
}

#[tokio::test]
async fn roles_come_with_results_and_total_count() {
    let bench = Bench::new().await;
    let answer = bench.get("/api/v2/roles?filter=name:eq:Help%20Desk").await;
    answer.is(
        200,
        r#"{"results":[{"id":"5c3536e9e0a6840001872788","name":"Help Desk","description":"The role Help Desk","scopes":["users.readonly"]}],"totalCount":1}"#,
    );
    let one = bench.get(&format!("/api/v2/roles/{}", seed::HELP_DESK_ROLE)).await;
    one.shows("/name", json!("Help Desk"));
    let unknown = bench.get("/api/v2/roles/ffffffffffffffffffffffff").await;
    unknown.is(404, r#"{"code":404,"message":"Not Found","status":"Not Found"}"#);
}

#[tokio::test]
async fn the_built_in_roles_and_custom_ones_take_two_pages() {
    let bench = Bench::new().await;
    let first = bench.get("/api/v2/roles").await;
    first.shows("/totalCount", json!(12));
    let names = column(&first.json()["results"], "name");
    assert_eq!(
        names[..7],
        [
            "Administrator With Billing",
            "Administrator",
            "Manager",
            "Command Runner With Billing",
            "Command Runner",
            "Help Desk",
            "Read Only",
        ]
    );
    assert_eq!(names.len(), 10);
    let second = bench.get("/api/v2/roles?skip=10").await;
    assert_eq!(column(&second.json()["results"], "name"), ["Night Shift", "Auditors, EU"]);
}

#[tokio::test]
async fn groups_are_a_bare_array_with_a_link_to_the_next_page() {
    let bench = Bench::new().await;
    let mut path = "/api/v2/usergroups?sort=name&limit=2".to_owned();
    let mut names = Vec::new();
    let base = bench.server.base_url();
    loop {
        let page = bench.get(&path).await;
        names.extend(column(&page.json(), "name"));
        let Some(link) = page.header("link") else {
            break;
        };
        let url = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        path = url.strip_prefix(&base).unwrap().to_owned();
    }
    let all = ["Contractors", "Denver", "Engineering", "Everyone, always", "Reviewed"];
    assert_eq!(names, all);
    assert_eq!(bench.server.journal().len(), 3);
}

#[tokio::test]
async fn the_link_has_these_bytes() {
    let bench = Bench::new().await;
    let page = bench.get("/api/v2/usergroups?limit=2").await;
    let link = format!("<{}/api/v2/usergroups?limit=2&skip=2>; rel=\"next\"", bench.server.base_url());
    assert_eq!(page.header("link"), Some(link.as_str()));
    bench.sim.settings(|s| s.relative_links = true);
    let page = bench.get("/api/v2/usergroups?limit=2").await;
    assert_eq!(page.header("link"), Some("</api/v2/usergroups?limit=2&skip=2>; rel=\"next\""));
    let last = bench.get("/api/v2/usergroups?limit=2&skip=4").await;
    assert_eq!(last.header("link"), None);
}

#[tokio::test]
async fn members_and_memberships_are_paged_the_same_way() {
    let bench = Bench::new().await;
    for path in [super::members(seed::ENGINEERING), format!("/api/v2/users/{}/memberof", seed::JANE)] {
        let page = bench.get(&format!("{path}?limit=1")).await;
        assert_eq!(page.json().as_array().unwrap().len(), 1);
        assert!(page.header("link").unwrap().contains("skip=1"), "{path}");
    }
}

#[tokio::test]
async fn groups_are_found_by_name_with_the_v2_operator_and_its_case() {
    let bench = Bench::new().await;
    let find = async |filter: &str| {
        let answer = bench.get(&format!("/api/v2/usergroups?filter={filter}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        column(&answer.json(), "name")
    };
    assert_eq!(find("name:eq:Engineering").await, ["Engineering"]);
    assert!(find("name:eq:engineering").await.is_empty());
    assert_eq!(find("name:eq:E*").await, ["Engineering", "Everyone, always"]);
    assert_eq!(find("name:eq:Everyone,%20always").await, ["Everyone, always"]);
    assert_eq!(find("name:search:iew").await, ["Reviewed"]);
    assert_eq!(find("name:ne:Denver,membershipMethod:eq:STATIC").await.len(), 2);
    assert_eq!(find("name:ge:Engineering,name:le:Everyone,%20always").await.len(), 2);
    assert_eq!(find("name:gt:Engineering").await, ["Reviewed", "Everyone, always"]);
    assert_eq!(find("name:lt:Denver").await, ["Contractors"]);
    assert_eq!(find("name:between:D,Eo").await, ["Engineering", "Denver"]);
    assert_eq!(find("name:in:Denver,Reviewed").await, ["Denver", "Reviewed"]);
    let v1 = bench.get("/api/v2/usergroups?filter=name:$eq:Engineering").await;
    v1.is(400, r#"{"code":400,"message":"invalid filter: name:$eq:Engineering","status":"Bad Request"}"#);
}

#[tokio::test]
async fn fields_are_separated_by_commas_in_v2() {
    let answer = Bench::new().await.get("/api/v2/usergroups?limit=1&fields=name,type").await;
    answer.is(200, r#"[{"id":"5fa0000000000000000000e1","name":"Engineering","type":"user_group"}]"#);
}

#[tokio::test]
async fn one_group_shows_how_its_members_come_about() {
    let bench = Bench::new().await;
    for (group, method) in [
        (seed::ENGINEERING, "STATIC"),
        (seed::CONTRACTORS, "NOTSET"),
        (seed::DENVER, "DYNAMIC_AUTOMATED"),
        (seed::REVIEWED, "DYNAMIC_REVIEW_REQUIRED"),
    ] {
        let answer = bench.get(&format!("/api/v2/usergroups/{group}")).await;
        answer.shows("/membershipMethod", json!(method));
        answer.shows("/type", json!("user_group"));
    }
}
