//! Token schemes, each in a made-up definition of its own: against a token endpoint that the test scripts, and an API
//! that takes no other token than the last one given out.

mod errors;
mod flight;
mod grants;
mod killed;
mod own_call;
mod repeated;
mod rotation;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use offramp::connector::from_directory;
use offramp::credentials::vault::{KeyRing, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::{Gateway, Parts};
use offramp::http::{Site, decode, router};
use offramp::sandbox::{Call, Demo, Recorded, Reply, SimServer, Simulator};
use offramp::storage::{Envelope, Storage};
use offramp::transport::{HttpTransport, TransportLimits};
use secrecy::SecretString;
use serde_json::{Value, json};
use tower::ServiceExt;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// At hand, but not in use.
const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const ADMIN: &str = "the-administrators-token";

/// A definition with these account keys and these sets of credentials.
pub(super) fn definition(account: &str, auth: &str, more: &str) -> String {
    format!(
        r#"schema: 1
slug: made-up
label: Made up
docs: https://made-up.example/docs
base_url: https://made-up.example
account: {account}
auth:
{auth}
check: me
{more}
errors:
  - {{ when: {{ status: 401 }}, kind: credentials_rejected }}
  - {{ when: {{ status: 4xx }}, kind: invalid_request }}
  - {{ when: {{ status: 5xx }}, kind: provider_unavailable, outcome: unknown }}
error_message: [message]
reads:
  me: {{ method: GET, path: /me, success: {{ status: 200 }} }}
  get_user: {{ method: GET, path: "/users/{{{{ input.id }}}}", success: {{ status: 200 }} }}
inputs:
  id: {{ required: true, target: true }}
  role.id: {{ required: true, target: true }}
operations:
  users.unassign-role:
    steps:
      - write:
          name: unassign
          why: takes the role away
          repeatable: true
          call: {{ method: DELETE, path: "/users/{{{{ input.id }}}}/roles/{{{{ item.role.id }}}}", success: {{ status: 204 }} }}
proof:
  accepted_shows_role: true
  reads: [{{ name: get_user }}]
  holds: {{ in: .get_user.body.roles, where: {{ id: "{{{{ item.role.id }}}}" }} }}
user:
  from: [{{ step: get_user, fields: {{ id: .get_user.body.id }} }}]
"#
    )
}

/// What the provider knows.
#[derive(Default)]
pub(super) struct Known {
    /// Access tokens that are good.
    access: BTreeSet<String>,
    /// The refresh token that is good.
    refresh: String,
    /// How many tokens were given out.
    issued: usize,
}

impl Known {
    /// A new access token; those before are good no more.
    pub(super) fn issue(&mut self) -> String {
        self.issued += 1;
        let token = format!("access-token-{}", self.issued);
        self.access = BTreeSet::from([token.clone()]);
        token
    }
}

type Script = Box<dyn Fn(&Call, &mut Known) -> Reply + Send + Sync>;

/// The provider: whatever path starts with `/token` is scripted.
struct Provider {
    known: Mutex<Known>,
    script: Script,
}

impl Simulator for Provider {
    fn slug(&self) -> &'static str {
        "made-up"
    }

    fn handle(&self, call: &Call) -> Reply {
        let mut known = self.known.lock().unwrap();
        if call.path.starts_with("/token") {
            return (self.script)(call, &mut known);
        }
        let token = call.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        if !known.access.contains(token) {
            return Reply::json(401, &json!({"message": format!("unknown token {token}")}));
        }
        match call.method.as_str() {
            "DELETE" => Reply::empty(204),
            _ => Reply::json(200, &json!({"id": "7", "roles": []})),
        }
    }

    fn memberships(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn demo(&self) -> Demo {
        Demo { context: Value::Null, query: Vec::new(), body: Value::Null }
    }
}

/// A provider and a gateway that knows its definition.
pub(super) struct Stage {
    provider: Arc<Provider>,
    pub(super) server: SimServer,
    text: String,
    storage: Arc<dyn Storage>,
    app: Router,
    account: String,
}

/// What a client got, and what the provider was asked meanwhile.
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    pub(super) calls: Vec<Recorded>,
}

impl Got {
    /// The calls to the token endpoint.
    fn token_calls(&self) -> Vec<&Call> {
        self.calls.iter().map(|recorded| &recorded.call).filter(|call| call.path.starts_with("/token")).collect()
    }

    pub(super) fn kind(&self) -> &str {
        self.body["kind"].as_str().unwrap_or_default()
    }
}

impl Stage {
    pub(super) async fn open(
        text: String,
        script: impl Fn(&Call, &mut Known) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let storage = offramp::storage::sqlite::SqliteStorage::open("sqlite::memory:").await.unwrap();
        Self::with(text, script, Arc::new(storage)).await
    }

