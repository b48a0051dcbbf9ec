//! The unified user, mapped from the answers at hand by the definition.

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::classify::{may_hold, shown_body};
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
        let at = &self.mapping.at;
        let bytes = match self.index {
            None if at.is_empty() => {
                let raw = pages.first()?;
                raw.slice_ref(raw.trim_ascii())
            }
            index => found_in(pages, at, index)?,
        };
        if !may_hold(&bytes, secret_fields) {
            return Some(bytes);
        }
        shown_body(&bytes, secret_fields).map(|json| Bytes::from(json.to_string()))
    }
}

/// What is at `path` of a body that was read as JSON; or the element at `index` of the list that is there, which goes on
/// from page to page.
fn found_in(pages: &[Bytes], path: &[String], mut index: Option<usize>) -> Option<Bytes> {
    for raw in pages {
        let mut reader = serde_json::Deserializer::from_slice(raw);
        match (At { path, index }).deserialize(&mut reader).ok()?? {
            Found::Json(json) => return Some(raw.slice_ref(json.get().as_bytes())),
            Found::Elements(count) => index = index.map(|index| index - count),
        }
    }
    None
}

enum Found<'de> {
    Json(&'de RawValue),
    /// The list has not as many elements; it has these.
    Elements(usize),
}

/// Finds the raw JSON at a path of names, or an element of the list there.
#[derive(Clone, Copy)]
struct At<'p> {
    path: &'p [String],
    index: Option<usize>,
}

impl<'de> DeserializeSeed<'de> for At<'_> {
    type Value = Option<Found<'de>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match (self.path, self.index) {
            ([], None) => serde::Deserialize::deserialize(deserializer).map(|json| Some(Found::Json(json))),
            ([], Some(_)) => deserializer.deserialize_seq(self),
            _ => deserializer.deserialize_map(self),
        }
    }
}

impl<'de> Visitor<'de> for At<'_> {
    type Value = Option<Found<'de>>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("an object, or at its end a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let Some((name, path)) = self.path.split_first() else { return Ok(None) };
        while let Some(key) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            if key == name.as_str() {
                found = map.next_value_seed(At { path, ..self })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut count = 0;
        while self.index != Some(count) {
            if list.next_element::<IgnoredAny>()?.is_none() {
                return Ok(Some(Found::Elements(count)));
            }
            count += 1;
        }
        let found = list.next_element()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Some(found.map_or(Found::Elements(count), Found::Json)))
    }
}
