//! The packets themselves: what the standard forbids ends the connection, however it is cut into pieces.

use serde_json::json;

use super::mqtt::{Client, Incoming, connect, connect_with, packet, publish, text};
use super::{Site, unassign};

const ADMINISTRATOR: Option<(&str, &str)> = Some(("dhadmin", "sandbox-only-secret"));

/// Sends it as the first thing of a connection, which must end without a CONNACK.
async fn ends_at_once(site: &Site, bytes: &[u8]) {
    let mut client = Client::dial(site, "").await;
    client.send(bytes).await;
    assert_eq!(client.next().await, Incoming::Closed, "{bytes:02x?}");
}

/// Sends it on a living connection, which must end.
async fn ends_a_session(site: &Site, bytes: &[u8]) {
    let mut client = Client::connect(site, "breaker", None).await;
    client.send(bytes).await;
    assert_eq!(client.next().await, Incoming::Closed, "{bytes:02x?}");
}

#[tokio::test]
async fn anything_before_connect_ends_the_connection() {
    let site = Site::open().await;
    for first in [
        packet(0xc0, &[]),
        packet(0xe0, &[]),
        publish("dh/request", None, &unassign(42, 7).to_string()),
        packet(0x82, &[&[0, 1], text("a").as_slice(), &[0]].concat()),
        b"GET / HTTP/1.1\r\nhost: sim\r\n\r\n".to_vec(),
    ] {
        ends_at_once(&site, &first).await;
    }
    assert!(site.server.journal().is_empty());
}

#[tokio::test]
async fn a_second_connect_ends_the_connection() {
    let site = Site::open().await;
    ends_a_session(&site, &connect(4, "breaker", None)).await;
}

#[tokio::test]
async fn another_protocol_level_is_return_code_1_and_another_protocol_nothing() {
    let site = Site::open().await;
    let five = [text("MQTT").as_slice(), &[5, 2, 0, 60, 0], &text("c1")].concat();
    assert_eq!(Client::connect_code(&site, &packet(0x10, &five)).await, 1);
    let six = [text("MQIsdp").as_slice(), &[6, 2, 0, 60], &text("c1")].concat();
    assert_eq!(Client::connect_code(&site, &packet(0x10, &six)).await, 1);
    let other = [text("AMQP").as_slice(), &[4, 2, 0, 60], &text("c1")].concat();
    ends_at_once(&site, &packet(0x10, &other)).await;
}

#[tokio::test]
async fn a_connect_that_the_standard_forbids_is_not_answered() {
    let site = Site::open().await;
    let id = text("c1");
    for bytes in [
        // The reserved flag; a password without a user name; a will's QoS without a will, and QoS 3 with one.
        connect_with(4, 0b0000_0011, 60, &id),
        connect_with(4, 0b0100_0010, 60, &[id.clone(), text("x")].concat()),
        connect_with(4, 0b0000_1010, 60, &id),
        connect_with(4, 0b0010_0010, 60, &id),
        connect_with(4, 0b0001_1110, 60, &[id.clone(), text("t"), text("m")].concat()),
        // Left-over bytes, missing ones, none at all.
        connect_with(4, 0b0000_0010, 60, &[id.clone(), vec![0]].concat()),
        connect_with(4, 0b1100_0010, 60, &[id.clone(), text("dhadmin")].concat()),
        connect_with(4, 0b0000_0010, 60, &[0, 9, b'c']),
        packet(0x10, &[]),
        // Flags of the fixed header.
        [vec![0x11], connect(4, "c1", None)[1..].to_vec()].concat(),
        // No UTF-8, and a null character.
        connect_with(4, 0b0000_0010, 60, &[0, 2, 0xc3, 0x28]),
        connect_with(4, 0b0000_0010, 60, &text("c\0")),
    ] {
        ends_at_once(&site, &bytes).await;
    }
    assert!(site.hive.connected_clients().is_empty());
}

#[tokio::test]
async fn a_will_is_read_and_comes_to_nothing() {
    let site = Site::open().await;
    let will = [text("c1"), text("dh/request"), text(&unassign(42, 7).to_string())].concat();
    assert_eq!(Client::connect_code(&site, &connect_with(4, 0b0000_1110, 60, &will)).await, 0);
    assert!(site.server.journal().is_empty());
}

