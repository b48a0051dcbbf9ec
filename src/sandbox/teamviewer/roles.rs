//! `/api/v1/userroles`: what roles there are, who holds them, and giving and taking them.

use serde_json::{Value, json};

use super::answers::{Refusal, group_not_found, invalid, role_not_found, user_not_found};
use super::company::Company;
use super::directory::Role;
use super::request::{Body, Page, query, role_id};
use super::settings::NotHeld;
use crate::sandbox::{Call, Reply};

/// `GET /userroles`
pub(super) fn list(company: &Company) -> Reply {
    let roles: Vec<Value> = company.directory.roles.iter().map(Role::written).collect();
    Reply::json(200, &json!({"Roles": roles}))
}

/// `GET /userroles/assignments/account`
pub(super) fn holders(company: &Company, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
    let role = role_id(&query(call, "userRoleId").unwrap_or_default(), "userRoleId")?;
    if !company.directory.knows_role(&role) {
        return Err(role_not_found());
    }
    let settings = &company.settings;
    let holders = company.seen(now_ms).holders(&role, settings.account_assignments_show_inherited);
    let token = query(call, "continuationToken");
    let page = Page::of(holders, &role, token.as_deref(), settings.users_per_page)?;
    let mut answer = json!({});
    page.write_next(&mut answer, "ContinuationToken", settings);
    answer["AssignedToUsers"] = json!(page.items);
    Ok(Reply::json(200, &answer))
}

/// `POST /userroles/assign/account` and `POST /userroles/unassign/account`: all users or, if refused, none.
pub(super) fn change_account(company: &mut Company, call: &Call, giving: bool, now_ms: u64) -> Result<Reply, Refusal> {
    let body = Body::read(call, &company.settings)?;
    let users = body.user_ids(&company.settings)?;
    let role = body.role_id("UserRoleId")?;
    if !company.directory.knows_role(&role) {
        return Err(role_not_found());
    }
    for user in &users {
        let user = company.directory.users.get(user).ok_or_else(user_not_found)?;
        if !giving && !user.roles.contains(&role) {
            not_held(company.settings.not_held)?;
        }
    }
    company.write(now_ms, |directory| {
        for user in &users {
            let Some(user) = directory.users.get_mut(user) else { continue };
            if giving {
                user.roles.insert(role.clone());
            } else {
                user.roles.remove(&role);
            }
        }
    })?;
    Ok(Reply::empty(204))
}

/// What unassigning a role that is not held comes to.
pub(super) fn not_held(setting: NotHeld) -> Result<(), Refusal> {
    match setting {
        NotHeld::Accepted => Ok(()),
        NotHeld::InvalidRequest => Err(invalid("The user role is not assigned to the user.")),
        NotHeld::NotFound => Err(role_not_found()),
    }
}

/// `POST /userroles/assign/usergroup` and `POST /userroles/unassign/usergroup`: the role of a group, of which
/// there is one.
pub(super) fn change_group(company: &mut Company, call: &Call, giving: bool, now_ms: u64) -> Result<Reply, Refusal> {
    let body = Body::read(call, &company.settings)?;
    let group = body.get("UserGroupId").and_then(Value::as_u64);
    let group = group.ok_or_else(|| invalid("UserGroupId must be a number."))?;
    let role = if giving { Some(body.role_id("UserRoleId")?) } else { None };
    if role.as_ref().is_some_and(|role| !company.directory.knows_role(role)) {
        return Err(role_not_found());
    }
    if !company.directory.groups.contains_key(&group) {
        return Err(group_not_found());
    }
    company.write(now_ms, |directory| {
        if let Some(group) = directory.groups.get_mut(&group) {
            group.role = role;
        }
    })?;
    Ok(Reply::empty(204))
}
