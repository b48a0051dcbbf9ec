//! A streamed answer on its way to the caller: what passes is copied, up to the limit, so that a repeat gets it too.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Frame, SizeHint};

use super::idempotency::{lasting, too_large, without_body};
use crate::gateway::{Answer, Claim, End};

/// The same response; when it has passed, or the caller has gone, the claim ends.
pub(super) fn passing(response: Response, claim: Claim, end: End) -> Response {
    let (head, body) = response.into_parts();
    let length = head.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let copy = Copy {
        status: head.status.as_u16(),
        headers: lasting(&head.headers),
        length,
        passed: 0,
        body: Vec::new(),
        claim,
        end,
    };
    Response::from_parts(head, Body::new(Passing { body, copy: Some(copy) }))
}

struct Passing {
    body: Body,
    /// Until the claim has ended.
    copy: Option<Copy>,
}

struct Copy {
    status: u16,
    headers: HeaderMap,
    /// As the provider said it.
    length: Option<u64>,
    passed: u64,
    /// What has passed, unless that is more than is kept.
    body: Vec<u8>,
    claim: Claim,
    end: End,
}

impl Copy {
    fn add(&mut self, chunk: &Bytes) {
        self.passed = self.passed.saturating_add(chunk.len() as u64);
        if self.is_too_large() {
            self.body = Vec::new();
        } else {
            self.body.extend_from_slice(chunk);
        }
    }

    fn is_too_large(&self) -> bool {
        self.passed > self.claim.answer_bytes() as u64
    }

    fn finish(self, whole: bool) {
        let answer = if self.is_too_large() {
            too_large(&self.headers, self.claim.answer_bytes())
        } else if whole {
            Answer { status: self.status, headers: self.headers, body: self.body.into() }
        } else {
            without_body(&self.headers, "was not passed on to its end, and is not kept")
        };
        self.claim.end_later(self.end, answer);
    }
}

impl http_body::Body for Passing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(copy), Some(chunk)) = (&mut self.copy, frame.data_ref()) {
                    copy.add(chunk);
                }
            }
            Some(Err(_)) => self.copy.take().into_iter().for_each(|copy| copy.finish(false)),
            None => self.copy.take().into_iter().for_each(|copy| copy.finish(true)),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let Some(copy) = self.copy.take() {
            // A server that has sent as much as the length says does not ask whether there is more.
            let whole = http_body::Body::is_end_stream(&self.body) || copy.length == Some(copy.passed);
            copy.finish(whole);
        }
    }
}
