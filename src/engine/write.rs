//! The writes: planned in a dry run, sent otherwise, and what their answers make of the items.

use std::sync::Arc;

use super::item::Write;
use super::report::{Failure, PlanStep};
use super::run::Run;
use super::wire::Extra;
use crate::connector::{Step, WriteStep};
use crate::model::{HeldBefore, Outcome, ResponseFormat, Verified};

impl Run<'_> {
    fn extra(&self) -> Extra<'_> {
        Extra { data: Some(&self.request.remote_data), query: &self.request.remote_query }
    }

    /// Shows what would be written, as far as it is known, and what would prove it.
    pub(super) fn plan_writes(&mut self, steps: &[Step]) {
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

    pub(super) async fn write_step(&mut self, write: &WriteStep) {
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
        self.shared.mark_write();
        for index in indices {
            self.items[*index].answers.mark_write();
        }
        let streaming = self.request.options.format == ResponseFormat::Stream;
        let exchange = self.wire.exchange(&write.call, &self.scope(item), self.extra(), streaming).await;
        self.trace.extend(exchange.trace);
        self.remote_calls += exchange.sends;
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
            Err(failure) if failure.outcome == Outcome::Unknown && exchange.sends > 0 => {
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
