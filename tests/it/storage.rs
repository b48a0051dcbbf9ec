//! Accounts and tokens on SQLite: what is kept, what survives, what others notice, what never reaches the disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use offramp::credentials::api_token::ApiToken;
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{
    AccountRecord, AccountStatus, Envelope, Scope, Storage, StorageError, TokenRecord, TokenRemoval, new_id, timestamp,
};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

fn url(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("offramp.db").display())
}

async fn in_memory() -> SqliteStorage {
    SqliteStorage::open("sqlite::memory:").await.expect("a database in memory")
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().expect("an object").clone()
}

fn account(environment: &str) -> AccountRecord {
    let now = timestamp();
    AccountRecord {
        id: new_id(),
        environment: environment.to_owned(),
        integration: "sample".to_owned(),
        tenant_id: Some("acme".to_owned()),
        context: object(json!({"zone": "b", "area": 9_007_199_254_740_993_u64, "nested": {"é": [null, true]}})),
        sealed: vec![0, 255, 7],
        status: AccountStatus::Connecting,
        created_at: now.clone(),
        updated_at: now,
    }
}

fn token(environment: &str) -> TokenRecord {
    let (_, hash) = ApiToken::generate();
    TokenRecord {
        id: new_id(),
        name: "ci".to_owned(),
        hash,
        scopes: vec![Scope::Call, Scope::Audit],
        environment: environment.to_owned(),
        envelope: Envelope::Result,
        created_at: timestamp(),
        expires_at: Some("2100-01-01T00:00:00.000Z".to_owned()),
    }
}

/// A connection beside the storage's own, as another program would have it.
async fn run_sql(folder: &TempDir, sql: &'static str) {
    let pool = sqlx::SqlitePool::connect(&url(folder)).await.expect("a second connection");
    sqlx::raw_sql(sql).execute(&pool).await.expect("the statement runs");
    pool.close().await;
}

#[tokio::test]
async fn records_come_back_as_they_went_in_oldest_first() {
    let storage = in_memory().await;
    let mut accounts = [account("default"), account("test"), account("default")];
    accounts[1].tenant_id = None;
    accounts[1].context = Map::new();
    accounts[1].sealed = Vec::new();
    let mut tokens = [token("default"), token("test")];
    tokens[1].scopes = Vec::new();
    tokens[1].envelope = Envelope::Bare;
    // Inserted in another order than that of their age.
    for index in [2, 0, 1] {
        storage.insert_account(&accounts[index]).await.expect("stored");
    }
    for index in [1, 0] {
        storage.insert_token(&tokens[index]).await.expect("stored");
    }

    assert_eq!(storage.accounts().await.expect("accounts"), accounts);
    assert_eq!(storage.tokens().await.expect("tokens"), tokens);
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let folder = TempDir::new().expect("folder");
    let (account, token) = (account("default"), token("default"));
    let storage = SqliteStorage::open(&url(&folder)).await.expect("created");
    storage.insert_account(&account).await.expect("stored");
    storage.insert_token(&token).await.expect("stored");
    let revision = storage.revision().await.expect("revision");
    storage.close().await;

    let storage = SqliteStorage::open(&url(&folder)).await.expect("opened again");
    assert_eq!(storage.accounts().await.expect("accounts"), [account]);
    assert_eq!(storage.tokens().await.expect("tokens"), [token]);
    assert_eq!(storage.revision().await.expect("revision"), revision);
}

