//! Serialises read-modify-write on one thing, such as a provider user's set of roles.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

/// Locks by key. A lock lives as long as somebody holds it or waits for it.
#[derive(Debug, Default)]
pub(super) struct Locks {
    by_key: Mutex<HashMap<String, Weak<AsyncMutex<()>>>>,
}

impl Locks {
    /// Waits until nobody else holds `key`.
    pub(super) async fn hold(&self, key: String) -> OwnedMutexGuard<()> {
        let lock = {
            let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
            by_key.retain(|_, lock| lock.strong_count() > 0);
            match by_key.get(&key).and_then(Weak::upgrade) {
                Some(lock) => lock,
                None => {
                    let lock = Arc::new(AsyncMutex::new(()));
                    by_key.insert(key, Arc::downgrade(&lock));
                    lock
                }
            }
        };
        lock.lock_owned().await
    }
}
