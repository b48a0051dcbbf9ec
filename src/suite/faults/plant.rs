//! The faults of a round, planted; and which of them have struck.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::sleep;

use super::act::ARRIVES_AFTER;
use super::draw::{Act, Drawn, Row};
use super::ground::Ground;
use super::{Kind, meets};
use crate::sandbox::{Aim, Fault, Reply};
use crate::suite::Unreliable;
use crate::suite::expectation::is_at;
use crate::suite::play::reply;
use crate::suite::scenario::Place;

/// Longer than a call may take where silence is planted.
const SILENCE: Duration = Duration::from_millis(400);
/// Longer than anything.
const FOR_GOOD: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// What was planted.
#[derive(Default)]
pub(super) struct Planted {
    /// With their numbers at the simulator.
    at_provider: Vec<(Kind, usize)>,
    kinds: Vec<Kind>,
    /// Everything ends at this call of the database; once it is written, or before.
    pub(super) halts_at: Option<(&'static str, usize, bool)>,
    /// The audit is written, and said not to be.
    pub(super) loses_answers: bool,
    kills_by_time: bool,
    /// What a token must be renewed for.
    asked_before: usize,
}

/// Plants the faults of a round.
///
/// # Errors
/// If a switch of the simulator cannot be turned.
pub(super) fn plant(row: &Row, act: &Act, ground: &Ground<'_>, database: &Unreliable) -> Result<Planted, String> {
    let mut planted = Planted { asked_before: ground.server.journal().len(), ..Planted::default() };
    // The clock is away before any answer speaks of it.
    if let Some(drawn) = act.fault(Kind::ClockSkew) {
        let by = HOUR * u32::try_from(1 + drawn.form % 13).unwrap_or(1);
        if drawn.form.is_multiple_of(2) { ground.clock.advance(by) } else { ground.clock.set_back(by) }
    }
    for drawn in &act.faults {
        planted.kinds.push(drawn.kind);
        match drawn.kind {
            Kind::ConnectRefused => {
                ground.astray.plant(aim(row, drawn), Fault::DropBefore);
            }
            Kind::DatabaseAway => planted.loses_answers |= away(database, drawn),
            Kind::Kill => planted.plant_kill(row, drawn, ground, act.asks.iter().any(|ask| ask.key.is_some())),
            _ => {
                if let Some(fault) = fault(row, drawn, ground.clock.now_s()) {
                    planted.at_provider.push((drawn.kind, ground.server.faults.plant(aim(row, drawn), fault)));
                }
            }
        }
    }
    Ok(planted)
}

fn aim(row: &Row, drawn: &Drawn) -> Aim {
    // The same read may have been made before the write: it is the proof only after it.
    let after = (drawn.place == Place::Proof).then(|| meets(&row.case, Place::Write));
    Aim { meets: meets(&row.case, drawn.place), after, skip: drawn.skip, times: drawn.times }
}

/// What strikes a call to the provider.
fn fault(row: &Row, drawn: &Drawn, now_s: u64) -> Option<Fault> {
    let form = drawn.form;
    Some(match drawn.kind {
        Kind::ResetBefore => Fault::DropBefore,
        Kind::ResetDuring => Fault::ActLater(ARRIVES_AFTER),
        Kind::ResetAfter => Fault::DropAfter,
        Kind::SilentBefore => Fault::HangBefore(SILENCE),
        Kind::SilentAfter => Fault::HangAfter(SILENCE),
        // In time, or not.
        Kind::SlowBytes if form.is_multiple_of(2) => Fault::Trickle(SILENCE / 8),
        Kind::SlowBytes => Fault::Trickle(SILENCE),
        Kind::HalfBody => Fault::HalfBody,
        Kind::TruncatedChunk => Fault::HalfChunks,
        Kind::ReplyTwice => Fault::Twice,
        Kind::AnothersReply => Fault::LastAgain,
        Kind::WrongContentType if form.is_multiple_of(3) => Fault::Answer(gateway_error(502)),
        Kind::WrongContentType if form % 3 == 1 => Fault::OtherType("text/html"),
        Kind::WrongContentType => Fault::OtherType("application/octet-stream"),
        Kind::MalformedJson if form.is_multiple_of(3) => {
            Fault::Answer(Reply::bytes(200, Some("application/json"), Bytes::from_static(b"{\"ok\": tru")))
        }
        Kind::MalformedJson => Fault::Garbled,
        Kind::RateLimitedWithTime => {
            let mut reply = own_words(row, "rate-limited", "rate_limited", now_s).unwrap_or_else(|| Reply::empty(429));
            if !reply.headers.iter().any(|(name, _)| name.to_ascii_lowercase().contains("retry")) {
                reply = reply.with_header("retry-after", "1");
            }
            Fault::Answer(reply)
        }
        Kind::RateLimitedWithoutTime => {
            let mut reply = own_words(row, "rate-limited", "rate_limited", now_s).unwrap_or_else(|| Reply::empty(429));
            reply.headers.retain(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            Fault::Answer(reply)
        }
        Kind::ServerErrorBefore => Fault::Answer(server_error(row, form, now_s)),
        Kind::ServerErrorAfter => Fault::ActThenAnswer(server_error(row, form, now_s)),
        Kind::ConnectRefused
        | Kind::ClockSkew
        | Kind::ExpiredToken
        | Kind::DatabaseAway
        | Kind::HangUp
        | Kind::Kill => return None,
    })
}

/// What the provider itself says, as its case has it.
fn own_words(row: &Row, scenario: &str, name: &str, now_s: u64) -> Option<Reply> {
    let answer = row.case.scenarios.get(scenario)?.answers.get(name)?;
    Some(reply(answer, now_s))
}

fn server_error(row: &Row, form: u64, now_s: u64) -> Reply {
    match form % 5 {
        0 => gateway_error(502),
        1 => Reply::empty(503),
        2 => gateway_error(504),
        _ => own_words(row, "server-error", "server_error", now_s).unwrap_or_else(|| Reply::empty(500)),
    }
}

fn gateway_error(status: u16) -> Reply {
    let page = Bytes::from_static(b"<html><body><h1>Bad gateway</h1></body></html>");
    Reply::bytes(status, Some("text/html"), page)
}

/// The database is away from one append to the audit on, for a while or for good; or altogether; or it writes, and its
/// answer is lost: then it is true.
fn away(database: &Unreliable, drawn: &Drawn) -> bool {
    let first = [0, 0, 1, 1, 2][usize::try_from(drawn.form % 5).unwrap_or_default()];
    let count = [1, 2, usize::MAX][usize::try_from(drawn.form / 5 % 3).unwrap_or_default()];
    let meant = move |method: &str, index: usize| method == "append_audit" && index >= first && index - first < count;
    match drawn.form % 7 {
        0 => database.fail(|_, _| true),
        3 if drawn.form.is_multiple_of(2) => database.fail(|method, _| method == "end_key" || method == "append_audit"),
        1 | 2 => {
            database.lose_answers(meant);
            return true;
        }
        _ => database.fail(meant),
    }
    false
}

impl Planted {
    fn plant_kill(&mut self, row: &Row, drawn: &Drawn, ground: &Ground<'_>, has_key: bool) {
        let fault = match drawn.form % 8 {
            0 | 1 => Fault::HangBefore(FOR_GOOD),
            2 | 3 => Fault::HangAfter(FOR_GOOD),
            4..7 => {
                let keyed = [("claim_key", 0), ("end_key", 0)];
                let calls =
                    [("append_audit", 0), ("append_audit", 1)].into_iter().chain(keyed.into_iter().filter(|_| has_key));
                let calls: Vec<(&'static str, usize)> = calls.collect();
                let step = usize::try_from(drawn.form / 8).unwrap_or_default();
                let (method, call) = calls[step / 2 % calls.len()];
                self.halts_at = Some((method, call, step % 2 == 1));
                return;
            }
            _ => {
                self.kills_by_time = true;
                return;
            }
        };
        self.at_provider.push((Kind::Kill, ground.server.faults.plant(aim(row, drawn), fault)));
    }

    /// Whether the provider is where the process is to end.
    pub(super) fn kill_struck(&self, ground: &Ground<'_>) -> bool {
        self.at_provider.iter().any(|(kind, number)| *kind == Kind::Kill && ground.server.faults.struck(*number) > 0)
    }

    /// Ends when the process is to end, if that is a matter of time.
    pub(super) async fn time_is_up(&self, drawn: &Drawn) {
        if !self.kills_by_time {
            std::future::pending::<()>().await;
        }
        sleep(Duration::from_micros(drawn.form * 30)).await;
    }

    /// Which faults have struck, but for those of the caller and the process.
    pub(super) fn fired(&self, ground: &Ground<'_>, row: &Row, database: &Unreliable, mark: usize) -> Vec<Kind> {
        let calls = ground.server.journal();
        let since = calls.get(self.asked_before.max(mark)..).unwrap_or_default();
        let struck = |kind: Kind| {
            let planted = self.at_provider.iter().filter(|(own, _)| *own == kind);
            planted.map(|(_, number)| ground.server.faults.struck(*number)).sum::<usize>() > 0
        };
        let has_fired = |kind: &Kind| match kind {
            Kind::HangUp | Kind::Kill => false,
            Kind::ConnectRefused => ground.refused() > 0,
            Kind::DatabaseAway => database.failures() > 0,
            Kind::ClockSkew => !since.is_empty(),
            // It was refused, or renewed ahead of that.
            Kind::ExpiredToken => since.iter().any(|call| {
                is_at(&row.case, Place::Token, call) || call.reply.as_ref().is_some_and(|reply| reply.status == 401)
            }),
            kind => struck(*kind),
        };
        self.kinds.iter().copied().filter(has_fired).collect()
    }
}
