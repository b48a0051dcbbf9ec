//! Storage in one SQLite file: for one machine, without a service.
//! Several processes may share the file; several machines need PostgreSQL.

mod audit;
mod idempotency;
mod removals;
mod tokens;

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::error::ErrorKind;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row, Sqlite};
use tokio::time::{Instant, sleep};

use super::{
    AccountRecord, AccountStatus, AuditFilter, AuditHead, AuditRecord, Durability, Hash, KeyClaim, KeyEnd, KeyState,
    Reservation, Storage, StorageError, TokenRecord, TokenRemoval, UnknownName,
};
use audit::AuditLane;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// How long a call waits for another process's transaction, and for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// SQLite writes one at a time anyway; more connections only serve more readers.
const CONNECTIONS: u32 = 4;
/// The audit alone has a statement for each number of entries.
const STATEMENTS: usize = audit::ROWS_AT_ONCE + 32;
// SQLite's primary result codes, from https://www.sqlite.org/rescode.html
const BUSY: i32 = 5;
const CORRUPT: i32 = 11;
const NOT_A_DATABASE: i32 = 26;

/// Accounts, tokens, the audit and idempotency keys in SQLite. Clones share the connections.
#[derive(Clone, Debug)]
pub struct SqliteStorage {
    pool: SqlitePool,
    audit: Arc<AuditLane>,
}

impl SqliteStorage {
    /// Opens `sqlite:path` (relative), `sqlite:///path` (absolute) or `sqlite::memory:` (gone when dropped), and brings
    /// its tables up to date. A missing folder and file are created for the owner alone.
    pub async fn open(url: &str) -> Result<Self, StorageError> {
        Self::open_with(url, Durability::default()).await
    }

    /// As [`Self::open`]; `durability` says what a commit of the audit, or of an idempotency key, survives. All else
    /// survives a power cut.
    pub async fn open_with(url: &str, durability: Durability) -> Result<Self, StorageError> {
        let (pool, audit) = match parse(url)? {
            Place::Memory => {
                // Each connection would be a database of its own, and closing it the end of that.
                let pool = SqlitePoolOptions::new()
                    .max_connections(1)
                    .idle_timeout(None)
                    .max_lifetime(None)
                    .acquire_timeout(PATIENCE)
                    .connect_with(SqliteConnectOptions::new().in_memory(true))
                    .await
                    .map_err(failed("opening it"))?;
                (pool.clone(), pool)
            }
            Place::File(path) => {
                create_private(&path).map_err(|error| StorageError::Unavailable {
                    doing: "creating its file",
                    reason: format!("{}: {error}", path.display()),
                })?;
                let many = SqlitePoolOptions::new().max_connections(CONNECTIONS);
                let one = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
                // What was answered as done must survive a power cut.
                let pool = connect(&path, many, SqliteSynchronous::Full).await.map_err(failed("opening it"))?;
                let synchronous = match durability {
                    Durability::Process => SqliteSynchronous::Normal,
                    Durability::Power => SqliteSynchronous::Full,
                };
                (pool, connect(&path, one, synchronous).await.map_err(failed("opening it"))?)
            }
        };
        let storage = Self { pool, audit: Arc::new(AuditLane::new(audit)) };
        storage.migrate().await?;
        Ok(storage)
    }

