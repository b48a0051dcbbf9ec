//! The TeamViewer simulator, asked by plain HTTP: each row of the outcome table and each note of the vendor page.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use offramp::sandbox::teamviewer::{Settings, TeamViewer, seed};
use offramp::sandbox::{Clock, SimServer, Simulator};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

mod access;
mod faults;
mod hostile;
mod people;
mod reads;
mod unassign;

const UNASSIGN: &str = "/api/v1/userroles/unassign/account";
const ASSIGN: &str = "/api/v1/userroles/assign/account";

/// A simulator that is listening, and a client with a script token that views and edits users.
struct Bench {
    sim: Arc<TeamViewer>,
    server: SimServer,
    clock: Clock,
    http: reqwest::Client,
    token: String,
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
        let sim = Arc::new(TeamViewer::new(clock.clone()));
        let server = SimServer::start(sim.clone()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sim, server, clock, http, token: seed::TOKEN.to_owned() }
    }

    async fn with(turn: impl FnOnce(&mut Settings)) -> Self {
        let bench = Self::new().await;
        bench.sim.settings(turn);
        bench
    }

    fn bearing(mut self, token: &str) -> Self {
        token.clone_into(&mut self.token);
        self
    }

    fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server.base_url());
        self.http.request(method.parse().unwrap(), url)
    }

    async fn get(&self, path: &str) -> Answer {
        read(self.request("GET", path).bearer_auth(&self.token)).await
    }

    async fn send(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json").body(body);
        read(request.bearer_auth(&self.token)).await
    }

    /// The documented call, for one user.
    async fn unassign(&self, user: &str, role: &str) -> Answer {
        self.unassign_all(&[user], role).await
    }

    async fn unassign_all(&self, users: &[&str], role: &str) -> Answer {
        self.send("POST", UNASSIGN, json!({"UserIds": users, "UserRoleId": role}).to_string()).await
    }

    /// The users that the role's account assignments show, over all pages.
    async fn users_of(&self, role: &str) -> Vec<String> {
        self.pages(
            &format!("/api/v1/userroles/assignments/account?userRoleId={role}&continuationToken="),
            ["AssignedToUsers", "ContinuationToken"],
        )
        .await
        .concat()
    }

    /// The roles that the user's own list shows, over all pages.
    async fn roles_of(&self, user: &str) -> Vec<String> {
        self.pages(
            &format!("/api/v1/users/{user}/userroles?paginationToken="),
            ["assignedRoleIds", "nextPaginationToken"],
        )
        .await
        .concat()
    }

    async fn pages(&self, path: &str, [items, next]: [&str; 2]) -> Vec<Vec<String>> {
        let (mut pages, mut token) = (Vec::new(), String::new());
        loop {
            let answer = self.get(&format!("{path}{token}")).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let page = answer.json();
            let page_items = page[items].as_array().unwrap().iter();
            pages.push(page_items.map(|item| item.as_str().unwrap().to_owned()).collect());
            match page[next].as_str() {
                Some(further) if !further.is_empty() => further.clone_into(&mut token),
                _ => return pages,
            }
        }
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
            "{method} {target} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.token,
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

    /// 204 and nothing else.
    #[track_caller]
    fn is_done(&self) {
        self.is(204, "");
        assert_eq!(self.header("content-type"), None);
    }

    /// That category, in a body of the documented shape.
    #[track_caller]
    fn refuses(&self, status: u16, category: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        let body = self.json();
        let names: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(names, ["error", "error_description", "error_code", "error_signature"]);
        assert_eq!(body["error"], category, "{}", self.body);
        assert!(body["error_description"].is_string() && body["error_signature"].is_string());
        assert!(body["error_code"].is_u64());
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
