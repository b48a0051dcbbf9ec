//! Quill, strict and stateful. Its API is made up, and `quill/vendors/quill.md` is its whole documentation: OAuth client
//! credentials in HTTP Basic; every answer after that a 200, whose `ok` and `error.code` say what it is; people found by
//! the beginning of an e-mail address, roles by listing them; grants, direct or through a team, in pages of two with a
//! cursor; and one call that takes a direct grant away. No document of any other provider applies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use offramp::sandbox::{Call, Clock, Demo, Reply, Simulator};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

const TOKEN_LIFE_S: u64 = 900;
const PAGE: usize = 2;

/// Client, secret and what it may do.
const CLIENTS: &[(&str, &str, &str)] =
    &[("gateway", "gateways-quill-secret", "read revoke"), ("auditor", "auditors-quill-secret", "read")];

/// Id, name and whether it is handed over.
const ROLES: &[(u64, &str, bool)] = &[
    (10, "Publisher", true),
    (11, "Reviewer", false),
    (12, "Editor", false),
    (13, "Archivist", false),
    (14, "Guest", false),
    (15, "editor", false),
];

/// Id, e-mail address, given name, family name and state.
const PEOPLE: &[(&str, &str, &str, &str, &str)] = &[
    ("p-103", "nadia.okafor@quill.example.org", "Nadia", "Okafor-Lind", "active"),
    ("p-102", "ola.brandt@quill.example", "Ola", "Brandt", "invited"),
    ("p-104", "nadia.okafor@quill.example.net", "Nadia", "Okafor-Ruiz", "suspended"),
    ("p-101", "nadia.okafor@quill.example", "Nadia", "Okafor", "active"),
];

/// Person, role and team; without a team the grant is direct.
type Grant = (&'static str, u64, Option<&'static str>);

