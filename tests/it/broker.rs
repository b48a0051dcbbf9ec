//! A message broker that speaks as the test wants, packet by packet, and writes down what it was told.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::BytesMut;
use mqttbytes::QoS;
use mqttbytes::v4::{ConnAck, Connect, ConnectReturnCode, Packet, Publish, SubAck, SubscribeReasonCode};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A broker on a free loopback port.
pub(crate) struct Broker {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    log: Arc<Mutex<Vec<Packet>>>,
}

impl Broker {
    /// Lets `talk` have every connection.
    pub(crate) async fn start<F, T>(talk: F) -> Self
    where
        F: Fn(Line) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let log = Arc::new(Mutex::new(Vec::new()));
        let (count, notes) = (Arc::clone(&connections), Arc::clone(&log));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(talk(Line { stream, received: BytesMut::new(), log: Arc::clone(&notes) }));
            }
        });
        Self { address, connections, log }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Everything that arrived, in order.
    pub(crate) fn log(&self) -> Vec<Packet> {
        self.log.lock().unwrap().clone()
    }

    /// What was published, by topic.
    pub(crate) fn published(&self) -> Vec<(String, Value)> {
        let log = self.log();
        let published = log.iter().filter_map(|packet| match packet {
            Packet::Publish(publish) => Some((publish.topic.clone(), json(publish))),
            _ => None,
        });
        published.collect()
    }
}

/// One connection, from the broker's side.
pub(crate) struct Line {
    stream: TcpStream,
    received: BytesMut,
    log: Arc<Mutex<Vec<Packet>>>,
}

impl Line {
    /// The next packet; none at the end of the connection.
    pub(crate) async fn next(&mut self) -> Option<Packet> {
        loop {
            match mqttbytes::v4::read(&mut self.received, 1 << 20) {
                Ok(packet) => {
                    self.log.lock().unwrap().push(packet.clone());
                    return Some(packet);
                }
                Err(mqttbytes::Error::InsufficientBytes(_)) => {}
                Err(error) => panic!("what arrived is no packet: {error}"),
            }
            if self.stream.read_buf(&mut self.received).await.unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        // The client may be gone.
        let _ = self.stream.write_all(bytes).await;
    }

    /// Takes CONNECT, and answers it.
    pub(crate) async fn connect(&mut self, code: ConnectReturnCode) -> Option<Connect> {
        let Some(Packet::Connect(connect)) = self.next().await else { return None };
        let mut out = BytesMut::new();
        ConnAck::new(code, false).write(&mut out).unwrap();
        self.bytes(&out).await;
        Some(connect)
    }

    pub(crate) async fn suback(&mut self, packet_id: u16, granted: bool) {
        let code = if granted { SubscribeReasonCode::Success(QoS::AtMostOnce) } else { SubscribeReasonCode::Failure };
        let mut out = BytesMut::new();
        SubAck::new(packet_id, vec![code]).write(&mut out).unwrap();
        self.bytes(&out).await;
    }

    pub(crate) async fn publish(&mut self, topic: &str, payload: &Value) {
        let mut out = BytesMut::new();
        Publish::new(topic, QoS::AtMostOnce, payload.to_string()).write(&mut out).unwrap();
        self.bytes(&out).await;
    }
}

pub(crate) fn json(publish: &Publish) -> Value {
    serde_json::from_slice(&publish.payload).unwrap()
}
