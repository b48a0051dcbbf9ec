//! Voucherify's Management API v1: the organization's projects, and the one role that a user holds in each.
//! Written from the vendor's pages. Faults of the network are planted in front, in `SimServer::faults`.

mod access;
mod account;
mod organization;
mod payload;
mod projects;
mod rate;
mod refusal;
mod route;
pub mod seed;
mod settings;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use self::account::Account;
use super::{Call, Clock, Demo, Reply, Simulator, switch};

pub use self::organization::User;
pub use self::settings::{AssignAgain, AssignUnknownUser, OnlyProject, RestrictedKey, Rival, Settings, UnknownProject};

/// One organization at Voucherify, seeded with [`seed`].
#[derive(Debug)]
pub struct Voucherify {
    clock: Clock,
    account: Mutex<Account>,
}

impl Voucherify {
    /// An organization of seven projects; seventeen users that are a case each, and forty that are none.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, account: Mutex::new(Account::seeded()) }
    }

    /// Changes the switches.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.account().settings);
    }

    /// The role that the user holds in the project, whatever reads may show.
    pub fn role(&self, user: &str, project: &str) -> Option<String> {
        self.account().organization.role(user, project).map(str::to_owned)
    }

    /// Gives the user this role in the project, as somebody else might meanwhile.
    pub fn assign(&self, user: &str, project: &str, role: &str) {
        self.set_role(user, project, Some(role));
    }

    /// Takes the project from the user, even if it is their only one.
    pub fn unassign(&self, user: &str, project: &str) {
        self.set_role(user, project, None);
    }

    /// Adds a user, or puts another in their place.
    pub fn put_user(&self, id: &str, user: User) {
        self.account().organization.users.insert(id.to_owned(), user);
    }

    /// Deletes a user.
    pub fn remove_user(&self, id: &str) {
        self.account().organization.users.remove(id);
    }

    /// Whether the user has a session.
    pub fn is_logged_in(&self, user: &str) -> bool {
        self.account().organization.users.get(user).is_some_and(|u| u.is_logged_in)
    }

    /// Gives a management key another token.
    pub fn rotate_token(&self, management_id: &str, token: &str) {
        if let Some(key) = self.account().access.keys.get_mut(management_id) {
            token.clone_into(&mut key.token);
        }
    }

    fn set_role(&self, user: &str, project: &str, role: Option<&str>) {
        let now_ms = self.clock.now_ms();
        let Account { settings, organization, .. } = &mut *self.account();
        organization.set_role(user, project, role, settings, now_ms);
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for Voucherify {
    fn slug(&self) -> &'static str {
        "voucherify"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        self.account().handle(call, now_ms)
    }

    /// The facts are who exists, who owns, and who holds what where. A session is none: every removal ends it.
    fn memberships(&self) -> BTreeSet<String> {
        let account = self.account();
        let users = account.organization.users.iter();
        let facts = users.flat_map(|(id, user)| {
            let held = user.projects.iter();
            let held = held.map(move |(project, role)| format!("user {id} holds role {role} in project {project}"));
            let owner = user.is_owner.then(|| format!("user {id} owns the organization"));
            held.chain(owner).chain([format!("user {id} exists")])
        });
        facts.collect()
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        switch::turn(&mut self.account().settings, switch, to)
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({
                "cluster": "api",
                "management_id": seed::MANAGEMENT_ID,
                "management_token": seed::MANAGEMENT_TOKEN,
            }),
            query: vec![("workspace_id", seed::TEST.to_owned())],
            body: json!({"id": seed::SAMMY, "roles": [{"id": "USER"}]}),
        }
    }
}
