//! The edges of HTTP: paths and methods.

use serde_json::json;

use super::{guardhouse, slack};

#[tokio::test]
async fn both_spellings_and_any_number_of_leading_slashes() {
    let site = guardhouse().await;
    let roles = json!({"id": "102", "roles": [{"id": "2"}]});
    for path in [
        "/unified/user-directory/users/unassign_role",
        "//unified/user-directory/users/unassign-role",
        "///unified/user-directory/users/unassign_role",
    ] {
        site.simulator.assign(102, 2);
        let ask = site.call("POST", path).query("integrated_account_id", &site.account).json(&roles);
        let answer = ask.target("user 102 holds role 2").send().await;
        assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_or_path_is_told_in_json() {
    let site = guardhouse().await;
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let ask = site.call(method, super::UNASSIGN).query("integrated_account_id", &site.account);
        let answer = ask.json(&json!({"id": "102", "roles": [{"id": "2"}]})).send().await;
        answer.refused_as(405, "invalid_request", "");
        assert!(answer.calls.is_empty());
    }
    for path in
        ["/", "/unified", "/unified/user-directory/users/unassign-roles", "/admin", "//", "//nowhere", "/%2e%2e/x"]
    {
        site.call("POST", path).send().await.refused_as(404, "not_found", "");
    }
}

#[tokio::test]
async fn health_and_the_document_need_no_token() {
    let site = slack().await;
    for path in ["/health/live", "/health/ready", "/openapi.json"] {
        let answer = site.call("GET", path).token(None).send().await;
        assert_eq!(answer.status, 200, "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_an_id_of_its_own() {
    let site = guardhouse().await;
    let mut ids = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let removed = site.demo().send().await;
        let refused = site.ask().send().await;
        for answer in [removed, refused] {
            assert!(ids.insert(answer.header("offramp-request-id").unwrap().to_owned()));
        }
    }
}