    async fn with(
        text: String,
        script: impl Fn(&Call, &mut Known) -> Reply + Send + Sync + 'static,
        storage: Arc<dyn Storage>,
    ) -> Self {
        let known = Known { refresh: "refresh-token-0".to_owned(), ..Known::default() };
        let provider = Arc::new(Provider { known: Mutex::new(known), script: Box::new(script) });
        let server = SimServer::start(provider.clone()).await.unwrap();
        let app = gateway(&text, Arc::clone(&storage)).await;
        Self { provider, server, text, storage, app, account: String::new() }
    }

    /// Another process on the same database; or this one, started again.
    async fn another(&self) -> Router {
        gateway(&self.text, Arc::clone(&self.storage)).await
    }

    async fn connect(&mut self, mut context: Value) -> Got {
        context["base_url"] = json!(self.server.base_url());
        let body = json!({"integration": "made-up", "context": context});
        let got = self.send(&self.app, "/integrated-account", &body).await;
        if let Some(id) = got.body["id"].as_str() {
            self.account = id.to_owned();
        }
        got
    }

    /// Connected, or the test fails.
    pub(super) async fn connected(mut self, context: Value) -> Self {
        let got = self.connect(context).await;
        assert_eq!(got.status, 201, "{}", got.body);
        self
    }

    /// With a token at hand: the one that the check was made with is not kept.
    async fn warm(self) -> Self {
        assert_eq!(self.unassign().await.status, 200);
        self
    }

    /// Takes role 1 from user 7.
    pub(super) async fn unassign(&self) -> Got {
        self.unassign_at(&self.app).await
    }

    /// The same, answered in that format.
    pub(super) async fn unassign_as(&self, format: &str) -> Got {
        let query = format!("integrated_account_id={}&truto_response_format={format}", self.account);
        let path = format!("/unified/user-directory/users/unassign-role?{query}");
        self.send(&self.app, &path, &json!({"id": "7", "roles": [{"id": "1"}]})).await
    }

    async fn unassign_at(&self, app: &Router) -> Got {
        let path = format!("/unified/user-directory/users/unassign-role?integrated_account_id={}", self.account);
        self.send(app, &path, &json!({"id": "7", "roles": [{"id": "1"}]})).await
    }

    async fn send(&self, app: &Router, path: &str, body: &Value) -> Got {
        let before = self.server.journal().len();
        let request = Request::post(path).header("authorization", format!("Bearer {ADMIN}"));
        let response = app.clone().oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Got { status, headers, body, calls: self.server.journal().split_off(before) }
    }

    /// The account as the API shows it.
    async fn status(&self, app: &Router) -> Value {
        let request = Request::get(format!("/integrated-account/{}", self.account));
        let request = request.header("authorization", format!("Bearer {ADMIN}")).body(Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let shown: Value = serde_json::from_slice(&bytes).unwrap();
        shown["status"].clone()
    }

    /// No access token is good any more.
    fn expire(&self) {
        self.provider.known.lock().unwrap().access.clear();
    }

    /// The account's secrets in the database.
    async fn kept(&self) -> Value {
        let sealed = self.storage.account_secrets(&self.account).await.unwrap().unwrap();
        serde_json::from_slice(&vault().open(&self.account, &sealed).unwrap()).unwrap()
    }
}

fn vault() -> Vault {
    Vault::new(KeyRing::from_text(&format!("{KEY},{OTHER_KEY}")).unwrap()).unwrap()
}

async fn gateway(text: &str, storage: Arc<dyn Storage>) -> Router {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("made-up")).unwrap();
    std::fs::write(folder.path().join("made-up/connector.yaml"), text).unwrap();
    let transport = HttpTransport::new("127.0.0.1/32".parse().unwrap(), TransportLimits::default());
    let limits = EngineLimits {
        call_timeout: Duration::from_secs(2),
        wait_limit: Duration::from_secs(1),
        answer_bytes: 1 << 20,
    };
    let parts = Parts {
        registry: from_directory(folder.path()).unwrap_or_else(|error| panic!("{error}")),
        engine: Engine::new(Arc::new(transport), limits),
        storage,
        vault: vault(),
        admin_token: SecretString::from(ADMIN),
        envelope: Envelope::Bare,
    };
    router(Arc::new(Gateway::open(parts).await.unwrap()), Site { limits: decode::Limits::default() })
}

/// A token endpoint's form, by name.
fn form(call: &Call) -> std::collections::BTreeMap<String, String> {
    form_urlencoded::parse(&call.body).into_owned().collect()
}
