//! The HTTP transport: what reaches a provider, what comes back, and what each failure says about it.

use std::collections::BTreeSet;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use offramp::sandbox::{Call, Demo, Reply, SimServer, Simulator};
use offramp::transport::{
    EgressPolicy, HttpTransport, ProviderAnswer, ProviderCall, Transport, TransportError, TransportLimits,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

mod answers;
mod egress;
mod failures;
mod mqtt;
mod pool;
mod ssrf;
mod streaming;
mod tls;

/// A provider that gives the same reply to every call.
struct Always(Reply);

impl Simulator for Always {
    fn slug(&self) -> &'static str {
        "always"
    }

    fn handle(&self, _: &Call) -> Reply {
        self.0.clone()
    }

    fn memberships(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn demo(&self) -> Demo {
        Demo { context: serde_json::Value::Null, query: Vec::new(), body: serde_json::Value::Null }
    }
}

async fn provider(reply: Reply) -> SimServer {
    SimServer::start(Arc::new(Always(reply))).await.unwrap()
}

/// A provider that speaks as the test wants, connection by connection, and counts them.
struct RawProvider {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl RawProvider {
    async fn start<F, T>(talk: F) -> Self
    where
        F: Fn(TcpStream) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(talk(stream));
            }
        });
        Self { address, connections }
    }

    /// Answers the first request of each connection with these bytes, then closes it.
    async fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                read_head(&mut stream).await;
                // The client may well hang up before it has read everything.
                let _ = stream.write_all(&answer).await;
            }
        })
        .await
    }

    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads one request without a body; false at the end of the connection.
async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

fn loopback() -> EgressPolicy {
    "127.0.0.0/8, ::1".parse().unwrap()
}

fn transport() -> HttpTransport {
    HttpTransport::new(loopback(), TransportLimits::default())
}

fn call(method: Method, url: &str) -> ProviderCall {
    ProviderCall {
        method,
        uri: url.parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::new(),
        timeout: Duration::from_secs(10),
    }
}

fn get(url: &str) -> ProviderCall {
    call(Method::GET, url)
}

async fn refused(transport: &HttpTransport, call: ProviderCall) -> TransportError {
    transport.send(call).await.unwrap_err()
}

async fn text(answer: ProviderAnswer) -> String {
    let body = answer.body.collect(1 << 20).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}
