//! A limit per minute. No header tells of it.

const MINUTE_MS: u64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Meter {
    minute_began_ms: u64,
    calls: u64,
}

impl Meter {
    /// Counts a call, if it is within the limit.
    pub(super) fn admits(&mut self, limit: u64, now_ms: u64) -> bool {
        if now_ms >= self.minute_began_ms + MINUTE_MS {
            self.minute_began_ms = now_ms;
            self.calls = 0;
        }
        let within = self.calls < limit;
        self.calls += u64::from(within);
        within
    }
}
