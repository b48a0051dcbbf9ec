//! `raw` and `stream`: the provider's own answer, as it came.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value as Json, json};

use super::json_response;
use crate::engine::{Answered, Report};
use crate::transport::AnswerBody;

/// The one write's answer, or all of them as JSON. `status` replaces the provider's where the outcome asks for it.
pub(super) fn answer(mut report: Report, status: Option<u16>) -> Response {
    let rest = report.stream.take();
    let [(_, one)] = report.writes.as_slice() else {
        // The list is an answer of ours: it has a body, whatever the provider's had.
        return json_response(status.unwrap_or(200), several(&report).to_string());
    };
    let mut response = Response::new(body(one, rest));
    *response.status_mut() = StatusCode::from_u16(status.unwrap_or(one.status)).unwrap_or(StatusCode::BAD_GATEWAY);
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        // No length for an answer that may have none: a 204, or one whose status is ours.
        let wanted = name == CONTENT_TYPE || one.status != 204;
        if let Some(value) = one.headers.get(&name).filter(|_| wanted) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

fn body(answered: &Answered, rest: Option<AnswerBody>) -> Body {
    let held: Bytes = answered.raw.clone();
    let Some(rest) = rest else { return Body::from(held) };
    // The next chunk is asked for when the last one was taken: the provider is held back by our own client.
    let chunks = stream::unfold((Some(held), rest), |(held, mut rest)| async move {
        match held {
            Some(held) => Some((Ok(held), (None, rest))),
            None => rest.chunk().await.map(|chunk| (chunk, (None, rest))),
        }
    });
    Body::from_stream(chunks)
}

fn several(report: &Report) -> Json {
    let responses: Vec<Json> = report.writes.iter().map(|(item, answered)| one_of(report, *item, answered)).collect();
    json!({ "responses": responses })
}

fn one_of(report: &Report, item: usize, answered: &Answered) -> Json {
    let mut headers = Map::new();
    for (name, value) in &answered.headers {
        if name != "set-cookie" {
            let value = HeaderValue::to_str(value).unwrap_or_default();
            headers.insert(name.as_str().to_owned(), Json::from(value));
        }
    }
    let body = crate::engine::shown_body(&answered.raw, &[]);
    let role = report.items.get(item).map(|item| json!(item.role));
    json!({"item": role, "status": answered.status, "headers": headers, "body": body})
}
