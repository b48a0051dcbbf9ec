//! What each rule of decoding a query accepts and refuses. Every refusal names its place.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

use offramp::http::decode::{Decoded, Limits, decode};
use offramp::model::{RequestError, RoleRef};

fn decoded(query: &str, body: &str) -> Result<Decoded, RequestError> {
    let query = format!("integrated_account_id=a&{query}");
    decode(&query, body.as_bytes(), &Limits::default())
}

fn accepted(query: &str) -> Decoded {
    decoded(query, "").unwrap_or_else(|error| panic!("{query}: {error}"))
}

fn role_ids(query: &str) -> Vec<String> {
    let roles = accepted(query).request.roles;
    roles.into_iter().map(|role| role.id.unwrap()).collect()
}

/// Refused with 400, the message holding each of `parts`.
fn refused(query: &str, parts: &[&str]) {
    let error = match decoded(query, "") {
        Ok(decoded) => panic!("{query}: accepted as {decoded:?}"),
        Err(error) => error,
    };
    assert!(!error.too_large, "{query}");
    for part in parts {
        assert!(error.message.contains(part), "{query}: {error}");
    }
    assert!(error.message.chars().count() < 400, "{query}: {error}");
}

#[test]
fn a_list_of_items_in_every_form() {
    let many = "roles[0][id]=7&roles[1][id]=8";
    for query in [
        many,
        "roles%5B0%5D%5Bid%5D=7&roles%5b1%5d%5bid%5d=8",
        "roles[][id]=7&roles[][id]=8",
        "roles=[{\"id\":7},{\"id\":\"8\"}]",
        "roles=%5B%7B%22id%22%3A7%7D%2C+%7B%22id%22%3A8%7D%5D",
        "roles={\"id\":7}&roles={\"id\":8}",
        "roles[]={\"id\":7}&roles[]={\"id\":8}",
        "roles[0]={\"id\":7}&roles[1]={\"id\":8}",
        "roles[0]={\"id\":7}&roles[1][id]=8",
        "roles[1][id]=8&roles[0][id]=7",
        "roles[999999999999999999999999999999][id]=8&roles[3][id]=7",
        "roles[10][id]=8&roles[9][id]=7",
        "roles[010][id]=8&roles[9][id]=7",
        "roles[0][id]=7&roles[1][id]=&roles[2][id]=8",
        "roles[][id]=7&roles[][name]=&roles[][id]=8&roles[][name]=",
        "roles[][id]=7&roles[][colour]=red&roles[][id]=8&roles[][shape][]=a&roles[][shape][]=b",
        "roles=&roles[0][id]=7&roles[1][id]=8",
        "roles=null&roles[0][id]=7&roles[1][id]=8",
        "roles=[null,{},{\"id\":7},\"\",{\"id\":[]},{\"id\":8,\"more\":{\"x\":1}}]",
    ] {
        assert_eq!(role_ids(query), ["7", "8"], "{query}");
    }
}

#[test]
fn a_repeated_key_opens_an_item_even_where_a_value_is_empty() {
    let query = "roles[][name]=&roles[][id]=1&roles[][name]=b&roles[][id]=2";
    assert_eq!(
        accepted(query).request.roles,
        [
            RoleRef {
                id: Some("1".to_owned()),
                ..RoleRef::default()
            },
            RoleRef {
                id: Some("2".to_owned()),
                name: Some("b".to_owned()),
                ..RoleRef::default()
            },
        ]
    );
}

#[test]
fn all_fields_of_an_item_and_of_an_organization() {
    let request = accepted(
        "roles[0][id]=i&roles[0][name]=n&roles[0][group]=g&roles[0][organization]=o\
         &roles[0][workspace]=w&organizations[0][id]=p&organizations[0][name]=q",
    )
    .request;
    let fields = serde_json::json!([
        {"id": "i", "name": "n", "group": "g", "organization": "o", "workspace": "w"}
    ]);
    assert_eq!(serde_json::to_value(&request.roles).unwrap(), fields);
    let fields = serde_json::json!([{"id": "p", "name": "q"}]);
    assert_eq!(
        serde_json::to_value(&request.organizations).unwrap(),
        fields
    );
}

