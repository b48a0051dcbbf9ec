//! Mistakes in how a definition speaks messages: each named with its code and place.

use offramp::connector::compile;

use super::DEFINITION;

/// What is planted, where in the sound definition, the code it is refused with, and what the caret points at.
const PLANTED: &[(&str, &str, &str, &str, &str)] = &[
    (
        "a transport of messages without a reply",
        "    reply: \"hub/reply/{{ message.op }}/{{ client.id }}\"\n",
        "",
        "C040",
        "queue:",
    ),
    (
        "a transport of messages without a status",
        "    status: 'if .answer.body.outcome == \"ok\" { 200 } else { .answer.body.reason }'\n",
        "",
        "C040",
        "queue:",
    ),
    ("replies, but nothing published", "    publish: hub/ask\n", "", "C040", "queue:"),
    (
        "a way chosen by what is not known yet",
        "when: .account.over == \"web\"",
        "when: .input.id == \"web\"",
        "C041",
        ".input.id == \"web\"",
    ),
    (
        "a way chosen by a key that is none",
        "when: .account.over == \"web\"",
        "when: .account.under == \"web\"",
        "C010",
        "account.under",
    ),
    (
        "a way chosen by a secret",
        "when: .account.over == \"web\"",
        "when: .account.pass == \"web\"",
        "C011",
        "account.pass",
    ),
    ("a status made of something else", "'if .answer.body.outcome", "'if .account.over", "C041", "if .account.over"),
    ("a wildcard to publish on", "publish: hub/ask", "publish: hub/+/ask", "C042", "hub/+/ask"),
    (
        "a wildcard to listen to",
        "hub/reply/{{ message.op }}/{{ client.id }}",
        "hub/reply/{{ message.op }}/#",
        "C042",
        "hub/reply/{{ message.op }}/#",
    ),
    ("a secret in a topic", "publish: hub/ask", "publish: \"hub/{{ account.pass }}\"", "C011", "hub/{{ account.pass"),
    (
        "a step in a topic",
        "publish: hub/ask",
        "publish: \"hub/{{ get_user.body.hub }}/{{ input.nobody }}\"",
        "C010",
        "hub/{{ get_user",
    ),
    ("the message outside of a topic", "path: /me,", "path: \"/me/{{ message.op }}\",", "C010", "/me/{{ message"),
    ("credentials for a way that is none", "transport: web", "transport: wire", "C043", "wire"),
    ("headers for messages", "transport: web", "transport: queue", "C043", "Bearer {{ account.pass"),
    (
        "a way without credentials",
        "transports:\n",
        "transports:\n  second: { url: x, publish: a, reply: b, correlate: c, status: .answer.body.d }\n",
        "C043",
        "second:",
    ),
    (
        "a session of nothing",
        "    username: \"{{ account.user }}\"\n    password: \"{{ account.password }}\"\n",
        "",
        "C030",
        "transport: queue",
    ),
    ("half a login", "    username: \"{{ account.user }}\"\n", "", "C030", "transport: queue"),
    (
        "a call that has no form as a message",
        "    message: { op: user/get, user: \"{{ to_int(.input.id) ?? null }}\" }\n",
        "",
        "C044",
        "get_user:\n",
    ),
    ("a call that has no form over HTTP", "    path: \"/users/{{ input.id }}\"\n", "", "C044", "get_user:\n"),
    (
        "the check, read elsewhere too, without a message",
        "reads: [{ name: get_user }]",
        "reads: [{ name: get_user }, { name: me }]",
        "C044",
        "me: {",
    ),
    (
        "a message that is a list",
        "message: { op: user/get, user: \"{{ to_int(.input.id) ?? null }}\" }",
        "message: [user/get]",
        "C046",
        "get_user:\n",
    ),
    (
        "a listing in pages by messages",
        "    unwrap: { queue: found.user }\n",
        "    paginate: { list: roles, next: .answer.body.next, param: page, max_pages: 2 }\n",
        "C046",
        "get_user:\n",
    ),
    (
        "an unwrapped write",
        "            success: { status: [200, 204] }",
        "            unwrap: { queue: found }\n            success: { status: [200, 204] }",
        "C047",
        "name: unassign",
    ),
    ("unwrapped of a way that is none", "unwrap: { queue:", "unwrap: { wire:", "C043", "wire"),
    ("an index in what is unwrapped", "found.user", "\"found[0]\"", "C021", "found[0]"),
    ("what a session's messages do not take", "{{ token.pass }}", "{{ token.other }}", "C010", "token.other"),
];

#[test]
fn every_planted_mistake_is_named_with_its_code_and_place() {
    compile("hub/connector.yaml", DEFINITION).unwrap_or_else(|error| panic!("{}", error.render()));
    let mut wrong = Vec::new();
    for (what, sound, planted, code, needle) in PLANTED {
        assert!(DEFINITION.contains(sound), "{what}: {sound} is not in the sound definition");
        let text = DEFINITION.replacen(sound, planted, 1);
        let Err(error) = compile("hub/connector.yaml", &text) else {
            wrong.push(format!("{what}: loads"));
            continue;
        };
        let before = &text[..text.find(needle).unwrap_or_else(|| panic!("{what}: {needle} is not in the text"))];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let place = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        if (error.code.as_str(), (error.line, error.column)) != (code, place) {
            wrong.push(format!("{what}: expected {code} at {place:?}, got\n{}", error.render()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_message_without_a_transport_that_carries_it_is_refused() {
    let start = DEFINITION.find("transports:").unwrap();
    let end = DEFINITION.find("account:\n").unwrap();
    let text = format!("{}{}", &DEFINITION[..start], &DEFINITION[end..]);
    let from = text.find("  - scheme: session").unwrap();
    let to = text.find("check: me").unwrap();
    let text = format!("{}{}", &text[..from], &text[to..])
        .replace("    transport: web\n", "")
        .replace("    unwrap: { queue: found.user }\n", "");
    let error = compile("hub/connector.yaml", &text).map(|connector| connector.slug).unwrap_err();
    assert_eq!(error.code, "C045", "{}", error.render());
}

#[test]
fn what_each_set_needs_is_read_from_all_of_it() {
    let connector = compile("hub/connector.yaml", DEFINITION).unwrap_or_else(|error| panic!("{}", error.render()));
    let needs: Vec<String> = connector.auth.iter().map(|set| set.needs.join("+")).collect();
    assert_eq!(needs, ["pass", "user+password", "renewal", "pass"]);
}
