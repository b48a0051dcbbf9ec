//! The JSON Schema of `connector.yaml`: the committed one is what the types say, and it takes what the loader takes.

use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::Value as Json;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&offramp::connector::schema()).unwrap()
}

fn definitions() -> Vec<(PathBuf, Json)> {
    let mut definitions = Vec::new();
    for entry in std::fs::read_dir(root().join("connectors")).unwrap() {
        let file = entry.unwrap().path().join("connector.yaml");
        if let Ok(text) = std::fs::read_to_string(&file) {
            definitions.push((file, serde_saphyr::from_str(&text).unwrap()));
        }
    }
    definitions
}

fn complaints(validator: &Validator, definition: &Json) -> Vec<String> {
    validator.iter_errors(definition).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn the_committed_schema_is_the_types_own() {
    let committed: Json = serde_json::from_str(include_str!("../../openapi/connector.schema.json")).unwrap();
    assert_eq!(
        offramp::connector::schema(),
        committed,
        "run `make generated` and commit openapi/connector.schema.json"
    );
}

#[test]
fn every_shipped_definition_is_valid() {
    let validator = validator();
    let definitions = definitions();
    assert!(definitions.len() >= 3);
    for (file, definition) in definitions {
        let complaints = complaints(&validator, &definition);
        assert!(complaints.is_empty(), "{}:\n{}", file.display(), complaints.join("\n"));
    }
}

#[test]
fn an_unknown_key_is_refused_wherever_it_is_planted() {
    let validator = validator();
    let (_, sound) = definitions().into_iter().find(|(file, _)| file.ends_with("guardhouse/connector.yaml")).unwrap();
    let places = [
        "",
        "/account/tenant",
        "/auth/0",
        "/errors/0",
        "/errors/0/when",
        "/reads/get_user",
        "/reads/find_user/paginate",
        "/inputs/id",
        "/targets",
        "/lookups",
        "/lookups/user",
        "/lookups/role/0",
        "/operations",
        "/operations/users.unassign-role",
        "/operations/users.unassign-role/steps/0",
        "/operations/users.unassign-role/steps/0/write",
        "/operations/users.unassign-role/steps/0/write/call",
        "/proof",
        "/proof/reads/0",
        "/proof/holds",
        "/user",
        "/user/from/0",
    ];
    for place in places {
        let mut planted = sound.clone();
        let object = planted.pointer_mut(place).unwrap_or_else(|| panic!("{place} is not in the definition"));
        object.as_object_mut().unwrap().insert("colour".to_owned(), Json::from("red"));
        assert!(!validator.is_valid(&planted), "an unknown key in {place} is not noticed");
    }
}

#[test]
fn a_missing_key_and_a_wrong_word_are_refused() {
    let validator = validator();
    let (_, sound) = definitions().into_iter().find(|(file, _)| file.ends_with("guardhouse/connector.yaml")).unwrap();
    for key in
        ["schema", "slug", "base_url", "auth", "check", "errors", "reads", "inputs", "operations", "proof", "user"]
    {
        let mut planted = sound.clone();
        planted.as_object_mut().unwrap().remove(key).unwrap();
        assert!(!validator.is_valid(&planted), "a definition without {key} is taken");
    }
    for (place, wrong) in [
        ("/schema", Json::from(2)),
        ("/errors/0/kind", Json::from("oops")),
        ("/errors/0/when/status", Json::from("4yy")),
        ("/auth/0/scheme", Json::from("magic")),
        ("/inputs/id/at", Json::from("header")),
    ] {
        let mut planted = sound.clone();
        *planted.pointer_mut(place).unwrap() = wrong;
        assert!(!validator.is_valid(&planted), "a wrong {place} is taken");
    }
}

#[test]
fn every_key_says_what_it_is() {
    fn walk(schema: &Json, place: &str, silent: &mut Vec<String>) {
        let Some(object) = schema.as_object() else { return };
        for (name, property) in object.get("properties").and_then(Json::as_object).into_iter().flatten() {
            // A step has one key, and the step says what it is.
            let steps = object.contains_key("description")
                && object.get("required") == Some(&Json::from([name.as_str()].as_slice()));
            let says = property.get("description").is_some() || property.get("const").is_some() || steps;
            if !says {
                silent.push(format!("{place}.{name}"));
            }
        }
        for (name, inner) in object {
            match inner {
                Json::Object(_) => walk(inner, &format!("{place}/{name}"), silent),
                Json::Array(list) => list.iter().for_each(|one| walk(one, &format!("{place}/{name}"), silent)),
                _ => {}
            }
        }
    }
    let mut silent = Vec::new();
    walk(&offramp::connector::schema(), "", &mut silent);
    assert!(silent.is_empty(), "keys without a description:\n{}", silent.join("\n"));
}
