//! The Elastic Cloud simulator, asked by plain HTTP: each row of the outcome table and each note of the vendor page.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use offramp::sandbox::elastic_cloud::{Assignment, ElasticCloud, Scope, Settings, seed};
use offramp::sandbox::{Clock, SimServer, Simulator};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

mod access;
mod faults;
mod hostile;
mod matching;
mod reads;
mod unassign;

const INVALID_TARGET: &str = concat!(
    r#"{"errors":[{"code":"role_assignments.invalid_target_user_id","#,
    r#""message":"The target user Id is invalid.","fields":[]}]}"#
);
const UNAUTHORIZED: &str =
    r#"{"errors":[{"code":"root.unauthorized","message":"The supplied authentication is invalid.","fields":[]}]}"#;
const NOT_MINE: &str = concat!(
    r#"{"errors":[{"code":"role_assignments.unauthorized_role_assignments","#,
    r#""message":"You are not authorised to change the specified role assignments.","fields":[]}]}"#
);

/// A simulator that is listening, and a client with the key of Acme's organization-admin.
struct Bench {
    sim: Arc<ElasticCloud>,
    server: SimServer,
    clock: Clock,
    http: reqwest::Client,
    key: &'static str,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Bench {
    async fn new() -> Self {
        let clock = Clock::default();
        let sim = Arc::new(ElasticCloud::new(clock.clone()));
        let server = SimServer::start(sim.clone()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sim, server, clock, http, key: seed::API_KEY }
    }

    async fn with(turn: impl FnOnce(&mut Settings)) -> Self {
        let bench = Self::new().await;
        bench.sim.settings(turn);
        bench
    }

    fn keyed(mut self, key: &'static str) -> Self {
        self.key = key;
        self
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server.base_url());
        self.http.request(method.parse().unwrap(), url)
    }

    async fn get(&self, path: &str) -> Answer {
        let request = self.request("GET", path);
        read(request.header("authorization", format!("ApiKey {}", self.key))).await
    }

    /// The documented call: a DELETE with a body.
    async fn unassign(&self, user: &str, set: &Value) -> Answer {
        self.send("DELETE", &assignments_of(user), set.to_string()).await
    }

    async fn assign(&self, user: &str, set: &Value) -> Answer {
        self.send("POST", &assignments_of(user), set.to_string()).await
    }

    async fn send(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json").body(body);
        read(request.header("authorization", format!("ApiKey {}", self.key))).await
    }

    /// The user as the list of Acme's members shows it.
    async fn member(&self, user: &str) -> Option<Value> {
        let answer = self.get(&members_of(seed::ACME)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let list = answer.json();
        let mut members = list["members"].as_array().unwrap().iter();
        members.find(|m| m["user_id"] == user).cloned()
    }

    /// The role assignments that the list of Acme's members shows of the user.
    async fn shown(&self, user: &str) -> String {
        self.member(user).await.unwrap()["role_assignments"].to_string()
    }

    fn facts(&self) -> BTreeSet<String> {
        self.sim.memberships()
    }

    /// What is not true any more, and that nothing new has become true.
    #[track_caller]
    fn lost_since(&self, before: &BTreeSet<String>) -> Vec<String> {
        let after = self.facts();
        assert!(after.is_subset(before), "{:?}", after.difference(before));
        before.difference(&after).cloned().collect()
    }

    /// Sends the request target as it is, which a URL library would tidy up first; gives the status and the body.
    async fn raw(&self, method: &str, target: &str, body: &str) -> (u16, String) {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nhost: sim\r\nauthorization: ApiKey {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.key,
            body.len()
        );
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// That status with those bytes.
    #[track_caller]
    fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }

    /// That error, in the body and in the header.
    #[track_caller]
    fn refuses(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.json()["errors"][0]["code"], code);
        assert_eq!(self.header("x-cloud-error-codes"), Some(code));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.text().await.unwrap(),
    }
}

fn assignments_of(user: &str) -> String {
    format!("/api/v1/users/{}/role_assignments", utf8_percent_encode(user, NON_ALPHANUMERIC))
}

fn members_of(organization: &str) -> String {
    format!("/api/v1/organizations/{organization}/members")
}

/// A set of one role in Acme's own scope.
fn org(role: &str) -> Value {
    json!({"organization": [{"role_id": role, "organization_id": seed::ACME}]})
}

/// A set of one role on those deployments of Acme.
fn deployments(role: &str, ids: &[&str]) -> Value {
    json!({"deployment": [{
        "role_id": role, "organization_id": seed::ACME, "all": false, "deployment_ids": ids,
    }]})
}

/// A set of one role on all of Acme's projects of a kind.
fn projects(kind: &str, role: &str) -> Value {
    json!({"project": {kind: [{"role_id": role, "organization_id": seed::ACME, "all": true}]}})
}

fn billing_admin() -> Assignment {
    Assignment::of_organization(seed::ACME, "billing-admin")
}
