//! How tokens end: by their time, or because somebody revokes them; and that somebody is left who can make others.

use std::time::Duration;

use jiff::Timestamp;
use offramp::gateway::{Caller, DEFAULT_ENVIRONMENT, Expiry, NewToken};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{Scope, Storage, TokenRemoval};

use super::*;

fn administrator(name: &str, environment: &str, expiry: Option<Expiry>) -> NewToken {
    NewToken { expiry, ..NewToken::new(name, vec![Scope::Admin], environment) }
}

#[tokio::test]
async fn a_token_ends_when_it_says_at_the_next_use() {
    let stage = stage().await;
    let new = json!({"name": "soon", "scopes": ["admin"], "expires_in_s": 1});
    let made = stage.call("POST", "/api-token", Some(TOKEN), &new).await;
    let end: Timestamp = made.body["expires_at"].as_str().unwrap().parse().unwrap();
    let token = made.body["token"].as_str().unwrap();
    assert_eq!(lists_accounts(&stage, token).await.status, 200);
    while Timestamp::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let answer = lists_accounts(&stage, token).await;
    assert_eq!((answer.status, answer.kind()), (401, "unauthenticated"));
    assert!(answer.message().contains("expired at"), "{answer:?}");
    assert_eq!(names(&stage, TOKEN).await, ["soon"], "it is listed all the same");
}

#[tokio::test]
async fn an_end_is_given_as_a_time_or_in_seconds_and_must_lie_ahead() {
    let stage = stage().await;
    let made = stage
        .call("POST", "/api-token", Some(TOKEN), &json!({"name": "a", "expires_at": "2100-01-01T02:00:00+02:00"}))
        .await;
    assert_eq!((made.status, &made.body["expires_at"]), (201, &json!("2100-01-01T00:00:00.000Z")), "{made:?}");
    let lasting = stage.call("POST", "/api-token", Some(TOKEN), &json!({"name": "b"})).await;
    assert_eq!((lasting.status, &lasting.body["expires_at"]), (201, &Value::Null));
    for (wrong, says) in [
        (json!({"expires_at": "2020-01-01T00:00:00Z"}), "already"),
        (json!({"expires_in_s": 0}), "already"),
        (json!({"expires_in_s": u64::MAX}), "later than any date"),
        (json!({"expires_in_s": -1}), "expires_in_s"),
        (json!({"expires_at": "tomorrow"}), "RFC 3339"),
        (json!({"expires_at": "2100-01-01T00:00:00Z", "expires_in_s": 5}), "give one of them"),
    ] {
        let mut new = json!({"name": "wrong"});
        new.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        let answer = stage.call("POST", "/api-token", Some(TOKEN), &new).await;
        assert_eq!((answer.status, answer.kind()), (400, "invalid_request"), "{new}");
        // What serde says of a number of the wrong form names its place by line and column.
        assert!(answer.message().contains(says) || new["expires_in_s"] == json!(-1), "{new}: {answer:?}");
    }
    assert_eq!(names(&stage, TOKEN).await, ["a", "b"]);
}

#[tokio::test]
async fn a_revoked_token_lets_nobody_in() {
    let stage = stage().await;
    let (token, id) = stage.token(json!({"name": "gone", "scopes": ["admin"]})).await;
    assert_eq!(lists_accounts(&stage, &token).await.status, 200);
    assert_eq!(revoke(&stage, TOKEN, &id).await.status, 204);
    let answer = lists_accounts(&stage, &token).await;
    assert_eq!((answer.status, answer.kind()), (401, "unauthenticated"));
    assert!(names(&stage, TOKEN).await.is_empty());
    let again = revoke(&stage, TOKEN, &id).await;
    assert_eq!((again.status, again.kind()), (404, "not_found"));
}

#[tokio::test]
async fn an_environment_sees_and_revokes_its_own_tokens_and_the_default_one_all() {
    let stage = stage().await;
    let (test, test_id) = stage.token(json!({"name": "test", "scopes": ["admin"], "environment": "test"})).await;
    let (_, other_id) = stage.token(json!({"name": "other", "environment": "other"})).await;
    let (_, default_id) = stage.token(json!({"name": "default"})).await;

    assert_eq!(names(&stage, &test).await, ["test"]);
    assert_eq!(names(&stage, TOKEN).await, ["test", "other", "default"]);
    for id in [&other_id, &default_id] {
        let answer = revoke(&stage, &test, id).await;
        assert_eq!((answer.status, answer.kind()), (404, "not_found"), "there is no hint that it exists");
    }
    assert_eq!(names(&stage, TOKEN).await, ["test", "other", "default"]);
    assert_eq!(revoke(&stage, TOKEN, &other_id).await.status, 204);
    // Its own, though nobody else administers that environment: the default one's administrators do.
    assert_eq!(revoke(&stage, &test, &test_id).await.status, 204);
    assert_eq!(names(&stage, TOKEN).await, ["default"]);
}

