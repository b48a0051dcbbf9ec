//! JumpCloud: administrators and their roles, system users, user groups, organizations (v1 below `/api`, v2 below
//! `/api/v2`), and the token endpoint of service accounts (`/oauth2/token`, on the same port here).
//! Written from the vendor's page; what that page leaves open is a switch in [`Settings`].

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::{Call, Clock, Demo, Reply, Simulator, switch};
use refusal::Refusal;
use tenant::Tenant;

mod access;
mod administrators;
mod directory;
mod groups;
mod listing;
mod providers;
mod refusal;
pub mod seed;
mod settings;
mod tenant;
mod users;

pub use settings::{
    BothSent, CallLimit, ErrorForm, MissingOrgId, OnEmpty, Rival, RivalWrites, RoleFields, Settings, TurnedAway,
    UnknownOperator,
};

/// A JumpCloud tenant, seeded with [`seed`].
#[derive(Debug)]
pub struct JumpCloud {
    clock: Clock,
    tenant: Mutex<Tenant>,
}

impl JumpCloud {
    pub fn new(clock: Clock) -> Self {
        let tenant = Mutex::new(Tenant::seeded());
        Self { clock, tenant }
    }

    /// Turns switches. A tenant that is made one with [`RoleFields::One`] leaves each administrator its first role.
    pub fn settings(&self, turn: impl FnOnce(&mut Settings)) {
        let mut tenant = self.lock();
        turn(&mut tenant.settings);
        if tenant.settings.role_fields == RoleFields::One {
            for admin in &mut tenant.directory.administrators {
                admin.roles.truncate(1);
            }
        }
    }

    /// The names of the roles an administrator holds, read lag or not; none if there is no such administrator.
    pub fn role_names(&self, administrator: &str) -> Option<Vec<String>> {
        let directory = &self.lock().directory;
        let roles = &directory.administrator(administrator)?.roles;
        let roles = roles.iter().filter_map(|id| directory.role(id));
        Some(roles.map(|role| role.name.clone()).collect())
    }

    /// Sets the roles of an administrator behind every client's back; unknown names are left out.
    /// False if there is no such administrator.
    pub fn set_roles(&self, administrator: &str, names: &[&str]) -> bool {
        let mut tenant = self.lock();
        let directory = tenant.change(self.clock.now_ms());
        directory.set_roles(administrator, names)
    }

    /// Deletes an administrator behind every client's back. False if there is none.
    pub fn delete_administrator(&self, id: &str) -> bool {
        let mut tenant = self.lock();
        let directory = tenant.change(self.clock.now_ms());
        directory.delete_administrator(id).is_some()
    }

    /// Adds a custom role and gives its id. Its name may differ from another's by case alone.
    pub fn add_role(&self, name: &str) -> String {
        self.lock().directory.add_role(name)
    }

    /// Whether the user is a direct member of the group.
    pub fn is_member(&self, group: &str, user: &str) -> bool {
        let directory = &self.lock().directory;
        let mut groups = directory.groups.iter();
        groups.any(|g| g.id == group && g.members.contains(user))
    }

    /// Expires all OAuth tokens at once.
    pub fn expire_tokens(&self) {
        self.lock().credentials.expire_tokens();
    }

    /// Expires one API key.
    pub fn expire_key(&self, key: &str) {
        let now_ms = self.clock.now_ms();
        self.lock().credentials.expire_key(key, now_ms);
    }

    /// The provider's answer of that status in the form the settings name, to be planted as a fault.
    pub fn error(&self, status: u16) -> Reply {
        Refusal::Status(status).reply(&self.lock().settings)
    }

    /// The 403 of an address that called too often, to be planted as a fault.
    pub fn ip_blocked(&self) -> Reply {
        Refusal::IpBlocked.reply(&self.lock().settings)
    }

    fn lock(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for JumpCloud {
    fn slug(&self) -> &'static str {
        "jumpcloud"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        self.lock().answer(call, now_ms)
    }

    fn memberships(&self) -> BTreeSet<String> {
        self.lock().directory.facts()
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        let mut turned = Ok(());
        self.settings(|settings| turned = switch::turn(settings, switch, to));
        turned
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({"api_key": seed::API_KEY}),
            query: Vec::new(),
            body: json!({"id": seed::JANE, "roles": [{"name": "Help Desk"}]}),
        }
    }
}
