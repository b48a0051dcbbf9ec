//! What is not known of the vendor, one switch each; the default is what the evidence makes most likely.
//! Faults of the network are not here: those are planted in front of the simulator.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of one simulated tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How a role on a product is taken away.
    pub remove_form: RemoveForm,
    /// The member of a POST that says what to do with the pair.
    pub action_member: String,
    /// Its value for a removal.
    pub action_word: String,
    /// A POST that says so where POST does not remove.
    pub action_elsewhere: ActionElsewhere,
    /// The answer to a removal.
    pub removed: Accepted,
    /// The answer to removing a pair that is not assigned, known or unknown.
    pub not_assigned: NotAssigned,
    /// The status of a successful assignment.
    pub assigned_status: u16,
    /// Removing answers as ever and leaves the pair where it is.
    pub remove_has_no_effect: bool,
    /// So long do reads show the state before a change.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// Teams give their roles to their members: listed with the others, and not to be removed.
    pub teams_give_roles: bool,
    /// `GET /v1/users/{id}` exists.
    pub single_user_read: bool,
    /// `GET /v1/roles` exists.
    pub roles_list: bool,
    /// Items on a page.
    pub page_size: usize,
    /// How a list tells where its next page is.
    pub next_link: NextLink,
    /// The answer to a call with a dead token.
    pub dead_token: DeadToken,
    /// The answer to a token request with wrong credentials or a wrong scope.
    pub token_refusal: TokenRefusal,
    /// Refuses a token request that does not name the tenant's instance.
    pub instance_scope_required: bool,
    /// Seconds until a token expires; `expires_in` tells the same.
    pub token_lifetime_s: u64,
    /// How errors are written.
    pub error_form: ErrorForm,
    /// The status of a path below `/v1` that is misspelt.
    pub misspelt_path_status: u16,
    /// Calls a minute before 429; never if none.
    pub calls_per_minute: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            remove_form: RemoveForm::Delete,
            action_member: "action".to_owned(),
            action_word: "remove".to_owned(),
            action_elsewhere: ActionElsewhere::MethodNotAllowed,
            removed: Accepted::NoContent,
            not_assigned: NotAssigned::NotFound,
            assigned_status: 201,
            remove_has_no_effect: false,
            read_lag: Duration::ZERO,
            teams_give_roles: false,
            single_user_read: true,
            roles_list: true,
            page_size: 50,
            next_link: NextLink::Absolute,
            dead_token: DeadToken::Unauthorized,
            token_refusal: TokenRefusal::OAuth,
            instance_scope_required: true,
            token_lifetime_s: 3600,
            error_form: ErrorForm::Json,
            misspelt_path_status: 400,
            calls_per_minute: None,
        }
    }
}

/// How a role on a product is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemoveForm {
    /// `DELETE …/role-products?roleId=…&productId=…`; not by POST.
    Delete,
    /// `POST …/role-products` with an action; DELETE is 405.
    Post,
    Both,
}

/// The answer to a POST that asks for a removal where POST does not remove.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionElsewhere {
    /// 405.
    MethodNotAllowed,
    /// 400.
    BadRequest,
    /// The action is not looked at: the pair is assigned.
    Assigns,
}

/// The answer to a removal that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Accepted {
    /// 204.
    NoContent,
    /// 200 with the pair as its body.
    Ok,
}

/// The answer to removing a pair that is not assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotAssigned {
    /// 404, as for an unknown user.
    NotFound,
    /// 204.
    NoContent,
    /// 200 with an empty object.
    Ok,
}

/// How a list tells where its next page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextLink {
    /// A whole address.
    Absolute,
    /// Path and query.
    Relative,
    /// Not at all: everything is on one page.
    Never,
}

/// The answer to a call whose token is missing, unknown or expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadToken {
    /// 401.
    Unauthorized,
    /// 400 `Authentication failed`.
    AuthenticationFailed,
}

/// The answer to a token request that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenRefusal {
    /// 400 with an error code of OAuth.
    OAuth,
    /// 400 `Authentication failed`.
    AuthenticationFailed,
    /// 401.
    Unauthorized,
}

/// How an error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorForm {
    /// `{"message":"…"}`
    Json,
    /// The message as plain text.
    Text,
    /// A page for people.
    Html,
    /// No body.
    Empty,
}
