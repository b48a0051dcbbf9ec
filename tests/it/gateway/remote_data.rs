//! `remote_data` and `remote_query`: passed on as they are, but never to another target.

use offramp::sandbox::Simulator;
use offramp::sandbox::jumpcloud::seed;
use serde_json::{Value, json};

use super::ask::Answer;
use super::{Site, guardhouse, jumpcloud, slack};

/// The body and query of the one write, decoded.
fn sent(answer: &Answer) -> (Value, Vec<(String, String)>) {
    let write = answer.calls.iter().find(|recorded| super::truth::is_write(&recorded.call)).unwrap();
    let query = form_urlencoded::parse(write.call.query.as_bytes()).into_owned().collect();
    (serde_json::from_slice(&write.call.body).unwrap(), query)
}

#[tokio::test]
async fn its_keys_win_over_mapped_ones_that_are_no_target() {
    let site = guardhouse().await;
    let odd = json!({"instantLogout": true, "none": null, "empty": "", "list": [], "nested": {"a": [1, {"b": null}]},
        "text": "{{ account.client_secret }}", "number": 1.50, "comma": "a,b", "truthy": "True"});
    let body = json!({"id": "102", "roles": [{"id": "2"}], "remote_data": odd});
    let answer = site.ask().json(&body).target("user 102 holds role 2").send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    // "Inside `remote_data` and `remote_query` nothing is decoded, dropped or split; … `null` is sent as `null`."
    assert_eq!(sent(&answer).0, odd);
    let site = jumpcloud().await;
    let body = json!({"id": seed::JANE, "roles": [{"name": "Help Desk"}], "remote_data": {"enableMultiFactor": true}});
    let answer = site.ask().json(&body).target(super::HELP_DESK_OF_JANE).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    assert_eq!(sent(&answer).0, json!({"roleNames": ["Read Only"], "enableMultiFactor": true}));
}

#[tokio::test]
async fn remote_query_goes_to_the_unassign_call_alone() {
    let site = guardhouse().await;
    let query =
        "remote_query[trace]=on&remote_query[tags][]=b,c&remote_query[tags][]=a&remote_query[deep][er]=%20x%26y%3Dz";
    let answer = site.demo().raw_query(query).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    let (_, pairs) = sent(&answer);
    let values = |start: &str| -> Vec<&str> {
        pairs.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, value)| value.as_str()).collect()
    };
    assert_eq!(values("trace"), ["on"]);
    assert_eq!(values("tags"), ["b,c", "a"], "nothing is split, and the order stays");
    assert_eq!(values("deep[er]"), [" x&y=z"]);
    assert_eq!(pairs.len(), 4, "{pairs:?}");
    for read in answer.calls.iter().filter(|recorded| recorded.call.method == "GET") {
        assert!(!read.call.query.contains("trace"), "{}", read.call.query);
    }
    site.simulator.assign(102, 2);
    let as_json = site.demo().query("remote_query", r#"{"trace":"on"}"#).send().await;
    assert_eq!(sent(&as_json).1, [("trace".to_owned(), "on".to_owned())]);
}

/// Every spelling a lenient server would take for the name.
fn spellings(name: &str) -> Vec<String> {
    let mut upper = name.to_owned();
    if let Some(first) = upper.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let mut camel = String::new();
    for (index, word) in name.split('_').enumerate() {
        let (first, rest) = word.split_at(1);
        camel.push_str(&if index == 0 { first.to_owned() } else { first.to_uppercase() });
        camel.push_str(rest);
    }
    vec![
        name.to_owned(),
        name.to_uppercase(),
        name.to_lowercase(),
        upper,
        camel,
        format!("{name} "),
        format!(" {name}"),
    ]
}

/// Contract 1: "setting or repeating one of those is a 400 that names it".
async fn cannot_be_redirected<S: Simulator>(site: &Site<S>, body: &Value, targets: &[&str], value: &Value) {
    for name in targets {
        for spelling in spellings(name) {
            let mut body = body.clone();
            body["remote_data"] = json!({spelling.clone(): value});
            let answer = site.demo().json(&body).send().await;
            assert_eq!(answer.status, 400, "remote_data.{spelling:?}: {}", answer.text());
            let named = answer.bad_input("").to_string().to_lowercase();
            assert!(named.contains(&spelling.trim().to_lowercase()), "{spelling:?} is not named: {named}");
        }
        for suffix in ["", "[]", "[0]", "[x]", "[][y]"] {
            for spelling in spellings(name) {
                let text = format!("remote_query[{}]{suffix}=Rl02", spelling.replace(' ', "%20"));
                let answer = site.demo().json(body).raw_query(&text).send().await;
                assert_eq!(answer.status, 400, "{text}: {}", answer.text());
                answer.bad_input("");
            }
            // The same name, written into a key of the JSON notation.
            let query = json!({format!("{name}{suffix}"): "Rl02"}).to_string();
            let answer = site.demo().json(body).query("remote_query", &query).send().await;
            assert_eq!(answer.status, 400, "remote_query={query}: {}", answer.text());
            answer.bad_input("");
        }
    }
}

#[tokio::test]
async fn slacks_targets_cannot_be_set_from_outside() {
    let site = slack().await;
    cannot_be_redirected(&site, &json!({}), &["role_id", "user_ids", "entity_ids"], &json!("Rl02")).await;
    // Nor repeated with the same value.
    let body = json!({"remote_data": {"role_id": "Rl03"}});
    site.demo().json(&body).send().await.bad_input("role_id");
}

#[tokio::test]
async fn jumpclouds_targets_cannot_be_set_from_outside() {
    let site = jumpcloud().await;
    let body = site.simulator.demo().body;
    cannot_be_redirected(&site, &body, &["roleNames", "roleName"], &json!(["Administrator"])).await;
}

#[tokio::test]
async fn neither_is_anything_but_an_object() {
    let site = guardhouse().await;
    for odd in [json!([1]), json!("text"), json!(1), json!(true)] {
        let body = json!({"id": "102", "roles": [{"id": "2"}], "remote_data": odd});
        site.ask().json(&body).send().await.bad_input("remote_data");
    }
    site.demo().query("remote_query", "[1]").send().await.bad_input("remote_query");
    site.demo().raw_query("remote_query[]=1").send().await.bad_input("remote_query");
    site.demo().json(&json!({"id": "102", "roles": [{"id": "2"}], "remote_data": null})).send().await;
    assert!(!site.simulator.holds(102, 2), "null means absent");
}
