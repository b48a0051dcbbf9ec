//! The response formats: what each shows of a success and of a failure.

use offramp::sandbox::jumpcloud::seed;
use offramp::sandbox::slack_enterprise::MethodFailure;
use offramp::sandbox::{Fault, Reply, ReplyBody};
use serde_json::{Value, json};

use super::{guardhouse, jumpcloud, slack};

/// The seed's schema, in its order.
const FIELDS: [&str; 28] = [
    "id",
    "external_id",
    "identifiers",
    "first_name",
    "last_name",
    "title",
    "name",
    "username",
    "emails",
    "phones",
    "status",
    "is_email_verified",
    "is_2fa_enabled",
    "roles",
    "organizations",
    "user_type",
    "licenses",
    "groups",
    "workspaces",
    "avatar",
    "timezone",
    "languages",
    "bio",
    "created_at",
    "updated_at",
    "last_active_at",
    "last_login_at",
    "status_changed_at",
];
const LAST_FIELDS: [&str; 3] = ["activated_at", "urls", "unassignment"];

fn keys(object: &Value) -> Vec<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

fn schema() -> Vec<&'static str> {
    FIELDS.into_iter().chain(LAST_FIELDS).collect()
}

#[tokio::test]
async fn unified_has_only_what_has_a_value_in_the_schemas_order() {
    for body in [guardhouse().await.demo().send().await.json(), slack().await.demo().send().await.json()] {
        let shown = keys(&body);
        assert!(shown.contains(&"remote_data") && shown.contains(&"unassignment"), "{shown:?}");
        let mut order = schema();
        order.insert(order.len() - 1, "remote_data");
        let expected: Vec<&str> = order.into_iter().filter(|name| shown.contains(name)).collect();
        assert_eq!(shown, expected);
        let empty: Vec<_> =
            body.as_object().unwrap().iter().filter(|(_, value)| value.is_null() || **value == json!([])).collect();
        assert!(empty.is_empty(), "{empty:?}");
    }
}

