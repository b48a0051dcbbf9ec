//! The unified user, mapped from the answers at hand by the definition.

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::classify::shown_body;
use super::report::{Mapped, MappedElement, UserFields};
use super::run::Run;
use crate::connector::{FieldSource, MappedField, UserMapping};
use crate::expression::{Scope, TreeTemplate, Value};
use crate::model::FieldType;

impl Run<'_> {
    /// The first mapping whose step was answered well, applied.
    pub(super) fn map_user(&self) -> Option<(&UserMapping, UserFields)> {
        let scope = self.scope(self.items.len().checked_sub(1));
        let answered = |step: &str| scope.step_body(step).is_some_and(|body| !matches!(body, Value::Null));
        let suits = |mapping: &&UserMapping| {
            answered(&mapping.step) && mapping.when.as_ref().is_none_or(|when| when.is_true(&scope))
        };
        let mapping = self.operation.user.iter().find(suits)?;
        let fields =
            mapping.fields.iter().filter_map(|field| Some((field.name, field.holds, map_field(field, &scope)?)));
        Some((mapping, fields.collect()))
    }
}

fn map_field(field: &MappedField, scope: &Scope<'_>) -> Option<Mapped> {
    let value = match &field.source {
        FieldSource::Expression(expression) => expression.evaluate(scope).into_owned(),
        FieldSource::Tree(tree) => tree.fill(scope)?,
        FieldSource::Each { list, members } => {
            let list = list.evaluate(scope);
            let mapped = list.as_array()?.iter().filter_map(|entry| map_element(members, &scope.with_each(entry)));
            let elements: Vec<MappedElement> = mapped.collect();
            return (!elements.is_empty()).then_some(Mapped::Elements(elements));
        }
    };
    has_value(&value).then_some(Mapped::Value(value))
}

/// An element that nothing but literals would fill is left out.
fn map_element(members: &[(&'static str, FieldType, TreeTemplate)], scope: &Scope<'_>) -> Option<MappedElement> {
    let mut element = Vec::with_capacity(members.len());
    let mut fed = false;
    for (name, holds, template) in members {
        if let Some(value) = template.fill(scope) {
            fed |= !matches!(template, TreeTemplate::Literal(_));
            element.push((*name, *holds, value));
        }
    }
    fed.then_some(element)
}

/// Empty texts, lists and objects are no value.
fn has_value(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Bytes(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    }
}

/// The provider's object at `path` of a body that was read as JSON, its bytes as they came; masked where the definition
/// names secrets.
pub(super) fn remote_object(raw: &Bytes, path: &[String], secret_fields: &[String]) -> Option<Bytes> {
    let bytes = if path.is_empty() {
        raw.slice_ref(raw.trim_ascii())
    } else {
        let mut reader = serde_json::Deserializer::from_slice(raw);
        let found = At(path).deserialize(&mut reader).ok()??;
        raw.slice_ref(found.get().as_bytes())
    };
    if secret_fields.is_empty() {
        return Some(bytes);
    }
    shown_body(&bytes, secret_fields).map(|json| Bytes::from(json.to_string()))
}

/// Finds the raw JSON at a path of names.
struct At<'p>(&'p [String]);

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.0 {
            [] => serde::Deserialize::deserialize(deserializer).map(Some),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let Some((name, rest)) = self.0.split_first() else { return Ok(None) };
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            if key == name.as_str() {
                found = map.next_value_seed(At(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}
