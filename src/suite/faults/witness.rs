//! Those who see what happens: one stands before the provider and notes each loss with what the audit held by then, one
//! before the network, and sends calls to where nobody listens.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::Uri;
use http::uri::Authority;
use serde_json::Value;

use crate::sandbox::{Call, Demo, Faults, Meets, Messages, Reply, Simulator};
use crate::transport::{BrokerCall, MessageLink, ProviderAnswer, ProviderCall, Transport, TransportError};

/// No service listens there: a connection is refused.
const NOBODY: &str = "127.0.0.1:1";

/// What a write did to the provider's state.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// What was lost by it.
    pub(super) lost: BTreeSet<String>,
    /// The last entry of the audit by then.
    pub(super) recorded: i64,
}

/// A simulator, and what its writes did.
pub(super) struct Witness {
    inner: Arc<dyn Simulator>,
    writes: Meets,
    committed: Arc<AtomicI64>,
    seen: Mutex<Vec<Written>>,
}

impl Witness {
    pub(super) fn new(inner: Arc<dyn Simulator>, writes: Meets, committed: Arc<AtomicI64>) -> Self {
        Self { inner, writes, committed, seen: Mutex::default() }
    }

    /// Every write that the provider acted on, in order.
    pub(super) fn seen(&self) -> Vec<Written> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Simulator for Witness {
    fn slug(&self) -> &'static str {
        self.inner.slug()
    }

    fn handle(&self, call: &Call) -> Reply {
        if !(self.writes)(call) {
            return self.inner.handle(call);
        }
        // One at a time, so that each loss is told from the others.
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let recorded = self.committed.load(Ordering::SeqCst);
        let before = self.inner.memberships();
        let reply = self.inner.handle(call);
        let lost = before.difference(&self.inner.memberships()).cloned().collect();
        seen.push(Written { lost, recorded });
        reply
    }

    fn memberships(&self) -> BTreeSet<String> {
        self.inner.memberships()
    }

    fn messages(&self) -> Option<&dyn Messages> {
        self.inner.messages()
    }

    fn turn(&self, switch: &str, to: &Value) -> Result<(), String> {
        self.inner.turn(switch, to)
    }

    fn demo(&self) -> Demo {
        self.inner.demo()
    }
}

/// A transport that sends some calls to where nobody listens.
pub(super) struct Detour {
    inner: Arc<dyn Transport>,
    /// Whatever is planted here sends a call astray.
    pub(super) astray: Arc<Faults>,
    refused: Arc<AtomicUsize>,
}

impl Detour {
    pub(super) fn new(inner: Arc<dyn Transport>, astray: Arc<Faults>, refused: Arc<AtomicUsize>) -> Self {
        Self { inner, astray, refused }
    }

    fn is_astray(&self, method: &str, path: &str) -> bool {
        let call = Call {
            method: method.to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: Bytes::new(),
        };
        self.astray.strike(&call).is_some()
    }

    fn count<T>(&self, answer: &Result<T, TransportError>) {
        if answer.as_ref().is_err_and(|error| !error.was_sent()) {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl Transport for Detour {
    async fn send(&self, mut call: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        if !self.is_astray(call.method.as_str(), call.uri.path()) {
            return self.inner.send(call).await;
        }
        let mut parts = call.uri.clone().into_parts();
        parts.authority = Some(Authority::from_static(NOBODY));
        call.uri = Uri::from_parts(parts).unwrap_or(call.uri);
        let answer = self.inner.send(call).await;
        self.count(&answer);
        answer
    }

    async fn connect(&self, broker: BrokerCall) -> Result<MessageLink, TransportError> {
        if !self.is_astray("CONNECT", "/") {
            return self.inner.connect(broker).await;
        }
        let link = self.inner.connect(BrokerCall { authority: Authority::from_static(NOBODY), ..broker }).await;
        self.count(&link);
        link
    }
}
