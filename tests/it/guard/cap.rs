//! The cap of removals an hour.

use std::collections::BTreeSet;

use offramp::sandbox::{Fault, Reply};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{Reservation, Storage, new_id};

use super::*;
use crate::staged::UNASSIGN;

const SETTING: &str = "guard.removals_per_account_per_hour";

/// Everybody who holds role 2.
const HOLDERS: [&str; 6] = ["102", "103", "104", "108", "110", "112"];

#[tokio::test]
async fn so_many_removals_are_sent_and_no_more() {
    let stage = Stage::open(cap(3)).await;
    is_removed(&stage.remove("102", &["2", "3"]).await);
    // It would pass the cap, so that none of it is sent.
    let answer = stage.remove("103", &["1", "2"]).await;
    is_refused(&answer, SETTING, &["3 removals an hour", "2 were sent", "this request has 2"]);
    assert_eq!(stage.writes(), 2);
    is_removed(&stage.remove("103", &["2"]).await);
    is_refused(&stage.remove("104", &["2"]).await, SETTING, &["3 were sent"]);
    let plan = stage.unassign("&dry_run=true", &removal("104", &["2"])).await;
    is_refused(&plan, SETTING, &[]);
    assert_eq!(stage.writes(), 3);
    let refused: Vec<_> = stage.entries().await.into_iter().filter(|entry| *entry.kind == *"refused").collect();
    assert_eq!(refused.len(), 2, "the dry run is not recorded");
    assert_eq!(refused[0].detail.as_deref(), Some(r#"{"rule":"guard.removals_per_account_per_hour"}"#));
}

#[tokio::test]
async fn the_count_outlives_the_process() {
    let stage = Stage::open(cap(2)).await;
    is_removed(&stage.remove("102", &["2", "3"]).await);
    let stage = stage.restarted(cap(2)).await;
    is_refused(&stage.remove("103", &["2"]).await, SETTING, &["2 were sent"]);
    let stage = stage.restarted(Settings { audit: false, ..cap(3) }).await;
    is_removed(&stage.remove("103", &["2"]).await);
    is_refused(&stage.remove("104", &["2"]).await, SETTING, &["3 were sent"]);
}

#[tokio::test]
async fn what_was_not_sent_does_not_count() {
    let stage = Stage::open(cap(2)).await;
    // Refused by a look-up, planned, bad input, and one that could not be recorded.
    assert_eq!(stage.remove("102", &["99"]).await.status, 404);
    assert_eq!(stage.unassign("&dry_run=true", &removal("102", &["2", "3"])).await.status, 200);
    assert_eq!(stage.remove("x", &["2"]).await.status, 400);
    stage.storage.fail(|method, _| method == "append_audit");
    assert_eq!(stage.remove("102", &["2", "3"]).await.status, 503);
    stage.storage.mend();
    assert_eq!(stage.writes(), 0);
    // The account is at fault with the first: the second is not tried, and given back.
    stage.server.faults.once("DELETE", "/roles/", Fault::Answer(Reply::empty(403)));
    assert_eq!(stage.remove("102", &["2", "3"]).await.status, 403);
    assert_eq!(stage.writes(), 1);
    is_removed(&stage.remove("102", &["2"]).await);
    is_refused(&stage.remove("102", &["3"]).await, SETTING, &["2 were sent"]);
}

#[tokio::test]
async fn of_requests_at_the_same_time_no_more_than_the_cap_are_sent() {
    let stage = Stage::open(cap(3)).await;
    stage.server.faults.always("DELETE", "/roles/", Fault::Slow(std::time::Duration::from_millis(100)));
    let asked = HOLDERS.map(|user| stage.remove(user, &["2"]));
    let answers = futures_util::future::join_all(asked).await;
    let count = |status: u16| answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!((count(200), count(422)), (3, 3), "{answers:?}");
    let users: BTreeSet<String> =
        stage.server.journal().iter().filter(|it| it.call.method == "DELETE").map(|it| it.call.path.clone()).collect();
    assert_eq!((stage.writes(), users.len()), (3, 3));
}

#[tokio::test]
async fn where_nobody_can_count_nothing_is_sent() {
    let stage = Stage::open(cap(3)).await;
    stage.storage.fail(|method, _| method == "reserve_removals");
    let answer = stage.remove("102", &["2"]).await;
    assert_eq!((answer.status, answer.kind()), (503, "internal"), "{answer:?}");
    assert_eq!(stage.writes(), 0);
    stage.storage.mend();
    // What cannot be given back counts: too few are allowed, never too many.
    stage.storage.fail(|method, _| method == "settle_removals");
    stage.server.faults.once("DELETE", "/roles/", Fault::Answer(Reply::empty(403)));
    assert_eq!(stage.remove("102", &["2", "3"]).await.status, 403);
    stage.storage.mend();
    is_refused(&stage.remove("103", &["1", "2"]).await, SETTING, &["2 were sent or are being sent"]);
}

#[tokio::test]
async fn an_hour_later_and_at_another_account_the_count_begins_anew() {
    let storage = SqliteStorage::open("sqlite::memory:").await.unwrap();
    let reserve = async |account: &str, at: &str, since: &str, roles: u32| {
        let removals = Reservation { id: new_id(), account: account.to_owned(), at: at.to_owned(), roles };
        storage.reserve_removals(&removals, since, 5).await.unwrap()
    };
    let (eleven, noon) = ("2026-11-21T11:00:00.000Z", "2026-11-21T12:00:00.000Z");
    assert!(reserve("a", "2026-11-21T11:00:00.000Z", "2026-11-21T10:00:00.000Z", 4).await);
    assert!(!reserve("a", "2026-11-21T11:30:00.000Z", "2026-11-21T10:30:00.000Z", 2).await);
    assert!(reserve("a", "2026-11-21T11:30:00.000Z", "2026-11-21T10:30:00.000Z", 1).await);
    assert!(reserve("b", "2026-11-21T11:30:00.000Z", "2026-11-21T10:30:00.000Z", 5).await);
    // Those of eleven are an hour old now.
    assert!(reserve("a", noon, eleven, 4).await);
    assert!(!reserve("a", noon, eleven, 1).await);
    assert_eq!(storage.removals("a", eleven).await.unwrap(), 5);
}

#[tokio::test]
async fn of_many_processes_on_one_file_none_passes_the_cap_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("db").display());
    let mut processes = Vec::new();
    for _ in 0..4 {
        processes.push(SqliteStorage::open(&url).await.unwrap());
    }
    let mut tasks = Vec::new();
    for at in 0..40 {
        let storage = processes[at % 4].clone();
        tasks.push(tokio::spawn(async move {
            let at = "2026-11-21T11:00:00.000Z".to_owned();
            let removals = Reservation { id: new_id(), account: "a".to_owned(), at, roles: 1 };
            storage.reserve_removals(&removals, "2026-11-21T10:00:00.000Z", 7).await.unwrap()
        }));
    }
    let mut reserved = 0;
    for task in tasks {
        reserved += u32::from(task.await.unwrap());
    }
    assert_eq!(reserved, 7);
}

#[tokio::test]
async fn a_refusal_uses_no_idempotency_key_up() {
    let stage = Stage::open(cap(1)).await;
    is_removed(&stage.remove("102", &["2"]).await);
    let ask = async || {
        let path = format!("{UNASSIGN}?integrated_account_id=guardhouse");
        stage.call_with("POST", &path, &[("idempotency-key", "once")], &removal("103", &["2"])).await
    };
    is_refused(&ask().await, SETTING, &[]);
    let again = ask().await;
    is_refused(&again, SETTING, &[]);
    assert!(!again.headers.contains_key("idempotency-replayed"));
    assert_eq!(again.body["unassignment"]["items"][0]["reason"], "guard");
    assert_eq!(stage.entries().await.iter().filter(|entry| *entry.kind == *"refused").count(), 2);
}
