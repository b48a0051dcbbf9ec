//! A call's query parameters and JSON body, read as strictly as the provider does.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::answers::{Page, Refusal};
use super::settings::Settings;
use crate::sandbox::Call;

const DEFAULT_LIMIT: usize = 100;
const LARGEST_LIMIT: usize = 500;
/// Of ids in one read of details.
const MOST_IDS: usize = 5000;

/// The decoded query. Of a parameter that stands there twice, the first counts.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn of(call: &Call) -> Self {
        let pairs = form_urlencoded::parse(call.query.as_bytes());
        Self(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
    }

    /// The value; an empty one counts as left out.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let first = self.0.iter().find(|(n, _)| n == name);
        first.map(|(_, value)| value.as_str()).filter(|v| !v.is_empty())
    }

    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        let named = self.0.iter().filter(|(n, v)| n == name && !v.is_empty());
        named.map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn boolean(&self, name: &str) -> Result<bool, Refusal> {
        match self.get(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a boolean"))),
        }
    }

    /// The window that `limit` and `offset` ask for, of rows that are counted already.
    pub(super) fn page(&self, total: usize, settings: &Settings) -> Result<Page, Refusal> {
        let limit = self.number("limit")?.unwrap_or(DEFAULT_LIMIT);
        if !(1..=LARGEST_LIMIT).contains(&limit) {
            return Err(Refusal::bad_request(format!("limit must be between 1 and {LARGEST_LIMIT}")));
        }
        let limit = settings.most_rows_per_page.map_or(limit, |most| limit.min(most));
        Ok(Page { limit, offset: self.number("offset")?.unwrap_or(0), total })
    }

    /// The property to sort by, and whether to sort downwards.
    pub(super) fn sort(
        &self,
        properties: &[&'static str],
        default: &'static str,
    ) -> Result<(&'static str, bool), Refusal> {
        let asked = self.get("sort").unwrap_or(default);
        let (name, direction) = asked.split_once('|').unwrap_or((asked, "asc"));
        let property = properties.iter().find(|p| **p == name);
        match (property, direction) {
            (Some(property), "asc") => Ok((property, false)),
            (Some(property), "desc") => Ok((property, true)),
            _ => Err(Refusal::bad_request("invalid sort specified")),
        }
    }

    fn number(&self, name: &str) -> Result<Option<usize>, Refusal> {
        let digits = |v: &str| v.bytes().all(|b| b.is_ascii_digit()).then(|| v.parse().ok()).flatten();
        let invalid = || Refusal::bad_request(format!("{name} must be an integer, not less than 0"));
        self.get(name).map(|v| digits(v).ok_or_else(invalid)).transpose()
    }
}

/// The fields of a body that must be a JSON object, sent as such. Fields that nobody asks for are ignored.
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn of(call: &Call) -> Result<Self, Refusal> {
        if media_type(call).as_deref() != Some("application/json") {
            return Err(Refusal::bad_request("Content-Type must be application/json"));
        }
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            _ => Err(Refusal::bad_request("invalid request body")),
        }
    }

    /// A text; `null` and the empty one count as left out.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Refusal> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|t| !t.is_empty())),
            Some(_) => Err(Refusal::bad_request(format!("{name} must be a string"))),
        }
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name)?.ok_or_else(|| Refusal::bad_request(format!("{name} is required")))
    }

    /// At least one text, each once.
    pub(super) fn texts(&self, name: &str) -> Result<BTreeSet<&str>, Refusal> {
        let refused = || Refusal::bad_request(format!("{name} must be a list of strings, not empty"));
        let texts = self.0.get(name).and_then(Value::as_array).filter(|list| !list.is_empty());
        let texts = texts.ok_or_else(refused)?;
        texts.iter().map(|t| t.as_str().filter(|t| !t.is_empty()).ok_or_else(refused)).collect()
    }

    /// The ids of a read of details.
    pub(super) fn ids(&self) -> Result<BTreeSet<&str>, Refusal> {
        let ids = self.texts("ids")?;
        if ids.len() > MOST_IDS {
            return Err(Refusal::bad_request(format!("at most {MOST_IDS} ids can be specified")));
        }
        Ok(ids)
    }
}

/// A customer id as the provider keeps it: 32 lower-case hexadecimal digits.
pub(super) fn cid(text: &str, settings: &Settings) -> Result<String, Refusal> {
    let clean = |t: &str| t.len() == 32 && t.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if clean(text) {
        return Ok(text.to_owned());
    }
    let lowered = text.to_ascii_lowercase();
    let without_checksum = match lowered.split_once('-') {
        Some((cid, checksum)) if checksum.len() == 2 => cid.to_owned(),
        _ => lowered,
    };
    if clean(&without_checksum) && !settings.unclean_cid_refused {
        return Ok(without_checksum);
    }
    Err(Refusal::bad_request("invalid cid specified"))
}

/// The call's media type in lower case, without parameters.
pub(super) fn media_type(call: &Call) -> Option<String> {
    let essence = call.header("content-type")?.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}
