//! What each rule of decoding a query accepts.

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
            RoleRef { id: Some("1".to_owned()), ..RoleRef::default() },
            RoleRef { id: Some("2".to_owned()), name: Some("b".to_owned()), ..RoleRef::default() },
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
    assert_eq!(serde_json::to_value(&request.organizations).unwrap(), fields);
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
    assert_eq!(role_ids(&format!("roles=[{{\"name\":\"-1 \\\" 2\",\"id\":{long}}}]")), [long]);
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
        ("remote_query[a][]=1&remote_query[a][]=1", &[("a[]", "1"), ("a[]", "1")]),
        ("remote_query[a]=1,2&remote_query[b]=", &[("a", "1,2"), ("b", "")]),
        ("remote_query[a]=null&remote_query[a][b]=%2541", &[("a", "null"), ("a[b]", "%41")]),
        ("remote_query[b]=1&remote_query[0]=2", &[("b", "1"), ("0", "2")]),
        (
            "remote_query={\"a\":[\"x\",1],\"b\":{\"c\":true},\"n\":null,\"e\":\"\"}",
            &[("a[]", "x"), ("a[]", "1"), ("b[c]", "true"), ("n", ""), ("e", "")],
        ),
        (
            "remote_query={\"f\":1.50,\"i\":18446744073709551616,\"s\":[{\"k\":1},2]}",
            &[("f", "1.50"), ("i", "18446744073709551616"), ("s[0][k]", "1"), ("s[1]", "2")],
        ),
        ("remote_query={}", &[]),
        ("remote_query=&remote_query[a]=1", &[("a", "1")]),
    ] {
        let given = accepted(query).request.remote_query;
        let given: Vec<_> = given.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(given, pairs, "{query}");
    }
}

#[test]
fn unknown_names_are_told_once_each_in_order() {
    let decoded = accepted("utm=1&_=5&utm[x][]=2&ip=::1&&x.y=1&page%20no=2&utm=3");
    assert_eq!(decoded.ignored_parameters, ["utm", "_", "ip", "x.y", "page no"]);
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
    }
}
