//! What became of a request: an outcome an item, the user as far as known, and the status all of it stands for.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;

use super::mapped::UserFields;
use super::streamed::Streamed;
use super::wire::Answered;
use crate::connector::Call;
use crate::model::{ErrorKind, HeldBefore, Outcome, RoleRef, Verified};

/// The reason of an item that was not tried after another showed that the account does not serve.
pub(super) const NOT_ATTEMPTED: &str = "not_attempted";
/// The reason of an item that the operator forbids.
pub(super) const GUARDED: &str = "guard";

/// Everything a response is rendered from.
#[derive(Debug)]
pub struct Report {
    pub items: Vec<ItemReport>,
    /// Unassign writes that were sent.
    pub remote_calls: u32,
    /// The provider's user id, as far as it is known.
    pub user_id: String,
    /// Mapped fields, in the schema's order.
    pub user: UserFields,
    /// The provider's object the user was mapped from, as JSON, secrets masked.
    pub remote_data: Option<Bytes>,
    /// The answers of the writes, with the index of the item each belongs to.
    pub writes: Vec<(usize, Arc<Answered>)>,
    /// A streamed answer, where it is longer than what was looked at.
    pub stream: Option<Streamed>,
    /// Present for a dry run.
    pub plan: Option<Vec<PlanStep>>,
    /// Present where it was asked for.
    pub trace: Vec<TraceStep>,
}

/// What became of one item.
#[derive(Debug)]
pub struct ItemReport {
    /// As the caller named it, with what a look-up added.
    pub role: RoleRef,
    pub outcome: Outcome,
    pub held_before: HeldBefore,
    pub verified: Verified,
    /// The provider's status for the write, or for the read that ended the item.
    pub remote_status: Option<u16>,
    pub confirmed_by: Option<&'static str>,
    pub reason: Option<&'static str>,
    pub failure: Option<Arc<Failure>>,
}

/// What a look at the provider, by reads alone, says of one role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub role: RoleRef,
    /// `removed`: it is not held. `failed`: it is held. `unknown`: that cannot be told.
    pub outcome: Outcome,
    pub verified: Verified,
    /// Why it cannot be told.
    pub message: Option<String>,
}

/// Why an item did not come to a good end.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: ErrorKind,
    pub outcome: Outcome,
    pub message: String,
    /// What the provider answered to the call, if it did.
    pub answer: Option<Arc<Answered>>,
    /// What it answered where the call's credentials were asked for, if that is where it failed.
    pub credentials_answer: Option<Arc<Answered>>,
    pub timed_out: bool,
    /// Another call may be made in so many seconds, by our own reckoning.
    pub again_in_s: Option<u64>,
    /// It is the gateway's own, and the provider was not asked.
    pub ours: bool,
    /// A read has to say whether this no means that the role is held.
    pub(super) settle: bool,
}

impl Failure {
    /// A failure of ours, or of the provider without an answer.
    pub(super) fn new(kind: ErrorKind, outcome: Outcome, message: impl Into<String>) -> Self {
        Self {
            kind,
            outcome,
            message: message.into(),
            answer: None,
            credentials_answer: None,
            timed_out: false,
            again_in_s: None,
            ours: false,
            settle: false,
        }
    }

    /// The account has as many requests at work as it may.
    pub(super) fn too_busy() -> Self {
        let message = "the account has as many requests at work as `account_at_once` allows; nothing was sent";
        let failure = Self::new(ErrorKind::RateLimited, Outcome::Failed, message);
        Self { ours: true, again_in_s: Some(1), ..failure }
    }

    /// What the provider said, whatever it was asked.
    pub fn said(&self) -> Option<&Answered> {
        self.answer.as_deref().or(self.credentials_answer.as_deref())
    }

    /// The provider's own status.
    pub fn remote_status(&self) -> Option<u16> {
        self.said().map(|answer| answer.status)
    }
}

