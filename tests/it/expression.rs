//! Expressions, templates, matchers and projections by their public interface.

use bytes::Bytes;
use std::sync::Arc;

use offramp::expression::{
    AnswerMatcher, Answers, Expression, MatcherSource, Projection, Reading, Scope, TextTemplate, TreeTemplate, Value,
    from_json, to_json,
};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

/// Fills a path template whose placeholder is the user's id.
fn path_with(id: &Json) -> Result<String, String> {
    let template = TextTemplate::compile("/users/{{ input.id }}/roles").unwrap();
    let (input, nothing) = (from_json(&json!({ "id": id })), Value::Null);
    let mut out = String::new();
    let scope = Scope { input: &input, ..Scope::of_account(&nothing) };
    template.fill_path(&scope, &mut out).map(|()| out).map_err(|error| error.to_string())
}

fn text_with(template: &str, input: &Json) -> Result<Option<String>, String> {
    let (input, nothing) = (from_json(input), Value::Null);
    let template = TextTemplate::compile(template).unwrap();
    template.fill(&Scope { input: &input, ..Scope::of_account(&nothing) }).map_err(|error| error.to_string())
}

fn tree_with(template: &Json, input: &Json) -> Option<Json> {
    let (input, nothing) = (from_json(input), Value::Null);
    let template = TreeTemplate::compile(template).unwrap();
    template.fill(&Scope { input: &input, ..Scope::of_account(&nothing) }).map(|value| to_json(&value))
}

fn value_of(expression: &str, input: &Json) -> Json {
    let (input, nothing) = (from_json(input), Value::Null);
    let expression = Expression::compile(expression).unwrap();
    to_json(&expression.evaluate(&Scope { input: &input, ..Scope::of_account(&nothing) }))
}

#[test]
fn a_program_sees_what_a_path_sees() {
    let input = json!({ "id": "7", "roles": [{ "id": 1 }, { "id": 2 }] });
    assert_eq!(value_of(".input.roles[1].id", &input), json!(2));
    assert_eq!(value_of(".input.roles[-1].id", &input), json!(2));
    assert_eq!(value_of("upcase(string(.input.id) ?? \"none\") + \"!\"", &input), json!("7!"));
    assert_eq!(
        value_of("if exists(.input.id) && !exists(.input.name) { \"yes\" } else { \"no\" }", &input),
        json!("yes")
    );
    assert_eq!(value_of(".input.name", &input), json!(null));
}

#[test]
fn the_first_element_of_that_id_is_found_in_its_place() {
    let input = json!({ "id": "7", "users": [{ "id": "6" }, { "no": "id" }, 7, { "id": 7, "n": "a" }, { "id": "7", "n": "b" }],
        "deep": [{ "user": { "id": "7" }, "n": "c" }], "no_list": { "id": "7" } });
    assert_eq!(value_of("first_where(.input.users, \"id\", .input.id)", &input), json!({ "id": 7, "n": "a" }));
    assert_eq!(value_of("found = first_where(.input.users, \"id\", \"6\")\nfound.id", &input), json!("6"));
    assert_eq!(value_of("first_where(.input.deep, \"user.id\", 7).n", &input), json!("c"));
    for nothing in [
        ".input.users, \"id\", \"8\"",
        ".input.users, \"id\", null",
        ".input.no_list, \"id\", 7",
        ".input.none, \"id\", 7",
    ] {
        assert_eq!(value_of(&format!("first_where({nothing})"), &input), json!(null), "{nothing}");
    }
}

#[test]
fn where_to_look_for_an_element_is_said_when_the_program_is_compiled() {
    assert_eq!(
        Expression::compile("first_where(.a.body.list, \"id\", .input.id)").unwrap().reads(),
        [["a", "body", "list"].map(str::to_owned).to_vec(), ["input", "id"].map(str::to_owned).to_vec()]
    );
    for (wrong, said) in [
        ("first_where([1], \"id\", 1)", "unexpected expression"),
        ("first_where(.a, .b, 1)", "unexpected expression"),
        ("list = .a\nfirst_where(list.b, \"id\", 1)", "wants the list's path"),
        ("first_where(.a, \"\", 1)", "wants the list's path"),
    ] {
        let error = Expression::compile(wrong).unwrap_err();
        assert!(error.message.contains(said), "{wrong}: {error}");
    }
}

