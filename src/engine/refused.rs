//! Credentials that a provider refuses, and those that cannot be had.

use std::sync::Arc;

use super::exchange::Exchange;
use super::limits::retry_after_s;
use super::mask::Repeated;
use super::report::Failure;
use super::retry::Again;
use super::wire::{Answered, Wire};
use crate::credentials::{Said, SessionError};
use crate::expression::Value;
use crate::model::{ErrorKind, Outcome};

impl Wire<'_> {
    /// Marks the account by what an answer says of its credentials.
    pub(super) fn note_credentials_of(&self, exchange: &Exchange) {
        match &exchange.result {
            Ok(_) => self.account.mark(false),
            Err(failure) if failure.kind == ErrorKind::CredentialsRejected => self.account.mark(true),
            Err(_) => {}
        }
    }

    /// A call that was not made: there are no credentials for it.
    pub(super) fn without_credentials(&self, error: &SessionError) -> Exchange {
        if error.kind == ErrorKind::CredentialsRejected {
            self.account.mark(true);
        }
        let failure = self.no_credentials(error);
        let again = match failure.kind {
            ErrorKind::RateLimited => {
                let rates = &self.connector().rate_limit;
                Again::Limited(failure.said().and_then(|said| retry_after_s(&said.headers, rates)))
            }
            _ if error.may_pass => Again::Unsent,
            _ => Again::No,
        };
        Exchange::of(Err(failure), 0, Vec::new(), again)
    }

    /// Why there are no credentials, with what was said to that.
    pub(super) fn no_credentials(&self, error: &SessionError) -> Failure {
        let credentials_answer = error.said.as_ref().map(|said| Arc::new(self.said(said)));
        let failure = Failure::new(error.kind, Outcome::Failed, error.message.clone());
        Failure { credentials_answer, again_in_s: error.again_in_s, ..failure }
    }

    /// What a token endpoint said, as an answer: no expression reads it.
    fn said(&self, said: &Said) -> Answered {
        let masks = [Arc::clone(&self.account.mask), Arc::default()];
        Answered {
            status: said.status,
            headers: said.headers.clone(),
            repeated: Repeated::find(&said.body, &masks),
            masks,
            raw: said.body.clone(),
            reading: Arc::new(Value::Null.into()),
            cut_by: None,
            further: Vec::new(),
        }
    }
}
