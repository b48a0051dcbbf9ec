//! Refresh tokens that are good once: the next one is in the vault before anything is done with its access token, and
//! is lost neither to a crash, nor to a caller that hangs up, nor to another process.

use offramp::sandbox::Fault;
use offramp::storage::sqlite::SqliteStorage;
use offramp::suite::Unreliable;

use super::*;

const ACCOUNT: &str = "{ client_id: {}, client_secret: { secret: true }, refresh_token: { secret: true } }";
const AUTH: &str = r#"  - scheme: oauth2_refresh_token
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}"
    refresh_token: "{{ account.refresh_token }}"
    keep: { refresh_token: refresh_token }"#;

/// Takes the refresh token that is good, once, and gives the next.
fn rotating(call: &Call, known: &mut Known) -> Reply {
    let form = form(call);
    assert_eq!(form["grant_type"], "refresh_token");
    if form["refresh_token"] != known.refresh {
        return Reply::json(400, &json!({"error": "invalid_grant"}));
    }
    let access = known.issue();
    known.refresh = format!("refresh-token-{}", known.issued);
    Reply::json(200, &json!({"access_token": access, "expires_in": 3600, "refresh_token": known.refresh}))
}

fn context() -> Value {
    json!({"client_id": "c", "client_secret": "the-secret", "refresh_token": "refresh-token-0"})
}

async fn shaky() -> (Arc<Unreliable>, Stage) {
    let inner = SqliteStorage::open("sqlite::memory:").await.unwrap();
    let storage = Arc::new(Unreliable::new(Arc::new(inner)));
    let stage = Stage::with(definition(ACCOUNT, AUTH, ""), rotating, storage.clone()).await;
    (storage, stage)
}

#[tokio::test]
async fn the_next_refresh_token_outlives_the_process() {
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), rotating).await.connected(context()).await;
    let first = stage.kept().await;
    assert_eq!(
        (first["refresh_token"].as_str(), first["client_secret"].as_str()),
        (Some("refresh-token-1"), Some("the-secret"))
    );
    stage.expire();
    assert_eq!(stage.unassign().await.status, 200);
    let refresh = stage.kept().await["refresh_token"].clone();
    assert_eq!(refresh, stage.provider.known.lock().unwrap().refresh.as_str());
    let app = stage.another().await;
    let got = stage.unassign_at(&app).await;
    assert_eq!((got.status, got.token_calls().len()), (200, 1), "{}", got.body);
    assert_eq!(form(got.token_calls()[0])["refresh_token"], refresh.as_str().unwrap());
    assert_eq!(stage.status(&app).await, "active");
}

#[tokio::test]
async fn a_token_at_hand_serves_although_the_secrets_changed() {
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), rotating).await.connected(context()).await;
    stage.expire();
    assert_eq!(stage.unassign().await.token_calls().len(), 1);
    // The change of the vault is this session's own: it starts no other, which would ask for a token again.
    for _ in 0..3 {
        assert_eq!(stage.unassign().await.token_calls().len(), 0);
    }
    // Even where another change makes the gateway read its accounts anew.
    let body = json!({"name": "n", "scopes": ["call"]});
    assert_eq!(stage.send(&stage.app, "/api-token", &body).await.status, 201);
    assert_eq!(stage.unassign().await.token_calls().len(), 0);
}

#[tokio::test]
async fn no_access_token_is_used_before_its_refresh_token_is_kept() {
    let (storage, stage) = shaky().await;
    let stage = stage.connected(context()).await;
    let issued = stage.provider.known.lock().unwrap().issued;
    stage.expire();
    storage.fail(|method, _| method == "set_account_secrets");
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind()), (503, "internal"), "{}", got.body);
    assert_eq!(got.headers["offramp-outcome"], "failed");
    assert_eq!(stage.provider.known.lock().unwrap().issued, issued + 1);
    let used = got.calls.iter().filter(|recorded| {
        recorded.call.header("authorization").is_some_and(|value| value.ends_with(&format!("-{}", issued + 1)))
    });
    assert_eq!(used.count(), 0, "{:?}", got.calls);
    // It is not forgotten either: as soon as it can be kept it is, and no other is asked for.
    storage.mend();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.token_calls().len()), (200, 0), "{}", got.body);
    assert_eq!(stage.kept().await["refresh_token"], stage.provider.known.lock().unwrap().refresh.as_str());
}

/// All accounts under the other key, as `offramp vault rotate` leaves them; and the gateway reads them anew.
async fn rewrapped(stage: &Stage) {
    let vault = Vault::new(KeyRing::from_text(&format!("{OTHER_KEY},{KEY}")).unwrap()).unwrap();
    let done = offramp::gateway::keys::rewrap(&*stage.storage, &vault).await.unwrap();
    assert_eq!((done.accounts, done.failed), (1, vec![]));
    let body = json!({"name": "n", "scopes": ["call"]});
    assert_eq!(stage.send(&stage.app, "/api-token", &body).await.status, 201);
}

