//! One call for a token: rendered from the account's settings, sent, and its answer read.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Uri};
use thiserror::Error;
use vrl::value::ObjectMap;

use super::account::BaseUrl;
use super::mask::{Mask, SHORTEST_SECRET_BYTES};
use super::said::Said;
use crate::connector::{TokenBody, TokenCall, TokenError, TokenScheme};
use crate::expression::{FillError, Scope, Value, encode_segment, from_json, id_text, object, to_json};
use crate::model::ErrorKind;
use crate::transport::{ProviderCall, Transport, TransportError};

/// The life of a token that neither its answer nor the definition names.
const DEFAULT_LIFE: Duration = Duration::from_secs(300);
const LONGEST_LIFE_S: f64 = 1e9;
const LARGEST_TOKEN_ANSWER_BYTES: usize = 256 << 10;

/// Why no credentials could be had. Nothing of the removal was sent.
#[derive(Clone, Debug, Error)]
#[error("{message}")]
pub struct SessionError {
    pub kind: ErrorKind,
    /// What was answered, if anything was.
    pub said: Option<Box<Said>>,
    /// Nothing was sent at all, and another try may end otherwise.
    pub may_pass: bool,
    /// When another try may be made, in seconds, where we are the ones to know.
    pub again_in_s: Option<u64>,
    pub message: String,
}

impl SessionError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, said: None, may_pass: false, again_in_s: None, message: message.into() }
    }

    /// What a transport's failure says of another try.
    pub(super) fn after(self, error: &TransportError) -> Self {
        let may_pass = error.may_pass() && !error.was_sent();
        Self { may_pass, again_in_s: error.retry_after_s(), ..self }
    }
}

/// What a token call gave.
pub(super) struct Granted {
    /// `.token`: what was taken of the answer.
    pub(super) taken: ObjectMap,
    /// Secrets of the account that the answer replaces.
    pub(super) kept: Vec<(String, String)>,
    /// When the call was sent, and how long the token is good from then on.
    pub(super) sent: Instant,
    pub(super) life: Duration,
}

/// Makes a token call. `secrets` are those that its answer may repeat.
///
/// # Errors
/// If it cannot be made, or gives no token.
pub(super) async fn ask(
    scheme: &TokenScheme,
    call: &TokenCall,
    scope: &Scope<'_>,
    secrets: Vec<Vec<u8>>,
    base: &BaseUrl,
    transport: &dyn Transport,
    timeout: Duration,
) -> Result<Granted, SessionError> {
    let (uri, headers, body) = render(call, scope, base).map_err(|reason| {
        SessionError::new(ErrorKind::CredentialsRejected, format!("the token call cannot be made: {reason}"))
    })?;
    let shown_to_it: Vec<Vec<u8>> = headers.values().filter_map(credential).map(<[u8]>::to_vec).collect();
    let outgoing = ProviderCall { method: call.method.clone(), uri, headers, body, timeout };
    let sent = Instant::now();
    let answer = transport.send(outgoing).await.map_err(|error| unreachable_endpoint(&error))?;
    let status = answer.status.as_u16();
    // A refusal is in its status, whatever becomes of the words that follow.
    let body = match answer.body.collect(LARGEST_TOKEN_ANSWER_BYTES).await {
        Err(_) if answer.status.is_client_error() => Bytes::new(),
        body => body.map_err(|error| unreachable_endpoint(&error))?,
    };
    let json: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let json = from_json(&json);
    if answer.status.is_success()
        && let Some(granted) = granted(scheme, &json, sent)
    {
        return Ok(granted);
    }
    let error = refusal(&scheme.errors, status, &json, &body);
    let message = match answer.headers.get(LOCATION) {
        Some(_) if answer.status.is_redirection() => format!("{} (a redirect is not followed)", error.message),
        _ => error.message,
    };
    let mask = Mask::of(secrets.into_iter().chain(shown_to_it));
    let paths = scheme.take.iter().map(|(_, path)| path).chain(scheme.keep.iter().map(|(_, path)| path));
    let said = Said::new(status, answer.headers, &body, &mask, paths);
    Err(SessionError { said: Some(Box::new(said)), message, ..error })
}

/// What of a header is secret: what follows its scheme.
pub(super) fn credential(value: &HeaderValue) -> Option<&[u8]> {
    let text = Some(value.as_bytes()).filter(|_| value.is_sensitive())?;
    let bare = text.iter().position(|byte| *byte == b' ').map_or(text, |at| &text[at + 1..]);
    (bare.len() >= SHORTEST_SECRET_BYTES).then_some(bare)
}

