//! The stage of one scenario: a simulator and a gateway of its own, an account that connects them, nothing shared.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use super::Bench;
use crate::connector::Connector;
use crate::credentials::Context;
use crate::credentials::vault::{MasterKey, Vault};
use crate::engine::{Engine, EngineLimits, Pace, RetryLimits};
use crate::gateway::{DEFAULT_ENVIRONMENT, Gateway, Parts};
use crate::http::{Site, decode, router};
use crate::sandbox::{Call, Clock, Demo, SimServer};
use crate::storage::sqlite::SqliteStorage;
use crate::storage::{AccountRecord, AccountStatus, Envelope, Storage, timestamp};
use crate::transport::{ProviderTransport, TransportLimits, Trust};

pub(super) const TOKEN: &str = "the-token-of-the-suites-administrator";
pub(super) const ACCOUNT: &str = "the-account";
/// No scenario takes longer to be answered; one that does has no answer.
const PATIENCE: Duration = Duration::from_secs(20);
const WAIT_LIMIT: Duration = Duration::from_secs(4);
const ANSWER_BYTES: usize = 1 << 20;

/// An answer of the gateway, complete or not.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// False if the body broke off.
    pub whole: bool,
}

impl Answer {
    /// A header's text; empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The `unassignment` part, wherever the format has it; null if there is none.
    pub fn unassignment(&self) -> Value {
        let body = self.json();
        let places = ["/unassignment", "/result/unassignment", "/plan"];
        places.iter().find_map(|place| body.pointer(place)).cloned().unwrap_or_default()
    }
}

pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) server: SimServer,
    pub(super) demo: Demo,
    app: Router,
    gateway: Arc<Gateway>,
    storage: Arc<SqliteStorage>,
    vault: Vault,
    context: Map<String, Value>,
    secrets: BTreeSet<String>,
}

impl Stage {
    /// Both servers; the account is the simulator's own, changed by `changes`, and not connected yet.
    pub(super) async fn open(
        bench: &Bench,
        connector: &Connector,
        base_path: &str,
        changes: &Map<String, Value>,
        call_timeout: Duration,
    ) -> Result<Self, String> {
        let clock = Clock::default();
        let simulator = (bench.simulators)(&connector.slug, &clock);
        let simulator = simulator.ok_or_else(|| "there is no simulator of this provider".to_owned())?;
        let demo = simulator.demo();
        let server = SimServer::start(simulator).await.map_err(text)?;
        let mut context = server.context();
        if !base_path.is_empty() {
            context.insert("base_url".to_owned(), Value::from(format!("{}{base_path}", server.base_url())));
        }
        for (key, value) in changes {
            if value.is_null() {
                context.shift_remove(key);
            } else {
                context.insert(key.clone(), value.clone());
            }
        }
        let secrets = context.iter().filter(|(key, _)| connector.account.get(*key).is_some_and(|key| key.secret));
        let secrets = secrets.filter_map(|(_, value)| value.as_str().map(str::to_owned)).chain([TOKEN.to_owned()]);
        let secrets = secrets.collect();
        let egress = "127.0.0.1/32".parse().map_err(text)?;
        let transport = ProviderTransport::with_trust(egress, TransportLimits::default(), Trust::public());
        let limits = EngineLimits { call_timeout, wait_limit: WAIT_LIMIT, answer_bytes: ANSWER_BYTES };
        // As with the settings' defaults: a call that took all of its time is not made again.
        let pace = Pace { retry: RetryLimits { total: call_timeout, ..RetryLimits::default() }, ..Pace::default() };
        let storage = Arc::new(SqliteStorage::open("sqlite::memory:").await.map_err(text)?);
        let parts = Parts {
            registry: bench.registry.clone(),
            engine: Engine::with_pace(Arc::new(transport), limits, pace),
            storage: Arc::clone(&storage) as Arc<dyn Storage>,
            vault: vault()?,
            admin_token: SecretString::from(TOKEN),
            envelope: Envelope::Bare,
        };
        let gateway = Arc::new(Gateway::open(parts).await.map_err(text)?);
        let app = router(Arc::clone(&gateway), Site { limits: decode::Limits::default() });
        let app = match &bench.around {
            Some(around) => around(app),
            None => app,
        };
        Ok(Self { clock, server, demo, app, gateway, storage, vault: vault()?, context, secrets })
    }

