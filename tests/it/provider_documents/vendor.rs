//! Our documents and the providers' own agree, but for what `deviations.yaml` says; and nothing is said there in vain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::differences::differences;
use super::{PROVIDERS, document, folder, json_file};

/// A stated deviation from the provider's document.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    /// Operations such as `GET /users`; `*` is all of them.
    operation: OneOrMore,
    what: OneOrMore,
    reason: Reason,
    because: String,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reason {
    /// There is no document of the provider's; both sides are put together from other sources.
    Reconstructed,
    /// The provider's document does not say.
    Silent,
    /// The provider's page, or its code, says otherwise.
    PageSaysOtherwise,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(String),
    More(Vec<String>),
}

impl OneOrMore {
    fn all(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::More(more) => more,
        }
    }
}

fn stated() -> BTreeMap<String, Vec<Stated>> {
    let path = folder().join("deviations.yaml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap())
        .unwrap_or_else(|error| panic!("deviations.yaml: {error}"))
}

/// What differs and is not stated, and what is stated and does not differ.
fn verdict(found: &BTreeMap<String, BTreeSet<String>>, stated: &[Stated]) -> Vec<String> {
    let mut open: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (operation, differences) in found {
        open.extend(differences.iter().map(|difference| (operation.as_str(), difference.as_str())));
    }
    let all = open.clone();
    let mut wrong = Vec::new();
    for deviation in stated {
        for operation in deviation.operation.all() {
            for what in deviation.what.all() {
                let covered = all.iter().filter(|(o, w)| (operation == "*" || o == operation) && w == what);
                let covered: Vec<_> = covered.collect();
                if covered.is_empty() {
                    wrong.push(format!("stated, and not so: {operation}: {what}"));
                }
                covered.into_iter().for_each(|difference| {
                    open.remove(difference);
                });
            }
        }
    }
    wrong.extend(open.iter().map(|(operation, what)| format!("not stated: {operation}: {what}")));
    wrong
}

#[test]
fn our_documents_agree_with_the_providers_own() {
    let vendors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vendor-specs");
    if !vendors.is_dir() {
        // Past the harness, which keeps to itself what a passing test prints.
        let line = "our documents were NOT compared with the providers' own";
        writeln!(std::io::stderr(), "\n!!! {} is absent: {line} !!!\n", vendors.display()).unwrap();
        return;
    }
    let stated = stated();
    let mut wrong = Vec::new();
    for slug in PROVIDERS {
        let names = [slug.to_owned(), format!("{slug}-rest")];
        let theirs = names.iter().map(|name| vendors.join(format!("{name}.json"))).find(|path| path.is_file());
        let theirs = json_file(&theirs.unwrap_or_else(|| panic!("no document of {slug} in {}", vendors.display())));
        let found = differences(&document(slug), &theirs);
        let stated = stated.get(slug).map(Vec::as_slice).unwrap_or_default();
        wrong.extend(verdict(&found, stated).into_iter().map(|line| format!("{slug}: {line}")));
    }
    assert!(wrong.is_empty(), "{} disagreements:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_deviation_has_its_reason_and_is_of_a_known_operation() {
    for (slug, stated) in stated() {
        let document = document(&slug);
        for deviation in stated {
            // Known words alone are read; what is left to see is that somebody took the trouble of a sentence.
            let (Reason::Reconstructed | Reason::Silent | Reason::PageSaysOtherwise) = deviation.reason;
            assert!(deviation.because.split_whitespace().count() >= 4, "{slug}: {}", deviation.because);
            for operation in deviation.operation.all().iter().filter(|operation| *operation != "*") {
                let (method, path) = operation.split_once(' ').unwrap();
                let known = document["paths"].get(path).and_then(|item| item.get(method.to_lowercase()));
                assert!(known.is_some(), "{slug}: there is no {operation}");
            }
        }
    }
}

fn small() -> Json {
    json!({"paths": {"/users/{id}": {"put": {
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "force", "in": "query", "schema": {"type": "boolean"}},
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "type": "object",
            "required": ["roles"],
            "properties": {"roles": {"type": "array", "items": {"type": "string"}}},
        }}}},
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/User"}}}},
            "404": {},
        },
    }}}, "components": {"schemas": {"User": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "name": {"type": ["string", "null"]}},
    }}}})
}

fn stating(what: &str) -> Vec<Stated> {
    let because = "a reason for the test".to_owned();
    vec![Stated {
        operation: OneOrMore::One("*".to_owned()),
        what: OneOrMore::One(what.to_owned()),
        reason: Reason::Silent,
        because,
    }]
}

#[test]
fn a_planted_disagreement_is_found_and_may_be_stated() {
    let put = "/paths/~1users~1{id}/put";
    let cases: [(&str, &str, Json, &str); 10] = [
        ("/paths/~1users~1{id}", "put", Json::Null, "operation: not in the provider's document"),
        (&format!("{put}/parameters/1"), "name", json!("hard"), "query.force: not in the provider's document"),
        (
            &format!("{put}/parameters/1"),
            "required",
            json!(true),
            "query.force: required in the provider's document, not here",
        ),
        (
            &format!("{put}/parameters/1/schema"),
            "type",
            json!("string"),
            "query.force: boolean here, string in the provider's document",
        ),
        (
            &format!("{put}/requestBody/content/application~1json/schema/properties/roles/items"),
            "type",
            json!("integer"),
            "body application/json roles[]: string here, integer in the provider's document",
        ),
        (
            &format!("{put}/requestBody/content/application~1json/schema"),
            "required",
            json!([]),
            "body application/json roles: required here, not in the provider's document",
        ),
        (&format!("{put}/responses"), "204", json!({}), "answer 204: only in the provider's document"),
        (&format!("{put}/responses"), "404", Json::Null, "answer 404: not in the provider's document"),
        ("/components/schemas/User/properties", "name", Json::Null, "answer 200 name: not in the provider's document"),
        (
            "/components/schemas/User/properties/id",
            "nullable",
            json!(true),
            "answer 200 id: may be null in the provider's document, not here",
        ),
    ];
    for (at, member, value, said) in cases {
        let mut theirs = small();
        let place = theirs.pointer_mut(at).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            place.shift_remove(member);
        } else {
            place.insert(member.to_owned(), value);
        }
        let found = differences(&small(), &theirs);
        let verdict_of = |stated: &[Stated]| verdict(&found, stated);
        let line = format!("not stated: PUT /users/{{id}}: {said}");
        assert!(verdict_of(&[]).contains(&line), "{said}: {:?}", verdict_of(&[]));
        assert!(!verdict_of(&stating(said)).contains(&line), "{said} was stated");
    }
}

#[test]
fn a_deviation_stated_in_vain_is_found() {
    let found = differences(&small(), &small());
    assert_eq!(verdict(&found, &[]), Vec::<String>::new());
    assert_eq!(
        verdict(&found, &stating("answer 404: only in the provider's document")),
        ["stated, and not so: *: answer 404: only in the provider's document"]
    );
}
