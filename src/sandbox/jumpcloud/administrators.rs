//! Administrators (not the system users they may belong to) and the roles they hold.
//! A PUT sets the roles, it does not take one away; the last writer wins.

use serde_json::{Map, Value, json};

use super::directory::{Administrator, Directory, show_role};
use super::listing::{Dialect, Listing};
use super::refusal::{NOT_FOUND, Refusal, bad_request};
use super::settings::{BothSent, OnEmpty, Rival, RivalWrites, RoleFields, Settings};
use super::tenant::{Ask, Tenant};
use super::users::counted;
use crate::sandbox::Reply;

const ROLE_IF_NONE_IS_SENT: &str = "Administrator";

/// `GET /api/users`
pub(super) fn list(tenant: &Tenant, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let listing = Listing::read(ask.call, Dialect::V1, &tenant.settings)?;
    let directory = tenant.seen(ask.now_ms);
    let admins = directory.administrators.iter();
    let rows = admins
        .filter(|a| directory.reaches(a, &organization))
        .map(|a| directory.show_administrator(a, &tenant.settings));
    Ok(counted(listing.page(rows.collect())))
}

/// `GET /api/users/{id}`
pub(super) fn get(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let directory = tenant.seen(ask.now_ms);
    let admin = directory.administrator_in(&organization, id);
    let shown = directory.show_administrator(admin.ok_or(NOT_FOUND)?, &tenant.settings);
    Ok(Reply::json(200, &shown))
}

/// `PUT /api/users/{id}`: what is sent is set, the rest stays.
pub(super) fn put(tenant: &mut Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    ask.caller.may_change_administrators()?;
    let body = ask.body()?;
    tenant.directory.administrator_in(&organization, id).ok_or(NOT_FOUND)?;
    if std::mem::take(&mut tenant.settings.vanish_on_put) {
        tenant.change(ask.now_ms).delete_administrator(id);
        return Err(NOT_FOUND);
    }
    let mut update = Update::read(&body, &tenant.directory, &tenant.settings)?;
    if tenant.settings.put_keeps_roles {
        update.roles = None;
    }
    if let Some(email) = &update.email
        && email_taken(&tenant.directory, email, id)
    {
        return Err(Refusal::Status(409));
    }
    let rival = tenant.settings.rival.take();
    let directory = tenant.change(ask.now_ms);
    rival_writes(directory, id, rival.as_ref(), RivalWrites::Before);
    let admin = directory.administrator_mut(id).ok_or(NOT_FOUND)?;
    update.apply(admin);
    let admin = admin.clone();
    rival_writes(directory, id, rival.as_ref(), RivalWrites::After);
    let shown = tenant.directory.show_administrator(&admin, &tenant.settings);
    Ok(Reply::json(200, &shown))
}

/// `DELETE /api/users/{id}`: a system user behind the administrator survives.
pub(super) fn delete(tenant: &mut Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    ask.caller.may_change_administrators()?;
    tenant.directory.administrator_in(&organization, id).ok_or(NOT_FOUND)?;
    let deleted = tenant.change(ask.now_ms).delete_administrator(id);
    let deleted = deleted.ok_or(NOT_FOUND)?;
    let shown = tenant.directory.show_administrator(&deleted, &tenant.settings);
    Ok(Reply::json(200, &shown))
}

/// `POST /api/users`: the system user with the same e-mail, if there is one, becomes an administrator.
pub(super) fn create(tenant: &mut Tenant, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    ask.caller.may_change_administrators()?;
    let body = ask.body()?;
    let update = Update::read(&body, &tenant.directory, &tenant.settings)?;
    let Some(email) = update.email.clone() else {
        return Err(bad_request("email is required"));
    };
    if email_taken(&tenant.directory, &email, "") {
        return Err(Refusal::Status(409));
    }
    let directory = tenant.change(ask.now_ms);
    let mut users = directory.users.iter();
    let user = users.find(|u| u.email == email && u.organization == organization);
    directory.created += 1;
    let mut admin = Administrator {
        id: format!("5c3536e9e0a68400019{:05x}", directory.created),
        organization: Some(organization),
        user: user.map(|u| u.id.clone()),
        roles: directory.role_by_name(ROLE_IF_NONE_IS_SENT).map(|role| role.id.clone()).into_iter().collect(),
        api_key_allowed: true,
        ..Administrator::default()
    };
    update.apply(&mut admin);
    directory.administrators.push(admin.clone());
    let shown = tenant.directory.show_administrator(&admin, &tenant.settings);
    Ok(Reply::json(200, &shown))
}

/// `GET /api/v2/roles`
pub(super) fn roles(tenant: &Tenant, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    ask.organization(tenant)?;
    let listing = Listing::read(ask.call, Dialect::V2, &tenant.settings)?;
    let page = listing.page(tenant.directory.roles.iter().map(show_role).collect());
    let body = json!({"results": page.rows, "totalCount": page.total});
    Ok(Reply::json(200, &body))
}

