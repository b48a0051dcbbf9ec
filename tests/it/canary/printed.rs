//! `Debug` and `Display` of everything public that holds a secret, or an answer in which a provider may have repeated one; a
//! panic's message is made of nothing else.

use std::fmt::Debug;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use offramp::config::Config;
use offramp::connector::embedded;
use offramp::credentials::vault::{KeyFile, KeyRing, MasterKey, Vault};
use offramp::credentials::{Account, Context};
use offramp::engine::{Engine, EngineLimits};
use offramp::gateway::keys::rotate;
use offramp::gateway::{Gateway, NewToken, Parts};
use offramp::model::{Options, ResponseFormat, RoleRef, UnassignRequest};
use offramp::sandbox::guardhouse::Guardhouse;
use offramp::sandbox::{Clock, SimServer, Simulator};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{AccountRecord, AccountStatus, Envelope, Scope, Storage, timestamp};
use offramp::transport::{BrokerCall, HttpTransport, ProviderCall, Transport, TransportLimits};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value as Json, json};

use super::provider::{Mood, Planted};
use super::search::{Output, Secrets};

const SECRET: &str = "qV7kzTmWpYr3-LnB9sXcDfGh2";

/// What is printed, to be searched.
#[derive(Default)]
struct Printed(Vec<Output>);

impl Printed {
    fn show(&mut self, what: &str, it: &dyn Debug) {
        self.0.push(Output::new(what, format!("{it:?}\n{it:#?}")));
    }

    fn say(&mut self, what: &str, it: &dyn std::error::Error) {
        let mut text = format!("{it}\n{it:?}");
        let mut source = it.source();
        while let Some(cause) = source {
            text.push_str(&format!("\n{cause}"));
            source = cause.source();
        }
        self.0.push(Output::new(what, text));
    }

