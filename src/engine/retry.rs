//! Sends a call again where that may help and can do no harm: a read, and whatever was not sent at all; a write that may
//! have been received only if its definition says that twice does no more than once.

use std::time::Duration;

use http::HeaderMap;
use tokio::time::{Instant, sleep_until};
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::util::rng::HasherRng;

use super::exchange::Exchange;
use super::limits::retry_after_s;
use super::report::Failure;
use super::wire::{CallLimits, Extra, Page, Wire};
use crate::connector::{Call, RateLimitSource};
use crate::expression::Scope;
use crate::model::{ErrorKind, Outcome};
use crate::transport::{BreakerLimits, LaneLimits, TransportError};

/// So much of a pause may be added to it at random, so that those who failed together do not return together.
const JITTER: f64 = 1.0;
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);
/// A provider that names no time at all is not asked again at once.
const SHORTEST_WAIT_S: u64 = 1;

/// How providers are asked again, how much at once, and when they are left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
    pub retry: RetryLimits,
    pub lane: LaneLimits,
    pub breaker: BreakerLimits,
}

/// How often, and for how long, one call is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryLimits {
    /// Repeats of a read, and of a write of which nothing was sent.
    pub times: u32,
    /// Repeats of a write that may have been received, where its definition says `repeatable`.
    pub repeatable_writes: u32,
    /// Before the first repeat; doubled for each that follows, and up to as much again added at random.
    pub pause: Duration,
    pub longest_pause: Duration,
    /// A call and its repeats together; its first send has its own time-out.
    pub total: Duration,
    /// How long a provider's rate limit is waited for, in all.
    pub rate_limit_wait: Duration,
}

impl Default for RetryLimits {
    fn default() -> Self {
        Self {
            times: 2,
            repeatable_writes: 0,
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(2),
            total: Duration::from_secs(30),
            rate_limit_wait: Duration::ZERO,
        }
    }
}

/// What an end of a call says of sending it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It has its answer, or no other is to be had.
    No,
    /// Nothing of it was sent.
    Unsent,
    /// It was sent, and whoever answered, if anybody, could not serve it; the provider may say after how many seconds.
    Lost(Option<u64>),
    /// Refused for now, and not acted upon; the provider may say after how many seconds it may be sent.
    Limited(Option<u64>),
}

impl Again {
    pub(super) fn after_error(error: &TransportError) -> Self {
        match error.may_pass() {
            false => Self::No,
            true if error.was_sent() => Self::Lost(None),
            true => Self::Unsent,
        }
    }

    /// After an answer that was no good one.
    pub(super) fn after_answer(failure: &Failure, status: u16, headers: &HeaderMap, rates: &RateLimitSource) -> Self {
        match status {
            _ if failure.kind == ErrorKind::RateLimited => Self::Limited(retry_after_s(headers, rates)),
            502..=504 => Self::Lost(retry_after_s(headers, rates)),
            _ => Self::No,
        }
    }
}

impl Exchange {
    /// A write of which it is not known whether it was carried out.
    fn is_in_doubt(&self) -> bool {
        self.sends > 0 && matches!(&self.result, Err(failure) if failure.outcome == Outcome::Unknown)
    }

    /// Both sends as one exchange. A no to the second says nothing of what became of the first.
    fn followed_by(mut self, mut next: Self, writes: bool) -> Self {
        let doubtful = writes && (self.doubtful || self.is_in_doubt());
        self.trace.append(&mut next.trace);
        let settled = match &next.result {
            Ok(_) => true,
            Err(failure) => matches!(failure.outcome, Outcome::AlreadyAbsent | Outcome::Unknown),
        };
        let sends = self.sends + next.sends;
        if doubtful && !settled {
            return Self { sends, doubtful, again: next.again, ..self };
        }
        Self { sends, doubtful, trace: self.trace, ..next }
    }
}

impl Wire<'_> {
    /// Sends a step, again where that is allowed, and says what its last answer means.
    pub(super) async fn single(
        &self,
        call: &Call,
        scope: &Scope<'_>,
        extra: Extra<'_>,
        page: Option<&Page<'_>>,
        streaming: bool,
    ) -> Exchange {
        self.lane.called();
        let started = Instant::now();
        let exchange = self.once(call, scope, extra, page, streaming).await;
        if exchange.again == Again::No {
            return exchange;
        }
        // Boxed, so that calls that go well do not carry the room for it.
        Box::pin(self.repeated(exchange, started, call, scope, extra, page, streaming)).await
    }

    #[expect(clippy::too_many_arguments, reason = "a call, and what came of it")]
    async fn repeated(
        &self,
        mut exchange: Exchange,
        started: Instant,
        call: &Call,
        scope: &Scope<'_>,
        extra: Extra<'_>,
        page: Option<&Page<'_>>,
        streaming: bool,
    ) -> Exchange {
        let limits = self.retry;
        let mut pauses = pauses(limits);
        let mut end = started + limits.total;
        let (mut repeats, mut waited) = (0, Duration::ZERO);
        loop {
            let times = match exchange.again {
                Again::No => return exchange,
                Again::Unsent => limits.times,
                _ if !call.writes => limits.times,
                _ if call.repeatable => limits.repeatable_writes,
                _ => 0,
            };
            let now = Instant::now();
            let at = match exchange.again {
                Again::Limited(after_s) => {
                    let may = !call.writes || call.repeatable || exchange.sends == 0;
                    let wait = after_s.map(|after_s| Duration::from_secs(after_s.max(SHORTEST_WAIT_S)));
                    let Some(wait) = wait.filter(|wait| may && waited + *wait <= limits.rate_limit_wait) else {
                        return exchange;
                    };
                    waited += wait;
                    end += wait;
                    now + wait
                }
                again => {
                    let asked = match again {
                        Again::Lost(Some(after_s)) => now + Duration::from_secs(after_s),
                        _ => now,
                    };
                    let at = pauses.next_backoff().deadline().max(asked);
                    // The budget is asked last: what is not sent takes nothing of it.
                    if repeats >= times || at >= end || !self.lane.may_repeat() {
                        return exchange;
                    }
                    repeats += 1;
                    at
                }
            };
            sleep_until(at).await;
            let left = end.saturating_duration_since(Instant::now());
            let limits = CallLimits { timeout: self.limits.timeout.min(left), ..self.limits };
            let again = Wire { limits, ..*self }.once(call, scope, extra, page, streaming).await;
            exchange = exchange.followed_by(again, call.writes);
        }
    }
}

fn pauses(limits: &RetryLimits) -> ExponentialBackoff {
    let first = limits.pause.max(SHORTEST_PAUSE);
    let longest = limits.longest_pause.max(first);
    let maker = ExponentialBackoffMaker::new(first, longest, JITTER, HasherRng::default());
    maker.unwrap_or_default().make_backoff()
}
