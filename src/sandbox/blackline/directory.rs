//! The tenant's users, roles and products, and who holds which role on which product.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

/// A role on a product; a role is never held without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pair {
    pub(super) role: i64,
    pub(super) product: String,
}

impl Pair {
    pub(super) fn of(role: i64, product: &str) -> Self {
        Self { role, product: product.to_owned() }
    }
}

/// A person of the tenant.
#[derive(Clone, Debug)]
pub struct User {
    pub login_id: String,
    pub first_name: String,
    pub last_name: String,
    pub email: String,
    pub is_active: bool,
    pub job_title: Option<String>,
    pub phone_number: Option<String>,
    pub last_updated: String,
}

/// A change that lagging reads do not show yet.
#[derive(Debug)]
struct Change {
    at_ms: u64,
    user: i64,
    pair: Pair,
    was_held: bool,
}

#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) users: BTreeMap<i64, User>,
    /// Names by id.
    pub(super) roles: BTreeMap<i64, String>,
    pub(super) products: BTreeMap<String, String>,
    pub(super) held: BTreeSet<(i64, Pair)>,
    /// User, team, and what the team would give.
    pub(super) by_team: BTreeSet<(i64, i64, Pair)>,
    changes: Vec<Change>,
}

impl Directory {
    pub(super) fn holds(&self, user: i64, pair: &Pair) -> bool {
        self.held.contains(&(user, pair.clone()))
    }

    /// Tells whether the pair was not held before.
    pub(super) fn assign(&mut self, user: i64, pair: Pair, at_ms: u64) -> bool {
        let new = self.held.insert((user, pair.clone()));
        if new {
            self.changes.push(Change { at_ms, user, pair, was_held: false });
        }
        new
    }

    /// Tells whether the pair was held before.
    pub(super) fn unassign(&mut self, user: i64, pair: &Pair, at_ms: u64) -> bool {
        let was_held = self.held.remove(&(user, pair.clone()));
        if was_held {
            self.changes.push(Change { at_ms, user, pair: pair.clone(), was_held });
        }
        was_held
    }

    /// The user's own pairs as reads show them.
    pub(super) fn shown(&self, user: i64, read_lag: Duration, now_ms: u64) -> BTreeSet<Pair> {
        let held = self.held.iter().filter(|(holder, _)| *holder == user);
        let mut shown: BTreeSet<Pair> = held.map(|(_, pair)| pair.clone()).collect();
        let lag_ms = read_lag.as_millis() as u64;
        let young = self.changes.iter().rev().take_while(|c| now_ms < c.at_ms.saturating_add(lag_ms));
        for change in young.filter(|c| c.user == user) {
            if change.was_held {
                shown.insert(change.pair.clone());
            } else {
                shown.remove(&change.pair);
            }
        }
        shown
    }

    /// One item of a user's role-products.
    pub(super) fn item(&self, pair: &Pair) -> Value {
        let role = self.roles.get(&pair.role);
        let product = self.products.get(&pair.product);
        json!({"role": {"id": pair.role, "name": role}, "product": {"id": pair.product, "name": product}})
    }

    pub(super) fn memberships(&self) -> BTreeSet<String> {
        let users = self.users.iter().map(|(id, user)| {
            let state = if user.is_active { "active" } else { "inactive" };
            format!("user {id} is there and {state}")
        });
        let held = self.held.iter().filter(|(user, _)| self.users.contains_key(user));
        let held =
            held.map(|(user, Pair { role, product })| format!("user {user} holds role {role} on product {product}"));
        let teams = self.by_team.iter().map(|(user, team, _)| format!("user {user} is in team {team}"));
        users.chain(held).chain(teams).collect()
    }
}

/// One user, with every documented field.
pub(super) fn user(id: i64, user: &User) -> Value {
    json!({
        "id": id,
        "loginId": user.login_id,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "fullName": format!("{} {}", user.first_name, user.last_name),
        "email": user.email,
        "isActive": user.is_active,
        "jobTitle": user.job_title,
        "supervisor": null,
        "timeZoneId": 10,
        "phoneNumber": user.phone_number,
        "annualHours": 2080,
        "referenceField1": null,
        "referenceField2": null,
        "referenceField3": null,
        "lastUpdated": user.last_updated,
        "allowUserMentions": true,
        "allowUserToEditJournalConfig": false,
        "allowUserToEditIntercompanyConfig": false,
        "allowAdhocMatching": false,
        "allowIntercompanySettlement": false,
        "requiresJournalReviewer": false,
        "allowUserToAccessJournalAnalyser": false,
    })
}
