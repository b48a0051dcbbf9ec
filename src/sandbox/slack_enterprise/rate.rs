//! Slack's limit per method and minute, counted in the simulators' time.

use std::collections::{BTreeMap, VecDeque};

use super::methods::Method;

const MINUTE_MS: u64 = 60_000;

#[derive(Debug, Default)]
pub(super) struct Meter {
    calls: BTreeMap<&'static str, VecDeque<u64>>,
}

impl Meter {
    /// Counts a call, or tells after how many seconds the next one is welcome.
    pub(super) fn admit(&mut self, method: &Method, now_ms: u64) -> Result<(), u64> {
        let calls = self.calls.entry(method.name).or_default();
        while calls.front().is_some_and(|at| at + MINUTE_MS <= now_ms) {
            calls.pop_front();
        }
        match calls.front() {
            Some(oldest) if calls.len() >= method.per_minute => Err((oldest + MINUTE_MS - now_ms).div_ceil(1000)),
            _ => {
                calls.push_back(now_ms);
                Ok(())
            }
        }
    }
}
