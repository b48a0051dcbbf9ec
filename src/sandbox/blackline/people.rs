//! Users and roles: listed, read, created.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::access::media_type;
use super::answers::{self, Refusal};
use super::directory::{self, User};
use super::{Tenant, listing};
use crate::sandbox::{Call, Reply};

impl Tenant {
    /// `GET /v1/users`; no filter is known.
    pub(super) fn list_users(&self, call: &Call) -> Result<Reply, Refusal> {
        let users = self.directory.users.iter();
        listing::page(call, users.map(|(id, user)| directory::user(*id, user)).collect(), &self.settings)
    }

    /// `GET /v1/users/{id}`
    pub(super) fn read_user(&self, id: i64) -> Result<Reply, Refusal> {
        let user = self.directory.users.get(&id).ok_or_else(Refusal::not_found)?;
        Ok(answers::answer(200, &directory::user(id, user)))
    }

    /// `GET /v1/roles`
    pub(super) fn list_roles(&self, call: &Call) -> Result<Reply, Refusal> {
        let roles = self.directory.roles.iter();
        listing::page(call, roles.map(|(id, name)| json!({"id": id, "name": name})).collect(), &self.settings)
    }

    /// `POST /v1/users`
    pub(super) fn create_user(&mut self, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        let fields = object(call)?;
        let login_id = required(&fields, "loginId")?;
        if self.directory.users.values().any(|user| user.login_id == login_id) {
            return Err(Refusal::new(409, "loginId is taken."));
        }
        let is_active = match fields.get("isActive") {
            None => true,
            Some(Value::Bool(active)) => *active,
            Some(_) => return Err(Refusal::bad_request("isActive must be a boolean.")),
        };
        let user = User {
            login_id: login_id.to_owned(),
            first_name: required(&fields, "firstName")?.to_owned(),
            last_name: required(&fields, "lastName")?.to_owned(),
            email: required(&fields, "email")?.to_owned(),
            is_active,
            job_title: text(&fields, "jobTitle")?.map(str::to_owned),
            phone_number: text(&fields, "phoneNumber")?.map(str::to_owned),
            last_updated: Timestamp::from_second((now_ms / 1000).cast_signed()).unwrap_or_default().to_string(),
        };
        let id = self.directory.users.keys().next_back().map_or(1, |last| last.saturating_add(1));
        let body = directory::user(id, &user);
        self.directory.users.insert(id, user);
        Ok(answers::answer(201, &body))
    }
}

/// The body's fields; it must be a JSON object, sent as such.
pub(super) fn object(call: &Call) -> Result<Map<String, Value>, Refusal> {
    if media_type(call).as_deref() != Some("application/json") {
        return Err(Refusal::new(415, "Content-Type must be application/json."));
    }
    match serde_json::from_slice(&call.body) {
        Ok(Value::Object(fields)) => Ok(fields),
        _ => Err(Refusal::bad_request("The request body is not valid.")),
    }
}

/// A text; `null` counts as left out.
pub(super) fn text<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::bad_request(format!("{name} must be a string."))),
    }
}

/// A text that is there and not empty.
pub(super) fn required<'a>(fields: &'a Map<String, Value>, name: &str) -> Result<&'a str, Refusal> {
    let text = text(fields, name)?.filter(|t| !t.is_empty());
    text.ok_or_else(|| Refusal::bad_request(format!("{name} is required.")))
}
