//! A database that does not always serve.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::Notify;

use crate::storage::{
    AccountRecord, AccountStatus, AuditFilter, AuditHead, AuditRecord, Hash, KeyClaim, KeyEnd, KeyState, Reservation,
    Storage, StorageError, TokenRecord, TokenRemoval,
};

type Strikes = Box<dyn Fn(&'static str, usize) -> bool + Send>;

/// Another storage, some of whose calls fail before they reach it.
pub struct Unreliable {
    inner: Arc<dyn Storage>,
    state: Mutex<State>,
    committed: Arc<AtomicI64>,
}

#[derive(Default)]
struct State {
    strikes: Option<Strikes>,
    loses: Option<Strikes>,
    calls: BTreeMap<&'static str, usize>,
    failures: usize,
    halt: Option<Halt>,
}

/// Where everything stops for good, as at the end of a process.
#[derive(Clone, Debug)]
pub struct Halt {
    /// At `append_audit`, `claim_key` or `end_key`.
    pub method: &'static str,
    /// At this call of it, counted from now.
    pub call: usize,
    /// Once it is written; before otherwise.
    pub written: bool,
    /// Told when that is reached.
    pub reached: Arc<Notify>,
}

impl Unreliable {
    /// Serves until [`Self::fail`] says otherwise.
    pub fn new(inner: Arc<dyn Storage>) -> Self {
        Self { inner, state: Mutex::default(), committed: Arc::default() }
    }

    /// The number of the last entry of the audit that was written through here.
    pub fn committed(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.committed)
    }

    /// Tells it there instead.
    #[must_use]
    pub fn reporting_to(self, committed: Arc<AtomicI64>) -> Self {
        Self { committed, ..self }
    }

    /// Calls fail for which `strikes` says so: it is given the method's name, and how often it was called before.
    pub fn fail(&self, strikes: impl Fn(&'static str, usize) -> bool + Send + 'static) {
        self.lock().strikes = Some(Box::new(strikes));
    }

    /// Appends to the audit are written, but said to have failed, where `loses` says so, as for [`Self::fail`].
    pub fn lose_answers(&self, loses: impl Fn(&'static str, usize) -> bool + Send + 'static) {
        self.lock().loses = Some(Box::new(loses));
    }

    /// Stops for good there.
    pub fn halt(&self, halt: Halt) {
        self.lock().halt = Some(halt);
    }

    /// How many calls have failed so far.
    pub fn failures(&self) -> usize {
        self.lock().failures
    }

    /// Serves again.
    pub fn mend(&self) {
        let mut state = self.lock();
        (state.strikes, state.loses) = (None, None);
    }

    /// How often a method was called, failures included.
    pub fn calls(&self, method: &str) -> usize {
        let state = self.lock();
        state.calls.get(method).copied().unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails if it is to; else gives how often the method was called before.
    fn meet(&self, method: &'static str) -> Result<usize, StorageError> {
        let mut state = self.lock();
        let before = state.calls.entry(method).or_default();
        let index = *before;
        *before += 1;
        match &state.strikes {
            Some(strikes) if strikes(method, index) => {
                state.failures += 1;
                Err(away(method))
            }
            _ => Ok(index),
        }
    }

    /// Never ends if this is where everything stops.
    async fn pass(&self, method: &'static str, written: bool) {
        let reached = {
            let mut state = self.lock();
            match &mut state.halt {
                Some(halt) if halt.method == method && halt.written == written => {
                    let here = halt.call == 0;
                    halt.call = halt.call.saturating_sub(1);
                    here.then(|| Arc::clone(&halt.reached))
                }
                _ => None,
            }
        };
        if let Some(reached) = reached {
            reached.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

fn away(method: &'static str) -> StorageError {
    StorageError::Unavailable { doing: method, reason: "it was told to be away".to_owned() }
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
    async fn delete_token(
        &self,
        environment: &str,
        id: &str,
        keep_administrator: bool,
    ) -> Result<TokenRemoval, StorageError> {
        self.meet("delete_token")?;
        self.inner.delete_token(environment, id, keep_administrator).await
    }
    async fn removals(&self, account: &str, since: &str) -> Result<u64, StorageError> {
        self.meet("removals")?;
        self.inner.removals(account, since).await
    }
    async fn reserve_removals(&self, removals: &Reservation, since: &str, cap: u32) -> Result<bool, StorageError> {
        self.meet("reserve_removals")?;
        self.inner.reserve_removals(removals, since, cap).await
    }
    async fn settle_removals(&self, id: &str, sent: u32) -> Result<(), StorageError> {
        self.meet("settle_removals")?;
        self.inner.settle_removals(id, sent).await
    }
    async fn append_audit(
        &self,
        chain: &(dyn Fn(AuditHead) -> Vec<AuditRecord> + Send + Sync),
    ) -> Result<(), StorageError> {
        let index = self.meet("append_audit")?;
        self.pass("append_audit", false).await;
        let last = AtomicI64::new(0);
        let noting = |head: AuditHead| {
            let records = chain(head);
            last.store(records.last().map_or(head.seq, |record| record.seq), Ordering::Relaxed);
            records
        };
        self.inner.append_audit(&noting).await?;
        self.committed.fetch_max(last.load(Ordering::Relaxed), Ordering::SeqCst);
        self.pass("append_audit", true).await;
        let mut state = self.lock();
        if state.loses.as_ref().is_some_and(|loses| loses("append_audit", index)) {
            state.failures += 1;
            return Err(away("append_audit"));
        }
        Ok(())
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
        self.pass("claim_key", false).await;
        let done = self.inner.claim_key(claim).await?;
        self.pass("claim_key", true).await;
        Ok(done)
    }
    async fn renew_key(&self, id: &Hash, holder: &str, lease: Duration) -> Result<bool, StorageError> {
        self.meet("renew_key")?;
        self.inner.renew_key(id, holder, lease).await
    }
    async fn end_key(&self, id: &Hash, holder: &str, end: KeyEnd<'_>) -> Result<bool, StorageError> {
        self.meet("end_key")?;
        self.pass("end_key", false).await;
        let done = self.inner.end_key(id, holder, end).await?;
        self.pass("end_key", true).await;
        Ok(done)
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
