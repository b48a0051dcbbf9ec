//! Puts a simulator's message face on a loopback port of its own, behind the same faults and journal as its HTTP.
//! The bytes on the wire are the simulator's business; time and the socket are this module's.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::server::{Site, act_later};
use super::{Call, Fault, Reply};

const READ_BYTES: usize = 16 << 10;

/// A provider that also takes messages.
pub trait Messages: Send + Sync {
    /// A client has connected; what follows is between it and the conversation.
    fn open(&self) -> Box<dyn Conversation>;
}

/// One client's connection to the provider's broker, without its socket. It ends when dropped.
pub trait Conversation: Send {
    /// Takes what arrived, and tells what is to be done about it, in that order.
    fn receive(&mut self, bytes: &[u8]) -> Vec<Step>;

    /// Brings the reply to the client: what is to be sent, or nothing if the broker would not forward it.
    /// A planted reply did not come from the simulator: what it leaves out is filled in.
    fn deliver(&mut self, call: &Call, reply: &Reply, planted: bool) -> Vec<Delivery>;

    /// The connection ends if nothing arrives for so long.
    fn silence_limit(&self) -> Option<Duration>;

    /// Told when the broker ends the connection of its own accord.
    fn ended(&self) -> Arc<Notify>;
}

/// What is to be done about bytes that arrived.
#[derive(Debug)]
pub enum Step {
    /// Send these.
    Send(Bytes),
    /// Let the provider act on this, and deliver its reply.
    Act(Call),
    /// Close the connection.
    Close,
}

/// A reply on the wire.
#[derive(Debug)]
pub struct Delivery {
    pub head: Bytes,
    pub payload: Bytes,
}

/// What becomes of a message, its fault considered.
enum Fate {
    Deliver { reply: Reply, planted: bool, whole: bool, order: Order },
    Close,
}

/// How often a reply comes, and what else does.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Once,
    Twice,
    /// The reply before it comes once more, and first.
    AfterTheLast,
}

/// A fate whose time has come.
struct Due {
    call: Call,
    fate: Fate,
}

pub(super) async fn accept(listener: TcpListener, site: Arc<Site>, mut stopped: watch::Receiver<()>) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let Ok((stream, _)) = stream else { continue };
        let _ = stream.set_nodelay(true);
        let Some(conversation) = site.simulator.messages().map(|m| m.open()) else { return };
        let (site, mut stopped) = (Arc::clone(&site), stopped.clone());
        tokio::spawn(async move {
            tokio::select! {
                // A connection that breaks ends the conversation, and that is all.
                _ = converse(stream, &site, conversation) => {}
                _ = stopped.changed() => {}
            }
        });
    }
}

async fn converse(stream: TcpStream, site: &Arc<Site>, mut conversation: Box<dyn Conversation>) -> io::Result<()> {
    let (mut reader, mut writer) = stream.into_split();
    let (later, mut due) = mpsc::unbounded_channel::<Due>();
    let ended = conversation.ended();
    let mut arrived = vec![0; READ_BYTES];
    let mut last_heard = Instant::now();
    let mut last = None;
    loop {
        let limit = conversation.silence_limit();
        let steps = tokio::select! {
            read = reader.read(&mut arrived) => match read? {
                0 => return Ok(()),
                size => {
                    last_heard = Instant::now();
                    conversation.receive(&arrived[..size])
                }
            },
            Some(Due { call, fate }) = due.recv() => {
                if fulfil(&mut writer, conversation.as_mut(), &mut last, call, fate).await? {
                    continue;
                }
                return Ok(());
            }
            () = ended.notified() => return Ok(()),
            () = silence(last_heard, limit) => return Ok(()),
        };
        for step in steps {
            match step {
                Step::Send(bytes) => writer.write_all(&bytes).await?,
                Step::Close => return writer.shutdown().await,
                Step::Act(call) => {
                    let (fate, after) = meet(site, &call);
                    if after.is_zero() {
                        if !fulfil(&mut writer, conversation.as_mut(), &mut last, call, fate).await? {
                            return Ok(());
                        }
                        continue;
                    }
                    let later = later.clone();
                    tokio::spawn(async move {
                        tokio::time::sleep(after).await;
                        // Fails if the connection is gone meanwhile.
                        let _ = later.send(Due { call, fate });
                    });
                }
            }
        }
    }
}

