//! From a decoded request to items of work: scopes filled in, inputs checked, all that is missing named at once.

use std::fmt::Display;

use vrl::value::{KeyString, ObjectMap};

use crate::connector::{Input, InputPlace, Operation};
use crate::expression::{Scope, Value, id_text, object};
use crate::model::{RequestError, RoleRef, UnassignRequest};

/// Longer ids are refused: no provider has them, and some would cut them.
const LONGEST_ID_BYTES: usize = 1024;

/// The items of a request: one role each, with its scope filled in from the request.
///
/// # Errors
/// If a scope is contradictory or has several candidates, or the request names nothing to take away.
pub(super) fn items(operation: &Operation, request: &UnassignRequest) -> Result<Vec<RoleRef>, RequestError> {
    let organization = single_organization(request)?;
    let needs_role = operation.inputs.iter().any(|input| input.required && is_role(&input.name));
    let mut items = request.roles.clone();
    let scoped = request.workspace_id.is_some() || organization.is_some();
    if items.is_empty() && !needs_role && scoped {
        items.push(RoleRef::default());
    }
    for (index, item) in items.iter_mut().enumerate() {
        let place = format!("roles[{index}]");
        fill(&mut item.workspace, request.workspace_id.as_ref(), &format!("{place}.workspace"), "workspace_id")?;
        match (&item.organization, &organization) {
            (None, Some(Several)) => {
                return Err(RequestError::new(format!(
                    "organizations names several organizations, and {place} does not say which; give {place}.organization"
                )));
            }
            (Some(own), Some(_)) if !request.organizations.iter().any(|one| one.id.as_ref() == Some(own)) => {
                return Err(RequestError::new(format!(
                    "{place}.organization and organizations differ; give one of them, or the same value"
                )));
            }
            (None, Some(One(id))) => item.organization = Some(id.clone()),
            _ => {}
        }
    }
    // Named twice, a role is taken away once: a second write would only find nothing.
    let mut unique: Vec<RoleRef> = Vec::with_capacity(items.len());
    for item in items {
        if !unique.contains(&item) {
            unique.push(item);
        }
    }
    Ok(unique)
}

use Candidates::{One, Several};

enum Candidates {
    One(String),
    Several,
}

fn single_organization(request: &UnassignRequest) -> Result<Option<Candidates>, RequestError> {
    let mut ids: Vec<&String> =
        request.organizations.iter().filter_map(|organization| organization.id.as_ref()).collect();
    ids.dedup();
    if ids.is_empty() && !request.organizations.is_empty() {
        return Err(RequestError::new("organizations[0].id is missing; organizations are told apart by their ids"));
    }
    Ok(match ids.as_slice() {
        [] => None,
        [one] => Some(One((*one).clone())),
        _ => Some(Several),
    })
}

fn fill(
    own: &mut Option<String>,
    wide: Option<&String>,
    own_place: &str,
    wide_place: &str,
) -> Result<(), RequestError> {
    match (&own, wide) {
        (Some(own), Some(wide)) if own != wide => {
            Err(RequestError::new(format!("{own_place} and {wide_place} differ; give one of them, or the same value")))
        }
        (None, Some(wide)) => {
            *own = Some(wide.clone());
            Ok(())
        }
        _ => Ok(()),
    }
}

fn is_role(input: &str) -> bool {
    input == "role" || input.starts_with("role.")
}

/// `.input` of every expression.
pub(super) fn input_value(user_id: Option<&str>) -> Value {
    object([("id", Value::from(user_id))])
}