#[test]
fn a_value_in_a_path_is_one_segment() {
    assert_eq!(path_with(&json!("../x?y#z")).unwrap(), "/users/..%2Fx%3Fy%23z/roles");
    assert_eq!(path_with(&json!("a b+c%2F;:@&=é\n")).unwrap(), "/users/a%20b%2Bc%252F%3B%3A%40%26%3D%C3%A9%0A/roles");
    assert_eq!(path_with(&json!("A-z_0.9~")).unwrap(), "/users/A-z_0.9~/roles");
    assert_eq!(path_with(&json!(42)).unwrap(), "/users/42/roles");
}

#[test]
fn what_would_be_another_path_is_refused() {
    for id in [json!(""), json!("."), json!("..")] {
        let error = path_with(&id).unwrap_err();
        assert!(error.contains("cannot be a path segment"), "{id}: {error}");
    }
    assert!(path_with(&json!(null)).unwrap_err().contains("has no value"));
    for id in [json!(["a"]), json!({ "a": 1 }), json!(1.5)] {
        assert!(path_with(&id).unwrap_err().contains("neither text nor a number"), "{id}");
    }
}

#[test]
fn control_characters_never_reach_a_header() {
    for value in ["a\r\nx-admin: yes", "a\n", "\0", "\u{7f}", "\t", "a\u{85}"] {
        let error = text_with("Bearer {{ input.key }}", &json!({ "key": value })).unwrap_err();
        assert!(error.contains("control character") && !error.contains("x-admin"), "{value:?}: {error}");
        assert!(text_with("{{ input.key }}", &json!({ "key": value })).is_err(), "{value:?}");
    }
    assert_eq!(text_with("Bearer {{ input.key }}", &json!({ "key": "k 1" })).unwrap().unwrap(), "Bearer k 1");
}

#[test]
fn a_lone_placeholder_without_a_value_leaves_the_text_out_and_one_among_others_is_an_error() {
    assert_eq!(text_with("{{ input.key }}", &json!({})), Ok(None));
    assert!(text_with("v={{ input.key }}", &json!({})).unwrap_err().contains("has no value"));
    assert_eq!(text_with("{{ input.a }}-{{ input.b }}", &json!({ "a": true, "b": 2 })), Ok(Some("true-2".to_owned())));
}

#[test]
fn a_lone_placeholder_in_a_tree_keeps_its_type() {
    let input =
        json!({ "n": 9007199254740993_u64, "t": "9", "f": true, "l": [1, "2", null], "o": { "a": { "b": 1 } } });
    let template = json!({ "n": "{{ input.n }}", "t": "{{ input.t }}", "f": "{{ input.f }}", "l": "{{ input.l }}",
        "o": "{{ input.o }}", "text": "{{ input.n }}/{{ input.t }}" });
    let expected = json!({ "n": 9007199254740993_u64, "t": "9", "f": true, "l": [1, "2", null],
        "o": { "a": { "b": 1 } }, "text": "9007199254740993/9" });
    assert_eq!(tree_with(&template, &input), Some(expected));
}

#[test]
fn members_without_a_value_are_left_out_and_literals_stay() {
    let template = json!({ "id": "{{ input.id }}", "name": "{{ input.name }}", "kind": "fixed", "none": null,
        "list": ["{{ input.id }}", "{{ input.name }}"], "inner": { "name": "{{ input.name }}", "flag": true } });
    let expected = json!({ "id": "7", "kind": "fixed", "none": null, "list": ["7"] });
    assert_eq!(tree_with(&template, &json!({ "id": "7" })), Some(expected));
    assert_eq!(tree_with(&json!({ "name": "{{ input.name }}", "flag": true }), &json!({})), None);
    assert_eq!(
        tree_with(&json!({ "flag": true, "list": [], "inner": {} }), &json!({})),
        Some(json!({ "flag": true, "list": [], "inner": {} }))
    );
}

fn projected(wants: &[&[&str]], each: &[(&[&str], &[&str])], document: &'static str) -> Json {
    let mut projection = Projection::default();
    wants.iter().for_each(|path| projection.want(path));
    each.iter().for_each(|(path, inner)| projection.want_each(path, inner));
    to_json(&projection.read(&Bytes::from_static(document.as_bytes())).unwrap().0)
}

