//! What the tenant holds: two linked collections (system users, administrators), roles, groups, organizations.
//! Only facts and how they are shown as JSON; who may see or change them is decided elsewhere.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::settings::{RoleFields, Settings};

#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    pub(super) provider: String,
    pub(super) organizations: Vec<Organization>,
    pub(super) roles: Vec<Role>,
    pub(super) users: Vec<SystemUser>,
    pub(super) administrators: Vec<Administrator>,
    pub(super) groups: Vec<Group>,
    /// Multi-tenant administrators and the organizations they reach: (administrator, organization).
    pub(super) links: BTreeSet<(String, String)>,
    /// How many objects were made after the seed; their ids are counted.
    pub(super) created: u32,
}

#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) scopes: Vec<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct SystemUser {
    pub(super) id: String,
    pub(super) organization: String,
    pub(super) email: String,
    /// Everything the API shows, but the ids and the `admin` block.
    pub(super) profile: Map<String, Value>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Administrator {
    pub(super) id: String,
    pub(super) email: String,
    pub(super) firstname: String,
    pub(super) lastname: String,
    /// None for a multi-tenant administrator.
    pub(super) organization: Option<String>,
    pub(super) provider: Option<String>,
    /// The system user it belongs to; none for a standalone administrator.
    pub(super) user: Option<String>,
    /// Role ids, in the order given.
    pub(super) roles: Vec<String>,
    pub(super) enable_multi_factor: bool,
    pub(super) totp_enrolled: bool,
    pub(super) api_key_allowed: bool,
    pub(super) api_key_set: bool,
    pub(super) suspended: bool,
    pub(super) registered: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) organization: String,
    pub(super) name: String,
    pub(super) membership_method: &'static str,
    /// Direct members.
    pub(super) members: BTreeSet<String>,
    /// Groups whose members belong here too.
    pub(super) includes: Vec<String>,
}