    /// Closes all connections; SQLite then folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.audit.pool.close().await;
        self.pool.close().await;
    }

    /// One transaction that holds the write lock from the start: of processes that start at once, one migrates and
    /// the others wait for it, then find nothing left to do.
    async fn migrate(&self) -> Result<(), StorageError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed("preparing its tables"))?;
        // `run` would make this future, and with it `open`, one that cannot be spawned.
        MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                failed("preparing its tables")(error)
            }
            other => StorageError::Schema { reason: other.to_string() },
        })?;
        transaction.commit().await.map_err(failed("preparing its tables"))
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn accounts(&self) -> Result<Vec<AccountRecord>, StorageError> {
        sqlx::query("SELECT * FROM accounts ORDER BY id")
            .fetch_all(&self.pool)
            .await
            .map_err(failed("reading accounts"))?
            .iter()
            .map(account)
            .collect()
    }

    async fn insert_account(&self, account: &AccountRecord) -> Result<(), StorageError> {
        sqlx::query(
            "INSERT INTO accounts
                 (id, environment, integration, tenant_id, context, sealed, status, created_at, updated_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(&account.id)
        .bind(&account.environment)
        .bind(&account.integration)
        .bind(&account.tenant_id)
        .bind(json(&account.context))
        .bind(&account.sealed)
        .bind(account.status.as_str())
        .bind(&account.created_at)
        .bind(&account.updated_at)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(insertion("account", &account.id))
    }

    async fn delete_account(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.changes(
            "deleting an account",
            sqlx::query("DELETE FROM accounts WHERE environment = ? AND id = ?").bind(environment).bind(id),
        )
        .await
    }

    async fn set_account_status(&self, id: &str, status: AccountStatus) -> Result<bool, StorageError> {
        const DOING: &str = "setting an account's status";
        let change = sqlx::query("UPDATE accounts SET status = ?1, updated_at = ?2 WHERE id = ?3 AND status <> ?1")
            .bind(status.as_str())
            .bind(super::timestamp())
            .bind(id);
        if self.changes(DOING, change).await? {
            return Ok(true);
        }
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM accounts WHERE id = ?)")
            .bind(id)
            .fetch_one(&self.pool)
            .await
            .map_err(failed(DOING))
    }

    async fn account_secrets(&self, id: &str) -> Result<Option<Vec<u8>>, StorageError> {
        sqlx::query_scalar("SELECT sealed FROM accounts WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await
            .map_err(failed("reading an account's secrets"))
    }

    async fn set_account_secrets(&self, id: &str, sealed: &[u8]) -> Result<bool, StorageError> {
        let change = sqlx::query("UPDATE accounts SET sealed = ?, updated_at = ? WHERE id = ?");
        self.changes("replacing an account's secrets", change.bind(sealed).bind(super::timestamp()).bind(id)).await
    }

    async fn swap_account_secrets(&self, id: &str, expected: &[u8], sealed: &[u8]) -> Result<bool, StorageError> {
        let change = sqlx::query("UPDATE accounts SET sealed = ? WHERE id = ? AND sealed = ?");
        self.changes("sealing an account's secrets anew", change.bind(sealed).bind(id).bind(expected)).await
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StorageError> {
        tokens::all(&self.pool).await
    }

    async fn insert_token(&self, token: &TokenRecord) -> Result<(), StorageError> {
        tokens::insert(&self.pool, token).await
    }

    async fn delete_token(
        &self,
        environment: &str,
        id: &str,
        keep_administrator: bool,
    ) -> Result<TokenRemoval, StorageError> {
        tokens::delete(&self.pool, environment, id, keep_administrator).await
    }

    async fn removals(&self, account: &str, since: &str) -> Result<u64, StorageError> {
        removals::count(&self.pool, account, since).await
    }

    async fn reserve_removals(&self, removals: &Reservation, since: &str, cap: u32) -> Result<bool, StorageError> {
        removals::reserve(&self.pool, removals, since, cap).await
    }

    async fn settle_removals(&self, id: &str, sent: u32) -> Result<(), StorageError> {
        removals::settle(&self.pool, id, sent).await
    }

    async fn revision(&self) -> Result<i64, StorageError> {
        sqlx::query_scalar("SELECT value FROM revision")
            .fetch_one(&self.pool)
            .await
            .map_err(failed("reading the revision"))
    }

    async fn append_audit(
        &self,
        chain: &(dyn Fn(AuditHead) -> Vec<AuditRecord> + Send + Sync),
    ) -> Result<(), StorageError> {
        self.audit.append(chain).await
    }

    async fn audit_entries(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditRecord>, StorageError> {
        audit::entries(&self.pool, filter, limit).await
    }

    async fn redact_audit(&self, through: i64, user: Option<&str>) -> Result<u64, StorageError> {
        audit::redact(&self.pool, through, user).await
    }

    async fn prune_audit(&self, through: i64) -> Result<u64, StorageError> {
        audit::prune(&self.pool, through).await
    }

    // The audit's connection: a key survives what the audit survives.
    async fn claim_key(&self, claim: &KeyClaim) -> Result<KeyState, StorageError> {
        idempotency::claim(&self.audit.pool, claim).await
    }

    async fn renew_key(&self, id: &Hash, holder: &str, lease: Duration) -> Result<bool, StorageError> {
        idempotency::renew(&self.audit.pool, id, holder, lease).await
    }

    async fn end_key(&self, id: &Hash, holder: &str, end: KeyEnd<'_>) -> Result<bool, StorageError> {
        idempotency::end(&self.audit.pool, id, holder, end).await
    }

    async fn forget_keys(&self) -> Result<u64, StorageError> {
        idempotency::forget_expired(&self.audit.pool).await
    }

    async fn ping(&self) -> Result<(), StorageError> {
        // A constant would be answered without a look at the file.
        self.revision().await.map(drop)
    }
}

impl SqliteStorage {
    /// Runs a change; whether any record was touched.
    async fn changes(
        &self,
        doing: &'static str,
        change: sqlx::query::Query<'_, Sqlite, sqlx::sqlite::SqliteArguments>,
    ) -> Result<bool, StorageError> {
        change.execute(&self.pool).await.map(|done| done.rows_affected() > 0).map_err(failed(doing))
    }
}

enum Place {
    Memory,
    File(PathBuf),
}

/// Only the place comes from the address: how the database is used is not for it to say.
fn parse(url: &str) -> Result<Place, StorageError> {
    let refused = |reason: &str| StorageError::Address { reason: reason.to_owned() };
    let Some(place) = url.strip_prefix("sqlite:") else {
        return Err(refused("it must start with `sqlite:`"));
    };
    let place = place.strip_prefix("//").unwrap_or(place);
    if place.contains('?') {
        return Err(refused("it takes no parameters"));
    }
    // `file:` would reach SQLite as an address of its own, with a meaning of its own.
    if place.is_empty() || place.starts_with("file:") {
        return Err(refused("it must name a file, as in `sqlite:./data/offramp.db`, or be `sqlite::memory:`"));
    }
    if place == ":memory:" {
        return Ok(Place::Memory);
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|error| refused(&error.to_string()))?;
    Ok(Place::File(options.get_filename().to_owned()))
}

/// SQLite would create the file with the process's usual mode; its `-wal` and `-shm` take theirs from the file.
fn create_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn connect(
    path: &Path,
    pool: SqlitePoolOptions,
    synchronous: SqliteSynchronous,
) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .statement_cache_capacity(STATEMENTS)
        .synchronous(synchronous);
    let pool = pool.acquire_timeout(PATIENCE);
    // Turning a new file to WAL needs it alone, and SQLite does not wait for that by itself.
    let deadline = Instant::now() + PATIENCE;
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if sqlite_code(&error) == Some(BUSY) && Instant::now() < deadline => {
                sleep(Duration::from_millis(10)).await
            }
            result => return result,
        }
    }
}