#[test]
fn a_projection_keeps_only_what_is_wanted() {
    let document = r#"{"id":"7","secret":{"k":1},"user":{"name":"A\u00e9","more":[1,{"x":2}]},
        "roles":[{"id":1,"scopes":["s"]},{"id":2},"odd",null],"tags":["a"]}"#;
    assert_eq!(projected(&[&["id"], &["user", "name"]], &[], document), json!({ "id": "7", "user": { "name": "Aé" } }));
    assert_eq!(
        projected(&[&["user", "more"]], &[(&["roles"], &["id"])], document),
        json!({ "user": { "more": [1, { "x": 2 }] }, "roles": [{ "id": 1 }, { "id": 2 }, "odd", null] })
    );
    // A wish for a part does not narrow a wish for the whole, in either order.
    let whole = json!({ "roles": [{ "id": 1, "scopes": ["s"] }, { "id": 2 }, "odd", null] });
    assert_eq!(projected(&[&["roles"]], &[(&["roles"], &["id"])], document), whole);
    assert_eq!(projected(&[&["user"], &["user", "name"]], &[], document), projected(&[&["user"]], &[], document));
    assert_eq!(projected(&[&["absent", "deep"]], &[], document), json!({}));
}

#[test]
fn a_projection_still_reads_the_whole_document_as_json() {
    let mut projection = Projection::default();
    projection.want(&["id"]);
    for broken in ["", "{\"id\":1", "{\"id\":1}x", "<html>", "{\"id\":1,\"more\":[1,}", "{'id':1}"] {
        assert!(projection.read(&Bytes::from_static(broken.as_bytes())).is_err(), "{broken}");
    }
}

#[test]
fn integers_stay_exact_above_two_to_the_53() {
    let document =
        r#"{"a":9007199254740993,"b":9223372036854775807,"c":-9223372036854775808,"d":18446744073709551615}"#;
    // What no i64 holds is kept as its decimal text.
    let exact = json!({ "a": 9007199254740993_i64, "b": i64::MAX, "c": i64::MIN, "d": "18446744073709551615" });
    assert_eq!(projected(&[&["a"], &["b"], &["c"], &["d"]], &[], document), exact);
    assert_eq!(to_json(&from_json(&serde_json::from_str(document).unwrap())), exact);
    assert_eq!(
        value_of("to_string(.input.id) ?? \"\"", &json!({ "id": 9007199254740993_i64 })),
        json!("9007199254740993")
    );
}

/// Whether the matcher takes an answer of this status and body.
fn matches(matcher: &Json, status: u16, body: &str) -> bool {
    let source: MatcherSource = serde_json::from_value(matcher.clone()).unwrap();
    let matcher = AnswerMatcher::compile(&source).unwrap();
    let json: Json = serde_json::from_str(body).unwrap_or_default();
    let answer = from_json(&json!({ "status": status, "body": json }));
    let nothing = Value::Null;
    matcher.matches(status, &answer, body.as_bytes(), &Scope::of_account(&nothing))
}

#[test]
fn a_matcher_takes_exact_statuses_and_classes() {
    assert!(matches(&json!({ "status": 204 }), 204, "") && !matches(&json!({ "status": 204 }), 200, ""));
    let listed = json!({ "status": [404, "5xx"] });
    for (status, expected) in [(404, true), (403, false), (499, false), (500, true), (599, true)] {
        assert_eq!(matches(&listed, status, ""), expected, "{status}");
    }
}

