//! The body that each response format promises.

use serde_json::{Map, Value};

use super::scenario::Format;
use super::stage::Answer;
use crate::model::{FieldType, USER_FIELDS, USER_STATUSES};
use crate::sandbox::{Reply, ReplyBody};

/// What of a format's promise an answer does not keep. `writes` are the provider's answers to the unassign calls.
pub(super) fn broken_promises(format: Format, answer: &Answer, writes: &[&Reply]) -> Vec<String> {
    let body = answer.json();
    let found = match format {
        Format::Raw | Format::Stream => return raw(answer, writes),
        Format::Unified => user(&body, false),
        Format::Normalized => user(&body, true),
        Format::Debug => {
            let mut found: Vec<String> = names(&body, &["result", "debug"]).into_iter().collect();
            found.extend(user(&body["result"], false));
            found.extend(debug(&body["debug"]));
            found
        }
        Format::Plan => plan(&body["plan"]),
    };
    let is_json = answer.header("content-type") == "application/json";
    found.into_iter().chain((!is_json).then(|| "the content type is not application/json".to_owned())).collect()
}

/// The provider's own answer: status, content type and bytes; several of them as a list.
fn raw(answer: &Answer, writes: &[&Reply]) -> Vec<String> {
    let mut found = Vec::new();
    let [reply] = writes else {
        let responses = answer.json()["responses"].as_array().map_or(0, Vec::len);
        return (responses != writes.len())
            .then(|| format!("{} writes were answered, {responses} answers are shown", writes.len()))
            .into_iter()
            .collect();
    };
    if answer.status != reply.status {
        found.push(format!("the provider's status was {}, not {}", reply.status, answer.status));
    }
    let ReplyBody::Bytes(bytes) = &reply.body else { return found };
    if answer.body != *bytes {
        found.push("the body is not the provider's, byte for byte".to_owned());
    }
    let content_type = reply.headers.iter().find(|(name, _)| name == "content-type").map_or("", |(_, value)| value);
    if answer.header("content-type") != content_type {
        let own = answer.header("content-type");
        found.push(format!("the provider's content type was `{content_type}`, not `{own}`"));
    }
    found
}

fn user(body: &Value, normalized: bool) -> Vec<String> {
    let Some(object) = body.as_object() else { return vec!["the body is no object".to_owned()] };
    let mut found = Vec::new();
    if object.get("id").and_then(Value::as_str).is_none_or(str::is_empty) {
        found.push("the user has no id".to_owned());
    }
    if !object.get("unassignment").is_some_and(Value::is_object) {
        found.push("there is no unassignment".to_owned());
    }
    if normalized {
        let own: Vec<&str> = USER_FIELDS.iter().map(|(name, _)| *name).chain(["unassignment"]).collect();
        found.extend(names(body, &own));
    } else {
        let known = |name: &String| USER_FIELDS.iter().any(|(known, _)| known == name);
        let beside = ["remote_data", "unassignment"];
        let odd = object.keys().filter(|name| !known(name) && !beside.contains(&name.as_str()));
        found.extend(odd.map(|name| format!("`{name}` is no field of the schema")));
        let empty = object.iter().filter(|(_, value)| value.is_null());
        found.extend(empty.map(|(name, _)| format!("`{name}` has no value and is there")));
    }
    for (name, holds) in USER_FIELDS {
        if let Some(value) = object.get(*name) {
            found.extend(field(name, *holds, value, normalized));
        }
    }
    found
}

fn field(name: &str, holds: FieldType, value: &Value, normalized: bool) -> Vec<String> {
    let wrong = || vec![format!("`{name}` does not hold what the schema says: {value}")];
    let good = match holds {
        _ if value.is_null() => normalized && !matches!(holds, FieldType::List(_) | FieldType::Texts),
        FieldType::Text => value.is_string(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Time => value.as_str().is_some_and(|text| text.contains('T') && text.ends_with('Z')),
        FieldType::Status => value.as_str().is_some_and(|word| !normalized || USER_STATUSES.contains(&word)),
        FieldType::Object => value.is_object(),
        FieldType::Texts => value.as_array().is_some_and(|texts| texts.iter().all(Value::is_string)),
        FieldType::List(members) => {
            let Some(elements) = value.as_array() else { return wrong() };
            let elements = elements.iter().map(|element| (element, element.as_object()));
            return elements
                .flat_map(|(element, object)| match object {
                    Some(object) => list_element(name, members, object, normalized),
                    None => vec![format!("`{name}` holds {element}")],
                })
                .collect();
        }
    };
    if good { Vec::new() } else { wrong() }
}

fn list_element(
    name: &str,
    members: &[(&str, FieldType)],
    object: &Map<String, Value>,
    normalized: bool,
) -> Vec<String> {
    let mut found = Vec::new();
    if normalized && !object.keys().eq(members.iter().map(|(member, _)| *member)) {
        found.push(format!("an element of `{name}` does not have the schema's members in its order"));
    }
    for (member, value) in object {
        match members.iter().find(|(known, _)| known == member) {
            Some((_, holds)) => found.extend(field(&format!("{name}.{member}"), *holds, value, normalized)),
            None => found.push(format!("`{name}.{member}` is no field of the schema")),
        }
    }
    found
}

fn debug(debug: &Value) -> Vec<String> {
    let members = ["requestUrl", "requestOptions", "data", "responseHeaders", "steps"];
    let mut found: Vec<String> = names(debug, &members).into_iter().collect();
    if debug["steps"].as_array().is_none_or(Vec::is_empty) {
        found.push("debug shows no steps".to_owned());
    }
    found
}

fn plan(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut found = Vec::new();
    if !steps.iter().any(|step| step["effect"] == "write") {
        found.push("the plan has no write".to_owned());
    }
    for step in steps {
        let transport = if step.get("topic").is_some() { &["topic"][..] } else { &["method", "url"] };
        for member in ["name", "effect", "why"].iter().chain(transport) {
            if step[*member].as_str().is_none_or(str::is_empty) {
                found.push(format!("a step of the plan has no {member}"));
            }
        }
    }
    found
}

fn names(body: &Value, wanted: &[&str]) -> Option<String> {
    let own: Vec<&String> = body.as_object().map(|object| object.keys().collect()).unwrap_or_default();
    let same = own.iter().map(|name| name.as_str()).eq(wanted.iter().copied());
    (!same).then(|| format!("the members are {own:?}, not {wanted:?}"))
}