/// One call of a plan: rendered, secrets masked, not sent unless it reads.
#[derive(Clone, Debug, Serialize)]
pub struct PlanStep {
    pub name: String,
    /// `read` or `write`.
    pub effect: &'static str,
    /// Of a call over HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub headers: serde_json::Map<String, serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<serde_json::Value>,
    pub why: String,
}

impl PlanStep {
    /// A step of which no more is said than its name and what it is for.
    pub(super) fn of(call: &Call) -> Self {
        let why = match call.why.as_str() {
            "" => "reads what the next step needs, or proves the effect",
            why => why,
        };
        Self {
            name: call.name.clone(),
            effect: if call.writes { "write" } else { "read" },
            method: None,
            url: None,
            topic: None,
            headers: serde_json::Map::new(),
            body: None,
            why: why.to_owned(),
        }
    }
}

/// One call that was made, for `debug`.
#[derive(Clone, Debug, Serialize)]
pub struct TraceStep {
    #[serde(flatten)]
    pub call: PlanStep,
    pub elapsed_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip)]
    pub response_headers: HeaderMap,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl Report {
    /// The item whose row decides: the first of the worst.
    pub fn worst(&self) -> Option<&ItemReport> {
        self.items.iter().rev().max_by_key(|item| (item.outcome, item.verified))
    }

    /// The worst outcome.
    pub fn outcome(&self) -> Outcome {
        self.worst().map_or(Outcome::Unknown, |item| item.outcome)
    }

    /// The worst of what the read-backs showed.
    pub fn verified(&self) -> Verified {
        self.items.iter().map(|item| item.verified).max().unwrap_or(Verified::Unverifiable)
    }

    /// Whether a later attempt could say nothing else: what was to be done is done, or there was a clear no to it. Not so
    /// where nobody knows, or where the no is a matter of time, of the account or of
    /// the operator's settings.
    pub fn is_settled(&self) -> bool {
        self.items.iter().all(|item| match item.outcome {
            Outcome::Removed | Outcome::AlreadyAbsent => true,
            Outcome::Refused => item.reason.is_none(),
            Outcome::Failed => item.failure.as_ref().is_some_and(|failure| {
                let kind = failure.kind;
                !kind.is_of_account() && kind.status() < 500
            }),
            Outcome::Planned | Outcome::Unknown => false,
        })
    }

    /// The HTTP status, and the kind where it is an error: the contract's table, in one place.
    pub fn status(&self) -> (u16, Option<ErrorKind>) {
        let Some(item) = self.worst() else { return (500, Some(ErrorKind::Internal)) };
        let failure = item.failure.as_deref();
        let kind = failure.map(|failure| failure.kind);
        // The provider's own status, where it says no less than the kind does.
        let remote = failure.and_then(Failure::remote_status);
        match item.outcome {
            Outcome::Planned | Outcome::AlreadyAbsent => (200, None),
            Outcome::Removed if item.verified == Verified::Inherited => (409, Some(ErrorKind::Inherited)),
            Outcome::Removed => (200, None),
            Outcome::Refused => (422, Some(ErrorKind::Refused)),
            // Ours, and a matter of time: the database does not serve.
            Outcome::Failed if kind == Some(ErrorKind::Internal) => (503, kind),
            Outcome::Failed => {
                let kind = kind.unwrap_or(ErrorKind::ProviderError);
                (remote.filter(|status| *status >= 400).unwrap_or(kind.status()), Some(kind))
            }
            Outcome::Unknown => {
                let timed_out = failure.is_some_and(|failure| failure.timed_out);
                let status = match remote {
                    _ if timed_out => 504,
                    // A provider's 4xx never becomes our 5xx.
                    Some(status @ 400..=599) => status,
                    _ => 502,
                };
                let kind = match kind {
                    Some(ErrorKind::ProviderTimeout) if !timed_out => ErrorKind::ProviderError,
                    _ if timed_out => ErrorKind::ProviderTimeout,
                    Some(kind) => kind,
                    None => ErrorKind::ProviderError,
                };
                (status, Some(kind))
            }
        }
    }
}
