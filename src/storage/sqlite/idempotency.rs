//! Idempotency keys in SQLite. Each change is one statement, so that of several processes one alone holds a key.

use std::time::Duration;

use jiff::Timestamp;
use sqlx::sqlite::SqlitePool;

use super::failed;
use crate::storage::{Hash, KeyClaim, KeyEnd, KeyState, StorageError};

const CLAIMING: &str = "claiming an idempotency key";
/// A key that was there at the claim and gone at the look after it was ended in between, which is not often so.
const TRIES: usize = 10;
/// Takes a key that is new, expired, or left behind by an attempt of the same request; else gives no row.
const CLAIM: &str = "
    INSERT INTO idempotency (id, request, request_id, attempt, holder, lease_until, expires_at)
    VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6)
    ON CONFLICT (id) DO UPDATE SET
        attempt = CASE WHEN idempotency.expires_at <= ?7 THEN 1 ELSE idempotency.attempt + 1 END,
        request_id = CASE WHEN idempotency.expires_at <= ?7 THEN excluded.request_id ELSE idempotency.request_id END,
        expires_at = CASE WHEN idempotency.expires_at <= ?7 THEN excluded.expires_at ELSE idempotency.expires_at END,
        request = excluded.request, holder = excluded.holder, lease_until = excluded.lease_until, answer = NULL
    WHERE idempotency.lease_until <= ?7
        AND (idempotency.expires_at <= ?7 OR (idempotency.answer IS NULL AND idempotency.request = excluded.request))
    RETURNING attempt, request_id";

pub(super) async fn claim(pool: &SqlitePool, claim: &KeyClaim) -> Result<KeyState, StorageError> {
    for _ in 0..TRIES {
        let now = now_ms();
        // All rows, though there is one at most: only a statement that has run to its end is committed.
        let claimed: Vec<(i64, String)> = sqlx::query_as(CLAIM)
            .bind(claim.id.as_slice())
            .bind(claim.request.as_slice())
            .bind(&claim.request_id)
            .bind(&claim.holder)
            .bind(after(now, claim.lease))
            .bind(after(now, claim.keep))
            .bind(now)
            .fetch_all(pool)
            .await
            .map_err(failed(CLAIMING))?;
        if let Some((attempt, request_id)) = claimed.into_iter().next() {
            return Ok(KeyState::Claimed { again: attempt > 1, request_id });
        }
        let held: Option<(Vec<u8>, Option<Vec<u8>>)> =
            sqlx::query_as("SELECT request, answer FROM idempotency WHERE id = ?")
                .bind(claim.id.as_slice())
                .fetch_optional(pool)
                .await
                .map_err(failed(CLAIMING))?;
        match held {
            Some((request, _)) if request != claim.request => return Ok(KeyState::OtherRequest),
            Some((_, Some(answer))) => return Ok(KeyState::Answered(answer)),
            Some((_, None)) => return Ok(KeyState::InFlight),
            None => {}
        }
    }
    Err(StorageError::Unavailable { doing: CLAIMING, reason: "other requests were always faster".to_owned() })
}

pub(super) async fn renew(pool: &SqlitePool, id: &Hash, holder: &str, lease: Duration) -> Result<bool, StorageError> {
    let until = after(now_ms(), lease);
    let query = sqlx::query("UPDATE idempotency SET lease_until = ? WHERE id = ? AND holder = ?");
    let done = query.bind(until).bind(id.as_slice()).bind(holder).execute(pool).await;
    done.map(|done| done.rows_affected() > 0).map_err(failed("renewing the claim on an idempotency key"))
}

pub(super) async fn end(pool: &SqlitePool, id: &Hash, holder: &str, end: KeyEnd<'_>) -> Result<bool, StorageError> {
    let query = match end {
        KeyEnd::Answered(answer) => {
            sqlx::query("UPDATE idempotency SET lease_until = 0, answer = ? WHERE id = ? AND holder = ?").bind(answer)
        }
        KeyEnd::Open => sqlx::query("UPDATE idempotency SET lease_until = 0 WHERE id = ? AND holder = ?"),
        KeyEnd::Forgotten => sqlx::query("DELETE FROM idempotency WHERE id = ? AND holder = ?"),
    };
    let done = query.bind(id.as_slice()).bind(holder).execute(pool).await;
    done.map(|done| done.rows_affected() > 0).map_err(failed("ending the claim on an idempotency key"))
}

pub(super) async fn forget_expired(pool: &SqlitePool) -> Result<u64, StorageError> {
    let query = sqlx::query("DELETE FROM idempotency WHERE expires_at <= ?1 AND lease_until <= ?1").bind(now_ms());
    query.execute(pool).await.map(|done| done.rows_affected()).map_err(failed("forgetting idempotency keys"))
}

fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

fn after(now_ms: i64, time: Duration) -> i64 {
    now_ms.saturating_add(i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}
