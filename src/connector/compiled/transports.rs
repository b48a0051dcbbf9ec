//! The ways to a provider, compiled.

use std::sync::Arc;

use crate::expression::{Expression, Scope, TextTemplate, Value, object};
use crate::model::ErrorKind;

/// A way to the provider.
#[derive(Debug)]
pub struct Way {
    pub name: String,
    pub when: Option<Expression>,
    /// What it takes to carry messages; `None`: HTTP.
    pub messages: Option<Arc<Messages>>,
}

/// Request and reply over topics.
#[derive(Debug)]
pub struct Messages {
    pub url: TextTemplate,
    pub publish: TextTemplate,
    pub reply: TextTemplate,
    /// The member that tells which request and reply belong together.
    pub correlate: String,
    pub status: Expression,
    pub subscription_refused: ErrorKind,
}

impl Messages {
    /// The status of a reply, as HTTP has them.
    pub fn status_of(&self, reply: &Value) -> Option<u16> {
        let answer = object([("body", reply.clone())]);
        let nothing = Value::Null;
        let status = self.status.evaluate(&Scope::of_account(&nothing).with_answer(&answer)).as_integer()?;
        u16::try_from(status).ok().filter(|status| (100..600).contains(status))
    }
}
