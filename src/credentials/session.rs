//! How an account's calls are authenticated: fixed headers, or a token that is fetched once for all who wait for it
//! and renewed ahead of its end.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use http::{HeaderName, HeaderValue};
use vrl::value::{KeyString, ObjectMap};

use super::account::{BaseUrl, ContextError};
use super::keeper::{KeeperError, SecretKeeper, Secrets};
use super::mask::Mask;
use super::token::{self, Granted, SessionError, secret_header};
use super::vault::same_secrets;
use crate::connector::{AuthScheme, TokenCall, TokenScheme};
use crate::expression::{Scope, Value, from_json, object};
use crate::model::ErrorKind;
use crate::transport::Transport;

/// A token is renewed so long before its end, or at half of a life that is shorter than twice that.
pub(super) const RENEW_AHEAD: Duration = Duration::from_secs(60);

/// The headers that authenticate a call. Never printed.
pub type AuthHeaders = Arc<Bearer>;

/// Headers, and until when they are good.
#[derive(Default)]
pub struct Bearer {
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Hides what in the headers is secret, and what came with them.
    pub mask: Arc<Mask>,
    renew_at: Option<Instant>,
}

impl Bearer {
    /// Headers, and further secrets that must not be shown.
    pub(super) fn new(headers: Vec<(HeaderName, HeaderValue)>, others: impl Iterator<Item = Vec<u8>>) -> Self {
        let bare = headers.iter().filter_map(|(_, value)| token::credential(value));
        let mask = Arc::new(Mask::of(bare.map(<[u8]>::to_vec).chain(others)));
        Self { headers, mask, renew_at: None }
    }
}

/// An account's credentials at work.
pub struct Session {
    latest: ArcSwapOption<Bearer>,
    token: Option<TokenSession>,
}

/// Tokens of one account.
struct TokenSession {
    account_id: String,
    scheme: Arc<TokenScheme>,
    base: BaseUrl,
    /// Held while a token is fetched, by this account's callers alone.
    state: tokio::sync::Mutex<TokenState>,
    keeper: OnceLock<Arc<dyn SecretKeeper>>,
    /// The secrets as they were last kept, sealed.
    kept: ArcSwapOption<Vec<u8>>,
}

/// What the next token is asked for with.
struct TokenState {
    /// All settings of the account, secrets too.
    values: Value,
    secret: Secrets,
    /// `.token`: what was taken of the last answer.
    taken: ObjectMap,
    /// A token that may not be used yet: what came with it is not in the vault.
    unkept: Option<Arc<Bearer>>,
}

impl Session {
    /// Prepares a set of credentials; `values` are all settings of the account, secrets too.
    pub(super) fn new(
        account_id: &str,
        scheme: &AuthScheme,
        values: Value,
        secret: &Secrets,
        base: &BaseUrl,
    ) -> Result<Self, ContextError> {
        let scope = Scope::of_account(&values);
        let wrong = |key: &str| ContextError::Wrong { key: key.to_owned(), expected: "usable in a header".to_owned() };
        match scheme {
            AuthScheme::Headers(templates) => {
                let mut headers = Vec::new();
                for (name, template) in templates {
                    if let Some(text) = template.fill(&scope).map_err(|_| wrong(name.as_str()))? {
                        headers.push((name.clone(), secret_header(&text).ok_or_else(|| wrong(name.as_str()))?));
                    }
                }
                let bearer = Bearer::new(headers, std::iter::empty());
                Ok(Self { latest: ArcSwapOption::from_pointee(bearer), token: None })
            }
            AuthScheme::Session(_) => Ok(Self { latest: ArcSwapOption::from_pointee(Bearer::default()), token: None }),
            AuthScheme::Token(scheme) => {
                token::render(&scheme.request, &scope, base).map_err(ContextError::Unfit)?;
                let state = TokenState { values, secret: secret.clone(), taken: ObjectMap::new(), unkept: None };
                let token = TokenSession {
                    account_id: account_id.to_owned(),
                    scheme: Arc::clone(scheme),
                    base: base.clone(),
                    state: tokio::sync::Mutex::new(state),
                    keeper: OnceLock::new(),
                    kept: ArcSwapOption::empty(),
                };
                Ok(Self { latest: ArcSwapOption::empty(), token: Some(token) })
            }
        }
    }

    /// Whether the provider may replace secrets of the account.
    pub fn replaces_secrets(&self) -> bool {
        self.token.as_ref().is_some_and(|token| !token.scheme.keep.is_empty())
    }

