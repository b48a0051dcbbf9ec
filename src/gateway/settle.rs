//! Intents without a result: what a crash left unknown is looked up at the provider, by reads alone.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Gateway, GatewayError};
use crate::audit::{Origin, RoleOutcome, Trail};
use crate::credentials::Account;
use crate::engine::Seen;
use crate::model::{Outcome, RoleRef, Verified};
use crate::storage::{AuditFilter, AuditPages, AuditRecord};

/// What a look at the provider showed of one request that was broken off.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub request_id: String,
    pub account: String,
    pub user: String,
    /// A role each.
    pub seen: Vec<Seen>,
    /// Why it stays open.
    pub open: Option<String>,
}

impl Settlement {
    fn open(request: &Request, why: impl Into<String>) -> Self {
        Self {
            request_id: request.origin.request_id.to_string(),
            account: request.origin.account.to_string(),
            user: request.user.clone().unwrap_or_default(),
            seen: Vec::new(),
            open: Some(why.into()),
        }
    }

    fn worst(&self) -> (Outcome, Verified) {
        let outcome = self.seen.iter().map(|seen| seen.outcome).max().unwrap_or_default();
        (outcome, self.seen.iter().map(|seen| seen.verified).max().unwrap_or(Verified::Unverifiable))
    }
}

/// The intents of one request.
struct Request {
    origin: Origin,
    user: Option<String>,
    roles: Vec<RoleRef>,
}

impl Gateway {
    /// Looks at the provider for every intent that is older than `age` and has no result, and records what is true.
    /// Give an age that no request in flight has.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn settle(&self, age: Duration) -> Result<Vec<Settlement>, GatewayError> {
        if let Some(audit) = &self.audit {
            // What this process knows already is not asked of the provider.
            let _ = audit.flush().await;
        }
        let mut settled = Vec::new();
        for request in self.broken_off(age).await? {
            let mut settlement = match self.anyones_account(&request.origin) {
                Ok(account) => self.look(&account, &request).await,
                Err(why) => Settlement::open(&request, why),
            };
            if settlement.open.is_none()
                && let Err(error) = self.record_settled(&request, &settlement).await
            {
                settlement.open = Some(error);
            }
            settled.push(settlement);
        }
        Ok(settled)
    }

    async fn broken_off(&self, age: Duration) -> Result<Vec<Request>, GatewayError> {
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        let before = Timestamp::now().checked_sub(age).unwrap_or(Timestamp::MIN);
        let filter = AuditFilter { open: true, before: Some(format!("{before:.3}")), ..AuditFilter::default() };
        let (mut requests, mut pages): (Vec<Request>, _) = (Vec::new(), AuditPages::of(filter));
        while let Some(page) = pages.next(&*self.storage).await? {
            for intent in page {
                let roles = serde_json::from_str(&intent.roles).unwrap_or_default();
                match requests.iter_mut().find(|request| request.origin.request_id == intent.request_id) {
                    Some(request) => request.add(roles),
                    None => requests.push(Request::of(intent, roles)),
                }
            }
        }
        Ok(requests)
    }

    fn anyones_account(&self, origin: &Origin) -> Result<Arc<Account>, String> {
        let directory = self.directory.load();
        match directory.accounts.get(&*origin.account).map(|entry| &entry.account) {
            Some(Ok(account)) => Ok(Arc::clone(account)),
            Some(Err(reason)) => Err(format!("its account cannot be used: {reason}")),
            None => Err("its account is not connected any more".to_owned()),
        }
    }

    async fn look(&self, account: &Account, request: &Request) -> Settlement {
        let Some(user) = &request.user else {
            return Settlement::open(request, "its user was redacted");
        };
        match self.engine.look(account, user, request.roles.clone()).await {
            Ok(seen) => {
                let untold = seen.iter().find(|seen| seen.outcome == Outcome::Unknown);
                let why = untold.map(|seen| {
                    seen.message.clone().unwrap_or_else(|| "the provider's answers do not tell".to_owned())
                });
                Settlement { seen, open: why, ..Settlement::open(request, "") }
            }
            Err(error) => Settlement::open(request, error.message),
        }
    }

    async fn record_settled(&self, request: &Request, settlement: &Settlement) -> Result<(), String> {
        let audit = self.audit.clone().ok_or("the audit is off")?;
        let roles: Vec<RoleOutcome<'_>> = settlement
            .seen
            .iter()
            .map(|seen| RoleOutcome { role: &seen.role, outcome: seen.outcome, verified: seen.verified })
            .collect();
        let trail = Trail::new(audit, request.origin.clone());
        let recorded = trail.settled(&settlement.user, settlement.worst(), &roles).await;
        recorded.map_err(|error| error.to_string())
    }
}

impl Request {
    fn of(intent: AuditRecord, roles: Vec<RoleRef>) -> Self {
        let AuditRecord { environment, request_id, token, account, user, .. } = intent;
        Self { origin: Origin { environment, request_id, token, account }, user, roles }
    }

    fn add(&mut self, roles: Vec<RoleRef>) {
        for role in roles {
            if !self.roles.contains(&role) {
                self.roles.push(role);
            }
        }
    }
}
