//! The program as an operator meets it: what it makes on an empty folder, how it starts, stops and complains, and how
//! much memory it takes. The provider is here, in the tests' own process.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use offramp::sandbox::{Call, Demo, Reply, ReplyBody, SimServer, Simulator};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value as Json, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

mod complaints;
mod keys;
mod killed;
mod life;
mod memory;
mod tokens;

/// Nothing here takes longer, on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(30);
const UNASSIGN: &str = "/unified/user-directory/users/unassign-role";
const CONNECTOR: &str = include_str!("process/connector.yaml");

/// An operator's working folder, with a connector of their own.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connector = folder.path().join("connectors/plain");
        std::fs::create_dir_all(&connector).unwrap();
        std::fs::write(connector.join("connector.yaml"), CONNECTOR).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// `offramp …` in this folder. Of the tests' own environment it sees no setting.
    pub(crate) fn offramp(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_offramp"));
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("OFFRAMP_") {
                command.env_remove(name);
            }
        }
        command
            .env_remove("RUST_LOG")
            .env("OFFRAMP_LISTEN", "127.0.0.1:0")
            .env("OFFRAMP_CONNECTORS_DIR", "connectors")
            .env("OFFRAMP_EGRESS_ALLOW", "127.0.0.1")
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    pub(crate) async fn serve(&self) -> Server {
        Server::start(self.offramp(&["serve"])).await
    }

    /// `offramp account add`, as another process; the account's id.
    pub(crate) async fn add_account(&self, provider: &SimServer) -> String {
        let mut command = self.offramp(&["account", "add", "plain"]);
        let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
        let context = json!({"base_url": provider.base_url(), "token": "secret"}).to_string();
        child.stdin.take().unwrap().write_all(context.as_bytes()).await.unwrap();
        let output = timeout(PATIENCE, child.wait_with_output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// `offramp token create`, as another process; the token.
    pub(crate) async fn create_token(&self) -> String {
        let output = finished(self.offramp(&["token", "create", "--name", "test", "--scope", "call"])).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

pub(crate) async fn finished(mut command: Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap()
}

/// A running `offramp serve`. Ends with the test.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) base_url: String,
    /// What it has written on standard error so far.
    said: Arc<Mutex<String>>,
    spawned: Instant,
}

impl Server {
    pub(crate) async fn start(mut command: Command) -> Self {
        let spawned = Instant::now();
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let said: Arc<Mutex<String>> = Arc::default();
        let address = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                said.lock().unwrap().push_str(&format!("{line}\n"));
                if let Some((_, rest)) = line.split_once("address=") {
                    return rest.split(' ').next().map(str::to_owned);
                }
            }
            None
        };
        let address = timeout(PATIENCE, address).await.expect("it says where it serves");
        let address = address.unwrap_or_else(|| panic!("it ended: {}", said.lock().unwrap()));
        let more = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                more.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Self { child, base_url: format!("http://{address}"), said, spawned }
    }

    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// The administrator's token, if it was shown.
    pub(crate) fn shown_token(&self) -> Option<String> {
        let said = self.said();
        let (_, rest) = said.split_once("export TOKEN=")?;
        rest.lines().next().map(str::to_owned)
    }

    pub(crate) async fn ready(&self) -> bool {
        let answer = client().get(format!("{}/health/ready", self.base_url)).send().await;
        answer.is_ok_and(|answer| answer.status() == 200)
    }

    pub(crate) fn unassign(&self, token: &str, account: &str, options: &str) -> RequestBuilder {
        let url = format!("{}{UNASSIGN}?integrated_account_id={account}{options}", self.base_url);
        client().post(url).bearer_auth(token).body(r#"{"id":"1","roles":[{"id":"7"}]}"#)
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.child.id().expect("it is running")
    }

    pub(crate) async fn terminate(&self) {
        let id = self.process_id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    }

    /// Its exit code, once it has ended.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        timeout(PATIENCE, self.child.wait()).await.expect("it ends").unwrap().code()
    }
}

pub(crate) fn client() -> Client {
    Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

/// A provider at which nobody holds any role, and whose answer to a removal may be long.
struct Plain {
    answer_bytes: u64,
}

impl Simulator for Plain {
    fn slug(&self) -> &'static str {
        "plain"
    }

    fn handle(&self, call: &Call) -> Reply {
        match call.method.as_str() {
            "DELETE" => Reply { body: ReplyBody::Filler(self.answer_bytes), ..Reply::empty(200) },
            _ => Reply::json(200, &json!({"id": "1", "roles": []})),
        }
    }

    fn memberships(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn demo(&self) -> Demo {
        Demo { context: Json::Null, query: Vec::new(), body: Json::Null }
    }
}

pub(crate) async fn provider(answer_bytes: u64) -> SimServer {
    SimServer::start(Arc::new(Plain { answer_bytes })).await.unwrap()
}