#[tokio::test]
async fn every_change_is_noticed_from_a_second_connection_and_nothing_else_is() {
    let folder = TempDir::new().expect("folder");
    let here = SqliteStorage::open(&url(&folder)).await.expect("created");
    let there = SqliteStorage::open(&url(&folder)).await.expect("opened beside it");
    let (account, token) = (account("default"), token("default"));
    let mut seen = there.revision().await.expect("revision");
    let mut grew = async || {
        let now = there.revision().await.expect("revision");
        std::mem::replace(&mut seen, now) < now
    };

    here.insert_account(&account).await.expect("stored");
    assert!(grew().await, "an account came");
    assert!(here.set_account_status(&account.id, AccountStatus::Active).await.expect("set"));
    assert!(grew().await, "its status changed");
    here.insert_token(&token).await.expect("stored");
    assert!(grew().await, "a token came");

    here.insert_account(&account).await.expect_err("the id is taken");
    assert!(here.set_account_status(&account.id, AccountStatus::Active).await.expect("set"));
    assert!(!here.set_account_status("nobody", AccountStatus::Active).await.expect("set"));
    assert!(!here.delete_account("default", "nobody").await.expect("deleted"));
    assert_eq!(here.delete_token("default", "nobody", false).await, Ok(TokenRemoval::Absent));
    here.ping().await.expect("ready");
    assert!(!grew().await, "nothing changed");

    assert_eq!(here.delete_token("default", &token.id, false).await, Ok(TokenRemoval::Removed));
    assert!(grew().await, "the token went");
    assert!(here.delete_account("default", &account.id).await.expect("deleted"));
    assert!(grew().await, "the account went");
    assert_eq!(there.accounts().await.expect("accounts"), []);
    assert_eq!(there.tokens().await.expect("tokens"), []);
}

#[tokio::test]
async fn a_change_by_hand_is_noticed_too() {
    let folder = TempDir::new().expect("folder");
    let storage = SqliteStorage::open(&url(&folder)).await.expect("created");
    storage.insert_token(&token("default")).await.expect("stored");
    let before = storage.revision().await.expect("revision");

    run_sql(&folder, "UPDATE tokens SET name = 'renamed'").await;

    assert!(storage.revision().await.expect("revision") > before);
}

#[tokio::test]
async fn another_environment_cannot_delete() {
    let storage = in_memory().await;
    let (account, token) = (account("default"), token("default"));
    storage.insert_account(&account).await.expect("stored");
    storage.insert_token(&token).await.expect("stored");

    assert!(!storage.delete_account("test", &account.id).await.expect("asked"));
    assert_eq!(storage.delete_token("test", &token.id, false).await, Ok(TokenRemoval::Absent));
    assert_eq!(storage.accounts().await.expect("accounts"), std::slice::from_ref(&account));
    assert_eq!(storage.tokens().await.expect("tokens"), std::slice::from_ref(&token));

    assert!(storage.delete_account("default", &account.id).await.expect("asked"));
    assert_eq!(storage.delete_token("default", &token.id, false).await, Ok(TokenRemoval::Removed));
    assert!(!storage.delete_account("default", &account.id).await.expect("asked again"));
    assert_eq!(storage.delete_token("default", &token.id, false).await, Ok(TokenRemoval::Absent));
}

#[tokio::test]
async fn a_status_changes_one_account_and_its_time() {
    let storage = in_memory().await;
    let mut first = account("default");
    first.updated_at = "2020-01-01T00:00:00.000Z".to_owned();
    let second = account("default");
    storage.insert_account(&first).await.expect("stored");
    storage.insert_account(&second).await.expect("stored");

    for status in AccountStatus::ALL {
        assert!(storage.set_account_status(&first.id, status).await.expect("set"));
        let accounts = storage.accounts().await.expect("accounts");
        assert_eq!(accounts[0].status, status);
        assert!(accounts[0].updated_at > first.updated_at);
        assert_eq!(accounts[0].created_at, first.created_at);
        assert_eq!(accounts[1], second);
    }
    assert!(!storage.set_account_status("nobody", AccountStatus::Active).await.expect("asked"));
}

