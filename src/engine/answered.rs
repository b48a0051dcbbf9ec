//! An answer of a provider, and what of it may be shown.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::classify::masked;
use super::report::Failure;
use crate::credentials::{MASK, Mask};
use crate::expression::Reading;

/// An answer, read as far as the definition looks at it.
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub raw: Bytes,
    /// The bytes with the account's own secrets masked, where the provider repeated one.
    pub(super) masked: Option<Bytes>,
    pub(super) masks: [Arc<Mask>; 2],
    pub(super) reading: Arc<Reading>,
    /// What ended a listing before its last page.
    pub(super) cut_by: Option<Arc<Failure>>,
}

impl Answered {
    /// The bytes as they may be shown: not the account's own secrets, should the provider have repeated them.
    pub fn shown(&self) -> &Bytes {
        self.masked.as_ref().unwrap_or(&self.raw)
    }

    /// Whether what may be shown is another text than what came.
    pub fn is_masked(&self) -> bool {
        self.masked.is_some()
    }

    /// The headers as they may be shown.
    pub fn shown_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for value in headers.values_mut() {
            if let Some(masked) = masked(value.as_bytes(), &self.masks) {
                *value = HeaderValue::from_bytes(&masked).unwrap_or(HeaderValue::from_static(MASK));
            }
        }
        headers
    }
}

/// Shows the status only: the body may hold secrets.
impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answered")
            .field("status", &self.status)
            .field("body_bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}
