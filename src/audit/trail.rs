//! One request's trail through the audit: an intent before each write, one result at the end.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::entry::{Draft, Kind, sha256};
use super::{Audit, Unrecorded};
use crate::model::{Outcome, RoleRef, Verified};

/// Whose request it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    pub environment: Arc<str>,
    pub request_id: Arc<str>,
    /// Id of the API token.
    pub token: Arc<str>,
    /// Id of the integrated account.
    pub account: Arc<str>,
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
    pub roles: &'r [Cow<'r, RoleRef>],
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
        // The setting alone: what it names may be somebody's address, and this is never redacted.
        let detail = Some(json(&Rule { rule: setting }));
        self.audit.append(Draft { detail, ..self.draft(Kind::Refused, user, json(&roles), Outcome::Refused) }).await
    }

    fn report_of(
        &self,
        kind: Kind,
        user: &str,
        (outcome, verified): (Outcome, Verified),
        roles: &[RoleOutcome<'_>],
    ) -> Draft {
        let detail = Some(format!(r#"{{"verified":"{}"}}"#, verified.as_str()));
        Draft { detail, ..self.draft(kind, Some(user), json(&roles), outcome) }
    }

    fn draft(&self, kind: Kind, user: Option<&str>, roles: String, outcome: Outcome) -> Draft {
        Draft {
            kind,
            origin: Arc::clone(&self.origin),
            user: user.map(str::to_owned),
            roles,
            outcome: Some(outcome),
            detail: None,
            body_hash: None,
        }
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
        let draft = trail.draft(Kind::Intent, Some(self.user), json(&self.roles), Outcome::Unknown);
        let draft = Draft { body_hash: Some(sha256(&[body])), ..draft };
        trail.audit.append(draft).await?;
        trail.has_intent.store(true, Ordering::Relaxed);
        Ok(())
    }
}

fn json<T: Serialize>(value: &T) -> String {
    #[expect(clippy::expect_used, reason = "lists of texts always have a JSON form")]
    serde_json::to_string(value).expect("JSON")
}
