//! One scenario with one connector: the stage is set, the requests are sent, and everybody has their say.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use serde::Serialize;
use serde_json::Value;

use super::case::{Case, Entry};
use super::expectation::{Sent, is_at, miscalled, miscounted, off_road, unmet};
use super::oracle::{Asked, Facts, judge};
use super::rounds::{Planned, Writer, rounds, usual};
use super::scenario::{AnswerSource, ClockMoves, FaultKind, Loses, Place, PlannedFault, PlantedAnswer, Scenario};
use super::stage::{Answer, Stage};
use super::{Bench, manners};
use crate::connector::Connector;
use crate::sandbox::{Aim, Fault, Meets, Recorded, Reply, ReplyBody};

/// How long a call to a provider may take where the provider is silent on purpose, and where it is not.
const SHORT_TIMEOUT: Duration = Duration::from_millis(500);
const LONG_TIMEOUT: Duration = Duration::from_secs(8);
const SILENCE: Duration = Duration::from_millis(1500);
const GLANCE: Duration = Duration::from_millis(10);
/// So much of a body is shown in a report.
const SHOWN_BYTES: usize = 1500;

/// What went wrong in one round of requests.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Failure {
    pub problems: Vec<String>,
    /// The requests of the round, each with its answer.
    pub requests: Vec<(String, String)>,
    /// What the gateway asked the provider meanwhile.
    pub calls: Vec<String>,
}

impl Failure {
    fn of(problem: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()], ..Self::default() }
    }
}

/// Plays a scenario; empty: all is well.
///
/// # Errors
/// If the stage could not be set.
pub(super) async fn play(
    bench: &Bench,
    connector: &Arc<Connector>,
    case: &Case,
    scenario: &Scenario,
) -> Result<Vec<Failure>, String> {
    let none = Entry::default();
    let entry = case.scenarios.get(&scenario.name).unwrap_or(&none);
    let other = entry.account.as_ref().or(scenario.given.account.as_ref()).and_then(|name| case.accounts.get(name));
    let mut changes = case.context.clone();
    changes.extend(other.cloned().unwrap_or_default());
    let hangs = |fault: &PlannedFault| matches!(fault.kind, FaultKind::HangBefore | FaultKind::HangAfter);
    let call_timeout = if scenario.given.faults.iter().any(hangs) { SHORT_TIMEOUT } else { LONG_TIMEOUT };
    let stage = Stage::open(bench, connector, &case.base_path, &changes, call_timeout).await?;
    for (switch, to) in case.switches.iter().chain(&entry.switches) {
        stage.server.simulator.turn(switch, to)?;
    }
    let run = Run { bench, connector, case, scenario, entry, stage };
    if scenario.ask.connects { run.connecting().await } else { run.unassigning().await }
}

struct Run<'b> {
    bench: &'b Bench,
    connector: &'b Arc<Connector>,
    case: &'b Case,
    scenario: &'b Scenario,
    entry: &'b Entry,
    stage: Stage,
}

