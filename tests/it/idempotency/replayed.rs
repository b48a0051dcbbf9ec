//! A repeat gets the answer of the first request, and nothing is sent again.

use offramp::gateway::NewToken;
use offramp::sandbox::{Fault, Reply};
use offramp::storage::Scope;
use secrecy::ExposeSecret;

use super::*;

#[tokio::test]
async fn a_repeat_gets_the_same_answer_and_sends_nothing() {
    let stage = Stage::open().await;
    let first = stage.ask(removal("k1")).await;
    assert_eq!((first.status, first.outcome()), (200, "removed"), "{first:?}");
    let (calls, entries) = (stage.server.journal().len(), stage.audit_entries().await);

    let second = stage.ask(removal("k1")).await;

    second.repeats(&first);
    assert_eq!(second.header("offramp-request-id"), first.json()["unassignment"]["request_id"].as_str().unwrap());
    assert_eq!(stage.server.journal().len(), calls, "not even read");
    assert_eq!(stage.audit_entries().await, entries, "a repeat is no removal");
}

#[tokio::test]
async fn another_key_or_none_is_another_request() {
    let stage = Stage::open().await;
    stage.ask(removal("k1")).await;
    for key in [Some("k2".to_owned()), None] {
        let answer = stage.ask(Ask { key, ..removal("") }).await;
        assert!(!answer.is_replayed(), "{answer:?}");
    }
    assert_eq!(stage.writes(), 3);
}

#[tokio::test]
async fn every_format_is_repeated_byte_by_byte() {
    for format in ["unified", "raw", "normalized", "stream", "debug"] {
        let stage = Stage::open().await;
        let said = Reply::json(200, &json!({"done": true}));
        stage.server.faults.once("DELETE", "/roles/", Fault::ActThenAnswer(said));
        let ask = removal("k1").query(&format!("truto_response_format={format}&colour=red"));
        let first = stage.ask(ask.clone()).await;
        assert_eq!(first.status, 200, "{format}: {first:?}");
        assert_eq!(first.header("offramp-ignored-parameters"), "colour");
        let second = stage.ask(ask).await;
        second.repeats(&first);
        assert_eq!(stage.writes(), 1, "{format}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_is_repeated_too() {
    let stage = Stage::open().await;
    let ask = removal("k1").query("truto_response_format=raw");
    let first = stage.ask(ask.clone()).await;
    assert_eq!((first.status, first.body.len()), (204, 0));
    stage.ask(ask).await.repeats(&first);
}

#[tokio::test]
async fn the_same_key_for_another_request_is_refused() {
    let stage = Stage::open().await;
    stage.ask(removal("k1")).await;
    let calls = stage.server.journal().len();
    let others = [
        removal("k1").body(json!({"id": "102", "roles": [{"id": "3"}]})),
        removal("k1").body(json!({"id": "101", "roles": [{"id": "2"}]})),
        removal("k1").body(json!({"id": "102", "roles": [{"id": "2"}], "remote_data": {"instantLogout": true}})),
        removal("k1").query("verify=none"),
        removal("k1").query("truto_response_format=raw"),
        removal("k1").query("truto_exclude_fields=emails"),
        removal("k1").query("remote_query[a]=b"),
    ];
    for other in others {
        let query = other.query.clone();
        let answer = stage.ask(other).await;
        assert_eq!((answer.status, &answer.json()["kind"]), (422, &json!("refused")), "{query}: {answer:?}");
        assert!(answer.message().contains("Idempotency-Key"), "{}", answer.message());
        assert!(!answer.is_replayed());
    }
    assert_eq!(stage.server.journal().len(), calls);
    assert!(stage.holds(102, 3) && stage.holds(101, 1));
}

#[tokio::test]
async fn a_request_that_means_the_same_is_the_same() {
    let stage = Stage::open().await;
    let data = json!({"instantLogout": true, "more": {"a": 1, "b": [1, 2]}});
    let first = stage.ask(removal("k1").body(json!({"id": "102", "roles": [{"id": "2"}], "remote_data": data}))).await;
    assert_eq!(first.status, 200, "{first:?}");
    let data = json!({"more": {"b": [1, 2], "a": 1}, "instantLogout": true});
    let alike = [
        removal("k1").body(json!({"remote_data": data, "roles": [{"id": 2}], "id": 102})),
        removal("k1").query("id=102&roles[0][id]=2&verify=once").body(json!({"remote_data": data})),
        Ask { path: format!("//{}", &PATH[1..].replace("unassign-role", "unassign_role")), ..removal("k1") }
            .body(json!({"id": "102", "roles": [{"id": "2", "name": ""}], "remote_data": data})),
    ];
    for ask in alike {
        stage.ask(ask).await.repeats(&first);
    }
    assert_eq!(stage.writes(), 1);
}

#[tokio::test]
async fn a_key_counts_within_its_environment_and_account() {
    let stage = Stage::open().await;
    let first = stage.ask(removal("k1")).await;
    assert_eq!(first.outcome(), "removed");
    let (_, token) = stage.gateway.create_token(NewToken::new("test", vec![Scope::Call], "staging")).await.unwrap();
    let token = token.expose_secret().to_owned();
    let elsewhere = [removal("k1").account("two"), Ask { token, ..removal("k1").account("three") }];
    for ask in elsewhere {
        let account = ask.account;
        let answer = stage.ask(ask.body(json!({"id": "102", "roles": [{"id": "3"}]}))).await;
        assert_eq!(answer.status, 200, "{account}: {answer:?}");
        assert!(!answer.is_replayed(), "{account}");
    }
}

#[tokio::test]
async fn another_token_of_the_environment_gets_the_same_answer() {
    let stage = Stage::open().await;
    let first = stage.ask(removal("k1")).await;
    let token = async |envelope| {
        let scopes = vec![Scope::Call];
        let new = NewToken { envelope: Some(envelope), ..NewToken::new("test", scopes, DEFAULT_ENVIRONMENT) };
        let (_, token) = stage.gateway.create_token(new).await.unwrap();
        token.expose_secret().to_owned()
    };
    let answer = stage.ask(Ask { token: token(Envelope::Bare).await, ..removal("k1") }).await;
    answer.repeats(&first);
    // One whose answers look otherwise asks for something else.
    let answer = stage.ask(Ask { token: token(Envelope::Result).await, ..removal("k1") }).await;
    assert_eq!(answer.status, 422, "{answer:?}");
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let stage = Stage::open().await;
    let longest = "k".repeat(255);
    assert_eq!(stage.ask(removal(&longest)).await.status, 200);
    let writes = stage.writes();
    for key in [String::new(), "k".repeat(256), "a\tb".to_owned(), "schlüssel".to_owned()] {
        let answer = stage.ask(removal(&key)).await;
        assert_eq!((answer.status, &answer.json()["kind"]), (400, &json!("invalid_request")), "{key:?}: {answer:?}");
        assert!(answer.message().contains("Idempotency-Key"));
    }
    let mut twice = removal("k1").request();
    twice.headers_mut().append("idempotency-key", "k2".parse().unwrap());
    assert_eq!(stage.send(twice).await.status, 400);
    assert_eq!(stage.writes(), writes);
}
