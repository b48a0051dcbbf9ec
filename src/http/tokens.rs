//! `/api-token`: making a token, listing those there are, revoking one.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::ToSchema;

use super::error::ApiError;
use super::extract::{Admin, Authorized};
use super::idempotency::{Attempt, Done, KeyHeader, canonical, once};
use super::respond::json_response;
use super::{Site, parse_body};
use crate::gateway::{self, DEFAULT_ENVIRONMENT, End, Expiry, Gateway, IdempotencyKey};
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
    /// When it ends, RFC 3339. Without this and `expires_in_s` it lasts until it is revoked.
    #[schema(example = "2030-01-31T00:00:00Z")]
    expires_at: Option<String>,
    /// After so many seconds it ends: this or `expires_at`.
    expires_in_s: Option<u64>,
}

impl NewToken {
    fn expiry(&self) -> Result<Option<Expiry>, ApiError> {
        let wrong = |message: &str| ApiError::new(ErrorKind::InvalidRequest, message);
        match (&self.expires_at, self.expires_in_s) {
            (Some(_), Some(_)) => {
                Err(wrong("expires_at and expires_in_s both say when the token ends; give one of them"))
            }
            (Some(at), None) => {
                let at: Timestamp = at.parse().map_err(|_| {
                    wrong("expires_at must be a time with its offset, as RFC 3339 has it: 2030-01-31T00:00:00Z")
                })?;
                Ok(Some(Expiry::At(at)))
            }
            (None, seconds) => Ok(seconds.map(|seconds| Expiry::In(Duration::from_secs(seconds)))),
        }
    }
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
    security(("api_token" = ["admin"]))
)]
pub(super) async fn create(
    caller: Authorized<Admin>,
    State(gateway): State<Arc<Gateway>>,
    axum::Extension(site): axum::Extension<Arc<Site>>,
    key: KeyHeader,
    body: Body,
) -> Result<Response, ApiError> {
    let new: NewToken = parse_body(body, site.limits.body_bytes).await?;
    let expiry = new.expiry()?;
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
    let new = gateway::NewToken { name: new.name, scopes, environment, envelope: new.envelope, expiry };
    let Some(key) = key else {
        let (record, token) = gateway.create_token(new).await?;
        return Ok(shown_once(&record, &token));
    };
    let (at, request_id) = (Arc::clone(&gateway), new_id());
    let work = async move |attempt: Attempt| {
        let id = attempt.first_request_id;
        if attempt.is_again && at.has_token(&new.environment, &id).await? {
            return Ok(Done { response: was_shown(&id), end: End::Kept, repeats: None });
        }
        let (record, token) = at.create_token_as(id, new).await?;
        // The token's text is kept nowhere, here neither.
        Ok(Done { response: shown_once(&record, &token), end: End::Kept, repeats: Some(was_shown(&record.id)) })
    };
    once(&gateway, key, &request_id, work).await.map_err(|error| ApiError::from(error).with_request_id(&request_id))
}

fn shown_once(record: &TokenRecord, token: &SecretString) -> Response {
    let mut body = shown(record);
    body["token"] = Json::from(token.expose_secret());
    json_response(201, body.to_string())
}

fn was_shown(id: &str) -> Response {
    let message = format!(
        "the request with this Idempotency-Key has made the token {id}, whose text is shown once and kept nowhere; make \
         another under a new key"
    );
    ApiError::new(ErrorKind::Conflict, message).into_response()
}

/// Lists API tokens.
#[utoipa::path(
    get, path = "/api-token", operation_id = "listTokens", tag = "tokens", summary = "List API tokens",
    description = "Those of the token's environment; all, for a token of the environment `default`. Expired ones are listed \
                   until they are revoked, and the administrator's token of the settings is not.",
    responses((status = 200, description = "The tokens, without their texts, oldest first", body = super::openapi::KnownTokens),
              (status = 401, description = "No valid API token", body = super::openapi::Error),
              (status = 403, description = "The token lacks the scope `admin`", body = super::openapi::Error)),
    security(("api_token" = ["admin"]))
)]
pub(super) async fn list(caller: Authorized<Admin>, State(gateway): State<Arc<Gateway>>) -> Result<Response, ApiError> {
    let tokens: Vec<Json> = gateway.tokens(&caller.0).await?.iter().map(shown).collect();
    let count = tokens.len();
    let body = json!({"result": tokens, "next_cursor": null, "prev_cursor": null, "result_count": count});
    Ok(json_response(200, body.to_string()))
}

/// Revokes an API token.
#[utoipa::path(
    delete, path = "/api-token/{id}", operation_id = "revokeToken", tag = "tokens", summary = "Revoke an API token",
    description = "Within a second it lets nobody in, at any process on this database. Requests it has begun come to their end.",
    params(("id" = String, Path, description = "The token's id")),
    responses((status = 204, description = "Revoked"),
              (status = 401, description = "No valid API token", body = super::openapi::Error),
              (status = 403, description = "The token lacks the scope `admin`", body = super::openapi::Error),
              (status = 404, description = "No such token that this one may see", body = super::openapi::Error),
              (status = 409, description = "Nobody could administer the gateway without it", body = super::openapi::Error)),
    security(("api_token" = ["admin"]))
)]
pub(super) async fn revoke(
    caller: Authorized<Admin>,
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    gateway.revoke_token(&caller.0, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A token without its text.
fn shown(record: &TokenRecord) -> Json {
    json!({
        "id": record.id,
        "name": record.name,
        "scopes": record.scopes,
        "environment": record.environment,
        "envelope": record.envelope,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
    })
}
