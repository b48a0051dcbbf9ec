//! `raw` and `stream`: the provider's own answer, as it came, but for the account's own secrets, should the provider have
//! repeated one.

use axum::body::Body;
use axum::response::Response;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::json_response;
use crate::engine::{Answered, Report, Streamed};

/// The one write's answer, or all of them as JSON. `status` replaces the provider's where the outcome asks for it.
pub(super) fn answer(mut report: Report, status: Option<u16>) -> Response {
    let rest = report.stream.take();
    let [(_, one)] = report.writes.as_slice() else {
        // The list is an answer of ours: it has a body, whatever the provider's had.
        return json_response(status.unwrap_or(200), several(&report).to_string());
    };
    let streamed = rest.is_some();
    let mut response = Response::new(body(one, rest));
    *response.status_mut() = StatusCode::from_u16(status.unwrap_or(one.status)).unwrap_or(StatusCode::BAD_GATEWAY);
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        // No length for an answer that may have none: a 204, or one whose status is ours.
        let is_length = name == CONTENT_LENGTH;
        let wanted = !is_length || (one.status != 204 && (streamed || !one.is_masked()));
        if let Some(value) = one.headers.get(&name).filter(|_| wanted) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn body(answered: &Answered, streamed: Option<Streamed>) -> Body {
    let Some(streamed) = streamed else { return Body::from(answered.shown().clone()) };
    // The next chunk is asked for when the last one was taken: the provider is held back by our own client.
    Body::from_stream(stream::unfold(streamed, |mut streamed| async move {
        streamed.chunk().await.map(|chunk| (chunk, streamed))
    }))
}

fn several(report: &Report) -> Json {
    let responses: Vec<Json> = report.writes.iter().map(|(item, answered)| one_of(report, *item, answered)).collect();
    json!({ "responses": responses })
}

fn one_of(report: &Report, item: usize, answered: &Answered) -> Json {
    let mut headers = Map::new();
    for (name, value) in &answered.shown_headers() {
        if name != "set-cookie" {
            let value = HeaderValue::to_str(value).unwrap_or_default();
            headers.insert(name.as_str().to_owned(), Json::from(value));
        }
    }
    let body = crate::engine::shown_body(answered.shown(), &[]);
    let role = report.items.get(item).map(|item| json!(item.role));
    json!({"item": role, "status": answered.status, "headers": headers, "body": body})
}
