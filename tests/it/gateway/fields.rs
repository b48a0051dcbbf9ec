//! Which fields an answer has: excluded ones, `remote_data`, the envelope.

use offramp::storage::Envelope;
use serde_json::json;

use super::{Site, guardhouse, jumpcloud, slack};
use offramp::sandbox::guardhouse::Guardhouse;

#[tokio::test]
async fn any_field_may_be_left_out() {
    let site = jumpcloud().await;
    let ask = || {
        site.demo()
            .raw_query("truto_exclude_fields[]=emails.type&truto_exclude_fields[]=id&truto_exclude_fields[]=phones")
    };
    let body = ask().send().await.json();
    assert!(body.get("id").is_none() && body.get("phones").is_none(), "{body}");
    assert!(body["emails"][1].get("type").is_none(), "{body}");
    assert_eq!(body["emails"][1]["email"], "jane@home.example");
    assert_eq!(body["remote_data"]["phoneNumbers"][0]["number"], "+1 555 0100", "a field of ours, not of theirs");
    let body = ask().format("normalized").send().await.json();
    assert!(body.get("id").is_none() && body.get("bio").is_some(), "{body}");
    let listed = site.demo().query("truto_exclude_fields", "emails,roles,remote_data.email").send().await.json();
    assert!(listed.get("emails").is_none() && listed.get("roles").is_none(), "{listed}");
    assert!(listed["remote_data"].get("email").is_none(), "{listed}");
    let debug = ask().format("debug").send().await.json();
    assert!(debug["result"].get("id").is_none(), "{debug}");
}

#[tokio::test]
async fn without_the_unassignment_the_headers_still_tell() {
    let site = guardhouse().await;
    let answer = site.demo().query("truto_exclude_fields", r#"["unassignment","id"]"#).send().await;
    let body = answer.json();
    assert!(body.get("unassignment").is_none() && body.get("id").is_none(), "{body}");
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"));
    let raw = slack().await.demo().format("raw").query("truto_exclude_fields", "ok").send().await;
    assert_eq!(raw.text(), r#"{"ok":true}"#, "no effect on raw");
}

#[tokio::test]
async fn remote_data_may_be_left_out() {
    let site = guardhouse().await;
    assert!(site.demo().send().await.json()["remote_data"].is_object());
    for on in ["true", "True", "1"] {
        let body = site.demo().query("truto_ignore_remote_data", on).send().await.json();
        assert!(body.get("remote_data").is_none(), "{body}");
    }
    let body = site.demo().query("truto_ignore_remote_data", "0").send().await.json();
    assert!(body["remote_data"].is_object());
}

#[tokio::test]
async fn a_token_may_ask_for_the_envelope() {
    let site = guardhouse().await;
    let token = site.token("default", json!(["call"]), "result").await;
    for format in ["unified", "normalized"] {
        let answer = site.demo().format(format).token(Some(&token)).send().await;
        assert_eq!(answer.verdict(), "removed yes");
        let body = answer.json();
        assert_eq!(body.as_object().unwrap().len(), 1, "{body}");
        assert_eq!(body["result"]["id"], "102");
        assert_eq!(body["result"]["unassignment"]["outcome"], "removed");
    }
    let raw = site.demo().format("raw").token(Some(&token)).send().await;
    assert_eq!((raw.status, raw.body.len()), (204, 0), "raw has no envelope");
}

#[tokio::test]
async fn the_configuration_may_set_the_envelope() {
    let site = Site::open(Guardhouse::new, Envelope::Result).await.connected().await;
    let body = site.demo().send().await.json();
    assert_eq!(body["result"]["id"], "102", "{body}");
    let bare = site.token("default", json!(["call"]), "bare").await;
    assert_eq!(site.demo().token(Some(&bare)).send().await.json()["id"], "102");
}
