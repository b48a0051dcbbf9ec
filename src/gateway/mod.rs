//! The one object that handlers see: who calls, which account is meant, and what is done with it.

mod accounts;
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
use tokio_util::task::TaskTracker;

use crate::audit::{Audit, Origin, Trail};
use crate::connector::Registry;
use crate::credentials::Account;
use crate::credentials::api_token::ApiToken;
use crate::credentials::vault::Vault;
use crate::engine::{Engine, Guard, Report};
use crate::model::UnassignRequest;
use crate::storage::{Envelope, Scope, Storage};

use directory::Directory;
pub use directory::Entry;
pub use error::GatewayError;
use guard::Rules;
pub use guard::{GuardSettings, Protected};
use keeper::Keeper;
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
        Self::of_all_scopes(OPERATOR_ID, environment, Envelope::Bare)
    }

    fn of_all_scopes(token: &str, environment: &str, envelope: Envelope) -> Self {
        let scopes = vec![Scope::Call, Scope::Admin, Scope::Audit];
        Self { token: token.to_owned(), environment: environment.to_owned(), scopes, envelope, expires_at: None }
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
            let caller = Caller::of_all_scopes(ADMIN_TOKEN_ID, DEFAULT_ENVIRONMENT, parts.envelope);
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
        // A task of its own: a caller that hangs up does not cancel a write half-way. Boxed, since it is large, and is moved
        // several times until it runs.
        let at_work = Box::pin(async move {
            let guard = guard.as_ref().map(|guard| guard as &dyn Guard);
            let report = gateway.engine.unassign_guarded(&account, request, trail.as_ref(), guard).await;
            if let Some(trail) = trail.as_ref().filter(|trail| trail.has_intent()) {
                audit::record(trail, report.as_ref().ok());
            }
            if let Some(needs_reauth) = account.take_news() {
                gateway.note_status(&account, needs_reauth).await;
            }
            report
        });
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
}
