//! `unassignment`: what became of each item, in the contract's words.

use serde::Serialize;

use crate::engine::{ItemReport, Report};
use crate::model::{ErrorKind, HeldBefore, Outcome, RoleRef, Verified};

/// The whole object.
#[derive(Serialize)]
pub(super) struct Unassignment<'r> {
    outcome: Outcome,
    verified: Verified,
    request_id: &'r str,
    items: Vec<Row<'r>>,
}

/// One item.
#[derive(Serialize)]
pub(super) struct Row<'r> {
    role: &'r RoleRef,
    outcome: Outcome,
    held_before: HeldBefore,
    verified: Verified,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confirmed_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<ErrorKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'r str>,
}

/// The whole object.
pub(super) fn of<'r>(report: &'r Report, request_id: &'r str) -> Unassignment<'r> {
    Unassignment { outcome: report.outcome(), verified: report.verified(), request_id, items: items(report) }
}

/// A row an item.
pub(super) fn items(report: &Report) -> Vec<Row<'_>> {
    report.items.iter().map(row).collect()
}

fn row(item: &ItemReport) -> Row<'_> {
    let failure = item.failure.as_deref();
    Row {
        role: &item.role,
        outcome: item.outcome,
        held_before: item.held_before,
        verified: item.verified,
        remote_status: item.remote_status,
        confirmed_by: item.confirmed_by,
        reason: item.reason,
        kind: failure.map(|failure| failure.kind),
        message: failure.map(|failure| failure.message.as_str()),
    }
}

/// One sentence for a request whose worst item has no failure of its own.
pub(super) fn explain(report: &Report) -> String {
    match report.outcome() {
        Outcome::Refused => "an item was not attempted".to_owned(),
        Outcome::Removed => "the role is still held through a group".to_owned(),
        _ => "it is not known whether the role was taken away".to_owned(),
    }
}
