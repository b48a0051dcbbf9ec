//! Messages over MQTT: what reaches a broker, whose reply is whose, and what each failure says about what was sent.

use std::time::Instant;

use bytes::BytesMut;
use mqttbytes::QoS;
use mqttbytes::v4::{ConnectReturnCode, Packet, Publish};
use offramp::transport::{BrokerCall, Message, MessageLink, MqttTransport, ProviderTransport, Trust};
use serde_json::{Value, json};

use super::*;
use crate::broker::{Broker, Line, json as json_of};

const ASK: &str = "acme/ask";
const REPLY: &str = "acme/reply";
const SHORT: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(10);

fn mqtt() -> MqttTransport {
    MqttTransport::new(loopback(), &TransportLimits::default())
}

fn to(broker: &Broker) -> BrokerCall {
    BrokerCall { tls: false, authority: broker.address.to_string().parse().unwrap(), login: None, timeout: LONG }
}

fn message(id: &str, timeout: Duration) -> Message {
    Message {
        topic: ASK.to_owned(),
        payload: Bytes::from(json!({"ref": id, "what": "now"}).to_string()),
        reply: REPLY.to_owned(),
        correlation: ("ref".to_owned(), id.to_owned()),
        timeout,
    }
}

async fn link(broker: &Broker) -> MessageLink {
    mqtt().connect(to(broker)).await.unwrap()
}

async fn asked(link: &MessageLink, id: &str) -> Result<Value, TransportError> {
    link.request(message(id, LONG)).await.map(|reply| serde_json::from_slice(&reply).unwrap())
}

/// Accepts CONNECT and every subscription, until something is published.
async fn until_published(line: &mut Line) -> Option<Publish> {
    loop {
        match line.next().await? {
            Packet::Subscribe(subscribe) => line.suback(subscribe.pkid, true).await,
            Packet::Publish(publish) => return Some(publish),
            Packet::Disconnect => return None,
            other => panic!("{other:?}"),
        }
    }
}

/// Answers what is published with what was published.
async fn echo(mut line: Line) {
    line.connect(ConnectReturnCode::Success).await;
    while let Some(publish) = until_published(&mut line).await {
        line.publish(REPLY, &json_of(&publish)).await;
    }
}

#[tokio::test]
async fn a_message_goes_out_after_its_replys_topic_was_granted() {
    let broker = Broker::start(echo).await;
    let link = link(&broker).await;
    for id in ["one", "two"] {
        assert_eq!(asked(&link, id).await.unwrap(), json!({"ref": id, "what": "now"}));
    }
    let log = broker.log();
    let [Packet::Connect(connect), Packet::Subscribe(subscribe), Packet::Publish(first), Packet::Publish(_)] =
        log.as_slice()
    else {
        panic!("{log:?}");
    };
    assert!(connect.clean_session && connect.login.is_none() && connect.last_will.is_none());
    assert_eq!(connect.client_id, link.client_id());
    assert!(connect.client_id.len() <= 23 && connect.client_id.chars().all(|c| c.is_ascii_alphanumeric()));
    let [filter] = subscribe.filters.as_slice() else { panic!("{subscribe:?}") };
    assert_eq!(filter.path, REPLY, "exactly this topic");
    assert_ne!(subscribe.pkid, 0);
    assert_eq!((first.topic.as_str(), first.qos, first.retain, first.dup), (ASK, QoS::AtMostOnce, false, false));
    let another = mqtt().connect(to(&broker)).await.unwrap();
    assert_ne!(another.client_id(), link.client_id(), "one identifier a connection");
}

