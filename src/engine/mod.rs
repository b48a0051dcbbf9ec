//! The engine: plans, runs and proves an unassignment from a connector's definition. Knows nothing of HTTP servers, of
//! SQL or of any provider.

mod answered;
mod classify;
mod item;
mod listing;
mod locks;
mod lookup;
mod mapped;
mod messages;
mod passthrough;
mod prepare;
mod prove;
mod report;
mod run;
mod sources;
mod streamed;
mod user;
mod wire;
mod write;

use std::sync::Arc;
use std::time::Duration;

use item::{Item, Write};
use locks::Locks;
use run::Run;
use sources::Sources;
use wire::{CallLimits, Extra, Wire};

use crate::audit::Trail;
use crate::credentials::Account;
use crate::expression::Value;
use crate::model::{Options, Outcome, RequestError, ResponseFormat, RoleRef, UnassignRequest, VerifyMode};
use crate::transport::Transport;

pub use answered::Answered;
pub(crate) use classify::shown_body;
pub use mapped::{Mapped, Shown, UserFields};
pub use report::{Failure, ItemReport, PlanStep, Report, Seen, TraceStep};
pub use streamed::Streamed;

/// The engine's limits.
#[derive(Clone, Copy, Debug)]
pub struct EngineLimits {
    /// For one call to a provider, from the name's resolution to the last byte of the answer.
    pub call_timeout: Duration,
    /// How long `verify=wait` polls, unless the provider's read lag is longer.
    pub wait_limit: Duration,
    /// The largest answer of a provider that is read; a streamed one may be larger.
    pub answer_bytes: usize,
}

/// Takes roles away.
pub struct Engine {
    transport: Arc<dyn Transport>,
    limits: EngineLimits,
    locks: Locks,
}

impl Engine {
    /// An engine that reaches providers through `transport`.
    pub fn new(transport: Arc<dyn Transport>, limits: EngineLimits) -> Self {
        Self { transport, limits, locks: Locks::default() }
    }

    /// Carries a request out, or plans it. Each write is recorded in `trail` before it leaves.
    ///
    /// # Errors
    /// If the request is bad input: nothing was written then.
    pub async fn unassign(
        &self,
        account: &Account,
        request: UnassignRequest,
        trail: Option<&Trail>,
    ) -> Result<Report, RequestError> {
        let mut run = self.prepare(account, request).await?;
        run.trail = trail;
        run.walk().await?;
        run.prove(self.limits.wait_limit).await;
        Ok(self.report(run).await)
    }

    /// Looks whether a user holds roles, by reads alone: for each role `None` where that cannot be told.
    ///
    /// # Errors
    /// If the request is bad input.
    pub async fn look(&self, account: &Account, user: &str, roles: Vec<RoleRef>) -> Result<Vec<Seen>, RequestError> {
        let options = Options { dry_run: true, check_before: true, ..Options::default() };
        let request = UnassignRequest { id: Some(user.to_owned()), roles, options, ..UnassignRequest::default() };
        let mut run = self.prepare(account, request).await?;
        run.walk().await?;
        Ok((0..run.items.len()).map(|index| run.seen(index)).collect())
    }

