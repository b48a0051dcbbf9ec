//! What the vendor's pages leave open, one switch each; the default is what they make most likely.
//! Faults of the network are not here: those are planted in front of the simulator.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of one simulated customer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// So long do reads of held roles show the state before a grant or a revocation. More than 30 s was seen.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// Revoking answers 200 and leaves the grant where it is.
    pub revoke_has_no_effect: bool,
    /// An error inside a 200 of the role action, which then changes nothing.
    pub error_inside_ok: Option<ErrorInside>,
    /// Revoking what is held through a group only.
    pub inherited_only: InheritedOnly,
    /// `meta.writes` of the role action.
    pub writes: Writes,
    /// How a success says that there are no errors.
    pub no_errors: NoErrors,
    /// An empty list of resources is `null`.
    pub null_for_no_resources: bool,
    /// A CID with its two-character checksum, or in upper case: true answers 400, false strips and lowers it.
    pub unclean_cid_refused: bool,
    /// The status for a CID that is neither the caller's nor a child's.
    pub foreign_cid_status: u16,
    /// So many roles fit into one role action; 100 is what a known client keeps to.
    pub most_roles_per_action: usize,
    /// Reading users of whom some do not exist.
    pub unknown_users: UnknownUsers,
    /// Reading roles (by GET) of which some do not exist.
    pub unknown_role_details: UnknownRoleDetails,
    /// What the deprecated DELETE lists in `resources`.
    pub old_revoke_lists: OldRevokeLists,
    /// How a filter's `:'…'` compares.
    pub matching: Matching,
    /// A page never holds more rows than this, whatever `limit` asks for.
    pub most_rows_per_page: Option<usize>,
    /// `grant_type` of a direct grant, one through a user group, one through a CID group; the words are undocumented.
    pub grant_types: [String; 3],
    /// `user_type` is a newer field.
    pub user_type_shown: bool,
    /// `last_login_at` of a user who never logged in.
    pub no_login: NoLogin,
    /// Limit that the rate headers tell.
    pub calls_per_minute: u64,
    /// Answers 429 beyond that limit; otherwise it is only told.
    pub calls_refused: bool,
    /// Token requests a minute before 429; never if none.
    pub token_calls_per_minute: Option<u64>,
    /// The message of a 429; undocumented.
    pub rate_limit_message: String,
    /// Seconds until a token expires; `expires_in` tells the same.
    pub token_lifetime_s: u64,
    /// The cloud in `X-Cs-Region`.
    pub region: String,
    /// This is not the client's cloud.
    pub wrong_cloud: Option<WrongCloud>,
    /// The status for a `member_cid` that is no child of the client's CID.
    pub unknown_member_cid_status: u16,
    /// The caller's address is not on the client's allow-list: 403 as if the scope were missing.
    pub address_not_allowed: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            read_lag: Duration::from_secs(35),
            revoke_has_no_effect: false,
            error_inside_ok: None,
            inherited_only: InheritedOnly::Accepted,
            writes: Writes::Named,
            no_errors: NoErrors::EmptyList,
            null_for_no_resources: false,
            unclean_cid_refused: true,
            foreign_cid_status: 403,
            most_roles_per_action: 100,
            unknown_users: UnknownUsers::LeftOut,
            unknown_role_details: UnknownRoleDetails::NotFoundIfNone,
            old_revoke_lists: OldRevokeLists::Affected,
            matching: Matching::IgnoringCase,
            most_rows_per_page: None,
            grant_types: ["direct", "user_group", "cid_group"].map(str::to_owned),
            user_type_shown: true,
            no_login: NoLogin::ZeroTime,
            calls_per_minute: 6000,
            calls_refused: false,
            token_calls_per_minute: None,
            rate_limit_message: "API rate limit exceeded.".to_owned(),
            token_lifetime_s: 1799,
            region: "us-1".to_owned(),
            wrong_cloud: None,
            unknown_member_cid_status: 403,
            address_not_allowed: false,
        }
    }
}

/// An error that a 200 carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorInside {
    pub code: u16,
    pub message: String,
}

/// The answer to revoking what is held through a group only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InheritedOnly {
    /// 200, as for a role that is not held.
    Accepted,
    /// 400.
    Refused,
}

/// What `meta.writes.resources_affected` counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Writes {
    /// The roles named, so that nothing can be learned of what was held.
    Named,
    /// The grants that really changed.
    Changed,
    /// Nothing: it is left out.
    Absent,
}

/// `errors` of a success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoErrors {
    /// `[]`
    EmptyList,
    /// `null`
    Null,
    /// Left out.
    Absent,
}

/// The answer to reading users of whom some do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownUsers {
    /// 200 with fewer resources.
    LeftOut,
    /// 400 `invalid user uuid`.
    BadRequest,
}

/// The answer to reading roles of which some do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRoleDetails {
    /// 404 if none of them exists, else 200 with fewer resources.
    NotFoundIfNone,
    /// 404 if one of them does not exist.
    NotFoundIfAny,
    /// 200 with fewer resources.
    LeftOut,
}

/// What the deprecated DELETE answers in `resources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldRevokeLists {
    /// The role ids it was asked to take.
    Affected,
    /// The role ids still held.
    Left,
}

/// How a filter compares a property with a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    Exact,
    IgnoringCase,
    /// As full-text indexes do: a property that contains the value matches too.
    Contains,
}

/// `last_login_at` of a user who never logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoLogin {
    /// `0001-01-01T00:00:00Z`
    ZeroTime,
    /// Left out.
    Absent,
}

/// How a cloud answers the clients of another one: token requests are redirected, every other call is 401.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrongCloud {
    /// The right cloud, told in `X-Cs-Region`.
    pub region: String,
    /// The redirect's status; undocumented.
    pub status: u16,
    /// The redirect's `Location`.
    pub location: String,
}
