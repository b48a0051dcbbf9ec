//! How an account's calls are authenticated: fixed headers, or a token that is fetched once for all who wait for it
//! and renewed ahead of its end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Deserialize;
use thiserror::Error;

use super::account::{BaseUrl, ContextError, SHORTEST_SECRET_BYTES};
use crate::connector::{AuthScheme, ClientCredentials, Connector};
use crate::expression::{Scope, Value, object};
use crate::model::ErrorKind;
use crate::transport::{ProviderCall, Transport, TransportError};

/// A token is renewed so long before its end, or at half of a life that is shorter than twice that.
const RENEW_AHEAD: Duration = Duration::from_secs(60);
/// The life of a token whose answer names none.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);
const LARGEST_TOKEN_ANSWER_BYTES: usize = 256 << 10;

/// Why no credentials could be had. Nothing of the removal was sent.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct SessionError {
    pub kind: ErrorKind,
    /// The token endpoint's status, if it answered.
    pub status: Option<u16>,
    pub message: String,
}

/// The headers that authenticate a call. Never printed.
pub type AuthHeaders = Arc<Bearer>;

/// Headers, and until when they are good.
pub struct Bearer {
    pub headers: Vec<(HeaderName, HeaderValue)>,
    renew_at: Option<Instant>,
}

impl Bearer {
    /// What in the headers is secret: a header's value, or what follows its scheme.
    pub fn secrets(&self) -> impl Iterator<Item = &[u8]> {
        let texts = self.headers.iter().map(|(_, value)| value.as_bytes());
        let bare = texts.map(|text| text.iter().position(|byte| *byte == b' ').map_or(text, |at| &text[at + 1..]));
        bare.filter(|text| text.len() >= SHORTEST_SECRET_BYTES)
    }
}

/// An account's credentials at work.
pub struct Session {
    latest: ArcSwapOption<Bearer>,
    token: Option<TokenRequest>,
    /// Held while a token is fetched, by this account's callers alone.
    fetching: tokio::sync::Mutex<()>,
}

struct TokenRequest {
    uri: Uri,
    headers: HeaderMap,
    form: Bytes,
    connector: Arc<Connector>,
    /// Which of the connector's authentications this is.
    auth: usize,
}

impl Session {
    /// Prepares the credentials of a context; `values` are all its settings, secrets too.
    pub(super) fn new(connector: &Arc<Connector>, values: Value, base: &BaseUrl) -> Result<Self, ContextError> {
        let has = |key: &str| values.as_object().is_some_and(|values| values.contains_key(key));
        let sets = || connector.auth.iter().map(|auth| auth.needs.join(" + ")).collect::<Vec<_>>().join(", or ");
        let auth = connector.auth.iter().position(|auth| auth.needs.iter().all(|key| has(key)));
        let auth = auth.ok_or_else(|| ContextError::NoCredentials { sets: sets() })?;
        let scope = Scope::of_account(&values);
        let wrong = |key: &str| ContextError::Wrong { key: key.to_owned(), expected: "usable in a header".to_owned() };
        match &connector.auth[auth].scheme {
            AuthScheme::Headers(templates) => {
                let mut headers = Vec::new();
                for (name, template) in templates {
                    if let Some(text) = template.fill(&scope).map_err(|_| wrong(name.as_str()))? {
                        headers.push((name.clone(), secret_header(&text).ok_or_else(|| wrong(name.as_str()))?));
                    }
                }
                let bearer = Bearer { headers, renew_at: None };
                Ok(Self {
                    latest: ArcSwapOption::from_pointee(bearer),
                    token: None,
                    fetching: tokio::sync::Mutex::default(),
                })
            }
            AuthScheme::Oauth2ClientCredentials(client) => {
                let token = TokenRequest::new(client, &scope, base, connector, auth);
                let token = token.ok_or_else(|| wrong("client_secret"))?;
                Ok(Self { latest: ArcSwapOption::empty(), token: Some(token), fetching: tokio::sync::Mutex::default() })
            }
        }
    }

