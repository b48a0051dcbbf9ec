//! The engine: plans, runs and proves an unassignment from a connector's definition. Knows nothing of HTTP servers, of
//! SQL or of any provider.

mod absent;
mod classify;
mod exchange;
mod guard;
mod item;
mod limits;
mod listing;
mod locks;
mod lookup;
mod mapped;
mod mask;
mod messages;
mod passthrough;
mod prepare;
mod prove;
mod refused;
mod report;
mod retry;
mod run;
mod search;
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
use crate::expression::{Answers, Value};
use crate::model::{Options, Outcome, RequestError, ResponseFormat, RoleRef, UnassignRequest, VerifyMode};
use crate::transport::{BreakerTransport, Lane, Transport};

pub(crate) use classify::shown_body;
pub use guard::{Forbidden, Guard, PROTECTED_ROLES, PROTECTED_USERS, Unreserved};
pub(crate) use limits::normalised;
pub use mapped::{Mapped, Shown, UserFields};
pub use report::{Failure, ItemReport, PlanStep, Report, Seen, TraceStep};
pub use retry::{Pace, RetryLimits};
pub use streamed::Streamed;
pub use wire::Answered;

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
    /// The same, for calls that must be made although the provider is left alone.
    past_breaker: Arc<dyn Transport>,
    pace: Pace,
    limits: EngineLimits,
    locks: Locks,
}

impl Engine {
    /// An engine that reaches providers through `transport`, at the usual pace.
    pub fn new(transport: Arc<dyn Transport>, limits: EngineLimits) -> Self {
        Self::with_pace(transport, limits, Pace::default())
    }

    /// An engine with a pace of one's own.
    pub fn with_pace(transport: Arc<dyn Transport>, limits: EngineLimits, pace: Pace) -> Self {
        let (transport, past_breaker) = BreakerTransport::pair(transport, pace.breaker);
        Self { transport, past_breaker, pace, limits, locks: Locks::default() }
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
        self.unassign_guarded(account, request, trail, None).await
    }

    /// As [`Self::unassign`]; `guard` is asked before the first write.
    ///
    /// # Errors
    /// As [`Self::unassign`].
    pub async fn unassign_guarded(
        &self,
        account: &Account,
        request: UnassignRequest,
        trail: Option<&Trail>,
        guard: Option<&dyn Guard>,
    ) -> Result<Report, RequestError> {
        let mut run = self.begin(account, request)?;
        (run.trail, run.guard) = (trail, guard);
        let worked = self.work(&mut run).await;
        run.settle_reservation().await;
        worked?;
        run.prove(self.limits.wait_limit).await;
        Ok(self.report(run).await)
    }

    /// Looks whether a user holds roles, by reads alone.
    ///
    /// # Errors
    /// If the request is bad input.
    pub async fn look(&self, account: &Account, user: &str, roles: Vec<RoleRef>) -> Result<Vec<Seen>, RequestError> {
        let options = Options { dry_run: true, check_before: true, ..Options::default() };
        let request = UnassignRequest { id: Some(user.to_owned()), roles, options, ..UnassignRequest::default() };
        let mut run = self.begin(account, request)?;
        self.work(&mut run).await?;
        let mut seen: Vec<Seen> = (0..run.items.len()).map(|index| run.seen(index)).collect();
        seen.iter_mut().filter_map(|seen| seen.message.as_mut()).for_each(|message| run.repeated.mask(message));
        Ok(seen)
    }

    /// Checks all that can be checked before anything is read.
    fn begin<'e>(&'e self, account: &'e Account, mut request: UnassignRequest) -> Result<Run<'e>, RequestError> {
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
        Ok(Run::new(self.wire(account, &request), &self.locks, request, items))
    }

    /// Looks up, reads and writes; a dry run looks up and reads. Not before it is its turn.
    async fn work(&self, run: &mut Run<'_>) -> Result<(), RequestError> {
        run.turn = run.wire.lane.turn().await;
        if run.turn.is_none() {
            run.fail_active(Failure::too_busy());
            return Ok(());
        }
        let worked = match self.resolve(run).await {
            Ok(()) => run.walk().await,
            Err(error) => Err(error),
        };
        worked.map_err(|error| run.masked(error))
    }

    /// Looks users and roles up, and checks what they are.
    async fn resolve(&self, run: &mut Run<'_>) -> Result<(), RequestError> {
        let operation = run.operation;
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
                if check.of_learnt {
                    run.end_undecided(index);
                }
            }
        }
        Ok(())
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
            past_breaker: &self.past_breaker,
            written: false,
            account,
            lane: account.lane.get_or_init(|| Lane::new(&self.pace.lane)),
            retry: &self.pace.retry,
            limits: CallLimits { timeout: self.limits.call_timeout, body_bytes: self.limits.answer_bytes },
            tracing: options.dry_run || options.format == ResponseFormat::Debug,
        }
    }

    async fn report(&self, mut run: Run<'_>) -> Report {
        let good = run.items.iter().all(|item| matches!(item.outcome, Some(Outcome::Removed | Outcome::AlreadyAbsent)));
        let looked =
            run.request.options.verify != VerifyMode::None || run.items.iter().all(|item| item.write == Write::NotSent);
        let (mut user, mut remote_data) = (UserFields::default(), None);
        let wanted = good && looked;
        if wanted || run.items.iter().any(|item| item.awaits_user) {
            for read in &run.operation.user_reads {
                let call = &run.connector.reads[read.read];
                let index = run.items.len().checked_sub(1);
                if run.holds_true(read.when.as_ref(), index) {
                    // The user is a courtesy: the outcome stands without it.
                    let _ = run.run_read(call, index).await;
                }
            }
            run.settle_user();
        }
        if wanted {
            let gone = |item: &&Item| matches!(item.outcome, Some(Outcome::Removed | Outcome::AlreadyAbsent));
            run.removed = Value::Array(run.items.iter().filter(gone).map(|item| item.value.clone()).collect());
            run.all = Answers::together(run.items.iter().map(|item| &item.answers), &run.operation.user_all);
            if let Some(mapped) = run.map_user() {
                let pages = run.raw.iter().find(|(reading, _)| std::ptr::eq(Arc::as_ptr(reading), mapped.reading));
                remote_data = pages.and_then(|(_, pages)| mapped.remote_object(pages, &run.connector.secret_fields));
                user = mapped.fields;
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
        let mut report = Report {
            items: run.items.into_iter().map(Item::report).collect(),
            remote_calls: run.remote_calls,
            user_id: run.request.id.unwrap_or_default(),
            user,
            remote_data,
            writes: run.writes,
            stream: run.stream,
            plan,
            trace: run.trace,
        };
        run.repeated.mask_report(&mut report);
        report
    }
}
