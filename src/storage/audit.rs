//! The audit's entries as they are stored. What they mean, and how one is chained to the next, is the audit's business.

/// A SHA-256.
pub type Hash = [u8; 32];

/// One entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditRecord {
    /// 1, 2, 3 …, without a gap.
    pub seq: i64,
    /// RFC 3339, UTC, milliseconds: when it was written.
    pub at: String,
    pub kind: String,
    pub environment: String,
    pub request_id: String,
    /// Id of the API token.
    pub token: String,
    /// Id of the integrated account.
    pub account: String,
    /// The provider's user id; `None` where there is none, or once redacted.
    pub user: Option<String>,
    /// JSON array.
    pub roles: String,
    pub outcome: Option<String>,
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
