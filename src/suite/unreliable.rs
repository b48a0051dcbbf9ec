//! A database that does not always serve.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::storage::{
    AccountRecord, AccountStatus, AuditFilter, AuditHead, AuditRecord, Hash, KeyClaim, KeyEnd, KeyState, Storage,
    StorageError, TokenRecord,
};

type Strikes = Box<dyn Fn(&'static str, usize) -> bool + Send>;

/// Another storage, some of whose calls fail before they reach it.
pub struct Unreliable {
    inner: Arc<dyn Storage>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    strikes: Option<Strikes>,
    calls: BTreeMap<&'static str, usize>,
}

impl Unreliable {
    /// Serves until [`Self::fail`] says otherwise.
    pub fn new(inner: Arc<dyn Storage>) -> Self {
        Self { inner, state: Mutex::default() }
    }

    /// Calls fail for which `strikes` says so: it is given the method's name, and how often it was called before.
    pub fn fail(&self, strikes: impl Fn(&'static str, usize) -> bool + Send + 'static) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).strikes = Some(Box::new(strikes));
    }

    /// Serves again.
    pub fn mend(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).strikes = None;
    }

    /// How often a method was called, failures included.
    pub fn calls(&self, method: &str) -> usize {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.calls.get(method).copied().unwrap_or_default()
    }

    fn meet(&self, method: &'static str) -> Result<(), StorageError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.calls.entry(method).or_default();
        let index = *before;
        *before += 1;
        match &state.strikes {
            Some(strikes) if strikes(method, index) => {
                Err(StorageError::Unavailable { doing: method, reason: "it was told to be away".to_owned() })
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Storage for Unreliable {
    async fn accounts(&self) -> Result<Vec<AccountRecord>, StorageError> {
        self.meet("accounts")?;
        self.inner.accounts().await
    }
    async fn insert_account(&self, account: &AccountRecord) -> Result<(), StorageError> {
        self.meet("insert_account")?;
        self.inner.insert_account(account).await
    }
    async fn delete_account(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.meet("delete_account")?;
        self.inner.delete_account(environment, id).await
    }
    async fn set_account_status(&self, id: &str, status: AccountStatus) -> Result<bool, StorageError> {
        self.meet("set_account_status")?;
        self.inner.set_account_status(id, status).await
    }
    async fn account_secrets(&self, id: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.meet("account_secrets")?;
        self.inner.account_secrets(id).await
    }
    async fn set_account_secrets(&self, id: &str, sealed: &[u8]) -> Result<bool, StorageError> {
        self.meet("set_account_secrets")?;
        self.inner.set_account_secrets(id, sealed).await
    }
    async fn swap_account_secrets(&self, id: &str, expected: &[u8], sealed: &[u8]) -> Result<bool, StorageError> {
        self.meet("swap_account_secrets")?;
        self.inner.swap_account_secrets(id, expected, sealed).await
    }
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StorageError> {
        self.meet("tokens")?;
        self.inner.tokens().await
    }
    async fn insert_token(&self, token: &TokenRecord) -> Result<(), StorageError> {
        self.meet("insert_token")?;
        self.inner.insert_token(token).await
    }
    async fn delete_token(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.meet("delete_token")?;
        self.inner.delete_token(environment, id).await
    }
    async fn append_audit(
        &self,
        chain: &(dyn Fn(AuditHead) -> Vec<AuditRecord> + Send + Sync),
    ) -> Result<(), StorageError> {
        self.meet("append_audit")?;
        self.inner.append_audit(chain).await
    }
    async fn audit_entries(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditRecord>, StorageError> {
        self.meet("audit_entries")?;
        self.inner.audit_entries(filter, limit).await
    }
    async fn redact_audit(&self, through: i64, user: Option<&str>) -> Result<u64, StorageError> {
        self.meet("redact_audit")?;
        self.inner.redact_audit(through, user).await
    }
    async fn prune_audit(&self, through: i64) -> Result<u64, StorageError> {
        self.meet("prune_audit")?;
        self.inner.prune_audit(through).await
    }
    async fn claim_key(&self, claim: &KeyClaim) -> Result<KeyState, StorageError> {
        self.meet("claim_key")?;
        self.inner.claim_key(claim).await
    }
    async fn renew_key(&self, id: &Hash, holder: &str, lease: Duration) -> Result<bool, StorageError> {
        self.meet("renew_key")?;
        self.inner.renew_key(id, holder, lease).await
    }
    async fn end_key(&self, id: &Hash, holder: &str, end: KeyEnd<'_>) -> Result<bool, StorageError> {
        self.meet("end_key")?;
        self.inner.end_key(id, holder, end).await
    }
    async fn forget_keys(&self) -> Result<u64, StorageError> {
        self.meet("forget_keys")?;
        self.inner.forget_keys().await
    }
    async fn revision(&self) -> Result<i64, StorageError> {
        self.meet("revision")?;
        self.inner.revision().await
    }
    async fn ping(&self) -> Result<(), StorageError> {
        self.meet("ping")?;
        self.inner.ping().await
    }
}
