//! A JSON reader that builds and captures only what is wanted.

use bytes::Bytes;
use vrl::value::{KeyString, ObjectMap, Value};

use super::captured::{Captured, Cell, text_value};
use super::projection::Node;
use super::scan::{NotJson, Scan, Text};

/// Deeper documents are refused where they are looked at.
const DEEPEST: u8 = 127;

/// Reads the document of `into`; what is captured is left there.
pub(super) fn read(root: &Node, into: &mut Captured) -> Result<Value, NotJson> {
    let document = into.document.clone();
    let mut reader = Reader { scan: Scan::new(&document), document: &document, into, row: 0, depth: 0 };
    let mut value = Value::Null;
    reader.value(root, Some(&mut value))?;
    reader.scan.end()?;
    Ok(value)
}

static WHOLE: Node = Node { keep: true, whole: true, cell: None, fields: Vec::new(), elements: None };

struct Reader<'d> {
    scan: Scan<'d>,
    document: &'d Bytes,
    into: &'d mut Captured,
    /// Where the cells of the row at work start.
    row: usize,
    depth: u8,
}

impl Reader<'_> {
    /// Reads one value: into `out`, where somebody keeps it, and into its cell.
    fn value(&mut self, node: &Node, out: Option<&mut Value>) -> Result<(), NotJson> {
        match self.scan.peek()? {
            b'"' => match self.scan.text()? {
                // A text without escapes is a part of the document: nothing is copied.
                Text::Plain(start, end) => {
                    if let Some(cell) = node.cell {
                        self.into.cells[self.row + cell] = Cell::Text(start, end);
                    }
                    if let Some(out) = out {
                        *out = text_value(self.document.slice(start..end));
                    }
                }
                Text::Escaped(text) => self.scalar(node, Value::from(text), out),
            },
            open @ (b'{' | b'[') => {
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Err(NotJson);
                }
                if open == b'{' {
                    self.object(node, out)?;
                } else {
                    self.list(node, out)?;
                }
                self.depth -= 1;
            }
            _ => {
                let value = self.scan.scalar()?;
                self.scalar(node, value, out);
            }
        }
        Ok(())
    }

    fn scalar(&mut self, node: &Node, value: Value, out: Option<&mut Value>) {
        if let Some(cell) = node.cell {
            self.into.cells[self.row + cell] = Cell::from(value.clone());
        }
        if let Some(out) = out {
            *out = value;
        }
    }

    fn object(&mut self, node: &Node, out: Option<&mut Value>) -> Result<(), NotJson> {
        let mut object = ObjectMap::new();
        if node.is_whole() {
            self.members(|reader, name| {
                let name = match name {
                    Text::Plain(start, end) => String::from_utf8_lossy(reader.scan.slice(start, end)).into_owned(),
                    Text::Escaped(name) => name,
                };
                let mut value = Value::Null;
                reader.value(&WHOLE, Some(&mut value))?;
                object.insert(KeyString::from(name), value);
                Ok(())
            })?;
            self.whole(node, Value::Object(object), out);
            return Ok(());
        }
        let (mut seen, mut likely) = (Seen::default(), 0);
        self.members(|reader, name| {
            let index = match &name {
                Text::Plain(start, end) => node.find(reader.scan.slice(*start, *end), likely),
                Text::Escaped(name) => node.find(name.as_bytes(), likely),
            };
            let Some(index) = index else { return reader.scan.skip() };
            let field = &node.fields[index];
            likely = index + 1;
            if seen.again(index) {
                // Of a member that is there twice the last one counts.
                field.node.fill(None, reader.into, reader.row);
            }
            if !field.node.keep {
                return reader.value(&field.node, None);
            }
            let mut value = Value::Null;
            reader.value(&field.node, Some(&mut value))?;
            object.insert(KeyString::from(field.name.as_str()), value);
            Ok(())
        })?;
        if let Some(out) = out {
            *out = Value::Object(object);
        }
        Ok(())
    }

    /// Gives each member's name to `member`, which reads its value.
    fn members(&mut self, mut member: impl FnMut(&mut Self, Text) -> Result<(), NotJson>) -> Result<(), NotJson> {
        self.scan.expect(b'{')?;
        if self.scan.take(b'}') {
            return Ok(());
        }
        loop {
            let name = self.scan.text()?;
            self.scan.expect(b':')?;
            member(self, name)?;
            if !self.scan.take(b',') {
                return self.scan.expect(b'}');
            }
        }
    }

    fn list(&mut self, node: &Node, out: Option<&mut Value>) -> Result<(), NotJson> {
        let mut values = Vec::new();
        if node.is_whole() {
            self.elements(|reader| {
                let mut value = Value::Null;
                reader.value(&WHOLE, Some(&mut value))?;
                values.push(value);
                Ok(())
            })?;
            self.whole(node, Value::Array(values), out);
            return Ok(());
        }
        match node.elements.as_deref() {
            Some(elements) => {
                let outer = self.row;
                if let Some(table) = elements.table {
                    self.into.enter(table);
                }
                self.elements(|reader| {
                    if let Some(table) = elements.table {
                        reader.row = reader.into.add_row(table);
                    }
                    if !elements.node.keep {
                        return reader.value(&elements.node, None);
                    }
                    let mut value = Value::Null;
                    reader.value(&elements.node, Some(&mut value))?;
                    values.push(value);
                    Ok(())
                })?;
                if let Some(table) = elements.table {
                    self.into.leave(table);
                    self.row = outer;
                }
            }
            None => self.elements(|reader| reader.scan.skip())?,
        }
        if let Some(out) = out {
            *out = Value::Array(values);
        }
        Ok(())
    }

    /// Calls `element` where each element starts, to read it.
    fn elements(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), NotJson>) -> Result<(), NotJson> {
        self.scan.expect(b'[')?;
        if self.scan.take(b']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if !self.scan.take(b',') {
                return self.scan.expect(b']');
            }
        }
    }

    /// Captures of a value that was built whole.
    fn whole(&mut self, node: &Node, value: Value, out: Option<&mut Value>) {
        node.fill(Some(&value), self.into, self.row);
        if let Some(out) = out {
            *out = value;
        }
    }
}

/// Which members an object had already.
#[derive(Default)]
struct Seen(u64);

impl Seen {
    /// Whether this one may have been there before; notes that it is now.
    fn again(&mut self, index: usize) -> bool {
        let Some(bit) = u32::try_from(index).ok().and_then(|index| 1_u64.checked_shl(index)) else { return true };
        let again = self.0 & bit != 0;
        self.0 |= bit;
        again
    }
}
