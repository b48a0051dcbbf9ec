//! What came of sending one step, and the two things that every sending begins and ends with: the record of what a write is
//! about to do, and what a transport's failure means.

use std::sync::Arc;

use super::report::{Failure, TraceStep};
use super::retry::Again;
use super::streamed::Streamed;
use super::wire::Answered;
use crate::audit::Intent;
use crate::model::{ErrorKind, Outcome};
use crate::transport::TransportError;

/// What came of sending one step.
pub(super) struct Exchange {
    pub(super) result: Result<Arc<Answered>, Failure>,
    /// How often the provider may have received it: more than once where credentials were renewed, or it was sent again.
    pub(super) sends: u32,
    pub(super) trace: Vec<TraceStep>,
    pub(super) rest: Option<Streamed>,
    pub(super) again: Again,
    /// A send before the last may have been carried out.
    pub(super) doubtful: bool,
}

impl Exchange {
    /// Nothing of it left.
    pub(super) fn unsent(failure: Failure) -> Self {
        Self::of(Err(failure), 0, Vec::new(), Again::No)
    }

    /// One send, or none.
    pub(super) fn of(result: Result<Arc<Answered>, Failure>, sends: u32, trace: Vec<TraceStep>, again: Again) -> Self {
        Self { result, sends, trace, rest: None, again, doubtful: false }
    }

    /// What came of sending it once more with other credentials: the provider may have received both, and has refused the
    /// first.
    pub(super) fn then(&mut self, again: Self) {
        let mut trace = std::mem::take(&mut self.trace);
        trace.extend(again.trace);
        *self = Self { trace, sends: self.sends + again.sends, ..again };
    }
}

/// Records what a write is about to do. Without that nothing is sent.
pub(super) async fn record(intent: Option<Intent<'_>>, body: &[u8]) -> Result<(), Failure> {
    let Some(intent) = intent else { return Ok(()) };
    intent.record(body).await.map_err(|error| {
        tracing::error!(%error, "nothing is sent");
        let message = "the gateway's audit cannot be written, so nothing was sent";
        Failure::new(ErrorKind::Internal, Outcome::Failed, message)
    })
}

pub(super) fn transport_failure(error: &TransportError) -> Failure {
    let kind = if error.is_timeout() { ErrorKind::ProviderTimeout } else { ErrorKind::ProviderUnavailable };
    let outcome = if error.was_sent() { Outcome::Unknown } else { Outcome::Failed };
    let failure = Failure::new(kind, outcome, error.to_string());
    Failure { timed_out: error.is_timeout(), again_in_s: error.retry_after_s(), ..failure }
}
