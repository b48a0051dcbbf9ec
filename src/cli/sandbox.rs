//! `offramp sandbox`: the gateway with simulated providers on loopback, accounts connected. Nothing is kept.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http_body_util::BodyExt;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};
use tower::ServiceExt;

use super::Failure;
use super::serve::{listen, serve, stop_signal};
use super::start::{assemble, connectors};
use crate::config::Config;
use crate::credentials::api_token::ApiToken;
use crate::credentials::vault::{MasterKey, Vault};
use crate::gateway::{Caller, DEFAULT_ENVIRONMENT, Gateway};
use crate::http::{Site, decode, router};
use crate::sandbox::{self, Clock, Demo, SimServer};
use crate::storage::sqlite::SqliteStorage;

const UNASSIGN: &str = "/unified/user-directory/users/unassign-role";
/// The administrator's token of every sandbox: nothing in it is worth a secret, and lines can be pasted from the README.
const TOKEN: &str = "sandbox";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Takes one role away at every provider, prints what became of it, and ends.
    #[arg(long)]
    once: bool,
    /// With --once: prints the results as JSON.
    #[arg(long, requires = "once")]
    json: bool,
}

pub(super) async fn run(config: Config, arguments: &Arguments) -> Result<ExitCode, Failure> {
    // Only --once keeps no port.
    let listener = if arguments.once { None } else { Some(listen(&config.listen).await?) };
    let clock = Clock::default();
    let Opened { gateway, sites, left_out } = open(&config, &clock).await?;
    for mistake in &left_out {
        eprintln!("error: this connector is left out, as its definition has a mistake:\n{mistake}");
    }
    if sites.is_empty() && left_out.is_empty() {
        eprintln!("error: none of the connectors in {} is one that can be simulated", config.connectors_dir);
    }
    match listener {
        None => {
            // A provider whose reads lag by a minute would be waited for: its minutes pass quickly here.
            let hurry = tokio::spawn(async move {
                loop {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    clock.advance(Duration::from_secs(15));
                }
            });
            let ended = once(gateway, &sites, arguments.json).await;
            hurry.abort();
            if left_out.is_empty() { ended } else { ended.map(|_| ExitCode::FAILURE) }
        }
        Some(listener) => {
            greet(&listener.local_addr()?.to_string(), &sites);
            serve(listener, gateway, &config, stop_signal()?).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// A simulated provider, and the account that is connected to it.
struct SandboxSite {
    /// The account's id, which is the connector's slug.
    account: String,
    read_lag_s: u32,
    server: SimServer,
    demo: Demo,
}

/// The gateway, its accounts, and the mistakes in the definitions that have none.
struct Opened {
    gateway: Arc<Gateway>,
    sites: Vec<SandboxSite>,
    left_out: Vec<String>,
}

async fn open(config: &Config, clock: &Clock) -> Result<Opened, Failure> {
    let config = Config { egress_allow: "127.0.0.1/32".to_owned(), ..config.clone() };
    let (random, _) = ApiToken::generate();
    let key = MasterKey::from_base64(&STANDARD.encode(ApiToken::hash(random.expose_secret())))?;
    let storage = Arc::new(SqliteStorage::open("sqlite::memory:").await?);
    let gateway = assemble(&config, connectors(&config)?, Vault::new(key)?, storage, SecretString::from(TOKEN)).await?;
    let operator = Caller::operator(DEFAULT_ENVIRONMENT);
    let (mut sites, mut left_out) = (Vec::new(), Vec::new());
    for simulator in sandbox::all(clock) {
        let (slug, demo) = (simulator.slug(), simulator.demo());
        let read_lag_s = match gateway.registry().find(slug) {
            Some(Ok(connector)) => connector.unassign.proof.read_lag_s,
            Some(Err(mistake)) => {
                left_out.push(mistake.render());
                continue;
            }
            // A folder of one's own connectors may hold others than those that are simulated.
            None => continue,
        };
        let server = SimServer::start(simulator).await?;
        let context = server.context();
        let connected =
            gateway.connect_as(slug.to_owned(), &operator, slug, Some("sandbox".to_owned()), &context).await;
        let account = connected.map_err(|error| format!("{slug}: {error}"))?.id;
        sites.push(SandboxSite { account, read_lag_s, server, demo });
    }
    Ok(Opened { gateway, sites, left_out })
}

impl SandboxSite {
    fn path(&self, options: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("integrated_account_id", &self.account);
        for (name, value) in &self.demo.query {
            query.append_pair(name, value);
        }
        query.extend_pairs(options);
        format!("{UNASSIGN}?{}", query.finish())
    }
}

fn greet(address: &str, sites: &[SandboxSite]) {
    println!("The sandbox serves at http://{address}; its token is `{TOKEN}`. Accounts:\n");
    for site in sites {
        let broker = site.server.mqtt_url().map(|url| format!(" and {url}")).unwrap_or_default();
        println!("  {:<18} {}{broker}", site.account, site.server.base_url());
    }
    println!("\nTake a role away, at each of them:\n");
    for site in sites {
        let body = if site.demo.body == json!({}) { String::new() } else { format!(" -d '{}'", site.demo.body) };
        println!("curl -sS -X POST 'http://{address}{}' -H 'Authorization: Bearer {TOKEN}'{body}\n", site.path(&[]));
    }
    for site in sites.iter().filter(|site| site.read_lag_s > 0) {
        println!(
            "{} shows a change up to {} s late: the answer says `pending`, and with `&verify=wait` it waits for the proof.",
            site.account, site.read_lag_s
        );
    }
    println!("Add `&dry_run=true` to see the plan, `&truto_response_format=debug` to see the calls. Ctrl-C ends it.");
}

/// One removal, and what the provider's own state lost by it.
struct Removal {
    integration: String,
    user: String,
    role: String,
    outcome: String,
    verified: String,
    remote_calls: u64,
    elapsed_ms: u128,
    lost: Vec<String>,
    gained: Vec<String>,
    /// What the gateway said, where it was an error.
    message: Option<String>,
}

impl Removal {
    /// The answer is good, and the state lost exactly the one membership.
    fn is_true(&self) -> bool {
        self.outcome == "removed" && self.verified == "yes" && self.lost.len() == 1 && self.gained.is_empty()
    }
}

async fn once(gateway: Arc<Gateway>, sites: &[SandboxSite], as_json: bool) -> Result<ExitCode, Failure> {
    let app = router(gateway, Site { limits: decode::Limits::default() });
    let mut removals = Vec::new();
    for site in sites {
        removals.push(remove(&app, site).await?);
    }
    if as_json {
        let results: Vec<Json> = removals.iter().map(as_result).collect();
        println!("{}", json!({ "results": results }));
    } else {
        print_table(&removals);
    }
    for removal in removals.iter().filter(|removal| !removal.is_true()) {
        let said = removal.message.as_deref().unwrap_or("not exactly one membership was lost");
        eprintln!("error: {}: {} / {}: {said}", removal.integration, removal.outcome, removal.verified);
    }
    let good = !removals.is_empty() && removals.iter().all(Removal::is_true);
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn remove(app: &Router, site: &SandboxSite) -> Result<Removal, Failure> {
    let before = site.server.simulator.memberships();
    let request = Request::post(site.path(&[("verify", "wait")]))
        .header(AUTHORIZATION, format!("Bearer {TOKEN}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(site.demo.body.to_string()))?;
    let started = Instant::now();
    let response = app.clone().oneshot(request).await?;
    let elapsed_ms = started.elapsed().as_millis();
    let headers = response.headers().clone();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let body: Json = serde_json::from_slice(&response.into_body().collect().await?.to_bytes()).unwrap_or_default();
    let after = site.server.simulator.memberships();
    let difference =
        |from: &BTreeSet<String>, to: &BTreeSet<String>| -> Vec<String> { from.difference(to).cloned().collect() };
    let item = &body["unassignment"]["items"][0]["role"];
    let role = item["name"].as_str().or(item["id"].as_str()).unwrap_or_default().to_owned();
    let asked = site.demo.query.iter().find(|(name, _)| *name == "id").map(|(_, id)| id.clone());
    let asked = asked.or_else(|| site.demo.body["id"].as_str().map(str::to_owned));
    Ok(Removal {
        integration: site.account.clone(),
        user: asked.unwrap_or_default(),
        role,
        outcome: header("offramp-outcome"),
        verified: header("offramp-verified"),
        remote_calls: header("offramp-remote-calls").parse().unwrap_or_default(),
        elapsed_ms,
        lost: difference(&before, &after),
        gained: difference(&after, &before),
        message: body["message"].as_str().map(str::to_owned),
    })
}

fn as_result(removal: &Removal) -> Json {
    json!({
        "integration": removal.integration,
        "user": removal.user,
        "role": removal.role,
        "outcome": removal.outcome,
        "verified": removal.verified,
        "remote_calls": removal.remote_calls,
        "state_diff": {"lost": removal.lost, "gained": removal.gained},
    })
}

fn print_table(removals: &[Removal]) {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    table.set_header(["PROVIDER", "USER", "ROLE", "OUTCOME", "VERIFIED", "CALLS", "MS", "THE PROVIDER'S STATE LOST"]);
    for removal in removals {
        table.add_row([
            removal.integration.clone(),
            removal.user.clone(),
            removal.role.clone(),
            removal.outcome.clone(),
            removal.verified.clone(),
            removal.remote_calls.to_string(),
            removal.elapsed_ms.to_string(),
            removal.lost.join("; "),
        ]);
    }
    println!("{table}");
}
