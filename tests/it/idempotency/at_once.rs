//! Many requests with one key at once: one is carried out, the others wait for it.

use futures_util::future::join_all;
use offramp::sandbox::Fault;

use super::*;

#[tokio::test]
async fn two_hundred_at_once_are_one() {
    let stage = Stage::open().await;
    let answers = join_all((0..200).map(|_| stage.ask(removal("k1")))).await;
    assert_eq!(stage.writes(), 1);
    let (replayed, first): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(Answer::is_replayed);
    let [first] = first.try_into().unwrap();
    assert_eq!(first.outcome(), "removed");
    assert_eq!(replayed.len(), 199);
    replayed.iter().for_each(|answer| answer.repeats(&first));
    assert_eq!(stage.storage.calls("claim_key"), 1, "those that wait ask nobody");
}

#[tokio::test]
async fn two_processes_on_one_database_are_one_too() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("offramp.db").display());
    let stage = Stage::over(Arc::new(SqliteStorage::open(&url).await.unwrap()), IdempotencySettings::default()).await;
    let other = SqliteStorage::open(&url).await.unwrap();
    let other = stage.beside(Arc::new(other), IdempotencySettings::default()).await;
    stage.server.faults.once("DELETE", "/roles/", Fault::Slow(Duration::from_millis(200)));
    let asked = (0..200).map(|index| if index % 2 == 0 { stage.ask(removal("k1")) } else { other.ask(removal("k1")) });
    let answers = join_all(asked).await;
    assert_eq!(stage.writes(), 1);
    let (replayed, first): (Vec<Answer>, Vec<Answer>) = answers.into_iter().partition(Answer::is_replayed);
    let [first] = first.try_into().unwrap();
    replayed.iter().for_each(|answer| answer.repeats(&first));
}

#[tokio::test]
async fn a_slow_request_is_not_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("offramp.db").display());
    let keys = IdempotencySettings { lease: Duration::from_millis(400), ..IdempotencySettings::default() };
    let stage = Stage::over(Arc::new(SqliteStorage::open(&url).await.unwrap()), keys).await;
    let other = stage.beside(Arc::new(SqliteStorage::open(&url).await.unwrap()), keys).await;
    stage.server.faults.once("DELETE", "/roles/", Fault::Slow(Duration::from_millis(1500)));
    let first = tokio::spawn(stage.app.clone().oneshot(removal("k1").request()));
    until("the write arrives", async || stage.writes() == 1).await;
    let second = other.ask(removal("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (200, "removed", 1), "{second:?}");
    assert!(second.is_replayed());
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn who_waits_too_long_is_told_to_come_again() {
    let stage =
        Stage::with(IdempotencySettings { wait: Duration::from_millis(100), ..IdempotencySettings::default() }).await;
    stage.server.faults.once("DELETE", "/roles/", Fault::Slow(Duration::from_millis(800)));
    let first = tokio::spawn(stage.app.clone().oneshot(removal("k1").request()));
    until("the write arrives", async || stage.writes() == 1).await;
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.status, &second.json()["kind"]), (409, &json!("conflict")), "{second:?}");
    assert_eq!(second.header("retry-after"), "1");
    assert!(!second.is_replayed());
    let another = stage.ask(removal("k1").query("verify=none")).await;
    assert_eq!(another.status, 422, "{another:?}");
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    let third = stage.ask(removal("k1")).await;
    assert_eq!((third.status, third.outcome(), stage.writes()), (200, "removed", 1), "{third:?}");
}

#[tokio::test]
async fn a_caller_that_hangs_up_has_its_answer_kept() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", Fault::Slow(Duration::from_millis(300)));
    let first = tokio::spawn(stage.app.clone().oneshot(removal("k1").request()));
    until("the write arrives", async || stage.writes() == 1).await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (200, "removed", 1), "{second:?}");
    assert!(second.is_replayed());
}

#[tokio::test]
async fn those_that_wait_get_what_is_not_kept_too() {
    let stage = Stage::open().await;
    stage.server.faults.always("DELETE", "/roles/", Fault::HangBefore(Duration::from_millis(300)));
    stage.server.faults.always("GET", "/users/", Fault::DropBefore);
    let answers = join_all((0..20).map(|_| stage.ask(removal("k1")))).await;
    assert!(answers.iter().all(|answer| answer.outcome() == "unknown"), "{answers:?}");
    assert_eq!(stage.writes(), 1, "no storm of writes at a provider in trouble");
}
