//! One round: the faults are planted, the requests are sent, and everybody has their say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::runtime::Builder;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::chain::{self, Moments, Names};
use super::draw::{Act, Ask, Drawn, Row};
use super::ground::{Ground, Running, post, send};
use super::plant::plant;
use super::{Disguise, Kind};
use crate::storage::{AuditFilter, Storage};
use crate::suite::case::Request;
use crate::suite::expectation::{Sent, miscounted, off_road};
use crate::suite::oracle::{Asked, Lie, judge};
use crate::suite::play::{shown_answer, shown_call};
use crate::suite::stage::{ACCOUNT, Answer};
use crate::suite::unreliable::Halt;
use crate::suite::{Bench, Failure, manners};

/// How long a call may take where the provider is silent on purpose, and where it is not.
const SHORT_TIMEOUT: Duration = Duration::from_millis(250);
const LONG_TIMEOUT: Duration = Duration::from_secs(4);
const GLANCE: Duration = Duration::from_millis(2);
/// What was on its way when a connection broke has arrived by then.
pub(super) const ARRIVES_AFTER: Duration = Duration::from_millis(40);
/// A result is recorded so soon after its answer, if the database serves.
const RECORDED_AFTER: Duration = Duration::from_millis(60);
pub(super) const GIVEN_UP_AFTER: Duration = Duration::from_secs(10);

/// What became of a round.
#[derive(Default)]
pub(super) struct Played {
    pub(super) fired: Vec<Kind>,
    pub(super) failure: Failure,
    /// How often each outcome was said, and what else is worth counting.
    pub(super) words: BTreeMap<String, u64>,
}

/// Plays a round.
///
/// # Errors
/// If it could not be begun.
pub(super) async fn play(bench: &Bench, disguise: Option<&Disguise>, row: &Row, act: &Act) -> Result<Played, String> {
    let silent = |drawn: &Drawn| match drawn.kind {
        Kind::SilentBefore | Kind::SilentAfter | Kind::SlowBytes => true,
        // A message that cannot be read is nobody's reply: it is waited for.
        Kind::HalfBody | Kind::MalformedJson | Kind::ServerErrorBefore | Kind::ServerErrorAfter => row.messages,
        _ => false,
    };
    let call_timeout = if act.faults.iter().any(silent) { SHORT_TIMEOUT } else { LONG_TIMEOUT };
    let killed = act.fault(Kind::Kill);
    let ground = Ground::open(bench, disguise, row, act, killed.is_some(), call_timeout).await?;
    let round = Round { row, act, ground };
    match killed {
        Some(drawn) => round.killed(drawn).await,
        None => round.whole().await,
    }
}

/// What came of the requests.
pub(super) struct Came {
    pub(super) answers: Vec<Option<Answer>>,
    /// Whether an answer may be missing.
    broken_off: bool,
    mark: usize,
}

pub(super) struct Round<'b> {
    pub(super) row: &'b Row,
    pub(super) act: &'b Act,
    pub(super) ground: Ground<'b>,
}

