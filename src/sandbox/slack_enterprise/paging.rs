//! Cursor paging. A cursor names the last row seen, so rows that go away meanwhile make no other row be missed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::answer::{MethodError, Outcome};
use super::arguments::Arguments;
use super::settings::LastCursor;

/// Rows to page through: their sort keys, in the order of the list.
pub(super) struct Listing {
    /// Also the field that the rows are answered in.
    pub(super) name: &'static str,
    pub(super) rows: Vec<(String, Value)>,
    pub(super) descending: bool,
    pub(super) largest_page: u64,
}

impl Listing {
    pub(super) fn page(mut self, arguments: &Arguments, last: LastCursor) -> Outcome {
        let limit = arguments.number("limit", 1..=self.largest_page, self.largest_page)?;
        let cursor = arguments.text("cursor")?;
        self.rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        if self.descending {
            self.rows.reverse();
        }
        if !cursor.is_empty() {
            let seen = self.key_of(cursor)?;
            let later = |key: &str| (key > seen.as_str()) != self.descending && key != seen;
            self.rows.retain(|(key, _)| later(key));
        }
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = self.rows.len() > limit;
        self.rows.truncate(limit);
        let next = match self.rows.last() {
            Some((key, _)) if more => Some(STANDARD.encode(format!("{}:{key}", self.name))),
            _ => None,
        };
        let mut page = Map::new();
        let rows = self.rows.into_iter().map(|(_, row)| row).collect();
        page.insert(self.name.to_owned(), rows);
        match (next, last) {
            (Some(next), _) => page.insert(METADATA.into(), json!({"next_cursor": next})),
            (None, LastCursor::Empty) => page.insert(METADATA.into(), json!({"next_cursor": ""})),
            (None, LastCursor::NoCursor) => page.insert(METADATA.into(), json!({})),
            (None, LastCursor::NoMetadata) => None,
        };
        Ok(page)
    }

    fn key_of(&self, cursor: &str) -> Result<String, MethodError> {
        let decoded = STANDARD.decode(cursor).ok();
        decoded
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| {
                let key = text.strip_prefix(self.name)?.strip_prefix(':')?;
                Some(key.to_owned())
            })
            .ok_or_else(|| MethodError::new("invalid_cursor"))
    }
}

const METADATA: &str = "response_metadata";
