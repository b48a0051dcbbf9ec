//! The JumpCloud simulator, asked by plain HTTP: each row of the outcome table and each note of the vendor page.

use std::sync::Arc;

use offramp::sandbox::jumpcloud::{JumpCloud, Settings, seed};
use offramp::sandbox::{Clock, SimServer};
use reqwest::header::HeaderMap;
use serde_json::Value;

mod access;
mod administrators;
mod faults;
mod groups;
mod hostile;
mod providers;
mod reads;
mod roles_set;
mod users;

/// A simulator that is listening, and a client with the key of an Administrator With Billing.
struct Bench {
    sim: Arc<JumpCloud>,
    server: SimServer,
    clock: Clock,
    http: reqwest::Client,
    /// Sent with every call.
    headers: Vec<(&'static str, String)>,
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
        let sim = Arc::new(JumpCloud::new(clock.clone()));
        let server = SimServer::start(sim.clone()).await.unwrap();
        Self {
            sim,
            server,
            clock,
            http: reqwest::Client::new(),
            headers: vec![("x-api-key", seed::API_KEY.to_owned())],
        }
    }

    async fn with(turn: impl FnOnce(&mut Settings)) -> Self {
        let bench = Self::new().await;
        bench.sim.settings(turn);
        bench
    }

    fn sending(mut self, headers: &[(&'static str, &str)]) -> Self {
        self.headers = headers.iter().map(|(n, v)| (*n, (*v).to_owned())).collect();
        self
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    async fn put(&self, path: &str, body: &str) -> Answer {
        self.call("PUT", path, Some(("application/json", body))).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.call("POST", path, Some(("application/json", body))).await
    }

    async fn call(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> Answer {
        self.try_call(method, path, body).await.unwrap()
    }

    async fn try_call(&self, method: &str, path: &str, body: Option<(&str, &str)>) -> reqwest::Result<Answer> {
        let url = format!("{}{path}", self.server.base_url());
        let mut request = self.http.request(method.parse().unwrap(), url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some((content_type, body)) = body {
            request = request.header("content-type", content_type).body(body.to_owned());
        }
        let response = request.send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.text().await?,
        })
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

    /// That value at a JSON pointer of a 200.
    #[track_caller]
    fn shows(&self, pointer: &str, value: Value) {
        assert_eq!(self.status, 200, "{}", self.body);
        assert_eq!(self.json().pointer(pointer), Some(&value), "{}", self.body);
    }
}

fn admin(id: &str) -> String {
    format!("/api/users/{id}")
}

fn user(id: &str) -> String {
    format!("/api/systemusers/{id}")
}

fn members(group: &str) -> String {
    format!("/api/v2/usergroups/{group}/members")
}

fn remove(user: &str) -> String {
    format!(r#"{{"op":"remove","type":"user","id":"{user}"}}"#)
}

fn add(user: &str) -> String {
    format!(r#"{{"op":"add","type":"user","id":"{user}"}}"#)
}

/// The values of one field of every row.
fn column(rows: &Value, field: &str) -> Vec<String> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[field].as_str().unwrap().to_owned()).collect()
}