impl Run<'_> {
    /// The scenario is about connecting the account.
    async fn connecting(&self) -> Result<Vec<Failure>, String> {
        let before = self.facts();
        let answer = self.stage.connect(self.connector).await?;
        let expect = self.scenario.expect.narrowed_by(&self.entry.expect);
        let calls = self.stage.server.journal();
        let mut problems = unmet(&expect, self.case, &Sent::default(), &answer, &calls);
        problems.extend(self.strange(&Sent::default(), &calls));
        problems.extend(manners::faults(&answer, &self.stage.secrets()));
        if before != self.facts() {
            problems.push("connecting changed the provider's state".to_owned());
        }
        let kept = self.stage.send("/integrated-account", None).await.map(|answer| answer.json()).unwrap_or_default();
        if answer.status >= 400 && kept["result_count"] != 0 {
            problems.push(format!("the account was refused and kept: {kept}"));
        }
        let requests = vec![("POST /integrated-account".to_owned(), shown_answer(Some(&answer)))];
        let calls = calls.iter().map(shown_call).collect();
        Ok(if problems.is_empty() { Vec::new() } else { vec![Failure { problems, requests, calls }] })
    }

    async fn unassigning(&self) -> Result<Vec<Failure>, String> {
        let account = self.connected().await?;
        if self.scenario.given.warmed_up {
            self.warm_up(&account).await;
        }
        if self.scenario.given.clock == Some(ClockMoves::Before) {
            self.stage.clock.advance(self.clock_step());
        }
        self.plant()?;
        let mut failures: Vec<Failure> =
            self.strange(&Sent::default(), &self.stage.server.journal()).into_iter().map(Failure::of).collect();
        self.stage.server.clear_journal();
        let start = self.facts();
        let rounds = rounds(self.scenario, self.case, self.entry, &self.stage.demo, &account);
        for round in &rounds {
            failures.extend(self.round(round).await);
        }
        let named = rounds.iter().flatten().flat_map(|planned| planned.facts.iter().flatten());
        let problems = self.lost(&start, named.cloned().collect());
        let expect = self.scenario.expect.narrowed_by(&self.entry.expect);
        let status = self.stage.account_status(&account).await;
        let wrong = expect.account_status.as_ref().filter(|wanted| !wanted.values().contains(&status));
        let problems =
            problems.into_iter().chain(wrong.map(|wanted| format!("account_status: expected {wanted}, got {status}")));
        failures.extend(problems.map(Failure::of));
        Ok(failures)
    }

    async fn connected(&self) -> Result<String, String> {
        if self.scenario.given.unchecked {
            return self.stage.keep_unchecked(self.connector).await;
        }
        let answer = self.stage.connect(self.connector).await?;
        let id = answer.json()["id"].as_str().filter(|_| answer.status == 201).map(str::to_owned);
        id.ok_or_else(|| format!("the account could not be connected: {}", shown_answer(Some(&answer))))
    }

    /// The usual request, whose write never reaches the provider.
    async fn warm_up(&self, account: &str) {
        let aim = Aim { meets: self.meets(Place::Write), after: None, skip: 0, times: 0 };
        self.stage.server.faults.plant(aim, Fault::DropBefore);
        let writer = Writer { scenario: self.scenario, entry: self.entry, account };
        let planned = writer.plan(&usual(self.case, &self.stage.demo));
        self.stage.send(&planned.sent.path, Some(&planned.sent.body)).await;
        self.stage.server.faults.clear();
    }

    fn clock_step(&self) -> Duration {
        Duration::from_millis(self.entry.clock_ms.unwrap_or_default())
    }

    fn facts(&self) -> Facts {
        self.stage.server.simulator.memberships()
    }

    /// Whether a call is one of a place.
    fn meets(&self, place: Place) -> Meets {
        let roads = self.case.calls.get(&place).map(|roads| roads.values().to_vec()).unwrap_or_default();
        Box::new(move |call| place == Place::Any || roads.iter().any(|road| road.leads(call)))
    }

    fn plant(&self) -> Result<(), String> {
        for fault in &self.scenario.given.faults {
            let answer = match &fault.answer {
                Some(AnswerSource::Here(answer)) => Some(answer),
                Some(AnswerSource::Named(name)) => self.entry.answers.get(name),
                None => None,
            };
            let reply = || answer.map(|answer| self.reply(answer)).ok_or("a fault has no answer to give");
            let kind = match fault.kind {
                FaultKind::Answer => Fault::Answer(reply()?),
                FaultKind::ActThenAnswer => Fault::ActThenAnswer(reply()?),
                FaultKind::DropBefore => Fault::DropBefore,
                FaultKind::DropAfter => Fault::DropAfter,
                FaultKind::HangBefore => Fault::HangBefore(SILENCE),
                FaultKind::HangAfter => Fault::HangAfter(SILENCE),
                FaultKind::HalfBody => Fault::HalfBody,
            };
            // The same read may have been made before the write: it is the proof only after it.
            let after = (fault.at == Place::Proof).then(|| self.meets(Place::Write));
            let aim = Aim { meets: self.meets(fault.at), after, skip: fault.skip, times: fault.times };
            self.stage.server.faults.plant(aim, kind);
        }
        Ok(())
    }

    fn reply(&self, answer: &PlantedAnswer) -> Reply {
        reply(answer, self.stage.clock.now_s())
    }

    async fn round(&self, round: &[Planned]) -> Option<Failure> {
        let before = self.facts();
        let mark = self.stage.server.journal().len();
        let asking =
            join_all(round.iter().map(|planned| self.stage.send(&planned.sent.path, Some(&planned.sent.body))));
        let answers = tokio::select! {
            answers = asking => answers,
            never = self.move_clock(mark) => match never {},
        };
        let after = self.facts();
        let calls = self.stage.server.journal().split_off(mark);
        let expect = self.scenario.expect.narrowed_by(&self.entry.expect);
        let may_be_unknown =
            expect.outcome.as_ref().is_some_and(|outcomes| outcomes.values().iter().any(|word| word == "unknown"));
        let asked: Vec<Asked> = round
            .iter()
            .zip(&answers)
            .map(|(planned, answer)| Asked {
                facts: planned.facts.clone(),
                also: planned.also.clone(),
                answer: answer.clone(),
                may_be_unknown,
            })
            .collect();
        let mut problems: Vec<String> = judge(&asked, &before, &after).iter().map(ToString::to_string).collect();
        let secrets = self.stage.secrets();
        for (planned, answer) in round.iter().zip(&answers) {
            let Some(answer) = answer else { continue };
            problems.extend(manners::faults(answer, &secrets));
            problems.extend(unmet(&expect, self.case, &planned.sent, answer, &calls));
        }
        problems.extend(miscalled(&expect, self.case, &calls, round.len()));
        if let [Some(answer)] = answers.as_slice() {
            problems.extend(miscounted(answer, self.case, &calls));
        }
        let sent = round.first().map(|planned| &planned.sent);
        problems.extend(sent.map(|sent| self.strange(sent, &calls)).unwrap_or_default());
        if problems.is_empty() {
            return None;
        }
        let requests = round.iter().zip(&answers).map(|(planned, answer)| {
            (cut(&format!("POST {} {}", planned.sent.path, planned.sent.body)), shown_answer(answer.as_ref()))
        });
        Some(Failure { problems, requests: requests.collect(), calls: calls.iter().map(shown_call).collect() })
    }

    /// What is wrong with the calls themselves, whatever came of them.
    fn strange(&self, sent: &Sent, calls: &[Recorded]) -> Vec<String> {
        let mut problems = Vec::new();
        for recorded in calls {
            problems.extend(off_road(self.case, sent, recorded));
            // What a caller passes on is not the connector's, and in no document.
            let passes_on = sent.remote_data.is_some() || sent.remote_query.is_some();
            if !(passes_on && is_at(self.case, Place::Write, recorded)) {
                let reply = recorded.reply.as_ref();
                let slug = &self.connector.slug;
                problems.extend(self.bench.checkers.iter().flat_map(|one| one.check(slug, &recorded.call, reply)));
            }
        }
        problems
    }

    /// Lets time pass at the provider once the proof was read; never ends.
    async fn move_clock(&self, mark: usize) -> Infallible {
        if self.scenario.given.clock == Some(ClockMoves::AfterProof) {
            loop {
                tokio::time::sleep(GLANCE).await;
                let journal = self.stage.server.journal();
                let calls = journal.get(mark..).unwrap_or_default();
                let written = calls.iter().position(|recorded| is_at(self.case, Place::Write, recorded));
                let read = written.and_then(|written| calls.get(written + 1..));
                if read.unwrap_or_default().iter().any(|recorded| is_at(self.case, Place::Proof, recorded)) {
                    self.stage.clock.advance(self.clock_step());
                    break;
                }
            }
        }
        std::future::pending().await
    }

    /// What was lost that should not be, or was not that should.
    fn lost(&self, start: &Facts, named: Facts) -> Vec<String> {
        let end = self.facts();
        let mut problems = Vec::new();
        match self.scenario.loses {
            Loses::Targets => {
                for fact in &named {
                    if !start.contains(fact) {
                        problems.push(format!("the stage: nobody holds what was to be lost: {fact}"));
                    } else if end.contains(fact) {
                        problems.push(format!("loses: expected to be lost, and it is held: {fact}"));
                    }
                }
            }
            Loses::Nothing => {
                let lost = start.difference(&end);
                problems.extend(lost.map(|fact| format!("loses: expected nothing to be lost, and lost: {fact}")));
            }
            Loses::Either => {}
        }
        problems
    }
}

