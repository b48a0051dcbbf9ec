//! A circuit breaker for each provider host: one that has failed again and again is left alone for a while, and then
//! tried by one call at a time.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::uri::Authority;
use tokio::time::Instant;

use super::{BrokerCall, MessageLink, ProviderAnswer, ProviderCall, Transport, TransportError};

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;

/// While one call tries a host, others are told to come back after this.
const WHILE_PROBED: Duration = Duration::from_secs(1);

/// When a host is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerLimits {
    /// So many failures one after the other; 0: never.
    pub failures: u32,
    /// Within this time.
    pub window: Duration,
    /// How long it is left alone.
    pub pause: Duration,
}

impl Default for BreakerLimits {
    fn default() -> Self {
        Self { failures: 10, window: Duration::from_secs(30), pause: Duration::from_secs(10) }
    }
}

/// What is known of the hosts that failed lately. A host that answers is not in here.
#[derive(Debug)]
pub struct Breaker {
    limits: BreakerLimits,
    /// How many hosts are in trouble: as long as there are none, no lock is taken.
    troubled: AtomicUsize,
    hosts: Mutex<HashMap<Authority, Trouble>>,
}

#[derive(Debug)]
struct Trouble {
    failures: u32,
    /// When the first of them was.
    since: Instant,
    open: Option<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    until: Instant,
    /// One call is trying the host.
    probed: bool,
}

impl Breaker {
    /// No host is in trouble yet.
    pub fn new(limits: BreakerLimits) -> Self {
        Self { limits, troubled: AtomicUsize::new(0), hosts: Mutex::default() }
    }

    /// Lets a call to this host pass, or not. Whoever passes says what came of it.
    ///
    /// # Errors
    /// If the host is left alone now. A call that `must` be made always passes.
    pub fn admit(&self, host: &Authority, must: bool, now: Instant) -> Result<Pass<'_>, TransportError> {
        let mut pass = Pass { breaker: self, host: host.clone(), probes: false };
        if self.troubled.load(Ordering::Acquire) == 0 {
            return Ok(pass);
        }
        let mut hosts = self.hosts();
        let Some(open) = hosts.get_mut(host).and_then(|trouble| trouble.open.as_mut()) else { return Ok(pass) };
        let left = open.until.saturating_duration_since(now);
        if left.is_zero() && !open.probed {
            open.probed = true;
            pass.probes = true;
            return Ok(pass);
        }
        if must {
            return Ok(pass);
        }
        let retry_after = if left.is_zero() { WHILE_PROBED } else { left };
        Err(TransportError::BreakerOpen { host: host.as_str().to_owned(), retry_after })
    }

    fn hosts(&self) -> MutexGuard<'_, HashMap<Authority, Trouble>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One call's leave. Dropped without a word, it says nothing of the host.
#[derive(Debug)]
#[must_use]
pub struct Pass<'b> {
    breaker: &'b Breaker,
    host: Authority,
    probes: bool,
}

impl Pass<'_> {
    /// The host answered.
    pub fn answered(mut self) {
        self.probes = false;
        if self.breaker.troubled.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut hosts = self.breaker.hosts();
        if hosts.remove(&self.host).is_some_and(|trouble| trouble.open.is_some()) {
            tracing::info!(host = %self.host, "the provider answers again");
        }
        self.breaker.troubled.store(hosts.len(), Ordering::Release);
    }

    /// It did not, or with a failure of its own.
    pub fn failed(mut self, now: Instant) {
        let probed = std::mem::take(&mut self.probes);
        let BreakerLimits { failures, window, pause } = self.breaker.limits;
        if failures == 0 {
            return;
        }
        let mut hosts = self.breaker.hosts();
        let fresh = Trouble { failures: 0, since: now, open: None };
        let trouble = hosts.entry(self.host.clone()).or_insert(fresh);
        match &trouble.open {
            // What was on its way when the host was given up says nothing new.
            Some(_) if !probed => {}
            Some(_) => trouble.open = Some(Open { until: now + pause, probed: false }),
            None => {
                if now.saturating_duration_since(trouble.since) > window {
                    (trouble.failures, trouble.since) = (0, now);
                }
                trouble.failures += 1;
                if trouble.failures >= failures {
                    trouble.open = Some(Open { until: now + pause, probed: false });
                    let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                    tracing::warn!(host = %self.host, failures, pause_ms, "the provider is left alone");
                }
            }
        }
        self.breaker.troubled.store(hosts.len(), Ordering::Release);
    }
}

/// A call that tried the host and was given up: another may try.
impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.probes
            && let Some(open) = self.breaker.hosts().get_mut(&self.host).and_then(|trouble| trouble.open.as_mut())
        {
            open.probed = false;
        }
    }
}

/// A transport behind a breaker.
pub struct BreakerTransport {
    inner: Arc<dyn Transport>,
    breaker: Arc<Breaker>,
    must: bool,
}

impl BreakerTransport {
    /// Two ways through one breaker: the usual one, and one for calls that must be made whatever the breaker says.
    pub fn pair(inner: Arc<dyn Transport>, limits: BreakerLimits) -> (Arc<dyn Transport>, Arc<dyn Transport>) {
        if limits.failures == 0 {
            return (Arc::clone(&inner), inner);
        }
        let breaker = Arc::new(Breaker::new(limits));
        let way = |must| Arc::new(Self { inner: Arc::clone(&inner), breaker: Arc::clone(&breaker), must });
        (way(false), way(true))
    }

    async fn through<T>(
        &self,
        host: Authority,
        call: impl Future<Output = Result<T, TransportError>>,
        is_well: impl Fn(&T) -> bool,
    ) -> Result<T, TransportError> {
        let pass = self.breaker.admit(&host, self.must, Instant::now())?;
        let result = call.await;
        match &result {
            Ok(answer) if is_well(answer) => pass.answered(),
            Ok(_) => pass.failed(Instant::now()),
            Err(error) => match error.blames_host() {
                Some(true) => pass.failed(Instant::now()),
                Some(false) => pass.answered(),
                None => drop(pass),
            },
        }
        result
    }
}

impl Transport for BreakerTransport {
    fn send<'s, 'f>(&'s self, call: ProviderCall) -> Answering<'f, ProviderAnswer>
    where
        's: 'f,
        Self: 'f,
    {
        match call.uri.authority().cloned() {
            Some(host) => {
                let is_well = |answer: &ProviderAnswer| !answer.status.is_server_error();
                Box::pin(self.through(host, self.inner.send(call), is_well))
            }
            None => self.inner.send(call),
        }
    }

    fn connect<'s, 'f>(&'s self, broker: BrokerCall) -> Answering<'f, MessageLink>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(self.through(broker.authority.clone(), self.inner.connect(broker), |_| true))
    }
}
