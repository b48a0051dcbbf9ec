//! The master key: 32 bytes from the configuration or from a file that only its owner may read.
//! What it protects, and how, is the vault's business.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

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
const ENCODED_LEN: usize = 44;
/// Far more than any key takes; what is longer is some other file.
const FILE_LIMIT: usize = 1024;
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
    /// Others than the owner may read the file, or even change it.
    #[error("the key file {path} is open to others than its owner (mode {mode:04o}): run `chmod 600 {path}`", path = .path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    /// The file is there, but what it holds is not a key.
    #[error("the key file {path} is not usable: {source}", path = .path.display())]
    Content { path: PathBuf, source: Box<MasterKeyError> },
    /// Longer than any key; nothing of it was used.
    #[error("the key file {path} is longer than {FILE_LIMIT} bytes: that is not a key file", path = .path.display())]
    TooLong { path: PathBuf },
    /// The system refused to read or write.
    #[error("cannot {doing} {path}: {source}", path = .path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
}

/// Names a master key without giving it away: the first 8 bytes of its SHA-256.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
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
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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

    /// The key in this file; where there is none, a new one is written (mode 0600), and `true` comes with it.
    /// Of several processes that start at once, one creates the key and all get the same.
    pub fn load_or_create(path: &Path) -> Result<(Self, bool), MasterKeyError> {
        if let Some(key) = Self::load(path)? {
            return Ok((key, false));
        }
        if let Some(key) = Self::create(path)? {
            return Ok((key, true));
        }
        // Another process was faster; its file is complete, for it appears under this name only when written.
        match Self::load(path)? {
            Some(key) => Ok((key, false)),
            None => Err(failed("find again", path)(io::ErrorKind::NotFound.into())),
        }
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

    fn load(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open the key file", path)(error)),
        };
        // Asked of the open file, not of its name: what is judged is what is read.
        let mode = file.metadata().map_err(failed("examine the key file", path))?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::TooOpen { path: path.to_owned(), mode });
        }
        let mut content = Zeroizing::new([0_u8; FILE_LIMIT + 1]);
        let mut length = 0;
        while length < content.len() {
            match file.read(&mut content[length..]) {
                Ok(0) => break,
                Ok(read) => length += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed("read the key file", path)(error)),
            }
        }
        if length > FILE_LIMIT {
            return Err(MasterKeyError::TooLong { path: path.to_owned() });
        }
        std::str::from_utf8(&content[..length])
            .map_err(|_| MasterKeyError::NotBase64)
            .and_then(Self::from_base64)
            .map(Some)
            .map_err(|source| MasterKeyError::Content { path: path.to_owned(), source: Box::new(source) })
    }

    /// Writes a new key under a name of its own, then links it to `path`: the file is there whole or not at all,
    /// and one that exists is never replaced (then: `None`).
    fn create(path: &Path) -> Result<Option<Self>, MasterKeyError> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed("create the folder of the key file", folder))?;
        let key = Self::generate();
        let draft = folder.join(format!(".{}.new", uuid::Uuid::now_v7()));
        let linked = key.write(&draft).and_then(|()| match fs::hard_link(&draft, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed("create the key file", path)(error)),
        });
        // A draft that was never written is no failure; one that stays behind would be a second copy of the key.
        let removed = match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove the draft", &draft)(error)),
            _ => Ok(()),
        };
        let linked = linked?;
        removed?;
        // Without this a power cut could take the file away, and with it all that was sealed since.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("make durable the folder", folder))?;
        Ok(linked.then_some(key))
    }

    fn generate() -> Self {
        Self(SecretBox::init_with_mut(|key: &mut [u8; KEY_LEN]| {
            #[expect(
                clippy::expect_used,
                reason = "AWS-LC aborts the process rather than report that there is no entropy"
            )]
            rand::fill(key).expect("the system's random numbers");
        }))
    }

    fn write(&self, path: &Path) -> Result<(), MasterKeyError> {
        let mut text = Zeroizing::new([b'\n'; ENCODED_LEN + 1]);
        #[expect(clippy::expect_used, reason = "32 bytes are 44 characters, and the buffer holds 45")]
        ANY_PADDING.encode_slice(self.expose(), text.as_mut_slice()).expect("room for the key");
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_slice()).and_then(|()| file.sync_all()))
            .map_err(failed("write", path))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MasterKey").field(&self.id()).finish()
    }
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MasterKeyError {
    let path = path.to_owned();
    move |source| MasterKeyError::File { doing, path, source }
}
