//! Switches for what Slack's documents leave open, and failures that happen inside a method.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the simulator behaves. The defaults are the likeliest behaviour.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The answer to taking away what is not held.
    pub not_held: NotHeld,
    /// The `error` of a `rejected_users` row that stands for "not held".
    pub not_held_code: String,
    /// The answer to an org-only role on a workspace or channel.
    pub org_only_elsewhere: OrgOnlyElsewhere,
    /// The `error` of a `rejected_entities` row that stands for "not on this kind of entity".
    pub wrong_entity_code: String,
    /// Users that role changes reject, with the `error` of their row.
    pub rejected_users: BTreeMap<String, String>,
    /// Entities that role changes reject, with the `error` of their row.
    pub rejected_entities: BTreeMap<String, String>,
    /// So long does the listing still show a removed assignment.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// Answers removals with `ok:true` and does nothing.
    pub ignores_removals: bool,
    /// The plan includes system roles; without, `admin.roles.*` answers `feature_not_enabled`.
    pub has_roles_feature: bool,
    /// Nobody may touch who is Role Admin: `cannot_modify_role_admin`.
    pub protects_role_admins: bool,
    /// How the last page of a list tells that it is the last.
    pub last_cursor: LastCursor,
    /// Takes role changes by GET too, as older documents have it.
    pub writes_by_get: bool,
    /// Wants `/api/` before the method. Off, because an account's base URL may stand for the host or for host and `/api`.
    pub api_prefix_required: bool,
    /// `users.lookupByEmail` finds deactivated users too.
    pub finds_deactivated_by_email: bool,
    /// Rows of `admin.users.list` carry `roles`, as the Java SDK's samples do.
    pub roles_in_admin_list: bool,
    /// Every answer carries fields that no document names.
    pub extra_fields: bool,
    /// Counts calls per method and minute and answers 429 beyond the tier.
    pub enforce_rate_limits: bool,
    /// Failures inside methods, first match first.
    pub failures: Vec<MethodFailure>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            not_held: NotHeld::OkTrue,
            not_held_code: "not_assigned".to_owned(),
            org_only_elsewhere: OrgOnlyElsewhere::Rejected,
            wrong_entity_code: "invalid_entity".to_owned(),
            rejected_users: BTreeMap::new(),
            rejected_entities: BTreeMap::new(),
            read_lag: Duration::ZERO,
            ignores_removals: false,
            has_roles_feature: true,
            protects_role_admins: false,
            last_cursor: LastCursor::Empty,
            writes_by_get: false,
            api_prefix_required: false,
            finds_deactivated_by_email: false,
            roles_in_admin_list: false,
            extra_fields: false,
            enforce_rate_limits: false,
            failures: Vec::new(),
        }
    }
}

/// The answer to taking away what is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotHeld {
    OkTrue,
    /// If nobody named holds the role; where some do, the others are rejected rows.
    NoValidUsers,
    FailedForSomeUsers,
}

/// The answer to an org-only role on a workspace or channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgOnlyElsewhere {
    /// A row of `rejected_entities`.
    Rejected,
    /// As if the entity did not exist.
    NoValidEntities,
    /// Taken as any other entity, where it is then not held.
    Accepted,
}

/// How the last page of a list tells that it is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastCursor {
    /// `"next_cursor":""`
    Empty,
    /// `"response_metadata":{}`
    NoCursor,
    /// No `response_metadata` at all.
    NoMetadata,
}

/// How much of a role change happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    Nothing,
    /// The first half of users × entities, rounded down.
    Half,
    All,
}

/// An error a method answers with on HTTP 200, although the call was in order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MethodFailure {
    /// The method's full name; any if empty.
    pub method: String,
    pub error: String,
    pub work: Work,
    /// Strikes so many times; 0 means always.
    pub times: usize,
}

impl MethodFailure {
    /// A failure of every call of a method, before any work is done.
    pub fn of(method: &str, error: &str) -> Self {
        Self { method: method.to_owned(), error: error.to_owned(), work: Work::Nothing, times: 0 }
    }
}

impl Settings {
    pub(super) fn take_failure(&mut self, method: &str) -> Option<MethodFailure> {
        let meets = |f: &MethodFailure| f.method.is_empty() || f.method == method;
        let at = self.failures.iter().position(meets)?;
        let failure = self.failures[at].clone();
        match failure.times {
            0 => {}
            1 => {
                self.failures.remove(at);
            }
            _ => self.failures[at].times -= 1,
        }
        Some(failure)
    }
}