#[tokio::test]
async fn another_master_key_costs_no_token() {
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), rotating).await.connected(context()).await.warm().await;
    rewrapped(&stage).await;
    assert_eq!(stage.unassign().await.token_calls().len(), 0);
    stage.expire();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.token_calls().len()), (200, 1), "{}", got.body);
    assert_eq!(stage.kept().await["refresh_token"], stage.provider.known.lock().unwrap().refresh.as_str());
}

#[tokio::test]
async fn another_master_key_loses_no_refresh_token_that_waits_to_be_kept() {
    let (storage, stage) = shaky().await;
    let stage = stage.connected(context()).await;
    stage.expire();
    storage.fail(|method, _| method == "set_account_secrets");
    assert_eq!(stage.unassign().await.status, 503);
    rewrapped(&stage).await;
    storage.mend();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.token_calls().len()), (200, 0), "{}", got.body);
    assert_eq!(stage.kept().await["refresh_token"], stage.provider.known.lock().unwrap().refresh.as_str());
}

#[tokio::test]
async fn many_who_need_a_token_ask_for_one() {
    let (storage, stage) = shaky().await;
    let stage = stage.connected(context()).await;
    stage.expire();
    let before = (stage.server.journal().len(), storage.calls("set_account_secrets"));
    let all = futures_util::future::join_all((0..50).map(|_| stage.unassign())).await;
    assert!(all.iter().all(|got| got.status == 200));
    let calls = stage.server.journal().split_off(before.0);
    assert_eq!(calls.iter().filter(|recorded| recorded.call.path == "/token").count(), 1);
    assert_eq!(storage.calls("set_account_secrets"), before.1 + 1);
}

#[tokio::test]
async fn a_caller_that_hangs_up_takes_no_token_along() {
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), rotating).await.connected(context()).await;
    stage.expire();
    stage.server.faults.once("POST", "/token", Fault::Slow(Duration::from_millis(300)));
    let gone = tokio::time::timeout(Duration::from_millis(100), stage.unassign()).await;
    assert!(gone.is_err(), "it should have been waiting for its token");
    let refresh = stage.provider.known.lock().unwrap().refresh.clone();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.token_calls().len()), (200, 0), "{}", got.body);
    assert_eq!(stage.kept().await["refresh_token"], refresh);
}

#[tokio::test]
async fn two_processes_share_the_one_refresh_token_that_is_good() {
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), rotating).await.connected(context()).await;
    let other = stage.another().await;
    for app in [&stage.app, &other, &stage.app, &stage.app, &other] {
        stage.expire();
        let got = stage.unassign_at(app).await;
        assert_eq!(got.status, 200, "{}", got.body);
        assert_eq!(stage.status(app).await, "active");
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_good_no_more_needs_reauth() {
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), rotating).await.connected(context()).await;
    stage.expire();
    stage.provider.known.lock().unwrap().refresh = "somebody-elses".to_owned();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind(), got.token_calls().len()), (400, "credentials_rejected", 1), "{}", got.body);
    assert_eq!(stage.status(&stage.app).await, "needs_reauth");
}

#[tokio::test]
async fn an_account_that_is_not_connected_keeps_what_its_check_used_up() {
    let mut stage = Stage::open(definition(ACCOUNT, AUTH, ""), rotating).await;
    // Refused before anything was replaced: nothing is kept.
    let mut wrong = context();
    wrong["refresh_token"] = json!("refresh-token-x");
    assert_eq!(stage.connect(wrong).await.status, 400);
    assert!(stage.storage.accounts().await.unwrap().is_empty());
    // The token was given, and then the check failed: the next refresh token is all the access there is.
    stage.server.faults.always("GET", "/me", Fault::Answer(Reply::empty(503)));
    assert_eq!(stage.connect(context()).await.status, 503);
    stage.server.faults.clear();
    let accounts = stage.storage.accounts().await.unwrap();
    let [account] = accounts.as_slice() else { panic!("{accounts:?}") };
    assert_eq!(account.status.as_str(), "validation_error");
    stage.account.clone_from(&account.id);
    assert_eq!(stage.kept().await["refresh_token"], "refresh-token-1");
    let got = stage.unassign().await;
    assert_eq!(got.status, 200, "{}", got.body);
}

#[tokio::test]
async fn an_answer_without_a_refresh_token_leaves_the_old_one() {
    let script = |call: &Call, known: &mut Known| {
        assert_eq!(form(call)["refresh_token"], "refresh-token-0");
        let refresh = if known.issued == 0 { json!("") } else { Value::Null };
        Reply::json(200, &json!({"access_token": known.issue(), "refresh_token": refresh}))
    };
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await.connected(context()).await;
    for _ in 0..2 {
        stage.expire();
        assert_eq!(stage.unassign().await.status, 200);
    }
    assert_eq!(stage.kept().await["refresh_token"], "refresh-token-0");
}
