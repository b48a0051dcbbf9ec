//! How arguments may and may not be written, and paths that lead nowhere.

use offramp::sandbox::slack_enterprise::SlackEnterprise;
use offramp::sandbox::{Call, Clock, Simulator};
use proptest::prelude::*;
use serde_json::json;

use super::{HQ, LIST, REMOVE, SPENGLER, Slack, VENKMAN};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json; charset=utf-8";

#[tokio::test]
async fn a_json_body_is_accepted() {
    let slack = Slack::start().await;
    let body = r#"{"role_id":"Rl03","entity_ids":["T012AB3C4"],"user_ids":["W012A3CDE"]}"#;
    slack.post(REMOVE, JSON, body).await.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn a_form_with_comma_joined_lists_is_accepted() {
    let slack = Slack::start().await;
    let form = "role_id=Rl03&entity_ids=T012AB3C4&user_ids=W012A3CDE%2CU0VENKMAN";
    slack.post(REMOVE, FORM, form).await.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl03", HQ, SPENGLER) && !slack.holds("Rl03", HQ, VENKMAN));
}

#[tokio::test]
async fn a_form_with_lists_as_json_text_is_accepted() {
    let slack = Slack::start().await;
    let form = "role_id=Rl03&entity_ids=%5B%22T012AB3C4%22%5D&user_ids=%5B%22W012A3CDE%22%2C%22U0VENKMAN%22%5D";
    slack.post(REMOVE, FORM, form).await.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl03", HQ, SPENGLER) && !slack.holds("Rl03", HQ, VENKMAN));
}

#[tokio::test]
async fn missing_fields_are_invalid_arguments_that_name_each() {
    let slack = Slack::start().await;
    let body = json!({"entity_ids": [HQ], "user_ids": [SPENGLER]});
    slack.post_json(REMOVE, &body).await.is(
        r#"{"ok":false,"error":"invalid_arguments","response_metadata":{"messages":["[ERROR] missing required field: role_id"]}}"#,
    );
    slack.post(REMOVE, "", "").await.is(
        r#"{"ok":false,"error":"invalid_arguments","response_metadata":{"messages":["[ERROR] missing required field: role_id","[ERROR] missing required field: entity_ids","[ERROR] missing required field: user_ids"]}}"#,
    );
}

#[tokio::test]
async fn values_of_the_wrong_type_are_invalid_arguments() {
    let slack = Slack::start().await;
    for (role, entities, users) in [
        (json!(3), json!([HQ]), json!([SPENGLER])),
        (json!("Rl03"), json!(HQ), json!([SPENGLER])),
        (json!("Rl03"), json!([HQ]), json!([{"id": SPENGLER}])),
        (json!("Rl03"), json!([HQ]), json!(null)),
        (json!("Rl03"), json!({"0": HQ}), json!([SPENGLER])),
    ] {
        let body = json!({"role_id": role, "entity_ids": entities, "user_ids": users});
        let answer = slack.post_json(REMOVE, &body).await;
        assert_eq!(answer.json()["error"], "invalid_arguments", "{body}");
    }
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn an_argument_name_with_odd_characters_is_invalid_arg_name() {
    let slack = Slack::start().await;
    let answer = slack.post(REMOVE, FORM, "role-id=Rl03").await;
    answer.is(r#"{"ok":false,"error":"invalid_arg_name"}"#);
    let long = format!("{}=1", "n".repeat(300));
    let answer = slack.post(REMOVE, FORM, long).await;
    answer.is(r#"{"ok":false,"error":"invalid_arg_name"}"#);
}

#[tokio::test]
async fn a_bracketed_list_is_invalid_array_arg() {
    let slack = Slack::start().await;
    let form = "role_id=Rl03&entity_ids[]=T012AB3C4&user_ids[0]=W012A3CDE";
    let answer = slack.post(REMOVE, FORM, form).await;
    answer.is(r#"{"ok":false,"error":"invalid_array_arg"}"#);
    let answer = slack.get(LIST, "role_ids%5B%5D=Rl03").await;
    answer.is(r#"{"ok":false,"error":"invalid_array_arg"}"#);
}

#[tokio::test]
async fn a_foreign_charset_is_invalid_charset() {
    let slack = Slack::start().await;
    let answer = slack.post(REMOVE, "application/json; charset=utf-16", "{}").await;
    answer.is(r#"{"ok":false,"error":"invalid_charset"}"#);
}

#[tokio::test]
async fn a_broken_form_is_invalid_form_data() {
    let slack = Slack::start().await;
    for form in ["role_id=%zz", "role_id=%4", "role_id=%ff%fe"] {
        let answer = slack.post(REMOVE, FORM, form).await;
        answer.is(r#"{"ok":false,"error":"invalid_form_data"}"#);
    }
}

#[tokio::test]
async fn a_foreign_content_type_is_invalid_post_type() {
    let slack = Slack::start().await;
    for content_type in ["application/xml", "text/json"] {
        let answer = slack.post(REMOVE, content_type, "{}").await;
        answer.is(r#"{"ok":false,"error":"invalid_post_type"}"#);
    }
}

#[tokio::test]
async fn a_body_without_content_type_is_missing_post_type() {
    let slack = Slack::start().await;
    let answer = slack.post(REMOVE, "", "{}").await;
    answer.is(r#"{"ok":false,"error":"missing_post_type"}"#);
}

#[tokio::test]
async fn a_body_that_is_no_json_is_invalid_json() {
    let slack = Slack::start().await;
    let deep = "[".repeat(5000);
    for body in [&b"{"[..], b"", b"{\"role_id\":\"\xff\"}", deep.as_bytes()] {
        let answer = slack.post(REMOVE, JSON, body).await;
        if body.is_empty() {
            assert_eq!(answer.json()["error"], "invalid_arguments");
        } else {
            answer.is(r#"{"ok":false,"error":"invalid_json"}"#);
        }
    }
}

#[tokio::test]
async fn a_json_body_that_is_no_object_is_json_not_object() {
    let slack = Slack::start().await;
    for body in ["[]", "null", "\"Rl03\"", "3"] {
        let answer = slack.post(REMOVE, JSON, body).await;
        answer.is(r#"{"ok":false,"error":"json_not_object"}"#);
    }
}

#[tokio::test]
async fn a_removal_by_get_is_no_method_unless_older_documents_hold() {
    let slack = Slack::start().await;
    let query = "role_id=Rl03&entity_ids=T012AB3C4&user_ids=W012A3CDE";
    slack
        .get(REMOVE, query)
        .await
        .is(r#"{"ok":false,"error":"unknown_method","req_method":"admin.roles.removeAssignments"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
    slack.sim.settings(|s| s.writes_by_get = true);
    slack.get(REMOVE, query).await.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn delete_and_put_are_no_methods() {
    let slack = Slack::start().await;
    let url = slack.url(REMOVE);
    for request in [slack.http.delete(&url), slack.http.put(&url)] {
        let answer = slack.send(request).await;
        assert_eq!(answer.json()["error"], "unknown_method");
    }
}

#[tokio::test]
async fn an_unknown_method_says_which() {
    let slack = Slack::start().await;
    let answer = slack.post("admin.users.remove", "", "").await;
    answer.is(r#"{"ok":false,"error":"unknown_method","req_method":"admin.users.remove"}"#);
    let answer = slack.get("Auth.Test", "").await;
    assert_eq!(answer.json()["error"], "unknown_method");
}

#[tokio::test]
async fn paths_that_climb_or_have_other_segments_are_not_found() {
    let slack = Slack::start().await;
    for path in [
        "/",
        "/api",
        "/api/",
        "/api/auth.test/",
        "/api/auth.test/x",
        "/api/../auth.test",
        "/api/%2e%2E",
        "/api/./auth.test",
        "//api/auth.test",
        "/api//auth.test",
        "/api/%ff",
        "/scim/v2/Users",
        "/scim/v2/Users/x/y",
        "/scim/v3/Users/x",
        "",
        "auth.test",
    ] {
        let (status, body) = slack.ask("GET", path);
        assert_eq!(status, 404, "{path}");
        assert!(body.contains("Not found"), "{path}: {body}");
    }
}

#[tokio::test]
async fn a_path_is_percent_decoded_once() {
    let slack = Slack::start().await;
    let (_, body) = slack.ask("GET", "/api/auth%2Etest");
    assert!(body.starts_with(r#"{"ok":true"#), "{body}");
    let (_, body) = slack.ask("GET", "/api/auth%252Etest");
    assert_eq!(body, r#"{"ok":false,"error":"unknown_method","req_method":"auth%2Etest"}"#);
    let (_, body) = slack.ask("GET", "/api/100%");
    assert_eq!(body, r#"{"ok":false,"error":"unknown_method","req_method":"100%"}"#);
}

#[tokio::test]
async fn the_api_prefix_may_be_left_out_unless_it_is_required() {
    let slack = Slack::start().await;
    assert!(slack.ask("GET", "/auth.test").1.contains(r#""ok":true"#));
    slack.sim.settings(|s| s.api_prefix_required = true);
    assert_eq!(slack.ask("GET", "/auth.test").0, 404);
    assert!(slack.ask("GET", "/api/auth.test").1.contains(r#""ok":true"#));
}

#[tokio::test]
async fn huge_ids_are_just_unknown() {
    let slack = Slack::start().await;
    let huge = "U".repeat(10 * 1024);
    slack.remove("Rl03", &[HQ], &[&huge]).await.is(r#"{"ok":false,"error":"no_valid_users"}"#);
    slack.remove(&huge, &[HQ], &[SPENGLER]).await.is(r#"{"ok":false,"error":"invalid_role_id"}"#);
    slack.get("users.info", &format!("user={huge}")).await.is(r#"{"ok":false,"error":"user_not_found"}"#);
}

#[tokio::test]
async fn wrong_types_in_a_json_read_are_invalid_arguments() {
    let slack = Slack::start().await;
    for body in [
        json!({"limit": -1}),
        json!({"limit": [1]}),
        json!({"cursor": 7}),
        json!({"role_ids": [["Rl03"]]}),
        json!({"sort_dir": {"a": null}}),
    ] {
        let answer = slack.post_json(LIST, &body).await;
        assert_eq!(answer.json()["error"], "invalid_arguments", "{body}");
    }
}

proptest! {
    #[test]
    fn whatever_is_sent_gets_an_answer_and_rubbish_removes_nothing(
        http_method in "GET|POST|PUT|[A-Z]{1,9}",
        path in "/(api/)?(auth\\.test|admin\\.roles\\.(listAssignments|removeAssignments)|admin\\.users\\.list|users\\.(info|list)|scim/v2/Users/.{0,9}|.{0,30})",
        query in "((user|email|limit|cursor|role_ids|team_id|.{0,5})=([0-9]{1,30}|\\[?.{0,20})&){0,3}",
        content_type in "application/json|application/x-www-form-urlencoded|.{0,20}",
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..80),
            "role_id=Rl03&entity_ids=\\[?.{0,9}&user_ids=.{0,9}".prop_map(String::into_bytes),
            "\\{\"role_id\":\"Rl03\",\"entity_ids\":\\[?\".{0,9}\"\\]?,\"user_ids\":\\[[0-9]?\\]\\}".prop_map(String::into_bytes),
        ],
    ) {
        let sim = SlackEnterprise::new(Clock::default());
        let before = sim.memberships();
        let reply = sim.handle(&Call {
            method: http_method,
            path,
            query,
            headers: vec![
                ("authorization".to_owned(), format!("Bearer {}", sim.token())),
                ("content-type".to_owned(), content_type),
            ],
            body: body.into(),
        });
        prop_assert!(matches!(reply.status, 200 | 403 | 404 | 405), "{}", reply.status);
        prop_assert_eq!(sim.memberships(), before);
    }
}