    /// Everything before the definition's own steps: inputs checked, users and roles looked up.
    async fn prepare<'e>(
        &'e self,
        account: &'e Account,
        mut request: UnassignRequest,
    ) -> Result<Run<'e>, RequestError> {
        let operation = &account.connector.unassign;
        passthrough::check(operation, &request)?;
        passthrough::check_way(account, &request)?;
        if let Some(id) = &mut request.id {
            *id = prepare::spelled_id(operation, &account.values, id);
        }
        let roles = prepare::items(operation, &request)?;
        let values = roles.iter().enumerate();
        let values = values.map(|(index, role)| prepare::item_value(operation, &account.values, role, index));
        let values = values.collect::<Result<Vec<_>, _>>()?;
        prepare::require_all(operation, &request, &values, prepare::Asked::First)?;
        if request.options.format == ResponseFormat::Stream && roles.len() > 1 && !request.options.dry_run {
            return Err(RequestError::new("truto_response_format=stream takes one role; roles names several"));
        }
        for (index, value) in values.iter().enumerate() {
            prepare::check_item(operation, value, index)?;
        }
        let items = roles.into_iter().zip(values).map(|(role, value)| Item::new(role, value)).collect();
        let mut run = Run::new(self.wire(account, &request), &self.locks, request, items);
        run.fill_inputs(Sources::BeforeUser).await?;
        run.find_user().await?;
        run.fill_inputs(Sources::FromUser).await?;
        if let Some(id) = &run.request.id
            && !run.active().is_empty()
        {
            prepare::check_user_id(operation, id)?;
        }
        run.find_roles().await?;
        for index in run.active() {
            prepare::check_item(operation, &run.items[index].value, index)?;
            for check in &operation.checks {
                let scope = run.scope(Some(index));
                if check.refuse_when.is_true(&scope) {
                    let message = check.message.fill(&scope).ok().flatten().unwrap_or_default();
                    return Err(RequestError::new(message));
                }
            }
        }
        Ok(run)
    }

    /// Tries an account's credentials with one read.
    ///
    /// # Errors
    /// With what the provider said.
    pub async fn check_credentials(&self, account: &Account) -> Result<(), Failure> {
        let wire = self.wire(account, &UnassignRequest::default());
        let run = Run::new(wire, &self.locks, UnassignRequest::default(), Vec::new());
        let call = &account.connector.reads[account.connector.check];
        if let (Some(messages), None) = (&account.messages, &call.message) {
            return wire.open_session(messages).await;
        }
        wire.exchange(call, &run.scope(None), Extra::default(), false).await.result.map(|_| ())
    }

    fn wire<'a>(&'a self, account: &'a Account, request: &UnassignRequest) -> Wire<'a> {
        let options = &request.options;
        Wire {
            transport: &self.transport,
            account,
            limits: CallLimits { timeout: self.limits.call_timeout, body_bytes: self.limits.answer_bytes },
            tracing: options.dry_run || options.format == ResponseFormat::Debug,
        }
    }

    async fn report(&self, mut run: Run<'_>) -> Report {
        let good = run.items.iter().all(|item| matches!(item.outcome, Some(Outcome::Removed | Outcome::AlreadyAbsent)));
        let looked =
            run.request.options.verify != VerifyMode::None || run.items.iter().all(|item| item.write == Write::NotSent);
        let (mut user, mut remote_data) = (UserFields::default(), None);
        if good && looked {
            for read in &run.operation.user_reads {
                let call = &run.connector.reads[read.read];
                let index = run.items.len().checked_sub(1);
                if run.holds_true(read.when.as_ref(), index) {
                    // The user is a courtesy: the outcome stands without it.
                    let _ = run.run_read(call, index).await;
                }
            }
            let gone = |item: &&Item| matches!(item.outcome, Some(Outcome::Removed | Outcome::AlreadyAbsent));
            run.removed = Value::Array(run.items.iter().filter(gone).map(|item| item.value.clone()).collect());
            if let Some((mapping, index, fields)) = run.map_user() {
                user = fields;
                let raw = run.raw.iter().find(|(step, _)| *step == mapping.step && !mapping.before);
                remote_data =
                    raw.and_then(|(_, raw)| user::remote_object(raw, &mapping.at, index, &run.connector.secret_fields));
            }
        }
        let mut plan = run.request.options.dry_run.then_some(run.plan);
        if let Some(plan) = &mut plan {
            let reads = run
                .trace
                .iter()
                .map(|step| PlanStep { why: "already read, to make this plan".to_owned(), ..step.call.clone() });
            let reads: Vec<PlanStep> = reads.collect();
            plan.splice(0..0, reads);
        }
        Report {
            items: run.items.into_iter().map(Item::report).collect(),
            remote_calls: run.remote_calls,
            user_id: run.request.id.unwrap_or_default(),
            user,
            remote_data,
            writes: run.writes,
            stream: run.stream,
            plan,
            trace: run.trace,
        }
    }
}
