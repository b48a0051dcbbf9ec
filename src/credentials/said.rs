//! What a token endpoint, or a broker's session, said that gave no credentials: its status and its words, without what in
//! them is secret.

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value as Json;

use super::mask::{MASK, Mask};
use crate::expression::ValuePath;
use crate::transport::HeaderNames;

/// Parts of the names of members that hold credentials: an answer that gives none under the name that the definition
/// knows may give them under another.
const SECRET_NAMES: [&str; 6] = ["token", "secret", "password", "assertion", "jwt", "apikey"];

/// An answer that gave no credentials.
#[derive(Clone)]
pub struct Said {
    pub status: u16,
    pub headers: HeaderMap,
    /// As it may be shown.
    pub body: Bytes,
}

/// Shows the names of the headers only.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said")
            .field("status", &self.status)
            .field("headers", &HeaderNames(&self.headers))
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

impl Said {
    /// An answer, without these secrets, and without what stands where secrets do: at the ends of these paths, or under
    /// a name that sounds like one.
    pub(super) fn new<'s>(
        status: u16,
        headers: HeaderMap,
        raw: &[u8],
        mask: &Mask,
        paths: impl Iterator<Item = &'s ValuePath>,
    ) -> Self {
        let names: Vec<&str> = paths.filter_map(|path| path.fields().last()).collect();
        let raw = mask.hide(raw).map_or_else(|| Bytes::copy_from_slice(raw), Bytes::from);
        let good = (200..300).contains(&status);
        let body = match serde_json::from_slice::<Json>(&raw) {
            Ok(mut json @ (Json::Object(_) | Json::Array(_))) => {
                mask_members(&mut json, &names);
                Bytes::from(json.to_string())
            }
            // Where all was well, a bare text may be the token itself.
            _ if good => Bytes::new(),
            _ => raw,
        };
        Self { status, headers, body }
    }
}

fn mask_members(json: &mut Json, names: &[&str]) {
    match json {
        Json::Object(map) => {
            for (name, member) in map {
                let plain = name.replace(['_', '-'], "").to_lowercase();
                let is_secret = names.contains(&name.as_str()) || SECRET_NAMES.iter().any(|part| plain.contains(part));
                match member {
                    Json::String(_) if is_secret => *member = Json::from(MASK),
                    member => mask_members(member, names),
                }
            }
        }
        Json::Array(list) => list.iter_mut().for_each(|element| mask_members(element, names)),
        _ => {}
    }
}
