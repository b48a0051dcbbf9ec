//! API tokens: made here, shown once, known afterwards by their hash alone.
//! What a token may do is written in its storage record.

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use zeroize::Zeroizing;

/// What every token starts with, so that a leaked one is recognised for what it is.
const PREFIX: &str = "ofr_";
const RANDOM_BYTES: usize = 32;
/// 32 bytes in base64url without padding.
const ENCODED_CHARACTERS: usize = 43;

/// The ways to make and to recognise the token that a client sends as `Authorization: Bearer …`.
pub struct ApiToken;

impl ApiToken {
    /// A new token and the hash to keep of it. The text exists nowhere else: show it, then drop it.
    pub fn generate() -> (SecretString, [u8; 32]) {
        let mut random = Zeroizing::new([0_u8; RANDOM_BYTES]);
        #[expect(
            clippy::expect_used,
            reason = "AWS-LC aborts the process rather than report that there is no entropy"
        )]
        rand::fill(random.as_mut_slice()).expect("the system's random numbers");
        // The capacity is exact: a string that grows or shrinks leaves its old bytes behind.
        let mut text = String::with_capacity(PREFIX.len() + ENCODED_CHARACTERS);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(random.as_slice(), &mut text);
        let hash = Self::hash(&text);
        (SecretString::from(text), hash)
    }

    /// SHA-256 of the whole text, prefix included. Plain hashing is enough: the text has 256 random bits.
    pub fn hash(text: &str) -> [u8; 32] {
        let mut hash = [0_u8; 32];
        hash.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
        hash
    }
}
