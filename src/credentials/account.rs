//! An integrated account as the engine uses it: settings, credentials and what is known of its roles.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::Uri;
use http::uri::{Authority, Scheme};
use regex::Regex;
use thiserror::Error;
use vrl::value::KeyString;

use super::keeper::{SecretKeeper, Secrets};
use super::mask::Mask;
use super::messages::{MessageSession, broker_address};
use super::session::Session;
use crate::connector::{AccountKey, AuthScheme, Connector, Messages, WayTaken};
use crate::expression::{Expression, Scope, Value};
use crate::transport::Lane;

/// How long a role that was shown to exist is taken to exist.
const ROLE_MEMORY: Duration = Duration::from_secs(600);
/// More known roles than this are forgotten.
const MAX_KNOWN_ROLES: usize = 10_000;

/// Why a `context` makes no account. Names the key and the way out, never a value.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ContextError {
    #[error("context.{key} is missing{help}")]
    Missing { key: String, help: String },
    #[error("context.{key} is not a setting of this integration; it takes {known}")]
    Unknown { key: String, known: String },
    #[error("context.{key} must be {expected}")]
    Wrong { key: String, expected: String },
    #[error("the context holds no complete set of credentials; one of these is needed: {sets}")]
    NoCredentials { sets: String },
    #[error("the broker's address must be mqtt://host:port or mqtts://host:port, without a path")]
    Broker,
    #[error("the context chooses no way to the provider; there are: {names}")]
    NoWay { names: String },
    #[error("the credentials cannot be used: {0}")]
    Unfit(String),
    #[error("context.base_url must be an http or https address without query, such as https://api.example.com")]
    BaseUrl,
}

/// An account's settings, split into what may be shown and what may not.
#[derive(Clone)]
pub struct Context {
    pub public: BTreeMap<String, serde_json::Value>,
    pub secret: Secrets,
}

