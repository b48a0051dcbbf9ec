//! MQTT 3.1.1 as request and reply: a message is published on one topic, and its reply awaited on another that was
//! subscribed to before. Of a client library only the codec is used: such a library connects by itself, past the egress
//! guard, and sends what was not acknowledged again, which a removal forbids.
//!
//! What is published is at most once (QoS 0): nothing is ever sent twice, and the reply is the acknowledgement.

mod driver;
mod link;

use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::rand;
use bytes::BytesMut;
use http::Uri;
use hyper_util::rt::TokioIo;
use mqttbytes::v4::{Connect, ConnectReturnCode, Packet};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};
use tower::Service;

use super::connect::ProviderConnector;
use super::egress::EgressPolicy;
use super::http1::TransportLimits;
use super::trust::Trust;
use super::{BrokerCall, ProviderAnswer, ProviderCall, Transport, TransportError};

pub use link::{Message, MessageLink};

/// We are to be heard of this often.
const KEEP_ALIVE: Duration = Duration::from_secs(60);
const PLAIN_PORT: u16 = 1883;
const TLS_PORT: u16 = 8883;
/// Longer texts have no form in MQTT.
const LONGEST_TEXT_BYTES: usize = 65_535;

/// Any byte stream to a broker.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin + 'static {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Wire for T {}

/// Reaches message brokers, TLS or plain as the egress guard allows.
#[derive(Clone)]
pub struct MqttTransport {
    connector: ProviderConnector,
    idle_timeout: Duration,
    packet_bytes: usize,
}

impl MqttTransport {
    /// With Mozilla's roots and the system's resolver.
    pub fn new(policy: EgressPolicy, limits: &TransportLimits) -> Self {
        let resolver = super::connect::system_resolver();
        Self::over(ProviderConnector::new(policy, Trust::public(), resolver, limits.connect_timeout), limits)
    }

    pub(super) fn over(connector: ProviderConnector, limits: &TransportLimits) -> Self {
        Self { connector, idle_timeout: limits.message_idle_timeout, packet_bytes: limits.response_body_bytes }
    }
}

#[async_trait]
impl Transport for MqttTransport {
    async fn send(&self, _: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        Err(TransportError::InvalidCall { reason: "this transport carries messages alone" })
    }

    async fn connect(&self, broker: BrokerCall) -> Result<MessageLink, TransportError> {
        let host = broker.authority.host().to_owned();
        let after = broker.timeout;
        let deadline = Instant::now() + after;
        let late = |_| TransportError::ConnectTimeout { host: host.clone(), after };
        let uri = address(&broker)?;
        let stream = timeout_at(deadline, self.connector.clone().call(uri)).await.map_err(late)??;
        let mut stream = TokioIo::new(stream);
        let client_id = new_client_id();
        let mut connect = Connect::new(client_id.clone());
        connect.keep_alive = u16::try_from(KEEP_ALIVE.as_secs()).unwrap_or(u16::MAX);
        if let Some((user, password)) = &broker.login {
            if user.is_empty() || user.len() > LONGEST_TEXT_BYTES || password.len() > LONGEST_TEXT_BYTES {
                return Err(TransportError::InvalidCall { reason: "the user name or password has no form in MQTT" });
            }
            connect.set_login(user.as_str(), password.as_str());
        }
        let mut received = BytesMut::new();
        let greeted = timeout_at(deadline, greet(&mut stream, &connect, &mut received)).await.map_err(late)?;
        match greeted {
            Ok(ConnectReturnCode::Success) => {}
            Ok(code) => return Err(TransportError::ConnectionRefused { host, code: code as u8 }),
            Err(reason) => return Err(TransportError::ConnectFailed { host, reason }),
        }
        Ok(driver::start(stream, received, self.packet_bytes, self.idle_timeout, client_id, host))
    }
}

/// The guard tells TLS from plain by the scheme.
fn address(broker: &BrokerCall) -> Result<Uri, TransportError> {
    let invalid = |reason| TransportError::InvalidCall { reason };
    if broker.authority.as_str().contains('@') {
        return Err(invalid("the broker's address holds a user name; credentials belong elsewhere"));
    }
    let (scheme, usual) = if broker.tls { ("https", TLS_PORT) } else { ("http", PLAIN_PORT) };
    let port = broker.authority.port_u16().unwrap_or(usual);
    let uri = format!("{scheme}://{}:{port}/", broker.authority.host());
    uri.parse().map_err(|_| invalid("the broker's address is none"))
}

/// Introduces us, and gives the broker's word on it.
async fn greet(
    stream: &mut (impl Wire + ?Sized),
    connect: &Connect,
    received: &mut BytesMut,
) -> Result<ConnectReturnCode, String> {
    /// No CONNACK is longer.
    const LONGEST: usize = 2;
    let mut out = BytesMut::new();
    connect.write(&mut out).map_err(|error| format!("CONNECT cannot be written: {error}"))?;
    stream.write_all(&out).await.map_err(|error| error.to_string())?;
    stream.flush().await.map_err(|error| error.to_string())?;
    loop {
        match mqttbytes::v4::read(received, LONGEST) {
            Ok(Packet::ConnAck(answer)) => return Ok(answer.code),
            Ok(_) => return Err("the broker's first packet is no CONNACK".to_owned()),
            Err(mqttbytes::Error::InsufficientBytes(_)) => {}
            Err(error) => return Err(format!("the broker does not speak MQTT 3.1.1: {error}")),
        }
        if stream.read_buf(received).await.map_err(|error| error.to_string())? == 0 {
            return Err("the broker closed the connection instead of answering CONNECT".to_owned());
        }
    }
}

/// Unique, so that no other connection is pushed off; of letters and digits, and no longer than every broker must take.
fn new_client_id() -> String {
    let mut random = [0_u8; 8];
    #[expect(clippy::expect_used, reason = "AWS-LC aborts the process rather than report that there is no entropy")]
    rand::fill(&mut random).expect("the system's random numbers");
    format!("offramp{:016x}", u64::from_be_bytes(random))
}
