//! A JSON reader that builds and captures only what is wanted.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use vrl::value::{KeyString, ObjectMap, Value};

use super::captured::{Captured, Cell, text_value};
use super::projection::Node;

/// Reads the document of `into`; what is captured is left there.
pub(super) fn read(root: &Node, into: &mut Captured) -> Result<Value, serde_json::Error> {
    let document = into.document.clone();
    // Most are UTF-8 throughout: checked at once, it need not be checked text by text.
    match std::str::from_utf8(&document) {
        Ok(text) => read_all(serde_json::Deserializer::from_str(text), root, into),
        Err(_) => read_all(serde_json::Deserializer::from_slice(&document), root, into),
    }
}

fn read_all<'de, R: serde_json::de::Read<'de>>(
    mut reader: serde_json::Deserializer<R>,
    root: &Node,
    into: &mut Captured,
) -> Result<Value, serde_json::Error> {
    let value = Reader { node: root, into, row: 0 }.deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

static WHOLE: Node = Node { keep: true, whole: true, cell: None, fields: Vec::new(), elements: None };

/// Reads one value. What nobody keeps as a value is read as null.
struct Reader<'r> {
    node: &'r Node,
    into: &'r mut Captured,
    /// Where the cells of the row at work start.
    row: usize,
}

impl<'r> Reader<'r> {
    fn child(&mut self, node: &'r Node) -> Reader<'_> {
        Reader { node, into: self.into, row: self.row }
    }

    fn scalar(self, value: Value) -> Value {
        match self.node.cell {
            Some(cell) if self.node.keep => self.into.cells[self.row + cell] = Cell::from(value.clone()),
            Some(cell) => {
                self.into.cells[self.row + cell] = Cell::from(value);
                return Value::Null;
            }
            None => {}
        }
        if self.node.keep { value } else { Value::Null }
    }

    /// Whether all that is in it is wanted.
    fn is_whole(&self) -> bool {
        self.node.whole || self.node.cell.is_some()
    }

    /// Captures of a value that was built whole.
    fn whole(self, value: Value) -> Value {
        self.node.fill(Some(&value), self.into, self.row);
        value
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
        Ok(self.scalar(Value::Boolean(flag)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(self.scalar(Value::Integer(number)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        // What no i64 holds stays exact as its decimal text: it is an id, not a quantity.
        Ok(self.scalar(i64::try_from(number).map_or_else(|_| Value::from(number.to_string()), Value::Integer)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(self.scalar(Value::from_f64_or_zero(number)))
    }

    /// A text without escapes is a part of the document: nothing is copied.
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value, E> {
        let document = &self.into.document;
        let start = (text.as_ptr() as usize).wrapping_sub(document.as_ptr() as usize);
        let end = start.wrapping_add(text.len());
        if end > document.len() {
            return Ok(self.scalar(Value::from(text)));
        }
        let value = if self.node.keep { text_value(document.slice(start..end)) } else { Value::Null };
        if let Some(cell) = self.node.cell {
            self.into.cells[self.row + cell] = Cell::Text(start, end);
        }
        Ok(value)
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(self.scalar(Value::from(text)))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(self.scalar(Value::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        if self.is_whole() {
            while let Some(value) = list.next_element_seed(self.child(&WHOLE))? {
                values.push(value);
            }
            return Ok(self.whole(Value::Array(values)));
        }
        let node = self.node;
        match node.elements.as_deref() {
            Some(elements) => {
                if let Some(table) = elements.table {
                    self.into.enter(table);
                }
                loop {
                    let row = elements.table.map_or(self.row, |table| self.into.add_row(table));
                    let element = Reader { node: &elements.node, into: self.into, row };
                    let Some(value) = list.next_element_seed(element)? else {
                        self.into.cells.truncate(elements.table.map_or(usize::MAX, |_| row));
                        break;
                    };
                    if elements.node.keep {
                        values.push(value);
                    }
                }
                if let Some(table) = elements.table {
                    self.into.leave(table);
                }
            }
            None => while list.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(if node.keep { Value::Array(values) } else { Value::Null })
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut object = ObjectMap::new();
        if self.is_whole() {
            while let Some(name) = map.next_key::<String>()? {
                let value = map.next_value_seed(self.child(&WHOLE))?;
                object.insert(KeyString::from(name), value);
            }
            return Ok(self.whole(Value::Object(object)));
        }
        let node = self.node;
        let mut seen = Seen::default();
        while let Some(wanted) = map.next_key_seed(Name(node))? {
            let Some(index) = wanted else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let field = &node.fields[index];
            if seen.again(index) {
                // Of a member that is there twice the last one counts.
                field.node.fill(None, self.into, self.row);
            }
            let value = map.next_value_seed(self.child(&field.node))?;
            if field.node.keep {
                object.insert(KeyString::from(field.name.as_str()), value);
            }
        }
        Ok(if node.keep { Value::Object(object) } else { Value::Null })
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

/// Finds a member's name among the wanted ones, without copying it.
struct Name<'p>(&'p Node);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Option<usize>;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.find(name))
    }
}
