//! The unified user, mapped from the answers at hand by the definition.

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::classify::shown_body;
use super::mapped::{Mapped, UserFields};
use super::run::Run;
use crate::connector::{Element, FieldSource, List, MappedField, Members, UserMapping};
use crate::expression::{Cell, Reading, Scope, TreeTemplate, Value, same_id};
use crate::model::FieldType;

/// A mapping, applied.
pub(super) struct MappedUser<'r> {
    pub(super) fields: UserFields,
    /// The answer it was mapped from.
    pub(super) reading: &'r Reading,
    pub(super) mapping: &'r UserMapping,
    /// The object's place, where it is one of a list.
    index: Option<usize>,
}

impl Run<'_> {
    /// The first mapping whose step was answered well, applied.
    pub(super) fn map_user(&self) -> Option<MappedUser<'_>> {
        let scope = self.scope(self.items.len().checked_sub(1));
        self.operation.user.iter().find_map(|mapping| {
            let reading = scope.reading(&mapping.step, mapping.before)?;
            let (object, index) = object_at(mapping, reading.value.as_object()?.get("body")?, &scope)?;
            let scope = Scope { object, captured: Some(&reading.captured), ..scope };
            if matches!(object, Value::Null) || mapping.when.as_ref().is_some_and(|when| !when.is_true(&scope)) {
                return None;
            }
            let mut fields = Vec::with_capacity(mapping.fields.len());
            fields.extend(
                mapping.fields.iter().filter_map(|field| Some((field.name, field.holds, map_field(field, &scope)?))),
            );
            let fields = UserFields { document: reading.captured.document().clone(), fields };
            Some(MappedUser { fields, reading, mapping, index })
        })
    }
}

/// The provider's object, and its place if it is one of a list.
fn object_at<'v>(mapping: &UserMapping, body: &'v Value, scope: &Scope<'_>) -> Option<(&'v Value, Option<usize>)> {
    let list = || {
        let found = mapping.at.iter().try_fold(body, |value, name| value.as_object()?.get(name.as_str()));
        found.and_then(Value::as_array)
    };
    match &mapping.element {
        // Not all of it may have been read: what is wanted of it is asked for by its own path.
        Element::None => Some((body, None)),
        Element::Index(index) => Some((list()?.get(*index)?, Some(*index))),
        Element::Where(fields) => {
            let is_the_one = |element: &Value| {
                fields.iter().all(|(path, template)| match (path.get(element), template.fill(scope)) {
                    (Some(value), Some(expected)) => same_id(value, &expected, false),
                    _ => false,
                })
            };
            let index = list()?.iter().position(is_the_one)?;
            Some((&list()?[index], Some(index)))
        }
    }
}

fn map_field(field: &MappedField, scope: &Scope<'_>) -> Option<Mapped> {
    let FieldType::List(known) = field.holds else { return map_cell(&field.source, scope).map(Mapped::Cell) };
    let mut rows = Rows { known, cells: Vec::new() };
    match &field.source {
        FieldSource::Expression(_) | FieldSource::Tree(_) => return map_cell(&field.source, scope).map(Mapped::Cell),
        FieldSource::Elements(elements) => {
            elements.iter().for_each(|members| rows.add(members, scope));
        }
        FieldSource::Each { list: List::Expression(list), members } => {
            let list = list.evaluate(scope);
            list.as_array()?.iter().for_each(|each| rows.add(members, &scope.with_each(each)));
        }
        FieldSource::Each { list: List::Table(table), members } => {
            let mut scope = *scope;
            let captured = scope.captured?.rows(*table);
            rows.cells.reserve(captured.len() * known.len());
            for row in captured {
                scope.row = row;
                rows.add(members, &scope);
            }
        }
    }
    (!rows.cells.is_empty()).then_some(Mapped::Rows(known, rows.cells))
}

fn map_cell(source: &FieldSource, scope: &Scope<'_>) -> Option<Cell> {
    let cell = match source {
        FieldSource::Expression(expression) => expression.cell(scope),
        FieldSource::Tree(tree) => tree.cell(scope),
        FieldSource::Elements(_) | FieldSource::Each { .. } => Cell::Absent,
    };
    has_value(&cell).then_some(cell)
}

/// Elements of a list of the schema.
struct Rows {
    known: &'static [(&'static str, FieldType)],
    cells: Vec<Cell>,
}

impl Rows {
    /// Adds an element, unless nothing but literals would fill it.
    fn add(&mut self, members: &Members, scope: &Scope<'_>) {
        let row = self.cells.len();
        self.cells.extend(self.known.iter().map(|_| Cell::Absent));
        let mut fed = false;
        for (index, template) in members {
            let cell = template.cell(scope);
            fed |= !matches!(cell, Cell::Absent) && !matches!(template, TreeTemplate::Literal(_));
            self.cells[row + index] = cell;
        }
        if !fed {
            self.cells.truncate(row);
        }
    }
}

/// Empty texts, lists and objects are no value.
fn has_value(cell: &Cell) -> bool {
    match cell {
        Cell::Absent | Cell::Value(Value::Null) => false,
        Cell::Text(start, end) => start < end,
        Cell::Value(Value::String(text)) => !text.is_empty(),
        Cell::Value(Value::Bytes(text)) => !text.is_empty(),
        Cell::Value(Value::Array(list)) => !list.is_empty(),
        Cell::Value(Value::Object(map)) => !map.is_empty(),
        Cell::Value(_) => true,
    }
}

impl MappedUser<'_> {
    /// The provider's object that was mapped, its bytes as they came; masked where the definition names secrets.
    pub(super) fn remote_object(&self, pages: &[Bytes], secret_fields: &[String]) -> Option<Bytes> {
        let bytes = match self.index {
            Some(index) => element_of(pages, &self.mapping.at, index)?,
            None => object_in(pages.first()?, &self.mapping.at)?,
        };
        if secret_fields.is_empty() {
            return Some(bytes);
        }
        shown_body(&bytes, secret_fields).map(|json| Bytes::from(json.to_string()))
    }
}

/// What is at `path` of a body that was read as JSON.
fn object_in(raw: &Bytes, path: &[String]) -> Option<Bytes> {
    if path.is_empty() {
        return Some(raw.slice_ref(raw.trim_ascii()));
    }
    let mut reader = serde_json::Deserializer::from_slice(raw);
    let found = At(path).deserialize(&mut reader).ok()??;
    Some(raw.slice_ref(found.get().as_bytes()))
}

/// The element at `index` of the list at `path`, which goes on from page to page.
fn element_of(pages: &[Bytes], path: &[String], mut index: usize) -> Option<Bytes> {
    for raw in pages {
        let list = object_in(raw, path)?;
        let elements: Vec<&RawValue> = serde_json::from_slice(&list).ok()?;
        match elements.get(index) {
            Some(element) => return Some(raw.slice_ref(element.get().as_bytes())),
            None => index -= elements.len(),
        }
    }
    None
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