    /// Connects the account as an operator does.
    pub(super) async fn connect(&self, connector: &Connector) -> Result<Answer, String> {
        let body = json!({"integration": connector.slug, "tenant_id": "suite", "context": self.context});
        self.send("/integrated-account", Some(&body)).await.ok_or_else(|| "connecting was not answered".to_owned())
    }

    /// Keeps the account as it was connected once, without trying its credentials now. Gives its id.
    pub(super) async fn keep_unchecked(&self, connector: &Connector) -> Result<String, String> {
        let context = Context::check(connector, &self.context).map_err(text)?;
        let secret = serde_json::to_vec(&context.secret).map_err(text)?;
        let now = timestamp();
        let record = AccountRecord {
            id: ACCOUNT.to_owned(),
            environment: DEFAULT_ENVIRONMENT.to_owned(),
            integration: connector.slug.clone(),
            tenant_id: Some("suite".to_owned()),
            sealed: self.vault.seal(ACCOUNT, &secret).map_err(text)?,
            context: context.public.into_iter().collect(),
            status: AccountStatus::Active,
            created_at: now.clone(),
            updated_at: now,
        };
        self.storage.insert_account(&record).await.map_err(text)?;
        self.gateway.refresh().await.map_err(text)?;
        Ok(record.id)
    }

    /// Sends a request with the administrator's token: a POST with a body, a GET without. `None`: no answer.
    pub(super) async fn send(&self, path: &str, body: Option<&Value>) -> Option<Answer> {
        let request = match body {
            Some(body) => {
                Request::post(path).header(CONTENT_TYPE, "application/json").body(Body::from(body.to_string()))
            }
            None => Request::get(path).body(Body::empty()),
        };
        let mut request = request.ok()?;
        let token = format!("Bearer {TOKEN}").parse().ok()?;
        request.headers_mut().insert(AUTHORIZATION, token);
        tokio::time::timeout(PATIENCE, answered(self.app.clone(), request)).await.ok().flatten()
    }

    /// The account's status, as the API shows it.
    pub(super) async fn account_status(&self, account: &str) -> String {
        let answer = self.send(&format!("/integrated-account/{account}"), None).await;
        let json = answer.map(|answer| answer.json()).unwrap_or_default();
        json["status"].as_str().unwrap_or_default().to_owned()
    }

    /// What no answer may show: the account's secrets, and every credential the gateway was seen to use.
    pub(super) fn secrets(&self) -> BTreeSet<String> {
        let journal = self.server.journal();
        let seen = journal.iter().flat_map(|recorded| credentials(&recorded.call));
        self.secrets.iter().cloned().chain(seen).filter(|secret| secret.len() > 3).collect()
    }
}

/// What a gateway answers; `None` if it breaks down over it.
pub(super) async fn answered(app: Router, request: Request<Body>) -> Option<Answer> {
    // In a task of its own: a panic is no answer, and ends nothing else.
    let response = tokio::spawn(app.oneshot(request)).await.ok()?.ok()?;
    let (head, mut body) = response.into_parts();
    let (mut bytes, mut whole) = (Vec::new(), true);
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => bytes.extend(frame.into_data().unwrap_or_default()),
            Err(_) => {
                whole = false;
                break;
            }
        }
    }
    Some(Answer { status: head.status.as_u16(), headers: head.headers, body: bytes.into(), whole })
}

/// The credentials that a call carried in `Authorization`.
pub(super) fn credentials(call: &Call) -> Vec<String> {
    let Some((_, token)) = call.header("authorization").and_then(|value| value.split_once(' ')) else {
        return Vec::new();
    };
    let pair = STANDARD.decode(token).ok().and_then(|pair| String::from_utf8(pair).ok());
    let secret = pair.as_deref().and_then(|pair| pair.split_once(':')).map(|(_, secret)| secret.to_owned());
    secret.into_iter().chain([token.to_owned()]).collect()
}

pub(super) fn vault() -> Result<Vault, String> {
    let key = MasterKey::from_base64(&STANDARD.encode([0; 32])).map_err(text)?;
    Vault::new(key).map_err(text)
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
