//! Accounts and tokens as a snapshot in memory: a known one costs no read of the database, and no lock.

use std::collections::HashMap;
use std::sync::Arc;

use super::keeper::Keeper;
use super::{Caller, GatewayError};
use crate::connector::Registry;
use crate::credentials::vault::{KeyId, VaultError, same_secrets};
use crate::credentials::{Account, Context};
use crate::storage::{AccountRecord, StorageError, TokenRecord};

/// An account's record, and the account made of it, or why none could be.
#[derive(Debug)]
pub struct Entry {
    pub record: AccountRecord,
    pub(super) account: Result<Arc<Account>, String>,
}

/// What the database held at one revision.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) revision: Option<i64>,
    /// The master keys at hand then.
    pub(super) keys: Vec<KeyId>,
    pub(super) accounts: HashMap<String, Arc<Entry>>,
    pub(super) tokens: HashMap<[u8; 32], Arc<Caller>>,
}

impl Directory {
    /// Makes a snapshot. An account whose settings did not change keeps its session; so does one that replaced its secrets
    /// itself, or whose secrets were sealed with another key.
    pub(super) fn build(
        (revision, keys): (i64, Vec<KeyId>),
        accounts: Vec<AccountRecord>,
        tokens: Vec<TokenRecord>,
        current: &Self,
        registry: &Registry,
        keeper: &Arc<Keeper>,
    ) -> Result<Self, GatewayError> {
        let mut by_id = HashMap::with_capacity(accounts.len());
        for record in accounts {
            let known = current.accounts.get(&record.id);
            let same = |known: &&Arc<Entry>| {
                let kept = |account: &Arc<Account>| account.session.has_kept(&record.sealed);
                known.record.context == record.context
                    && (same_secrets(&known.record.sealed, &record.sealed) || known.account.as_ref().is_ok_and(kept))
                    // With another key it may be openable.
                    && (known.account.is_ok() || current.keys == keys)
            };
            let account = match known.filter(same) {
                Some(known) => known.account.clone(),
                None => open(&record, registry, keeper)?,
            };
            by_id.insert(record.id.clone(), Arc::new(Entry { record, account }));
        }
        let tokens = tokens.into_iter().map(|token| {
            let expires_at = token.expires_at.as_deref().map(str::parse).transpose().map_err(|_| corrupt(&token.id))?;
            let TokenRecord { id, environment, scopes, envelope, hash, .. } = token;
            Ok((hash, Arc::new(Caller { token: id, environment, scopes, envelope, expires_at })))
        });
        let tokens = tokens.collect::<Result<_, StorageError>>()?;
        Ok(Self { revision: Some(revision), keys, accounts: by_id, tokens })
    }
}

fn corrupt(id: &str) -> StorageError {
    let reason = "expires_at: it is no time as RFC 3339 has it".to_owned();
    StorageError::Corrupt { record: "API token", id: id.to_owned(), reason }
}

fn open(
    record: &AccountRecord,
    registry: &Registry,
    keeper: &Arc<Keeper>,
) -> Result<Result<Arc<Account>, String>, GatewayError> {
    let connector = match registry.find(&record.integration) {
        Some(Ok(connector)) => connector,
        Some(Err(error)) => {
            tracing::error!(account = %record.id, %error, "an account cannot be used: its connector has a mistake");
            return Ok(Err(format!("the definition of its connector has a mistake: {error}")));
        }
        None => return Ok(Err(format!("the connector `{}` is not loaded", record.integration))),
    };
    let secret = match keeper.vault.open(&record.id, &record.sealed) {
        Ok(secret) => secret,
        Err(error @ VaultError::Library) => return Err(error.into()),
        Err(error) => {
            tracing::error!(account = %record.id, %error, "an account cannot be used: its credentials cannot be opened");
            return Ok(Err(format!("its credentials cannot be opened: {error}")));
        }
    };
    let Ok(secret) = serde_json::from_slice(&secret) else {
        return Ok(Err("its credentials cannot be read".to_owned()));
    };
    let context = Context { public: record.context.clone().into_iter().collect(), secret };
    let needs_reauth = record.status == crate::storage::AccountStatus::NeedsReauth;
    let account = Account::new(&record.id, &record.environment, Arc::clone(connector), &context, needs_reauth);
    Ok(account.map_err(|error| error.to_string()).map(|account| {
        account.keep_secrets_with(keeper.clone());
        Arc::new(account)
    }))
}
