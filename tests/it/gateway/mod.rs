//! The gateway from the outside: a real server, a simulated provider, requests as a client sends them.
//! This file puts the two on ports and connects the account; `ask` asks, `truth` checks every answer against what the
//! provider's state lost; each other file is one theme of stories.

mod accounts;
mod ask;
mod credentials;
mod edges;
mod faults;
mod fields;
mod formats;
mod hostile;
mod inputs;
mod jumpcloud_roles;
mod look_ups;
mod odd_answers;
mod once_wrong;
mod plan;
mod providers_no;
mod remote_data;
mod removed;
mod slack_proof;
mod truth;

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offramp::connector::embedded;
use offramp::credentials::vault::{MasterKey, Vault};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::{Gateway, Parts};
use offramp::http::{Site as HttpSite, decode, router};
use offramp::sandbox::guardhouse::Guardhouse;
use offramp::sandbox::jumpcloud::{JumpCloud, seed};
use offramp::sandbox::slack_enterprise::SlackEnterprise;
use offramp::sandbox::{Clock, SimServer, Simulator};
use offramp::storage::Envelope;
use offramp::storage::sqlite::SqliteStorage;
use offramp::transport::{ProviderTransport, TransportLimits, Trust};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use ask::{Answer, Ask};

const UNASSIGN: &str = "/unified/user-directory/users/unassign-role";
const ADMIN_TOKEN: &str = "the-token-of-this-gateways-administrator";
/// 32 bytes of nothing.
const VAULT_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// No call to a provider takes longer, so a silent provider costs a test no more than this.
const CALL_TIMEOUT: Duration = Duration::from_millis(400);
const WAIT_LIMIT: Duration = Duration::from_secs(1);

/// A gateway that listens, a simulated provider that listens, and an account that connects them.
struct Site<S> {
    simulator: Arc<S>,
    clock: Clock,
    server: SimServer,
    gateway: SocketAddr,
    http: reqwest::Client,
    /// The id of the account; empty until one is connected.
    account: String,
    /// What must never be in an answer: credentials, and every token the gateway was seen to use.
    secrets: Mutex<BTreeSet<String>>,
}

/// A Guardhouse tenant, connected.
async fn guardhouse() -> Site<Guardhouse> {
    Site::open(Guardhouse::new, Envelope::Bare).await.connected().await
}

/// A JumpCloud tenant, connected.
async fn jumpcloud() -> Site<JumpCloud> {
    Site::open(JumpCloud::new, Envelope::Bare).await.connected().await
}

/// A Slack Enterprise organisation, connected.
async fn slack() -> Site<SlackEnterprise> {
    Site::open(SlackEnterprise::new, Envelope::Bare).await.connected().await
}

