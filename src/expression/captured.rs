//! What is taken out of a document to travel on as it is: no expression reads it, so no value is built of it.

use bytes::Bytes;
use vrl::value::Value;

/// One captured value.
#[derive(Clone, Debug, Default)]
pub enum Cell {
    /// Nothing, or null.
    #[default]
    Absent,
    /// A text without escapes: it stands in the document from here to there.
    Text(usize, usize),
    /// Anything else.
    Value(Value),
}

impl From<Value> for Cell {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Absent,
            value => Self::Value(value),
        }
    }
}

impl Cell {
    /// As a value. `document` is the one it was taken from.
    pub fn to_value(&self, document: &Bytes) -> Value {
        match self {
            Self::Absent => Value::Null,
            Self::Text(start, end) => text_value(document.slice(*start..*end)),
            Self::Value(value) => value.clone(),
        }
    }
}

/// It was UTF-8 where it was found; said once here, nobody who reads it has to ask again.
pub(super) fn text_value(slice: Bytes) -> Value {
    slice.try_into().map_or(Value::Null, Value::String)
}

/// What a projection captured of one document.
#[derive(Clone, Debug, Default)]
pub struct Captured {
    pub(super) document: Bytes,
    pub(super) cells: Vec<Cell>,
    tables: Vec<Table>,
}

/// A row an element of a list.
#[derive(Clone, Debug, Default)]
struct Table {
    columns: usize,
    cells: Vec<Cell>,
}

impl Captured {
    pub(super) fn new(document: Bytes, cells: usize, tables: &[usize]) -> Self {
        let tables = tables.iter().map(|columns| Table { columns: *columns, cells: Vec::new() });
        Self { document, cells: vec![Cell::Absent; cells], tables: tables.collect() }
    }

    /// The document it was captured from.
    pub fn document(&self) -> &Bytes {
        &self.document
    }

    /// The cell of that number.
    pub fn cell(&self, cell: usize) -> &Cell {
        static ABSENT: Cell = Cell::Absent;
        self.cells.get(cell).unwrap_or(&ABSENT)
    }

    /// The rows of a table.
    pub fn rows(&self, table: usize) -> impl ExactSizeIterator<Item = &[Cell]> {
        let table = self.tables.get(table);
        let (columns, cells) = table.map_or((1, &[][..]), |table| (table.columns.max(1), &table.cells));
        cells.chunks_exact(columns)
    }

    /// From here on cells are a table's, which starts anew.
    pub(super) fn enter(&mut self, table: usize) {
        const LIKELY_ROWS: usize = 16;
        std::mem::swap(&mut self.cells, &mut self.tables[table].cells);
        self.cells.clear();
        self.cells.reserve(LIKELY_ROWS * self.tables[table].columns);
    }

    /// From here on cells are the document's again.
    pub(super) fn leave(&mut self, table: usize) {
        std::mem::swap(&mut self.cells, &mut self.tables[table].cells);
    }

    /// Adds a row to the table that was entered, and says where it starts.
    pub(super) fn add_row(&mut self, table: usize) -> usize {
        let row = self.cells.len();
        self.cells.extend((0..self.tables[table].columns).map(|_| Cell::Absent));
        row
    }
}

/// What was read of one answer.
#[derive(Clone, Debug)]
pub struct Reading {
    /// `{status, body}` as expressions see it.
    pub value: Value,
    /// What travels on of the body.
    pub captured: Captured,
}

impl From<Value> for Reading {
    fn from(value: Value) -> Self {
        Self { value, captured: Captured::default() }
    }
}
