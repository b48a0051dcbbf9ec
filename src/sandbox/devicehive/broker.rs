//! The broker before the server: who may connect, subscribe and be answered. It keeps one connection to the server
//! for each client id, hands requests on as they are, and forwards a reply only to who asked for exactly its topic.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use super::actions;
use super::hive::{Hive, Session};
use super::packet::{self, Connect, Packet, Publish, Violation};
use super::settings::AtInClientId;
use crate::sandbox::{Call, Clock, Conversation, Delivery, Reply, ReplyBody, Step};

const REQUESTS: &str = "dh/request";
/// Before CONNECT; afterwards the client's own keep-alive counts.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_FILLER_BYTES: u64 = 64 << 20;

/// CONNECT return codes.
const WRONG_LEVEL: u8 = 1;
const WRONG_CLIENT_ID: u8 = 2;
const SERVER_UNAVAILABLE: u8 = 3;

/// One client's connection.
pub(super) struct Connection {
    clock: Clock,
    hive: Arc<Mutex<Hive>>,
    arrived: BytesMut,
    client: Option<Client>,
    ended: Arc<Notify>,
}

/// What the broker knows of a client once it is connected.
struct Client {
    id: String,
    connection: u64,
    /// It logged in at CONNECT, or the reply to its `authenticate` has passed through.
    authorized: bool,
    /// Subscriptions with the QoS granted.
    filters: BTreeMap<String, u8>,
    keep_alive: Duration,
    last_packet_id: u16,
}

/// That the connection ends after what was sent.
struct End;

impl From<Violation> for End {
    fn from(_: Violation) -> Self {
        Self
    }
}

impl Connection {
    pub(super) fn new(clock: Clock, hive: Arc<Mutex<Hive>>) -> Self {
        Self { clock, hive, arrived: BytesMut::new(), client: None, ended: Arc::default() }
    }

    fn hive(&self) -> MutexGuard<'_, Hive> {
        self.hive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_packets(&mut self, steps: &mut Vec<Step>) -> Result<(), End> {
        // Whoever speaks another protocol is not waited for.
        if self.client.is_none() && self.arrived.first().is_some_and(|first| *first != packet::CONNECT) {
            return Err(End);
        }
        while let Some(packet) = packet::read(&mut self.arrived)? {
            self.take(packet, steps)?;
        }
        Ok(())
    }

    fn take(&mut self, packet: Packet, steps: &mut Vec<Step>) -> Result<(), End> {
        let Some(client) = &mut self.client else {
            let code = match packet {
                Packet::Connect(connect) => self.connect(connect),
                Packet::ConnectUnsupported => WRONG_LEVEL,
                _ => return Err(End),
            };
            steps.push(Step::Send(packet::connack(code)));
            return if code == 0 { Ok(()) } else { Err(End) };
        };
        match packet {
            Packet::Connect(_) | Packet::ConnectUnsupported | Packet::Disconnect => return Err(End),
            Packet::Publish(publish) => {
                // Acknowledged by the broker, whatever becomes of it behind.
                if let Some(id) = publish.id {
                    steps.push(Step::Send(packet::puback(id)));
                }
                if publish.topic == REQUESTS {
                    steps.push(Step::Act(client.call(publish)));
                }
            }
            Packet::PubAck(_) => {}
            Packet::Subscribe { id, filters } => {
                let codes: Vec<u8> = filters.into_iter().map(|(filter, qos)| client.subscribe(filter, qos)).collect();
                steps.push(Step::Send(packet::suback(id, &codes)));
            }
            Packet::Unsubscribe { id, filters } => {
                client.filters.retain(|filter, _| !filters.contains(filter));
                steps.push(Step::Send(packet::unsuback(id)));
            }
            Packet::PingReq => steps.push(Step::Send(packet::pingresp())),
        }
        Ok(())
    }

    /// The return code; with 0 the client is connected.
    fn connect(&mut self, connect: Connect) -> u8 {
        let now_ms = self.clock.now_ms();
        let mut hive = self.hive();
        let settings = &hive.settings;
        if settings.connect_code != 0 {
            return settings.connect_code;
        }
        let id = &connect.client_id;
        let wrong = match connect.level {
            3 => id.is_empty() || id.chars().count() > 23,
            _ => id.is_empty() && !connect.clean_session,
        };
        if wrong || (id.contains('@') && settings.at_in_client_id == AtInClientId::Refused) {
            return WRONG_CLIENT_ID;
        }
        let refused = settings.refused_connect_code;
        let mut grant = None;
        if let (Some(login), Some(password)) = (&connect.username, &connect.password) {
            if settings.server_down {
                return SERVER_UNAVAILABLE;
            }
            if hive.sessions.contains_key(id) {
                return refused;
            }
            let password = String::from_utf8_lossy(password);
            let tokens = hive.login(login, &password, now_ms);
            grant = tokens.and_then(|(access, _)| hive.admit(&access, now_ms)).ok();
            if grant.is_none() {
                return refused;
            }
        }
        let id = if id.is_empty() { Uuid::now_v7().to_string() } else { connect.client_id };
        hive.connections += 1;
        let client = Client {
            id: id.clone(),
            connection: hive.connections,
            authorized: grant.is_some(),
            filters: BTreeMap::new(),
            keep_alive: Duration::from_secs(connect.keep_alive_s.into()),
            last_packet_id: 0,
        };
        let session = Session { connection: client.connection, ended: Arc::clone(&self.ended), grant };
        // MQTT 3.1.1, 3.1.4: who connects with the same id ends the earlier connection.
        if let Some(earlier) = hive.sessions.insert(id, session) {
            earlier.ended.notify_one();
        }
        drop(hive);
        self.client = Some(client);
        0
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else { return };
        let mut hive = self.hive();
        if hive.sessions.get(&client.id).is_some_and(|session| session.connection == client.connection) {
            hive.sessions.remove(&client.id);
        }
    }
}

