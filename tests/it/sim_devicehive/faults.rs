//! Bad days of network, broker and server: planted in front, or switched on.

use std::time::Duration;

use bytes::Bytes;
use offramp::sandbox::{Fault, Reply, Trigger};
use reqwest::Method;
use serde_json::json;

use super::mqtt::{Client, Incoming, packet};
use super::{Site, read, unassign};

const SUCCESS: &str = r#"{"action":"user/unassignNetwork","requestId":"r2","status":"success"}"#;
const ADMINISTRATOR: Option<(&str, &str)> = Some(("dhadmin", "sandbox-only-secret"));

fn json_reply(status: u16, body: serde_json::Value) -> Fault {
    Fault::Answer(Reply::json(status, &body))
}

#[tokio::test]
async fn a_reply_that_is_lost_leaves_the_puback_and_the_effect() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", Fault::HangAfter(Duration::from_secs(60)));
    client.publish(&unassign(42, 7).to_string()).await;
    client.hears_nothing().await;
    assert!(!site.hive.holds(42, 7));
    // The connection goes on meanwhile.
    client.publish(&json!({"action": "user/getNetwork", "userId": 42, "networkId": 7}).to_string()).await;
    assert!(client.message().await.payload.contains("was not found"));
}

#[tokio::test]
async fn a_request_that_is_lost_has_no_effect() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", Fault::HangBefore(Duration::from_millis(200)));
    client.publish(&unassign(42, 7).to_string()).await;
    client.hears_nothing().await;
    // The silence over, the connection ends.
    client.is_closed().await;
    assert!(site.hive.holds(42, 7));
    assert!(!site.server.journal()[0].acted());
}

#[tokio::test]
async fn a_connection_may_be_lost_before_and_after_the_effect() {
    let site = Site::open().await;
    for (fault, held_after) in [(Fault::DropBefore, true), (Fault::DropAfter, false)] {
        let mut client = site.client().await;
        site.server.faults.once("MQTT", "unassign", fault);
        client.publish(&unassign(42, 7).to_string()).await;
        client.is_closed().await;
        assert_eq!(site.hive.holds(42, 7), held_after);
        site.all_disconnected().await;
    }
    assert_eq!(site.server.journal().len(), 2);
}

#[tokio::test]
async fn a_reply_may_come_twice() {
    let site = Site::open().await;
    site.hive.settings(|s| s.replies_twice = true);
    let mut client = site.client().await;
    client.publish(&unassign(42, 7).to_string()).await;
    let (first, second) = (client.message().await, client.message().await);
    assert_eq!((first.payload.as_str(), second.payload.as_str()), (SUCCESS, SUCCESS));
    assert_eq!(first.id, second.id);
    assert_eq!((first.duplicate, second.duplicate), (false, true));
    assert_eq!(site.server.journal().len(), 1);
}

#[tokio::test]
async fn replies_may_come_out_of_order_and_late() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", Fault::Slow(Duration::from_millis(250)));
    for (id, network) in [("first", 7), ("second", 9)] {
        let mut request = unassign(42, network);
        request["requestId"] = json!(id);
        client.publish(&request.to_string()).await;
        if id == "second" {
            break;
        }
        assert!(!site.hive.holds(42, 7), "a slow call acts at once");
    }
    assert!(client.message().await.payload.contains(r#""requestId":"second""#));
    assert!(client.message().await.payload.contains(r#""requestId":"first""#));
}

#[tokio::test]
async fn a_reply_may_be_for_another_request() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", json_reply(200, json!({"requestId": "somebody's"})));
    assert_eq!(
        client.ask(unassign(42, 7)).await,
        r#"{"action":"user/unassignNetwork","requestId":"somebody's","status":"success"}"#
    );
    assert!(site.hive.holds(42, 7));
}

#[tokio::test]
async fn an_error_reply_has_no_request_id_when_none_was_sent_or_none_is_planted() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let request = json!({"action": "user/unassignNetwork", "userId": 999, "networkId": 7});
    let bare =
        r#"{"action":"user/unassignNetwork","code":404,"status":"error","error":"User with id = 999 not found"}"#;
    assert_eq!(client.ask(request).await, bare);
    let planted = json!({"requestId": null, "error": "lost track"});
    site.server.faults.once("MQTT", "unassign", json_reply(500, planted));
    assert_eq!(
        client.ask(unassign(42, 7)).await,
        r#"{"action":"user/unassignNetwork","code":500,"status":"error","error":"lost track"}"#
    );
}

#[tokio::test]
async fn a_server_that_is_down_answers_nothing_while_its_broker_is_up() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.hive.settings(|s| s.server_down = true);
    client.publish(&unassign(42, 7).to_string()).await;
    client.hears_nothing().await;
    client.send(&packet(0xc0, &[])).await;
    assert_eq!(client.next().await, Incoming::PingResp);
    assert!(site.hive.holds(42, 7));
    // Whoever logs in at CONNECT finds out there.
    let connect = super::mqtt::connect(4, "c2", ADMINISTRATOR);
    assert_eq!(Client::connect_code(&site, &connect).await, 3);
    Client::connect(&site, "c3", None).await;
}

