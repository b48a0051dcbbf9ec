//! The unified user as JSON: only what has a value, or, normalized, every field of the schema.

use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::engine::{Mapped, Report, Shown};
use crate::expression::{Value, id_text};
use crate::model::{FieldType, USER_FIELDS, USER_STATUSES};

/// Writes the user, `remote_data` and `unassignment`.
pub(super) fn body(
    report: &Report,
    normalized: bool,
    remote_data: Option<&Bytes>,
    unassignment: &impl Serialize,
) -> Vec<u8> {
    let room = 4096 + remote_data.map_or(0, Bytes::len);
    let mut writer = Writer { out: Vec::with_capacity(room), normalized };
    writer.out.push(b'{');
    if normalized {
        writer.every_field(report);
    } else {
        writer.mapped_fields(report);
    }
    let Writer { mut out, .. } = writer;
    // The user has at least its id: what follows is never the first member.
    if let Some(remote_data) = remote_data {
        // Read as JSON when it arrived: written as it is, without reading it again.
        out.extend_from_slice(b",\"remote_data\":");
        out.extend_from_slice(remote_data);
    }
    out.extend_from_slice(b",\"unassignment\":");
    write(unassignment, &mut out);
    out.push(b'}');
    out
}

/// Serializing what has string keys into memory cannot fail.
fn write(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, value);
}

struct Writer {
    out: Vec<u8>,
    normalized: bool,
}

impl Writer {
    fn every_field(&mut self, report: &Report) {
        let id = Value::from(report.user_id.as_str());
        for (name, holds) in USER_FIELDS {
            self.name(name);
            match report.user.get(name) {
                Some(Mapped::Rows(members, cells)) => {
                    self.list(cells.chunks_exact(members.len()), |writer, row| {
                        let shown = row.iter().map(|cell| report.user.shown(cell));
                        writer.element(members, shown);
                    });
                }
                Some(Mapped::Cell(cell)) if *name != "id" || has_id(report) => {
                    self.value(report.user.shown(cell), *holds);
                }
                _ => self.value(if *name == "id" { Shown::Value(&id) } else { Shown::Nothing }, *holds),
            }
        }
    }

    fn mapped_fields(&mut self, report: &Report) {
        if !has_id(report) {
            self.name("id");
            write(&report.user_id, &mut self.out);
        }
        for (name, holds, mapped) in report.user.iter() {
            match mapped {
                Mapped::Rows(members, cells) => {
                    self.name(name);
                    self.list(cells.chunks_exact(members.len()), |writer, row| {
                        let shown = row.iter().map(|cell| report.user.shown(cell));
                        writer.element(members, shown);
                    });
                }
                Mapped::Cell(cell) => {
                    let shown = report.user.shown(cell);
                    if has_shape(shown, *holds) {
                        self.name(name);
                        self.value(shown, *holds);
                    }
                }
            }
        }
    }

