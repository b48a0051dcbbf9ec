//! `POST /api-token`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::error::ApiError;
use super::extract::{Admin, Authorized};
use super::respond::json_response;
use super::{Site, parse_body};
use crate::gateway::{DEFAULT_ENVIRONMENT, Gateway};
use crate::model::ErrorKind;
use crate::storage::{Envelope, Scope};

/// A token to make.
#[derive(Debug, Deserialize, ToSchema)]
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
    request_body = NewToken,
    responses((status = 201, description = "Made", body = super::openapi::CreatedToken),
              (status = 400, description = "Bad input", body = super::openapi::Error),
              (status = 401, description = "No valid API token", body = super::openapi::Error),
              (status = 403, description = "The token lacks the scope `admin`", body = super::openapi::Error)),
    security(("api_token" = []))
)]
pub(super) async fn create(
    caller: Authorized<Admin>,
    State(gateway): State<Arc<Gateway>>,
    axum::Extension(site): axum::Extension<Arc<Site>>,
    body: Body,
) -> Result<Response, ApiError> {
    let new: NewToken = parse_body(body, site.limits.body_bytes).await?;
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
    let (record, token) = gateway.create_token(&new.name, scopes, &environment, new.envelope).await?;
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
    Ok(json_response(201, body.to_string()))
}
