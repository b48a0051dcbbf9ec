//! What real clients send. `fixtures/encodings/` holds the same few requests as each client wrote
//! them; here each must be understood alike, or refused where that client cannot say it.

use std::fs;
use std::path::Path;

use offramp::http::decode::{Limits, decode};
use offramp::model::{NamedRef, Options, ResponseFormat, RoleRef, UnassignRequest, VerifyMode};

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn role(id: &str) -> RoleRef {
    RoleRef { id: text(id), ..RoleRef::default() }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// How a client writes a list in `remote_query`; its names are kept.
fn tags(client: &str) -> Vec<(String, String)> {
    match client {
        _ if client.contains("json") => pairs(&[("tags[]", "x"), ("tags[]", "y")]),
        "qs-brackets" | "qs-brackets-unencoded" => pairs(&[("tags[]", "x"), ("tags[]", "y")]),
        "httpx-lists-brackets" | "requests-lists-brackets" | "httpx-open" | "requests-open" => {
            pairs(&[("tags[]", "x"), ("tags[]", "y")])
        }
        "qs-repeat" | "qs-repeat-unencoded" | "httpx-lists" | "requests-lists" => {
            pairs(&[("tags", "x"), ("tags", "y")])
        }
        _ if client.starts_with("qs-comma") => pairs(&[("tags", "x,y")]),
        _ => pairs(&[("tags[0]", "x"), ("tags[1]", "y")]),
    }
}

/// The request that a line of a fixture was made from.
fn meant(client: &str, request: &str) -> UnassignRequest {
    let nothing = UnassignRequest::default();
    match request {
        "scalars" => UnassignRequest {
            id: text("42"),
            workspace_id: text("G7"),
            options: Options {
                format: ResponseFormat::Raw,
                dry_run: true,
                verify: VerifyMode::None,
                ..Options::default()
            },
            ..nothing
        },
        "special" => UnassignRequest {
            id: text("jo+x@example.com"),
            workspace_id: text("G 7/ü&b=c%5B[]"),
            remote_query: pairs(&[("expand", "a+b c,d%20")]),
            ..nothing
        },
        "items" => UnassignRequest {
            roles: vec![
                RoleRef { name: text("Admin"), group: text("g-1"), ..role("7") },
                RoleRef { name: text("Zweite_ü"), ..role("8") },
            ],
            organizations: vec![NamedRef { id: text("o1"), name: text("Eins") }],
            ..nothing
        },
        "numbers" => UnassignRequest { roles: vec![role("7"), role("9007199254740991")], ..nothing },
        "exclude" => UnassignRequest {
            options: Options {
                exclude_fields: vec!["remote_data".to_owned(), "emails.type".to_owned()],
                ..Options::default()
            },
            ..nothing
        },
        "remote" => {
            // Python writes its own True; nothing in remote_query is decoded.
            let python = client.starts_with("requests-") && !client.contains("json");
            let on = if python { "True" } else { "true" };
            UnassignRequest {
                remote_query: pairs(&[("limit", "3"), ("filter[on]", on), ("filter[deep][x]", "y")]),
                ..nothing
            }
        }
        "remote_list" => UnassignRequest { remote_query: tags(client), ..nothing },
        "empties" => UnassignRequest { id: text("u1"), roles: vec![role("7")], ..nothing },
        other => panic!("{client}: no expectation for {other}"),
    }
}

/// What a client cannot say in this form, and the message it gets.
fn refusal(client: &str, request: &str) -> Option<&'static str> {
    let message = match (client, request) {
        // The array format of qs loses where an item begins.
        ("qs-repeat" | "qs-repeat-unencoded", "items" | "numbers" | "empties") => {
            "query parameter \"roles[id]\" names no item of the list"
        }
        // "[object Object]" is all that is left of an item.
        ("qs-comma" | "qs-comma-unencoded", "items" | "numbers" | "empties")
        | ("qs-comma-round-trip", "items" | "numbers") => "query parameter \"roles\": not valid JSON",
        ("qs-comma-round-trip", "empties") => "query parameter \"roles[]\": not valid JSON",
        // Dots are no path of the contract.
        ("qs-dots", "items" | "numbers" | "empties") => "query parameter \"roles[0].id\": its brackets do not pair up",
        ("qs-dots", "special") => "query parameter \"remote_query.expand\" has its path in dots",
        ("qs-dots", "remote") => "query parameter \"remote_query.limit\" has its path in dots",
        ("qs-dots", "remote_list") => "\"remote_query.tags[0]\" has its path in dots",
        ("axios-dots", "items" | "numbers" | "empties") => "query parameter \"roles.0.id\" has its path in dots",
        ("axios-dots", "special") => "query parameter \"remote_query.expand\" has its path in dots",
        ("axios-dots", "remote") => "query parameter \"remote_query.limit\" has its path in dots",
        ("axios-dots", "remote_list") => "\"remote_query.tags.0\" has its path in dots",
        // Python's own notation, or of a dictionary nothing but its keys.
        ("requests-nested", "items" | "numbers" | "empties") => {
            "query parameter \"roles\" is neither an item's field nor JSON text"
        }
        ("requests-nested", "special" | "remote_list") => "query parameter \"remote_query\" must be an object",
        ("requests-nested", "remote") => "query parameter \"remote_query\" is given twice",
        ("httpx-nested", "items" | "numbers" | "empties") => "query parameter \"roles\": not valid JSON",
        ("httpx-nested", "special" | "remote" | "remote_list") => "query parameter \"remote_query\": not valid JSON",
        // It sorts pairs by their key before it sends them.
        ("httpx-open", "items") => "query parameter \"roles[][id]\" comes key by key",
        _ => return None,
    };
    Some(message)
}

#[test]
fn every_client_is_understood_or_told_why_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/encodings");
    let mut understood = 0;
    let mut refused = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let client = path.file_stem().unwrap().to_str().unwrap();
        let fixture = fs::read_to_string(&path).unwrap();
        let (header, lines) = fixture.split_once('\n').unwrap();
        assert!(header.starts_with("# "), "{client}: no header");
        for line in lines.lines() {
            let (request, query) = line.split_once('\t').unwrap();
            let decoded = decode(query, b"", &Limits::default());
            match (refusal(client, request), decoded) {
                (None, Ok(decoded)) => {
                    assert_eq!(decoded.integrated_account_id, "acc-1", "{client} {request}");
                    assert_eq!(decoded.request, meant(client, request), "{client} {request}: {query}");
                    assert!(decoded.ignored_parameters.is_empty(), "{client} {request}");
                    understood += 1;
                }
                (Some(message), Err(error)) => {
                    assert!(error.message.contains(message), "{client} {request}: {error}");
                    refused += 1;
                }
                (expected, got) => panic!("{client} {request}: {expected:?}, but {got:?}"),
            }
        }
    }
    assert_eq!((understood, refused), (220, 40), "fixtures added or lost");
}
