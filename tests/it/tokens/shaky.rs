//! A database that can be told not to keep secrets.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{AccountRecord, AccountStatus, Storage, StorageError, TokenRecord};

pub(super) struct Shaky {
    pub(super) inner: SqliteStorage,
    pub(super) broken: AtomicBool,
    /// How often secrets were replaced.
    pub(super) replaced: AtomicUsize,
}

#[async_trait]
impl Storage for Shaky {
    async fn accounts(&self) -> Result<Vec<AccountRecord>, StorageError> {
        self.inner.accounts().await
    }
    async fn insert_account(&self, account: &AccountRecord) -> Result<(), StorageError> {
        self.inner.insert_account(account).await
    }
    async fn delete_account(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.inner.delete_account(environment, id).await
    }
    async fn set_account_status(&self, id: &str, status: AccountStatus) -> Result<bool, StorageError> {
        self.inner.set_account_status(id, status).await
    }
    async fn account_secrets(&self, id: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.account_secrets(id).await
    }
    async fn set_account_secrets(&self, id: &str, sealed: &[u8]) -> Result<bool, StorageError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(StorageError::Unavailable {
                doing: "replacing an account's secrets",
                reason: "full".to_owned(),
            });
        }
        let done = self.inner.set_account_secrets(id, sealed).await;
        self.replaced.fetch_add(1, Ordering::SeqCst);
        done
    }
    async fn swap_account_secrets(&self, id: &str, expected: &[u8], sealed: &[u8]) -> Result<bool, StorageError> {
        self.inner.swap_account_secrets(id, expected, sealed).await
    }
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StorageError> {
        self.inner.tokens().await
    }
    async fn insert_token(&self, token: &TokenRecord) -> Result<(), StorageError> {
        self.inner.insert_token(token).await
    }
    async fn delete_token(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.inner.delete_token(environment, id).await
    }
    async fn revision(&self) -> Result<i64, StorageError> {
        self.inner.revision().await
    }
    async fn ping(&self) -> Result<(), StorageError> {
        self.inner.ping().await
    }
}
