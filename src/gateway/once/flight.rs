//! One key at work: who leads claims it in the database, shows a sign of life as long as it is at work, and lands with an
//! answer for those that follow.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_util::task::AbortOnDropHandle;

use super::{Answer, Flights, IdempotencyKey, KeyError, Landed};
use crate::storage::{KeyClaim, KeyEnd, KeyState, Storage, new_id};

/// How soon another process is asked again.
const FIRST_POLL: Duration = Duration::from_millis(25);
const SLOWEST_POLL: Duration = Duration::from_millis(500);
/// So often a sign of life may go missing within a lease.
const SIGNS_A_LEASE: u32 = 4;

/// The one request of this process that is at work on a key. Those that follow get its word when it lands; if it is
/// dropped without, one of them takes its place.
pub(super) struct Lead {
    flights: Arc<Flights>,
    key: IdempotencyKey,
    land: watch::Sender<Option<Landed>>,
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.flights.leave(&self.key);
    }
}

/// How a lead finds its key.
pub(super) enum Start {
    First(Box<Claim>),
    Repeat(Arc<Answer>),
}

impl Lead {
    pub(super) fn new(flights: Arc<Flights>, key: IdempotencyKey, land: watch::Sender<Option<Landed>>) -> Self {
        Self { flights, key, land }
    }

    fn land(&self, landed: Landed) {
        self.land.send_replace(Some(landed));
    }

    /// Claims the key, or waits until the process that has it is done.
    pub(super) async fn start(self, request_id: String, deadline: Instant) -> Result<Start, KeyError> {
        let claim = KeyClaim {
            id: self.key.id,
            request: self.key.request,
            request_id,
            holder: new_id(),
            lease: self.flights.settings.lease,
            keep: self.flights.settings.keep,
        };
        let landed = match self.claimed(&claim, deadline).await {
            Ok(KeyState::Claimed { again, request_id }) => {
                return Ok(Start::First(Box::new(Claim::hold(self, claim.holder, again, request_id))));
            }
            Ok(KeyState::Answered(sealed)) => Answer::open(&self.flights.vault, &self.key.id, &sealed).map(Arc::new),
            Ok(KeyState::OtherRequest) => Err(KeyError::OtherRequest),
            Ok(KeyState::InFlight) => Err(KeyError::InFlight),
            Err(error) => Err(error),
        };
        self.land(landed.clone());
        landed.map(Start::Repeat)
    }

    async fn claimed(&self, claim: &KeyClaim, deadline: Instant) -> Result<KeyState, KeyError> {
        let mut pause = FIRST_POLL;
        loop {
            let state = self.flights.storage.claim_key(claim).await?;
            let left = deadline.saturating_duration_since(Instant::now());
            if state != KeyState::InFlight || left.is_zero() {
                return Ok(state);
            }
            sleep(pause.min(left)).await;
            pause = (pause * 2).min(SLOWEST_POLL);
        }
    }
}

/// How a claim ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The answer is kept: a repeat gets it, and nothing is carried out again.
    Kept,
    /// Something may have been done, but what became of it may change: a repeat looks first, and then acts.
    Open,
    /// Nothing was done: the key is not used up.
    Unused,
}

/// The right to carry a request out under its key.
pub struct Claim {
    lead: Lead,
    holder: String,
    again: bool,
    request_id: String,
    _signs: AbortOnDropHandle<()>,
}

impl Claim {
    fn hold(lead: Lead, holder: String, again: bool, request_id: String) -> Self {
        let signs = tokio::spawn(give_signs(
            Arc::clone(&lead.flights.storage),
            lead.key,
            holder.clone(),
            lead.flights.settings.lease,
        ));
        Self { lead, holder, again, request_id, _signs: AbortOnDropHandle::new(signs) }
    }

    /// Whether an earlier attempt may have acted.
    pub fn is_again(&self) -> bool {
        self.again
    }

    /// The id of the first attempt's request: a good id for what it makes, since a later attempt can look for it.
    pub fn first_request_id(&self) -> &str {
        &self.request_id
    }

    /// The largest answer that may be kept.
    pub fn answer_bytes(&self) -> usize {
        self.lead.flights.settings.answer_bytes
    }

    /// Ends it, with what those get that wait for it and, if it is kept, those that come later.
    pub async fn end(self, end: End, answer: Answer) {
        let Lead { flights, key, .. } = &self.lead;
        let sealed = match end {
            End::Kept => answer.seal(&flights.vault, &key.id).map(Some),
            End::Open | End::Unused => Ok(None),
        };
        let ended = match &sealed {
            Ok(Some(sealed)) => KeyEnd::Answered(sealed),
            // What an earlier attempt may have done is not undone by this one.
            Ok(None) if end == End::Unused && !self.again => KeyEnd::Forgotten,
            _ => KeyEnd::Open,
        };
        match flights.storage.end_key(&key.id, &self.holder, ended).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("another process took an idempotency key over: this answer is not kept"),
            Err(error) => {
                tracing::error!(%error, "an answer is not kept: a repeat under its idempotency key looks first")
            }
        }
        if let Err(error) = sealed {
            tracing::error!(%error, "an answer cannot be sealed: a repeat under its idempotency key looks first");
        }
        self.lead.land(Ok(Arc::new(answer)));
    }

    /// [`Self::end`], for whoever cannot wait.
    pub fn end_later(self, end: End, answer: Answer) {
        // Without a runtime the process is at its end, and the lease runs out.
        if Handle::try_current().is_ok() {
            let at_work = self.lead.flights.at_work.clone();
            at_work.spawn(self.end(end, answer));
        }
    }
}

async fn give_signs(storage: Arc<dyn Storage>, key: IdempotencyKey, holder: String, lease: Duration) {
    loop {
        sleep(lease / SIGNS_A_LEASE).await;
        match storage.renew_key(&key.id, &holder, lease).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(%error, "the claim on an idempotency key could not be renewed"),
        }
    }
}
