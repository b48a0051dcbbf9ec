//! Connections are shared and reused, and a connection that the provider closed is told apart truthfully.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc;

use futures_util::FutureExt;

use super::*;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    let server = RawProvider::start(|mut stream| async move {
        while read_head(&mut stream).await {
            stream.write_all(ANSWER).await.unwrap();
        }
    })
    .await;
    let transport = transport();
    for _ in 0..5 {
        let answer = transport.send(get(&server.url())).await.unwrap();
        assert_eq!(text(answer).await, "ok");
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_connection_idle_for_too_long_is_not_used_again() {
    let server = RawProvider::start(|mut stream| async move {
        while read_head(&mut stream).await {
            stream.write_all(ANSWER).await.unwrap();
        }
    })
    .await;
    let limits = TransportLimits { pool_idle_timeout: Duration::from_millis(30), ..TransportLimits::default() };
    let transport = HttpTransport::new(loopback(), limits);
    for _ in 0..2 {
        let answer = transport.send(get(&server.url())).await.unwrap();
        assert_eq!(text(answer).await, "ok");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.connections(), 2);
}

/// A provider that answers one request a connection, and closes the first one when told.
struct ClosingProvider {
    url: String,
    close: mpsc::Sender<()>,
    closed: mpsc::Receiver<()>,
    requests: mpsc::Receiver<String>,
}

impl ClosingProvider {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (close, may_close) = mpsc::channel();
        let (has_closed, closed) = mpsc::channel();
        let (seen, requests) = mpsc::channel();
        std::thread::spawn(move || {
            let (mut first, _) = listener.accept().unwrap();
            seen.send(blocking_request(&mut first)).unwrap();
            first.write_all(ANSWER).unwrap();
            may_close.recv().unwrap();
            first.shutdown(Shutdown::Write).unwrap();
            has_closed.send(()).unwrap();
            // What the client still writes there, until it closes its side.
            let mut late = String::new();
            let _ = first.read_to_string(&mut late);
            seen.send(late).unwrap();
            let (mut second, _) = listener.accept().unwrap();
            seen.send(blocking_request(&mut second)).unwrap();
            second.write_all(ANSWER).unwrap();
        });
        Self { url, close, closed, requests }
    }

    /// One call, after which its connection is in the pool.
    async fn fill_pool(&self, transport: &HttpTransport) {
        let answer = transport.send(get(&self.url)).await.unwrap();
        assert_eq!(text(answer).await, "ok");
        assert!(self.requests.recv().unwrap().starts_with("GET /"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Holds the runtime's only thread until the provider's end has arrived: no task can have seen it.
    #[expect(clippy::disallowed_methods, reason = "blocking the runtime is what this is for")]
    fn close_unseen(&self) {
        self.close.send(()).unwrap();
        self.closed.recv().unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Given a pooled connection that the provider has closed, and a call that is queued just before that is noticed,
/// when the connection gives the call back, then it is sent once, on a new connection.
#[tokio::test(flavor = "current_thread")]
async fn a_call_given_back_by_a_closed_connection_is_sent_once_on_a_new_one() {
    let provider = ClosingProvider::start();
    let transport = transport();
    provider.fill_pool(&transport).await;

    // Wakes this task in the same turn that wakes the connection's, and ahead of it.
    let mut nap = Box::pin(tokio::time::sleep(Duration::from_millis(5)));
    assert!((&mut nap).now_or_never().is_none());
    provider.close_unseen();
    nap.await;
    let answer = transport.send(call(Method::DELETE, &provider.url)).await.unwrap();

    assert_eq!(text(answer).await, "ok");
    let written_to_the_closed_one = provider.requests.recv().unwrap();
    assert_eq!(written_to_the_closed_one, "");
    assert!(provider.requests.recv().unwrap().starts_with("DELETE /"));
}

/// Given a pooled connection whose end has arrived but is not noticed,
/// when a call is written to it, then the call may have been received, and is not sent again.
#[tokio::test(flavor = "current_thread")]
async fn a_call_written_to_a_closed_connection_may_have_been_received() {
    let provider = ClosingProvider::start();
    let transport = transport();
    provider.fill_pool(&transport).await;

    provider.close_unseen();
    let error = refused(&transport, call(Method::DELETE, &provider.url)).await;

    assert!(matches!(error, TransportError::ConnectionBroken { .. }), "{error:?}");
    assert!(error.was_sent());
    assert!(provider.requests.recv().unwrap().starts_with("DELETE /"));
    let again = provider.requests.recv_timeout(Duration::from_millis(50));
    assert!(again.is_err(), "{again:?}");
}

/// Given a pooled connection, when the provider takes the call and hangs up without a word,
/// then the call may have been received, and is not sent again.
#[tokio::test]
async fn a_call_that_a_reused_connection_swallowed_is_never_sent_again() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = RawProvider::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            read_head(&mut stream).await;
            seen.send(()).unwrap();
            stream.write_all(ANSWER).await.unwrap();
            if read_head(&mut stream).await {
                seen.send(()).unwrap();
            }
        }
    })
    .await;
    let transport = transport();
    let first = transport.send(get(&server.url())).await.unwrap();
    assert_eq!(text(first).await, "ok");

    let error = refused(&transport, call(Method::DELETE, &server.url())).await;

    assert!(matches!(error, TransportError::ConnectionBroken { .. }), "{error:?}");
    assert!(error.was_sent());
    assert_eq!(server.connections(), 1);
    let mut count = 0;
    while requests.try_recv().is_ok() {
        count += 1;
    }
    assert_eq!(count, 2);
}

/// Whichever side is quicker: where we say that nothing was sent, the provider has read nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_that_hangs_up_at_once_has_read_what_we_say() {
    let (seen, mut read) = tokio::sync::mpsc::unbounded_channel();
    let server = RawProvider::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            // Closes its side first, then looks at what came all the same.
            let _ = stream.shutdown().await;
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes).await;
            seen.send(bytes.len()).unwrap();
        }
    })
    .await;
    let mut not_sent = 0;
    for _ in 0..200 {
        let error = refused(&transport(), get(&server.url())).await;
        let bytes = read.recv().await.unwrap();
        match &error {
            TransportError::NotSent { .. } => {
                assert!(!error.was_sent() && !error.is_timeout());
                assert_eq!(bytes, 0);
                not_sent += 1;
            }
            TransportError::ConnectionBroken { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(not_sent > 0);
}

fn blocking_request(stream: &mut std::net::TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}
