//! The loop: the definition's steps, in order, over the items of one request. A dry run walks the same loop and stops
//! before the first write.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use vrl::value::{KeyString, ObjectMap};

use super::guard::Guard;
use super::item::{Item, Write};
use super::locks::Locks;
use super::mask::Secrets;
use super::report::{Failure, NOT_ATTEMPTED, PlanStep, TraceStep};
use super::streamed::Streamed;
use super::wire::{Answered, Wire};
use crate::audit::Trail;
use crate::connector::{Connector, NamedValue, Operation, ReadStep, Step, Stop};
use crate::expression::{Answers, Reading, Scope, Value};
use crate::model::{ErrorKind, Outcome, RequestError, UnassignRequest};
use crate::transport::Turn;

static NULL: Value = Value::Null;

/// A write that got no answer has arrived by then, or never will.
const ARRIVES_WITHIN: Duration = Duration::from_secs(3);

/// One request at work.
pub(super) struct Run<'e> {
    pub(super) wire: Wire<'e>,
    pub(super) connector: &'e Connector,
    pub(super) operation: &'e Operation,
    pub(super) locks: &'e Locks,
    /// Where each write is recorded before it leaves.
    pub(super) trail: Option<&'e Trail>,
    /// Held to the end: so many requests of an account are at work at once.
    pub(super) turn: Option<Turn<'e>>,
    /// Whom to ask before the first write.
    pub(super) guard: Option<&'e dyn Guard>,
    /// What the guard counted for this request, until it is settled.
    pub(super) reservation: Option<String>,
    pub(super) request: UnassignRequest,
    /// The user's id as the caller gave it, where a look-up gave another.
    pub(super) given_id: Option<String>,
    pub(super) input: Value,
    pub(super) items: Vec<Item>,
    /// The active items' values, as `.items`.
    pub(super) items_value: Value,
    pub(super) lets: Value,
    /// `{key}` of the group of items at work.
    pub(super) group: Value,
    /// The items that were taken away, once that is settled.
    pub(super) removed: Value,
    pub(super) shared: Answers,
    pub(super) remote_calls: u32,
    pub(super) writes: Vec<(usize, Arc<Answered>)>,
    pub(super) stream: Option<Streamed>,
    pub(super) plan: Vec<PlanStep>,
    pub(super) trace: Vec<TraceStep>,
    /// Whether the user was shown to exist.
    pub(super) user_shown: bool,
    /// Secrets of the account that answers repeated.
    pub(super) repeated: Secrets,
    /// The bytes that the answers at hand were read from, a page each of a listing.
    pub(super) raw: Vec<(Arc<Reading>, Vec<bytes::Bytes>)>,
    /// Answers of all items together, once the user is mapped.
    pub(super) all: Answers,
    held_locks: Vec<OwnedMutexGuard<()>>,
}

impl<'e> Run<'e> {
    pub(super) fn new(wire: Wire<'e>, locks: &'e Locks, request: UnassignRequest, items: Vec<Item>) -> Self {
        let connector = wire.account.connector.as_ref();
        let input = super::prepare::input_value(request.id.as_deref());
        Self {
            wire,
            connector,
            operation: &connector.unassign,
            locks,
            trail: None,
            turn: None,
            guard: None,
            reservation: None,
            request,
            given_id: None,
            input,
            items,
            items_value: Value::Null,
            lets: Value::Null,
            group: Value::Null,
            removed: Value::Null,
            shared: Answers::default(),
            remote_calls: 0,
            writes: Vec::new(),
            stream: None,
            plan: Vec::new(),
            trace: Vec::new(),
            user_shown: false,
            repeated: Secrets::default(),
            raw: Vec::new(),
            all: Answers::default(),
            held_locks: Vec::new(),
        }
    }

    /// A run on what is known so far: what it reads leaves this one as it was.
    pub(super) fn aside(&self) -> Self {
        let mut aside = Self::new(self.wire, self.locks, self.request.clone(), self.items.clone());
        aside.items_value = self.items_value.clone();
        aside.lets = self.lets.clone();
        aside.shared = self.shared.clone();
        aside
    }

