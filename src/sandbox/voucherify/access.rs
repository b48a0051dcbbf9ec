//! The organization's management keys. They have no life time; which of them may manage users is not documented.

use std::collections::BTreeMap;

use super::refusal::Refusal;
use super::settings::{RestrictedKey, Settings};
use crate::sandbox::Call;

#[derive(Debug)]
pub(super) struct Key {
    pub(super) token: String,
    /// False for a key that was made for something else.
    pub(super) manages_users: bool,
}

/// The keys by the value of their `X-Management-Id`.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub(super) keys: BTreeMap<String, Key>,
}

impl Access {
    /// Lets a call pass that bears one key, id and token of the same.
    pub(super) fn admit(&self, call: &Call, settings: &Settings) -> Result<(), Refusal> {
        let id = only(call, "x-management-id").ok_or(Refusal::Unauthorized)?;
        let token = only(call, "x-management-token").ok_or(Refusal::Unauthorized)?;
        let key = self.keys.get(id).filter(|key| key.token == token).ok_or(Refusal::Unauthorized)?;
        if key.manages_users {
            return Ok(());
        }
        Err(match settings.restricted_key {
            RestrictedKey::Forbidden => Refusal::Forbidden("The management key does not allow this operation"),
            RestrictedKey::Unauthorized => Refusal::Unauthorized,
        })
    }
}

/// The value of a header that is there exactly once.
fn only<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let mut values = call.headers.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
