//! HTTP/1.1 over one pool of connections for all accounts. Sends a call once, follows nothing, keeps no cookies; who
//! may be connected to is the connector's business.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{self, HeaderName, HeaderValue};
use http::uri::Scheme;
use http::{Method, Request, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::connect::capture_connection;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, timeout_at};

use super::body::{AnswerBody, from_hyper};
use super::connect::{ProviderConnector, Resolver, system_resolver};
use super::egress::EgressPolicy;
use super::error::{TransportError, with_causes};
use super::trust::Trust;
use super::{ProviderAnswer, ProviderCall, Transport};

/// hyper parses up to so many headers on the stack; any other number costs an allocation a call.
const HEADERS_ON_THE_STACK: usize = 100;

/// These say how a message is framed or carried, or promise what we do not do (we never decompress): they are the
/// transport's own. A `content-length` of the caller's would be believed over the body's real length.
const OWN_HEADERS: [HeaderName; 11] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TRAILER,
    header::TE,
    header::CONNECTION,
    header::UPGRADE,
    header::EXPECT,
    header::ACCEPT_ENCODING,
    header::PROXY_AUTHORIZATION,
    HeaderName::from_static("keep-alive"),
];

/// The transport's own limits, whatever a call asks for.
#[derive(Clone, Debug)]
pub struct TransportLimits {
    /// For resolution, TCP and TLS together.
    pub connect_timeout: Duration,
    /// How long a streamed body may be silent.
    pub body_idle_timeout: Duration,
    /// How long an unused connection is kept: shorter than providers keep theirs, so that we close first.
    pub pool_idle_timeout: Duration,
    /// Unused connections kept a host.
    pub pool_idle_per_host: usize,
    pub max_header_count: usize,
    /// Of an answer's head; twice as much is the most that is read ahead of a streamed body. At least 8 KiB.
    pub max_head_bytes: usize,
    /// The largest body that is collected; streams are not limited. Also the largest message that is taken.
    pub response_body_bytes: usize,
    /// How long a connection to a message broker is kept that nobody uses.
    pub message_idle_timeout: Duration,
}

impl Default for TransportLimits {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            body_idle_timeout: Duration::from_secs(30),
            pool_idle_timeout: Duration::from_secs(50),
            pool_idle_per_host: 256,
            max_header_count: HEADERS_ON_THE_STACK,
            max_head_bytes: 64 << 10,
            response_body_bytes: 16 << 20,
            message_idle_timeout: Duration::from_secs(300),
        }
    }
}

/// Reaches providers over HTTP/1.1. Clones share their connections.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client<ProviderConnector, Full<Bytes>>,
    body_idle_timeout: Duration,
    response_body_bytes: usize,
}

impl HttpTransport {
    /// With Mozilla's roots and the system's resolver.
    pub fn new(policy: EgressPolicy, limits: TransportLimits) -> Self {
        Self::with(policy, limits, Trust::public(), system_resolver())
    }

    /// With the system's resolver.
    pub fn with_trust(policy: EgressPolicy, limits: TransportLimits, trust: Trust) -> Self {
        Self::with(policy, limits, trust, system_resolver())
    }

    /// With everything given.
    pub fn with(policy: EgressPolicy, limits: TransportLimits, trust: Trust, resolver: Resolver) -> Self {
        Self::over(ProviderConnector::new(policy, trust, resolver, limits.connect_timeout), limits)
    }

    pub(super) fn over(connector: ProviderConnector, limits: TransportLimits) -> Self {
        let mut client = Client::builder(TokioExecutor::new());
        client
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.pool_idle_timeout)
            .pool_max_idle_per_host(limits.pool_idle_per_host)
            .http1_max_buf_size(limits.max_head_bytes.max(8 << 10))
            // Another connection is taken only when a pooled one had closed and hyper gives the call back whole, not a
            // byte of it written: safe for a write too, and it spares a refusal for every connection that a provider
            // closes while it is idle. A call that was begun is never sent again.
            .retry_canceled_requests(true);
        if limits.max_header_count != HEADERS_ON_THE_STACK {
            client.http1_max_headers(limits.max_header_count);
        }
        Self {
            client: client.build(connector),
            body_idle_timeout: limits.body_idle_timeout,
            response_body_bytes: limits.response_body_bytes,
        }
    }
}

#[async_trait]
impl Transport for HttpTransport {
    async fn send(&self, call: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        let timeout = call.timeout;
        let started = Instant::now();
        let deadline = started.checked_add(timeout).unwrap_or(started + FAR_AWAY);
        let mut request = request_of(call)?;
        let authority = request.uri().authority().cloned();
        let connection = capture_connection(&mut request);
        let answer = match timeout_at(deadline, self.client.request(request)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => return Err(classify(&error)),
            // A call gets its connection before anything of it is written.
            Err(_) if connection.connection_metadata().is_none() => {
                return Err(TransportError::ConnectTimeout {
                    host: authority.map_or_else(String::new, |a| a.host().to_owned()),
                    after: timeout,
                });
            }
            Err(_) => return Err(TransportError::Timeout { after: timeout }),
        };
        let (head, incoming) = answer.into_parts();
        Ok(ProviderAnswer {
            status: head.status,
            headers: head.headers,
            body: AnswerBody::arriving(incoming, deadline, timeout, self.body_idle_timeout, self.response_body_bytes),
        })
    }
}

/// Stands for "no deadline" where a timeout is longer than the clock can count.
const FAR_AWAY: Duration = Duration::from_secs(60 * 60 * 24 * 365);

fn request_of(call: ProviderCall) -> Result<Request<Full<Bytes>>, TransportError> {
    check_uri(&call.uri)?;
    if call.method == Method::CONNECT {
        return Err(TransportError::InvalidCall { reason: "CONNECT opens a tunnel, it is not a call" });
    }
    let no_body = call.body.is_empty();
    let mut request = Request::new(Full::new(call.body));
    *request.uri_mut() = call.uri;
    *request.headers_mut() = call.headers;
    let headers = request.headers_mut();
    for own in &OWN_HEADERS {
        headers.remove(own);
    }
    // hyper says the length of a body that is there; RFC 9110, 8.6 wants the zero said for these methods too.
    if no_body && matches!(call.method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *request.method_mut() = call.method;
    Ok(request)
}

fn check_uri(uri: &Uri) -> Result<(), TransportError> {
    let invalid = |reason| Err(TransportError::InvalidCall { reason });
    if uri.scheme() != Some(&Scheme::HTTPS) && uri.scheme() != Some(&Scheme::HTTP) {
        return invalid("the URI's scheme is neither https nor http");
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            invalid("the URI holds a user name; credentials belong in headers")
        }
        Some(authority) if !authority.host().is_empty() => Ok(()),
        _ => invalid("the URI has no host"),
    }
}

/// What the client's error means for the question whether the call was sent.
fn classify(error: &legacy::Error) -> TransportError {
    let cause = error.source();
    if let Some(connecting) = cause.and_then(|c| c.downcast_ref::<TransportError>()) {
        return connecting.clone();
    }
    let not_sent = || TransportError::NotSent { reason: with_causes(error) };
    // Without a connection there was nothing to write to.
    if error.connect_info().is_none() {
        return not_sent();
    }
    match cause.and_then(|c| c.downcast_ref::<hyper::Error>()) {
        // hyper's word for "given back before its first byte was written".
        Some(error) if error.is_canceled() => not_sent(),
        Some(error) => from_hyper(error),
        None => TransportError::ConnectionBroken { reason: with_causes(error) },
    }
}
