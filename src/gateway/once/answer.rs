//! An answer that is kept for repeats. It may hold personal data, so it is sealed like credentials.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::KeyError;
use crate::credentials::vault::{Vault, VaultError};
use crate::storage::Hash;

/// What a request was answered with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// All but the body, as JSON, behind its length in four bytes.
#[derive(Serialize, Deserialize)]
struct Head {
    status: u16,
    headers: Vec<(String, String)>,
}

const LENGTH_BYTES: usize = 4;

impl Answer {
    pub(super) fn seal(&self, vault: &Vault, id: &Hash) -> Result<Vec<u8>, VaultError> {
        let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
        let headers = self.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
        let head = Head { status: self.status, headers: headers.collect() };
        let head = serde_json::to_vec(&head).unwrap_or_default();
        let mut plain = Zeroizing::new(Vec::with_capacity(LENGTH_BYTES + head.len() + self.body.len()));
        plain.extend_from_slice(&u32::try_from(head.len()).unwrap_or_default().to_be_bytes());
        plain.extend_from_slice(&head);
        plain.extend_from_slice(&self.body);
        vault.seal(&bound_to(id), &plain)
    }

    pub(super) fn open(vault: &Vault, id: &Hash, sealed: &[u8]) -> Result<Self, KeyError> {
        let plain = vault.open(&bound_to(id), sealed).map_err(|error| KeyError::Unreadable(error.to_string()))?;
        Self::read(&plain).ok_or_else(|| KeyError::Unreadable("it has another form".to_owned()))
    }

    fn read(plain: &[u8]) -> Option<Self> {
        let (length, rest) = plain.split_first_chunk::<LENGTH_BYTES>()?;
        let (head, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        let Head { status, headers } = serde_json::from_slice(head).ok()?;
        let header = |(name, value): (String, String)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        };
        Some(Self {
            status,
            headers: headers.into_iter().map(header).collect::<Option<_>>()?,
            body: Bytes::copy_from_slice(body),
        })
    }
}

/// No account has such an id.
fn bound_to(id: &Hash) -> String {
    format!("idempotency key {}", hex::encode(id))
}
