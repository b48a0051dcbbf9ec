//! A gateway in the tests' own process, with settings of one's own, and a simulated provider behind it. The database is in
//! memory, and can outlive the gateway.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use offramp::connector::embedded;
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::{Caller, DEFAULT_ENVIRONMENT, Gateway, GatewayError, Parts, Settings};
use offramp::http::{Site, decode, router};
use offramp::sandbox::{self, Clock, SimServer};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{AuditFilter, AuditRecord, Envelope, Storage};
use offramp::suite::Unreliable;
use offramp::transport::{ProviderTransport, TransportLimits, Trust};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const TOKEN: &str = "the-token-of-the-administrator";
pub(crate) const UNASSIGN: &str = "/unified/user-directory/users/unassign-role";
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn kind(&self) -> &str {
        self.body["kind"].as_str().unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// A gateway, and a provider with an account that is called like its connector.
pub(crate) struct Stage {
    pub(crate) server: SimServer,
    pub(crate) storage: Arc<Unreliable>,
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) app: Router,
    pub(crate) account: String,
}

impl Stage {
    /// The simulated Guardhouse, and the administrator's token of the settings.
    pub(crate) async fn open(settings: Settings) -> Self {
        Self::at("guardhouse", settings, TOKEN).await
    }

    /// Another provider's simulator; without a token there is no administrator of the settings.
    pub(crate) async fn at(slug: &str, settings: Settings, admin_token: &str) -> Self {
        let storage = SqliteStorage::open("sqlite::memory:").await.unwrap();
        let storage = Arc::new(Unreliable::new(Arc::new(storage)));
        let simulator = sandbox::all(&Clock::default()).into_iter().find(|it| it.slug() == slug).unwrap();
        let server = SimServer::start(simulator).await.unwrap();
        let gateway = open(&storage, settings, admin_token).await.unwrap();
        let operator = Caller::operator(DEFAULT_ENVIRONMENT);
        gateway.connect_as(slug.to_owned(), &operator, slug, None, &server.context()).await.unwrap();
        server.clear_journal();
        let app = router(Arc::clone(&gateway), Site { limits: decode::Limits::default() });
        Self { server, storage, gateway, app, account: slug.to_owned() }
    }

    /// The process is gone, and another one starts on the same database.
    pub(crate) async fn restarted(self, settings: Settings) -> Self {
        drop((self.gateway, self.app));
        let gateway = open(&self.storage, settings, TOKEN).await.unwrap();
        let app = router(Arc::clone(&gateway), Site { limits: decode::Limits::default() });
        Self { gateway, app, ..self }
    }

    /// Asks with this token, or none.
    pub(crate) async fn call(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Answer {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> = authorization.iter().map(|it| ("authorization", it.as_str())).collect();
        self.send(method, path, &headers, body).await
    }

    /// Asks as the administrator, with headers.
    pub(crate) async fn call_with(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let authorization = format!("Bearer {TOKEN}");
        self.send(method, path, &[&[("authorization", authorization.as_str())], headers].concat(), body).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let request = Request::builder().method(method.to_uppercase().as_str()).uri(path);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let response = self.app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// An unassign request for the account, as the administrator; `options` begin with `&`.
    pub(crate) async fn unassign(&self, options: &str, body: &Value) -> Answer {
        let path = format!("{UNASSIGN}?integrated_account_id={}{options}", self.account);
        self.call("POST", &path, Some(TOKEN), body).await
    }

    /// `{"id": user, "roles": [{"id": role}, …]}`
    pub(crate) async fn remove(&self, user: &str, roles: &[&str]) -> Answer {
        self.unassign("", &removal(user, roles)).await
    }

    /// A new token; its text and its id.
    pub(crate) async fn token(&self, new: Value) -> (String, String) {
        let made = self.call("POST", "/api-token", Some(TOKEN), &new).await;
        assert_eq!(made.status, 201, "{made:?}");
        let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
        (text("token"), text("id"))
    }

    pub(crate) async fn entries(&self) -> Vec<AuditRecord> {
        self.storage.audit_entries(&AuditFilter::default(), 10_000).await.unwrap()
    }

    /// The calls that reached the provider by these methods.
    pub(crate) fn calls(&self, methods: &[&str]) -> usize {
        self.server.journal().iter().filter(|recorded| methods.contains(&recorded.call.method.as_str())).count()
    }

    /// The writes that reached the provider.
    pub(crate) fn writes(&self) -> usize {
        self.calls(&["DELETE", "PUT", "PATCH"])
    }
}

pub(crate) fn removal(user: &str, roles: &[&str]) -> Value {
    let roles: Vec<Value> = roles.iter().map(|role| json!({"id": role})).collect();
    json!({"id": user, "roles": roles})
}

/// A gateway over this database.
pub(crate) async fn open(
    storage: &Arc<Unreliable>,
    settings: Settings,
    admin_token: &str,
) -> Result<Arc<Gateway>, GatewayError> {
    let limits = EngineLimits {
        call_timeout: Duration::from_secs(5),
        wait_limit: Duration::from_secs(1),
        answer_bytes: 1 << 20,
    };
    let egress = "127.0.0.1/32".parse().unwrap();
    let transport = ProviderTransport::with_trust(egress, TransportLimits::default(), Trust::public());
    let parts = Parts {
        registry: embedded().unwrap(),
        engine: Engine::new(Arc::new(transport), limits),
        storage: Arc::clone(storage) as Arc<dyn Storage>,
        vault: Vault::new(MasterKey::from_base64(VAULT_KEY).unwrap()).unwrap(),
        admin_token: admin_token.to_owned().into(),
        envelope: Envelope::Bare,
    };
    Gateway::open_with(parts, settings).await.map(Arc::new)
}
