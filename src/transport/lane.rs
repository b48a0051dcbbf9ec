//! What one account may ask of its provider: so many requests at once, and so many repeats for what is asked anyway.

use std::fmt;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use tower::retry::budget::{Budget, TpsBudget};

/// For so long a call counts towards the repeats of later ones.
const BUDGET_LIFE: Duration = Duration::from_secs(10);
/// More repeats than this for each call are no budget any more.
const LARGEST_SHARE: f32 = 10.0;

/// The limits of one account.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneLimits {
    /// So many requests at once; 0: any number.
    pub at_once: usize,
    /// How long a further one waits for its turn.
    pub wait: Duration,
    /// Repeats for each call of the last seconds, such as 0.2 for one in five.
    pub repeats_per_call: f32,
    /// And so many a second besides, for an account that asks little.
    pub repeats_per_second: u32,
}

impl Default for LaneLimits {
    fn default() -> Self {
        Self { at_once: 0, wait: Duration::from_secs(1), repeats_per_call: 0.2, repeats_per_second: 1 }
    }
}

/// One account's turn-taking and its budget of repeats.
pub struct Lane {
    turns: Option<Semaphore>,
    wait: Duration,
    budget: TpsBudget,
}

/// A request's turn; the next one's when it is dropped.
#[derive(Debug)]
pub struct Turn<'l>(
    #[expect(dead_code, reason = "held, and given back when it is dropped")] Option<SemaphorePermit<'l>>,
);

impl Lane {
    /// Nobody is under way yet.
    pub fn new(limits: &LaneLimits) -> Self {
        let share = limits.repeats_per_call.clamp(0.0, LARGEST_SHARE);
        // A negative share and none at all are the same; what is not a number is none.
        let share = if share.is_nan() { 0.0 } else { share };
        let turns = limits.at_once.min(Semaphore::MAX_PERMITS);
        Self {
            turns: (turns > 0).then(|| Semaphore::new(turns)),
            wait: limits.wait,
            budget: TpsBudget::new(BUDGET_LIFE, limits.repeats_per_second.min(1 << 20), share),
        }
    }

    /// A turn, as soon as there is one; `None` where it would take too long.
    pub async fn turn(&self) -> Option<Turn<'_>> {
        let Some(turns) = &self.turns else { return Some(Turn(None)) };
        match timeout(self.wait, turns.acquire()).await {
            Ok(Ok(permit)) => Some(Turn(Some(permit))),
            _ => None,
        }
    }

    /// A call is made for the first time.
    pub fn called(&self) {
        self.budget.deposit();
    }

    /// Whether one more call may be made again.
    pub fn may_repeat(&self) -> bool {
        self.budget.withdraw()
    }
}

impl fmt::Debug for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lane").field("turns", &self.turns).field("budget", &self.budget).finish()
    }
}
