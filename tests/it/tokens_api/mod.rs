//! API tokens of this gateway: how long they last, who sees them, and what each lets its holder do.

mod ends;
mod limits;
mod table;

use offramp::gateway::Settings;
use serde_json::{Value, json};

use crate::staged::{Answer, Stage, TOKEN};

async fn stage() -> Stage {
    Stage::open(Settings::default()).await
}

/// Lists the accounts, which takes the scope `admin`.
async fn lists_accounts(stage: &Stage, token: &str) -> Answer {
    stage.call("GET", "/integrated-account", Some(token), &Value::Null).await
}

async fn revoke(stage: &Stage, by: &str, id: &str) -> Answer {
    stage.call("DELETE", &format!("/api-token/{id}"), Some(by), &Value::Null).await
}

/// The names of the tokens that this one sees.
async fn names(stage: &Stage, token: &str) -> Vec<String> {
    let answer = stage.call("GET", "/api-token", Some(token), &Value::Null).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let tokens = answer.body["result"].as_array().unwrap();
    assert_eq!(answer.body["result_count"], json!(tokens.len()));
    tokens.iter().map(|token| token["name"].as_str().unwrap().to_owned()).collect()
}
