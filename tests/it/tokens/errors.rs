//! What a token endpoint's answers mean that give no token.

use super::*;

const AUTH: &str = r#"  - scheme: oauth2_client_credentials
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}"
    errors:
      - { when: { status: 400, body: { error: [invalid_scope, unauthorized_client] } }, kind: permission_missing }
      - { when: { status: [400, 402] }, kind: conflict, message: the first rule that matches decides }
      - { when: { status: 400 }, kind: not_found }
      - { when: { status: 3xx }, kind: invalid_request, message: the account belongs to another cloud }
      - { when: { status: 200, body: { error: slow_down } }, kind: rate_limited }"#;
const ACCOUNT: &str = "{ client_id: {}, client_secret: { secret: true } }";

/// What connecting comes to where the token endpoint answers this.
async fn refused(reply: Reply) -> Got {
    let more = "rate_limit: { retry_after: { header: X-Again-At, unit: epoch_seconds } }";
    let mut stage = Stage::open(definition(ACCOUNT, AUTH, more), move |_, _| reply.clone()).await;
    let got = stage.connect(json!({"client_id": "c", "client_secret": "the-secret"})).await;
    assert_eq!(got.calls.len(), 1, "nothing but the one token call: {:?}", got.calls);
    assert!(!got.body.to_string().contains("the-secret"), "{}", got.body);
    got
}

#[tokio::test]
async fn rules_are_asked_in_order_and_statuses_after_them() {
    for (reply, status, kind) in [
        (Reply::json(400, &json!({"error": "invalid_scope"})), 403, "permission_missing"),
        (Reply::json(400, &json!({"error": "invalid_scope "})), 409, "conflict"),
        (Reply::json(400, &json!({"error": "invalid_client"})), 409, "conflict"),
        (Reply::empty(402), 409, "conflict"),
        (Reply::json(200, &json!({"error": "slow_down"})), 429, "rate_limited"),
        (Reply::json(401, &json!({"error": "invalid_client"})), 401, "credentials_rejected"),
        (Reply::text(403, "<html>"), 403, "permission_missing"),
        (Reply::empty(404), 404, "not_found"),
        (Reply::empty(409), 409, "conflict"),
        (Reply::empty(418), 400, "invalid_request"),
        (Reply::empty(429), 429, "rate_limited"),
        (Reply::empty(500), 503, "provider_unavailable"),
        (Reply::empty(503), 503, "provider_unavailable"),
    ] {
        let got = refused(reply.clone()).await;
        assert_eq!((got.status, got.kind()), (status, kind), "{reply:?}: {}", got.body);
    }
    let got = refused(Reply::empty(402)).await;
    let message = got.body["message"].as_str().unwrap();
    assert!(message.contains("the first rule that matches decides"), "{message}");
}

#[tokio::test]
async fn an_answer_without_a_token_is_the_providers_error_and_never_used() {
    for body in [
        json!({}),
        json!({"access_token": ""}),
        json!({"access_token": null, "expires_in": 3600}),
        json!({"access_token": ["a"], "expires_in": 3600}),
        json!({"token": "somewhere-else"}),
        json!("access_token"),
        json!({"access_token": "with\nline"}),
    ] {
        let got = refused(Reply::json(200, &body)).await;
        assert_eq!((got.status, got.kind()), (502, "provider_error"), "{body}: {}", got.body);
    }
    let got = refused(Reply::text(200, "{\"access_token\": \"cut")).await;
    assert_eq!((got.status, got.kind()), (502, "provider_error"), "{}", got.body);
}

#[tokio::test]
async fn retry_after_is_told_in_seconds_whatever_the_providers_unit() {
    let moment = std::time::SystemTime::now() + Duration::from_secs(120);
    let epoch = moment.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let got = refused(Reply::empty(429).with_header("x-again-at", epoch.to_string())).await;
    assert_eq!(got.kind(), "rate_limited");
    let wait: u64 = got.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((110..=121).contains(&wait), "{wait}");
    let got = refused(Reply::empty(429).with_header("retry-after", "7")).await;
    assert_eq!(got.headers["retry-after"], "7");
}

#[tokio::test]
async fn retry_after_reaches_who_wanted_a_role_removed() {
    let more = "rate_limit: { retry_after: { header: X-Again, unit: seconds } }";
    let script = |_: &Call, known: &mut Known| match known.issued {
        0 => Reply::json(200, &json!({"access_token": known.issue(), "expires_in": 3600})),
        _ => Reply::empty(429).with_header("x-again", "9").with_header("set-cookie", "a=b"),
    };
    let stage = Stage::open(definition(ACCOUNT, AUTH, more), script).await;
    let stage = stage.connected(json!({"client_id": "c", "client_secret": "the-secret"})).await;
    stage.expire();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind()), (429, "rate_limited"), "{}", got.body);
    assert_eq!(got.headers["retry-after"], "9");
    assert_eq!(got.headers.get("set-cookie"), None);
    // No judgement on the credentials.
    assert_eq!(stage.status(&stage.app).await, "active");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = SimServer::start(Arc::new(Provider {
        known: Mutex::default(),
        script: Box::new(|_, known| Reply::json(200, &json!({"access_token": known.issue()}))),
    }));
    let elsewhere = elsewhere.await.unwrap();
    for status in [301, 302, 303, 307, 308] {
        let to = format!("{}/token", elsewhere.base_url());
        let got = refused(Reply::empty(status).with_header("location", to)).await;
        assert_eq!((got.status, got.kind()), (400, "invalid_request"), "{}", got.body);
        let message = got.body["message"].as_str().unwrap();
        assert!(message.contains("another cloud") && message.contains("not followed"), "{message}");
    }
    assert!(elsewhere.journal().is_empty(), "the secret went elsewhere: {:?}", elsewhere.journal());
}

#[tokio::test]
async fn silence_is_a_timeout_and_nothing_was_removed() {
    let script = |_: &Call, known: &mut Known| Reply::json(200, &json!({"access_token": known.issue()}));
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    let stage = stage.connected(json!({"client_id": "c", "client_secret": "the-secret"})).await;
    stage.expire();
    let silence = Duration::from_secs(20);
    stage.server.faults.always("POST", "/token", offramp::sandbox::Fault::HangBefore(silence));
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind()), (504, "provider_timeout"), "{}", got.body);
    assert_eq!(got.headers["offramp-outcome"], "failed");
}

/// The write was refused with the old token, and there is no new one: it was sent all the same.
#[tokio::test]
async fn a_write_that_was_refused_counts_where_no_new_token_is_to_be_had() {
    let script = |_: &Call, known: &mut Known| match known.refresh.as_str() {
        "none" => Reply::empty(500),
        _ => Reply::json(200, &json!({"access_token": known.issue()})),
    };
    let context = json!({"client_id": "us", "client_secret": "secret-secret"});
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await.connected(context).await.warm().await;
    stage.expire();
    stage.provider.known.lock().unwrap().refresh = "none".to_owned();
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind()), (503, "provider_unavailable"), "{}", got.body);
    assert_eq!(got.calls.iter().filter(|recorded| recorded.call.method == "DELETE").count(), 1);
    assert_eq!(got.headers["offramp-remote-calls"], "1");
}
