//! The same through a broker that somebody else wrote: Debian's Mosquitto, with users and passwords, and a responder
//! that is a client like us.

use std::process::{Child, Command, Stdio};
use std::time::Instant;

use bytes::BytesMut;
use mqttbytes::QoS;
use mqttbytes::v4::{Connect, Packet, Publish, Subscribe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const BROKER: &str = "/usr/sbin/mosquitto";

struct Mosquitto {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Mosquitto {
    async fn start() -> Self {
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
            "listener {port} 127.0.0.1\nallow_anonymous false\npassword_file {}\npersistence false\nuser root\nlog_dest topic\nlog_type subscribe\n",
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

    /// Answers every `hub/ask` as the provider would; ready when this returns. A client of this version of MQTT is not
    /// told who published, so that the broker's own notes on subscriptions have to say where a reply is awaited.
    async fn respond(&self) -> tokio::task::JoinHandle<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let mut connect = Connect::new("responder");
        connect.set_login("responder", "r3sponder");
        let mut out = BytesMut::new();
        connect.write(&mut out).unwrap();
        for (packet_id, topic) in [(1, "$SYS/broker/log/M/subscribe"), (2, "hub/ask")] {
            let mut subscribe = Subscribe::new(topic, QoS::AtLeastOnce);
            subscribe.pkid = packet_id;
            subscribe.write(&mut out).unwrap();
        }
        stream.write_all(&out).await.unwrap();
        let mut received = BytesMut::new();
        while !matches!(next(&mut stream, &mut received).await, Some(Packet::SubAck(ack)) if ack.pkid == 2) {}
        tokio::spawn(async move {
            let (mut held, mut awaited) = (true, Vec::new());
            while let Some(packet) = next(&mut stream, &mut received).await {
                let Packet::Publish(publish) = packet else { continue };
                if publish.topic != "hub/ask" {
                    // `<time>: <client> <quality> <topic>`
                    let note = String::from_utf8(publish.payload.to_vec()).unwrap();
                    awaited.extend(note.split_whitespace().last().map(str::to_owned));
                    continue;
                }
                let message: Value = serde_json::from_slice(&publish.payload).unwrap();
                held &= message["op"] != "user/leave";
                let roles = if held { json!([{"id": 7}]) } else { json!([]) };
                let reply = json!({"ref": message["ref"], "outcome": "ok",
                                   "found": {"user": {"id": message["user"], "name": "Ann", "roles": roles}}});
                let start = format!("hub/reply/{}/", message["op"].as_str().unwrap());
                let topic = awaited.iter().rev().find(|topic| topic.starts_with(&start)).unwrap();
                let mut out = BytesMut::new();
                Publish::new(topic, QoS::AtMostOnce, reply.to_string()).write(&mut out).unwrap();
                stream.write_all(&out).await.unwrap();
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
    let broker = Mosquitto::start().await;
    let responder = broker.respond().await;
    let mut stage = Stage::open().await;
    let address = format!("mqtt://127.0.0.1:{}", broker.port);
    let got = stage.connect(json!({"broker": address, "user": "me", "password": "wrong"})).await;
    assert_eq!((got.status, got.kind()), (401, "credentials_rejected"), "{}", got.text);
    let got = stage.connect(json!({"broker": address, "user": "me", "password": "p4ssw0rd"})).await;
    assert_eq!(got.status, 201, "{}", got.text);
    let got = stage.unassign().await;
    assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
    assert_eq!(got.body["name"], "Ann");
    responder.abort();
    // The broker is there, nobody answers behind it.
    let got = stage.unassign().await;
    assert_eq!((got.status, got.header("offramp-outcome")), (504, "unknown"), "{}", got.text);
}
