//! Why the gateway could not do as asked.

use std::sync::Arc;

use thiserror::Error;

use super::keys::MissingKeys;
use super::{KeyError, Limited};
use crate::connector::Connector;
use crate::credentials::ContextError;
use crate::credentials::vault::{MasterKeyError, VaultError};
use crate::engine::Failure;
use crate::model::RequestError;
use crate::storage::StorageError;

/// Why the gateway could not do as asked.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// There is no such thing in the caller's environment.
    #[error("{0}")]
    NotFound(String),
    /// The request must change.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Doing it now would do harm; the message says what to do first.
    #[error("{0}")]
    Conflict(String),
    /// The account had too many requests; nothing was sent.
    #[error("{0}")]
    Limited(Limited),
    /// The account's context does not suit the connector.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The provider did not take a new account's credentials; nothing was kept.
    #[error("{}", failure.message)]
    Credentials { failure: Box<Failure>, connector: Arc<Connector> },
    /// The account was kept by another version, or its connector's definition has a mistake.
    #[error("the account cannot be used: {0}")]
    Unusable(String),
    /// A request's own task came to an unexpected end; what it had recorded says how far it was.
    #[error("the request's work broke off: {0}")]
    Broken(String),
    /// A setting cannot be used: the operator must change it.
    #[error("configuration: {0}")]
    Setting(String),
    /// Its idempotency key does not allow it now.
    #[error(transparent)]
    Idempotency(KeyError),
    /// The database does not serve.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The credentials cannot be encrypted or opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Credentials are encrypted with a key that is not at hand: the operator must put it back.
    #[error(transparent)]
    Keys(#[from] MissingKeys),
    /// The file of the vault's keys cannot be read.
    #[error(transparent)]
    KeyFile(#[from] MasterKeyError),
}
