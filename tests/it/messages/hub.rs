//! The broker and the provider behind it: who is in, who holds what, and what goes wrong next.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use mqttbytes::v4::{ConnectReturnCode, Packet};
use serde_json::{Value, json};

use crate::broker::{Broker, Line, json as json_of};

/// What becomes of the next message with that `op`.
#[derive(Clone)]
pub(super) enum Trouble {
    /// Answered with this, and not acted on.
    Answer(Value),
    /// Acted on, and answered with this.
    ActThenAnswer(Value),
    /// Acted on, and not answered.
    LoseReply,
    /// Acted on; then the connection breaks.
    ActThenDrop,
    /// The connection breaks at once.
    Drop,
}

#[derive(Default)]
pub(super) struct State {
    /// `user role` of everybody who holds one.
    pub(super) held: BTreeSet<(i64, i64)>,
    pub(super) passes: BTreeSet<String>,
    pub(super) trouble: VecDeque<(&'static str, Trouble)>,
    /// What CONNECT with a login is answered with.
    pub(super) login: Option<ConnectReturnCode>,
    /// Topics (without the client) that nobody may subscribe to.
    pub(super) closed: BTreeSet<&'static str>,
    /// Every message, in order.
    pub(super) heard: Vec<Value>,
    pub(super) passes_given: usize,
}

pub(super) struct Hub {
    pub(super) broker: Broker,
    pub(super) state: Arc<Mutex<State>>,
    ended: tokio::sync::watch::Sender<usize>,
}

impl Hub {
    pub(super) async fn start() -> Self {
        let state = State {
            held: BTreeSet::from([(42, 7), (42, 8)]),
            passes: BTreeSet::from(["a-good-pass".to_owned(), "another-pass".to_owned()]),
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        let (ended, watched) = tokio::sync::watch::channel(0);
        let shared = Arc::clone(&state);
        let broker = Broker::start(move |line| {
            let (state, mut watched) = (Arc::clone(&shared), watched.clone());
            watched.mark_unchanged();
            async move {
                tokio::select! {
                    () = serve(line, state) => {}
                    _ = watched.changed() => {}
                }
            }
        });
        Self { broker: broker.await, state, ended }
    }

    pub(super) fn set<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub(super) fn plan(&self, op: &'static str, trouble: Trouble) {
        self.set(|state| state.trouble.push_back((op, trouble)));
    }

    /// Forgets what was heard so far.
    pub(super) fn forget(&self) {
        self.set(|state| state.heard.clear());
    }

    /// The `op`s heard since then.
    pub(super) fn heard(&self) -> Vec<String> {
        self.set(|state| state.heard.iter().map(|message| message["op"].as_str().unwrap_or("?").to_owned()).collect())
    }

    /// Breaks every connection there is.
    pub(super) async fn break_connections(&self) {
        self.ended.send_modify(|epoch| *epoch += 1);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }

    pub(super) fn holds(&self, user: i64, role: i64) -> bool {
        self.set(|state| state.held.contains(&(user, role)))
    }
}

async fn serve(mut line: Line, state: Arc<Mutex<State>>) {
    let Some(Packet::Connect(connect)) = line.next().await else { return };
    let code = match (&connect.login, state.lock().unwrap().login) {
        (None, _) => ConnectReturnCode::Success,
        (Some(_), code) => code.unwrap_or(ConnectReturnCode::Success),
    };
    line.bytes(&[0x20, 2, 0, code as u8]).await;
    if code != ConnectReturnCode::Success {
        return;
    }
    let client = connect.client_id;
    // The pass this connection is in with; a login needs none.
    let mut inside = connect.login.map(|_| String::new());
    let mut topics = BTreeSet::new();
    while let Some(packet) = line.next().await {
        match packet {
            Packet::Subscribe(subscribe) => {
                let topic = subscribe.filters[0].path.clone();
                let op = topic.strip_prefix("hub/reply/").and_then(|rest| rest.strip_suffix(&format!("/{client}")));
                let closed = |op| state.lock().unwrap().closed.contains(op);
                let granted =
                    op.is_some_and(|op| !closed(op) && (inside.is_some() || op == "enter" || op == "pass/new"));
                if granted {
                    topics.insert(topic);
                }
                line.suback(subscribe.pkid, granted).await;
            }
            Packet::Publish(publish) if publish.topic == "hub/ask" => {
                let message = json_of(&publish);
                let op = message["op"].as_str().unwrap_or_default().to_owned();
                let (reply, goes_on) = {
                    let mut state = state.lock().unwrap();
                    state.heard.push(message.clone());
                    let trouble = state.trouble.iter().position(|(for_op, _)| *for_op == op);
                    let trouble = trouble.and_then(|at| state.trouble.remove(at)).map(|(_, trouble)| trouble);
                    match trouble {
                        Some(Trouble::Answer(reply)) => (Some(reply), true),
                        Some(Trouble::Drop) => (None, false),
                        Some(Trouble::ActThenDrop) => {
                            act(&mut state, &op, &message, &mut inside);
                            (None, false)
                        }
                        Some(Trouble::LoseReply) => {
                            act(&mut state, &op, &message, &mut inside);
                            (None, true)
                        }
                        Some(Trouble::ActThenAnswer(reply)) => {
                            act(&mut state, &op, &message, &mut inside);
                            (Some(reply), true)
                        }
                        None => (Some(act(&mut state, &op, &message, &mut inside)), true),
                    }
                };
                let topic = format!("hub/reply/{op}/{client}");
                if let Some(mut reply) = reply.filter(|_| topics.contains(&topic)) {
                    if let Some(reply) = reply.as_object_mut() {
                        reply.insert("ref".to_owned(), message["ref"].clone());
                    }
                    line.publish(&topic, &reply).await;
                }
                if !goes_on {
                    return;
                }
            }
            Packet::Disconnect => return,
            Packet::PingReq => line.bytes(&[0xd0, 0]).await,
            other => panic!("{other:?}"),
        }
    }
}

fn act(state: &mut State, op: &str, message: &Value, inside: &mut Option<String>) -> Value {
    let no = |reason: i64, said: &str| json!({"outcome": "no", "reason": reason, "said": said});
    match op {
        "pass/new" if message["with"] == "renew-me" => {
            state.passes_given += 1;
            let pass = format!("given-pass-{}", state.passes_given);
            state.passes.insert(pass.clone());
            return json!({"outcome": "ok", "given": {"pass": pass}});
        }
        "pass/new" => return no(418, "worn out"),
        "enter" => {
            let pass = message["pass"].as_str().unwrap_or_default();
            if !state.passes.contains(pass) {
                return no(401, "no such pass");
            }
            *inside = Some(pass.to_owned());
            return json!({"outcome": "ok"});
        }
        _ => {}
    }
    match inside {
        None => return no(401, "outside"),
        Some(pass) if !pass.is_empty() && !state.passes.contains(pass) => {
            return no(401, "the pass is over");
        }
        Some(_) => {}
    }
    let Some(user) = message["user"].as_i64() else { return no(400, "user is no number") };
    match op {
        "user/get" if user == 42 => {
            let roles = state.held.iter().filter(|(holder, _)| *holder == user);
            let roles: Vec<Value> = roles.map(|(_, role)| json!({"id": role})).collect();
            json!({"outcome": "ok", "found": {"user": {"id": user, "name": "Ann", "pin": "9876", "roles": roles}}})
        }
        "user/leave" if user == 42 => {
            let Some(role) = message["role"].as_i64() else { return no(400, "role is no number") };
            state.held.remove(&(user, role));
            json!({"outcome": "ok"})
        }
        _ => no(404, "nobody"),
    }
}
