//! An answer that is passed on as it arrives, without the account's own secrets, should the provider repeat one. Nothing
//! changes its length: a secret is written over.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use crate::credentials::Mask;
use crate::transport::{AnswerBody, TransportError};

/// The whole body of an answer, from its first byte.
pub struct Streamed {
    /// What was read to classify it.
    held: Option<Bytes>,
    rest: AnswerBody,
    masks: [Arc<Mask>; 2],
    /// What may be the beginning of a secret.
    waiting: BytesMut,
    /// Follows what is waiting.
    broken: Option<TransportError>,
}

impl Streamed {
    pub(super) fn new(held: Bytes, rest: AnswerBody, masks: [Arc<Mask>; 2]) -> Self {
        Self { held: Some(held), rest, masks, waiting: BytesMut::new(), broken: None }
    }

    /// The next bytes; `None` at the end. Nothing follows an error.
    ///
    /// # Errors
    /// As [`AnswerBody::chunk`].
    pub async fn chunk(&mut self) -> Option<Result<Bytes, TransportError>> {
        if let Some(error) = self.broken.take() {
            return Some(Err(error));
        }
        let keep = self.masks.iter().map(|mask| mask.longest().saturating_sub(1)).max().unwrap_or_default();
        loop {
            let next = match self.held.take() {
                Some(held) => Some(Ok(held)),
                None => self.rest.chunk().await,
            };
            match next {
                Some(Ok(chunk)) if keep == 0 => return Some(Ok(chunk)),
                Some(Ok(chunk)) => {
                    self.waiting.extend_from_slice(&chunk);
                    self.masks.iter().for_each(|mask| mask.overwrite(&mut self.waiting));
                    let ready = self.waiting.len().saturating_sub(keep);
                    if ready > 0 {
                        return Some(Ok(self.waiting.split_to(ready).freeze()));
                    }
                }
                Some(Err(error)) if self.waiting.is_empty() => return Some(Err(error)),
                Some(Err(error)) => {
                    self.broken = Some(error);
                    return Some(Ok(self.waiting.split().freeze()));
                }
                None if self.waiting.is_empty() => return None,
                None => return Some(Ok(self.waiting.split().freeze())),
            }
        }
    }
}

impl std::fmt::Debug for Streamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streamed").field("rest", &self.rest).finish_non_exhaustive()
    }
}
