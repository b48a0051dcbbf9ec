//! One entry: what it says, what its hash covers, and the line it is exported as.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::rand;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::Origin;
use crate::model::Outcome;
use crate::storage::{AuditHead, AuditRecord, Hash};

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A write is about to be sent. Its outcome is unknown until a result of the same request follows.
    Intent,
    /// What became of a request that had an intent.
    Result,
    /// What a look at the provider showed of an intent without a result.
    Settled,
    /// A guard of ours forbade a removal: nothing was sent.
    Refused,
    /// Personal data of earlier entries was forgotten.
    Redacted,
    /// The oldest entries were dropped.
    Retired,
}

impl Kind {
    /// The word in the entry.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intent => "intent",
            Self::Result => "result",
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Redacted => "redacted",
            Self::Retired => "retired",
        }
    }
}

/// An entry that is not chained yet.
#[derive(Clone, Debug)]
pub struct Draft {
    pub kind: Kind,
    pub origin: Arc<Origin>,
    /// The provider's user id.
    pub user: Option<String>,
    /// JSON array.
    pub roles: String,
    pub outcome: Option<Outcome>,
    /// JSON object.
    pub detail: Option<String>,
    /// SHA-256 of the body of the call that is about to be sent.
    pub body_hash: Option<Hash>,
}

impl Draft {
    /// The entry that follows `head`.
    pub(super) fn chained(&self, head: AuditHead, at: &Arc<str>, salt: [u8; 16]) -> AuditRecord {
        let mut record = AuditRecord {
            seq: head.seq + 1,
            at: Arc::clone(at),
            kind: self.kind.as_str().into(),
            environment: Arc::clone(&self.origin.environment),
            request_id: Arc::clone(&self.origin.request_id),
            token: Arc::clone(&self.origin.token),
            account: Arc::clone(&self.origin.account),
            user: self.user.clone(),
            roles: self.roles.clone(),
            outcome: self.outcome.map(|outcome| outcome.as_str().into()),
            detail: self.detail.clone(),
            body_hash: self.body_hash,
            salt: Some(salt),
            personal: personal(&salt, self.body_hash.as_ref(), self.user.as_deref()),
            prev: head.hash,
            hash: Hash::default(),
        };
        record.hash = hash_of(&record);
        record
    }
}

/// So many salts.
pub(super) fn salts(count: usize) -> Vec<[u8; 16]> {
    let mut bytes = vec![0; 16 * count];
    #[expect(clippy::expect_used, reason = "AWS-LC aborts the process rather than report that there is no entropy")]
    rand::fill(&mut bytes).expect("the system's random numbers");
    bytes.as_chunks().0.to_vec()
}

/// What stands for the fields that may be redacted: salted, so that nobody can guess them afterwards.
pub(super) fn personal(salt: &[u8], body_hash: Option<&Hash>, user: Option<&str>) -> Hash {
    // Each of the two says whether it is there, so no two cases read alike.
    let there = [u8::from(body_hash.is_some()), u8::from(user.is_some())];
    sha256(&[salt, &there, body_hash.map_or(&[], |hash| hash), user.unwrap_or_default().as_bytes()])
}

/// An entry as a line; where its hash is taken, without what may be redacted, and without the hash.
#[derive(Serialize)]
struct Line<'r> {
    seq: i64,
    at: &'r str,
    kind: &'r str,
    environment: &'r str,
    request_id: &'r str,
    token: &'r str,
    account: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<Option<&'r str>>,
    roles: Json<'r>,
    outcome: Option<&'r str>,
    detail: Option<Json<'r>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_hash: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<Option<String>>,
    personal: String,
    prev: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
}

impl<'r> Line<'r> {
    fn of(record: &'r AuditRecord, whole: bool) -> Self {
        Self {
            seq: record.seq,
            at: &record.at,
            kind: &record.kind,
            environment: &record.environment,
            request_id: &record.request_id,
            token: &record.token,
            account: &record.account,
            user: whole.then_some(record.user.as_deref()),
            roles: Json(&record.roles),
            outcome: record.outcome.as_deref(),
            detail: record.detail.as_deref().map(Json),
            body_hash: whole.then(|| record.body_hash.map(hex::encode)),
            salt: whole.then(|| record.salt.map(hex::encode)),
            personal: hex::encode(record.personal),
            prev: hex::encode(record.prev),
            hash: whole.then(|| hex::encode(record.hash)),
        }
    }

    fn text(&self) -> String {
        #[expect(clippy::expect_used, reason = "texts and numbers always have a JSON form")]
        serde_json::to_string(self).expect("JSON")
    }
}

/// Text that is JSON already. What is none any more, because somebody changed it, stands as the text it is.
struct Json<'r>(&'r str);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match serde_json::from_str::<&RawValue>(self.0) {
            Ok(raw) => raw.serialize(serializer),
            Err(_) => serializer.serialize_str(self.0),
        }
    }
}

/// The hash an entry must have.
pub(super) fn hash_of(record: &AuditRecord) -> Hash {
    sha256(&[Line::of(record, false).text().as_bytes()])
}

/// An entry as the JSON object it is shown and exported as, on one line.
pub fn exported(record: &AuditRecord) -> String {
    Line::of(record, true).text()
}

/// The SHA-256 of these, one after another.
pub(super) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
