//! Each document is an OpenAPI document as far as it is used: what is misspelt or leads nowhere is found.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::{PROVIDERS, document};
use offramp::suite::documents::Documents;

/// The words of JSON Schema that the documents need.
const KEYWORDS: [&str; 22] = [
    "$ref",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "pattern",
    "format",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "deprecated",
];

fn each_schema(json: &Json, at: &str, visit: &mut dyn FnMut(&str, &Json)) {
    let Json::Object(members) = json else {
        let items = json.as_array().into_iter().flatten().enumerate();
        items.for_each(|(index, item)| each_schema(item, &format!("{at}/{index}"), visit));
        return;
    };
    for (name, value) in members {
        let here = format!("{at}/{name}");
        match name.as_str() {
            "schema" | "request" | "reply" if value.is_object() => schema(value, &here, visit),
            "schemas" | "$defs" => {
                value.as_object().into_iter().flatten().for_each(|(n, s)| schema(s, &format!("{here}/{n}"), visit));
            }
            _ => each_schema(value, &here, visit),
        }
    }
}

fn schema(json: &Json, at: &str, visit: &mut dyn FnMut(&str, &Json)) {
    visit(at, json);
    for (name, value) in json.as_object().into_iter().flatten() {
        let here = format!("{at}/{name}");
        match (name.as_str(), value) {
            ("properties", Json::Object(members)) => {
                members.iter().for_each(|(n, s)| schema(s, &format!("{here}/{n}"), visit));
            }
            ("allOf" | "anyOf" | "oneOf", Json::Array(several)) => several.iter().for_each(|s| schema(s, &here, visit)),
            ("items" | "additionalProperties" | "not", _) => schema(value, &here, visit),
            _ => {}
        }
    }
}

#[test]
fn schemas_use_known_words_and_references_lead_somewhere() {
    let mut wrong = Vec::new();
    for name in PROVIDERS.into_iter().chain(["devicehive-messages"]) {
        let document = document(name);
        each_schema(&document, "", &mut |at, schema| {
            for word in schema.as_object().into_iter().flatten().map(|(word, _)| word) {
                if !KEYWORDS.contains(&word.as_str()) {
                    wrong.push(format!("{name}{at}: {word}"));
                }
            }
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str);
            for member in required.filter(|member| schema["properties"].get(member).is_none()) {
                wrong.push(format!("{name}{at}: requires {member}, which it does not describe"));
            }
        });
        for reference in references(&document) {
            if document.pointer(reference.trim_start_matches('#')).is_none() {
                wrong.push(format!("{name}: {reference} leads nowhere"));
            }
        }
        let unused: Vec<String> = components(&document).difference(&references(&document)).cloned().collect();
        assert!(unused.is_empty(), "{name}: nothing uses {unused:?}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn references(json: &Json) -> BTreeSet<String> {
    let nested = match json {
        Json::Object(members) => members.values().flat_map(references).collect(),
        Json::Array(items) => items.iter().flat_map(references).collect(),
        _ => BTreeSet::new(),
    };
    nested.into_iter().chain(json.get("$ref").and_then(Json::as_str).map(str::to_owned)).collect()
}

fn components(document: &Json) -> BTreeSet<String> {
    let kinds = ["schemas", "responses", "parameters"].into_iter();
    let components = kinds.flat_map(|kind| {
        let names = document["components"][kind].as_object().into_iter().flatten();
        names.map(move |(name, _)| format!("#/components/{kind}/{name}"))
    });
    components.collect()
}

#[test]
fn operations_have_names_of_their_own() {
    for name in PROVIDERS {
        let document = document(name);
        let mut known = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for operation in item.as_object().unwrap().values().filter_map(|o| o["operationId"].as_str()) {
                assert!(known.insert(operation.to_owned()), "{name}{path}: {operation} is there twice");
            }
        }
    }
}

/// A document with one operation, and one thing changed in it.
fn refusal(change: impl FnOnce(&mut Json)) -> String {
    let mut document = json!({
        "openapi": "3.1.1",
        "info": {"title": "Small", "version": "1"},
        "servers": [{"url": "https://small.example/base"}],
        "security": [{"key": []}],
        "paths": {"/things/{id}": {"get": {
            "operationId": "getThing",
            "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}}],
            "responses": {"200": {"description": "A thing", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}},
        }}},
        "components": {
            "schemas": {"Thing": {"type": "object", "properties": {"id": {"type": "integer"}}}},
            "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        },
    });
    change(&mut document);
    match Documents::default().add("small", &document.to_string()) {
        Ok(()) => "it is taken".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_document_with_a_mistake_is_refused_with_its_place() {
    assert_eq!(refusal(|_| {}), "it is taken");
    let get = "/paths/~1things~1{id}/get";
    let cases: [(&str, &str, Json, &str); 7] = [
        ("/openapi", "", json!("3.0.3"), "small.json: openapi: 3.0.3 is not 3.1"),
        (get, "operationID", json!("x"), "GET /things/{id}: unknown field `operationID`"),
        (get, "security", json!([{"other": []}]), "GET /things/{id}: there is no security scheme `other`"),
        (get, "parameters", json!([]), "GET /things/{id}: its path has the parameters {\"id\"}, and it declares {}"),
        (
            &format!("{get}/responses/200/content/application~1json"),
            "schema",
            json!({"$ref": "#/components/schemas/Nothing"}),
            "small.json: GET /things/{id} 200 application/json: Pointer",
        ),
        ("/components/schemas/Thing", "type", json!("objekt"), "small.json: GET /things/{id} 200 application/json"),
        ("/paths/~1things~1{id}", "gett", json!({}), "/things/{id}: unknown field `gett`"),
    ];
    for (at, member, value, said) in cases {
        let refusal = refusal(|document| {
            let place = document.pointer_mut(at).unwrap();
            if member.is_empty() { *place = value } else { place[member] = value }
        });
        assert!(refusal.contains(said), "{at} {member}: {refusal}");
    }
}
