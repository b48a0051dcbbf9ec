//! Tokens of a provider's own: JSON calls, and sets of credentials that are alternatives.

use super::*;

const ACCOUNT: &str = "{ login: {}, password: { secret: true }, refresh: { secret: true }, access: { secret: true } }";
const AUTH: &str = r#"  - scheme: token
    request: { path: /token, query: { for: "{{ account.login }}" }, body: { login: "{{ account.login }}", password: "{{ account.password }}", kind: user } }
    renew: { method: PUT, path: /token/refresh, headers: { X-Old: "{{ token.token }}" }, body: { refreshToken: "{{ token.renewal }}" } }
    take: { token: data.accessToken, renewal: data.refreshToken }
    life: data.seconds
    life_s: 1800
    headers: { Authorization: "Bearer {{ token.token }}", X-Login: "{{ account.login }}" }
    errors:
      - { when: { status: 418 }, kind: credentials_rejected }
  - scheme: token
    request: { path: /token/refresh, body: { refreshToken: "{{ account.refresh }}" } }
    take: { token: data.accessToken }
    headers: { Authorization: "Bearer {{ token.token }}" }
  - scheme: headers
    headers: { Authorization: "Bearer {{ account.access }}" }"#;

fn body(call: &Call) -> Value {
    serde_json::from_slice(&call.body).unwrap()
}

fn pair(known: &mut Known) -> Reply {
    let refresh = format!("renewal-{}", known.issued);
    known.refresh.clone_from(&refresh);
    Reply::json(201, &json!({"data": {"accessToken": known.issue(), "refreshToken": refresh}}))
}

#[tokio::test]
async fn a_token_is_asked_for_renewed_and_asked_for_again() {
    let script = |call: &Call, known: &mut Known| match call.path.as_str() {
        "/token" => pair(known),
        // The renewal's token is good once.
        "/token/refresh" if body(call)["refreshToken"] == known.refresh.as_str() => {
            known.refresh.clear();
            Reply::json(201, &json!({"data": {"accessToken": known.issue()}}))
        }
        _ => Reply::empty(418),
    };
    let mut stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    let got = stage.connect(json!({"login": "li", "password": "p4ssw0rd"})).await;
    assert_eq!(got.status, 201, "{}", got.body);
    let [call] = got.token_calls()[..] else { panic!("{:?}", got.calls) };
    assert_eq!((call.method.as_str(), call.query.as_str()), ("POST", "for=li"));
    assert_eq!(body(call), json!({"login": "li", "password": "p4ssw0rd", "kind": "user"}));
    assert_eq!(call.header("content-type"), Some("application/json"));
    let me = got.calls.iter().find(|recorded| recorded.call.path == "/me").unwrap();
    assert_eq!(
        (me.call.header("authorization"), me.call.header("x-login")),
        (Some("Bearer access-token-1"), Some("li"))
    );

    let stage = stage.warm().await;
    stage.expire();
    let got = stage.unassign().await;
    assert_eq!(got.status, 200, "{}", got.body);
    let [call] = got.token_calls()[..] else { panic!("{:?}", got.calls) };
    assert_eq!((call.method.as_str(), call.path.as_str()), ("PUT", "/token/refresh"));
    assert_eq!(call.header("x-old"), Some("access-token-2"));

    // What renews is used up: the login is shown again, and gives a whole pair.
    stage.expire();
    let got = stage.unassign().await;
    assert_eq!(got.status, 200, "{}", got.body);
    let paths: Vec<&str> = got.token_calls().iter().map(|call| call.path.as_str()).collect();
    assert_eq!(paths, ["/token/refresh", "/token"]);
    stage.expire();
    let got = stage.unassign().await;
    let paths: Vec<&str> = got.token_calls().iter().map(|call| call.path.as_str()).collect();
    assert_eq!((got.status, paths), (200, vec!["/token/refresh"]), "{}", got.body);
}

#[tokio::test]
async fn only_a_refusal_of_the_renewal_shows_the_login_again() {
    let script = |call: &Call, known: &mut Known| match call.path.as_str() {
        "/token" => pair(known),
        _ => Reply::empty(503),
    };
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    let stage = stage.connected(json!({"login": "li", "password": "p4ssw0rd"})).await.warm().await;
    stage.expire();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind(), got.token_calls().len()), (503, "provider_unavailable", 1), "{}", got.body);
}

#[tokio::test]
async fn the_first_set_that_is_complete_is_used() {
    let script = |call: &Call, known: &mut Known| match call.path.as_str() {
        "/token" => pair(known),
        _ => Reply::json(200, &json!({"data": {"accessToken": known.issue(), "seconds": 60}})),
    };
    let mut stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    for (context, path) in [
        (
            json!({"login": "li", "password": "p4ssw0rd", "refresh": "refresh-me", "access": "bearer-me"}),
            Some("/token"),
        ),
        (json!({"login": "li", "refresh": "refresh-me", "access": "bearer-me"}), Some("/token/refresh")),
        (json!({"password": "p4ssw0rd", "access": "bearer-me"}), None),
    ] {
        stage.provider.known.lock().unwrap().access = BTreeSet::from(["bearer-me".to_owned()]);
        let got = stage.connect(context.clone()).await;
        assert_eq!(got.status, 201, "{context}: {}", got.body);
        let asked = got.token_calls().first().map(|call| call.path.clone());
        assert_eq!(asked.as_deref(), path, "{context}");
    }
    let got = stage.connect(json!({"login": "li"})).await;
    assert_eq!(got.status, 400);
    let message = got.body["message"].as_str().unwrap();
    assert!(message.ends_with("login + password, or refresh, or access"), "{message}");
}

#[tokio::test]
async fn what_came_with_a_token_is_shown_nowhere() {
    let script = |_: &Call, known: &mut Known| pair(known);
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    let stage = stage.connected(json!({"login": "li", "password": "p4ssw0rd"})).await.warm().await;
    let path = format!(
        "/unified/user-directory/users/unassign-role?truto_response_format=debug&integrated_account_id={}",
        stage.account
    );
    let said = json!({"message": "access-token-2 came with renewal-1 for p4ssw0rd"});
    stage.server.faults.always("DELETE", "", offramp::sandbox::Fault::Answer(Reply::json(400, &said)));
    let got = stage.send(&stage.app, &path, &json!({"id": "7", "roles": [{"id": "1"}]})).await;
    let text = got.body.to_string();
    assert_eq!(got.status, 400, "{text}");
    for secret in ["access-token-2", "renewal-1", "p4ssw0rd"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("came with"), "{text}");
}
