//! The multi-tenant (MSP) side: the administrators of a provider, and which organizations each of them reaches.
//! These calls work across organizations and need no `x-org-id`.

use serde_json::{Value, json};

use super::listing::{Dialect, Listing};
use super::refusal::{FORBIDDEN, NOT_FOUND, Refusal, bad_request};
use super::tenant::{Ask, Tenant};
use crate::sandbox::Reply;

/// `GET /api/v2/providers/{id}/administrators`
pub(super) fn administrators(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let directory = tenant.seen(ask.now_ms);
    if !ask.caller.multi_tenant || directory.provider != id {
        return Err(NOT_FOUND);
    }
    let listing = Listing::read(ask.call, Dialect::V2, &tenant.settings)?;
    let admins = directory.administrators.iter();
    let rows = admins.filter(|a| a.provider.as_deref() == Some(id)).map(|a| {
        let reached = directory.links.iter().filter(|(admin, _)| *admin == a.id);
        let names = directory.role_names(a, &tenant.settings);
        json!({
            "id": a.id, "email": a.email, "firstname": a.firstname, "lastname": a.lastname,
            "enableMultiFactor": a.enable_multi_factor, "registered": a.registered, "suspended": a.suspended,
            "apiKeyAllowed": a.api_key_allowed, "apiKeySet": a.api_key_set, "role": a.roles.first(),
            "roleName": names.first(), "roles": a.roles, "roleNames": names,
            "organizationAccessTotal": reached.count(),
        })
    });
    let page = listing.page(rows.collect());
    let body = json!({"results": page.rows, "totalCount": page.total});
    Ok(Reply::json(200, &body))
}

/// `GET /api/v2/administrators/{id}/organizationlinks`
pub(super) fn links_of_administrator(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let directory = tenant.seen(ask.now_ms);
    directory.administrator(id).ok_or(NOT_FOUND)?;
    links(tenant, ask, |administrator, _| administrator == id)
}

/// `GET /api/v2/organizations/{id}/administratorlinks`
pub(super) fn links_of_organization(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    reached(ask, id)?;
    links(tenant, ask, |_, organization| organization == id)
}

/// `POST /api/v2/administrators/{id}/organizationlinks`
pub(super) fn link(tenant: &mut Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    may_change_links(ask)?;
    let body = ask.body()?;
    let Some(organization) = body.get("organization").and_then(Value::as_str) else {
        return Err(bad_request("organization is required"));
    };
    known_administrator(tenant, id)?;
    reached(ask, organization)?;
    let link = (id.to_owned(), organization.to_owned());
    if tenant.directory.links.contains(&link) {
        return Err(Refusal::Status(409));
    }
    tenant.change(ask.now_ms).links.insert(link);
    Ok(Reply::json(201, &show(id, organization)))
}

/// `DELETE /api/v2/administrators/{id}/organizationlinks/{organization}`
pub(super) fn unlink(tenant: &mut Tenant, ask: &Ask<'_>, id: &str, organization: &str) -> Result<Reply, Refusal> {
    may_change_links(ask)?;
    reached(ask, organization)?;
    let link = (id.to_owned(), organization.to_owned());
    if !tenant.directory.links.contains(&link) {
        return Err(NOT_FOUND);
    }
    tenant.change(ask.now_ms).links.remove(&link);
    Ok(Reply::empty(204))
}

fn links(tenant: &Tenant, ask: &Ask<'_>, wanted: impl Fn(&str, &str) -> bool) -> Result<Reply, Refusal> {
    let listing = Listing::read(ask.call, Dialect::V2, &tenant.settings)?;
    let links = tenant.seen(ask.now_ms).links.iter();
    let rows = links
        .filter(|(administrator, organization)| {
            wanted(administrator, organization) && reached(ask, organization).is_ok()
        })
        .map(|(administrator, organization)| show(administrator, organization));
    Ok(listing.bare(rows.collect(), ask.call, &tenant.settings))
}

fn show(administrator: &str, organization: &str) -> Value {
    json!({"administrator": administrator, "organization": organization})
}

fn may_change_links(ask: &Ask<'_>) -> Result<(), Refusal> {
    if !ask.caller.multi_tenant {
        return Err(FORBIDDEN);
    }
    ask.caller.may_change_administrators()
}

// Only administrators of the provider have links.
fn known_administrator(tenant: &Tenant, id: &str) -> Result<(), Refusal> {
    let admin = tenant.directory.administrator(id);
    let of_provider = admin.is_some_and(|a| a.provider.is_some());
    if of_provider { Ok(()) } else { Err(NOT_FOUND) }
}

fn reached(ask: &Ask<'_>, organization: &str) -> Result<(), Refusal> {
    let reached = ask.caller.organizations.iter().any(|o| o == organization);
    if reached { Ok(()) } else { Err(NOT_FOUND) }
}
