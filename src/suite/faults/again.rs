//! After a round: another gateway on the same database looks at what was left open, and a request is repeated with its key.

use std::time::Duration;

use tokio::time::timeout;

use super::act::{Came, GIVEN_UP_AFTER, Played, Round};
use super::chain::{self, Moments, Names};
use crate::audit::verify;
use crate::sandbox::Recorded;
use crate::storage::{AuditFilter, Storage};
use crate::suite::expectation::is_at;
use crate::suite::oracle::{Asked, Facts, Lie, judge};
use crate::suite::play::shown_answer;
use crate::suite::scenario::Place;

impl Round<'_> {
    /// Whatever is asked now meets no fault.
    pub(super) async fn look_again(
        &self,
        played: &mut Played,
        came: &Came,
        before: &Facts,
        may_be_open: bool,
    ) -> Result<(), String> {
        self.ground.server.faults.clear();
        self.ground.astray.clear();
        let first_settles = self.act.number.is_multiple_of(2);
        if may_be_open && first_settles {
            self.settle(played).await?;
        }
        if self.act.repeats {
            // What nobody could tell stays open.
            self.repeat(played, came, before, may_be_open).await?;
        }
        if may_be_open && !first_settles {
            self.settle(played).await?;
        }
        Ok(())
    }

    /// Looks at what was left open, by reads alone.
    async fn settle(&self, played: &mut Played) -> Result<(), String> {
        let running = self.ground.gateway().await?;
        let mark = self.ground.server.journal().len();
        let before = self.ground.server.simulator.memberships();
        let settled = running.gateway.settle(Duration::ZERO).await.map_err(|error| error.to_string())?;
        let after = self.ground.server.simulator.memberships();
        let calls = self.ground.server.journal().split_off(mark);
        let problems = &mut played.failure.problems;
        if calls.iter().any(|call: &Recorded| is_at(&self.row.case, Place::Write, call)) {
            problems.push("looking at what was left open wrote".to_owned());
        }
        let names = Names::of(self.row, &self.act.asks);
        let moments = Moments { before: &before, after: &after, late: false };
        problems.extend(chain::settled_wrong(&settled, &names, moments));
        for (word, count) in chain::count(&settled) {
            *played.words.entry(word.to_owned()).or_default() += count;
        }
        let verdict = verify(&*running.storage, None).await.map_err(|error| error.to_string())?;
        let broken = verdict.broken;
        problems
            .extend(broken.map(|broken| format!("the chain does not hold at entry {}: {}", broken.seq, broken.why)));
        Ok(())
    }

    /// Sends the first request once more. A repeat that is given the first answer must still be true, and reach nobody.
    async fn repeat(&self, played: &mut Played, came: &Came, before: &Facts, may_be_open: bool) -> Result<(), String> {
        let Some(ask) = self.act.asks.first() else { return Ok(()) };
        let running = self.ground.gateway().await?;
        let since = last_entry(&*running.storage).await?;
        let mark = self.ground.server.journal().len();
        let between = self.ground.server.simulator.memberships();
        let answer = self.ask(&running, ask).await;
        if timeout(GIVEN_UP_AFTER, running.gateway.finish()).await.is_err() {
            played.failure.problems.push("the repeat has not come to its end".to_owned());
        }
        if !may_be_open {
            self.until_recorded(&*running.storage).await;
        }
        let after = self.ground.server.simulator.memberships();
        let calls = self.ground.server.journal().split_off(mark);
        let problems = &mut played.failure.problems;
        let replayed = answer.as_ref().is_some_and(|answer| answer.header("idempotency-replayed") == "true");
        let word = if replayed { "repeat replayed" } else { "repeat carried out" };
        *played.words.entry(word.to_owned()).or_default() += 1;
        let shown = shown_answer(answer.as_ref());
        // What goes with the last of several goes with whichever comes last.
        let also = self.act.asks.iter().flat_map(|ask| ask.request.also.clone()).collect();
        let facts = ask.request.facts.clone();
        let again = Asked { facts, also, answer, may_be_unknown: true };
        let lies = if replayed {
            if !calls.is_empty() {
                problems.push("a repeat that was given the first answer asked the provider".to_owned());
            }
            // It speaks of the time of the first.
            let mut asked = self.asked(came);
            asked.push(again);
            judge(&asked, before, &after)
        } else {
            judge(&[again], &between, &after)
        };
        let excused = |lie: &Lie| replayed && matches!(lie, Lie::ProvenHeld { .. } | Lie::Unanswered { .. });
        let lies: Vec<String> =
            lies.iter().filter(|lie| !excused(lie)).map(|lie| format!("the repeat ({shown}): {lie}")).collect();
        problems.extend(lies);
        let names = Names::of(self.row, &self.act.asks);
        let moments = Moments { before: &between, after: &after, late: false };
        let written = self.ground.witness.seen();
        problems.extend(chain::faults(&*running.storage, &names, &written, moments, may_be_open, since).await?);
        Ok(())
    }
}

async fn last_entry(storage: &dyn Storage) -> Result<i64, String> {
    let entries = storage.audit_entries(&AuditFilter::default(), 10_000).await.map_err(|error| error.to_string())?;
    Ok(entries.last().map_or(0, |entry| entry.seq))
}
