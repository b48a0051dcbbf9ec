//! The tenant's users and roles, and how reads write them. Roles are held tenant-wide, without scope.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::settings::{Settings, StatusNotation};

/// A named set of permissions.
#[derive(Clone, Debug)]
pub struct Role {
    pub key: String,
    pub name: String,
    pub description: String,
    pub permissions: Vec<Permission>,
}

/// What a role permits.
#[derive(Clone, Debug)]
pub struct Permission {
    pub id: i32,
    pub name: String,
    pub is_active: bool,
}

/// A person of the tenant.
#[derive(Clone, Debug)]
pub struct User {
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub status: Status,
    pub is_suspended: bool,
    pub is_locked: bool,
    pub has_avatar: bool,
    pub last_login: Option<String>,
    /// Ids of the roles held.
    pub roles: BTreeSet<i32>,
    /// Separate from roles; no removal touches them.
    pub system_permissions: BTreeMap<i32, String>,
}

impl User {
    /// An active person without roles.
    #[must_use]
    pub fn active(email: &str, first_name: &str, last_name: &str) -> Self {
        Self {
            email: email.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            status: Status::Active,
            is_suspended: false,
            is_locked: false,
            has_avatar: true,
            last_login: Some("2026-04-22T10:15:30Z".to_owned()),
            roles: BTreeSet::new(),
            system_permissions: BTreeMap::new(),
        }
    }
}

/// A user's place in life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Staged,
    Invited,
    Active,
    Archived,
}

/// A removal that lagging reads do not show yet.
struct Removal {
    user: i32,
    role: i32,
    at_ms: u64,
}

#[derive(Default)]
pub(super) struct Directory {
    pub(super) users: BTreeMap<i32, User>,
    pub(super) roles: BTreeMap<i32, Role>,
    removals: Vec<Removal>,
}

impl Directory {
    pub(super) fn holds(&self, user: i32, role: i32) -> bool {
        let user = self.users.get(&user);
        user.is_some_and(|u| u.roles.contains(&role))
    }

    /// Gives the role; nothing happens if there is no such user.
    pub(super) fn assign(&mut self, user: i32, role: i32) {
        if let Some(holder) = self.users.get_mut(&user) {
            holder.roles.insert(role);
        }
    }

    /// Takes the role; nothing happens if it is not held.
    pub(super) fn unassign(&mut self, user: i32, role: i32, at_ms: u64) {
        let holder = self.users.get_mut(&user);
        if holder.is_some_and(|h| h.roles.remove(&role)) {
            self.removals.push(Removal { user, role, at_ms });
        }
    }

    /// Deletes the role, also from those who hold it.
    pub(super) fn remove_role(&mut self, role: i32) {
        self.roles.remove(&role);
        for user in self.users.values_mut() {
            user.roles.remove(&role);
        }
    }

    /// One user, as `GET /api/v1/users/{id}` writes it.
    pub(super) fn single(&self, id: i32, settings: &Settings, now_ms: u64) -> Option<Value> {
        let user = self.users.get(&id)?;
        let roles = self.shown_roles(id, user, settings, now_ms);
        let system_permissions = user.system_permissions.iter();
        let mut single = json!({
            "id": id,
            "email": user.email,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "status": status(user, settings.status_notation),
            "avatarUrl": avatar_url(id, user, settings, now_ms),
            "roles": roles.map(|(id, role)| json!({"id": id, "name": role.name})).collect::<Vec<_>>(),
            "systemPermissions": system_permissions
                .map(|(id, name)| json!({"id": id, "name": name}))
                .collect::<Vec<_>>(),
        });
        if settings.last_login_in_single_read {
            single["lastLogin"] = json!(user.last_login);
        }
        Some(single)
    }

    /// One user as an item of `GET /api/v1/users`.
    pub(super) fn list_item(&self, id: i32, user: &User, settings: &Settings, now_ms: u64) -> Value {
        let roles = self.shown_roles(id, user, settings, now_ms);
        let permissions = user.system_permissions.iter();
        json!({
            "id": id,
            "firstName": user.first_name,
            "lastName": user.last_name,
            "email": user.email,
            "roles": roles
                .map(|(id, r)| json!({"id": id, "key": r.key, "name": r.name, "description": r.description}))
                .collect::<Vec<_>>(),
            "permissions": permissions
                .map(|(id, name)| json!({"id": id, "key": name, "name": name, "description": ""}))
                .collect::<Vec<_>>(),
            "lastLogin": user.last_login,
            "status": status(user, settings.status_notation),
            "isSuspended": user.is_suspended,
            "isLocked": user.is_locked,
            "avatarUrl": avatar_url(id, user, settings, now_ms),
        })
    }

    /// The roles that a read shows: those held, and those whose removal lags behind.
    fn shown_roles<'a>(
        &'a self,
        id: i32,
        user: &'a User,
        settings: &'a Settings,
        now_ms: u64,
    ) -> impl Iterator<Item = (i32, &'a Role)> {
        let lagging = move |role: i32| {
            self.removals
                .iter()
                .any(|r| (r.user, r.role) == (id, role) && now_ms < r.at_ms.saturating_add(settings.read_lag_ms))
        };
        let roles = self.roles.iter().map(|(role, r)| (*role, r));
        roles.filter(move |(role, _)| user.roles.contains(role) || lagging(*role))
    }
}

/// One role, as both reads of roles write it.
pub(super) fn role(id: i32, role: &Role) -> Value {
    let permissions = role.permissions.iter();
    json!({
        "id": id,
        "key": role.key,
        "name": role.name,
        "description": role.description,
        "permissions": permissions
            .map(|p| json!({"id": p.id, "name": p.name, "isActive": p.is_active}))
            .collect::<Vec<_>>(),
    })
}

fn status(user: &User, notation: StatusNotation) -> Value {
    let (documented, word) = match user.status {
        Status::Staged => (1, "Staged"),
        Status::Invited => (2, "Invited"),
        Status::Active => (3, "Active"),
        Status::Archived => (4, "Archived"),
    };
    match notation {
        StatusNotation::Documented => json!(documented),
        StatusNotation::SdkHistory => json!(match user.status {
            _ if user.is_locked => 3,
            _ if user.is_suspended => 5,
            Status::Staged => 0,
            Status::Active => 1,
            Status::Invited => 4,
            Status::Archived => 6,
        }),
        StatusNotation::Words => json!(word),
        StatusNotation::LowercaseWords => json!(word.to_ascii_lowercase()),
    }
}

/// A signed address that is another one as soon as its time is over.
fn avatar_url(id: i32, user: &User, settings: &Settings, now_ms: u64) -> Option<String> {
    let lifetime = settings.avatar_lifetime_s.max(1);
    let expires = (now_ms / 1000 / lifetime + 1) * lifetime;
    let signature = u64::from(id.unsigned_abs()).wrapping_add(expires).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    user.has_avatar
        .then(|| format!("https://files.example/avatars/{id}.png?expires={expires}&signature={signature:016x}"))
}
