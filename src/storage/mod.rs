//! What outlives the process: integrated accounts, API tokens, the audit and idempotency keys, behind one trait with one set of SQL per backend.
//! Secrets arrive here sealed and leave sealed; what they mean is the vault's business.

mod audit;
mod idempotency;
mod record;
pub mod sqlite;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use thiserror::Error;
use uuid::Uuid;

pub use audit::{AuditFilter, AuditHead, AuditPages, AuditRecord, Durability, Hash};
pub use idempotency::{KeyClaim, KeyEnd, KeyState};
pub use record::{AccountRecord, AccountStatus, Envelope, Reservation, Scope, TokenRecord, TokenRemoval, UnknownName};

/// The database, whichever it is. Every change is durable when the call returns.
#[async_trait]
pub trait Storage: Send + Sync {
    /// All accounts of all environments, oldest first.
    async fn accounts(&self) -> Result<Vec<AccountRecord>, StorageError>;

    /// Keeps a new account; [`StorageError::Conflict`] if its id is taken.
    async fn insert_account(&self, account: &AccountRecord) -> Result<(), StorageError>;

    /// Removes an account. `false`: there is none of this id in this environment.
    async fn delete_account(&self, environment: &str, id: &str) -> Result<bool, StorageError>;

    /// Sets an account's status and `updated_at`; a status it has already changes nothing, the revision included.
    /// `false`: there is no such account.
    async fn set_account_status(&self, id: &str, status: AccountStatus) -> Result<bool, StorageError>;

    /// An account's sealed secrets; `None`: there is no such account.
    async fn account_secrets(&self, id: &str) -> Result<Option<Vec<u8>>, StorageError>;

    /// Replaces an account's sealed secrets. `false`: there is no such account.
    async fn set_account_secrets(&self, id: &str, sealed: &[u8]) -> Result<bool, StorageError>;

    /// Replaces an account's sealed secrets if they are still the `expected` ones; `updated_at` stays, since it is the same
    /// account. `false`: they are others by now, or there is no such account.
    async fn swap_account_secrets(&self, id: &str, expected: &[u8], sealed: &[u8]) -> Result<bool, StorageError>;

    /// All API tokens of all environments, oldest first.
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StorageError>;

    /// Keeps a new token; [`StorageError::Conflict`] if its id or its hash is taken.
    async fn insert_token(&self, token: &TokenRecord) -> Result<(), StorageError>;

    /// Removes a token. With `keep_administrator` not the environment's last one of the scope `admin`: neither one that
    /// would leave none, nor one that would leave none that lasts.
    async fn delete_token(
        &self,
        environment: &str,
        id: &str,
        keep_administrator: bool,
    ) -> Result<TokenRemoval, StorageError>;

    /// How many removals of an account were reserved after `since` (RFC 3339, UTC, milliseconds).
    async fn removals(&self, account: &str, since: &str) -> Result<u64, StorageError>;

    /// Reserves removals, unless with those reserved after `since` there would be more than `cap`; in one step, whoever else
    /// reserves. `false`: nothing was reserved. Older ones are forgotten.
    async fn reserve_removals(&self, removals: &Reservation, since: &str, cap: u32) -> Result<bool, StorageError>;

    /// What a reservation came to: so many removals were sent.
    async fn settle_removals(&self, id: &str, sent: u32) -> Result<(), StorageError>;

    /// A number that grows with every change to accounts or tokens, in the change's own transaction.
    /// Who keeps a copy reads this first and the records after it: then a change in between is seen the next time.
    async fn revision(&self) -> Result<i64, StorageError>;

    /// Appends to the audit, in one transaction: `chain` is given its end and makes the entries that follow. It may be
    /// asked more than once, for another process may have appended meanwhile.
    async fn append_audit(
        &self,
        chain: &(dyn Fn(AuditHead) -> Vec<AuditRecord> + Send + Sync),
    ) -> Result<(), StorageError>;

    /// Entries of the audit, oldest first, at most `limit`.
    async fn audit_entries(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditRecord>, StorageError>;

    /// Forgets what is personal in the entries up to `through`, of one user or of all; how many entries that were.
    async fn redact_audit(&self, through: i64, user: Option<&str>) -> Result<u64, StorageError>;

    /// Drops the entries up to `through`; how many that were.
    async fn prune_audit(&self, through: i64) -> Result<u64, StorageError>;

    /// Takes hold of an idempotency key, if it is free: of several claims at once one alone does.
    async fn claim_key(&self, claim: &KeyClaim) -> Result<KeyState, StorageError>;

    /// Makes a claim's lease last from now on. `false`: the claim does not hold the key any more.
    async fn renew_key(&self, id: &Hash, holder: &str, lease: Duration) -> Result<bool, StorageError>;

    /// Ends a claim. `false`: it does not hold the key any more; nothing was changed.
    async fn end_key(&self, id: &Hash, holder: &str, end: KeyEnd<'_>) -> Result<bool, StorageError>;

    /// Forgets the keys whose time is over; how many those were.
    async fn forget_keys(&self) -> Result<u64, StorageError>;

    /// Whether the database answers, for readiness.
    async fn ping(&self) -> Result<(), StorageError>;
}

/// Why the database could not serve. No message holds a value that was to be stored.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StorageError {
    /// The address is wrong as it stands: the operator must change the configuration, a retry is no use. It is not
    /// repeated here, for it may hold a password.
    #[error("the database address cannot be used: {reason}")]
    Address { reason: String },
    /// The tables are not those of this version: the operator must start the right one, a retry is no use.
    #[error("the database does not fit this version: {reason}")]
    Schema { reason: String },
    /// The database is damaged, or is no database at all: the operator must restore it, a retry is no use.
    #[error("the database cannot be read ({doing}): {reason}")]
    Damaged { doing: &'static str, reason: String },
    /// The database cannot be reached, is locked, read-only or full. A read may be retried. A write that was cut off
    /// may have happened: retry it under the same id, and read `Conflict` (or `false`) as done.
    #[error("the database does not serve ({doing}): {reason}")]
    Unavailable { doing: &'static str, reason: String },
    /// A record with this id (or this token hash) exists already. Nothing was changed.
    #[error("{record} `{id}` exists already")]
    Conflict { record: &'static str, id: String },
    /// A stored record cannot be read: changed by hand, damaged, or written by a newer version. A retry is no use; the
    /// operator must mend or delete what is named. It is not skipped, because a missing account would look deleted.
    #[error("the stored {record} `{id}` cannot be read: {reason}")]
    Corrupt { record: &'static str, id: String, reason: String },
}

/// An id for a new record: UUID version 7, so that ids sort by age.
pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// The present, as records hold it: RFC 3339, UTC, milliseconds.
pub fn timestamp() -> String {
    format!("{:.3}", Timestamp::now())
}
