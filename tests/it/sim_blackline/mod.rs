//! The BlackLine simulator, asked over plain HTTP as a connector would ask the vendor.

mod access;
mod faults;
mod forms;
mod hostile;
mod reads;
mod remove;

use std::sync::Arc;
use std::time::Duration;

use offramp::sandbox::blackline::{BlackLine, Settings, seed};
use offramp::sandbox::{Clock, SimServer};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One simulated tenant that listens, and the client who asks it.
struct Site {
    clock: Clock,
    tenant: Arc<BlackLine>,
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

    /// Status and body.
    fn said(&self) -> (u16, &str) {
        (self.status, self.body.as_str())
    }
}

impl Site {
    async fn open() -> Self {
        let clock = Clock::default();
        let tenant = Arc::new(BlackLine::new(clock.clone()));
        let server = SimServer::start(tenant.clone()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { clock, tenant, server, http }
    }

    /// With other switches than the default ones.
    async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let site = Self::open().await;
        site.tenant.settings(change);
        site
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.base_url()))
    }

    /// Asks for a token with these form fields, and the client's name and secret as Basic credentials.
    async fn ask_token(&self, fields: &[(&str, &str)]) -> Answer {
        let request = self.token_request(fields).basic_auth(seed::CLIENT_ID, Some(seed::CLIENT_SECRET));
        read(request).await
    }

    fn token_request(&self, fields: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request(Method::POST, "/authorize/connect/token");
        request.header("content-type", "application/x-www-form-urlencoded").body(form)
    }

    async fn token_of(&self, username: &str, api_key: &str) -> String {
        let answer = self.ask_token(&grant(username, api_key, &scope())).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// A token that may manage users.
    async fn token(&self) -> String {
        self.token_of(seed::USERNAME, seed::API_KEY).await
    }

    async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path).bearer_auth(self.token().await)).await
    }

    /// The likeliest unassign call.
    async fn remove(&self, user: i64, role: i64, product: &str) -> Answer {
        let path = format!("/v1/users/{user}/role-products?roleId={role}&productId={product}");
        self.delete(&path).await
    }

    async fn delete(&self, path: &str) -> Answer {
        read(self.request(Method::DELETE, path).bearer_auth(self.token().await)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.request(Method::POST, path).bearer_auth(self.token().await).json(body)).await
    }

    /// The pairs that the read of one user's role-products shows, such as `1A`.
    async fn shown(&self, user: i64) -> String {
        let answer = self.get(&format!("/v1/users/{user}/role-products")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        let items = body["items"].as_array().unwrap();
        assert_eq!(body["totalItems"], items.len());
        let pairs = items.iter().map(|i| format!("{}{}", i["role"]["id"], i["product"]["id"].as_str().unwrap()));
        pairs.collect::<Vec<_>>().join(" ")
    }

    /// Sends the request target as it is, which a URL library would tidy up first; gives the status and the body.
    async fn raw(&self, method: &str, target: &str) -> (u16, String) {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer {}\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n",
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

/// The scope that user management needs.
fn scope() -> String {
    format!("bl.users instance_{}", seed::INSTANCE)
}

/// The fields of a password grant.
fn grant<'a>(username: &'a str, api_key: &'a str, scope: &'a str) -> [(&'a str, &'a str); 4] {
    [("grant_type", "password"), ("username", username), ("password", api_key), ("scope", scope)]
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.text().await.unwrap();
    Answer { status, headers, body }
}
