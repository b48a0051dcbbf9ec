//! Role assignments: the sets that requests carry, checked member by member, and how reads write them.
//! A removal matches a whole assignment or nothing; `all` and ids say what it covers.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::{Map, Value, json};

use super::answers::{Refusal, invalid_body};

/// Where a role is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Of Elastic's own staff.
    Platform,
    Organization,
    Deployment,
    Elasticsearch,
    Observability,
    Security,
}

impl Scope {
    /// Whether a role of that id can be held in this scope.
    pub(super) fn knows(self, role: &str) -> bool {
        match self {
            Self::Platform => role.starts_with("platform-"),
            Self::Organization => matches!(role, "organization-admin" | "billing-admin"),
            Self::Deployment => matches!(role, "deployment-admin" | "deployment-editor" | "deployment-viewer"),
            Self::Elasticsearch => {
                matches!(role, "elasticsearch-admin" | "elasticsearch-developer" | "elasticsearch-viewer")
            }
            Self::Observability => {
                matches!(role, "observability-admin" | "observability-editor" | "observability-viewer")
            }
            // The full list is not documented.
            Self::Security => role.starts_with("security-"),
        }
    }

    fn ids_member(self) -> Option<&'static str> {
        match self {
            Self::Platform | Self::Organization => None,
            Self::Deployment => Some("deployment_ids"),
            Self::Elasticsearch | Self::Observability | Self::Security => Some("project_ids"),
        }
    }
}

const PROJECTS: [(&str, Scope); 3] =
    [("elasticsearch", Scope::Elasticsearch), ("observability", Scope::Observability), ("security", Scope::Security)];

/// One role in one scope of one organization.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignment {
    pub scope: Scope,
    pub role: String,
    /// Empty in the platform's scope.
    pub organization: String,
    pub covers: Covers,
    pub application_roles: BTreeSet<String>,
}

/// What of the scope an assignment covers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Covers {
    /// There is nothing to choose from.
    Scope,
    /// `all: true`
    All,
    /// `all: false`, and the ids of deployments or projects.
    Ids(BTreeSet<String>),
}

impl Assignment {
    /// A role in the organization's own scope.
    #[must_use]
    pub fn of_organization(organization: &str, role: &str) -> Self {
        Self::new(Scope::Organization, organization, role, Covers::Scope)
    }

    /// A role on all deployments or projects.
    #[must_use]
    pub fn on_all(scope: Scope, organization: &str, role: &str) -> Self {
        Self::new(scope, organization, role, Covers::All)
    }

    /// A role on those deployments or projects.
    #[must_use]
    pub fn on(scope: Scope, organization: &str, role: &str, ids: &[&str]) -> Self {
        let ids = ids.iter().map(|id| (*id).to_owned());
        Self::new(scope, organization, role, Covers::Ids(ids.collect()))
    }

    fn new(scope: Scope, organization: &str, role: &str, covers: Covers) -> Self {
        let (role, organization) = (role.to_owned(), organization.to_owned());
        Self { scope, role, organization, covers, application_roles: BTreeSet::new() }
    }

    /// The same assignment, with the application roles that it brings along.
    #[must_use]
    pub fn with_application_roles(mut self, roles: &[&str]) -> Self {
        self.application_roles = roles.iter().map(|role| (*role).to_owned()).collect();
        self
    }

    /// Whether a removal that names `wanted` takes this one.
    pub(super) fn matches(&self, wanted: &Self, application_roles_too: bool) -> bool {
        (self.scope, &self.role, &self.organization, &self.covers)
            == (wanted.scope, &wanted.role, &wanted.organization, &wanted.covers)
            && (!application_roles_too || self.application_roles == wanted.application_roles)
    }

    fn written(&self) -> Value {
        let mut item = Map::new();
        if self.scope != Scope::Platform {
            item.insert("organization_id".to_owned(), json!(self.organization));
        }
        item.insert("role_id".to_owned(), json!(self.role));
        match (&self.covers, self.scope.ids_member()) {
            (Covers::All, _) => {
                item.insert("all".to_owned(), json!(true));
            }
            (Covers::Ids(ids), Some(member)) => {
                item.insert("all".to_owned(), json!(false));
                item.insert(member.to_owned(), json!(ids));
            }
            _ => {}
        }
        if !self.application_roles.is_empty() {
            item.insert("application_roles".to_owned(), json!(self.application_roles));
        }
        Value::Object(item)
    }
}

impl fmt::Display for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let things = match self.scope {
            Scope::Platform => return write!(f, "role {} on the platform", self.role),
            Scope::Organization => return write!(f, "role {} in org {}", self.role, self.organization),
            Scope::Deployment => "deployments",
            Scope::Elasticsearch => "elasticsearch projects",
            Scope::Observability => "observability projects",
            Scope::Security => "security projects",
        };
        write!(f, "role {} on ", self.role)?;
        match &self.covers {
            Covers::Ids(ids) => write!(f, "{things} {}", joined(ids))?,
            Covers::All | Covers::Scope => write!(f, "all {things}")?,
        }
        write!(f, " of org {}", self.organization)?;
        if !self.application_roles.is_empty() {
            write!(f, " with application roles {}", joined(&self.application_roles))?;
        }
        Ok(())
    }
}

fn joined(names: &BTreeSet<String>) -> String {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.join(", ")
}