#[test]
fn ids_are_texts_and_numbers_are_exact() {
    for (query, id) in [
        ("id=42", "42"),
        ("id=4e1", "4e1"),
        ("id=007", "007"),
        ("id=null", "null"),
        ("id=a+b%2Bc", "a b+c"),
        ("id=%E2%82%AC", "€"),
        ("id=a=b", "a=b"),
        ("id=&id=7", "7"),
    ] {
        assert_eq!(accepted(query).request.id.as_deref(), Some(id), "{query}");
    }
    for id in ["9007199254740993", "18446744073709551616", "-5", "0"] {
        assert_eq!(role_ids(&format!("roles=[{{\"id\":{id}}}]")), [id]);
    }
    let long = "123456789012345678901234567890123456789012";
    assert_eq!(
        role_ids(&format!("roles=[{{\"name\":\"-1 \\\" 2\",\"id\":{long}}}]")),
        [long]
    );
    for number in ["4e1", "42.0", "1E2", "1.5"] {
        refused(
            &format!("roles=[{{\"id\":{number}}}]"),
            &[
                "query parameter \"roles\": roles[0].id",
                "send it as a string",
            ],
        );
    }
}

#[test]
fn names_to_exclude_in_every_form() {
    for query in [
        "truto_exclude_fields=a,b.c",
        "truto_exclude_fields=a%2C%20b.c,",
        "truto_exclude_fields=a&truto_exclude_fields=b.c",
        "truto_exclude_fields[]=a&truto_exclude_fields[]=b.c",
        "truto_exclude_fields[]=a,b.c",
        "truto_exclude_fields[1]=b.c&truto_exclude_fields[0]=a",
        "truto_exclude_fields=[\"a\",\"\",null,\"b.c\"]",
        "truto_exclude_fields=&truto_exclude_fields[0]=a&truto_exclude_fields[7]=b.c",
    ] {
        let names = accepted(query).request.options.exclude_fields;
        assert_eq!(names, ["a", "b.c"], "{query}");
    }
}

#[test]
fn a_dry_run_by_either_name() {
    for (query, dry_run) in [
        ("dry_run=true", true),
        ("dry_run=True", true),
        ("dry_run=1", true),
        ("truto_skip_api_call=true", true),
        ("dry_run=1&truto_skip_api_call=true", true),
        ("dry_run=&truto_skip_api_call=true", true),
        ("dry_run=false", false),
        ("dry_run=False&truto_skip_api_call=0", false),
        ("dry_run=", false),
        ("", false),
    ] {
        assert_eq!(accepted(query).request.options.dry_run, dry_run, "{query}");
    }
}

#[test]
fn a_remote_query_is_passed_on_as_it_is() {
    for (query, pairs) in [
        ("remote_query[c][d]=x", &[("c[d]", "x")][..]),
        (
            "remote_query[a][]=1&remote_query[a][]=1",
            &[("a[]", "1"), ("a[]", "1")],
        ),
        (
            "remote_query[a]=1,2&remote_query[b]=",
            &[("a", "1,2"), ("b", "")],
        ),
        (
            "remote_query[a]=null&remote_query[a][b]=%2541",
            &[("a", "null"), ("a[b]", "%41")],
        ),
        (
            "remote_query[b]=1&remote_query[0]=2",
            &[("b", "1"), ("0", "2")],
        ),
        (
            "remote_query={\"a\":[\"x\",1],\"b\":{\"c\":true},\"n\":null,\"e\":\"\"}",
            &[
                ("a[]", "x"),
                ("a[]", "1"),
                ("b[c]", "true"),
                ("n", ""),
                ("e", ""),
            ],
        ),
        (
            "remote_query={\"f\":1.50,\"i\":18446744073709551616,\"s\":[{\"k\":1},2]}",
            &[
                ("f", "1.50"),
                ("i", "18446744073709551616"),
                ("s[0][k]", "1"),
                ("s[1]", "2"),
            ],
        ),
        ("remote_query={}", &[]),
        ("remote_query=&remote_query[a]=1", &[("a", "1")]),
    ] {
        let given = accepted(query).request.remote_query;
        let given: Vec<_> = given
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        assert_eq!(given, pairs, "{query}");
    }
}

