//! A whole run: the real program with its log at TRACE, an account for every set of credentials of every connector, removals
//! in every format against providers in every mood, the commands of an operator; and all of it searched.

use std::process::Output as Ended;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use offramp::connector::embedded;
use offramp::credentials::api_token::ApiToken;
use offramp::sandbox::devicehive::DeviceHive;
use offramp::sandbox::jumpcloud::{self, JumpCloud};
use offramp::sandbox::teamviewer::{self, TeamViewer};
use offramp::sandbox::{Call, Clock, Demo, Fault, SimServer, Simulator, all};
use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::provider::{Mood, Planted};
use super::search::{Output, Secrets};
use crate::process::{Folder, Server, client, finished};

/// What is read at the end of a run. What comes to be put out anywhere else is added here.
const PATHS: &[&str] = &["/integrated-account", "/audit", "/health/ready", "/openapi.json", "/no/such/path"];
/// Commands of an operator, beside the gateway that serves.
const COMMANDS: &[&[&str]] = &[
    &["account", "list"],
    &["audit", "export"],
    &["audit", "verify"],
    &["audit", "open"],
    &["audit", "settle", "--older-than-s", "0"],
    &["connector", "list"],
    &["vault", "status"],
    &["vault", "rotate"],
    &["vault", "prune"],
];
const FORMATS: [&str; 5] = ["unified", "raw", "normalized", "stream", "debug"];
const MOODS: [Mood; 8] = [
    Mood::Plain,
    Mood::EchoCalls(401),
    Mood::EchoCalls(403),
    Mood::EchoCalls(500),
    Mood::Echo(401),
    Mood::Echo(403),
    Mood::Echo(500),
    Mood::Plain,
];
const UNASSIGN: &str = "/unified/user-directory/users/unassign-role";

/// A leak that is planted, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leak {
    None,
    /// A wrapper around the gateway adds what the client sent to a header of the answer, in base64.
    AroundTheGateway,
    /// Somebody gives a credential as the name of an account, which is kept and shown.
    InTheDatabase,
    /// The id of the user is taken for a secret: it is written down where it must be.
    InTheAudit,
    /// A command is given a secret as an argument that it repeats.
    OfACommand,
}

/// A provider that is listening, and the account at it.
struct Site {
    name: String,
    planted: Arc<Planted>,
    server: SimServer,
    demo: Demo,
    context: Json,
    account: String,
}

struct Run {
    folder: Folder,
    server: Server,
    admin: String,
    secrets: Arc<Mutex<Secrets>>,
    outputs: Vec<Output>,
    leak: Leak,
}

/// Everything a run puts out, searched: what was found.
pub(super) async fn run(leak: Leak) -> Vec<String> {
    let secrets: Arc<Mutex<Secrets>> = Arc::default();
    let folder = Folder::new();
    let admin = a_token();
    let key = a_key();
    {
        let mut secrets = secrets.lock().unwrap();
        secrets.add("the administrator's token", admin.clone());
        secrets.add("the vault's key", STANDARD.encode(key));
        secrets.add("the vault's key, as bytes", key);
    }
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::write(data.join("vault.key"), STANDARD.encode(key)).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(data.join("vault.key"), mode).unwrap();
    let server = Server::start(with_settings(&folder, &["serve"], &admin)).await;
    let mut run = Run { folder, server, admin, secrets, outputs: Vec::new(), leak };

    let mut sites = sites(&run.secrets).await;
    if leak != Leak::None {
        let slug = if leak == Leak::InTheAudit { "voucherify" } else { "guardhouse" };
        sites.retain(|site| site.slug() == slug);
    }
    if leak == Leak::InTheAudit {
        sites[0].planted.keep("the user", sites[0].demo.body["id"].as_str().unwrap());
    }
    for site in &mut sites {
        run.connect(site).await;
    }
    for site in &sites {
        run.visit(site).await;
    }
    run.look_around(&sites).await;
    run.commands(&sites).await;
    run.end().await;
    let secrets = run.secrets.lock().unwrap().clone();
    let sizes: usize = run.outputs.iter().map(|output| output.bytes.len()).sum();
    println!("{} secrets, {} outputs of {sizes} bytes", secrets.len(), run.outputs.len());
    if leak == Leak::None {
        run.proves_itself(&sites);
    }
    secrets.search(&run.outputs)
}

