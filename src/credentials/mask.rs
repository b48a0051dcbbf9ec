//! What keeps secrets out of what is shown.

use memchr::memmem;

use crate::expression::encode_segment;

/// Shown in place of a secret.
pub const MASK: &str = "********";

/// Shorter texts are not searched for: they would be found in what is no secret.
pub(super) const SHORTEST_SECRET_BYTES: usize = 6;

/// A secret as it is, within JSON (where some escape slashes, too), and percent-encoded.
pub(super) fn spellings(secret: &serde_json::Value) -> Vec<Vec<u8>> {
    let Some(plain) = secret.as_str().filter(|text| text.len() >= SHORTEST_SECRET_BYTES) else { return Vec::new() };
    let quoted = serde_json::Value::from(plain).to_string();
    let quoted = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(&quoted);
    let escaped = quoted.replace('/', "\\/");
    let encoded = encode_segment(plain).to_string();
    let mut spellings: Vec<Vec<u8>> = Vec::with_capacity(4);
    for spelling in [plain, quoted, &escaped, &encoded] {
        if !spellings.iter().any(|known| known == spelling.as_bytes()) {
            spellings.push(spelling.as_bytes().to_vec());
        }
    }
    spellings
}

/// The text with every occurrence of every secret masked; `None` if there is none.
pub fn without_secrets<'s>(text: &[u8], secrets: impl Iterator<Item = &'s [u8]>) -> Option<Vec<u8>> {
    let mut masked: Option<Vec<u8>> = None;
    for secret in secrets {
        let text = masked.as_deref().unwrap_or(text);
        if let Some(first) = memmem::find(text, secret) {
            masked = Some(without(text, secret, first));
        }
    }
    masked
}

/// The text with every occurrence of the secret masked; the first is at `first`.
fn without(text: &[u8], secret: &[u8], first: usize) -> Vec<u8> {
    let mut masked = Vec::with_capacity(text.len());
    let (mut rest, mut next) = (text, Some(first));
    while let Some(at) = next {
        masked.extend_from_slice(&rest[..at]);
        masked.extend_from_slice(MASK.as_bytes());
        rest = &rest[at + secret.len()..];
        next = memmem::find(rest, secret);
    }
    masked.extend_from_slice(rest);
    masked
}
