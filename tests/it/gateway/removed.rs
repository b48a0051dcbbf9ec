//! A role is taken away, or was not there: what the answer says, and how far it is proven.

use std::time::Duration;

use offramp::sandbox::guardhouse::UnknownRole;
use offramp::sandbox::jumpcloud::seed;
use serde_json::json;

use super::{HELP_DESK_OF_JANE, READ_ONLY_OF_JANE, guardhouse, jumpcloud, slack};

#[tokio::test]
async fn guardhouse_takes_the_role_and_the_read_back_proves_it() {
    let site = guardhouse().await;
    let answer = site.unassign(102, &[2]).send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"));
    assert_eq!(answer.header("offramp-remote-calls"), Some("1"));
    assert_eq!(answer.header("offramp-remote-status"), Some("204"));
    assert_eq!(answer.writes(), ["DELETE /api/v1/users/102/roles/2"]);
    assert_eq!(answer.lost.len(), 1);
    let item = answer.item(0);
    assert_eq!(item["role"]["id"], "2");
    assert_eq!(item["remote_status"], 204);
    // "Most providers answer the same whether the role was held or not: then held_before is unknown".
    assert_eq!(item["held_before"], "unknown");
    let user = answer.json();
    assert_eq!(user["id"], "102");
    let left: Vec<_> = user["roles"].as_array().unwrap().iter().map(|role| role["id"].clone()).collect();
    assert_eq!(left, ["1", "3"], "the object is read back after the removal");
}

#[tokio::test]
async fn guardhouse_is_sent_the_documented_call() {
    let site = guardhouse().await;
    let answer = site.unassign(102, &[2]).send().await;
    let write = answer.calls.iter().find(|recorded| recorded.call.method == "DELETE").unwrap();
    assert_eq!(write.call.header("content-type"), Some("application/json"));
    assert_eq!(write.call.query, "", "this endpoint takes no query");
    let body: serde_json::Value = serde_json::from_slice(&write.call.body).unwrap();
    assert!(body == json!({"instantLogout": false}) || body == json!({}), "{body}");
}

#[tokio::test]
async fn jumpcloud_sets_what_is_left() {
    let site = jumpcloud().await;
    let answer = site.unassign(seed::JANE, &["Help Desk"]).send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"));
    assert_eq!(answer.header("offramp-remote-status"), Some("200"));
    assert_eq!(answer.writes(), [format!("PUT /api/users/{}", seed::JANE_ADMIN)]);
    // "unless the plan reads first anyway": it does here.
    assert_eq!(answer.item(0)["held_before"], "yes");
    let write = answer.calls.iter().find(|recorded| recorded.call.method == "PUT").unwrap();
    let body: serde_json::Value = serde_json::from_slice(&write.call.body).unwrap();
    assert_eq!(body, json!({"roleNames": ["Read Only"]}));
    assert_eq!(answer.json()["roles"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn slack_takes_the_role_on_that_entity_alone() {
    let site = slack().await;
    // Venkman holds the same role on the workspace and on the organisation.
    let answer = site.unassign("U0VENKMAN", "Rl03", "T012AB3C4").send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    let write = answer.calls.iter().find(|recorded| recorded.call.path.ends_with("removeAssignments")).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&write.call.body).unwrap();
    assert_eq!(body, json!({"role_id": "Rl03", "entity_ids": ["T012AB3C4"], "user_ids": ["U0VENKMAN"]}));
    assert_eq!(answer.json()["id"], "U0VENKMAN");
}

#[tokio::test]
async fn a_role_not_held_is_still_truthfully_gone() {
    let site = guardhouse().await;
    let answer = site.unassign(101, &[7]).send().await;
    // Guardhouse says 204 to that too, and role 7 exists: accepted, and conclusively not there.
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    assert_eq!(answer.item(0)["held_before"], "unknown");
    assert!(answer.lost.is_empty());
}

#[tokio::test]
async fn asked_to_look_first_the_absent_role_costs_no_write() {
    let site = guardhouse().await;
    let answer = site.unassign(101, &[7]).query("check_before", "true").send().await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("offramp-outcome"), Some("already_absent"));
    assert_eq!(answer.header("offramp-remote-calls"), Some("0"));
    assert_eq!(answer.item(0)["held_before"], "no");
    assert_eq!(answer.writes(), Vec::<String>::new());
    let site = slack().await;
    let answer = site.unassign("W0STANTZ1", "Rl03", "T012AB3C4").query("check_before", "true").send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (200, Some("already_absent")), "{}", answer.text());
    assert_eq!(answer.writes(), Vec::<String>::new());
}

