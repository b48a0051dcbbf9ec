//! Sessions: how an account gets one, how long it keeps it, and whose it is.

use mqttbytes::v4::{ConnectReturnCode, Packet};

use super::hub::Trouble;
use super::*;

#[tokio::test]
async fn a_session_serves_many_requests() {
    let stage = Stage::connected().await;
    let connections = stage.hub.broker.connections();
    for _ in 0..3 {
        assert_eq!(stage.unassign().await.status, 200);
    }
    let all = futures_util::future::join_all((0..8).map(|_| stage.unassign())).await;
    assert!(all.iter().all(|got| got.status == 200));
    assert_eq!(stage.hub.broker.connections(), connections);
    assert!(!stage.hub.heard().contains(&"enter".to_owned()), "{:?}", stage.hub.heard());
}

#[tokio::test]
async fn who_come_at_once_open_one_session() {
    let mut stage = Stage::open().await;
    assert_eq!(stage.connect(stage.context(json!({"pass": "a-good-pass"}))).await.status, 201);
    let before = stage.hub.broker.connections();
    let all = futures_util::future::join_all((0..8).map(|_| stage.unassign())).await;
    assert!(all.iter().all(|got| got.status == 200));
    assert_eq!(stage.hub.broker.connections(), before + 1);
}

#[tokio::test]
async fn no_two_accounts_share_a_session() {
    let mut stage = Stage::open().await;
    let mut accounts = Vec::new();
    for pass in ["a-good-pass", "another-pass"] {
        assert_eq!(stage.connect(stage.context(json!({"pass": pass}))).await.status, 201);
        accounts.push(stage.account.clone());
    }
    stage.hub.forget();
    let before = stage.hub.broker.connections();
    for account in &accounts {
        assert_eq!(stage.ask_at(account, "", &json!({})).await.status, 200);
    }
    assert_eq!(stage.hub.broker.connections(), before + 2);
    // The one's pass is over: the other does not notice.
    stage.hub.set(|state| state.passes.remove("a-good-pass"));
    assert_eq!(stage.ask_at(&accounts[0], "", &json!({})).await.status, 401);
    assert_eq!(stage.ask_at(&accounts[1], "", &json!({})).await.status, 200);
}

#[tokio::test]
async fn a_connection_that_broke_meanwhile_is_opened_anew_unnoticed() {
    let stage = Stage::connected().await;
    stage.hub.break_connections().await;
    let got = stage.unassign().await;
    assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
    assert_eq!(
        (got.header("offramp-remote-calls"), stage.hub.heard()),
        ("1", ["enter", "user/leave", "user/get"].map(str::to_owned).to_vec())
    );
}

#[tokio::test]
async fn a_session_that_is_over_is_renewed_once() {
    let mut stage = Stage::open().await;
    assert_eq!(stage.connect(stage.context(json!({"renewal": "renew-me"}))).await.status, 201);
    assert_eq!(stage.unassign().await.status, 200);
    stage.hub.set(|state| {
        state.held.insert((42, 7));
        state.passes.clear();
    });
    stage.hub.forget();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{}", got.text);
    let heard = ["user/leave", "pass/new", "enter", "user/leave", "user/get"].map(str::to_owned);
    assert_eq!((stage.hub.heard(), got.header("offramp-remote-calls")), (heard.to_vec(), "2"));
    assert_eq!(stage.status().await, "active");
    // A renewal that does not help is not repeated.
    for _ in 0..2 {
        stage.hub.plan("user/leave", Trouble::Answer(json!({"outcome": "no", "reason": 401})));
    }
    stage.hub.forget();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind()), (401, "credentials_rejected"), "{}", got.text);
    assert_eq!(stage.hub.heard(), ["user/leave", "pass/new", "enter", "user/leave"]);
    assert_eq!(stage.status().await, "needs_reauth");
    assert_eq!(stage.unassign().await.status, 200);
    assert_eq!(stage.status().await, "active");
}

#[tokio::test]
async fn what_refuses_a_session_refuses_the_account() {
    let mut stage = Stage::open().await;
    let got = stage.connect(stage.context(json!({"pass": "no-such-pass"}))).await;
    assert_eq!((got.status, got.kind()), (401, "credentials_rejected"), "{}", got.text);
    let got = stage.connect(stage.context(json!({"renewal": "worn-out"}))).await;
    assert_eq!((got.status, got.kind()), (418, "credentials_rejected"), "{}", got.text);
    assert_eq!(got.body["raw_response"]["said"], "worn out", "{}", got.text);
    assert!(got.body["message"].as_str().unwrap().contains("the renewal is worn out"), "{}", got.text);
    for (reply, status, kind) in [
        (json!({"outcome": "no", "reason": 403}), 403, "permission_missing"),
        (json!({"outcome": "no", "reason": 500}), 500, "provider_unavailable"),
        (json!({"outcome": "perhaps"}), 502, "provider_error"),
    ] {
        stage.hub.plan("enter", Trouble::Answer(reply));
        let got = stage.connect(stage.context(json!({"pass": "a-good-pass"}))).await;
        assert_eq!((got.status, got.kind()), (status, kind), "{}", got.text);
    }
    // A pass that is none is never shown to anybody.
    for given in [json!({}), json!({"pass": ""}), json!({"pass": null})] {
        stage.hub.forget();
        stage.hub.plan("pass/new", Trouble::Answer(json!({"outcome": "ok", "given": given})));
        let got = stage.connect(stage.context(json!({"renewal": "renew-me"}))).await;
        assert_eq!((got.status, got.kind()), (502, "provider_error"), "{}", got.text);
        assert_eq!(stage.hub.heard(), ["pass/new"]);
    }
    let accounts = stage.hub.broker.published();
    assert!(accounts.iter().all(|(topic, _)| topic == "hub/ask"));
}

