//! A definition that speaks messages and HTTP, through the gateway: against a scripted broker that forwards a reply to
//! its exact topic alone, and lets nobody subscribe to more than the way in before they are in.

mod definition;
mod hub;
mod mosquitto;
mod own_broker;
mod sessions;
mod strict;
mod unassign;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use offramp::connector::{Registry, compile};
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::{Gateway, Parts};
use offramp::http::{Site, decode, router};
use offramp::storage::Envelope;
use offramp::storage::sqlite::SqliteStorage;
use offramp::transport::{ProviderTransport, TransportLimits};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt;

use hub::Hub;

const DEFINITION: &str = include_str!("connector.yaml");
const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const ADMIN: &str = "the-administrators-token";
const CALL_TIMEOUT: Duration = Duration::from_millis(500);

/// A gateway that knows the definition.
struct Stage {
    app: Router,
    hub: Hub,
    account: String,
}

struct Got {
    status: u16,
    headers: HeaderMap,
    text: String,
    body: Value,
}

impl Got {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Outcome and verification.
    fn verdict(&self) -> String {
        format!("{} {}", self.header("offramp-outcome"), self.header("offramp-verified"))
    }

    fn kind(&self) -> &str {
        self.body["kind"].as_str().unwrap_or_default()
    }
}

impl Stage {
    async fn open() -> Self {
        Self::knowing(DEFINITION).await
    }

    async fn knowing(text: &str) -> Self {
        Self { app: gateway(text).await, hub: Hub::start().await, account: String::new() }
    }

    /// A context with the broker's address in it.
    fn context(&self, more: Value) -> Value {
        let mut context = json!({"broker": format!("mqtt://{}", self.hub.broker.address)});
        context.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        context
    }

    async fn connect(&mut self, context: Value) -> Got {
        let got = send(&self.app, "/integrated-account", &json!({"integration": "hub", "context": context})).await;
        if let Some(id) = got.body["id"].as_str() {
            self.account = id.to_owned();
        }
        got
    }

    /// Connected with a pass that is good, and with a session at hand.
    async fn connected() -> Self {
        let mut stage = Self::open().await;
        let got = stage.connect(stage.context(json!({"pass": "a-good-pass"}))).await;
        assert_eq!(got.status, 201, "{}", got.text);
        let got = stage.ask("&dry_run=true&check_before=true", &json!({})).await;
        assert_eq!(got.status, 200, "{}", got.text);
        stage.hub.forget();
        stage
    }

    /// Takes role 7 from user 42.
    async fn ask(&self, options: &str, more: &Value) -> Got {
        self.ask_at(&self.account, options, more).await
    }

    async fn ask_at(&self, account: &str, options: &str, more: &Value) -> Got {
        let path = format!("/unified/user-directory/users/unassign-role?integrated_account_id={account}{options}");
        let mut body = json!({"id": "42", "roles": [{"id": "7"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        send(&self.app, &path, &body).await
    }

    async fn unassign(&self) -> Got {
        self.ask("", &json!({})).await
    }

    /// The account as the API shows it.
    async fn status(&self) -> Value {
        let request = Request::get(format!("/integrated-account/{}", self.account));
        respond(&self.app, request.header("authorization", format!("Bearer {ADMIN}")), Body::empty()).await.body["status"]
            .clone()
    }
}

async fn gateway(text: &str) -> Router {
    let connector = compile("hub/connector.yaml", text).unwrap_or_else(|error| panic!("{}", error.render()));
    let transport = ProviderTransport::new("127.0.0.1/32".parse().unwrap(), TransportLimits::default());
    let limits = EngineLimits { call_timeout: CALL_TIMEOUT, wait_limit: Duration::from_secs(1), answer_bytes: 1 << 16 };
    let parts = Parts {
        registry: Registry::new(vec![connector]),
        engine: Engine::new(Arc::new(transport), limits),
        storage: Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap()),
        vault: Vault::new(MasterKey::from_base64(KEY).unwrap()).unwrap(),
        admin_token: SecretString::from(ADMIN),
        envelope: Envelope::Bare,
    };
    router(Arc::new(Gateway::open(parts).await.unwrap()), Site { limits: decode::Limits::default() })
}

async fn send(app: &Router, path: &str, body: &Value) -> Got {
    let request = Request::post(path).header("authorization", format!("Bearer {ADMIN}"));
    respond(app, request, Body::from(body.to_string())).await
}

async fn respond(app: &Router, request: http::request::Builder, body: Body) -> Got {
    let response = app.clone().oneshot(request.body(body).unwrap()).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let got = Got { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text };
    for secret in ["a-good-pass", "another-pass", "p4ssw0rd", "renew-me", "given-pass"] {
        assert!(!got.text.contains(secret), "{secret} is shown: {}", got.text);
    }
    got
}
