//! Answers and refusals. Of the messages only `Authentication failed` is known; the others stand for unknown ones.

use bytes::Bytes;
use serde_json::{Value, json};

use super::settings::{ErrorForm, Settings};
use crate::sandbox::Reply;

pub(super) const AUTHENTICATION_FAILED: &str = "Authentication failed";

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    message: String,
    header: Option<(&'static str, String)>,
}

impl Refusal {
    pub(super) fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), header: None }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// An unknown user and a pair not assigned are told in the same words.
    pub(super) fn not_found() -> Self {
        Self::new(404, "Not Found")
    }

    pub(super) fn unauthorized() -> Self {
        Self { header: Some(("www-authenticate", "Bearer".to_owned())), ..Self::new(401, "Unauthorized") }
    }

    pub(super) fn method_not_allowed(allowed: &[&str]) -> Self {
        Self { header: Some(("allow", allowed.join(", "))), ..Self::new(405, "Method Not Allowed") }
    }

    pub(super) fn reply(&self, settings: &Settings) -> Reply {
        let Self { status, message, .. } = self;
        let reply = match settings.error_form {
            ErrorForm::Json => answer(*status, &json!({"message": message})),
            ErrorForm::Text => Reply::text(*status, message),
            ErrorForm::Html => html(*status, message),
            ErrorForm::Empty => Reply::empty(*status),
        };
        match &self.header {
            Some((name, value)) => reply.with_header(name, value),
            None => reply,
        }
    }
}

/// JSON with its charset.
pub(super) fn answer(status: u16, body: &Value) -> Reply {
    Reply::bytes(status, Some("application/json; charset=utf-8"), Bytes::from(body.to_string()))
}

fn html(status: u16, message: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html><head><title>{status}</title></head><body><h1>{status}</h1><p>{message}</p></body></html>\n"
    );
    Reply::bytes(status, Some("text/html; charset=utf-8"), Bytes::from(page))
}
