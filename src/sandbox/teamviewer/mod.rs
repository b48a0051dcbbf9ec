//! TeamViewer: a company's users, its user roles, and who holds them directly or through user groups, below `/api/v1`;
//! and the token endpoint of OAuth clients. Written from the vendor's page; what that page leaves open is a switch in
//! [`Settings`].

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::json;

use self::answers::Refusal;
use self::company::Company;
use super::{Call, Clock, Demo, Reply, Simulator, switch};

mod access;
mod answers;
mod company;
mod directory;
mod request;
mod roles;
pub mod seed;
mod settings;
mod users;

pub use answers::Category;
pub use directory::{Role, User};
pub use settings::{CallLimit, EmailFilter, FieldNames, LastPage, NotHeld, Settings, TurnedAway};

/// A TeamViewer company, seeded with [`seed`].
#[derive(Debug)]
pub struct TeamViewer {
    clock: Clock,
    company: Mutex<Company>,
}

impl TeamViewer {
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, company: Mutex::new(Company::seeded()) }
    }

    /// Changes the switches.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock().settings);
    }

    /// Whether the user holds the role directly, whatever reads may show.
    pub fn holds(&self, user: &str, role: &str) -> bool {
        let company = self.lock();
        company.directory.users.get(user).is_some_and(|user| user.roles.contains(role))
    }

    /// Gives the role to the user, as somebody else might meanwhile.
    pub fn assign(&self, user: &str, role: &str) {
        let now_ms = self.clock.now_ms();
        if let Some(user) = self.lock().change(now_ms).users.get_mut(user) {
            user.roles.insert(role.to_owned());
        }
    }

    /// Takes the role from the user, as somebody else might meanwhile.
    pub fn unassign(&self, user: &str, role: &str) {
        let now_ms = self.clock.now_ms();
        if let Some(user) = self.lock().change(now_ms).users.get_mut(user) {
            user.roles.remove(role);
        }
    }

    /// Adds a user, or puts another in its place.
    pub fn put_user(&self, id: &str, user: User) {
        let now_ms = self.clock.now_ms();
        self.lock().change(now_ms).users.insert(id.to_owned(), user);
    }

    /// Deletes a user.
    pub fn remove_user(&self, id: &str) {
        let now_ms = self.clock.now_ms();
        let mut company = self.lock();
        let directory = company.change(now_ms);
        directory.users.remove(id);
        directory.groups.values_mut().for_each(|group| {
            group.members.remove(id);
        });
    }

    /// Adds a role; its name may be another's.
    pub fn put_role(&self, role: Role) {
        self.lock().directory.roles.push(role);
    }

    /// Ends the life of every access token given out so far. Script tokens live on.
    pub fn expire_all_tokens(&self) {
        self.lock().access.expire_all();
    }

    /// Takes a script token away.
    pub fn delete_script_token(&self, token: &str) {
        self.lock().access.script_tokens.remove(token);
    }

    /// The provider's answer of that category, to be planted as a fault.
    pub fn error(&self, category: Category) -> Reply {
        self.lock().refuse(&Refusal::new(category, "Planted."))
    }

    fn lock(&self) -> MutexGuard<'_, Company> {
        self.company.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for TeamViewer {
    fn slug(&self) -> &'static str {
        "teamviewer"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        self.lock().answer(call, now_ms)
    }

    fn memberships(&self) -> BTreeSet<String> {
        self.lock().directory.facts()
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        switch::turn(&mut self.lock().settings, switch, to)
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({"token": seed::TOKEN}),
            query: Vec::new(),
            body: json!({"id": seed::JANE, "roles": [{"id": seed::USER_MANAGER}]}),
        }
    }
}
