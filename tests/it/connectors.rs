//! The definitions that ship with the binary, and the loader's diagnostics.

use std::path::Path;

use offramp::connector::{DefinitionError, LoadError, Registry, compile};

fn loaded(registry: Result<Registry, LoadError>) -> Registry {
    registry.unwrap_or_else(|error| match error {
        LoadError::Definition(error) => panic!("{}", error.render()),
        error => panic!("{error}"),
    })
}

#[test]
fn the_embedded_definitions_compile() {
    let registry = loaded(offramp::connector::embedded());
    for slug in ["guardhouse", "jumpcloud", "slack-enterprise"] {
        assert!(registry.slugs().contains(&slug), "{slug} is not embedded");
    }
    for slug in registry.slugs() {
        if let Err(error) = registry.find(slug).unwrap() {
            panic!("{}", error.render());
        }
    }
    assert_eq!(registry.get("slackenterprise").map(|connector| connector.slug.as_str()), Some("slack-enterprise"));
}

#[test]
fn a_folder_of_definitions_loads_as_the_embedded_ones_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors");
    let registry = loaded(offramp::connector::from_directory(&folder));
    assert_eq!(registry.slugs(), loaded(offramp::connector::embedded()).slugs());
}

/// A definition without a mistake: each case below plants one.
const SOUND: &str = r#"schema: 1
slug: acme
label: Acme
docs: https://acme.example/docs
base_url: "https://{{ account.tenant }}.acme.example"
account:
  tenant: { required: true, pattern: "[a-z]+" }
  key: { required: true, secret: true }
auth:
  - scheme: headers
    headers: { x-key: "{{ account.key }}" }
check: get_user
errors:
  - { when: { status: 4xx }, kind: invalid_request }
reads:
  get_user:
    method: GET
    path: "/users/{{ input.id }}"
    success: { status: 200 }
inputs:
  id: { required: true, target: true }
  role.id: { required: true, target: true }

operations:
  users.unassign-role:
    steps:
      - write:
          name: unassign
          why: takes the role away
          repeatable: true
          call:
            method: DELETE
            path: "/users/{{ input.id }}/roles/{{ item.role.id }}"
            success: { status: 204 }

proof:
  reads: [{ name: get_user }]
  holds: { in: .get_user.body.roles, where: { id: "{{ item.role.id }}" } }

user:
  from:
    - step: get_user
      fields:
        name: .get_user.body.name
"#;

fn mistake(text: &str) -> DefinitionError {
    compile("acme/connector.yaml", text).map(|connector| connector.slug).unwrap_err()
}

