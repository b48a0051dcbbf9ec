//! CrowdStrike Falcon's user management: roles granted to users against a customer id (CID), the reads that show
//! them, and the token endpoint before them. Faults of the network are planted in front, in `SimServer::faults`.

mod access;
mod answers;
mod arguments;
mod directory;
mod fql;
mod grants;
mod held;
mod people;
mod rate;
mod roles;
mod route;
pub mod seed;
mod settings;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use self::access::Access;
use self::answers::{Outcome, Refusal};
use self::directory::Directory;
use self::rate::Meter;
use self::route::Route;
use super::{Call, Clock, Demo, Reply, Simulator, switch};

pub use self::directory::{Role, User};
pub use self::settings::{
    ErrorInside, InheritedOnly, Matching, NoErrors, NoLogin, OldRevokeLists, Settings, UnknownRoleDetails,
    UnknownUsers, Writes, WrongCloud,
};

/// One customer with a child customer, and a stranger beside them.
pub struct CrowdStrike {
    clock: Clock,
    tenant: Mutex<Tenant>,
}

struct Tenant {
    settings: Settings,
    access: Access,
    directory: Directory,
    meter: Meter,
    token_meter: Meter,
}

impl CrowdStrike {
    /// The customer of [`seed`].
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let tenant = Tenant {
            settings: Settings::default(),
            access: seed::access(),
            directory: seed::directory(),
            meter: Meter::default(),
            token_meter: Meter::default(),
        };
        Self { clock, tenant: Mutex::new(tenant) }
    }

    /// Changes the switches.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.tenant().settings);
    }

    /// Whether the user holds the role by a grant of its own, whatever reads may show.
    pub fn holds(&self, user: &str, role: &str, cid: &str) -> bool {
        let now_ms = self.clock.now_ms();
        self.tenant().directory.holds(user, role, cid, now_ms)
    }

    /// Grants the role for good.
    pub fn assign(&self, user: &str, role: &str, cid: &str) {
        let now_ms = self.clock.now_ms();
        self.tenant().directory.grant(user, role, cid, None, now_ms);
    }

    /// Revokes the role, as somebody else might meanwhile.
    pub fn unassign(&self, user: &str, role: &str, cid: &str) {
        let now_ms = self.clock.now_ms();
        self.tenant().directory.revoke(user, role, cid, now_ms);
    }

    /// Adds a user, or puts another in its place.
    pub fn put_user(&self, uuid: &str, user: User) {
        self.tenant().directory.users.insert(uuid.to_owned(), user);
    }

    /// Adds a role, or puts another in its place.
    pub fn put_role(&self, id: &str, role: Role) {
        self.tenant().directory.roles.insert(id.to_owned(), role);
    }

    /// Ends the life of every token given out so far.
    pub fn expire_all_tokens(&self) {
        self.tenant().access.expire_all();
    }

    /// How many tokens were given out so far.
    pub fn tokens_issued(&self) -> usize {
        self.tenant().access.tokens_issued()
    }

    /// Gives the client another secret; its tokens live on.
    pub fn rotate_secret(&self, client_id: &str, secret: &str) {
        self.tenant().access.rotate_secret(client_id, secret);
    }

    /// The provider's error of that status, to plant as a fault.
    #[must_use]
    pub fn error(&self, status: u16, message: &str) -> Reply {
        Refusal::api(status, message).reply()
    }

    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for CrowdStrike {
    fn slug(&self) -> &'static str {
        "crowdstrike"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        self.tenant().handle(call, now_ms)
    }

    fn memberships(&self) -> BTreeSet<String> {
        let now_ms = self.clock.now_ms();
        self.tenant().directory.memberships(now_ms)
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        switch::turn(&mut self.tenant().settings, switch, to)
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({
                "client_id": seed::CLIENT_ID,
                "client_secret": seed::CLIENT_SECRET,
                "cloud": "us-1",
            }),
            query: Vec::new(),
            body: json!({
                "id": seed::ALICE,
                "roles": [{"id": "falcon_read_only", "organization": seed::CID}],
            }),
        }
    }
}

impl Tenant {
    fn handle(&mut self, call: &Call, now_ms: u64) -> Reply {
        match Route::of(&call.path) {
            Some(route @ (Route::Token | Route::RevokeToken)) => self.handle_oauth(route, call, now_ms),
            route => {
                let outcome = self.answer(route, call, now_ms);
                let reply = match outcome {
                    Ok(answer) => answer.reply(&self.settings),
                    Err(refusal) => refusal.reply(),
                };
                self.meter.mark(reply, self.settings.calls_per_minute)
            }
        }
    }

    fn handle_oauth(&mut self, route: Route, call: &Call, now_ms: u64) -> Reply {
        if call.method != "POST" {
            return Refusal::method_not_allowed().reply();
        }
        if let Some(limit) = self.settings.token_calls_per_minute
            && let Err(retry_after_s) = self.token_meter.admit(limit, now_ms)
        {
            return Refusal::rate_limited(retry_after_s, &self.settings).reply();
        }
        match route {
            Route::RevokeToken => self.access.revoke(call, &self.settings),
            _ => self.access.issue(call, &self.directory, &self.settings, now_ms),
        }
    }

    /// What the gateway checks, in its order, and then the operation itself.
    fn answer(&mut self, route: Option<Route>, call: &Call, now_ms: u64) -> Outcome {
        let route = route.ok_or_else(Refusal::no_such_page)?;
        let scope = route.scope(&call.method).ok_or_else(Refusal::method_not_allowed)?;
        if self.settings.wrong_cloud.is_some() {
            return Err(Refusal::invalid_token());
        }
        let caller = self.access.admit(call, now_ms)?;
        if self.settings.calls_refused {
            self.meter
                .admit(self.settings.calls_per_minute, now_ms)
                .map_err(|s| Refusal::rate_limited(s, &self.settings))?;
        } else {
            self.meter.count(now_ms);
        }
        if self.settings.address_not_allowed || !caller.may(scope) {
            return Err(Refusal::forbidden());
        }
        match route {
            Route::RoleActions => self.role_action(call, &caller, now_ms),
            Route::OldUserRoles => self.old_role_change(call, &caller, now_ms),
            Route::HeldRoles => self.held_roles(call, &caller, now_ms),
            Route::RoleIds => self.role_ids(call, &caller),
            Route::RoleDetails => self.role_details(call, &caller),
            Route::RoleDetailsByPost => self.role_details_by_post(call, &caller),
            Route::UserIds => self.user_ids(call, &caller, now_ms),
            Route::UserDetails => self.user_details(call, &caller),
            Route::Users if call.method == "POST" => self.create_user(call, &caller, now_ms),
            Route::Users => self.delete_user(call, &caller),
            Route::Token | Route::RevokeToken => Err(Refusal::no_such_page()),
        }
    }
}