/// The set as `RoleAssignments`, scopes without one left out.
pub(super) fn written<'a>(assignments: impl Iterator<Item = &'a Assignment> + Clone) -> Value {
    let of = |scope: Scope| -> Option<Value> {
        let items: Vec<Value> = assignments.clone().filter(|a| a.scope == scope).map(Assignment::written).collect();
        (!items.is_empty()).then_some(Value::Array(items))
    };
    let mut set = Map::new();
    let mut project = Map::new();
    for (name, scope) in
        [("platform", Scope::Platform), ("organization", Scope::Organization), ("deployment", Scope::Deployment)]
    {
        set.extend(of(scope).map(|items| (name.to_owned(), items)));
    }
    for (name, scope) in PROJECTS {
        project.extend(of(scope).map(|items| (name.to_owned(), items)));
    }
    if !project.is_empty() {
        set.insert("project".to_owned(), Value::Object(project));
    }
    Value::Object(set)
}

/// Reads a request's `RoleAssignments`.
pub(super) fn read(body: &[u8], unknown_fields_refused: bool) -> Result<Vec<Assignment>, Refusal> {
    if body.is_empty() {
        return Err(invalid_body("The request requires a JSON body.", ""));
    }
    let body: Value =
        serde_json::from_slice(body).map_err(|_| invalid_body("The request body is not valid JSON.", ""))?;
    let reader = Reader { unknown_fields_refused };
    let set = reader.object(&body, "role_assignments", &["platform", "organization", "deployment", "project"])?;
    let mut found = Vec::new();
    for (name, scope) in
        [("platform", Scope::Platform), ("organization", Scope::Organization), ("deployment", Scope::Deployment)]
    {
        reader.items(set.get(name), name, scope, &mut found)?;
    }
    if let Some(project) = set.get("project") {
        let kinds = reader.object(project, "project", &PROJECTS.map(|(name, _)| name))?;
        for (name, scope) in PROJECTS {
            reader.items(kinds.get(name), &format!("project.{name}"), scope, &mut found)?;
        }
    }
    Ok(found)
}

struct Reader {
    unknown_fields_refused: bool,
}

impl Reader {
    fn object<'a>(&self, value: &'a Value, place: &str, known: &[&str]) -> Result<&'a Map<String, Value>, Refusal> {
        let object = value.as_object().ok_or_else(|| invalid_body("An object was expected.", place))?;
        let unknown = object.keys().find(|name| !known.contains(&name.as_str()));
        match unknown {
            Some(name) if self.unknown_fields_refused => Err(invalid_body("The field is unknown.", name)),
            _ => Ok(object),
        }
    }

    fn items(&self, list: Option<&Value>, at: &str, scope: Scope, to: &mut Vec<Assignment>) -> Result<(), Refusal> {
        let Some(list) = list else { return Ok(()) };
        let list = list.as_array().ok_or_else(|| invalid_body("An array was expected.", at))?;
        for (n, item) in list.iter().enumerate() {
            to.push(self.item(item, &format!("{at}[{n}]"), scope)?);
        }
        Ok(())
    }

    fn item(&self, item: &Value, at: &str, scope: Scope) -> Result<Assignment, Refusal> {
        let known: &[&str] = match scope.ids_member() {
            None if scope == Scope::Platform => &["role_id"],
            None => &["role_id", "organization_id"],
            Some(ids) => &["role_id", "organization_id", "all", ids, "application_roles"],
        };
        let item = self.object(item, at, known)?;
        let required = |name: &str| {
            let text = item.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
            text.map(str::to_owned)
                .ok_or_else(|| invalid_body("A required string is missing.", &format!("{at}.{name}")))
        };
        let organization = if scope == Scope::Platform { String::new() } else { required("organization_id")? };
        let role = required("role_id")?;
        let Some(ids_member) = scope.ids_member() else {
            return Ok(Assignment::new(scope, &organization, &role, Covers::Scope));
        };
        let all = match item.get("all") {
            None => None,
            Some(Value::Bool(all)) => Some(*all),
            Some(_) => return Err(invalid_body("A boolean was expected.", &format!("{at}.all"))),
        };
        let ids = names(item.get(ids_member), &format!("{at}.{ids_member}"))?;
        let covers = match (all, ids) {
            (Some(true), None) => Covers::All,
            (Some(false) | None, Some(ids)) if !ids.is_empty() => Covers::Ids(ids),
            (Some(true), Some(_)) => {
                return Err(invalid_body("Must be absent if `all` is true.", &format!("{at}.{ids_member}")));
            }
            _ => return Err(invalid_body("Must be present if `all` is false.", &format!("{at}.{ids_member}"))),
        };
        let application_roles = names(item.get("application_roles"), &format!("{at}.application_roles"))?;
        let mut assignment = Assignment::new(scope, &organization, &role, covers);
        assignment.application_roles = application_roles.unwrap_or_default();
        Ok(assignment)
    }
}

fn names(list: Option<&Value>, at: &str) -> Result<Option<BTreeSet<String>>, Refusal> {
    let Some(list) = list else { return Ok(None) };
    let wrong = || invalid_body("An array of strings was expected.", at);
    let list = list.as_array().ok_or_else(wrong)?.iter();
    let names = list.map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong));
    names.collect::<Result<_, _>>().map(Some)
}
