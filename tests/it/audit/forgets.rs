//! Personal data and old entries can be forgotten; the chain holds.

use offramp::audit::{Audit, redact, retire, verify};
use offramp::storage::timestamp;

use super::*;

async fn stage() -> (Stage, Audit) {
    let stage = Stage::open().await;
    for (user, role) in [(102, 2), (107, 7), (102, 3)] {
        let (status, answer) = stage.ask(Stage::removal(user, &[role])).await;
        assert_eq!(status, 200, "{answer}");
    }
    let audit = Audit::start(Arc::clone(&stage.storage) as Arc<dyn Storage>);
    tokio::time::sleep(Duration::from_millis(5)).await;
    (stage, audit)
}

#[tokio::test]
async fn one_users_entries_are_redacted_and_the_chain_holds() {
    let (stage, audit) = stage().await;
    assert_eq!(redact(&*stage.storage, &audit, &timestamp(), Some("102")).await.unwrap(), 4);
    let entries = stage.entries().await;
    assert_eq!(entries.iter().filter(|entry| entry.user.as_deref() == Some("107")).count(), 2);
    assert!(entries.iter().all(|entry| entry.user.as_deref() != Some("102")));
    assert!(entries.iter().filter(|entry| entry.user.is_none()).all(|entry| entry.body_hash.is_none()));
    assert_eq!(&*entries.last().unwrap().kind, "redacted");
    assert!(!entries.last().unwrap().detail.as_deref().unwrap().contains("102"));
    assert_eq!(verify(&*stage.storage, None).await.unwrap().broken, None);
}

#[tokio::test]
async fn all_entries_before_a_time_are_redacted_and_later_ones_are_not() {
    let (stage, audit) = stage().await;
    let then = timestamp();
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(stage.ask(Stage::removal(105, &[4])).await.0, 200);
    assert_eq!(redact(&*stage.storage, &audit, &then, None).await.unwrap(), 6);
    let users: Vec<String> = stage.entries().await.into_iter().filter_map(|entry| entry.user).collect();
    assert_eq!(users, ["105", "105"]);
    assert_eq!(redact(&*stage.storage, &audit, &then, None).await.unwrap(), 0);
    assert_eq!(verify(&*stage.storage, None).await.unwrap().broken, None);
}

#[tokio::test]
async fn old_entries_are_dropped_and_the_chain_holds() {
    let (stage, audit) = stage().await;
    assert_eq!(retire(&*stage.storage, &audit, &timestamp()).await.unwrap(), 6);
    assert_eq!(stage.entries().await.len(), 1, "the entry that says so");
    assert_eq!(stage.ask(Stage::removal(105, &[4])).await.0, 200);
    stage.flush().await;
    let verdict = verify(&*stage.storage, None).await.unwrap();
    assert_eq!((verdict.broken, verdict.entries), (None, 3));
}

#[tokio::test]
async fn an_open_intent_is_never_dropped() {
    let (stage, audit) = stage().await;
    let before = stage.storage.calls("append_audit");
    stage.storage.fail(move |method, calls| method == "append_audit" && calls > before);
    assert_eq!(stage.ask(Stage::removal(105, &[4])).await.0, 200);
    let stage = stage.restarted().await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    assert_eq!(stage.open_intents().await, 1);
    assert_eq!(retire(&*stage.storage, &audit, &timestamp()).await.unwrap(), 6);
    assert_eq!(stage.open_intents().await, 1);
    assert_eq!(verify(&*stage.storage, None).await.unwrap().broken, None);
}
