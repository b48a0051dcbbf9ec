//! One step on the wire: rendered purely from its scope, sent with the account's credentials, and classified by the
//! definition's own rules.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri};
use serde_json::{Map, Value as Json};

use super::classify::shown_body;
use super::exchange::{Exchange, record, transport_failure};
use super::mask::{Masks, Repeated};
use super::messages::unwrapped;
use super::passthrough;
use super::report::{Failure, PlanStep, TraceStep};
use super::retry::{Again, RetryLimits};
use super::streamed::Streamed;
use crate::audit::Intent;
use crate::connector::{Call, Connector};
use crate::credentials::{Account, AuthHeaders, MASK};
use crate::expression::{Reading, Scope, Value, encode_segment, to_json};
use crate::model::{ErrorKind, Outcome};
use crate::transport::{AnswerBody, Lane, ProviderCall, Transport, TransportError};

/// So much of a streamed answer is held to classify it.
const HELD_TO_CLASSIFY_BYTES: usize = 64 << 10;
/// An answer, read as far as the definition looks at it.
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub raw: Bytes,
    /// Where the provider repeated a secret of the account.
    pub(super) repeated: Option<Box<Repeated>>,
    pub(super) masks: Masks,
    pub(super) reading: Arc<Reading>,
    /// What ended a listing before its last page.
    pub(super) cut_by: Option<Arc<Failure>>,
    /// As they may be shown, the pages of a listing after the first.
    pub(super) further: Vec<Bytes>,
}

/// Shows the status only: the body may hold secrets.
impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Answered")
            .field("status", &self.status)
            .field("body_bytes", &self.raw.len())
            .finish_non_exhaustive()
    }
}

/// What the caller adds to a write.
#[derive(Clone, Copy, Default)]
pub(super) struct Extra<'r> {
    pub(super) data: Option<&'r Map<String, Json>>,
    pub(super) query: &'r [(String, String)],
    /// What must be recorded before a byte of it leaves.
    pub(super) intent: Option<Intent<'r>>,
}

/// Which page of a listing is asked for.
pub(super) enum Page<'p> {
    /// The parameter, and its value.
    Cursor(&'p str, &'p str),
    Link(PathAndQuery),
}

/// The limits of one call.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallLimits {
    pub(super) timeout: Duration,
    pub(super) body_bytes: usize,
}

/// How an account's calls are made.
#[derive(Clone, Copy)]
pub(super) struct Wire<'a> {
    pub(super) transport: &'a Arc<dyn Transport>,
    /// The same, also to a host that is left alone for now.
    pub(super) past_breaker: &'a Arc<dyn Transport>,
    /// A write of the request was sent: its proof must be read.
    pub(super) written: bool,
    pub(super) account: &'a Account,
    pub(super) lane: &'a Lane,
    pub(super) retry: &'a RetryLimits,
    pub(super) limits: CallLimits,
    pub(super) tracing: bool,
}

/// An answer as it came, as far as its body could be read.
pub(super) struct Received {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) raw: Bytes,
    /// The body is not all there.
    pub(super) cut: bool,
    pub(super) rest: Option<AnswerBody>,
}

/// A call ready to be sent, without credentials.
pub(super) struct Rendered {
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl<'a> Wire<'a> {
    pub(super) fn connector(&self) -> &'a Connector {
        &self.account.connector
    }

