//! `unassignment`: what became of each item, in the contract's words.

use serde_json::{Map, Value as Json, json};

use crate::engine::{ItemReport, Report};
use crate::model::{HeldBefore, Outcome};

/// The whole object.
pub(super) fn body(report: &Report, request_id: &str) -> Json {
    json!({
        "outcome": report.outcome(),
        "verified": report.verified(),
        "request_id": request_id,
        "items": items(report),
    })
}

/// A row an item.
pub(super) fn items(report: &Report) -> Vec<Json> {
    report.items.iter().map(row).collect()
}

fn row(item: &ItemReport) -> Json {
    let mut row = Map::new();
    row.insert("role".into(), json!(item.role));
    row.insert("outcome".into(), json!(item.outcome));
    let held_before: HeldBefore = item.held_before;
    row.insert("held_before".into(), json!(held_before));
    row.insert("verified".into(), json!(item.verified));
    if let Some(status) = item.remote_status {
        row.insert("remote_status".into(), Json::from(status));
    }
    if let Some(by) = item.confirmed_by {
        row.insert("confirmed_by".into(), Json::from(by));
    }
    if let Some(reason) = item.reason {
        row.insert("reason".into(), Json::from(reason));
    }
    if let Some(failure) = &item.failure {
        row.insert("kind".into(), json!(failure.kind));
        row.insert("message".into(), Json::from(failure.message.as_str()));
    }
    Json::Object(row)
}

/// One sentence for a request whose worst item has no failure of its own.
pub(super) fn explain(report: &Report) -> String {
    match report.outcome() {
        Outcome::Refused => "an item was not attempted".to_owned(),
        Outcome::Removed => "the role is still held through a group".to_owned(),
        _ => "it is not known whether the role was taken away".to_owned(),
    }
}
