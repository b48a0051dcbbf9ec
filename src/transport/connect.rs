//! Opens connections to providers, and is where the egress guard stands: it looks at the very addresses that are then
//! connected to, so that no spelling of a host and no second answer of a name server gets past it.

use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::rt::TokioIo;
use rustls::{CertificateError, ClientConfig};
use tokio::net::TcpStream;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::egress::{Channel, EgressPolicy};
use super::error::{TransportError, with_causes};
use super::trust::Trust;

/// Gives the addresses of a host's name; their ports do not count.
pub type Resolver = BoxCloneSyncService<Name, std::vec::IntoIter<SocketAddr>, io::Error>;

type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send>>;
pub(super) type Stream = MaybeHttpsStream<TokioIo<TcpStream>>;

/// The operating system's resolver.
pub(super) fn system_resolver() -> Resolver {
    BoxCloneSyncService::new(GaiResolver::new().map_response(|found| found.collect::<Vec<_>>().into_iter()))
}

/// Resolves, connects and shakes hands within one time limit.
#[derive(Clone)]
pub(super) struct ProviderConnector {
    public: HttpsConnector<GuardedTcp>,
    private: Option<HttpsConnector<GuardedTcp>>,
    connect_timeout: Duration,
}

impl ProviderConnector {
    pub(super) fn new(policy: EgressPolicy, trust: Trust, resolver: Resolver, connect_timeout: Duration) -> Self {
        let policy = Arc::new(policy);
        let tcp = |channel| {
            let mut tcp = HttpConnector::new_with_resolver(GuardedResolver {
                resolver: resolver.clone(),
                policy: Arc::clone(&policy),
                channel,
            });
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            // Shared out among a host's addresses, so that a dead one leaves time for the next.
            tcp.set_connect_timeout(Some(connect_timeout));
            tcp
        };
        let tcp = GuardedTcp { tls: tcp(Channel::Tls), plain: tcp(Channel::Plain), policy: Arc::clone(&policy) };
        let with_tls = |config: Arc<ClientConfig>| HttpsConnector::from((tcp.clone(), config));
        Self { public: with_tls(trust.public), private: trust.private.map(with_tls), connect_timeout }
    }
}

impl Service<Uri> for ProviderConnector {
    type Response = Stream;
    type Error = TransportError;
    type Future = Connecting<Stream>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { public, private, connect_timeout } = self.clone();
        Box::pin(async move {
            let host = host_of(&uri).to_owned();
            let connected = tokio::time::timeout(connect_timeout, connect(public, private, uri));
            match connected.await {
                Ok(Ok(stream)) => Ok(stream),
                Ok(Err(failure)) => Err(failure.into_error(host, connect_timeout)),
                Err(_) => Err(TransportError::ConnectTimeout { host, after: connect_timeout }),
            }
        })
    }
}

/// Mozilla's roots are asked first; only a host they do not know is tried again with the operator's own.
async fn connect(
    public: HttpsConnector<GuardedTcp>,
    private: Option<HttpsConnector<GuardedTcp>>,
    uri: Uri,
) -> Result<Stream, Failure> {
    let failure = match public.oneshot(uri.clone()).await {
        Ok(stream) => return Ok(stream),
        Err(error) => Failure::of(error),
    };
    match (failure, private) {
        (Failure::UnknownIssuer, Some(private)) => private.oneshot(uri).await.map_err(Failure::of),
        (failure, _) => Err(failure),
    }
}

enum Failure {
    BeforeTls(TransportError),
    UnknownIssuer,
    Tls(Box<dyn Error + Send + Sync>),
}

impl Failure {
    fn of(error: Box<dyn Error + Send + Sync>) -> Self {
        match error.downcast::<TransportError>() {
            Ok(error) => Self::BeforeTls(*error),
            Err(error) => match tls_cause(&*error) {
                Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => Self::UnknownIssuer,
                _ => Self::Tls(error),
            },
        }
    }

