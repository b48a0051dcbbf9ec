//! What each rule of decoding a body accepts and refuses, alone and beside a query.

use offramp::http::decode::{Decoded, Limits, decode};
use offramp::model::RequestError;
use serde_json::{Value, json};

fn decoded(query: &str, body: &[u8]) -> Result<Decoded, RequestError> {
    let query = format!("integrated_account_id=a&{query}");
    decode(&query, body, &Limits::default())
}

fn accepted(body: &str) -> Decoded {
    decoded("", body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"))
}

fn roles(decoded: &Decoded) -> Value {
    serde_json::to_value(&decoded.request.roles).unwrap()
}

#[test]
fn a_body_in_full() {
    let decoded = accepted(
        r#" {"id": 42, "roles": [{"id": 9007199254740993, "name": "A\u00e9", "x": 1}, {"group": "g"}],
            "organizations": [{"id": "o", "name": "n"}], "workspace_id": "w", "other": {"a": [1]},
            "remote_data": {"z": null, "a": "", "m": {"e": {}, "l": []}}} "#,
    );
    let request = &decoded.request;
    assert_eq!(request.id.as_deref(), Some("42"));
    assert_eq!(roles(&decoded), json!([{"id": "9007199254740993", "name": "Aé"}, {"group": "g"}]));
    assert_eq!(serde_json::to_value(&request.organizations).unwrap(), json!([{"id": "o", "name": "n"}]));
    assert_eq!(request.workspace_id.as_deref(), Some("w"));
    assert!(decoded.ignored_parameters.is_empty());
    // Nothing in remote_data is dropped, sorted or changed.
    assert_eq!(serde_json::to_string(&request.remote_data).unwrap(), r#"{"z":null,"a":"","m":{"e":{},"l":[]}}"#);
}

#[test]
fn nothing_said_is_absent() {
    let nothing = accepted("{}").request;
    for body in [
        "",
        " \r\n\t",
        r#"{"id": null, "roles": null, "organizations": null, "workspace_id": null}"#,
        r#"{"id": "", "roles": [], "organizations": {}, "workspace_id": [], "remote_data": null}"#,
        r#"{"roles": [{}, null, "", {"id": null, "name": ""}, {"x": []}], "remote_data": {}}"#,
        r#"{"roles": "", "remote_data": "", "id": {}, "dry_run": null}"#,
        r#"{"remote_data": []}"#,
    ] {
        assert_eq!(accepted(body).request, nothing, "{body}");
    }
}

#[test]
fn numbers_of_remote_data_survive() {
    for number in ["9007199254740993", "18446744073709551615", "-9223372036854775808", "0", "1.5"] {
        let body = format!(r#"{{"remote_data":{{"a":"1 \" 2","n":[{number}]}}}}"#);
        let sent = serde_json::to_string(&accepted(&body).request.remote_data).unwrap();
        assert_eq!(sent, format!(r#"{{"a":"1 \" 2","n":[{number}]}}"#));
    }
}

#[test]
fn the_same_in_both_places_is_fine() {
    for (query, body) in [("id=7", r#"{"id": 7}"#), ("id=7", r#"{"id": null}"#), ("id=", r#"{"id": "7"}"#)] {
        let decoded = decoded(query, body.as_bytes()).unwrap();
        assert_eq!(decoded.request.id.as_deref(), Some("7"), "{query} {body}");
    }
    for (query, body) in [
        ("roles[0][id]=7&workspace_id=5", r#"{"roles": [{"id": 7}, {}], "workspace_id": 5}"#),
        ("roles=[]&workspace_id=5", r#"{"roles": [{"id": "7"}]}"#),
        ("roles={\"id\":7}", r#"{"roles": [], "workspace_id": "5"}"#),
    ] {
        let decoded = decoded(query, body.as_bytes()).unwrap();
        assert_eq!(roles(&decoded), json!([{"id": "7"}]), "{query} {body}");
        assert_eq!(decoded.request.workspace_id.as_deref(), Some("5"));
    }
}

#[test]
fn different_values_in_the_two_places_are_refused() {
    for (query, body, name) in [
        ("id=7", r#"{"id": "8"}"#, "id"),
        ("workspace_id=7", r#"{"workspace_id": 8}"#, "workspace_id"),
        ("roles[0][id]=7", r#"{"roles": [{"id": 8}]}"#, "roles"),
        ("roles[0][id]=7", r#"{"roles": [{"id": 7, "group": "g"}]}"#, "roles"),
        ("organizations[0][id]=7", r#"{"organizations": [{"id": 8}]}"#, "organizations"),
    ] {
        let error = decoded(query, body.as_bytes()).unwrap_err();
        for part in [format!("query parameter \"{name}\""), format!("body: {name}"), "in one place".to_owned()] {
            assert!(error.message.contains(&part), "{query} {body}: {error}");
        }
    }
}

#[test]
fn a_refusal_names_its_place() {
    for (body, parts) in [
        ("[]", &["body: is an array", "JSON object"][..]),
        ("null", &["body: is null"]),
        ("7", &["body: is a number"]),
        (r#""{}""#, &["body: is a string"]),
        ("\u{feff}{}", &["body", "byte order mark"]),
        ("{\n \"id\": }", &["body: not valid JSON", "line 2 column 8"]),
        ("{\"id\": 1,}", &["body: not valid JSON", "line 1 column 10"]),
        ("{} {}", &["body: not valid JSON", "line 1 column 4"]),
        ("{'id': 1}", &["body: not valid JSON", "line 1 column 2"]),
        ("id=7", &["body: not valid JSON", "line 1 column 1"]),
        (r#"{"id": 1e999}"#, &["body: not valid JSON", "line 1"]),
        (r#"{"id": "\ud800"}"#, &["body: not valid JSON", "line 1"]),
        (r#"{"id": 4e1}"#, &["body: id", "string"]),
        (r#"{"id": ["7"]}"#, &["body: id", "is an array"]),
        (r#"{"id": true}"#, &["body: id", "is a boolean"]),
        (r#"{"workspace_id": {"id": 1}}"#, &["body: workspace_id", "is an object"]),
        (r#"{"roles": {"id": 7}}"#, &["body: roles", "is an object", "array"]),
        (r#"{"roles": "7"}"#, &["body: roles", "is a string", "array"]),
        (r#"{"roles": ["7"]}"#, &["body: roles[0]", "is a string", "object"]),
        (r#"{"roles": [{"id": {"a": 1}}]}"#, &["body: roles[0].id", "is an object"]),
        (r#"{"roles": [null, {"id": 42.0}]}"#, &["body: roles[1].id", "fraction"]),
        (r#"{"roles": [{"name": false}]}"#, &["body: roles[0].name", "is a boolean"]),
        (r#"{"roles": [{"id": 1}, {"role_id": 2}]}"#, &["body: roles[1]", "none of id, name"]),
        (r#"{"organizations": [{"id": [1]}]}"#, &["body: organizations[0].id", "is an array"]),
        (r#"{"remote_data": [1]}"#, &["body: remote_data", "is an array", "an object"]),
        (r#"{"remote_data": "x"}"#, &["body: remote_data", "is a string"]),
        (r#"{"remote_data": {"a": [0, 18446744073709551616]}}"#, &["body: remote_data.a[1]", "exactly"]),
        (r#"{"remote_data": {"a": -9223372036854775809}}"#, &["body: remote_data.a", "exactly"]),
        (r#"{"id": 1, "id": 1}"#, &["body: id is given twice", "line 1 column"]),
        (r#"{"roles": [{"id": 1, "id": 2}]}"#, &["body: roles[0].id is given twice"]),
        (r#"{"x": {"y": 1, "\u0079": 2}}"#, &["body: x.y is given twice"]),
        (
            r#"{"remote_data": {"a": {"b": [{"c d": 1, "c d": 1}]}}}"#,
            &["body: remote_data.a.b[0][\"c d\"] is given twice"],
        ),
        (r#"{"dry_run": true}"#, &["body: dry_run", "?dry_run=true"]),
        (r#"{"truto_skip_api_call": 1}"#, &["body: truto_skip_api_call", "query"]),
    ] {
        let error = match decoded("", body.as_bytes()) {
            Ok(decoded) => panic!("{body}: accepted as {decoded:?}"),
            Err(error) => error,
        };
        assert!(!error.too_large, "{body}");
        for part in parts {
            assert!(error.message.contains(part), "{body}: {error}");
        }
    }
    let error = decoded("", b"{\"id\": \"\xff\"}").unwrap_err();
    assert!(error.message.contains("body: not UTF-8 at byte 8"), "{error}");
}

#[test]
fn a_key_repeated_among_many_is_found() {
    let mut keys: Vec<String> = (0..500).map(|n| format!("\"k{n}\":{n}")).collect();
    let body = |keys: &[String]| format!("{{\"remote_data\":{{{}}}}}", keys.join(","));
    assert_eq!(accepted(&body(&keys)).request.remote_data.len(), 500);
    for repeated in ["k3", "k17", "k499"] {
        keys.push(format!("\"{repeated}\":0"));
        let error = decoded("", body(&keys).as_bytes()).unwrap_err();
        let place = format!("body: remote_data.{repeated} is given twice");
        assert!(error.message.contains(&place), "{error}");
        keys.pop();
    }
}

#[test]
fn nesting_stops_at_the_limit() {
    // The body and remote_data are two of the 64.
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        format!("{{\"remote_data\":{{\"a\":{open}{close}}}}}")
    };
    accepted(&nested(62));
    for depth in [63, 200, 100_000] {
        let error = decoded("", nested(depth).as_bytes()).unwrap_err();
        assert!(error.message.contains("body: remote_data.a[0]"), "{error}");
        assert!(error.message.contains("deeper than 64"), "{error}");
        assert!(error.message.chars().count() < 400, "{error}");
    }
}

#[test]
fn a_body_over_the_limit_is_too_large() {
    let limits = Limits { body_bytes: 20, ..Limits::default() };
    let query = "integrated_account_id=a";
    assert!(decode(query, b"{\"id\": \"123456789\"} ", &limits).is_ok());
    let error = decode(query, b"{\"id\": \"123456789\"}  ", &limits).unwrap_err();
    assert!(error.too_large);
    assert!(error.message.contains("body: larger than the 20 bytes"), "{error}");
    let error = decode(query, &vec![b' '; (1 << 20) + 1], &Limits::default()).unwrap_err();
    assert!(error.too_large);
}

#[test]
fn a_deep_place_keeps_its_two_ends() {
    let key = "k".repeat(50);
    let inner = "{\"last\":1,\"last\":2}".to_owned();
    let nested = (0..60).fold(inner, |inner, _| format!("{{\"{key}\":{inner}}}"));
    let body = format!("{{\"remote_data\":{nested}}}");
    let error = decoded("", body.as_bytes()).unwrap_err();
    assert!(error.message.starts_with("body: remote_data.kkk"), "{error}");
    assert!(error.message.contains("…"), "{error}");
    assert!(error.message.contains("k.last is given twice"), "{error}");
    assert!(error.message.chars().count() < 200, "{error}");
}

#[test]
fn no_message_repeats_more_than_a_little_of_a_value() {
    let long = "x".repeat(5000);
    for (query, body) in [
        (format!("id={long}"), format!("{{\"id\":\"{long}y\"}}")),
        (String::new(), format!("{{\"{long}\":1,\"{long}\":2}}")),
        (String::new(), format!("{{\"id\":{long}}}")),
        (String::new(), format!("{{\"roles\":\"{long}\"}}")),
    ] {
        let error = decoded(&query, body.as_bytes()).unwrap_err();
        assert!(error.message.chars().count() < 400, "{error}");
        assert!(!error.message.contains(&"x".repeat(61)), "{error}");
    }
}
