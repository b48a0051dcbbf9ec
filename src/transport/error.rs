//! What can go wrong between us and a provider, sorted by the one question that matters for a removal:
//! may the provider have received the call?

use std::net::IpAddr;
use std::time::Duration;

use thiserror::Error;

/// No usable answer from the provider.
#[derive(Clone, Debug, Error)]
pub enum TransportError {
    /// The call itself cannot be sent (no host, userinfo in the URI, another scheme): the account's or the
    /// connector's address is wrong. Nothing was sent.
    #[error("the call cannot be sent: {reason}")]
    InvalidCall { reason: &'static str },

    /// The guard forbids every address of this host; only the operator can allow it. Nothing was sent.
    #[error(
        "{host} is not called: {address} {why}; if it is meant to be reached, list the address in OFFRAMP_EGRESS_ALLOW"
    )]
    EgressRefused {
        host: String,
        address: IpAddr,
        /// Such as `is a loopback address`.
        why: &'static str,
    },

    /// The host has failed again and again and is left alone for a while. Nothing was sent.
    #[error("{host} has failed again and again, and is left alone for another {} s", whole_seconds(*retry_after))]
    BreakerOpen { host: String, retry_after: Duration },

    /// The host's name has no address, or no name server answered. Nothing was sent.
    #[error("{host} cannot be resolved: {reason}")]
    Dns { host: String, reason: String },

    /// No address of the host took the connection. Nothing was sent.
    #[error("{host} cannot be connected to: {reason}")]
    ConnectFailed { host: String, reason: String },

    /// Resolution, TCP and TLS together took longer than allowed. Nothing was sent.
    #[error("no connection to {host} within {} ms", after.as_millis())]
    ConnectTimeout { host: String, after: Duration },

    /// The host is not who it should be, or does not speak TLS as we do. Nothing was sent.
    #[error("no TLS with {host}: {reason}")]
    Tls { host: String, reason: String },

    /// The broker refused the connection, by MQTT's return code: 4 and 5 are for the credentials. Nothing was sent.
    #[error("{host} refused the connection: {}", connect_code(*code))]
    ConnectionRefused { host: String, code: u8 },

    /// The broker refused a subscription without which no answer would come. Nothing was sent.
    #[error("the subscription to {topic} was refused")]
    SubscriptionRefused { topic: String },

    /// The provider closed the connection before a byte of the call was written. Nothing was sent.
    #[error("the connection closed before the call was sent: {reason}")]
    NotSent { reason: String },

    /// The call was on its way and its time is over: the provider may have acted, or may yet act.
    #[error("no complete answer within {} ms", after.as_millis())]
    Timeout { after: Duration },

    /// A streamed body stopped flowing for too long; the provider has received the call.
    #[error("the answer's body stalled for {} ms", after.as_millis())]
    BodyStalled { after: Duration },

    /// The connection broke after the call was, at least partly, written: the provider may have acted.
    #[error("the connection broke before the answer was complete: {reason}")]
    ConnectionBroken { reason: String },

    /// The answer's head has more or longer headers than we take; the provider has received the call.
    #[error("the answer's head is too large")]
    HeadTooLarge,

    /// The answer is not HTTP/1.1; whoever it was has received the call.
    #[error("the answer is malformed: {reason}")]
    MalformedAnswer { reason: String },

    /// The answer's body is larger than the caller takes; the provider has received the call.
    #[error("the answer's body is larger than {limit_bytes} bytes")]
    BodyTooLarge { limit_bytes: usize },
}

impl TransportError {
    /// Whether the provider may have received the call. `false` is a proof that it did not: nothing of the call left.
    pub fn was_sent(&self) -> bool {
        match self {
            Self::InvalidCall { .. }
            | Self::EgressRefused { .. }
            | Self::BreakerOpen { .. }
            | Self::Dns { .. }
            | Self::ConnectFailed { .. }
            | Self::ConnectTimeout { .. }
            | Self::Tls { .. }
            | Self::ConnectionRefused { .. }
            | Self::SubscriptionRefused { .. }
            | Self::NotSent { .. } => false,
            Self::Timeout { .. }
            | Self::BodyStalled { .. }
            | Self::ConnectionBroken { .. }
            | Self::HeadTooLarge
            | Self::MalformedAnswer { .. }
            | Self::BodyTooLarge { .. } => true,
        }
    }

    /// Whether the same call may find another end a moment later: the network's failures do, a refusal of ours or a wrong
    /// certificate does not.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::ConnectFailed { .. }
            | Self::ConnectTimeout { .. }
            | Self::NotSent { .. }
            | Self::Timeout { .. }
            | Self::BodyStalled { .. }
            | Self::ConnectionBroken { .. } => true,
            // MQTT 3.1.1, section 3.2.2.3: the server is unavailable.
            Self::ConnectionRefused { code, .. } => *code == 3,
            Self::InvalidCall { .. }
            | Self::EgressRefused { .. }
            | Self::BreakerOpen { .. }
            | Self::Tls { .. }
            | Self::SubscriptionRefused { .. }
            | Self::HeadTooLarge
            | Self::MalformedAnswer { .. }
            | Self::BodyTooLarge { .. } => false,
        }
    }

    /// Whether it speaks against the host that it was called: `Some(false)` where the host has answered well after all,
    /// `None` where it was not asked.
    pub fn blames_host(&self) -> Option<bool> {
        match self {
            Self::InvalidCall { .. } | Self::EgressRefused { .. } | Self::BreakerOpen { .. } => None,
            Self::ConnectionRefused { code, .. } => Some(*code == 3),
            Self::SubscriptionRefused { .. } | Self::BodyTooLarge { .. } => Some(false),
            _ => Some(true),
        }
    }

    /// When another call may be made, in whole seconds, where that is known.
    pub fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::BreakerOpen { retry_after, .. } => Some(whole_seconds(*retry_after)),
            _ => None,
        }
    }

    /// Whether time ran out, before or after sending.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::ConnectTimeout { .. } | Self::Timeout { .. } | Self::BodyStalled { .. })
    }
}

/// Never too early, and never 0.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

/// MQTT 3.1.1, section 3.2.2.3.
fn connect_code(code: u8) -> &'static str {
    match code {
        1 => "it does not speak MQTT 3.1.1",
        2 => "the client identifier is not allowed",
        3 => "the service is not available",
        4 => "bad user name or password",
        5 => "not authorized",
        _ => "for a reason of its own",
    }
}

/// The error and what caused it, on one line: the outer message alone often says only "error".
pub(super) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}
