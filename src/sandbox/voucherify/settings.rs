//! What the vendor's pages leave open, one switch each; the default is what they make most likely.
//! Faults of the network are not here: those are planted in front of the simulator.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of one simulated organization.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The status that refuses to take a user's only project; undocumented.
    pub only_project: OnlyProject,
    /// The `key` beside that status; undocumented. Empty leaves it out.
    pub only_project_key: String,
    /// The answer to a project id that does not exist; undocumented.
    pub unknown_project: UnknownProject,
    /// Unassigning an owner of the organization: true answers 403, false treats them like anybody.
    pub owner_stays: bool,
    /// Unassigning answers 204 and leaves the user where they are.
    pub unassign_has_no_effect: bool,
    /// For so long after a change, reads show what was before; no lag is documented.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// What somebody else does right after the next read of a user; once.
    pub rival: Rival,
    /// The plan has no Management API: 402.
    pub feature_missing: bool,
    /// The answer to a key that may not manage users. Neither such keys nor a 403 are documented.
    pub restricted_key: RestrictedKey,
    /// Refuses with 429 whatever exceeds so many calls a minute; none if it is left out.
    pub calls_per_minute: Option<u64>,
    /// The same for the calls an hour below a sandbox project, which may have limits of its own.
    pub sandbox_calls_per_hour: Option<u64>,
    /// Only `code` and `message` of an error are promised: false leaves `key` out.
    pub key_in_errors: bool,
    /// Errors also carry `error.message`, which the schema allows.
    pub nested_error_message: bool,
    /// The schema requires `role` of a user, no example has it.
    pub role_in_user: bool,
    /// The schema requires `webhook_token` of a project, no example has it.
    pub webhook_token_in_project: bool,
    /// Whether a login is found in another case than it is written in.
    pub login_ignores_case: bool,
    /// `USER_RESTRICTED` is a role in the user schema, but not among those that may be assigned.
    pub user_restricted_assignable: bool,
    /// Assigning a user to a project they are assigned to; undocumented.
    pub assign_again: AssignAgain,
    /// Assigning a user who does not exist; undocumented.
    pub assign_unknown_user: AssignUnknownUser,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            only_project: OnlyProject::BadRequest,
            only_project_key: "user_cannot_be_unassigned".to_owned(),
            unknown_project: UnknownProject::NotFound,
            owner_stays: false,
            unassign_has_no_effect: false,
            read_lag: Duration::ZERO,
            rival: Rival::None,
            feature_missing: false,
            restricted_key: RestrictedKey::Forbidden,
            calls_per_minute: None,
            sandbox_calls_per_hour: None,
            key_in_errors: true,
            nested_error_message: false,
            role_in_user: false,
            webhook_token_in_project: false,
            login_ignores_case: false,
            user_restricted_assignable: false,
            assign_again: AssignAgain::Replaces,
            assign_unknown_user: AssignUnknownUser::NotFound,
        }
    }
}

/// The refusal to take a user's only project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnlyProject {
    /// 400.
    BadRequest,
    /// 403.
    Forbidden,
    /// 409.
    Conflict,
}

/// The answer to a project id that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownProject {
    /// 404 `not_found` with `resource_type` `project`.
    NotFound,
    /// 404 `not_found` that names no resource.
    Untyped,
    /// As for a project without users: the list is empty, a removal answers 400 `user_not_assigned`.
    Empty,
}

/// Another administrator, who strikes between a client's read of a user and its next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rival {
    /// Nobody.
    None,
    /// Takes all projects but the one read through: what was one of several is now the user's only project.
    TakesTheOthers,
    /// Takes the project read through.
    TakesTheSame,
}

/// The answer to a key that may not manage users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestrictedKey {
    /// 403.
    Forbidden,
    /// 401 `unauthorized`, as for a wrong key.
    Unauthorized,
}

/// The answer to assigning a user to a project they are assigned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignAgain {
    /// 200, and the new role replaces the old one.
    Replaces,
    /// 400 `user_already_assigned`.
    Refused,
}

/// The answer to assigning a user who does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignUnknownUser {
    /// 404 `not_found`, as where a user is updated.
    NotFound,
    /// 400 `invalid_payload`, the only refusal documented there.
    InvalidPayload,
}
