//! The organisation: its workspaces, channels and users, the roles there are, and who holds which on what.

use std::collections::{BTreeMap, BTreeSet};

/// One role held by one user on one entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    pub role_id: String,
    /// An organisation `E…`, a workspace `T…` or a channel `C…`.
    pub entity_id: String,
    pub user_id: String,
    /// Seconds since the epoch.
    pub date_create: u64,
}

impl Assignment {
    /// Whether it is about this role, entity and user, whenever it was made.
    pub fn is(&self, role_id: &str, entity_id: &str, user_id: &str) -> bool {
        self.role_id == role_id && self.entity_id == entity_id && self.user_id == user_id
    }
}

/// A role, and the kinds of entity it can be held on.
#[derive(Clone, Debug)]
pub struct Role {
    pub name: String,
    pub on_teams: bool,
    pub on_channels: bool,
}

/// A workspace.
#[derive(Clone, Debug)]
pub struct Team {
    pub name: String,
    pub domain: String,
    pub primary_owner: String,
}

/// A user. The flags are Slack's own, and no system roles.
#[derive(Clone, Debug, Default)]
pub struct User {
    pub name: String,
    pub first_name: String,
    pub last_name: String,
    pub title: String,
    pub phone: String,
    pub email: String,
    pub tz: String,
    pub tz_label: String,
    pub tz_offset: i64,
    pub locale: String,
    pub status_text: String,
    pub has_original_image: bool,
    /// Workspaces; the first one is the one the user object names.
    pub teams: Vec<String>,
    /// Deactivated, in Slack's words.
    pub deleted: bool,
    pub is_workspace_admin: bool,
    pub is_org_admin: bool,
    pub is_org_owner: bool,
    pub is_primary_owner: bool,
    /// A guest in several channels.
    pub is_restricted: bool,
    /// A guest in one channel.
    pub is_ultra_restricted: bool,
    pub is_bot: bool,
    pub is_invited_user: bool,
    pub is_email_confirmed: bool,
    pub has_2fa: bool,
    /// The token may not see this user: `user_not_visible`.
    pub hidden: bool,
    /// As the identity provider calls the user; shown by SCIM alone.
    pub external_id: Option<String>,
    pub date_created: u64,
    pub updated: u64,
    /// When last deactivated; stays after a reactivation.
    pub deactivated_ts: Option<u64>,
}

impl User {
    pub(super) fn real_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }

    pub(super) fn runs_the_org(&self) -> bool {
        self.is_org_admin || self.is_org_owner || self.is_primary_owner
    }
}

/// All that is kept. Open for tests to read and change.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    pub enterprise_id: String,
    pub enterprise_name: String,
    pub teams: BTreeMap<String, Team>,
    pub channels: BTreeSet<String>,
    pub users: BTreeMap<String, User>,
    pub roles: BTreeMap<String, Role>,
    pub assignments: Vec<Assignment>,
    /// Removed, but listed until then (milliseconds since the epoch).
    pub(super) fading: Vec<(Assignment, u64)>,
}

impl Directory {
    /// Whether this user holds this role on exactly this entity.
    pub fn holds(&self, role_id: &str, entity_id: &str, user_id: &str) -> bool {
        self.assignments.iter().any(|a| a.is(role_id, entity_id, user_id))
    }

    /// Gives a role as of that second, if it is not held already.
    pub fn assign(&mut self, role_id: &str, entity_id: &str, user_id: &str, date_create: u64) {
        self.fading.retain(|(a, _)| !a.is(role_id, entity_id, user_id));
        if !self.holds(role_id, entity_id, user_id) {
            self.assignments.push(Assignment {
                role_id: role_id.to_owned(),
                entity_id: entity_id.to_owned(),
                user_id: user_id.to_owned(),
                date_create,
            });
        }
    }

    /// Takes a role away; listings show it until `listed_until_ms`.
    pub(super) fn remove(&mut self, role_id: &str, entity_id: &str, user_id: &str, listed_until_ms: u64) {
        let held = |a: &mut Assignment| a.is(role_id, entity_id, user_id);
        let gone = self.assignments.extract_if(.., held);
        self.fading.extend(gone.map(|a| (a, listed_until_ms)));
    }

    /// What a listing shows now: what is held, and what is gone but for the read lag.
    pub(super) fn listed(&self, now_ms: u64) -> impl Iterator<Item = &Assignment> {
        let fading = self
            .fading
            .iter()
            .filter(move |(a, until_ms)| *until_ms > now_ms && !self.holds(&a.role_id, &a.entity_id, &a.user_id));
        self.assignments.iter().chain(fading.map(|(a, _)| a))
    }

    pub(super) fn memberships(&self) -> BTreeSet<String> {
        let mut facts = BTreeSet::new();
        for a in &self.assignments {
            facts.insert(format!("user {} holds role {} on {}", a.user_id, a.role_id, a.entity_id));
        }
        for (id, user) in &self.users {
            for team in &user.teams {
                facts.insert(format!("user {id} is a member of workspace {team}"));
            }
            let flags = [
                (!user.deleted, "active"),
                (user.is_workspace_admin, "a workspace admin"),
                (user.is_org_admin, "an org admin"),
                (user.is_org_owner, "an org owner"),
                (user.is_primary_owner, "the primary owner"),
                (user.is_restricted, "a multi-channel guest"),
                (user.is_ultra_restricted, "a single-channel guest"),
            ];
            for (_, what) in flags.iter().filter(|(is, _)| *is) {
                facts.insert(format!("user {id} is {what}"));
            }
        }
        facts
    }
}