fn account(row: &SqliteRow) -> Result<AccountRecord, StorageError> {
    let read = Reader { record: "account", id: "id", row };
    Ok(AccountRecord {
        id: read.column("id")?,
        environment: read.column("environment")?,
        integration: read.column("integration")?,
        tenant_id: read.column("tenant_id")?,
        context: read.json("context")?,
        sealed: read.column("sealed")?,
        status: read.word("status")?,
        created_at: read.column("created_at")?,
        updated_at: read.column("updated_at")?,
    })
}

/// Reads one row; what cannot be read is reported with the record's name.
struct Reader<'r> {
    record: &'static str,
    /// The column that names it.
    id: &'static str,
    row: &'r SqliteRow,
}

impl<'r> Reader<'r> {
    fn column<T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(&self, name: &'static str) -> Result<T, StorageError> {
        self.row.try_get(name).map_err(|error| self.corrupt(name, error))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<T, StorageError> {
        serde_json::from_str(self.column(name)?).map_err(|error| self.corrupt(name, error))
    }

    fn array<const N: usize>(&self, name: &'static str, bytes: Vec<u8>) -> Result<[u8; N], StorageError> {
        bytes.try_into().map_err(|_| self.corrupt(name, format!("it must have {N} bytes")))
    }

    fn word<T: FromStr<Err = UnknownName>>(&self, name: &'static str) -> Result<T, StorageError> {
        self.column::<&str>(name)?.parse().map_err(|error: UnknownName| self.corrupt(name, error))
    }

    fn name(&self) -> String {
        let number = || self.row.try_get::<i64, _>(self.id).map(|number| number.to_string());
        self.row.try_get(self.id).or_else(|_| number()).unwrap_or_else(|_| "?".to_owned())
    }

    fn corrupt(&self, column: &str, reason: impl ToString) -> StorageError {
        StorageError::Corrupt {
            record: self.record,
            id: self.name(),
            reason: format!("{column}: {}", reason.to_string()),
        }
    }
}

fn json<T: serde::Serialize>(value: &T) -> String {
    #[expect(clippy::expect_used, reason = "maps with text keys and lists of words always have a JSON form")]
    serde_json::to_string(value).expect("JSON")
}

fn insertion(record: &'static str, id: &str) -> impl FnOnce(sqlx::Error) -> StorageError {
    let id = id.to_owned();
    move |error| match error.as_database_error().map(|error| error.kind()) {
        Some(ErrorKind::UniqueViolation) => StorageError::Conflict { record, id },
        _ => failed("storing a record")(error),
    }
}

fn failed(doing: &'static str) -> impl FnOnce(sqlx::Error) -> StorageError {
    move |error| match sqlite_code(&error) {
        Some(CORRUPT | NOT_A_DATABASE) => StorageError::Damaged { doing, reason: error.to_string() },
        _ => StorageError::Unavailable { doing, reason: error.to_string() },
    }
}

/// SQLite's primary result code; the extended ones carry it in their low byte.
fn sqlite_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error()?.code()?.parse::<i32>().ok().map(|code| code & 0xff)
}
