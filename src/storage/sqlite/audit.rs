//! The audit in SQLite: one connection of its own, which alone decides what a commit survives.

use std::fmt::Write as _;
use std::sync::OnceLock;

use sqlx::sqlite::{SqlitePool, SqliteRow};
use sqlx::{QueryBuilder, Sqlite};
use tokio::sync::Mutex;

use super::{Reader, failed};
use crate::storage::{AuditFilter, AuditHead, AuditRecord, StorageError};

/// So many entries go into one statement; each number of rows is a statement of its own, prepared once.
pub(super) const ROWS_AT_ONCE: usize = 64;
/// How often an append is tried anew because another process was faster.
const TRIES: usize = 100;
const APPENDING: &str = "writing the audit";
const READING: &str = "reading the audit";
const COLUMNS: &str = "seq, at, kind, environment, request_id, token, account, user, roles, outcome, detail, body_hash, \
                       salt, personal, prev, hash";

/// The audit's own connection, and the end of the chain as this process wrote it.
#[derive(Debug)]
pub(super) struct AuditLane {
    pub(super) pool: SqlitePool,
    pub(super) head: Mutex<Option<AuditHead>>,
}

impl AuditLane {
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, head: Mutex::new(None) }
    }

    pub(super) async fn append(
        &self,
        chain: &(dyn Fn(AuditHead) -> Vec<AuditRecord> + Send + Sync),
    ) -> Result<(), StorageError> {
        let mut head = self.head.lock().await;
        for _ in 0..TRIES {
            let known = match *head {
                Some(known) => known,
                None => self.last().await?,
            };
            // Whatever becomes of the commit: until it is known, the end is not.
            *head = None;
            let records = chain(known);
            let Some(last) = records.last() else {
                *head = Some(known);
                return Ok(());
            };
            let end = AuditHead { seq: last.seq, hash: last.hash };
            match self.insert(records).await {
                Ok(()) => {
                    *head = Some(end);
                    return Ok(());
                }
                // Another process has appended: its entries come first.
                Err(error) if is_taken(&error) => {}
                Err(error) => return Err(failed(APPENDING)(error)),
            }
        }
        Err(StorageError::Unavailable { doing: APPENDING, reason: "other processes were always faster".to_owned() })
    }

    async fn last(&self) -> Result<AuditHead, StorageError> {
        let row: Option<(i64, Vec<u8>)> = sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&self.pool)
            .await
            .map_err(failed(READING))?;
        let Some((seq, hash)) = row else { return Ok(AuditHead::default()) };
        let hash = hash.try_into().map_err(|_| StorageError::Corrupt {
            record: "audit entry",
            id: seq.to_string(),
            reason: "hash: it must have 32 bytes".to_owned(),
        })?;
        Ok(AuditHead { seq, hash })
    }

    async fn insert(&self, mut records: Vec<AuditRecord>) -> Result<(), sqlx::Error> {
        if records.len() <= ROWS_AT_ONCE {
            return bound(records).execute(&self.pool).await.map(drop);
        }
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        while !records.is_empty() {
            let rest = records.split_off(records.len().min(ROWS_AT_ONCE));
            bound(std::mem::replace(&mut records, rest)).execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}

/// The statement that inserts these, of which there are at most `ROWS_AT_ONCE`.
fn bound(records: Vec<AuditRecord>) -> sqlx::query::Query<'static, Sqlite, sqlx::sqlite::SqliteArguments> {
    static STATEMENTS: OnceLock<Vec<String>> = OnceLock::new();
    let statements = STATEMENTS.get_or_init(|| (0..=ROWS_AT_ONCE).map(insertion_of).collect());
    let mut query = sqlx::query(statements[records.len()].as_str());
    for record in records {
        query = query
            .bind(record.seq)
            .bind(record.at)
            .bind(record.kind)
            .bind(record.environment)
            .bind(record.request_id)
            .bind(record.token)
            .bind(record.account)
            .bind(record.user)
            .bind(record.roles)
            .bind(record.outcome)
            .bind(record.detail)
            .bind(record.body_hash.map(Vec::from))
            .bind(record.salt.map(Vec::from))
            .bind(record.personal.to_vec())
            .bind(record.prev.to_vec())
            .bind(record.hash.to_vec());
    }
    query
}

fn insertion_of(rows: usize) -> String {
    let mut sql = format!("INSERT INTO audit ({COLUMNS}) VALUES ");
    for row in 0..rows {
        // Writing into a String cannot fail.
        let _ = write!(sql, "{}(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", if row == 0 { "" } else { "," });
    }
    sql
}

fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

pub(super) async fn entries(
    pool: &SqlitePool,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<AuditRecord>, StorageError> {
    let mut query = QueryBuilder::<Sqlite>::new(format!("SELECT {COLUMNS} FROM audit WHERE seq > "));
    query.push_bind(filter.after);
    let equal = [
        ("environment", &filter.environment),
        ("account", &filter.account),
        ("user", &filter.user),
        ("request_id", &filter.request_id),
        ("kind", &filter.kind),
    ];
    for (column, wanted) in equal {
        if let Some(wanted) = wanted {
            query.push(format!(" AND {column} = ")).push_bind(wanted.clone());
        }
    }
    if let Some(before) = &filter.before {
        query.push(" AND at < ").push_bind(before.clone());
    }
    if filter.open {
        query.push(
            " AND kind = 'intent' AND request_id NOT IN \
             (SELECT request_id FROM audit WHERE kind IN ('result', 'settled'))",
        );
    }
    query.push(" ORDER BY seq LIMIT ").push_bind(i64::try_from(limit).unwrap_or(i64::MAX));
    query.build().fetch_all(pool).await.map_err(failed(READING))?.iter().map(entry).collect()
}

/// Forgets what is personal in the entries up to this one; of one user, or of all.
pub(super) async fn redact(pool: &SqlitePool, through: i64, user: Option<&str>) -> Result<u64, StorageError> {
    let query = sqlx::query(
        "UPDATE audit SET user = NULL, body_hash = NULL, salt = NULL
         WHERE seq <= ?1 AND salt IS NOT NULL AND (?2 IS NULL OR user = ?2)",
    );
    let done = query.bind(through).bind(user).execute(pool).await;
    done.map(|done| done.rows_affected()).map_err(failed("redacting the audit"))
}

/// Drops the entries up to this one.
pub(super) async fn prune(pool: &SqlitePool, through: i64) -> Result<u64, StorageError> {
    let query = sqlx::query("DELETE FROM audit WHERE seq <= ?").bind(through);
    query.execute(pool).await.map(|done| done.rows_affected()).map_err(failed("dropping audit entries"))
}

fn entry(row: &SqliteRow) -> Result<AuditRecord, StorageError> {
    let read = Reader { record: "audit entry", id: "seq", row };
    Ok(AuditRecord {
        seq: read.column("seq")?,
        at: read.column("at")?,
        kind: read.column("kind")?,
        environment: read.column("environment")?,
        request_id: read.column("request_id")?,
        token: read.column("token")?,
        account: read.column("account")?,
        user: read.column("user")?,
        roles: read.column("roles")?,
        outcome: read.column("outcome")?,
        detail: read.column("detail")?,
        body_hash: read.column::<Option<Vec<u8>>>("body_hash")?.map(|it| read.array("body_hash", it)).transpose()?,
        salt: read.column::<Option<Vec<u8>>>("salt")?.map(|it| read.array("salt", it)).transpose()?,
        personal: read.array("personal", read.column("personal")?)?,
        prev: read.array("prev", read.column("prev")?)?,
        hash: read.array("hash", read.column("hash")?)?,
    })
}
