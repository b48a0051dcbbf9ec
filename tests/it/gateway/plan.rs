//! Dry runs: the same road, stopped before the first write.

use offramp::sandbox::Fault;
use offramp::sandbox::jumpcloud::seed;
use serde_json::{Value, json};

use super::ask::Answer;
use super::{guardhouse, jumpcloud, slack};

/// The steps that would write.
fn writes(plan: &Value) -> Vec<&Value> {
    let steps = plan["plan"]["steps"].as_array().unwrap();
    steps.iter().filter(|step| !["GET", "HEAD"].contains(&step["method"].as_str().unwrap_or_default())).collect()
}

#[track_caller]
fn planned(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.writes(), Vec::<String>::new(), "a dry run wrote");
    let body = answer.json();
    assert_eq!(body["plan"]["outcome"], "planned", "{body}");
    body
}

#[tokio::test]
async fn a_dry_run_shows_the_write_and_sends_none() {
    let site = guardhouse().await;
    for name in ["dry_run", "truto_skip_api_call"] {
        let plan = planned(&site.demo().query(name, "true").send().await);
        let writes = writes(&plan);
        assert_eq!(writes.len(), 1, "{plan}");
        assert_eq!(writes[0]["method"], "DELETE");
        assert_eq!(writes[0]["url"], json!(format!("{}/api/v1/users/102/roles/2", site.server.base_url())));
        for field in ["name", "effect", "method", "url", "headers", "body", "why"] {
            assert!(writes[0].get(field).is_some(), "{field} is missing: {}", writes[0]);
        }
    }
    assert_eq!(site.demo().query("dry_run", "false").send().await.verdict(), "removed yes");
}

#[tokio::test]
async fn the_plan_is_what_is_then_sent() {
    let site = slack().await;
    let plan = planned(&site.demo().query("dry_run", "true").send().await);
    let writes = writes(&plan);
    assert_eq!(writes.len(), 1, "{plan}");
    let answer = site.demo().send().await;
    let sent = answer.calls.iter().find(|recorded| recorded.call.path.ends_with("removeAssignments")).unwrap();
    assert_eq!(writes[0]["url"], json!(format!("{}{}", site.server.base_url(), sent.call.path)));
    let body = match &writes[0]["body"] {
        Value::String(text) => serde_json::from_str(text).unwrap(),
        body => body.clone(),
    };
    assert_eq!(body, serde_json::from_slice::<Value>(&sent.call.body).unwrap());
}

#[tokio::test]
async fn a_plan_knows_what_reads_tell() {
    let site = jumpcloud().await;
    let plan = planned(&site.demo().query("dry_run", "1").send().await);
    let writes = writes(&plan);
    assert_eq!(writes.len(), 1, "{plan}");
    assert!(writes[0]["body"].to_string().contains("Read Only"), "{plan}");
    assert!(!writes[0]["body"].to_string().contains("Help Desk"), "{plan}");
}

#[tokio::test]
async fn the_plan_of_an_absent_role_has_no_write() {
    let site = jumpcloud().await;
    let answer = site.unassign(seed::JANE, &["Manager"]).query("dry_run", "true").send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let plan = answer.json();
    assert_eq!(plan["plan"]["outcome"], "already_absent", "{plan}");
    assert_eq!(writes(&plan), Vec::<&Value>::new());
    let site = guardhouse().await;
    let answer = site.unassign(101, &[7]).query("dry_run", "true").query("check_before", "true").send().await;
    let plan = answer.json();
    assert_eq!((answer.status, plan["plan"]["outcome"].as_str()), (200, Some("already_absent")), "{plan}");
    assert_eq!(writes(&plan), Vec::<&Value>::new());
}

#[tokio::test]
async fn a_plan_looks_names_up_and_refuses_what_a_run_refuses() {
    let site = guardhouse().await;
    let body = json!({"id": "john@example.com", "roles": [{"name": "Administrator"}]});
    let plan = planned(&site.ask().json(&body).query("dry_run", "true").send().await);
    assert!(writes(&plan)[0]["url"].as_str().unwrap().ends_with("/api/v1/users/101/roles/1"), "{plan}");
    let unknown = json!({"id": "nobody@example.com", "roles": [{"id": "1"}]});
    site.ask().json(&unknown).query("dry_run", "true").send().await.bad_input("id");
    let site = jumpcloud().await;
    let answer = site.unassign(seed::OMAR, &["Command Runner"]).query("dry_run", "true").send().await;
    assert_eq!(answer.writes(), Vec::<String>::new());
    assert_ne!(answer.json()["plan"]["outcome"], "planned", "the run would be refused: {}", answer.text());
}

#[tokio::test]
async fn several_roles_are_planned_each() {
    let site = guardhouse().await;
    let plan = planned(&site.unassign(102, &[2, 3]).query("dry_run", "true").send().await);
    assert_eq!(writes(&plan).len(), 2, "{plan}");
}

#[tokio::test]
async fn a_plan_shows_the_merged_body_and_no_secret() {
    let site = guardhouse().await;
    let body = json!({"id": "102", "roles": [{"id": "2"}], "remote_data": {"instantLogout": true, "note": "x"}});
    let plan = planned(&site.ask().json(&body).query("dry_run", "true").send().await);
    let shown = writes(&plan)[0]["body"].to_string().replace('\\', "");
    assert!(shown.contains("\"instantLogout\":true") && shown.contains("\"note\":\"x\""), "{plan}");
    let headers = writes(&plan)[0]["headers"].to_string().to_lowercase();
    assert!(headers.contains("authorization"), "shown, but masked: {plan}");
}

#[tokio::test]
async fn a_plan_whose_reads_fail_is_no_plan() {
    let site = jumpcloud().await;
    site.server.faults.always("GET", "/api/systemusers", Fault::Answer(site.simulator.error(403)));
    let answer = site.demo().query("dry_run", "true").send().await;
    answer.refused_as(403, "permission_missing", "");
    assert_eq!(answer.writes(), Vec::<String>::new());
}
