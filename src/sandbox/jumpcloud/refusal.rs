//! The provider's way of saying no: which status, and which of its error bodies.

use http::StatusCode;
use serde_json::json;

use super::settings::{ErrorForm, Settings};
use crate::sandbox::Reply;

const IP_BLOCKED: &str = "Your IP has been blocked due to suspected abuse";

/// An answer that is not a success.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// With the status' own phrase as the message.
    Status(u16),
    /// With a message of its own, which only the long form shows.
    Explained(u16, String),
    /// Too many calls from one address.
    IpBlocked,
    /// Of the token endpoint, in the words of RFC 6749 section 5.2.
    OAuth(u16, &'static str, &'static str),
}

pub(super) const NOT_FOUND: Refusal = Refusal::Status(404);
pub(super) const UNAUTHORIZED: Refusal = Refusal::Status(401);
pub(super) const FORBIDDEN: Refusal = Refusal::Status(403);

/// A 400 that says why.
pub(super) fn bad_request(why: impl Into<String>) -> Refusal {
    Refusal::Explained(400, why.into())
}

impl Refusal {
    pub(super) fn reply(&self, settings: &Settings) -> Reply {
        match self {
            Self::Status(status) => error(*status, phrase(*status), settings),
            Self::Explained(status, message) => error(*status, message, settings),
            Self::IpBlocked => Reply::text(403, IP_BLOCKED),
            Self::OAuth(status, code, description) => {
                Reply::json(*status, &json!({"error": code, "error_description": description}))
            }
        }
    }
}

fn error(status: u16, message: &str, settings: &Settings) -> Reply {
    let form = if status == 401 { settings.unauthorized_form } else { settings.error_form };
    let body = match form {
        ErrorForm::Long => json!({"code": status, "message": message, "status": phrase(status)}),
        ErrorForm::Short => json!({"message": phrase(status)}),
    };
    Reply::json(status, &body)
}

fn phrase(status: u16) -> &'static str {
    StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error")
}