impl Conversation for Connection {
    fn receive(&mut self, bytes: &[u8]) -> Vec<Step> {
        self.arrived.extend_from_slice(bytes);
        let mut steps = Vec::new();
        if self.take_packets(&mut steps).is_err() {
            steps.push(Step::Close);
        }
        steps
    }

    fn deliver(&mut self, call: &Call, reply: &Reply, planted: bool) -> Vec<Delivery> {
        let payload = match &reply.body {
            ReplyBody::Bytes(bytes) if planted => fill_in(call, reply.status, bytes),
            ReplyBody::Bytes(bytes) => bytes.clone(),
            ReplyBody::Filler(bytes) => Bytes::from(vec![b'x'; (*bytes).min(MOST_FILLER_BYTES) as usize]),
        };
        let (twice, documented) = {
            let settings = &self.hive().settings;
            (settings.replies_twice, settings.token_replies_on_authenticate)
        };
        let Some(client) = &mut self.client else { return Vec::new() };
        let parsed: Option<Value> = serde_json::from_slice(&payload).ok();
        let mut action = match &parsed {
            Some(payload) => payload["action"].as_str().unwrap_or_default(),
            // Only a planted reply is no JSON: it comes where the true one would have come.
            None if planted => &call.path,
            None => "",
        };
        if action.is_empty() {
            return Vec::new();
        }
        if action == "authenticate" && parsed.as_ref().is_some_and(|p| p["status"] == "success") {
            client.authorized = true;
        }
        if documented && action.starts_with("token") {
            action = "authenticate";
        }
        client.publish(action, &payload, twice)
    }

    fn silence_limit(&self) -> Option<Duration> {
        match &self.client {
            None => Some(PATIENCE),
            Some(client) => Some(client.keep_alive * 3 / 2).filter(|limit| !limit.is_zero()),
        }
    }

    fn ended(&self) -> Arc<Notify> {
        Arc::clone(&self.ended)
    }
}

impl Client {
    /// The request as the server is asked.
    fn call(&self, publish: Publish) -> Call {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Call {
            method: "MQTT".to_owned(),
            path: actions::action_of(&publish.payload),
            query: String::new(),
            headers: vec![header("topic", &publish.topic), header(actions::CLIENT_ID, &self.id)],
            body: publish.payload,
        }
    }

    /// The code that acknowledges one filter.
    fn subscribe(&mut self, filter: String, qos: u8) -> u8 {
        let mut levels = filter.split('/');
        let refused = match (levels.next(), levels.next(), levels.next()) {
            _ if filter == REQUESTS => true,
            (Some("dh"), ..) if self.authorized => false,
            (Some("dh"), Some("response"), Some(third)) => {
                let third = third.split('@').next();
                third != Some("authenticate") && third != Some("token")
            }
            (Some("dh"), ..) => true,
            // Topics that the server has no part in.
            _ => false,
        };
        if refused {
            return packet::SUBSCRIPTION_FAILED;
        }
        let granted = qos.min(1);
        self.filters.insert(filter, granted);
        granted
    }

    fn publish(&mut self, action: &str, payload: &Bytes, twice: bool) -> Vec<Delivery> {
        // An `@` of its own cuts the id in the topic short.
        let topic = format!("dh/response/{action}@{}", self.id);
        let Some(qos) = self.filters.get(&topic).filter(|_| !self.id.contains('@')) else { return Vec::new() };
        let id = if *qos == 1 {
            self.last_packet_id = self.last_packet_id.checked_add(1).unwrap_or(1);
            Some(self.last_packet_id)
        } else {
            None
        };
        let delivery = |duplicate| Delivery {
            head: packet::publish_head(&topic, id, duplicate, payload.len()),
            payload: payload.clone(),
        };
        let mut deliveries = vec![delivery(false)];
        if twice && id.is_some() {
            deliveries.push(delivery(true));
        }
        deliveries
    }
}

/// A planted reply as the server would have sent it: what it leaves out of an object is put in from the request and
/// from the status; what it says is null is left out. Whatever is no object is sent as it is.
fn fill_in(call: &Call, status: u16, planted: &Bytes) -> Bytes {
    let planted: Map<String, Value> = match serde_json::from_slice(planted) {
        Ok(Value::Object(members)) => members,
        _ if planted.is_empty() => Map::new(),
        _ => return planted.clone(),
    };
    let request: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let mut payload = Map::new();
    payload.insert("action".to_owned(), request["action"].clone());
    payload.insert("requestId".to_owned(), request["requestId"].clone());
    if status < 400 {
        payload.insert("status".to_owned(), json!("success"));
    } else {
        payload.insert("code".to_owned(), json!(status));
        payload.insert("status".to_owned(), json!("error"));
    }
    payload.extend(planted);
    payload.retain(|_, value| !value.is_null());
    Bytes::from(Value::Object(payload).to_string())
}
