//! What an answer means, by the definition's own rules; and what of it may be shown.

use std::sync::Arc;

use bytes::Bytes;
use memchr::{memchr, memmem};
use serde_json::Value as Json;

use super::mask::{Masks, Repeated};
use super::report::Failure;
use super::wire::{Answered, Received, Wire};
use crate::connector::Call;
use crate::credentials::{Bearer, MASK};
use crate::expression::{AnswerMatcher, Captured, Projection, Reading, Scope, Value, from_json, object};
use crate::model::{ErrorKind, Outcome};

impl Wire<'_> {
    /// What the answer means. Anything the definition does not name is `unknown`.
    pub(super) fn classify(
        &self,
        call: &Call,
        scope: &Scope<'_>,
        received: Received,
        credentials: &Bearer,
    ) -> (Arc<Answered>, Result<(), Failure>) {
        let Received { status, headers, raw, cut, .. } = received;
        let body = if cut { None } else { read_projected(&call.projection, &raw) };
        let unreadable = body.is_none();
        let (body, captured) = body.unwrap_or((Value::Null, Captured::default()));
        let value = object([("status", Value::Integer(status.into())), ("body", body)]);
        let masks = self.masks(credentials);
        let answered = Arc::new(Answered {
            status,
            headers,
            repeated: Repeated::find(&raw, &masks),
            masks,
            raw,
            reading: Arc::new(Reading { value, captured }),
            cut_by: None,
            further: Vec::new(),
        });
        let matches = |matcher: &AnswerMatcher| {
            (!unreadable || matcher.needs_no_body())
                && matcher.matches(status, &answered.reading.value, &answered.raw, scope)
        };
        if matches(&call.success) {
            // A login page or half a document with the right status is not the provider's yes.
            // Where the body was read for somebody, that told already.
            let unchecked = unreadable || call.projection.is_empty();
            let garbled = || call.success.needs_no_body() && !cut && unchecked && is_garbled(&answered.raw);
            let is_no_answer = if call.writes { garbled() } else { unreadable };
            if is_no_answer {
                let failure = Failure::new(
                    ErrorKind::ProviderError,
                    Outcome::Unknown,
                    format!("the provider's answer to `{}` is not JSON", call.name),
                );
                return (answered, Err(failure));
            }
            return (answered, Ok(()));
        }
        let rule = call.errors.iter().chain(&self.connector().errors).find(|rule| matches(&rule.when));
        let (kind, outcome) =
            rule.map_or((ErrorKind::ProviderError, Outcome::Unknown), |rule| (rule.kind, rule.outcome));
        let settle = rule.is_some_and(|rule| rule.settle);
        let message = self
            .message(answered.shown())
            .unwrap_or_else(|| format!("the provider answered {status} to `{}`", call.name));
        (answered, Err(Failure { settle, ..Failure::new(kind, outcome, message) }))
    }

    /// What hides the account's own secrets, and those that come with its credentials.
    pub(super) fn masks(&self, credentials: &Bearer) -> Masks {
        [Arc::clone(&self.account.mask), Arc::clone(&credentials.mask)]
    }

    /// The provider's own words, where the definition says that they stand.
    fn message(&self, raw: &Bytes) -> Option<String> {
        const LONGEST: usize = 500;
        let text = match serde_json::from_slice::<Json>(raw) {
            Ok(json) => {
                let body = from_json(&json);
                let mut said = self
                    .connector()
                    .error_message
                    .iter()
                    .filter_map(|path| path.get(&body)?.to_str_lossy().map(|text| text.into_owned()));
                said.next().or_else(|| json.as_str().map(str::to_owned))?
            }
            Err(_) => {
                let text = std::str::from_utf8(raw).ok()?.trim();
                if text.starts_with('<') {
                    return None;
                }
                text.to_owned()
            }
        };
        let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
        (!text.is_empty()).then_some(text)
    }
}

/// Whether there is a body, and it is no JSON.
fn is_garbled(raw: &Bytes) -> bool {
    !raw.trim_ascii().is_empty() && Projection::default().read(raw).is_err()
}

fn read_projected(projection: &Projection, raw: &Bytes) -> Option<(Value, Captured)> {
    if projection.is_empty() {
        return Some((Value::Null, Captured::default()));
    }
    projection.read(raw).ok()
}

/// A provider's body as JSON, or as text, with the members a definition calls secret masked.
pub(crate) fn shown_body(raw: &Bytes, secret_fields: &[String]) -> Option<Json> {
    const LONGEST_TEXT: usize = 4096;
    if raw.is_empty() {
        return None;
    }
    let Ok(mut json) = serde_json::from_slice::<Json>(raw) else {
        let text: String = String::from_utf8_lossy(raw).chars().take(LONGEST_TEXT).collect();
        return Some(Json::String(text));
    };
    mask(&mut json, secret_fields);
    Some(json)
}

/// Whether one of these may be a member of the JSON: its name stands there, or a name may be spelled with escapes.
pub(super) fn may_hold(raw: &[u8], secret_fields: &[String]) -> bool {
    let quoted = |at: usize, name: &String| {
        raw.get(at.wrapping_sub(1)) == Some(&b'"') && raw.get(at + name.len()) == Some(&b'"')
    };
    let stands = |name: &String| memmem::find_iter(raw, name).any(|at| quoted(at, name));
    !secret_fields.is_empty() && (memchr(b'\\', raw).is_some() || secret_fields.iter().any(stands))
}

fn mask(json: &mut Json, secret_fields: &[String]) {
    match json {
        Json::Object(map) => {
            for (name, value) in map {
                if secret_fields.iter().any(|secret| secret == name) {
                    *value = Json::from(MASK);
                } else {
                    mask(value, secret_fields);
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(|value| mask(value, secret_fields)),
        _ => {}
    }
}
