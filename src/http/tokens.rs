//! `POST /api-token`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::error::ApiError;
use super::extract::{Admin, Authorized};
use super::idempotency::{Attempt, Done, KeyHeader, canonical, once};
use super::respond::json_response;
use super::{Site, parse_body};
use crate::gateway::{DEFAULT_ENVIRONMENT, End, Gateway, IdempotencyKey};
use crate::model::ErrorKind;
use crate::storage::{Envelope, Scope, TokenRecord, new_id};

const PATH: &str = "/api-token";

/// A token to make.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewToken {
    /// What it is for.
    #[schema(example = "off-boarding")]
    name: String,
    /// `call`, `admin`, `audit`; `call` alone where none is named.
    #[schema(value_type = Option<Vec<String>>, example = json!(["call"]))]
    scopes: Option<Vec<Scope>>,
    /// Environments come into being by being named.
    #[schema(example = "default")]
    environment: Option<String>,
    /// `bare` or `result`.
    #[schema(value_type = Option<String>, example = "bare")]
    envelope: Option<Envelope>,
}

/// Makes an API token.
#[utoipa::path(
    post, path = "/api-token", operation_id = "createToken", tag = "tokens", summary = "Make an API token",
    description = "The token is shown once and kept only as a hash.",
    params(super::openapi::IdempotencyKey),
    request_body = NewToken,
    responses((status = 201, description = "Made", body = super::openapi::CreatedToken),
              (status = 400, description = "Bad input", body = super::openapi::Error),
              (status = 401, description = "No valid API token", body = super::openapi::Error),
              (status = 403, description = "The token lacks the scope `admin`", body = super::openapi::Error),
              (status = 409, description = "A request with the same `Idempotency-Key` has made its token, or is in flight", body = super::openapi::Error),
              (status = 422, description = "The `Idempotency-Key` was used for another request", body = super::openapi::Error)),
    security(("api_token" = []))
)]
pub(super) async fn create(
    caller: Authorized<Admin>,
    State(gateway): State<Arc<Gateway>>,
    axum::Extension(site): axum::Extension<Arc<Site>>,
    key: KeyHeader,
    body: Body,
) -> Result<Response, ApiError> {
    let new: NewToken = parse_body(body, site.limits.body_bytes).await?;
    let key = key.0.map(|text| IdempotencyKey::new(&caller.0, "", PATH, &text, &canonical(&new)));
    let scopes = new.scopes.unwrap_or_else(|| vec![Scope::Call]);
    if new.name.trim().is_empty() || scopes.is_empty() {
        let message = "name must say what the token is for, and scopes must name at least one of call, admin, audit";
        return Err(ApiError::new(ErrorKind::InvalidRequest, message));
    }
    let environment = new.environment.unwrap_or_else(|| caller.0.environment.clone());
    if caller.0.environment != DEFAULT_ENVIRONMENT && environment != caller.0.environment {
        let message = "a token of this environment makes tokens of this environment only";
        return Err(ApiError::new(ErrorKind::Forbidden, message));
    }
    let Some(key) = key else {
        let (record, token) = gateway.create_token(&new.name, scopes, &environment, new.envelope).await?;
        return Ok(shown_once(&record, &token));
    };
    let (at, request_id) = (Arc::clone(&gateway), new_id());
    let work = async move |attempt: Attempt| {
        let id = attempt.first_request_id;
        if attempt.is_again && at.has_token(&environment, &id).await? {
            return Ok(Done { response: was_shown(&id), end: End::Kept, repeats: None });
        }
        let (record, token) = at.create_token_as(id, &new.name, scopes, &environment, new.envelope).await?;
        // The token's text is kept nowhere, here neither.
        Ok(Done { response: shown_once(&record, &token), end: End::Kept, repeats: Some(was_shown(&record.id)) })
    };
    once(&gateway, key, &request_id, work).await.map_err(|error| ApiError::from(error).with_request_id(&request_id))
}

fn shown_once(record: &TokenRecord, token: &SecretString) -> Response {
    let scopes: Vec<&str> = record.scopes.iter().map(|scope| scope.as_str()).collect();
    let body = json!({
        "id": record.id,
        "token": token.expose_secret(),
        "name": record.name,
        "scopes": scopes,
        "environment": record.environment,
        "envelope": record.envelope,
        "created_at": record.created_at,
    });
    json_response(201, body.to_string())
}

fn was_shown(id: &str) -> Response {
    let message = format!(
        "the request with this Idempotency-Key has made the token {id}, whose text is shown once and kept nowhere; make \
         another under a new key"
    );
    ApiError::new(ErrorKind::Conflict, message).into_response()
}