#[tokio::test]
async fn asked_to_look_first_the_held_role_is_known_to_have_been_held() {
    let site = guardhouse().await;
    let answer = site.unassign(102, &[2]).query("check_before", "1").send().await;
    assert_eq!(answer.verdict(), "removed yes");
    assert_eq!(answer.item(0)["held_before"], "yes");
    let site = slack().await;
    let answer = site.demo().query("check_before", "True").send().await;
    assert_eq!(answer.verdict(), "removed yes");
    assert_eq!(answer.item(0)["held_before"], "yes");
}

#[tokio::test]
async fn jumpcloud_knows_by_itself_that_the_role_is_absent() {
    let site = jumpcloud().await;
    let answer = site.unassign(seed::JANE, &["Manager"]).send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (200, Some("already_absent")), "{}", answer.text());
    assert_eq!(answer.item(0)["held_before"], "no");
    // A user who is no administrator holds nothing.
    let answer = site.unassign(seed::NINA, &["Help Desk"]).send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (200, Some("already_absent")), "{}", answer.text());
    assert_eq!(answer.json()["id"], seed::NINA);
}

#[tokio::test]
async fn several_roles_are_several_items() {
    let site = guardhouse().await;
    let answer = site.unassign(102, &[2, 3]).send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"));
    assert_eq!(answer.header("offramp-remote-calls"), Some("2"));
    assert_eq!(answer.lost.len(), 2);
    assert_eq!(answer.item(0)["role"]["id"], "2");
    assert_eq!(answer.item(1)["role"]["id"], "3");
}

#[tokio::test]
async fn two_roles_of_one_jumpcloud_administrator_go_in_one_request() {
    let site = jumpcloud().await;
    assert!(site.simulator.set_roles(seed::JANE_ADMIN, &["Help Desk", "Read Only", "Manager"]));
    let answer = site.unassign(seed::JANE, &["Help Desk", "Read Only"]).send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    assert_eq!(site.simulator.role_names(seed::JANE_ADMIN).unwrap(), ["Manager"]);
}

#[tokio::test]
async fn one_of_several_fails_and_the_others_are_done() {
    let site = guardhouse().await;
    site.simulator.settings(|settings| settings.unknown_role_on_unassign = UnknownRole::NotFound);
    // "Items run on after one fails (each is reported), unless the failure is the account's".
    let answer = site.unassign(102, &[2, 99, 3]).send().await;
    assert_eq!(answer.status, 404, "{}", answer.text());
    assert_eq!(answer.json()["kind"], "not_found");
    assert_eq!(answer.header("offramp-outcome"), Some("failed"));
    let outcomes = [0, 1, 2].map(|index| answer.item(index)["outcome"].as_str().unwrap().to_owned());
    assert_eq!(outcomes, ["removed", "failed", "removed"]);
    assert_eq!(answer.lost.len(), 2);
}

#[tokio::test]
async fn an_accounts_failure_stops_the_rest() {
    let site = guardhouse().await;
    let refused = offramp::sandbox::Reply::empty(403);
    site.server.faults.once("DELETE", "/roles/2", offramp::sandbox::Fault::Answer(refused));
    let answer = site.unassign(102, &[2, 3]).send().await;
    assert_eq!((answer.status, answer.json()["kind"].as_str()), (403, Some("permission_missing")));
    let outcomes = [0, 1].map(|index| answer.item(index)["outcome"].as_str().unwrap().to_owned());
    assert_eq!(outcomes, ["failed", "refused"]);
    // "then the rest is `refused`, reason `not_attempted`".
    assert_eq!(answer.item(1)["reason"], "not_attempted");
    assert_eq!(answer.writes().len(), 1);
    assert!(answer.lost.is_empty());
}

#[tokio::test]
async fn a_role_id_nobody_knows_is_never_proven() {
    let site = guardhouse().await;
    // Guardhouse says 204 to it, but the role can be asked for, and is not there.
    let answer = site.ask().json(&json!({"id": "102", "roles": [{"id": "99"}]})).send().await;
    assert_ne!(answer.header("offramp-verified"), Some("yes"), "{}", answer.text());
    // "where the provider says that the role does not exist, the item is `failed`, kind `not_found`".
    assert_eq!(answer.header("offramp-outcome"), Some("failed"), "{}", answer.text());
    answer.refused_as(404, "not_found", "");
}

