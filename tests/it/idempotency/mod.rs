//! Idempotency keys from the outside: what a repeat gets, what it does, and that many at once are one.

mod administration;
mod at_once;
mod kept;
mod left_open;
mod replayed;
mod stored;
mod streamed;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use offramp::connector::embedded;
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::{Caller, DEFAULT_ENVIRONMENT, Gateway, IdempotencySettings, Parts, Settings};
use offramp::http::{Site, decode, router};
use offramp::sandbox::guardhouse::Guardhouse;
use offramp::sandbox::{Clock, SimServer, Simulator};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{AuditFilter, Envelope, Storage};
use offramp::suite::Unreliable;
use offramp::transport::{ProviderTransport, TransportLimits, Trust};
use serde_json::{Value, json};
use tower::ServiceExt;

const PATH: &str = "/unified/user-directory/users/unassign-role";
const TOKEN: &str = "the-token-of-the-administrator";
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// A simulated provider, a database, and a gateway between them.
struct Stage {
    server: Arc<SimServer>,
    storage: Arc<Unreliable>,
    gateway: Arc<Gateway>,
    app: Router,
}

impl Stage {
    async fn open() -> Self {
        Self::with(IdempotencySettings::default()).await
    }

    async fn with(keys: IdempotencySettings) -> Self {
        Self::over(Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap()), keys).await
    }

    async fn over(storage: Arc<SqliteStorage>, keys: IdempotencySettings) -> Self {
        let simulator = Arc::new(Guardhouse::new(Clock::default()));
        let server = Arc::new(SimServer::start(simulator as Arc<dyn Simulator>).await.unwrap());
        let storage = Arc::new(Unreliable::new(storage));
        let stage = Self::of(server, storage, keys).await;
        for (environment, account) in [(DEFAULT_ENVIRONMENT, "one"), (DEFAULT_ENVIRONMENT, "two"), ("staging", "three")]
        {
            let operator = Caller::operator(environment);
            let context = stage.server.context();
            stage.gateway.connect_as(account.to_owned(), &operator, "guardhouse", None, &context).await.unwrap();
        }
        stage.server.clear_journal();
        stage
    }

    async fn of(server: Arc<SimServer>, storage: Arc<Unreliable>, keys: IdempotencySettings) -> Self {
        let limits = EngineLimits {
            call_timeout: Duration::from_secs(10),
            wait_limit: Duration::from_secs(1),
            answer_bytes: 16 << 20,
        };
        let egress = "127.0.0.1/32".parse().unwrap();
        let transport = ProviderTransport::with_trust(egress, TransportLimits::default(), Trust::public());
        let parts = Parts {
            registry: embedded().unwrap(),
            engine: Engine::new(Arc::new(transport), limits),
            storage: Arc::clone(&storage) as Arc<dyn Storage>,
            vault: Vault::new(MasterKey::from_base64(VAULT_KEY).unwrap()).unwrap(),
            admin_token: TOKEN.to_owned().into(),
            envelope: Envelope::Bare,
        };
        let settings = Settings { idempotency: keys, ..Settings::default() };
        let gateway = Arc::new(Gateway::open_with(parts, settings).await.unwrap());
        let app = router(Arc::clone(&gateway), Site { limits: decode::Limits::default() });
        Self { server, storage, gateway, app }
    }

    /// Another process on the same database.
    async fn beside(&self, storage: Arc<SqliteStorage>, keys: IdempotencySettings) -> Self {
        Self::of(Arc::clone(&self.server), Arc::new(Unreliable::new(storage)), keys).await
    }

    async fn ask(&self, ask: Ask) -> Answer {
        self.send(ask.request()).await
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status.as_u16(), headers: head.headers, body }
    }

    /// The writes that reached the provider.
    fn writes(&self) -> usize {
        self.server.journal().iter().filter(|recorded| recorded.call.method == "DELETE").count()
    }

    fn writes_of_role(&self, role: u64) -> usize {
        let end = format!("/roles/{role}");
        let is_one = |path: &str, method: &str| method == "DELETE" && path.ends_with(&end);
        self.server.journal().iter().filter(|recorded| is_one(&recorded.call.path, &recorded.call.method)).count()
    }

    fn holds(&self, user: u64, role: u64) -> bool {
        self.server.simulator.memberships().contains(&format!("user {user} holds role {role}"))
    }

    async fn audit_entries(&self) -> usize {
        self.gateway.finish().await;
        self.storage.audit_entries(&AuditFilter::default(), 10_000).await.unwrap().len()
    }
}

/// A removal under a key: of role 2 from user 102, unless it says otherwise.
#[derive(Clone)]
struct Ask {
    key: Option<String>,
    path: String,
    account: &'static str,
    query: String,
    body: Value,
    token: String,
}

/// The usual removal.
fn removal(key: &str) -> Ask {
    Ask {
        key: Some(key.to_owned()),
        path: PATH.to_owned(),
        account: "one",
        query: String::new(),
        body: json!({"id": "102", "roles": [{"id": "2"}]}),
        token: TOKEN.to_owned(),
    }
}

impl Ask {
    fn query(self, query: &str) -> Self {
        Self { query: format!("{}&{query}", self.query), ..self }
    }

    fn body(self, body: Value) -> Self {
        Self { body, ..self }
    }

    fn account(self, account: &'static str) -> Self {
        Self { account, ..self }
    }

    fn request(self) -> Request<Body> {
        let uri = format!("{}?integrated_account_id={}{}", self.path, self.account, self.query);
        let mut request = Request::post(uri).header("authorization", format!("Bearer {}", self.token));
        if let Some(key) = self.key {
            request = request.header("idempotency-key", key);
        }
        let body = if self.body.is_null() { Body::empty() } else { Body::from(self.body.to_string()) };
        request.body(body).unwrap()
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn message(&self) -> String {
        self.json()["message"].as_str().unwrap_or_default().to_owned()
    }

    fn outcome(&self) -> &str {
        self.header("offramp-outcome")
    }

    fn is_replayed(&self) -> bool {
        self.header("idempotency-replayed") == "true"
    }

    /// The answer as it was, but for what says that it is given again.
    #[track_caller]
    fn repeats(&self, first: &Self) {
        assert!(self.is_replayed() && !first.is_replayed(), "{self:?}");
        assert_eq!((self.status, &self.body), (first.status, &first.body));
        let lasting = |headers: &HeaderMap| {
            let mut headers = headers.clone();
            headers.remove("idempotency-replayed");
            headers.remove("content-length");
            headers
        };
        assert_eq!(lasting(&self.headers), lasting(&first.headers));
    }
}

/// Waits until something has come true.
async fn until<F: Future<Output = bool>>(what: &str, is_true: impl Fn() -> F) {
    for _ in 0..500 {
        if is_true().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came true: {what}");
}
