//! Mistakes in how a definition says that calls are authenticated: each named with its code and place.

use offramp::connector::{DefinitionError, compile};

const SOUND: &str = r#"schema: 1
slug: acme
label: Acme
docs: https://acme.example/docs
base_url: https://acme.example
account:
  name: {}
  key: { secret: true }
  renewal: { secret: true }
  access: { secret: true }
auth:
  - scheme: oauth2_password
    token_url: /own/token
    client_id: "{{ account.name }}"
    username: "{{ account.name }}"
    password: "{{ account.key }}"
  - scheme: token
    request: { path: /token/new, body: { renewal: "{{ account.renewal }}" } }
    renew: { path: /token/next, body: { renewal: "{{ token.next }}" } }
    take: { token: accessToken, next: refreshToken }
    keep: { renewal: refreshToken }
    headers: { x-token: "{{ token.token }}" }
    errors:
      - { when: { status: 403 }, kind: credentials_rejected }
  - scheme: headers
    headers: { x-key: "{{ account.access }}" }
check: get_user
errors:
  - { when: { status: 4xx }, kind: invalid_request }
reads:
  get_user: { method: GET, path: "/users/{{ input.id }}", success: { status: 200 } }
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
          call: { method: DELETE, path: "/users/{{ input.id }}/roles/{{ item.role.id }}", success: { status: 204 } }
proof:
  reads: [{ name: get_user }]
  holds: { in: .get_user.body.roles, where: { id: "{{ item.role.id }}" } }
user:
  from: [{ step: get_user, fields: { name: .get_user.body.name } }]
"#;

/// What is planted, where in the sound definition, the code it is refused with, and what the caret points at.
const PLANTED: &[(&str, &str, &str, &str, &str)] = &[
    ("a grant without its password", "    password: \"{{ account.key }}\"\n", "", "C030", "token_url: /own/token"),
    (
        "a member of another grant",
        "    password: \"{{ account.key }}\"\n",
        "    password: \"{{ account.key }}\"\n    refresh_token: \"{{ account.renewal }}\"\n",
        "C030",
        "token_url: /own/token",
    ),
    (
        "a client without a secret in a header",
        "    client_id:",
        "    client: basic\n    client_id:",
        "C030",
        "token_url: /own/token",
    ),
    ("a form and a body at once", "{ path: /token/new,", "{ path: /token/new, form: { a: b },", "C030", "/token/new"),
    (
        "no word on which member is the token",
        "token: accessToken, next",
        "access: accessToken, next",
        "C031",
        "/token/new",
    ),
    (
        "no header that carries the token",
        "x-token: \"{{ token.token }}\"",
        "x-token: \"{{ account.renewal }}\"",
        "C032",
        "/token/new",
    ),
    (
        "a key kept that is no secret",
        "keep: { renewal: refreshToken }",
        "keep: { name: refreshToken }",
        "C033",
        "name: refreshToken",
    ),
    (
        "a key kept that is none",
        "keep: { renewal: refreshToken }",
        "keep: { colour: refreshToken }",
        "C033",
        "colour: refreshToken",
    ),
    ("a set that needs nothing", "x-key: \"{{ account.access }}\"", "x-key: anonymous", "C034", "anonymous"),
    (
        "a set behind one that needs less",
        "x-key: \"{{ account.access }}\"",
        "x-key: \"{{ account.renewal }} {{ account.access }}\"",
        "C034",
        "{{ account.renewal }} {{ account.access }}",
    ),
    ("a member of the token that is not taken", "{{ token.next }}", "{{ token.other }}", "C010", "token.other"),
    (
        "the token of another set",
        "\"{{ account.access }}\"",
        "\"{{ account.access }}{{ token.other }}\"",
        "C010",
        "{{ account.access }}{{",
    ),
    ("the token in a call", "/users/{{ input.id }}\"", "/users/{{ token.token }}\"", "C010", "/users/{{ token"),
    (
        "a secret in the token call's address",
        "path: /token/new",
        "path: \"/token/{{ account.key }}\"",
        "C011",
        "/token/{{ account.key",
    ),
    (
        "a secret in its query",
        "path: /token/new,",
        "path: /token/new, query: { key: \"?{{ account.key }}\" },",
        "C011",
        "?{{ account.key",
    ),
    ("a method that is none", "{ path: /token/new", "{ method: P ST, path: /token/new", "C009", "P ST"),
    ("a path that is none", "token: accessToken", "token: access token", "C006", "access token"),
    (
        "an account key nothing feeds",
        "renewal: \"{{ account.renewal }}\"",
        "renewal: \"{{ account.nobody }}\"",
        "C010",
        "account.nobody",
    ),
    ("a status that is none", "status: 403", "status: 4O3", "X06", "4O3"),
];

fn mistake(text: &str) -> DefinitionError {
    compile("acme/connector.yaml", text).map(|connector| connector.slug).unwrap_err()
}

fn place_of(text: &str, needle: &str) -> (usize, usize) {
    let before = &text[..text.find(needle).unwrap_or_else(|| panic!("{needle} is not in the text"))];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[test]
fn the_sound_definition_compiles_and_says_what_each_set_needs() {
    let connector = compile("acme/connector.yaml", SOUND).unwrap_or_else(|error| panic!("{}", error.render()));
    let needs: Vec<String> = connector.auth.iter().map(|set| set.needs.join("+")).collect();
    assert_eq!(needs, ["name+key", "renewal", "access"]);
}

#[test]
fn every_planted_mistake_is_named_with_its_code_and_place() {
    let mut wrong = Vec::new();
    for (what, sound, planted, code, needle) in PLANTED {
        assert!(SOUND.contains(sound), "{what}: {sound} is not in the sound definition");
        let text = SOUND.replacen(sound, planted, 1);
        let error = mistake(&text);
        let place = place_of(&text, needle);
        if (error.code.as_str(), (error.line, error.column)) != (code, place) {
            wrong.push(format!("{what}: expected {code} at {place:?}, got\n{}", error.render()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_not_known_is_refused() {
    for (sound, planted) in [
        ("    take: {", "    colour: red\n    take: {"),
        ("scheme: token", "scheme: telepathy"),
        ("kind: credentials_rejected", "kind: credentials_rejected, outcome: failed"),
        ("    client_id:", "    rejected: [{ status: 403 }]\n    client_id:"),
    ] {
        assert_eq!(mistake(&SOUND.replacen(sound, planted, 1)).code, "C001", "{planted}");
    }
}