fn a_token() -> String {
    ApiToken::generate().0.expose_secret().to_owned()
}

fn a_key() -> [u8; 32] {
    ApiToken::hash(&a_token())
}

fn with_settings(folder: &Folder, arguments: &[&str], admin: &str) -> Command {
    let mut command = folder.offramp(arguments);
    command
        .env_remove("OFFRAMP_CONNECTORS_DIR")
        .env("OFFRAMP_ADMIN_TOKEN", admin)
        .env("OFFRAMP_VERIFY__WAIT_LIMIT_MS", "300")
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "1");
    command
}

/// A simulator of each set of credentials, with canaries in their place.
async fn sites(secrets: &Arc<Mutex<Secrets>>) -> Vec<Site> {
    let clock = Clock::default();
    let mut kinds: Vec<(&str, Arc<dyn Simulator>, Option<Json>)> =
        all(&clock).into_iter().map(|simulator| ("", simulator, None)).collect();
    let hive = |kind: &'static str, take: &[&str]| {
        let simulator = Arc::new(DeviceHive::new(Clock::default()));
        let login = simulator.demo().context;
        let body = json!({"login": login["login"], "password": login["password"]}).to_string();
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        let (method, path, query) = ("POST".to_owned(), "/api/rest/token".to_owned(), String::new());
        let given = simulator.handle(&Call { method, path, query, headers, body: body.into() });
        let offramp::sandbox::ReplyBody::Bytes(given) = given.body else { panic!("no tokens") };
        let given: Json = serde_json::from_slice(&given).unwrap();
        let mut context = json!({"transport": kind.split(' ').next().unwrap()});
        for key in take {
            context[*key] = match *key {
                "access_token" => given["accessToken"].clone(),
                "refresh_token" => given["refreshToken"].clone(),
                key => login[key].clone(),
            };
            assert!(context[*key].is_string(), "{key}: {given}");
        }
        (kind, simulator as Arc<dyn Simulator>, Some(context))
    };
    kinds.push(hive("rest password", &["login", "password"]));
    kinds.push(hive("rest refresh", &["refresh_token"]));
    kinds.push(hive("rest access", &["access_token"]));
    kinds.push(hive("mqtt refresh", &["refresh_token"]));
    kinds.push(hive("mqtt access", &["access_token"]));
    let service = json!({"client_id": jumpcloud::seed::CLIENT_ID, "client_secret": jumpcloud::seed::CLIENT_SECRET});
    kinds.push(("service account", Arc::new(JumpCloud::new(Clock::default())), Some(service)));
    let refresh = json!({"client_id": teamviewer::seed::CLIENT_ID, "client_secret": teamviewer::seed::CLIENT_SECRET,
                         "refresh_token": teamviewer::seed::REFRESH_TOKEN});
    kinds.push(("refresh token", Arc::new(TeamViewer::new(Clock::default())), Some(refresh)));

    let registry = embedded().unwrap();
    let mut sites = Vec::new();
    for (kind, simulator, context) in kinds {
        let connector = registry.get(simulator.slug()).unwrap();
        let demo = simulator.demo();
        let planted = Arc::new(Planted::new(simulator, connector.secret_fields.clone(), secrets));
        let mut context = context.unwrap_or(demo.context.clone());
        let by_message = context["transport"] == "mqtt";
        for (key, value) in context.as_object_mut().unwrap() {
            if connector.account.get(key).is_some_and(|key| key.secret) {
                let secret = value.as_str().unwrap().to_owned();
                match by_message {
                    // Bytes on the wire are between the broker and its client.
                    true => planted.keep(key, &secret),
                    false => *value = json!(planted.plant(key, &secret)),
                }
            }
        }
        let server = SimServer::start(planted.clone()).await.unwrap();
        let mut context = server.account_context(&context);
        if context["transport"] == "rest" {
            context["base_url"] = json!(format!("{}/api/rest", server.base_url()));
        }
        let name = format!("{} {kind}", connector.slug);
        sites.push(Site { name, planted, server, demo, context, account: String::new() });
    }
    sites
}

impl Site {
    fn slug(&self) -> &'static str {
        self.planted.slug()
    }

    /// A secret of the account, for whoever plants a leak.
    fn a_secret(&self) -> String {
        let secret = ["client_secret", "token", "api_key"].iter().find_map(|key| self.context[*key].as_str());
        secret.expect("a secret").to_owned()
    }
}

