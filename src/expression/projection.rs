//! Which parts of an answer a definition looks at, and a JSON reader that builds only those.

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use vrl::value::{KeyString, ObjectMap, Value};

/// The parts of a JSON document that are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    whole: bool,
    fields: Vec<(String, Projection)>,
    elements: Option<Box<Projection>>,
}

impl Projection {
    /// Wants the value at this path of names, with all that is in it.
    pub fn want<S: AsRef<str>>(&mut self, path: &[S]) {
        self.at(path).whole = true;
    }

    /// Wants, of each element of the list at `path`, the value at `inner`.
    pub fn want_each<S: AsRef<str>, T: AsRef<str>>(&mut self, path: &[S], inner: &[T]) {
        let elements = self.at(path).elements.get_or_insert_default();
        elements.want(inner);
    }

    /// Whether nothing at all is wanted, so that the document need not be read.
    pub fn is_empty(&self) -> bool {
        !self.whole && self.fields.is_empty() && self.elements.is_none()
    }

    fn at<S: AsRef<str>>(&mut self, path: &[S]) -> &mut Self {
        path.iter().fold(self, |node, name| {
            let name = name.as_ref();
            let index = node.fields.iter().position(|(field, _)| field == name);
            let index = index.unwrap_or_else(|| {
                node.fields.push((name.to_owned(), Self::default()));
                node.fields.len() - 1
            });
            &mut node.fields[index].1
        })
    }

    /// Reads the wanted parts. The whole document is still checked to be JSON.
    ///
    /// # Errors
    /// If it is not.
    pub fn read(&self, document: &Bytes) -> Result<Value, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(document);
        let value = Reader { wanted: self, document }.deserialize(&mut reader)?;
        reader.end()?;
        Ok(value)
    }
}

static WHOLE: Projection = Projection { whole: true, fields: Vec::new(), elements: None };

/// Strings without escapes are slices of the document: nothing is copied.
#[derive(Clone, Copy)]
struct Reader<'p> {
    wanted: &'p Projection,
    document: &'p Bytes,
}

impl<'p> Reader<'p> {
    fn child(self, wanted: &'p Projection) -> Self {
        Reader { wanted, ..self }
    }

    fn element(self) -> Option<Self> {
        if self.wanted.whole {
            return Some(self);
        }
        self.wanted.elements.as_deref().map(|wanted| self.child(wanted))
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Boolean(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        // What no i64 holds stays exact as its decimal text: it is an id, not a quantity.
        Ok(i64::try_from(number).map_or_else(|_| Value::from(number.to_string()), Value::Integer))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::from_f64_or_zero(number))
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value, E> {
        let slice = self.document.slice_ref(text.as_bytes());
        // It is UTF-8, or it would be no `str`; said once here, nobody who reads it has to ask again.
        Ok(slice.try_into().map_or_else(|_| Value::from(text), Value::String))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        match self.element() {
            Some(element) => {
                while let Some(value) = list.next_element_seed(element)? {
                    values.push(value);
                }
            }
            None => while list.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = ObjectMap::new();
        if self.wanted.whole {
            while let Some(name) = map.next_key::<String>()? {
                let value = map.next_value_seed(self.child(&WHOLE))?;
                object.insert(KeyString::from(name), value);
            }
            return Ok(Value::Object(object));
        }
        while let Some(wanted) = map.next_key_seed(Name(self.wanted))? {
            match wanted {
                Some((name, inner)) => {
                    let value = map.next_value_seed(self.child(inner))?;
                    object.insert(KeyString::from(name.as_str()), value);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(Value::Object(object))
    }
}

/// Finds a member's name among the wanted ones, without copying it.
struct Name<'p>(&'p Projection);

impl<'de, 'p> DeserializeSeed<'de> for Name<'p> {
    type Value = Option<&'p (String, Projection)>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'p> Visitor<'_> for Name<'p> {
    type Value = Option<&'p (String, Projection)>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.fields.iter().find(|(wanted, _)| wanted == name))
    }
}
