//! The body, a JSON object whatever its content type said.

use super::json::{self, Json};
use super::place::Path;
use super::{Limits, references, remote};
use crate::model::{NamedRef, RequestError, RoleRef};

/// What the query alone may say, and whose loss would send what was only to be planned.
const PLAN_ONLY: [&str; 2] = ["dry_run", "truto_skip_api_call"];

#[derive(Default)]
pub(super) struct Body {
    pub(super) id: Option<String>,
    pub(super) workspace_id: Option<String>,
    pub(super) roles: Vec<RoleRef>,
    pub(super) organizations: Vec<NamedRef>,
    pub(super) remote_data: serde_json::Map<String, serde_json::Value>,
}

/// Reads a body within the size limit; an empty one is `{}`, unknown keys mean nothing.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Body, RequestError> {
    let mut body = Body::default();
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(RequestError::new("body: begins with a byte order mark; send it without one"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        RequestError::new(format!("body: not UTF-8 at byte {}; send JSON in UTF-8", error.valid_up_to()))
    })?;
    if text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')) {
        return Ok(body);
    }
    let at = Path::BODY;
    let entries = match json::parse(text, &at, 0, limits.body_depth)? {
        Json::Object(entries) => entries,
        other => {
            return Err(RequestError::new(format!("body: is {}; it must be a JSON object, or empty", other.kind())));
        }
    };
    for (key, value) in entries {
        let at = at.key(&key);
        match &*key {
            "id" => body.id = value.into_text(&at)?,
            "workspace_id" => body.workspace_id = value.into_text(&at)?,
            "roles" => body.roles = references::from_json(value, &at)?,
            "organizations" => body.organizations = references::from_json(value, &at)?,
            "remote_data" => body.remote_data = remote::body_object(value, &at)?,
            name if PLAN_ONLY.contains(&name) && !value.is_absent() => {
                return Err(RequestError::new(format!("{at} is only read from the query; send it as ?{name}=true")));
            }
            _ => {}
        }
    }
    Ok(body)
}