#[tokio::test]
async fn a_planted_success_is_a_lie_that_the_read_tells_apart() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", Fault::Answer(Reply::empty(204)));
    assert_eq!(client.ask(unassign(42, 7)).await, SUCCESS);
    assert_eq!(site.shown_networks(42).await, [1, 7, 9]);
}

#[tokio::test]
async fn a_500_and_a_409_may_be_planted_with_and_without_the_effect() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", json_reply(409, json!({"error": "Conflict"})));
    assert_eq!(
        client.ask(unassign(42, 7)).await,
        r#"{"action":"user/unassignNetwork","requestId":"r2","code":409,"status":"error","error":"Conflict"}"#
    );
    assert!(site.hive.holds(42, 7));
    let error = Reply::json(500, &json!({"error": "Internal error"}));
    site.server.faults.once("MQTT", "unassign", Fault::ActThenAnswer(error));
    assert_eq!(
        client.ask(unassign(42, 7)).await,
        r#"{"action":"user/unassignNetwork","requestId":"r2","code":500,"status":"error","error":"Internal error"}"#
    );
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn a_planted_reply_that_is_no_object_is_sent_as_it_is() {
    let site = Site::open().await;
    let mut client = site.client().await;
    for body in ["<html>Bad Gateway</html>", "[1]", "{\"action\":"] {
        let reply = Reply::bytes(200, None, Bytes::from_static(body.as_bytes()));
        site.server.faults.once("MQTT", "unassign", Fault::Answer(reply));
        client.publish(&unassign(42, 7).to_string()).await;
        match body {
            // JSON without an action is never delivered.
            "[1]" => client.hears_nothing().await,
            _ => assert_eq!(client.message().await.payload, body),
        }
    }
}

#[tokio::test]
async fn half_a_reply_ends_with_the_connection() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", Fault::HalfBody);
    client.publish(&unassign(42, 7).to_string()).await;
    let rest = client.rest().await;
    let promised = usize::from(rest[1]) + 2;
    assert_eq!(rest.len() + SUCCESS.len() - SUCCESS.len() / 2, promised);
    assert!(rest.ends_with(&SUCCESS.as_bytes()[..SUCCESS.len() / 2]));
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn half_of_a_planted_reply_takes_nothing() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.server.faults.once("MQTT", "unassign", Fault::HalfAnswer(Reply::empty(200)));
    client.publish(&unassign(42, 7).to_string()).await;
    client.is_closed().await;
    assert!(site.hive.holds(42, 7));
}

#[tokio::test]
async fn an_error_may_repeat_the_credentials() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", None).await;
    client.subscribe_reply("token").await;
    site.server.faults.once("MQTT", "token", Fault::EchoCredentials);
    let request = json!({"action": "token", "requestId": 1, "login": "dhadmin", "password": "sandbox-only-secret"});
    let reply = client.ask(request).await;
    assert!(reply.starts_with(r#"{"action":"token","requestId":1,"code":400,"status":"error","error":"cannot read "#));
    assert!(reply.contains("sandbox-only-secret"));
    assert_eq!(site.hive.access_tokens_issued(), 0);
}

#[tokio::test]
async fn a_reply_of_filler_is_as_long_as_planted() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let reply = Reply { status: 200, headers: Vec::new(), body: offramp::sandbox::ReplyBody::Filler(3_000_000) };
    site.server.faults.once("MQTT", "unassign", Fault::Answer(reply));
    assert_eq!(client.ask(unassign(42, 7)).await.len(), 3_000_000);
}

#[tokio::test]
async fn a_fault_meets_only_the_message_it_is_planted_for() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let trigger = Trigger { method: "MQTT", path: "user/unassignNetwork".to_owned(), skip: 1, times: 1 };
    site.server.faults.plant(trigger, json_reply(401, json!({"error": "Token expired"})));
    assert_eq!(client.ask(unassign(42, 7)).await, SUCCESS);
    assert!(client.ask(unassign(42, 9)).await.contains("Token expired"));
    assert!(site.hive.holds(42, 9));
    assert_eq!(client.ask(unassign(42, 9)).await, SUCCESS);
}

#[tokio::test]
async fn faults_meet_rest_as_well() {
    let site = Site::open().await;
    site.server.faults.once("DELETE", "/network/", Fault::ActThenAnswer(Reply::text(502, "Bad Gateway")));
    assert_eq!(site.unassign(42, 7).await.status, 502);
    assert!(!site.hive.holds(42, 7));
    site.server.faults.once("DELETE", "/network/", Fault::HangAfter(Duration::from_secs(5)));
    let (access, _) = site.hive.tokens(1, None).unwrap();
    let request = site.request(Method::DELETE, "/api/rest/user/42/network/9").bearer_auth(access);
    assert!(request.timeout(Duration::from_millis(300)).send().await.unwrap_err().is_timeout());
    assert!(!site.hive.holds(42, 9));
    let empty = Fault::Answer(Reply::empty(401));
    site.server.faults.once("POST", "/token/refresh", empty);
    let request = site.request(Method::POST, "/api/rest/token/refresh").json(&json!({"refreshToken": "x"}));
    let answer = read(request).await;
    assert_eq!((answer.status, answer.body.as_str()), (401, ""));
}

#[tokio::test]
async fn the_server_ends_its_messages_with_itself() {
    let site = Site::open().await;
    let mut client = site.client().await;
    drop(site);
    client.is_closed().await;
}
