//! The one object that handlers see: who calls, which account is meant, and what is done with it.

mod audit;
mod directory;
mod error;
mod guard;
mod keeper;
pub mod keys;
mod once;
mod rates;
mod settle;
mod tokens;

use std::sync::Arc;

use arc_swap::ArcSwap;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json};
use tokio_util::task::TaskTracker;

use crate::audit::{Audit, Origin, Trail};
use crate::connector::Registry;
use crate::credentials::api_token::ApiToken;
use crate::credentials::vault::{Vault, same_secrets};
use crate::credentials::{Account, Context};
use crate::engine::{Engine, Guard, Report};
use crate::model::{RequestError, UnassignRequest};
use crate::storage::{AccountRecord, AccountStatus, Envelope, Scope, Storage, new_id, timestamp};

use directory::Directory;
pub use directory::Entry;
pub use error::GatewayError;
use guard::Rules;
pub use guard::{GuardSettings, Protected};
use keeper::{Keeper, seal};
use keys::MissingKeys;
use once::Flights;
pub use once::{Answer, Claim, End, IdempotencyKey, IdempotencySettings, KeyError, Once};
use rates::Rate;
pub use rates::{Limited, RateLimits};
pub use settle::Settlement;
pub use tokens::{Expiry, NewToken, Stranger};

/// The environment of the administrator's token, and of whoever names none.
pub const DEFAULT_ENVIRONMENT: &str = "default";
/// Stands for the administrator's token of the settings, which has no id of its own.
const ADMIN_TOKEN_ID: &str = "administrator";
const OPERATOR_ID: &str = "operator";

/// Who calls: what their token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The token's id.
    pub token: String,
    pub environment: String,
    pub scopes: Vec<Scope>,
    pub envelope: Envelope,
    /// From then on the token is none.
    pub expires_at: Option<Timestamp>,
}

impl Caller {
    /// Whoever works with the database itself, at the command line.
    pub fn operator(environment: &str) -> Self {
        let scopes = vec![Scope::Call, Scope::Admin, Scope::Audit];
        let (token, environment) = (OPERATOR_ID.to_owned(), environment.to_owned());
        Self { token, environment, scopes, envelope: Envelope::Bare, expires_at: None }
    }
}

/// What a gateway is made of.
pub struct Parts {
    pub registry: Registry,
    pub engine: Engine,
    pub storage: Arc<dyn Storage>,
    pub vault: Vault,
    /// Empty: there is none.
    pub admin_token: SecretString,
    pub envelope: Envelope,
}

/// What the gateway does beyond carrying requests out.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Whether removals are recorded.
    pub audit: bool,
    /// After so many days what is personal in the audit is forgotten; 0: never.
    pub redact_after_days: u32,
    /// After so many days entries of the audit are dropped; 0: never.
    pub keep_days: u32,
    pub rates: RateLimits,
    pub guard: GuardSettings,
    pub idempotency: IdempotencySettings,
}

impl Default for Settings {
    fn default() -> Self {
        let (rates, guard) = (RateLimits::default(), GuardSettings::default());
        let idempotency = IdempotencySettings::default();
        Self { audit: true, redact_after_days: 0, keep_days: 0, rates, guard, idempotency }
    }
}

/// The gateway.
pub struct Gateway {
    registry: Registry,
    engine: Engine,
    storage: Arc<dyn Storage>,
    keeper: Arc<Keeper>,
    admin: Option<([u8; 32], Arc<Caller>)>,
    envelope: Envelope,
    audit: Option<Audit>,
    settings: Settings,
    token_rate: Option<Rate>,
    account_rate: Option<Rate>,
    rules: Option<Rules>,
    directory: ArcSwap<Directory>,
    at_work: TaskTracker,
    flights: Arc<Flights>,
}

impl Gateway {
    /// Puts a gateway together and reads its accounts and tokens.
    ///
    /// # Errors
    /// If the database does not serve, or a key that credentials are sealed with is not at hand.
    pub async fn open(parts: Parts) -> Result<Self, GatewayError> {
        Self::open_with(parts, Settings::default()).await
    }

