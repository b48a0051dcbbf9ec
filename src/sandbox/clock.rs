//! The simulators' clock: the system's, moved as a test has moved it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A clock that can be moved. Clones share their time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    moved_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> u64 {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        (real.as_millis() as u64).saturating_add_signed(self.moved_ms.load(Ordering::Relaxed))
    }

    /// Seconds since the Unix epoch.
    pub fn now_s(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Lets time pass at once.
    pub fn advance(&self, by: Duration) {
        self.moved_ms.fetch_add(by.as_millis() as i64, Ordering::Relaxed);
    }

    /// Sets it back: a provider's clock may be slow.
    pub fn set_back(&self, by: Duration) {
        self.moved_ms.fetch_sub(by.as_millis() as i64, Ordering::Relaxed);
    }
}
