//! The task that owns a connection to a broker: writes what callers want, gives replies to those who wait for them, and
//! ends with the first thing that is wrong.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mqttbytes::QoS;
use mqttbytes::v4::{Disconnect, Packet, PingReq, PubAck, Publish, Subscribe, SubscribeReasonCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::link::{Awaited, Command, Ended, MessageLink};
use super::{KEEP_ALIVE, Wire};

/// A ping that is not answered for so long shows that nobody is there.
const PING_ANSWER: Duration = Duration::from_secs(15);
/// A broker that takes no bytes for so long is given up.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// So many callers may wait for their turn.
const QUEUE: usize = 64;

/// Hands a connection that the broker has accepted to a task of its own.
pub(super) fn start(
    stream: impl Wire,
    received: BytesMut,
    packet_bytes: usize,
    idle_timeout: Duration,
    client_id: String,
    host: String,
) -> MessageLink {
    let (sender, commands) = mpsc::channel(QUEUE);
    let ended = Arc::new(OnceLock::new());
    let driver = Driver {
        stream,
        received,
        packet_bytes,
        idle_timeout,
        subscriptions: HashMap::new(),
        awaited: Vec::new(),
        last_packet_id: 0,
        ping_sent: None,
    };
    tokio::spawn(driver.run(commands, Arc::clone(&ended)));
    MessageLink::new(client_id, host, sender, ended)
}

struct Driver<S> {
    stream: S,
    /// Bytes that are no whole packet yet.
    received: BytesMut,
    packet_bytes: usize,
    idle_timeout: Duration,
    /// Who waits for the word on a subscription, by packet identifier.
    subscriptions: HashMap<u16, oneshot::Sender<bool>>,
    awaited: Vec<Awaited>,
    last_packet_id: u16,
    ping_sent: Option<Instant>,
}

impl<S: Wire> Driver<S> {
    async fn run(mut self, mut commands: mpsc::Receiver<Command>, ended: Arc<OnceLock<Ended>>) {
        let why = self.drive(&mut commands).await;
        let in_order = why.is_none();
        if let Some(why) = why {
            // Nobody else sets it; and it is set before anybody is told that the connection is gone.
            let _ = ended.set(why);
        }
        commands.close();
        if in_order {
            let mut out = BytesMut::new();
            // A farewell is a courtesy.
            if Disconnect.write(&mut out).is_ok() {
                let _ = self.write(&out).await;
            }
        }
    }

    /// Until something is wrong, or (`None`) nobody needs the connection any more.
    async fn drive(&mut self, commands: &mut mpsc::Receiver<Command>) -> Option<Ended> {
        let mut last_written = Instant::now();
        let mut last_used = Instant::now();
        loop {
            // What came with the answer to CONNECT is looked at first.
            if let Err(why) = self.take_packets().await {
                return Some(why);
            }
            self.awaited.retain(|awaited| !awaited.reply.is_closed());
            let busy = !self.awaited.is_empty() || !self.subscriptions.is_empty();
            let idle_at = last_used + self.idle_timeout;
            let ping_at = match self.ping_sent {
                Some(sent) => sent + PING_ANSWER,
                None => last_written + KEEP_ALIVE / 2,
            };
            let written = tokio::select! {
                read = self.stream.read_buf(&mut self.received) => match read {
                    Ok(0) => return Some(Ended::Broken("the broker closed the connection".to_owned())),
                    Ok(_) => continue,
                    Err(error) => return Some(Ended::Broken(error.to_string())),
                },
                command = commands.recv() => {
                    let command = command?;
                    last_used = Instant::now();
                    self.obey(command).await
                }
                () = sleep_until(ping_at) => match self.ping_sent {
                    Some(_) => Err(Ended::Broken("the broker does not answer".to_owned())),
                    None => self.ping().await,
                },
                () = sleep_until(idle_at), if !busy => return None,
            };
            match written {
                Ok(()) => last_written = Instant::now(),
                Err(why) => return Some(why),
            }
        }
    }

    async fn obey(&mut self, command: Command) -> Result<(), Ended> {
        let mut out = BytesMut::new();
        match command {
            Command::Subscribe { topic, granted } => {
                let mut subscribe = Subscribe::new(topic, QoS::AtMostOnce);
                subscribe.pkid = self.next_packet_id();
                self.subscriptions.insert(subscribe.pkid, granted);
                encoded(subscribe.write(&mut out))?;
            }
            Command::Publish { topic, payload, ticket, awaited } => {
                encoded(Publish::from_bytes(topic, QoS::AtMostOnce, payload).write(&mut out))?;
                if awaited.reply.is_closed() || !ticket.begin() {
                    return Ok(());
                }
                self.awaited.push(awaited);
            }
        }
        self.write(&out).await
    }

    /// Zero is no packet identifier.
    fn next_packet_id(&mut self) -> u16 {
        self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
        self.last_packet_id
    }

    async fn ping(&mut self) -> Result<(), Ended> {
        let mut out = BytesMut::new();
        encoded(PingReq.write(&mut out))?;
        self.ping_sent = Some(Instant::now());
        self.write(&out).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        let stream = &mut self.stream;
        let written = timeout(WRITE_LIMIT, async {
            stream.write_all(bytes).await?;
            stream.flush().await
        });
        match written.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Ended::Broken(error.to_string())),
            Err(_) => Err(Ended::Broken("the broker takes no bytes".to_owned())),
        }
    }

    /// Looks at every whole packet that has arrived.
    async fn take_packets(&mut self) -> Result<(), Ended> {
        loop {
            let malformed = |reason: &str| Ended::Malformed(format!("the broker sent {reason}"));
            let packet = match mqttbytes::v4::read(&mut self.received, self.packet_bytes) {
                Ok(packet) => packet,
                Err(mqttbytes::Error::InsufficientBytes(_)) => return Ok(()),
                Err(mqttbytes::Error::PayloadSizeLimitExceeded(size)) => {
                    return Err(malformed(&format!("a packet of {size} bytes, more than is taken")));
                }
                Err(error) => return Err(malformed(&format!("what is no packet: {error}"))),
            };
            match packet {
                Packet::Publish(publish) => {
                    match publish.qos {
                        QoS::AtMostOnce => {}
                        QoS::AtLeastOnce => {
                            let mut out = BytesMut::new();
                            encoded(PubAck::new(publish.pkid).write(&mut out))?;
                            self.write(&out).await?;
                        }
                        QoS::ExactlyOnce => return Err(malformed("a message in a quality nobody asked for")),
                    }
                    self.deliver(&publish.topic, &publish.payload);
                }
                Packet::SubAck(answer) => {
                    let waiting = self.subscriptions.remove(&answer.pkid);
                    let (Some(waiting), [code]) = (waiting, answer.return_codes.as_slice()) else {
                        return Err(malformed("a word on a subscription that nobody asked for"));
                    };
                    // Who asked may be gone.
                    let _ = waiting.send(*code != SubscribeReasonCode::Failure);
                }
                Packet::PingResp => self.ping_sent = None,
                // Acknowledges what nobody waits for.
                Packet::PubAck(_) | Packet::UnsubAck(_) => {}
                _ => return Err(malformed("a packet that only clients send")),
            }
        }
    }

    /// Gives a reply to who waits for it: the same topic, the same correlation. Whatever else comes is nobody's.
    fn deliver(&mut self, topic: &str, payload: &Bytes) {
        if !self.awaited.iter().any(|awaited| awaited.topic == topic) {
            return;
        }
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(payload) else { return };
        let mine = |awaited: &Awaited| {
            awaited.topic == topic && json.get(&awaited.member).and_then(|id| id.as_str()) == Some(awaited.id.as_str())
        };
        if let Some(index) = self.awaited.iter().position(mine) {
            // Who asked may have given up.
            let _ = self.awaited.swap_remove(index).reply.send(payload.clone());
        }
    }
}

fn encoded(written: Result<usize, mqttbytes::Error>) -> Result<(), Ended> {
    written.map(drop).map_err(|error| Ended::Broken(format!("a packet cannot be written: {error}")))
}