/// `GET /api/v2/roles/{id}`
pub(super) fn role(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    ask.organization(tenant)?;
    let role = tenant.directory.role(id).ok_or(NOT_FOUND)?;
    Ok(Reply::json(200, &show_role(role)))
}

/// What a PUT or POST sent, checked and with the roles as ids.
#[derive(Debug)]
struct Update {
    email: Option<String>,
    firstname: Option<String>,
    lastname: Option<String>,
    enable_multi_factor: Option<bool>,
    api_key_allowed: Option<bool>,
    roles: Option<Vec<String>>,
}

impl Update {
    fn read(body: &Map<String, Value>, directory: &Directory, settings: &Settings) -> Result<Self, Refusal> {
        let text = |name| typed(body, name, |v| v.as_str().map(str::to_owned));
        let flag = |name| typed(body, name, Value::as_bool);
        // Accepted, but never shown again.
        typed(body, "growthData", Value::as_object)?;
        typed(body, "lastWhatsNewChecked", Value::as_str)?;
        Ok(Self {
            email: text("email")?,
            firstname: text("firstname")?,
            lastname: text("lastname")?,
            enable_multi_factor: flag("enableMultiFactor")?,
            api_key_allowed: flag("apiKeyAllowed")?,
            roles: sent_roles(body, directory, settings)?,
        })
    }

    fn apply(self, admin: &mut Administrator) {
        let Self { email, firstname, lastname, enable_multi_factor, api_key_allowed, roles } = self;
        set(&mut admin.email, email);
        set(&mut admin.firstname, firstname);
        set(&mut admin.lastname, lastname);
        set(&mut admin.enable_multi_factor, enable_multi_factor);
        set(&mut admin.api_key_allowed, api_key_allowed);
        set(&mut admin.roles, roles);
    }
}

fn set<T>(field: &mut T, sent: Option<T>) {
    if let Some(sent) = sent {
        *field = sent;
    }
}

fn typed<'a, T>(
    body: &'a Map<String, Value>,
    name: &str,
    read: impl Fn(&'a Value) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    match body.get(name).map(read) {
        None => Ok(None),
        Some(Some(value)) => Ok(Some(value)),
        Some(None) => Err(bad_request(format!("{name} has the wrong type"))),
    }
}

/// The ids of the roles to set; none if the roles are to stay.
fn sent_roles(
    body: &Map<String, Value>,
    directory: &Directory,
    settings: &Settings,
) -> Result<Option<Vec<String>>, Refusal> {
    let one = body.get("roleName");
    let several = match settings.role_fields {
        RoleFields::Several => body.get("roleNames"),
        RoleFields::One => None,
    };
    match (one, several, settings.both_role_fields) {
        (None, None, _) => Ok(None),
        (Some(_), Some(_), BothSent::Reject) => Err(bad_request("roleName and roleNames cannot both be set")),
        (_, Some(names), BothSent::RoleNamesWins) | (None, Some(names), _) => {
            let malformed = || bad_request("roleNames must be a list of names");
            let names = match names {
                Value::Null => &Vec::new(),
                names => names.as_array().ok_or_else(malformed)?,
            };
            let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
            let names = names.ok_or_else(malformed)?;
            ids(&names, settings.empty_role_names, directory)
        }
        (Some(name), _, _) => {
            let names = match name {
                Value::Null => Vec::new(),
                Value::String(name) if name.is_empty() => Vec::new(),
                Value::String(name) => vec![name.as_str()],
                _ => return Err(bad_request("roleName must be a name")),
            };
            ids(&names, settings.null_role_name, directory)
        }
    }
}

fn ids(names: &[&str], on_empty: OnEmpty, directory: &Directory) -> Result<Option<Vec<String>>, Refusal> {
    if names.is_empty() {
        return match on_empty {
            OnEmpty::Reject => Err(bad_request("an administrator needs a role")),
            OnEmpty::Clear => Ok(Some(Vec::new())),
            OnEmpty::Ignore => Ok(None),
        };
    }
    let mut ids = Vec::new();
    for name in names {
        let role = directory.role_by_name(name);
        let role = role.ok_or_else(|| bad_request(format!("unknown role: {name}")))?;
        if !ids.contains(&role.id) {
            ids.push(role.id.clone());
        }
    }
    Ok(Some(ids))
}

fn rival_writes(directory: &mut Directory, id: &str, rival: Option<&Rival>, now: RivalWrites) {
    if let Some(rival) = rival.filter(|rival| rival.when == now) {
        directory.set_roles(id, &rival.role_names);
    }
}

fn email_taken(directory: &Directory, email: &str, but_for: &str) -> bool {
    let mut admins = directory.administrators.iter();
    admins.any(|a| a.email.eq_ignore_ascii_case(email) && a.id != but_for)
}
