//! The vault: seals an account's secrets with AES-256-GCM under the master key, and opens them again.
//! It keeps nothing; storage holds the sealed bytes.
//!
//! Each sealed value has a data key of its own, wrapped by the master key:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | format version, now 2 |
//! | 8 | id of the master key |
//! | 12 + 32 + 16 | nonce, data key and tag, under the master key |
//! | 12 + n + 16 | nonce, secrets and tag, under the data key |
//!
//! Both layers are bound to the version, to their purpose and to the account; the data key also to the master key. So
//! another master key needs the data key wrapped anew, and leaves the secrets' bytes as they are. Format 1, which is
//! still opened, binds both layers to the master key.
//! What this cannot notice: an older sealed value of the same account, put back.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

pub use super::key_file::{KeyFile, KeyFileDraft, LockedKeyFile};
pub use super::key_ring::KeyRing;
pub use super::master_key::{KEY_LEN, KeyId, MasterKey, MasterKeyError};

const VERSION: u8 = 2;
/// Its secrets are bound to the master key.
const VERSION_1: u8 = 1;
const TAG_LEN: usize = 16;
const KEY_ID_LEN: usize = KeyId::LEN;
const WRAPPED_KEY_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;
/// Where the secrets begin.
const SECRETS_AT: usize = 1 + KEY_ID_LEN + WRAPPED_KEY_LEN;

/// What the sealed bytes are longer by than the plaintext.
pub const OVERHEAD: usize = SECRETS_AT + NONCE_LEN + TAG_LEN;

/// Why a value could not be sealed or opened.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VaultError {
    /// Sealed under a master key that is not at hand. The value may be whole: start again with the key it names.
    #[error(
        "sealed with master key {sealed_with}, but at hand is {at_hand}: add that key to vault_key (OFFRAMP_VAULT_KEY) or to the \
         key file, behind the one in use",
        at_hand = listed(.at_hand)
    )]
    WrongKey { sealed_with: KeyId, at_hand: Vec<KeyId> },
    /// Sealed by a newer program. The value may be whole: this version cannot read it.
    #[error("sealed in format {0}, which this version does not know")]
    UnknownFormat(u8),
    /// Cut short, changed, or sealed for another account. The secrets are lost; they must be entered again.
    #[error("the sealed secrets are damaged, or belong to another account")]
    Corrupt,
    /// The cryptographic library refused to work: nothing about the value or the key is known to be wrong.
    #[error("the cryptographic library failed")]
    Library,
}

/// What a layer is sealed for; one can never be taken for the other.
#[derive(Clone, Copy)]
enum Purpose {
    DataKey = 1,
    Secrets = 2,
}

/// The master keys, ready for use; the first is the one in use.
struct Keys(Vec<(KeyId, RandomizedNonceKey)>);

impl Keys {
    fn of(ring: &KeyRing) -> Result<Self, VaultError> {
        let ready = |key: &MasterKey| Ok((key.id(), RandomizedNonceKey::new(&AES_256_GCM, key.expose())?));
        let keys: Result<Vec<_>, Unspecified> = ring.keys().iter().map(ready).collect();
        keys.map(Self).map_err(library)
    }

    fn in_use(&self) -> (KeyId, &RandomizedNonceKey) {
        // A ring has a key.
        let (id, key) = &self.0[0];
        (*id, key)
    }

    fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(|(id, _)| *id).collect()
    }
}

/// Seals with the master key in use, opens with every one at hand. Cheap to share, impossible to print.
pub struct Vault {
    keys: ArcSwap<Keys>,
    /// Where the keys are read again.
    file: Option<KeyFile>,
}

impl Vault {
    /// Takes one master key, or several, over; the caller's copy is wiped. Fails only if the library does.
    pub fn new(keys: impl Into<KeyRing>) -> Result<Self, VaultError> {
        Ok(Self { keys: ArcSwap::from_pointee(Keys::of(&keys.into())?), file: None })
    }

    /// A vault of the keys that were read from this file, and will be read from it again.
    pub fn following(file: KeyFile, keys: KeyRing) -> Result<Self, VaultError> {
        Ok(Self { file: Some(file), ..Self::new(keys)? })
    }

