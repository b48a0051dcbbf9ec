//! The answers that more than one endpoint gives. Only the texts of the 404s are documented; problem documents
//! stand for the rest.

use bytes::Bytes;
use serde_json::{Value, json};

use super::settings::{NotFoundBody, Settings};
use crate::sandbox::Reply;

pub(super) const USER_NOT_FOUND: &str = "User not found";
pub(super) const ROLE_NOT_FOUND: &str = "Role not found";

const WRONG_TENANT_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>404</title></head>\
     <body><h1>404</h1><p>There is no tenant at this address.</p></body></html>\n";

/// JSON as the API writes it, with its charset.
pub(super) fn json_utf8(status: u16, body: &Value) -> Reply {
    let body = Bytes::from(body.to_string());
    Reply::bytes(status, Some("application/json; charset=utf-8"), body)
}

/// 404 with one of the documented texts.
pub(super) fn not_found(text: &str, settings: &Settings) -> Reply {
    match settings.not_found_body {
        NotFoundBody::Text => Reply::text(404, text),
        NotFoundBody::JsonString => json_utf8(404, &Value::from(text)),
    }
}

/// A refusal without a documented form.
pub(super) fn problem(status: u16, title: &str) -> Reply {
    let body = json!({"title": title, "status": status});
    let body = Bytes::from(body.to_string());
    Reply::bytes(status, Some("application/problem+json; charset=utf-8"), body)
}

/// What answers where there is no tenant of that name.
pub(super) fn wrong_tenant() -> Reply {
    let page = Bytes::from_static(WRONG_TENANT_PAGE.as_bytes());
    Reply::bytes(404, Some("text/html; charset=utf-8"), page)
}
