//! `Idempotency-Key`: which requests are the same, which answers are kept, and how a kept one is given again.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;
use serde::Serialize;

use super::error::ApiError;
use super::kept_stream;
use crate::engine::Report;
use crate::gateway::{Answer, Claim, End, Gateway, GatewayError, IdempotencyKey, Once};
use crate::model::ErrorKind;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const LONGEST: usize = 255;

/// The request's `Idempotency-Key`, if it has one.
pub(super) struct KeyHeader(pub(super) Option<String>);

impl<S: Sync> FromRequestParts<S> for KeyHeader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let mut given = parts.headers.get_all(KEY).iter();
        let Some(key) = given.next() else { return Ok(Self(None)) };
        let printable = |key: &&str| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte >= b' ');
        match key.to_str().ok().filter(printable) {
            Some(key) if given.next().is_none() => Ok(Self(Some(key.to_owned()))),
            Some(_) => Err(bad("is given more than once; give one")),
            None => Err(bad("must have 1 to 255 printable ASCII characters")),
        }
    }
}

fn bad(why: &str) -> ApiError {
    ApiError::new(ErrorKind::InvalidRequest, format!("the header Idempotency-Key {why}"))
}

/// A request as bytes in which two that mean the same are the same: the order of an object's members means nothing.
pub(super) fn canonical(request: &impl Serialize) -> Vec<u8> {
    let mut request = serde_json::to_value(request).unwrap_or_default();
    request.sort_all_objects();
    request.to_string().into_bytes()
}

/// What is known of the key when its request is carried out.
pub(super) struct Attempt {
    /// An earlier attempt may have acted: look first.
    pub(super) is_again: bool,
    /// A good id for what the request makes: a later attempt finds it by that.
    pub(super) first_request_id: String,
}

/// A request that was carried out.
pub(super) struct Done {
    pub(super) response: Response,
    pub(super) end: End,
    /// What a repeat gets, where that is not the same.
    pub(super) repeats: Option<Response>,
}

impl Done {
    /// Whether this is the end of it, or a repeat has something left to do.
    pub(super) fn of_report(report: &Report) -> End {
        if report.is_settled() {
            End::Kept
        } else if report.remote_calls == 0 {
            End::Unused
        } else {
            End::Open
        }
    }
}

/// Carries `work` out once for all requests with this key. An error is rendered under `request_id`.
pub(super) async fn once<W, F>(
    gateway: &Arc<Gateway>,
    key: IdempotencyKey,
    request_id: &str,
    work: W,
) -> Result<Response, GatewayError>
where
    W: FnOnce(Attempt) -> F + Send + 'static,
    F: Future<Output = Result<Done, GatewayError>> + Send + 'static,
{
    let id = request_id.to_owned();
    let carried_out = async move |claim: Claim| {
        let (is_again, first_request_id) = (claim.is_again(), claim.first_request_id().to_owned());
        let done = work(Attempt { is_again, first_request_id }).await.unwrap_or_else(|error| Done {
            end: after(&error),
            response: ApiError::from(error).with_request_id(&id).into_response(),
            repeats: None,
        });
        ended(claim, done).await
    };
    match gateway.once(key, request_id, carried_out).await? {
        Once::Done(response) => Ok(response),
        Once::Repeated(answer) => Ok(again(&answer)),
    }
}

/// Whether anything can have been done before this went wrong.
fn after(error: &GatewayError) -> End {
    match error {
        GatewayError::Request(_)
        | GatewayError::NotFound(_)
        | GatewayError::Context(_)
        | GatewayError::Credentials { .. }
        | GatewayError::Unusable(_)
        | GatewayError::Limited(_)
        | GatewayError::Conflict(_)
        | GatewayError::Idempotency(_)
        | GatewayError::Vault(_) => End::Unused,
        // Nobody knows.
        _ => End::Open,
    }
}

/// Ends the claim with the response, which is given once it is kept; one that streams is kept when it has passed through.
async fn ended(claim: Claim, done: Done) -> Response {
    let Done { response, end, repeats } = done;
    if let Some(repeats) = repeats {
        let (answer, _) = held(repeats).await;
        claim.end(end, answer).await;
        return response;
    }
    if http_body::Body::size_hint(response.body()).exact().is_none() {
        return kept_stream::passing(response, claim, end);
    }
    let (answer, response) = held(response).await;
    let limit_bytes = claim.answer_bytes();
    let is_too_large = end == End::Kept && answer.body.len() > limit_bytes;
    let answer = if is_too_large { too_large(&answer.headers, limit_bytes) } else { answer };
    claim.end(end, answer).await;
    response
}

/// A response whose body is at hand, as an answer and as itself.
async fn held(response: Response) -> (Answer, Response) {
    let (head, body) = response.into_parts();
    // It is in memory: nothing can go wrong with it.
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let answer = Answer { status: head.status.as_u16(), headers: lasting(&head.headers), body: body.clone() };
    (answer, Response::from_parts(head, Body::from(body)))
}

/// The headers that a repeat gets too: all but the length, which its own body has.
pub(super) fn lasting(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    headers.remove(CONTENT_LENGTH);
    headers
}

/// What is kept of an answer that is larger than `limit_bytes`.
pub(super) fn too_large(headers: &HeaderMap, limit_bytes: usize) -> Answer {
    let why = format!("is larger than the {limit_bytes} bytes that are kept (idempotency.answer_bytes)");
    without_body(headers, &why)
}

/// What is kept of an answer whose body is not: what became of the request, as headers.
pub(super) fn without_body(headers: &HeaderMap, why: &str) -> Answer {
    let message = format!(
        "the request with this Idempotency-Key was carried out, and is not again; its answer {why}; the headers say what \
         became of it"
    );
    let id = headers.get("offramp-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    let (status, own, body) = ApiError::new(ErrorKind::Conflict, message).with_request_id(id).rendered();
    let mut kept = headers.clone();
    kept.extend(own);
    Answer { status: status.as_u16(), headers: kept, body: body.into() }
}

fn again(answer: &Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body.clone()));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = answer.headers.clone();
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
