//! Organizations, their members with the roles they hold, and open invitations, as reads write them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::assignment::{self, Assignment, Scope};
use super::settings::{NoAssignments, Settings};

pub(super) const ORGANIZATION_ADMIN: &str = "organization-admin";

#[derive(Clone, Debug, Default)]
pub(super) struct Directory {
    pub(super) organizations: BTreeMap<String, Organization>,
    /// Known to Elastic, member of something or not.
    pub(super) users: BTreeMap<String, User>,
}

#[derive(Clone, Debug)]
pub(super) struct Organization {
    pub(super) name: String,
    pub(super) notifications_allowed_email_domains: Vec<String>,
    pub(super) billing_contacts: Vec<String>,
    pub(super) operational_contacts: Vec<String>,
    pub(super) invitations: Vec<Invitation>,
}

#[derive(Clone, Debug)]
pub(super) struct Invitation {
    pub(super) token: String,
    pub(super) email: String,
    pub(super) created_at: String,
    pub(super) expires_at: String,
    pub(super) expired: bool,
    pub(super) role_assignments: Vec<Assignment>,
}

/// A person, with the organizations it belongs to.
#[derive(Clone, Debug, Default)]
pub struct User {
    pub name: Option<String>,
    pub email: Option<String>,
    /// Organization id, and since when.
    pub member_since: BTreeMap<String, String>,
    pub assignments: BTreeSet<Assignment>,
}

impl User {
    /// A person without roles who has been a member of the organization since 2024.
    #[must_use]
    pub fn member(organization: &str, name: &str, email: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            email: Some(email.to_owned()),
            member_since: [(organization.to_owned(), "2024-01-01T00:00:00Z".to_owned())].into(),
            assignments: BTreeSet::new(),
        }
    }

    /// The same person, with that assignment.
    #[must_use]
    pub fn with(mut self, assignment: Assignment) -> Self {
        self.assignments.insert(assignment);
        self
    }

    pub(super) fn is_admin(&self, organization: &str) -> bool {
        let mut roles = self.assignments.iter();
        roles.any(|a| {
            (a.scope, a.role.as_str(), a.organization.as_str())
                == (Scope::Organization, ORGANIZATION_ADMIN, organization)
        })
    }

    pub(super) fn belongs_to(&self, organization: &str) -> bool {
        self.member_since.contains_key(organization)
    }
}

impl Directory {
    pub(super) fn admins<'a>(&'a self, organization: &'a str) -> impl Iterator<Item = &'a str> {
        let members = self.users.iter().filter(move |(_, user)| user.is_admin(organization));
        members.map(|(id, _)| id.as_str())
    }

    /// Ends a membership, with all roles held in the organization.
    pub(super) fn end_membership(&mut self, organization: &str, user: &str) {
        if let Some(user) = self.users.get_mut(user) {
            user.member_since.remove(organization);
            user.assignments.retain(|a| a.organization != organization);
        }
    }

    /// `OrganizationMemberships`: everyone at once.
    pub(super) fn members(&self, organization: &str, settings: &Settings) -> Value {
        let members = self.users.iter().filter_map(|(id, user)| {
            let since = user.member_since.get(organization)?;
            let mut member = Map::new();
            member.insert("organization_id".to_owned(), json!(organization));
            member.insert("user_id".to_owned(), json!(id));
            member.extend(user.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
            member.extend(user.email.as_ref().map(|email| ("email".to_owned(), json!(email))));
            member.insert("member_since".to_owned(), json!(since));
            let here = user.assignments.iter().filter(|a| a.scope == Scope::Platform || a.organization == organization);
            if here.clone().next().is_some() || settings.no_assignments == NoAssignments::EmptyObject {
                member.insert("role_assignments".to_owned(), assignment::written(here));
            }
            Some(Value::Object(member))
        });
        json!({"members": members.collect::<Vec<_>>()})
    }

    /// `Organization`
    pub(super) fn organization(&self, id: &str) -> Option<Value> {
        let organization = self.organizations.get(id)?;
        Some(json!({
            "id": id,
            "name": organization.name,
            "default_disk_usage_alerts_enabled": true,
            "notifications_allowed_email_domains": organization.notifications_allowed_email_domains,
            "billing_contacts": organization.billing_contacts,
            "operational_contacts": organization.operational_contacts,
        }))
    }

    /// `OrganizationInvitations`
    pub(super) fn invitations(&self, id: &str) -> Value {
        let organization = self.organization(id);
        let invitations = self.organizations.get(id).into_iter().flat_map(|o| &o.invitations);
        let invitations = invitations.map(|invitation| {
            json!({
                "token": invitation.token,
                "email": invitation.email,
                "created_at": invitation.created_at,
                "expires_at": invitation.expires_at,
                "expired": invitation.expired,
                "organization": organization,
                "role_assignments": assignment::written(invitation.role_assignments.iter()),
            })
        });
        json!({"invitations": invitations.collect::<Vec<_>>()})
    }

    /// What a removal could touch, and what a clumsy one could destroy.
    pub(super) fn facts(&self) -> BTreeSet<String> {
        let users = self.users.iter().flat_map(|(id, user)| {
            let member = user.member_since.keys().map(move |o| format!("user {id} is a member of org {o}"));
            let roles = user.assignments.iter().map(move |a| format!("user {id} holds {a}"));
            member.chain(roles).chain([format!("user {id} exists")])
        });
        let invitations = self.organizations.iter().flat_map(|(id, o)| {
            let invitations = o.invitations.iter();
            invitations.map(move |i| format!("{} is invited to org {id}", i.email))
        });
        users.chain(invitations).collect()
    }
}