#[test]
fn unknown_names_are_told_once_each_in_order() {
    let decoded = accepted("utm=1&_=5&utm[x][]=2&ip=::1&&x.y=1&page%20no=2&utm=3");
    assert_eq!(
        decoded.ignored_parameters,
        ["utm", "_", "ip", "x.y", "page no"]
    );
}

#[test]
fn every_name_of_the_contract_is_known() {
    for (name, value) in [
        ("id", "1"),
        ("roles", "[{\"id\":1}]"),
        ("organizations", "[{\"id\":1}]"),
        ("workspace_id", "1"),
        ("remote_query", "{\"a\":1}"),
        ("truto_response_format", "normalized"),
        ("truto_ignore_remote_data", "1"),
        ("truto_exclude_fields", "a"),
        ("truto_skip_api_call", "1"),
        ("dry_run", "1"),
        ("verify", "wait"),
        ("check_before", "1"),
    ] {
        let with = accepted(&format!("{name}={value}"));
        assert!(with.ignored_parameters.is_empty(), "{name}");
        assert_ne!(with.request, accepted("").request, "{name}");
        let dashed = name.replace('_', "-").to_uppercase();
        refused(
            &format!("{dashed}={value}"),
            &[
                &format!("\"{dashed}\""),
                &format!("did you mean \"{name}\""),
            ],
        );
    }
}

