//! The limits of calls, counted in windows of the simulators' time, and the headers that tell of them.

use crate::sandbox::Reply;

pub(super) const MINUTE_MS: u64 = 60_000;
pub(super) const HOUR_MS: u64 = 60 * MINUTE_MS;

/// Counts the calls of the current window, which begins with its first call.
#[derive(Debug, Default)]
pub(super) struct Meter {
    began_ms: u64,
    calls: u64,
}

/// How many calls are left, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    limit: u64,
    remaining: u64,
    resets_ms: u64,
}

impl Meter {
    /// Where the limit stands, without counting a call.
    pub(super) fn standing(&self, limit: u64, window_ms: u64, now_ms: u64) -> Standing {
        let resets_ms = self.began_ms.saturating_add(window_ms);
        if resets_ms <= now_ms {
            return Standing { limit, remaining: limit, resets_ms: now_ms.saturating_add(window_ms) };
        }
        Standing { limit, remaining: limit.saturating_sub(self.calls), resets_ms }
    }

    /// Counts a call, unless there is none left.
    pub(super) fn count(&mut self, limit: u64, window_ms: u64, now_ms: u64) -> Result<Standing, Standing> {
        let before = self.standing(limit, window_ms, now_ms);
        if before.remaining == 0 {
            return Err(before);
        }
        if self.began_ms.saturating_add(window_ms) <= now_ms {
            *self = Self { began_ms: now_ms, calls: 0 };
        }
        self.calls += 1;
        Ok(Standing { remaining: before.remaining - 1, ..before })
    }
}

impl Standing {
    /// The headers of every answer; `X-Rate-Limit-Retry` is in seconds since the epoch. No value of
    /// `X-Rate-Limit-Type` is documented.
    pub(super) fn tell(self, reply: Reply) -> Reply {
        reply
            .with_header("x-rate-limit-limit", self.limit.to_string())
            .with_header("x-rate-limit-remaining", self.remaining.to_string())
            .with_header("x-rate-limit-retry", self.resets_ms.div_ceil(1000).to_string())
            .with_header("x-rate-limit-type", "api_calls")
    }

    /// The header that only a refused call gets, in seconds from now.
    pub(super) fn tell_to_wait(self, reply: Reply, now_ms: u64) -> Reply {
        let wait_s = self.resets_ms.saturating_sub(now_ms).div_ceil(1000);
        reply.with_header("retry-after", wait_s.to_string())
    }
}
