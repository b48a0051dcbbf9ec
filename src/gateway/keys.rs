//! The vault's master keys and what they seal: how one takes another's place while the accounts are in use.
//! Whatever is interrupted here leaves every account openable with the keys at hand: a key is in the file, durably, before
//! anything is sealed with it, and is dropped from it only when nothing is.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::credentials::vault::{KeyFile, KeyId, MasterKey, MasterKeyError, Vault, VaultError, sealed_with};
use crate::storage::{AccountRecord, Storage, StorageError};

/// So often an account may turn out to be sealed with an old key again, before somebody is taken to have that key in use.
const MOST_PASSES: usize = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// Which master keys seal how many accounts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyUse {
    pub accounts: BTreeMap<KeyId, usize>,
    /// Accounts whose sealed secrets name no key, and why.
    pub unreadable: Vec<(String, VaultError)>,
}

impl KeyUse {
    /// Counts. What is sealed is not opened.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn of(storage: &dyn Storage) -> Result<Self, StorageError> {
        Ok(Self::of_accounts(&storage.accounts().await?))
    }

    fn of_accounts(accounts: &[AccountRecord]) -> Self {
        let mut used = Self::default();
        for account in accounts {
            match sealed_with(&account.sealed) {
                Ok(key) => *used.accounts.entry(key).or_default() += 1,
                Err(error) => used.unreadable.push((account.id.clone(), error)),
            }
        }
        used
    }

    fn without(&self, known: &[KeyId]) -> BTreeMap<KeyId, usize> {
        self.accounts.iter().filter(|(key, _)| !known.contains(key)).map(|(key, count)| (*key, *count)).collect()
    }
}

/// Accounts are sealed with keys that are not at hand.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct MissingKeys {
    pub missing: BTreeMap<KeyId, usize>,
    /// The key in use first; none: there is no key at all.
    pub at_hand: Vec<KeyId>,
}

impl MissingKeys {
    /// Whether all accounts can be opened with these keys, as far as that can be told without opening them.
    ///
    /// # Errors
    /// With the keys that are missing.
    pub fn check(used: &KeyUse, at_hand: &[KeyId]) -> Result<(), Self> {
        let missing = used.without(at_hand);
        if missing.is_empty() { Ok(()) } else { Err(Self { missing, at_hand: at_hand.to_vec() }) }
    }

    pub(super) fn check_accounts(accounts: &[AccountRecord], at_hand: &[KeyId]) -> Result<(), Self> {
        Self::check(&KeyUse::of_accounts(accounts), at_hand)
    }
}

impl fmt::Display for MissingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the vault's key is missing: {} sealed with {}, and ", accounts(self.missing.values().sum()), {
            let keys: Vec<String> = self.missing.keys().map(|key| format!("master key {key}")).collect();
            keys.join(" and ")
        })?;
        match self.at_hand.as_slice() {
            [] => write!(f, "there is none at hand")?,
            ids => write!(f, "at hand is {}", ids.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", "))?,
        }
        write!(
            f,
            ". Put it back: into vault_key (OFFRAMP_VAULT_KEY), or into the file that vault_key_file names, behind the key in \
             use if there is another; `offramp vault status` lists the keys"
        )
    }
}

fn accounts(count: usize) -> String {
    if count == 1 { "1 account is".to_owned() } else { format!("{count} accounts are") }
}

/// Why the master keys were not changed, or not to the end.
#[derive(Debug, Error)]
pub enum KeysError {
    /// The key file cannot be read or replaced; nothing was changed.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The database does not serve.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The cryptographic library failed.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Some process goes on sealing with another key.
    #[error(
        "accounts are still being sealed with another key than {in_use}: give that key to every process that serves, in front \
         of the others, and do this again"
    )]
    StillSealing { in_use: KeyId },
    /// The keys would be needed.
    #[error("nothing was dropped: {} still sealed with key {}; run `offramp vault rotate --rewrap-only` first", accounts(*.1), .0)]
    InUse(KeyId, usize),
    /// A new key is in use, but the old ones are still needed.
    #[error(
        "key {new} is in the key file and in use, but not every account is sealed with it: {source}. All can be opened; \
         `offramp vault rotate --rewrap-only` goes on"
    )]
    HalfWay { new: KeyId, source: Box<KeysError> },
}

