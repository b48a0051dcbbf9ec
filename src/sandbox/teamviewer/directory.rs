//! The company's users, roles and user groups. A role is held directly, through a group, or both.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    /// By id, `u` and digits.
    pub(super) users: BTreeMap<String, User>,
    pub(super) roles: Vec<Role>,
    pub(super) groups: BTreeMap<u64, Group>,
}

/// A person of the company.
#[derive(Clone, Debug)]
pub struct User {
    /// As reads write it, without the id.
    pub fields: Map<String, Value>,
    /// Ids of the roles held directly.
    pub roles: BTreeSet<String>,
}

impl User {
    /// An active person without roles, with every documented field.
    #[must_use]
    pub fn active(name: &str, email: &str) -> Self {
        let fields = json!({
            "name": name,
            "email": email,
            "active": true,
            "last_access_date": "2025-11-20T08:15:30Z",
            "online_state": "Offline",
            "userRoleId": "9b465ea2-2f75-4101-a057-58a81ed0e57b",
            "activated_license_id": "5f0c7a52-6a4e-4a3c-9a51-0d6b1c1b2f10",
            "activated_license_name": "Tensor",
            "activated_subLicense_name": "Tensor Seat",
            "activated_meeting_license_key": "e7f1c3aa-9d0b-4c56-8a53-6f2f60c9d001",
            "custom_quicksupport_id": "",
            "custom_quickjoin_id": "",
            "tfa_enforcement": false,
            "tfa_enabled": true,
            "log_sessions": true,
            "show_comment_window": false,
            "sso_status": 1,
            "permissions": "ShareOwnGroups,EditConnections",
        });
        let fields = fields.as_object().cloned().unwrap_or_default();
        Self { fields, roles: BTreeSet::new() }
    }

    /// The same person, with another value in that field.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(field.to_owned(), value.into());
        self
    }

    /// The same person, holding those roles directly.
    #[must_use]
    pub fn holding(mut self, roles: &[&str]) -> Self {
        self.roles.extend(roles.iter().map(|role| (*role).to_owned()));
        self
    }

    pub(super) fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Value::as_str).unwrap_or_default()
    }

    /// As read alone, and in a full list.
    pub(super) fn whole(&self, id: &str) -> Value {
        let mut whole = Map::new();
        whole.insert("id".to_owned(), json!(id));
        whole.extend(self.fields.clone());
        Value::Object(whole)
    }

    /// As in a list that is not full.
    pub(super) fn short(&self, id: &str) -> Value {
        json!({"id": id, "name": self.text("name"), "email": self.text("email")})
    }
}

/// A named set of permissions.
#[derive(Clone, Debug)]
pub struct Role {
    /// A uuid in lower case.
    pub id: String,
    pub name: String,
    pub permissions: BTreeMap<String, bool>,
}

impl Role {
    pub(super) fn written(&self) -> Value {
        json!({"Id": self.id, "Name": self.name, "Permissions": self.permissions})
    }
}

/// Users who hold a role together.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    pub(super) members: BTreeSet<String>,
    pub(super) role: Option<String>,
}

impl Directory {
    pub(super) fn knows_role(&self, id: &str) -> bool {
        self.roles.iter().any(|role| role.id == id)
    }

    fn inherits(&self, user: &str, role: &str) -> bool {
        let mut groups = self.groups.values();
        groups.any(|group| group.role.as_deref() == Some(role) && group.members.contains(user))
    }

    /// Who holds the role directly, or also through a group; in order.
    pub(super) fn holders(&self, role: &str, inherited_too: bool) -> Vec<String> {
        let users = self.users.iter();
        let holders =
            users.filter(|(id, user)| user.roles.contains(role) || (inherited_too && self.inherits(id, role)));
        holders.map(|(id, _)| id.clone()).collect()
    }

    /// The roles that a user holds, directly or through groups; in order, each once.
    pub(super) fn roles_of(&self, id: &str, user: &User) -> Vec<String> {
        let inherited = self.groups.values().filter(|group| group.members.contains(id));
        let all: BTreeSet<&String> = user.roles.iter().chain(inherited.filter_map(|g| g.role.as_ref())).collect();
        all.into_iter().cloned().collect()
    }

    /// What a removal could touch, and what a clumsy one could destroy.
    pub(super) fn facts(&self) -> BTreeSet<String> {
        let users = self.users.iter().flat_map(|(id, user)| {
            let roles = user.roles.iter().map(move |role| format!("user {id} holds role {role}"));
            let active = user.fields.get("active") == Some(&Value::Bool(true));
            roles.chain([format!("user {id} exists")]).chain(active.then(|| format!("user {id} is active")))
        });
        let groups = self.groups.iter().flat_map(|(id, group)| {
            let members = group.members.iter().map(move |user| format!("user {user} is in group {id}"));
            members.chain(group.role.iter().map(move |role| format!("group {id} holds role {role}")))
        });
        let roles = self.roles.iter().map(|role| format!("role {} exists", role.id));
        users.chain(groups).chain(roles).collect()
    }
}
