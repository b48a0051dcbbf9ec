//! Which answers are kept, and for how long.

use offramp::sandbox::{Fault, Reply};

use super::*;

#[tokio::test]
async fn a_clear_no_is_kept() {
    let stage = Stage::open().await;
    let no = Reply::json(409, &json!({"message": "Not now"}));
    stage.server.faults.once("DELETE", "/roles/", Fault::Answer(no));
    let first = stage.ask(removal("k1")).await;
    assert_eq!((first.status, first.outcome()), (409, "failed"), "{first:?}");
    stage.ask(removal("k1")).await.repeats(&first);
    assert!(stage.holds(102, 2));
    let absent = removal("k2").body(json!({"id": "102", "roles": [{"id": "7"}]})).query("check_before=true");
    let first = stage.ask(absent.clone()).await;
    assert_eq!((first.status, first.outcome()), (200, "already_absent"), "{first:?}");
    stage.ask(absent).await.repeats(&first);
}

#[tokio::test]
async fn what_was_not_sent_for_a_reason_that_passes_uses_no_key_up() {
    let no = |status| Fault::Answer(Reply::json(status, &json!({"message": "no"})));
    // By its name, for which the roles have to be read.
    let named = || removal("k1").body(json!({"id": "102", "roles": [{"name": "Support Agent"}]}));
    for (status, fault) in [(401, no(401)), (403, no(403)), (429, no(429)), (503, no(503))] {
        let stage = Stage::open().await;
        stage.server.faults.always("GET", "/roles", fault);
        let first = stage.ask(named()).await;
        assert_eq!((first.status, stage.writes()), (status, 0), "{first:?}");
        stage.server.faults.clear();
        let second = stage.ask(named()).await;
        assert_eq!((second.status, second.outcome()), (200, "removed"), "after a {status}: {second:?}");
        assert!(!second.is_replayed());
    }
}

#[tokio::test]
async fn where_the_audit_cannot_be_written_no_key_is_used_up() {
    let stage = Stage::open().await;
    stage.storage.fail(|method, _| method == "append_audit");
    let first = stage.ask(removal("k1")).await;
    assert_eq!((first.status, stage.writes()), (503, 0), "{first:?}");
    stage.storage.mend();
    assert_eq!(stage.ask(removal("k1")).await.outcome(), "removed");
}

#[tokio::test]
async fn bad_input_uses_no_key_up() {
    let stage = Stage::open().await;
    let wrong = [
        removal("k1").body(json!({"id": "102"})),
        removal("k1").body(json!({"id": "102", "roles": [{"name": "Nobody's"}]})),
        removal("k1").query("verify=sometimes"),
        removal("k1").account("none"),
    ];
    for ask in wrong {
        let answer = stage.ask(ask).await;
        assert!([400, 404].contains(&answer.status) && !answer.is_replayed(), "{answer:?}");
    }
    assert_eq!(stage.ask(removal("k1")).await.outcome(), "removed");
}

#[tokio::test]
async fn a_dry_run_uses_no_key_up_and_is_none_that_is_repeated() {
    let stage = Stage::open().await;
    let plan = removal("k1").query("dry_run=true");
    assert_eq!(stage.ask(plan.clone()).await.outcome(), "planned");
    let first = stage.ask(removal("k1")).await;
    assert_eq!(first.outcome(), "removed");
    let answer = stage.ask(plan).await;
    assert!(answer.json()["plan"].is_object() && !answer.is_replayed(), "{answer:?}");
    stage.ask(removal("k1")).await.repeats(&first);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_remembered_without_its_body() {
    let stage = Stage::with(IdempotencySettings { answer_bytes: 200, ..IdempotencySettings::default() }).await;
    let first = stage.ask(removal("k1")).await;
    assert!(first.status == 200 && first.body.len() > 200, "{first:?}");
    let second = stage.ask(removal("k1")).await;
    assert_eq!((second.status, &second.json()["kind"]), (409, &json!("conflict")), "{second:?}");
    assert!(second.message().contains("idempotency.answer_bytes"), "{}", second.message());
    assert!(second.is_replayed());
    for name in ["offramp-outcome", "offramp-verified", "offramp-remote-calls", "offramp-request-id"] {
        assert_eq!(second.header(name), first.header(name), "{name}");
    }
    assert_eq!(second.json()["request_id"], first.header("offramp-request-id"));
    assert_eq!(stage.writes(), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_when_its_time_is_over() {
    let stage =
        Stage::with(IdempotencySettings { keep: Duration::from_millis(300), ..IdempotencySettings::default() }).await;
    let first = stage.ask(removal("k1")).await;
    stage.gateway.forget_keys().await.unwrap();
    stage.ask(removal("k1")).await.repeats(&first);
    tokio::time::sleep(Duration::from_millis(350)).await;
    let answer = stage.ask(removal("k1").body(json!({"id": "102", "roles": [{"id": "3"}]}))).await;
    assert_eq!((answer.status, answer.outcome()), (200, "removed"), "{answer:?}");
    assert!(!answer.is_replayed());
    tokio::time::sleep(Duration::from_millis(350)).await;
    assert_eq!(stage.storage.forget_keys().await.unwrap(), 1);
    assert_eq!(stage.storage.forget_keys().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_kept_shows_neither_key_nor_person() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("offramp.db").display());
    let storage = Arc::new(SqliteStorage::open(&url).await.unwrap());
    let stage = Stage::over(Arc::clone(&storage), IdempotencySettings::default()).await;
    let first = stage.ask(removal("off-board-of-somebody-we-know")).await;
    let address = first.json()["username"].as_str().unwrap().to_owned();
    assert!(address.contains('@'));
    storage.close().await;
    let mut file = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        file.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let shows = |text: &str| file.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(shows("guardhouse"), "the file is read where it lies");
    assert!(!shows("somebody-we-know") && !shows(&address));
}

#[tokio::test]
async fn an_answer_that_was_changed_is_not_given_and_nothing_is_carried_out_again() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("offramp.db").display());
    let storage = Arc::new(SqliteStorage::open(&url).await.unwrap());
    let stage = Stage::over(storage, IdempotencySettings::default()).await;
    stage.ask(removal("k1")).await;
    stage.ask(removal("k2").body(json!({"id": "102", "roles": [{"id": "3"}]}))).await;
    let writes = stage.writes();
    let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
    // Each has the answer of the other.
    let swap = "UPDATE idempotency SET answer = (SELECT other.answer FROM idempotency AS other WHERE other.id <> idempotency.id)";
    sqlx::query(swap).execute(&pool).await.unwrap();
    let answer = stage.ask(removal("k1")).await;
    assert_eq!((answer.status, &answer.json()["kind"]), (409, &json!("conflict")), "{answer:?}");
    assert_eq!(stage.writes(), writes);
}
