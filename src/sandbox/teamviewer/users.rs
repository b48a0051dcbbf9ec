//! `/api/v1/users`: who is there, which roles each holds, and changing one.

use serde_json::{Value, json};

use super::answers::{Refusal, invalid, role_not_found, user_not_found};
use super::company::Company;
use super::request::{Body, Page, query, user_id};
use super::roles::not_held;
use super::settings::EmailFilter;
use crate::sandbox::{Call, Reply};

const TEXTS: [&str; 5] = ["email", "name", "permissions", "custom_quicksupport_id", "custom_quickjoin_id"];
/// Accepted, and shown by no read.
const HIDDEN_TEXTS: [&str; 3] = ["password", "license_key", "sso_customer_id"];
const BOOLEANS: [&str; 4] = ["active", "log_sessions", "show_comment_window", "tfa_enforcement"];
/// The shortest and longest text, in letters.
const LENGTHS: [(&str, usize, usize); 2] = [("email", 6, 100), ("name", 2, 50)];

/// `GET /users`: everyone at once.
pub(super) fn list(company: &Company, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
    let full = match query(call, "full_list").map(|full| full.to_ascii_lowercase()).as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(invalid("full_list must be true or false.")),
    };
    let email = query(call, "email").map(|email| email.to_lowercase());
    let name = query(call, "name").map(|name| name.to_lowercase());
    let permissions = query(call, "permissions").unwrap_or_default();
    let users = company.seen(now_ms).users.iter().filter(|(_, user)| {
        let (held_email, held_name) = (user.text("email").to_lowercase(), user.text("name").to_lowercase());
        let held: Vec<&str> = user.text("permissions").split(',').collect();
        email.as_ref().is_none_or(|email| match company.settings.email_filter {
            EmailFilter::Whole => held_email == *email,
            EmailFilter::Part => held_email.contains(email),
        }) && name.as_ref().is_none_or(|name| held_name.contains(name))
            && permissions.split(',').filter(|asked| !asked.is_empty()).all(|asked| held.contains(&asked))
    });
    let users: Vec<Value> = users.map(|(id, user)| if full { user.whole(id) } else { user.short(id) }).collect();
    Ok(Reply::json(200, &json!({"users": users})))
}

/// `GET /users/{id}`
pub(super) fn get(company: &Company, id: &str, now_ms: u64) -> Result<Reply, Refusal> {
    let user = company.seen(now_ms).users.get(user_id(id)?).ok_or_else(user_not_found)?;
    Ok(Reply::json(200, &user.whole(id)))
}

/// `GET /users/{id}/userroles`: held directly or through groups.
pub(super) fn roles(company: &Company, call: &Call, id: &str, now_ms: u64) -> Result<Reply, Refusal> {
    let seen = company.seen(now_ms);
    let user = seen.users.get(user_id(id)?).ok_or_else(user_not_found)?;
    let token = query(call, "paginationToken");
    let page = Page::of(seen.roles_of(id, user), id, token.as_deref(), company.settings.roles_per_page)?;
    let mut answer = json!({"currentPaginationToken": token});
    page.write_next(&mut answer, "nextPaginationToken", &company.settings);
    answer["assignedRoleIds"] = json!(page.items);
    Ok(Reply::json(200, &answer))
}

/// `PUT /users/{id}`: sets fields, gives roles and takes roles; all of it or nothing.
pub(super) fn put(company: &mut Company, call: &Call, id: &str, now_ms: u64) -> Result<Reply, Refusal> {
    let id = user_id(id)?;
    let body = Body::read(call, &company.settings)?;
    let user = company.directory.users.get(id).ok_or_else(user_not_found)?;
    let mut changed = user.clone();
    for name in TEXTS.into_iter().chain(HIDDEN_TEXTS) {
        let Some(value) = body.get(name) else { continue };
        let text = value.as_str().ok_or_else(|| invalid(format!("{name} must be a string.")))?;
        let length = text.chars().count();
        if LENGTHS.iter().any(|(of, least, most)| *of == name && !(*least..=*most).contains(&length)) {
            return Err(invalid(format!("{name} is too short or too long.")));
        }
        if TEXTS.contains(&name) {
            changed = changed.with(name, text);
        }
    }
    for name in BOOLEANS {
        let Some(value) = body.get(name) else { continue };
        let value = value.as_bool().ok_or_else(|| invalid(format!("{name} must be a boolean.")))?;
        changed = changed.with(name, value);
    }
    let (given, taken) = (body.role_ids("AssignUserRoleIds")?, body.role_ids("UnassignUserRoleIds")?);
    if given.iter().chain(&taken).any(|role| !company.directory.knows_role(role)) {
        return Err(role_not_found());
    }
    for role in taken {
        if !changed.roles.remove(&role) {
            not_held(company.settings.not_held)?;
        }
    }
    changed.roles.extend(given);
    company.write(now_ms, |directory| {
        directory.users.insert(id.to_owned(), changed);
    })?;
    Ok(Reply::empty(company.settings.put_status))
}
