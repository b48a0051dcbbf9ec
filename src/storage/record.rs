//! The records as they are stored, and the closed sets of words in them. No SQL here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

/// An integrated account: a customer's own access to one provider.
#[derive(Clone, PartialEq)]
pub struct AccountRecord {
    /// UUID version 7.
    pub id: String,
    pub environment: String,
    /// Slug of the connector.
    pub integration: String,
    /// The caller's own name for whose account this is.
    pub tenant_id: Option<String>,
    /// The keys of the context that are no secret.
    pub context: Map<String, Value>,
    /// The secret keys, as the vault sealed them for this id.
    pub sealed: Vec<u8>,
    pub status: AccountStatus,
    /// RFC 3339, UTC, milliseconds; as is `updated_at`.
    pub created_at: String,
    pub updated_at: String,
}

/// An API token: all there is to know of it but its text.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenRecord {
    /// UUID version 7.
    pub id: String,
    pub name: String,
    /// SHA-256 of the token's text.
    pub hash: [u8; 32],
    pub scopes: Vec<Scope>,
    pub environment: String,
    pub envelope: Envelope,
    /// RFC 3339, UTC, milliseconds; as is `expires_at`.
    pub created_at: String,
    /// From then on it is none; `None`: it lasts until it is revoked.
    pub expires_at: Option<String>,
}

/// What became of a token that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenRemoval {
    Removed,
    /// There is none of this id in this environment.
    Absent,
    /// It is the environment's last administrator, and was to be kept then.
    LastAdministrator,
}

/// Removals that one request is about to send, as the cap counts them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// UUID version 7.
    pub id: String,
    /// Id of the integrated account.
    pub account: String,
    /// RFC 3339, UTC, milliseconds.
    pub at: String,
    pub roles: u32,
}

impl fmt::Debug for AccountRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountRecord")
            .field("id", &self.id)
            .field("environment", &self.environment)
            .field("integration", &self.integration)
            .field("tenant_id", &self.tenant_id)
            .field("context", &self.context)
            .field("sealed_bytes", &self.sealed.len())
            .field("status", &self.status)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .finish()
    }
}

impl fmt::Debug for TokenRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenRecord")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("scopes", &self.scopes)
            .field("environment", &self.environment)
            .field("envelope", &self.envelope)
            .field("created_at", &self.created_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// A word outside its closed set; the message lists the set.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{given}` is no {set}; it must be one of {allowed}")]
pub struct UnknownName {
    pub set: &'static str,
    pub given: String,
    pub allowed: String,
}

/// How an integrated account stands. It blocks nothing: calls go out whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// The provider takes its credentials, as far as is known.
    Active,
    /// Being set up.
    Connecting,
    /// Set up, but what had to be done afterwards failed.
    PostInstallError,
    /// Its context does not satisfy the connector.
    ValidationError,
    /// The provider rejected its credentials.
    NeedsReauth,
}

impl AccountStatus {
    pub const ALL: [Self; 5] =
        [Self::Active, Self::Connecting, Self::PostInstallError, Self::ValidationError, Self::NeedsReauth];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Connecting => "connecting",
            Self::PostInstallError => "post_install_error",
            Self::ValidationError => "validation_error",
            Self::NeedsReauth => "needs_reauth",
        }
    }
}

impl FromStr for AccountStatus {
    type Err = UnknownName;

    fn from_str(given: &str) -> Result<Self, UnknownName> {
        find("account status", given, &Self::ALL, Self::as_str)
    }
}

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Use the accounts: unassign roles, read users.
    Call,
    /// Create and delete accounts and tokens.
    Admin,
    /// Read the audit.
    Audit,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Call, Self::Admin, Self::Audit];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Admin => "admin",
            Self::Audit => "audit",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownName;

    fn from_str(given: &str) -> Result<Self, UnknownName> {
        find("scope", given, &Self::ALL, Self::as_str)
    }
}

/// How an answer is wrapped for a token's callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Envelope {
    /// The object itself.
    #[default]
    Bare,
    /// `{"result": …}`.
    Result,
}

impl Envelope {
    pub const ALL: [Self; 2] = [Self::Bare, Self::Result];

    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Result => "result",
        }
    }
}

impl FromStr for Envelope {
    type Err = UnknownName;

    fn from_str(given: &str) -> Result<Self, UnknownName> {
        find("envelope", given, &Self::ALL, Self::as_str)
    }
}

fn find<T: Copy>(set: &'static str, given: &str, all: &[T], as_str: fn(T) -> &'static str) -> Result<T, UnknownName> {
    all.iter().copied().find(|member| as_str(*member) == given).ok_or_else(|| UnknownName {
        set,
        given: given.to_owned(),
        allowed: all.iter().map(|member| as_str(*member)).collect::<Vec<_>>().join(", "),
    })
}
