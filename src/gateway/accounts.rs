//! The integrated accounts: connecting, listing, finding and forgetting them.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::keeper::seal;
use super::{Caller, Entry, Gateway, GatewayError};
use crate::credentials::vault::same_secrets;
use crate::credentials::{Account, Context};
use crate::model::RequestError;
use crate::storage::{AccountRecord, AccountStatus, new_id, timestamp};

impl Gateway {
    /// One of the caller's accounts.
    ///
    /// # Errors
    /// If it is not the caller's, or cannot be used.
    pub fn account(&self, caller: &Caller, account_id: &str) -> Result<Arc<Account>, GatewayError> {
        let directory = self.directory.load();
        let entry = directory.accounts.get(account_id).filter(|entry| entry.record.environment == caller.environment);
        match entry.map(|entry| &entry.account) {
            Some(Ok(account)) => Ok(Arc::clone(account)),
            Some(Err(reason)) => Err(GatewayError::Unusable(reason.clone())),
            None => Err(GatewayError::NotFound("there is no such integrated account".to_owned())),
        }
    }

    /// Connects an account: checks its context, tries its credentials with one read, and keeps it.
    ///
    /// # Errors
    /// If the integration is unknown, the context does not suit it, or the provider does not take the credentials;
    /// nothing is kept then.
    pub async fn connect(
        &self,
        caller: &Caller,
        integration: &str,
        tenant_id: Option<String>,
        context: &Map<String, Json>,
    ) -> Result<AccountRecord, GatewayError> {
        self.connect_as(new_id(), caller, integration, tenant_id, context).await
    }

    /// [`Self::connect`] under an id of one's own, which must be new.
    ///
    /// # Errors
    /// As [`Self::connect`], and if the id is taken.
    pub async fn connect_as(
        &self,
        id: String,
        caller: &Caller,
        integration: &str,
        tenant_id: Option<String>,
        context: &Map<String, Json>,
    ) -> Result<AccountRecord, GatewayError> {
        let connector = self.registry.find(integration).ok_or_else(|| {
            let known = self.registry.slugs().join(", ");
            RequestError::new(format!("integration: there is no connector of that name; there are: {known}"))
        })?;
        let connector = connector.map_err(|error| {
            GatewayError::Unusable(format!("the definition of `{integration}` has a mistake: {error}"))
        })?;
        let context = Context::check(connector, context)?;
        let account = Account::new(&id, &caller.environment, Arc::clone(connector), &context, false)?;
        let now = timestamp();
        let record = AccountRecord {
            sealed: seal(&self.keeper.vault, &id, &context.secret)?,
            id,
            environment: caller.environment.clone(),
            integration: connector.slug.clone(),
            tenant_id,
            context: context.public.into_iter().collect(),
            status: AccountStatus::Active,
            created_at: now.clone(),
            updated_at: now,
        };
        if account.session.replaces_secrets() {
            return self.connect_kept(&account, record).await;
        }
        self.try_credentials(&account).await?;
        self.storage.insert_account(&record).await?;
        self.refresh().await?;
        Ok(record)
    }

    async fn try_credentials(&self, account: &Account) -> Result<(), GatewayError> {
        let tried = self.engine.check_credentials(account).await;
        let connector = Arc::clone(&account.connector);
        tried.map_err(|failure| GatewayError::Credentials { failure: Box::new(failure), connector })
    }

    /// An account whose secrets the provider replaces as they are used: it is kept first, so that no new secret is lost.
    /// One whose secrets were replaced stays, as a validation error, even where the rest of the check failed.
    async fn connect_kept(&self, account: &Account, mut record: AccountRecord) -> Result<AccountRecord, GatewayError> {
        record.status = AccountStatus::Connecting;
        self.storage.insert_account(&record).await?;
        account.keep_secrets_with(self.keeper.clone());
        let tried = self.try_credentials(account).await;
        let sealed = self.storage.account_secrets(&record.id).await?.unwrap_or_default();
        let replaced = !same_secrets(&sealed, &record.sealed);
        record.sealed = sealed;
        match (&tried, replaced) {
            (Err(_), false) => {
                self.storage.delete_account(&record.environment, &record.id).await?;
            }
            (Err(_), true) => {
                self.storage.set_account_status(&record.id, AccountStatus::ValidationError).await?;
                tracing::warn!(account = %record.id, "kept, although the check failed: the provider replaced its secrets");
            }
            (Ok(()), _) => {
                record.status = AccountStatus::Active;
                self.storage.set_account_status(&record.id, record.status).await?;
            }
        }
        self.refresh().await?;
        tried.map(|()| record)
    }

    /// The caller's accounts, oldest first.
    pub fn accounts(&self, caller: &Caller) -> Vec<Arc<Entry>> {
        let directory = self.directory.load();
        let own = directory.accounts.values().filter(|entry| entry.record.environment == caller.environment);
        let mut own: Vec<Arc<Entry>> = own.cloned().collect();
        own.sort_by(|left, right| left.record.id.cmp(&right.record.id));
        own
    }

    /// Forgets an account and its credentials.
    ///
    /// # Errors
    /// If it is not the caller's.
    pub async fn disconnect(&self, caller: &Caller, account_id: &str) -> Result<(), GatewayError> {
        if !self.storage.delete_account(&caller.environment, account_id).await? {
            return Err(GatewayError::NotFound("there is no such integrated account".to_owned()));
        }
        self.refresh().await
    }

    /// Notes whether its credentials are still taken.
    pub(super) async fn note_status(&self, account: &Account, needs_reauth: bool) {
        let status = if needs_reauth { AccountStatus::NeedsReauth } else { AccountStatus::Active };
        let noted = match self.storage.set_account_status(&account.id, status).await {
            Ok(_) => self.refresh().await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = noted {
            tracing::warn!(account = %account.id, status = status.as_str(), %error, "the account's status could not be kept");
        }
    }
}
