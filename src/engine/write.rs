//! The writes: planned in a dry run, sent otherwise, and what their answers make of the items.

use std::borrow::Cow;
use std::sync::Arc;

use super::item::Write;
use super::report::PlanStep;
use super::run::Run;
use super::wire::Extra;
use crate::audit::Intent;
use crate::connector::{Spread, Step, WriteStep};
use crate::expression::{Value, object};
use crate::model::{Outcome, ResponseFormat, RoleRef};

/// The items that one call is for.
struct Batch {
    indices: Vec<usize>,
    /// The item whose values the call may read.
    item: Option<usize>,
    key: Value,
}

impl Run<'_> {
    fn extra(&self) -> Extra<'_> {
        Extra { data: Some(&self.request.remote_data), query: &self.request.remote_query, intent: None }
    }

    /// Shows what would be written, as far as it is known, and what would prove it.
    pub(super) fn plan_writes(&mut self, steps: &[Step]) {
        let mut planned = Vec::new();
        let active = self.active();
        for step in steps {
            let Step::Write(write) = step else { continue };
            self.end_undecided_of(write);
            for batch in self.batches(write) {
                self.enter(&batch);
                if self.holds_true(write.when.as_ref(), batch.item) {
                    let step = self.wire.plan(&write.call, &self.scope(batch.item), self.extra());
                    planned.push((batch.indices, step));
                }
            }
        }
        self.refresh_items();
        for read in &self.operation.proof.reads {
            let call = &self.connector.reads[read.read];
            let index = active.first().copied();
            if self.holds_true(read.when.as_ref(), index)
                && let Ok(step) = self.wire.plan(call, &self.scope(index), Extra::default())
            {
                let why = "reads back, after the write: the proof".to_owned();
                planned.push((Vec::new(), Ok(PlanStep { why, ..step })));
            }
        }
        for (indices, step) in planned {
            match step {
                Ok(step) => self.plan.push(step),
                Err(failure) => indices.into_iter().for_each(|index| self.end_item(index, failure.clone())),
            }
        }
        for index in self.active() {
            self.items[index].outcome = Some(Outcome::Planned);
        }
    }

    /// The items of each call of a write: one item, all of them, or a group.
    fn batches(&self, write: &WriteStep) -> Vec<Batch> {
        let active = self.active();
        match &write.spread {
            _ if active.is_empty() => Vec::new(),
            Spread::Item => {
                let one = |index| Batch { indices: vec![index], item: Some(index), key: Value::Null };
                active.into_iter().map(one).collect()
            }
            Spread::Request => vec![Batch { indices: active, item: None, key: Value::Null }],
            Spread::Group { by, chunk } => {
                let mut groups: Vec<Batch> = Vec::new();
                for index in active {
                    let key = by.evaluate(&self.scope(Some(index))).into_owned();
                    match groups.iter_mut().rfind(|group| group.key == key && group.indices.len() < *chunk) {
                        Some(group) => group.indices.push(index),
                        None => groups.push(Batch { indices: vec![index], item: None, key }),
                    }
                }
                groups
            }
        }
    }

    /// Lets expressions see the items of this call alone.
    fn enter(&mut self, batch: &Batch) {
        if batch.item.is_none() {
            let items = batch.indices.iter().map(|index| self.items[*index].value.clone());
            self.items_value = Value::Array(items.collect());
        }
        self.group = object([("key", batch.key.clone())]);
    }

    /// Which write an item is for cannot be told where that is made of what a failed look-up did not teach.
    fn end_undecided_of(&mut self, write: &WriteStep) {
        if write.of_learnt {
            self.active().into_iter().for_each(|index| self.end_undecided(index));
        }
    }

    pub(super) async fn write_step(&mut self, write: &WriteStep) {
        self.end_undecided_of(write);
        for mut batch in self.batches(write) {
            // A failure that is the account's has ended the others meanwhile.
            batch.indices.retain(|index| self.items[*index].outcome.is_none());
            if batch.indices.is_empty() {
                continue;
            }
            self.enter(&batch);
            if self.holds_true(write.when.as_ref(), batch.item) {
                self.send_write(write, &batch.indices, batch.item).await;
            }
        }
        self.refresh_items();
    }

    async fn send_write(&mut self, write: &WriteStep, indices: &[usize], item: Option<usize>) {
        self.shared.mark_write();
        for index in indices {
            self.items[*index].answers.mark_write();
        }
        let streaming = self.request.options.format == ResponseFormat::Stream;
        let mut roles: Vec<Cow<'_, RoleRef>> =
            indices.iter().map(|index| Cow::Borrowed(&self.items[*index].role)).collect();
        if !self.repeated.is_empty() {
            roles.iter_mut().for_each(|role| self.repeated.mask_role(role.to_mut()));
        }
        let user = self.request.id.as_deref().unwrap_or_default();
        let intent = self.trail.map(|trail| Intent { trail, user, roles: &roles });
        let extra = Extra { intent, ..self.extra() };
        let exchange = self.wire.exchange(&write.call, &self.scope(item), extra, streaming).await;
        self.trace.extend(exchange.trace);
        self.remote_calls += exchange.sends;
        self.wire.written |= exchange.sends > 0;
        self.stream = exchange.rest;
        for index in indices {
            self.items[*index].sent |= exchange.sends > 0;
        }
        let answer = match &exchange.result {
            Ok(answered) => Some(Arc::clone(answered)),
            Err(failure) => failure.answer.clone(),
        };
        if let Some(answer) = &answer {
            self.repeated.note(answer);
            for index in indices {
                self.items[*index].remote_status = Some(answer.status);
            }
            self.writes.push((indices.first().copied().unwrap_or_default(), Arc::clone(answer)));
            let answers = match item {
                Some(index) => &mut self.items[index].answers,
                None => &mut self.shared,
            };
            answers.set(&write.call.name, Arc::clone(&answer.reading));
        }
        match exchange.result {
            Ok(_) => {
                for index in indices {
                    self.items[*index].write = Write::Accepted;
                }
            }
            // What was sent before may have done it: that the role was not held is not said by this.
            Err(failure) if failure.outcome == Outcome::AlreadyAbsent && exchange.doubtful => {
                for index in indices {
                    self.items[*index].write = Write::FoundAbsent;
                }
            }
            Err(failure) if failure.outcome == Outcome::AlreadyAbsent => {
                for index in indices {
                    self.items[*index].write = Write::Accepted;
                    self.end_absent(*index);
                }
            }
            Err(failure) if failure.outcome == Outcome::Unknown && exchange.sends > 0 => {
                for index in indices {
                    self.items[*index].write = Write::Lost;
                    self.items[*index].failure = Some(failure.clone());
                }
            }
            Err(failure) if failure.settle && exchange.sends > 0 => {
                for index in indices {
                    self.items[*index].write = Write::Disputed;
                    self.items[*index].failure = Some(failure.clone());
                }
            }
            Err(failure) => indices.iter().for_each(|index| {
                // The first of them may have ended the rest.
                self.items[*index].outcome = None;
                self.items[*index].reason = None;
                self.end_item(*index, failure.clone());
            }),
        }
    }
}