#[tokio::test]
async fn a_taken_id_or_hash_is_a_conflict_and_changes_nothing() {
    let storage = in_memory().await;
    let (first, token) = (account("default"), token("default"));
    storage.insert_account(&first).await.expect("stored");
    storage.insert_token(&token).await.expect("stored");

    let mut same_id = account("test");
    same_id.id = first.id.clone();
    let error = storage.insert_account(&same_id).await.expect_err("the id is taken");
    assert_eq!(error, StorageError::Conflict { record: "account", id: first.id.clone() });

    let mut same_hash = self::token("test");
    same_hash.hash = token.hash;
    let error = storage.insert_token(&same_hash).await.expect_err("the hash is taken");
    assert_eq!(error, StorageError::Conflict { record: "API token", id: same_hash.id });

    assert_eq!(storage.accounts().await.expect("accounts"), [first]);
    assert_eq!(storage.tokens().await.expect("tokens"), [token]);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_named_and_not_skipped() {
    let cases: [(&str, &str); 4] = [
        ("UPDATE accounts SET status = 'asleep'", "status: `asleep` is no account status; it must be one of active,"),
        ("UPDATE accounts SET context = '[]'", "context: "),
        ("UPDATE tokens SET hash = x'00'", "hash: it must have 32 bytes"),
        ("UPDATE tokens SET scopes = '[\"everything\"]'", "scopes: unknown variant `everything`"),
    ];
    for (sql, expected) in cases {
        let folder = TempDir::new().expect("folder");
        let storage = SqliteStorage::open(&url(&folder)).await.expect("created");
        let (account, token) = (account("default"), token("default"));
        storage.insert_account(&account).await.expect("stored");
        storage.insert_token(&token).await.expect("stored");
        run_sql(&folder, sql).await;

        let (error, expected_id) = match storage.accounts().await {
            Err(error) => (error, &account.id),
            Ok(_) => (storage.tokens().await.expect_err(sql), &token.id),
        };
        let StorageError::Corrupt { id, reason, .. } = error else { panic!("{sql}: {error}") };
        assert_eq!(&id, expected_id);
        assert!(reason.starts_with(expected), "{reason}");
    }
}

#[tokio::test]
async fn a_new_database_and_its_folder_are_the_owners_alone() {
    let folder = TempDir::new().expect("folder");
    let inner = folder.path().join("data").join("deep");
    let path = inner.join("offramp.db");
    let storage = SqliteStorage::open(&format!("sqlite://{}", path.display())).await.expect("created");
    storage.insert_account(&account("default")).await.expect("stored");

    let mode = |path: &Path| fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
    assert_eq!(mode(&inner), 0o700);
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&inner.join("offramp.db-wal")), 0o600);
    assert_eq!(mode(&inner.join("offramp.db-shm")), 0o600);
}

#[tokio::test]
async fn the_mode_of_an_existing_database_is_left_alone() {
    let folder = TempDir::new().expect("folder");
    SqliteStorage::open(&url(&folder)).await.expect("created").close().await;
    let path = folder.path().join("offramp.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("mode");
    SqliteStorage::open(&url(&folder)).await.expect("opened").close().await;
    assert_eq!(fs::metadata(&path).expect("it exists").permissions().mode() & 0o777, 0o640);
}

/// Each thread stands for a process: connections of its own, and a start in the same instant as the others'.
#[test]
fn several_processes_may_start_at_once_on_a_new_or_an_outdated_file() {
    const PROCESSES: usize = 8;
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // One round often passes by luck.
    for round in 0..30 {
        let folder = TempDir::new().expect("folder");
        if round % 2 == 1 {
            runtime().block_on(async {
                SqliteStorage::open(&url(&folder)).await.expect("created").close().await;
                let undo = "DROP TABLE removals; DROP TABLE idempotency; DROP TABLE audit; DROP TABLE accounts; DROP TABLE tokens; DROP TABLE revision; DELETE FROM _sqlx_migrations";
                run_sql(&folder, undo).await;
            });
        }
        let start = Barrier::new(PROCESSES);
        let process = || {
            runtime().block_on(async {
                start.wait();
                let storage = SqliteStorage::open(&url(&folder)).await?;
                storage.insert_account(&account("default")).await?;
                storage.insert_token(&token("default")).await
            })
        };
        thread::scope(|scope| {
            let processes: Vec<_> = (0..PROCESSES).map(|_| scope.spawn(process)).collect();
            for process in processes {
                process.join().expect("no panic").expect("started and written");
            }
        });
        runtime().block_on(async {
            let storage = SqliteStorage::open(&url(&folder)).await.expect("opened");
            assert_eq!(storage.accounts().await.expect("accounts").len(), PROCESSES);
            assert_eq!(storage.revision().await.expect("revision"), 2 * PROCESSES as i64);
        });
    }
}

/// Handlers and start-up tasks run on a runtime of several threads; what they wait for must be able to move.
#[tokio::test]
async fn opening_can_be_spawned() {
    let opened = tokio::spawn(SqliteStorage::open("sqlite::memory:")).await.expect("no panic");
    assert_eq!(opened.expect("opened").revision().await, Ok(0));
}

#[tokio::test]
async fn a_new_database_has_a_write_ahead_log() {
    let folder = TempDir::new().expect("folder");
    let _storage = SqliteStorage::open(&url(&folder)).await.expect("created");
    let pool = sqlx::SqlitePool::connect(&url(&folder)).await.expect("a second connection");
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&pool).await.expect("asked");
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused() {
    let folder = TempDir::new().expect("folder");
    SqliteStorage::open(&url(&folder)).await.expect("created").close().await;
    run_sql(
        &folder,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'later', TRUE, x'00', 0)",
    )
    .await;
    let error = SqliteStorage::open(&url(&folder)).await.expect_err("too new");
    assert!(matches!(&error, StorageError::Schema { reason } if reason.contains("9999")), "{error}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().expect("folder");
    let path = folder.path().join("offramp.db");
    let text = "not a database, however long it may be. ".repeat(50);
    fs::write(&path, &text).expect("written");
    let error = SqliteStorage::open(&url(&folder)).await.expect_err("no database");
    assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).expect("read"), text);
}