#[tokio::test]
async fn normalized_is_complete_and_in_order() {
    let site = jumpcloud().await;
    let answer = site.demo().format("normalized").send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"));
    let user = answer.json();
    assert_eq!(keys(&user), schema(), "every field, in schema order, no remote_data");
    assert_eq!(keys(&user["emails"][0]), ["email", "type", "is_primary"]);
    assert_eq!(keys(&user["phones"][0]), ["number", "extension", "type"]);
    assert_eq!(keys(&user["roles"][0]), ["id", "name", "group", "organization", "workspace"]);
    assert_eq!(keys(&user["organizations"][0]), ["id", "name"]);
    assert_eq!(keys(&user["groups"][0]), ["id", "name", "organization"]);
    for list in ["licenses", "workspaces", "languages", "urls"] {
        assert_eq!(user[list], json!([]), "{list}");
    }
    for nothing in ["avatar", "timezone", "bio", "updated_at", "last_login_at"] {
        assert_eq!(user[nothing], Value::Null, "{nothing}");
    }
    assert_eq!(user["status"], "active");
    let created: jiff::Timestamp = user["created_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(created, "2024-01-02T03:04:05Z".parse().unwrap());
    assert!(user["created_at"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn normalized_holds_allowed_values_or_null() {
    let site = guardhouse().await;
    // Staged: "If no clear mapping is available, then the raw value is returned"; normalized has no raw values.
    let answer = site.unassign(107, &[7]).send().await;
    assert_eq!(answer.json()["status"], "staged", "{}", answer.text());
    let answer = site.unassign(107, &[7]).format("normalized").send().await;
    assert_eq!(answer.json()["status"], Value::Null, "{}", answer.text());
    let answer = site.unassign(108, &[2]).format("normalized").send().await;
    assert_eq!(answer.json()["status"], "invited");
    assert_eq!(keys(&answer.json()), schema());
}

#[tokio::test]
async fn raw_is_the_providers_answer_byte_for_byte() {
    let answer = guardhouse().await.demo().format("raw").send().await;
    assert_eq!((answer.status, answer.body.as_slice()), (204, &b""[..]));
    assert_eq!(answer.verdict(), "removed yes");
    assert_eq!(answer.header("offramp-remote-status"), Some("204"));
    assert!(answer.header("offramp-request-id").is_some());
    let answer = slack().await.demo().format("raw").send().await;
    assert_eq!((answer.status, answer.text().as_str()), (200, r#"{"ok":true}"#));
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let answer = jumpcloud().await.demo().format("raw").send().await;
    assert_eq!((answer.status, answer.json()["_id"].as_str()), (200, Some(seed::JANE_ADMIN)));
    assert_eq!(answer.json()["roleNames"], json!(["Read Only"]));
}

#[tokio::test]
async fn raw_and_stream_show_the_providers_no_as_it_is() {
    for format in ["raw", "stream"] {
        let site = guardhouse().await;
        let unknown = site.ask().json(&json!({"id": "999", "roles": [{"id": "2"}]})).format(format).send().await;
        assert_eq!((unknown.status, unknown.text().as_str()), (404, "User not found"), "{format}");
        assert_eq!(unknown.header("content-type"), Some("text/plain; charset=utf-8"));
        assert_eq!(unknown.header("offramp-outcome"), Some("failed"));
        let odd =
            Reply::bytes(418, Some("application/x-teapot"), bytes::Bytes::from_static(b"\x00\xff short and stout"));
        site.server.faults.once("DELETE", "", Fault::Answer(odd));
        let teapot = site.demo().format(format).send().await;
        assert_eq!((teapot.status, teapot.body.as_slice()), (418, &b"\x00\xff short and stout"[..]), "{format}");
        assert_eq!(teapot.header("content-type"), Some("application/x-teapot"));
        let site = slack().await;
        let failure = MethodFailure::of("admin.roles.removeAssignments", "access_denied");
        site.simulator.settings(|settings| settings.failures.push(failure));
        let inside = site.demo().format(format).send().await;
        // "an error inside a 2xx takes the status its kind stands for (also in `raw`)".
        assert_eq!((inside.status, inside.text().as_str()), (403, r#"{"ok":false,"error":"access_denied"}"#));
        assert_eq!(inside.header("offramp-remote-status"), Some("200"));
    }
}

#[tokio::test]
async fn raw_without_any_answer_is_our_error() {
    for format in ["raw", "stream"] {
        let site = guardhouse().await;
        site.server.faults.once("DELETE", "", Fault::DropBefore);
        let answer = site.demo().format(format).send().await;
        assert_eq!(answer.header("offramp-outcome"), Some("unknown"));
        answer.refused_as(502, answer.json()["kind"].as_str().unwrap(), "");
        site.ask().format(format).send().await.bad_input("id");
    }
}

#[tokio::test]
async fn a_provider_that_says_yes_and_does_nothing_is_no_200_in_any_format() {
    for format in ["unified", "raw", "normalized", "stream", "debug"] {
        let site = guardhouse().await;
        site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
        let answer = site.demo().format(format).send().await;
        assert_eq!((answer.status, answer.verdict().as_str()), (502, "failed no"), "{format}");
        let site = slack().await;
        site.simulator.settings(|settings| settings.ignores_removals = true);
        let answer = site.demo().format(format).send().await;
        assert_eq!((answer.status, answer.verdict().as_str()), (502, "failed no"), "{format}");
    }
}

#[tokio::test]
async fn raw_without_a_write_is_the_unified_body() {
    let site = jumpcloud().await;
    let answer = site.unassign(seed::JANE, &["Manager"]).format("raw").send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (200, Some("already_absent")));
    assert_eq!(answer.header("offramp-remote-calls"), Some("0"));
    assert_eq!(
        (answer.json()["id"].as_str(), answer.item(0)["outcome"].as_str()),
        (Some(seed::JANE), Some("already_absent"))
    );
}

#[tokio::test]
async fn a_stream_is_passed_on_whole_and_unlimited() {
    let site = guardhouse().await;
    let long = Reply { body: ReplyBody::Filler(5 << 20), ..Reply::bytes(200, Some("application/x-filler"), "".into()) };
    site.server.faults.once("DELETE", "", Fault::ActThenAnswer(long));
    let answer = site.demo().format("stream").send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (200, Some("removed")), "{:?}", answer.headers);
    assert!(answer.whole && answer.body.len() == 5 << 20 && answer.body.iter().all(|byte| *byte == b'x'));
    assert_eq!(answer.header("content-type"), Some("application/x-filler"));
    let short = slack().await.demo().format("stream").send().await;
    assert_eq!((short.status, short.text().as_str(), short.verdict().as_str()), (200, r#"{"ok":true}"#, "removed yes"));
}

#[tokio::test]
async fn a_stream_undecided_after_64_kib_is_unknown() {
    let site = slack().await;
    let long = Reply { body: ReplyBody::Filler(1 << 20), ..Reply::bytes(200, Some("application/json"), "".into()) };
    site.server.faults.once("POST", "removeAssignments", Fault::Answer(long));
    let answer = site.demo().format("stream").send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (502, Some("unknown")), "{:?}", answer.headers);
}

#[tokio::test]
async fn a_stream_is_of_one_item() {
    let site = guardhouse().await;
    site.unassign(102, &[2, 3]).format("stream").send().await.bad_input("stream");
}

#[tokio::test]
async fn debug_shows_the_calls_and_masks_the_secrets() {
    let site = guardhouse().await;
    let answer = site.demo().format("debug").send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"));
    let body = answer.json();
    assert_eq!(keys(&body), ["result", "debug"]);
    assert_eq!(body["result"]["id"], "102");
    let debug = &body["debug"];
    assert_eq!(keys(debug), ["requestUrl", "requestOptions", "data", "responseHeaders", "steps"]);
    let url = format!("{}/api/v1/users/102/roles/2", site.server.base_url());
    assert_eq!(debug["requestUrl"], json!(url));
    assert!(debug["steps"].as_array().is_some_and(|steps| steps.len() >= 2), "{debug}");
    let shown = debug.to_string().to_lowercase();
    assert!(shown.contains("authorization"), "the header is shown, its value is not: {debug}");
    // That no secret is in it is checked for every answer.
    let site = jumpcloud().await;
    let debug = site.demo().format("debug").send().await.json();
    assert!(debug["debug"].to_string().to_lowercase().contains("x-api-key"), "{debug}");
    let answer = slack().await.demo().format("debug").send().await;
    assert_eq!(answer.json()["debug"]["data"], json!({"ok": true}));
}

#[tokio::test]
async fn every_format_fails_alike_where_nothing_was_answered() {
    for format in ["unified", "raw", "normalized", "stream", "debug"] {
        let site = guardhouse().await;
        site.simulator.allow_system_api("offramp-sandbox", false);
        let answer = site.demo().format(format).send().await;
        assert_eq!((answer.status, answer.header("offramp-outcome")), (403, Some("failed")), "{format}");
    }
}