    /// Where replaced secrets are put. Without it they are known to this process alone.
    pub(super) fn keep_secrets_with(&self, keeper: Arc<dyn SecretKeeper>) {
        if let Some(token) = &self.token {
            // The first one stays.
            let _ = token.keeper.set(keeper);
        }
    }

    /// Whether these sealed secrets are what this session itself had kept.
    pub fn has_kept(&self, sealed: &[u8]) -> bool {
        let kept = self.token.as_ref().and_then(|token| token.kept.load_full());
        kept.is_some_and(|kept| same_secrets(&kept, sealed))
    }

    /// The names of the headers that carry the credentials.
    pub fn header_names(&self) -> Vec<HeaderName> {
        match &self.token {
            Some(token) => token.scheme.headers.iter().map(|(name, _)| name.clone()).collect(),
            None => {
                let latest = self.latest.load();
                latest.iter().flat_map(|bearer| bearer.headers.iter().map(|(name, _)| name.clone())).collect()
            }
        }
    }

    /// The headers to send: those at hand, or a new token's.
    ///
    /// # Errors
    /// If a token is needed and cannot be had.
    pub async fn headers(
        self: &Arc<Self>,
        transport: &Arc<dyn Transport>,
        timeout: Duration,
    ) -> Result<AuthHeaders, SessionError> {
        match self.latest.load_full() {
            Some(bearer) if bearer.renew_at.is_none_or(|at| Instant::now() < at) => Ok(bearer),
            stale => self.fetch(stale, transport, timeout).await,
        }
    }

    /// After a 401: a token other than the one refused, or `None` if nothing can be renewed.
    ///
    /// # Errors
    /// If a new token cannot be had.
    pub async fn renew(
        self: &Arc<Self>,
        refused: &AuthHeaders,
        transport: &Arc<dyn Transport>,
        timeout: Duration,
    ) -> Result<Option<AuthHeaders>, SessionError> {
        if self.token.is_none() {
            return Ok(None);
        }
        self.fetch(Some(Arc::clone(refused)), transport, timeout).await.map(Some)
    }

    /// A caller that goes away must not take the provider's answer with it: the old refresh token may be used up.
    async fn fetch(
        self: &Arc<Self>,
        stale: Option<AuthHeaders>,
        transport: &Arc<dyn Transport>,
        timeout: Duration,
    ) -> Result<AuthHeaders, SessionError> {
        let (session, transport) = (Arc::clone(self), Arc::clone(transport));
        let fetched = tokio::spawn(async move { session.fetch_once(stale, &*transport, timeout).await }).await;
        fetched.unwrap_or_else(|_| Err(SessionError::new(ErrorKind::Internal, "the token could not be renewed")))
    }

