//! The bytes of Slack's answers: the `ok` envelope on HTTP 200, and the few answers that are not in it.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::settings::Settings;
use crate::sandbox::Reply;

/// What a method gives: the fields that follow `"ok":true`, or its error.
pub(super) type Outcome = Result<Map<String, Value>, MethodError>;

/// An `"ok":false` answer.
#[derive(Clone, Debug)]
pub(super) struct MethodError {
    error: String,
    fields: Map<String, Value>,
}

impl MethodError {
    pub(super) fn new(error: &str) -> Self {
        Self { error: error.to_owned(), fields: Map::new() }
    }

    /// `invalid_arguments` with a line for each thing that is wrong.
    pub(super) fn arguments(messages: &[String]) -> Self {
        let lines: Vec<String> = messages.iter().map(|m| format!("[ERROR] {m}")).collect();
        Self::new("invalid_arguments").with("response_metadata", json!({"messages": lines}))
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }
}

pub(super) fn reply(outcome: Outcome, settings: &Settings) -> Reply {
    let mut body = Map::new();
    let fields = match outcome {
        Ok(fields) => {
            body.insert("ok".into(), true.into());
            fields
        }
        Err(refused) => {
            body.insert("ok".into(), false.into());
            body.insert("error".into(), refused.error.into());
            refused.fields
        }
    };
    body.extend(fields);
    if settings.extra_fields {
        body.insert("warning".into(), "superfluous_charset".into());
        let metadata = body.entry("response_metadata").or_insert_with(|| json!({}));
        if let Value::Object(metadata) = metadata {
            metadata.insert("warnings".into(), json!(["superfluous_charset"]));
        }
        body.insert("not_documented_yet".into(), json!({"n": 1, "list": [null]}));
    }
    envelope(200, &Value::Object(body))
}

/// HTTP 429 as Slack sends it.
pub fn ratelimited(retry_after_s: u64) -> Reply {
    envelope(429, &json!({"ok": false, "error": "ratelimited"})).with_header("retry-after", retry_after_s.to_string())
}

/// What the edge in front of Slack sends when Slack itself does not answer.
pub fn html_error(status: u16) -> Reply {
    let page =
        format!("<!DOCTYPE html><html><head><title>Server Error</title></head><body><h1>{status}</h1></body></html>");
    Reply::bytes(status, Some("text/html; charset=utf-8"), Bytes::from(page.into_bytes()))
}

pub(super) fn no_such_page() -> Reply {
    let page = "<!DOCTYPE html><html><head><title>There's been a glitch</title></head><body>Not found</body></html>";
    Reply::bytes(404, Some("text/html; charset=utf-8"), Bytes::from_static(page.as_bytes()))
}

pub(super) fn envelope(status: u16, body: &Value) -> Reply {
    let bytes = Bytes::from(body.to_string());
    Reply::bytes(status, Some("application/json; charset=utf-8"), bytes)
}
