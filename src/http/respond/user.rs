//! The unified user as JSON: only what has a value, or, normalized, every field of the schema.

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value as Json;

use crate::engine::{Mapped, MappedElement, Report};
use crate::expression::{Value, id_text};
use crate::model::{FieldType, USER_FIELDS, USER_STATUSES};

static NULL: Value = Value::Null;

/// Writes the user, `remote_data` and `unassignment`.
pub(super) fn body(report: &Report, normalized: bool, remote_data: Option<&Bytes>, unassignment: &Json) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024 + remote_data.map_or(0, Bytes::len));
    // Serializing maps with string keys into memory cannot fail.
    let _ = User { report, normalized }.serialize(&mut serde_json::Serializer::new(&mut out));
    // The user has at least its id: what follows is never the first member.
    out.pop();
    if let Some(remote_data) = remote_data {
        // Read as JSON when it arrived: written as it is, without reading it again.
        out.extend_from_slice(b",\"remote_data\":");
        out.extend_from_slice(remote_data);
    }
    out.extend_from_slice(b",\"unassignment\":");
    let _ = unassignment.serialize(&mut serde_json::Serializer::new(&mut out));
    out.push(b'}');
    out
}

struct User<'r> {
    report: &'r Report,
    normalized: bool,
}

impl Serialize for User<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mapped = &self.report.user;
        let id = Value::from(self.report.user_id.as_str());
        if self.normalized {
            for (name, holds) in USER_FIELDS {
                match mapped.iter().find(|(field, ..)| field == name) {
                    Some((.., Mapped::Elements(elements))) => {
                        map.serialize_entry(
                            name,
                            &Elements { elements, members: members_of(*holds), normalized: true },
                        )?;
                    }
                    Some((.., Mapped::Value(value))) => {
                        map.serialize_entry(name, &Field { value, holds: *holds, normalized: true })?;
                    }
                    None => {
                        let value = if *name == "id" { &id } else { &NULL };
                        map.serialize_entry(name, &Field { value, holds: *holds, normalized: true })?;
                    }
                }
            }
        } else {
            if !mapped.iter().any(|(name, ..)| *name == "id") {
                map.serialize_entry("id", &self.report.user_id)?;
            }
            for (name, holds, value) in mapped {
                match value {
                    Mapped::Elements(elements) => {
                        map.serialize_entry(name, &Elements { elements, members: &[], normalized: false })?;
                    }
                    Mapped::Value(value) if has_shape(value, *holds) => {
                        map.serialize_entry(name, &Field { value, holds: *holds, normalized: false })?;
                    }
                    Mapped::Value(_) => {}
                }
            }
        }
        map.end()
    }
}

fn members_of(holds: FieldType) -> &'static [(&'static str, FieldType)] {
    match holds {
        FieldType::List(members) => members,
        _ => &[],
    }
}

/// A list whose elements' members are in the schema's order already.
struct Elements<'v> {
    elements: &'v [MappedElement],
    /// All members there could be; looked at only where every one is to be present.
    members: &'static [(&'static str, FieldType)],
    normalized: bool,
}

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { members, normalized, .. } = *self;
        serializer.collect_seq(self.elements.iter().map(|element| OrderedElement { element, members, normalized }))
    }
}

struct OrderedElement<'v> {
    element: &'v MappedElement,
    members: &'static [(&'static str, FieldType)],
    normalized: bool,
}

impl Serialize for OrderedElement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.normalized {
            for (name, holds) in self.members {
                let found = self.element.iter().find(|(member, ..)| member == name);
                let value = found.map(|(.., value)| value).filter(|value| has_shape(value, *holds));
                map.serialize_entry(name, &Field { value: value.unwrap_or(&NULL), holds: *holds, normalized: true })?;
            }
        } else {
            for (name, holds, value) in self.element {
                if has_shape(value, *holds) {
                    map.serialize_entry(name, &Field { value, holds: *holds, normalized: false })?;
                }
            }
        }
        map.end()
    }
}

/// Whether a value can stand in a field of that type at all.
fn has_shape(value: &Value, holds: FieldType) -> bool {
    match holds {
        FieldType::Text | FieldType::Status => id_text(value).is_some(),
        FieldType::Time => id_text(value).is_some() || matches!(value, Value::Timestamp(_)),
        FieldType::Boolean => matches!(value, Value::Boolean(_)),
        FieldType::Object => matches!(value, Value::Object(_)),
        FieldType::Texts | FieldType::List(_) => matches!(value, Value::Array(_)),
    }
}

struct Field<'v> {
    value: &'v Value,
    holds: FieldType,
    normalized: bool,
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { value, holds, normalized } = *self;
        match holds {
            FieldType::Text => match id_text(value) {
                Some(text) => serializer.serialize_str(&text),
                None => serializer.serialize_none(),
            },
            FieldType::Boolean => match value {
                Value::Boolean(flag) => serializer.serialize_bool(*flag),
                _ => serializer.serialize_none(),
            },
            FieldType::Status => match id_text(value) {
                Some(status) if !normalized || USER_STATUSES.contains(&&*status) => serializer.serialize_str(&status),
                _ => serializer.serialize_none(),
            },
            FieldType::Time => time(value, normalized, serializer),
            FieldType::Object => match value {
                Value::Object(_) => value.serialize(serializer),
                _ => serializer.serialize_none(),
            },
            FieldType::Texts => {
                let texts = value.as_array().unwrap_or_default();
                serializer.collect_seq(texts.iter().filter_map(id_text))
            }
            FieldType::List(members) => {
                let elements = value.as_array().unwrap_or_default();
                let mut list = serializer.serialize_seq(None)?;
                for element in elements {
                    list.serialize_element(&Element { element, members, normalized })?;
                }
                list.end()
            }
        }
    }
}

struct Element<'v> {
    element: &'v Value,
    members: &'static [(&'static str, FieldType)],
    normalized: bool,
}

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, holds) in self.members {
            let value = self.element.as_object().and_then(|element| element.get(*name));
            let value = value.filter(|value| has_shape(value, *holds));
            if let Some(value) = value.or(self.normalized.then_some(&NULL)) {
                map.serialize_entry(name, &Field { value, holds: *holds, normalized: self.normalized })?;
            }
        }
        map.end()
    }
}

/// A time as the provider wrote it; an integer is seconds since 1970. Normalized: RFC 3339 in UTC, or null.
fn time<S: Serializer>(value: &Value, normalized: bool, serializer: S) -> Result<S::Ok, S::Error> {
    let moment = match value {
        Value::Integer(seconds) => Timestamp::from_second(*seconds).ok(),
        Value::Timestamp(moment) => moment.to_rfc3339().parse().ok(),
        text => match id_text(text) {
            Some(text) if !normalized => return serializer.serialize_str(&text),
            Some(text) => parse_time(&text),
            None => None,
        },
    };
    match moment {
        Some(moment) => serializer.collect_str(&moment),
        None => serializer.serialize_none(),
    }
}

/// A time without a zone is taken as UTC.
fn parse_time(text: &str) -> Option<Timestamp> {
    let with_zone = text.parse::<Timestamp>().ok();
    with_zone.or_else(|| Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}