#[test]
fn a_refusal_names_its_place() {
    let deep = format!("id{}=1", "[a]".repeat(17));
    let deep_json = format!("roles=[{{\"x\":{}{}}}]", "[".repeat(15), "]".repeat(15));
    for (query, parts) in [
        // Escapes.
        ("id=%zz", &["query parameter \"id\"", "%25"][..]),
        ("id=5%", &["query parameter \"id\"", "%25"]),
        ("id=%4", &["query parameter \"id\"", "%25"]),
        (
            "roles[0][id]=%FF",
            &["query parameter \"roles[0][id]\"", "UTF-8"],
        ),
        ("other=%FF", &["query parameter \"other\"", "UTF-8"]),
        (
            "%FFid=1",
            &["query parameter \"%FFid\"", "its name", "UTF-8"],
        ),
        // Bracket paths.
        (
            "roles[0=1",
            &["query parameter \"roles[0\"", "pair up", "roles[0][id]"],
        ),
        ("roles]0[=1", &["query parameter \"roles]0[\"", "pair up"]),
        ("roles[0]x=1", &["query parameter \"roles[0]x\"", "pair up"]),
        (
            "roles[a[b]]=1",
            &["query parameter \"roles[a[b]]\"", "pair up"],
        ),
        ("other[0=1", &["query parameter \"other[0\"", "pair up"]),
        ("[a]=1", &["query parameter \"[a]\"", "without a name"]),
        ("=1", &["query parameter \"\"", "name=value"]),
        (&deep, &["query parameter \"id[a][a]", "deeper than 16"]),
        (&deep_json, &["query parameter \"roles\"", "deeper than 16"]),
        // One name in several forms, or several times.
        ("id=1&id=2", &["query parameter \"id\"", "given twice"]),
        ("id=1&id=1", &["query parameter \"id\"", "given twice"]),
        (
            "id[]=1",
            &["query parameter \"id[]\"", "one plain value", "id="],
        ),
        (
            "id=1&id[a]=1",
            &["query parameter \"id[a]\"", "one plain value"],
        ),
        (
            "integrated_account_id=b",
            &["query parameter \"integrated_account_id\"", "twice"],
        ),
        (
            "workspace_id=1&workspace_id=2",
            &["query parameter \"workspace_id\"", "twice"],
        ),
        (
            "verify=once&verify=wait",
            &["query parameter \"verify\"", "twice"],
        ),
        (
            "roles=[{\"id\":1}]&roles[0][id]=1",
            &["query parameter \"roles\"", "\"roles[0][id]\"", "one form"],
        ),
        (
            "roles[][id]=1&roles[0][id]=1",
            &["\"roles[][id]\"", "\"roles[0][id]\"", "one form"],
        ),
        (
            "roles[0]={\"id\":1}&roles[0][name]=x",
            &["\"roles[0]\"", "\"roles[0][name]\""],
        ),
        (
            "roles[]={\"id\":1}&roles[][id]=x",
            &["\"roles[]\"", "\"roles[][id]\""],
        ),
        (
            "roles[0][id]=1&roles[0][id]=2",
            &["query parameter \"roles[0][id]\"", "twice"],
        ),
        (
            "roles[0][id]=1&roles[00][id]=2",
            &["query parameter \"roles[00][id]\"", "twice"],
        ),
        (
            "roles[0]={\"id\":1}&roles[0]={\"id\":1}",
            &["query parameter \"roles[0]\"", "twice"],
        ),
        (
            "roles=[{\"id\":1}]&roles=[{\"id\":1}]",
            &["query parameter \"roles\"", "twice"],
        ),
        (
            "truto_exclude_fields=a&truto_exclude_fields[]=b",
            &[
                "query parameter \"truto_exclude_fields\"",
                "\"truto_exclude_fields[]\"",
            ],
        ),
        (
            "truto_exclude_fields[1]=a&truto_exclude_fields[1]=b",
            &["query parameter \"truto_exclude_fields[1]\"", "twice"],
        ),
        (
            "remote_query={\"a\":1}&remote_query[b]=1",
            &["\"remote_query\"", "\"remote_query[b]\""],
        ),
        (
            "remote_query={\"a\":1}&remote_query={}&remote_query={\"b\":1}",
            &["remote_query", "twice"],
        ),
        (
            "dry_run=true&truto_skip_api_call=false",
            &[
                "query parameter \"dry_run\"",
                "query parameter \"truto_skip_api_call\"",
            ],
        ),
        // Items.
        ("roles=7", &["query parameter \"roles\"", "roles[0][id]=7"]),
        (
            "roles[0]=7",
            &["query parameter \"roles[0]\"", "roles[0][id]=7"],
        ),
        (
            "roles[id]=7",
            &["query parameter \"roles[id]\"", "roles[0][id]"],
        ),
        (
            "roles[0][]=7",
            &["query parameter \"roles[0][]\"", "roles[0][id]"],
        ),
        (
            "roles[0][id][x]=7",
            &["query parameter \"roles[0][id][x]\"", "one value"],
        ),
        (
            "roles[3][role_id]=7",
            &["query parameter \"roles[3][role_id]\"", "none of id, name"],
        ),
        (
            "roles[][id]=7&roles[][x]=1&roles[][x]=2",
            &["\"roles[][x]\"", "none of id, name"],
        ),
        (
            "roles[][id]=7&roles[][id]=8&roles[][name]=a&roles[][name]=b",
            &[
                "query parameter \"roles[][id]\"",
                "key by key",
                "roles[0][id]",
            ],
        ),
        (
            "roles=[{\"id\":1}",
            &[
                "query parameter \"roles\"",
                "not valid JSON",
                "line 1 column 9",
            ],
        ),
        (
            "roles=[{\"id\":1}]x",
            &["query parameter \"roles\"", "line 1 column 11"],
        ),
        (
            "roles=[{\"id\":{\"a\":1}}]",
            &["\"roles\": roles[0].id", "is an object"],
        ),
        (
            "roles=[{},{\"id\":true}]",
            &["\"roles\": roles[1].id", "is a boolean"],
        ),
        (
            "roles=[{\"id\":1,\"id\":1}]",
            &["\"roles\": roles[0].id", "given twice"],
        ),
        (
            "roles=[7]",
            &["\"roles\": roles[0]", "is a number", "{\"id\":\"7\"}"],
        ),
        (
            "organizations[0][group]=7",
            &["\"organizations[0][group]\"", "none of id, name;"],
        ),
        // Values.
        (
            "truto_response_format=RAW",
            &["\"truto_response_format\"", "\"RAW\"", "unified, raw, n"],
        ),
        (
            "verify=always",
            &["\"verify\"", "\"always\"", "once, wait, none"],
        ),
        ("verify=true", &["\"verify\"", "once, wait, none"]),
        (
            "dry_run=yes",
            &["\"dry_run\"", "\"yes\"", "true, false, True, False, 1, 0"],
        ),
        ("check_before=TRUE", &["\"check_before\"", "true, false"]),
        (
            "truto_exclude_fields[a]=b",
            &["\"truto_exclude_fields[a]\"", "list of names"],
        ),
        (
            "truto_exclude_fields[0][a]=b",
            &["\"truto_exclude_fields[0][a]\"", "list of names"],
        ),
        (
            "truto_exclude_fields={\"a\":1}",
            &["\"truto_exclude_fields\"", "list of names"],
        ),
        (
            "truto_exclude_fields=[[\"a\"]]",
            &["truto_exclude_fields[0]", "is an array"],
        ),
        (
            "remote_query=abc",
            &["\"remote_query\"", "remote_query[name]"],
        ),
        (
            "remote_query=[1]",
            &["\"remote_query\"", "remote_query[name]"],
        ),
        (
            "remote_query[]=1",
            &["\"remote_query[]\"", "remote_query[name]"],
        ),
        (
            "remote_query={\"a\":[]}",
            &["\"remote_query\": remote_query.a", "leave it out"],
        ),
        (
            "remote_query={\"a\":{\"b\":{}}}",
            &["remote_query.a.b", "leave it out"],
        ),
        (
            "remote_query={\"a\":1,\"a\":2}",
            &["remote_query.a", "given twice"],
        ),
        // Names.
        (
            "dryrun=true",
            &["query parameter \"dryrun\"", "did you mean \"dry_run\""],
        ),
        (
            "verfy=none",
            &["query parameter \"verfy\"", "did you mean \"verify\""],
        ),
        (
            "rolse[0][id]=1",
            &["query parameter \"rolse[0][id]\"", "did you mean \"roles\""],
        ),
        (
            "truto_response_fromat=raw",
            &["did you mean \"truto_response_format\""],
        ),
        ("workspaceId=1", &["did you mean \"workspace_id\""]),
        (
            "remote_data[a]=1",
            &["query parameter \"remote_data[a]\"", "the body"],
        ),
        (
            "roles.0.id=1",
            &["query parameter \"roles.0.id\"", "brackets, like roles["],
        ),
    ] {
        refused(query, parts);
    }
}

