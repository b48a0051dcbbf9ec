//! The limit per minute, and the headers that tell of it.

use crate::sandbox::Reply;

const MINUTE_MS: u64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Meter {
    minute_began_ms: u64,
    calls: u64,
}

impl Meter {
    /// Counts a call, or tells the second since the epoch from which on the next one is welcome.
    pub(super) fn admit(&mut self, limit: u64, now_ms: u64) -> Result<(), u64> {
        self.roll(now_ms);
        if self.calls >= limit {
            return Err((self.minute_began_ms + MINUTE_MS).div_ceil(1000));
        }
        self.calls += 1;
        Ok(())
    }

    /// Counts a call that is welcome whatever the limit.
    pub(super) fn count(&mut self, now_ms: u64) {
        self.roll(now_ms);
        self.calls += 1;
    }

    /// Adds the headers that every answer of the API bears.
    pub(super) fn mark(&self, reply: Reply, limit: u64) -> Reply {
        reply
            .with_header("x-ratelimit-limit", limit.to_string())
            .with_header("x-ratelimit-remaining", limit.saturating_sub(self.calls).to_string())
    }

    fn roll(&mut self, now_ms: u64) {
        if now_ms >= self.minute_began_ms + MINUTE_MS {
            self.minute_began_ms = now_ms;
            self.calls = 0;
        }
    }
}
