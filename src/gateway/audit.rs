//! The audit as callers and operators read it, and how it forgets.

use jiff::{SignedDuration, Timestamp};

use super::{Caller, Gateway, GatewayError};
use crate::audit::{self, Retired};
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
