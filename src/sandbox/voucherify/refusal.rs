//! Everything the API says no with, in the documented bytes where there are any.

use serde_json::{Map, Value, json};

use super::rate::Standing;
use super::settings::{OnlyProject, Settings};
use crate::sandbox::Reply;

/// A call's refusal, before it is written down.
#[derive(Debug)]
pub(super) enum Refusal {
    /// 401.
    Unauthorized,
    /// 402.
    FeatureMissing,
    /// 403; undocumented.
    Forbidden(&'static str),
    /// 404: the path names no endpoint; undocumented.
    NoSuchPath,
    /// 405 with the methods there are; undocumented.
    MethodNotAllowed(&'static [&'static str]),
    /// 429; its body is undocumented.
    TooManyRequests(Standing),
    /// 400 with what is wrong with the body.
    InvalidPayload(String),
    /// 400: to unassign, the user must be assigned.
    NotAssigned,
    /// 400; undocumented.
    AlreadyAssigned,
    /// The user's only project cannot be taken.
    OnlyProject,
    /// 404: there is no such user.
    UnknownUser(String),
    /// 404: there is no such user, or not in this project; reads do not tell which.
    UserNotInProject { user: String, project: String },
    /// 404; undocumented.
    UnknownProject(String),
}

impl Refusal {
    /// The answer; its members stand in the order of the documented examples.
    pub(super) fn reply(&self, settings: &Settings, request_id: &str) -> Reply {
        let (status, mut body) = self.body(settings, request_id);
        if let Some(fields) = body.as_object_mut() {
            if !settings.key_in_errors {
                fields.shift_remove("key");
            }
            if settings.nested_error_message {
                let message = fields.get("message").cloned();
                fields.insert("error".to_owned(), json!({"message": message}));
            }
        }
        let reply = Reply::json(status, &body);
        match self {
            Self::MethodNotAllowed(methods) => reply.with_header("allow", methods.join(", ")),
            _ => reply,
        }
    }

    fn body(&self, settings: &Settings, request_id: &str) -> (u16, Value) {
        let error = |status: u16, key: &str, message: &str, details: &str| {
            let mut body = Map::new();
            body.insert("code".to_owned(), status.into());
            if !key.is_empty() {
                body.insert("key".to_owned(), key.into());
            }
            body.insert("message".to_owned(), message.into());
            body.insert("details".to_owned(), details.into());
            body.insert("request_id".to_owned(), request_id.into());
            (status, Value::from(body))
        };
        let not_found = |details: &str, id: &str, kind: &str| {
            let (status, mut body) = error(404, "not_found", "Resource not found", details);
            body["resource_id"] = id.into();
            body["resource_type"] = kind.into();
            (status, body)
        };
        match self {
            Self::Unauthorized => (401, json!({"code": 401, "message": "Unauthorized", "key": "unauthorized"})),
            Self::FeatureMissing => {
                let details = "Your current plan does not include a feature required to perform this operation.";
                let key = "missing_required_feature";
                (402, json!({"code": 402, "message": "Payment required", "details": details, "key": key}))
            }
            Self::Forbidden(details) => error(403, "forbidden", "Forbidden", details),
            Self::NoSuchPath => error(404, "not_found", "Resource not found", "There is nothing at this address"),
            Self::MethodNotAllowed(_) => {
                error(405, "method_not_allowed", "Method not allowed", "This address has no such method")
            }
            Self::TooManyRequests(_) => {
                error(429, "too_many_requests", "Too many requests", "The limit of API calls has been reached")
            }
            Self::InvalidPayload(details) => error(400, "invalid_payload", "Invalid payload", details),
            Self::NotAssigned => {
                error(400, "user_not_assigned", "User is not assigned", "User is not assigned to the project")
            }
            Self::AlreadyAssigned => error(
                400,
                "user_already_assigned",
                "User is already assigned",
                "User is already assigned to the project",
            ),
            Self::OnlyProject => {
                let status = match settings.only_project {
                    OnlyProject::BadRequest => 400,
                    OnlyProject::Forbidden => 403,
                    OnlyProject::Conflict => 409,
                };
                let details = "User is assigned to only one project";
                error(status, &settings.only_project_key, "User cannot be unassigned", details)
            }
            Self::UnknownUser(user) => not_found(&format!("Cannot find user with id {user}"), user, "user"),
            Self::UserNotInProject { user, project } => {
                let details = format!("Cannot find user '{user}' assigned to the project '{project}'");
                not_found(&details, user, "user")
            }
            Self::UnknownProject(project) => {
                not_found(&format!("Cannot find project with id {project}"), project, "project")
            }
        }
    }
}
