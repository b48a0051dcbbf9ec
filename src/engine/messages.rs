//! One step as a message: rendered, published on the account's session, and its reply classified as any answer is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use super::exchange::{Exchange, record, transport_failure};
use super::passthrough;
use super::report::{Failure, PlanStep};
use super::retry::Again;
use super::wire::{Extra, Received, Wire};
use crate::connector::Call;
use crate::credentials::{MessageSession, OpenSession, Unanswered};
use crate::expression::{Scope, from_json, to_json};
use crate::model::{ErrorKind, Outcome};
use crate::transport::TransportError;

impl Wire<'_> {
    /// Renders a step as a message, without what tells its reply. Pure, as all rendering is.
    ///
    /// # Errors
    /// If the step has no form as a message.
    fn compose(&self, call: &Call, scope: &Scope<'_>, extra: Extra<'_>) -> Result<Map<String, Json>, Failure> {
        let filled = call.message.as_ref().and_then(|message| message.fill(scope));
        let Some(Json::Object(mut message)) = filled.as_ref().map(to_json) else {
            let message = format!("the call `{}` cannot be made as a message: it has no value", call.name);
            return Err(Failure::new(ErrorKind::ProviderError, Outcome::Failed, message));
        };
        if let Some(data) = extra.data {
            passthrough::merge(&mut message, data);
        }
        Ok(message)
    }

    /// A step of a plan.
    pub(super) fn plan_message(
        &self,
        messages: &MessageSession,
        call: &Call,
        scope: &Scope<'_>,
        extra: Extra<'_>,
    ) -> Result<PlanStep, Failure> {
        Ok(describe(messages, call, &self.compose(call, scope, extra)?))
    }

    /// Publishes a step and says what its reply means. A session that is refused is opened anew, once; so is one whose
    /// connection was gone before anything was sent.
    pub(super) async fn single_message(
        &self,
        messages: &MessageSession,
        call: &Call,
        scope: &Scope<'_>,
        extra: Extra<'_>,
    ) -> Exchange {
        let message = match self.compose(call, scope, extra) {
            Ok(message) => message,
            Err(failure) => return Exchange::unsent(failure),
        };
        let (transport, timeout) = (self.way(call).as_ref(), self.limits.timeout);
        let mut session = match messages.open(transport, timeout).await {
            Ok(session) => session,
            Err(error) => return self.without_credentials(&error),
        };
        if let Some(intent) = extra.intent {
            let body = Json::Object(message.clone()).to_string();
            if let Err(failure) = record(Some(intent), body.as_bytes()).await {
                return Exchange::unsent(failure);
            }
        }
        let mut gone = false;
        let mut exchange = self.publish(messages, &session, call, scope, &message, &mut gone).await;
        let refused =
            |exchange: &Exchange| matches!(&exchange.result, Err(it) if it.kind == ErrorKind::CredentialsRejected);
        if gone {
            session = match messages.reopen(Some(&session), transport, timeout).await {
                Ok(session) => session,
                Err(error) => return self.without_credentials(&error),
            };
            exchange = self.publish(messages, &session, call, scope, &message, &mut gone).await;
        }
        if refused(&exchange) {
            let renewed = match messages.reopen(Some(&session), transport, timeout).await {
                Ok(session) => session,
                Err(error) => {
                    exchange.then(self.without_credentials(&error));
                    return exchange;
                }
            };
            exchange.then(self.publish(messages, &renewed, call, scope, &message, &mut gone).await);
        }
        self.note_credentials_of(&exchange);
        exchange
    }

    /// Opens the account's session, where that is all there is to try.
    pub(super) async fn open_session(&self, messages: &MessageSession) -> Result<(), Failure> {
        let opened = messages.open(self.transport.as_ref(), self.limits.timeout).await;
        opened.map(drop).map_err(|error| self.no_credentials(&error))
    }

    async fn publish(
        &self,
        messages: &MessageSession,
        session: &Arc<OpenSession>,
        call: &Call,
        scope: &Scope<'_>,
        message: &Map<String, Json>,
        gone: &mut bool,
    ) -> Exchange {
        let started = Instant::now();
        let mut again = Again::No;
        let (result, sent, error) = match messages.ask(session, message, self.limits.timeout).await {
            Ok(reply) => match self.received(messages, call, reply) {
                Ok(received) => {
                    let (answered, result) = self.classify(call, scope, received, &session.secrets);
                    let result = result
                        .map(|()| Arc::clone(&answered))
                        .map_err(|failure| Failure { answer: Some(answered), ..failure });
                    (result, true, None)
                }
                Err(error) => (Err(transport_failure(&error)), true, Some(error.to_string())),
            },
            Err(Unanswered::Unfit(error)) => {
                let message = format!("the call `{}` cannot be made: {error}", call.name);
                (Err(Failure::new(ErrorKind::ProviderError, Outcome::Failed, message)), false, None)
            }
            Err(Unanswered::Transport(error)) => {
                again = Again::after_error(&error);
                *gone = matches!(error, TransportError::NotSent { .. });
                let mut failure = transport_failure(&error);
                if matches!(error, TransportError::SubscriptionRefused { .. }) {
                    failure.kind = messages.definition.subscription_refused;
                }
                (Err(failure), error.was_sent(), Some(error.to_string()))
            }
        };
        let mut trace = Vec::new();
        if self.tracing {
            trace.push(self.trace_step(describe(messages, call, message), started, &result, error));
        }
        if let Err(failure) = &result
            && let Some(answer) = &failure.answer
        {
            again = Again::after_answer(failure, answer.status, &answer.headers, &self.connector().rate_limit);
        }
        Exchange::of(result, u32::from(sent), trace, again)
    }

    /// A reply as an answer: its status, and its body in the shape it has over every transport.
    fn received(&self, messages: &MessageSession, call: &Call, reply: Bytes) -> Result<Received, TransportError> {
        let limit_bytes = self.limits.body_bytes;
        if reply.len() > limit_bytes {
            return Err(TransportError::BodyTooLarge { limit_bytes });
        }
        let body = from_json(&serde_json::from_slice(&reply).unwrap_or_default());
        let Some(status) = messages.definition.status_of(&body) else {
            return Err(TransportError::MalformedAnswer { reason: "the reply has no status".to_owned() });
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Received { status, headers, raw: unwrapped(self, call, reply), cut: false, rest: None })
    }
}

/// The part of what came that is the answer's body; all of it, where that part is missing.
pub(super) fn unwrapped(wire: &Wire<'_>, call: &Call, raw: Bytes) -> Bytes {
    let Some(path) = call.unwrap.iter().find(|(way, _)| Some(*way) == wire.account.way).map(|(_, path)| path) else {
        return raw;
    };
    let mut part: &[u8] = &raw;
    for name in path {
        let Ok(members) = serde_json::from_slice::<HashMap<String, &RawValue>>(part) else { return raw };
        match members.get(name) {
            Some(member) => part = member.get().as_bytes(),
            None => return raw,
        }
    }
    raw.slice_ref(part)
}

fn describe(messages: &MessageSession, call: &Call, message: &Map<String, Json>) -> PlanStep {
    PlanStep { topic: Some(messages.topic(message)), body: Some(Json::Object(message.clone())), ..PlanStep::of(call) }
}
