//! The vault: seals an account's secrets with AES-256-GCM under the master key, and opens them again.
//! It keeps nothing; storage holds the sealed bytes.
//!
//! Each sealed value has a data key of its own, wrapped by the master key:
//!
//! | bytes | what |
//! | --- | --- |
//! | 1 | format version, now 1 |
//! | 8 | id of the master key |
//! | 12 + 32 + 16 | nonce, data key and tag, under the master key |
//! | 12 + n + 16 | nonce, secrets and tag, under the data key |
//!
//! Both layers are bound to the version, to their purpose, to the master key and to the account.
//! What this cannot notice: an older sealed value of the same account, put back.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use thiserror::Error;
use zeroize::{Zeroize, Zeroizing};

pub use super::master_key::{KEY_LEN, KeyId, MasterKey, MasterKeyError};

const VERSION: u8 = 1;
const TAG_LEN: usize = 16;
const KEY_ID_LEN: usize = KeyId::LEN;
const WRAPPED_KEY_LEN: usize = NONCE_LEN + KEY_LEN + TAG_LEN;

/// What the sealed bytes are longer by than the plaintext.
pub const OVERHEAD: usize = 1 + KEY_ID_LEN + WRAPPED_KEY_LEN + NONCE_LEN + TAG_LEN;

/// Why a value could not be sealed or opened.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum VaultError {
    /// Sealed under another master key. The value may be whole: start again with the key it names.
    #[error("sealed with master key {sealed_with}, but the key in use is {in_use}")]
    WrongKey { sealed_with: KeyId, in_use: KeyId },
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

/// Seals and opens under one master key. Cheap to share, impossible to print.
pub struct Vault {
    wrapping: RandomizedNonceKey,
    key_id: KeyId,
}

impl Vault {
    /// Takes the master key over; the caller's copy is wiped. Fails only if the library does.
    pub fn new(master: MasterKey) -> Result<Self, VaultError> {
        let wrapping = RandomizedNonceKey::new(&AES_256_GCM, master.expose()).map_err(library)?;
        Ok(Self { wrapping, key_id: master.id() })
    }

    /// Which master key this vault works with.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// Encrypts `plaintext` for this account and no other. The same plaintext never gives the same bytes twice.
    pub fn seal(&self, account_id: &str, plaintext: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut data_key = Zeroizing::new([0_u8; KEY_LEN]);
        rand::fill(data_key.as_mut_slice()).map_err(library)?;
        let content = RandomizedNonceKey::new(&AES_256_GCM, data_key.as_slice()).map_err(library)?;

        // The capacity is exact: bytes that have not been encrypted yet must not be moved.
        let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD);
        sealed.push(VERSION);
        sealed.extend_from_slice(self.key_id.as_bytes());
        let written = append(&self.wrapping, &self.bound_to(Purpose::DataKey, account_id), &data_key[..], &mut sealed)
            .and_then(|()| append(&content, &self.bound_to(Purpose::Secrets, account_id), plaintext, &mut sealed));
        match written {
            Ok(()) => Ok(sealed),
            Err(error) => {
                sealed.zeroize();
                Err(library(error))
            }
        }
    }

    /// Decrypts what [`Vault::seal`] made for this account. The plaintext is wiped when dropped.
    pub fn open(&self, account_id: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let (&version, rest) = sealed.split_first().ok_or(VaultError::Corrupt)?;
        if version != VERSION {
            return Err(VaultError::UnknownFormat(version));
        }
        let (key_id, rest) = rest.split_first_chunk::<KEY_ID_LEN>().ok_or(VaultError::Corrupt)?;
        let (wrapped, secrets) = rest.split_first_chunk::<WRAPPED_KEY_LEN>().ok_or(VaultError::Corrupt)?;
        if secrets.len() < NONCE_LEN + TAG_LEN {
            return Err(VaultError::Corrupt);
        }
        let sealed_with = KeyId::from(*key_id);
        if sealed_with != self.key_id {
            return Err(VaultError::WrongKey { sealed_with, in_use: self.key_id });
        }

        let data_key = decrypt(&self.wrapping, &self.bound_to(Purpose::DataKey, account_id), wrapped)?;
        let content = RandomizedNonceKey::new(&AES_256_GCM, &data_key).map_err(library)?;
        decrypt(&content, &self.bound_to(Purpose::Secrets, account_id), secrets)
    }

    /// The associated data of a layer. Everything before the account id has a fixed length, so no two cases read alike.
    fn bound_to(&self, purpose: Purpose, account_id: &str) -> Vec<u8> {
        let mut bound = Vec::with_capacity(2 + KEY_ID_LEN + account_id.len());
        bound.extend_from_slice(&[VERSION, purpose as u8]);
        bound.extend_from_slice(self.key_id.as_bytes());
        bound.extend_from_slice(account_id.as_bytes());
        bound
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("key_id", &self.key_id).finish_non_exhaustive()
    }
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