#[tokio::test]
async fn no_list_shows_a_tokens_text_or_its_hash() {
    let stage = stage().await;
    let (token, _) = stage.token(json!({"name": "secret"})).await;
    let answer = stage.call("GET", "/api-token", Some(TOKEN), &Value::Null).await;
    let known: Vec<&str> = answer.body["result"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(known, ["id", "name", "scopes", "environment", "envelope", "created_at", "expires_at"]);
    assert!(!answer.body.to_string().contains(&token));
}

#[tokio::test]
async fn the_last_administrator_stays_until_there_is_another_that_lasts() {
    let stage = Stage::at("guardhouse", Settings::default(), "").await;
    let gateway = &stage.gateway;
    assert!(!gateway.has_administrator());
    let (first, text) = gateway.create_token(administrator("first", DEFAULT_ENVIRONMENT, None)).await.unwrap();
    let text = secrecy::ExposeSecret::expose_secret(&text).to_owned();
    let refused = revoke(&stage, &text, &first.id).await;
    assert_eq!((refused.status, refused.kind()), (409, "conflict"), "{refused:?}");
    assert!(refused.message().contains("make another first"), "{refused:?}");

    // Another environment's does not count, nor one that ends while the first would not.
    gateway.create_token(administrator("elsewhere", "test", None)).await.unwrap();
    let soon = Some(Expiry::In(Duration::from_secs(3600)));
    let (ending, _) = gateway.create_token(administrator("ending", DEFAULT_ENVIRONMENT, soon)).await.unwrap();
    assert_eq!(revoke(&stage, &text, &first.id).await.status, 409);
    assert_eq!(lists_accounts(&stage, &text).await.status, 200);

    let (second, _) = gateway.create_token(administrator("second", DEFAULT_ENVIRONMENT, None)).await.unwrap();
    assert_eq!(revoke(&stage, &text, &first.id).await.status, 204);
    let operator = Caller::operator(DEFAULT_ENVIRONMENT);
    gateway.revoke_token(&operator, &second.id).await.unwrap_err();
    // One that ends may go, as long as one that lasts is left.
    gateway.revoke_token(&operator, &ending.id).await.unwrap();
    assert!(gateway.has_administrator());
}

#[tokio::test]
async fn with_an_administrator_in_the_settings_the_last_token_may_go() {
    let stage = stage().await;
    let (_, id) = stage.token(json!({"name": "only", "scopes": ["admin"]})).await;
    assert_eq!(revoke(&stage, TOKEN, &id).await.status, 204);
}

#[tokio::test]
async fn of_two_administrators_that_are_revoked_at_once_one_stays() {
    let folder = tempfile::tempdir().unwrap();
    let storage = SqliteStorage::open(&format!("sqlite:{}", folder.path().join("db").display())).await.unwrap();
    let stage = Stage::open(Settings::default()).await;
    for _ in 0..20 {
        let mut ids = Vec::new();
        for name in ["left", "right"] {
            let (record, _) = stage.gateway.create_token(administrator(name, DEFAULT_ENVIRONMENT, None)).await.unwrap();
            storage.insert_token(&record).await.unwrap();
            ids.push(record.id);
        }
        let delete = |id: &str| {
            let (storage, id) = (storage.clone(), id.to_owned());
            tokio::spawn(async move { storage.delete_token(DEFAULT_ENVIRONMENT, &id, true).await.unwrap() })
        };
        let (left, right) = (delete(&ids[0]), delete(&ids[1]));
        let mut ends = [left.await.unwrap(), right.await.unwrap()];
        ends.sort_by_key(|end| *end != TokenRemoval::Removed);
        assert_eq!(ends, [TokenRemoval::Removed, TokenRemoval::LastAdministrator]);
        for id in &ids {
            storage.delete_token(DEFAULT_ENVIRONMENT, id, false).await.unwrap();
        }
    }
}
