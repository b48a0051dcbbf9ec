//! A removal by messages: the same answers as over HTTP, and the same care with what was sent.

use std::collections::BTreeSet;

use offramp::sandbox::{Call, Demo, Reply, SimServer, Simulator};

use super::hub::Trouble;
use super::*;

#[tokio::test]
async fn a_role_is_taken_away_by_a_message_and_proven_by_another() {
    let stage = Stage::connected().await;
    let got = stage.unassign().await;
    assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
    assert_eq!((got.header("offramp-remote-calls"), got.header("offramp-remote-status")), ("1", "200"));
    // The user is what the reply holds, not the reply; and its secret is not shown.
    assert_eq!((&got.body["id"], &got.body["name"]), (&json!("42"), &json!("Ann")));
    assert_eq!(got.body["remote_data"], json!({"id": 42, "name": "Ann", "pin": "********", "roles": [{"id": 8}]}));
    assert!(!stage.hub.holds(42, 7) && stage.hub.holds(42, 8));
    let heard = stage.hub.set(|state| state.heard.clone());
    assert_eq!(stage.hub.heard(), ["user/leave", "user/get"]);
    let mut leave = heard[0].clone();
    let reference = leave.as_object_mut().unwrap().remove("ref").unwrap();
    assert!(reference.as_str().is_some_and(|text| text.len() > 20));
    // Numbers, as the definition makes them.
    assert_eq!(leave, json!({"op": "user/leave", "user": 42, "role": 7, "silent": true}));
}

/// The same provider over HTTP.
struct Web;

impl Simulator for Web {
    fn slug(&self) -> &'static str {
        "hub"
    }

    fn handle(&self, call: &Call) -> Reply {
        match (call.header("authorization"), call.method.as_str()) {
            (Some("Bearer a-good-pass"), "DELETE") => Reply::empty(204),
            (Some("Bearer a-good-pass"), _) => {
                Reply::json(200, &json!({"id": 42, "name": "Ann", "roles": [{"id": 8}]}))
            }
            _ => Reply::json(401, &json!({"message": "who?"})),
        }
    }

    fn memberships(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn demo(&self) -> Demo {
        Demo { context: Value::Null, query: Vec::new(), body: Value::Null }
    }
}

#[tokio::test]
async fn the_same_definition_speaks_http() {
    let web = SimServer::start(Arc::new(Web)).await.unwrap();
    let mut stage = Stage::open().await;
    let context = json!({"over": "web", "pass": "a-good-pass", "base_url": web.base_url()});
    assert_eq!(stage.connect(context).await.status, 201);
    let by_web = stage.unassign().await;
    assert_eq!((by_web.status, by_web.verdict().as_str()), (200, "removed yes"), "{}", by_web.text);
    assert_eq!(by_web.header("offramp-remote-status"), "204");
    let by_queue = Stage::connected().await.unassign().await;
    for field in ["id", "name"] {
        assert_eq!(by_web.body[field], by_queue.body[field]);
    }
    assert_eq!(stage.hub.broker.connections(), 0);
    // There, a query has its place.
    let got = stage.ask("&remote_query[tag]=x", &json!({})).await;
    assert_eq!(got.status, 200, "{}", got.text);
    assert!(web.journal().iter().any(|recorded| recorded.call.query == "tag=x"));
}

#[tokio::test]
async fn a_plan_shows_topic_and_message_and_sends_none() {
    let stage = Stage::connected().await;
    let got = stage.ask("&dry_run=true", &json!({"remote_data": {"note": "bye"}})).await;
    assert_eq!((got.status, got.header("offramp-outcome")), (200, "planned"), "{}", got.text);
    let steps = got.body["plan"]["steps"].as_array().unwrap();
    let write = steps.iter().find(|step| step["effect"] == "write").unwrap();
    assert_eq!(
        *write,
        json!({"name": "unassign", "effect": "write", "topic": "hub/ask", "why": "takes the user out",
               "body": {"op": "user/leave", "user": 42, "role": 7, "silent": true, "note": "bye"}})
    );
    let read = steps.iter().find(|step| step["name"] == "get_user").unwrap();
    assert_eq!((&read["topic"], &read["body"]["op"], read.get("url")), (&json!("hub/ask"), &json!("user/get"), None));
    assert!(!stage.hub.heard().contains(&"user/leave".to_owned()));
    assert!(stage.hub.holds(42, 7));
}

#[tokio::test]
async fn raw_is_the_replys_payload() {
    let stage = Stage::connected().await;
    for format in ["raw", "stream"] {
        stage.hub.set(|state| state.held.insert((42, 7)));
        let got = stage.ask(&format!("&truto_response_format={format}"), &json!({})).await;
        assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
        assert_eq!(got.header("content-type"), "application/json");
        let reference = got.body["ref"].clone();
        assert_eq!(got.body, json!({"outcome": "ok", "ref": reference}));
    }
    stage.hub.plan("user/leave", Trouble::Answer(json!({"outcome": "no", "reason": 404, "said": "nobody"})));
    let got = stage.ask("&truto_response_format=raw", &json!({})).await;
    assert_eq!((got.status, got.body["said"].as_str()), (404, Some("nobody")), "{}", got.text);
}