    /// Renders a step. Pure: the same scope gives the same call.
    ///
    /// # Errors
    /// If a placeholder has no value, or one that cannot stand in its place. Nothing is sent then.
    pub(super) fn render(
        &self,
        call: &Call,
        scope: &Scope<'_>,
        extra: Extra<'_>,
        page: Option<&Page<'_>>,
    ) -> Result<Rendered, Failure> {
        let unfit = |reason: String| {
            let message = format!("the call `{}` cannot be made: {reason}", call.name);
            Failure::new(ErrorKind::ProviderError, Outcome::Failed, message)
        };
        let base = &self.account.base;
        let mut target = String::with_capacity(128);
        target.push_str(&base.path);
        call.path.fill_path(scope, &mut target).map_err(|error| unfit(error.to_string()))?;
        let mut separator = '?';
        let mut append = |target: &mut String, name: &dyn std::fmt::Display, value: &str| {
            // Writing into a String cannot fail.
            let _ = write!(target, "{separator}{name}={}", encode_segment(value));
            separator = '&';
        };
        for (name, template) in &call.query {
            if let Some(value) = template.fill(scope).map_err(|error| unfit(error.to_string()))? {
                append(&mut target, name, &value);
            }
        }
        if let Some(Page::Cursor(name, value)) = page {
            append(&mut target, name, value);
        }
        for (name, value) in extra.query {
            append(&mut target, &encode_segment(name), value);
        }
        let path = match page {
            Some(Page::Link(place)) => place.clone(),
            _ => PathAndQuery::from_maybe_shared(Bytes::from(target)).map_err(|error| unfit(error.to_string()))?,
        };
        let uri =
            Uri::builder().scheme(base.scheme.clone()).authority(base.authority.clone()).path_and_query(path).build();
        let uri = uri.map_err(|error| unfit(error.to_string()))?;

        let mut headers = HeaderMap::with_capacity(8);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("offramp/", env!("CARGO_PKG_VERSION"))));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, template) in self.connector().headers.iter().chain(&call.headers) {
            if let Some(text) = template.fill(scope).map_err(|error| unfit(error.to_string()))? {
                let value = HeaderValue::from_str(&text)
                    .map_err(|_| unfit(format!("the header {name} would hold what no header may")))?;
                headers.insert(name.clone(), value);
            }
        }
        let body = match (&call.body, extra.data.filter(|data| !data.is_empty())) {
            (None, None) => Bytes::new(),
            (template, data) => {
                let filled = template.as_ref().map(|body| body.fill(scope).unwrap_or(Value::Null));
                let mut json = filled.as_ref().map_or_else(|| Json::Object(Map::new()), to_json);
                if let (Json::Object(body), Some(data)) = (&mut json, data) {
                    passthrough::merge(body, data);
                }
                if !headers.contains_key(CONTENT_TYPE) {
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                }
                Bytes::from(json.to_string())
            }
        };
        Ok(Rendered { uri, headers, body })
    }

    /// Renders a step for a plan: secrets masked, nothing sent.
    pub(super) fn plan(&self, call: &Call, scope: &Scope<'_>, extra: Extra<'_>) -> Result<PlanStep, Failure> {
        if let Some(messages) = &self.account.messages {
            return self.plan_message(messages, call, scope, extra);
        }
        let rendered = self.render(call, scope, extra, None)?;
        Ok(self.describe(call, &rendered))
    }

    fn describe(&self, call: &Call, rendered: &Rendered) -> PlanStep {
        let mut headers = Map::new();
        for (name, value) in &rendered.headers {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.insert(name.as_str().to_owned(), Json::String(text));
        }
        for name in self.account.session.header_names() {
            headers.insert(name.as_str().to_owned(), Json::from(MASK));
        }
        PlanStep {
            method: Some(call.method.as_str().to_owned()),
            url: Some(rendered.uri.to_string()),
            headers,
            body: (!rendered.body.is_empty()).then(|| serde_json::from_slice(&rendered.body).unwrap_or_default()),
            ..PlanStep::of(call)
        }
    }

    /// How a call goes: no breaker stands between a write and its proof.
    pub(super) fn way(&self, call: &Call) -> &'a Arc<dyn Transport> {
        if self.written && !call.writes { self.past_breaker } else { self.transport }
    }

    /// Sends a step and says what its answer means.
    pub(super) async fn exchange(&self, call: &Call, scope: &Scope<'_>, extra: Extra<'_>, streaming: bool) -> Exchange {
        match &call.paginate {
            Some(paginate) => self.listing(call, paginate, scope).await,
            None => self.single(call, scope, extra, None, streaming).await,
        }
    }

    /// Sends a step once. After a 401 the credentials are renewed, once.
    pub(super) async fn once(
        &self,
        call: &Call,
        scope: &Scope<'_>,
        extra: Extra<'_>,
        page: Option<&Page<'_>>,
        streaming: bool,
    ) -> Exchange {
        if let Some(messages) = &self.account.messages {
            // Boxed, so that calls over HTTP do not carry the room for it.
            return Box::pin(self.single_message(messages, call, scope, extra)).await;
        }
        let rendered = match self.render(call, scope, extra, page) {
            Ok(rendered) => rendered,
            Err(failure) => return Exchange::unsent(failure),
        };
        let transport = self.way(call);
        let credentials = self.account.session.headers(transport, self.limits.timeout).await;
        let credentials = match credentials {
            Ok(credentials) => credentials,
            Err(error) => return self.without_credentials(&error),
        };
        if let Err(failure) = record(extra.intent, &rendered.body).await {
            return Exchange::unsent(failure);
        }
        let mut exchange = self.attempt(call, scope, &rendered, &credentials, streaming).await;
        let refused = matches!(&exchange.result, Err(failure) if failure.kind == ErrorKind::CredentialsRejected);
        if refused {
            match self.account.session.renew(&credentials, transport, self.limits.timeout).await {
                Ok(Some(renewed)) => {
                    exchange.then(self.attempt(call, scope, &rendered, &renewed, streaming).await);
                }
                Ok(None) => {}
                Err(error) => exchange.then(self.without_credentials(&error)),
            }
        }
        self.note_credentials_of(&exchange);
        exchange
    }

    async fn attempt(
        &self,
        call: &Call,
        scope: &Scope<'_>,
        rendered: &Rendered,
        credentials: &AuthHeaders,
        streaming: bool,
    ) -> Exchange {
        let mut headers = rendered.headers.clone();
        for (name, value) in &credentials.headers {
            headers.insert(name.clone(), value.clone());
        }
        let started = Instant::now();
        let outgoing = ProviderCall {
            method: call.method.clone(),
            uri: rendered.uri.clone(),
            headers,
            body: rendered.body.clone(),
            timeout: self.limits.timeout,
        };
        let answer = match self.way(call).send(outgoing).await {
            Ok(answer) => {
                let (status, headers) = (answer.status, answer.headers);
                match self.read_body(answer.body, streaming).await {
                    Ok((raw, rest)) => {
                        Ok(Received { status: status.as_u16(), headers, raw, cut: rest.is_some(), rest })
                    }
                    // The provider's no is in its status, whatever became of the words that followed.
                    Err(_) if status.is_client_error() => {
                        Ok(Received { status: status.as_u16(), headers, raw: Bytes::new(), cut: true, rest: None })
                    }
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        };
        let mut again = Again::No;
        let (result, sent, rest, error) = match answer {
            Ok(mut received) => {
                let masks = || self.masks(credentials);
                let rest = received.rest.take().map(|rest| Streamed::new(received.raw.clone(), rest, masks()));
                if !call.unwrap.is_empty() {
                    received.raw = unwrapped(self, call, received.raw);
                }
                let (answered, result) = self.classify(call, scope, received, credentials);
                let result = result
                    .map(|()| Arc::clone(&answered))
                    .map_err(|failure| Failure { answer: Some(answered), ..failure });
                (result, true, rest, None)
            }
            Err(error) => {
                again = Again::after_error(&error);
                (Err(transport_failure(&error)), error.was_sent(), None, Some(error.to_string()))
            }
        };
        if let Err(failure) = &result
            && let Some(answer) = &failure.answer
        {
            again = Again::after_answer(failure, answer.status, &answer.headers, &self.connector().rate_limit);
        }
        let mut trace = Vec::new();
        if self.tracing {
            trace.push(self.trace_step(self.describe(call, rendered), started, &result, error));
        }
        Exchange { rest, ..Exchange::of(result, u32::from(sent), trace, again) }
    }

    pub(super) fn trace_step(
        &self,
        call: PlanStep,
        started: Instant,
        result: &Result<Arc<Answered>, Failure>,
        error: Option<String>,
    ) -> TraceStep {
        let answered = match result {
            Ok(answered) => Some(answered),
            Err(failure) => failure.answer.as_ref(),
        };
        TraceStep {
            call,
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            status: answered.map(|answered| answered.status),
            response_headers: answered.map(|it| it.shown_headers()).unwrap_or_default(),
            data: answered.and_then(|answered| shown_body(answered.shown(), &self.connector().secret_fields)),
            error,
        }
    }

    async fn read_body(
        &self,
        mut body: AnswerBody,
        streaming: bool,
    ) -> Result<(Bytes, Option<AnswerBody>), TransportError> {
        if !streaming {
            return body.collect(self.limits.body_bytes).await.map(|raw| (raw, None));
        }
        let mut held = Vec::new();
        while held.len() < HELD_TO_CLASSIFY_BYTES {
            match body.chunk().await {
                Some(chunk) => held.extend_from_slice(&chunk?),
                None => return Ok((Bytes::from(held), None)),
            }
        }
        Ok((Bytes::from(held), Some(body)))
    }
}
