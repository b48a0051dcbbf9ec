//! What the OAuth grants send, and what they do with the answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;

const CLIENT: &str = "{ client_id: {}, client_secret: { secret: true }, child: {} }";

#[tokio::test]
async fn client_credentials_are_sent_as_the_definition_says() {
    let auth = r#"  - scheme: oauth2_client_credentials
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}"
    grant_type: false
    headers: { X-Client: "{{ account.client_id }}", X-Child: "{{ account.child }}" }
    form: { child: "{{ account.child }}", scope: "of {{ account.client_id }}" }"#;
    let text = definition(CLIENT, auth, "");
    // 201 is a success as 200 is.
    let script = |_: &Call, known: &mut Known| {
        Reply::json(201, &json!({"access_token": known.issue(), "token_type": "bearer", "expires_in": 1799}))
    };
    let mut stage = Stage::open(text, script).await;
    let got = stage.connect(json!({"client_id": "me & you", "client_secret": "a-secret=1"})).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let [call] = got.token_calls()[..] else { panic!("{:?}", got.calls) };
    assert_eq!(call.header("x-client"), Some("me & you"));
    assert_eq!(call.header("x-child"), None, "what has no value is left out");
    assert_eq!(call.header("authorization"), None);
    let sent = [("client_id", "me & you"), ("client_secret", "a-secret=1"), ("scope", "of me & you")];
    assert_eq!(form(call), sent.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    // The token serves until it ends.
    let stage = stage.warm().await;
    let got = stage.unassign().await;
    assert_eq!((got.status, got.token_calls().len()), (200, 0), "{}", got.body);
}

#[tokio::test]
async fn a_password_grant_shows_client_and_user() {
    let account =
        "{ client_id: {}, client_secret: { secret: true }, username: {}, api_key: { secret: true }, instance: {} }";
    let auth = r#"  - scheme: oauth2_password
    token_url: /token
    client: basic
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}"
    username: "{{ account.username }}"
    password: "{{ account.api_key }}"
    form: { scope: "users instance_{{ account.instance }}" }"#;
    let script =
        |_: &Call, known: &mut Known| Reply::json(200, &json!({"access_token": known.issue(), "expires_in": "3600"}));
    let mut stage = Stage::open(definition(account, auth, ""), script).await;
    let whole =
        json!({"client_id": "c", "client_secret": "s:3cret", "username": "u", "api_key": "k-e-y-1", "instance": "i"});
    // Every key that a template of the set reads is needed, the one inside a text too.
    for key in ["client_id", "client_secret", "username", "api_key", "instance"] {
        let mut context = whole.clone();
        context.as_object_mut().unwrap().remove(key);
        let got = stage.connect(context).await;
        assert_eq!((got.status, got.calls.len()), (400, 0), "{key}: {}", got.body);
        let message = got.body["message"].as_str().unwrap();
        assert!(
            message.contains("client_id + client_secret + username + api_key + instance")
                || message.contains("username + api_key"),
            "{message}"
        );
        assert!(message.contains(key), "{message}");
    }
    let got = stage.connect(whole).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let [call] = got.token_calls()[..] else { panic!("{:?}", got.calls) };
    let pair = STANDARD.encode("c:s%3A3cret");
    assert_eq!(call.header("authorization"), Some(format!("Basic {pair}").as_str()));
    let sent = [("grant_type", "password"), ("username", "u"), ("password", "k-e-y-1"), ("scope", "users instance_i")];
    assert_eq!(form(call), sent.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    // Refused later: asked for again once, with the password.
    let stage = stage.warm().await;
    stage.expire();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.token_calls().len()), (200, 1), "{}", got.body);
    assert_eq!(got.headers["offramp-remote-calls"], "2");
    assert_eq!(stage.status(&stage.app).await, "active");
}

#[tokio::test]
async fn a_token_that_is_refused_twice_needs_reauth() {
    let auth = r#"  - scheme: oauth2_client_credentials
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}""#;
    let script = |_: &Call, known: &mut Known| {
        let token = known.issue();
        // From the third on, the tokens are good for nothing.
        if known.issued > 2 {
            known.access.clear();
        }
        Reply::json(200, &json!({"access_token": token, "expires_in": 3600}))
    };
    let stage = Stage::open(definition(CLIENT, auth, ""), script).await;
    let stage = stage.connected(json!({"client_id": "c", "client_secret": "secret"})).await.warm().await;
    stage.expire();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind(), got.token_calls().len()), (401, "credentials_rejected", 1), "{}", got.body);
    assert_eq!(got.calls.iter().filter(|recorded| recorded.call.method == "DELETE").count(), 2);
    assert!(!got.body.to_string().contains("access-token-"), "the provider repeats the token: {}", got.body);
    assert_eq!(stage.status(&stage.app).await, "needs_reauth");
}

#[tokio::test]
async fn a_token_is_renewed_ahead_of_its_end() {
    let auth = r#"  - scheme: oauth2_client_credentials
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}""#;
    let script =
        |_: &Call, known: &mut Known| Reply::json(200, &json!({"access_token": known.issue(), "expires_in": 1}));
    let stage = Stage::open(definition(CLIENT, auth, ""), script).await;
    let stage = stage.connected(json!({"client_id": "c", "client_secret": "secret"})).await.warm().await;
    // At half of so short a life.
    tokio::time::sleep(Duration::from_millis(600)).await;
    let got = stage.unassign().await;
    assert_eq!((got.status, got.token_calls().len()), (200, 1), "{}", got.body);
    assert_eq!(got.headers["offramp-remote-calls"], "1", "the provider never had to refuse");
}
