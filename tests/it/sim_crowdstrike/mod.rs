//! The CrowdStrike simulator, asked over plain HTTP as a connector would ask the vendor.

mod access;
mod envelope;
mod faults;
mod held;
mod hostile;
mod people;
mod revoke;
mod roles;

use std::sync::Arc;
use std::time::Duration;

use offramp::sandbox::crowdstrike::{CrowdStrike, Settings, seed};
use offramp::sandbox::{Clock, SimServer};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const ROLE_ACTIONS: &str = "/user-management/entities/user-role-actions/v1";
const OLD_USER_ROLES: &str = "/user-roles/entities/user-roles/v1";
const HELD_ROLES: &str = "/user-management/combined/user-roles/v2";
const USER_IDS: &str = "/user-management/queries/users/v1";
const USER_DETAILS: &str = "/user-management/entities/users/GET/v1";
const USERS: &str = "/user-management/entities/users/v1";
const ROLE_IDS: &str = "/user-management/queries/roles/v1";
const ROLE_DETAILS: &str = "/user-management/entities/roles/v1";
const ROLE_DETAILS_BY_POST: &str = "/user-management/entities/roles/GET/v2";

/// One simulated customer that listens, and the client who asks it.
struct Site {
    clock: Clock,
    falcon: Arc<CrowdStrike>,
    server: SimServer,
    http: reqwest::Client,
}

/// An answer read to its end.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: reqwest::header::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|v| v.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// The body with the trace id, which must be the header's too, written as `TRACE`.
    fn masked(&self) -> String {
        let trace_id = self.header("x-cs-traceid").unwrap();
        assert_eq!(trace_id.len(), 36);
        assert!(self.body.contains(trace_id), "{}", self.body);
        self.body.replace(trace_id, "TRACE")
    }

    /// The status, and the message of the only error.
    fn refusal(&self) -> (u16, String) {
        let body = self.json();
        let errors = body["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0]["code"], self.status);
        (self.status, errors[0]["message"].as_str().unwrap().to_owned())
    }

    fn resources(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.json()["resources"].as_array().unwrap().clone()
    }

    /// The resources, where they are texts.
    fn ids(&self) -> Vec<String> {
        self.resources().iter().map(|id| id.as_str().unwrap().to_owned()).collect()
    }
}

impl Site {
    async fn open() -> Self {
        let clock = Clock::default();
        let falcon = Arc::new(CrowdStrike::new(clock.clone()));
        let server = SimServer::start(falcon.clone()).await.unwrap();
        let redirect = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(redirect).build().unwrap();
        Self { clock, falcon, server, http }
    }

    /// With other switches than the default ones.
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let site = Self::open().await;
        site.falcon.settings(change);
        site
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.base_url()))
    }

    /// Asks for a token with these form fields.
    async fn ask_token(&self, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, "/oauth2/token");
        read(request.header("content-type", "application/x-www-form-urlencoded").body(form)).await
    }

    async fn token_of(&self, client_id: &str, client_secret: &str) -> String {
        let answer = self.ask_token(&[("client_id", client_id), ("client_secret", client_secret)]).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A token with both scopes.
    async fn token(&self) -> String {
        self.token_of(seed::CLIENT_ID, seed::CLIENT_SECRET).await
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        let token = self.token().await;
        self.get_as(&token, path, query).await
    }

    async fn get_as(&self, token: &str, path: &str, query: &[(&str, &str)]) -> Answer {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        read(self.request(Method::GET, &format!("{path}?{query}")).bearer_auth(token)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        let token = self.token().await;
        self.post_as(&token, path, body).await
    }

    async fn post_as(&self, token: &str, path: &str, body: &Value) -> Answer {
        read(self.request(Method::POST, path).bearer_auth(token).json(body)).await
    }

    /// The documented unassign call.
    async fn revoke(&self, user: &str, roles: &[&str], cid: &str) -> Answer {
        self.post(ROLE_ACTIONS, &action("revoke", user, roles, cid)).await
    }

    async fn grant(&self, user: &str, roles: &[&str], cid: &str) -> Answer {
        self.post(ROLE_ACTIONS, &action("grant", user, roles, cid)).await
    }

    /// The role ids that the read of directly held roles shows.
    async fn shown(&self, user: &str, cid: &str) -> Vec<String> {
        let query = [("user_uuid", user), ("cid", cid), ("direct_only", "true"), ("limit", "500")];
        let rows = self.get(HELD_ROLES, &query).await.resources();
        rows.iter().map(|row| row["role_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Sends the request target as it is, which a URL library would tidy up first; gives the status and the body.
    async fn raw(&self, method: &str, target: &str) -> (u16, String) {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer {}\r\n\
             content-type: application/json\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
            self.token().await
        );
        let mut stream = TcpStream::connect(self.server.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let reading = stream.read_to_end(&mut answer);
        tokio::time::timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

fn action(action: &str, user: &str, roles: &[&str], cid: &str) -> Value {
    json!({"action": action, "cid": cid, "uuid": user, "role_ids": roles})
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.text().await.unwrap();
    Answer { status, headers, body }
}