#[tokio::test]
async fn a_login_is_shown_when_connecting() {
    let mut stage = Stage::open().await;
    let context = stage.context(json!({"user": "me", "password": "p4ssw0rd"}));
    assert_eq!(stage.connect(context.clone()).await.status, 201);
    assert_eq!(stage.unassign().await.verdict(), "removed yes");
    assert_eq!(stage.hub.heard(), ["user/leave", "user/get"], "no message but the removal's");
    let log = stage.hub.broker.log();
    let login = log.iter().find_map(|packet| match packet {
        Packet::Connect(connect) => connect.login.clone(),
        _ => None,
    });
    assert_eq!(login.map(|login| (login.username, login.password)), Some(("me".to_owned(), "p4ssw0rd".to_owned())));
    for (code, status, kind) in [
        (ConnectReturnCode::NotAuthorized, 401, "credentials_rejected"),
        (ConnectReturnCode::BadUserNamePassword, 401, "credentials_rejected"),
        (ConnectReturnCode::ServiceUnavailable, 503, "provider_unavailable"),
        (ConnectReturnCode::BadClientId, 502, "provider_error"),
    ] {
        stage.hub.set(|state| state.login = Some(code));
        let got = stage.connect(context.clone()).await;
        assert_eq!((got.status, got.kind()), (status, kind), "{}", got.text);
    }
    // The session at hand is not asked again, until it is gone.
    assert_eq!(stage.unassign().await.status, 200);
    stage.hub.set(|state| state.login = Some(ConnectReturnCode::NotAuthorized));
    stage.hub.break_connections().await;
    let got = stage.unassign().await;
    assert_eq!(
        (got.status, got.kind(), got.header("offramp-outcome")),
        (401, "credentials_rejected", "failed"),
        "{}",
        got.text
    );
    assert_eq!(stage.status().await, "needs_reauth");
}

#[tokio::test]
async fn a_refused_subscription_is_what_the_definition_says() {
    for (said, status, kind) in
        [("", 403, "permission_missing"), ("\n    subscription_refused: not_found", 404, "not_found")]
    {
        let text = DEFINITION.replace("\n    correlate: ref", &format!("\n    correlate: ref{said}"));
        let mut stage = Stage::knowing(&text).await;
        assert_eq!(stage.connect(stage.context(json!({"pass": "a-good-pass"}))).await.status, 201);
        stage.hub.forget();
        stage.hub.set(|state| state.closed.insert("user/leave"));
        let got = stage.unassign().await;
        assert_eq!((got.status, got.kind(), got.header("offramp-outcome")), (status, kind, "failed"), "{}", got.text);
        assert_eq!(got.header("offramp-remote-calls"), "0");
        assert!(!stage.hub.heard().contains(&"user/leave".to_owned()), "nothing was sent");
        assert!(stage.hub.holds(42, 7));
        // The same while the session is opened.
        stage.hub.set(|state| state.closed.insert("enter"));
        let got = stage.connect(stage.context(json!({"pass": "a-good-pass"}))).await;
        assert_eq!((got.status, got.kind()), (status, kind), "{}", got.text);
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_unavailable() {
    let mut stage = Stage::open().await;
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let got = stage.connect(json!({"broker": format!("mqtt://{free}"), "pass": "a-good-pass"})).await;
    assert_eq!((got.status, got.kind()), (503, "provider_unavailable"), "{}", got.text);
    // Without TLS only where the operator allows it.
    let got = stage.connect(json!({"broker": "mqtt://93.184.216.34", "pass": "a-good-pass"})).await;
    assert_eq!((got.status, got.kind()), (503, "provider_unavailable"), "{}", got.text);
    assert!(got.body["message"].as_str().unwrap().contains("OFFRAMP_EGRESS_ALLOW"), "{}", got.text);
}

#[tokio::test]
async fn a_context_that_does_not_suit_is_named() {
    let mut stage = Stage::open().await;
    let address = format!("mqtt://{}", stage.hub.broker.address);
    for (context, part) in [
        (json!({"pass": "a-good-pass"}), "context.broker is missing: where the broker is"),
        (json!({"broker": "mqtt://h/path", "pass": "a-good-pass"}), "context.broker must be"),
        (json!({"broker": "http://h", "pass": "a-good-pass"}), "context.broker must be"),
        (json!({"broker": address, "over": "pigeon", "pass": "a-good-pass"}), "context.over must be one of"),
        (json!({"broker": address, "user": "me"}), "user + password, or renewal, or pass"),
        (json!({"over": "web", "user": "me", "password": "p4ssw0rd"}), "one of these is needed: pass"),
        (json!({"broker": address, "base_url": "ftp://h", "pass": "a-good-pass"}), "context.base_url"),
    ] {
        let got = stage.connect(context.clone()).await;
        assert_eq!((got.status, got.kind()), (400, "invalid_request"), "{context}: {}", got.text);
        let message = got.body["message"].as_str().unwrap();
        assert!(message.contains(part), "{context}: {message}");
    }
    assert_eq!(stage.hub.broker.connections(), 0);
    // A broker's address as `base_url` replaces the definition's; any other does not.
    let context = json!({"broker": "mqtt://nowhere.invalid", "base_url": address, "pass": "a-good-pass"});
    assert_eq!(stage.connect(context).await.status, 201);
    let context = json!({"broker": address, "base_url": "http://127.0.0.1:9", "pass": "a-good-pass"});
    assert_eq!(stage.connect(context).await.status, 201);
}
