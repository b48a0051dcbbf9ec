//! `docs/connectors.md` is whole and true: it names every key, code, function and field there is, and its example works.

use std::collections::BTreeSet;
use std::path::Path;

use offramp::connector::{DefinitionError, Document, check, compile, schema};
use offramp::model::{FieldType, USER_FIELDS};
use serde_json::Value as Json;

const DOCS: &str = include_str!("../../docs/connectors.md");

/// The code blocks of a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("```{language}\n");
    DOCS.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

/// The words in inline code.
fn words() -> BTreeSet<&'static str> {
    let prose = DOCS.split("```").step_by(2);
    let spans = prose.flat_map(|text| text.split('`').skip(1).step_by(2));
    spans.flat_map(|span| span.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))).collect()
}

fn example() -> &'static str {
    blocks("yaml").into_iter().find(|block| block.starts_with("schema: 1")).unwrap()
}

#[test]
fn the_worked_example_compiles_and_checks_clean() {
    compile("docs/connectors.md", example()).unwrap_or_else(|error| panic!("{}", error.render()));
    let document = Document {
        file: "ledger/connector.yaml".to_owned(),
        text: example().into(),
        folder: "ledger".to_owned(),
        case: ("ledger/cases/unassign-role.yaml".to_owned(), true),
    };
    let findings = check(&[document]);
    assert!(findings.is_empty(), "{}", findings.iter().map(DefinitionError::render).collect::<String>());
}

/// Each snippet stands in the place of the example's own part, and the whole still compiles.
#[test]
fn every_other_snippet_compiles_in_its_place() {
    let sound: Json = serde_saphyr::from_str(example()).unwrap();
    let snippets = blocks("yaml").into_iter().filter(|block| !block.starts_with("schema: 1"));
    let mut count = 0;
    for snippet in snippets {
        let parsed: Json = serde_saphyr::from_str(snippet).unwrap_or_else(|error| panic!("{snippet}\n{error}"));
        let mut whole = sound.clone();
        if let Some(auth) = parsed.get("auth") {
            whole["auth"] = auth.clone();
            for key in ["token", "user", "password"] {
                whole["account"][key] = serde_json::json!({ "secret": key != "user" });
            }
        } else if let Some(next) = parsed.get("next") {
            whole["reads"]["list_held"]["paginate"]["next"] = next.clone();
        } else {
            whole["operations"]["users.unassign-role"]["steps"] = parsed.clone();
        }
        let text = serde_json::to_string_pretty(&whole).unwrap();
        compile("snippet", &text).unwrap_or_else(|error| panic!("{snippet}\n{}", error.render()));
        count += 1;
    }
    assert!(count >= 4, "{count} snippets");
}

#[test]
fn every_key_of_the_format_is_named() {
    fn keys(schema: &Json, found: &mut BTreeSet<String>) {
        match schema {
            Json::Object(object) => {
                found.extend(
                    object.get("properties").and_then(Json::as_object).into_iter().flat_map(|it| it.keys().cloned()),
                );
                object.values().for_each(|inner| keys(inner, found));
            }
            Json::Array(list) => list.iter().for_each(|inner| keys(inner, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    keys(&schema(), &mut found);
    assert!(found.len() > 90, "{found:?}");
    let words = words();
    let named = |key: &String| key.split('.').all(|part| words.contains(part));
    let missing: Vec<&String> = found.iter().filter(|key| !named(key)).collect();
    assert!(missing.is_empty(), "docs/connectors.md does not name {missing:?}");
}

#[test]
fn every_word_that_a_key_may_have_is_named() {
    fn constants(schema: &Json, found: &mut BTreeSet<String>) {
        match schema {
            Json::Object(object) => {
                for name in ["const", "enum"] {
                    let values = object.get(name).map(|value| value.as_array().cloned().unwrap_or(vec![value.clone()]));
                    found.extend(values.into_iter().flatten().filter_map(|value| Some(value.as_str()?.to_owned())));
                }
                object.values().for_each(|inner| constants(inner, found));
            }
            Json::Array(list) => list.iter().for_each(|inner| constants(inner, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    constants(&schema(), &mut found);
    // Words of the gateway's own, which `check` refuses in a definition.
    for own in ["unauthenticated", "forbidden", "internal"] {
        assert!(found.remove(own), "{own}");
    }
    let words = words();
    let missing: Vec<&String> = found.iter().filter(|word| !words.contains(word.as_str())).collect();
    assert!(missing.is_empty(), "docs/connectors.md does not name {missing:?}");
}

#[test]
fn every_code_of_the_lints_is_explained_and_no_other() {
    let mut codes = BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connector/lint")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        codes.extend(text.match_indices("\"L0").map(|(at, _)| text[at + 1..at + 5].to_owned()));
    }
    let explained = DOCS.lines().filter_map(|line| line.strip_prefix("| L")).map(|line| format!("L{}", &line[..3]));
    assert_eq!(codes, explained.collect());
}

#[test]
fn every_function_that_may_be_called_is_listed_and_no_other() {
    let source = include_str!("../../src/expression/functions.rs");
    let list = source.split("PURE: &[&str] = &[").nth(1).unwrap().split("];").next().unwrap();
    let mut allowed: BTreeSet<&str> = list.split('"').skip(1).step_by(2).collect();
    allowed.insert("first_where");
    let section = DOCS.split("**Functions.**").nth(1).unwrap();
    let listed = section.split("\n\n").nth(1).unwrap();
    assert_eq!(allowed, listed.split('`').skip(1).step_by(2).collect());
}

#[test]
fn every_field_of_the_unified_user_is_listed() {
    let section = DOCS.split("### user").nth(1).unwrap();
    for (name, holds) in USER_FIELDS {
        let line = section.lines().find(|line| line.contains(&format!("`{name}`")));
        let line = line.unwrap_or_else(|| panic!("{name} is not listed"));
        if let FieldType::List(members) = holds {
            let own = line.split(&format!("`{name}`")).nth(1).unwrap().split(')').next().unwrap();
            for (member, _) in *members {
                assert!(own.contains(&format!("`{member}`")), "{name}.{member} is not listed");
            }
        }
    }
}
