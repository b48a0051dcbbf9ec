//! The value type of expressions (VRL's), and what definitions mean by "the same id".

use std::borrow::Cow;

pub use vrl::value::Value;
use vrl::value::{KeyString, ObjectMap};

/// A plain path into a [`Value`], such as `.get_user.body.roles[0].id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValuePath {
    segments: Vec<Segment>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Field(String),
    Index(usize),
}

impl ValuePath {
    /// Reads `.a.b[0].c`, with or without the leading dot. `None` if the text is anything more than a path.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('.').unwrap_or(text);
        let mut segments = Vec::new();
        for part in text.split('.') {
            let (name, mut rest) = part.split_at(part.find('[').unwrap_or(part.len()));
            let mut letters = name.chars();
            let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
            if !starts || !letters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return None;
            }
            segments.push(Segment::Field(name.to_owned()));
            while !rest.is_empty() {
                let (index, tail) = rest.strip_prefix('[')?.split_once(']')?;
                segments.push(Segment::Index(index.parse().ok()?));
                rest = tail;
            }
        }
        Some(Self { segments })
    }

    /// The first field's name, and the path below it.
    pub fn split_root(&self) -> (&str, PathRest<'_>) {
        match self.segments.split_first() {
            Some((Segment::Field(root), rest)) => (root, PathRest(rest)),
            _ => ("", PathRest(&self.segments)),
        }
    }

    /// The leading fields' names, up to the first index.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().map_while(|segment| match segment {
            Segment::Field(name) => Some(name.as_str()),
            Segment::Index(_) => None,
        })
    }

    /// All its names, if there is no index in it.
    pub fn names(&self) -> Option<Vec<&str>> {
        let names: Vec<&str> = self.fields().collect();
        (names.len() == self.segments.len()).then_some(names)
    }

    /// The value at this path.
    pub fn get<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        PathRest(&self.segments).get(value)
    }
}

/// The rest of a path, below its root.
#[derive(Clone, Copy)]
pub struct PathRest<'p>(&'p [Segment]);

impl<'p> PathRest<'p> {
    pub(super) fn split_field(self) -> Option<(&'p str, Self)> {
        match self.0.split_first()? {
            (Segment::Field(name), rest) => Some((name, PathRest(rest))),
            (Segment::Index(_), _) => None,
        }
    }

    pub(super) fn get(self, value: &Value) -> Option<&Value> {
        self.0.iter().try_fold(value, |value, segment| match (segment, value) {
            (Segment::Field(name), Value::Object(map)) => map.get(name.as_str()),
            (Segment::Index(index), Value::Array(list)) => list.get(*index),
            _ => None,
        })
    }
}

/// Puts a second value beside the first: members of objects side by side, elements of lists in a row. Of anything else
/// the first stays, but for `false`, which stays from either: what is complete in one part alone is not complete.
pub(super) fn join(first: &mut Value, second: &Value) {
    match (first, second) {
        (Value::Object(first), Value::Object(second)) => {
            for (name, value) in second {
                match first.get_mut(name) {
                    Some(known) => join(known, value),
                    None => drop(first.insert(name.clone(), value.clone())),
                }
            }
        }
        (Value::Array(first), Value::Array(second)) => first.extend(second.iter().cloned()),
        // An empty list may be written as null.
        (first @ (Value::Null | Value::Boolean(true)), second) => *first = second.clone(),
        _ => {}
    }
}

/// Builds an object from names and values; a `Null` is left out.
pub fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    // One by one: collected, they would be sorted first.
    let mut object = ObjectMap::new();
    for (name, value) in members {
        if !matches!(value, Value::Null) {
            object.insert(KeyString::from(name), value);
        }
    }
    Value::Object(object)
}

/// The text of an id: a string as it is, an integer in decimal. Nothing else is an id.
pub fn id_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        _ => None,
    }
}

/// Whether two values are the same id or name: `7` and `"7"` are.
pub fn same_id(left: &Value, right: &Value, ignore_case: bool) -> bool {
    match (left, right) {
        (Value::Boolean(left), Value::Boolean(right)) => left == right,
        _ => match (id_text(left), id_text(right)) {
            (Some(left), Some(right)) if ignore_case => left.to_lowercase() == right.to_lowercase(),
            (Some(left), Some(right)) => left == right,
            _ => false,
        },
    }
}

/// From JSON. An integer that no `i64` holds becomes its decimal text, so that no id is ever rounded.
pub fn from_json(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Boolean(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => Value::Integer(integer),
            (None, Some(large)) => Value::from(large.to_string()),
            (None, None) => Value::from_f64_or_zero(number.as_f64().unwrap_or_default()),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(list) => Value::Array(list.iter().map(from_json).collect()),
        Json::Object(map) => Value::Object(
            map.iter().map(|(name, value)| (KeyString::from(name.as_str()), from_json(value))).collect::<ObjectMap>(),
        ),
    }
}

/// To JSON.
pub fn to_json(value: &Value) -> serde_json::Value {
    use serde_json::Value as Json;
    match value {
        Value::Null => Json::Null,
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::Integer(integer) => Json::from(*integer),
        Value::Float(float) => Json::from(float.into_inner()),
        Value::Array(list) => Json::Array(list.iter().map(to_json).collect()),
        Value::Object(map) => {
            Json::Object(map.iter().map(|(name, value)| (name.to_string(), to_json(value))).collect())
        }
        text => Json::String(text.to_string_lossy().into_owned()),
    }
}
