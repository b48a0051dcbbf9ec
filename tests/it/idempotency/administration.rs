//! Accounts and tokens are made once.

use futures_util::future::join_all;
use offramp::gateway::NewToken;
use offramp::storage::Scope;
use secrecy::ExposeSecret;

use super::*;

fn post(path: &str, key: &str, body: &Value) -> Request<Body> {
    let request = Request::post(path).header("authorization", format!("Bearer {TOKEN}")).header("idempotency-key", key);
    request.body(Body::from(body.to_string())).unwrap()
}

impl Stage {
    fn account(&self) -> Value {
        json!({"integration": "guardhouse", "tenant_id": "acme", "context": self.server.context()})
    }

    async fn tokens(&self) -> usize {
        self.storage.tokens().await.unwrap().len()
    }

    async fn accounts(&self) -> usize {
        self.storage.accounts().await.unwrap().len()
    }
}

#[tokio::test]
async fn an_account_is_connected_once() {
    let stage = Stage::open().await;
    let before = stage.accounts().await;
    let ask = || stage.send(post("/integrated-account", "k1", &stage.account()));
    let answers = join_all((0..20).map(|_| ask())).await;
    assert_eq!(stage.accounts().await, before + 1);
    let id = answers[0].json()["id"].clone();
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.json()["id"] == id), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.is_replayed()).count(), 19);
    let mut other = stage.account();
    other["tenant_id"] = json!("umbrella");
    assert_eq!(stage.send(post("/integrated-account", "k1", &other)).await.status, 422);
    assert_eq!(stage.accounts().await, before + 1);
}

#[tokio::test]
async fn credentials_that_are_not_taken_use_no_key_up() {
    let stage = Stage::open().await;
    let mut wrong = stage.account();
    wrong["context"]["client_secret"] = json!("not-it");
    let refused = stage.send(post("/integrated-account", "k1", &wrong)).await;
    assert_eq!(refused.json()["kind"], "credentials_rejected", "{refused:?}");
    let answer = stage.send(post("/integrated-account", "k1", &stage.account())).await;
    assert_eq!((answer.status, answer.is_replayed()), (201, false), "{answer:?}");
}

#[tokio::test]
async fn an_account_whose_answer_was_lost_is_found() {
    let stage =
        Stage::with(IdempotencySettings { lease: Duration::from_millis(300), ..IdempotencySettings::default() }).await;
    stage.storage.fail(|method, _| method == "end_key");
    let first = stage.send(post("/integrated-account", "k1", &stage.account())).await;
    stage.storage.mend();
    let accounts = stage.accounts().await;
    let second = stage.send(post("/integrated-account", "k1", &stage.account())).await;
    assert_eq!((second.status, second.is_replayed()), (201, false), "{second:?}");
    assert_eq!((second.json()["id"].clone(), stage.accounts().await), (first.json()["id"].clone(), accounts));
}

#[tokio::test]
async fn an_account_that_may_have_been_kept_is_looked_for() {
    let stage = Stage::open().await;
    let accounts = stage.accounts().await;
    stage.storage.fail(|method, _| method == "insert_account");
    assert_eq!(stage.send(post("/integrated-account", "k1", &stage.account())).await.status, 503);
    stage.storage.mend();
    let second = stage.send(post("/integrated-account", "k1", &stage.account())).await;
    assert_eq!((second.status, stage.accounts().await), (201, accounts + 1), "{second:?}");
}

#[tokio::test]
async fn a_token_is_made_once_and_its_text_is_given_once() {
    let stage = Stage::open().await;
    let body = json!({"name": "off-boarding"});
    let first = stage.send(post("/api-token", "k1", &body)).await;
    let (id, token) = (first.json()["id"].clone(), first.json()["token"].as_str().unwrap().to_owned());
    let again = join_all((0..10).map(|_| stage.send(post("/api-token", "k1", &body)))).await;
    for answer in again {
        assert_eq!((answer.status, &answer.json()["kind"]), (409, &json!("conflict")), "{answer:?}");
        assert!(answer.message().contains(id.as_str().unwrap()) && answer.is_replayed(), "{}", answer.message());
        assert!(!String::from_utf8_lossy(&answer.body).contains(&token));
    }
    assert_eq!(stage.tokens().await, 1);
    assert_eq!(stage.send(post("/api-token", "k1", &json!({"name": "other"}))).await.status, 422);
}

#[tokio::test]
async fn a_token_whose_answer_was_lost_is_not_made_again() {
    let stage =
        Stage::with(IdempotencySettings { lease: Duration::from_millis(300), ..IdempotencySettings::default() }).await;
    stage.storage.fail(|method, _| method == "end_key");
    let first = stage.send(post("/api-token", "k1", &json!({"name": "off-boarding"}))).await;
    assert_eq!(first.status, 201, "{first:?}");
    stage.storage.mend();
    let second = stage.send(post("/api-token", "k1", &json!({"name": "off-boarding"}))).await;
    assert_eq!((second.status, stage.tokens().await), (409, 1), "{second:?}");
    assert!(second.message().contains(first.json()["id"].as_str().unwrap()));
}

#[tokio::test]
async fn one_key_means_another_thing_at_each_path() {
    let stage = Stage::open().await;
    assert_eq!(stage.send(post("/api-token", "k1", &json!({"name": "a"}))).await.status, 201);
    assert_eq!(stage.send(post("/integrated-account", "k1", &stage.account())).await.status, 201);
    assert_eq!(stage.ask(removal("k1")).await.outcome(), "removed");
}

#[tokio::test]
async fn one_key_means_another_thing_in_each_environment() {
    let stage = Stage::open().await;
    let body = json!({"name": "off-boarding"});
    assert_eq!(stage.send(post("/api-token", "k1", &body)).await.status, 201);
    let (_, token) = stage.gateway.create_token(NewToken::new("test", vec![Scope::Admin], "staging")).await.unwrap();
    let mut elsewhere = post("/api-token", "k1", &body);
    elsewhere.headers_mut().insert("authorization", format!("Bearer {}", token.expose_secret()).parse().unwrap());
    let answer = stage.send(elsewhere).await;
    assert_eq!((answer.status, &answer.json()["environment"]), (201, &json!("staging")), "{answer:?}");
}