    /// As [`Self::open`], with settings of one's own.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with(parts: Parts, settings: Settings) -> Result<Self, GatewayError> {
        let admin = Some(parts.admin_token.expose_secret()).filter(|token| !token.is_empty()).map(|token| {
            let scopes = vec![Scope::Call, Scope::Admin, Scope::Audit];
            let (id, environment) = (ADMIN_TOKEN_ID.to_owned(), DEFAULT_ENVIRONMENT.to_owned());
            let caller = Caller { token: id, environment, scopes, envelope: parts.envelope, expires_at: None };
            (ApiToken::hash(token), Arc::new(caller))
        });
        let rules = Rules::of(&settings.guard, &parts.registry)?;
        let (at_work, vault) = (TaskTracker::new(), Arc::new(parts.vault));
        let flights =
            Flights::new(Arc::clone(&parts.storage), Arc::clone(&vault), settings.idempotency, at_work.clone());
        let gateway = Self {
            rules,
            registry: parts.registry,
            engine: parts.engine,
            keeper: Arc::new(Keeper { storage: Arc::clone(&parts.storage), vault }),
            audit: settings.audit.then(|| Audit::start(Arc::clone(&parts.storage))),
            token_rate: Rate::of("token_requests_per_minute", settings.rates.per_token),
            account_rate: Rate::of("account_requests_per_minute", settings.rates.per_account),
            settings,
            storage: parts.storage,
            admin,
            envelope: parts.envelope,
            directory: ArcSwap::default(),
            at_work,
            flights: Arc::new(flights),
        };
        gateway.refresh().await?;
        gateway.warn_of_idle_rules();
        Ok(gateway)
    }

    /// A rule for an account that is not there protects nobody yet, and may be misspelt.
    fn warn_of_idle_rules(&self) {
        let directory = self.directory.load();
        for account in self.rules.iter().flat_map(Rules::accounts) {
            if !directory.accounts.contains_key(account) {
                tracing::warn!(account, "the guard's settings name an account that is not connected");
            }
        }
    }

    /// The connectors.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Takes over what other processes have changed in the database.
    ///
    /// # Errors
    /// If the database does not serve, or a record cannot be read.
    pub async fn refresh(&self) -> Result<(), GatewayError> {
        let revision = self.storage.revision().await?;
        let current = self.directory.load_full();
        let keys = self.keeper.vault.key_ids();
        if current.revision == Some(revision) && current.keys == keys {
            return Ok(());
        }
        let (accounts, tokens) = (self.storage.accounts().await?, self.storage.tokens().await?);
        if current.revision.is_none() {
            MissingKeys::check_accounts(&accounts, &keys)?;
        }
        let current = self.directory.load_full();
        let directory = Directory::build((revision, keys), accounts, tokens, &current, &self.registry, &self.keeper)?;
        self.directory.store(Arc::new(directory));
        for rate in self.token_rate.iter().chain(&self.account_rate) {
            rate.forget_quiet();
        }
        Ok(())
    }

    /// Reads the vault's keys again, if they come from a file. [`Self::refresh`] then takes over what they open.
    ///
    /// # Errors
    /// If the file cannot be read, or holds no keys: those at hand stay in use.
    pub fn reload_keys(&self) -> Result<(), GatewayError> {
        if self.keeper.vault.reload()? {
            let keys = self.keeper.vault.key_ids();
            tracing::info!(in_use = %self.keeper.vault.key_id(), at_hand = keys.len(), "the vault's keys have changed");
        }
        Ok(())
    }

    /// Whether requests can be served.
    ///
    /// # Errors
    /// If the database does not answer.
    pub async fn ready(&self) -> Result<(), GatewayError> {
        Ok(self.storage.ping().await?)
    }

    /// Takes roles away with one of the caller's accounts. Once begun, it comes to its end, recorded, whether or not
    /// anybody still waits for it.
    ///
    /// # Errors
    /// If the request is bad input, or the account had too many.
    pub async fn unassign(
        self: &Arc<Self>,
        caller: &Caller,
        account: Arc<Account>,
        request: UnassignRequest,
        request_id: &str,
    ) -> Result<Report, GatewayError> {
        if let Some(rate) = &self.account_rate {
            rate.admit(&account.id).map_err(GatewayError::Limited)?;
        }
        let trail = self.audit.clone().filter(|_| !request.options.dry_run).map(|audit| {
            let origin = Origin {
                environment: caller.environment.as_str().into(),
                request_id: request_id.into(),
                token: caller.token.as_str().into(),
                account: account.id.as_str().into(),
            };
            Trail::new(audit, origin)
        });
        let guard = self.rules.as_ref().and_then(|rules| rules.at(&account, &self.storage));
        let gateway = Arc::clone(self);
        // A task of its own: a caller that hangs up does not cancel a write half-way.
        let at_work = async move {
            let guard = guard.as_ref().map(|guard| guard as &dyn Guard);
            let report = gateway.engine.unassign_guarded(&account, request, trail.as_ref(), guard).await;
            if let Some(trail) = trail.as_ref().filter(|trail| trail.has_intent()) {
                audit::record(trail, report.as_ref().ok());
            }
            if let Some(needs_reauth) = account.take_news() {
                gateway.note_status(&account, needs_reauth).await;
            }
            report
        };
        match self.at_work.spawn(at_work).await {
            Ok(report) => Ok(report?),
            Err(error) => Err(GatewayError::Broken(error.to_string())),
        }
    }

    /// Waits until everything that was begun has come to its end.
    pub async fn finish(&self) {
        self.at_work.close();
        self.at_work.wait().await;
        if let Some(audit) = &self.audit
            && let Err(error) = audit.flush().await
        {
            tracing::error!(%error, "results are not recorded: their intents stand as unknown");
        }
    }

    async fn note_status(&self, account: &Account, needs_reauth: bool) {
        let status = if needs_reauth { AccountStatus::NeedsReauth } else { AccountStatus::Active };
        let noted = match self.storage.set_account_status(&account.id, status).await {
            Ok(_) => self.refresh().await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = noted {
            tracing::warn!(account = %account.id, status = status.as_str(), %error, "the account's status could not be kept");
        }
    }

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
}