impl Round<'_> {
    /// The gateway comes to the end of it.
    async fn whole(self) -> Result<Played, String> {
        let running = self.ground.gateway().await?;
        if self.act.fault(Kind::ExpiredToken).is_some() {
            self.warm_up(&running).await;
        }
        let before = self.ground.server.simulator.memberships();
        let mark = self.ground.server.journal().len();
        let planted = plant(self.row, self.act, &self.ground, &running.unreliable)?;
        let (answers, hung_up) = match self.act.fault(Kind::HangUp) {
            Some(drawn) => self.hung_up(&running, drawn, mark).await,
            None => (join_all(self.act.asks.iter().map(|ask| self.ask(&running, ask))).await, false),
        };
        let mut played = Played::default();
        if timeout(GIVEN_UP_AFTER, running.gateway.finish()).await.is_err() {
            played.failure.problems.push("what was begun has not come to its end".to_owned());
        }
        if self.act.fault(Kind::DatabaseAway).is_some() && running.unreliable.failures() == 0 {
            sleep(RECORDED_AFTER).await;
        }
        let mut fired = planted.fired(&self.ground, self.row, &running.unreliable, mark);
        if fired.contains(&Kind::ResetDuring) {
            sleep(2 * ARRIVES_AFTER).await;
        }
        if hung_up {
            fired.push(Kind::HangUp);
        }
        running.unreliable.mend();
        let Running { gateway, app, storage, unreliable } = running;
        // Without anybody left to wait for, the writer writes what it has kept.
        drop((gateway, app));
        // An intent whose commit was not acknowledged stands, and nothing was sent.
        let may_be_open = planted.loses_answers && unreliable.failures() > 0;
        if !may_be_open {
            self.until_recorded(&*storage).await;
        }
        let after = self.ground.server.simulator.memberships();
        let moments = Moments { before: &before, after: &after, late: fired.contains(&Kind::ResetDuring) };
        let came = Came { answers, broken_off: hung_up, mark };
        played.fired = fired;
        self.judge(&mut played, &came, moments, &*storage, may_be_open).await?;
        self.look_again(&mut played, &came, &before, may_be_open).await?;
        Ok(self.shown(played, &came))
    }

    /// The gateway ends in between, as a killed process does; another one is started on its database.
    async fn killed(self, drawn: &Drawn) -> Result<Played, String> {
        let process = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let process = process.map_err(|error| error.to_string())?;
        let running = process.spawn(self.ground.gateway()).await.map_err(|error| error.to_string())??;
        let before = self.ground.server.simulator.memberships();
        let planted = plant(self.row, self.act, &self.ground, &running.unreliable)?;
        let reached = Arc::new(Notify::new());
        if let Some((method, call, written)) = planted.halts_at {
            running.unreliable.halt(Halt { method, call, written, reached: Arc::clone(&reached) });
        }
        let asking: Vec<JoinHandle<Option<Answer>>> =
            self.act.asks.iter().map(|ask| process.spawn(send(running.app.clone(), post(ask)))).collect();
        let over = async {
            while !asking.iter().all(JoinHandle::is_finished) {
                sleep(GLANCE).await;
            }
            // What is recorded after the answer takes a moment.
            if planted.halts_at.is_some() {
                sleep(RECORDED_AFTER).await;
            }
        };
        let struck = async {
            loop {
                if planted.kill_struck(&self.ground) {
                    break;
                }
                sleep(GLANCE).await;
            }
        };
        let at_work = tokio::select! {
            () = over => false,
            () = struck => true,
            () = reached.notified() => true,
            () = planted.time_is_up(drawn) => asking.iter().any(|one| !one.is_finished()),
        };
        let gone = Arc::downgrade(&running.gateway);
        let unreliable = Arc::clone(&running.unreliable);
        drop(running);
        process.shutdown_background();
        let answers = join_all(asking).await.into_iter().map(|answer| answer.ok().flatten()).collect();
        let ended = async {
            while gone.strong_count() > 0 {
                sleep(GLANCE).await;
            }
        };
        timeout(GIVEN_UP_AFTER, ended).await.map_err(|_| "the killed gateway lives on".to_owned())?;
        // What had left arrives.
        sleep(ARRIVES_AFTER * if self.act.fault(Kind::ResetDuring).is_some() { 2 } else { 1 }).await;
        let mut played = Played { fired: planted.fired(&self.ground, self.row, &unreliable, 0), ..Played::default() };
        if at_work {
            played.fired.push(Kind::Kill);
        }
        drop(unreliable);
        let after = self.ground.server.simulator.memberships();
        let came = Came { answers, broken_off: true, mark: 0 };
        self.ground.server.faults.clear();
        self.ground.astray.clear();
        let again = self.ground.gateway().await?;
        let late = played.fired.contains(&Kind::ResetDuring);
        let moments = Moments { before: &before, after: &after, late };
        self.judge(&mut played, &came, moments, &*again.storage, true).await?;
        drop(again);
        self.look_again(&mut played, &came, &before, true).await?;
        Ok(self.shown(played, &came))
    }

    pub(super) async fn ask(&self, running: &Running, ask: &Ask) -> Option<Answer> {
        send(running.app.clone(), post(ask)).await
    }

    /// A plan, so that the gateway has a token; then its life passes.
    async fn warm_up(&self, running: &Running) {
        if let Some(ask) = self.act.asks.first() {
            let mut plan = ask.clone();
            plan.options = vec![("dry_run", "true")];
            self.ask(running, &plan).await;
        }
        self.ground.clock.advance(Duration::from_millis(self.row.token_life_ms()));
    }

    /// The callers hang up once the provider was asked so often. Gives what was answered before that.
    async fn hung_up(&self, running: &Running, drawn: &Drawn, mark: usize) -> (Vec<Option<Answer>>, bool) {
        let asking: Vec<JoinHandle<Option<Answer>>> =
            self.act.asks.iter().map(|ask| tokio::spawn(send(running.app.clone(), post(ask)))).collect();
        let enough = mark + usize::try_from(drawn.form % 4).unwrap_or_default();
        while self.ground.server.journal().len() < enough && !asking.iter().all(JoinHandle::is_finished) {
            sleep(GLANCE).await;
        }
        // At once a request may not even have begun.
        if drawn.form.is_multiple_of(4) {
            tokio::task::yield_now().await;
        }
        let hung_up = asking.iter().any(|one| !one.is_finished());
        asking.iter().for_each(JoinHandle::abort);
        let answers = join_all(asking).await.into_iter().map(|answer| answer.ok().flatten()).collect();
        // What the aborted task had handed over begins.
        sleep(GLANCE).await;
        (answers, hung_up)
    }

    /// Waits until what was kept while the database was away is written.
    pub(super) async fn until_recorded(&self, storage: &dyn Storage) {
        let open = AuditFilter { open: true, ..AuditFilter::default() };
        let recorded = async {
            while storage.audit_entries(&open, 1).await.is_ok_and(|open| !open.is_empty()) {
                sleep(GLANCE).await;
            }
        };
        // What is open still is told by whoever judges.
        let _ = timeout(Duration::from_secs(3), recorded).await;
    }

    /// The requests of the round, each with its answer.
    pub(super) fn asked(&self, came: &Came) -> Vec<Asked> {
        let asked = |(ask, answer): (&Ask, &Option<Answer>)| {
            let mut answer = answer.clone();
            // What a provider breaks off is broken off for whom it is passed on to.
            let cut = ask.streams() && self.act.faults.iter().any(|drawn| drawn.kind.is_of_body());
            if let Some(answer) = answer.as_mut().filter(|_| cut) {
                answer.whole = true;
            }
            let Request { facts, also, .. } = ask.request.clone();
            Asked { facts, also, answer, may_be_unknown: true }
        };
        self.act.asks.iter().zip(&came.answers).map(asked).collect()
    }

    /// Compares all that was said with what is so.
    async fn judge(
        &self,
        played: &mut Played,
        came: &Came,
        moments: Moments<'_>,
        storage: &dyn Storage,
        may_be_open: bool,
    ) -> Result<(), String> {
        let problems = &mut played.failure.problems;
        let asked = self.asked(came);
        let lies = judge(&asked, moments.before, moments.after).into_iter().filter(|lie| match lie {
            Lie::Unanswered { .. } => !came.broken_off,
            lie => !moments.excuse(lie),
        });
        problems.extend(lies.map(|lie| lie.to_string()));
        let secrets = self.ground.secrets(self.row);
        for answer in came.answers.iter().flatten() {
            problems.extend(manners::faults(answer, &secrets));
            let outcome = Some(answer.header("offramp-outcome")).filter(|word| !word.is_empty());
            *played.words.entry(outcome.unwrap_or("no outcome").to_owned()).or_default() += 1;
        }
        if came.broken_off {
            *played.words.entry("broken off".to_owned()).or_default() += 1;
        }
        let calls = self.ground.server.journal();
        let calls = calls.get(came.mark..).unwrap_or_default();
        problems.extend(calls.iter().filter_map(|call| off_road(&self.row.case, &Sent::default(), call)));
        if let ([Some(answer)], false) = (came.answers.as_slice(), came.broken_off) {
            problems.extend(miscounted(answer, &self.row.case, calls));
        }
        let names = Names::of(self.row, &self.act.asks);
        problems.extend(chain::faults(storage, &names, &self.ground.witness.seen(), moments, may_be_open, 0).await?);
        Ok(())
    }

    fn shown(&self, mut played: Played, came: &Came) -> Played {
        let requests = self.act.asks.iter().zip(&came.answers);
        let requests = requests
            .map(|(ask, answer)| (format!("POST {} {}", ask.path(ACCOUNT), ask.body()), shown_answer(answer.as_ref())));
        played.failure.requests = requests.collect();
        played.failure.calls = self.ground.server.journal().iter().map(shown_call).collect();
        played
    }
}