/// Renders a token call.
///
/// # Errors
/// With what is wrong, without a secret.
pub(super) fn render(call: &TokenCall, scope: &Scope<'_>, base: &BaseUrl) -> Result<(Uri, HeaderMap, Bytes), String> {
    let said = |error: FillError| error.to_string();
    let missing = || "a part of it has no value".to_owned();
    let url = call.url.fill(scope).map_err(said)?.ok_or_else(missing)?;
    let mut url =
        if url.starts_with('/') { format!("{}://{}{}{url}", base.scheme, base.authority, base.path) } else { url };
    let mut separator = if url.contains('?') { '&' } else { '?' };
    for (name, template) in &call.query {
        if let Some(value) = template.fill(scope).map_err(said)? {
            url.push_str(&format!("{separator}{}={}", encode_segment(name), encode_segment(&value)));
            separator = '&';
        }
    }
    let uri: Uri = url.parse().map_err(|_| "its address is none".to_owned())?;

    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let body = match &call.body {
        TokenBody::None => Bytes::new(),
        TokenBody::Form(members) => {
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, template) in members {
                if let Some(value) = template.fill(scope).map_err(said)? {
                    form.append_pair(name, &value);
                }
            }
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
            Bytes::from(form.finish())
        }
        TokenBody::Json(template) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let filled = template.fill(scope).ok_or_else(missing)?;
            Bytes::from(to_json(&filled).to_string())
        }
    };
    let unfit = |name: &dyn std::fmt::Display| format!("the header {name} would hold what no header may");
    for (name, template) in &call.headers {
        if let Some(text) = template.fill(scope).map_err(said)? {
            headers.insert(name.clone(), secret_header(&text).ok_or_else(|| unfit(name))?);
        }
    }
    if let Some((id, secret)) = &call.basic {
        let id = id.fill(scope).map_err(said)?.ok_or_else(missing)?;
        let secret = secret.fill(scope).map_err(said)?.ok_or_else(missing)?;
        // RFC 6749, section 2.3.1: both are form-encoded before they are joined.
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let pair = STANDARD.encode(format!("{}:{}", encode(&id), encode(&secret)));
        headers.insert(AUTHORIZATION, secret_header(&format!("Basic {pair}")).ok_or_else(|| unfit(&AUTHORIZATION))?);
    }
    Ok((uri, headers, body))
}

/// What the answer gives, if it gives a token: a text that is not empty.
fn granted(scheme: &TokenScheme, body: &Value, sent: Instant) -> Option<Granted> {
    let mut taken = ObjectMap::new();
    for (name, path) in &scheme.take {
        if let Some(text) = path.get(body).and_then(id_text).filter(|text| !text.is_empty()) {
            taken.insert(name.clone(), Value::from(&*text));
        }
    }
    taken.get("token")?;
    let kept = scheme.keep.iter().filter_map(|(key, path)| {
        let text = id_text(path.get(body)?)?;
        (!text.is_empty()).then(|| (key.clone(), text.into_owned()))
    });
    let kept = kept.collect();
    let life = scheme.life.as_ref().and_then(|path| seconds(path.get(body)?));
    let life = life.or(scheme.default_life).unwrap_or(DEFAULT_LIFE);
    Some(Granted { taken, kept, sent, life })
}

fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Integer(seconds) => *seconds as f64,
        Value::Float(seconds) => seconds.into_inner(),
        text => text.to_str_lossy()?.trim().parse().ok()?,
    };
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(LONGEST_LIFE_S)))
}

/// What an answer without a token means: the definition's rules first, then what the statuses stand for.
pub(super) fn refusal(rules: &[TokenError], status: u16, body: &Value, raw: &[u8]) -> SessionError {
    let answer = object([("status", Value::Integer(status.into())), ("body", body.clone())]);
    let nothing = Value::Null;
    let scope = Scope::of_account(&nothing);
    let rule = rules.iter().find(|rule| rule.when.matches(status, &answer, raw, &scope));
    let kind = rule.map_or_else(|| kind_of(status), |rule| rule.kind);
    let message = rule.and_then(|rule| rule.message.clone()).unwrap_or_else(|| match kind {
        ErrorKind::CredentialsRejected => "the provider refused the account's credentials".to_owned(),
        ErrorKind::PermissionMissing => "the provider gives this account no token".to_owned(),
        ErrorKind::RateLimited => "the provider's token endpoint is rate limited".to_owned(),
        _ if (200..300).contains(&status) => {
            "the provider's token endpoint answered without an access token".to_owned()
        }
        _ => format!("the provider's token endpoint answered {status}"),
    });
    SessionError::new(kind, message)
}

fn kind_of(status: u16) -> ErrorKind {
    match status {
        // RFC 6749, section 5.2: `invalid_client` is a 400 or a 401.
        400 | 401 => ErrorKind::CredentialsRejected,
        402 => ErrorKind::PaymentRequired,
        403 => ErrorKind::PermissionMissing,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited,
        // A 4xx of the provider stays one.
        400..=499 => ErrorKind::InvalidRequest,
        500..=599 => ErrorKind::ProviderUnavailable,
        _ => ErrorKind::ProviderError,
    }
}

pub(super) fn unreachable_endpoint(error: &TransportError) -> SessionError {
    let kind = if error.is_timeout() { ErrorKind::ProviderTimeout } else { ErrorKind::ProviderUnavailable };
    SessionError::new(kind, format!("the provider's token endpoint: {error}")).after(error)
}

pub(super) fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
