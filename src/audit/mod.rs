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

/// An entry, and who waits until it and all before it are written.
#[derive(Debug)]
struct Job {
    draft: Option<Draft>,
    done: Option<oneshot::Sender<Result<(), Unrecorded>>>,
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
        self.waited_for(Some(draft)).await
    }

    /// Appends an entry that reports what has happened, without waiting for it. As long as the process lives it is tried
    /// until it is written; if the process ends before, the intent it belongs to stands as unknown.
    pub fn report(&self, draft: Draft) {
        if self.queue.send(Job { draft: Some(draft), done: None }).is_err() {
            tracing::error!("a result is not recorded: the audit's writer has stopped");
        }
    }

    /// Waits until all that was appended before is written.
    ///
    /// # Errors
    /// If it could not be written; it is tried again.
    pub async fn flush(&self) -> Result<(), Unrecorded> {
        self.waited_for(None).await
    }

    async fn waited_for(&self, draft: Option<Draft>) -> Result<(), Unrecorded> {
        let (done, written) = oneshot::channel();
        let stopped = || Unrecorded("its writer has stopped".to_owned());
        self.queue.send(Job { draft, done: Some(done) }).map_err(|_| stopped())?;
        written.await.unwrap_or_else(|_| Err(stopped()))
    }
}
