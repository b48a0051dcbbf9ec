//! How hard a provider is asked: what is sent again and what never is, how much at once, and when it is left alone.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use offramp::config::Config;
use offramp::connector::from_directory;
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits, Pace, RetryLimits};
use offramp::gateway::{Caller, DEFAULT_ENVIRONMENT, Gateway, Parts};
use offramp::http::{Site, decode, router};
use offramp::storage::Envelope;
use offramp::storage::sqlite::SqliteStorage;
use offramp::transport::{AnswerBody, ProviderAnswer, ProviderCall, Transport, TransportError};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

mod at_once;
mod breaker;
mod reads;
mod writes;

const CALL_TIMEOUT: Duration = Duration::from_secs(10);
const HOST: &str = "vendor.example.com";

/// A removal by DELETE that says 400 where the role is not held, proven by a read that is a POST.
fn definition(repeatable: bool) -> Json {
    json!({
        "schema": 1, "slug": "vendor", "label": "x", "docs": "https://vendor.example.com/docs",
        "base_url": "https://vendor.example.com",
        "account": { "token": { "required": true, "secret": true } },
        "auth": [{ "scheme": "headers", "headers": { "Authorization": "Bearer {{ account.token }}" } }],
        "check": "get",
        "error_message": ["message"],
        "errors": [
            { "when": { "status": 400 }, "kind": "not_found", "outcome": "already_absent" },
            { "when": { "status": 401 }, "kind": "credentials_rejected" },
            { "when": { "status": 403 }, "kind": "permission_missing" },
            { "when": { "status": 404 }, "kind": "not_found" },
            { "when": { "status": 429 }, "kind": "rate_limited" },
            { "when": { "status": "5xx" }, "kind": "provider_unavailable", "outcome": "unknown" },
        ],
        "reads": { "get": { "method": "POST", "path": "/get", "success": { "status": 200 } } },
        "inputs": { "id": { "required": true }, "role": { "required": true } },
        "operations": { "users.unassign-role": { "steps": [{ "write": { "name": "remove", "why": "takes it away",
            "repeatable": repeatable, "call": { "method": "DELETE", "path": "/{{ item.role.id }}", "success": { "status": 204 } } } }] } },
        "proof": { "reads": [{ "name": "get" }], "holds": { "in": ".get.body.held", "is": "{{ item.role.id }}" },
            "accepted_shows_role": true, "shows_user": ".get.body.id != null" },
        "user": { "from": [{ "step": "get", "fields": { "id": ".get.body.id" } }] },
    })
}

/// What happens to one call.
#[derive(Clone)]
enum Happens {
    /// The provider acts and answers as it does.
    Good,
    /// It does not act, and this is answered.
    Says(u16),
    SaysAfter(u16, &'static str),
    /// No answer, and it did not act.
    Fails(TransportError),
    /// It acts, and this is answered all the same.
    ActsAndSays(u16),
    /// It acts, and its answer is lost.
    ActsAndFails(TransportError),
    /// It answers after a while.
    Takes(Duration),
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Write,
    Read,
    Token,
}

impl What {
    fn of(call: &ProviderCall) -> Self {
        match (call.uri.path(), &call.method) {
            ("/token", _) => Self::Token,
            (_, &Method::DELETE) => Self::Write,
            _ => Self::Read,
        }
    }
}

/// A provider of one user with one role, and the network before it.
#[derive(Default)]
struct Provider {
    held: AtomicBool,
    /// What happens to the next writes and reads; good things, once that is over.
    writes: Mutex<VecDeque<Happens>>,
    reads: Mutex<VecDeque<Happens>>,
    tokens: Mutex<VecDeque<Happens>>,
    calls: Mutex<Vec<(What, Duration, Instant)>>,
}

impl Provider {
    fn holding() -> Arc<Self> {
        Arc::new(Self { held: AtomicBool::new(true), ..Self::default() })
    }

    fn writes(&self, happens: impl IntoIterator<Item = Happens>) {
        self.writes.lock().unwrap().extend(happens);
    }

    fn reads(&self, happens: impl IntoIterator<Item = Happens>) {
        self.reads.lock().unwrap().extend(happens);
    }

    fn tokens(&self, happens: impl IntoIterator<Item = Happens>) {
        self.tokens.lock().unwrap().extend(happens);
    }

    fn times(&self, what: What) -> Vec<(Duration, Instant)> {
        let calls = self.calls.lock().unwrap();
        calls.iter().filter(|call| call.0 == what).map(|call| (call.1, call.2)).collect()
    }

    /// How often the write, and the read, were sent or tried.
    fn tried(&self) -> (usize, usize) {
        (self.times(What::Write).len(), self.times(What::Read).len())
    }

