//! The definition of the strict broker, unchanged, through Mosquitto: what answers behind it is written from the
//! provider's pages alone, and every message of both sides is held against the provider's schemas.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use offramp::sandbox::{Call, Reply};
use offramp::suite::documents::Documents;

use super::hub::Trouble;
use super::mosquitto::{Clients, Mosquitto};
use super::strict::STRICT;
use super::*;

const ACCESS: &str = "a-good-pass";
const REFRESH: &str = "renew-me";
/// What a login is called here, and its password; as the broker has them.
const LOGIN: (&str, &str) = ("me", "p4ssw0rd");

struct Provider {
    documents: Documents,
    /// `user network` of everybody who is in one.
    members: BTreeSet<(i64, i64)>,
    access: BTreeSet<String>,
    /// The ids of clients whose token was taken, and which.
    entered: Vec<(String, String)>,
    trouble: VecDeque<(&'static str, Trouble)>,
    /// The actions asked for, in order.
    heard: Vec<String>,
    /// What in the messages is not as the provider documents it.
    deviations: Vec<String>,
}

impl Provider {
    fn new() -> Self {
        Self {
            documents: Documents::embedded().unwrap(),
            members: BTreeSet::from([(42, 7), (42, 9), (43, 7)]),
            access: BTreeSet::from([ACCESS.to_owned()]),
            entered: Vec::new(),
            trouble: VecDeque::new(),
            heard: Vec::new(),
            deviations: Vec::new(),
        }
    }

    /// The topic of the reply, and the reply.
    fn answer(&mut self, clients: &Clients, message: &Value) -> Option<(String, Value)> {
        let action = message["action"].as_str()?.to_owned();
        self.heard.push(action.clone());
        let topic = clients.awaiting(&format!("dh/response/{action}@"));
        let Some(topic) = topic.map(str::to_owned) else {
            self.deviations.push(format!("{action} was asked for before its reply was subscribed to"));
            return None;
        };
        let client = topic.rsplit('@').next()?.to_owned();
        let trouble = self.trouble.iter().position(|(for_action, _)| *for_action == action);
        let reply = match trouble.and_then(|at| self.trouble.remove(at)).map(|(_, trouble)| trouble) {
            None => Some(self.act(clients, &client, &action, message)),
            Some(Trouble::Answer(reply)) => Some(reply),
            Some(Trouble::Drop) => None,
            Some(Trouble::ActThenAnswer(reply)) => {
                self.act(clients, &client, &action, message);
                Some(reply)
            }
            Some(Trouble::LoseReply | Trouble::ActThenDrop) => {
                self.act(clients, &client, &action, message);
                None
            }
        };
        let reply = reply.map(|mut reply| {
            let whole = reply.as_object_mut().unwrap();
            whole.insert("action".to_owned(), action.clone().into());
            whole.insert("requestId".to_owned(), message["requestId"].clone());
            reply
        });
        self.check(&action, message, reply.as_ref());
        reply.map(|reply| (topic, reply))
    }

    fn check(&mut self, action: &str, message: &Value, reply: Option<&Value>) {
        let call = Call {
            method: "MQTT".to_owned(),
            path: action.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Bytes::from(message.to_string()),
        };
        let reply = reply.map(|reply| Reply::json(200, reply));
        let found = self.documents.check("devicehive", &call, reply.as_ref());
        self.deviations.extend(found.iter().map(ToString::to_string));
        if !message["requestId"].is_string() {
            self.deviations.push(format!("{action}: without a requestId no reply can be told from another"));
        }
    }

