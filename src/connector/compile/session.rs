//! Sets of credentials for message brokers.

use std::sync::Arc;
use std::time::Duration;

use vrl::value::KeyString;

use super::auth::Needs;
use super::{Compiler, Result};
use crate::connector::compiled::{AuthScheme, SessionMessage, SessionScheme};
use crate::connector::definition::SessionSource;

impl Compiler<'_> {
    pub(super) fn session(&mut self, set: &SessionSource, needs: &mut Needs) -> Result<AuthScheme> {
        let place = format!("transport: {}", set.transport);
        let login = match (&set.username, &set.password) {
            (Some(user), Some(password)) => {
                let (user, password) = (self.text(user)?, self.text(password)?);
                needs.text(&user);
                needs.text(&password);
                Some((user, password))
            }
            (None, None) if set.messages.is_empty() => {
                let message = "`session` needs `username` and `password`, or `messages`";
                return Err(self.error("C030", &place, message));
            }
            (None, None) => None,
            _ => return Err(self.error("C030", &place, "`username` and `password` go together")),
        };
        self.taken.clear();
        let mut messages = Vec::new();
        for source in &set.messages {
            let body = self.tree(&source.message)?;
            if !source.message.is_object() {
                return Err(self.error("C046", &place, "a `message` is an object"));
            }
            needs.tree(&body);
            let take = source.take.iter();
            let take = take.map(|(name, path)| Ok((KeyString::from(name.as_str()), self.path(path)?)));
            messages.push(SessionMessage { body, take: take.collect::<Result<_>>()? });
            self.taken.extend(source.take.keys().cloned());
        }
        Ok(AuthScheme::Session(Arc::new(SessionScheme {
            login,
            messages,
            life: set.life_s.map(|life| Duration::from_secs(life.into())),
            errors: self.token_errors(&set.errors)?,
        })))
    }
}
