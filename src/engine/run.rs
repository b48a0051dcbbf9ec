//! The loop: the definition's steps, in order, over the items of one request. A dry run walks the same loop and stops
//! before the first write.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;
use vrl::value::{KeyString, ObjectMap};

use super::locks::Locks;
use super::report::{Failure, ItemReport, PlanStep, TraceStep};
use super::wire::{Answered, Extra, Wire};
use crate::connector::{Connector, Operation, ReadStep, Step, Stop, WriteStep};
use crate::credentials::KnownRole;
use crate::expression::{Answers, Scope, Value, id_text};
use crate::model::{ErrorKind, HeldBefore, Outcome, ResponseFormat, RoleRef, UnassignRequest, Verified};
use crate::transport::AnswerBody;

static NULL: Value = Value::Null;

/// One request at work.
pub(super) struct Run<'e> {
    pub(super) wire: Wire<'e>,
    pub(super) connector: &'e Connector,
    pub(super) operation: &'e Operation,
    pub(super) locks: &'e Locks,
    pub(super) request: UnassignRequest,
    pub(super) input: Value,
    pub(super) items: Vec<Item>,
    /// The active items' values, as `.items`.
    pub(super) items_value: Value,
    pub(super) lets: Value,
    pub(super) shared: Answers,
    pub(super) remote_calls: u32,
    pub(super) writes: Vec<(usize, Arc<Answered>)>,
    pub(super) stream: Option<AnswerBody>,
    pub(super) plan: Vec<PlanStep>,
    pub(super) trace: Vec<TraceStep>,
    /// The latest good answer's bytes of each read.
    pub(super) raw: Vec<(String, bytes::Bytes)>,
    held_locks: Vec<OwnedMutexGuard<()>>,
    looked_before: bool,
}

/// One role to take away, and how far that is.
pub(super) struct Item {
    pub(super) role: RoleRef,
    pub(super) value: Value,
    pub(super) answers: Answers,
    pub(super) outcome: Option<Outcome>,
    pub(super) verified: Verified,
    pub(super) held_before: HeldBefore,
    pub(super) remote_status: Option<u16>,
    pub(super) confirmed_by: Option<&'static str>,
    pub(super) reason: Option<&'static str>,
    pub(super) failure: Option<Failure>,
    /// Whether the role was shown to exist: listed, in a table, or held.
    pub(super) role_shown: bool,
    pub(super) write: Write,
}

/// What became of an item's write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    NotSent,
    Accepted,
    /// Sent, and its answer settles nothing.
    Lost,
}

