//! What became of a request: an outcome an item, the user as far as known, and the status all of it stands for.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;

use super::answered::Answered;
use super::mapped::UserFields;
use super::streamed::Streamed;
use crate::connector::Call;
use crate::model::{ErrorKind, HeldBefore, Outcome, RoleRef, Verified};
use crate::transport::HeaderNames;

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
#[derive(Clone)]
pub struct Failure {
    pub kind: ErrorKind,
    pub outcome: Outcome,
    pub message: String,
    /// What the provider said, if it said anything.
    pub answer: Option<Arc<Answered>>,
    pub timed_out: bool,
    /// The headers of another answer than the call's own: the token endpoint's, which may say when to try again.
    pub said_with: Option<Box<HeaderMap>>,
    /// A read has to say whether this no means that the role is held.
    pub(super) settle: bool,
}

/// Shows the names of the headers only.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.kind)
            .field("outcome", &self.outcome)
            .field("message", &self.message)
            .field("answer", &self.answer)
            .field("timed_out", &self.timed_out)
            .field("said_with", &self.said_with.as_deref().map(HeaderNames))
            .finish_non_exhaustive()
    }
}

impl Failure {
    /// A failure of ours, or of the provider without an answer.
    pub(super) fn new(kind: ErrorKind, outcome: Outcome, message: impl Into<String>) -> Self {
        Self { kind, outcome, message: message.into(), answer: None, timed_out: false, said_with: None, settle: false }
    }

    /// The provider's own status.
    pub fn remote_status(&self) -> Option<u16> {
        self.answer.as_ref().map(|answer| answer.status)
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
