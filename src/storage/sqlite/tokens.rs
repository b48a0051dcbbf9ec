//! Ending API tokens in SQLite: one statement looks who would be left and deletes, so that of two administrators that are
//! revoked at once one stays.

use sqlx::sqlite::SqlitePool;

use super::failed;
use crate::storage::{StorageError, TokenRemoval, timestamp};

const DELETING: &str = "deleting an API token";

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