impl Context {
    /// Checks a `context` against what the connector asks for, and fills in its defaults.
    ///
    /// # Errors
    /// With the first key that is missing, unknown or wrong.
    pub fn check(
        connector: &Connector,
        given: &serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self, ContextError> {
        let mut context = Self { public: BTreeMap::new(), secret: BTreeMap::new() };
        for (key, value) in given {
            let empty = value.is_null() || value.as_str().is_some_and(str::is_empty);
            if key == "base_url" {
                if !empty {
                    let text = value.as_str().ok_or(ContextError::BaseUrl)?;
                    let by_message = connector.transports.iter().any(|way| way.messages.is_some());
                    let broker = broker_address(text).filter(|_| by_message);
                    BaseUrl::parse(text).or(broker).ok_or(ContextError::BaseUrl)?;
                    context.public.insert(key.clone(), value.clone());
                }
                continue;
            }
            let Some(setting) = connector.account.get(key) else {
                let known: Vec<&str> = connector.account.keys().map(String::as_str).chain(["base_url"]).collect();
                return Err(ContextError::Unknown { key: key.clone(), known: known.join(", ") });
            };
            if !empty {
                check_value(key, value, setting)?;
                let side = if setting.secret { &mut context.secret } else { &mut context.public };
                side.insert(key.clone(), value.clone());
            }
        }
        for (key, setting) in &connector.account {
            if let (None, Some(default)) = (context.get(key), &setting.default) {
                context.public.insert(key.clone(), serde_json::Value::from(default.as_str()));
            }
            if setting.required && context.get(key).is_none() {
                return Err(missing(key, setting));
            }
        }
        let public = values_of(context.public.iter());
        let way = connector.way_for(&public).ok_or_else(|| no_way(connector))?;
        if let Some(messages) = way.messages {
            context.broker(connector, messages, &public)?;
        }
        if connector.auth_for(&way, |key| context.get(key).is_some()).is_none() {
            return Err(no_credentials(connector, &way));
        }
        Ok(context)
    }

    /// Where the broker is: `base_url`, if that is a broker's address, or what the definition makes of the settings.
    fn broker(&self, connector: &Connector, messages: &Messages, public: &Value) -> Result<BaseUrl, ContextError> {
        let given = self.get("base_url").and_then(serde_json::Value::as_str);
        if let Some(broker) = given.and_then(broker_address) {
            return Ok(broker);
        }
        let url = messages.url.fill(&Scope::of_account(public)).ok().flatten();
        if let Some(broker) = url.as_deref().and_then(broker_address) {
            return Ok(broker);
        }
        let read = messages.url.expressions().flat_map(Expression::reads);
        let mut keys = read.filter_map(|path| path.into_iter().nth(1));
        match keys.find(|key| self.get(key).is_none()).and_then(|key| connector.account.get_key_value(&key)) {
            Some((key, setting)) => Err(missing(key, setting)),
            None => Err(ContextError::Broker),
        }
    }

    fn get(&self, key: &str) -> Option<&serde_json::Value> {
        self.public.get(key).or_else(|| self.secret.get(key))
    }
}

fn missing(key: &str, setting: &AccountKey) -> ContextError {
    let help = if setting.help.is_empty() { String::new() } else { format!(": {}", setting.help) };
    ContextError::Missing { key: key.to_owned(), help }
}

fn no_way(connector: &Connector) -> ContextError {
    let names: Vec<&str> = connector.transports.iter().map(|way| way.name.as_str()).collect();
    ContextError::NoWay { names: names.join(", ") }
}

fn no_credentials(connector: &Connector, way: &WayTaken<'_>) -> ContextError {
    let sets: Vec<String> = connector.auths_for(way).map(|auth| auth.needs.join(" + ")).collect();
    ContextError::NoCredentials { sets: sets.join(", or ") }
}

fn check_value(key: &str, value: &serde_json::Value, setting: &AccountKey) -> Result<(), ContextError> {
    let wrong = |expected: String| ContextError::Wrong { key: key.to_owned(), expected };
    if setting.boolean {
        return if value.is_boolean() { Ok(()) } else { Err(wrong("true or false".to_owned())) };
    }
    let text = value.as_str().ok_or_else(|| wrong("a string".to_owned()))?;
    if text.chars().any(char::is_control) {
        return Err(wrong("without control characters".to_owned()));
    }
    if !setting.one_of.is_empty() && !setting.one_of.iter().any(|allowed| allowed == text) {
        return Err(wrong(format!("one of {}", setting.one_of.join(", "))));
    }
    if let Some(pattern) = &setting.pattern {
        // The pattern was compiled when the definition was loaded.
        let matches = Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|pattern| pattern.is_match(text));
        if !matches {
            let expected =
                if setting.help.is_empty() { format!("of the form {pattern}") } else { setting.help.clone() };
            return Err(wrong(expected));
        }
    }
    Ok(())
}

/// Where an account's provider is reached.
#[derive(Clone, Debug)]
pub struct BaseUrl {
    pub scheme: Scheme,
    pub authority: Authority,
    /// Without a slash at the end; empty if there is none.
    pub path: String,
}

impl BaseUrl {
    /// Reads `http[s]://host[:port][/path]`.
    pub fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri.scheme().filter(|scheme| **scheme == Scheme::HTTP || **scheme == Scheme::HTTPS)?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
        if uri.query().is_some() {
            return None;
        }
        let path = uri.path().trim_end_matches('/').to_owned();
        Some(Self { scheme: scheme.clone(), authority: authority.clone(), path })
    }
}

/// A connected account.
pub struct Account {
    pub id: String,
    pub environment: String,
    pub connector: Arc<Connector>,
    /// The settings that expressions may read: without the secrets.
    pub values: Value,
    pub base: BaseUrl,
    pub session: Arc<Session>,
    /// Index of the connector's transport that it takes, where there is a choice.
    pub way: Option<usize>,
    /// The session with a message broker, where that is how the provider is reached.
    pub messages: Option<MessageSession>,
    /// Hides the account's secrets where a provider repeats them.
    pub mask: Arc<Mask>,
    /// What it may ask of its provider; made at its first request.
    pub lane: OnceLock<Lane>,
    needs_reauth: AtomicBool,
    has_news: AtomicBool,
    known_roles: RwLock<HashMap<String, (Instant, Arc<KnownRole>)>>,
}

