//! Who is calling: API keys, each of a user, whose rights it has for as long as both live.

use std::collections::BTreeMap;

use super::answers::{Refusal, unauthorized};
use crate::sandbox::Call;

#[derive(Clone, Debug)]
pub(super) struct Key {
    pub(super) user: String,
    /// Milliseconds since the epoch.
    pub(super) expires_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Keys(pub(super) BTreeMap<String, Key>);

impl Keys {
    /// The living key that a call carries as `Authorization: ApiKey <key>`.
    pub(super) fn admit(&self, call: &Call, now_ms: u64) -> Result<&Key, Refusal> {
        let mut headers = call.headers.iter().filter(|(name, _)| name == "authorization");
        let (Some((_, value)), None) = (headers.next(), headers.next()) else {
            return Err(unauthorized());
        };
        let (scheme, key) = value.split_once(' ').ok_or_else(unauthorized)?;
        if !scheme.eq_ignore_ascii_case("apikey") {
            return Err(unauthorized());
        }
        let key = self.0.get(key.trim());
        key.filter(|key| now_ms < key.expires_ms).ok_or_else(unauthorized)
    }
}
