//! Storage in one SQLite file: for one machine, without a service.
//! Several processes may share the file; several machines need PostgreSQL.

mod audit;
mod idempotency;
mod place;
mod removals;
mod row;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::Sqlite;
use sqlx::error::ErrorKind;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::{
    AccountRecord, AccountStatus, AuditFilter, AuditHead, AuditRecord, Durability, Hash, KeyClaim, KeyEnd, KeyState,
    Reservation, Storage, StorageError, TokenRecord, TokenRemoval,
};
use audit::AuditLane;
use row::{Reader, json};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

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
        let (pool, audit) = place::open(url, durability).await?;
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
