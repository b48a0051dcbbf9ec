//! System users: one, a list, by e-mail, by search.

use offramp::sandbox::jumpcloud::{UnknownOperator, seed};
use serde_json::json;

use super::{Bench, column, user};

#[tokio::test]
async fn one_system_user_shows_the_documented_fields() {
    let answer = Bench::new().await.get(&user(seed::JANE)).await;
    for (pointer, value) in [
        ("/_id", json!("5f9c1a2b3c4d5e6f7a8b9c0d")),
        ("/id", json!("5f9c1a2b3c4d5e6f7a8b9c0d")),
        ("/username", json!("jdoe")),
        ("/email", json!("jdoe@acme.com")),
        ("/alternateEmail", json!("jane@home.example")),
        ("/firstname", json!("Jane")),
        ("/lastname", json!("Doe")),
        ("/displayname", json!("Jane Doe")),
        ("/state", json!("ACTIVATED")),
        ("/mfa/configured", json!(true)),
        ("/mfaEnrollment/overallStatus", json!("ENROLLED")),
        ("/jobTitle", json!("Engineer")),
        ("/department", json!("R&D")),
        ("/employeeIdentifier", json!("E-17")),
        ("/employeeType", json!("Full-time")),
        ("/phoneNumbers/0/number", json!("+1 555 0100")),
        ("/organization", json!("5c3536e9e0a6840001872700")),
        ("/admin/id", json!("5c3536e9e0a6840001872782")),
        ("/created", json!("2024-01-02T03:04:05.000Z")),
    ] {
        answer.shows(pointer, value);
    }
}

#[tokio::test]
async fn a_tenant_may_show_no_id_beside_the_underscored_one() {
    let bench = Bench::with(|s| s.user_id_alias = false).await;
    let answer = bench.get(&user(seed::JANE)).await;
    answer.shows("/_id", json!(seed::JANE));
    assert_eq!(answer.json().get("id"), None);
}

