//! User groups and who is in them. A membership can be direct or through an included group; only the direct one
//! can be taken away by hand, and not from a DYNAMIC_AUTOMATED group.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::directory::{Directory, Group, show_group};
use super::listing::{Dialect, Listing};
use super::refusal::{NOT_FOUND, Refusal, bad_request};
use super::tenant::{Ask, Tenant};
use crate::sandbox::Reply;

const RULED_BY_QUERY: &str = "DYNAMIC_AUTOMATED";

/// `GET /api/v2/usergroups`
pub(super) fn list(tenant: &Tenant, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let listing = Listing::read(ask.call, Dialect::V2, &tenant.settings)?;
    let groups = tenant.seen(ask.now_ms).groups.iter();
    let rows = groups.filter(|g| g.organization == organization).map(show_group);
    Ok(listing.bare(rows.collect(), ask.call, &tenant.settings))
}

/// `GET /api/v2/usergroups/{id}`
pub(super) fn get(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let group = tenant.seen(ask.now_ms).group_in(&organization, id);
    Ok(Reply::json(200, &show_group(group.ok_or(NOT_FOUND)?)))
}

/// `GET /api/v2/usergroups/{id}/members`: the direct ones.
pub(super) fn members(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let listing = Listing::read(ask.call, Dialect::V2, &tenant.settings)?;
    let group = tenant.seen(ask.now_ms).group_in(&organization, id);
    let members = group.ok_or(NOT_FOUND)?.members.iter();
    let rows = members.map(|user| json!({"to": {"type": "user", "id": user}}));
    Ok(listing.bare(rows.collect(), ask.call, &tenant.settings))
}

/// `GET /api/v2/users/{id}/memberof`
pub(super) fn of_user(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let mut listing = Listing::read(ask.call, Dialect::V2, &tenant.settings)?;
    if let Some(field) = listing.filtered_fields().find(|f| !["object_id", "type"].contains(f)) {
        return Err(bad_request(format!("cannot filter by {field}")));
    }
    listing.rename_filtered("object_id", "id");
    let directory = tenant.seen(ask.now_ms);
    directory.user_in(&organization, id).ok_or(NOT_FOUND)?;
    let mut rows = Vec::new();
    for group in directory.groups.iter().filter(|g| g.organization == organization) {
        let paths = paths(directory, group, id);
        if !paths.is_empty() {
            rows.push(json!({"id": group.id, "type": "user_group", "paths": paths}));
        }
    }
    Ok(listing.bare(rows, ask.call, &tenant.settings))
}

/// `POST /api/v2/usergroups/{id}/members`: adds or removes one direct member.
pub(super) fn change(tenant: &mut Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    ask.caller.may_change_groups()?;
    let body = ask.body()?;
    let text = |name| body.get(name).and_then(Value::as_str);
    let (op, user) = match (text("op"), text("type"), text("id")) {
        (Some(op @ ("add" | "remove" | "update")), Some("user"), Some(user)) => (op, user),
        _ => {
            let why = "op (add, remove, update), type (user) and id are required";
            return Err(bad_request(why));
        }
    };
    let directory = &tenant.directory;
    let group = directory.group_in(&organization, id).ok_or(NOT_FOUND)?;
    if group.membership_method == RULED_BY_QUERY {
        let status = tenant.settings.dynamic_group_refusal;
        let why = "the members of a dynamic group cannot be changed by hand";
        return Err(Refusal::Explained(status, why.to_owned()));
    }
    directory.user_in(&organization, user).ok_or(NOT_FOUND)?;
    let is_member = group.members.contains(user);
    match (op, is_member) {
        ("add", true) => return Err(Refusal::Status(409)),
        ("remove" | "update", false) => return Err(NOT_FOUND),
        ("update", true) => return Ok(Reply::empty(204)),
        _ => {}
    }
    let groups = &mut tenant.change(ask.now_ms).groups;
    if let Some(group) = groups.iter_mut().find(|g| g.id == id) {
        match op {
            "add" => group.members.insert(user.to_owned()),
            _ => group.members.remove(user),
        };
    }
    Ok(Reply::empty(204))
}

/// The ways from a user to a group: the direct edge, and one more through each included group.
fn paths(directory: &Directory, group: &Group, user: &str) -> Vec<Value> {
    let mut found = Vec::new();
    walk(directory, group, user, &mut BTreeSet::new(), &mut found);
    let groups = found.into_iter().map(|groups| {
        let mut from = json!({"type": "user", "id": user});
        let edges = groups.into_iter().rev().map(|id| {
            let to = json!({"type": "user_group", "id": id});
            let edge = json!({"from": from, "to": to, "attributes": null});
            from = to;
            edge
        });
        Value::Array(edges.collect())
    });
    groups.collect()
}

// Each path as the groups on it, from the outermost to the one that holds the user directly.
fn walk<'a>(
    directory: &'a Directory,
    group: &'a Group,
    user: &str,
    above: &mut BTreeSet<&'a str>,
    found: &mut Vec<Vec<&'a str>>,
) {
    if !above.insert(&group.id) {
        return;
    }
    if group.members.contains(user) {
        found.push(vec![&group.id]);
    }
    for id in &group.includes {
        let Some(included) = directory.group_in(&group.organization, id) else {
            continue;
        };
        let first = found.len();
        walk(directory, included, user, above, found);
        for path in &mut found[first..] {
            path.insert(0, &group.id);
        }
    }
    above.remove(group.id.as_str());
}