impl Item {
    pub(super) fn new(role: RoleRef, value: Value) -> Self {
        Self {
            role,
            value,
            answers: Answers::default(),
            outcome: None,
            verified: Verified::Skipped,
            held_before: HeldBefore::Unknown,
            remote_status: None,
            confirmed_by: None,
            reason: None,
            failure: None,
            role_shown: false,
            write: Write::NotSent,
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome, failure: Option<Failure>) {
        self.outcome = Some(outcome);
        self.remote_status = self.remote_status.or(failure.as_ref().and_then(Failure::remote_status));
        self.failure = failure;
    }

    /// Takes over what a look-up taught of the role, and that it exists.
    pub(super) fn learn_role(&mut self, known: &KnownRole) {
        self.role_shown = true;
        for (field, value) in known {
            match field.as_str() {
                "id" => self.role.id = id_text(value).map(|text| text.into_owned()),
                "name" => self.role.name = id_text(value).map(|text| text.into_owned()),
                _ => {}
            }
            if let Some(item) = self.value.as_object_mut() {
                let role = item.entry(KeyString::from("role")).or_insert_with(|| Value::Object(ObjectMap::new()));
                if let Some(role) = role.as_object_mut() {
                    role.insert(field.clone(), value.clone());
                }
            }
        }
    }

    pub(super) fn report(self) -> ItemReport {
        ItemReport {
            role: self.role,
            outcome: self.outcome.unwrap_or_default(),
            held_before: self.held_before,
            verified: self.verified,
            remote_status: self.remote_status,
            confirmed_by: self.confirmed_by,
            reason: self.reason,
            failure: self.failure.map(Arc::new),
        }
    }
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
            request,
            input,
            items,
            items_value: Value::Null,
            lets: Value::Null,
            shared: Answers::default(),
            remote_calls: 0,
            writes: Vec::new(),
            stream: None,
            plan: Vec::new(),
            trace: Vec::new(),
            raw: Vec::new(),
            held_locks: Vec::new(),
            looked_before: false,
        }
    }

    pub(super) fn scope(&self, item: Option<usize>) -> Scope<'_> {
        let item = item.and_then(|index| self.items.get(index));
        Scope {
            input: &self.input,
            account: &self.wire.account.values,
            item: item.map_or(&NULL, |item| &item.value),
            items: &self.items_value,
            lets: &self.lets,
            each: &NULL,
            answer: &NULL,
            shared: Some(&self.shared),
            own: item.map(|item| &item.answers),
        }
    }

    pub(super) fn set_user_id(&mut self, id: &str) {
        self.request.id = Some(id.to_owned());
        self.input = super::prepare::input_value(Some(id));
    }

    /// Items that are neither ended nor written.
    pub(super) fn active(&self) -> Vec<usize> {
        let active = |item: &Item| item.outcome.is_none() && item.write == Write::NotSent;
        (0..self.items.len()).filter(|index| active(&self.items[*index])).collect()
    }

    /// Ends one item; a failure that is the account's ends all that were not tried.
    pub(super) fn end_item(&mut self, index: usize, failure: Failure) {
        let of_account = failure.kind.is_of_account();
        let outcome = if failure.outcome == Outcome::Unknown && self.items[index].write == Write::NotSent {
            Outcome::Failed
        } else {
            failure.outcome
        };
        self.items[index].end(outcome, Some(failure));
        if of_account {
            for index in self.active() {
                self.items[index].reason = Some("not_attempted");
                self.items[index].end(Outcome::Refused, None);
            }
        }
    }

    /// Ends all active items for the same reason: nothing was sent for any.
    pub(super) fn fail_active(&mut self, failure: Failure) {
        let failure = Failure { outcome: Outcome::Failed, ..failure };
        for index in self.active() {
            let same = Failure {
                kind: failure.kind,
                outcome: failure.outcome,
                message: failure.message.clone(),
                answer: failure.answer.clone(),
                timed_out: failure.timed_out,
            };
            self.items[index].end(Outcome::Failed, Some(same));
        }
    }

    /// Walks the steps.
    pub(super) async fn walk(&mut self) {
        self.refresh_items();
        let operation = self.operation;
        let first_write = operation.steps.iter().position(|step| matches!(step, Step::Write(_)));
        for (at, step) in operation.steps.iter().enumerate() {
            if self.active().is_empty() {
                break;
            }
            if Some(at) == first_write {
                if self.request.options.check_before && !self.looked_before {
                    self.look_before().await;
                }
                if self.active().is_empty() {
                    break;
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
                Step::Let(values) => {
                    let mut lets = std::mem::replace(&mut self.lets, Value::Null);
                    if !lets.is_object() {
                        lets = Value::Object(ObjectMap::new());
                    }
                    for (name, expression) in values {
                        self.lets = lets;
                        let value = expression.evaluate(&self.scope(None)).into_owned();
                        lets = std::mem::replace(&mut self.lets, Value::Null);
                        if let Some(lets) = lets.as_object_mut() {
                            lets.insert(name.clone(), value);
                        }
                    }
                    self.lets = lets;
                }
                Step::Stop(stop) => self.stop_step(stop),
                Step::Lock(key) => {
                    if let Ok(Some(key)) = key.fill(&self.scope(None)) {
                        let guard = self.locks.hold(format!("{} {key}", self.wire.account.id)).await;
                        self.held_locks.push(guard);
                    }
                }
                Step::Write(write) => self.write_step(write).await,
            }
        }
        self.held_locks.clear();
    }

    fn refresh_items(&mut self) {
        let active = self.active().into_iter().map(|index| self.items[index].value.clone());
        self.items_value = Value::Array(active.collect());
    }

    async fn read_step(&mut self, read: &ReadStep) {
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

    fn stop_step(&mut self, stop: &Stop) {
        for index in self.active() {
            let scope = self.scope(Some(index));
            if !stop.when.is_true(&scope) {
                continue;
            }
            let message = stop.message.fill(&scope).ok().flatten().unwrap_or_default();
            let item = &mut self.items[index];
            if stop.outcome == Outcome::AlreadyAbsent {
                item.held_before = HeldBefore::No;
                item.verified = if item.role_shown { Verified::Yes } else { Verified::Unverifiable };
                item.end(stop.outcome, None);
            } else {
                let kind = stop.kind.unwrap_or(ErrorKind::Refused);
                item.end(stop.outcome, Some(Failure::new(kind, stop.outcome, message)));
            }
        }
        self.refresh_items();
    }

    /// Asks the proof's reads before anything is written.
    async fn look_before(&mut self) {
        self.looked_before = true;
        self.proof_reads(&self.active()).await;
        self.settle_not_held();
    }

    /// As soon as answers show that a role is not held, its item has ended; that it is held, the role exists.
    fn settle_not_held(&mut self) {
        for index in self.active() {
            match self.is_held(index) {
                Some(true) => {
                    self.items[index].held_before = HeldBefore::Yes;
                    self.items[index].role_shown = true;
                }
                Some(false) => {
                    let item = &mut self.items[index];
                    item.held_before = HeldBefore::No;
                    item.verified = if item.role_shown { Verified::Yes } else { Verified::Unverifiable };
                    item.end(Outcome::AlreadyAbsent, None);
                }
                None => {}
            }
        }
        self.refresh_items();
    }

    fn extra(&self) -> Extra<'_> {
        Extra { data: Some(&self.request.remote_data), query: &self.request.remote_query }
    }

    /// Shows what would be written, as far as it is known, and what would prove it.
    fn plan_writes(&mut self, steps: &[Step]) {
        let mut planned = Vec::new();
        let active = self.active();
        for step in steps {
            let Step::Write(write) = step else { continue };
            let indices: Vec<Option<usize>> =
                if write.call.per_item { active.iter().copied().map(Some).collect() } else { vec![None] };
            for index in indices {
                if self.holds_true(write.when.as_ref(), index) {
                    planned.push((index, self.wire.plan(&write.call, &self.scope(index), self.extra())));
                }
            }
        }
        for read in &self.operation.proof.reads {
            let call = &self.connector.reads[read.read];
            let index = active.first().copied();
            if self.holds_true(read.when.as_ref(), index)
                && let Ok(step) = self.wire.plan(call, &self.scope(index), Extra::default())
            {
                planned.push((None, Ok(PlanStep { why: "reads back, after the write: the proof".to_owned(), ..step })));
            }
        }
        for (index, step) in planned {
            match (index, step) {
                (_, Ok(step)) => self.plan.push(step),
                (Some(index), Err(failure)) => self.end_item(index, failure),
                (None, Err(failure)) => self.fail_active(failure),
            }
        }
        for index in self.active() {
            self.items[index].outcome = Some(Outcome::Planned);
        }
    }

    async fn write_step(&mut self, write: &WriteStep) {
        if !write.call.per_item {
            let active = self.active();
            if self.holds_true(write.when.as_ref(), None) {
                self.refresh_items();
                self.send_write(write, &active, None).await;
            }
            return;
        }
        for index in self.active() {
            if self.items[index].outcome.is_none() && self.holds_true(write.when.as_ref(), Some(index)) {
                self.send_write(write, &[index], Some(index)).await;
            }
        }
    }

    async fn send_write(&mut self, write: &WriteStep, indices: &[usize], item: Option<usize>) {
        let streaming = self.request.options.format == ResponseFormat::Stream;
        let exchange = self.wire.exchange(&write.call, &self.scope(item), self.extra(), streaming).await;
        self.trace.extend(exchange.trace);
        self.remote_calls += u32::from(exchange.sent);
        self.stream = exchange.rest;
        let answer = match &exchange.result {
            Ok(answered) => Some(Arc::clone(answered)),
            Err(failure) => failure.answer.clone(),
        };
        if let Some(answer) = &answer {
            for index in indices {
                self.items[*index].remote_status = Some(answer.status);
            }
            self.writes.push((indices.first().copied().unwrap_or_default(), Arc::clone(answer)));
            let answers = match item {
                Some(index) => &mut self.items[index].answers,
                None => &mut self.shared,
            };
            answers.set(&write.call.name, answer.value.clone());
        }
        match exchange.result {
            Ok(_) => {
                for index in indices {
                    self.items[*index].write = Write::Accepted;
                }
            }
            Err(failure) if failure.outcome == Outcome::AlreadyAbsent => {
                for index in indices {
                    let item = &mut self.items[*index];
                    item.write = Write::Accepted;
                    item.held_before = HeldBefore::No;
                    item.outcome = Some(Outcome::AlreadyAbsent);
                    item.verified = if item.role_shown { Verified::Yes } else { Verified::Unverifiable };
                }
            }
            Err(failure) if failure.outcome == Outcome::Unknown && exchange.sent => {
                let (last, others) =
                    indices.split_last().map_or((None, indices), |(last, others)| (Some(last), others));
                for index in others {
                    self.items[*index].write = Write::Lost;
                    self.items[*index].failure = Some(Failure {
                        answer: failure.answer.clone(),
                        timed_out: failure.timed_out,
                        ..Failure::new(failure.kind, failure.outcome, &failure.message)
                    });
                }
                if let Some(last) = last {
                    self.items[*last].write = Write::Lost;
                    self.items[*last].failure = Some(failure);
                }
            }
            Err(failure) => match item {
                Some(index) => self.end_item(index, failure),
                None => self.fail_active(failure),
            },
        }
    }
}
