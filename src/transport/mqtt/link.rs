//! A caller's side of a connection to a broker.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::LONGEST_TEXT_BYTES;
use crate::transport::TransportError;

/// A message that wants a reply.
#[derive(Clone)]
pub struct Message {
    /// Where it is published.
    pub topic: String,
    /// JSON, with the correlation in it.
    pub payload: Bytes,
    /// The topic its reply comes on.
    pub reply: String,
    /// The member of a reply's JSON that repeats the correlation, and the correlation.
    pub correlation: (String, String),
    /// For everything, from the subscription to the reply.
    pub timeout: Duration,
}

/// What the connection's own task is asked for.
pub(super) enum Command {
    Subscribe { topic: String, granted: oneshot::Sender<bool> },
    Publish { topic: String, payload: Bytes, ticket: Arc<Ticket>, awaited: Awaited },
}

/// Who waits for which reply.
pub(super) struct Awaited {
    pub(super) topic: String,
    pub(super) member: String,
    pub(super) id: String,
    pub(super) reply: oneshot::Sender<Bytes>,
}

/// Whether a message was begun to be written, or given up before: never both.
#[derive(Default)]
pub(super) struct Ticket(AtomicU8);

impl Ticket {
    const BEGUN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    /// Whether it may be written; from then on it may have been sent.
    pub(super) fn begin(&self) -> bool {
        self.turn(Self::BEGUN)
    }

    /// Whether it is certain never to be written.
    fn give_up(&self) -> bool {
        self.turn(Self::GIVEN_UP)
    }

    fn turn(&self, to: u8) -> bool {
        self.0.compare_exchange(0, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Why a connection ended.
pub(super) enum Ended {
    Broken(String),
    Malformed(String),
}

/// A connection to a broker, for one account. It ends when it is dropped, or when nobody has used it for long.
pub struct MessageLink {
    client_id: String,
    host: String,
    commands: mpsc::Sender<Command>,
    subscribed: Mutex<HashSet<String>>,
    ended: Arc<OnceLock<Ended>>,
}

impl fmt::Debug for MessageLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageLink").field("host", &self.host).field("open", &self.is_open()).finish_non_exhaustive()
    }
}

impl MessageLink {
    pub(super) fn new(
        client_id: String,
        host: String,
        commands: mpsc::Sender<Command>,
        ended: Arc<OnceLock<Ended>>,
    ) -> Self {
        Self { client_id, host, commands, subscribed: Mutex::default(), ended }
    }

    /// The client identifier of this connection: random, and used for no other.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether it stands, as far as is known.
    pub fn is_open(&self) -> bool {
        !self.commands.is_closed()
    }

    /// Publishes a message, once, and waits for its reply. The reply's topic is subscribed to first, if it is not yet.
    ///
    /// # Errors
    /// No reply; [`TransportError::was_sent`] tells whether the provider may have the message.
    pub async fn request(&self, message: Message) -> Result<Bytes, TransportError> {
        let after = message.timeout;
        let deadline = Instant::now() + after;
        check_topic(&message.topic)?;
        check_topic(&message.reply)?;
        let late = || TransportError::ConnectTimeout { host: self.host.clone(), after };
        timeout_at(deadline, self.subscribe(&message.reply)).await.unwrap_or_else(|_| Err(late()))?;
        let (sender, reply) = oneshot::channel();
        let ticket = Arc::new(Ticket::default());
        let (member, id) = message.correlation;
        let command = Command::Publish {
            topic: message.topic,
            payload: message.payload,
            ticket: Arc::clone(&ticket),
            awaited: Awaited { topic: message.reply, member, id, reply: sender },
        };
        let answered = async {
            self.commands.send(command).await.ok()?;
            reply.await.ok()
        };
        match timeout_at(deadline, answered).await {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) if ticket.give_up() => Err(self.not_sent()),
            Ok(None) => Err(self.broken()),
            Err(_) if ticket.give_up() => Err(late()),
            Err(_) => Err(TransportError::Timeout { after }),
        }
    }

    /// Makes sure that what comes on this topic comes here.
    async fn subscribe(&self, topic: &str) -> Result<(), TransportError> {
        let mut subscribed = self.subscribed.lock().await;
        if subscribed.contains(topic) {
            return Ok(());
        }
        let (granted, answer) = oneshot::channel();
        let command = Command::Subscribe { topic: topic.to_owned(), granted };
        self.commands.send(command).await.map_err(|_| self.not_sent())?;
        match answer.await {
            Ok(true) => {
                subscribed.insert(topic.to_owned());
                Ok(())
            }
            Ok(false) => Err(TransportError::SubscriptionRefused { topic: topic.to_owned() }),
            Err(_) => Err(self.not_sent()),
        }
    }

    fn not_sent(&self) -> TransportError {
        let reason = match self.ended.get() {
            Some(Ended::Broken(reason) | Ended::Malformed(reason)) => reason.clone(),
            None => "the connection was closed".to_owned(),
        };
        TransportError::NotSent { reason }
    }

    fn broken(&self) -> TransportError {
        match self.ended.get() {
            Some(Ended::Malformed(reason)) => TransportError::MalformedAnswer { reason: reason.clone() },
            Some(Ended::Broken(reason)) => TransportError::ConnectionBroken { reason: reason.clone() },
            None => TransportError::ConnectionBroken { reason: "the connection was closed".to_owned() },
        }
    }
}

/// A topic that is one topic: a wildcard would hear, or disturb, somebody else.
fn check_topic(topic: &str) -> Result<(), TransportError> {
    let is_one = !topic.is_empty()
        && topic.len() <= LONGEST_TEXT_BYTES
        && !topic.chars().any(|c| matches!(c, '+' | '#') || c.is_control());
    is_one.then_some(()).ok_or(TransportError::InvalidCall { reason: "the topic is none, or a wildcard" })
}
