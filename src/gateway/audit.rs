//! The audit as callers and operators read it, and how it forgets.

use jiff::{SignedDuration, Timestamp};

use super::{Caller, Gateway, GatewayError};
use crate::audit::{self, Retired, RoleOutcome, Trail};
use crate::engine::Report;
use crate::model::{Outcome, Verified};
use crate::storage::{AuditFilter, AuditRecord};

impl Gateway {
    /// Entries of the caller's environment, oldest first, at most `limit`.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        limit: usize,
    ) -> Result<Vec<AuditRecord>, GatewayError> {
        if let Some(audit) = &self.audit {
            // Whoever has an answer finds its result here. Where it cannot be written it is not shown, as if it were late.
            let _ = audit.flush().await;
        }
        let filter = AuditFilter { environment: Some(caller.environment.clone()), ..filter };
        Ok(self.storage.audit_entries(&filter, limit).await?)
    }

    /// Forgets what the settings say shall be forgotten by now.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn forget(&self) -> Result<(), Retired> {
        let Some(audit) = &self.audit else { return Ok(()) };
        if let Some(before) = days_ago(self.settings.redact_after_days) {
            audit::redact(&*self.storage, audit, &before, None).await?;
        }
        if let Some(before) = days_ago(self.settings.keep_days) {
            audit::retire(&*self.storage, audit, &before).await?;
        }
        Ok(())
    }
}

/// `None` for 0: never.
fn days_ago(days: u32) -> Option<String> {
    let age = SignedDuration::from_hours(24 * i64::from(days));
    Timestamp::now().checked_sub(age).ok().filter(|_| days > 0).map(|time| format!("{time:.3}"))
}

/// Records what became of a request that may have written. Without a report it turned out to be bad input: nothing was
/// written after all.
pub(super) fn record(trail: &Trail, report: Option<&Report>) {
    let items = report.map(|report| report.items.as_slice()).unwrap_or_default();
    let roles: Vec<RoleOutcome<'_>> = items
        .iter()
        .map(|item| RoleOutcome { role: &item.role, outcome: item.outcome, verified: item.verified })
        .collect();
    let worst = report.map_or((Outcome::Failed, Verified::Skipped), |report| (report.outcome(), report.verified()));
    let user = report.map(|report| report.user_id.as_str());
    trail.result(user.unwrap_or_default(), worst, &roles);
}
