//! The table of the methods that exist here, with what each asks of its caller.

use super::answer::Outcome;
use super::arguments::Arguments;
use super::settings::Work;
use super::tokens::Grant;
use super::{Inside, people, roles, tokens};
use crate::sandbox::Call;

/// What a method wants to see in the token.
pub(super) enum Scope {
    /// Called without a token.
    NoToken,
    /// Any token will do.
    Any,
    Needs(&'static str),
}

pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) scope: Scope,
    /// Calls a minute, as the method's tier grants at least.
    pub(super) per_minute: usize,
    /// Wants an org-wide user token of an admin or owner.
    pub(super) for_admins: bool,
    /// Takes its arguments from a JSON body too.
    pub(super) reads_json: bool,
    post_only: bool,
    pub(super) run: fn(&mut Inside, &Request<'_>) -> Outcome,
}

/// An admitted call.
pub(super) struct Request<'a> {
    pub(super) call: &'a Call,
    pub(super) caller: Option<&'a Grant>,
    pub(super) arguments: &'a Arguments,
    pub(super) now_ms: u64,
    /// How much of a write is carried out.
    pub(super) work: Work,
}

impl Method {
    pub(super) fn takes(&self, http_method: &str, writes_by_get: bool) -> bool {
        match http_method {
            "POST" => true,
            "GET" => !self.post_only || (writes_by_get && self.for_admins),
            _ => false,
        }
    }
}

pub(super) fn find(name: &str) -> Option<&'static Method> {
    METHODS.iter().find(|method| method.name == name)
}

const TIER_2: usize = 20;
const TIER_3: usize = 50;
const TIER_4: usize = 100;
/// "Special" limits are far above what a test asks.
const SPECIAL: usize = 600;

static METHODS: [Method; 10] = [
    Method {
        name: "admin.roles.removeAssignments",
        scope: Scope::Needs("admin.roles:write"),
        per_minute: TIER_2,
        for_admins: true,
        reads_json: true,
        post_only: true,
        run: roles::remove,
    },
    Method {
        name: "admin.roles.addAssignments",
        scope: Scope::Needs("admin.roles:write"),
        per_minute: TIER_2,
        for_admins: true,
        reads_json: true,
        post_only: true,
        run: roles::add,
    },
    Method {
        name: "admin.roles.listAssignments",
        scope: Scope::Needs("admin.roles:read"),
        per_minute: TIER_3,
        for_admins: true,
        reads_json: true,
        post_only: false,
        run: roles::list,
    },
    Method {
        name: "admin.users.list",
        scope: Scope::Needs("admin.users:read"),
        per_minute: TIER_4,
        for_admins: true,
        reads_json: true,
        post_only: false,
        run: people::admin_list,
    },
    Method {
        name: "admin.teams.list",
        scope: Scope::Needs("admin.teams:read"),
        per_minute: TIER_3,
        for_admins: true,
        reads_json: true,
        post_only: false,
        run: people::teams,
    },
    Method {
        name: "users.info",
        scope: Scope::Needs("users:read"),
        per_minute: TIER_4,
        for_admins: false,
        reads_json: false,
        post_only: false,
        run: people::info,
    },
    Method {
        name: "users.lookupByEmail",
        scope: Scope::Needs("users:read.email"),
        per_minute: TIER_3,
        for_admins: false,
        reads_json: false,
        post_only: false,
        run: people::look_up_by_email,
    },
    Method {
        name: "users.list",
        scope: Scope::Needs("users:read"),
        per_minute: TIER_2,
        for_admins: false,
        reads_json: false,
        post_only: false,
        run: people::list,
    },
    Method {
        name: "auth.test",
        scope: Scope::Any,
        per_minute: SPECIAL,
        for_admins: false,
        reads_json: true,
        post_only: false,
        run: people::auth_test,
    },
    Method {
        name: "oauth.v2.access",
        scope: Scope::NoToken,
        per_minute: SPECIAL,
        for_admins: false,
        reads_json: true,
        post_only: true,
        run: tokens::refresh,
    },
];