#[test]
fn a_matcher_takes_exact_codes_never_parts_of_them() {
    let code = json!({ "status": 200, "body": { "ok": false, "error": ["user_not_found", "no_user"] } });
    assert!(matches(&code, 200, r#"{"ok":false,"error":"user_not_found"}"#));
    assert!(matches(&code, 200, r#"{"error":"no_user","ok":false,"more":1}"#));
    for other in [
        r#"{"ok":false,"error":"user_not_found_here"}"#,
        r#"{"ok":false,"error":"USER_NOT_FOUND"}"#,
        r#"{"ok":false,"error":["user_not_found"]}"#,
        r#"{"ok":"false","error":"no_user"}"#,
        r#"{"ok":null,"error":"no_user"}"#,
        r#"{"error":"no_user"}"#,
        r#"[{"ok":false,"error":"no_user"}]"#,
        "no_user",
        "",
    ] {
        assert!(!matches(&code, 200, other), "{other}");
    }
    assert!(!matches(&code, 400, r#"{"ok":false,"error":"no_user"}"#));
}

#[test]
fn a_matcher_compares_numbers_with_their_text_and_null_with_absence() {
    assert!(matches(&json!({ "body": { "code": 404 } }), 200, r#"{"code":"404"}"#));
    assert!(!matches(&json!({ "body": { "code": 404 } }), 200, r#"{"code":"0404"}"#));
    assert!(!matches(&json!({ "body": { "code": 404 } }), 200, r#"{"code":404.5}"#));
    for (body, expected) in
        [("{}", true), (r#"{"code":null}"#, true), (r#"{"code":false}"#, false), (r#"{"code":""}"#, false)]
    {
        assert_eq!(matches(&json!({ "body": { "code": null } }), 200, body), expected, "{body}");
    }
    assert!(matches(&json!({ "body": { "errors[0].code": "x" } }), 200, r#"{"errors":[{"code":"x"}]}"#));
}

#[test]
fn a_matcher_takes_a_whole_text_plain_or_as_a_json_string() {
    let text = json!({ "status": 404, "text": "User not found" });
    for (body, expected) in [
        ("User not found", true),
        ("\"User not found\"", true),
        (" User not found\r\n", true),
        ("User not found.", false),
        ("user not found", false),
        ("\"User not found", false),
        ("", false),
    ] {
        assert_eq!(matches(&text, 404, body), expected, "{body:?}");
    }
}

#[test]
fn a_condition_of_a_matcher_must_be_exactly_true() {
    let body = r#"{"n":1,"t":"true"}"#;
    for (when, expected) in [
        (".answer.body.n == 1", true),
        (".answer.status == 200 && .answer.body.n == 1", true),
        (".answer.body.n", false),
        (".answer.body.t", false),
        (".answer.body.absent", false),
    ] {
        assert_eq!(matches(&json!({ "when": when }), 200, body), expected, "{when}");
    }
}

proptest! {
    /// Whatever an id holds, the provider reads back that id, as one segment between the others.
    #[test]
    fn any_text_in_a_path_decodes_back_to_itself_as_one_segment(id in any::<String>()) {
        let filled = path_with(&json!(id));
        if matches!(id.as_str(), "" | "." | "..") {
            prop_assert!(filled.is_err());
            return Ok(());
        }
        let path = filled.unwrap();
        prop_assert!(path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/%-._~".contains(&byte)), "{}", path);
        let uri: http::Uri = format!("https://provider.example{path}").parse().unwrap();
        prop_assert_eq!((uri.path(), uri.query()), (path.as_str(), None));
        let segments: Vec<&str> = path.split('/').collect();
        let &["", "users", segment, "roles"] = segments.as_slice() else {
            return Err(TestCaseError::fail(format!("{path} has other segments")));
        };
        prop_assert_eq!(percent_encoding::percent_decode_str(segment).decode_utf8().unwrap(), id);
    }

    /// A text with the characters that steer paths and queries, more often than chance would have them.
    #[test]
    fn what_steers_paths_decodes_back_too(id in "[./\\\\?#%&=+:;@ a\u{e9}\u{1f600}\r\n]{1,12}") {
        prop_assume!(!matches!(id.as_str(), "." | ".."));
        let path = path_with(&json!(id)).unwrap();
        let segment = path.strip_prefix("/users/").and_then(|rest| rest.strip_suffix("/roles")).unwrap();
        prop_assert!(!segment.contains(['/', '?', '#', '\\']), "{}", segment);
        prop_assert_eq!(percent_encoding::percent_decode_str(segment).decode_utf8().unwrap(), id);
    }
}

#[test]
fn what_was_read_before_the_write_proves_nothing_after_it() {
    let nothing = Value::Null;
    let answer = |held: &str| Arc::new(Reading::from(from_json(&json!({ "body": { "held": held } }))));
    let mut answers = Answers::default();
    answers.set("get_user", answer("before"));
    answers.set("list_users", answer("before"));
    let show = |answers: &Answers, fresh, path: &str| {
        let scope = Scope { shared: Some(answers), fresh, ..Scope::of_account(&nothing) };
        to_json(&Expression::compile(path).unwrap().evaluate(&scope))
    };
    assert_eq!(show(&answers, true, ".get_user.body.held"), json!("before"));
    answers.mark_write();
    answers.set("get_user", answer("after"));
    for path in [".list_users.body.held", "x = .list_users.body.held; x"] {
        assert_eq!(show(&answers, true, path), json!(null), "{path}");
        assert_eq!(show(&answers, false, path), json!("before"), "{path}");
    }
    assert_eq!(show(&answers, true, ".get_user.body.held"), json!("after"));
    assert_eq!(show(&answers, true, ".before.get_user.body.held"), json!("before"));
    assert_eq!(show(&answers, true, ".before.list_users.body.held"), json!("before"));
}
