//! The actions that messages ask for, and their replies' payloads.

use serde_json::{Map, Value, json};

use super::hive::Hive;
use super::listing::Listing;
use super::refusal::Refusal;
use super::tokens::Grant;
use crate::sandbox::{Call, Reply};

/// The header of a message's `Call` that names its client.
pub(super) const CLIENT_ID: &str = "client-id";

/// The action that a payload names; empty if it names none.
pub(super) fn action_of(payload: &[u8]) -> String {
    let payload: Value = serde_json::from_slice(payload).unwrap_or_default();
    payload["action"].as_str().unwrap_or_default().to_owned()
}

/// The reply to one message. Without an action, nobody will ever see it.
pub(super) fn answer(hive: &mut Hive, call: &Call, now_ms: u64) -> Reply {
    if hive.settings.server_down {
        return Reply::empty(503);
    }
    let Ok(Value::Object(request)) = serde_json::from_slice(&call.body) else {
        return Reply::json(400, &failure(Map::new(), &Refusal::malformed(), false));
    };
    let mut head = Map::new();
    for name in ["action", "requestId"] {
        if let Some(value) = request.get(name).filter(|v| name != "action" || v.is_string()) {
            head.insert(name.to_owned(), value.clone());
        }
    }
    let client = call.header(CLIENT_ID).unwrap_or_default();
    let action = head.get("action").and_then(Value::as_str).unwrap_or_default().to_owned();
    match act(hive, client, &action, &request, now_ms) {
        Ok(more) => {
            head.insert("status".to_owned(), json!("success"));
            head.extend(more);
            Reply::json(200, &Value::Object(head))
        }
        Err(refusal) => Reply::json(refusal.code, &failure(head, &refusal, hive.settings.bare_errors)),
    }
}

fn failure(mut head: Map<String, Value>, refusal: &Refusal, bare: bool) -> Value {
    if !bare {
        head.insert("code".to_owned(), json!(refusal.code));
    }
    head.insert("status".to_owned(), json!("error"));
    if !bare {
        head.insert("error".to_owned(), json!(refusal.text));
    }
    Value::Object(head)
}

/// What the reply to a success has besides its head.
fn act(
    hive: &mut Hive,
    client: &str,
    action: &str,
    request: &Map<String, Value>,
    now_ms: u64,
) -> Result<Map<String, Value>, Refusal> {
    let text = |name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = |name: &str| request.get(name).and_then(Value::as_i64);
    let user = || number("userId").ok_or_else(Refusal::user_id);
    let network = || number("networkId").ok_or_else(Refusal::network_id);
    let mut more = Map::new();
    match action {
        "authenticate" => {
            let grant = hive.admit(text("token"), now_ms)?;
            if let Some(session) = hive.sessions.get_mut(client) {
                session.grant = Some(grant);
            }
        }
        "token" => {
            let (access, refresh) = hive.login(text("login"), text("password"), now_ms)?;
            more.insert("accessToken".to_owned(), json!(access));
            more.insert("refreshToken".to_owned(), json!(refresh));
        }
        "token/refresh" => {
            let access = hive.refresh(text("refreshToken"), now_ms)?;
            more.insert("accessToken".to_owned(), json!(access));
        }
        "user/get" => {
            let grant = granted(hive, client, now_ms)?;
            hive.may_list(&grant)?;
            more.insert("user".to_owned(), hive.user(&grant, user()?, now_ms)?);
        }
        "user/list" => {
            let grant = granted(hive, client, now_ms)?;
            hive.may_list(&grant)?;
            let users = hive.list(&listing(request)?, hive.settings.default_take_messages);
            more.insert("users".to_owned(), users);
        }
        "user/getNetwork" => {
            let grant = granted(hive, client, now_ms)?;
            hive.may_read_network(&grant)?;
            more.insert("network".to_owned(), hive.user_network(&grant, user()?, network()?, now_ms)?);
        }
        "user/assignNetwork" => {
            hive.may_assign(&granted(hive, client, now_ms)?)?;
            hive.assign(user()?, network()?)?;
        }
        "user/unassignNetwork" => {
            hive.may_assign(&granted(hive, client, now_ms)?)?;
            hive.unassign(user()?, network()?, now_ms)?;
        }
        unknown => return Err(Refusal::illegal(unknown)),
    }
    Ok(more)
}

/// What the client was authenticated for.
fn granted(hive: &Hive, client: &str, now_ms: u64) -> Result<Grant, Refusal> {
    let grant = hive.sessions.get(client).and_then(|session| session.grant.clone());
    let grant = grant.ok_or_else(Refusal::unauthorized)?;
    grant.living(now_ms)?;
    hive.active(&grant)?;
    Ok(grant)
}

fn listing(request: &Map<String, Value>) -> Result<Listing, Refusal> {
    let mut listing = Listing::default();
    for (name, value) in request.iter().filter(|(_, value)| !value.is_null()) {
        if !listing.take(name, value) {
            return Err(Refusal::illegal(name));
        }
    }
    Ok(listing)
}
