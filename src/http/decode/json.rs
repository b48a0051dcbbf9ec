//! JSON text to a tree that loses nothing the contract needs: numbers keep their text, a key given
//! twice and nesting beyond the limit are refused with their place.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::place::Path;
use crate::model::RequestError;

/// From this many keys on, a set finds the repeated one faster than looking through them.
const KEYS_LOOKED_THROUGH: usize = 16;

/// A JSON value, borrowing from its text where it can.
#[derive(Debug)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// As written: an id above 2^53 must not pass through a float.
    Number(&'a str),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Reads one JSON text. `at` is where it stands, `depth` how many containers are around it.
pub(super) fn parse<'a>(
    text: &'a str,
    at: &Path<'_>,
    depth: usize,
    max_depth: usize,
) -> Result<Json<'a>, RequestError> {
    let reader = Reader { numbers: Numbers { text, at: Cell::new(0) }, max_depth, refusal: RefCell::new(None) };
    let element = Element { reader: &reader, at, depth };
    let mut source = serde_json::Deserializer::from_str(text);
    element.deserialize(&mut source).and_then(|json| source.end().map(|()| json)).map_err(|error| {
        RequestError::new(match reader.refusal.take() {
            Some(refusal) => format!("{refusal} (line {} column {})", error.line(), error.column()),
            None => format!("{at}: not valid JSON: {error}"),
        })
    })
}

impl Json<'_> {
    /// Null, and whatever holds nothing: absent, by the contract.
    pub(super) fn is_absent(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(_) | Self::Number(_) => false,
            Self::Text(text) => text.is_empty(),
            Self::List(items) => items.iter().all(Self::is_absent),
            Self::Object(entries) => entries.iter().all(|(_, value)| value.is_absent()),
        }
    }

    /// The value with its article, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// An id or a name: a string, or an integer standing for its decimal string.
    pub(super) fn into_text(self, at: &Path<'_>) -> Result<Option<String>, RequestError> {
        if self.is_absent() {
            return Ok(None);
        }
        match self {
            Self::Text(text) => Ok(Some(text.into_owned())),
            Self::Number(number) if is_integer(number) => Ok(Some(number.to_owned())),
            Self::Number(_) => Err(RequestError::new(format!(
                "{at} is a number with a fraction or an exponent, which may not be exact; send it \
                 as a string"
            ))),
            other => Err(RequestError::new(format!("{at} is {}; it must be a string or an integer", other.kind()))),
        }
    }

    /// The value as it is to be sent on. Fails on an integer that would not arrive digit for digit.
    pub(super) fn into_value(self, at: &Path<'_>) -> Result<Value, RequestError> {
        Ok(match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Text(text) => Value::String(text.into_owned()),
            Self::Number(text) => Value::Number(number(text).ok_or_else(|| {
                RequestError::new(format!("{at} is a number too large to be passed on exactly; send it as a string"))
            })?),
            Self::List(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| item.into_value(&at.index(index)))
                .collect::<Result<_, _>>()?,
            Self::Object(entries) => Value::Object(into_map(entries, at)?),
        })
    }
}

/// An object's entries as they are to be sent on.
pub(super) fn into_map(
    entries: Vec<(Cow<'_, str>, Json<'_>)>,
    at: &Path<'_>,
) -> Result<Map<String, Value>, RequestError> {
    let mut map = Map::with_capacity(entries.len());
    for (key, value) in entries {
        let value = value.into_value(&at.key(&key))?;
        map.insert(key.into_owned(), value);
    }
    Ok(map)
}

fn is_integer(number: &str) -> bool {
    !number.contains(['.', 'e', 'E'])
}

fn number(text: &str) -> Option<Number> {
    if !is_integer(text) {
        return Number::from_f64(text.parse().ok()?);
    }
    let unsigned = text.parse::<u64>().map(Number::from);
    unsigned.or_else(|_| text.parse::<i64>().map(Number::from)).ok()
}

struct Reader<'a> {
    numbers: Numbers<'a>,
    max_depth: usize,
    /// Why reading was stopped, when it was not for the syntax.
    refusal: RefCell<Option<String>>,
}

impl Reader<'_> {
    fn refuse<E: de::Error>(&self, refusal: String) -> E {
        self.refusal.replace(Some(refusal));
        E::custom("refused")
    }
}

/// The numbers of a JSON text in order, as written. A visitor is given them already converted, but
/// is given every one, in order too: each time it sees a number, the next of these is its text.
struct Numbers<'a> {
    text: &'a str,
    at: Cell<usize>,
}

impl<'a> Numbers<'a> {
    fn next(&self) -> &'a str {
        let bytes = self.text.as_bytes();
        let mut at = self.at.get();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => at = after_string(bytes, at + 1),
                b'-' | b'0'..=b'9' => break,
                _ => at += 1,
            }
        }
        let length =
            bytes[at..].iter().take_while(|b| matches!(b, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
        self.at.set(at + length);
        &self.text[at..at + length]
    }
}

/// Past the closing quote of the string whose inside begins at `at`.
fn after_string(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

struct Element<'e, 'a> {
    reader: &'e Reader<'a>,
    at: &'e Path<'e>,
    depth: usize,
}

impl<'e, 'a> Element<'e, 'a> {
    fn inner<'i>(&self, at: &'i Path<'i>) -> Element<'i, 'a>
    where
        'e: 'i,
    {
        Element { reader: self.reader, at, depth: self.depth + 1 }
    }

    fn enter<E: de::Error>(&self) -> Result<(), E> {
        if self.depth < self.reader.max_depth {
            return Ok(());
        }
        Err(self
            .reader
            .refuse(format!("{} is nested deeper than {} levels; flatten it", self.at, self.reader.max_depth)))
    }
}

impl<'a> DeserializeSeed<'a> for Element<'_, 'a> {
    type Value = Json<'a>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Json<'a>, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Element<'_, 'a> {
    type Value = Json<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'a>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'a>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Json<'a>, E> {
        Ok(Json::Number(self.reader.numbers.next()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Json<'a>, E> {
        Ok(Json::Number(self.reader.numbers.next()))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json<'a>, E> {
        Ok(Json::Number(self.reader.numbers.next()))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json<'a>, E> {
        Ok(Json::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut access: A) -> Result<Json<'a>, A::Error> {
        self.enter()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(self.inner(&self.at.index(items.len())))? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut access: A) -> Result<Json<'a>, A::Error> {
        self.enter()?;
        let mut entries: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        let mut seen: HashSet<Cow<'a, str>> = HashSet::new();
        while let Some(key) = access.next_key_seed(Key)? {
            let repeated = if entries.len() < KEYS_LOOKED_THROUGH {
                entries.iter().any(|(other, _)| *other == key)
            } else {
                if seen.is_empty() {
                    seen.extend(entries.iter().map(|(key, _)| key.clone()));
                }
                !seen.insert(key.clone())
            };
            let at = self.at.key(&key);
            if repeated {
                return Err(self.reader.refuse(format!("{at} is given twice; give it once")));
            }
            let value = access.next_value_seed(self.inner(&at))?;
            entries.push((key, value));
        }
        Ok(Json::Object(entries))
    }
}

/// An object's key.
struct Key;

impl<'a> DeserializeSeed<'a> for Key {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for Key {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
