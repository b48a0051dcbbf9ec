//! A provider whose credentials are canaries: it stands before a simulator and puts the simulator's own secrets in their
//! place, gives out tokens that are canaries, adds the fields that the definition calls secret to what it answers, and repeats
//! a call's credentials when it is told to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use offramp::sandbox::{Call, Demo, Messages, Reply, ReplyBody, Simulator};
use serde_json::{Value as Json, json};

use super::search::{FIELD, Secrets};

const TOKENS: [&str; 4] = ["access_token", "refresh_token", "accessToken", "refreshToken"];

/// How the provider behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Plain,
    /// Answers every call with this status, and repeats what it was sent.
    Echo(u16),
    /// The same, but for its token endpoint.
    EchoCalls(u16),
}

pub(super) struct Planted {
    inner: Arc<dyn Simulator>,
    /// Canaries, and the simulator's own secrets that they stand for.
    known: Mutex<Vec<(String, String)>>,
    secret_fields: Vec<String>,
    answer_canary: String,
    mood: Mutex<Mood>,
    secrets: Arc<Mutex<Secrets>>,
}

/// Letters and digits that are nowhere else.
fn random() -> String {
    let mut bytes = [0_u8; 12];
    rand::fill(&mut bytes).unwrap();
    bytes.iter().map(|byte| char::from(b"abcdefghijkmnpqrstuvwxyzABCDEFGH"[usize::from(byte % 32)])).collect()
}

/// A secret with everything in it that some spelling changes.
fn canary() -> String {
    format!("{}\"\\+/=%&?:<{}", random(), random())
}

impl Planted {
    pub(super) fn new(inner: Arc<dyn Simulator>, secret_fields: Vec<String>, secrets: &Arc<Mutex<Secrets>>) -> Self {
        let answer_canary = canary();
        secrets.lock().unwrap().add(format!("{}: {FIELD}", inner.slug()), answer_canary.clone());
        let (known, mood, secrets) = (Mutex::default(), Mutex::new(Mood::Plain), Arc::clone(secrets));
        Self { inner, known, secret_fields, answer_canary, mood, secrets }
    }

    /// A canary that stands for this secret.
    pub(super) fn plant(&self, what: &str, secret: &str) -> String {
        let canary = canary();
        self.secrets.lock().unwrap().add(format!("{}: {what}", self.inner.slug()), canary.clone());
        self.known.lock().unwrap().push((canary.clone(), secret.to_owned()));
        canary
    }

    /// A secret that stays what it is.
    pub(super) fn keep(&self, what: &str, secret: &str) {
        self.secrets.lock().unwrap().add(format!("{}: {what}", self.inner.slug()), secret);
    }

