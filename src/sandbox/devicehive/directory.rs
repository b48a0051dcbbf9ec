//! The hive's users and networks, who is in which, and how reads write them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

/// A person, or a machine with a login.
#[derive(Clone, Debug)]
pub struct User {
    pub login: String,
    pub password: String,
    /// 0 administrator, 1 client: the global role, which no membership touches.
    pub role: u8,
    /// 0 active, 1 locked out, 2 disabled.
    pub status: u8,
    /// UTC without a zone.
    pub last_login: Option<String>,
    /// Whatever the owner keeps here.
    pub data: Value,
    pub intro_reviewed: bool,
    /// About device types; says nothing of networks.
    pub all_device_types_available: bool,
    /// Ids of the networks the user is in.
    pub networks: BTreeSet<i64>,
}

impl User {
    /// An active client in no network.
    #[must_use]
    pub fn client(login: &str) -> Self {
        Self {
            login: login.to_owned(),
            password: format!("{login}-sandbox-password"),
            role: 1,
            status: 0,
            last_login: Some("2018-02-08T15:31:42.000".to_owned()),
            data: json!({}),
            intro_reviewed: false,
            all_device_types_available: true,
            networks: BTreeSet::new(),
        }
    }
}

/// What users are members of.
#[derive(Clone, Debug)]
pub struct Network {
    pub name: String,
    pub description: Option<String>,
}

/// A removal that lagging reads do not show yet.
struct Removal {
    user: i64,
    network: i64,
    at_ms: u64,
}

/// Until when a removal is not shown.
#[derive(Clone, Copy)]
pub(super) struct View {
    pub(super) now_ms: u64,
    pub(super) lag: Duration,
    pub(super) nested: bool,
}

#[derive(Default)]
pub(super) struct Directory {
    pub(super) users: BTreeMap<i64, User>,
    pub(super) networks: BTreeMap<i64, Network>,
    removals: Vec<Removal>,
}

impl Directory {
    pub(super) fn by_login(&self, login: &str) -> Option<(i64, &User)> {
        let mut users = self.users.iter();
        users.find(|(_, user)| user.login == login).map(|(id, user)| (*id, user))
    }

    pub(super) fn holds(&self, user: i64, network: i64) -> bool {
        self.users.get(&user).is_some_and(|u| u.networks.contains(&network))
    }

    /// Puts the user into the network; nothing happens if there is no such user.
    pub(super) fn assign(&mut self, user: i64, network: i64) {
        if let Some(member) = self.users.get_mut(&user) {
            member.networks.insert(network);
        }
    }

    /// Takes the user out of the network; nothing happens if they are not in it.
    pub(super) fn unassign(&mut self, user: i64, network: i64, at_ms: u64) {
        let member = self.users.get_mut(&user);
        if member.is_some_and(|m| m.networks.remove(&network)) {
            self.removals.push(Removal { user, network, at_ms });
        }
    }

    /// Deletes the network, and with it everybody's membership.
    pub(super) fn remove_network(&mut self, network: i64) {
        self.networks.remove(&network);
        for user in self.users.values_mut() {
            user.networks.remove(&network);
        }
    }

    /// One user with their networks.
    pub(super) fn single(&self, id: i64, view: View) -> Option<Value> {
        let mut single = item(id, self.users.get(&id)?);
        let networks = self.networks.keys().filter(|network| self.shows(id, **network, view));
        let networks = networks.filter_map(|network| {
            let network = self.network(*network)?;
            Some(if view.nested { json!({"network": network}) } else { network })
        });
        single["networks"] = networks.collect();
        Some(single)
    }

    pub(super) fn network(&self, id: i64) -> Option<Value> {
        let network = self.networks.get(&id)?;
        Some(json!({"id": id, "name": network.name, "description": network.description}))
    }

    /// Whether a read shows the user in the network.
    pub(super) fn shows(&self, user: i64, network: i64, view: View) -> bool {
        let lagging = |removal: &Removal| {
            let over_ms = removal.at_ms.saturating_add(view.lag.as_millis() as u64);
            (removal.user, removal.network) == (user, network) && view.now_ms < over_ms
        };
        self.holds(user, network) || self.removals.iter().any(lagging)
    }
}

/// One user as a list writes it: without networks.
pub(super) fn item(id: i64, user: &User) -> Value {
    json!({
        "id": id,
        "login": user.login,
        "role": user.role,
        "status": user.status,
        "lastLogin": user.last_login,
        "data": user.data,
        "introReviewed": user.intro_reviewed,
        "allDeviceTypesAvailable": user.all_device_types_available,
    })
}
