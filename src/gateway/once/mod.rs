//! Idempotency keys: a request that is repeated under its key is carried out once, and every repeat is answered alike.
//! What a request means, and which answers are worth keeping, is left to whoever carries it out.

mod answer;
mod flight;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use super::{Caller, Gateway, GatewayError};
use crate::credentials::Account;
use crate::credentials::vault::Vault;
use crate::engine::Report;
use crate::model::{HeldBefore, UnassignRequest};
use crate::storage::{AccountRecord, Hash, Storage, StorageError};

pub use answer::Answer;
pub use flight::{Claim, End};
use flight::{Lead, Start};

/// How idempotency keys are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencySettings {
    /// How long a repeat waits for the request in flight.
    pub wait: Duration,
    /// After so long without a sign of life an attempt counts as broken off.
    pub lease: Duration,
    /// How long a key is kept.
    pub keep: Duration,
    /// The largest answer that is kept.
    pub answer_bytes: usize,
}

impl Default for IdempotencySettings {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(30),
            lease: Duration::from_secs(10),
            keep: Duration::from_secs(24 * 60 * 60),
            answer_bytes: 1 << 20,
        }
    }
}

/// Why a request that came with a key is not carried out now.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum KeyError {
    /// Its first attempt is at work for longer than a repeat waits.
    #[error("a request with this Idempotency-Key is in flight; repeat it later, under the same key")]
    InFlight,
    /// The key is taken.
    #[error(
        "this Idempotency-Key was used for another request; give each request a key of its own, and repeat a request as it was"
    )]
    OtherRequest,
    /// The vault's key was changed, or the record was.
    #[error(
        "the answer that is kept for this Idempotency-Key cannot be read ({0}); it was carried out, and is not again"
    )]
    Unreadable(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<KeyError> for GatewayError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::Storage(error) => Self::Storage(error),
            error => Self::Idempotency(error),
        }
    }
}

/// A key as it is known here: neither its text nor the request can be told from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    id: Hash,
    request: Hash,
}

impl IdempotencyKey {
    /// `text` is good for one `request` of the caller's environment, with this account, at this path. Give the request
    /// in a form in which two that mean the same are the same.
    pub fn new(caller: &Caller, account: &str, path: &str, text: &str, request: &[u8]) -> Self {
        let scope = [caller.environment.as_bytes(), account.as_bytes(), path.as_bytes(), text.as_bytes()];
        // With the key's text in it, for a request alone could be guessed.
        Self { id: hash(&scope), request: hash(&[text.as_bytes(), request]) }
    }
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// What becomes of a request that came with a key.
#[derive(Debug)]
pub enum Once<T> {
    /// It was carried out.
    Done(T),
    /// It had been, or was just being.
    Repeated(Arc<Answer>),
}

/// What a request in flight leaves to those that wait for it.
type Landed = Result<Arc<Answer>, KeyError>;
type Landing = watch::Receiver<Option<Landed>>;

/// The keys that are at work in this process.
pub(super) struct Flights {
    storage: Arc<dyn Storage>,
    vault: Arc<Vault>,
    settings: IdempotencySettings,
    at_work: TaskTracker,
    under_way: Mutex<HashMap<IdempotencyKey, Landing>>,
}

enum Place {
    Leads(Lead),
    Follows(Landing),
}

impl Flights {
    pub(super) fn new(
        storage: Arc<dyn Storage>,
        vault: Arc<Vault>,
        settings: IdempotencySettings,
        at_work: TaskTracker,
    ) -> Self {
        Self { storage, vault, settings, at_work, under_way: Mutex::default() }
    }

    fn join(self: &Arc<Self>, key: IdempotencyKey) -> Place {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(landing) = under_way.get(&key) {
            return Place::Follows(landing.clone());
        }
        let (land, landing) = watch::channel(None);
        under_way.insert(key, landing);
        Place::Leads(Lead::new(Arc::clone(self), key, land))
    }

    fn leave(&self, key: &IdempotencyKey) {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Gateway {
    /// Carries `work` out, unless it was already under this key, or is being; then its answer is waited for. Once begun,
    /// `work` comes to its end whether or not anybody still waits. It must end the claim it is given: if it does not, the
    /// next repeat waits until the lease is over, and is told that there was an attempt.
    ///
    /// # Errors
    /// If the key was used for another request, if that one takes too long, or if the database does not serve: nothing
    /// was carried out then.
    pub async fn once<W, F, T>(
        self: &Arc<Self>,
        key: IdempotencyKey,
        request_id: &str,
        work: W,
    ) -> Result<Once<T>, GatewayError>
    where
        W: FnOnce(Claim) -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let deadline = Instant::now() + self.flights.settings.wait;
        loop {
            let lead = match self.flights.join(key) {
                Place::Leads(lead) => lead,
                Place::Follows(mut landing) => {
                    let landed = timeout_at(deadline, landing.wait_for(Option::is_some)).await;
                    match landed.map_err(|_| KeyError::InFlight)?.ok().and_then(|landed| landed.clone()) {
                        Some(landed) => return Ok(Once::Repeated(landed?)),
                        // It ended without a word: its place is free.
                        None => continue,
                    }
                }
            };
            let request_id = request_id.to_owned();
            let led = self.at_work.spawn(async move {
                match lead.start(request_id, deadline).await? {
                    Start::First(claim) => Ok(Once::Done(work(*claim).await)),
                    Start::Repeat(answer) => Ok(Once::Repeated(answer)),
                }
            });
            return match led.await {
                Ok(done) => done.map_err(|error: KeyError| error.into()),
                Err(error) => Err(GatewayError::Broken(error.to_string())),
            };
        }
    }

    /// [`Self::unassign`], after an attempt of which nobody knows how far it came: the provider is read first, and written
    /// to if it does not show that the role is gone. What is gone may be gone by the earlier attempt.
    ///
    /// # Errors
    /// As [`Self::unassign`].
    pub async fn unassign_again(
        self: &Arc<Self>,
        caller: &Caller,
        account: Arc<Account>,
        mut request: UnassignRequest,
        request_id: &str,
    ) -> Result<Report, GatewayError> {
        request.options.check_before = true;
        let mut report = self.unassign(caller, account, request, request_id).await?;
        for item in report.items.iter_mut().filter(|item| item.held_before == HeldBefore::No) {
            item.held_before = HeldBefore::Unknown;
        }
        Ok(report)
    }

    /// The caller's account of this id, as the database has it now.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn find_account(&self, caller: &Caller, id: &str) -> Result<Option<AccountRecord>, GatewayError> {
        self.refresh().await?;
        let entry = self.accounts(caller).into_iter().find(|entry| entry.record.id == id);
        Ok(entry.map(|entry| entry.record.clone()))
    }

    /// Whether there is a token of this id.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn has_token(&self, environment: &str, id: &str) -> Result<bool, GatewayError> {
        let tokens = self.storage.tokens().await?;
        Ok(tokens.iter().any(|token| token.environment == environment && token.id == id))
    }

    /// Forgets the idempotency keys whose time is over.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn forget_keys(&self) -> Result<(), StorageError> {
        self.storage.forget_keys().await.map(drop)
    }
}
