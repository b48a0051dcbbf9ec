//! The broker's own rules: who may connect, what may be subscribed to, which replies are forwarded.

use offramp::sandbox::Simulator;
use offramp::sandbox::devicehive::AtInClientId;
use serde_json::json;

use super::mqtt::{Client, Incoming, connect, connect_with, packet, publish, text};
use super::{Site, unassign};

const ADMINISTRATOR: Option<(&str, &str)> = Some(("dhadmin", "sandbox-only-secret"));

#[tokio::test]
async fn login_and_password_at_connect_authenticate_the_session() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", ADMINISTRATOR).await;
    assert_eq!(client.subscribe_reply("user/unassignNetwork").await, 1);
    assert!(client.ask(unassign(42, 7)).await.contains("success"));
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn wrong_credentials_at_connect_are_return_code_5_or_another_if_so_switched() {
    let site = Site::open().await;
    for (login, password) in [
        ("dhadmin", "wrong"),
        ("dhadmin", ""),
        ("nobody", "sandbox-only-secret"),
        ("DHADMIN", "sandbox-only-secret"),
        // Locked out, and disabled.
        ("locked", "locked-sandbox-password"),
        ("disabled", "disabled-sandbox-password"),
    ] {
        assert_eq!(Client::connect_code(&site, &connect(4, "c1", Some((login, password)))).await, 5, "{login}");
    }
    site.hive.turn("refused_connect_code", &json!(4)).unwrap();
    assert_eq!(Client::connect_code(&site, &connect(4, "c1", Some(("dhadmin", "wrong")))).await, 4);
    assert!(site.hive.connected_clients().is_empty());
}

#[tokio::test]
async fn there_is_no_token_at_connect() {
    let site = Site::open().await;
    let (access, _) = site.hive.tokens(1, None).unwrap();
    for credentials in [("dhadmin", access.as_str()), ("", access.as_str()), (access.as_str(), access.as_str())] {
        assert_eq!(Client::connect_code(&site, &connect(4, "c1", Some(credentials))).await, 5);
    }
}

#[tokio::test]
async fn a_connect_without_credentials_is_accepted_and_authenticates_by_message() {
    let site = Site::open().await;
    let (access, _) = site.hive.tokens(1, None).unwrap();
    let mut client = Client::connect(&site, "c1", None).await;
    assert_eq!(client.subscribe_reply("authenticate").await, 1);

    let reply = client.ask(json!({"action": "authenticate", "token": access, "requestId": "r1"})).await;

    assert_eq!(reply, r#"{"action":"authenticate","requestId":"r1","status":"success"}"#);
    assert_eq!(client.subscribe_reply("user/unassignNetwork").await, 1);
    assert!(client.ask(unassign(42, 7)).await.contains("success"));
}

#[tokio::test]
async fn a_user_name_without_a_password_is_no_credentials() {
    let site = Site::open().await;
    let packet = connect_with(4, 0b1000_0010, 60, &[text("c1"), text("dhadmin")].concat());
    let mut client = Client::dial(&site, "c1").await;
    client.send(&packet).await;
    assert_eq!(client.next().await, Incoming::ConnAck { session_present: 0, code: 0 });
    assert_eq!(client.subscribe_reply("user/get").await, 0x80);
}

#[tokio::test]
async fn before_authentication_only_authenticate_and_token_may_be_subscribed() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", None).await;
    for filter in ["dh/response/authenticate@c1", "dh/response/token@c1", "dh/response/token/refresh@c1"] {
        assert_eq!(client.subscribe(filter).await, 1, "{filter}");
    }
    for filter in [
        "dh/response/user/unassignNetwork@c1",
        "dh/response/user/get@c1",
        "dh/response/#",
        "dh/response/+",
        "dh/#",
        "dh/+/authenticate@c1",
        "dh/notification/1",
        "dh",
    ] {
        assert_eq!(client.subscribe(filter).await, 0x80, "{filter}");
    }
}

#[tokio::test]
async fn a_refused_subscription_among_others_refuses_only_itself() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", None).await;
    let filters = [text("dh/response/token@c1"), vec![1], text("dh/response/user/get@c1"), vec![1]].concat();
    client.send(&packet(0x82, &[&[0, 9], filters.as_slice()].concat())).await;
    assert_eq!(client.next().await, Incoming::SubAck(9, vec![1, 0x80]));
}

#[tokio::test]
async fn a_session_is_authorized_when_the_reply_has_passed_and_not_before() {
    let site = Site::open().await;
    let (access, _) = site.hive.tokens(1, None).unwrap();
    let slow = offramp::sandbox::Fault::Slow(std::time::Duration::from_millis(300));
    site.server.faults.once("MQTT", "authenticate", slow);
    let mut client = Client::connect(&site, "c1", None).await;
    client.subscribe_reply("authenticate").await;
    client.publish(&json!({"action": "authenticate", "token": access}).to_string()).await;
    assert_eq!(client.subscribe_reply("user/unassignNetwork").await, 0x80);
    assert!(client.message().await.payload.contains("success"));
    assert_eq!(client.subscribe_reply("user/unassignNetwork").await, 1);
}

