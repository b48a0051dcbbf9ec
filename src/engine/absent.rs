//! What the answers show before anything is written: an item whose role is not held has ended; and whether there is such
//! a user at all.

use super::prove::Inherited;
use super::report::Failure;
use super::run::Run;
use crate::model::{ErrorKind, HeldBefore, Outcome, Verified};

impl Run<'_> {
    /// Asks the proof's reads before anything is written.
    pub(super) async fn look_before(&mut self) {
        self.proof_reads(&self.active()).await;
        self.settle_not_held();
    }

    /// Ends an item whose role is not held.
    pub(super) fn end_absent(&mut self, index: usize) {
        let user_shown = self.is_user_shown(index);
        let item = &mut self.items[index];
        item.held_before = HeldBefore::No;
        item.verified = if item.role_shown && user_shown { Verified::Yes } else { Verified::Unverifiable };
        item.awaits_user = item.role_shown && !user_shown;
        item.end(Outcome::AlreadyAbsent, None);
    }

    /// Whether there is such a user: somebody who is not there holds nothing, and that proves nothing.
    pub(super) fn is_user_shown(&mut self, index: usize) -> bool {
        let shows = self.operation.proof.shows_user.as_ref();
        self.user_shown = self.user_shown || shows.is_some_and(|shows| shows.is_true(&self.scope(Some(index))));
        self.user_shown
    }

    /// What was proven of all but the user, once the user's own reads are made.
    pub(super) fn settle_user(&mut self) {
        for index in 0..self.items.len() {
            if self.items[index].awaits_user && self.is_user_shown(index) {
                self.items[index].verified = Verified::Yes;
            }
        }
    }

    /// The user was found, or an answer is about nobody else.
    pub(super) fn note_user(&mut self) {
        self.user_shown = true;
    }

    /// As soon as answers show that a role is not held, its item has ended; that it is held, the role exists.
    pub(super) fn settle_not_held(&mut self) {
        // Within a lag, a role that was given a moment ago is not shown yet: nothing is shown to be absent.
        let reads_lag = self.operation.proof.read_lag_s > 0;
        for index in self.active() {
            let held = self.is_held(index);
            if held != Some(true) {
                self.is_user_shown(index);
            }
            match held {
                Some(true) => {
                    self.user_shown = true;
                    self.items[index].held_before = HeldBefore::Yes;
                    self.items[index].role_shown = true;
                }
                Some(false) if reads_lag => {}
                Some(false) => match self.is_inherited(index) {
                    Inherited::No => self.end_absent(index),
                    Inherited::Yes => {
                        let message =
                            "the role is held through a group alone; there is no assignment of the user's own";
                        let item = &mut self.items[index];
                        item.verified = Verified::Inherited;
                        item.end(Outcome::Failed, Some(Failure::new(ErrorKind::Inherited, Outcome::Failed, message)));
                    }
                    Inherited::Unknown => {}
                },
                None => {}
            }
        }
        self.refresh_items();
    }
}
