//! The audit in SQLite: one connection of its own, which alone decides what a commit survives.

use std::sync::{Arc, OnceLock};

use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{Arguments, QueryBuilder, Sqlite};
use tokio::sync::Mutex;

use super::{Reader, failed};
use crate::storage::{AuditFilter, AuditHead, AuditRecord, Hash, StorageError};

/// So many entries go into one statement; each number of rows is a statement of its own, prepared once.
pub(super) const ROWS_AT_ONCE: usize = 64;
/// How often an append is tried anew because another process was faster.
const TRIES: usize = 100;
const APPENDING: &str = "writing the audit";
const READING: &str = "reading the audit";
const COLUMNS: &str = "seq, at, kind, environment, request_id, token, account, user, roles, outcome, detail, body_hash, \
                       salt, hashes";

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
        let row = sqlx::query("SELECT seq, hashes FROM audit ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&self.pool)
            .await
            .map_err(failed(READING))?;
        let Some(row) = row else { return Ok(AuditHead::default()) };
        let read = reader(&row);
        let [.., hash] = hashes(&read)?;
        Ok(AuditHead { seq: read.column("seq")?, hash })
    }

    async fn insert(&self, mut records: Vec<AuditRecord>) -> Result<(), sqlx::Error> {
        if records.len() <= ROWS_AT_ONCE {
            return bound(records).map_err(sqlx::Error::Encode)?.execute(&self.pool).await.map(drop);
        }
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        while !records.is_empty() {
            let rest = records.split_off(records.len().min(ROWS_AT_ONCE));
            let rows = bound(std::mem::replace(&mut records, rest)).map_err(sqlx::Error::Encode)?;
            rows.execute(&mut *transaction).await?;
        }
        transaction.commit().await
    }
}

/// The statement that inserts these, of which there are at most `ROWS_AT_ONCE`.
fn bound(records: Vec<AuditRecord>) -> Result<sqlx::query::Query<'static, Sqlite, SqliteArguments>, BoxDynError> {
    static STATEMENTS: OnceLock<Vec<String>> = OnceLock::new();
    let statements = STATEMENTS.get_or_init(|| (0..=ROWS_AT_ONCE).map(insertion_of).collect());
    let statement = statements[records.len()].as_str();
    let mut values = SqliteArguments::default();
    values.reserve(records.len() * column_count(), 0);
    for record in records {
        values.add(record.seq)?;
        values.add(record.at)?;
        values.add(record.kind)?;
        values.add(record.environment)?;
        values.add(record.request_id)?;
        values.add(record.token)?;
        values.add(record.account)?;
        values.add(record.user)?;
        values.add(record.roles)?;
        values.add(record.outcome)?;
        values.add(record.detail)?;
        values.add(record.body_hash.map(Vec::from))?;
        values.add(record.salt.map(Vec::from))?;
        values.add([record.personal, record.prev, record.hash].concat())?;
    }
    Ok(sqlx::query_with(statement, values))
}

fn insertion_of(rows: usize) -> String {
    let row = format!("({})", vec!["?"; column_count()].join(","));
    format!("INSERT INTO audit ({COLUMNS}) VALUES {}", vec![row.as_str(); rows].join(","))
}

fn column_count() -> usize {
    COLUMNS.split(',').count()
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

fn reader(row: &SqliteRow) -> Reader<'_> {
    Reader { record: "audit entry", id: "seq", row }
}

/// `personal`, `prev` and `hash` of an entry: they stand in one column, since each column costs every entry.
fn hashes(read: &Reader<'_>) -> Result<[Hash; 3], StorageError> {
    let all: [u8; 96] = read.array("hashes", read.column("hashes")?)?;
    let mut hashes = [Hash::default(); 3];
    hashes.as_flattened_mut().copy_from_slice(&all);
    Ok(hashes)
}

fn entry(row: &SqliteRow) -> Result<AuditRecord, StorageError> {
    let read = reader(row);
    let text = |column: &'static str| read.column::<&str>(column).map(Arc::from);
    let [personal, prev, hash] = hashes(&read)?;
    Ok(AuditRecord {
        seq: read.column("seq")?,
        at: text("at")?,
        kind: text("kind")?,
        environment: text("environment")?,
        request_id: text("request_id")?,
        token: text("token")?,
        account: text("account")?,
        user: read.column("user")?,
        roles: read.column("roles")?,
        outcome: read.column::<Option<&str>>("outcome")?.map(Arc::from),
        detail: read.column("detail")?,
        body_hash: read.column::<Option<Vec<u8>>>("body_hash")?.map(|it| read.array("body_hash", it)).transpose()?,
        salt: read.column::<Option<Vec<u8>>>("salt")?.map(|it| read.array("salt", it)).transpose()?,
        personal,
        prev,
        hash,
    })
}
