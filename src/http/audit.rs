//! `GET /audit`.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::response::Response;

use super::error::ApiError;
use super::extract::{Audit, Authorized};
use super::respond::json_response;
use crate::audit::exported;
use crate::gateway::Gateway;
use crate::model::{ErrorKind, RequestError};
use crate::storage::AuditFilter;

const USUAL_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 1000;

/// Lists the audit's entries.
#[utoipa::path(
    get, path = "/audit", operation_id = "listAudit", tag = "audit", summary = "List what was taken away, by whom",
    description = "The entries of the token's environment, oldest first. An intent is written before a call leaves; its \
                   outcome is `unknown` until a `result` or a `settled` entry of the same request follows.",
    params(
        ("integrated_account_id" = Option<String>, Query, description = "Of this account only"),
        ("user" = Option<String>, Query, description = "Of this user only, by the provider's id"),
        ("request_id" = Option<String>, Query, description = "Of this request only"),
        ("kind" = Option<String>, Query, description = "`intent`, `result`, `settled` or `refused`"),
        ("open" = Option<bool>, Query, description = "Intents that have no result"),
        ("limit" = Option<usize>, Query, description = "At most so many, up to 1000; 100 if not given"),
        ("next_cursor" = Option<String>, Query, description = "Where the page before ended"),
    ),
    responses((status = 200, description = "The entries", body = super::openapi::AuditEntries),
              (status = 400, description = "An unknown parameter, or one of the wrong form", body = super::openapi::Error),
              (status = 401, description = "No valid API token", body = super::openapi::Error),
              (status = 403, description = "The token lacks the scope `audit`", body = super::openapi::Error)),
    security(("api_token" = ["audit"]))
)]
pub(super) async fn list(
    caller: Authorized<Audit>,
    State(gateway): State<Arc<Gateway>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let (filter, limit) = parse(query.as_deref().unwrap_or_default())?;
    let entries = gateway.audit(&caller.0, filter, limit).await?;
    let next = entries.last().filter(|_| entries.len() == limit).map(|last| format!("\"{}\"", last.seq));
    let lines: Vec<String> = entries.iter().map(exported).collect();
    let body = format!(
        r#"{{"result":[{}],"next_cursor":{},"prev_cursor":null,"result_count":{}}}"#,
        lines.join(","),
        next.as_deref().unwrap_or("null"),
        lines.len()
    );
    Ok(json_response(200, body))
}

fn parse(query: &str) -> Result<(AuditFilter, usize), ApiError> {
    let (mut filter, mut limit) = (AuditFilter::default(), USUAL_LIMIT);
    let wrong = |name: &str, wants: &str| ApiError::from(RequestError::new(format!("{name} must be {wants}")));
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        let text = || Some(value.clone().into_owned());
        match &*name {
            "integrated_account_id" => filter.account = text(),
            "user" => filter.user = text(),
            "request_id" => filter.request_id = text(),
            "kind" => filter.kind = text(),
            "open" => filter.open = value.parse().map_err(|_| wrong("open", "true or false"))?,
            "limit" => {
                let given = value.parse().ok().filter(|limit| (1..=LARGEST_LIMIT).contains(limit));
                limit = given.ok_or_else(|| wrong("limit", "from 1 to 1000"))?;
            }
            "next_cursor" => filter.after = value.parse().map_err(|_| wrong("next_cursor", "one that a page gave"))?,
            _ => {
                let message = format!("there is no parameter `{name}`; /openapi.json lists those there are");
                return Err(ApiError::new(ErrorKind::InvalidRequest, message));
            }
        }
    }
    Ok((filter, limit))
}
