//! The audit's entries as they are stored. What they mean, and how one is chained to the next, is the audit's business.

use std::sync::Arc;

use super::{Storage, StorageError};

/// A SHA-256.
pub type Hash = [u8; 32];

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRecord {
    /// 1, 2, 3 …, without a gap.
    pub seq: i64,
    /// RFC 3339, UTC, milliseconds: when it was written.
    pub at: Arc<str>,
    pub kind: Arc<str>,
    pub environment: Arc<str>,
    pub request_id: Arc<str>,
    /// Id of the API token.
    pub token: Arc<str>,
    /// Id of the integrated account.
    pub account: Arc<str>,
    /// The provider's user id; `None` where there is none, or once redacted.
    pub user: Option<String>,
    /// JSON array.
    pub roles: String,
    pub outcome: Option<Arc<str>>,
    /// JSON object.
    pub detail: Option<String>,
    /// `None` where nothing was sent, or once redacted.
    pub body_hash: Option<Hash>,
    /// `None` once redacted.
    pub salt: Option<[u8; 16]>,
    /// Stands for what may be redacted.
    pub personal: Hash,
    /// The hash of the entry before.
    pub prev: Hash,
    pub hash: Hash,
}

/// The last entry; the default is the end of an empty audit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditHead {
    pub seq: i64,
    pub hash: Hash,
}

/// Which entries are asked for. The empty filter asks for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Entries with a greater number only.
    pub after: i64,
    pub environment: Option<String>,
    pub account: Option<String>,
    pub user: Option<String>,
    pub request_id: Option<String>,
    pub kind: Option<String>,
    /// Intents that no result follows.
    pub open: bool,
    /// Written before this time.
    pub before: Option<String>,
}

/// The entries that a filter asks for, page by page.
#[derive(Debug)]
pub struct AuditPages {
    filter: AuditFilter,
}

impl AuditPages {
    const ENTRIES: usize = 1000;

    pub fn of(filter: AuditFilter) -> Self {
        Self { filter }
    }

    /// The next page; none after the last one.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn next(&mut self, storage: &dyn Storage) -> Result<Option<Vec<AuditRecord>>, StorageError> {
        let page = storage.audit_entries(&self.filter, Self::ENTRIES).await?;
        let Some(last) = page.last() else { return Ok(None) };
        self.filter.after = last.seq;
        Ok(Some(page))
    }
}

/// What a commit of the audit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// The end of this process, `kill -9` included; a power cut may take the last entries.
    #[default]
    Process,
    /// A power cut too: each commit is synced to the disk before a call leaves.
    Power,
}