    pub(super) fn scope(&self, item: Option<usize>) -> Scope<'_> {
        let item = item.and_then(|index| self.items.get(index));
        Scope {
            input: &self.input,
            account: &self.wire.account.values,
            tables: &self.connector.tables,
            item: item.map_or(&NULL, |item| &item.value),
            items: &self.items_value,
            lets: &self.lets,
            own_lets: item.map_or(&NULL, |item| &item.lets),
            each: &NULL,
            object: &NULL,
            removed: &self.removed,
            group: &self.group,
            answer: &NULL,
            call: &NULL,
            shared: Some(&self.shared),
            own: item.map(|item| &item.answers),
            all: Some(&self.all),
            fresh: false,
            captured: None,
            row: &[],
        }
    }

    pub(super) fn set_user_id(&mut self, id: &str) {
        self.given_id = self.request.id.replace(id.to_owned());
        self.input = super::prepare::input_value(Some(id));
    }

    /// Items that are neither ended nor written.
    pub(super) fn active(&self) -> Vec<usize> {
        let active = |item: &Item| item.outcome.is_none() && item.write == Write::NotSent;
        (0..self.items.len()).filter(|index| active(&self.items[*index])).collect()
    }

    /// Ends one item that nothing was written for; a failure that is the account's ends all that were not tried.
    pub(super) fn end_item(&mut self, index: usize, failure: Failure) {
        let of_account = failure.kind.is_of_account();
        // Whatever the rule says of a write: none was accepted, and none is lost.
        self.items[index].end(Outcome::Failed, Some(failure));
        if of_account {
            for index in self.active() {
                self.items[index].reason = Some(NOT_ATTEMPTED);
                self.items[index].end(Outcome::Refused, None);
            }
        }
    }

    /// Ends an item on which a guard has to decide that is made of what only a look-up teaches of the role, if that
    /// look-up failed: nothing shows then that the role may be taken away.
    pub(super) fn end_undecided(&mut self, index: usize) {
        if let Some(failure) = self.items[index].unlearnt.take() {
            let message =
                format!("nothing shows that this role may be taken away; looking it up failed: {}", failure.message);
            self.end_item(index, Failure { message, outcome: Outcome::Failed, ..failure });
        }
    }

    /// Ends all active items for the same reason: nothing was sent for any.
    pub(super) fn fail_active(&mut self, failure: Failure) {
        let failure = Failure { outcome: Outcome::Failed, ..failure };
        for index in self.active() {
            self.items[index].end(Outcome::Failed, Some(failure.clone()));
        }
    }

    /// Walks the steps.
    ///
    /// # Errors
    /// If a read shows the request to be bad input: nothing was written then.
    pub(super) async fn walk(&mut self) -> Result<(), RequestError> {
        self.refresh_items();
        let operation = self.operation;
        let first_write = operation.steps.iter().position(|step| matches!(step, Step::Write(_)));
        for (at, step) in operation.steps.iter().enumerate() {
            if self.active().is_empty() {
                break;
            }
            if Some(at) == first_write {
                if self.request.options.check_before {
                    self.look_before().await;
                }
                if self.active().is_empty() {
                    break;
                }
                if let Some(guard) = self.guard {
                    self.ask_guard(guard).await;
                    if self.active().is_empty() {
                        break;
                    }
                }
                if self.request.options.dry_run {
                    self.plan_writes(&operation.steps[at..]);
                    break;
                }
            }
            match step {
                Step::Read(read) => {
                    self.read_step(read).await;
                    self.settle_not_held();
                }
                Step::Let(values) => values.iter().for_each(|named| self.let_step(named)),
                Step::Stop(stop) => self.stop_step(stop)?,
                Step::Lock(key) => match key.fill(&self.scope(None)) {
                    Ok(Some(key)) => {
                        let guard = self.locks.hold(format!("{} {key}", self.wire.account.id)).await;
                        self.held_locks.push(guard);
                    }
                    // Unlocked, another request could write between what is read and what is written.
                    _ => {
                        let message = "nobody can be kept from writing at the same time: the lock's key has no value";
                        self.fail_active(Failure::new(ErrorKind::ProviderError, Outcome::Failed, message));
                    }
                },
                Step::Write(write) => self.write_step(write).await,
            }
        }
        self.release_locks();
        Ok(())
    }

    pub(super) fn refresh_items(&mut self) {
        let active = self.active().into_iter().map(|index| self.items[index].value.clone());
        self.items_value = Value::Array(active.collect());
    }

    /// Names a value: once for all items, or for each where it is made of the item.
    pub(super) fn let_step(&mut self, named: &NamedValue) {
        let name = KeyString::from(named.name.as_str());
        if !named.per_item {
            let value = named.expression.evaluate(&self.scope(None)).into_owned();
            insert(&mut self.lets, name, value);
            return;
        }
        for index in self.active() {
            let value = named.expression.evaluate(&self.scope(Some(index))).into_owned();
            insert(&mut self.items[index].lets, name.clone(), value);
        }
    }

    pub(super) async fn read_step(&mut self, read: &ReadStep) {
        let call = &self.connector.reads[read.read];
        if !call.per_item {
            if self.holds_true(read.when.as_ref(), None)
                && let Err(failure) = self.run_read(call, None).await
            {
                self.fail_active(failure);
            }
            return;
        }
        for index in self.active() {
            if self.items[index].outcome.is_none()
                && self.holds_true(read.when.as_ref(), Some(index))
                && let Err(failure) = self.run_read(call, Some(index)).await
            {
                self.end_item(index, failure);
            }
        }
    }

    pub(super) fn holds_true(&self, when: Option<&crate::expression::Expression>, item: Option<usize>) -> bool {
        when.is_none_or(|when| when.is_true(&self.scope(item)))
    }

    /// Lets others at what was locked; a while later if a write got no answer, for it may yet arrive, and a provider that is
    /// told the whole of what is to be held would undo by it what another did meanwhile.
    fn release_locks(&mut self) {
        let held = std::mem::take(&mut self.held_locks);
        if !held.is_empty() && self.items.iter().any(|item| item.write == Write::Lost) {
            tokio::spawn(async move {
                tokio::time::sleep(ARRIVES_WITHIN).await;
                drop(held);
            });
        }
    }

    fn stop_step(&mut self, stop: &Stop) -> Result<(), RequestError> {
        let nothing_written = self.items.iter().all(|item| item.write == Write::NotSent);
        for index in self.active() {
            let scope = self.scope(Some(index));
            if !stop.when.is_true(&scope) {
                if stop.of_learnt {
                    self.end_undecided(index);
                }
                continue;
            }
            let message = stop.message.fill(&scope).ok().flatten().unwrap_or_default();
            if !stop.bad_input.is_empty() && nothing_written {
                return Err(RequestError {
                    message: format!("roles[{index}]: {message}"),
                    missing_body: stop.bad_input.clone(),
                    ..RequestError::default()
                });
            }
            if stop.outcome == Outcome::AlreadyAbsent {
                self.end_absent(index);
            } else {
                let kind = stop.kind.unwrap_or(ErrorKind::Refused);
                self.items[index].end(stop.outcome, Some(Failure::new(kind, stop.outcome, message)));
            }
        }
        self.refresh_items();
        Ok(())
    }

    /// A refusal may name what the provider said, such as the roles that there are.
    pub(super) fn masked(&self, mut error: RequestError) -> RequestError {
        self.repeated.mask(&mut error.message);
        error
    }
}

fn insert(lets: &mut Value, name: KeyString, value: Value) {
    if !lets.is_object() {
        *lets = Value::Object(ObjectMap::new());
    }
    if let Some(lets) = lets.as_object_mut() {
        lets.insert(name, value);
    }
}