#[tokio::test]
async fn remote_data_joins_the_message_and_may_not_turn_it_round() {
    let stage = Stage::connected().await;
    let got = stage.ask("", &json!({"remote_data": {"silent": false, "more": {"deep": [1, null]}}})).await;
    assert_eq!(got.status, 200, "{}", got.text);
    let heard = stage.hub.set(|state| state.heard[0].clone());
    assert_eq!((&heard["silent"], &heard["more"]), (&json!(false), &json!({"deep": [1, null]})));
    stage.hub.forget();
    for name in ["op", "user", "role", "ref", "Op", "u-s-e-r", "REF"] {
        let got = stage.ask("", &json!({"remote_data": {name: 1}})).await;
        assert_eq!((got.status, got.kind()), (400, "invalid_request"), "{name}: {}", got.text);
        assert!(got.body["message"].as_str().unwrap().contains(&format!("remote_data.{name}")), "{}", got.text);
    }
    let got = stage.ask("&remote_query[tag]=x", &json!({})).await;
    assert_eq!((got.status, got.kind()), (400, "invalid_request"), "{}", got.text);
    assert!(got.body["message"].as_str().unwrap().contains("remote_query"), "{}", got.text);
    assert!(stage.hub.heard().is_empty(), "{:?}", stage.hub.heard());
}

#[tokio::test]
async fn debug_shows_topics_and_payloads_without_secrets() {
    let stage = Stage::connected().await;
    let said = json!({"outcome": "no", "reason": 400, "said": "a-good-pass is no reason", "pin": "1234"});
    stage.hub.plan("user/leave", Trouble::Answer(said));
    let got = stage.ask("&truto_response_format=debug", &json!({})).await;
    assert_eq!(got.status, 400, "{}", got.text);
    let debug = &got.body["debug"];
    assert_eq!(debug["requestUrl"], "hub/ask");
    assert_eq!(debug["requestOptions"]["topic"], "hub/ask");
    assert_eq!(debug["requestOptions"]["body"]["op"], "user/leave");
    let data = &debug["steps"][0]["data"];
    assert_eq!((&data["said"], &data["pin"]), (&json!("******** is no reason"), &json!("********")), "{debug}");
    assert_eq!((&debug["steps"][0]["topic"], &debug["steps"][0]["status"]), (&json!("hub/ask"), &json!(400)));
}

#[tokio::test]
async fn the_replys_own_status_decides() {
    for (reason, status, kind) in [
        (400, 400, "invalid_request"),
        (403, 403, "permission_missing"),
        (404, 404, "not_found"),
        (409, 409, "invalid_request"),
    ] {
        let stage = Stage::connected().await;
        stage.hub.plan("user/leave", Trouble::Answer(json!({"outcome": "no", "reason": reason, "said": "no"})));
        let got = stage.unassign().await;
        assert_eq!((got.status, got.kind()), (status, kind), "{}", got.text);
        assert_eq!(got.header("offramp-remote-status"), status.to_string());
        assert_eq!((got.header("offramp-outcome"), &got.body["message"]), ("failed", &json!("no")));
        assert!(stage.hub.holds(42, 7));
    }
}

#[tokio::test]
async fn a_reply_that_settles_nothing_is_settled_by_the_read_back() {
    let odd = [
        Trouble::ActThenAnswer(json!({"outcome": "no", "reason": 503, "said": "busy"})),
        Trouble::ActThenAnswer(json!({"outcome": "perhaps"})),
        Trouble::ActThenAnswer(json!({"outcome": "no", "reason": "many"})),
        Trouble::ActThenAnswer(json!({"outcome": "no", "reason": 99})),
        Trouble::ActThenAnswer(json!({"outcome": "ok", "filler": "x".repeat(1 << 17)})),
        Trouble::LoseReply,
        Trouble::ActThenDrop,
    ];
    for trouble in odd {
        let stage = Stage::connected().await;
        stage.hub.plan("user/leave", trouble);
        let got = stage.unassign().await;
        // Gone for certain, though nothing has shown that there ever was such a role.
        assert_eq!((got.status, got.verdict().as_str()), (200, "removed unverifiable"), "{}", got.text);
        assert_eq!(got.body["unassignment"]["items"][0]["confirmed_by"], "read_back", "{}", got.text);
        let leaves = stage.hub.heard().iter().filter(|op| *op == "user/leave").count();
        assert_eq!((leaves, got.header("offramp-remote-calls")), (1, "1"), "never sent again by itself");
    }
}

#[tokio::test]
async fn what_was_not_done_is_not_known_to_be_done() {
    for (trouble, status) in [
        (Trouble::Drop, 502),
        (Trouble::Answer(json!({"outcome": "perhaps"})), 502),
        (Trouble::Answer(json!({"outcome": "no", "reason": 500})), 500),
    ] {
        let stage = Stage::connected().await;
        stage.hub.plan("user/leave", trouble);
        let got = stage.unassign().await;
        assert_eq!((got.status, got.header("offramp-outcome")), (status, "unknown"), "{}", got.text);
        assert!(stage.hub.holds(42, 7));
    }
    let stage = Stage::connected().await;
    // A reply that is not to this reference is no reply.
    stage.hub.plan("user/leave", Trouble::Answer(json!("not an object")));
    let got = stage.unassign().await;
    assert_eq!(
        (got.status, got.kind(), got.header("offramp-outcome")),
        (504, "provider_timeout", "unknown"),
        "{}",
        got.text
    );
}
