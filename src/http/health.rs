//! `/health/live` and `/health/ready`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;

use super::error::ApiError;
use super::respond::json_response;
use crate::gateway::Gateway;
use crate::model::ErrorKind;

/// The process runs.
#[utoipa::path(get, path = "/health/live", operation_id = "live", tag = "operations", summary = "The process runs",
    responses((status = 200, description = "It does")))]
pub(super) async fn live() -> Response {
    json_response(200, r#"{"status":"live"}"#)
}

/// Requests can be served.
#[utoipa::path(get, path = "/health/ready", operation_id = "ready", tag = "operations", summary = "Requests can be served",
    responses((status = 200, description = "They can"), (status = 503, description = "The database does not answer", body = super::openapi::Error)))]
pub(super) async fn ready(State(gateway): State<Arc<Gateway>>) -> Result<Response, ApiError> {
    gateway.ready().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        ApiError { status: 503, ..ApiError::new(ErrorKind::Internal, "the gateway's database does not answer") }
    })?;
    Ok(json_response(200, r#"{"status":"ready"}"#))
}