async fn silence(since: Instant, limit: Option<Duration>) {
    match limit {
        Some(limit) => tokio::time::sleep_until(since + limit).await,
        None => std::future::pending().await,
    }
}

/// Lets the provider act, or the fault that is planted for the message; other messages do not wait for a delay.
fn meet(site: &Arc<Site>, call: &Call) -> (Fate, Duration) {
    let deliver = |order| Fate::Deliver { reply: site.act(call), planted: false, whole: true, order };
    let acted = |whole| Fate::Deliver { reply: site.act(call), planted: false, whole, order: Order::Once };
    let planted = |reply, whole| Fate::Deliver { reply, planted: true, whole, order: Order::Once };
    let at_once = Duration::ZERO;
    match site.faults.strike(call) {
        None | Some(Fault::ManyHeaders(_) | Fault::OtherType(_)) => (acted(true), at_once),
        Some(Fault::Slow(delay) | Fault::Trickle(delay)) => (acted(true), delay),
        Some(Fault::HalfBody | Fault::HalfChunks) => (acted(false), at_once),
        Some(Fault::Garbled) => (planted(site.act(call).garbled(), true), at_once),
        Some(Fault::Twice) => (deliver(Order::Twice), at_once),
        Some(Fault::LastAgain) => (deliver(Order::AfterTheLast), at_once),
        Some(Fault::ActLater(delay)) => {
            tokio::spawn(act_later(Arc::clone(site), call.clone(), delay));
            (Fate::Close, at_once)
        }
        Some(Fault::Answer(reply)) => {
            site.note(call);
            (planted(reply, true), at_once)
        }
        Some(Fault::HalfAnswer(reply)) => {
            site.note(call);
            (planted(reply, false), at_once)
        }
        Some(Fault::EchoCredentials) => {
            site.note(call);
            let echo = format!("cannot read {}", String::from_utf8_lossy(&call.body));
            (planted(Reply::json(400, &serde_json::json!({"error": echo})), true), at_once)
        }
        Some(Fault::ActThenAnswer(reply)) => {
            site.act(call);
            (planted(reply, true), at_once)
        }
        Some(Fault::DropBefore) => {
            site.note(call);
            (Fate::Close, at_once)
        }
        Some(Fault::DropAfter) => {
            site.act(call);
            (Fate::Close, at_once)
        }
        Some(Fault::HangBefore(silence)) => {
            site.note(call);
            (Fate::Close, silence)
        }
        Some(Fault::HangAfter(silence)) => {
            site.act(call);
            (Fate::Close, silence)
        }
    }
}

/// Sends what the fate is; false if that ends the connection.
async fn fulfil(
    writer: &mut OwnedWriteHalf,
    conversation: &mut dyn Conversation,
    last: &mut Option<(Call, Reply)>,
    call: Call,
    fate: Fate,
) -> io::Result<bool> {
    let Fate::Deliver { reply, planted, whole, order } = fate else { return Ok(false) };
    let mut deliveries = Vec::new();
    if let Some((call, reply)) = last.as_ref().filter(|_| order == Order::AfterTheLast) {
        deliveries.extend(conversation.deliver(call, reply, false));
    }
    deliveries.extend(conversation.deliver(&call, &reply, planted));
    if order == Order::Twice {
        deliveries.extend(conversation.deliver(&call, &reply, planted));
    }
    for Delivery { head, payload } in deliveries {
        let payload = if whole { payload } else { payload.slice(..payload.len() / 2) };
        writer.write_all(&head).await?;
        writer.write_all(&payload).await?;
    }
    *last = Some((call, reply)).filter(|_| !planted);
    if !whole {
        // Lets the first half arrive before the connection ends.
        writer.flush().await?;
    }
    Ok(whole)
}
