//! What the vendor's pages leave open, one switch each; the default is what they make most likely.
//! Faults of the network are not here: those are planted in front of the simulator.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The switches of one simulated hive.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What assigning and unassigning a network needs: the server's code and its pages disagree.
    pub assign_permission: AssignPermission,
    /// Unassigning succeeds and leaves the user where they are.
    pub unassign_has_no_effect: bool,
    /// For so long after a removal, reads still show the network; no lag is known.
    #[serde(rename = "read_lag_ms", with = "crate::sandbox::switch::millis")]
    pub read_lag: Duration,
    /// Where the REST faces are: behind the usual proxy, or at the paths of the services themselves.
    pub paths: Paths,
    /// Users on a page over REST when `take` is left out; the layers disagree.
    pub default_take_rest: usize,
    /// Users on a page over messages when `take` is left out.
    pub default_take_messages: usize,
    /// A user's networks are written `{"network": {…}}` each, as one table of the pages has it.
    pub nested_networks: bool,
    #[serde(rename = "access_lifetime_ms", with = "crate::sandbox::switch::millis")]
    pub access_lifetime: Duration,
    #[serde(rename = "refresh_lifetime_ms", with = "crate::sandbox::switch::millis")]
    pub refresh_lifetime: Duration,
    /// A refused refresh over REST has an empty body.
    pub empty_refresh_refusal: bool,
    /// The CONNECT return code for wrong credentials, and for a client id that is connected already; presumed.
    pub refused_connect_code: u8,
    /// Every CONNECT is refused with this code; 0 refuses none.
    pub connect_code: u8,
    /// A client id that contains `@`, which it must not.
    pub at_in_client_id: AtInClientId,
    /// The broker is up and the server behind it is not: messages are never answered.
    pub server_down: bool,
    /// A reply at QoS 1 is sent twice.
    pub replies_twice: bool,
    /// An error reply has neither `code` nor `error`, which the public pages do not mention.
    pub bare_errors: bool,
    /// Replies to `token` and `token/refresh` come on the topic of `authenticate`, as the pages say and the
    /// broker's code does not.
    pub token_replies_on_authenticate: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            assign_permission: AssignPermission::ManageNetwork,
            unassign_has_no_effect: false,
            read_lag: Duration::ZERO,
            paths: Paths::Proxied,
            default_take_rest: 20,
            default_take_messages: 100,
            nested_networks: false,
            access_lifetime: Duration::from_millis(1_800_000),
            refresh_lifetime: Duration::from_millis(15_724_800_000),
            empty_refresh_refusal: false,
            refused_connect_code: 5,
            connect_code: 0,
            at_in_client_id: AtInClientId::NeverAnswered,
            server_down: false,
            replies_twice: false,
            bare_errors: false,
            token_replies_on_authenticate: false,
        }
    }
}

/// The permission that assigning and unassigning a network needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignPermission {
    /// Number 14, which the code checks.
    ManageNetwork,
    /// Number 12, which the page of the call names.
    ManageUser,
}

/// Where the REST faces are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Paths {
    /// `/api/rest/user`, and tokens at `/api/rest/token`, which the proxy hands on to `/auth/rest/token`.
    Proxied,
    /// `/dh/rest/user`, and tokens at `/auth/rest/token` only.
    Bare,
}

/// What becomes of a client whose id contains `@`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtInClientId {
    /// It connects, and no reply finds its way.
    NeverAnswered,
    /// CONNECT return code 2.
    Refused,
}