struct State {
    grants: Vec<Grant>,
    /// Each token's end, in Unix seconds, and what it may do.
    tokens: BTreeMap<String, (u64, &'static str)>,
    /// Revocations are accepted and forgotten.
    forgets: bool,
}

/// The provider.
pub(super) struct Quill {
    clock: Clock,
    state: Mutex<State>,
}

/// The code of an error inside a 200.
type Code = &'static str;

impl Quill {
    pub(super) fn new(clock: Clock) -> Self {
        let grants = vec![
            ("p-101", 10, None),
            ("p-101", 11, None),
            ("p-101", 12, None),
            ("p-101", 13, None),
            ("p-101", 14, Some("t-7")),
            ("p-102", 11, None),
            ("p-103", 11, None),
            ("p-103", 13, None),
            ("p-104", 12, Some("t-7")),
            ("p-104", 12, None),
        ];
        Self { clock, state: Mutex::new(State { grants, tokens: BTreeMap::new(), forgets: false }) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self, call: &Call) -> Reply {
        let refused = |error: &str| {
            let body = json!({"error": error, "error_description": "this client cannot sign in like that"});
            Reply::json(401, &body)
        };
        let form = pairs(&call.body);
        if form.get("grant_type").map(String::as_str) != Some("client_credentials")
            || form.contains_key("client_secret")
        {
            return refused("invalid_request");
        }
        let pair = call.header("authorization").and_then(|value| value.strip_prefix("Basic "));
        let pair = pair.and_then(|pair| STANDARD.decode(pair).ok()).and_then(|pair| String::from_utf8(pair).ok());
        let known = |(client, secret, _): &&(&str, &str, &str)| pair == Some(format!("{client}:{secret}"));
        let Some((client, _, scope)) = CLIENTS.iter().find(known) else { return refused("invalid_client") };
        let mut state = self.lock();
        let token = format!("quill-token-{client}-{}", state.tokens.len());
        state.tokens.insert(token.clone(), (self.clock.now_s() + TOKEN_LIFE_S, scope));
        Reply::json(200, &json!({"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_LIFE_S}))
    }

    fn answer(&self, call: &Call, path: &[&str]) -> Result<Value, Code> {
        let mut state = self.lock();
        let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let (end, scope) = *token.and_then(|token| state.tokens.get(token)).ok_or("token_unknown")?;
        if self.clock.now_s() >= end {
            return Err("token_expired");
        }
        let query = pairs(call.query.as_bytes());
        let only = |names: &[&str]| {
            let known = query.keys().all(|name| names.contains(&name.as_str()));
            if known { Ok(()) } else { Err("bad_request") }
        };
        let cursor = query.get("cursor").map(String::as_str);
        match (call.method.as_str(), path) {
            ("GET", ["people"]) => {
                only(&["email", "cursor"])?;
                let start = query.get("email").filter(|start| !start.is_empty()).ok_or("bad_request")?.to_lowercase();
                let people = PEOPLE.iter().filter(|person| person.1.starts_with(&start)).map(person).collect();
                page("people", people, cursor)
            }
            ("GET", ["people", id]) => {
                only(&[])?;
                let id = percent_decode_str(id).decode_utf8().map_err(|_| "bad_request")?;
                PEOPLE.iter().find(|person| person.0 == id).map(person).ok_or("person_unknown")
            }
            ("GET", ["roles"]) => {
                only(&["cursor"])?;
                let role = |(id, name, handed_over): &(u64, &str, bool)| json!({"id": id, "name": name, "handed_over": handed_over});
                page("roles", ROLES.iter().map(role).collect(), cursor)
            }
            ("GET", ["grants"]) => {
                only(&["person", "cursor"])?;
                let id = query.get("person").ok_or("bad_request")?;
                known_person(id)?;
                let held = state.grants.iter().filter(|(person, ..)| person == id).map(|(_, role, team)| {
                    let source = if team.is_some() { "team" } else { "direct" };
                    json!({"role": {"id": role, "name": role_name(*role)}, "source": source, "team": team})
                });
                let mut result = page("grants", held.collect(), cursor)?;
                result["person"] = json!(id);
                Ok(result)
            }
            ("POST", ["grants", "revoke"]) => {
                if !scope.split(' ').any(|scope| scope == "revoke") {
                    return Err("scope_missing");
                }
                if !call.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
                    return Err("bad_request");
                }
                let body: Value = serde_json::from_slice(&call.body).map_err(|_| "bad_request")?;
                let id = body["person"].as_str().ok_or("bad_request")?;
                let role = body["role"].as_u64().ok_or("bad_request")?;
                known_person(id)?;
                if !ROLES.iter().any(|(known, ..)| *known == role) {
                    return Err("role_unknown");
                }
                let held = state.grants.iter().position(|grant| (grant.0, grant.1, grant.2) == (id, role, None));
                let held = held.ok_or("grant_missing")?;
                if !state.forgets {
                    state.grants.remove(held);
                }
                Ok(json!({"revoked": true}))
            }
            _ => Err("bad_request"),
        }
    }
}

impl Simulator for Quill {
    fn slug(&self) -> &'static str {
        "quill"
    }

    fn handle(&self, call: &Call) -> Reply {
        let path = call.segments();
        let Some(path) = path.strip_prefix(&["api", "v2"]) else {
            return Reply::text(404, "no such host or version");
        };
        if (call.method.as_str(), path) == ("POST", &["oauth", "token"]) {
            return self.token(call);
        }
        let body = match self.answer(call, path) {
            Ok(result) => json!({"ok": true, "result": result}),
            Err(code) => json!({"ok": false, "error": {"code": code, "detail": format!("Quill says {code}.")}}),
        };
        Reply::json(200, &body)
    }

    fn memberships(&self) -> BTreeSet<String> {
        let line = |(person, role, team): &Grant| match team {
            None => format!("{person} holds role {role}"),
            Some(team) => format!("{person} has role {role} through team {team}"),
        };
        self.lock().grants.iter().map(line).collect()
    }

    fn turn(&self, switch: &str, to: &Value) -> Result<(), String> {
        match (switch, to.as_bool()) {
            ("forgets", Some(forgets)) => {
                self.lock().forgets = forgets;
                Ok(())
            }
            _ => Err(format!("there is no switch `{switch}`, or it cannot stand at {to}")),
        }
    }

    fn demo(&self) -> Demo {
        let (client, secret, _) = CLIENTS[0];
        Demo {
            context: json!({"tenant": "northgate", "client_id": client, "client_secret": secret}),
            query: Vec::new(),
            body: json!({"id": "p-101", "roles": [{"id": "13"}]}),
        }
    }
}

fn pairs(form: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(form).into_owned().collect()
}

fn known_person(id: &str) -> Result<(), Code> {
    if PEOPLE.iter().any(|person| person.0 == id) { Ok(()) } else { Err("person_unknown") }
}

fn role_name(id: u64) -> &'static str {
    ROLES.iter().find(|role| role.0 == id).map(|role| role.1).unwrap_or_default()
}

fn person((id, email, given, family, state): &(&str, &str, &str, &str, &str)) -> Value {
    let seen = (*state != "invited").then_some("2026-11-20T17:05:00Z");
    json!({
        "id": id, "email": email, "given": given, "family": family, "title": "Manuscripts", "state": state,
        "locale": "en-GB", "created": "2025-02-03T09:00:00Z", "seen": seen,
    })
}

/// The page that a cursor leads to. Cursors are opaque, and good for their own list only.
fn page(list: &str, all: Vec<Value>, cursor: Option<&str>) -> Result<Value, Code> {
    let start = match cursor {
        None => 0,
        Some(cursor) => {
            let text =
                URL_SAFE.decode(cursor).ok().and_then(|text| String::from_utf8(text).ok()).ok_or("bad_request")?;
            let place = text.strip_prefix(list).and_then(|rest| rest.strip_prefix('>')).ok_or("bad_request")?;
            place.parse().map_err(|_| "bad_request")?
        }
    };
    let next = (start + PAGE < all.len()).then(|| URL_SAFE.encode(format!("{list}>{}", start + PAGE)));
    let shown: Vec<Value> = all.into_iter().skip(start).take(PAGE).collect();
    Ok(json!({list: shown, "next": next}))
}
