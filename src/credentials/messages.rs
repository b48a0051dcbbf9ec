//! An account's session with a message broker: connected and authenticated once for all who need it, kept from request
//! to request, and never shared with another account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::HeaderMap;
use http::uri::Scheme;
use serde_json::{Map, Value as Json};
use uuid::Uuid;
use vrl::value::ObjectMap;

use super::account::BaseUrl;
use super::mask::Mask;
use super::said::Said;
use super::session::{Bearer, RENEW_AHEAD};
use super::token::{SessionError, refusal};
use crate::connector::{Messages, SessionScheme};
use crate::expression::{FillError, Scope, TextTemplate, Value, from_json, id_text, object, to_json};
use crate::model::ErrorKind;
use crate::transport::{BrokerCall, Message, MessageLink, Transport, TransportError};

/// The scheme of a broker that is reached with TLS.
const TLS_SCHEME: &str = "mqtts";

/// An account's way to send messages.
pub struct MessageSession {
    pub definition: Arc<Messages>,
    scheme: Arc<SessionScheme>,
    broker: BaseUrl,
    /// What topics may read of the account.
    public: Value,
    /// All settings of the account, secrets too.
    values: Value,
    latest: ArcSwapOption<OpenSession>,
    /// Held while a session is opened, by this account's callers alone.
    opening: tokio::sync::Mutex<()>,
}

/// A session that the provider has accepted.
pub struct OpenSession {
    link: MessageLink,
    /// What came with it that must not be shown.
    pub secrets: Bearer,
    renew_at: Option<Instant>,
}

impl OpenSession {
    fn is_good(&self) -> bool {
        self.link.is_open() && self.renew_at.is_none_or(|at| Instant::now() < at)
    }
}

/// Why a message has no reply.
pub enum Unanswered {
    /// It cannot be sent as it is.
    Unfit(FillError),
    Transport(TransportError),
}

impl MessageSession {
    pub(super) fn new(
        definition: Arc<Messages>,
        scheme: Arc<SessionScheme>,
        broker: BaseUrl,
        public: Value,
        values: Value,
    ) -> Self {
        let (latest, opening) = (ArcSwapOption::empty(), tokio::sync::Mutex::default());
        Self { definition, scheme, broker, public, values, latest, opening }
    }

    /// The session at hand, or a new one.
    ///
    /// # Errors
    /// If none can be had; nothing of the removal was sent.
    pub async fn open(&self, transport: &dyn Transport, timeout: Duration) -> Result<Arc<OpenSession>, SessionError> {
        match self.latest.load_full() {
            Some(session) if session.is_good() => Ok(session),
            stale => self.reopen(stale.as_ref(), transport, timeout).await,
        }
    }

    /// A session other than this one: it was refused, or its connection is gone.
    ///
    /// # Errors
    /// If none can be had; nothing of the removal was sent.
    pub async fn reopen(
        &self,
        stale: Option<&Arc<OpenSession>>,
        transport: &dyn Transport,
        timeout: Duration,
    ) -> Result<Arc<OpenSession>, SessionError> {
        let _single_flight = self.opening.lock().await;
        // Whoever waited takes what the first one opened.
        if let Some(latest) = self.latest.load_full()
            && stale.is_none_or(|stale| !Arc::ptr_eq(stale, &latest))
            && latest.is_good()
        {
            return Ok(latest);
        }
        let session = Arc::new(self.authenticated(transport, timeout).await?);
        self.latest.store(Some(Arc::clone(&session)));
        Ok(session)
    }

