//! The unified user as mapped: values, and texts that still stand in the provider's document.

use bytes::Bytes;

use crate::expression::{Cell, Value, to_json};
use crate::model::FieldType;

/// Mapped fields of the unified user, in the schema's order.
#[derive(Debug, Default)]
pub struct UserFields {
    /// What captured texts stand in.
    pub(super) document: Bytes,
    pub(super) fields: Vec<(&'static str, FieldType, Mapped)>,
}

/// A mapped field.
#[derive(Debug)]
pub enum Mapped {
    Cell(Cell),
    /// Elements of a list of the schema: a row of cells each, one for every member there could be.
    Rows(&'static [(&'static str, FieldType)], Vec<Cell>),
}

/// What a cell holds.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'v> {
    Nothing,
    /// A text that needs no escapes.
    Plain(&'v [u8]),
    Value(&'v Value),
}

impl UserFields {
    /// Whether nothing was mapped.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = &(&'static str, FieldType, Mapped)> {
        self.fields.iter()
    }

    /// The field of that name.
    pub fn get(&self, name: &str) -> Option<&Mapped> {
        self.iter().find(|(field, ..)| *field == name).map(|(.., mapped)| mapped)
    }

    /// What a cell of these fields holds.
    pub fn shown<'v>(&'v self, cell: &'v Cell) -> Shown<'v> {
        match cell {
            Cell::Absent => Shown::Nothing,
            Cell::Text(start, end) => self.document.get(*start..*end).map_or(Shown::Nothing, Shown::Plain),
            Cell::Value(value) => Shown::Value(value),
        }
    }

    /// A field as JSON, before anything is shaped for a response format.
    pub fn to_json(&self, name: &str) -> Option<serde_json::Value> {
        let json = |cell: &Cell| to_json(&cell.to_value(&self.document));
        Some(match self.get(name)? {
            Mapped::Cell(cell) => json(cell),
            Mapped::Rows(members, cells) => cells
                .chunks_exact(members.len())
                .map(|row| -> serde_json::Value {
                    let named = members.iter().zip(row).filter(|(_, cell)| !matches!(cell, Cell::Absent));
                    named.map(|((name, _), cell)| ((*name).to_owned(), json(cell))).collect()
                })
                .collect(),
        })
    }
}
