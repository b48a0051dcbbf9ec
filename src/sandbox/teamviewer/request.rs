//! Reading requests: JSON bodies with PascalCase fields, user ids, role ids, and the tokens of pages.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::access::media_type;
use super::answers::{Category, Refusal, invalid};
use super::settings::{FieldNames, LastPage, Settings};
use crate::sandbox::Call;

/// A JSON object, and how its field names are read.
pub(super) struct Body {
    fields: Map<String, Value>,
    names: FieldNames,
}

impl Body {
    pub(super) fn read(call: &Call, settings: &Settings) -> Result<Self, Refusal> {
        if media_type(call) != "application/json" {
            let refusal = Refusal::new(Category::InvalidRequest, "The content type is not supported.");
            return Err(refusal.at_status(settings.wrong_content_type_status));
        }
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(fields)) => Ok(Self { fields, names: settings.field_names }),
            _ => Err(invalid("The body is not a JSON object.")),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        match self.names {
            FieldNames::Exact => self.fields.get(name),
            FieldNames::AnyCase => {
                let mut fields = self.fields.iter();
                fields.find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
        }
    }

    /// A required array of user ids: one at least, and no more than the vendor takes.
    pub(super) fn user_ids(&self, settings: &Settings) -> Result<BTreeSet<String>, Refusal> {
        let ids = self.get("UserIds").and_then(Value::as_array).filter(|ids| !ids.is_empty());
        let ids = ids.ok_or_else(|| invalid("UserIds must be an array of user ids."))?;
        if ids.len() > settings.most_user_ids {
            return Err(invalid(format!("UserIds may hold {} ids at most.", settings.most_user_ids)));
        }
        let ids = ids.iter().map(|id| user_id(id.as_str().unwrap_or_default()));
        ids.map(|id| id.map(str::to_owned)).collect()
    }

    /// A required role id.
    pub(super) fn role_id(&self, name: &str) -> Result<String, Refusal> {
        role_id(self.get(name).and_then(Value::as_str).unwrap_or_default(), name)
    }

    /// Role ids, none if the field is left out.
    pub(super) fn role_ids(&self, name: &str) -> Result<BTreeSet<String>, Refusal> {
        let Some(ids) = self.get(name) else { return Ok(BTreeSet::new()) };
        let ids = ids.as_array().ok_or_else(|| invalid(format!("{name} must be an array of role ids.")))?;
        ids.iter().map(|id| role_id(id.as_str().unwrap_or_default(), name)).collect()
    }
}

/// A user id: `u` and digits.
pub(super) fn user_id(id: &str) -> Result<&str, Refusal> {
    let digits = id.strip_prefix('u').unwrap_or_default();
    let fits = !digits.is_empty() && digits.len() <= 19 && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(id) } else { Err(invalid("A user id is the letter u and digits.")) }
}

/// A uuid with its hyphens, in lower case.
pub(super) fn role_id(id: &str, place: &str) -> Result<String, Refusal> {
    let fits = id.len() == 36 && uuid::Uuid::try_parse(id).is_ok();
    if fits { Ok(id.to_ascii_lowercase()) } else { Err(invalid(format!("{place} must be a uuid."))) }
}

/// One page of a sorted list.
pub(super) struct Page {
    pub(super) items: Vec<String>,
    next: Option<String>,
}

impl Page {
    /// The page after `token`. A token says of which list (`of`) it is, and after which item it goes on.
    pub(super) fn of(list: Vec<String>, of: &str, token: Option<&str>, size: usize) -> Result<Self, Refusal> {
        let after = match token {
            None => None,
            Some(token) => Some(opened(token, of).ok_or_else(|| invalid("The page token is invalid."))?),
        };
        let mut rest = list.into_iter().filter(|item| after.as_ref().is_none_or(|after| item > after));
        let items: Vec<String> = rest.by_ref().take(size.max(1)).collect();
        let more = rest.next().is_some();
        let next = items.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(format!("{of} {last}")));
        Ok(Self { items, next })
    }

    /// Writes the next page's token under that name.
    pub(super) fn write_next(&self, answer: &mut Value, name: &str, settings: &Settings) {
        let token = match (&self.next, settings.last_page) {
            (Some(token), _) => Value::from(token.as_str()),
            (None, LastPage::Null) => Value::Null,
            (None, LastPage::Empty) => Value::from(""),
            (None, LastPage::Absent) => return,
        };
        answer[name] = token;
    }
}

fn opened(token: &str, of: &str) -> Option<String> {
    let token = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let after = token.strip_prefix(of)?.strip_prefix(' ')?;
    Some(after.to_owned())
}

/// The first query parameter of that name; an empty one counts as left out.
pub(super) fn query(call: &Call, name: &str) -> Option<String> {
    let mut pairs = form_urlencoded::parse(call.query.as_bytes());
    let value = pairs.find(|(given, _)| given == name).map(|(_, value)| value.into_owned());
    value.filter(|value| !value.is_empty())
}
