//! The Guardhouse simulator, asked over plain HTTP as a connector would ask the vendor.

mod access;
mod faults;
mod hostile;
mod reads;
mod unassign;

use std::sync::Arc;
use std::time::Duration;

use offramp::sandbox::guardhouse::Guardhouse;
use offramp::sandbox::{Clock, SimServer, Simulator};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One simulated tenant that listens, and the client who asks it.
struct Site {
    clock: Clock,
    tenant: Arc<Guardhouse>,
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

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Site {
    async fn open() -> Self {
        let clock = Clock::default();
        let tenant = Arc::new(Guardhouse::new(clock.clone()));
        let server = SimServer::start(tenant.clone()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { clock, tenant, server, http }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server.base_url());
        self.http.request(method, url)
    }

    /// Asks for a token with these form fields.
    async fn ask_token(&self, fields: &[(&str, &str)]) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request(Method::POST, "/connect/token")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        read(request).await
    }

    /// A token of the demo account's client.
    async fn token(&self) -> String {
        let context = self.tenant.demo().context;
        let answer = self
            .ask_token(&[
                ("grant_type", "client_credentials"),
                ("client_id", context["client_id"].as_str().unwrap()),
                ("client_secret", context["client_secret"].as_str().unwrap()),
                ("scope", "system_api"),
            ])
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    async fn get(&self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        read(request.bearer_auth(self.token().await)).await
    }

    /// The documented unassign call.
    async fn unassign(&self, user: i32, role: i32) -> Answer {
        self.unassign_path(&format!("/api/v1/users/{user}/roles/{role}")).await
    }

    async fn unassign_path(&self, path: &str) -> Answer {
        self.unassign_with(path, Some("application/json"), "{\"instantLogout\":false}").await
    }

    async fn unassign_with(&self, path: &str, content_type: Option<&str>, body: &str) -> Answer {
        let mut request = self.request(Method::DELETE, path).bearer_auth(self.token().await).body(body.to_owned());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        read(request).await
    }

    /// The ids of the roles that the read of one user shows.
    async fn shown_roles(&self, user: i32) -> Vec<i64> {
        let answer = self.get(&format!("/api/v1/users/{user}")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let user = answer.json();
        let roles = user["roles"].as_array().unwrap().iter();
        roles.map(|r| r["id"].as_i64().unwrap()).collect()
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
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, body.to_owned())
    }
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.text().await.unwrap();
    Answer { status, headers, body }
}
