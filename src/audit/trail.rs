//! One request's trail through the audit: an intent before each write, one result at the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::entry::{Draft, Kind, hash_of_body};
use super::{Audit, Unrecorded};
use crate::model::{Outcome, RoleRef, Verified};

/// Whose request it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub environment: String,
    pub request_id: String,
    /// Id of the API token.
    pub token: String,
    /// Id of the integrated account.
    pub account: String,
}

/// A request's trail.
#[derive(Debug)]
pub struct Trail {
    audit: Audit,
    origin: Arc<Origin>,
    has_intent: AtomicBool,
}

/// What a write is about to take away.
#[derive(Clone, Copy, Debug)]
pub struct Intent<'r> {
    pub trail: &'r Trail,
    /// The provider's user id.
    pub user: &'r str,
    pub roles: &'r [&'r RoleRef],
}

/// What became of one role.
#[derive(Debug, Serialize)]
pub struct RoleOutcome<'r> {
    #[serde(flatten)]
    pub role: &'r RoleRef,
    pub outcome: Outcome,
    pub verified: Verified,
}

impl Trail {
    pub fn new(audit: Audit, origin: Origin) -> Self {
        Self { audit, origin: Arc::new(origin), has_intent: AtomicBool::new(false) }
    }

    /// Whether a write may have left.
    pub fn has_intent(&self) -> bool {
        self.has_intent.load(Ordering::Relaxed)
    }

    /// Records what became of the request, without waiting for it: nobody's next step hangs on it.
    pub fn result(&self, user: &str, worst: (Outcome, Verified), roles: &[RoleOutcome<'_>]) {
        self.audit.report(self.report_of(Kind::Result, user, worst, roles));
    }

    /// Records what a look at the provider showed.
    ///
    /// # Errors
    /// If it could not be written.
    pub async fn settled(
        &self,
        user: &str,
        worst: (Outcome, Verified),
        roles: &[RoleOutcome<'_>],
    ) -> Result<(), Unrecorded> {
        self.audit.append(self.report_of(Kind::Settled, user, worst, roles)).await
    }

    fn report_of(
        &self,
        kind: Kind,
        user: &str,
        (outcome, verified): (Outcome, Verified),
        roles: &[RoleOutcome<'_>],
    ) -> Draft {
        Draft {
            kind,
            origin: Arc::clone(&self.origin),
            user: Some(user.to_owned()),
            roles: json(&roles),
            outcome: Some(outcome),
            detail: Some(format!(r#"{{"verified":"{}"}}"#, verified.as_str())),
            body_hash: None,
        }
    }
}

impl Trail {
    /// Records that a guard of ours forbade the request: nothing was sent.
    ///
    /// # Errors
    /// If it could not be written; it is tried again as long as the process lives.
    pub async fn refused(
        &self,
        user: Option<&str>,
        roles: &[RoleOutcome<'_>],
        setting: &str,
    ) -> Result<(), Unrecorded> {
        self.audit
            .append(Draft {
                kind: Kind::Refused,
                origin: Arc::clone(&self.origin),
                user: user.map(str::to_owned),
                roles: json(&roles),
                outcome: Some(Outcome::Refused),
                // The setting alone: what it names may be somebody's address, and this is never redacted.
                detail: Some(json(&Rule { rule: setting })),
                body_hash: None,
            })
            .await
    }
}

#[derive(Serialize)]
struct Rule<'r> {
    rule: &'r str,
}

impl Intent<'_> {
    /// Records what this body is about to take away. Only then may it be sent.
    ///
    /// # Errors
    /// If it could not be written.
    pub async fn record(&self, body: &[u8]) -> Result<(), Unrecorded> {
        let trail = self.trail;
        let draft = Draft {
            kind: Kind::Intent,
            origin: Arc::clone(&trail.origin),
            user: Some(self.user.to_owned()),
            roles: json(&self.roles),
            outcome: Some(Outcome::Unknown),
            detail: None,
            body_hash: Some(hash_of_body(body)),
        };
        trail.audit.append(draft).await?;
        trail.has_intent.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn json<T: Serialize>(value: &T) -> String {
    #[expect(clippy::expect_used, reason = "lists of texts always have a JSON form")]
    serde_json::to_string(value).expect("JSON")
}
