//! API tokens in SQLite.

use sqlx::sqlite::{SqlitePool, SqliteRow};

use super::{Reader, failed, insertion, json};
use crate::storage::{StorageError, TokenRecord, TokenRemoval, timestamp};

const DELETING: &str = "deleting an API token";

pub(super) async fn all(pool: &SqlitePool) -> Result<Vec<TokenRecord>, StorageError> {
    let rows = sqlx::query("SELECT * FROM tokens ORDER BY id").fetch_all(pool).await;
    rows.map_err(failed("reading API tokens"))?.iter().map(token).collect()
}

pub(super) async fn insert(pool: &SqlitePool, token: &TokenRecord) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO tokens (id, name, hash, scopes, environment, envelope, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&token.id)
    .bind(&token.name)
    .bind(token.hash.as_slice())
    .bind(json(&token.scopes))
    .bind(&token.environment)
    .bind(token.envelope.as_str())
    .bind(&token.created_at)
    .bind(&token.expires_at)
    .execute(pool)
    .await
    .map(drop)
    .map_err(insertion("API token", &token.id))
}

/// One statement looks who would be left and deletes, so that of two administrators that are revoked at once one stays.
pub(super) async fn delete(
    pool: &SqlitePool,
    environment: &str,
    id: &str,
    keep_administrator: bool,
) -> Result<TokenRemoval, StorageError> {
    let deleted = sqlx::query(
        r#"DELETE FROM tokens WHERE environment = ?1 AND id = ?2 AND (
               NOT ?3
               OR scopes NOT LIKE '%"admin"%'
               OR expires_at <= ?4
               OR EXISTS (
                   SELECT 1 FROM tokens AS other
                   WHERE other.environment = ?1 AND other.id <> ?2 AND other.scopes LIKE '%"admin"%'
                     AND (other.expires_at IS NULL OR (tokens.expires_at IS NOT NULL AND other.expires_at > ?4))
               )
           )"#,
    )
    .bind(environment)
    .bind(id)
    .bind(keep_administrator)
    .bind(timestamp())
    .execute(pool)
    .await
    .map_err(failed(DELETING))?;
    if deleted.rows_affected() > 0 {
        return Ok(TokenRemoval::Removed);
    }
    let kept = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM tokens WHERE environment = ? AND id = ?)");
    let kept: bool = kept.bind(environment).bind(id).fetch_one(pool).await.map_err(failed(DELETING))?;
    Ok(if kept { TokenRemoval::LastAdministrator } else { TokenRemoval::Absent })
}

fn token(row: &SqliteRow) -> Result<TokenRecord, StorageError> {
    let read = Reader { record: "API token", id: "id", row };
    Ok(TokenRecord {
        id: read.column("id")?,
        name: read.column("name")?,
        hash: read.array("hash", read.column("hash")?)?,
        scopes: read.json("scopes")?,
        environment: read.column("environment")?,
        envelope: read.word("envelope")?,
        created_at: read.column("created_at")?,
        expires_at: read.column("expires_at")?,
    })
}
