//! An MQTT client that writes and reads every byte itself, so that it can also break the rules.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::Site;

const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct Client {
    pub(super) id: String,
    stream: TcpStream,
    last_packet_id: u16,
}

/// What a broker sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Incoming {
    ConnAck { session_present: u8, code: u8 },
    PubAck(u16),
    SubAck(u16, Vec<u8>),
    UnsubAck(u16),
    PingResp,
    Publish(Message),
    Closed,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) topic: String,
    pub(super) payload: String,
    /// At QoS 1.
    pub(super) id: Option<u16>,
    pub(super) duplicate: bool,
}

impl Client {
    /// A bare connection, without a CONNECT.
    pub(super) async fn dial(site: &Site, id: &str) -> Self {
        let stream = TcpStream::connect(site.server.mqtt_address.unwrap()).await.unwrap();
        Self { id: id.to_owned(), stream, last_packet_id: 0 }
    }

    /// Connects, and must be let in.
    pub(super) async fn connect(site: &Site, id: &str, credentials: Option<(&str, &str)>) -> Self {
        let mut client = Self::dial(site, id).await;
        client.send(&connect(4, id, credentials)).await;
        assert_eq!(client.next().await, Incoming::ConnAck { session_present: 0, code: 0 });
        client
    }

    /// Connects; gives the return code. A refused connection must be closed.
    pub(super) async fn connect_code(site: &Site, packet: &[u8]) -> u8 {
        let mut client = Self::dial(site, "").await;
        client.send(packet).await;
        let Incoming::ConnAck { session_present: 0, code } = client.next().await else { panic!("no CONNACK") };
        if code != 0 {
            assert_eq!(client.next().await, Incoming::Closed);
        }
        code
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Subscribes to one filter at QoS 1; gives the code that acknowledges it.
    pub(super) async fn subscribe(&mut self, filter: &str) -> u8 {
        self.subscribe_at(filter, 1).await
    }

    pub(super) async fn subscribe_at(&mut self, filter: &str, qos: u8) -> u8 {
        let id = self.packet_id();
        self.send(&packet(0x82, &[id.to_be_bytes().as_slice(), &text(filter), &[qos]].concat())).await;
        match self.next().await {
            Incoming::SubAck(of, codes) if of == id && codes.len() == 1 => codes[0],
            other => panic!("not the SUBACK: {other:?}"),
        }
    }

    /// Subscribes to the replies to an action.
    pub(super) async fn subscribe_reply(&mut self, action: &str) -> u8 {
        self.subscribe(&format!("dh/response/{action}@{}", self.id)).await
    }

    /// Publishes to `dh/request` at QoS 1, and must get the PUBACK.
    pub(super) async fn publish(&mut self, payload: &str) {
        let id = self.packet_id();
        self.send(&publish("dh/request", Some(id), payload)).await;
        assert_eq!(self.next().await, Incoming::PubAck(id));
    }

    /// The next message, acknowledged.
    pub(super) async fn message(&mut self) -> Message {
        match self.next().await {
            Incoming::Publish(message) => {
                if let Some(id) = message.id {
                    self.send(&packet(0x40, &id.to_be_bytes())).await;
                }
                message
            }
            other => panic!("not a message: {other:?}"),
        }
    }

    /// Publishes a request and gives the payload of the reply, which must come on the action's topic.
    pub(super) async fn ask(&mut self, request: Value) -> String {
        self.publish(&request.to_string()).await;
        let message = self.message().await;
        let action = request["action"].as_str().unwrap();
        assert_eq!(message.topic, format!("dh/response/{action}@{}", self.id));
        message.payload
    }

    /// That nothing comes for a while, and the connection stays.
    pub(super) async fn hears_nothing(&mut self) {
        let mut byte = [0];
        let waiting = tokio::time::timeout(Duration::from_millis(150), self.stream.peek(&mut byte));
        assert!(waiting.await.is_err(), "something arrived, or the connection ended");
    }

    pub(super) async fn is_closed(&mut self) {
        assert_eq!(self.next().await, Incoming::Closed);
    }

    pub(super) async fn next(&mut self) -> Incoming {
        let reading = tokio::time::timeout(PATIENCE, self.read_packet());
        reading.await.expect("nothing arrived").unwrap_or(Incoming::Closed)
    }

    async fn read_packet(&mut self) -> Option<Incoming> {
        let first = self.stream.read_u8().await.ok()?;
        let mut length = 0;
        for shift in [0, 7, 14, 21] {
            let byte = self.stream.read_u8().await.ok()?;
            length |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await.ok()?;
        let id = |at: usize| u16::from_be_bytes([body[at], body[at + 1]]);
        Some(match first {
            0x20 => {
                assert_eq!(length, 2);
                Incoming::ConnAck { session_present: body[0], code: body[1] }
            }
            0x40 => Incoming::PubAck(id(0)),
            0x90 => Incoming::SubAck(id(0), body[2..].to_vec()),
            0xb0 => Incoming::UnsubAck(id(0)),
            0xd0 => Incoming::PingResp,
            0x30 | 0x32 | 0x3a => {
                let end = 2 + usize::from(id(0));
                let topic = String::from_utf8(body[2..end].to_vec()).unwrap();
                let (packet_id, payload) = if first == 0x30 { (None, end) } else { (Some(id(end)), end + 2) };
                let payload = String::from_utf8(body[payload..].to_vec()).unwrap();
                Incoming::Publish(Message { topic, payload, id: packet_id, duplicate: first == 0x3a })
            }
            other => panic!("a server may not send {other:#x}"),
        })
    }

    /// What arrives until the connection ends, as bytes.
    pub(super) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let reading = tokio::time::timeout(PATIENCE, self.stream.read_to_end(&mut rest));
        let _ = reading.await.expect("the connection stayed");
        rest
    }

    fn packet_id(&mut self) -> u16 {
        self.last_packet_id += 1;
        self.last_packet_id
    }
}

/// A packet with its length before it.
pub(super) fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = vec![first];
    let mut length = body.len();
    while length > 0x7f {
        packet.push((length & 0x7f) as u8 | 0x80);
        length >>= 7;
    }
    packet.push(length as u8);
    packet.extend_from_slice(body);
    packet
}

/// A string with its length before it.
pub(super) fn text(text: &str) -> Vec<u8> {
    [&(text.len() as u16).to_be_bytes(), text.as_bytes()].concat()
}

/// CONNECT with a clean session and a keep-alive of a minute; level 3 is MQTT 3.1.
pub(super) fn connect(level: u8, id: &str, credentials: Option<(&str, &str)>) -> Vec<u8> {
    let flags = if credentials.is_some() { 0b1100_0010 } else { 0b0000_0010 };
    let credentials = credentials.map(|(login, password)| [text(login), text(password)].concat());
    connect_with(level, flags, 60, &[text(id), credentials.unwrap_or_default()].concat())
}

pub(super) fn connect_with(level: u8, flags: u8, keep_alive_s: u16, payload: &[u8]) -> Vec<u8> {
    let name = text(if level == 3 { "MQIsdp" } else { "MQTT" });
    packet(0x10, &[name.as_slice(), &[level, flags], &keep_alive_s.to_be_bytes(), payload].concat())
}

/// PUBLISH; with an id at QoS 1.
pub(super) fn publish(topic: &str, id: Option<u16>, payload: &str) -> Vec<u8> {
    let id = id.map(|id| id.to_be_bytes().to_vec());
    let first = if id.is_some() { 0x32 } else { 0x30 };
    packet(first, &[text(topic), id.unwrap_or_default(), payload.as_bytes().to_vec()].concat())
}