impl Directory {
    pub(super) fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|r| r.id == id)
    }

    /// The one role of that name: the exact spelling first, else whatever the case if only one fits.
    pub(super) fn role_by_name(&self, name: &str) -> Option<&Role> {
        if let Some(role) = self.roles.iter().find(|r| r.name == name) {
            return Some(role);
        }
        let wanted = name.to_lowercase();
        let mut fitting = self.roles.iter().filter(|r| r.name.to_lowercase() == wanted);
        fitting.next().filter(|_| fitting.next().is_none())
    }

    pub(super) fn administrator(&self, id: &str) -> Option<&Administrator> {
        self.administrators.iter().find(|a| a.id == id)
    }

    pub(super) fn administrator_mut(&mut self, id: &str) -> Option<&mut Administrator> {
        self.administrators.iter_mut().find(|a| a.id == id)
    }

    /// The administrator, if it can be seen from that organization.
    pub(super) fn administrator_in(&self, organization: &str, id: &str) -> Option<&Administrator> {
        self.administrator(id).filter(|a| self.reaches(a, organization))
    }

    pub(super) fn reaches(&self, administrator: &Administrator, organization: &str) -> bool {
        administrator.organization.as_deref() == Some(organization)
            || self.links.contains(&(administrator.id.clone(), organization.to_owned()))
    }

    /// Deletes an administrator and its links; a system user behind it stays.
    pub(super) fn delete_administrator(&mut self, id: &str) -> Option<Administrator> {
        let index = self.administrators.iter().position(|a| a.id == id)?;
        self.links.retain(|(administrator, _)| administrator != id);
        Some(self.administrators.remove(index))
    }

    /// Sets an administrator's roles by name; unknown names are left out. False if there is no such administrator.
    pub(super) fn set_roles<N: AsRef<str>>(&mut self, administrator: &str, names: &[N]) -> bool {
        let roles = names.iter().filter_map(|n| self.role_by_name(n.as_ref()));
        let roles = roles.map(|role| role.id.clone()).collect();
        let admin = self.administrator_mut(administrator);
        admin.map(|admin| admin.roles = roles).is_some()
    }

    pub(super) fn add_role(&mut self, name: &str) -> String {
        self.created += 1;
        let id = format!("5c3536e9e0a68400029{:05x}", self.created);
        self.roles.push(Role { id: id.clone(), name: name.to_owned(), scopes: Vec::new() });
        id
    }

    pub(super) fn user_in(&self, organization: &str, id: &str) -> Option<&SystemUser> {
        self.users.iter().find(|u| u.id == id && u.organization == organization)
    }

    pub(super) fn group_in(&self, organization: &str, id: &str) -> Option<&Group> {
        self.groups.iter().find(|g| g.id == id && g.organization == organization)
    }

    /// The names of an administrator's roles, as administrators show them.
    pub(super) fn role_names(&self, of: &Administrator, settings: &Settings) -> Vec<String> {
        let names = of.roles.iter().filter_map(|id| self.role(id));
        let names = names.map(|role| match settings.lower_case_with {
            true => role.name.replace(" With ", " with "),
            false => role.name.clone(),
        });
        names.collect()
    }

    pub(super) fn show_user(&self, user: &SystemUser, settings: &Settings) -> Value {
        let mut shown = Map::new();
        shown.insert("_id".to_owned(), json!(user.id));
        if settings.user_id_alias {
            shown.insert("id".to_owned(), json!(user.id));
        }
        shown.extend(user.profile.clone());
        shown.insert("organization".to_owned(), json!(user.organization));
        let admin = self.administrators.iter().find(|a| a.user.as_deref() == Some(&user.id));
        let admin = admin.map_or(Value::Null, |admin| {
            let names = self.role_names(admin, settings);
            match settings.role_fields {
                RoleFields::Several => {
                    json!({"id": admin.id, "roleName": names.first(), "roleNames": names})
                }
                RoleFields::One => json!({"id": admin.id, "roleName": names.first()}),
            }
        });
        shown.insert("admin".to_owned(), admin);
        Value::Object(shown)
    }

    /// The v1 shape of an administrator.
    pub(super) fn show_administrator(&self, admin: &Administrator, settings: &Settings) -> Value {
        let names = self.role_names(admin, settings);
        let mut shown = json!({
            "_id": admin.id, "email": admin.email, "firstname": admin.firstname, "lastname": admin.lastname,
            "organization": admin.organization, "provider": admin.provider,
            "role": admin.roles.first(), "roleName": names.first(),
        });
        if settings.role_fields == RoleFields::Several {
            shown["roles"] = json!(admin.roles);
            shown["roleNames"] = json!(names);
        }
        let rest = json!({
            "enableMultiFactor": admin.enable_multi_factor, "totpEnrolled": admin.totp_enrolled,
            "apiKeyAllowed": admin.api_key_allowed, "apiKeySet": admin.api_key_set, "suspended": admin.suspended,
            "sessionCount": 3, "created": "2024-01-02T03:04:05.000Z",
            "passwordUpdatedAt": "2024-02-02T03:04:05.000Z", "usersTimeZone": "America/Denver",
        });
        if let (Value::Object(shown), Value::Object(rest)) = (&mut shown, rest) {
            shown.extend(rest);
        }
        shown
    }

    /// Every fact a removal could touch.
    pub(super) fn facts(&self) -> BTreeSet<String> {
        let mut facts = BTreeSet::new();
        for user in &self.users {
            facts.insert(format!("system user {} exists", user.id));
        }
        for admin in &self.administrators {
            facts.insert(format!("administrator {} exists", admin.id));
            if let Some(user) = &admin.user {
                facts.insert(format!("system user {user} is administrator {}", admin.id));
            }
            for role in admin.roles.iter().filter_map(|id| self.role(id)) {
                facts.insert(format!("administrator {} holds role {} ({})", admin.id, role.id, role.name));
            }
        }
        for (administrator, organization) in &self.links {
            facts.insert(format!("administrator {administrator} reaches organization {organization}"));
        }
        for group in &self.groups {
            for user in &group.members {
                facts.insert(format!("system user {user} is in group {}", group.id));
            }
        }
        facts
    }
}

pub(super) fn show_role(role: &Role) -> Value {
    let description = format!("The role {}", role.name);
    json!({"id": role.id, "name": role.name, "description": description, "scopes": role.scopes})
}

pub(super) fn show_group(group: &Group) -> Value {
    json!({
        "id": group.id, "name": group.name, "description": "", "email": "", "type": "user_group",
        "attributes": null, "membershipMethod": group.membership_method,
        "organizationObjectId": group.organization,
    })
}