/// `.item`: the role, the scopes, and the definition's own scopes.
///
/// # Errors
/// If fields that feed one scope differ.
pub(super) fn item_value(
    operation: &Operation,
    account: &Value,
    item: &RoleRef,
    index: usize,
) -> Result<Value, RequestError> {
    let text = |input: &str, given: &Option<String>| {
        let input = operation.inputs.iter().find(|known| known.name == input);
        let spelled = |text: &String| input.map_or_else(|| text.clone(), |input| spelled(input, account, text));
        given.as_ref().map(spelled).map_or(Value::Null, Value::from)
    };
    let role = object([("id", text("role.id", &item.id)), ("name", text("role.name", &item.name))]);
    let mut value = ObjectMap::from([(KeyString::from("role"), role)]);
    for (name, scope) in [("group", &item.group), ("organization", &item.organization), ("workspace", &item.workspace)]
    {
        if scope.is_some() {
            value.insert(name.into(), text(name, scope));
        }
    }
    for input in operation.inputs.iter().filter(|input| !input.from.is_empty()) {
        let given = input.from.iter().filter_map(|from| {
            let text = value.get(from.as_str())?.to_str_lossy()?;
            Some((from, Value::from(spelled(input, account, &text))))
        });
        let given: Vec<(&String, Value)> = given.collect();
        let Some((first_from, first)) = given.first() else { continue };
        if let Some((other, _)) = given.iter().find(|(_, value)| value != first) {
            return Err(RequestError::new(format!(
                "roles[{index}].{first_from} and roles[{index}].{other} (with workspace_id and organizations filled in) \
                 name different scopes; give one"
            )));
        }
        value.insert(KeyString::from(input.name.as_str()), first.clone());
    }
    Ok(Value::Object(value))
}

/// A value in the provider's spelling.
pub(super) fn spelled(input: &Input, account: &Value, text: &str) -> String {
    let Some(spelling) = &input.spelling else { return text.to_owned() };
    let given = Value::from(text);
    let value = spelling.evaluate(&Scope::of_account(account).with_each(&given));
    id_text(&value).map_or_else(|| text.to_owned(), |text| text.into_owned())
}

/// The user's id in the provider's spelling; an e-mail address that is looked up stays as it is.
pub(super) fn spelled_id(operation: &Operation, account: &Value, id: &str) -> String {
    let is_looked_up = operation.user_lookup.is_some() && id.matches('@').count() == 1;
    let input = operation.inputs.iter().find(|input| input.name == "id" && !is_looked_up);
    input.map_or_else(|| id.to_owned(), |input| spelled(input, account, id))
}

/// When it is asked whether anything is missing.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Asked {
    /// Before anything is read: what a further source may still give is not missing yet.
    First,
    Last,
}

/// Names all required inputs that are missing, before anything is written.
///
/// # Errors
/// If any is.
pub(super) fn require_all(
    operation: &Operation,
    request: &UnassignRequest,
    items: &[Value],
    asked: Asked,
) -> Result<(), RequestError> {
    let mut missing_query: Vec<String> = Vec::new();
    let mut missing_body: Vec<String> = Vec::new();
    // Without an item there is nothing that a further source could fill in.
    let last = asked == Asked::Last || items.is_empty();
    let due = |input: &&Input| input.required && (last || input.otherwise.is_empty());
    for input in operation.inputs.iter().filter(due) {
        let present = match input.name.as_str() {
            "id" => request.id.is_some(),
            _ => !items.is_empty() && items.iter().all(|item| has_input(item, input)),
        };
        if !present {
            let list = if input.at == InputPlace::Query { &mut missing_query } else { &mut missing_body };
            let name = public_name(input);
            if !list.contains(&name) {
                list.push(name);
            }
        }
    }
    if missing_query.is_empty() && missing_body.is_empty() {
        return if items.is_empty() {
            Err(RequestError::new("the request names no role and no scope: there is nothing to take away"))
        } else {
            Ok(())
        };
    }
    let all: Vec<&str> = missing_query.iter().chain(&missing_body).map(String::as_str).collect();
    let message = format!("missing: {} (each may stand in the query or in the body)", all.join(", "));
    Err(RequestError { message, missing_query, missing_body, ..RequestError::default() })
}