    fn into_error(self, host: String, connect_timeout: Duration) -> TransportError {
        let tls = |reason| TransportError::Tls { host: host.clone(), reason };
        match self {
            // The TCP connector's share of the time has no number of its own to tell.
            Self::BeforeTls(TransportError::ConnectTimeout { host, .. }) => {
                TransportError::ConnectTimeout { host, after: connect_timeout }
            }
            Self::BeforeTls(error) => error,
            Self::UnknownIssuer => tls("the certificate's issuer is not trusted".to_owned()),
            Self::Tls(error) => tls(match tls_cause(&*error) {
                Some(cause) => cause.to_string(),
                None => with_causes(&*error),
            }),
        }
    }
}

/// The TLS error inside the I/O errors it is wrapped in.
fn tls_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut error = error;
    loop {
        if let Some(tls) = error.downcast_ref() {
            return Some(tls);
        }
        error = error.downcast_ref::<io::Error>()?.get_ref()?;
    }
}

/// TCP to addresses the guard lets pass: literal ones are checked here, names by the resolver.
#[derive(Clone)]
struct GuardedTcp {
    tls: HttpConnector<GuardedResolver>,
    plain: HttpConnector<GuardedResolver>,
    policy: Arc<EgressPolicy>,
}

impl Service<Uri> for GuardedTcp {
    type Response = TokioIo<TcpStream>;
    type Error = TransportError;
    type Future = Connecting<TokioIo<TcpStream>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (tcp, channel) = if uri.scheme() == Some(&Scheme::HTTPS) {
            (self.tls.clone(), Channel::Tls)
        } else {
            (self.plain.clone(), Channel::Plain)
        };
        let host = host_of(&uri).to_owned();
        // What does not parse as an address here is a name to the TCP connector too, and goes through the resolver:
        // that is how `2130706433` and `0x7f.1` are seen for what they are.
        let literal = host.parse::<IpAddr>().ok();
        let refused = literal.and_then(|ip| refusal(&self.policy, &host, ip, channel));
        Box::pin(async move {
            if let Some(refused) = refused {
                return Err(refused);
            }
            tcp.oneshot(uri).await.map_err(|error| tcp_failure(host, &error))
        })
    }
}

fn tcp_failure(host: String, error: &(dyn Error + 'static)) -> TransportError {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(from_resolver) = error.downcast_ref::<TransportError>() {
            return from_resolver.clone();
        }
        if let Some(io) = error.downcast_ref::<io::Error>()
            && io.kind() == io::ErrorKind::TimedOut
        {
            let after = Duration::ZERO;
            return TransportError::ConnectTimeout { host, after };
        }
        cause = error.source();
    }
    TransportError::ConnectFailed { host, reason: with_causes(error) }
}

/// Asks the resolver behind it, and gives on only the addresses that may be connected to.
#[derive(Clone)]
struct GuardedResolver {
    resolver: Resolver,
    policy: Arc<EgressPolicy>,
    channel: Channel,
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = TransportError;
    type Future = Connecting<std::vec::IntoIter<SocketAddr>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { resolver, policy, channel } = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let unresolved = |reason: String| TransportError::Dns { host: host.clone(), reason };
            let found = resolver.oneshot(name).await;
            let mut first_refusal = None;
            let mut allowed = found.map_err(|e| unresolved(e.to_string()))?.collect::<Vec<_>>();
            allowed.retain(|address| {
                let refused = refusal(&policy, &host, address.ip(), channel);
                let keep = refused.is_none();
                first_refusal = first_refusal.take().or(refused);
                keep
            });
            match (allowed.is_empty(), first_refusal) {
                (false, _) => Ok(allowed.into_iter()),
                (true, Some(refused)) => Err(refused),
                (true, None) => Err(unresolved("the name has no address".to_owned())),
            }
        })
    }
}

fn refusal(policy: &EgressPolicy, host: &str, address: IpAddr, channel: Channel) -> Option<TransportError> {
    let why = policy.check(address, channel).err()?;
    Some(TransportError::EgressRefused { host: host.to_owned(), address, why })
}

/// The host without the brackets of an IPv6 address.
fn host_of(uri: &Uri) -> &str {
    let host = uri.host().unwrap_or_default();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}
