//! BlackLine's user management: users, the roles they hold on products, and the password-grant token before them.
//! Most of it is reconstructed, so there are many switches. Faults of the network are planted in front, in
//! `SimServer::faults`.

mod access;
mod answers;
mod directory;
mod listing;
mod people;
mod rate;
mod role_products;
mod route;
pub mod seed;
mod settings;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use self::access::Access;
use self::answers::Refusal;
use self::directory::{Directory, Pair};
use self::rate::Meter;
use self::route::Route;
use super::{Call, Clock, Demo, Reply, Simulator, switch};

pub use self::directory::User;
pub use self::settings::{
    Accepted, ActionElsewhere, DeadToken, ErrorForm, NextLink, NotAssigned, RemoveForm, Settings, TokenRefusal,
};

/// One tenant of BlackLine.
pub struct BlackLine {
    clock: Clock,
    tenant: Mutex<Tenant>,
}

struct Tenant {
    settings: Settings,
    access: Access,
    directory: Directory,
    meter: Meter,
}

impl BlackLine {
    /// The tenant of [`seed`].
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let tenant = Tenant {
            settings: Settings::default(),
            access: seed::access(),
            directory: seed::directory(),
            meter: Meter::default(),
        };
        Self { clock, tenant: Mutex::new(tenant) }
    }

    /// Changes the switches.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.tenant().settings);
    }

    /// Whether the user itself holds the role on the product, whatever reads may show.
    pub fn holds(&self, user: i64, role: i64, product: &str) -> bool {
        self.tenant().directory.holds(user, &Pair::of(role, product))
    }

    /// Gives the role on the product to the user.
    pub fn assign(&self, user: i64, role: i64, product: &str) {
        let now_ms = self.clock.now_ms();
        self.tenant().directory.assign(user, Pair::of(role, product), now_ms);
    }

    /// Takes the role on the product from the user, as somebody else might meanwhile.
    pub fn unassign(&self, user: i64, role: i64, product: &str) {
        let now_ms = self.clock.now_ms();
        self.tenant().directory.unassign(user, &Pair::of(role, product), now_ms);
    }

    /// Adds a user, or puts another in its place.
    pub fn put_user(&self, id: i64, user: User) {
        self.tenant().directory.users.insert(id, user);
    }

    /// Deletes a user.
    pub fn remove_user(&self, id: i64) {
        self.tenant().directory.users.remove(&id);
    }

    /// Ends the life of every token given out so far.
    pub fn expire_all_tokens(&self) {
        self.tenant().access.expire_all();
    }

    /// Ends the life of an API key; its tokens live on.
    pub fn expire_api_key(&self, username: &str) {
        self.tenant().access.expire_api_key(username);
    }

    /// How many tokens were given out so far.
    pub fn tokens_issued(&self) -> usize {
        self.tenant().access.tokens_issued()
    }

    /// The provider's error of that status in the form of the settings, to plant as a fault.
    #[must_use]
    pub fn error(&self, status: u16, message: &str) -> Reply {
        Refusal::new(status, message).reply(&self.tenant().settings)
    }

    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for BlackLine {
    fn slug(&self) -> &'static str {
        "blackline"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        let mut tenant = self.tenant();
        tenant.answer(call, now_ms).unwrap_or_else(|refusal| refusal.reply(&tenant.settings))
    }

    fn memberships(&self) -> BTreeSet<String> {
        self.tenant().directory.memberships()
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        switch::turn(&mut self.tenant().settings, switch, to)
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({
                "environment": "us",
                "client_id": seed::CLIENT_ID,
                "client_secret": seed::CLIENT_SECRET,
                "username": seed::USERNAME,
                "api_key": seed::API_KEY,
                "instance_id": seed::INSTANCE,
            }),
            query: Vec::new(),
            body: json!({"id": seed::ALICE.to_string(), "roles": [{"id": "1", "group": "A"}]}),
        }
    }
}

impl Tenant {
    /// The reply, or the refusal that ended the call early.
    fn answer(&mut self, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        let route = Route::of(&call.path, &self.settings)?;
        let allowed = route.methods(&self.settings);
        if !allowed.contains(&call.method.as_str()) {
            return Err(Refusal::method_not_allowed(allowed));
        }
        if route == Route::Token {
            return Ok(self.access.issue(call, &self.settings, now_ms));
        }
        let caller = self.access.admit(call, &self.settings, now_ms)?;
        if let Some(limit) = self.settings.calls_per_minute
            && !self.meter.admits(limit, now_ms)
        {
            return Err(Refusal::new(429, "Too Many Requests"));
        }
        if !caller.may_manage_users {
            return Err(Refusal::new(403, "Forbidden"));
        }
        match (route, call.method.as_str()) {
            (Route::Users, "POST") => self.create_user(call, now_ms),
            (Route::Users, _) => self.list_users(call),
            (Route::User(user), _) => self.read_user(user),
            (Route::Roles, _) => self.list_roles(call),
            (Route::RoleProducts(user), "GET") => self.list_role_products(user, call, now_ms),
            (Route::RoleProducts(user), "DELETE") => self.remove_by_query(user, call, now_ms),
            (Route::RoleProducts(user), _) => self.post_role_product(user, call, now_ms),
            (Route::Token, _) => Err(Refusal::not_found()),
        }
    }
}
