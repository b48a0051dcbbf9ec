//! The same through a broker that somebody else wrote: Debian's Mosquitto, with users and passwords, and a responder
//! that is a client like us.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use bytes::BytesMut;
use mqttbytes::QoS;
use mqttbytes::v4::{Connect, Packet, Publish, Subscribe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use super::*;

const BROKER: &str = "/usr/sbin/mosquitto";
const SUBSCRIPTIONS: &str = "$SYS/broker/log/M/subscribe";
const CONNECTIONS: &str = "$SYS/broker/log/N";

/// A broker of the test's own. Who gives a login must be one of its users; `me` has the password `p4ssw0rd`.
pub(super) struct Mosquitto {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

/// What the broker's own notes say of its clients. A client of this version of MQTT is not told who published.
#[derive(Default)]
pub(super) struct Clients {
    /// Topics that were subscribed to, in order.
    topics: Vec<String>,
    /// The ids of clients that gave a login.
    pub(super) logged_in: BTreeSet<String>,
}

impl Clients {
    /// The topic that starts so and was subscribed to last.
    pub(super) fn awaiting(&self, start: &str) -> Option<&str> {
        self.topics.iter().rev().map(String::as_str).find(|topic| topic.starts_with(start))
    }

    fn note(&mut self, topic: &str, note: &str) {
        if topic == SUBSCRIPTIONS {
            // `<time>: <client> <quality> <topic>`
            self.topics.extend(note.split_whitespace().last().map(str::to_owned));
        } else if let Some((_, client)) = note.split_once(" as ").filter(|_| note.contains(", u'")) {
            // `<time>: New client connected from <address> as <client> (…, u'<login>').`
            self.logged_in.extend(client.split_whitespace().next().map(str::to_owned));
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mosquitto {
    /// With `anonymous`, clients may also come without a login.
    pub(super) async fn start(anonymous: bool) -> Self {
        assert!(
            std::path::Path::new(BROKER).is_file(),
            "{BROKER} is missing; install it with: apt-get install --no-install-recommends mosquitto"
        );
        let folder = tempfile::tempdir().unwrap();
        let passwords = folder.path().join("passwords");
        std::fs::write(&passwords, "me:p4ssw0rd\nresponder:r3sponder\n").unwrap();
        assert!(Command::new("mosquitto_passwd").arg("-U").arg(&passwords).status().unwrap().success());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = folder.path().join("mosquitto.conf");
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous {anonymous}\npassword_file {}\npersistence false\nuser root\nlog_dest topic\nlog_type subscribe\nlog_type notice\n",
            passwords.display()
        );
        std::fs::write(&settings, text).unwrap();
        let child = Command::new(BROKER).arg("-c").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let broker = Self { child: child.unwrap(), port, _folder: folder };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "mosquitto does not listen");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        broker
    }

    pub(super) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Lets `provider` answer what is published on a topic: it gives the topic of the reply, and the reply, or stays
    /// silent. Ready when this returns.
    pub(super) async fn respond<P>(&self, asked: &'static str, mut provider: P) -> JoinHandle<()>
    where
        P: FnMut(&Clients, &Value) -> Option<(String, Value)> + Send + 'static,
    {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let mut connect = Connect::new("responder");
        connect.set_login("responder", "r3sponder");
        let mut out = BytesMut::new();
        connect.write(&mut out).unwrap();
        for (packet_id, topic) in [(1, SUBSCRIPTIONS), (2, CONNECTIONS), (3, asked)] {
            let mut subscribe = Subscribe::new(topic, QoS::AtLeastOnce);
            subscribe.pkid = packet_id;
            subscribe.write(&mut out).unwrap();
        }
        stream.write_all(&out).await.unwrap();
        let mut received = BytesMut::new();
        while !matches!(next(&mut stream, &mut received).await, Some(Packet::SubAck(ack)) if ack.pkid == 3) {}
        tokio::spawn(async move {
            let mut clients = Clients::default();
            while let Some(packet) = next(&mut stream, &mut received).await {
                let Packet::Publish(publish) = packet else { continue };
                if publish.topic != asked {
                    clients.note(&publish.topic, std::str::from_utf8(&publish.payload).unwrap());
                    continue;
                }
                let message = serde_json::from_slice(&publish.payload).unwrap();
                if let Some((topic, reply)) = provider(&clients, &message) {
                    let mut out = BytesMut::new();
                    Publish::new(topic, QoS::AtMostOnce, reply.to_string()).write(&mut out).unwrap();
                    stream.write_all(&out).await.unwrap();
                }
            }
        })
    }
}

async fn next(stream: &mut TcpStream, received: &mut BytesMut) -> Option<Packet> {
    loop {
        match mqttbytes::v4::read(received, 1 << 20) {
            Ok(packet) => return Some(packet),
            Err(mqttbytes::Error::InsufficientBytes(_)) => {}
            Err(error) => panic!("{error}"),
        }
        if stream.read_buf(received).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

#[tokio::test]
async fn a_role_is_taken_away_through_mosquitto() {
    let broker = Mosquitto::start(false).await;
    let mut held = true;
    let responder = broker.respond("hub/ask", move |clients, message| {
        held &= message["op"] != "user/leave";
        let roles = if held { json!([{"id": 7}]) } else { json!([]) };
        let reply = json!({"ref": message["ref"], "outcome": "ok",
                           "found": {"user": {"id": message["user"], "name": "Ann", "roles": roles}}});
        let topic = clients.awaiting(&format!("hub/reply/{}/", message["op"].as_str().unwrap()));
        Some((topic.unwrap().to_owned(), reply))
    });
    let responder = responder.await;
    let mut stage = Stage::open().await;
    let got = stage.connect(json!({"broker": broker.url(), "user": "me", "password": "wrong"})).await;
    assert_eq!((got.status, got.kind()), (401, "credentials_rejected"), "{}", got.text);
    let got = stage.connect(json!({"broker": broker.url(), "user": "me", "password": "p4ssw0rd"})).await;
    assert_eq!(got.status, 201, "{}", got.text);
    let got = stage.unassign().await;
    assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
    assert_eq!(got.body["name"], "Ann");
    responder.abort();
    // The broker is there, nobody answers behind it.
    let got = stage.unassign().await;
    assert_eq!((got.status, got.header("offramp-outcome")), (504, "unknown"), "{}", got.text);
}
