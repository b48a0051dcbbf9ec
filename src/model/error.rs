//! The closed set of error kinds, and the error of a request that cannot be accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `kind` of an error. What each means for the caller stands with the status it has by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// 400: the request must change.
    InvalidRequest,
    /// 401: no valid API token of ours.
    Unauthenticated,
    /// 403: the API token lacks the scope.
    Forbidden,
    /// 404: no such account, user or role.
    NotFound,
    /// 409: the provider's state forbids it now.
    Conflict,
    /// 422: a guard or the definition forbids it; nothing was sent.
    Refused,
    /// 409: the role is still held through a group.
    Inherited,
    /// 402: the provider's plan lacks the feature.
    PaymentRequired,
    /// 401: the provider does not take the account's credentials.
    CredentialsRejected,
    /// 403: the account may not do this at the provider.
    PermissionMissing,
    /// 429: too many calls; `Retry-After` says when.
    RateLimited,
    /// 502: accepted by the provider, but the role is still held.
    NotEffective,
    /// 502: the provider answered what nobody expects.
    ProviderError,
    /// 503: the provider is not there.
    ProviderUnavailable,
    /// 504: the provider did not answer in time.
    ProviderTimeout,
    /// 500: our fault.
    Internal,
}

impl ErrorKind {
    /// The HTTP status that the kind stands for.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Unauthenticated | Self::CredentialsRejected => 401,
            Self::PaymentRequired => 402,
            Self::Forbidden | Self::PermissionMissing => 403,
            Self::NotFound => 404,
            Self::Conflict | Self::Inherited => 409,
            Self::Refused => 422,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::NotEffective | Self::ProviderError => 502,
            Self::ProviderUnavailable => 503,
            Self::ProviderTimeout => 504,
        }
    }

    /// Whether the failure is the account's, so that no further call with it can succeed.
    pub fn is_of_account(self) -> bool {
        matches!(self, Self::CredentialsRejected | Self::PermissionMissing | Self::RateLimited)
    }
}

/// A request that was refused before anything was sent: bad input.
#[derive(Clone, Debug, Default, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct RequestError {
    /// Names the place and the way out.
    pub message: String,
    /// The body was larger than the limit: 413 instead of 400.
    pub too_large: bool,
    /// Inputs the definition needs and the request lacks, where Truto's clients look for them.
    pub missing_query: Vec<String>,
    pub missing_body: Vec<String>,
}

impl RequestError {
    /// Bad input, with a message that names the place and the way out.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), ..Self::default() }
    }
}
