//! The chain as a whole: whether it holds, and how it forgets without breaking.

use std::sync::Arc;

use serde_json::json;
use thiserror::Error;

use super::entry::{Draft, Kind, hash_of, personal};
use super::{Audit, Origin, Unrecorded};
use crate::storage::{AuditFilter, AuditHead, AuditPages, AuditRecord, Hash, Storage, StorageError};

/// An entry that somebody outside has noted: the chain must still hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    pub seq: i64,
    pub hash: Hash,
}

/// What a walk over the whole chain showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many entries hold.
    pub entries: u64,
    /// The last of them: worth noting elsewhere, for a chain that lost its end still holds.
    pub head: AuditHead,
    /// How many of the entries are intents.
    pub intents: u64,
    /// The first entry that does not hold.
    pub broken: Option<Broken>,
}

/// An entry that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub seq: i64,
    pub why: &'static str,
}

/// Walks the whole chain.
///
/// # Errors
/// If the database does not serve.
pub async fn verify(storage: &dyn Storage, anchor: Option<Anchor>) -> Result<Verdict, StorageError> {
    let mut verdict = Verdict { entries: 0, head: AuditHead::default(), intents: 0, broken: None };
    // Of a chain whose oldest entries were dropped: the place, and whether a later entry says so.
    let mut start: Option<(AuditHead, bool)> = None;
    let mut anchored = anchor.is_none();
    let broken = |verdict: Verdict, seq, why| Ok(Verdict { broken: Some(Broken { seq, why }), ..verdict });
    let mut pages = AuditPages::of(AuditFilter::default());
    while let Some(page) = pages.next(storage).await? {
        for record in page {
            if verdict.entries == 0 && record.seq != 1 {
                let dropped = AuditHead { seq: record.seq - 1, hash: record.prev };
                verdict.head = dropped;
                start = Some((dropped, false));
            }
            if let Some(why) = fault(&record, verdict.head) {
                let seq = verdict.head.seq + 1;
                return broken(verdict, seq, why);
            }
            if let Some((dropped, said)) = &mut start {
                *said |= retires(&record) == Some(*dropped);
            }
            if let Some(anchor) = anchor.filter(|anchor| anchor.seq == record.seq) {
                anchored = anchor.hash == record.hash;
                if !anchored {
                    return broken(verdict, record.seq, "it is not the entry that was noted");
                }
            }
            verdict.intents += u64::from(*record.kind == *Kind::Intent.as_str());
            verdict.entries += 1;
            verdict.head = AuditHead { seq: record.seq, hash: record.hash };
        }
    }
    match (start, anchor) {
        (Some((dropped, false)), _) => broken(verdict, dropped.seq, "it is missing, and no entry says it was dropped"),
        (_, Some(anchor)) if !anchored && anchor.seq > verdict.head.seq => {
            broken(verdict, anchor.seq, "it is missing, and it was noted")
        }
        _ => Ok(verdict),
    }
}

/// Why an entry cannot follow `head`.
fn fault(record: &AuditRecord, head: AuditHead) -> Option<&'static str> {
    if record.seq != head.seq + 1 {
        return Some("it is missing");
    }
    if record.prev != head.hash {
        return Some("it does not follow the entry before it");
    }
    if hash_of(record) != record.hash {
        return Some("it was changed");
    }
    match &record.salt {
        Some(salt) if personal(salt, record.body_hash.as_ref(), record.user.as_deref()) != record.personal => {
            Some("its user or body_hash was changed")
        }
        None if record.user.is_some() || record.body_hash.is_some() => Some("its user or body_hash was changed"),
        _ => None,
    }
}

/// Why nothing could be dropped or redacted.
#[derive(Debug, Error)]
pub enum Retired {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Unrecorded(#[from] Unrecorded),
}

/// Drops the entries written before `before` (RFC 3339), oldest first, up to the first intent that is still open. An
/// entry says so, so that the chain holds. Gives how many were dropped.
///
/// # Errors
/// If the database does not serve.
pub async fn retire(storage: &dyn Storage, audit: &Audit, before: &str) -> Result<u64, Retired> {
    let open = AuditFilter { open: true, ..AuditFilter::default() };
    let first_open = storage.audit_entries(&open, 1).await?.first().map_or(i64::MAX, |record| record.seq);
    let Some(last) = last_before(storage, before, first_open).await? else { return Ok(0) };
    let detail = json!({"through": last.seq, "hash": hex::encode(last.hash)});
    note(audit, Kind::Retired, detail.to_string()).await?;
    Ok(storage.prune_audit(last.seq).await?)
}

/// Forgets users and hashes of bodies in the entries written before `before`: of one user, or of all. The chain holds.
/// Gives how many entries were changed.
///
/// # Errors
/// If the database does not serve.
pub async fn redact(storage: &dyn Storage, audit: &Audit, before: &str, user: Option<&str>) -> Result<u64, Retired> {
    let Some(last) = last_before(storage, before, i64::MAX).await? else { return Ok(0) };
    let redacted = storage.redact_audit(last.seq, user).await?;
    if redacted > 0 {
        note(audit, Kind::Redacted, json!({"through": last.seq, "entries": redacted}).to_string()).await?;
    }
    Ok(redacted)
}

/// The last entry of the unbroken run of those before a time and below a number.
async fn last_before(storage: &dyn Storage, before: &str, below: i64) -> Result<Option<AuditHead>, StorageError> {
    let mut last: Option<AuditHead> = None;
    let mut pages = AuditPages::of(AuditFilter { before: Some(before.to_owned()), ..AuditFilter::default() });
    while let Some(page) = pages.next(storage).await? {
        for record in page {
            let follows = last.is_none_or(|last| record.seq == last.seq + 1);
            if !follows || record.seq >= below {
                return Ok(last);
            }
            last = Some(AuditHead { seq: record.seq, hash: record.hash });
        }
    }
    Ok(last)
}

async fn note(audit: &Audit, kind: Kind, detail: String) -> Result<(), Unrecorded> {
    let draft = Draft {
        kind,
        origin: Arc::new(Origin::default()),
        user: None,
        roles: "[]".to_owned(),
        outcome: None,
        detail: Some(detail),
        body_hash: None,
    };
    audit.append(draft).await
}

/// The entries up to this one were dropped, says a `retired` entry.
fn retires(record: &AuditRecord) -> Option<AuditHead> {
    if *record.kind != *Kind::Retired.as_str() {
        return None;
    }
    let detail: serde_json::Value = serde_json::from_str(record.detail.as_deref()?).ok()?;
    Some(AuditHead { seq: detail["through"].as_i64()?, hash: unhex(detail["hash"].as_str()?)? })
}

/// Reads a hash in hexadecimal digits.
fn unhex(text: &str) -> Option<Hash> {
    let mut hash = Hash::default();
    hex::decode_to_slice(text, &mut hash).ok().map(|()| hash)
}

impl std::str::FromStr for Anchor {
    type Err = &'static str;

    /// `seq:hash`, as `audit verify` prints it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "an anchor is `<seq>:<hash>`, as `offramp audit verify` prints it";
        let (seq, hash) = text.split_once(':').ok_or(FORM)?;
        Ok(Self { seq: seq.parse().map_err(|_| FORM)?, hash: unhex(hash).ok_or(FORM)? })
    }
}

impl std::fmt::Display for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.seq, hex::encode(self.hash))
    }
}