    pub(super) fn turn_to(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// The call as the simulator would have had it.
    fn translated(&self, call: &Call) -> Call {
        let known = self.known.lock().unwrap().clone();
        let real =
            |text: &str| known.iter().fold(text.to_owned(), |text, (canary, secret)| text.replace(canary, secret));
        let mut call = call.clone();
        let mut is_form = false;
        for (name, value) in &mut call.headers {
            is_form |= name == "content-type" && value.starts_with("application/x-www-form-urlencoded");
            let pair = value.strip_prefix("Basic ").and_then(|pair| STANDARD.decode(pair).ok());
            *value = match pair.and_then(|pair| String::from_utf8(pair).ok()) {
                Some(pair) => {
                    let form = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                    let pair =
                        known.iter().fold(pair, |pair, (canary, secret)| pair.replace(&form(canary), &form(secret)));
                    format!("Basic {}", STANDARD.encode(real(&pair)))
                }
                None => real(value),
            };
        }
        if is_form {
            let pairs = form_urlencoded::parse(&call.body).map(|(name, value)| (name.into_owned(), real(&value)));
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(pairs);
            call.body = Bytes::from(form.finish());
        } else if let Ok(mut body) = serde_json::from_slice::<Json>(&call.body) {
            let before = body.clone();
            each_text(&mut body, &mut |_, text| *text = real(text));
            if body != before {
                call.body = Bytes::from(body.to_string());
            }
        }
        call
    }

    /// The reply with canaries for tokens, and with secret fields.
    fn planted_in(&self, call: &Call, mut reply: Reply) -> Reply {
        let ReplyBody::Bytes(bytes) = &reply.body else { return reply };
        let Ok(mut body) = serde_json::from_slice::<Json>(bytes) else { return reply };
        if call.method == "MQTT" {
            // What the broker looks at must stay as it is: these are canaries themselves.
            each_text(&mut body, &mut |name, text| {
                if TOKENS.contains(&name) {
                    self.keep(name, text);
                }
            });
        } else {
            each_text(&mut body, &mut |name, text| {
                if TOKENS.contains(&name) {
                    *text = self.plant(name, text);
                }
            });
        }
        each_record(&mut body, &mut |object| {
            for field in &self.secret_fields {
                object.entry(field.clone()).or_insert_with(|| json!(self.answer_canary));
            }
        });
        reply.body = ReplyBody::Bytes(Bytes::from(body.to_string()));
        reply
    }

    fn echo(&self, call: &Call, status: u16) -> Reply {
        let headers: serde_json::Map<String, Json> =
            call.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let body = String::from_utf8_lossy(&call.body).into_owned();
        let said: Vec<&str> = call.headers.iter().map(|(_, value)| value.as_str()).collect();
        let said = format!("cannot take {} with {} and {body}", call.path, said.join(" | "));
        let everything = json!({
            "message": said, "error": said, "error_description": said, "errors": [{"message": said, "code": said}],
            "headers": headers, "request": {"body": body, "curl": json!({"headers": headers}).to_string()},
        });
        let credentials =
            |(name, _): &&(String, String)| !["host", "content-length", "accept"].contains(&name.as_str());
        let mut reply = match status {
            // Not everything that fails is JSON.
            500 => Reply::text(status, &said),
            _ => Reply::json(status, &everything),
        };
        for (name, value) in call.headers.iter().filter(credentials) {
            reply = reply.with_header(&format!("x-echo-{name}"), value.clone());
            reply = reply.with_header("www-authenticate", format!("Bearer error_description={value}"));
        }
        reply
    }
}

impl Simulator for Planted {
    fn slug(&self) -> &'static str {
        self.inner.slug()
    }

    fn handle(&self, call: &Call) -> Reply {
        let is_token_call = call.path.contains("token") && !call.path.contains("userroles");
        match *self.mood.lock().unwrap() {
            Mood::Echo(status) if call.method != "MQTT" => return self.echo(call, status),
            Mood::EchoCalls(status) if call.method != "MQTT" && !is_token_call => return self.echo(call, status),
            _ => {}
        }
        let reply = self.inner.handle(&self.translated(call));
        self.planted_in(call, reply)
    }

    fn memberships(&self) -> BTreeSet<String> {
        self.inner.memberships()
    }

    fn messages(&self) -> Option<&dyn Messages> {
        self.inner.messages()
    }

    fn turn(&self, switch: &str, to: &Json) -> Result<(), String> {
        self.inner.turn(switch, to)
    }

    fn demo(&self) -> Demo {
        self.inner.demo()
    }
}

/// Every text, with the name of the member it is.
fn each_text(json: &mut Json, change: &mut dyn FnMut(&str, &mut String)) {
    match json {
        Json::Object(map) => {
            for (name, value) in map {
                match value {
                    Json::String(text) => change(name, text),
                    value => each_text(value, change),
                }
            }
        }
        Json::Array(list) => {
            for value in list {
                match value {
                    Json::String(text) => change("", text),
                    value => each_text(value, change),
                }
            }
        }
        _ => {}
    }
}

/// The whole answer, and every object in a list: what is no map from ids to something.
fn each_record(json: &mut Json, change: &mut dyn FnMut(&mut serde_json::Map<String, Json>)) {
    match json {
        Json::Object(map) => {
            map.values_mut().filter(|value| value.is_array()).for_each(|value| each_record(value, change));
            change(map);
        }
        Json::Array(list) => list.iter_mut().for_each(|value| each_record(value, change)),
        _ => {}
    }
}
