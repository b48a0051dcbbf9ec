//! The accounts' secrets as the database holds them: sealed by the vault.

use std::sync::Arc;

use async_trait::async_trait;
use zeroize::Zeroizing;

use crate::credentials::vault::Vault;
use crate::credentials::{KeeperError, SecretKeeper, Secrets};
use crate::storage::Storage;

/// Keeps secrets that a provider replaces.
pub(super) struct Keeper {
    pub(super) storage: Arc<dyn Storage>,
    pub(super) vault: Arc<Vault>,
}

#[async_trait]
impl SecretKeeper for Keeper {
    async fn secrets(&self, account_id: &str) -> Result<Secrets, KeeperError> {
        let sealed = self.storage.account_secrets(account_id).await.map_err(|error| KeeperError(error.to_string()))?;
        let sealed = sealed.ok_or_else(gone)?;
        let opened = self.vault.open(account_id, &sealed).map_err(|error| KeeperError(error.to_string()))?;
        serde_json::from_slice(&opened).map_err(|_| KeeperError("they are not what was sealed".to_owned()))
    }

    async fn replace(&self, account_id: &str, secrets: &Secrets) -> Result<Vec<u8>, KeeperError> {
        let sealed = seal(&self.vault, account_id, secrets).map_err(|error| KeeperError(error.to_string()))?;
        let kept = self.storage.set_account_secrets(account_id, &sealed).await;
        if !kept.map_err(|error| KeeperError(error.to_string()))? {
            return Err(gone());
        }
        Ok(sealed)
    }
}

/// Seals an account's secrets.
pub(super) fn seal(
    vault: &Vault,
    account_id: &str,
    secrets: &Secrets,
) -> Result<Vec<u8>, crate::credentials::vault::VaultError> {
    // A key that was dropped must not be used any more. Where the file cannot be read, the keys at hand are all there is.
    if let Err(error) = vault.reload() {
        tracing::warn!(%error, "the key file cannot be read again; the key at hand is used");
    }
    let plain = Zeroizing::new(serde_json::to_vec(secrets).unwrap_or_default());
    vault.seal(account_id, &plain)
}

fn gone() -> KeeperError {
    KeeperError("there is no such account any more".to_owned())
}
