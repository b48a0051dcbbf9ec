//! `POST /unified/user-directory/users/unassign-role`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::request::Parts;
use uuid::Uuid;

use super::decode::{self, Decoded};
use super::error::ApiError;
use super::extract::{Authorized, Call};
use super::respond::{Context, respond};
use super::{Site, read_body};
use crate::engine::Report;
use crate::model::ErrorKind;

/// Takes a role away from a user.
#[utoipa::path(
    post,
    path = "/unified/user-directory/users/unassign-role",
    operation_id = "unassignRole",
    tag = "users",
    summary = "Take a role away from a user",
    description = "Plans, runs and proves the removal at the provider of the integrated account. The alias \
                   `/unified/user-directory/users/unassign_role` is the same.",
    params(super::openapi::UnassignQuery),
    request_body(content = super::openapi::UnassignBody, description = "Each of these may also stand in the query."),
    responses(
        (status = 200, description = "The role is gone, or was not held; or the plan of a dry run", body = super::openapi::UnifiedUser,
         example = json!(super::openapi::user_example())),
        (status = 400, description = "Bad input: nothing was sent", body = super::openapi::Error,
         example = json!(super::openapi::missing_example())),
        (status = 401, description = "No valid API token, or the provider does not take the account's credentials", body = super::openapi::Error),
        (status = 403, description = "The API token lacks the scope, or the account may not do this at the provider", body = super::openapi::Error),
        (status = 404, description = "No such account, user or role", body = super::openapi::Error,
         example = json!(super::openapi::not_found_example())),
        (status = 409, description = "The provider's state forbids it, or the role is still held through a group", body = super::openapi::Error),
        (status = 413, description = "The body is larger than the limit", body = super::openapi::Error),
        (status = 422, description = "A guard or the definition forbids it: no write was sent", body = super::openapi::Error),
        (status = 429, description = "The provider's rate limit, or the token's or account's own here; `Retry-After` says when", body = super::openapi::Error),
        (status = 502, description = "Not known whether it was done, or accepted without effect", body = super::openapi::Error),
        (status = 503, description = "The provider is not there", body = super::openapi::Error),
        (status = 504, description = "The provider did not answer in time", body = super::openapi::Error),
    ),
    security(("api_token" = ["call"]))
)]
pub(super) async fn unassign_role(
    caller: Authorized<Call>,
    State(gateway): State<Arc<crate::gateway::Gateway>>,
    axum::Extension(site): axum::Extension<Arc<Site>>,
    RawQuery(query): RawQuery,
    idempotency: Idempotency,
    body: Body,
) -> Response {
    let request_id = Uuid::now_v7().to_string();
    let answer = async {
        if idempotency.has_key {
            let message = "the header Idempotency-Key is not supported yet; send the request without it";
            return Err(ApiError::new(ErrorKind::InvalidRequest, message));
        }
        let body = read_body(body, site.limits.body_bytes).await?;
        let Decoded { integrated_account_id, request, ignored_parameters } =
            decode::decode(query.as_deref().unwrap_or_default(), &body, &site.limits)?;
        let options = request.options.clone();
        let account = gateway.account(&caller.0, &integrated_account_id)?;
        let report = gateway.unassign(&caller.0, Arc::clone(&account), request, &request_id).await?;
        log(&report, &account.id, &request_id);
        let context = Context {
            options: &options,
            envelope: caller.0.envelope,
            request_id: &request_id,
            connector: &account.connector,
        };
        let mut response = respond(report, &context);
        if let Some(names) = ignored_header(&ignored_parameters) {
            response.headers_mut().insert("offramp-ignored-parameters", names);
        }
        Ok::<Response, ApiError>(response)
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => error.with_request_id(&request_id).into_response(),
    }
}

/// A removal that did not come to a good end is worth a line; one that did is not, unless asked for.
fn log(report: &Report, account: &str, request_id: &str) {
    let (outcome, verified) = (report.outcome().as_str(), report.verified().as_str());
    let remote_calls = report.remote_calls;
    match report.status() {
        (_, None) => tracing::debug!(request_id, account, outcome, verified, remote_calls, "a role was unassigned"),
        (status, Some(_)) => {
            tracing::info!(request_id, account, outcome, verified, remote_calls, status, "a role was not unassigned");
        }
    }
}

/// Whether the request carries an `Idempotency-Key`, without copying its headers.
pub(super) struct Idempotency {
    has_key: bool,
}

impl<S: Sync> FromRequestParts<S> for Idempotency {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self { has_key: parts.headers.contains_key("idempotency-key") })
    }
}

/// Names a client sent that mean nothing here: its own text, so only what a header may hold of it, and not too much.
fn ignored_header(names: &[String]) -> Option<HeaderValue> {
    const LONGEST: usize = 1000;
    if names.is_empty() {
        return None;
    }
    let joined = names.join(", ");
    let text: String =
        joined.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(LONGEST).collect();
    HeaderValue::from_str(&text).ok()
}
