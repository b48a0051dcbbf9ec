//! What each rule of decoding a query refuses; every refusal names its place and the way out.

use offramp::http::decode::{Decoded, Limits, decode};
use offramp::model::RequestError;

fn decoded(query: &str, body: &str) -> Result<Decoded, RequestError> {
    let query = format!("integrated_account_id=a&{query}");
    decode(&query, body.as_bytes(), &Limits::default())
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
fn a_refusal_names_its_place() {
    let deep = format!("id{}=1", "[a]".repeat(17));
    let deep_json = format!("roles=[{{\"x\":{}{}}}]", "[".repeat(15), "]".repeat(15));
    for (query, parts) in [
        // Escapes.
        ("id=%zz", &["query parameter \"id\"", "%25"][..]),
        ("id=5%", &["query parameter \"id\"", "%25"]),
        ("id=%4", &["query parameter \"id\"", "%25"]),
        ("roles[0][id]=%FF", &["query parameter \"roles[0][id]\"", "UTF-8"]),
        ("other=%FF", &["query parameter \"other\"", "UTF-8"]),
        ("%FFid=1", &["query parameter \"%FFid\"", "its name", "UTF-8"]),
        // Bracket paths.
        ("roles[0=1", &["query parameter \"roles[0\"", "pair up", "roles[0][id]"]),
        ("roles]0[=1", &["query parameter \"roles]0[\"", "pair up"]),
        ("roles[0]x=1", &["query parameter \"roles[0]x\"", "pair up"]),
        ("roles[a[b]]=1", &["query parameter \"roles[a[b]]\"", "pair up"]),
        ("other[0=1", &["query parameter \"other[0\"", "pair up"]),
        ("[a]=1", &["query parameter \"[a]\"", "without a name"]),
        ("=1", &["query parameter \"\"", "name=value"]),
        (&deep, &["query parameter \"id[a][a]", "deeper than 16"]),
        (&deep_json, &["query parameter \"roles\"", "deeper than 16"]),
        // One name in several forms, or several times.
        ("id=1&id=2", &["query parameter \"id\"", "given twice"]),
        ("id=1&id=1", &["query parameter \"id\"", "given twice"]),
        ("id[]=1", &["query parameter \"id[]\"", "one plain value", "id="]),
        ("id=1&id[a]=1", &["query parameter \"id[a]\"", "one plain value"]),
        ("integrated_account_id=b", &["query parameter \"integrated_account_id\"", "twice"]),
        ("workspace_id=1&workspace_id=2", &["query parameter \"workspace_id\"", "twice"]),
        ("verify=once&verify=wait", &["query parameter \"verify\"", "twice"]),
        ("roles=[{\"id\":1}]&roles[0][id]=1", &["query parameter \"roles\"", "\"roles[0][id]\"", "one form"]),
        ("roles[][id]=1&roles[0][id]=1", &["\"roles[][id]\"", "\"roles[0][id]\"", "one form"]),
        ("roles[0]={\"id\":1}&roles[0][name]=x", &["\"roles[0]\"", "\"roles[0][name]\""]),
        ("roles[]={\"id\":1}&roles[][id]=x", &["\"roles[]\"", "\"roles[][id]\""]),
        ("roles[0][id]=1&roles[0][id]=2", &["query parameter \"roles[0][id]\"", "twice"]),
        ("roles[0][id]=1&roles[00][id]=2", &["query parameter \"roles[00][id]\"", "twice"]),
        ("roles[0]={\"id\":1}&roles[0]={\"id\":1}", &["query parameter \"roles[0]\"", "twice"]),
        ("roles=[{\"id\":1}]&roles=[{\"id\":1}]", &["query parameter \"roles\"", "twice"]),
        (
            "truto_exclude_fields=a&truto_exclude_fields[]=b",
            &["query parameter \"truto_exclude_fields\"", "\"truto_exclude_fields[]\""],
        ),
        (
            "truto_exclude_fields[1]=a&truto_exclude_fields[1]=b",
            &["query parameter \"truto_exclude_fields[1]\"", "twice"],
        ),
        ("remote_query={\"a\":1}&remote_query[b]=1", &["\"remote_query\"", "\"remote_query[b]\""]),
        ("remote_query={\"a\":1}&remote_query={}&remote_query={\"b\":1}", &["remote_query", "twice"]),
        (
            "dry_run=true&truto_skip_api_call=false",
            &["query parameter \"dry_run\"", "query parameter \"truto_skip_api_call\""],
        ),
        // Items.
        ("roles=7", &["query parameter \"roles\"", "roles[0][id]=7"]),
        ("roles[0]=7", &["query parameter \"roles[0]\"", "roles[0][id]=7"]),
        ("roles[id]=7", &["query parameter \"roles[id]\"", "roles[0][id]"]),
        ("roles[0][]=7", &["query parameter \"roles[0][]\"", "roles[0][id]"]),
        ("roles[0][id][x]=7", &["query parameter \"roles[0][id][x]\"", "one value"]),
        ("roles[3][role_id]=7", &["query parameter \"roles[3][role_id]\"", "none of id, name"]),
        ("roles[][id]=7&roles[][x]=1&roles[][x]=2", &["\"roles[][x]\"", "none of id, name"]),
        (
            "roles[][id]=7&roles[][id]=8&roles[][name]=a&roles[][name]=b",
            &["query parameter \"roles[][id]\"", "key by key", "roles[0][id]"],
        ),
        ("roles=[{\"id\":1}", &["query parameter \"roles\"", "not valid JSON", "line 1 column 9"]),
        ("roles=[{\"id\":1}]x", &["query parameter \"roles\"", "line 1 column 11"]),
        ("roles=[{\"id\":{\"a\":1}}]", &["\"roles\": roles[0].id", "is an object"]),
        ("roles=[{},{\"id\":true}]", &["\"roles\": roles[1].id", "is a boolean"]),
        ("roles=[{\"id\":1,\"id\":1}]", &["\"roles\": roles[0].id", "given twice"]),
        ("roles=[7]", &["\"roles\": roles[0]", "is a number", "{\"id\":\"7\"}"]),
        ("organizations[0][group]=7", &["\"organizations[0][group]\"", "none of id, name;"]),
        // Values.
        ("truto_response_format=RAW", &["\"truto_response_format\"", "\"RAW\"", "unified, raw, n"]),
        ("verify=always", &["\"verify\"", "\"always\"", "once, wait, none"]),
        ("verify=true", &["\"verify\"", "once, wait, none"]),
        ("dry_run=yes", &["\"dry_run\"", "\"yes\"", "true, false, True, False, 1, 0"]),
        ("check_before=TRUE", &["\"check_before\"", "true, false"]),
        ("truto_exclude_fields[a]=b", &["\"truto_exclude_fields[a]\"", "list of names"]),
        ("truto_exclude_fields[0][a]=b", &["\"truto_exclude_fields[0][a]\"", "list of names"]),
        ("truto_exclude_fields={\"a\":1}", &["\"truto_exclude_fields\"", "list of names"]),
        ("truto_exclude_fields=[[\"a\"]]", &["truto_exclude_fields[0]", "is an array"]),
        ("remote_query=abc", &["\"remote_query\"", "remote_query[name]"]),
        ("remote_query=[1]", &["\"remote_query\"", "remote_query[name]"]),
        ("remote_query[]=1", &["\"remote_query[]\"", "remote_query[name]"]),
        ("remote_query={\"a\":[]}", &["\"remote_query\": remote_query.a", "leave it out"]),
        ("remote_query={\"a\":{\"b\":{}}}", &["remote_query.a.b", "leave it out"]),
        ("remote_query={\"a\":1,\"a\":2}", &["remote_query.a", "given twice"]),
        // Names.
        ("dryrun=true", &["query parameter \"dryrun\"", "did you mean \"dry_run\""]),
        ("verfy=none", &["query parameter \"verfy\"", "did you mean \"verify\""]),
        ("rolse[0][id]=1", &["query parameter \"rolse[0][id]\"", "did you mean \"roles\""]),
        ("truto_response_fromat=raw", &["did you mean \"truto_response_format\""]),
        ("workspaceId=1", &["did you mean \"workspace_id\""]),
        ("remote_data[a]=1", &["query parameter \"remote_data[a]\"", "the body"]),
        ("roles.0.id=1", &["query parameter \"roles.0.id\"", "brackets, like roles["]),
    ] {
        refused(query, parts);
    }
}

#[test]
fn the_account_is_required() {
    for query in ["", "id=1", "integrated_account_id=", "integrated_account_id"] {
        let error = decode(query, b"", &Limits::default()).unwrap_err();
        assert_eq!(error.missing_query, ["integrated_account_id"], "{query}");
        assert!(error.message.contains("query parameter \"integrated_account_id\""));
    }
    let error = decode("integrated_acount_id=a", b"", &Limits::default()).unwrap_err();
    assert!(error.missing_query.is_empty(), "{error}");
    assert!(error.message.contains("did you mean \"integrated_account_id\""));
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
    refused(&format!("remote_query={entry}"), &["\"remote_query\"", "too long"]);
}

#[test]
fn a_number_that_may_not_be_exact_is_no_id() {
    for number in ["4e1", "42.0", "1E2", "1.5"] {
        refused(
            &format!("roles=[{{\"id\":{number}}}]"),
            &["query parameter \"roles\": roles[0].id", "send it as a string"],
        );
    }
}

#[test]
fn every_name_has_its_misspellings() {
    for name in [
        "integrated_account_id",
        "id",
        "roles",
        "organizations",
        "workspace_id",
        "remote_query",
        "truto_response_format",
        "truto_ignore_remote_data",
        "truto_exclude_fields",
        "truto_skip_api_call",
        "dry_run",
        "verify",
        "check_before",
    ] {
        let dashed = name.replace('_', "-").to_uppercase();
        let plural = format!("{name}s");
        for given in [dashed, plural] {
            refused(&format!("{given}=1"), &[&format!("\"{given}\""), &format!("did you mean \"{name}\"")]);
        }
    }
}
