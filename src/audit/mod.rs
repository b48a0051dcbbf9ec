//! The audit: what was about to be taken away, by whom, and what became of it, as a chain that shows tampering.
//! An intent is durable before its call leaves. Where the entries lie is the storage's business.

mod chain;
mod entry;
mod trail;
mod writer;

use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{mpsc, oneshot};

use crate::storage::Storage;

pub use chain::{Anchor, Broken, Retired, Verdict, redact, retire, verify};
pub use entry::{Draft, Kind, exported};
pub use trail::{Intent, Origin, RoleOutcome, Trail};

/// The audit cannot be written; nothing may be sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("the audit cannot be written: {0}")]
pub struct Unrecorded(String);

/// The one writer of this process. Clones write through it too.
#[derive(Clone, Debug)]
pub struct Audit {
    queue: mpsc::UnboundedSender<Job>,
}

/// An entry, and who waits until it is written.
#[derive(Debug)]
struct Job {
    draft: Draft,
    done: oneshot::Sender<Result<(), Unrecorded>>,
}

impl Audit {
    /// Starts the writer; it ends when the last clone is dropped and all is written.
    pub fn start(storage: Arc<dyn Storage>) -> Self {
        let (queue, jobs) = mpsc::unbounded_channel();
        tokio::spawn(writer::run(storage, jobs));
        Self { queue }
    }

    /// Appends an entry; it is as durable as the settings promise when this returns.
    ///
    /// # Errors
    /// If it could not be written. An entry that reports what has happened is kept in memory then, and tried again.
    pub async fn append(&self, draft: Draft) -> Result<(), Unrecorded> {
        let (done, written) = oneshot::channel();
        let stopped = || Unrecorded("its writer has stopped".to_owned());
        self.queue.send(Job { draft, done }).map_err(|_| stopped())?;
        written.await.unwrap_or_else(|_| Err(stopped()))
    }
}
