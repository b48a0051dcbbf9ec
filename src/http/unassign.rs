//! `POST /unified/user-directory/users/unassign-role`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use serde_json::json;
use uuid::Uuid;

use super::decode::{self, Decoded};
use super::error::ApiError;
use super::extract::{Authorized, Call};
use super::idempotency::{Attempt, Done, KeyHeader, canonical, once};
use super::respond::{Context, respond};
use super::{Site, read_body};
use crate::credentials::Account;
use crate::engine::Report;
use crate::gateway::{Caller, Gateway, GatewayError, IdempotencyKey};
use crate::model::UnassignRequest;

/// The alias is the same: a key means the same at both.
const PATH: &str = "/unified/user-directory/users/unassign-role";

/// Takes a role away from a user.
#[utoipa::path(
    post,
    path = "/unified/user-directory/users/unassign-role",
    operation_id = "unassignRole",
    tag = "users",
    summary = "Take a role away from a user",
    description = "Plans, runs and proves the removal at the provider of the integrated account. The alias \
                   `/unified/user-directory/users/unassign_role` is the same.",
    params(super::openapi::UnassignQuery, super::openapi::IdempotencyKey),
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
        (status = 409, description = "The provider's state forbids it, or the role is still held through a group; or a request with the same \
                        `Idempotency-Key` is in flight, or its answer was too large to be kept", body = super::openapi::Error),
        (status = 413, description = "The body is larger than the limit", body = super::openapi::Error),
        (status = 422, description = "A guard or the definition forbids it, or the `Idempotency-Key` was used for another request: no \
                        write was sent", body = super::openapi::Error),
        (status = 429, description = "The provider's rate limit, or the token's or account's own here; `Retry-After` says when", body = super::openapi::Error),
        (status = 502, description = "Not known whether it was done, or accepted without effect", body = super::openapi::Error),
        (status = 503, description = "The provider is not there", body = super::openapi::Error),
        (status = 504, description = "The provider did not answer in time", body = super::openapi::Error),
    ),
    security(("api_token" = ["call"]))
)]
pub(super) async fn unassign_role(
    caller: Authorized<Call>,
    State(gateway): State<Arc<Gateway>>,
    axum::Extension(site): axum::Extension<Arc<Site>>,
    RawQuery(query): RawQuery,
    key: KeyHeader,
    body: Body,
) -> Response {
    let request_id = Uuid::now_v7().to_string();
    let answer = async {
        let body = read_body(body, site.limits.body_bytes).await?;
        let Decoded { integrated_account_id, request, ignored_parameters } =
            decode::decode(query.as_deref().unwrap_or_default(), &body, &site.limits)?;
        let account = gateway.account(&caller.0, &integrated_account_id)?;
        let removal = Removal { caller: caller.0, account, request, ignored_parameters };
        // A plan changes nothing, and uses no key up.
        match key.0.filter(|_| !removal.request.options.dry_run) {
            None => Ok::<_, ApiError>(removal.run(&gateway, &request_id, false).await?.response),
            Some(text) => {
                let key = removal.key(&text);
                let (at, id) = (Arc::clone(&gateway), request_id.clone());
                let work = async move |attempt: Attempt| removal.run(&at, &id, attempt.is_again).await;
                // On the heap: most requests carry no key, and pay nothing for those that do.
                Ok(Box::pin(once(&gateway, key, &request_id, work)).await?)
            }
        }
    };
    match answer.await {
        Ok(response) => response,
        Err(error) => error.with_request_id(&request_id).into_response(),
    }
}

/// A removal that is ready to be carried out.
struct Removal {
    caller: Arc<Caller>,
    account: Arc<Account>,
    request: UnassignRequest,
    ignored_parameters: Vec<String>,
}

impl Removal {
    fn key(&self, text: &str) -> IdempotencyKey {
        let request = json!({"request": self.request, "envelope": self.caller.envelope});
        IdempotencyKey::new(&self.caller, &self.account.id, PATH, text, &canonical(&request))
    }

    async fn run(self, gateway: &Arc<Gateway>, request_id: &str, is_again: bool) -> Result<Done, GatewayError> {
        let Self { caller, account, request, ignored_parameters } = self;
        let options = request.options.clone();
        let report = if is_again {
            gateway.unassign_again(&caller, Arc::clone(&account), request, request_id).await?
        } else {
            gateway.unassign(&caller, Arc::clone(&account), request, request_id).await?
        };
        log(&report, &account.id, request_id);
        let end = Done::of_report(&report);
        let (connector, envelope) = (&account.connector, caller.envelope);
        let context = Context { options: &options, envelope, request_id, connector };
        let mut response = respond(report, &context);
        if let Some(names) = ignored_header(&ignored_parameters) {
            response.headers_mut().insert("offramp-ignored-parameters", names);
        }
        Ok(Done { response, end, repeats: None })
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
