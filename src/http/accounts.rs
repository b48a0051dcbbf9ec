//! `/integrated-account`: connecting a provider's account, listing and forgetting it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};
use utoipa::ToSchema;

use super::error::ApiError;
use super::extract::{Admin, Authorized};
use super::idempotency::{Attempt, Done, KeyHeader, canonical, once};
use super::respond::json_response;
use super::{Site, parse_body};
use crate::gateway::{End, Gateway, IdempotencyKey};
use crate::model::ErrorKind;
use crate::storage::{AccountRecord, new_id};

const PATH: &str = "/integrated-account";

/// An account to connect.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// A connector's slug, or one of its aliases.
    #[schema(example = "guardhouse")]
    integration: String,
    /// Your own name for whose account this is.
    tenant_id: Option<String>,
    /// The connector's settings and credentials.
    #[schema(value_type = Object)]
    context: Map<String, Json>,
}

/// Connects an account.
#[utoipa::path(
    post, path = "/integrated-account", operation_id = "connectAccount", tag = "accounts",
    summary = "Connect an account", description = "Tries the credentials with one read, and keeps them encrypted.",
    params(super::openapi::IdempotencyKey),
    request_body = NewAccount,
    responses(
        (status = 201, description = "Connected; secrets are never returned", body = super::openapi::IntegratedAccount),
        (status = 400, description = "An unknown integration, or a context that does not suit it", body = super::openapi::Error),
        (status = 401, description = "No valid API token, or the provider does not take the credentials", body = super::openapi::Error),
        (status = 403, description = "The token lacks the scope `admin`, or the account lacks permissions at the provider", body = super::openapi::Error),
        (status = 409, description = "A request with the same `Idempotency-Key` is in flight", body = super::openapi::Error),
        (status = 422, description = "The `Idempotency-Key` was used for another request", body = super::openapi::Error),
        (status = 503, description = "The provider is not there", body = super::openapi::Error),
    ),
    security(("api_token" = ["admin"]))
)]
pub(super) async fn connect(
    caller: Authorized<Admin>,
    State(gateway): State<Arc<Gateway>>,
    axum::Extension(site): axum::Extension<Arc<Site>>,
    key: KeyHeader,
    body: Body,
) -> Result<Response, ApiError> {
    let new: NewAccount = parse_body(body, site.limits.body_bytes).await?;
    let caller = caller.0;
    let Some(text) = key.0 else {
        let record = gateway.connect(&caller, &new.integration, new.tenant_id, &new.context).await?;
        return Ok(json_response(201, shown(&record).to_string()));
    };
    let key = IdempotencyKey::new(&caller, "", PATH, &text, &canonical(&new));
    let (at, request_id) = (Arc::clone(&gateway), new_id());
    let work = async move |attempt: Attempt| {
        let id = attempt.first_request_id;
        let made = if attempt.is_again { at.find_account(&caller, &id).await? } else { None };
        let record = match made {
            Some(record) => record,
            None => at.connect_as(id, &caller, &new.integration, new.tenant_id, &new.context).await?,
        };
        Ok(Done { response: json_response(201, shown(&record).to_string()), end: End::Kept, repeats: None })
    };
    once(&gateway, key, &request_id, work).await.map_err(|error| ApiError::from(error).with_request_id(&request_id))
}

/// Lists the accounts of the token's environment.
#[utoipa::path(
    get, path = "/integrated-account", operation_id = "listAccounts", tag = "accounts", summary = "List accounts",
    responses((status = 200, description = "The accounts of the token's environment, oldest first", body = super::openapi::IntegratedAccounts),
              (status = 401, description = "No valid API token", body = super::openapi::Error)),
    security(("api_token" = ["admin"]))
)]
pub(super) async fn list(caller: Authorized<Admin>, State(gateway): State<Arc<Gateway>>) -> Response {
    let accounts: Vec<Json> = gateway.accounts(&caller.0).iter().map(|entry| shown(&entry.record)).collect();
    let count = accounts.len();
    let body = json!({"result": accounts, "next_cursor": null, "prev_cursor": null, "result_count": count});
    json_response(200, body.to_string())
}

/// Shows one account.
#[utoipa::path(
    get, path = "/integrated-account/{id}", operation_id = "getAccount", tag = "accounts", summary = "Show an account",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 200, description = "The account", body = super::openapi::IntegratedAccount),
              (status = 404, description = "No such account in the token's environment", body = super::openapi::Error)),
    security(("api_token" = ["admin"]))
)]
pub(super) async fn get(
    caller: Authorized<Admin>,
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let accounts = gateway.accounts(&caller.0);
    let entry = accounts.iter().find(|entry| entry.record.id == id);
    let entry = entry.ok_or_else(|| ApiError::new(ErrorKind::NotFound, "there is no such integrated account"))?;
    Ok(json_response(200, shown(&entry.record).to_string()))
}

/// Forgets an account.
#[utoipa::path(
    delete, path = "/integrated-account/{id}", operation_id = "disconnectAccount", tag = "accounts", summary = "Forget an account",
    params(("id" = String, Path, description = "The account's id")),
    responses((status = 204, description = "Forgotten, with its credentials"),
              (status = 404, description = "No such account in the token's environment", body = super::openapi::Error)),
    security(("api_token" = ["admin"]))
)]
pub(super) async fn disconnect(
    caller: Authorized<Admin>,
    State(gateway): State<Arc<Gateway>>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    gateway.disconnect(&caller.0, &id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// An account without its secrets.
pub(super) fn shown(record: &AccountRecord) -> Json {
    json!({
        "id": record.id,
        "integration": record.integration,
        "tenant_id": record.tenant_id,
        "environment": record.environment,
        "status": record.status.as_str(),
        "context": record.context,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    })
}
