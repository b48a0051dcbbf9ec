//! Answer matchers: exact statuses, exact codes, exact texts. Never a substring.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::program::{CompileError, Expression};
use super::scope::Scope;
use super::value::{Value, ValuePath, from_json, same_id};

/// How a matcher is written: all that is given must hold.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatcherSource {
    /// A status, a class such as `5xx`, or a list of these.
    #[serde(default)]
    #[schemars(schema_with = "status_schema")]
    pub status: Option<serde_json::Value>,
    /// Paths into the JSON body, each with the value it must have, or a list of allowed ones.
    #[serde(default)]
    pub body: BTreeMap<String, serde_json::Value>,
    /// The whole body as text, or a list of allowed ones; white space around it, and the quotes of a JSON string, do not count.
    pub text: Option<serde_json::Value>,
    /// An expression over `.answer.status` and `.answer.body` that must be true.
    pub when: Option<String>,
}

fn status_schema(_: &mut SchemaGenerator) -> Schema {
    let one = json_schema!({
        "anyOf": [
            { "type": "integer", "minimum": 100, "maximum": 599 },
            { "type": "string", "pattern": "^[1-5]xx$" },
        ],
    });
    json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
}

/// A compiled matcher.
#[derive(Clone, Debug)]
pub struct AnswerMatcher {
    statuses: Vec<(u16, u16)>,
    body: Vec<(ValuePath, Vec<Value>)>,
    texts: Vec<String>,
    when: Option<Expression>,
}

impl AnswerMatcher {
    /// Compiles a matcher.
    ///
    /// # Errors
    /// With the text that is wrong, and what is wrong in it.
    pub fn compile(source: &MatcherSource) -> Result<Self, (String, CompileError)> {
        let statuses = match &source.status {
            None => Vec::new(),
            Some(spec) => some_of(spec, "status")?.iter().map(status_range).collect::<Result<_, _>>()?,
        };
        let body = source.body.iter().map(|(path, allowed)| {
            let Some(compiled) = ValuePath::parse(path) else {
                let error = CompileError::new("X05", "is not a path such as `error.code`", 0, path.len());
                return Err((path.clone(), error));
            };
            Ok((compiled, list(allowed).iter().map(from_json).collect()))
        });
        let texts = match &source.text {
            None => Vec::new(),
            Some(spec) => some_of(spec, "text")?.iter().map(text_of).collect::<Result<_, _>>()?,
        };
        let when = source.when.as_ref().map(|text| Expression::compile(text).map_err(|e| (text.clone(), e)));
        Ok(Self { statuses, body: body.collect::<Result<_, _>>()?, texts, when: when.transpose()? })
    }

    /// Whether only the status decides, so that the body need not have arrived.
    pub fn needs_no_body(&self) -> bool {
        self.body.is_empty() && self.texts.is_empty() && self.when.is_none()
    }

    /// Paths into the answer's body that it looks at; an expression's paths start with `.answer.body`.
    pub fn body_paths(&self) -> Vec<Vec<String>> {
        let mut paths: Vec<Vec<String>> =
            self.body.iter().map(|(path, _)| path.fields().map(str::to_owned).collect()).collect();
        for read in self.when.iter().flat_map(Expression::reads) {
            if let [root, part, rest @ ..] = read.as_slice()
                && root == "answer"
                && part == "body"
            {
                paths.push(rest.to_vec());
            }
        }
        paths
    }

    /// Whether it names the status at all.
    pub fn names_status(&self) -> bool {
        !self.statuses.is_empty()
    }

    /// Whether the answer is meant. `answer` is `{status, body}`, `raw` the body's bytes.
    pub fn matches(&self, status: u16, answer: &Value, raw: &[u8], scope: &Scope<'_>) -> bool {
        let status_matches =
            self.statuses.is_empty() || self.statuses.iter().any(|(low, high)| (*low..=*high).contains(&status));
        status_matches
            && self.body.iter().all(|(path, allowed)| {
                let value = body_of(answer).and_then(|body| path.get(body)).unwrap_or(&Value::Null);
                allowed.iter().any(|one| same_id(one, value, false) || (*one == Value::Null && *value == Value::Null))
            })
            && (self.texts.is_empty() || self.texts.iter().any(|text| same_text(raw, text)))
            && self.when.as_ref().is_none_or(|when| when.is_true(&scope.with_answer(answer)))
    }
}

fn body_of(answer: &Value) -> Option<&Value> {
    answer.as_object()?.get("body")
}

fn same_text(raw: &[u8], text: &str) -> bool {
    let raw = raw.trim_ascii();
    let unquoted = raw.strip_prefix(b"\"").and_then(|raw| raw.strip_suffix(b"\""));
    raw == text.as_bytes() || unquoted == Some(text.as_bytes())
}

fn list(one_or_many: &serde_json::Value) -> Vec<serde_json::Value> {
    match one_or_many {
        serde_json::Value::Array(many) => many.clone(),
        one => vec![one.clone()],
    }
}

/// A list of none would match whatever comes.
fn some_of(spec: &serde_json::Value, key: &str) -> Result<Vec<serde_json::Value>, (String, CompileError)> {
    let list = list(spec);
    if list.is_empty() {
        let error = CompileError::new("X07", "is an empty list: leave it out, or say which", 0, key.len());
        return Err((key.to_owned(), error));
    }
    Ok(list)
}

fn text_of(spec: &serde_json::Value) -> Result<String, (String, CompileError)> {
    spec.as_str().map(str::to_owned).ok_or_else(|| {
        let text = spec.to_string();
        let error = CompileError::new("X07", "is no text; put it in quotes", 0, text.len());
        (text, error)
    })
}

fn status_range(spec: &serde_json::Value) -> Result<(u16, u16), (String, CompileError)> {
    let number = spec.as_u64().and_then(|status| u16::try_from(status).ok());
    let class = spec.as_str().and_then(|text| text.strip_suffix("xx")?.parse::<u16>().ok());
    match (number, class) {
        (Some(status @ 100..=599), _) => Ok((status, status)),
        (None, Some(class @ 1..=5)) => Ok((class * 100, class * 100 + 99)),
        _ => {
            let text = spec.as_str().map_or_else(|| spec.to_string(), str::to_owned);
            let error = CompileError::new("X06", "is neither a status nor a class such as `5xx`", 0, text.len());
            Err((text, error))
        }
    }
}
