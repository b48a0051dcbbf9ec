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
      - { when: { status: 403, body: { error: account_locked } }, kind: credentials_rejected }
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
        // The provider's own status, whatever kind a definition makes of it; that of the kind inside a 2xx.
        (Reply::json(400, &json!({"error": "invalid_scope"})), 400, "permission_missing"),
        (Reply::json(400, &json!({"error": "invalid_scope "})), 400, "conflict"),
        (Reply::json(400, &json!({"error": "invalid_client"})), 400, "conflict"),
        (Reply::empty(402), 402, "conflict"),
        (Reply::json(403, &json!({"error": "account_locked"})), 403, "credentials_rejected"),
        (Reply::json(200, &json!({"error": "slow_down"})), 429, "rate_limited"),
        (Reply::json(401, &json!({"error": "invalid_client"})), 401, "credentials_rejected"),
        (Reply::text(403, "<html>"), 403, "permission_missing"),
        (Reply::empty(404), 404, "not_found"),
        (Reply::empty(409), 409, "conflict"),
        (Reply::empty(418), 418, "invalid_request"),
        (Reply::empty(429), 429, "rate_limited"),
        (Reply::empty(500), 500, "provider_unavailable"),
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
async fn the_token_endpoints_own_words_are_in_the_raw_response() {
    let words = json!({"error": "invalid_client", "error_description": "no such client", "trace": 7});
    let got = refused(Reply::json(401, &words)).await;
    assert_eq!((&got.body["raw_response"], got.kind()), (&words, "credentials_rejected"), "{}", got.body);
    let got = refused(Reply::text(503, "down for the night")).await;
    assert_eq!(got.body["raw_response"], "down for the night", "{}", got.body);

    // So it is for who wanted a role removed.
    let script = |_: &Call, known: &mut Known| match known.issued {
        0 => Reply::json(200, &json!({"access_token": known.issue(), "expires_in": 3600})),
        _ => Reply::json(403, &json!({"error": "account_locked", "until": "noon"})),
    };
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    let stage = stage.connected(json!({"client_id": "c", "client_secret": "the-secret"})).await;
    let got = stage.unassign().await;
    assert_eq!((got.status, got.kind()), (403, "credentials_rejected"), "{}", got.body);
    assert_eq!(got.body["raw_response"], json!({"error": "account_locked", "until": "noon"}));
    assert_eq!(got.headers["offramp-remote-status"], "403");
    assert_eq!(got.headers["offramp-remote-calls"], "0");
}

#[tokio::test]
async fn a_renewal_in_vain_tells_of_the_write_before_it() {
    let script = |_: &Call, known: &mut Known| match known.issued {
        0 | 1 => Reply::json(200, &json!({"access_token": known.issue(), "expires_in": 3600})),
        _ => Reply::json(401, &json!({"error": "invalid_client"})),
    };
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    let stage = stage.connected(json!({"client_id": "c", "client_secret": "the-secret"})).await.warm().await;
    stage.expire();
    let got = stage.unassign_as("debug").await;
    assert_eq!((got.status, got.kind()), (401, "credentials_rejected"), "{}", got.body);
    // It was sent, once, and refused.
    assert_eq!(got.headers["offramp-remote-calls"], "1");
    assert_eq!(got.body["debug"]["steps"][0]["status"], 401, "{}", got.body);
}

#[tokio::test]
async fn what_a_token_endpoint_gives_away_is_masked() {
    let secret = "c:the-secret";
    let given = json!({"error": "invalid_client", "said": "the-secret is wrong", "Refresh-Token": "r3fr3sh-it",
                       "nested": [{"apiKey": "k3y-of-all", "key": "unknown_client"}], "access_token": null});
    for status in [200, 401] {
        let got = refused(Reply::json(status, &given)).await;
        let masked = json!({"error": "invalid_client", "said": "******** is wrong", "Refresh-Token": "********",
                            "nested": [{"apiKey": "********", "key": "unknown_client"}], "access_token": null});
        assert_eq!(got.body["raw_response"], masked, "{}", got.body);
    }
    // Where all was well, a text of its own may be the token.
    for text in ["t0k3n-of-all", "\"t0k3n-of-all\""] {
        let got = refused(Reply::text(200, text)).await;
        assert!(!got.body.to_string().contains("t0k3n"), "{}", got.body);
    }
    // The client's id and secret as a header has them.
    let basic = AUTH.replace("token_url: /token", "token_url: /token\n    client: basic");
    let pair = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, secret);
    let echo = json!({"error": format!("Basic {pair} is unknown")});
    let reply = Reply::json(401, &echo);
    let mut stage = Stage::open(definition(ACCOUNT, &basic, ""), move |_, _| reply.clone()).await;
    let got = stage.connect(json!({"client_id": "c", "client_secret": "the-secret"})).await;
    assert_eq!(got.body["raw_response"]["error"], "Basic ******** is unknown", "{}", got.body);
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
    assert_eq!((got.status, got.kind()), (500, "provider_unavailable"), "{}", got.body);
    assert_eq!(got.calls.iter().filter(|recorded| recorded.call.method == "DELETE").count(), 1);
    assert_eq!(got.headers["offramp-remote-calls"], "1");
}