fn has_input(item: &Value, input: &Input) -> bool {
    let Some(item) = item.as_object() else { return false };
    let role_has = |field: &str| item.get("role").and_then(|role| role.as_object()?.get(field)).is_some();
    match input.name.as_str() {
        "role" => role_has("id") || role_has("name"),
        "role.id" => role_has("id"),
        "role.name" => role_has("name"),
        scope => item.contains_key(scope),
    }
}

/// The contract's name of an input.
fn public_name(input: &Input) -> String {
    let scope = input.from.first().map_or(input.name.as_str(), String::as_str);
    match scope {
        "id" => "id",
        "workspace" => "workspace_id",
        "organization" => "organizations",
        "group" => "roles[].group",
        _ => "roles",
    }
    .to_owned()
}

/// Checks the user's id against its input.
///
/// # Errors
/// If it is not of the form the definition asks for.
pub(super) fn check_user_id(operation: &Operation, id: &str) -> Result<(), RequestError> {
    let input = operation.inputs.iter().find(|input| input.name == "id");
    check_text(&"id", id)?;
    input.map_or(Ok(()), |input| check_form(input, &"id", id))
}

/// Checks an e-mail address before it is looked up.
///
/// # Errors
/// If it could not be one.
pub(super) fn check_user_email(email: &str) -> Result<(), RequestError> {
    check_text(&"id", email)
}

/// Checks an item's values against their inputs.
///
/// # Errors
/// If one is not of the form the definition asks for.
pub(super) fn check_item(operation: &Operation, item: &Value, index: usize) -> Result<(), RequestError> {
    let Some(item) = item.as_object() else { return Ok(()) };
    let role = item.get("role").and_then(Value::as_object);
    for field in ["id", "name"] {
        if let Some(text) = role.and_then(|role| role.get(field)).and_then(Value::to_str_lossy) {
            check_text(&format_args!("roles[{index}].{field}"), &text)?;
        }
    }
    for scope in ["group", "organization", "workspace"] {
        if let Some(text) = item.get(scope).and_then(Value::to_str_lossy) {
            check_text(&format_args!("roles[{index}].{scope}"), &text)?;
        }
    }
    for input in &operation.inputs {
        let (place, value) = match input.name.as_str() {
            "id" | "role" => continue,
            "role.id" => ("id", role.and_then(|role| role.get("id"))),
            "role.name" => ("name", role.and_then(|role| role.get("name"))),
            scope => (input.from.first().map_or(scope, String::as_str), item.get(scope)),
        };
        if let Some(text) = value.and_then(Value::to_str_lossy) {
            check_form(input, &format_args!("roles[{index}].{place}"), &text)?;
        }
    }
    Ok(())
}

fn check_text(place: &dyn Display, text: &str) -> Result<(), RequestError> {
    if text.len() > LONGEST_ID_BYTES {
        return Err(RequestError::new(format!("{place} is longer than {LONGEST_ID_BYTES} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(RequestError::new(format!("{place} holds a control character")));
    }
    if matches!(text, "." | "..") {
        return Err(RequestError::new(format!("{place} is no id: `.` and `..` would name another path")));
    }
    Ok(())
}

fn check_form(input: &Input, place: &dyn Display, text: &str) -> Result<(), RequestError> {
    let help = if input.help.is_empty() { String::new() } else { format!(": {}", input.help) };
    if input.min.is_some() || input.max.is_some() {
        // One spelling only: `007` would name user 7 at the provider and nobody in its answer.
        let canonical = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
        let number = text.parse::<u64>().ok().filter(|_| canonical);
        let low = input.min.unwrap_or_default();
        let high = input.max.unwrap_or(u64::MAX);
        if number.is_none_or(|number| !(low..=high).contains(&number)) {
            return Err(RequestError::new(format!("{place} must be a decimal integer from {low} to {high}{help}")));
        }
    }
    if let Some(pattern) = &input.pattern
        && !pattern.is_match(text)
    {
        let expected = if input.help.is_empty() { format!(" of the form {}", pattern.as_str()) } else { help };
        return Err(RequestError::new(format!("{place} is not{}", expected.trim_start_matches(':'))));
    }
    Ok(())
}
