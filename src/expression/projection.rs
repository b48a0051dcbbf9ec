//! Which parts of an answer a definition looks at: values for expressions, and cells for what only travels on.

use bytes::Bytes;
use vrl::value::Value;

use super::captured::{Captured, Cell};
use super::reader;
use super::scan::NotJson;

/// The parts of a JSON document that are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Projection {
    root: Node,
    cells: usize,
    /// The columns of each table.
    tables: Vec<usize>,
}

/// What is wanted of one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// A value is built of it, or of a part of it.
    pub(super) keep: bool,
    /// With all that is in it.
    pub(super) whole: bool,
    /// The cell that takes it, with all that is in it.
    pub(super) cell: Option<usize>,
    pub(super) fields: Vec<Field>,
    pub(super) elements: Option<Box<Elements>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Tells most names apart without comparing them.
    mark: u32,
    pub(super) name: String,
    pub(super) node: Node,
}

/// What is wanted of each element of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Elements {
    pub(super) node: Node,
    /// The table whose rows they are, where cells are taken of them.
    pub(super) table: Option<usize>,
}

impl Default for Projection {
    fn default() -> Self {
        // That a document is a list or a text can be seen, whatever is wanted of it.
        Self { root: Node { keep: true, ..Node::default() }, cells: 0, tables: Vec::new() }
    }
}

impl Projection {
    /// Wants the value at this path of names, with all that is in it.
    pub fn want<S: AsRef<str>>(&mut self, path: &[S]) {
        self.root.at(path, true).whole = true;
    }

    /// Wants, of each element of the list at `path`, the value at `inner`.
    pub fn want_each<S: AsRef<str>, T: AsRef<str>>(&mut self, path: &[S], inner: &[T]) {
        let elements = self.root.at(path, true).elements.get_or_insert_default();
        elements.node.keep = true;
        elements.node.at(inner, true).whole = true;
    }

    /// Captures the value at this path of names, and says in which cell.
    pub fn capture<S: AsRef<str>>(&mut self, path: &[S]) -> usize {
        let cell = self.root.at(path, false).cell.get_or_insert(self.cells);
        self.cells = self.cells.max(*cell + 1);
        *cell
    }

    /// Captures, of each element of the list at `path`, the value at `inner`; says in which table, and in which column.
    pub fn capture_each<S: AsRef<str>, T: AsRef<str>>(&mut self, path: &[S], inner: &[T]) -> (usize, usize) {
        let elements = self.root.at(path, false).elements.get_or_insert_default();
        let table = *elements.table.get_or_insert(self.tables.len());
        if table == self.tables.len() {
            self.tables.push(0);
        }
        let columns = &mut self.tables[table];
        let column = elements.node.at(inner, false).cell.get_or_insert(*columns);
        *columns = (*columns).max(*column + 1);
        (table, *column)
    }

    /// Whether nothing at all is wanted, so that the document need not be read.
    pub fn is_empty(&self) -> bool {
        let root = &self.root;
        !root.whole && root.cell.is_none() && root.fields.is_empty() && root.elements.is_none()
    }

    /// Reads the wanted parts. The whole document is still checked to be JSON.
    ///
    /// # Errors
    /// If it is not.
    pub fn read(&self, document: &Bytes) -> Result<(Value, Captured), NotJson> {
        let mut captured = Captured::new(document.clone(), self.cells, &self.tables);
        let value = reader::read(&self.root, &mut captured)?;
        Ok((value, captured))
    }
}

impl Node {
    fn at<S: AsRef<str>>(&mut self, path: &[S], keep: bool) -> &mut Self {
        path.iter().fold(self, |node, name| {
            let name = name.as_ref();
            let index = node.fields.iter().position(|field| field.name == name);
            let index = index.unwrap_or_else(|| {
                node.fields.push(Field { mark: mark(name.as_bytes()), name: name.to_owned(), node: Self::default() });
                node.fields.len() - 1
            });
            let node = &mut node.fields[index].node;
            node.keep |= keep;
            node
        })
    }

    /// The field of that name, which is likely to be the one at `likely`.
    #[inline]
    pub(super) fn find(&self, name: &[u8], likely: usize) -> Option<usize> {
        let mark = mark(name);
        let is_likely = |field: &&Field| field.mark == mark && field.name.as_bytes() == name;
        if self.fields.get(likely).filter(is_likely).is_some() {
            return Some(likely);
        }
        self.fields.iter().position(|field| field.mark == mark && field.name.as_bytes() == name)
    }

    /// Whether a value is built of it with all that is in it.
    pub(super) fn is_whole(&self) -> bool {
        self.whole || self.cell.is_some()
    }

    /// Takes out of a value that was built whole what cells take of it.
    pub(super) fn fill(&self, value: Option<&Value>, into: &mut Captured, row: usize) {
        if let Some(cell) = self.cell {
            into.cells[row + cell] = value.map_or(Cell::Absent, |value| Cell::from(value.clone()));
        }
        for field in &self.fields {
            let member = value.and_then(|value| value.as_object()?.get(field.name.as_str()));
            field.node.fill(member, into, row);
        }
        if let Some(elements) = &self.elements
            && let Some(table) = elements.table
        {
            into.enter(table);
            for element in value.and_then(Value::as_array).unwrap_or_default() {
                let row = into.add_row(table);
                elements.node.fill(Some(element), into, row);
            }
            into.leave(table);
        }
    }
}

/// The length of a name, its first byte and its last.
fn mark(name: &[u8]) -> u32 {
    let (first, last) = match name {
        [first, .., last] => (*first, *last),
        [one] => (*one, *one),
        [] => (0, 0),
    };
    let length = u32::try_from(name.len()).unwrap_or(u32::MAX);
    length << 16 | u32::from(first) << 8 | u32::from(last)
}
