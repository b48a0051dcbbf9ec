//! DeviceHive: users and the networks they are in, through MQTT messages and through REST, on one state.
//! Written from the vendor's pages. Faults of the network are planted in front, in `SimServer::faults`.

mod actions;
mod broker;
mod directory;
mod hive;
mod listing;
mod packet;
mod refusal;
mod rest;
mod seed;
mod settings;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use self::broker::Connection;
use self::hive::Hive;
use self::tokens::{Grant, Kind, Tokens};
use super::{Call, Clock, Conversation, Demo, Messages, Reply, Simulator, switch};

pub use self::directory::{Network, User};
pub use self::settings::{AssignPermission, AtInClientId, Paths, Settings};

/// One DeviceHive installation.
pub struct DeviceHive {
    clock: Clock,
    hive: Arc<Mutex<Hive>>,
}

impl DeviceHive {
    /// A hive of thirty users and ten networks.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let settings = Settings::default();
        let mut tokens = Tokens::default();
        let expires_ms = clock.now_ms().saturating_add(settings.refresh_lifetime.as_millis() as u64);
        let grant =
            Grant { user: seed::ADMINISTRATOR, actions: vec![tokens::ANY], networks: vec!["*".to_owned()], expires_ms };
        tokens.know(Kind::Refresh, seed::REFRESH_TOKEN.to_owned(), grant);
        let hive = Hive { settings, directory: seed::directory(), tokens, sessions: BTreeMap::new(), connections: 0 };
        Self { clock, hive: Arc::new(Mutex::new(hive)) }
    }

    /// Changes the switches.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.hive().settings);
    }

    /// Whether the user is in the network, whatever reads may show.
    pub fn holds(&self, user: i64, network: i64) -> bool {
        self.hive().directory.holds(user, network)
    }

    /// Puts the user into the network.
    pub fn assign(&self, user: i64, network: i64) {
        self.hive().directory.assign(user, network);
    }

    /// Takes the user out of the network, as somebody else might meanwhile.
    pub fn unassign(&self, user: i64, network: i64) {
        let now_ms = self.clock.now_ms();
        self.hive().directory.unassign(user, network, now_ms);
    }

    /// Adds a user, or puts another in its place.
    pub fn put_user(&self, id: i64, user: User) {
        self.hive().directory.users.insert(id, user);
    }

    /// Deletes a user; their tokens die with them.
    pub fn remove_user(&self, id: i64) {
        self.hive().directory.users.remove(&id);
    }

    /// Adds a network, or puts another in its place.
    pub fn put_network(&self, id: i64, network: Network) {
        self.hive().directory.networks.insert(id, network);
    }

    /// Deletes a network, and with it everybody's membership.
    pub fn remove_network(&self, id: i64) {
        self.hive().directory.remove_network(id);
    }

    /// A fresh access token and refresh token of the user, as an operator would make them; its actions are those of
    /// the user's global role if they are left out. `None` if there is no such user.
    pub fn tokens(&self, user: i64, actions: Option<&[u8]>) -> Option<(String, String)> {
        let now_ms = self.clock.now_ms();
        let mut hive = self.hive();
        let access = hive.issue(Kind::Access, user, actions, now_ms).ok()?;
        let refresh = hive.issue(Kind::Refresh, user, actions, now_ms).ok()?;
        Some((access, refresh))
    }

    /// Ends the life of every access token given out so far, and of what clients were authenticated for.
    pub fn expire_access_tokens(&self) {
        let mut hive = self.hive();
        hive.tokens.expire(Kind::Access);
        for session in hive.sessions.values_mut() {
            if let Some(grant) = &mut session.grant {
                grant.expires_ms = 0;
            }
        }
    }

    /// Ends the life of every refresh token given out so far.
    pub fn expire_refresh_tokens(&self) {
        self.hive().tokens.expire(Kind::Refresh);
    }

    /// How many access tokens were given out so far.
    pub fn access_tokens_issued(&self) -> usize {
        self.hive().tokens.count(Kind::Access)
    }

    /// The ids of the clients that are connected to the broker.
    pub fn connected_clients(&self) -> Vec<String> {
        self.hive().sessions.keys().cloned().collect()
    }

    /// Ends every client's connection to the broker.
    pub fn disconnect_clients(&self) {
        for session in self.hive().sessions.values() {
            session.ended.notify_one();
        }
    }

    fn hive(&self) -> MutexGuard<'_, Hive> {
        self.hive.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Messages for DeviceHive {
    fn open(&self) -> Box<dyn Conversation> {
        Box::new(Connection::new(self.clock.clone(), Arc::clone(&self.hive)))
    }
}

impl Simulator for DeviceHive {
    fn slug(&self) -> &'static str {
        "devicehive"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        let mut hive = self.hive();
        match call.method.as_str() {
            "MQTT" => actions::answer(&mut hive, call, now_ms),
            _ => rest::answer(&mut hive, call, now_ms),
        }
    }

    fn memberships(&self) -> BTreeSet<String> {
        let hive = self.hive();
        let networks = hive.directory.networks.keys().map(|id| format!("network {id} exists"));
        let users = hive.directory.users.iter().flat_map(|(id, user)| {
            let (role, status) = (user.role, user.status);
            let networks = user.networks.iter().map(move |network| format!("user {id} is in network {network}"));
            let own = [format!("user {id} has global role {role}"), format!("user {id} has status {status}")];
            networks.chain(own)
        });
        networks.chain(users).collect()
    }

    fn messages(&self) -> Option<&dyn Messages> {
        Some(self)
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        switch::turn(&mut self.hive().settings, switch, to)
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({"transport": "mqtt", "login": seed::LOGIN, "password": seed::PASSWORD}),
            query: vec![("workspace_id", "7".to_owned())],
            body: json!({"id": "42", "roles": [{"id": "7", "group": "7"}]}),
        }
    }
}
