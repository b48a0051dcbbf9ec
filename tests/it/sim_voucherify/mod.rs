//! The Voucherify simulator, asked over plain HTTP as a connector would ask the vendor.

mod access;
mod assign;
mod faults;
mod hostile;
mod limits;
mod outcomes;
mod reads;
mod unassign;

use std::sync::Arc;
use std::time::Duration;

use offramp::sandbox::voucherify::{Voucherify, seed};
use offramp::sandbox::{Clock, SimServer};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The `request_id` that [`Answer::without_chance`] puts in the place of every other.
const SOME_ID: &str = "v-0e9a1b979a80a99053";

/// One simulated organization that listens, and the client who asks it.
struct Site {
    clock: Clock,
    organization: Arc<Voucherify>,
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

    /// The body, its `request_id` replaced by [`SOME_ID`].
    fn without_chance(&self) -> String {
        let json = self.json();
        let id = json["request_id"].as_str().expect("an error with a request_id");
        assert!(id.len() == 20 && id.starts_with("v-"), "{id}");
        self.body.replace(id, SOME_ID)
    }

    /// Checks status and body, whatever the `request_id`.
    fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.without_chance().as_str()), (status, body));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }
}

impl Site {
    async fn open() -> Self {
        let clock = Clock::default();
        let organization = Arc::new(Voucherify::new(clock.clone()));
        let server = SimServer::start(organization.clone()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { clock, organization, server, http }
    }

    /// A call without a key.
    fn bare(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.server.base_url());
        self.http.request(method, url)
    }

    /// A call with the demo account's key.
    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.bare(method, path)
            .header("X-Management-Id", seed::MANAGEMENT_ID)
            .header("X-Management-Token", seed::MANAGEMENT_TOKEN)
    }

    async fn get(&self, path: &str) -> Answer {
        read(self.request(Method::GET, path)).await
    }

    /// Reads a user through a project.
    async fn user(&self, project: &str, user: &str) -> Answer {
        self.get(&user_path(project, user)).await
    }

    /// The documented unassign call.
    async fn unassign(&self, project: &str, user: &str) -> Answer {
        read(self.request(Method::DELETE, &user_path(project, user))).await
    }

    async fn send(&self, method: Method, path: &str, body: &str) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        read(request.body(body.to_owned())).await
    }

    /// The `projects` that a read of the user through this project shows, as JSON.
    async fn shown_projects(&self, through: &str, user: &str) -> String {
        let answer = self.user(through, user).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["projects"].to_string()
    }

    /// The ids that the list of a project's users shows.
    async fn listed(&self, project: &str) -> Vec<String> {
        let answer = self.get(&users_path(project)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let list = answer.json();
        let users = list["data"].as_array().unwrap().iter();
        users.map(|user| user["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Sends the request target as it is, which a URL library would tidy up first; gives the status and the body.
    async fn raw(&self, method: &str, target: &str) -> (u16, String) {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: sim\r\nx-management-id: {}\r\nx-management-token: {}\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n",
            seed::MANAGEMENT_ID,
            seed::MANAGEMENT_TOKEN,
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

fn users_path(project: &str) -> String {
    format!("/management/v1/projects/{project}/users")
}

fn user_path(project: &str, user: &str) -> String {
    format!("/management/v1/projects/{project}/users/{}", utf8_percent_encode(user, NON_ALPHANUMERIC))
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.text().await.unwrap();
    Answer { status, headers, body }
}
