//! One token for all who wait for it: whatever the grant, whether there was none yet, it is over, or the provider refused it.

use offramp::sandbox::Fault;

use super::*;

const MANY: usize = 50;
const ACCOUNT: &str = "{ id: {}, secret: { secret: true }, name: {}, refresh: { secret: true } }";

/// Each grant, by its scheme.
fn grants() -> [(&'static str, String); 4] {
    let client =
        "    token_url: /token\n    client_id: \"{{ account.id }}\"\n    client_secret: \"{{ account.secret }}\"\n";
    let user = "    username: \"{{ account.name }}\"\n    password: \"{{ account.secret }}\"\n";
    let refresh = "    refresh_token: \"{{ account.refresh }}\"\n    keep: { refresh: refresh_token }\n";
    let own = "    request: { path: /token, body: { secret: \"{{ account.secret }}\" } }\n    \
               take: { token: access_token }\n    life: expires_in\n    \
               headers: { Authorization: \"Bearer {{ token.token }}\" }\n";
    [
        ("client credentials", format!("  - scheme: oauth2_client_credentials\n{client}")),
        ("a password", format!("  - scheme: oauth2_password\n{client}{user}")),
        ("a refresh token", format!("  - scheme: oauth2_refresh_token\n{client}{refresh}")),
        ("a token call", format!("  - scheme: token\n{own}")),
    ]
}

fn context() -> Value {
    json!({"id": "c", "secret": "the-secret", "name": "n", "refresh": "refresh-token-0"})
}

/// A provider whose tokens live for so many seconds, and whose refresh tokens are good once.
async fn stage(auth: &str, life_s: u64) -> Stage {
    let script = move |call: &Call, known: &mut Known| {
        let given = form(call).get("refresh_token").cloned();
        if given.is_some_and(|given| given != known.refresh) {
            return Reply::json(400, &json!({"error": "invalid_grant"}));
        }
        let access = known.issue();
        known.refresh = format!("refresh-token-{}", known.issued);
        Reply::json(200, &json!({"access_token": access, "expires_in": life_s, "refresh_token": known.refresh}))
    };
    Stage::open(definition(ACCOUNT, auth, ""), script).await.connected(context()).await
}

/// All at once; how many tokens were asked for.
async fn all_at_once(stage: &Stage, app: &Router) -> usize {
    let before = stage.server.journal().len();
    // So that none is through before the last one has come.
    stage.server.faults.once("POST", "/token", Fault::Slow(Duration::from_millis(100)));
    let all = futures_util::future::join_all((0..MANY).map(|_| stage.unassign_at(app))).await;
    stage.server.faults.clear();
    for got in &all {
        assert_eq!(got.status, 200, "{}", got.body);
    }
    let calls = stage.server.journal().split_off(before);
    calls.iter().filter(|recorded| recorded.call.path == "/token").count()
}

#[tokio::test]
async fn where_there_was_none_yet() {
    for (grant, auth) in grants() {
        let stage = stage(&auth, 3600).await;
        let started_again = stage.another().await;
        assert_eq!(all_at_once(&stage, &started_again).await, 1, "{grant}");
    }
}

#[tokio::test]
async fn where_it_is_over() {
    for (grant, auth) in grants() {
        let stage = stage(&auth, 2).await.warm().await;
        // At half of so short a life; those who come have a second.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        assert_eq!(all_at_once(&stage, &stage.app).await, 1, "{grant}");
    }
}

#[tokio::test]
async fn where_the_provider_refuses_it() {
    for (grant, auth) in grants() {
        let stage = stage(&auth, 3600).await.warm().await;
        stage.expire();
        assert_eq!(all_at_once(&stage, &stage.app).await, 1, "{grant}");
    }
}

#[tokio::test]
async fn one_accounts_token_keeps_no_other_waiting() {
    let (_, auth) = &grants()[0];
    let mut stage = stage(auth, 3600).await.warm().await;
    let first = stage.account.clone();
    let other = context();
    assert_eq!(stage.connect(other).await.status, 201);
    let second = std::mem::replace(&mut stage.account, first);
    stage.expire();
    stage.server.faults.once("POST", "/token", Fault::Slow(Duration::from_millis(1500)));
    let slow = stage.unassign();
    let path = format!("/unified/user-directory/users/unassign-role?integrated_account_id={second}");
    let quick = async {
        // The slow one is at its token call by then.
        tokio::time::sleep(Duration::from_millis(300)).await;
        let started = std::time::Instant::now();
        let got = stage.send(&stage.app, &path, &json!({"id": "7", "roles": [{"id": "1"}]})).await;
        (got.status, started.elapsed())
    };
    let (_, (status, took)) = tokio::join!(slow, quick);
    assert_eq!(status, 200);
    assert!(took < Duration::from_millis(1000), "{took:?}");
}
