//! Several master keys at once, and how one takes another's place: in the vault, in the key file, over all accounts, and in
//! the running program.

mod file;
mod process;
mod ring;
mod rotation;
mod stops;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use offramp::credentials::vault::{KeyFile, KeyId, KeyRing, MasterKey, Vault};
use offramp::storage::sqlite::SqliteStorage;
use offramp::storage::{
    AccountRecord, AccountStatus, AuditFilter, AuditHead, AuditRecord, Hash, KeyClaim, KeyEnd, KeyState, Storage,
    StorageError, TokenRecord, new_id, timestamp,
};
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

/// A folder with a key file of one new key.
struct Place {
    folder: TempDir,
    file: KeyFile,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = KeyFile::at(folder.path().join("vault.key"));
        file.load_or_create().unwrap();
        Self { folder, file }
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

async fn in_memory() -> SqliteStorage {
    SqliteStorage::open("sqlite::memory:").await.unwrap()
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

/// What happens just before secrets are swapped.
enum Meddling {
    /// The database is gone at the swap of this number; `lost`: what it did is not.
    Fail { at: usize, lost: bool },
    /// Another process has kept this secret with its key; `always`: each time anew.
    Replace { id: String, vault: Vault, secret: String, always: bool },
    /// Another process has deleted the account.
    Delete { id: String },
}

/// A database in which something else happens meanwhile.
struct Meddled {
    inner: SqliteStorage,
    swaps: AtomicUsize,
    meddling: Meddling,
}

impl Meddled {
    fn new(inner: &SqliteStorage, meddling: Meddling) -> Self {
        Self { inner: inner.clone(), swaps: AtomicUsize::new(0), meddling }
    }
}

#[async_trait]
impl Storage for Meddled {
    async fn accounts(&self) -> Result<Vec<AccountRecord>, StorageError> {
        self.inner.accounts().await
    }
    async fn insert_account(&self, account: &AccountRecord) -> Result<(), StorageError> {
        self.inner.insert_account(account).await
    }
    async fn delete_account(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.inner.delete_account(environment, id).await
    }
    async fn set_account_status(&self, id: &str, status: AccountStatus) -> Result<bool, StorageError> {
        self.inner.set_account_status(id, status).await
    }
    async fn account_secrets(&self, id: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.inner.account_secrets(id).await
    }
    async fn set_account_secrets(&self, id: &str, sealed: &[u8]) -> Result<bool, StorageError> {
        self.inner.set_account_secrets(id, sealed).await
    }
    async fn swap_account_secrets(&self, id: &str, expected: &[u8], sealed: &[u8]) -> Result<bool, StorageError> {
        let swap = self.swaps.fetch_add(1, Ordering::SeqCst);
        match &self.meddling {
            Meddling::Fail { at, lost } if *at == swap => {
                if *lost {
                    assert!(self.inner.swap_account_secrets(id, expected, sealed).await?);
                }
                return Err(StorageError::Unavailable { doing: "anything", reason: "gone".to_owned() });
            }
            Meddling::Replace { id: replaced, vault, secret, always }
                if replaced == id && (*always || swap < ACCOUNTS) =>
            {
                let sealed = vault.seal(id, secret.as_bytes()).unwrap();
                assert!(self.inner.set_account_secrets(id, &sealed).await?);
            }
            Meddling::Delete { id: deleted } if deleted == id => {
                assert!(self.inner.delete_account("default", id).await?);
            }
            _ => {}
        }
        self.inner.swap_account_secrets(id, expected, sealed).await
    }
    async fn tokens(&self) -> Result<Vec<TokenRecord>, StorageError> {
        self.inner.tokens().await
    }
    async fn insert_token(&self, token: &TokenRecord) -> Result<(), StorageError> {
        self.inner.insert_token(token).await
    }
    async fn delete_token(&self, environment: &str, id: &str) -> Result<bool, StorageError> {
        self.inner.delete_token(environment, id).await
    }
    async fn append_audit(
        &self,
        chain: &(dyn Fn(AuditHead) -> Vec<AuditRecord> + Send + Sync),
    ) -> Result<(), StorageError> {
        self.inner.append_audit(chain).await
    }
    async fn audit_entries(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditRecord>, StorageError> {
        self.inner.audit_entries(filter, limit).await
    }
    async fn redact_audit(&self, through: i64, user: Option<&str>) -> Result<u64, StorageError> {
        self.inner.redact_audit(through, user).await
    }
    async fn prune_audit(&self, through: i64) -> Result<u64, StorageError> {
        self.inner.prune_audit(through).await
    }
    async fn claim_key(&self, claim: &KeyClaim) -> Result<KeyState, StorageError> {
        self.inner.claim_key(claim).await
    }
    async fn renew_key(&self, id: &Hash, holder: &str, lease: Duration) -> Result<bool, StorageError> {
        self.inner.renew_key(id, holder, lease).await
    }
    async fn end_key(&self, id: &Hash, holder: &str, end: KeyEnd<'_>) -> Result<bool, StorageError> {
        self.inner.end_key(id, holder, end).await
    }
    async fn forget_keys(&self) -> Result<u64, StorageError> {
        self.inner.forget_keys().await
    }
    async fn revision(&self) -> Result<i64, StorageError> {
        self.inner.revision().await
    }
    async fn ping(&self) -> Result<(), StorageError> {
        self.inner.ping().await
    }
}
