//! The DeviceHive simulator, asked over plain HTTP and over MQTT as a connector would ask the vendor.

mod access;
mod broker;
mod faults;
mod hostile;
mod mqtt;
mod outcomes;
mod protocol;
mod reads;
mod rest;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use offramp::sandbox::devicehive::DeviceHive;
use offramp::sandbox::{Clock, SimServer, Simulator};
use reqwest::Method;
use serde_json::{Value, json};

use self::mqtt::Client;

const ACTIONS: [&str; 8] = [
    "authenticate",
    "token",
    "token/refresh",
    "user/get",
    "user/list",
    "user/getNetwork",
    "user/assignNetwork",
    "user/unassignNetwork",
];

/// One simulated hive that listens, and the client who asks it.
struct Site {
    clock: Clock,
    hive: Arc<DeviceHive>,
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
}

impl Site {
    async fn open() -> Self {
        let clock = Clock::default();
        let hive = Arc::new(DeviceHive::new(clock.clone()));
        let server = SimServer::start(hive.clone()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { clock, hive, server, http }
    }

    /// A client that logged in at CONNECT as the demo account does, and listens to every reply.
    async fn client(&self) -> Client {
        let mut client = Client::connect(self, "client-1", Some(("dhadmin", "sandbox-only-secret"))).await;
        for action in ACTIONS {
            assert_eq!(client.subscribe_reply(action).await, 1, "{action}");
        }
        client
    }

    /// A client that authenticated by message, with a token of that user and those actions.
    async fn client_of(&self, user: i64, actions: Option<&[u8]>) -> Client {
        let id = format!("client-of-{user}");
        let mut client = Client::connect(self, &id, None).await;
        let (access, _) = self.hive.tokens(user, actions).unwrap();
        assert_eq!(client.subscribe_reply("authenticate").await, 1);
        let reply = client.ask(json!({"action": "authenticate", "token": access})).await;
        assert_eq!(reply, r#"{"action":"authenticate","status":"success"}"#);
        for action in ACTIONS {
            client.subscribe_reply(action).await;
        }
        client
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.server.base_url()))
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        read(self.request(Method::POST, path).json(body)).await
    }

    /// A call with a fresh access token of the first administrator.
    async fn call(&self, method: Method, path: &str) -> Answer {
        let (access, _) = self.hive.tokens(1, None).unwrap();
        read(self.request(method, path).bearer_auth(access)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path).await
    }

    async fn unassign(&self, user: i64, network: i64) -> Answer {
        self.call(Method::DELETE, &format!("/api/rest/user/{user}/network/{network}")).await
    }

    /// The ids of the networks that the read of one user shows.
    async fn shown_networks(&self, user: i64) -> Vec<i64> {
        let user = self.get(&format!("/api/rest/user/{user}")).await.json();
        user["networks"].as_array().unwrap().iter().map(|n| n["id"].as_i64().unwrap()).collect()
    }

    /// Waits until the broker has let go of every client.
    async fn all_disconnected(&self) {
        let gone = async {
            while !self.hive.connected_clients().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), gone).await.expect("a client is still connected");
    }

    /// The facts that were true before and are not now; nothing may have come to be true.
    fn lost(&self, before: &BTreeSet<String>) -> Vec<String> {
        let after = self.hive.memberships();
        assert!(after.is_subset(before));
        before.difference(&after).cloned().collect()
    }
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = response.text().await.unwrap();
    Answer { status, headers, body }
}

/// The documented unassign message.
fn unassign(user: i64, network: i64) -> Value {
    json!({"action": "user/unassignNetwork", "requestId": "r2", "userId": user, "networkId": network})
}
