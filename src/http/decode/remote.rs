//! What is passed on to the provider as it is: `remote_data` and `remote_query`. Nothing in them is
//! dropped or split; whether they touch what the definition protects is left to the engine.

use serde_json::{Map, Value};

use super::Limits;
use super::json::{self, Json};
use super::place::Path;
use super::query::{Parameter, mixed};
use crate::model::RequestError;

/// `remote_data`, untransformed.
pub(super) fn body_object(json: Json<'_>, at: &Path<'_>) -> Result<Map<String, Value>, RequestError> {
    match json {
        Json::Object(entries) => json::into_map(entries, at),
        Json::Null => Ok(Map::new()),
        Json::Text(text) if text.is_empty() => Ok(Map::new()),
        Json::List(items) if items.is_empty() => Ok(Map::new()),
        other => Err(RequestError::new(format!("{at} is {}; it must be an object", other.kind()))),
    }
}

/// `remote_query` as names and values to append, in the order given.
pub(super) fn query_pairs(given: Vec<Parameter<'_>>, limits: &Limits) -> Result<Vec<(String, String)>, RequestError> {
    let is_absent = |p: &Parameter<'_>| p.depth() == 0 && matches!(&*p.value, "" | "null" | "{}" | "[]");
    let mut pairs = Vec::with_capacity(given.len());
    let mut text: Option<Parameter<'_>> = None;
    let mut bracketed: Option<Parameter<'_>> = None;
    for parameter in given.into_iter().filter(|p| !is_absent(p)) {
        let Some(first) = parameter.segments().next() else {
            if text.is_some() {
                return Err(parameter.refuse_repetition());
            }
            text = Some(parameter);
            continue;
        };
        if first.is_empty() {
            return Err(parameter.refuse("has no name to send; write remote_query[name]=…"));
        }
        let deeper = &parameter.brackets()[first.len() + 2..];
        pairs.push((format!("{first}{deeper}"), parameter.value.as_ref().to_owned()));
        bracketed = Some(parameter);
    }
    match (text, bracketed) {
        (Some(text), Some(bracketed)) => Err(mixed(&text, &bracketed)),
        (Some(text), None) => from_text(&text, limits),
        (None, _) => Ok(pairs),
    }
}

fn from_text(parameter: &Parameter<'_>, limits: &Limits) -> Result<Vec<(String, String)>, RequestError> {
    let at = parameter.place();
    if !parameter.value.trim_start().starts_with('{') {
        return Err(
            parameter.refuse("must be an object: write remote_query[name]=…, or JSON text such as {\"name\":\"…\"}")
        );
    }
    let mut pairs = Pairs { out: Vec::new(), room: limits.body_bytes };
    if let Json::Object(entries) = json::parse(&parameter.value, &at, 0, limits.query_depth)? {
        for (key, value) in entries {
            pairs.flatten(key.clone().into_owned(), value, &at.key(&key))?;
        }
    }
    Ok(pairs.out)
}

struct Pairs {
    out: Vec<(String, String)>,
    /// Bytes that may still be written. Each value repeats the names it is nested in, so a short
    /// text can say a long query.
    room: usize,
}

impl Pairs {
    fn flatten(&mut self, name: String, json: Json<'_>, at: &Path<'_>) -> Result<(), RequestError> {
        let value = match json {
            Json::Null => String::new(),
            Json::Bool(value) => value.to_string(),
            Json::Number(text) => text.to_owned(),
            Json::Text(text) => text.into_owned(),
            Json::List(items) if !items.is_empty() => {
                // `[]` cannot tell which entry a nested part belongs to; an index can.
                let nested = items.iter().any(|item| matches!(item, Json::List(_) | Json::Object(_)));
                for (index, item) in items.into_iter().enumerate() {
                    let inner = if nested { format!("{name}[{index}]") } else { format!("{name}[]") };
                    self.flatten(inner, item, &at.index(index))?;
                }
                return Ok(());
            }
            Json::Object(entries) if !entries.is_empty() => {
                for (key, item) in entries {
                    self.flatten(format!("{name}[{key}]"), item, &at.key(&key))?;
                }
                return Ok(());
            }
            empty => {
                return Err(RequestError::new(format!(
                    "{at} is {} without content, which a query cannot say; leave it out",
                    empty.kind()
                )));
            }
        };
        let size = name.len() + value.len() + 2;
        self.room = self
            .room
            .checked_sub(size)
            .ok_or_else(|| RequestError::new(format!("{at} makes the outgoing query too long; send less")))?;
        self.out.push((name, value));
        Ok(())
    }
}
