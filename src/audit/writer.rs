//! The one task that writes: all entries that are waiting become one commit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::entry::{Draft, Kind, salts};
use super::{Job, Unrecorded};
use crate::storage::{AuditHead, AuditRecord, Storage, timestamp};

/// So many entries become one commit at the most.
const MOST_AT_ONCE: usize = 256;
/// So often those who are ready to run are let go first.
const MOST_ROUNDS: usize = 4;
/// While the database is away, reports of what has happened are kept, and tried again so often.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// So many of them, the latest. An intent whose result is lost stands as unknown, and can be settled.
const MOST_KEPT: usize = 10_000;

pub(super) async fn run(storage: Arc<dyn Storage>, mut jobs: UnboundedReceiver<Job>) {
    let mut kept: VecDeque<Draft> = VecDeque::new();
    loop {
        let first = if kept.is_empty() { Ok(jobs.recv().await) } else { timeout(AGAIN_AFTER, jobs.recv()).await };
        let mut waiting = match first {
            Ok(Some(job)) => vec![job],
            Ok(None) => break,
            Err(_) => Vec::new(),
        };
        // Whoever is ready to run may have an entry too: it joins this commit. It ends where nobody had one.
        for _ in 0..MOST_ROUNDS {
            tokio::task::yield_now().await;
            let before = waiting.len();
            while waiting.len() < MOST_AT_ONCE
                && let Ok(job) = jobs.try_recv()
            {
                waiting.push(job);
            }
            if waiting.len() == before {
                break;
            }
        }
        write(&*storage, &mut kept, waiting).await;
    }
    write(&*storage, &mut kept, Vec::new()).await;
}

async fn write(storage: &dyn Storage, kept: &mut VecDeque<Draft>, waiting: Vec<Job>) {
    let (drafts, answers): (Vec<_>, Vec<_>) = waiting.into_iter().map(|job| (job.draft, job.done)).unzip();
    let drafts: Vec<Draft> = drafts.into_iter().flatten().collect();
    let all: Vec<&Draft> = kept.iter().chain(&drafts).collect();
    let written = match all.is_empty() {
        true => Ok(()),
        false => storage.append_audit(&|head| chained(&all, head)).await,
    };
    let written = written.map_err(|error| Unrecorded(error.to_string()));
    match &written {
        Ok(()) => kept.clear(),
        Err(error) => {
            tracing::error!(entries = drafts.len(), %error, "the audit is behind");
            kept.extend(drafts.into_iter().filter(|draft| draft.kind != Kind::Intent));
            let lost = kept.len().saturating_sub(MOST_KEPT);
            kept.drain(..lost);
        }
    }
    for done in answers.into_iter().flatten() {
        // Whoever asked may be gone.
        let _ = done.send(written.clone());
    }
}

fn chained(drafts: &[&Draft], mut head: AuditHead) -> Vec<AuditRecord> {
    let at = Arc::from(timestamp());
    let next = |(draft, salt): (&&Draft, [u8; 16])| {
        let record = draft.chained(head, &at, salt);
        head = AuditHead { seq: record.seq, hash: record.hash };
        record
    };
    drafts.iter().zip(salts(drafts.len())).map(next).collect()
}
