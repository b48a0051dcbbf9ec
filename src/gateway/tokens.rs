//! API tokens: who has one, how it is made, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use subtle::ConstantTimeEq;

use super::{Caller, DEFAULT_ENVIRONMENT, Gateway, GatewayError, Limited};
use crate::credentials::api_token::ApiToken;
use crate::model::RequestError;
use crate::storage::{Envelope, Scope, TokenRecord, TokenRemoval, new_id, timestamp};

/// Why a token lets nobody in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stranger {
    /// There is no such token, or it was revoked.
    Unknown,
    /// It was one until then.
    Expired(Timestamp),
}

/// When a token ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    At(Timestamp),
    In(Duration),
}

/// A token to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    pub scopes: Vec<Scope>,
    pub environment: String,
    /// `None`: the configuration's.
    pub envelope: Option<Envelope>,
    /// `None`: it lasts until it is revoked.
    pub expiry: Option<Expiry>,
}

impl NewToken {
    /// One that lasts, with the configuration's envelope.
    pub fn new(name: &str, scopes: Vec<Scope>, environment: &str) -> Self {
        let (name, environment) = (name.to_owned(), environment.to_owned());
        Self { name, scopes, environment, envelope: None, expiry: None }
    }
}

impl Gateway {
    /// Who has this token.
    ///
    /// # Errors
    /// If nobody has it, or it has expired.
    pub fn authenticate(&self, token: &str) -> Result<Arc<Caller>, Stranger> {
        let hash = ApiToken::hash(token);
        if let Some((admin, caller)) = &self.admin
            && bool::from(admin.ct_eq(&hash))
        {
            return Ok(Arc::clone(caller));
        }
        // Looked up by hash: how long that takes says nothing of the token.
        let caller = self.directory.load().tokens.get(&hash).cloned().ok_or(Stranger::Unknown)?;
        match caller.expires_at {
            Some(end) if end <= Timestamp::now() => Err(Stranger::Expired(end)),
            _ => Ok(caller),
        }
    }

    /// Counts a request of the caller's token.
    ///
    /// # Errors
    /// If it has made too many.
    pub fn admit(&self, caller: &Caller) -> Result<(), Limited> {
        self.token_rate.as_ref().map_or(Ok(()), |rate| rate.admit(&caller.token))
    }

    /// Makes an API token. Its text is given here and kept nowhere.
    ///
    /// # Errors
    /// If it would have expired already, or the database does not serve.
    pub async fn create_token(&self, new: NewToken) -> Result<(TokenRecord, SecretString), GatewayError> {
        self.create_token_as(new_id(), new).await
    }

    /// [`Self::create_token`] under an id of one's own, which must be new.
    ///
    /// # Errors
    /// As [`Self::create_token`], and if the id is taken.
    pub async fn create_token_as(
        &self,
        id: String,
        new: NewToken,
    ) -> Result<(TokenRecord, SecretString), GatewayError> {
        let (text, hash) = ApiToken::generate();
        let record = TokenRecord {
            id,
            name: new.name,
            hash,
            scopes: new.scopes,
            environment: new.environment,
            envelope: new.envelope.unwrap_or(self.envelope),
            created_at: timestamp(),
            expires_at: new.expiry.map(end).transpose()?.map(|end| format!("{end:.3}")),
        };
        self.storage.insert_token(&record).await?;
        self.refresh().await?;
        Ok((record, text))
    }

    /// The tokens the caller may see, oldest first: those of the caller's environment, or all for one of the default
    /// environment. The administrator's token of the settings is not among them.
    ///
    /// # Errors
    /// If the database does not serve.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenRecord>, GatewayError> {
        let mut tokens = self.storage.tokens().await?;
        tokens.retain(|token| sees(caller, token));
        Ok(tokens)
    }

    /// Revokes a token the caller may see. Requests it has begun come to their end.
    ///
    /// # Errors
    /// If there is none of this id, or nobody could administer the gateway without it.
    pub async fn revoke_token(&self, caller: &Caller, id: &str) -> Result<(), GatewayError> {
        let tokens = self.storage.tokens().await?;
        let none = || GatewayError::NotFound("there is no such API token".to_owned());
        let token = tokens.iter().find(|token| token.id == id && sees(caller, token)).ok_or_else(none)?;
        // Other environments have the default one's administrators; that one has nobody else.
        let keep_administrator = self.admin.is_none() && token.environment == DEFAULT_ENVIRONMENT;
        match self.storage.delete_token(&token.environment, id, keep_administrator).await? {
            TokenRemoval::Removed => self.refresh().await,
            TokenRemoval::Absent => Err(none()),
            TokenRemoval::LastAdministrator => Err(GatewayError::Conflict(
                "nobody could administer this gateway without that token: it is the last of the scope admin in the \
                 environment default, or the last that does not expire; make another first"
                    .to_owned(),
            )),
        }
    }

    /// Whether anybody can administer this gateway: all of it, which takes a token of the default environment.
    pub fn has_administrator(&self) -> bool {
        let now = Timestamp::now();
        let administers = |caller: &Arc<Caller>| {
            caller.scopes.contains(&Scope::Admin)
                && caller.environment == DEFAULT_ENVIRONMENT
                && caller.expires_at.is_none_or(|end| end > now)
        };
        self.admin.is_some() || self.directory.load().tokens.values().any(administers)
    }
}

fn sees(caller: &Caller, token: &TokenRecord) -> bool {
    caller.environment == DEFAULT_ENVIRONMENT || caller.environment == token.environment
}

fn end(expiry: Expiry) -> Result<Timestamp, RequestError> {
    let now = Timestamp::now();
    let end = match expiry {
        Expiry::At(end) => Some(end),
        Expiry::In(duration) => SignedDuration::try_from(duration).ok().and_then(|it| now.checked_add(it).ok()),
    };
    let end = end.ok_or_else(|| RequestError::new("the token would expire later than any date there is"))?;
    if end <= now {
        return Err(RequestError::new("the token would have expired already; give a later time, or none"));
    }
    Ok(end)
}
