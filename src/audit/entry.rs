//! One entry: what it says, what its hash covers, and the line it is exported as.

use std::fmt;
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
    pub(super) fn chained(&self, head: AuditHead, at: &str, salt: [u8; 16]) -> AuditRecord {
        let mut record = AuditRecord {
            seq: head.seq + 1,
            at: at.to_owned(),
            kind: self.kind.as_str().to_owned(),
            environment: self.origin.environment.clone(),
            request_id: self.origin.request_id.clone(),
            token: self.origin.token.clone(),
            account: self.origin.account.clone(),
            user: self.user.clone(),
            roles: self.roles.clone(),
            outcome: self.outcome.map(|outcome| outcome.as_str().to_owned()),
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
    let mut context = Context::new(&SHA256);
    context.update(salt);
    // Each of the two says whether it is there, so no two cases read alike.
    context.update(&[u8::from(body_hash.is_some()), u8::from(user.is_some())]);
    context.update(body_hash.map_or(&[][..], |hash| hash));
    context.update(user.unwrap_or_default().as_bytes());
    finish(context)
}

/// What an entry's hash covers: its line without what may be redacted, and without the hash.
#[derive(Serialize)]
struct Hashed<'r> {
    seq: i64,
    at: &'r str,
    kind: &'r str,
    environment: &'r str,
    request_id: &'r str,
    token: &'r str,
    account: &'r str,
    roles: Json<'r>,
    outcome: Option<&'r str>,
    detail: Option<Json<'r>>,
    personal: Hex<'r>,
    prev: Hex<'r>,
}

/// The line of an entry.
#[derive(Serialize)]
struct Line<'r> {
    seq: i64,
    at: &'r str,
    kind: &'r str,
    environment: &'r str,
    request_id: &'r str,
    token: &'r str,
    account: &'r str,
    user: Option<&'r str>,
    roles: Json<'r>,
    outcome: Option<&'r str>,
    detail: Option<Json<'r>>,
    body_hash: Option<Hex<'r>>,
    salt: Option<Hex<'r>>,
    personal: Hex<'r>,
    prev: Hex<'r>,
    hash: Hex<'r>,
}

/// Bytes as hexadecimal digits.
struct Hex<'r>(&'r [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = String::with_capacity(2 * self.0.len());
        for byte in self.0 {
            text.push(char::from(DIGITS[usize::from(byte >> 4)]));
            text.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        serializer.serialize_str(&text)
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
    let hashed = Hashed {
        seq: record.seq,
        at: &record.at,
        kind: &record.kind,
        environment: &record.environment,
        request_id: &record.request_id,
        token: &record.token,
        account: &record.account,
        roles: Json(&record.roles),
        outcome: record.outcome.as_deref(),
        detail: record.detail.as_deref().map(Json),
        personal: Hex(&record.personal),
        prev: Hex(&record.prev),
    };
    #[expect(clippy::expect_used, reason = "texts and numbers always have a JSON form")]
    hash_of_body(&serde_json::to_vec(&hashed).expect("JSON"))
}

/// An entry as the JSON object it is shown and exported as, on one line.
pub fn exported(record: &AuditRecord) -> String {
    let line = Line {
        seq: record.seq,
        at: &record.at,
        kind: &record.kind,
        environment: &record.environment,
        request_id: &record.request_id,
        token: &record.token,
        account: &record.account,
        user: record.user.as_deref(),
        roles: Json(&record.roles),
        outcome: record.outcome.as_deref(),
        detail: record.detail.as_deref().map(Json),
        body_hash: record.body_hash.as_ref().map(|hash| Hex(hash)),
        salt: record.salt.as_ref().map(|salt| Hex(salt)),
        personal: Hex(&record.personal),
        prev: Hex(&record.prev),
        hash: Hex(&record.hash),
    };
    #[expect(clippy::expect_used, reason = "texts and numbers always have a JSON form")]
    serde_json::to_string(&line).expect("JSON")
}

/// A hash in hexadecimal digits.
pub(super) fn hex(hash: &Hash) -> String {
    Hex(hash).to_string()
}

/// SHA-256 of a body.
pub(super) fn hash_of_body(body: &[u8]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(body);
    finish(context)
}

fn finish(context: Context) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(context.finish().as_ref());
    hash
}