#[test]
fn the_account_is_required() {
    for query in [
        "",
        "id=1",
        "integrated_account_id=",
        "integrated_account_id",
    ] {
        let error = decode(query, b"", &Limits::default()).unwrap_err();
        assert_eq!(error.missing_query, ["integrated_account_id"], "{query}");
        assert!(
            error
                .message
                .contains("query parameter \"integrated_account_id\"")
        );
    }
    let error = decode("integrated_acount_id=a", b"", &Limits::default()).unwrap_err();
    assert!(error.missing_query.is_empty(), "{error}");
    assert!(
        error
            .message
            .contains("did you mean \"integrated_account_id\"")
    );
}

#[test]
fn no_message_repeats_more_than_a_little_of_a_value() {
    let long = "x".repeat(5000);
    for query in [
        format!("verify={long}"),
        format!("id={long}&id={long}"),
        format!("roles={long}"),
        format!("roles=[{{\"{long}\":[{{\"{long}\":1,\"{long}\":2}}]}}]"),
        format!("roles[{long}=1"),
        format!("%FF{long}=1"),
        format!("remote_query={{\"a\":{long}}}"),
    ] {
        let error = decoded(&query, "").unwrap_err();
        assert!(error.message.chars().count() < 400, "{error}");
        assert!(!error.message.contains(&"x".repeat(61)), "{error}");
    }
    let error = decoded("verify=a%0Ab%1Bc", "").unwrap_err();
    assert!(!error.message.contains(['\n', '\u{1b}']), "{error}");
}

#[test]
fn a_short_text_cannot_make_a_query_of_any_length() {
    let entry = format!("{{\"{}\":[{}1]}}", "k".repeat(1000), "1,".repeat(2000));
    refused(
        &format!("remote_query={entry}"),
        &["\"remote_query\"", "too long"],
    );
}
