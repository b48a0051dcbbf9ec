//! Providers that are spoken to in messages: JSON Schemas of requests and replies, by action.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::Finding;
use super::schemas::{Compiler, Schema};
use crate::sandbox::{Call, Reply, ReplyBody};

/// The messages of a provider; none where it has none.
#[derive(Debug, Default)]
pub(super) struct Messages {
    actions: BTreeMap<String, Action>,
}

#[derive(Debug)]
struct Action {
    request: Schema,
    reply: Schema,
}

impl Messages {
    /// Reads a file of `actions`, each with `request` and `reply`; what they share stands in `$defs`.
    pub(super) fn read(root: &Json) -> Result<Self, Finding> {
        let mut compiler = Compiler::new(root);
        let mut compile = |action: &str, part: &str, schema: &Json| {
            let at = format!("actions.{action}.{part}");
            let missing = || Err("it is missing".to_owned());
            let compiled = schema.get(part).map_or_else(missing, |schema| compiler.compile(schema));
            compiled.map_err(|what| (at, what))
        };
        let actions = root.get("actions").and_then(Json::as_object);
        let actions = actions.ok_or_else(|| ("actions".to_owned(), "they are missing".to_owned()))?;
        let actions = actions.iter().map(|(name, action)| {
            let compiled =
                Action { request: compile(name, "request", action)?, reply: compile(name, "reply", action)? };
            Ok((name.clone(), compiled))
        });
        Ok(Self { actions: actions.collect::<Result<_, Finding>>()? })
    }

    pub(super) fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.keys().map(String::as_str)
    }

    /// What is wrong with a request message, and with the reply's if there was one.
    pub(super) fn check(&self, call: &Call, reply: Option<&Reply>) -> Vec<Finding> {
        let name = call.path.trim_start_matches('/');
        let Some(action) = self.actions.get(name) else {
            let known = self.actions().collect::<Vec<_>>().join(", ");
            return vec![("path".to_owned(), format!("there is no action `{name}`; documented: {known}"))];
        };
        let mut findings = payload(&action.request, "body", &call.body);
        if let Some(Reply { body: ReplyBody::Bytes(bytes), .. }) = reply
            && !bytes.is_empty()
        {
            findings.extend(payload(&action.reply, "reply.body", bytes));
        }
        findings
    }
}

fn payload(schema: &Schema, at: &str, bytes: &[u8]) -> Vec<Finding> {
    match serde_json::from_slice(bytes) {
        Ok(value) => schema.findings(at, &value),
        Err(error) => vec![(at.to_owned(), format!("it is no JSON: {error}"))],
    }
}