#[tokio::test]
async fn a_refused_connection_says_why_and_nothing_was_sent() {
    for code in [
        ConnectReturnCode::RefusedProtocolVersion,
        ConnectReturnCode::BadClientId,
        ConnectReturnCode::ServiceUnavailable,
        ConnectReturnCode::BadUserNamePassword,
        ConnectReturnCode::NotAuthorized,
    ] {
        let broker = Broker::start(move |mut line| async move {
            line.connect(code).await;
        })
        .await;
        let login = Some(("me".to_owned(), "p4ss".to_owned()));
        let error = mqtt().connect(BrokerCall { login, ..to(&broker) }).await.unwrap_err();
        let expected = code as u8;
        assert!(matches!(&error, TransportError::ConnectionRefused { code, .. } if *code == expected), "{error:?}");
        assert!(!error.was_sent() && !error.is_timeout());
        assert!(!error.to_string().contains("p4ss"));
        let log = broker.log();
        let [Packet::Connect(connect)] = log.as_slice() else { panic!("{log:?}") };
        let login = connect.login.as_ref().unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("me", "p4ss"));
    }
}

#[tokio::test]
async fn who_is_no_broker_is_not_taken_for_one() {
    for greeting in
        [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0x20, 2, 0, 9], &[0xd0, 0], &[0x20, 0xff, 0xff, 0xff, 0xff], b""]
    {
        let broker = Broker::start(move |mut line| async move {
            line.next().await;
            line.bytes(greeting).await;
        })
        .await;
        let error = mqtt().connect(to(&broker)).await.unwrap_err();
        assert!(matches!(error, TransportError::ConnectFailed { .. }), "{greeting:?}: {error:?}");
        assert!(!error.was_sent());
    }
}

#[tokio::test]
async fn a_refused_subscription_keeps_the_message_back() {
    let broker = Broker::start(|mut line| async move {
        line.connect(ConnectReturnCode::Success).await;
        while let Some(packet) = line.next().await {
            if let Packet::Subscribe(subscribe) = packet {
                line.suback(subscribe.pkid, false).await;
            }
        }
    })
    .await;
    let link = link(&broker).await;
    for _ in 0..2 {
        let error = asked(&link, "one").await.unwrap_err();
        assert!(matches!(&error, TransportError::SubscriptionRefused { topic } if topic == REPLY), "{error:?}");
        assert!(!error.was_sent());
    }
    assert!(broker.published().is_empty());
    assert!(link.is_open(), "what is refused now may be granted later");
}

