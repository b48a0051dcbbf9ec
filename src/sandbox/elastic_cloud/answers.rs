//! Elastic's way of saying no: `{"errors":[{code, message, fields}]}`, the codes once more in a header.
//! Codes marked so are documented; the others stand for refusals that must exist and have no documented code.

use serde_json::json;

use super::settings::Settings;
use crate::sandbox::Reply;

/// An answer that is not a success.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: &'static str,
    message: String,
    /// The members of the request's body that it is about.
    fields: Vec<String>,
    headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(super) fn new(status: u16, code: &'static str, message: &str) -> Self {
        Self { status, code, message: message.to_owned(), fields: Vec::new(), headers: Vec::new() }
    }

    fn about(mut self, field: &str) -> Self {
        self.fields.push(field.to_owned());
        self
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn reply(&self, settings: &Settings) -> Reply {
        let mut errors = vec![json!({"code": self.code, "message": self.message, "fields": self.fields})];
        let mut codes = self.code.to_owned();
        if settings.errors_in_pairs {
            errors.push(json!({"code": "root.see_above", "message": "The request was not processed.", "fields": []}));
            codes.push_str(",root.see_above");
        }
        let reply = Reply::json(self.status, &json!({"errors": errors})).with_header("x-cloud-error-codes", codes);
        self.headers.iter().fold(reply, |reply, (name, value)| reply.with_header(name, value))
    }
}

/// Documented: a key that is missing, wrong or expired.
pub(super) fn unauthorized() -> Refusal {
    Refusal::new(401, "root.unauthorized", "The supplied authentication is invalid.")
}

/// Documented: a living key whose user is gone.
pub(super) fn caller_gone() -> Refusal {
    Refusal::new(401, "user.not_found", "User not found.")
}

/// Documented: the assignments are not the caller's to change.
pub(super) fn unauthorized_assignments() -> Refusal {
    let message = "You are not authorised to change the specified role assignments.";
    Refusal::new(403, "role_assignments.unauthorized_role_assignments", message)
}

/// Documented: another's organization.
pub(super) fn invalid_access() -> Refusal {
    let message = "The current user does not have access to the requested organization.";
    Refusal::new(403, "organization.invalid_access", message)
}

/// Documented: the user whose assignments are to change.
pub(super) fn invalid_target() -> Refusal {
    Refusal::new(400, "role_assignments.invalid_target_user_id", "The target user Id is invalid.")
}

/// Documented.
pub(super) fn organization_not_found() -> Refusal {
    Refusal::new(404, "organization.not_found", "Organization not found.")
}

/// Documented, when a membership is ended.
pub(super) fn user_not_found() -> Refusal {
    Refusal::new(404, "user.not_found", "User not found.")
}

/// Documented, when a membership is ended.
pub(super) fn membership_not_found() -> Refusal {
    Refusal::new(404, "organization.membership_not_found", "Organization membership not found.")
}

/// No such address.
pub(super) fn no_resource() -> Refusal {
    Refusal::new(404, "root.resource_not_found", "The requested resource could not be found")
}

/// An address without that method.
pub(super) fn no_method(allow: &str) -> Refusal {
    let refusal = Refusal::new(405, "root.method_not_allowed", "The method is not allowed here.");
    refusal.with_header("allow", allow.to_owned())
}

/// A body that did not arrive or does not follow the schema.
pub(super) fn invalid_body(why: &str, field: &str) -> Refusal {
    let refusal = Refusal::new(400, "root.invalid_json_request", why);
    if field.is_empty() { refusal } else { refusal.about(field) }
}

pub(super) fn wrong_content_type(settings: &Settings) -> Refusal {
    let message = "The request's Content-Type must be application/json.";
    Refusal::new(settings.wrong_content_type_status, "root.unsupported_media_type", message)
}

/// Behind switches only.
pub(super) fn no_such_assignment() -> Refusal {
    Refusal::new(400, "role_assignments.not_found", "The user does not have the specified role assignments.")
}

/// Behind switches only, and when an unknown role is given to someone.
pub(super) fn unknown_role() -> Refusal {
    Refusal::new(400, "role_assignments.invalid_role_id", "The role id is invalid.")
}

/// Behind switches only.
pub(super) fn last_admin() -> Refusal {
    let message = "The organization must keep an organization-admin.";
    Refusal::new(400, "role_assignments.last_organization_admin", message)
}

/// Behind switches only.
pub(super) fn too_many_calls(retry_after_s: Option<u64>) -> Refusal {
    let refusal = Refusal::new(429, "root.too_many_requests", "Too many requests.");
    match retry_after_s {
        Some(seconds) => refusal.with_header("retry-after", seconds.to_string()),
        None => refusal,
    }
}
