//! When something is recorded, and what happens where it cannot be.

use aws_lc_rs::digest;
use offramp::sandbox::{Fault, Reply};
use offramp::storage::timestamp;

use super::*;

#[tokio::test]
async fn an_intent_stands_before_its_write_is_answered_and_a_result_after() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", Fault::Slow(Duration::from_millis(300)));
    let app = stage.app.clone();
    let asked = tokio::spawn(app.oneshot(Stage::removal(102, &[2])));
    until("the write arrives", async || stage.writes() == 1).await;
    let [intent] = stage.entries().await.try_into().unwrap();
    assert_eq!((&*intent.kind, intent.outcome.as_deref()), ("intent", Some("unknown")));
    assert_eq!(stage.open_intents().await, 1);

    let response = asked.await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    let [_, result] = stage.entries().await.try_into().unwrap();
    assert_eq!((&*result.kind, result.outcome.as_deref()), ("result", Some("removed")));
    assert_eq!(&*result.request_id, response.headers()["offramp-request-id"].to_str().unwrap());
    assert_eq!(result.detail.as_deref(), Some(r#"{"verified":"yes"}"#));
    assert_eq!(stage.open_intents().await, 0);
}

#[tokio::test]
async fn an_intent_says_who_takes_what_from_whom_and_the_hash_of_the_body_that_left() {
    let stage = Stage::open().await;
    let before = timestamp();
    let (status, answer) = stage.ask(Stage::removal(102, &[2])).await;
    assert_eq!(status, 200, "{answer}");
    let [intent, result] = stage.entries().await.try_into().unwrap();
    assert_eq!((intent.seq, result.seq), (1, 2));
    assert_eq!((&*intent.environment, &*intent.token), ("default", "administrator"));
    assert_eq!((&*intent.account, intent.user.as_deref()), ("guardhouse", Some("102")));
    let role = answer["unassignment"]["items"][0]["role"].clone();
    assert_eq!(serde_json::from_str::<Value>(&intent.roles).unwrap(), json!([role]));
    let journal = stage.server.journal();
    let write = journal.iter().find(|recorded| recorded.call.method == "DELETE").unwrap();
    let hash = digest::digest(&digest::SHA256, &write.call.body);
    assert_eq!(intent.body_hash.unwrap(), hash.as_ref());
    assert!(*before <= *intent.at && intent.at <= result.at && *result.at <= *timestamp());
    let roles: Value = serde_json::from_str(&result.roles).unwrap();
    assert_eq!(
        (&roles[0]["id"], &roles[0]["outcome"], &roles[0]["verified"]),
        (&json!("2"), &json!("removed"), &json!("yes"))
    );
}

#[tokio::test]
async fn each_write_of_a_request_has_an_intent_and_all_have_one_result() {
    let stage = Stage::open().await;
    let (status, answer) = stage.ask(Stage::removal(102, &[2, 3])).await;
    assert_eq!(status, 200, "{answer}");
    let kinds: Vec<String> = stage.entries().await.iter().map(|entry| entry.kind.to_string()).collect();
    assert_eq!(kinds, ["intent", "intent", "result"]);
    assert_eq!(stage.open_intents().await, 0);
}

#[tokio::test]
async fn nothing_is_recorded_where_nothing_is_sent() {
    let stage = Stage::open().await;
    let plan = Request::post(format!("{UNASSIGN}&dry_run=true")).header("authorization", format!("Bearer {TOKEN}"));
    let body = json!({"id": "102", "roles": [{"id": "2"}]}).to_string();
    assert_eq!(stage.ask(plan.body(Body::from(body)).unwrap()).await.0, 200);
    assert_eq!(stage.ask(Stage::removal(102, &[99])).await.0, 404);
    assert_eq!(stage.writes(), 0);
    assert!(stage.entries().await.is_empty());
}

#[tokio::test]
async fn where_the_intent_cannot_be_written_nothing_is_sent() {
    let stage = Stage::open().await;
    stage.storage.fail(|method, _| method == "append_audit");
    let (status, answer) = stage.ask(Stage::removal(102, &[2, 3])).await;
    assert_eq!((status, &answer["kind"]), (503, &json!("internal")), "{answer}");
    assert_eq!(answer["truto_is_remote_error"], false);
    assert_eq!(answer["unassignment"]["outcome"], "failed");
    assert_eq!(stage.writes(), 0);
    assert!(stage.holds(102, 2) && stage.holds(102, 3));
}

#[tokio::test]
async fn a_result_that_cannot_be_written_is_written_later_and_the_answer_is_true_all_the_same() {
    let stage = Stage::open().await;
    stage.storage.fail(|method, before| method == "append_audit" && before > 0);
    let (status, answer) = stage.ask(Stage::removal(102, &[2])).await;
    assert_eq!((status, &answer["unassignment"]["outcome"]), (200, &json!("removed")), "{answer}");
    assert_eq!(stage.open_intents().await, 1);
    stage.storage.mend();
    until("the result is written", async || stage.open_intents().await == 0).await;
    assert_eq!(stage.entries().await.len(), 2);
}

#[tokio::test]
async fn a_caller_that_hangs_up_cancels_nothing() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", Fault::Slow(Duration::from_millis(300)));
    let asked = tokio::spawn(stage.app.clone().oneshot(Stage::removal(102, &[2])));
    until("the write arrives", async || stage.writes() == 1).await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    stage.gateway.finish().await;
    assert!(!stage.holds(102, 2));
    let [_, result] = stage.entries().await.try_into().unwrap();
    assert_eq!((&*result.kind, result.outcome.as_deref()), ("result", Some("removed")));
    assert_eq!(result.detail.as_deref(), Some(r#"{"verified":"yes"}"#));
}

#[tokio::test]
async fn entries_of_requests_at_the_same_time_share_commits() {
    let stage = Stage::open().await;
    let commits = stage.storage.calls("append_audit");
    let asked = (0..100).map(|_| stage.ask(Stage::removal(102, &[2])));
    for (status, answer) in futures_util::future::join_all(asked).await {
        assert_eq!(status, 200, "{answer}");
    }
    let commits = stage.storage.calls("append_audit") - commits;
    let entries = stage.entries().await.len();
    assert!(entries >= 2 && commits * 2 <= entries, "{entries} entries in {commits} commits");
}

/// A provider may call a role like the credentials it was sent.
#[tokio::test]
async fn a_secret_that_the_provider_repeats_is_in_no_entry() {
    let stage = Stage::open().await;
    let named = json!({"id": 2, "name": "role sandbox-only-secret", "key": "k"});
    stage.server.faults.always("GET", "/roles/2", Fault::Answer(Reply::json(200, &named)));
    let (status, answer) = stage.ask(Stage::removal(102, &[2])).await;
    assert_eq!(status, 200, "{answer}");
    let entries = stage.entries().await;
    assert_eq!(entries.len(), 2);
    for entry in entries {
        let line = offramp::audit::exported(&entry);
        assert!(line.contains("role ********") && !line.contains("sandbox-only-secret"), "{line}");
    }
}
