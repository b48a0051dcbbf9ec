//! Tampering shows, and the first entry that does not hold is named.

use aws_lc_rs::digest;
use offramp::audit::{Anchor, exported, verify};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::*;

/// Three requests: six entries, in a file that others can open.
async fn six_entries(folder: &std::path::Path) -> Stage {
    let url = format!("sqlite://{}/offramp.db", folder.display());
    let stage = Stage::over(Arc::new(SqliteStorage::open(&url).await.unwrap())).await;
    for role in [2, 3, 7] {
        let (status, answer) = stage.ask(Stage::removal(if role == 7 { 107 } else { 102 }, &[role])).await;
        assert_eq!(status, 200, "{answer}");
    }
    assert_eq!(stage.entries().await.len(), 6);
    stage
}

async fn by_hand(folder: &std::path::Path, sql: &str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite://{}/offramp.db", folder.display())).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

#[tokio::test]
async fn every_field_that_is_changed_breaks_the_chain_at_its_entry() {
    let folder = tempfile::tempdir().unwrap();
    let stage = six_entries(folder.path()).await;
    assert_eq!(verify(&*stage.storage, None).await.unwrap().broken, None);
    let changes = [
        "at = '2020-01-01T00:00:00.000Z'",
        "kind = 'result'",
        "environment = 'other'",
        "request_id = 'other'",
        "token = 'other'",
        "account = 'other'",
        "user = 'somebody else'",
        "user = NULL",
        r#"roles = '[{"id":"1"}]'"#,
        "roles = 'no JSON'",
        "outcome = 'removed'",
        r#"detail = '{"verified":"yes"}'"#,
        "body_hash = zeroblob(32)",
        "body_hash = NULL",
        "salt = zeroblob(16)",
        "salt = NULL",
        "hashes = CAST(zeroblob(32) || substr(hashes, 33) AS BLOB)",
        "hashes = CAST(substr(hashes, 1, 32) || zeroblob(32) || substr(hashes, 65) AS BLOB)",
        "hashes = CAST(substr(hashes, 1, 64) || zeroblob(32) AS BLOB)",
    ];
    for change in changes {
        by_hand(
            folder.path(),
            &format!("CREATE TABLE kept AS SELECT * FROM audit; UPDATE audit SET {change} WHERE seq = 3"),
        )
        .await;
        let verdict = verify(&*stage.storage, None).await.unwrap();
        let broken = verdict.broken.unwrap_or_else(|| panic!("{change}: nobody noticed"));
        assert_eq!((broken.seq, verdict.entries), (3, 2), "{change}");
        by_hand(folder.path(), "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept").await;
        assert_eq!(verify(&*stage.storage, None).await.unwrap().broken, None, "{change} is undone");
    }
}

#[tokio::test]
async fn entries_that_are_missing_are_named_wherever_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let stage = six_entries(folder.path()).await;
    let end = verify(&*stage.storage, None).await.unwrap().head;
    let anchor = Anchor { seq: end.seq, hash: end.hash };
    assert_eq!(anchor.to_string().parse(), Ok(anchor));
    for (missing, named) in [("seq = 4", 4), ("seq <= 2", 2), ("seq = 6", 6)] {
        by_hand(folder.path(), &format!("CREATE TABLE kept AS SELECT * FROM audit; DELETE FROM audit WHERE {missing}"))
            .await;
        let broken = verify(&*stage.storage, Some(anchor)).await.unwrap().broken;
        assert_eq!(broken.map(|broken| broken.seq), Some(named), "{missing}");
        by_hand(folder.path(), "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept; DROP TABLE kept").await;
    }
    assert_eq!(verify(&*stage.storage, Some(anchor)).await.unwrap().broken, None);
}

#[tokio::test]
async fn a_chain_that_was_written_anew_is_not_the_one_that_was_noted() {
    let folder = tempfile::tempdir().unwrap();
    let stage = six_entries(folder.path()).await;
    let end = verify(&*stage.storage, None).await.unwrap().head;
    let other = tempfile::tempdir().unwrap();
    let other = six_entries(other.path()).await;
    let broken = verify(&*other.storage, Some(Anchor { seq: end.seq, hash: end.hash })).await.unwrap().broken;
    assert_eq!(broken.map(|broken| broken.seq), Some(6));
}

/// As docs/audit.md tells it, with nothing of the program's own.
#[tokio::test]
async fn an_exported_line_can_be_checked_by_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let stage = six_entries(folder.path()).await;
    let mut prev = "0".repeat(64);
    for record in stage.entries().await {
        let mut line: serde_json::Map<String, Value> = serde_json::from_str(&exported(&record)).unwrap();
        let hash = line.shift_remove("hash").unwrap();
        let salt = line.shift_remove("salt").unwrap();
        let body_hash = line.shift_remove("body_hash").unwrap();
        let user = line.shift_remove("user").unwrap();
        assert_eq!(line["prev"], prev);
        let text = serde_json::to_vec(&line).unwrap();
        assert_eq!(hash, hex(digest::digest(&digest::SHA256, &text).as_ref()));
        let mut personal = unhex(salt.as_str().unwrap());
        personal.extend([u8::from(!body_hash.is_null()), u8::from(!user.is_null())]);
        personal.extend(unhex(body_hash.as_str().unwrap_or_default()));
        personal.extend(user.as_str().unwrap_or_default().bytes());
        assert_eq!(line["personal"], hex(digest::digest(&digest::SHA256, &personal).as_ref()));
        prev = hash.as_str().unwrap().to_owned();
    }
}

#[tokio::test]
async fn two_processes_on_one_database_write_one_chain() {
    let folder = tempfile::tempdir().unwrap();
    let stage = six_entries(folder.path()).await;
    let url = format!("sqlite://{}/offramp.db", folder.path().display());
    let other = Arc::new(Unreliable::new(Arc::new(SqliteStorage::open(&url).await.unwrap())));
    let other_gateway = gateway(&other).await;
    let other = app(&other_gateway);
    let (mut here, mut there) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        here.push(stage.app.clone().oneshot(Stage::removal(102, &[2])));
        there.push(other.clone().oneshot(Stage::removal(102, &[3])));
    }
    let (here, there) = tokio::join!(futures_util::future::join_all(here), futures_util::future::join_all(there));
    assert!(here.into_iter().chain(there).all(|response| response.unwrap().status() == 200));
    other_gateway.finish().await;
    assert_eq!(stage.open_intents().await, 0);
    let verdict = verify(&*stage.storage, None).await.unwrap();
    assert_eq!(verdict.broken, None);
    assert!(verdict.entries > 6, "{verdict:?}");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}
