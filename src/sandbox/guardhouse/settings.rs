//! What the vendor's pages leave open, one switch each; the default is what they make most likely.
//! Faults of the network are not here: those are planted in front of the simulator.

use serde::{Deserialize, Serialize};

/// The switches of one simulated tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Unassigning a role id that does not exist; undocumented.
    pub unknown_role_on_unassign: UnknownRole,
    /// How `User not found` and `Role not found` are written; the media type is undocumented.
    pub not_found_body: NotFoundBody,
    /// An unassign call whose content type is not `application/json`.
    pub wrong_content_type: WrongContentType,
    /// "This endpoint does not accept query parameters": true answers 400 to one, false ignores it.
    pub query_on_unassign_refused: bool,
    /// Unassigning answers 204 and leaves the role where it is.
    pub unassign_has_no_effect: bool,
    /// For so long after a removal, reads still show the role.
    pub read_lag_ms: u64,
    /// How a user's status is written.
    pub status_notation: StatusNotation,
    /// The SDK's model of a single user has `lastLogin`, the documented example has not.
    pub last_login_in_single_read: bool,
    /// Users on a page when `pageSize` is left out; undocumented.
    pub default_page_size: usize,
    /// For so long an avatar's signed address stays the same.
    pub avatar_lifetime_s: u64,
    /// The audience that a token request may name.
    pub audience: String,
    /// The documentation sends an audience, the SDK does not.
    pub audience_required: bool,
    /// True refuses a token request without scope, false grants it all scopes.
    pub scope_required: bool,
    /// 401 or 400 for wrong client credentials: both are usual behind `/connect/token`.
    pub invalid_client_status: u16,
    /// Seconds until a token expires.
    pub token_lifetime_s: u64,
    /// Every address answers an HTML page with 404, as a tenant that does not exist would.
    pub wrong_tenant: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unknown_role_on_unassign: UnknownRole::Accepted,
            not_found_body: NotFoundBody::Text,
            wrong_content_type: WrongContentType::UnsupportedMediaType,
            query_on_unassign_refused: false,
            unassign_has_no_effect: false,
            read_lag_ms: 0,
            status_notation: StatusNotation::Documented,
            last_login_in_single_read: false,
            default_page_size: 10,
            avatar_lifetime_s: 300,
            audience: "https://acme.guardhouse.cloud/api".to_owned(),
            audience_required: false,
            scope_required: true,
            invalid_client_status: 401,
            token_lifetime_s: 3600,
            wrong_tenant: false,
        }
    }
}

/// The answer to unassigning a role that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRole {
    /// 204, as for a role that is not held.
    Accepted,
    /// 404 `Role not found`.
    NotFound,
}

/// How the text of a 404 is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFoundBody {
    /// `User not found` as `text/plain`.
    Text,
    /// `"User not found"` as `application/json`.
    JsonString,
}

/// The answer to an unassign call whose content type is missing or wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongContentType {
    /// 415.
    UnsupportedMediaType,
    /// 400.
    BadRequest,
}

/// How a user's status is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusNotation {
    /// 1 Staged, 2 Invited, 3 Active, 4 Archived.
    Documented,
    /// 0 Staged, 1 Active, 2 Inactive, 3 Locked, 4 Invited, 5 Suspended, 6 Archived: one commit of the SDK.
    SdkHistory,
    /// `Active`.
    Words,
    /// `active`.
    LowercaseWords,
}
