//! Every route, in reading order.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, delete, get, post};
use axum::{Extension, Router};
use http::Uri;
use tower::ServiceExt;

use super::error::ApiError;
use super::{Site, accounts, audit, health, openapi, tokens, unassign};
use crate::gateway::Gateway;
use crate::model::ErrorKind;

/// The API.
pub fn router(gateway: Arc<Gateway>, site: Site) -> Router {
    let routes = Router::new()
        // Truto's unified user directory
        .route("/unified/user-directory/users/unassign-role", post(unassign::unassign_role))
        .route("/unified/user-directory/users/unassign_role", post(unassign::unassign_role))
        // administration
        .route("/integrated-account", post(accounts::connect).get(accounts::list))
        .route("/integrated-account/{id}", get(accounts::get).delete(accounts::disconnect))
        .route("/api-token", post(tokens::create).get(tokens::list))
        .route("/api-token/{id}", delete(tokens::revoke))
        // operations
        .route("/audit", get(audit::list))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route("/openapi.json", get(openapi::serve))
        .method_not_allowed_fallback(wrong_method)
        .layer(Extension(Arc::new(site)))
        .with_state(gateway);
    let again = routes.clone();
    routes.fallback_service(any(single_slash).with_state(again))
}

/// Clients that join a base URL and a path often send `//unified/…`: leading slashes count as one.
async fn single_slash(State(routes): State<Router>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let trimmed = path.trim_start_matches('/');
    if path.len() - trimmed.len() < 2 {
        return not_found().await;
    }
    match format!("/{trimmed}").parse::<Uri>() {
        Ok(uri) => {
            *request.uri_mut() = uri;
            routes.fallback(not_found).oneshot(request).await.into_response()
        }
        Err(_) => not_found().await,
    }
}

async fn not_found() -> Response {
    ApiError::new(ErrorKind::NotFound, "there is no such path; /openapi.json lists those there are").into_response()
}

async fn wrong_method() -> Response {
    let error = ApiError::new(
        ErrorKind::InvalidRequest,
        "this path does not take this method; /openapi.json says which it takes",
    );
    ApiError { status: 405, ..error }.into_response()
}