#[tokio::test]
async fn packets_that_the_standard_forbids_end_the_session() {
    let site = Site::open().await;
    for bytes in [
        // PUBLISH: QoS 2 is not served and 3 does not exist, DUP at QoS 0, packet id 0, wildcards, no topic.
        packet(0x34, &[text("dh/request").as_slice(), &[0, 1], b"{}"].concat()),
        packet(0x36, &[text("dh/request").as_slice(), &[0, 1], b"{}"].concat()),
        packet(0x38, &[text("dh/request").as_slice(), b"{}"].concat()),
        packet(0x32, &[text("dh/request").as_slice(), &[0, 0], b"{}"].concat()),
        publish("dh/#", None, "{}"),
        publish("dh/+", None, "{}"),
        publish("", None, "{}"),
        packet(0x30, &[0, 50, b'd']),
        // SUBSCRIBE: its flags, nothing to subscribe to, QoS 3, reserved bits, wildcards beside other characters.
        packet(0x80, &[&[0, 1], text("a").as_slice(), &[1]].concat()),
        packet(0x82, &[0, 1]),
        packet(0x82, &[&[0, 0], text("a").as_slice(), &[1]].concat()),
        packet(0x82, &[&[0, 1], text("a").as_slice(), &[3]].concat()),
        packet(0x82, &[&[0, 1], text("a").as_slice(), &[0b101]].concat()),
        packet(0x82, &[&[0, 1], text("a").as_slice()].concat()),
        packet(0x82, &[&[0, 1], text("").as_slice(), &[1]].concat()),
        packet(0x82, &[&[0, 1], text("dh/response/+@c1").as_slice(), &[1]].concat()),
        packet(0x82, &[&[0, 1], text("dh/#/x").as_slice(), &[1]].concat()),
        packet(0x82, &[&[0, 1], text("dh/response#").as_slice(), &[1]].concat()),
        // UNSUBSCRIBE: its flags, nothing.
        packet(0xa0, &[&[0, 1], text("a").as_slice()].concat()),
        packet(0xa2, &[0, 1]),
        // PINGREQ and PUBACK of another length, packets that only servers send, the two types that do not exist.
        packet(0xc0, &[0]),
        packet(0x40, &[0, 1, 0]),
        packet(0x20, &[0, 0]),
        packet(0x90, &[0, 1, 0]),
        packet(0xd0, &[]),
        packet(0x00, &[]),
        packet(0xf0, &[]),
        // QoS 2's packets.
        packet(0x50, &[0, 1]),
        packet(0x62, &[0, 1]),
        packet(0x70, &[0, 1]),
        // A length of five bytes, and one beyond what is served.
        vec![0x30, 0xff, 0xff, 0xff, 0xff, 0x01],
        vec![0x30, 0xff, 0xff, 0xff, 0x7f],
    ] {
        ends_a_session(&site, &bytes).await;
    }
    assert!(site.server.journal().is_empty());
}

#[tokio::test]
async fn what_came_before_a_forbidden_packet_is_still_done() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let bytes = [publish("dh/request", Some(77), &unassign(42, 7).to_string()), packet(0xf0, &[])].concat();
    client.send(&bytes).await;
    assert_eq!(client.next().await, Incoming::PubAck(77));
    assert!(client.message().await.payload.contains("success"));
    client.is_closed().await;
    assert!(!site.hive.holds(42, 7));
}

#[tokio::test]
async fn packets_arrive_in_any_pieces() {
    let site = Site::open().await;
    let mut client = Client::dial(&site, "c1").await;
    for byte in connect(4, "c1", ADMINISTRATOR) {
        client.send(&[byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(client.next().await, Incoming::ConnAck { session_present: 0, code: 0 });
    // And several at once.
    let subscribe = |id: u8, topic: &str| packet(0x82, &[&[0, id], text(topic).as_slice(), &[0]].concat());
    let bytes = [
        subscribe(1, "dh/response/user/unassignNetwork@c1"),
        publish("dh/request", None, &unassign(42, 7).to_string()),
        packet(0xc0, &[]),
        publish("dh/request", None, &unassign(42, 9).to_string()),
    ];
    client.send(&bytes.concat()).await;
    assert_eq!(client.next().await, Incoming::SubAck(1, vec![0]));
    assert!(client.message().await.payload.contains("success"));
    assert_eq!(client.next().await, Incoming::PingResp);
    assert!(client.message().await.payload.contains("success"));
    assert_eq!(site.shown_networks(42).await, [1]);
}

#[tokio::test]
async fn requests_and_replies_longer_than_one_read_are_whole() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let id = "x".repeat(300_000);
    let mut request = unassign(42, 7);
    request["requestId"] = json!(id);
    let reply: serde_json::Value = serde_json::from_str(&client.ask(request).await).unwrap();
    assert_eq!(reply["requestId"], json!(id));
}

#[tokio::test]
async fn who_is_silent_for_longer_than_the_keep_alive_and_a_half_is_let_go() {
    let site = Site::open().await;
    let mut client = Client::dial(&site, "c1").await;
    client.send(&connect_with(4, 2, 1, &text("c1"))).await;
    assert!(matches!(client.next().await, Incoming::ConnAck { code: 0, .. }));
    let begun = tokio::time::Instant::now();
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
    client.send(&packet(0xc0, &[])).await;
    assert_eq!(client.next().await, Incoming::PingResp);
    client.is_closed().await;
    assert!(begun.elapsed().as_millis() >= 2400, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn packet_ids_of_replies_differ() {
    let site = Site::open().await;
    let mut client = site.client().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        client.publish(&unassign(42, 12).to_string()).await;
        ids.push(client.message().await.id.unwrap());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
    assert!(!ids.contains(&0));
}
