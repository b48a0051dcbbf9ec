//! The one place where an error becomes HTTP: the contract's body, its status and its headers.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::limits;
use crate::engine::{Answered, Failure, normalised};
use crate::gateway::{GatewayError, KeyError, Limited};
use crate::model::{ErrorKind, RequestError};
use crate::storage::StorageError;

/// An error as a client sees it.
#[derive(Debug)]
pub(super) struct ApiError {
    pub(super) status: u16,
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    pub(super) request_id: String,
    pub(super) headers: HeaderMap,
    /// Further members of the body.
    pub(super) members: Map<String, Json>,
    pub(super) is_remote: bool,
}

impl ApiError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            status: kind.status(),
            kind,
            message: message.into(),
            request_id: String::new(),
            headers: HeaderMap::new(),
            members: Map::new(),
            is_remote: false,
        }
    }

    pub(super) fn with_request_id(self, request_id: &str) -> Self {
        Self { request_id: request_id.to_owned(), ..self }
    }

    /// What a provider answered, or why it did not; or why it was not asked.
    pub(super) fn of_failure(
        failure: &Failure,
        status: u16,
        kind: ErrorKind,
        secret_fields: &[String],
        rates: &crate::connector::RateLimitSource,
    ) -> Self {
        let is_remote = !failure.ours && (is_of_provider(kind) || failure.said().is_some());
        let mut error = Self { status, is_remote, ..Self::new(kind, failure.message.clone()) };
        if let Some(answer) = failure.said() {
            error.add_answer(answer, secret_fields, rates);
        }
        if let Some(seconds) = failure.again_in_s {
            error.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if is_remote {
            let insight = json!({"remote_error": {"description": failure.message}});
            error.members.insert("truto_error_insight".into(), insight);
        }
        error
    }

    fn add_answer(&mut self, answer: &Answered, secret_fields: &[String], rates: &crate::connector::RateLimitSource) {
        let body = crate::engine::shown_body(answer.shown(), secret_fields);
        self.members.insert("raw_response".into(), body.unwrap_or(Json::Null));
        self.headers.extend(normalised(&answer.headers, rates, self.status == 429));
    }
}

/// Whether errors of this kind are a provider's, unless something else says so.
pub(super) fn is_of_provider(kind: ErrorKind) -> bool {
    !matches!(kind, ErrorKind::Refused | ErrorKind::InvalidRequest | ErrorKind::Internal)
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        let mut api = Self::new(ErrorKind::InvalidRequest, error.message);
        if error.too_large {
            api.status = 413;
        }
        if !error.missing_query.is_empty() || !error.missing_body.is_empty() {
            let insight = json!({
                "missing_required_query_parameters": error.missing_query,
                "missing_required_body_fields": error.missing_body,
            });
            api.members.insert("truto_error_insight".into(), insight);
        }
        api
    }
}

impl From<Limited> for ApiError {
    fn from(limited: Limited) -> Self {
        Self { headers: limits::of_ours(&limited), ..Self::new(ErrorKind::RateLimited, limited.to_string()) }
    }
}

impl From<GatewayError> for ApiError {
    fn from(error: GatewayError) -> Self {
        match error {
            GatewayError::Request(error) => error.into(),
            GatewayError::NotFound(message) => Self::new(ErrorKind::NotFound, message),
            GatewayError::Limited(limited) => limited.into(),
            GatewayError::Conflict(message) => Self::new(ErrorKind::Conflict, message),
            GatewayError::Context(error) => Self::new(ErrorKind::InvalidRequest, error.to_string()),
            GatewayError::Credentials { failure, connector } => {
                let status = failure.remote_status().filter(|status| *status >= 400).unwrap_or(failure.kind.status());
                let message = format!("the account was not connected: {}", failure.message);
                let (secret_fields, rates) = (&connector.secret_fields, &connector.rate_limit);
                Self { message, ..Self::of_failure(&failure, status, failure.kind, secret_fields, rates) }
            }
            GatewayError::Storage(error @ (StorageError::Unavailable { .. } | StorageError::Damaged { .. })) => {
                tracing::error!(%error, "the database does not serve");
                Self { status: 503, ..Self::new(ErrorKind::Internal, "the gateway's database does not serve") }
            }
            GatewayError::Idempotency(error) => {
                let kind = match error {
                    KeyError::OtherRequest => ErrorKind::Refused,
                    _ => ErrorKind::Conflict,
                };
                let mut api = Self::new(kind, error.to_string());
                if error == KeyError::InFlight {
                    api.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
                }
                api
            }
            error => {
                tracing::error!(%error, "a request failed");
                Self::new(ErrorKind::Internal, "the gateway failed; its log says why")
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, headers, body) = self.rendered();
        let mut response = Response::new(axum::body::Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }
}

impl ApiError {
    /// Status, headers and body.
    pub(super) fn rendered(mut self) -> (StatusCode, HeaderMap, String) {
        if self.request_id.is_empty() {
            self.request_id = uuid::Uuid::now_v7().to_string();
        }
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = Map::new();
        body.insert("statusCode".into(), Json::from(status.as_u16()));
        body.insert("error".into(), Json::from(status.canonical_reason().unwrap_or("Error")));
        body.insert("message".into(), Json::from(self.message));
        body.insert("truto_is_remote_error".into(), Json::Bool(self.is_remote));
        body.extend(self.members);
        body.insert("kind".into(), json!(self.kind));
        body.insert("request_id".into(), Json::from(self.request_id.as_str()));
        let mut headers = self.headers;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Ok(id) = HeaderValue::from_str(&self.request_id) {
            headers.insert("offramp-request-id", id);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE && !headers.contains_key(RETRY_AFTER) && !self.is_remote {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        (status, headers, Json::Object(body).to_string())
    }
}