#[tokio::test]
async fn silence_is_a_timeout_and_says_whether_the_message_went_out() {
    // No CONNACK, no SUBACK, no reply.
    for (stage, sent) in [(0, false), (1, false), (2, true)] {
        let broker = Broker::start(move |mut line| async move {
            if stage > 0 {
                line.connect(ConnectReturnCode::Success).await;
            }
            if stage > 1 {
                until_published(&mut line).await;
            }
            while line.next().await.is_some() {}
        })
        .await;
        let started = Instant::now();
        let error = match mqtt().connect(BrokerCall { timeout: SHORT, ..to(&broker) }).await {
            Ok(link) => link.request(message("one", SHORT)).await.unwrap_err(),
            Err(error) => error,
        };
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!((error.was_sent(), broker.published().len()), (sent, usize::from(sent)), "{error:?}");
        assert!(started.elapsed() >= SHORT && started.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn a_broken_connection_says_whether_the_message_went_out() {
    let broker = Broker::start(|mut line| async move {
        line.connect(ConnectReturnCode::Success).await;
        if let Some(publish) = until_published(&mut line).await {
            line.publish(REPLY, &json_of(&publish)).await;
            until_published(&mut line).await;
        }
    })
    .await;
    let link = link(&broker).await;
    asked(&link, "one").await.unwrap();
    let error = asked(&link, "two").await.unwrap_err();
    assert!(matches!(error, TransportError::ConnectionBroken { .. }), "{error:?}");
    assert!(error.was_sent() && !error.is_timeout());
    assert!(!link.is_open());
    let error = asked(&link, "three").await.unwrap_err();
    assert!(matches!(error, TransportError::NotSent { .. }), "{error:?}");
    assert!(!error.was_sent());
    assert_eq!((broker.published().len(), broker.connections()), (2, 1), "nothing is sent again by itself");
}

#[tokio::test]
async fn a_reply_is_given_to_whom_it_is_for() {
    let broker = Broker::start(|mut line| async move {
        line.connect(ConnectReturnCode::Success).await;
        let late = until_published(&mut line).await.unwrap();
        let first = until_published(&mut line).await.unwrap();
        let second = until_published(&mut line).await.unwrap();
        for (topic, payload) in [
            ("acme/elsewhere", json_of(&first)),
            (REPLY, json!({"ref": "nobodys", "what": "wrong"})),
            (REPLY, json!({"what": "no reference"})),
            (REPLY, json!(["ref", "first"])),
            (REPLY, json_of(&late)),
            (REPLY, json_of(&second)),
            (REPLY, json_of(&second)),
            (REPLY, json_of(&first)),
        ] {
            line.publish(topic, &payload).await;
        }
        line.bytes(&[0x30, 0x05, 0, 3, b'a', b'/', b'b']).await;
        while let Some(publish) = until_published(&mut line).await {
            line.publish(REPLY, &json_of(&publish)).await;
        }
    })
    .await;
    let link = link(&broker).await;
    assert!(link.request(message("late", SHORT)).await.unwrap_err().is_timeout());
    let (first, second) = tokio::join!(asked(&link, "first"), asked(&link, "second"));
    assert_eq!(first.unwrap()["ref"], "first");
    assert_eq!(second.unwrap()["ref"], "second");
    assert_eq!(asked(&link, "third").await.unwrap()["ref"], "third");
    assert_eq!(broker.connections(), 1);
}

#[tokio::test]
async fn a_message_given_twice_is_acknowledged_and_heard_once() {
    let broker = Broker::start(|mut line| async move {
        line.connect(ConnectReturnCode::Success).await;
        let publish = until_published(&mut line).await.unwrap();
        for dup in [false, true] {
            let mut reply = Publish::from_bytes(REPLY, QoS::AtLeastOnce, publish.payload.clone());
            (reply.pkid, reply.dup) = (77, dup);
            let mut out = BytesMut::new();
            reply.write(&mut out).unwrap();
            line.bytes(&out).await;
        }
        while line.next().await.is_some() {}
    })
    .await;
    let link = link(&broker).await;
    asked(&link, "one").await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let acknowledged =
        broker.log().iter().filter(|packet| matches!(packet, Packet::PubAck(ack) if ack.pkid == 77)).count();
    assert_eq!(acknowledged, 2);
    assert!(link.is_open());
}

#[tokio::test]
async fn what_is_no_packet_ends_the_connection() {
    for junk in [
        &[0xf0, 0][..],
        &[0x30, 1, 0],
        &[0x82, 5, 0, 1, 0, 0, 0],
        &[0x90, 3, 0, 99, 0],
        &[0x30, 0xff, 0xff, 0xff, 0x7f],
    ] {
        let broker = Broker::start(move |mut line| async move {
            line.connect(ConnectReturnCode::Success).await;
            until_published(&mut line).await;
            line.bytes(junk).await;
            while line.next().await.is_some() {}
        })
        .await;
        let link = link(&broker).await;
        let error = asked(&link, "one").await.unwrap_err();
        assert!(matches!(error, TransportError::MalformedAnswer { .. }), "{junk:?}: {error:?}");
        assert!(error.was_sent());
        assert!(!link.is_open());
    }
}

#[tokio::test]
async fn a_topic_that_is_more_than_one_is_not_used() {
    let broker = Broker::start(echo).await;
    let link = link(&broker).await;
    for topic in ["", "#", "acme/+/ask", "acme/#", "acme\u{0}ask", "acme\nask"] {
        for message in [
            Message { topic: topic.to_owned(), ..message("one", LONG) },
            Message { reply: topic.to_owned(), ..message("one", LONG) },
        ] {
            let error = link.request(message).await.unwrap_err();
            assert!(matches!(error, TransportError::InvalidCall { .. }), "{topic:?}: {error:?}");
        }
    }
    assert_eq!(asked(&link, "one").await.unwrap()["ref"], "one");
    assert_eq!(broker.published().len(), 1);
}

#[tokio::test]
async fn a_connection_that_nobody_needs_is_closed_in_order() {
    let broker = Broker::start(echo).await;
    let limits = TransportLimits { message_idle_timeout: SHORT, ..TransportLimits::default() };
    let idle = MqttTransport::new(loopback(), &limits).connect(to(&broker)).await.unwrap();
    asked(&idle, "one").await.unwrap();
    assert!(idle.is_open());
    tokio::time::sleep(SHORT * 3).await;
    assert!(!idle.is_open());
    let dropped = link(&broker).await;
    drop(dropped);
    tokio::time::sleep(SHORT).await;
    let farewells = broker.log().iter().filter(|packet| matches!(packet, Packet::Disconnect)).count();
    assert_eq!(farewells, 2);
}

#[tokio::test]
async fn the_guard_stands_before_brokers_too() {
    let broker = Broker::start(echo).await;
    let guarded = ProviderTransport::new(EgressPolicy::default(), TransportLimits::default());
    for tls in [false, true] {
        let error = guarded.connect(BrokerCall { tls, ..to(&broker) }).await.unwrap_err();
        assert!(matches!(error, TransportError::EgressRefused { .. }), "{error:?}");
        assert!(!error.was_sent());
    }
    // Global, but without TLS.
    let call = BrokerCall { authority: "93.184.216.34:1883".parse().unwrap(), ..to(&broker) };
    let error = guarded.connect(call).await.unwrap_err();
    assert!(error.to_string().contains("without TLS"), "{error}");
    let call = BrokerCall { authority: "me@127.0.0.1:1883".parse().unwrap(), ..to(&broker) };
    assert!(matches!(guarded.connect(call).await, Err(TransportError::InvalidCall { .. })));
    assert_eq!(broker.connections(), 0);
    // The one transport carries both.
    let open = ProviderTransport::new(loopback(), TransportLimits::default());
    let link = open.connect(to(&broker)).await.unwrap();
    assert_eq!(asked(&link, "one").await.unwrap()["ref"], "one");
    let server = provider(Reply::text(200, "hello")).await;
    assert_eq!(text(open.send(get(&server.base_url())).await.unwrap()).await, "hello");
}

#[tokio::test]
async fn a_broker_with_tls_must_be_vouched_for() {
    // CONNACK, return code 0.
    let broker = super::tls::TlsProvider::answering(&[0x20, 2, 0, 0]);
    let call = BrokerCall {
        tls: true,
        authority: format!("localhost:{}", broker.port).parse().unwrap(),
        login: None,
        timeout: LONG,
    };
    let stranger = ProviderTransport::new(loopback(), TransportLimits::default());
    let error = stranger.connect(call.clone()).await.unwrap_err();
    assert!(matches!(error, TransportError::Tls { .. }), "{error:?}");
    let trust = Trust::with_pem_file(&broker.roots()).unwrap();
    let trusting = ProviderTransport::with_trust(loopback(), TransportLimits::default(), trust);
    trusting.connect(call).await.unwrap();
}

#[tokio::test]
async fn http_alone_carries_no_messages() {
    let broker = Broker::start(echo).await;
    let error = transport().connect(to(&broker)).await.unwrap_err();
    assert!(matches!(error, TransportError::InvalidCall { .. }) && !error.was_sent());
    let error = mqtt().send(get("http://127.0.0.1/")).await.unwrap_err();
    assert!(matches!(error, TransportError::InvalidCall { .. }));
    assert!(!format!("{:?}", BrokerCall { login: Some(("me".into(), "p4ss".into())), ..to(&broker) }).contains("p4ss"));
}