    /// The names of the headers that carry the credentials.
    pub fn header_names(&self) -> Vec<HeaderName> {
        match &self.token {
            Some(_) => vec![AUTHORIZATION],
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
    pub async fn headers(&self, transport: &dyn Transport, timeout: Duration) -> Result<AuthHeaders, SessionError> {
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
        &self,
        refused: &AuthHeaders,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<Option<AuthHeaders>, SessionError> {
        if self.token.is_none() {
            return Ok(None);
        }
        self.fetch(Some(Arc::clone(refused)), transport, timeout).await.map(Some)
    }

    async fn fetch(
        &self,
        stale: Option<AuthHeaders>,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<AuthHeaders, SessionError> {
        let Some(request) = &self.token else {
            return stale.ok_or_else(|| rejected(None, "the account has no credentials".to_owned()));
        };
        let _single_flight = self.fetching.lock().await;
        // Whoever waited takes what the first one fetched.
        if let Some(latest) = self.latest.load_full()
            && stale.as_ref().is_none_or(|stale| !Arc::ptr_eq(stale, &latest))
        {
            return Ok(latest);
        }
        let bearer = Arc::new(request.send(transport, timeout).await?);
        self.latest.store(Some(Arc::clone(&bearer)));
        Ok(bearer)
    }
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<serde_json::Number>,
}

impl TokenRequest {
    fn new(
        client: &ClientCredentials,
        scope: &Scope<'_>,
        base: &BaseUrl,
        connector: &Arc<Connector>,
        auth: usize,
    ) -> Option<Self> {
        let id = client.client_id.fill(scope).ok()??;
        let secret = client.client_secret.fill(scope).ok()??;
        let url = client.token_url.fill(scope).ok()??;
        let uri = if url.starts_with('/') {
            format!("{}://{}{}{url}", base.scheme, base.authority, base.path).parse()
        } else {
            url.parse()
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if client.in_header {
            // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = STANDARD.encode(format!("{}:{}", encode(&id), encode(&secret)));
            headers.insert(AUTHORIZATION, secret_header(&format!("Basic {pair}"))?);
        } else {
            form.append_pair("client_id", &id).append_pair("client_secret", &secret);
        }
        for (name, template) in &client.form {
            if let Some(value) = template.fill(scope).ok()? {
                form.append_pair(name, &value);
            }
        }
        Some(Self { uri: uri.ok()?, headers, form: Bytes::from(form.finish()), connector: Arc::clone(connector), auth })
    }

    async fn send(&self, transport: &dyn Transport, timeout: Duration) -> Result<Bearer, SessionError> {
        let call = ProviderCall {
            method: Method::POST,
            uri: self.uri.clone(),
            headers: self.headers.clone(),
            body: self.form.clone(),
            timeout,
        };
        let sent = Instant::now();
        let answer = transport.send(call).await.map_err(|error| unreachable_endpoint(&error))?;
        let status = answer.status.as_u16();
        let body =
            answer.body.collect(LARGEST_TOKEN_ANSWER_BYTES).await.map_err(|error| unreachable_endpoint(&error))?;
        if !answer.status.is_success() {
            return Err(self.refusal(status, &body));
        }
        let token: TokenAnswer = serde_json::from_slice(&body).map_err(|_| SessionError {
            kind: ErrorKind::ProviderError,
            status: None,
            message: "the provider's token endpoint answered without an access token".to_owned(),
        })?;
        let life = token.expires_in.and_then(|life| life.as_f64()).filter(|life| *life >= 0.0);
        let life = life.map_or(DEFAULT_LIFE, |life| Duration::from_secs_f64(life.min(1e9)));
        let usable = if life > RENEW_AHEAD * 2 { life - RENEW_AHEAD } else { life / 2 };
        let value = secret_header(&format!("Bearer {}", token.access_token));
        let value =
            value.ok_or_else(|| rejected(None, "the provider's access token cannot stand in a header".to_owned()))?;
        Ok(Bearer { headers: vec![(AUTHORIZATION, value)], renew_at: Some(sent + usable) })
    }

    fn refusal(&self, status: u16, body: &Bytes) -> SessionError {
        let rules = match &self.connector.auth[self.auth].scheme {
            AuthScheme::Oauth2ClientCredentials(client) => client.rejected.as_slice(),
            AuthScheme::Headers(_) => &[],
        };
        let json: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        let answer = object([("status", Value::Integer(status.into())), ("body", crate::expression::from_json(&json))]);
        let nothing = Value::Null;
        let scope = Scope::of_account(&nothing);
        let named = rules.iter().any(|rule| rule.matches(status, &answer, body, &scope));
        match status {
            // RFC 6749, section 5.2: `invalid_client` is a 400 or a 401.
            _ if named => rejected(Some(status), "the provider refused the account's credentials".to_owned()),
            400 | 401 => rejected(Some(status), "the provider refused the account's credentials".to_owned()),
            403 => SessionError {
                kind: ErrorKind::PermissionMissing,
                status: Some(status),
                message: "the provider gives this account no token".to_owned(),
            },
            429 => SessionError {
                kind: ErrorKind::RateLimited,
                status: Some(status),
                message: "the provider's token endpoint is rate limited".to_owned(),
            },
            // A 4xx of the provider stays one.
            _ => SessionError {
                kind: match status {
                    402 => ErrorKind::PaymentRequired,
                    404 => ErrorKind::NotFound,
                    409 => ErrorKind::Conflict,
                    400..=499 => ErrorKind::InvalidRequest,
                    500..=599 => ErrorKind::ProviderUnavailable,
                    _ => ErrorKind::ProviderError,
                },
                status: Some(status),
                message: format!("the provider's token endpoint answered {status}"),
            },
        }
    }
}

fn rejected(status: Option<u16>, message: String) -> SessionError {
    SessionError { kind: ErrorKind::CredentialsRejected, status, message }
}

fn unreachable_endpoint(error: &TransportError) -> SessionError {
    let kind = if error.is_timeout() { ErrorKind::ProviderTimeout } else { ErrorKind::ProviderUnavailable };
    SessionError { kind, status: None, message: format!("the provider's token endpoint: {error}") }
}

fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