/// What was sealed anew.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrapped {
    pub in_use: Option<KeyId>,
    /// How many accounts.
    pub accounts: usize,
    /// Those that could not be opened, and why.
    pub failed: Vec<(String, VaultError)>,
}

/// Seals every account with the vault's first key, until none is sealed with another. What a serving process replaces
/// meanwhile is not lost: an account is only changed if it is as it was read.
///
/// # Errors
/// If the database does not serve, or another process goes on sealing with another key. Everything can be opened then.
pub async fn rewrap(storage: &dyn Storage, vault: &Vault) -> Result<Rewrapped, KeysError> {
    let in_use = vault.key_id();
    let mut done = Rewrapped { in_use: Some(in_use), ..Rewrapped::default() };
    for _ in 0..MOST_PASSES {
        done.failed.clear();
        let mut seen = 0;
        let mut overtaken = 0;
        for account in storage.accounts().await? {
            match vault.rewrap(&account.id, &account.sealed) {
                Ok(None) => {}
                Ok(Some(sealed)) => {
                    seen += 1;
                    match storage.swap_account_secrets(&account.id, &account.sealed, &sealed).await? {
                        true => done.accounts += 1,
                        false => overtaken += 1,
                    }
                }
                Err(error) => done.failed.push((account.id, error)),
            }
        }
        if seen == 0 {
            return Ok(done);
        }
        if overtaken > 0 {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Err(KeysError::StillSealing { in_use })
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotated {
    pub new: KeyId,
    /// The keys behind it.
    pub old: Vec<KeyId>,
    pub rewrapped: Rewrapped,
}

/// Makes a new key, puts it first in the key file, waits until every process that follows the file has read it, and seals
/// every account with it. The old keys stay in the file.
///
/// # Errors
/// If the file cannot be replaced; then nothing has changed. [`KeysError::HalfWay`] if it was, and not all accounts are sealed
/// with the new key.
pub async fn rotate(storage: &dyn Storage, file: &KeyFile, seen_after: Duration) -> Result<Rotated, KeysError> {
    let locked = file.lock()?;
    let keys = locked.keys()?;
    let old = keys.ids();
    let key = MasterKey::generate();
    let new = key.id();
    locked.draft(&keys.led_by(key)?)?.put_in_place()?;
    tokio::time::sleep(seen_after).await;
    let vault = Vault::new(locked.keys()?)?;
    let rewrapped = rewrap(storage, &vault).await;
    let rewrapped = rewrapped.map_err(|source| KeysError::HalfWay { new, source: Box::new(source) })?;
    Ok(Rotated { new, old, rewrapped })
}

/// Drops from the key file all keys but the one in use; gives those that are gone. What a process sealed with one of them at
/// that very moment is sealed anew.
///
/// # Errors
/// [`KeysError::InUse`] if one of them still seals an account; nothing is changed then.
pub async fn prune(storage: &dyn Storage, file: &KeyFile, seen_after: Duration) -> Result<Vec<KeyId>, KeysError> {
    let locked = file.lock()?;
    let keys = locked.keys()?;
    let ids = keys.ids();
    let (in_use, old) = (ids[0], ids[1..].to_vec());
    if old.is_empty() {
        return Ok(old);
    }
    // The key in use may be so new that somebody has not read it.
    tokio::time::sleep(seen_after).await;
    let used = KeyUse::of(storage).await?;
    if let Some((key, count)) = used.accounts.iter().find(|(key, _)| old.contains(key)) {
        return Err(KeysError::InUse(*key, *count));
    }
    let vault = Vault::new(locked.keys()?)?;
    locked.draft(&keys.keeping(|key| key == in_use))?.put_in_place()?;
    rewrap(storage, &vault).await?;
    Ok(old)
}
