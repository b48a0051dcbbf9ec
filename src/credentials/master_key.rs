//! A master key: 32 bytes, from the configuration or from a file. What it protects, and how, is the vault's business.

use std::path::PathBuf;
use std::{fmt, io};

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretBox};
use thiserror::Error;
use zeroize::Zeroizing;

/// Length of the master key, and of every data key.
pub const KEY_LEN: usize = 32;
/// 32 bytes in base64, padded.
pub(super) const ENCODED_LEN: usize = 44;
const ANY_PADDING: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why there is no master key. The program cannot start; every message says what to change.
#[derive(Debug, Error)]
pub enum MasterKeyError {
    /// The text is not base64. It is not shown: it may be a key with a typing mistake.
    #[error(
        "the master key is not base64: it must be {KEY_LEN} bytes, as `openssl rand -base64 {KEY_LEN}` prints them"
    )]
    NotBase64,
    /// Base64, but of too few or too many bytes.
    #[error("the master key has {bytes} bytes, {KEY_LEN} are needed (`openssl rand -base64 {KEY_LEN}` makes one)")]
    Length { bytes: usize },
    /// A text without any key in it.
    #[error("no master key is given: it must be {KEY_LEN} bytes, as `openssl rand -base64 {KEY_LEN}` prints them")]
    None,
    /// More keys than are ever needed at once.
    #[error(
        "there are {given} master keys, at most {most} can be at hand: `offramp vault prune` drops those not needed"
    )]
    TooMany { given: usize, most: usize },
    /// Others than the owner may read the file, or even change it.
    #[error("the key file {path} is open to others than its owner (mode {mode:04o}): run `chmod 600 {path}`", path = .path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    /// The file is there, but what it holds is not a key.
    #[error("the key file {path} is not usable: {source}", path = .path.display())]
    Content { path: PathBuf, source: Box<MasterKeyError> },
    /// Longer than any key; nothing of it was used.
    #[error("the key file {path} is longer than {limit} bytes: that is not a key file", path = .path.display())]
    TooLong { path: PathBuf, limit: usize },
    /// There is no such file, where one must be.
    #[error("there is no key file {path}", path = .path.display())]
    NoFile { path: PathBuf },
    /// Two commands must not change a key file at once: one of the new keys would be lost.
    #[error("the key file {path} is being changed by another `offramp vault` command: run this one when it has ended", path = .path.display())]
    Locked { path: PathBuf },
    /// The cryptographic library refused to work: nothing about the keys is known to be wrong.
    #[error("the cryptographic library failed")]
    Library,
    /// The system refused to read or write.
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
}

/// Names a master key without giving it away: the first 8 bytes of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; Self::LEN]);

impl KeyId {
    pub(crate) const LEN: usize = 8;

    pub(crate) fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl From<[u8; Self::LEN]> for KeyId {
    fn from(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// The key that protects all others. It lies on the heap, so that moving it copies nothing, and is wiped when dropped.
pub struct MasterKey(SecretBox<[u8; KEY_LEN]>);

impl MasterKey {
    /// Reads a key as `openssl rand -base64 32` prints it; white space around it and missing padding do not matter.
    pub fn from_base64(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim();
        let mut bytes = Zeroizing::new(vec![0_u8; base64::decoded_len_estimate(text.len())]);
        // The library's own error would name a character of the key.
        let length = ANY_PADDING.decode_slice(text, &mut bytes).map_err(|_| MasterKeyError::NotBase64)?;
        if length != KEY_LEN {
            return Err(MasterKeyError::Length { bytes: length });
        }
        Ok(Self(SecretBox::init_with_mut(|key: &mut [u8; KEY_LEN]| key.copy_from_slice(&bytes[..KEY_LEN]))))
    }

    /// A new key, of random bytes.
    pub fn generate() -> Self {
        Self(SecretBox::init_with_mut(|key: &mut [u8; KEY_LEN]| {
            #[expect(
                clippy::expect_used,
                reason = "AWS-LC aborts the process rather than report that there is no entropy"
            )]
            rand::fill(key).expect("the system's random numbers");
        }))
    }

    /// First 8 bytes of the key's SHA-256: fit for a log, useless for guessing 256 random bits.
    pub fn id(&self) -> KeyId {
        let hash = digest::digest(&digest::SHA256, self.expose());
        let mut id = [0_u8; KeyId::LEN];
        id.copy_from_slice(&hash.as_ref()[..KeyId::LEN]);
        KeyId(id)
    }

    pub(super) fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// Appends the key in base64, and a line's end. `out` must have room: what grows leaves its old bytes behind.
    pub(super) fn write_line(&self, out: &mut Zeroizing<Vec<u8>>) {
        let mut line = Zeroizing::new([b'\n'; ENCODED_LEN + 1]);
        #[expect(clippy::expect_used, reason = "32 bytes are 44 characters, and the buffer holds 45")]
        ANY_PADDING.encode_slice(self.expose(), line.as_mut_slice()).expect("room for the key");
        out.extend_from_slice(line.as_slice());
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKey").field(&self.id()).finish()
    }
}
