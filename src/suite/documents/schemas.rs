//! JSON Schemas of a document, compiled once each, and how text (of a path, a query, a form) is read by them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use jsonschema::Validator;
use serde_json::{Map, Value as Json, json};

use super::Finding;

/// Enough to see what is wrong, and no listing of ten thousand users.
const LONGEST_MESSAGE: usize = 240;

/// A compiled schema.
#[derive(Clone)]
pub(super) struct Schema {
    validator: Arc<Validator>,
    /// Without `$ref`s at its top, and in its properties and items.
    shape: Json,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.shape)
    }
}

impl Schema {
    /// What is wrong with the value, each with its place below `at`.
    pub(super) fn findings(&self, at: &str, value: &Json) -> Vec<Finding> {
        let errors = self.validator.iter_errors(value);
        errors.map(|error| (format!("{at}{}", error.instance_path()), shortened(error.to_string()))).collect()
    }

    /// Whether the value may be a list, to be taken apart from the text that holds it.
    pub(super) fn is_list(&self) -> bool {
        types(&self.shape).contains(&"array")
    }

    pub(super) fn is_object(&self) -> bool {
        types(&self.shape).contains(&"object")
    }

    /// The schema's member of that name, as it tells how text is read; null if there is none.
    pub(super) fn member(&self, name: &str) -> &Json {
        &self.shape["properties"][name]
    }

    /// The text as the number or truth value that the schema wants, if it is one.
    pub(super) fn read(&self, text: &str) -> Json {
        read(&self.shape, text)
    }

    /// The texts as a list of what the schema's items are.
    pub(super) fn read_list<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Json {
        read_list(&self.shape, texts)
    }
}

pub(super) fn read_list<'a>(shape: &Json, texts: impl Iterator<Item = &'a str>) -> Json {
    texts.map(|text| read(&shape["items"], text)).collect()
}

pub(super) fn read(shape: &Json, text: &str) -> Json {
    let types = types(shape);
    let number: Option<Json> = serde_json::from_str(text).ok().filter(Json::is_number);
    match (number, text) {
        (Some(number), _) if types.contains(&"number") => number,
        // `4e1` is a number, but no integer as an id or a limit is written.
        (Some(whole), _) if types.contains(&"integer") && (whole.is_i64() || whole.is_u64()) => whole,
        (_, "true" | "false") if types.contains(&"boolean") => Json::from(text == "true"),
        _ => Json::from(text),
    }
}

pub(super) fn types(shape: &Json) -> Vec<&str> {
    match &shape["type"] {
        Json::Array(types) => types.iter().filter_map(Json::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

fn shortened(mut message: String) -> String {
    if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
        message.truncate(end);
        message.push('…');
    }
    message
}

/// Compiles the schemas of one document, equal ones once.
pub(super) struct Compiler<'a> {
    root: &'a Json,
    compiled: HashMap<String, Schema>,
}

impl<'a> Compiler<'a> {
    pub(super) fn new(root: &'a Json) -> Self {
        Self { root, compiled: HashMap::new() }
    }

    /// Compiles a schema whose `$ref`s point into the document.
    pub(super) fn compile(&mut self, schema: &Json) -> Result<Schema, String> {
        let text = schema.to_string();
        if let Some(known) = self.compiled.get(&text) {
            return Ok(known.clone());
        }
        // The parts that references may name stand beside the schema, where they stand in the document.
        let mut whole = Map::new();
        for part in ["components", "$defs"] {
            if let Some(value) = self.root.get(part) {
                whole.insert(part.to_owned(), value.clone());
            }
        }
        whole.insert("allOf".to_owned(), json!([schema]));
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        let validator = options.build(&Json::Object(whole)).map_err(|error| error.to_string())?;
        let compiled = Schema { validator: Arc::new(validator), shape: self.shape(schema)? };
        self.compiled.insert(text, compiled.clone());
        Ok(compiled)
    }

    /// What a `$ref` names, or the value itself.
    pub(super) fn resolve<'v>(&self, value: &'v Json) -> Result<&'v Json, String>
    where
        'a: 'v,
    {
        let Some(reference) = value.get("$ref").and_then(Json::as_str) else {
            return Ok(value);
        };
        let pointed = reference.strip_prefix('#').and_then(|pointer| self.root.pointer(pointer));
        pointed.ok_or_else(|| format!("{reference} names nothing"))
    }

    fn shape(&self, schema: &Json) -> Result<Json, String> {
        let mut shape = self.resolve(schema)?.clone();
        if let Some(items) = shape.get_mut("items") {
            *items = self.resolve(items)?.clone();
        }
        for member in shape.get_mut("properties").and_then(Json::as_object_mut).into_iter().flat_map(Map::values_mut) {
            *member = self.resolve(member)?.clone();
        }
        Ok(shape)
    }
}
