//! The envelope of every answer: `meta`, `errors`, `resources`, and the trace id that is in the header too.
//! Documented are the messages named by a constant; the other texts stand for unknown ones.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::settings::{NoErrors, Settings};
use crate::sandbox::Reply;

const API: &str = "cs.flightcontrolapi";
const GATEWAY: &str = "crowdstrike-api-gateway";
const TOKEN_SERVICE: &str = "csam";

const INVALID_TOKEN: &str = "access denied, invalid bearer token";
const FORBIDDEN: &str = "access denied, authorization failed";
const INVALID_USER: &str = "invalid user uuid";
/// Documented as a beginning.
const BAD_CLIENT: &str = "Failed to issue access token - Client authentication failed";

pub(super) type Outcome = Result<Answer, Refusal>;

/// A success.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) created: bool,
    pub(super) page: Option<Page>,
    pub(super) writes: Option<usize>,
    /// On 200 all the same.
    pub(super) errors: Vec<Value>,
    pub(super) resources: Option<Vec<Value>>,
}

/// `meta.pagination`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    pub(super) limit: usize,
    pub(super) offset: usize,
    pub(super) total: usize,
}

impl Answer {
    pub(super) fn of(resources: Vec<Value>) -> Self {
        Self { resources: Some(resources), ..Self::default() }
    }

    pub(super) fn reply(self, settings: &Settings) -> Reply {
        let trace_id = Uuid::now_v7().to_string();
        let mut meta = Map::new();
        meta.insert("query_time".to_owned(), json!(0.123));
        if let Some(Page { limit, offset, total }) = self.page {
            meta.insert("pagination".to_owned(), json!({"limit": limit, "offset": offset, "total": total}));
        }
        if let Some(affected) = self.writes {
            meta.insert("writes".to_owned(), json!({"resources_affected": affected}));
        }
        meta.insert("powered_by".to_owned(), json!(API));
        meta.insert("trace_id".to_owned(), json!(trace_id));
        let mut body = Map::new();
        body.insert("meta".to_owned(), Value::Object(meta));
        let errors = match settings.no_errors {
            _ if !self.errors.is_empty() => Some(Value::Array(self.errors)),
            NoErrors::EmptyList => Some(json!([])),
            NoErrors::Null => Some(Value::Null),
            NoErrors::Absent => None,
        };
        if let Some(errors) = errors {
            body.insert("errors".to_owned(), errors);
        }
        if let Some(resources) = self.resources {
            let null = resources.is_empty() && settings.null_for_no_resources;
            body.insert("resources".to_owned(), if null { Value::Null } else { Value::Array(resources) });
        }
        let status = if self.created { 201 } else { 200 };
        Reply::json(status, &Value::Object(body)).with_header("x-cs-traceid", trace_id)
    }
}

/// An answer that is not a success.
#[derive(Debug)]
pub(super) struct Refusal {
    status: u16,
    powered_by: &'static str,
    message: String,
    /// The header of a 429, in seconds since the epoch.
    retry_after_s: Option<u64>,
}

impl Refusal {
    /// Of the operation itself.
    pub(super) fn api(status: u16, message: &str) -> Self {
        Self { status, powered_by: API, message: message.to_owned(), retry_after_s: None }
    }

    pub(super) fn bad_request(message: impl AsRef<str>) -> Self {
        Self::api(400, message.as_ref())
    }

    pub(super) fn invalid_user() -> Self {
        Self::bad_request(INVALID_USER)
    }

    pub(super) fn invalid_role(id: &str) -> Self {
        Self::bad_request(format!("invalid roleID='{id}' specified"))
    }

    pub(super) fn invalid_token() -> Self {
        Self::gateway(401, INVALID_TOKEN)
    }

    pub(super) fn forbidden() -> Self {
        Self::gateway(403, FORBIDDEN)
    }

    pub(super) fn no_such_page() -> Self {
        Self::gateway(404, "404: Page Not Found")
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::gateway(405, "405: Method Not Allowed")
    }

    /// Until that second since the epoch.
    pub(super) fn rate_limited(retry_after_s: u64, settings: &Settings) -> Self {
        Self { retry_after_s: Some(retry_after_s), ..Self::gateway(429, &settings.rate_limit_message) }
    }

    pub(super) fn bad_client() -> Self {
        Self::token_service(403, BAD_CLIENT)
    }

    pub(super) fn token_service(status: u16, message: &str) -> Self {
        Self { powered_by: TOKEN_SERVICE, ..Self::api(status, message) }
    }

    fn gateway(status: u16, message: &str) -> Self {
        Self { powered_by: GATEWAY, ..Self::api(status, message) }
    }

    pub(super) fn reply(&self) -> Reply {
        let trace_id = Uuid::now_v7().to_string();
        let body = json!({
            "meta": {"query_time": 9.4e-8, "powered_by": self.powered_by, "trace_id": trace_id},
            "errors": [{"code": self.status, "message": self.message}],
        });
        let reply = Reply::json(self.status, &body).with_header("x-cs-traceid", trace_id);
        match self.retry_after_s {
            Some(at_s) => reply.with_header("x-ratelimit-retryafter", at_s.to_string()),
            None => reply,
        }
    }
}