    /// Reads the key file again, if there is one; whether it holds other keys than before.
    ///
    /// # Errors
    /// If it cannot be read, or holds no keys: those at hand stay.
    pub fn reload(&self) -> Result<bool, MasterKeyError> {
        let Some(file) = &self.file else { return Ok(false) };
        let keys = file.load()?.ok_or_else(|| MasterKeyError::NoFile { path: file.path().to_owned() })?;
        if keys.ids() == self.key_ids() {
            return Ok(false);
        }
        let keys = Keys::of(&keys).map_err(|_| MasterKeyError::Library)?;
        self.keys.store(Arc::new(keys));
        Ok(true)
    }

    /// Which master key this vault seals with.
    pub fn key_id(&self) -> KeyId {
        self.keys.load().in_use().0
    }

    /// Which master keys it opens with, the one in use first.
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.keys.load().ids()
    }

    /// Encrypts `plaintext` for this account and no other. The same plaintext never gives the same bytes twice.
    pub fn seal(&self, account_id: &str, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut data_key = Zeroizing::new([0_u8; KEY_LEN]);
        rand::fill(data_key.as_mut_slice()).map_err(library)?;
        let content = RandomizedNonceKey::new(&AES_256_GCM, data_key.as_slice()).map_err(library)?;

        // The capacity is exact: bytes that have not been encrypted yet must not be moved.
        let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD);
        let written = self
            .wrap(account_id, &data_key[..], &mut sealed)
            .and_then(|()| append(&content, &Bound::secrets(account_id), plaintext, &mut sealed));
        match written {
            Ok(()) => Ok(sealed),
            Err(error) => {
                sealed.zeroize();
                Err(library(error))
            }
        }
    }

    /// Decrypts what [`Vault::seal`] made for this account. The plaintext is wiped when dropped. A master key that is not
    /// at hand is looked for in the key file.
    pub fn open(&self, account_id: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let parts = Parts::of(sealed)?;
        let data_key = self.unwrap(account_id, &parts)?;
        let content = RandomizedNonceKey::new(&AES_256_GCM, &data_key).map_err(library)?;
        decrypt(&content, &parts.bound_secrets(account_id), parts.secrets)
    }

    /// The same secrets under the key in use; `None`: they are. Of the present format only the data key is wrapped anew,
    /// and the secrets' bytes stay what they are.
    pub fn rewrap(&self, account_id: &str, sealed: &[u8]) -> Result<Option<Vec<u8>>, VaultError> {
        let parts = Parts::of(sealed)?;
        if parts.key_id == self.key_id() {
            return Ok(None);
        }
        if parts.version == VERSION_1 {
            return self.seal(account_id, &self.open(account_id, sealed)?).map(Some);
        }
        let data_key = self.unwrap(account_id, &parts)?;
        let mut rewrapped = Vec::with_capacity(sealed.len());
        self.wrap(account_id, &data_key, &mut rewrapped).map_err(library)?;
        rewrapped.extend_from_slice(parts.secrets);
        Ok(Some(rewrapped))
    }

    /// Begins a sealed value: the version, and the data key under the key in use.
    fn wrap(&self, account_id: &str, data_key: &[u8], out: &mut Vec<u8>) -> Result<(), Unspecified> {
        let keys = self.keys.load();
        let (id, wrapping) = keys.in_use();
        out.push(VERSION);
        out.extend_from_slice(id.as_bytes());
        append(wrapping, &Bound::data_key(VERSION, id, account_id), data_key, out)
    }

    fn unwrap(&self, account_id: &str, parts: &Parts<'_>) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let find = |keys: &Keys| keys.0.iter().any(|(id, _)| *id == parts.key_id);
        if !find(&self.keys.load())
            && let Err(error) = self.reload()
        {
            tracing::warn!(%error, "the key file cannot be read again");
        }
        let keys = self.keys.load();
        let key = keys.0.iter().find(|(id, _)| *id == parts.key_id);
        let (id, wrapping) =
            key.ok_or_else(|| VaultError::WrongKey { sealed_with: parts.key_id, at_hand: keys.ids() })?;
        decrypt(wrapping, &Bound::data_key(parts.version, *id, account_id), parts.wrapped)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("key_ids", &self.key_ids()).finish_non_exhaustive()
    }
}

