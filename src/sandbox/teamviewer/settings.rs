//! What the vendor's documents leave open, one switch each; the default is what they make most likely.
//! Faults of the network are not here: those are planted in front of the simulator.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of one simulated company.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Unassigning a role that the user does not hold directly; undocumented.
    pub not_held: NotHeld,
    /// Whether a body's field names must be spelt as documented.
    pub field_names: FieldNames,
    /// The most user ids that one call takes.
    pub most_user_ids: usize,
    /// How `email` filters the list of users; undocumented.
    pub email_filter: EmailFilter,
    /// The users of a role are those who hold it through a group too; presumably not.
    pub account_assignments_show_inherited: bool,
    /// How the token of a next page is written where there is none.
    pub last_page: LastPage,
    /// User ids on a page of a role's users.
    pub users_per_page: usize,
    /// Role ids on a page of a user's roles.
    pub roles_per_page: usize,
    /// The status of a changed user: 200 (with an empty body) and 204 are both documented.
    pub put_status: u16,
    /// Changing roles needs a permission of its own beside that of editing users.
    pub separate_role_permission: bool,
    /// How long an OAuth access token lives.
    #[serde(rename = "token_life_ms", with = "crate::sandbox::switch::millis")]
    pub token_life: Duration,
    /// A refresh token is worth nothing once it was used; its successor comes with the answer either way.
    pub refresh_token_single_use: bool,
    /// Other statuses than the usual ones, by error category such as `invalid_token`; none is documented.
    pub statuses: BTreeMap<String, u16>,
    /// The status of a body that is not `application/json`; undocumented.
    pub wrong_content_type_status: u16,
    /// Reads show writes only after so long.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// Every write answers as if it were done, and changes nothing.
    pub writes_without_effect: bool,
    /// Every write is done, and answers `internal_error`.
    pub internal_error_after_write: bool,
    /// How many calls are served before the rest is turned away; the vendor's numbers are not known.
    pub call_limit: Option<CallLimit>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            not_held: NotHeld::Accepted,
            field_names: FieldNames::Exact,
            most_user_ids: 100,
            email_filter: EmailFilter::Whole,
            account_assignments_show_inherited: false,
            last_page: LastPage::Null,
            users_per_page: 10,
            roles_per_page: 5,
            put_status: 204,
            separate_role_permission: false,
            token_life: Duration::from_secs(24 * 3600),
            refresh_token_single_use: false,
            statuses: BTreeMap::new(),
            wrong_content_type_status: 415,
            read_lag: Duration::ZERO,
            writes_without_effect: false,
            internal_error_after_write: false,
            call_limit: None,
        }
    }
}

/// The answer to unassigning a role that is not held directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotHeld {
    /// 204, as for a role that is held.
    Accepted,
    /// `invalid_request`, and nothing changes.
    InvalidRequest,
    /// `not_found`, and nothing changes.
    NotFound,
}

/// How strictly field names are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldNames {
    /// `UserIds`, and `userIds` is as if it were not there.
    Exact,
    AnyCase,
}

/// Which users an e-mail filter finds; letter case never matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmailFilter {
    /// Whose address is that one.
    Whole,
    /// Whose address contains it.
    Part,
}

/// How "no further page" is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastPage {
    /// `"ContinuationToken":null`
    Null,
    /// Without the member.
    Absent,
    /// `"ContinuationToken":""`
    Empty,
}

/// So many calls in each window of that length; the others are turned away.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLimit {
    pub calls: u32,
    #[serde(rename = "window_ms", with = "crate::sandbox::switch::millis")]
    pub window: Duration,
    pub turned_away: TurnedAway,
    /// Whether `Retry-After` (seconds) says when the next call is welcome; unverified.
    pub retry_after: bool,
}

/// Under which category a call too many is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnedAway {
    RateLimitReached,
    TooManyRetries,
}