#[tokio::test]
async fn a_refused_authentication_opens_nothing() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", None).await;
    client.subscribe_reply("authenticate").await;
    let reply = client.ask(json!({"action": "authenticate", "token": "made.up.token"})).await;
    assert_eq!(reply, r#"{"action":"authenticate","code":401,"status":"error","error":"Unauthorized"}"#);
    assert_eq!(client.subscribe_reply("user/unassignNetwork").await, 0x80);
}

#[tokio::test]
async fn the_request_topic_may_not_be_subscribed() {
    let site = Site::open().await;
    let mut client = site.client().await;
    assert_eq!(client.subscribe("dh/request").await, 0x80);
}

#[tokio::test]
async fn a_reply_comes_on_the_exact_topic_only() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", ADMINISTRATOR).await;
    for filter in [
        "dh/response/#",
        "dh/response/user/+",
        "dh/response/user/unassignNetwork",
        "dh/response/user/unassignNetwork@c2",
        "dh/response/user/unassignnetwork@c1",
        "dh/response/user/unassignNetwork@c1/",
        "#",
    ] {
        assert_eq!(client.subscribe(filter).await, 1, "{filter}");
    }
    client.publish(&unassign(42, 7).to_string()).await;
    client.hears_nothing().await;
    assert!(!site.hive.holds(42, 7));
    client.subscribe_reply("user/unassignNetwork").await;
    assert!(client.ask(unassign(42, 7)).await.contains("success"));
}

#[tokio::test]
async fn who_subscribes_after_publishing_has_missed_the_reply() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", ADMINISTRATOR).await;
    client.publish(&unassign(42, 7).to_string()).await;
    client.subscribe_reply("user/unassignNetwork").await;
    client.hears_nothing().await;
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn who_unsubscribed_is_not_answered() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let filter = text("dh/response/user/unassignNetwork@client-1");
    client.send(&packet(0xa2, &[&[0, 99], filter.as_slice()].concat())).await;
    assert_eq!(client.next().await, Incoming::UnsubAck(99));
    client.publish(&unassign(42, 7).to_string()).await;
    client.hears_nothing().await;
}

#[tokio::test]
async fn nobody_hears_anothers_replies() {
    let site = Site::open().await;
    let mut asking = site.client().await;
    let mut listening = Client::connect(&site, "c2", ADMINISTRATOR).await;
    assert_eq!(listening.subscribe("dh/response/user/unassignNetwork@client-1").await, 1);
    assert!(asking.ask(unassign(42, 7)).await.contains("success"));
    listening.hears_nothing().await;
}

#[tokio::test]
async fn a_request_without_an_action_is_never_answered() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let before = site.hive.memberships();
    for payload in [
        "",
        "{",
        "null",
        "[]",
        "\"user/unassignNetwork\"",
        "{}",
        r#"{"requestId":"r1","userId":42,"networkId":7}"#,
        r#"{"action":null,"requestId":"r1"}"#,
        r#"{"action":7}"#,
        r#"{"action":""}"#,
        r#"{"action":"user/unassignNetwork","userId":42,"networkId":7"#,
    ] {
        client.publish(payload).await;
    }
    client.hears_nothing().await;
    assert_eq!(site.hive.memberships(), before);
    // What it would have said.
    let journal = site.server.journal();
    let offramp::sandbox::ReplyBody::Bytes(payload) = &journal[1].reply.as_ref().unwrap().body else {
        panic!("no payload")
    };
    assert_eq!(payload, r#"{"code":400,"status":"error","error":"Malformed Json received."}"#);
}

#[tokio::test]
async fn a_second_login_with_a_connected_client_id_is_refused() {
    let site = Site::open().await;
    let mut first = site.client().await;
    assert_eq!(Client::connect_code(&site, &connect(4, "client-1", ADMINISTRATOR)).await, 5);
    // The first goes on as if nothing had been.
    assert!(first.ask(unassign(42, 7)).await.contains("success"));
    first.send(&packet(0xe0, &[])).await;
    first.is_closed().await;
    Client::connect(&site, "client-1", ADMINISTRATOR).await;
}

#[tokio::test]
async fn a_second_client_without_credentials_ends_the_first_of_its_id() {
    let site = Site::open().await;
    let mut first = site.client().await;
    let mut second = Client::connect(&site, "client-1", None).await;
    first.is_closed().await;
    assert_eq!(site.hive.connected_clients(), ["client-1"]);
    // What the first was authenticated for is not the second's.
    assert_eq!(second.subscribe_reply("user/get").await, 0x80);
    second.publish(&unassign(42, 7).to_string()).await;
    assert!(site.hive.holds(42, 7));
}