/// A planted answer as it is sent.
pub(super) fn reply(answer: &PlantedAnswer, now_s: u64) -> Reply {
    let moment = |text: &str| with_moments(text, now_s);
    let (content_type, body) = match &answer.body {
        None => (None, Bytes::new()),
        Some(Value::String(text)) => (Some("text/plain"), Bytes::from(moment(text))),
        Some(json) => (Some("application/json"), Bytes::from(moment(&json.to_string()))),
    };
    let own_type = answer.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type"));
    let reply = Reply::bytes(answer.status, content_type.filter(|_| !own_type), body);
    answer.headers.iter().fold(reply, |reply, (name, value)| reply.with_header(name, moment(value)))
}

/// `<now+30>` becomes the Unix time 30 seconds from now.
fn with_moments(text: &str, now_s: u64) -> String {
    let Some((start, rest)) = text.split_once("<now+") else { return text.to_owned() };
    let Some((seconds, end)) = rest.split_once('>') else { return text.to_owned() };
    match seconds.parse::<u64>() {
        Ok(seconds) => format!("{start}{}{}", now_s + seconds, with_moments(end, now_s)),
        Err(_) => text.to_owned(),
    }
}

pub(super) fn shown_answer(answer: Option<&Answer>) -> String {
    let Some(answer) = answer else { return "no answer".to_owned() };
    let verdict = format!("{} / {}", answer.header("offramp-outcome"), answer.header("offramp-verified"));
    let broken = if answer.whole { "" } else { " (broken off)" };
    cut(&format!("{} {verdict}{broken} {}", answer.status, String::from_utf8_lossy(&answer.body)))
}

pub(super) fn shown_call(recorded: &Recorded) -> String {
    let call = &recorded.call;
    let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
    let reply = match &recorded.reply {
        None => "the provider did not act".to_owned(),
        Some(Reply { status, body: ReplyBody::Bytes(body), .. }) => {
            format!("{status} {}", String::from_utf8_lossy(body))
        }
        Some(reply) => reply.status.to_string(),
    };
    cut(&format!("{} {}{query} → {reply}", call.method, call.path))
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_BYTES).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}