/// Which master key a value is sealed with; that it can be opened with it is not known yet.
pub fn sealed_with(sealed: &[u8]) -> Result<KeyId, VaultError> {
    Parts::of(sealed).map(|parts| parts.key_id)
}

/// Whether the two hold the same secrets, as one becomes the other by [`Vault::rewrap`]. No key is needed, so this proves
/// nothing of a value that somebody else wrote.
pub fn same_secrets(one: &[u8], other: &[u8]) -> bool {
    one == other || matches!((one.get(SECRETS_AT..), other.get(SECRETS_AT..)), (Some(one), Some(other)) if one == other)
}

/// What a sealed value is made of.
struct Parts<'s> {
    version: u8,
    key_id: KeyId,
    wrapped: &'s [u8; WRAPPED_KEY_LEN],
    secrets: &'s [u8],
}

impl<'s> Parts<'s> {
    fn of(sealed: &'s [u8]) -> Result<Self, VaultError> {
        let (&version, rest) = sealed.split_first().ok_or(VaultError::Corrupt)?;
        if version != VERSION && version != VERSION_1 {
            return Err(VaultError::UnknownFormat(version));
        }
        let (key_id, rest) = rest.split_first_chunk::<KEY_ID_LEN>().ok_or(VaultError::Corrupt)?;
        let (wrapped, secrets) = rest.split_first_chunk::<WRAPPED_KEY_LEN>().ok_or(VaultError::Corrupt)?;
        if secrets.len() < NONCE_LEN + TAG_LEN {
            return Err(VaultError::Corrupt);
        }
        Ok(Self { version, key_id: KeyId::from(*key_id), wrapped, secrets })
    }

    fn bound_secrets(&self, account_id: &str) -> Vec<u8> {
        match self.version {
            VERSION_1 => Bound::to(VERSION_1, Purpose::Secrets, Some(self.key_id), account_id),
            _ => Bound::secrets(account_id),
        }
    }
}

/// The associated data of a layer. What stands before the account id has the same length in all values of a version and
/// purpose, which come first; so no two cases read alike.
struct Bound;

impl Bound {
    fn data_key(version: u8, key_id: KeyId, account_id: &str) -> Vec<u8> {
        Self::to(version, Purpose::DataKey, Some(key_id), account_id)
    }

    fn secrets(account_id: &str) -> Vec<u8> {
        Self::to(VERSION, Purpose::Secrets, None, account_id)
    }

    fn to(version: u8, purpose: Purpose, key_id: Option<KeyId>, account_id: &str) -> Vec<u8> {
        let mut bound = Vec::with_capacity(2 + KEY_ID_LEN + account_id.len());
        bound.extend_from_slice(&[version, purpose as u8]);
        if let Some(key_id) = key_id {
            bound.extend_from_slice(key_id.as_bytes());
        }
        bound.extend_from_slice(account_id.as_bytes());
        bound
    }
}

fn listed(ids: &[KeyId]) -> String {
    ids.iter().map(KeyId::to_string).collect::<Vec<_>>().join(", ")
}

/// Appends nonce, ciphertext and tag; `plaintext` is encrypted where it will lie.
fn append(key: &RandomizedNonceKey, bound: &[u8], plaintext: &[u8], out: &mut Vec<u8>) -> Result<(), Unspecified> {
    let nonce_at = out.len();
    let text_at = nonce_at + NONCE_LEN;
    out.resize(text_at, 0);
    out.extend_from_slice(plaintext);
    let (nonce, tag) = key.seal_in_place_separate_tag(Aad::from(bound), &mut out[text_at..])?;
    out[nonce_at..text_at].copy_from_slice(nonce.as_ref());
    out.extend_from_slice(tag.as_ref());
    Ok(())
}

/// Opens what [`append`] wrote. Whatever is wrong with it, the answer is the same.
fn decrypt(key: &RandomizedNonceKey, bound: &[u8], layer: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, ciphertext) = layer.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Corrupt)?;
    let mut text = Zeroizing::new(ciphertext.to_vec());
    let length = key
        .open_in_place(Nonce::from(nonce), Aad::from(bound), &mut text)
        .map_err(|Unspecified| VaultError::Corrupt)?
        .len();
    text.truncate(length);
    Ok(text)
}

fn library(_: Unspecified) -> VaultError {
    VaultError::Library
}
