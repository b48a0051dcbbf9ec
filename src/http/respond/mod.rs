//! One report in every response format: `unified`, `raw`, `normalized`, `stream`, `debug`, and a dry run's plan.

mod provider;
mod unassignment;
mod user;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::error::{ApiError, is_of_provider};
use crate::connector::Connector;
use crate::engine::{PlanStep, Report};
use crate::model::{ErrorKind, Options, Outcome, ResponseFormat, Verified};
use crate::storage::Envelope;

/// What a response depends on besides the report.
pub(super) struct Context<'r> {
    pub(super) options: &'r Options,
    pub(super) envelope: Envelope,
    pub(super) request_id: &'r str,
    pub(super) connector: &'r Connector,
}

/// Renders a report.
pub(super) fn respond(mut report: Report, context: &Context<'_>) -> Response {
    let facts = Facts::of(&report);
    let mut response = match (report.status(), report.plan.take()) {
        ((_, None), Some(plan)) => json_response(200, enveloped(plan_body(&report, &plan), context.envelope)),
        ((_, None), None) => success(report, context),
        ((status, Some(kind)), _) => failure(report, status, kind, context),
    };
    facts.write(response.headers_mut(), context.request_id);
    response
}

fn success(report: Report, context: &Context<'_>) -> Response {
    let options = context.options;
    match options.format {
        ResponseFormat::Raw | ResponseFormat::Stream if !report.writes.is_empty() => provider::answer(report, None),
        ResponseFormat::Debug => {
            let result: Json = serde_json::from_slice(&result_body(&report, context, false)).unwrap_or_default();
            json_response(200, json!({"result": result, "debug": debug_body(&report, context)}).to_string())
        }
        format => {
            let body = result_body(&report, context, format == ResponseFormat::Normalized);
            json_response(200, enveloped(body, context.envelope))
        }
    }
}

fn failure(report: Report, status: u16, kind: ErrorKind, context: &Context<'_>) -> Response {
    let format = context.options.format;
    if matches!(format, ResponseFormat::Raw | ResponseFormat::Stream) && !report.writes.is_empty() {
        return provider::answer(report, Some(status));
    }
    let worst = report.worst().and_then(|item| item.failure.clone());
    let mut error = match &worst {
        Some(failure) => {
            ApiError::of_failure(failure, status, kind, &context.connector.secret_fields, &context.connector.rate_limit)
        }
        None => {
            let is_remote = is_of_provider(kind);
            ApiError { status, is_remote, ..ApiError::new(kind, unassignment::explain(&report)) }
        }
    };
    error.members.insert("unassignment".into(), json!(unassignment::of(&report, context.request_id)));
    if format == ResponseFormat::Debug {
        error.members.insert("debug".into(), debug_body(&report, context));
    }
    error.with_request_id(context.request_id).into_response()
}

/// The unified user, or the normalized one, as JSON.
fn result_body(report: &Report, context: &Context<'_>, normalized: bool) -> Vec<u8> {
    let options = context.options;
    let remote_data = report.remote_data.as_ref().filter(|_| !normalized && !options.ignore_remote_data);
    let outcome = unassignment::of(report, context.request_id);
    let body = user::body(report, normalized, remote_data, &outcome);
    if options.exclude_fields.is_empty() {
        return body;
    }
    let mut json: Json = serde_json::from_slice(&body).unwrap_or_default();
    for field in &options.exclude_fields {
        let path: Vec<&str> = field.split('.').collect();
        exclude(&mut json, &path);
    }
    json.to_string().into_bytes()
}

/// Removes the member at a path, in every element of the lists on its way.
fn exclude(json: &mut Json, path: &[&str]) {
    match (json, path) {
        (Json::Array(list), path) => list.iter_mut().for_each(|element| exclude(element, path)),
        (Json::Object(map), [name]) => {
            map.shift_remove(*name);
        }
        (Json::Object(map), [name, rest @ ..]) => {
            if let Some(inner) = map.get_mut(*name) {
                exclude(inner, rest);
            }
        }
        _ => {}
    }
}

fn plan_body(report: &Report, steps: &[PlanStep]) -> Vec<u8> {
    // One item that would be written makes the plan one that writes.
    let planned = report.items.iter().any(|item| item.outcome == Outcome::Planned);
    let outcome = if planned { Outcome::Planned } else { report.outcome() };
    let plan = json!({"steps": steps, "outcome": outcome, "items": unassignment::items(report)});
    json!({ "plan": plan }).to_string().into_bytes()
}

fn debug_body(report: &Report, context: &Context<'_>) -> Json {
    let write = report.trace.iter().rev().find(|step| step.call.effect == "write");
    let Some(shown) = write.or(report.trace.last()) else { return Json::Null };
    let mut headers = Map::new();
    for (name, value) in &shown.response_headers {
        let secret = name == "set-cookie" || name == "www-authenticate";
        if !secret && !context.connector.secret_fields.iter().any(|field| field == name.as_str()) {
            headers.insert(name.as_str().to_owned(), Json::from(String::from_utf8_lossy(value.as_bytes())));
        }
    }
    let call = &shown.call;
    let options = match &call.topic {
        Some(topic) => json!({"topic": topic, "body": call.body}),
        None => json!({"method": call.method, "headers": call.headers, "body": call.body}),
    };
    json!({
        "requestUrl": call.url.as_ref().or(call.topic.as_ref()),
        "requestOptions": options,
        "data": shown.data,
        "responseHeaders": headers,
        "steps": report.trace,
    })
}

fn enveloped(body: Vec<u8>, envelope: Envelope) -> Vec<u8> {
    match envelope {
        Envelope::Bare => body,
        Envelope::Result => [br#"{"result":"#.as_slice(), &body, b"}"].concat(),
    }
}

const OUTCOME: HeaderName = HeaderName::from_static("offramp-outcome");
const VERIFIED: HeaderName = HeaderName::from_static("offramp-verified");
const REMOTE_CALLS: HeaderName = HeaderName::from_static("offramp-remote-calls");
const REQUEST_ID: HeaderName = HeaderName::from_static("offramp-request-id");
const REMOTE_STATUS: HeaderName = HeaderName::from_static("offramp-remote-status");

/// The outcome as headers.
struct Facts {
    outcome: Outcome,
    verified: Verified,
    remote_calls: u32,
    remote_status: Option<u16>,
}

impl Facts {
    fn of(report: &Report) -> Self {
        let planned = report.plan.is_some() && report.items.iter().any(|item| item.outcome == Outcome::Planned);
        Self {
            outcome: if planned { Outcome::Planned } else { report.outcome() },
            verified: report.verified(),
            remote_calls: report.remote_calls,
            remote_status: report.worst().and_then(|item| item.remote_status),
        }
    }

    fn write(&self, headers: &mut HeaderMap, request_id: &str) {
        headers.insert(OUTCOME, HeaderValue::from_static(self.outcome.as_str()));
        headers.insert(VERIFIED, HeaderValue::from_static(self.verified.as_str()));
        headers.insert(REMOTE_CALLS, HeaderValue::from(self.remote_calls));
        if let Ok(id) = HeaderValue::from_str(request_id) {
            headers.insert(REQUEST_ID, id);
        }
        if let Some(status) = self.remote_status {
            headers.insert(REMOTE_STATUS, HeaderValue::from(status));
        }
    }
}

pub(super) fn json_response(status: u16, body: impl Into<Bytes>) -> Response {
    let body: Bytes = body.into();
    let length = HeaderValue::from(body.len());
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    // Room for the outcome's too.
    response.headers_mut().reserve(8);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}