    fn act(&mut self, clients: &Clients, client: &str, action: &str, message: &Value) -> Value {
        let no = |code: u16, text: &str| json!({"status": "error", "code": code, "error": text});
        let text = |name: &str| message[name].as_str().unwrap_or_default();
        match action {
            "authenticate" if self.access.contains(text("token")) => {
                self.entered.push((client.to_owned(), text("token").to_owned()));
                return json!({"status": "success"});
            }
            "token/refresh" if text("refreshToken") == REFRESH => {
                let access = format!("given-pass-{}", self.heard.len());
                self.access.insert(access.clone());
                return json!({"status": "success", "accessToken": access});
            }
            "authenticate" | "token/refresh" => return no(401, "Unauthorized"),
            _ => {}
        }
        if !clients.logged_in.contains(client) {
            let token = self.entered.iter().rev().find(|(id, _)| id == client).map(|(_, token)| token);
            match token {
                None => return no(401, "Unauthorized"),
                Some(token) if !self.access.contains(token) => return no(401, "Token expired"),
                Some(_) => {}
            }
        }
        let (user, network) = (message["userId"].as_i64(), message["networkId"].as_i64());
        match (action, user, network) {
            ("user/get", None, _) | ("user/unassignNetwork", None, _) => no(400, "User id is wrong or empty"),
            ("user/get", Some(42), _) => json!({"status": "success", "user": self.user()}),
            ("user/unassignNetwork", Some(_), None) => no(400, "Network id is wrong or empty"),
            ("user/unassignNetwork", Some(42), Some(network)) => {
                self.members.remove(&(42, network));
                json!({"status": "success"})
            }
            ("user/get" | "user/unassignNetwork", Some(user), _) => {
                no(404, &format!("User with id = {user} not found"))
            }
            _ => no(400, &format!("Illegal argument: {action}")),
        }
    }

    fn user(&self) -> Value {
        let own = self.members.iter().filter(|(user, _)| *user == 42);
        let networks: Vec<Value> = own.map(|(_, id)| json!({"id": id, "name": format!("Lab {id}")})).collect();
        json!({"id": 42, "login": "alice@example.com", "role": 1, "status": 0, "lastLogin": "2018-02-08T15:31:42.000",
               "data": {}, "introReviewed": false, "allDeviceTypesAvailable": true, "networks": networks})
    }
}

/// Broker, provider, gateway, and an account that is connected.
struct Hive {
    broker: Mosquitto,
    provider: Arc<Mutex<Provider>>,
    app: Router,
    account: String,
}

impl Hive {
    async fn open() -> Self {
        let broker = Mosquitto::start(true).await;
        let provider = Arc::new(Mutex::new(Provider::new()));
        let shared = Arc::clone(&provider);
        let answer = move |clients: &Clients, message: &Value| shared.lock().unwrap().answer(clients, message);
        // It ends with the broker.
        drop(broker.respond("dh/request", answer).await);
        Self { broker, provider, app: gateway(STRICT).await, account: String::new() }
    }

    async fn connected(credentials: Value) -> Self {
        let mut hive = Self::open().await;
        let got = hive.connect(&credentials).await;
        assert_eq!(got.status, 201, "{credentials}: {}", got.text);
        hive.account = got.body["id"].as_str().unwrap().to_owned();
        hive
    }

    async fn connect(&self, credentials: &Value) -> Got {
        let mut context = credentials.clone();
        context["mqtt_url"] = json!(self.broker.url());
        send(&self.app, "/integrated-account", &json!({"integration": "devicehive", "context": context})).await
    }

    /// Takes network 7 from user 42.
    async fn unassign(&self) -> Got {
        let path = format!("/unified/user-directory/users/unassign-role?integrated_account_id={}", self.account);
        let got = send(&self.app, &path, &json!({"id": "42", "roles": [{"group": "7"}]})).await;
        assert_eq!(self.set(|provider| provider.deviations.clone()), Vec::<String>::new(), "{}", got.text);
        got
    }

    fn set<T>(&self, change: impl FnOnce(&mut Provider) -> T) -> T {
        change(&mut self.provider.lock().unwrap())
    }

    fn heard(&self) -> Vec<String> {
        self.set(|provider| std::mem::take(&mut provider.heard))
    }

