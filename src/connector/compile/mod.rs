//! From a definition's text to a [`Connector`]: every expression compiled, every name that is read shown to be fed.

mod auth;
mod calls;
mod capture;
mod expressions;
mod learnt;
mod operation;
mod session;
mod spread;
mod transports;
mod user;

use std::collections::{BTreeSet, HashMap};

use vrl::value::KeyString;

use super::compiled::*;
use super::definition::*;
use super::diagnostic::{DefinitionError, Source};
use capture::Captures;

use crate::expression::{Projection, Value, from_json};

type Result<T> = std::result::Result<T, DefinitionError>;

const SCHEMA: u32 = 1;
/// What an expression may start with, besides the names of steps.
/// The last line is kept free for what may come.
const ROOTS: &[&str] = &[
    "input", "item", "items", "account", "let", "each", "value", "answer", "object", "removed", "group", "before",
    "all", "tables", "token", "message", "client", "define", "error", "page", "request", "steps", "user",
];
const SCOPES: &[&str] = &["group", "organization", "workspace"];

/// Compiles the text of a `connector.yaml`.
///
/// # Errors
/// With the first mistake, its place and the way out.
pub fn compile(file: &str, text: &str) -> Result<Connector> {
    let source = Source { file, text };
    let definition: Definition = serde_saphyr::from_str(text).map_err(|error| source.error_of_yaml(&error))?;
    if definition.schema != SCHEMA {
        let message = format!("schema {} is not understood; this version reads schema {SCHEMA}", definition.schema);
        return Err(source.error_at("C002", "schema:", message));
    }
    Compiler::new(&source, &definition).connector()
}

struct Compiler<'d> {
    source: &'d Source<'d>,
    definition: &'d Definition,
    steps: &'d [StepSource],
    /// What is read of each step's answer.
    wanted: HashMap<String, Projection>,
    /// Names of `let`.
    lets: BTreeSet<&'d str>,
    /// The step that `.object` is of, and the list it is in, while a user's mapping is compiled.
    object: Option<(&'d str, Vec<String>)>,
    /// What plain paths are captured of, while a user's mapping is compiled.
    capture: Option<Captures<'d>>,
    /// The steps whose answers of all items a user's mapping reads.
    all: BTreeSet<String>,
    /// Whether the account's secrets may be read.
    in_auth: bool,
    /// Whether the message and the client may be read.
    in_topic: bool,
    /// Members of `.token`, while a set of credentials is compiled.
    taken: BTreeSet<String>,
}

impl<'d> Compiler<'d> {
    fn new(source: &'d Source<'d>, definition: &'d Definition) -> Self {
        let operation = &definition.operations.unassign_role;
        let reads = definition.reads.keys().map(String::as_str);
        let mut steps: Vec<&str> = reads.collect();
        let mut lets = BTreeSet::new();
        for step in &operation.steps {
            match step {
                StepSource::Write(write) => steps.push(&write.name),
                StepSource::Let(values) => lets.extend(values.keys().map(String::as_str)),
                StepSource::Read(_) | StepSource::Stop(_) | StepSource::Lock(_) => {}
            }
        }
        let wanted = steps.into_iter().map(|step| (step.to_owned(), Projection::default())).collect();
        Self {
            source,
            definition,
            steps: &operation.steps,
            wanted,
            lets,
            object: None,
            capture: None,
            all: BTreeSet::new(),
            in_auth: false,
            in_topic: false,
            taken: BTreeSet::new(),
        }
    }

    fn connector(mut self) -> Result<Connector> {
        if let Some(taken) = self.wanted.keys().find(|name| ROOTS.contains(&name.as_str())) {
            let message = format!("a step cannot be called `{taken}`: `.{taken}` means something else");
            return Err(self.error("C019", &format!("{taken}:"), message));
        }
        let definition = self.definition;
        let transports = self.ways()?;
        let auth = self.auths()?;
        let base_url = self.text(&definition.base_url)?;
        let headers = self.header_templates(&definition.headers)?;
        let errors = self.error_rules(&definition.errors)?;
        let error_message = definition.error_message.iter().map(|path| self.path(path)).collect::<Result<_>>()?;
        let mut reads = Vec::new();
        for (name, call) in &definition.reads {
            reads.push(self.call(name, call, None)?);
        }
        let check = self.read_index(&definition.check)?;
        for (name, key) in &definition.account {
            self.regex(key.pattern.as_deref())
                .map_err(|error| error.with_hint(format!("the pattern of account.{name}")))?;
        }
        let mut unassign = self.operation()?;
        self.check_ways(&transports, &reads, check, &unassign)?;
        self.spread(&mut reads, &mut unassign)?;
        learnt::mark(&reads, &mut unassign);
        for call in &mut reads {
            self.finish(call, &errors);
        }
        for step in &mut unassign.steps {
            if let Step::Write(write) = step {
                self.finish(&mut write.call, &errors);
            }
        }
        Ok(Connector {
            slug: definition.slug.clone(),
            aliases: definition.aliases.clone(),
            label: definition.label.clone(),
            docs: definition.docs.clone(),
            base_url,
            transports,
            account: definition.account.clone(),
            auth,
            headers,
            check,
            rate_limit: definition.rate_limit.clone(),
            tables: self.tables(),
            error_message,
            errors,
            secret_fields: definition.secret_fields.clone(),
            reads,
            unassign,
        })
    }

    fn tables(&self) -> Value {
        let rows = |rows: &Vec<serde_json::Map<String, serde_json::Value>>| {
            Value::Array(rows.iter().map(|row| from_json(&serde_json::Value::Object(row.clone()))).collect())
        };
        let tables = self.definition.tables.iter();
        Value::Object(tables.map(|(name, table)| (KeyString::from(name.as_str()), rows(table))).collect())
    }

    fn error(&self, code: &str, needle: &str, message: impl Into<String>) -> DefinitionError {
        self.source.error_at(code, needle, message)
    }
}
