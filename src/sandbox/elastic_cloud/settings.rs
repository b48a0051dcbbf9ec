//! What the vendor's documents leave open, one switch each; the default is what they make most likely.
//! Faults of the network are not here: those are planted in front of the simulator.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of the simulated cloud.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Removing an assignment that matches none of the user's; undocumented.
    pub unmatched: Unmatched,
    /// Removing a role id that no scope knows, or that belongs to another scope; undocumented.
    pub unknown_role: Unmatched,
    /// Whether `application_roles` take part in the match; false compares role, scope, `all` and ids only.
    pub application_roles_match: bool,
    /// A body such as `{}` that names no assignment; undocumented.
    pub empty_set: Unmatched,
    /// A member of the body that the schema does not have: true answers 400, false ignores it.
    pub unknown_fields_refused: bool,
    /// The last organization-admin of an organization loses that role.
    pub last_admin: LastAdmin,
    /// A user who exists and is no member of the organization that the assignment names.
    pub outsider: Outsider,
    /// Members whose assignments cannot be changed: `role_assignments.invalid_target_user_id` although they are listed.
    pub invalid_targets: BTreeSet<String>,
    /// Reads of the organization need the role organization-admin too; without it they are 403.
    pub reads_need_admin: bool,
    /// How a member without any assignment is listed.
    pub no_assignments: NoAssignments,
    /// So many organizations on the first page, with a `next_page` cursor if there are more. The documents know no
    /// parameter that takes the cursor, so there is no second page to be had.
    pub organizations_per_page: Option<usize>,
    /// The status of a body that is not `application/json`; undocumented.
    pub wrong_content_type_status: u16,
    /// Every error comes with a second entry, and a second code in the header.
    pub errors_in_pairs: bool,
    /// Answers carry `X-Elastic-Api-Key-Expiration` when the key has less than so long to live.
    #[serde(rename = "expiry_notice_ms", with = "crate::sandbox::switch::millis")]
    pub expiry_notice: Duration,
    /// Reads show writes only after so long.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// Every write answers as if it were done, and changes nothing.
    pub writes_without_effect: bool,
    /// How many calls are served before the rest is 429; no limit is documented.
    pub call_limit: Option<CallLimit>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            unmatched: Unmatched::Accepted,
            unknown_role: Unmatched::Accepted,
            application_roles_match: true,
            empty_set: Unmatched::Accepted,
            unknown_fields_refused: false,
            last_admin: LastAdmin::Removed,
            outsider: Outsider::InvalidTarget,
            invalid_targets: BTreeSet::new(),
            reads_need_admin: false,
            no_assignments: NoAssignments::EmptyObject,
            organizations_per_page: None,
            wrong_content_type_status: 415,
            errors_in_pairs: false,
            expiry_notice: Duration::from_secs(14 * 24 * 3600),
            read_lag: Duration::ZERO,
            writes_without_effect: false,
            call_limit: None,
        }
    }
}

/// The answer to a removal that removes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unmatched {
    /// 200 `{}`, and nothing changes.
    Accepted,
    /// 400, and nothing changes, what would match included.
    Refused,
}

/// What becomes of the last organization-admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastAdmin {
    /// The role goes, and the organization is without one.
    Removed,
    /// 400, and nothing changes.
    Refused,
}

/// The answer for a user of another organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outsider {
    /// 400 `role_assignments.invalid_target_user_id`.
    InvalidTarget,
    /// 200 `{}`: the user exists, and nothing matches.
    Accepted,
}

/// How "no assignments" is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoAssignments {
    /// `"role_assignments":{}`
    EmptyObject,
    /// Without the member.
    Omitted,
}

/// So many calls in each window of that length; the others are 429.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLimit {
    pub calls: u32,
    #[serde(rename = "window_ms", with = "crate::sandbox::switch::millis")]
    pub window: Duration,
    /// Whether a 429 says in `Retry-After` (seconds) when the next call is welcome.
    pub retry_after: bool,
}