    fn act(&self, call: &ProviderCall) -> ProviderAnswer {
        match What::of(call) {
            What::Token => answer(200, r#"{"access_token":"a-token-of-some-length","expires_in":3600}"#),
            What::Write if self.held.swap(false, Ordering::SeqCst) => answer(204, ""),
            What::Write => answer(400, r#"{"message":"the user has no such role"}"#),
            What::Read => {
                let held = if self.held.load(Ordering::SeqCst) { json!(["7"]) } else { json!([]) };
                answer(200, &json!({ "id": "1", "held": held }).to_string())
            }
        }
    }
}

fn answer(status: u16, body: &str) -> ProviderAnswer {
    let body = AnswerBody::from_bytes(Bytes::copy_from_slice(body.as_bytes()));
    ProviderAnswer { status: StatusCode::from_u16(status).unwrap(), headers: HeaderMap::new(), body }
}

/// Shared by the engine and the test.
struct Network(Arc<Provider>);

#[async_trait]
impl Transport for Network {
    async fn send(&self, call: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        let provider = &self.0;
        let what = What::of(&call);
        provider.calls.lock().unwrap().push((what, call.timeout, Instant::now()));
        let script = match what {
            What::Write => &provider.writes,
            What::Read => &provider.reads,
            What::Token => &provider.tokens,
        };
        let happens = script.lock().unwrap().pop_front().unwrap_or(Happens::Good);
        match happens {
            Happens::Good => Ok(provider.act(&call)),
            Happens::Says(status) => Ok(answer(status, r#"{"message":"no"}"#)),
            Happens::SaysAfter(status, after) => {
                let mut answer = answer(status, r#"{"message":"later"}"#);
                answer.headers.insert("retry-after", HeaderValue::from_static(after));
                Ok(answer)
            }
            Happens::Fails(error) => Err(error),
            Happens::ActsAndSays(status) => {
                provider.act(&call);
                Ok(answer(status, r#"{"message":"no"}"#))
            }
            Happens::ActsAndFails(error) => {
                provider.act(&call);
                Err(error)
            }
            Happens::Takes(time) => {
                tokio::time::sleep(time).await;
                Ok(provider.act(&call))
            }
        }
    }
}

/// The usual pace, with pauses that a test can wait for.
fn hurried() -> Pace {
    let retry = RetryLimits { pause: Duration::from_millis(1), ..RetryLimits::default() };
    Pace { retry, ..Pace::default() }
}

/// A gateway with one account at the provider, connected.
async fn api(provider: &Arc<Provider>, repeatable: bool, pace: Pace) -> Router {
    api_of(provider, &definition(repeatable), pace).await
}

/// The same, of an account that needs a token.
async fn api_with_token(provider: &Arc<Provider>, pace: Pace) -> Router {
    let mut definition = definition(false);
    definition["auth"] = json!([{ "scheme": "oauth2_client_credentials", "token_url": "/token", "client_id": "us",
        "client_secret": "{{ account.token }}" }]);
    api_of(provider, &definition, pace).await
}

async fn api_of(provider: &Arc<Provider>, definition: &Json, pace: Pace) -> Router {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("vendor")).unwrap();
    std::fs::write(folder.path().join("vendor/connector.yaml"), definition.to_string()).unwrap();
    let limits = EngineLimits { call_timeout: CALL_TIMEOUT, wait_limit: CALL_TIMEOUT, answer_bytes: 1 << 20 };
    let parts = Parts {
        registry: from_directory(folder.path()).unwrap(),
        engine: Engine::with_pace(Arc::new(Network(Arc::clone(provider))), limits, pace),
        storage: Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap()),
        vault: Vault::new(MasterKey::from_base64("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap()).unwrap(),
        admin_token: "t".to_owned().into(),
        envelope: Envelope::Bare,
    };
    let gateway = Gateway::open(parts).await.unwrap();
    let operator = Caller::operator(DEFAULT_ENVIRONMENT);
    let (script, context) = (std::mem::take(&mut *provider.reads.lock().unwrap()), json!({ "token": "secret" }));
    gateway.connect_as("acme".to_owned(), &operator, "vendor", None, context.as_object().unwrap()).await.unwrap();
    provider.reads(script);
    provider.calls.lock().unwrap().clear();
    router(Arc::new(gateway), Site { limits: decode::Limits::default() })
}

/// An answer of the gateway.
struct Answer {
    status: u16,
    headers: HeaderMap,
    json: Json,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Outcome and proof.
    fn verdict(&self) -> String {
        format!("{} {}", self.header("offramp-outcome"), self.header("offramp-verified"))
    }

    fn item(&self) -> &Json {
        &self.json["unassignment"]["items"][0]
    }
}

async fn ask(api: &Router, options: &str) -> Answer {
    let place = "/unified/user-directory/users/unassign-role";
    let request = Request::post(format!("{place}?integrated_account_id=acme{options}"))
        .header(http::header::AUTHORIZATION, "Bearer t")
        .body(Body::from(r#"{"id":"1","roles":[{"id":"7"}]}"#))
        .unwrap();
    let response = api.clone().oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    let json = serde_json::from_slice(&bytes).unwrap();
    Answer { status: head.status.as_u16(), headers: head.headers, json }
}

fn broken() -> TransportError {
    TransportError::ConnectionBroken { reason: "reset by peer".to_owned() }
}

fn not_sent() -> TransportError {
    TransportError::NotSent { reason: "closed".to_owned() }
}

fn no_connection() -> TransportError {
    TransportError::ConnectFailed { host: HOST.to_owned(), reason: "refused".to_owned() }
}

fn timed_out() -> TransportError {
    TransportError::Timeout { after: CALL_TIMEOUT }
}

#[test]
fn the_settings_defaults_are_those_of_the_library() {
    assert_eq!(Config::load(None).unwrap().pace(), Pace::default());
}