/// A role that the provider, or a table, has shown to exist: what a look-up taught of it.
pub type KnownRole = Vec<(KeyString, Value)>;

impl Account {
    /// Makes an account of its record and its opened secrets.
    ///
    /// # Errors
    /// If the context no longer suits the connector.
    pub fn new(
        id: &str,
        environment: &str,
        connector: Arc<Connector>,
        context: &Context,
        needs_reauth: bool,
    ) -> Result<Self, ContextError> {
        let public = values_of(context.public.iter());
        let all = values_of(context.public.iter().chain(&context.secret));
        let way = connector.way_for(&public).ok_or_else(|| no_way(&connector))?;
        let base = match (way.messages, context.public.get("base_url").and_then(serde_json::Value::as_str)) {
            (Some(messages), _) => context.broker(&connector, messages, &public)?,
            (None, Some(url)) => BaseUrl::parse(url).ok_or(ContextError::BaseUrl)?,
            (None, None) => {
                let url = connector.base_url.fill(&Scope::of_account(&public)).ok().flatten();
                url.as_deref().and_then(BaseUrl::parse).ok_or(ContextError::BaseUrl)?
            }
        };
        let has = |key: &str| context.get(key).is_some();
        let auth = connector.auth_for(&way, has).ok_or_else(|| no_credentials(&connector, &way))?;
        let messages = match (way.messages, &auth.scheme) {
            (Some(messages), AuthScheme::Session(scheme)) => {
                let (messages, scheme) = (Arc::clone(messages), Arc::clone(scheme));
                Some(MessageSession::new(messages, scheme, base.clone(), public.clone(), all.clone()))
            }
            _ => None,
        };
        let way = way.index;
        let secrets = context.secret.values().filter_map(|secret| Some(secret.as_str()?.as_bytes().to_vec()));
        let session = Arc::new(Session::new(id, &auth.scheme, all, &context.secret, &base)?);
        Ok(Self {
            id: id.to_owned(),
            environment: environment.to_owned(),
            connector,
            values: public,
            base,
            session,
            way,
            messages,
            mask: Arc::new(Mask::of(secrets)),
            lane: OnceLock::new(),
            needs_reauth: AtomicBool::new(needs_reauth),
            has_news: AtomicBool::new(false),
            known_roles: RwLock::default(),
        })
    }

    /// Where secrets are put that the provider replaces while they are used.
    pub fn keep_secrets_with(&self, keeper: Arc<dyn SecretKeeper>) {
        self.session.keep_secrets_with(keeper);
    }

    /// Notes whether the provider refuses the credentials.
    pub fn mark(&self, needs_reauth: bool) {
        // Nearly always it is what it was: a load is enough then, and no cache line moves between cores.
        if self.needs_reauth.load(Ordering::Relaxed) != needs_reauth {
            self.needs_reauth.store(needs_reauth, Ordering::Relaxed);
            self.has_news.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the provider refuses the credentials, if that changed since this was last asked.
    pub fn take_news(&self) -> Option<bool> {
        let news = self.has_news.load(Ordering::Relaxed) && self.has_news.swap(false, Ordering::Relaxed);
        news.then(|| self.needs_reauth.load(Ordering::Relaxed))
    }

    /// A role shown to exist not long ago.
    pub fn known_role(&self, key: &str) -> Option<Arc<KnownRole>> {
        let known = self.known_roles.read().unwrap_or_else(PoisonError::into_inner);
        let (since, role) = known.get(key)?;
        (since.elapsed() < ROLE_MEMORY).then(|| Arc::clone(role))
    }

    /// Remembers a role that was shown to exist.
    pub fn remember_role(&self, key: String, role: KnownRole) {
        let mut known = self.known_roles.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KNOWN_ROLES {
            known.clear();
        }
        known.insert(key, (Instant::now(), Arc::new(role)));
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("integration", &self.connector.slug)
            .finish_non_exhaustive()
    }
}

fn values_of<'c>(context: impl Iterator<Item = (&'c String, &'c serde_json::Value)>) -> Value {
    let values = context.map(|(key, value)| (KeyString::from(key.as_str()), crate::expression::from_json(value)));
    Value::Object(values.collect())
}