impl<S: Simulator> Site<S> {
    /// Both servers, no account yet.
    async fn open(make: impl FnOnce(Clock) -> S, envelope: Envelope) -> Self {
        let clock = Clock::default();
        let simulator = Arc::new(make(clock.clone()));
        let server = SimServer::start(simulator.clone()).await.unwrap();
        let limits = EngineLimits { call_timeout: CALL_TIMEOUT, wait_limit: WAIT_LIMIT, answer_bytes: 1 << 20 };
        let egress = "127.0.0.1/32".parse().unwrap();
        let transport = ProviderTransport::with_trust(egress, TransportLimits::default(), Trust::public());
        let parts = Parts {
            registry: embedded().unwrap(),
            engine: Engine::new(Arc::new(transport), limits),
            storage: Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap()),
            vault: Vault::new(MasterKey::from_base64(VAULT_KEY).unwrap()).unwrap(),
            admin_token: SecretString::from(ADMIN_TOKEN),
            envelope,
        };
        let gateway = Arc::new(Gateway::open(parts).await.unwrap());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = router(gateway, HttpSite { limits: decode::Limits::default() });
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let redirects = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap();
        let secrets = Mutex::new([ADMIN_TOKEN.to_owned()].into());
        Self { simulator, clock, server, gateway: address, http, account: String::new(), secrets }
    }

    /// The simulator's own account.
    async fn connected(self) -> Self {
        let context = self.simulator.demo().context;
        self.connected_with(context).await
    }

    /// An account with this context.
    async fn connected_with(mut self, context: Value) -> Self {
        let answer = self.connect(context).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        self.account = answer.json()["id"].as_str().unwrap().to_owned();
        self.server.clear_journal();
        self
    }

    /// What a client gets who connects an account with this context.
    async fn connect(&self, mut context: Value) -> Answer {
        for (name, value) in context.as_object().unwrap() {
            if ["client_secret", "api_key", "token"].contains(&name.as_str()) {
                self.keep_secret(value.as_str().unwrap());
            }
        }
        context["base_url"] = json!(self.server.base_url());
        let body = json!({"integration": self.simulator.slug(), "tenant_id": "acme", "context": context});
        self.call("POST", "/integrated-account").json(&body).send().await
    }

    /// From now on this text must not be in any answer.
    fn keep_secret(&self, text: &str) {
        self.secrets.lock().unwrap().insert(text.to_owned());
    }

    /// A request to any path, with the administrator's token.
    fn call(&self, method: &'static str, path: &str) -> Ask<'_, S> {
        Ask::new(self, method, path)
    }

    /// An unassign request for the account, with nothing in it yet.
    fn ask(&self) -> Ask<'_, S> {
        self.call("POST", UNASSIGN).query("integrated_account_id", &self.account)
    }

    /// The removal that the sandbox shows.
    fn demo(&self) -> Ask<'_, S> {
        let demo = self.simulator.demo();
        let ask = demo.query.iter().fold(self.ask(), |ask, (name, value)| ask.query(name, value));
        ask.json(&demo.body).target(match self.simulator.slug() {
            "guardhouse" => "user 102 holds role 2",
            "jumpcloud" => HELP_DESK_OF_JANE,
            "slack-enterprise" => "user W012A3CDE holds role Rl03 on T012AB3C4",
            other => panic!("{other} has no demo here"),
        })
    }

    /// The account as the API shows it.
    async fn status(&self) -> String {
        let path = format!("/integrated-account/{}", self.account);
        self.call("GET", &path).send().await.json()["status"].as_str().unwrap().to_owned()
    }

    /// A new token of that environment with these scopes.
    async fn token(&self, environment: &str, scopes: Value, envelope: &str) -> String {
        let body = json!({"name": "test", "scopes": scopes, "environment": environment, "envelope": envelope});
        // The one answer that shows a token; the checks of other answers must not see it before.
        let made = self.call("POST", "/api-token").json(&body).send().await;
        assert_eq!(made.status, 201, "{}", made.text());
        let token = made.json()["token"].as_str().unwrap().to_owned();
        self.keep_secret(&token);
        token
    }
}

const HELP_DESK_OF_JANE: &str =
    "administrator 5c3536e9e0a6840001872782 holds role 5c3536e9e0a6840001872788 (Help Desk)";
const READ_ONLY_OF_JANE: &str =
    "administrator 5c3536e9e0a6840001872782 holds role 5c3536e9e0a68400018727a6 (Read Only)";

impl Site<Guardhouse> {
    /// `{"id": user, "roles": [{"id": role}, …]}`
    fn unassign(&self, user: i32, roles: &[i32]) -> Ask<'_, Guardhouse> {
        let rows: Vec<Value> = roles.iter().map(|role| json!({"id": role.to_string()})).collect();
        let ask = self.ask().json(&json!({"id": user.to_string(), "roles": rows}));
        roles.iter().fold(ask, |ask, role| ask.target(&format!("user {user} holds role {role}")))
    }
}

impl Site<JumpCloud> {
    /// `{"id": user, "roles": [{"name": role}, …]}` for one of the seed's users.
    fn unassign(&self, user: &str, roles: &[&str]) -> Ask<'_, JumpCloud> {
        let rows: Vec<Value> = roles.iter().map(|role| json!({"name": role})).collect();
        let ask = self.ask().json(&json!({"id": user, "roles": rows}));
        let administrator = match user {
            seed::JANE => seed::JANE_ADMIN,
            seed::OMAR => seed::OMAR_ADMIN,
            administrator => administrator,
        };
        let held = self.simulator.memberships();
        roles.iter().fold(ask, |ask, role| {
            let (start, end) = (format!("administrator {administrator} holds role "), format!(" ({role})"));
            let fact = held.iter().find(|fact| fact.starts_with(&start) && fact.ends_with(&end));
            ask.target(fact.map_or(&format!("{start}?{end}"), |fact| fact))
        })
    }
}

impl Site<SlackEnterprise> {
    /// Everything in the query, as Truto's page has it for Slack.
    fn unassign(&self, user: &str, role: &str, entity: &str) -> Ask<'_, SlackEnterprise> {
        self.ask()
            .query("id", user)
            .query("roles", &json!([{"id": role}]).to_string())
            .query("workspace_id", entity)
            .target(&format!("user {user} holds role {role} on {entity}"))
    }
}