    fn holds_none_of(&self, secrets: &Secrets) {
        let found = secrets.search(&self.0);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

fn transport() -> Arc<dyn Transport> {
    Arc::new(HttpTransport::new("127.0.0.1/32".parse().unwrap(), TransportLimits::default()))
}

fn engine() -> Engine {
    let (call_timeout, wait_limit) = (Duration::from_secs(2), Duration::from_millis(300));
    Engine::new(transport(), EngineLimits { call_timeout, wait_limit, answer_bytes: 1 << 20 })
}

#[tokio::test]
async fn an_account_and_all_that_its_provider_repeats() {
    let secrets: Arc<Mutex<Secrets>> = Arc::default();
    let mut printed = Printed::default();
    let connector = Arc::clone(embedded().unwrap().get("guardhouse").unwrap());
    let planted = Arc::new(Planted::new(Arc::new(Guardhouse::new(Clock::default())), Vec::new(), &secrets));
    let mut context = planted.demo().context;
    context["client_secret"] = json!(planted.plant("client_secret", context["client_secret"].as_str().unwrap()));
    let server = SimServer::start(planted.clone()).await.unwrap();
    let given = server.account_context(&context);
    let checked = Context::check(&connector, given.as_object().unwrap()).unwrap();
    let account = Account::new("an-id", "default", connector, &checked, false).unwrap();
    printed.show("an account", &account);
    let engine = engine();
    for mood in [Mood::Plain, Mood::EchoCalls(401), Mood::EchoCalls(403), Mood::EchoCalls(500), Mood::Echo(401)] {
        planted.turn_to(mood);
        for format in [ResponseFormat::Raw, ResponseFormat::Debug, ResponseFormat::Stream] {
            let request = UnassignRequest {
                id: Some("102".to_owned()),
                roles: vec![RoleRef { id: Some("2".to_owned()), ..RoleRef::default() }],
                options: Options { format, ..Options::default() },
                ..UnassignRequest::default()
            };
            let report = engine.unassign(&account, request, None).await.unwrap();
            printed.show(&format!("a report ({mood:?}, {format:?})"), &report);
            for item in &report.items {
                printed.show("an item's failure", &item.failure);
            }
        }
        match engine.check_credentials(&account).await {
            Ok(()) => assert_eq!(mood, Mood::Plain),
            Err(failure) => printed.show(&format!("a failed check ({mood:?})"), &failure),
        }
        let session = account.session.headers(&transport(), Duration::from_secs(2)).await;
        if let Err(error) = session {
            printed.say("a session that could not be had", &error);
        }
        // What a transport is given, and what it gives.
        let token = account.session.headers(&transport(), Duration::from_secs(2)).await;
        let mut headers = http::HeaderMap::new();
        headers.extend(token.iter().flat_map(|bearer| bearer.headers.clone()));
        let uri = format!("{}/api/v1/users/102?key={SECRET}", server.base_url()).parse().unwrap();
        let body = bytes::Bytes::from(SECRET);
        let call = ProviderCall { method: http::Method::GET, uri, headers, body, timeout: Duration::from_secs(2) };
        printed.show("a call", &call);
        printed.show("an answer", &transport().send(call).await.unwrap());
    }
    let login = Some((SECRET.to_owned(), SECRET.to_owned()));
    let authority = "127.0.0.1:1".parse().unwrap();
    printed.show("a broker call", &BrokerCall { tls: false, authority, login, timeout: Duration::from_secs(1) });
    let mut secrets = secrets.lock().unwrap().clone();
    secrets.add("a text in a call", SECRET);
    assert!(printed.0.iter().map(|output| output.bytes.len()).sum::<usize>() > 10_000);
    printed.holds_none_of(&secrets);
}

#[tokio::test]
async fn keys_records_and_a_whole_gateway() {
    let mut secrets = Secrets::default();
    let mut printed = Printed::default();
    let folder = tempfile::tempdir().unwrap();
    let file = KeyFile::at(folder.path().join("vault.key"));
    let bytes = [211_u8; 32];
    let text = STANDARD.encode(bytes);
    secrets.add("a vault key", text.clone());
    secrets.add("a vault key's bytes", bytes);
    let (made, _) = file.load_or_create().unwrap();
    let in_file = fs::read_to_string(file.path()).unwrap().trim().to_owned();
    secrets.add("the file's key", STANDARD.decode(&in_file).unwrap());
    secrets.add("the file's key, as text", in_file);
    let master = MasterKey::from_base64(&text).unwrap();
    printed.show("a master key", &master);
    printed.show("a ring", &KeyRing::from(master));
    printed.show("a file", &file);
    let locked = file.lock().unwrap();
    printed.show("a locked file", &locked);
    printed.show("a draft", &locked.draft(&KeyRing::from_text(&text).unwrap()).unwrap());
    drop(locked);
    let vault = Vault::following(file.clone(), made).unwrap();
    printed.show("a vault", &vault);
    for wrong in [format!("{text}{text}"), format!("{SECRET} {SECRET}"), format!("{text},{SECRET}")] {
        printed.say("a text that is no key", &KeyRing::from_text(&wrong).unwrap_err());
    }
    secrets.add("a secret", SECRET);

    let storage = Arc::new(SqliteStorage::open("sqlite::memory:").await.unwrap());
    let sealed = vault.seal("an-id", json!({"client_secret": SECRET}).to_string().as_bytes()).unwrap();
    let context: serde_json::Map<String, Json> = [("tenant", "acme"), ("client_id", "c")]
        .map(|(key, value)| (key.to_owned(), json!(value)))
        .into_iter()
        .collect();
    let record = AccountRecord {
        id: "an-id".to_owned(),
        environment: "default".to_owned(),
        integration: "guardhouse".to_owned(),
        tenant_id: None,
        context,
        sealed,
        status: AccountStatus::Active,
        created_at: timestamp(),
        updated_at: timestamp(),
    };
    storage.insert_account(&record).await.unwrap();
    printed.show("a record", &record);
    printed.show("a storage", &storage);
    let admin = format!("the-administrator-{SECRET}");
    let parts = Parts {
        registry: embedded().unwrap(),
        engine: engine(),
        storage: storage.clone(),
        vault,
        admin_token: SecretString::from(admin.clone()),
        envelope: Envelope::Bare,
    };
    let gateway = Gateway::open(parts).await.unwrap();
    let caller = gateway.authenticate(&admin).unwrap();
    printed.show("a caller", &caller);
    printed.show("entries", &gateway.accounts(&caller));
    printed.show("a registry", gateway.registry());
    let (record, token) = gateway.create_token(NewToken::new("name", vec![Scope::Call], "default")).await.unwrap();
    secrets.add("an API token", token.expose_secret());
    printed.show("a token's record", &record);
    printed.show("a token", &token);
    printed.show("tokens", &storage.tokens().await.unwrap());
    // A context that does not suit, with a secret wherever a value may stand.
    let broken = format!("{SECRET}\n");
    for context in [
        json!({"tenant": SECRET.to_uppercase(), "client_id": "c", "client_secret": SECRET}),
        json!({"tenant": "acme", "client_id": broken, "client_secret": SECRET}),
        json!({"tenant": "acme", "client_id": "c", "client_secret": broken}),
        json!({"tenant": "acme", "client_id": "c", "client_secret": [SECRET]}),
        json!({"tenant": "acme", "client_id": "c", "client_secret": SECRET, "base_url": format!("ftp://{SECRET}")}),
    ] {
        let refused = gateway.connect(&caller, "guardhouse", None, context.as_object().unwrap()).await.unwrap_err();
        printed.say("a context", &refused);
    }
    printed.show("a rotation", &rotate(&*storage, &file, Duration::ZERO).await.unwrap());
    for url in [format!("postgres://user:{SECRET}@host/db"), format!("sqlite:{SECRET}?key={SECRET}")] {
        printed.say("a database address", &SqliteStorage::open(&url).await.unwrap_err());
    }
    printed.holds_none_of(&secrets);
}

#[test]
fn settings_that_are_right_and_settings_that_are_wrong() {
    let mut secrets = Secrets::default();
    let number = "83920174650192837465";
    secrets.add("a setting", SECRET);
    secrets.add("a setting that is a number", number);
    let mut printed = Printed::default();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offramp.toml");
    let mut load = |text: String| {
        fs::write(&file, &text).unwrap();
        let loaded = Config::load(Some(&file));
        match &loaded {
            Ok(config) => printed.show("a configuration", config),
            Err(error) => {
                let said = error.to_string();
                assert!(said.contains("offramp.toml") || said.contains("line"), "{said}");
                printed.say("a configuration that is wrong", error);
            }
        }
        loaded.is_ok()
    };
    let digits = &number[..18];
    assert!(load(format!("vault_key = \"{SECRET}\"\nadmin_token = \"{SECRET}\"")));
    for setting in ["vault_key", "admin_token", "database_url"] {
        assert!(!load(format!("{setting} = {digits}")));
        assert!(!load(format!("{setting} = [\"{SECRET}\"]")));
        assert!(!load(format!("{setting} = {{ a = \"{SECRET}\" }}")));
        assert!(!load(format!("{setting} = {SECRET}")), "without quotation marks");
        assert!(!load(format!("{setting} = \"{SECRET}")), "one is missing");
    }
    secrets.add("the number", digits);
    printed.holds_none_of(&secrets);
}

/// Where headers are held that a provider may have repeated a secret in, `Debug` is written by hand; but for these: their
/// secrets are hidden before, or they hold what a client is answered with.
const HARMLESS: &[&str] = &["TraceStep", "ApiError", "Answer"];

/// A type that derives `Debug` and holds headers or credentials.
fn derived_with_secrets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("#[derive(") {
        let Some((attributes, rest)) = text[at..].split_once("struct ") else { continue };
        let own = attributes.split_once("fn ").is_none() && attributes.split_once("enum ").is_none();
        let derives = attributes.lines().next().is_some_and(|line| line.contains("Debug"));
        let Some((name, fields)) = rest.split_once('{').filter(|(name, _)| own && derives && !name.contains(';'))
        else {
            continue;
        };
        let fields = fields.split("\n}").next().unwrap_or_default();
        let holds = |word: &str| fields.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(word));
        if ["HeaderMap", "HeaderValue", "Secrets", "Bearer", "AuthHeaders", "Context,"].iter().any(|word| holds(word)) {
            found.push(name.trim().split(['<', '(']).next().unwrap_or_default().to_owned());
        }
    }
    found
}

fn sources(folder: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => sources(&path, all),
            false => all.push(path),
        }
    }
}

#[test]
fn no_type_prints_headers_because_it_derives_debug() {
    let mut all = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&root, &mut all);
    // What a simulator and the suite hold never meets a real secret.
    let aside = ["sandbox", "suite"].map(|folder| root.join(folder));
    let all = all.iter().filter(|file| !aside.iter().any(|folder| file.starts_with(folder)));
    let found: Vec<String> = all.flat_map(|file| derived_with_secrets(&fs::read_to_string(file).unwrap())).collect();
    assert!(found.iter().all(|name| HARMLESS.contains(&name.as_str())), "{found:?}");
    assert!(!found.is_empty(), "the search finds those that are there");
    let planted = "#[derive(Clone, Debug)]\npub struct Leaky {\n    pub headers: Box<HeaderMap>,\n}\n";
    assert_eq!(derived_with_secrets(planted), ["Leaky"]);
}
