//! How a provider is reached: one call out, one answer back, and an error that says whether the provider may have
//! acted. Knows nothing of roles, connectors or credentials; what an answer means is decided by its caller.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::uri::Authority;
use http::{HeaderMap, Method, StatusCode, Uri};

mod body;
mod breaker;
mod connect;
mod egress;
mod error;
mod http1;
mod lane;
mod mqtt;
mod provider;
mod trust;

pub use body::AnswerBody;
pub use breaker::{Breaker, BreakerLimits, BreakerTransport, Pass};
pub use connect::Resolver;
pub use egress::{Channel, EgressPolicy, EgressPolicyError};
pub use error::TransportError;
pub use http1::{HttpTransport, TransportLimits};
pub use lane::{Lane, LaneLimits, Turn};
pub use mqtt::{Message, MessageLink, MqttTransport};
pub use provider::ProviderTransport;
pub use trust::{Trust, TrustError};

/// One request to a provider, complete: what is here is what is sent.
#[derive(Clone)]
pub struct ProviderCall {
    pub method: Method,
    /// Absolute, without userinfo.
    pub uri: Uri,
    /// Without those that belong to the transport (`host`, `content-length`, `accept-encoding` and the like: they are dropped).
    pub headers: HeaderMap,
    /// Sent with its length for any method; empty means none.
    pub body: Bytes,
    /// For everything, from the name's resolution to the last byte of a collected body.
    pub timeout: Duration,
}

/// Shows neither headers, query nor body: any of them may hold a secret.
impl fmt::Debug for ProviderCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderCall")
            .field("method", &self.method)
            .field("host", &self.uri.host().unwrap_or_default())
            .field("path", &self.uri.path())
            .field("body_bytes", &self.body.len())
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// A connection to a message broker, to be opened.
#[derive(Clone)]
pub struct BrokerCall {
    pub tls: bool,
    /// Host and port; without a port, 1883 or 8883.
    pub authority: Authority,
    /// User name and password, where the broker wants them at once.
    pub login: Option<(String, String)>,
    /// For everything up to the broker's word that the connection stands.
    pub timeout: Duration,
}

/// Shows neither user nor password.
impl fmt::Debug for BrokerCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BrokerCall")
            .field("tls", &self.tls)
            .field("authority", &self.authority)
            .field("has_login", &self.login.is_some())
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// Headers as they may be printed: a provider may have repeated a secret in one.
pub(crate) struct HeaderNames<'h>(pub(crate) &'h HeaderMap);

impl fmt::Debug for HeaderNames<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys().map(http::HeaderName::as_str)).finish()
    }
}

/// What the provider answered, whatever its status: a redirect is an answer too, and is never followed.
pub struct ProviderAnswer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// As sent: nothing is decompressed.
    pub body: AnswerBody,
}

/// Shows the names of the headers only.
impl fmt::Debug for ProviderAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderAnswer")
            .field("status", &self.status)
            .field("headers", &HeaderNames(&self.headers))
            .field("body", &self.body)
            .finish()
    }
}

/// Something that can carry a call to a provider.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Sends the call once and waits for the head of the answer.
    ///
    /// # Errors
    /// No usable answer; [`TransportError::was_sent`] tells whether the provider may have seen the call.
    async fn send(&self, call: ProviderCall) -> Result<ProviderAnswer, TransportError>;

    /// Opens a connection to a message broker.
    ///
    /// # Errors
    /// There is none, or this transport carries no messages; nothing was sent.
    async fn connect(&self, _broker: BrokerCall) -> Result<MessageLink, TransportError> {
        Err(TransportError::InvalidCall { reason: "this transport carries no messages" })
    }
}
