//! The customers' users, roles and grants. What groups give is inherited and no role action touches it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

/// A person with a Falcon login.
#[derive(Clone, Debug)]
pub struct User {
    /// The e-mail address, which is the login.
    pub uid: String,
    /// The customer the user is homed in.
    pub cid: String,
    pub first_name: String,
    pub last_name: String,
    pub status: String,
    pub user_type: String,
    pub factors: Vec<String>,
    pub created_at: String,
    pub updated_at: String,
    pub access_granted_at: Option<String>,
    /// None: never.
    pub last_login_at: Option<String>,
}

/// A role, built in or of one customer's own making.
#[derive(Clone, Debug)]
pub struct Role {
    pub display_name: String,
    pub description: String,
    /// The customer that made it; none if it is built in.
    pub cid: Option<String>,
}

/// A role that came with a group.
#[derive(Clone, Debug)]
pub(super) struct Inherited {
    pub(super) user: String,
    pub(super) role: String,
    pub(super) cid: String,
    pub(super) through: Through,
}

#[derive(Clone, Debug)]
pub(super) enum Through {
    UserGroup {
        id: String,
        name: String,
    },
    /// Flight Control.
    CidGroup {
        id: String,
        name: String,
        parent_cid: String,
    },
}

/// User, CID, role.
pub(super) type Key = (String, String, String);
/// Direct grants, with the time they end at.
pub(super) type Grants = BTreeMap<Key, Option<Timestamp>>;

/// A change that lagging reads do not show yet.
#[derive(Debug)]
struct Change {
    at_ms: u64,
    key: Key,
    before: Option<Option<Timestamp>>,
}

#[derive(Debug, Default)]
pub(super) struct Directory {
    /// Each customer's parent, if it has one.
    pub(super) cids: BTreeMap<String, Option<String>>,
    pub(super) users: BTreeMap<String, User>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) inherited: Vec<Inherited>,
    pub(super) direct: Grants,
    changes: Vec<Change>,
}

impl Directory {
    pub(super) fn children<'a>(&'a self, cid: &'a str) -> impl Iterator<Item = &'a String> {
        self.cids.iter().filter(move |(_, parent)| parent.as_deref() == Some(cid)).map(|(child, _)| child)
    }

    /// Whether a caller of that CID may speak of the other one: its own, or a child's.
    pub(super) fn reaches(&self, view: &str, cid: &str) -> bool {
        view == cid || self.children(view).any(|child| child == cid)
    }

    /// Whether a caller of that CID sees the user: homed within reach, or granted something there.
    pub(super) fn sees(&self, view: &str, uuid: &str) -> bool {
        let Some(user) = self.users.get(uuid) else { return false };
        let granted = self.direct.keys().filter(|(u, ..)| u == uuid).map(|(_, cid, _)| cid);
        let inherited = self.inherited.iter().filter(|i| i.user == uuid).map(|i| &i.cid);
        granted.chain(inherited).chain([&user.cid]).any(|cid| self.reaches(view, cid))
    }

    /// The role, if it is built in or of that customer's own making.
    pub(super) fn role_of(&self, cid: &str, id: &str) -> Option<&Role> {
        self.roles.get(id).filter(|role| role.cid.as_deref().is_none_or(|owner| owner == cid))
    }

    pub(super) fn holds(&self, user: &str, role: &str, cid: &str, now_ms: u64) -> bool {
        let ends = self.direct.get(&key(user, role, cid));
        ends.is_some_and(|ends| lives(*ends, now_ms))
    }

    pub(super) fn inherits(&self, user: &str, role: &str, cid: &str) -> bool {
        self.inherited.iter().any(|i| i.user == user && i.role == role && i.cid == cid)
    }

    /// Grants the role; tells whether that changed anything.
    pub(super) fn grant(&mut self, user: &str, role: &str, cid: &str, ends: Option<Timestamp>, now_ms: u64) -> bool {
        let key = key(user, role, cid);
        let before = self.direct.insert(key.clone(), ends);
        let changed = before != Some(ends);
        if changed {
            self.changes.push(Change { at_ms: now_ms, key, before });
        }
        changed
    }

    /// Revokes the role; tells whether it was granted.
    pub(super) fn revoke(&mut self, user: &str, role: &str, cid: &str, now_ms: u64) -> bool {
        let key = key(user, role, cid);
        let before = self.direct.remove(&key);
        if before.is_some() {
            self.changes.push(Change { at_ms: now_ms, key, before });
        }
        before.is_some_and(|ends| lives(ends, now_ms))
    }

    /// Deletes the user with all that it holds.
    pub(super) fn remove_user(&mut self, uuid: &str) {
        self.users.remove(uuid);
        self.direct.retain(|(user, ..), _| user != uuid);
        self.inherited.retain(|i| i.user != uuid);
        self.changes.retain(|change| change.key.0 != uuid);
    }

    /// The direct grants as reads show them.
    pub(super) fn shown(&self, read_lag: Duration, now_ms: u64) -> Grants {
        let mut shown = self.direct.clone();
        let lag_ms = read_lag.as_millis() as u64;
        for change in self.changes.iter().rev().take_while(|c| now_ms < c.at_ms.saturating_add(lag_ms)) {
            match change.before {
                Some(ends) => shown.insert(change.key.clone(), ends),
                None => shown.remove(&change.key),
            };
        }
        shown.retain(|_, ends| lives(*ends, now_ms));
        shown
    }

    pub(super) fn memberships(&self, now_ms: u64) -> BTreeSet<String> {
        let users = self.users.iter().map(|(uuid, user)| format!("user {uuid} is homed in cid {}", user.cid));
        let living = self.direct.iter().filter(|(_, ends)| lives(**ends, now_ms));
        let direct = living.map(|((user, cid, role), ends)| {
            let until = ends.map(|e| format!(" until {e}")).unwrap_or_default();
            format!("user {user} holds role {role} in cid {cid}{until}")
        });
        let inherited = self.inherited.iter().map(|Inherited { user, role, cid, through }| match through {
            Through::UserGroup { id, .. } => format!("user {user} has role {role} in cid {cid} by user group {id}"),
            Through::CidGroup { id, .. } => format!("user {user} has role {role} in cid {cid} by cid group {id}"),
        });
        users.chain(direct).chain(inherited).collect()
    }
}

fn key(user: &str, role: &str, cid: &str) -> Key {
    (user.to_owned(), cid.to_owned(), role.to_owned())
}

fn lives(ends: Option<Timestamp>, now_ms: u64) -> bool {
    ends.is_none_or(|ends| i128::from(ends.as_millisecond()) > i128::from(now_ms))
}