#[tokio::test]
async fn a_session_dies_with_its_connection() {
    let site = Site::open().await;
    drop(site.client().await);
    site.all_disconnected().await;
    let mut again = Client::connect(&site, "client-1", None).await;
    assert_eq!(again.subscribe_reply("user/unassignNetwork").await, 0x80);
}

#[tokio::test]
async fn the_broker_may_end_every_connection() {
    let site = Site::open().await;
    let mut client = site.client().await;
    site.hive.disconnect_clients();
    client.is_closed().await;
}

#[tokio::test]
async fn a_client_id_with_an_at_sign_is_never_answered_or_refused_if_so_switched() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c@1", ADMINISTRATOR).await;
    assert_eq!(client.subscribe("dh/response/user/unassignNetwork@c@1").await, 1);
    assert_eq!(client.subscribe("dh/response/user/unassignNetwork@c").await, 1);
    client.publish(&unassign(42, 12).to_string()).await;
    client.hears_nothing().await;
    site.hive.settings(|s| s.at_in_client_id = AtInClientId::Refused);
    assert_eq!(Client::connect_code(&site, &connect(4, "d@1", ADMINISTRATOR)).await, 2);
}

#[tokio::test]
async fn an_empty_client_id_needs_a_clean_session_and_hears_nothing() {
    let site = Site::open().await;
    let lasting = connect_with(4, 0, 60, &text(""));
    assert_eq!(Client::connect_code(&site, &lasting).await, 2);
    let mut client = Client::connect(&site, "", ADMINISTRATOR).await;
    client.subscribe("dh/response/user/unassignNetwork@").await;
    client.publish(&unassign(42, 12).to_string()).await;
    client.hears_nothing().await;
}

#[tokio::test]
async fn mqtt_3_1_is_spoken_too_with_its_short_client_ids() {
    let site = Site::open().await;
    assert_eq!(Client::connect_code(&site, &connect(3, "c1", ADMINISTRATOR)).await, 0);
    assert_eq!(Client::connect_code(&site, &connect(3, "", ADMINISTRATOR)).await, 2);
    assert_eq!(Client::connect_code(&site, &connect(3, &"x".repeat(24), ADMINISTRATOR)).await, 2);
    assert_eq!(Client::connect_code(&site, &connect(4, &"x".repeat(200), ADMINISTRATOR)).await, 0);
}

#[tokio::test]
async fn a_broker_that_refuses_everybody_says_so_with_its_code() {
    let site = Site::open().await;
    site.hive.turn("connect_code", &json!(3)).unwrap();
    assert_eq!(Client::connect_code(&site, &connect(4, "c1", ADMINISTRATOR)).await, 3);
    assert_eq!(Client::connect_code(&site, &connect(4, "c1", None)).await, 3);
}

#[tokio::test]
async fn a_reply_has_the_quality_of_service_that_was_granted() {
    let site = Site::open().await;
    let mut client = Client::connect(&site, "c1", ADMINISTRATOR).await;
    let topic = "dh/response/user/unassignNetwork@c1";
    for (asked, granted) in [(0, 0), (1, 1), (2, 1)] {
        assert_eq!(client.subscribe_at(topic, asked).await, granted);
        client.publish(&unassign(42, 7).to_string()).await;
        let message = client.message().await;
        assert_eq!((message.topic.as_str(), message.id.is_some(), message.duplicate), (topic, granted == 1, false));
    }
}

#[tokio::test]
async fn a_request_at_qos_0_is_answered_without_a_puback() {
    let site = Site::open().await;
    let mut client = site.client().await;
    client.send(&publish("dh/request", None, &unassign(42, 7).to_string())).await;
    assert!(client.message().await.payload.contains("success"));
}

#[tokio::test]
async fn what_is_published_elsewhere_reaches_nobody() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let forged = unassign(42, 7).to_string();
    for topic in ["dh/request/", "dh/response/user/unassignNetwork@client-1", "other"] {
        client.send(&publish(topic, None, &forged)).await;
    }
    client.hears_nothing().await;
    assert!(site.hive.holds(42, 7));
    assert!(site.server.journal().is_empty());
}

#[tokio::test]
async fn the_journal_holds_each_request_as_a_call() {
    let site = Site::open().await;
    let mut client = site.client().await;
    client.ask(unassign(42, 7)).await;
    let journal = site.server.journal();
    assert_eq!(journal.len(), 1);
    let call = &journal[0].call;
    assert_eq!((call.method.as_str(), call.path.as_str(), call.query.as_str()), ("MQTT", "user/unassignNetwork", ""));
    assert_eq!((call.header("topic"), call.header("client-id")), (Some("dh/request"), Some("client-1")));
    assert_eq!(call.body, unassign(42, 7).to_string());
    assert!(journal[0].acted());
}
