//! The body of an answer: collected whole under the call's deadline, or passed on chunk by chunk as it arrives.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Instant, timeout, timeout_at};

use super::error::{TransportError, with_causes};

/// The bytes of an answer. Dropped before its end, it closes the connection.
pub struct AnswerBody(Source);

enum Source {
    Ready(Bytes),
    Arriving(Arriving),
    Ended,
}

struct Arriving {
    incoming: Incoming,
    deadline: Instant,
    /// The whole call's, for the error's text.
    timeout: Duration,
    idle_timeout: Duration,
    limit_bytes: usize,
}

impl AnswerBody {
    /// A body that is already here.
    pub fn from_bytes(bytes: Bytes) -> Self {
        Self(Source::Ready(bytes))
    }

    pub(super) fn arriving(
        incoming: Incoming,
        deadline: Instant,
        timeout: Duration,
        idle_timeout: Duration,
        limit_bytes: usize,
    ) -> Self {
        if incoming.is_end_stream() {
            return Self(Source::Ended);
        }
        Self(Source::Arriving(Arriving { incoming, deadline, timeout, idle_timeout, limit_bytes }))
    }

    /// The whole body, at most `limit_bytes` (and at most what the transport's own limit says).
    ///
    /// # Errors
    /// The body is larger, breaks off, is malformed, or is not complete by the call's deadline.
    pub async fn collect(self, limit_bytes: usize) -> Result<Bytes, TransportError> {
        match self.0 {
            Source::Ended => Ok(Bytes::new()),
            Source::Ready(bytes) if bytes.len() > limit_bytes => Err(TransportError::BodyTooLarge { limit_bytes }),
            Source::Ready(bytes) => Ok(bytes),
            Source::Arriving(arriving) => {
                let after = arriving.timeout;
                let limit_bytes = limit_bytes.min(arriving.limit_bytes);
                timeout_at(arriving.deadline, read_all(arriving.incoming, limit_bytes))
                    .await
                    .unwrap_or(Err(TransportError::Timeout { after }))
            }
        }
    }

    /// The next bytes as they arrive, `None` at the end. The call's deadline no longer counts, only the silence
    /// between two chunks does; the sender is held back until the next chunk is asked for. Nothing follows an error.
    pub async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        let next = match &mut self.0 {
            Source::Arriving(arriving) => {
                let after = arriving.idle_timeout;
                match timeout(after, next_data(&mut arriving.incoming)).await {
                    Ok(next) => next,
                    Err(_) => Some(Err(TransportError::BodyStalled { after })),
                }
            }
            Source::Ready(bytes) => {
                let bytes = std::mem::take(bytes);
                (!bytes.is_empty()).then_some(Ok(bytes))
            }
            Source::Ended => None,
        };
        if !matches!(next, Some(Ok(_))) {
            self.0 = Source::Ended;
        }
        next
    }
}

impl fmt::Debug for AnswerBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Ready(_) => "AnswerBody(ready)",
            Source::Arriving(_) => "AnswerBody(arriving)",
            Source::Ended => "AnswerBody(ended)",
        })
    }
}

async fn read_all(mut incoming: Incoming, limit_bytes: usize) -> Result<Bytes, TransportError> {
    let too_large = || TransportError::BodyTooLarge { limit_bytes };
    let announced = usize::try_from(incoming.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit_bytes {
        return Err(too_large());
    }
    // Most answers are one chunk, and that one is given on without a copy.
    let Some(first) = next_data(&mut incoming).await.transpose()? else {
        return Ok(Bytes::new());
    };
    if first.len() > limit_bytes {
        return Err(too_large());
    }
    if incoming.is_end_stream() {
        return Ok(first);
    }
    let Some(mut next) = next_data(&mut incoming).await.transpose()? else {
        return Ok(first);
    };
    let mut whole = BytesMut::with_capacity(announced.max(first.len() + next.len()));
    whole.extend_from_slice(&first);
    loop {
        if next.len() > limit_bytes - whole.len() {
            return Err(too_large());
        }
        whole.extend_from_slice(&next);
        match next_data(&mut incoming).await.transpose()? {
            Some(more) => next = more,
            None => return Ok(whole.freeze()),
        }
    }
}

/// The next piece of data; trailers are passed over.
async fn next_data(incoming: &mut Incoming) -> Option<Result<Bytes, TransportError>> {
    loop {
        match incoming.frame().await? {
            Ok(frame) => {
                if let Ok(bytes) = frame.into_data() {
                    return Some(Ok(bytes));
                }
            }
            Err(error) => return Some(Err(from_hyper(&error))),
        }
    }
}

/// What hyper's error means once the call is on its way.
pub(super) fn from_hyper(error: &hyper::Error) -> TransportError {
    let reason = || with_causes(error);
    if error.is_parse_too_large() {
        TransportError::HeadTooLarge
    } else if error.is_parse() || is_bad_framing(error) {
        TransportError::MalformedAnswer { reason: reason() }
    } else {
        TransportError::ConnectionBroken { reason: reason() }
    }
}

/// hyper reports a bad chunk as an I/O error of these kinds.
fn is_bad_framing(error: &hyper::Error) -> bool {
    std::error::Error::source(error)
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|io| matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}
