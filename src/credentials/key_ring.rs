//! The master keys at hand: the first seals, every one opens. So a key can be replaced while the accounts are in use.

use std::fmt;

use super::master_key::{KeyId, MasterKey, MasterKeyError};

/// Most keys at hand at once: one in use, and those of rotations whose old keys were not dropped yet.
pub(super) const MOST_KEYS: usize = 16;

/// One or more master keys, the one in use first.
pub struct KeyRing(Vec<MasterKey>);

impl KeyRing {
    /// Reads keys separated by commas or line ends, each as [`MasterKey::from_base64`] takes it; a repeated one counts once.
    ///
    /// # Errors
    /// If there is none, there are too many, or one of them is no key.
    pub fn from_text(text: &str) -> Result<Self, MasterKeyError> {
        let mut keys: Vec<MasterKey> = Vec::new();
        for part in text.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()) {
            let key = MasterKey::from_base64(part)?;
            if keys.iter().all(|known| known.id() != key.id()) {
                keys.push(key);
            }
        }
        Self::checked(keys)
    }

    fn checked(keys: Vec<MasterKey>) -> Result<Self, MasterKeyError> {
        match keys.len() {
            0 => Err(MasterKeyError::None),
            given if given > MOST_KEYS => Err(MasterKeyError::TooMany { given, most: MOST_KEYS }),
            _ => Ok(Self(keys)),
        }
    }

    /// These keys behind a new one, which is the one in use from now on.
    ///
    /// # Errors
    /// If there are too many then.
    pub fn led_by(self, key: MasterKey) -> Result<Self, MasterKeyError> {
        Self::checked(std::iter::once(key).chain(self.0).collect())
    }

    /// The key in use, and those others that `keep` names.
    #[must_use]
    pub fn keeping(self, keep: impl Fn(KeyId) -> bool) -> Self {
        let kept = self.0.into_iter().enumerate().filter(|(index, key)| *index == 0 || keep(key.id()));
        Self(kept.map(|(_, key)| key).collect())
    }

    /// The ids, that of the key in use first.
    pub fn ids(&self) -> Vec<KeyId> {
        self.0.iter().map(MasterKey::id).collect()
    }

    pub(super) fn keys(&self) -> &[MasterKey] {
        &self.0
    }
}

impl From<MasterKey> for KeyRing {
    fn from(key: MasterKey) -> Self {
        Self(vec![key])
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("KeyRing").field(&self.ids()).finish()
    }
}
