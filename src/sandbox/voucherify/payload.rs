//! The bodies of the two calls that have one: assigning a user, and changing their role.

use serde_json::{Map, Value};

use super::refusal::Refusal;
use crate::sandbox::Call;

/// Whom a body names.
#[derive(Debug)]
pub(super) enum Whom {
    Id(String),
    Login(String),
}

/// `{"role", "id"}` or `{"role", "login"}`.
pub(super) fn assign(call: &Call) -> Result<(Whom, String), Refusal> {
    let body = object(call)?;
    let role = string(&body, "role")?;
    let (id, login) = (string(&body, "id")?, string(&body, "login")?);
    let role = role.ok_or_else(|| missing("role"))?;
    match (id, login) {
        (Some(id), None) => Ok((Whom::Id(id), role)),
        (None, Some(login)) => Ok((Whom::Login(login), role)),
        (None, None) => Err(missing("id")),
        (Some(_), Some(_)) => Err(invalid("Payload must not have both properties 'id' and 'login'")),
    }
}

/// `{"role"}`.
pub(super) fn update(call: &Call) -> Result<String, Refusal> {
    string(&object(call)?, "role")?.ok_or_else(|| missing("role"))
}

pub(super) fn invalid(details: impl Into<String>) -> Refusal {
    Refusal::InvalidPayload(details.into())
}

fn missing(property: &str) -> Refusal {
    invalid(format!("Payload must have required property '{property}'"))
}

/// The body's members. A body that is not called JSON counts as none; members nobody asked for are ignored.
fn object(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let media_type = call.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") || call.body.is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(invalid("Payload must be object")),
        Err(_) => Err(invalid("Payload is not valid JSON")),
    }
}

fn string(body: &Map<String, Value>, property: &str) -> Result<Option<String>, Refusal> {
    match body.get(property) {
        None => Ok(None),
        Some(Value::String(value)) => Ok(Some(value.clone())),
        Some(_) => Err(invalid(format!("Property '{property}' must be string"))),
    }
}
