//! What nobody knows is never repeated as an answer: the repeat looks first, and then acts.

use offramp::sandbox::{Fault, Reply};
use offramp::storage::{KeyClaim, KeyEnd, KeyState};

use super::*;

/// A request whose reply was lost, at a provider that could not be read either.
async fn unknown(fault: Fault) -> Stage {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", fault);
    stage.server.faults.always("GET", "/users/", Fault::DropBefore);
    let first = stage.ask(removal("k1")).await;
    assert_eq!((first.status, first.outcome()), (502, "unknown"), "{first:?}");
    stage.server.faults.clear();
    stage.server.clear_journal();
    stage
}

#[tokio::test]
async fn a_removal_that_landed_unseen_is_found_and_not_sent_again() {
    let stage = unknown(Fault::DropAfter).await;
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (200, "already_absent", 0), "{second:?}");
    assert!(!second.is_replayed());
    let item = &second.json()["unassignment"]["items"][0];
    assert_eq!(item["held_before"], "unknown", "it may have been the first attempt: {item}");
    // That is an answer.
    stage.ask(removal("k1")).await.repeats(&second);
}

#[tokio::test]
async fn a_removal_that_did_not_land_is_sent_by_the_repeat() {
    let stage = unknown(Fault::DropBefore).await;
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (200, "removed", 1), "{second:?}");
    assert_eq!(second.json()["unassignment"]["items"][0]["held_before"], "yes");
    let calls = stage.server.journal().into_iter().map(|recorded| (recorded.call.method, recorded.call.path));
    let calls: Vec<(String, String)> = calls.collect();
    let write = calls.iter().position(|(method, _)| method == "DELETE").unwrap();
    assert!(calls[..write].iter().any(|(_, path)| path.ends_with("/users/102")), "read before: {calls:?}");
    stage.ask(removal("k1")).await.repeats(&second);
}

#[tokio::test]
async fn it_is_the_repeat_of_that_request_alone() {
    let stage = unknown(Fault::DropAfter).await;
    assert_eq!(stage.ask(removal("k1").query("verify=none")).await.status, 422);
}

#[tokio::test]
async fn bad_luck_of_the_repeat_does_not_make_it_forget() {
    let stage = Stage::open().await;
    // By address, for which the users have to be read.
    let ask = || removal("k1").body(json!({"id": "ana+ops@example.com", "roles": [{"id": "4"}]}));
    stage.server.faults.once("DELETE", "/roles/", Fault::DropAfter);
    stage.server.faults.always("GET", "/users/", Fault::DropBefore);
    let first = stage.ask(ask()).await;
    assert_eq!(first.outcome(), "unknown", "{first:?}");
    stage.server.faults.clear();
    stage.server.faults.once("GET", "/users", Fault::Answer(Reply::json(429, &json!({"message": "no"}))));
    let second = stage.ask(ask()).await;
    assert_eq!((second.status, second.header("offramp-remote-calls")), (429, "0"), "{second:?}");
    let third = stage.ask(ask()).await;
    assert_eq!((third.outcome(), stage.writes()), ("already_absent", 1), "{third:?}");
}

#[tokio::test]
async fn of_a_request_done_in_part_the_repeat_does_the_rest() {
    let stage = Stage::open().await;
    let no = Reply::json(429, &json!({"message": "no"}));
    stage.server.faults.once("DELETE", "/roles/3", Fault::Answer(no));
    let both = removal("k1").body(json!({"id": "102", "roles": [{"id": "2"}, {"id": "3"}]}));
    let first = stage.ask(both.clone()).await;
    assert_eq!((first.status, first.outcome()), (429, "failed"), "{first:?}");
    let second = stage.ask(both).await;
    assert_eq!((second.status, second.outcome()), (200, "removed"), "{second:?}");
    assert_eq!((stage.writes_of_role(2), stage.writes_of_role(3)), (1, 2));
}

#[tokio::test]
async fn accepted_without_effect_may_be_tried_again() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", Fault::Answer(Reply::empty(204)));
    let first = stage.ask(removal("k1")).await;
    assert_eq!((first.status, first.outcome()), (502, "failed"), "{first:?}");
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (200, "removed", 2), "{second:?}");
}

#[tokio::test]
async fn without_the_database_nothing_is_sent() {
    let stage = Stage::open().await;
    stage.storage.fail(|method, _| method == "claim_key");
    let answer = stage.ask(removal("k1")).await;
    assert_eq!((answer.status, &answer.json()["kind"]), (503, &json!("internal")), "{answer:?}");
    assert!(stage.server.journal().is_empty());
    stage.storage.mend();
    assert_eq!(stage.ask(removal("k1")).await.outcome(), "removed");
}

#[tokio::test]
async fn an_answer_that_could_not_be_kept_is_true_and_the_repeat_looks() {
    let stage =
        Stage::with(IdempotencySettings { lease: Duration::from_millis(400), ..IdempotencySettings::default() }).await;
    stage.storage.fail(|method, _| method == "end_key");
    let first = stage.ask(removal("k1")).await;
    assert_eq!((first.status, first.outcome()), (200, "removed"), "{first:?}");
    stage.storage.mend();
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (200, "already_absent", 1), "{second:?}");
}

#[tokio::test]
async fn an_attempt_that_gives_no_sign_of_life_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("offramp.db").display());
    let storage = Arc::new(SqliteStorage::open(&url).await.unwrap());
    let stage = Stage::over(storage, IdempotencySettings::default()).await;
    // A process that claimed the key, and is no more.
    stage.storage.fail(|method, _| method == "end_key");
    assert_eq!(stage.ask(removal("k1")).await.outcome(), "removed");
    stage.storage.mend();
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    sqlx::query("UPDATE idempotency SET lease_until = lease_until - 9000").execute(&pool).await.unwrap();
    let started = std::time::Instant::now();
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.outcome(), stage.writes()), ("already_absent", 1), "{second:?}");
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn who_was_taken_over_does_not_overwrite_the_answer() {
    let storage = SqliteStorage::open("sqlite::memory:").await.unwrap();
    let claim = |holder: &str| KeyClaim {
        id: [1; 32],
        request: [2; 32],
        request_id: holder.to_owned(),
        holder: holder.to_owned(),
        lease: Duration::ZERO,
        keep: Duration::from_secs(60),
    };
    storage.claim_key(&claim("slow")).await.unwrap();
    let taken = storage.claim_key(&claim("fast")).await.unwrap();
    assert_eq!(taken, KeyState::Claimed { again: true, request_id: "slow".to_owned() });
    for end in [KeyEnd::Answered(b"slow"), KeyEnd::Forgotten] {
        assert!(!storage.end_key(&[1; 32], "slow", end).await.unwrap());
    }
    assert!(!storage.renew_key(&[1; 32], "slow", Duration::from_secs(9)).await.unwrap());
    assert!(storage.end_key(&[1; 32], "fast", KeyEnd::Answered(b"fast")).await.unwrap());
    assert_eq!(storage.claim_key(&claim("third")).await.unwrap(), KeyState::Answered(b"fast".to_vec()));
}
