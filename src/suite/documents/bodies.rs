//! Bodies by their content type: JSON, a form read as an object, or text.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::Finding;
use super::schemas::{self, Schema};

const FORM: &str = "application/x-www-form-urlencoded";

/// What bodies are documented, by media type (`*/*` is any, and none).
#[derive(Debug, Default)]
pub(super) struct Bodies {
    pub(super) required: bool,
    pub(super) media: BTreeMap<String, Media>,
}

#[derive(Debug)]
pub(super) struct Media {
    /// None says nothing of the content.
    pub(super) schema: Option<Schema>,
    /// Members of a form whose lists are one text with commas.
    pub(super) joined: Vec<String>,
}

impl Bodies {
    /// What is wrong with a body; `prefix` goes before the places.
    pub(super) fn findings(&self, prefix: &str, content_type: Option<&str>, body: &[u8]) -> Vec<Finding> {
        let found = |place: &str, what: String| vec![(format!("{prefix}{place}"), what)];
        if body.is_empty() {
            let missing = self.required && !self.media.contains_key("*/*");
            return if missing { found("body", "it is missing".to_owned()) } else { Vec::new() };
        }
        if self.media.is_empty() {
            return found("body", "there is one, and none is documented".to_owned());
        }
        let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        let Some(media) = self.media.get(&essence).or_else(|| self.media.get("*/*")) else {
            let documented = self.media.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            return found("content-type", format!("it is `{essence}`; documented: {documented}"));
        };
        let Some(schema) = &media.schema else { return Vec::new() };
        let value = if essence == FORM {
            media.form(schema, body)
        } else if essence.ends_with("/json") || essence.ends_with("+json") {
            match serde_json::from_slice(body) {
                Ok(value) => value,
                Err(error) => return found("body", format!("it is no JSON: {error}")),
            }
        } else {
            Json::from(String::from_utf8_lossy(body))
        };
        schema.findings(&format!("{prefix}body"), &value)
    }
}

impl Media {
    /// The form as an object, its members as the schema wants them; one given twice is a list.
    fn form(&self, schema: &Schema, body: &[u8]) -> Json {
        let mut given: Vec<(Cow<'_, str>, Vec<Cow<'_, str>>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(body) {
            match given.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(value),
                None => given.push((name, vec![value])),
            }
        }
        let members = given.into_iter().map(|(name, values)| {
            let shape = schema.member(&name);
            let list = schemas::types(shape).contains(&"array");
            let value = match values.as_slice() {
                [text] if list && self.joined.iter().any(|joined| **joined == name) => {
                    schemas::read_list(shape, text.split(','))
                }
                [text] if !list => schemas::read(shape, text),
                several => schemas::read_list(shape, several.iter().map(AsRef::as_ref)),
            };
            (name.into_owned(), value)
        });
        Json::Object(members.collect::<Map<_, _>>())
    }
}
