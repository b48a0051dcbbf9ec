//! TeamViewer's way of saying no: a category, a description, a number and a signature.
//! The categories are documented; their statuses and numbers are not, nor are the descriptions.

use serde_json::json;

use super::settings::{Settings, TurnedAway};
use crate::sandbox::Reply;

/// What kind of error it is: the `error` member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Category {
    InvalidRequest,
    NotFound,
    InvalidToken,
    TokenExpired,
    WrongCredentials,
    InvalidClient,
    InvalidPermission,
    RateLimitReached,
    TooManyRetries,
    InternalError,
}

impl Category {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::NotFound => "not_found",
            Self::InvalidToken => "invalid_token",
            Self::TokenExpired => "token_expired",
            Self::WrongCredentials => "wrong_credentials",
            Self::InvalidClient => "invalid_client",
            Self::InvalidPermission => "invalid_permission",
            Self::RateLimitReached => "rate_limit_reached",
            Self::TooManyRetries => "too_many_retries",
            Self::InternalError => "internal_error",
        }
    }

    fn usual_status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::NotFound => 404,
            Self::InvalidToken | Self::TokenExpired | Self::WrongCredentials | Self::InvalidClient => 401,
            Self::InvalidPermission => 403,
            Self::RateLimitReached | Self::TooManyRetries => 429,
            Self::InternalError => 500,
        }
    }

    fn code(self) -> u32 {
        match self {
            Self::InvalidRequest => 1,
            Self::NotFound => 2,
            Self::InvalidToken => 3,
            Self::TokenExpired => 4,
            Self::WrongCredentials => 5,
            Self::InvalidClient => 6,
            Self::InvalidPermission => 7,
            Self::RateLimitReached => 8,
            Self::TooManyRetries => 9,
            Self::InternalError => 10,
        }
    }
}

impl From<TurnedAway> for Category {
    fn from(turned_away: TurnedAway) -> Self {
        match turned_away {
            TurnedAway::RateLimitReached => Self::RateLimitReached,
            TurnedAway::TooManyRetries => Self::TooManyRetries,
        }
    }
}

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Refusal {
    category: Category,
    description: String,
    /// None: the category's own.
    status: Option<u16>,
    header: Option<(&'static str, String)>,
}

impl Refusal {
    pub(super) fn new(category: Category, description: impl Into<String>) -> Self {
        Self { category, description: description.into(), status: None, header: None }
    }

    pub(super) fn at_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    pub(super) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.header = Some((name, value));
        self
    }

    /// `signature` tells this error from all others in the vendor's log.
    pub(super) fn reply(&self, settings: &Settings, signature: u64) -> Reply {
        let usual = self.category.usual_status();
        let switched = settings.statuses.get(self.category.name()).copied();
        let status = self.status.unwrap_or(switched.unwrap_or(usual));
        let body = json!({
            "error": self.category.name(),
            "error_description": self.description,
            "error_code": self.category.code(),
            "error_signature": format!("sandbox-{signature:08}"),
        });
        let reply = Reply::json(status, &body);
        match &self.header {
            Some((name, value)) => reply.with_header(name, value),
            None => reply,
        }
    }
}

/// The request is not what it should be.
pub(super) fn invalid(why: impl Into<String>) -> Refusal {
    Refusal::new(Category::InvalidRequest, why)
}

pub(super) fn user_not_found() -> Refusal {
    Refusal::new(Category::NotFound, "The user was not found.")
}

pub(super) fn role_not_found() -> Refusal {
    Refusal::new(Category::NotFound, "The user role was not found.")
}

pub(super) fn group_not_found() -> Refusal {
    Refusal::new(Category::NotFound, "The user group was not found.")
}