    /// What user 42 lost, and everybody else.
    fn lost(&self) -> Vec<(i64, i64)> {
        self.set(|provider| Provider::new().members.difference(&provider.members).copied().collect())
    }
}

fn login() -> Value {
    json!({"login": LOGIN.0, "password": LOGIN.1})
}

#[tokio::test]
async fn a_membership_is_taken_away_by_every_way_in() {
    for (credentials, enters) in [
        (login(), &[][..]),
        (json!({"access_token": ACCESS}), &["authenticate"]),
        (json!({"refresh_token": REFRESH}), &["token/refresh", "authenticate"]),
    ] {
        let hive = Hive::connected(credentials.clone()).await;
        assert_eq!(hive.heard(), enters, "{credentials}");
        let got = hive.unassign().await;
        assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{credentials}: {}", got.text);
        assert_eq!(got.body["emails"][0]["email"], "alice@example.com", "{}", got.text);
        assert_eq!(hive.lost(), [(42, 7)], "{credentials}");
        assert_eq!(got.header("offramp-remote-calls"), "1");
        let asked = hive.heard();
        assert_eq!(asked.iter().filter(|action| *action == "user/unassignNetwork").count(), 1, "{asked:?}");
        let again = hive.unassign().await;
        assert_eq!((again.status, again.header("offramp-outcome")), (200, "already_absent"), "{}", again.text);
        // The session of the first request is that of the second.
        let asked = hive.heard();
        assert!(!asked.iter().any(|action| enters.contains(&action.as_str())), "{credentials}: {asked:?}");
        assert_eq!(hive.lost(), [(42, 7)], "{credentials}");
    }
}

#[tokio::test]
async fn wrong_credentials_do_not_connect() {
    let hive = Hive::open().await;
    for credentials in [
        json!({"login": LOGIN.0, "password": "wrong"}),
        json!({"access_token": "no-such-token"}),
        json!({"refresh_token": "no-such-token"}),
    ] {
        let got = hive.connect(&credentials).await;
        assert_eq!((got.status, got.kind()), (401, "credentials_rejected"), "{credentials}: {}", got.text);
    }
    assert_eq!(hive.set(|provider| provider.deviations.clone()), Vec::<String>::new());
}

#[tokio::test]
async fn the_providers_no_is_passed_on() {
    for (code, kind) in [(403, "permission_missing"), (404, "not_found"), (400, "invalid_request")] {
        let hive = Hive::connected(login()).await;
        let no = json!({"status": "error", "code": code, "error": "not you"});
        hive.set(|provider| provider.trouble.push_back(("user/unassignNetwork", Trouble::Answer(no))));
        let got = hive.unassign().await;
        assert_eq!((got.status, got.kind(), got.header("offramp-outcome")), (code, kind, "failed"), "{}", got.text);
        assert_eq!(got.body["message"], "not you");
        assert_eq!(hive.lost(), []);
    }
}

#[tokio::test]
async fn a_lost_reply_is_settled_by_reading_back() {
    let busy = json!({"status": "error", "code": 500, "error": "busy"});
    for trouble in [Trouble::LoseReply, Trouble::ActThenAnswer(busy)] {
        let hive = Hive::connected(login()).await;
        hive.set(|provider| provider.trouble.push_back(("user/unassignNetwork", trouble)));
        let got = hive.unassign().await;
        assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
        assert_eq!(got.body["unassignment"]["items"][0]["confirmed_by"], "read_back", "{}", got.text);
        assert_eq!(hive.lost(), [(42, 7)]);
        let sent = hive.heard().iter().filter(|action| *action == "user/unassignNetwork").count();
        assert_eq!(sent, 1, "never sent again by itself");
    }
    // Not acted on, and not answered.
    let hive = Hive::connected(login()).await;
    hive.set(|provider| provider.trouble.push_back(("user/unassignNetwork", Trouble::Drop)));
    let got = hive.unassign().await;
    assert_eq!((got.status, got.verdict().as_str()), (504, "unknown no"), "{}", got.text);
    assert_eq!(hive.lost(), []);
}

#[tokio::test]
async fn a_token_that_is_over_is_renewed_once() {
    let hive = Hive::connected(json!({"refresh_token": REFRESH})).await;
    hive.heard();
    hive.set(|provider| provider.access.clear());
    let got = hive.unassign().await;
    assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
    let renewals = hive.heard().iter().filter(|action| *action == "token/refresh").count();
    assert_eq!((renewals, hive.lost()), (1, vec![(42, 7)]));
    // With nothing to renew it, it is refused.
    let hive = Hive::connected(json!({"access_token": ACCESS})).await;
    hive.set(|provider| provider.access.clear());
    let got = hive.unassign().await;
    assert_eq!((got.status, got.kind()), (401, "credentials_rejected"), "{}", got.text);
    assert_eq!(hive.lost(), []);
}
