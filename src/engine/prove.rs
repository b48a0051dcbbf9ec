//! The proof: reads after the write, and what they show. A list that is missing, malformed or cut short shows nothing.

use std::time::{Duration, Instant};

use super::item::Write;
use super::report::{Failure, Seen};
use super::run::Run;
use crate::connector::Holds;
use crate::expression::{Scope, Value, same_id};
use crate::model::{ErrorKind, Outcome, Verified, VerifyMode};

const FIRST_POLL: Duration = Duration::from_millis(200);
const SLOWEST_POLL: Duration = Duration::from_secs(2);

/// Whether a role is held through a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Inherited {
    Yes,
    /// Shown not to be, or the provider knows no such thing.
    No,
    Unknown,
}

impl Run<'_> {
    /// Runs the proof's reads for these items. A read that fails leaves nothing behind that could prove anything.
    pub(super) async fn proof_reads(&mut self, indices: &[usize]) {
        for read in &self.operation.proof.reads {
            let call = &self.connector.reads[read.read];
            let targets: Vec<Option<usize>> =
                if call.per_item { indices.iter().copied().map(Some).collect() } else { vec![None] };
            for index in targets {
                if self.holds_true(read.when.as_ref(), index)
                    && let Err(failure) = self.run_read(call, index).await
                {
                    let status = failure.remote_status().map_or(Value::Null, |status| Value::Integer(status.into()));
                    let unread = std::sync::Arc::new(crate::expression::object([("status", status)]).into());
                    match index {
                        Some(index) => self.items[index].answers.set(&call.name, unread),
                        None => self.shared.set(&call.name, unread),
                    }
                }
            }
        }
    }

    /// Whether the answers at hand show the item's role to be held; `None` if they do not tell.
    pub(super) fn is_held(&self, index: usize) -> Option<bool> {
        self.shows(&self.operation.proof.holds, index)
    }

    /// Whether the user still has the role through a group.
    pub(super) fn is_inherited(&self, index: usize) -> Inherited {
        let Some(inherited) = &self.operation.proof.inherited else { return Inherited::No };
        match self.shows(inherited, index) {
            Some(true) => Inherited::Yes,
            Some(false) => Inherited::No,
            None => Inherited::Unknown,
        }
    }

    fn shows(&self, holds: &Holds, index: usize) -> Option<bool> {
        let scope = Scope { fresh: true, ..self.scope(Some(index)) };
        if holds.none_when.as_ref().is_some_and(|none| none.is_true(&scope)) {
            return Some(false);
        }
        let list = holds.list.evaluate(&scope);
        let elements = list.as_array()?;
        let mut undecided = false;
        for element in elements {
            let mut matches = true;
            let wanted = holds.fields.iter().map(|(path, template)| (path.get(element), template));
            for (value, template) in wanted.chain(holds.is.iter().map(|template| (Some(element), template))) {
                let expected = template.fill(&scope)?;
                match value.filter(|value| is_scalar(value)) {
                    Some(value) => matches &= same_id(value, &expected, holds.ignore_case),
                    // An element without what is compared may be the role or not.
                    None => {
                        undecided = true;
                        matches = false;
                    }
                }
            }
            if matches {
                return Some(true);
            }
        }
        let cut_short = holds.steps.iter().any(|step| scope.step_is_cut_short(step));
        (!undecided && !cut_short).then_some(false)
    }

    /// What the answers at hand say of an item that was only looked at.
    pub(super) fn seen(&self, index: usize) -> Seen {
        let item = &self.items[index];
        let gone = if item.role_shown { Verified::Yes } else { Verified::Unverifiable };
        let (outcome, verified) = match (self.is_held(index), item.outcome) {
            (Some(true), _) => (Outcome::Failed, Verified::No),
            (Some(false), _) => match self.is_inherited(index) {
                Inherited::No => (Outcome::Removed, gone),
                Inherited::Yes => (Outcome::Removed, Verified::Inherited),
                Inherited::Unknown => (Outcome::Removed, Verified::Unverifiable),
            },
            (None, Some(Outcome::AlreadyAbsent)) => (Outcome::Removed, item.verified),
            (None, _) => (Outcome::Unknown, Verified::Unverifiable),
        };
        let message = item.failure.as_ref().map(|failure| failure.message.clone());
        Seen { role: item.role.clone(), outcome, verified, message }
    }

    /// Proves every item whose write was sent, and settles its outcome.
    pub(super) async fn prove(&mut self, wait_limit: Duration) {
        let written = |run: &Self| -> Vec<usize> {
            let open = |index: &usize| run.items[*index].write != Write::NotSent && run.items[*index].outcome.is_none();
            (0..run.items.len()).filter(open).collect()
        };
        let open = written(self);
        if open.is_empty() {
            return;
        }
        let mode = self.request.options.verify;
        if mode == VerifyMode::None {
            for index in open {
                let item = &mut self.items[index];
                item.outcome = Some(match item.write {
                    Write::Accepted | Write::FoundAbsent => Outcome::Removed,
                    Write::Disputed => Outcome::Failed,
                    Write::Lost | Write::NotSent => Outcome::Unknown,
                });
            }
            return;
        }
        let started = Instant::now();
        let lag = Duration::from_secs(self.operation.proof.read_lag_s.into());
        let deadline = started + wait_limit.max(lag);
        let mut pause = FIRST_POLL;
        loop {
            let open = written(self);
            self.proof_reads(&open).await;
            let last_look = mode == VerifyMode::Once || Instant::now() >= deadline;
            for index in open {
                let held = self.is_held(index);
                if last_look || held == Some(false) {
                    self.settle(index, held, started.elapsed() < lag);
                }
            }
            if written(self).is_empty() {
                return;
            }
            tokio::time::sleep(pause.min(deadline.saturating_duration_since(Instant::now()))).await;
            pause = (pause * 2).min(SLOWEST_POLL);
        }
    }

    fn settle(&mut self, index: usize, held: Option<bool>, within_lag: bool) {
        let inherited = if held == Some(false) { self.is_inherited(index) } else { Inherited::No };
        let accepted_shows_role = self.operation.proof.accepted_shows_role;
        let user_shown = self.is_user_shown(index);
        let item = &mut self.items[index];
        let accepted = matches!(item.write, Write::Accepted | Write::FoundAbsent);
        let role_shown = item.role_shown || (item.write == Write::Accepted && accepted_shows_role);
        let gone = match inherited {
            Inherited::Yes => Verified::Inherited,
            Inherited::No if role_shown && user_shown => Verified::Yes,
            Inherited::No | Inherited::Unknown => Verified::Unverifiable,
        };
        let (outcome, verified) = match (accepted, held) {
            (true, Some(false)) => (Outcome::Removed, gone),
            (true, Some(true)) if within_lag => (Outcome::Removed, Verified::Pending),
            (true, Some(true)) => (Outcome::Failed, Verified::No),
            (true, None) => (Outcome::Removed, Verified::Unverifiable),
            // Not held, and not shown to have been there to be taken: the provider's no stands.
            (false, Some(false)) if item.write == Write::Disputed && gone == Verified::Unverifiable => {
                (Outcome::Failed, Verified::Unverifiable)
            }
            (false, Some(false)) => {
                item.confirmed_by = Some("read_back");
                (Outcome::Removed, gone)
            }
            // The provider's no stands: the role is held.
            (false, Some(true)) if item.write == Write::Disputed => (Outcome::Failed, Verified::No),
            // It may be gone, and not shown to be yet.
            (false, Some(true)) if within_lag => (Outcome::Unknown, Verified::Unverifiable),
            (false, Some(true)) => (Outcome::Unknown, Verified::No),
            (false, None) => (Outcome::Unknown, Verified::Unverifiable),
        };
        item.verified = verified;
        item.awaits_user = outcome == Outcome::Removed
            && inherited == Inherited::No
            && held == Some(false)
            && role_shown
            && !user_shown;
        item.outcome = Some(outcome);
        match outcome {
            Outcome::Removed => item.failure = None,
            Outcome::Failed if accepted => {
                let message = "the provider accepted the removal, but still shows the role";
                item.failure = Some(Failure::new(ErrorKind::NotEffective, Outcome::Failed, message));
            }
            _ => {}
        }
    }
}

fn is_scalar(value: &Value) -> bool {
    matches!(value, Value::String(_) | Value::Bytes(_) | Value::Integer(_) | Value::Boolean(_))
}