#[tokio::test]
async fn a_closed_database_is_not_ready() {
    let storage = in_memory().await;
    storage.ping().await.expect("ready");
    storage.close().await;
    let error = storage.ping().await.expect_err("closed");
    assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_unavailable() {
    let folder = TempDir::new().expect("folder");
    fs::write(folder.path().join("file"), "").expect("written");
    let url = format!("sqlite:{}", folder.path().join("file").join("offramp.db").display());
    let error = SqliteStorage::open(&url).await.expect_err("a file is no folder");
    assert!(matches!(error, StorageError::Unavailable { .. }), "{error}");
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused_without_repeating_it() {
    for address in [
        "postgres://offramp:hunter2@db/offramp",
        "offramp.db",
        "sqlite:",
        "sqlite://",
        "sqlite:file:offramp.db",
        "sqlite:offramp.db?mode=ro",
        "sqlite::memory:?cache=shared",
    ] {
        let error = SqliteStorage::open(address).await.expect_err(address);
        assert!(matches!(error, StorageError::Address { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}

#[tokio::test]
async fn no_secret_reaches_the_disk() {
    const CANARY: &str = "canary-8d1f-secret";
    let folder = TempDir::new().expect("folder");
    let storage = SqliteStorage::open(&url(&folder)).await.expect("created");
    let vault = Vault::new(MasterKey::from_base64(&"A".repeat(43)).expect("a key")).expect("a vault");
    let mut account = account("default");
    account.context.insert("region".to_owned(), json!("plainly-visible"));
    account.sealed = vault.seal(&account.id, CANARY.as_bytes()).expect("sealed");
    let (text, hash) = ApiToken::generate();
    let token = TokenRecord { hash, ..token("default") };
    storage.insert_account(&account).await.expect("stored");
    storage.insert_token(&token).await.expect("stored");

    let written = || {
        let mut bytes = Vec::new();
        let mut names = Vec::new();
        for entry in fs::read_dir(folder.path()).expect("folder") {
            let entry = entry.expect("entry");
            names.push(entry.file_name().into_string().expect("a name"));
            bytes.extend(fs::read(entry.path()).expect("read"));
        }
        (names, bytes)
    };
    let holds = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let (names, open) = written();
    assert!(names.contains(&"offramp.db-wal".to_owned()), "{names:?}");
    storage.close().await;
    let (_, closed) = written();
    for bytes in [open, closed] {
        assert!(holds(&bytes, "plainly-visible"), "the search finds what is there");
        assert!(!holds(&bytes, CANARY));
        assert!(!holds(&bytes, text.expose_secret()));
        assert!(!holds(&bytes, &text.expose_secret()["ofr_".len()..]));
    }

    let storage = SqliteStorage::open(&url(&folder)).await.expect("opened again");
    let kept = storage.accounts().await.expect("accounts").remove(0);
    assert_eq!(vault.open(&kept.id, &kept.sealed).expect("opened").as_slice(), CANARY.as_bytes());
    assert_eq!(storage.tokens().await.expect("tokens")[0].hash, ApiToken::hash(text.expose_secret()));
}
