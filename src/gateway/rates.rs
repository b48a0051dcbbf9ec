//! How many requests a token, and an account, may make a minute. Of this process, in memory; nothing is asked or kept where
//! no limit is set.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

/// Requests a minute; 0: as many as may come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimits {
    pub per_token: u32,
    pub per_account: u32,
}

/// A request that came too soon. Nothing was done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limited {
    /// The setting that says so.
    pub setting: &'static str,
    /// Requests a minute.
    pub limit: u32,
    pub retry_after: Duration,
}

impl std::fmt::Display for Limited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { setting, limit, .. } = self;
        write!(f, "more than {limit} requests a minute (limits.{setting}); nothing was sent; Retry-After says when")
    }
}

/// A limit that is set: so many at once, and as many again within a minute.
pub(super) struct Rate {
    setting: &'static str,
    limit: NonZeroU32,
    clock: DefaultClock,
    limiter: DefaultKeyedRateLimiter<String>,
}

impl Rate {
    /// `None` for 0.
    pub(super) fn of(setting: &'static str, limit: u32) -> Option<Self> {
        let limit = NonZeroU32::new(limit)?;
        let limiter = RateLimiter::keyed(Quota::per_minute(limit));
        Some(Self { setting, limit, clock: DefaultClock::default(), limiter })
    }

    /// Counts a request of `key`.
    pub(super) fn admit(&self, key: &String) -> Result<(), Limited> {
        self.limiter.check_key(key).map_err(|not_until| Limited {
            setting: self.setting,
            limit: self.limit.get(),
            retry_after: not_until.wait_time_from(self.clock.now()),
        })
    }

    /// Forgets whoever has been quiet for long enough.
    pub(super) fn forget_quiet(&self) {
        self.limiter.retain_recent();
    }
}