    async fn fetch_once(
        &self,
        stale: Option<AuthHeaders>,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<AuthHeaders, SessionError> {
        let Some(token) = &self.token else {
            return stale
                .ok_or_else(|| SessionError::new(ErrorKind::CredentialsRejected, "the account has no credentials"));
        };
        let mut state = token.state.lock().await;
        // Whoever waited takes what the first one fetched.
        if let Some(latest) = self.latest.load_full()
            && stale.as_ref().is_none_or(|stale| !Arc::ptr_eq(stale, &latest))
        {
            return Ok(latest);
        }
        let bearer = match state.unkept.clone() {
            Some(unkept) => unkept,
            None => token.fetch(&mut state, transport, timeout).await?,
        };
        if state.unkept.is_some() {
            token.keep(&state).await.map_err(|error| unusable(&error))?;
            state.unkept = None;
        }
        self.latest.store(Some(Arc::clone(&bearer)));
        Ok(bearer)
    }
}

impl TokenSession {
    /// A new token: renewed with what the last one gave, or asked for with the account's secrets.
    async fn fetch(
        &self,
        state: &mut TokenState,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<Arc<Bearer>, SessionError> {
        let scheme = &self.scheme;
        // What cannot be read now could not be replaced either: the refresh token is not used up for nothing.
        self.read_secrets(state).await.map_err(|error| unusable(&error))?;
        let refused = |error: &SessionError| error.kind == ErrorKind::CredentialsRejected;
        let renew = scheme.renew.as_ref().filter(|_| !state.taken.is_empty());
        let mut granted = match renew {
            Some(renew) => self.ask(renew, state, transport, timeout).await,
            None => self.ask(&scheme.request, state, transport, timeout).await,
        };
        if renew.is_some() && granted.as_ref().is_err_and(refused) {
            state.taken = ObjectMap::new();
            granted = self.ask(&scheme.request, state, transport, timeout).await;
        }
        // Another process may have used the refresh token up a moment ago, and have kept the next one.
        if granted.as_ref().is_err_and(refused) && self.read_secrets(state).await.map_err(|error| unusable(&error))? {
            granted = self.ask(&scheme.request, state, transport, timeout).await;
        }
        self.accept(state, granted?)
    }

    async fn ask(
        &self,
        call: &TokenCall,
        state: &TokenState,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<Granted, SessionError> {
        let known = object([("token", Value::Object(state.taken.clone()))]);
        let scope = Scope::of_account(&state.values).with_call(&known);
        let own = state.secret.values().filter_map(|secret| Some(secret.as_str()?.as_bytes().to_vec()));
        let taken = state.taken.values().filter_map(|text| Some(text.to_str_lossy()?.into_owned().into_bytes()));
        let secrets: Vec<Vec<u8>> = own.chain(taken).collect();
        token::ask(&self.scheme, call, &scope, secrets, &self.base, transport, timeout).await
    }

    /// Takes an answer over. If it replaces secrets, its token waits in `unkept` until they are kept.
    fn accept(&self, state: &mut TokenState, granted: Granted) -> Result<Arc<Bearer>, SessionError> {
        let Granted { taken, kept, sent, life } = granted;
        state.taken.extend(taken);
        let mut replaced = false;
        for (key, text) in kept {
            let value = serde_json::Value::from(text);
            if state.secret.get(&key) != Some(&value) {
                state.put(key, value);
                replaced = true;
            }
        }
        let known = object([("token", Value::Object(state.taken.clone()))]);
        let scope = Scope::of_account(&state.values).with_call(&known);
        let mut headers = Vec::new();
        for (name, template) in &self.scheme.headers {
            let text = template.fill(&scope).ok().flatten();
            let value = text.and_then(|text| secret_header(&text));
            let unfit = || {
                let message = "the provider's access token cannot stand in a header";
                SessionError::new(ErrorKind::ProviderError, message)
            };
            headers.push((name.clone(), value.ok_or_else(unfit)?));
        }
        let texts = state.taken.values().chain(state.replaceable(&self.scheme.keep));
        let others = texts.filter_map(|value| Some(value.to_str_lossy()?.into_owned().into_bytes()));
        let usable = if life > RENEW_AHEAD * 2 { life - RENEW_AHEAD } else { life / 2 };
        let bearer = Arc::new(Bearer { renew_at: Some(sent + usable), ..Bearer::new(headers, others) });
        if replaced {
            state.unkept = Some(Arc::clone(&bearer));
        }
        Ok(bearer)
    }

    /// Takes over secrets that were replaced elsewhere; whether any was.
    async fn read_secrets(&self, state: &mut TokenState) -> Result<bool, KeeperError> {
        let Some(keeper) = self.keeper.get().filter(|_| !self.scheme.keep.is_empty()) else { return Ok(false) };
        let mut kept = keeper.secrets(&self.account_id).await?;
        let mut replaced = false;
        for (key, _) in &self.scheme.keep {
            if let Some(value) = kept.remove(key).filter(|value| state.secret.get(key) != Some(value)) {
                state.put(key.clone(), value);
                replaced = true;
            }
        }
        Ok(replaced)
    }

    async fn keep(&self, state: &TokenState) -> Result<(), KeeperError> {
        if let Some(keeper) = self.keeper.get() {
            let sealed = keeper.replace(&self.account_id, &state.secret).await?;
            self.kept.store(Some(Arc::new(sealed)));
        }
        Ok(())
    }
}

impl TokenState {
    fn put(&mut self, key: String, value: serde_json::Value) {
        if let Some(values) = self.values.as_object_mut() {
            values.insert(KeyString::from(key.as_str()), from_json(&value));
        }
        self.secret.insert(key, value);
    }

    /// The secrets that answers replace.
    fn replaceable<'s, P>(&'s self, keep: &'s [(String, P)]) -> impl Iterator<Item = &'s Value> {
        keep.iter().filter_map(|(key, _)| self.values.as_object()?.get(key.as_str()))
    }
}

fn unusable(error: &KeeperError) -> SessionError {
    SessionError::new(ErrorKind::Internal, error.to_string())
}
