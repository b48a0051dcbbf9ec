//! Where the vendor's documents leave several behaviours possible, this says which one the simulator shows.
//! The defaults are the most likely ones. Nothing here is ever asked of a client.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of one simulated tenant.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The body of every error but 401.
    pub error_form: ErrorForm,
    /// The body of a 401.
    pub unauthorized_form: ErrorForm,
    /// What a PUT with `roleNames: []` (or `null`) does.
    pub empty_role_names: OnEmpty,
    /// What a PUT with `roleName: null` (or `""`) does.
    pub null_role_name: OnEmpty,
    /// What a PUT with both `roleName` and `roleNames` does.
    pub both_role_fields: BothSent,
    /// Which role fields this tenant knows.
    pub role_fields: RoleFields,
    /// Administrators show `Administrator with Billing` although the roles are listed as `… With …`.
    pub lower_case_with: bool,
    /// System users carry `id` beside `_id`.
    pub user_id_alias: bool,
    /// `GET`, `POST` and `DELETE` below `/api/users` exist, although the public spec has only the PUT.
    pub undocumented_admin_calls: bool,
    /// The status of a manual change to a DYNAMIC_AUTOMATED group: 400, 403 or 409.
    pub dynamic_group_refusal: u16,
    /// Reads show writes only after so long.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// What a multi-tenant key without `x-org-id` gets.
    pub missing_org_id: MissingOrgId,
    /// API access is switched off for the organization; calls get this status.
    pub api_access_disabled: Option<u16>,
    /// How long an OAuth token lives.
    #[serde(rename = "token_life_ms", with = "crate::sandbox::switch::millis")]
    pub token_life: Duration,
    /// How many calls are served before the provider defends itself.
    pub call_limit: Option<CallLimit>,
    /// The `Link` header names the next page by path only.
    pub relative_links: bool,
    /// What a filter with an operator of the other API version does.
    pub unknown_operator: UnknownOperator,
    /// A PUT answers 200, sets the other fields, and leaves and returns the roles as they were.
    pub put_keeps_roles: bool,
    /// Every write answers as if it were done, and changes nothing.
    pub writes_without_effect: bool,
    /// The next PUT finds that its administrator has just been deleted. Strikes once.
    pub vanish_on_put: bool,
    /// Another writer sets the same administrator's roles around the next PUT. Strikes once.
    pub rival: Option<Rival>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            error_form: ErrorForm::Long,
            unauthorized_form: ErrorForm::Short,
            empty_role_names: OnEmpty::Reject,
            null_role_name: OnEmpty::Reject,
            both_role_fields: BothSent::RoleNamesWins,
            role_fields: RoleFields::Several,
            lower_case_with: false,
            user_id_alias: true,
            undocumented_admin_calls: true,
            dynamic_group_refusal: 400,
            read_lag: Duration::ZERO,
            missing_org_id: MissingOrgId::Answer(400),
            api_access_disabled: None,
            token_life: Duration::from_secs(3600),
            call_limit: None,
            relative_links: false,
            unknown_operator: UnknownOperator::Reject,
            put_keeps_roles: false,
            writes_without_effect: false,
            vanish_on_put: false,
            rival: None,
        }
    }
}

/// The two error bodies the vendor's sources show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorForm {
    /// `{"code":404,"message":"…","status":"Not Found"}`
    Long,
    /// `{"message":"Not Found"}`
    Short,
}

/// What setting no role at all does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnEmpty {
    /// 400, nothing changed.
    Reject,
    /// 200, the administrator holds no role any more.
    Clear,
    /// 200, the field counts as not sent.
    Ignore,
}

/// Which field counts when both are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BothSent {
    RoleNamesWins,
    RoleNameWins,
    /// 400, nothing changed.
    Reject,
}

/// How many roles an administrator of this tenant can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleFields {
    /// Several: `role`, `roleName`, `roles`, `roleNames`.
    Several,
    /// An older tenant: one, with `role` and `roleName` only; a sent `roleNames` is an unknown field and changes nothing.
    One,
}

/// What becomes of a call whose organization cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingOrgId {
    /// This status.
    Answer(u16),
    /// It works on the first organization that the administrator is linked to.
    FirstOrganization,
}

/// What becomes of a filter that cannot be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownOperator {
    /// 400.
    Reject,
    /// The filter counts as not sent: everything is listed.
    Ignore,
}

/// So many calls in each window of that length; the others are turned away.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallLimit {
    pub calls: u32,
    #[serde(rename = "window_ms", with = "crate::sandbox::switch::millis")]
    pub window: Duration,
    pub turned_away: TurnedAway,
}

/// How a call too many is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TurnedAway {
    /// 429, without `Retry-After`.
    TooManyRequests,
    /// 403 with a sentence about suspected abuse.
    IpBlocked,
}

/// Another administrator who writes at the same time.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rival {
    pub when: RivalWrites,
    /// The role names it leaves the administrator with.
    pub role_names: Vec<String>,
}

/// When the rival's write lands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RivalWrites {
    /// Just before the PUT, which overwrites it.
    Before,
    /// Just after the PUT was answered.
    After,
}