/// The line and column, counted from 1, where `needle` first stands.
fn place_of(text: &str, needle: &str) -> (usize, usize) {
    let before = &text[..text.find(needle).unwrap_or_else(|| panic!("{needle} is not in the text"))];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[test]
fn the_sound_definition_compiles() {
    let connector = compile("acme/connector.yaml", SOUND);
    assert_eq!(connector.map(|connector| connector.slug).unwrap_or_else(|error| panic!("{}", error.render())), "acme");
}

/// What is planted, where in the sound definition, the code it is refused with, and what the caret points at.
const PLANTED: &[(&str, &str, &str, &str, &str)] = &[
    ("an unknown key", "label: Acme", "label: Acme\ncolour: red", "C001", "colour"),
    ("a wrong schema number", "schema: 1", "schema: 2", "C002", "schema"),
    ("another operation alone", "users.unassign-role:", "users.assign-role:", "C001", "users.assign-role"),
    (
        "no authentication",
        "auth:\n  - scheme: headers\n    headers: { x-key: \"{{ account.key }}\" }",
        "auth: []",
        "C004",
        "auth:",
    ),
    (
        "an error that means success",
        "errors:\n",
        "errors:\n  - { when: { status: 418 }, kind: conflict, outcome: removed }\n",
        "C001",
        "removed }",
    ),
    (
        "a stop that does not know the end",
        "    steps:\n",
        "    steps:\n      - stop: { when: .input.id == null, outcome: unknown, message: no }\n",
        "C001",
        "unknown, message",
    ),
    ("a header that is none", "x-key:", "\"x key\":", "C005", "x key"),
    ("a path that is none", "where: { id:", "where: { \"i d\":", "C006", "i d"),
    ("a bad regular expression", "\"[a-z]+\"", "\"[a-z\"", "C007", "[a-z\""),
    (
        "an unknown read in the proof",
        "reads: [{ name: get_user }]",
        "reads: [{ name: get_person }]",
        "C008",
        "get_person",
    ),
    ("an unknown read as the check", "check: get_user", "check: get_nobody", "C008", "get_nobody"),
    ("an unknown step of the user", "- step: get_user", "- step: get_face", "C008", "get_face"),
    ("a method that is none", "method: DELETE", "method: DEL ETE", "C009", "DEL ETE"),
    ("a step nothing feeds", ".get_user.body.name", ".get_person.body.name", "C010", "get_person.body.name"),
    (
        "an account key nothing feeds",
        "{{ account.tenant }}",
        "{{ account.region }}",
        "C010",
        "https://{{ account.region }}",
    ),
    (
        "a scope nothing feeds",
        "roles/{{ item.role.id }}\"",
        "roles/{{ item.cid }}\"",
        "C010",
        "/users/{{ input.id }}/roles",
    ),
    ("everything read at once", ".get_user.body.name", "encode_json(.)", "C010", "encode_json(.)"),
    (
        "a secret in a path",
        "roles/{{ item.role.id }}\"",
        "roles/{{ account.key }}\"",
        "C011",
        "/users/{{ input.id }}/roles",
    ),
    (
        "a secret in a header of calls",
        "check: get_user",
        "headers: { x-me: \"{{ account.key }}!\" }\ncheck: get_user",
        "C011",
        "{{ account.key }}!",
    ),
    (
        "success without a status",
        "success: { status: 204 }",
        "success: { body: { ok: true } }",
        "C012",
        "name: unassign",
    ),
    (
        "a read's success without a status",
        "success: { status: 200 }",
        "success: { body: { ok: true } }",
        "C012",
        "get_user:\n",
    ),
    ("an input that is none", "role.id: {", "person: {", "C014", "person:"),
    ("a scope from nowhere", "role.id: { required: true,", "cid: { from: [planet],", "C014", "planet"),
    (
        "a table nobody wrote",
        "operations:",
        "lookups: { role: [{ table: ranks, match: id, take: { id: id } }] }\noperations:",
        "C015",
        "ranks",
    ),
    ("a reading of a table nobody wrote", "name: .get_user.body.name", "name: .tables.ranks", "C015", "tables.ranks"),
    (
        "a look-up in nothing",
        "operations:",
        "lookups: { role: [{ match: id, take: { id: id } }] }\noperations:",
        "C015",
        "lookups:",
    ),
    ("no word on which element is the role", ", where: { id: \"{{ item.role.id }}\" }", "", "C016", "holds:"),
    ("an unknown unified field", "name: .get_user.body.name", "shoe_size: .get_user.body.name", "C017", "shoe_size:"),
    (
        "an expression that may fail",
        ".get_user.body.name",
        "number = to_int(.get_user.body.name); number",
        "E103",
        "to_int",
    ),
    (
        "an argument of another type",
        ".get_user.body.name",
        "upcase(.get_user.body.name)",
        "E110",
        ".get_user.body.name)",
    ),
    (
        "a mistake within a block of lines",
        "name: .get_user.body.name",
        "name: |\n          first = .get_user.body.name\n          second = to_int(first)\n          second",
        "E103",
        "to_int(first)",
    ),
    ("a failure as the value", ".get_user.body.name", "parse_json(\"1\")", "E100", "parse_json"),
    ("a failure waved through", ".get_user.body.name", "string!(.get_user.body.name)", "X01", "string!"),
    ("abort", ".get_user.body.name", "if .get_user.status == 1 { abort }", "X02", "if .get_user"),
    (
        "an assignment to the answers",
        ".get_user.body.name",
        ".get_user.body.name = 1",
        "X03",
        ".get_user.body.name = 1",
    ),
    ("the clock", ".get_user.body.name", "now()", "E105", "now"),
    ("an unclosed placeholder", "\"/users/{{ input.id }}\"", "\"/users/{{ input.id\"", "X04", "{{ input.id\""),
    ("a status that is none", "status: 4xx", "status: 4yy", "X06", "4yy"),
    ("a list of no statuses", "status: 4xx", "status: []", "X07", "status"),
    ("a text that is a number", "status: 4xx", "text: 404", "X07", "404"),
    ("a list of no texts", "status: 4xx", "text: []", "X07", "text"),
    (
        "a lock that reads one item, through a name",
        "    steps:\n",
        "    steps:\n      - let: { mine: .item.role.id }\n      - lock: \"{{ let.mine }}\"\n",
        "C018",
        "let.mine",
    ),
    (
        "a call of a group that reads one item",
        "          repeatable: true\n",
        "          repeatable: true\n          for: { by: .item.role.id, chunk: 2 }\n",
        "C018",
        "name: unassign",
    ),
    (
        "a cursor that nothing takes",
        "    success: { status: 200 }\n",
        "    success: { status: 200 }\n    paginate: { list: roles, next: .answer.body.next, max_pages: 2 }\n",
        "C023",
        "next: .answer",
    ),
    (
        "`.object` where there is none",
        "  holds: { in: .get_user.body.roles",
        "  holds: { in: .object.roles",
        "C010",
        "object.roles",
    ),
    (
        "a step called like a root",
        "  get_user:\n    method",
        "  item:\n    method: GET\n    path: /x\n    success: { status: 200 }\n  get_user:\n    method",
        "C019",
        "item:",
    ),
    (
        "a second write without a condition",
        "\nproof:",
        "      - write:\n          name: again\n          why: once more\n          repeatable: true\n          call: { method: DELETE, path: /x, success: { status: 204 } }\n\nproof:",
        "C020",
        "name: unassign",
    ),
    (
        "two ways to name the provider's object",
        "    - step: get_user\n",
        "    - step: get_user\n      at: list[0]\n      where: { id: x }\n",
        "C022",
        "list[0]",
    ),
];

#[test]
fn every_planted_mistake_is_named_with_its_code_and_place() {
    let mut wrong = Vec::new();
    for (what, sound, planted, code, needle) in PLANTED {
        assert_eq!(SOUND.matches(sound).count().min(1), 1, "{what}: {sound} is not in the sound definition");
        let text = SOUND.replacen(sound, planted, 1);
        let error = mistake(&text);
        let place = place_of(&text, needle);
        if (error.code.as_str(), (error.line, error.column)) != (code, place) {
            wrong.push(format!("{what}: expected {code} at {place:?}, got\n{error}\n{}", error.render()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_mistake_is_shown_with_its_line_and_a_caret() {
    for (what, sound, planted, code, _) in PLANTED {
        let text = SOUND.replacen(sound, planted, 1);
        let error = mistake(&text);
        let shown = error.render();
        let line = text.lines().nth(error.line - 1).unwrap_or_default().trim();
        assert!(shown.contains(line), "{what}: the line is not shown\n{shown}");
        assert!(
            shown.contains(code) && shown.contains(&format!(":{}:{}]", error.line, error.column)),
            "{what}\n{shown}"
        );
        let caret = shown.lines().any(|line| line.trim_start_matches([' ', '·']).starts_with(['─', '┬', '▲']));
        assert!(caret && shown.contains("here"), "{what}: no caret\n{shown}");
    }
}

#[test]
fn a_definition_that_writes_nothing_is_refused() {
    let start = SOUND.find("      - write:").unwrap();
    let end = SOUND.find("proof:").unwrap();
    let text = format!("{}      - read: {{ name: get_user }}\n{}", &SOUND[..start], &SOUND[end..]);
    let error = mistake(&text);
    assert_eq!((error.code.as_str(), (error.line, error.column)), ("C013", place_of(&text, "steps:")));
    assert!(error.render().contains("no step writes"), "{}", error.render());
}

/// A folder of so many sound definitions, and one whose expression does not compile.
fn folder_with_a_mistake(sound: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for index in 0..=sound {
        let own = folder.path().join(format!("acme-{index}"));
        let text = SOUND.replacen("slug: acme\n", &format!("slug: acme-{index}\n"), 1);
        let text = if index == 0 { text.replacen(".get_user.body.name", "now()", 1) } else { text };
        std::fs::create_dir(&own).unwrap();
        std::fs::write(own.join("connector.yaml"), text).unwrap();
    }
    folder
}

#[test]
fn a_mistake_among_few_definitions_is_found_at_the_start() {
    let folder = folder_with_a_mistake(3);
    let error = offramp::connector::from_directory(folder.path()).unwrap_err().to_string();
    assert!(error.contains("acme-0") && error.contains("E105"), "{error}");
}

#[test]
fn of_many_definitions_one_with_a_mistake_is_no_connector_and_the_others_are() {
    let folder = folder_with_a_mistake(120);
    let registry = loaded(offramp::connector::from_directory(folder.path()));
    assert_eq!(registry.slugs().len(), 121);
    let error = registry.find("acme-0").unwrap().unwrap_err();
    assert_eq!(
        (error.code.as_str(), (error.line, error.column > 0)),
        ("E105", (place_of(SOUND, ".get_user.body.name").0, true))
    );
    assert!(registry.get("acme-0").is_none());
    assert_eq!(registry.get("acme-120").map(|connector| connector.slug.as_str()), Some("acme-120"));
    assert!(registry.find("acme-121").is_none());
}
