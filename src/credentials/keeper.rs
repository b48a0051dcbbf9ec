//! Where secrets are put that a provider replaces while they are used.

use std::collections::BTreeMap;

use async_trait::async_trait;
use thiserror::Error;

/// The secrets of one account, by key.
pub type Secrets = BTreeMap<String, serde_json::Value>;

/// The place that holds the accounts' secrets, encrypted, when the process is gone.
#[async_trait]
pub trait SecretKeeper: Send + Sync {
    /// An account's secrets as they are kept now: another process may have replaced them.
    ///
    /// # Errors
    /// If they cannot be read.
    async fn secrets(&self, account_id: &str) -> Result<Secrets, KeeperError>;

    /// Replaces an account's secrets, durably. Gives the sealed bytes they are kept as.
    ///
    /// # Errors
    /// If they could not be kept: the old ones are still there.
    async fn replace(&self, account_id: &str, secrets: &Secrets) -> Result<Vec<u8>, KeeperError>;
}

/// The secrets could not be read or kept. Names no secret.
#[derive(Clone, Debug, Error)]
#[error("the account's secrets cannot be kept: {0}")]
pub struct KeeperError(pub String);