#[tokio::test]
async fn a_role_id_that_cannot_be_asked_for_is_never_proven() {
    let site = guardhouse().await;
    site.server.faults.always("GET", "/api/v1/roles", super::faults::internal_error());
    let answer = site.ask().json(&json!({"id": "102", "roles": [{"id": "99"}]})).send().await;
    assert_ne!(answer.header("offramp-verified"), Some("yes"), "{}", answer.text());
    let site = slack().await;
    // Custom roles have ids of any form, and no call lists roles: Slack itself says no.
    let answer = site.unassign("W012A3CDE", "R0NOSUCH1", "T012AB3C4").send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("failed"), "{}", answer.text());
    answer.refused_as(404, "not_found", "");
}

#[tokio::test]
async fn waiting_outlasts_a_read_lag() {
    let site = slack().await;
    site.simulator.settings(|settings| settings.read_lag = Duration::from_millis(300));
    let answer = site.demo().query("verify", "wait").send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    let site = guardhouse().await;
    site.simulator.settings(|settings| settings.read_lag_ms = 300);
    let answer = site.demo().query("verify", "wait").send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
}

#[tokio::test]
async fn waiting_ends() {
    let site = guardhouse().await;
    site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
    let started = std::time::Instant::now();
    let answer = site.demo().query("verify", "wait").send().await;
    assert_eq!(answer.verdict(), "failed no");
    answer.refused_as(502, "not_effective", "");
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(900) && waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test]
async fn accepted_without_effect_is_no_success() {
    let site = guardhouse().await;
    site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
    let answer = site.demo().send().await;
    assert_eq!(answer.verdict(), "failed no");
    assert_eq!(answer.header("offramp-remote-status"), Some("204"));
    answer.refused_as(502, "not_effective", "");
    let site = slack().await;
    site.simulator.settings(|settings| settings.ignores_removals = true);
    let answer = site.demo().send().await;
    assert_eq!(answer.verdict(), "failed no");
    answer.refused_as(502, "not_effective", "");
    let site = jumpcloud().await;
    site.simulator.settings(|settings| settings.writes_without_effect = true);
    let answer = site.demo().send().await;
    assert_eq!(answer.verdict(), "failed no");
    answer.refused_as(502, "not_effective", "");
    site.simulator.settings(|settings| settings.writes_without_effect = false);
    site.simulator.settings(|settings| settings.put_keeps_roles = true);
    let answer = site.demo().send().await;
    // JumpCloud shows in the very answer that the role is still there.
    assert_eq!(answer.header("offramp-outcome"), Some("failed"), "{}", answer.text());
    assert!(answer.status >= 400);
}

#[tokio::test]
async fn without_proof_nothing_is_read_and_nothing_is_claimed() {
    let site = guardhouse().await;
    site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
    let answer = site.demo().query("verify", "none").blindfolded().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed skipped"));
    let reads = answer.calls.iter().filter(|recorded| recorded.call.path.starts_with("/api/v1/users/102"));
    assert_eq!(reads.count(), 1, "the call itself, and no read of the user");
    assert_eq!(answer.json()["id"], "102", "the object still holds what is known");
    let site = slack().await;
    let answer = site.demo().query("verify", "none").send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed skipped"));
    assert_eq!(answer.json()["id"], "W012A3CDE");
}

#[tokio::test]
async fn a_role_that_is_named_twice_is_taken_away_once() {
    let site = guardhouse().await;
    let answer = site.unassign(102, &[2, 3, 2]).send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    assert_eq!((answer.header("offramp-remote-calls"), answer.writes().len()), (Some("2"), 2));
    assert_eq!(answer.json()["unassignment"]["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_same_removal_twice_is_no_error() {
    let site = jumpcloud().await;
    let first = site.demo().send().await;
    assert_eq!(first.lost, [HELP_DESK_OF_JANE.to_owned()].into());
    let second = site.demo().send().await;
    assert_eq!((second.status, second.header("offramp-outcome")), (200, Some("already_absent")));
    assert!(site.simulator.role_names(seed::JANE_ADMIN).unwrap() == ["Read Only"], "{READ_ONLY_OF_JANE}");
    assert_ne!(first.header("offramp-request-id"), second.header("offramp-request-id"));
}
