//! The Slack Enterprise simulator, asked over plain HTTP as a connector would ask.

mod access;
mod arguments;
mod listing;
mod outcomes;
mod people;
mod quirks;
mod verdicts;

use std::sync::Arc;

use offramp::sandbox::slack_enterprise::{Grant, MethodFailure, SlackEnterprise};
use offramp::sandbox::{Call, Clock, Reply, ReplyBody, SimServer, Simulator};

const OWNER: &str = "W0ZEDDMORE";
const ORG: &str = "E0ACME4242";
const HQ: &str = "T012AB3C4";
const FIELD: &str = "T0FIELD01";
const CHANNEL: &str = "C0CONTAIN1";
const SPENGLER: &str = "W012A3CDE";
const VENKMAN: &str = "U0VENKMAN";
const STANTZ: &str = "W0STANTZ1";
const MELNITZ: &str = "W0MELNITZ";

const REMOVE: &str = "admin.roles.removeAssignments";
const LIST: &str = "admin.roles.listAssignments";

/// A listening simulator and a client with the owner's token.
struct Slack {
    sim: Arc<SlackEnterprise>,
    server: SimServer,
    clock: Clock,
    http: reqwest::Client,
}

/// An answer as it came: status, headers by name, body.
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.text).expect("a JSON answer")
    }

    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().expect("a header in ASCII")
    }

    /// Asserts HTTP 200 with exactly these bytes.
    #[track_caller]
    fn is(&self, body: &str) {
        assert_eq!((self.status, self.text.as_str()), (200, body));
        assert_eq!(self.header("content-type"), "application/json; charset=utf-8");
    }
}

impl Slack {
    async fn start() -> Self {
        let clock = Clock::default();
        let sim = Arc::new(SlackEnterprise::new(clock.clone()));
        let server = SimServer::start(sim.clone()).await.expect("a free port");
        Self { sim, server, clock, http: reqwest::Client::new() }
    }

    fn url(&self, method: &str) -> String {
        format!("{}/api/{method}", self.server.base_url())
    }

    /// Sends with the owner's token.
    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        Self::send_bare(request.bearer_auth(self.sim.token())).await
    }

    async fn send_bare(request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: response.text().await.expect("a whole body"),
        }
    }

    async fn get(&self, method: &str, query: &str) -> Answer {
        let url = format!("{}?{query}", self.url(method));
        self.send(self.http.get(url)).await
    }

    async fn get_as(&self, token: &str, method: &str, query: &str) -> Answer {
        let url = format!("{}?{query}", self.url(method));
        Self::send_bare(self.http.get(url).bearer_auth(token)).await
    }

    /// Posts a body of that content type; none if empty.
    async fn post(&self, method: &str, content_type: &str, body: impl Into<Vec<u8>>) -> Answer {
        let mut request = self.http.post(self.url(method)).body(body.into());
        if !content_type.is_empty() {
            request = request.header("content-type", content_type);
        }
        self.send(request).await
    }

    async fn post_json(&self, method: &str, body: &serde_json::Value) -> Answer {
        let content_type = "application/json; charset=utf-8";
        self.post(method, content_type, body.to_string()).await
    }

    async fn change(&self, method: &str, role: &str, on: &[&str], who: &[&str]) -> Answer {
        let body = serde_json::json!({"role_id": role, "entity_ids": on, "user_ids": who});
        self.post_json(method, &body).await
    }

    async fn remove(&self, role: &str, on: &[&str], who: &[&str]) -> Answer {
        self.change(REMOVE, role, on, who).await
    }

    /// The removal that the sandbox demonstrates.
    async fn remove_demo(&self) -> Answer {
        self.remove("Rl03", &[HQ], &[SPENGLER]).await
    }

    /// The same with another token.
    async fn remove_demo_as(&self, token: &str) -> Answer {
        let body = serde_json::json!({"role_id": "Rl03", "entity_ids": [HQ], "user_ids": [SPENGLER]});
        let request = self.http.post(self.url(REMOVE)).json(&body);
        Self::send_bare(request.bearer_auth(token)).await
    }

    fn holds(&self, role: &str, entity: &str, user: &str) -> bool {
        self.sim.directory(|d| d.holds(role, entity, user))
    }

    /// Whether a listing shows the role, by a read-back as a connector makes it.
    async fn lists(&self, role: &str, entity: &str, user: &str) -> bool {
        let query = format!("role_ids={role}&entity_ids={entity}&limit=200");
        let page = self.get(LIST, &query).await.json();
        assert_eq!(page["ok"], true, "{page}");
        let rows = page["role_assignments"].as_array().expect("rows");
        rows.iter().any(|row| row["user_id"] == user)
    }

    fn issue(&self, grant: Grant) -> String {
        self.sim.tokens(|t| t.issue(grant))
    }

    fn fail(&self, failure: MethodFailure) {
        self.sim.settings(|s| s.failures.push(failure));
    }

    /// Asks the simulator itself, for paths that a client would tidy up.
    fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let reply = self.sim.handle(&Call {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: vec![("authorization".to_owned(), format!("Bearer {}", self.sim.token()))],
            body: Vec::new().into(),
        });
        text(reply)
    }
}

fn text(reply: Reply) -> (u16, String) {
    let ReplyBody::Bytes(bytes) = reply.body else {
        panic!("filler instead of an answer");
    };
    (reply.status, String::from_utf8_lossy(&bytes).into_owned())
}
