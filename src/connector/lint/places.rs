//! Where each key and value of a YAML document stands.

use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// One step of a way into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seg {
    Key(String),
    Index(usize),
}

impl From<&str> for Seg {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<&String> for Seg {
    fn from(key: &String) -> Self {
        Self::Key(key.clone())
    }
}

impl From<usize> for Seg {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A way into a document.
pub(super) type Way = Vec<Seg>;

/// A way made of keys and indices.
macro_rules! way {
    ($($part:expr),* $(,)?) => { $crate::connector::lint::places::Way::from([$($crate::connector::lint::places::Seg::from($part)),*]) };
}
pub(super) use way;

/// The way to a part of what `way` leads to.
pub(super) fn below(way: &[Seg], rest: Way) -> Way {
    way.iter().cloned().chain(rest).collect()
}

/// A document's places.
pub(super) struct Places {
    root: Node,
    text: String,
}

/// A byte offset and a length.
pub(super) type Span = (usize, usize);

impl Places {
    pub(super) fn of(text: &str) -> Option<Self> {
        Some(Self { root: serde_saphyr::from_str(text).ok()?, text: text.to_owned() })
    }

    /// Where the key or element stands that the way leads to, or as much of the way as there is.
    pub(super) fn find(&self, way: &[Seg]) -> Span {
        let mut node = &self.root;
        let mut place = (0, 1);
        for seg in way {
            let next = match (seg, node) {
                (Seg::Key(key), Node::Map(members)) => {
                    members.iter().find(|(name, ..)| name == key).map(|(name, at, value)| (*at, name.len(), value))
                }
                (Seg::Index(index), Node::List(elements)) => elements.get(*index).map(|(at, value)| (*at, 1, value)),
                _ => None,
            };
            let Some((at, length, value)) = next else { break };
            place = (self.offset(at), length);
            node = value;
        }
        place
    }

    fn offset(&self, (line, column): Position) -> usize {
        let before: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = self.text.get(before..).unwrap_or_default();
        before + rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
    }
}

type Position = (usize, usize);

fn position<T>(spanned: &Spanned<T>) -> Position {
    let location = &spanned.referenced;
    (usize::try_from(location.line()).unwrap_or_default(), usize::try_from(location.column()).unwrap_or_default())
}

enum Node {
    Scalar,
    List(Vec<(Position, Node)>),
    Map(Vec<(String, Position, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("YAML")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element::<Spanned<Node>>()? {
            elements.push((position(&element), element.value));
        }
        Ok(Node::List(elements))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(key) = map.next_key::<Spanned<Key>>()? {
            let at = position(&key);
            members.push((key.value.0, at, map.next_value()?));
        }
        Ok(Node::Map(members))
    }
}

/// A key as text; one that is none is of no interest.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<Key, E> {
        Ok(Key(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Key, E> {
        Ok(Key(String::new()))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Key, E> {
        Ok(Key(String::new()))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Key, E> {
        Ok(Key(String::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Key, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Key(String::new()))
    }
}