    async fn authenticated(&self, transport: &dyn Transport, timeout: Duration) -> Result<OpenSession, SessionError> {
        let opened = Instant::now();
        let left = || timeout.saturating_sub(opened.elapsed());
        let scope = Scope::of_account(&self.values);
        let login = match &self.scheme.login {
            Some((user, password)) => {
                let filled = |template: &TextTemplate| template.fill(&scope).ok().flatten();
                let login = filled(user).zip(filled(password));
                Some(login.ok_or_else(|| unfit("the user name and password cannot be sent"))?)
            }
            None => None,
        };
        let broker = BrokerCall {
            tls: self.broker.scheme.as_str() == TLS_SCHEME,
            authority: self.broker.authority.clone(),
            login,
            timeout,
        };
        let link = transport.connect(broker).await.map_err(|error| self.unanswered(&error))?;
        let mut taken = ObjectMap::new();
        for step in &self.scheme.messages {
            let known = object([("token", Value::Object(taken.clone()))]);
            let body = step.body.fill(&scope.with_call(&known));
            let Some(Json::Object(message)) = body.as_ref().map(to_json) else {
                return Err(unfit("a message that authenticates has no value"));
            };
            let reply = ask(&link, &self.definition, &self.public, &message, left()).await;
            let reply = reply.map_err(|unanswered| match unanswered {
                Unanswered::Unfit(error) => unfit(&error.to_string()),
                Unanswered::Transport(error) => self.unanswered(&error),
            })?;
            let body = from_json(&serde_json::from_slice(&reply).unwrap_or_default());
            let Some(status) = self.definition.status_of(&body) else {
                let message = "the provider's answer to the authentication has no status";
                return Err(SessionError::new(ErrorKind::ProviderError, message));
            };
            if !(200..300).contains(&status) {
                let error = refusal(&self.scheme.errors, status, &body, &reply);
                // The account's own secrets are masked wherever an answer is shown.
                let mask = Mask::of(texts(&taken));
                let paths = self.scheme.messages.iter().flat_map(|step| step.take.iter().map(|(_, path)| path));
                let said = Said::new(status, HeaderMap::new(), &reply, &mask, paths);
                return Err(SessionError { said: Some(Box::new(said)), ..error });
            }
            for (name, path) in &step.take {
                let text = path.get(&body).and_then(id_text).filter(|text| !text.is_empty()).ok_or_else(|| {
                    let message = format!("the provider's answer to the authentication gives no `{name}`");
                    SessionError::new(ErrorKind::ProviderError, message)
                })?;
                taken.insert(name.clone(), Value::from(&*text));
            }
        }
        let usable = self.scheme.life.map(|life| if life > RENEW_AHEAD * 2 { life - RENEW_AHEAD } else { life / 2 });
        Ok(OpenSession {
            link,
            secrets: Bearer::new(Vec::new(), texts(&taken)),
            renew_at: usable.map(|usable| opened + usable),
        })
    }

    /// Sends a message, once, and waits for its reply.
    ///
    /// # Errors
    /// If there is none; [`TransportError::was_sent`] tells whether the provider may have the message.
    pub async fn ask(
        &self,
        session: &OpenSession,
        message: &Map<String, Json>,
        timeout: Duration,
    ) -> Result<Bytes, Unanswered> {
        ask(&session.link, &self.definition, &self.public, message, timeout).await
    }

    /// The topic a message is published on, before there is a connection.
    pub fn topic(&self, message: &Map<String, Json>) -> String {
        let topic = topic(&self.definition.publish, &self.public, message, "{client.id}");
        topic.unwrap_or_else(|error| error.to_string())
    }

    /// What a transport's failure means while a session is opened.
    fn unanswered(&self, error: &TransportError) -> SessionError {
        let kind = match error {
            TransportError::ConnectionRefused { code: 4 | 5, .. } => ErrorKind::CredentialsRejected,
            TransportError::ConnectionRefused { code: 1 | 2, .. } => ErrorKind::ProviderError,
            TransportError::SubscriptionRefused { .. } => self.definition.subscription_refused,
            error if error.is_timeout() => ErrorKind::ProviderTimeout,
            _ => ErrorKind::ProviderUnavailable,
        };
        SessionError::new(kind, error.to_string()).after(error)
    }
}

async fn ask(
    link: &MessageLink,
    definition: &Messages,
    public: &Value,
    message: &Map<String, Json>,
    timeout: Duration,
) -> Result<Bytes, Unanswered> {
    let id = Uuid::now_v7().to_string();
    let mut payload = message.clone();
    payload.insert(definition.correlate.clone(), Json::from(id.as_str()));
    let topic = |template| topic(template, public, message, link.client_id()).map_err(Unanswered::Unfit);
    let message = Message {
        topic: topic(&definition.publish)?,
        reply: topic(&definition.reply)?,
        payload: Bytes::from(Json::Object(payload).to_string()),
        correlation: (definition.correlate.clone(), id),
        timeout,
    };
    link.request(message).await.map_err(Unanswered::Transport)
}

fn topic(
    template: &TextTemplate,
    public: &Value,
    message: &Map<String, Json>,
    client_id: &str,
) -> Result<String, FillError> {
    let message = from_json(&Json::Object(message.clone()));
    let known = object([("message", message), ("client", object([("id", Value::from(client_id))]))]);
    let filled = template.fill(&Scope::of_account(public).with_call(&known))?;
    Ok(filled.unwrap_or_default())
}

fn texts(taken: &ObjectMap) -> impl Iterator<Item = Vec<u8>> {
    taken.values().filter_map(|value| Some(value.to_str_lossy()?.into_owned().into_bytes()))
}

/// The address of a broker: `mqtt[s]://host[:port]`.
pub(super) fn broker_address(text: &str) -> Option<BaseUrl> {
    let uri: http::Uri = text.parse().ok()?;
    let scheme: &Scheme = uri.scheme().filter(|scheme| matches!(scheme.as_str(), "mqtt" | TLS_SCHEME))?;
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'))?;
    let bare = matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.host().is_empty();
    bare.then(|| BaseUrl { scheme: scheme.clone(), authority: authority.clone(), path: String::new() })
}

fn unfit(reason: &str) -> SessionError {
    SessionError::new(ErrorKind::CredentialsRejected, format!("the session cannot be opened: {reason}"))
}
