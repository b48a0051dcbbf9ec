//! A schema as a list of its members, so that two can be compared whatever their notation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

const DEEPEST: usize = 8;

/// What a schema says of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Member {
    /// Without `null`; none if anything will do.
    pub(super) types: BTreeSet<String>,
    pub(super) nullable: bool,
    pub(super) required: bool,
}

/// The members of a schema by path, such as `users[].id`; the schema itself is the empty path.
pub(super) fn members(root: &Json, schema: &Json) -> BTreeMap<String, Member> {
    let mut found = BTreeMap::new();
    collect(root, schema, "", true, 0, &mut found);
    found
}

/// What a `$ref` names, or the value itself.
pub(super) fn resolved<'a>(root: &'a Json, value: &'a Json) -> &'a Json {
    match value["$ref"].as_str() {
        Some(reference) => {
            let target = root.pointer(reference.trim_start_matches('#'));
            resolved(root, target.unwrap_or_else(|| panic!("{reference} leads nowhere")))
        }
        None => value,
    }
}

fn collect(root: &Json, schema: &Json, at: &str, required: bool, depth: usize, found: &mut BTreeMap<String, Member>) {
    if depth > DEEPEST {
        return;
    }
    let schema = resolved(root, schema);
    let member = found.entry(at.to_owned()).or_default();
    member.required |= required;
    match &schema["type"] {
        Json::Array(several) => member.types.extend(several.iter().filter_map(Json::as_str).map(str::to_owned)),
        one => member.types.extend(one.as_str().map(str::to_owned)),
    }
    member.nullable |= member.types.remove("null") || schema["nullable"] == true;
    let list = |name: &str| schema[name].as_array().cloned().unwrap_or_default();
    for part in list("allOf") {
        collect(root, &part, at, required, depth + 1, found);
    }
    let alternatives = list("anyOf").into_iter().chain(list("oneOf")).map(|part| {
        let mut alternative = BTreeMap::new();
        collect(root, &part, at, required, depth + 1, &mut alternative);
        alternative
    });
    let alternatives: Vec<BTreeMap<String, Member>> = alternatives.collect();
    for (path, member) in alternatives.iter().flatten() {
        let known = found.entry(path.clone()).or_default();
        known.types.extend(member.types.iter().cloned());
        known.nullable |= member.nullable;
        // What one alternative can do without is not required.
        known.required |= alternatives.iter().all(|a| a.get(path).is_some_and(|m| m.required));
    }
    if schema.get("items").is_some() {
        collect(root, &schema["items"], &format!("{at}[]"), false, depth + 1, found);
    }
    if schema["additionalProperties"].is_object() {
        collect(root, &schema["additionalProperties"], &join(at, "*"), false, depth + 1, found);
    }
    let needed: BTreeSet<String> = list("required").iter().filter_map(Json::as_str).map(str::to_owned).collect();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        collect(root, property, &join(at, name), needed.contains(name), depth + 1, found);
    }
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
