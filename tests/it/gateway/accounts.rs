//! Whose account, whose token: environments do not see each other, scopes are kept, secrets are never shown.

use serde_json::{Value, json};

use super::{UNASSIGN, guardhouse};

/// The body without what differs between any two answers.
fn without_request_id(mut body: Value) -> Value {
    body.as_object_mut().unwrap().remove("request_id");
    body
}

#[tokio::test]
async fn an_unknown_account_and_a_foreign_one_look_the_same() {
    let site = guardhouse().await;
    let stranger = site.token("elsewhere", json!(["call", "admin"]), "bare").await;
    let foreign = site.demo().token(Some(&stranger)).send().await;
    foreign.refused_as(404, "not_found", "");
    let body = json!({"id": "102", "roles": [{"id": "2"}]});
    let nowhere = "01a1fd48-0000-7000-8000-000000000000";
    let unknown = site.call("POST", UNASSIGN).query("integrated_account_id", nowhere).json(&body);
    let unknown = unknown.token(Some(&stranger)).send().await;
    assert_eq!(without_request_id(foreign.json()), without_request_id(unknown.json()));
    assert!(foreign.calls.is_empty() && unknown.calls.is_empty());
    let names = |answer: &super::ask::Answer| -> Vec<String> {
        answer.headers.keys().map(|name| name.as_str().to_owned()).filter(|name| name != "date").collect()
    };
    assert_eq!(names(&foreign), names(&unknown));
    // Bad input beside a foreign account gives no hint either.
    let hint = site.call("POST", UNASSIGN).query("integrated_account_id", &site.account).token(Some(&stranger));
    let other = site.call("POST", UNASSIGN).query("integrated_account_id", nowhere).token(Some(&stranger));
    assert_eq!(without_request_id(hint.send().await.json()), without_request_id(other.send().await.json()));
}

#[tokio::test]
async fn accounts_of_another_environment_are_not_there() {
    let site = guardhouse().await;
    let stranger = site.token("elsewhere", json!(["call", "admin"]), "bare").await;
    let path = format!("/integrated-account/{}", site.account);
    for method in ["GET", "DELETE"] {
        site.call(method, &path).token(Some(&stranger)).send().await.refused_as(404, "not_found", "");
    }
    let list = site.call("GET", "/integrated-account").token(Some(&stranger)).send().await.json();
    assert_eq!(list["result_count"], 0);
    // Nor can a token of one environment make one for another.
    let body = json!({"name": "mole", "scopes": ["call"], "environment": "default"});
    let answer = site.call("POST", "/api-token").json(&body).token(Some(&stranger)).send().await;
    answer.refused_as(403, "forbidden", "");
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
}

#[tokio::test]
async fn the_account_must_be_named() {
    let site = guardhouse().await;
    let body = json!({"id": "102", "roles": [{"id": "2"}]});
    let answer = site.call("POST", UNASSIGN).json(&body).send().await;
    answer.bad_input("integrated_account_id");
    site.call("POST", UNASSIGN)
        .query("integrated_account_id", "")
        .json(&body)
        .send()
        .await
        .bad_input("integrated_account_id");
}

#[tokio::test]
async fn without_a_token_nothing_is_done() {
    let site = guardhouse().await;
    for token in [None, Some("wrong"), Some("the-token-of-this-gateways-administrato"), Some("sandbox")] {
        let answer = site.demo().token(token).send().await;
        answer.refused_as(401, "unauthenticated", "");
        assert!(answer.calls.is_empty());
        site.call("GET", "/integrated-account").token(token).send().await.refused_as(401, "unauthenticated", "");
        site.call("POST", "/api-token").json(&json!({"name": "x"})).token(token).send().await.refused_as(
            401,
            "unauthenticated",
            "",
        );
    }
    for value in ["Basic dGhlOnRva2Vu", "Bearer", "Bearer ", "Token x"] {
        let answer = site.demo().token(None).header("authorization", value).send().await;
        answer.refused_as(401, "unauthenticated", "");
    }
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say() {
    let site = guardhouse().await;
    let caller = site.token("default", json!(["call"]), "bare").await;
    let admin = site.token("default", json!(["admin"]), "bare").await;
    let auditor = site.token("default", json!(["audit"]), "bare").await;
    for token in [&admin, &auditor] {
        let answer = site.demo().token(Some(token)).send().await;
        answer.refused_as(403, "forbidden", "");
        assert!(answer.calls.is_empty());
    }
    let path = format!("/integrated-account/{}", site.account);
    for token in [&caller, &auditor] {
        site.call("GET", "/integrated-account").token(Some(token)).send().await.refused_as(403, "forbidden", "");
        site.call("GET", &path).token(Some(token)).send().await.refused_as(403, "forbidden", "");
        site.call("DELETE", &path).token(Some(token)).send().await.refused_as(403, "forbidden", "");
        let body = json!({"name": "more", "scopes": ["admin"]});
        site.call("POST", "/api-token").json(&body).token(Some(token)).send().await.refused_as(403, "forbidden", "");
    }
    assert_eq!(site.call("GET", &path).token(Some(&admin)).send().await.status, 200);
    assert_eq!(site.demo().token(Some(&caller)).send().await.verdict(), "removed yes");
}

#[tokio::test]
async fn an_account_is_shown_without_its_secrets_and_can_be_forgotten() {
    let site = guardhouse().await;
    let path = format!("/integrated-account/{}", site.account);
    // That the secret is in none of these is checked for every answer.
    let shown = site.call("GET", &path).send().await.json();
    assert_eq!((shown["integration"].as_str(), shown["tenant_id"].as_str()), (Some("guardhouse"), Some("acme")));
    assert_eq!(shown["status"], "active");
    let list = site.call("GET", "/integrated-account").send().await.json();
    assert_eq!(list["result_count"], 1, "{list}");
    assert_eq!(list["result"][0]["id"], site.account);
    assert_eq!(site.call("DELETE", &path).send().await.status, 204);
    site.call("GET", &path).send().await.refused_as(404, "not_found", "");
    let answer = site.demo().send().await;
    answer.refused_as(404, "not_found", "");
    assert!(answer.calls.is_empty());
}
