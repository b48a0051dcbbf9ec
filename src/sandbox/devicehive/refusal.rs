//! The provider's clear no, and how each face writes it.

use serde_json::json;

use crate::sandbox::Reply;

/// An error of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What a message says, and a REST body.
    pub(super) code: u16,
    /// The status over REST, which is another one in a single case.
    pub(super) status: u16,
    /// Empty if REST answers without a body.
    pub(super) text: String,
}

impl Refusal {
    fn new(code: u16, text: impl Into<String>) -> Self {
        Self { code, status: code, text: text.into() }
    }

    pub(super) fn malformed() -> Self {
        Self::new(400, "Malformed Json received.")
    }

    pub(super) fn illegal(what: &str) -> Self {
        Self::new(400, format!("Illegal argument: {what}"))
    }

    pub(super) fn user_id() -> Self {
        Self::new(400, "User id is wrong or empty")
    }

    pub(super) fn network_id() -> Self {
        Self::new(400, "Network id is wrong or empty")
    }

    pub(super) fn unauthorized() -> Self {
        Self::new(401, "Unauthorized")
    }

    pub(super) fn credentials() -> Self {
        Self::new(401, "Invalid credentials")
    }

    pub(super) fn expired() -> Self {
        Self::new(401, "Token expired")
    }

    /// The text is not documented.
    pub(super) fn denied() -> Self {
        Self::new(403, "Access is denied")
    }

    pub(super) fn no_user(user: i64) -> Self {
        Self::new(404, format!("User with id = {user} not found"))
    }

    /// What a caller who is no administrator is told of somebody else: over REST the status and the body differ.
    pub(super) fn hidden_user(user: i64) -> Self {
        Self { status: 403, ..Self::no_user(user) }
    }

    pub(super) fn no_network(network: i64) -> Self {
        Self::new(404, format!("Network with id = {network} not found"))
    }

    pub(super) fn no_membership(user: i64, network: i64) -> Self {
        Self::new(404, format!("Network with id {network} for user with id {user} was not found"))
    }

    /// A refusal of the web layer, before the server's own code.
    pub(super) fn web(status: u16) -> Self {
        Self::new(status, "")
    }

    pub(super) fn over_rest(&self) -> Reply {
        if self.text.is_empty() {
            return Reply::empty(self.status);
        }
        Reply::json(self.status, &json!({"error": self.code, "message": self.text}))
    }
}
