//! Several master keys at once, and how one takes another's place: in the vault, in the key file, over all accounts, and in
//! the running program.

mod file;
mod process;
mod ring;
mod rotation;
mod stops;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use offramp::credentials::vault::{KeyFile, KeyId, KeyRing, MasterKey, Vault};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{AccountRecord, AccountStatus, Storage, new_id, timestamp};
use offramp::suite::Unreliable;
use tempfile::TempDir;

const ACCOUNT: &str = "0198c0de-0000-7000-8000-000000000001";
/// How many accounts a rotation has here.
const ACCOUNTS: usize = 4;
/// Nobody else follows the key file.
const AT_ONCE: Duration = Duration::ZERO;
const SECRET: &[u8] = br#"{"client_secret":"s3cr3t"}"#;

fn text(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

fn key(byte: u8) -> MasterKey {
    MasterKey::from_base64(&text(byte)).unwrap()
}

/// These keys, the first in use.
fn ring(bytes: &[u8]) -> KeyRing {
    KeyRing::from_text(&bytes.iter().map(|byte| text(*byte)).collect::<Vec<_>>().join(",")).unwrap()
}

fn vault(bytes: &[u8]) -> Vault {
    Vault::new(ring(bytes)).unwrap()
}

fn id(byte: u8) -> KeyId {
    key(byte).id()
}

/// A folder with a key file of one new key, and one with a database.
struct Place {
    folder: TempDir,
    data: TempDir,
    file: KeyFile,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("vault.key"));
        file.load_or_create().unwrap();
        Self { folder, data: tempfile::tempdir().unwrap(), file }
    }

    fn url(&self) -> String {
        format!("sqlite:{}", self.data.path().join("offramp.db").display())
    }

    async fn storage(&self) -> SqliteStorage {
        SqliteStorage::open(&self.url()).await.unwrap()
    }

    fn ids(&self) -> Vec<KeyId> {
        self.file.load().unwrap().unwrap().ids()
    }

    fn vault(&self) -> Vault {
        Vault::following(self.file.clone(), self.file.load().unwrap().unwrap()).unwrap()
    }

    /// What is in the folder, by name.
    fn names(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into()).collect()
    }
}

/// [`ACCOUNTS`] accounts, each with a secret of its own; their ids.
async fn accounts(storage: &dyn Storage, vault: &Vault) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..ACCOUNTS {
        let (id, now) = (new_id(), timestamp());
        let record = AccountRecord {
            sealed: vault.seal(&id, id.as_bytes()).unwrap(),
            environment: "default".to_owned(),
            integration: "made-up".to_owned(),
            tenant_id: None,
            context: serde_json::Map::new(),
            status: AccountStatus::Active,
            created_at: now.clone(),
            updated_at: now,
            id: id.clone(),
        };
        storage.insert_account(&record).await.unwrap();
        ids.push(id);
    }
    ids
}

/// Every account opens with this vault, and holds its own secret.
async fn all_open(storage: &dyn Storage, vault: &Vault) {
    for account in storage.accounts().await.unwrap() {
        let opened = vault.open(&account.id, &account.sealed).unwrap_or_else(|error| panic!("{}: {error}", account.id));
        assert!(opened.starts_with(account.id.as_bytes()));
    }
}

/// Does something to the database as another process would, and comes back when it is done.
fn elsewhere(place: &Place, work: impl AsyncFnOnce(&SqliteStorage) + Send) {
    let url = place.url();
    std::thread::scope(|scope| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let done = scope.spawn(move || {
            runtime.block_on(async {
                let storage = SqliteStorage::open(&url).await.unwrap();
                work(&storage).await;
                storage.close().await;
            });
        });
        done.join().unwrap();
    });
}