#[tokio::test]
async fn fields_are_separated_by_spaces_and_the_ids_always_come() {
    let bench = Bench::new().await;
    let answer = bench.get(&format!("{}?fields=email%20username", user(seed::NINA))).await;
    answer.is(
        200,
        r#"{"_id":"5f9c1a2b3c4d5e6f7a8b9c02","id":"5f9c1a2b3c4d5e6f7a8b9c02","username":"nina","email":"nina@acme.com"}"#,
    );
    let with_commas = bench.get(&format!("{}?fields=email,username", user(seed::NINA))).await;
    assert_eq!(with_commas.json().as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn a_list_is_ten_long_unless_told() {
    let answer = Bench::new().await.get("/api/systemusers").await;
    answer.shows("/totalCount", json!(12));
    assert_eq!(answer.json()["results"].as_array().unwrap().len(), 10);
    assert!(answer.body.starts_with(r#"{"totalCount":12,"results":["#));
    assert_eq!(answer.header("link"), None);
}

#[tokio::test]
async fn paging_by_id_meets_every_user_once() {
    let bench = Bench::new().await;
    let mut met = Vec::new();
    for skip in [0, 5, 10, 15] {
        let page = bench.get(&format!("/api/systemusers?limit=5&skip={skip}&sort=_id")).await;
        page.shows("/totalCount", json!(12));
        met.extend(column(&page.json()["results"], "_id"));
    }
    let mut sorted = met.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((met.len(), &met), (12, &sorted));
    let backwards = bench.get("/api/systemusers?limit=100&sort=-_id").await;
    met.reverse();
    assert_eq!(column(&backwards.json()["results"], "_id"), met);
}

#[tokio::test]
async fn a_page_never_holds_more_than_a_hundred() {
    let bench = Bench::new().await;
    for n in 0..105 {
        bench.sim.add_role(&format!("Role {n}"));
    }
    let answer = bench.get("/api/v2/roles?limit=1000").await;
    answer.shows("/totalCount", json!(117));
    assert_eq!(answer.json()["results"].as_array().unwrap().len(), 100);
}

#[tokio::test]
async fn a_user_is_found_by_e_mail_with_the_v1_operator() {
    let bench = Bench::new().await;
    let answer = bench.get("/api/systemusers?filter=email:$eq:jdoe@acme.com").await;
    answer.shows("/totalCount", json!(1));
    answer.shows("/results/0/_id", json!(seed::JANE));
    let encoded = bench.get("/api/systemusers?filter=email%3A%24eq%3Ajdoe%40acme.com").await;
    assert_eq!(encoded.body, answer.body);
    let none = bench.get("/api/systemusers?filter=email:$eq:doe@acme.com").await;
    none.is(200, r#"{"totalCount":0,"results":[]}"#);
}

#[tokio::test]
async fn a_plus_in_a_filter_is_a_space_unless_it_is_encoded() {
    let bench = Bench::new().await;
    let raw = bench.get("/api/systemusers?filter=email:$eq:pia+it@acme.com").await;
    raw.shows("/totalCount", json!(0));
    let encoded = bench.get("/api/systemusers?filter=email:$eq:pia%2Bit@acme.com").await;
    encoded.shows("/results/0/email", json!("pia+it@acme.com"));
}

#[tokio::test]
async fn several_filters_must_all_hold() {
    let bench = Bench::new().await;
    let path = "/api/systemusers?filter=state:$eq:ACTIVATED&filter=activated:$eq:false";
    bench.get(path).await.shows("/totalCount", json!(1));
    let path = "/api/systemusers?filter=username:$in:jdoe,nina,nobody";
    bench.get(path).await.shows("/totalCount", json!(2));
    bench.get("/api/systemusers?filter=account_locked:$ne:false").await.shows("/totalCount", json!(1));
}

#[tokio::test]
async fn the_v2_operator_is_refused_in_v1_or_silently_lists_everyone() {
    let bench = Bench::new().await;
    let path = "/api/systemusers?filter=email:eq:jdoe@acme.com";
    bench
        .get(path)
        .await
        .is(400, r#"{"code":400,"message":"invalid filter: email:eq:jdoe@acme.com","status":"Bad Request"}"#);
    bench.sim.settings(|s| s.unknown_operator = UnknownOperator::Ignore);
    bench.get(path).await.shows("/totalCount", json!(12));
}

#[tokio::test]
async fn limits_that_are_no_numbers_or_given_twice_are_400() {
    let bench = Bench::new().await;
    for query in ["limit=ten", "limit=-1", "skip=-1", "skip=1e3", "limit=1&limit=2"] {
        assert_eq!(bench.get(&format!("/api/systemusers?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn the_search_finds_by_exact_conditions() {
    let bench = Bench::new().await;
    let search = async |body| bench.post("/api/search/systemusers", body).await;
    let by_email = search(r#"{"filter":{"and":[{"email":"jdoe@acme.com"}]},"fields":"email"}"#).await;
    by_email.is(
        200,
        r#"{"totalCount":1,"results":[{"_id":"5f9c1a2b3c4d5e6f7a8b9c0d","id":"5f9c1a2b3c4d5e6f7a8b9c0d","email":"jdoe@acme.com"}]}"#,
    );
    let part = search(r#"{"filter":{"and":[{"email":"jdoe"}]}}"#).await;
    part.shows("/totalCount", json!(0));
    let both = search(r#"{"filter":{"and":[{"username":"jdoe"},{"lastname":"Novak"}]}}"#).await;
    both.shows("/totalCount", json!(0));
    let either = search(r#"{"filter":{"or":[{"username":"jdoe"},{"lastname":"Novak"}]}}"#).await;
    either.shows("/totalCount", json!(2));
    search("{}").await.shows("/totalCount", json!(12));
    let second = search(r#"{"limit":10,"skip":10}"#).await;
    assert_eq!(second.json()["results"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_search_filter_matches_parts_of_a_field() {
    let bench = Bench::new().await;
    let body = r#"{"searchFilter":{"searchTerm":"JDOE@","fields":["email"]}}"#;
    bench.post("/api/search/systemusers", body).await.shows("/results/0/_id", json!(seed::JANE));
    let body = r#"{"searchFilter":{"searchTerm":["jdo","nin"],"fields":["email","username"]}}"#;
    bench.post("/api/search/systemusers", body).await.shows("/totalCount", json!(2));
}

#[tokio::test]
async fn a_search_that_cannot_be_understood_is_400() {
    let bench = Bench::new().await;
    for body in [
        r#"{"filter":[]}"#,
        r#"{"filter":{"and":{"email":"x"}}}"#,
        r#"{"filter":{"and":["email"]}}"#,
        r#"{"filter":{"and":[],"or":[]}}"#,
        r#"{"filter":{"email":{"$where":"1"}}}"#,
        r#"{"searchFilter":{"searchTerm":"x"}}"#,
        r#"{"fields":["email"]}"#,
        r#"{"skip":-1}"#,
    ] {
        assert_eq!(bench.post("/api/search/systemusers", body).await.status, 400, "{body}");
    }
}

#[tokio::test]
async fn users_come_suspended_staged_invited_and_locked() {
    let bench = Bench::new().await;
    let rows = bench.get("/api/systemusers?limit=100").await.json()["results"].clone();
    let find = |name| rows.as_array().unwrap().iter().find(|row| row["username"] == name).unwrap().clone();
    assert_eq!(find("pia+it")["suspended"], true);
    assert_eq!(find("quinn")["state"], "STAGED");
    assert_eq!(find("rosa")["activated"], false);
    assert_eq!(find("sami")["account_locked_date"], "2026-03-04T05:06:07.000Z");
}
