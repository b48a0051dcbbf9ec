//! Removals of the last hour in SQLite, as the cap counts them. One statement counts and reserves, so that nobody comes
//! between.

use sqlx::sqlite::SqlitePool;

use super::failed;
use crate::storage::{Reservation, StorageError};

const RESERVING: &str = "reserving removals";

pub(super) async fn count(pool: &SqlitePool, account: &str, since: &str) -> Result<u64, StorageError> {
    let query = sqlx::query_scalar("SELECT coalesce(sum(roles), 0) FROM removals WHERE account = ? AND at > ?");
    let counted: i64 = query.bind(account).bind(since).fetch_one(pool).await.map_err(failed("counting removals"))?;
    Ok(counted.try_into().unwrap_or_default())
}

pub(super) async fn reserve(
    pool: &SqlitePool,
    removals: &Reservation,
    since: &str,
    cap: u32,
) -> Result<bool, StorageError> {
    let reserved = sqlx::query(
        "INSERT INTO removals (id, account, at, roles) SELECT ?1, ?2, ?3, ?4
         WHERE (SELECT coalesce(sum(roles), 0) FROM removals WHERE account = ?2 AND at > ?5) + ?4 <= ?6",
    )
    .bind(&removals.id)
    .bind(&removals.account)
    .bind(&removals.at)
    .bind(removals.roles)
    .bind(since)
    .bind(cap)
    .execute(pool)
    .await
    .map_err(failed(RESERVING))?;
    let forget = sqlx::query("DELETE FROM removals WHERE account = ? AND at <= ?");
    forget.bind(&removals.account).bind(since).execute(pool).await.map_err(failed(RESERVING))?;
    Ok(reserved.rows_affected() > 0)
}

pub(super) async fn settle(pool: &SqlitePool, id: &str, sent: u32) -> Result<(), StorageError> {
    let query = match sent {
        0 => sqlx::query("DELETE FROM removals WHERE id = ?").bind(id),
        sent => sqlx::query("UPDATE removals SET roles = ? WHERE id = ?").bind(sent).bind(id),
    };
    query.execute(pool).await.map(drop).map_err(failed("settling removals"))
}