impl Run {
    /// Sends a request, and keeps all of its answer.
    async fn send(&mut self, what: String, method: &str, path: &str, body: Option<&Json>) -> (u16, Json) {
        let token = self.admin.clone();
        self.send_as(&token, what, method, path, body).await
    }

    async fn send_as(
        &mut self,
        token: &str,
        what: String,
        method: &str,
        path: &str,
        body: Option<&Json>,
    ) -> (u16, Json) {
        let url = format!("{}{path}", self.server.base_url);
        let mut request = client().request(method.parse().unwrap(), url).bearer_auth(token);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let mut all = format!("{status}\n{:?}\n", answer.headers());
        if self.leak == Leak::AroundTheGateway && path.contains("/unified/") {
            all.push_str(&format!("x-debug: {}\n", STANDARD.encode(format!("Bearer {token}"))));
        }
        let body = answer.bytes().await.unwrap_or_default();
        let unprocessed = ["=raw", "=stream"].iter().any(|format| path.contains(format));
        let output = Output::new(format!("the answer to {what}"), [all.as_bytes(), &body].concat());
        self.outputs.push(Output { unprocessed, ..output });
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn connect(&mut self, site: &mut Site) {
        for mood in [Mood::Echo(401), Mood::Echo(500), Mood::EchoCalls(403), Mood::Plain] {
            site.planted.turn_to(mood);
            let tenant = if self.leak == Leak::InTheDatabase { site.a_secret() } else { "acme".to_owned() };
            let body = json!({"integration": site.slug(), "tenant_id": tenant, "context": site.context});
            let what = format!("connecting {} ({mood:?})", site.name);
            let (status, answer) = self.send(what, "POST", "/integrated-account", Some(&body)).await;
            match answer["id"].as_str() {
                Some(id) => site.account = id.to_owned(),
                None => assert!(mood != Mood::Plain, "{}: {status} {answer}", site.name),
            }
        }
        assert!(!site.account.is_empty(), "{}", site.name);
        // What does not suit is refused, and not repeated.
        for (key, value) in site.context.clone().as_object().unwrap() {
            let mut context = site.context.clone();
            context[key] = json!(format!("{}\n", value.as_str().unwrap_or_default()));
            let body = json!({"integration": site.slug(), "context": context});
            self.send(format!("a wrong {key} of {}", site.name), "POST", "/integrated-account", Some(&body)).await;
        }
    }

    /// Removals in every format, in every mood of the provider.
    async fn visit(&mut self, site: &Site) {
        for mood in MOODS {
            site.planted.turn_to(mood);
            for format in FORMATS {
                self.unassign(site, &format!("{mood:?}"), &[("truto_response_format", format)]).await;
            }
            for options in [
                &[("dry_run", "true"), ("truto_response_format", "debug")][..],
                &[("verify", "false"), ("check_before", "true")],
            ] {
                self.unassign(site, &format!("{mood:?}"), options).await;
            }
        }
        site.server.faults.always("", "", Fault::EchoCredentials);
        for format in FORMATS {
            self.unassign(site, "credentials repeated", &[("truto_response_format", format)]).await;
        }
        site.server.faults.clear();
    }

    async fn unassign(&mut self, site: &Site, mood: &str, options: &[(&str, &str)]) {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("integrated_account_id", &site.account);
        let body = site.demo.body.clone();
        for (name, value) in &site.demo.query {
            query.append_pair(name, value);
        }
        query.extend_pairs(options);
        let path = format!("{UNASSIGN}?{}", query.finish());
        self.send(format!("a removal at {} ({mood}, {options:?})", site.name), "POST", &path, Some(&body)).await;
    }

    async fn look_around(&mut self, sites: &[Site]) {
        for path in PATHS {
            self.send((*path).to_owned(), "GET", path, None).await;
        }
        for site in sites {
            let path = format!("/integrated-account/{}", site.account);
            self.send(format!("the account of {}", site.name), "GET", &path, None).await;
        }
        // A token is shown where it is made, and nowhere else; one that is not known is not repeated.
        let mut tokens = vec![format!("ofr_{}", a_token())];
        let body = json!({"name": "for a while", "scopes": ["call"]});
        let (_, made) = self.send("making a token".to_owned(), "POST", "/api-token", Some(&body)).await;
        self.outputs.pop();
        tokens.push(made["token"].as_str().unwrap().to_owned());
        for token in tokens {
            self.secrets.lock().unwrap().add("an API token", token.clone());
            for path in PATHS.iter().chain(&[UNASSIGN]) {
                self.send_as(&token, format!("{path}, as somebody else"), "POST", path, Some(&json!({}))).await;
                self.send_as(&token, format!("{path}, as somebody else"), "GET", path, None).await;
            }
        }
    }

    async fn commands(&mut self, sites: &[Site]) {
        for arguments in COMMANDS {
            let ended = finished(with_settings(&self.folder, arguments, &self.admin)).await;
            self.keep(&arguments.join(" "), ended);
        }
        for site in sites.iter().filter(|site| !site.context.to_string().contains("mqtt")).take(3) {
            for mood in [Mood::Echo(401), Mood::Plain] {
                site.planted.turn_to(mood);
                let mut command = with_settings(&self.folder, &["account", "add", site.slug()], &self.admin);
                let mut child = command.stdin(std::process::Stdio::piped()).spawn().unwrap();
                child.stdin.take().unwrap().write_all(site.context.to_string().as_bytes()).await.unwrap();
                let ended = child.wait_with_output().await.unwrap();
                self.keep(&format!("account add {} ({mood:?})", site.name), ended);
            }
        }
        // Keys that are none, and one that opens nothing.
        let key = STANDARD.encode(a_key());
        self.secrets.lock().unwrap().add("another vault key", key.clone());
        for (name, value) in [("OFFRAMP_VAULT_KEY", key.clone()), ("OFFRAMP_VAULT_KEY", format!("{key}{key}"))] {
            let mut command = with_settings(&self.folder, &["serve"], &self.admin);
            command.env(name, value);
            let ended = finished(command).await;
            assert!(!ended.status.success());
            self.keep("serve with another key", ended);
        }
        if self.leak == Leak::OfACommand {
            let ended =
                finished(with_settings(&self.folder, &["account", "remove", &sites[0].a_secret()], &self.admin)).await;
            self.keep("account remove", ended);
            let arguments = ["connector", "test", &sites[0].a_secret()];
            let ended = finished(with_settings(&self.folder, &arguments, &self.admin)).await;
            self.keep("connector test", ended);
        }
    }

    fn keep(&mut self, what: &str, ended: Ended) {
        self.outputs.push(Output::new(format!("standard output of {what}"), ended.stdout));
        self.outputs.push(Output::new(format!("standard error of {what}"), ended.stderr));
    }

    /// Stops the server, and takes what it wrote: its log, its output, its database while it served and afterwards.
    async fn end(&mut self) {
        self.database("while it served");
        let mut stdout = self.server.child.stdout.take().unwrap();
        self.server.terminate().await;
        self.server.ended().await;
        let mut said = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), stdout.read_to_end(&mut said)).await;
        self.outputs.push(Output::new("standard output of serve", said));
        self.outputs.push(Output::new("standard error of serve", self.server.said()));
        self.database("after it ended");
    }

    fn database(&mut self, when: &str) {
        for entry in std::fs::read_dir(self.folder.path().join("data")).unwrap() {
            let path = entry.unwrap().path();
            // The key itself is where it must be.
            if path.file_name().is_some_and(|name| name != "vault.key") {
                let what = format!("{} {when}", path.display());
                self.outputs.push(Output::new(what, std::fs::read(&path).unwrap()));
            }
        }
    }

    /// The run was one: the program was asked, spoke with the providers, and wrote what is searched.
    fn proves_itself(&self, sites: &[Site]) {
        for site in sites {
            assert!(site.server.journal().len() > 20, "{}: {}", site.name, site.server.journal().len());
        }
        let size = |part: &str| {
            let of_part = self.outputs.iter().filter(|output| output.what.contains(part));
            of_part.map(|output| output.bytes.len()).sum::<usize>()
        };
        let log =
            String::from_utf8_lossy(&self.outputs.iter().find(|o| o.what == "standard error of serve").unwrap().bytes);
        assert!(log.contains("TRACE"), "{}", &log[..1000]);
        for part in [
            "offramp.db while",
            "offramp.db after",
            "-wal while",
            "standard error of audit",
            "audit export",
            "connecting",
        ] {
            assert!(size(part) > 1000, "{part}: {}", size(part));
        }
    }
}