    /// A member's name, with what stands before and after it. Names of the schema need no escapes.
    fn name(&mut self, name: &str) {
        if self.out.last() == Some(&b'{') {
            self.out.push(b'"');
        } else {
            self.out.extend_from_slice(b",\"");
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// A text that needs no escapes.
    fn plain(&mut self, text: &[u8]) {
        self.out.push(b'"');
        self.out.extend_from_slice(text);
        self.out.push(b'"');
    }

    fn list<T>(&mut self, elements: impl Iterator<Item = T>, mut write: impl FnMut(&mut Self, T)) {
        self.out.push(b'[');
        for element in elements {
            if self.out.last() != Some(&b'[') {
                self.out.push(b',');
            }
            write(self, element);
        }
        self.out.push(b']');
    }

    /// One element of a list of the schema; of a member that has no value, normalized alone says so.
    fn element<'v>(&mut self, members: &[(&'static str, FieldType)], shown: impl Iterator<Item = Shown<'v>>) {
        self.out.push(b'{');
        for ((name, holds), shown) in members.iter().zip(shown) {
            match shown {
                Shown::Nothing if !self.normalized => {}
                Shown::Plain(text) if *holds == FieldType::Text => {
                    self.name(name);
                    self.plain(text);
                }
                shown if has_shape(shown, *holds) => {
                    self.name(name);
                    self.value(shown, *holds);
                }
                _ if self.normalized => {
                    self.name(name);
                    self.value(Shown::Nothing, *holds);
                }
                _ => {}
            }
        }
        self.out.push(b'}');
    }

    fn value(&mut self, shown: Shown<'_>, holds: FieldType) {
        let normalized = self.normalized;
        match (holds, shown) {
            (FieldType::Texts, shown) => {
                let texts = array(shown).iter().filter_map(id_text);
                self.list(texts, |writer, text| write(&*text, &mut writer.out));
            }
            (FieldType::List(members), shown) => self.list(array(shown).iter(), |writer, element| {
                let element = element.as_object();
                let member = |(name, _): &(&str, FieldType)| {
                    element.and_then(|element| element.get(*name)).map_or(Shown::Nothing, Shown::Value)
                };
                writer.element(members, members.iter().map(member));
            }),
            (FieldType::Status, Shown::Plain(text)) if normalized && !is_status(text) => self.null(),
            (FieldType::Time, Shown::Plain(text)) if normalized => match std::str::from_utf8(text) {
                Ok(text) => self.time(parse_time(text)),
                Err(_) => self.null(),
            },
            (FieldType::Text | FieldType::Status | FieldType::Time, Shown::Plain(text)) => self.plain(text),
            (FieldType::Boolean, Shown::Value(value @ Value::Boolean(_)))
            | (FieldType::Object, Shown::Value(value @ Value::Object(_))) => write(value, &mut self.out),
            (FieldType::Time, Shown::Value(Value::Integer(seconds))) => {
                self.time(Timestamp::from_second(*seconds).ok());
            }
            (FieldType::Time, Shown::Value(Value::Timestamp(moment))) => self.time(moment.to_rfc3339().parse().ok()),
            (FieldType::Text | FieldType::Status | FieldType::Time, Shown::Value(value)) => match id_text(value) {
                Some(text) if holds == FieldType::Time && normalized => self.time(parse_time(&text)),
                Some(text) if holds == FieldType::Status && normalized && !is_status(text.as_bytes()) => self.null(),
                Some(text) => write(&*text, &mut self.out),
                None => self.null(),
            },
            (FieldType::Boolean | FieldType::Object, _) | (_, Shown::Nothing) => self.null(),
        }
    }

    /// As RFC 3339 in UTC, or null.
    fn time(&mut self, moment: Option<Timestamp>) {
        write(&moment.map(|moment| moment.to_string()), &mut self.out);
    }

    fn null(&mut self) {
        self.out.extend_from_slice(b"null");
    }
}

/// Whether the mapping gave an id that is one; else it is the one that was asked for.
fn has_id(report: &Report) -> bool {
    matches!(report.user.get("id"), Some(Mapped::Cell(cell)) if has_shape(report.user.shown(cell), FieldType::Text))
}

fn array(shown: Shown<'_>) -> &[Value] {
    match shown {
        Shown::Value(value) => value.as_array().unwrap_or_default(),
        Shown::Nothing | Shown::Plain(_) => &[],
    }
}

fn is_status(text: &[u8]) -> bool {
    USER_STATUSES.iter().any(|status| status.as_bytes() == text)
}

/// Whether a value can stand in a field of that type at all.
fn has_shape(shown: Shown<'_>, holds: FieldType) -> bool {
    let value = match shown {
        Shown::Nothing => return false,
        Shown::Plain(_) => return matches!(holds, FieldType::Text | FieldType::Status | FieldType::Time),
        Shown::Value(value) => value,
    };
    match holds {
        FieldType::Text | FieldType::Status => id_text(value).is_some(),
        FieldType::Time => id_text(value).is_some() || matches!(value, Value::Timestamp(_)),
        FieldType::Boolean => matches!(value, Value::Boolean(_)),
        FieldType::Object => matches!(value, Value::Object(_)),
        FieldType::Texts | FieldType::List(_) => matches!(value, Value::Array(_)),
    }
}

/// A time without a zone is taken as UTC.
fn parse_time(text: &str) -> Option<Timestamp> {
    let with_zone = text.parse::<Timestamp>().ok();
    with_zone.or_else(|| Some(text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}
