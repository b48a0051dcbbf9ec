//! The organization's projects and users. A user holds one role in each project they are assigned to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::settings::Settings;

/// A person of the organization.
#[derive(Clone, Debug)]
pub struct User {
    /// Stands for the id in paths. Need not be the e-mail address.
    pub login: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// Whether they own the organization.
    pub is_owner: bool,
    /// Whether they have a session, which ends when a project is taken from them.
    pub is_logged_in: bool,
    /// The role held, by project id.
    pub projects: BTreeMap<String, String>,
}

impl User {
    /// A person who logs in with their e-mail address, without any project.
    #[must_use]
    pub fn new(email: &str, first_name: &str, last_name: &str) -> Self {
        Self {
            login: email.to_owned(),
            email: email.to_owned(),
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            is_owner: false,
            is_logged_in: true,
            projects: BTreeMap::new(),
        }
    }

    /// The same person, with this role in this project.
    #[must_use]
    pub fn with(mut self, project: &str, role: &str) -> Self {
        self.projects.insert(project.to_owned(), role.to_owned());
        self
    }
}

/// A change that lagging reads do not show yet.
#[derive(Debug)]
struct Unseen {
    user: String,
    project: String,
    /// The role held before.
    before: Option<String>,
    seen_from_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Organization {
    /// By id, as listed.
    pub(super) projects: BTreeMap<String, Project>,
    pub(super) users: BTreeMap<String, User>,
    /// Ids of the roles that the organization made for itself.
    pub(super) custom_roles: BTreeSet<String>,
    unseen: Vec<Unseen>,
}

#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) timezone: String,
    pub(super) currency: String,
    pub(super) is_sandbox: bool,
}

impl Organization {
    /// The id of the user whom a path names, by id or login.
    pub(super) fn find(&self, id_or_login: &str, settings: &Settings) -> Option<String> {
        if self.users.contains_key(id_or_login) {
            return Some(id_or_login.to_owned());
        }
        self.find_login(id_or_login, settings)
    }

    pub(super) fn find_login(&self, login: &str, settings: &Settings) -> Option<String> {
        let exact = self.users.iter().find(|(_, user)| user.login == login);
        let lower = login.to_lowercase();
        let alike = || self.users.iter().find(|(_, u)| settings.login_ignores_case && u.login.to_lowercase() == lower);
        exact.or_else(alike).map(|(id, _)| id.clone())
    }

    /// The role that the user holds in the project, whatever reads may show.
    pub(super) fn role(&self, user: &str, project: &str) -> Option<&str> {
        self.users.get(user)?.projects.get(project).map(String::as_str)
    }

    /// Sets the role of the user in the project, or takes it; nothing happens if there is no such user.
    pub(super) fn set_role(&mut self, user: &str, project: &str, role: Option<&str>, settings: &Settings, now_ms: u64) {
        let Some(holder) = self.users.get_mut(user) else {
            return;
        };
        let before = match role {
            Some(role) => holder.projects.insert(project.to_owned(), role.to_owned()),
            None => holder.projects.remove(project),
        };
        if role.is_none() && before.is_some() {
            holder.is_logged_in = false;
        }
        self.unseen.retain(|change| now_ms < change.seen_from_ms);
        if !settings.read_lag.is_zero() {
            self.unseen.push(Unseen {
                user: user.to_owned(),
                project: project.to_owned(),
                before,
                seen_from_ms: now_ms.saturating_add(settings.read_lag.as_millis() as u64),
            });
        }
    }

    /// The role that a read shows, which may lag behind.
    fn shown_role(&self, user: &str, project: &str, now_ms: u64) -> Option<&str> {
        let mut unseen = self.unseen.iter();
        // The oldest of several tells what was before all of them.
        let oldest = unseen.find(|u| u.user == user && u.project == project && now_ms < u.seen_from_ms);
        match oldest {
            Some(change) => change.before.as_deref(),
            None => self.role(user, project),
        }
    }

    /// The user as a read through the project writes them; none if the read does not show them there.
    pub(super) fn shown_user(&self, id: &str, project: &str, settings: &Settings, now_ms: u64) -> Option<Value> {
        let user = self.users.get(id)?;
        let role = self.shown_role(id, project, now_ms)?;
        let lagging = self.unseen.iter().filter(|u| u.user == id).map(|u| &u.project);
        let projects: BTreeSet<&String> = user.projects.keys().chain(lagging).collect();
        let held = projects.into_iter().filter_map(|project| {
            let role = self.shown_role(id, project, now_ms)?;
            Some((project.clone(), Value::from(role)))
        });
        let mut shown = json!({
            "id": id,
            "login": user.login,
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "projects": held.collect::<Map<_, _>>(),
            "is_owner": user.is_owner,
        });
        if settings.role_in_user {
            shown["role"] = role.into();
        }
        Some(shown)
    }

    /// The users that a read shows in the project.
    pub(super) fn shown_users(&self, project: &str, settings: &Settings, now_ms: u64) -> Vec<Value> {
        let ids = self.users.keys();
        ids.filter_map(|id| self.shown_user(id, project, settings, now_ms)).collect()
    }
}
