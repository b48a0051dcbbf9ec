//! Elastic Cloud: organizations, their members, and the role assignments that members hold, below `/api/v1`.
//! Written from the vendor's page; what that page leaves open is a switch in [`Settings`].

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::json;

use self::cloud::Cloud;
use super::{Call, Clock, Demo, Reply, Simulator, switch};

mod access;
mod answers;
mod assignment;
mod cloud;
mod directory;
mod route;
pub mod seed;
mod settings;

pub use assignment::{Assignment, Covers, Scope};
pub use directory::User;
pub use settings::{CallLimit, LastAdmin, NoAssignments, Outsider, Settings, Unmatched};

/// Elastic Cloud with three organizations, seeded with [`seed`].
#[derive(Debug)]
pub struct ElasticCloud {
    clock: Clock,
    cloud: Mutex<Cloud>,
}

impl ElasticCloud {
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let cloud = Mutex::new(Cloud::seeded(clock.now_ms()));
        Self { clock, cloud }
    }

    /// Changes the switches.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.lock().settings);
    }

    /// Whether the user holds exactly that assignment, whatever reads may show.
    pub fn holds(&self, user: &str, assignment: &Assignment) -> bool {
        let user = self.lock().directory.users.get(user).cloned();
        user.is_some_and(|user| user.assignments.contains(assignment))
    }

    /// Gives the assignment to the user, as somebody else might meanwhile.
    pub fn assign(&self, user: &str, assignment: Assignment) {
        let now_ms = self.clock.now_ms();
        if let Some(user) = self.lock().change(now_ms).users.get_mut(user) {
            user.assignments.insert(assignment);
        }
    }

    /// Takes the assignment from the user, as somebody else might meanwhile.
    pub fn unassign(&self, user: &str, assignment: &Assignment) {
        let now_ms = self.clock.now_ms();
        if let Some(user) = self.lock().change(now_ms).users.get_mut(user) {
            user.assignments.remove(assignment);
        }
    }

    /// Adds a user, or puts another in its place.
    pub fn put_user(&self, id: &str, user: User) {
        let now_ms = self.clock.now_ms();
        self.lock().change(now_ms).users.insert(id.to_owned(), user);
    }

    /// Deletes a user, with all memberships; its keys live on without rights.
    pub fn remove_user(&self, id: &str) {
        let now_ms = self.clock.now_ms();
        self.lock().change(now_ms).users.remove(id);
    }

    /// Lets a key live for so long from now; zero ends it.
    pub fn expire_key(&self, key: &str, after: Duration) {
        let at_ms = self.clock.now_ms().saturating_add(after.as_millis() as u64);
        if let Some(key) = self.lock().keys.0.get_mut(key) {
            key.expires_ms = at_ms;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for ElasticCloud {
    fn slug(&self) -> &'static str {
        "elastic-cloud"
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
            context: json!({"api_key": seed::API_KEY, "organization_id": seed::ACME}),
            query: vec![("id", seed::GRACE.to_owned())],
            body: json!({"roles": [{"id": "billing-admin"}], "organizations": [{"id": seed::ACME}]}),
        }
    }
}
