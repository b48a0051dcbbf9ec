//! The file of the master keys: one a line, the one in use first, for its owner alone. It is made when missing, read again
//! while it is followed, and only ever replaced whole.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::key_ring::{KeyRing, MOST_KEYS};
use super::master_key::{ENCODED_LEN, MasterKey, MasterKeyError};

/// Far more than all keys take; what is longer is some other file.
const FILE_LIMIT: usize = 1024;

/// Where the master keys are.
#[derive(Clone, Debug)]
pub struct KeyFile {
    path: PathBuf,
}

impl KeyFile {
    /// Names the file; nothing is read yet.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file's name.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The keys in the file; `None`: there is no file.
    ///
    /// # Errors
    /// If it cannot be read, is open to others than its owner, or holds no keys.
    pub fn load(&self) -> Result<Option<KeyRing>, MasterKeyError> {
        let path = &self.path;
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("open the key file", path)(error)),
        };
        // Asked of the open file, not of its name: what is judged is what is read.
        let mode = file.metadata().map_err(failed("examine the key file", path))?.mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(MasterKeyError::TooOpen { path: path.clone(), mode });
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
            return Err(MasterKeyError::TooLong { path: path.clone(), limit: FILE_LIMIT });
        }
        std::str::from_utf8(&content[..length])
            .map_err(|_| MasterKeyError::NotBase64)
            .and_then(KeyRing::from_text)
            .map(Some)
            .map_err(|source| MasterKeyError::Content { path: path.clone(), source: Box::new(source) })
    }

    /// The keys in the file; where there is none, one with a new key is written (mode 0600), and `true` comes with it.
    /// Of several processes that start at once, one creates the key and all get the same.
    ///
    /// # Errors
    /// As [`Self::load`], and if the file cannot be written.
    pub fn load_or_create(&self) -> Result<(KeyRing, bool), MasterKeyError> {
        if let Some(keys) = self.load()? {
            return Ok((keys, false));
        }
        if let Some(keys) = self.create()? {
            return Ok((keys, true));
        }
        // Another process was faster; its file is complete, for it appears under this name only when written.
        self.existing().map(|keys| (keys, false))
    }

    fn existing(&self) -> Result<KeyRing, MasterKeyError> {
        self.load()?.ok_or_else(|| MasterKeyError::NoFile { path: self.path.clone() })
    }

    /// Writes a new key under a name of its own, then links it to `path`: the file is there whole or not at all,
    /// and one that exists is never replaced (then: `None`).
    fn create(&self) -> Result<Option<KeyRing>, MasterKeyError> {
        let path = &self.path;
        let folder = folder_of(path);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed("create the folder of the key file", folder))?;
        let keys = KeyRing::from(MasterKey::generate());
        let draft = folder.join(format!(".{}.new", uuid::Uuid::now_v7()));
        let linked = write(&draft, &keys).and_then(|_| match fs::hard_link(&draft, path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(failed("create the key file", path)(error)),
        });
        // A draft that was never written is no failure; one that stays behind would be a second copy of the key.
        let removed = remove(&draft);
        let linked = linked?;
        removed?;
        make_durable(folder)?;
        Ok(linked.then_some(keys))
    }

    /// Keeps others from changing the file, until the lock is dropped. Reading it is not kept from anyone.
    ///
    /// # Errors
    /// If another process has it locked, or there is no such file.
    pub fn lock(&self) -> Result<LockedKeyFile, MasterKeyError> {
        // Where the name is a link, what it leads to is replaced, and the link stays.
        let path = match fs::canonicalize(&self.path) {
            Ok(path) => path,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(MasterKeyError::NoFile { path: self.path.clone() });
            }
            Err(error) => return Err(failed("find the key file", &self.path)(error)),
        };
        // The folder's lock, since the file itself will be another one.
        let folder = File::open(folder_of(&path)).map_err(failed("open the folder of the key file", &path))?;
        match folder.try_lock() {
            Ok(()) => Ok(LockedKeyFile { file: Self { path }, _folder: folder }),
            Err(TryLockError::WouldBlock) => Err(MasterKeyError::Locked { path }),
            Err(TryLockError::Error(error)) => Err(failed("lock the folder of the key file", &path)(error)),
        }
    }
}

/// A key file that no other process changes meanwhile.
#[derive(Debug)]
pub struct LockedKeyFile {
    file: KeyFile,
    _folder: File,
}

impl LockedKeyFile {
    /// The keys in the file.
    ///
    /// # Errors
    /// As [`KeyFile::load`], and if it is gone.
    pub fn keys(&self) -> Result<KeyRing, MasterKeyError> {
        self.file.existing()
    }

    /// Writes these keys beside the file, durably, with its owner and its mode. The file is as it was.
    ///
    /// # Errors
    /// If that cannot be done; nothing stays behind then.
    pub fn draft(&self, keys: &KeyRing) -> Result<KeyFileDraft<'_>, MasterKeyError> {
        let path = &self.file.path;
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(".new");
        let draft = KeyFileDraft { target: path, path: path.with_file_name(name) };
        // One that a killed command left. Nobody has it open: this one holds the lock.
        remove(&draft.path)?;
        let old = fs::metadata(path).map_err(failed("examine the key file", path))?;
        let new = write(&draft.path, keys)?;
        let made = new.metadata().map_err(failed("examine", &draft.path))?;
        if (made.uid(), made.gid()) != (old.uid(), old.gid()) {
            fchown(&new, Some(old.uid()), Some(old.gid())).map_err(failed("give its owner to", &draft.path))?;
        }
        let mode = Permissions::from_mode(old.mode() & 0o700);
        new.set_permissions(mode).and_then(|()| new.sync_all()).map_err(failed("set the mode of", &draft.path))?;
        Ok(draft)
    }
}

/// Keys that were written, but are not in use. They are removed when this is dropped.
#[derive(Debug)]
pub struct KeyFileDraft<'l> {
    target: &'l Path,
    path: PathBuf,
}

impl KeyFileDraft<'_> {
    /// Replaces the key file, durably and in one step.
    ///
    /// # Errors
    /// If that cannot be done. The file then holds either what it held or the new keys, whole.
    pub fn put_in_place(self) -> Result<(), MasterKeyError> {
        fs::rename(&self.path, self.target).map_err(failed("replace the key file", self.target))?;
        make_durable(folder_of(self.target))
    }
}

impl Drop for KeyFileDraft<'_> {
    fn drop(&mut self) {
        // Nobody can be told; the next draft takes its place.
        let _ = remove(&self.path);
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn write(path: &Path, keys: &KeyRing) -> Result<File, MasterKeyError> {
    let mut text = Zeroizing::new(Vec::with_capacity(MOST_KEYS * (ENCODED_LEN + 1)));
    for key in keys.keys() {
        key.write_line(&mut text);
    }
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    opened
        .and_then(|mut file| file.write_all(&text).and_then(|()| file.sync_all()).map(|()| file))
        .map_err(failed("write", path))
}

fn remove(path: &Path) -> Result<(), MasterKeyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove the draft", path)(error)),
        _ => Ok(()),
    }
}

/// Without this a power cut could take the file away, and with it all that was sealed since.
fn make_durable(folder: &Path) -> Result<(), MasterKeyError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("make durable the folder", folder))
}

fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> MasterKeyError {
    let path = path.to_owned();
    move |source| MasterKeyError::File { doing, path, source }
}
