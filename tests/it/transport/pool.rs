//! Connections are shared and reused, and a connection that the provider closed is told apart truthfully.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::mpsc;

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
    let limits = TransportLimits {
        pool_idle_timeout: Duration::from_millis(30),
        ..TransportLimits::default()
    };
    let transport = HttpTransport::new(loopback(), limits);
    for _ in 0..2 {
        let answer = transport.send(get(&server.url())).await.unwrap();
        assert_eq!(text(answer).await, "ok");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.connections(), 2);
}

/// Given a pooled connection that the provider has closed while nobody looked,
/// when a write is sent, then not a byte of it goes there, and it is sent once, over a new connection.
#[tokio::test(flavor = "current_thread")]
async fn a_call_that_meets_a_closed_idle_connection_is_sent_once_on_a_new_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (closed, is_closed) = mpsc::channel();
    let provider = std::thread::spawn(move || {
        let mut requests = Vec::new();
        for n in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            requests.push(blocking_request(&mut stream));
            stream.write_all(ANSWER).unwrap();
            if n == 0 {
                stream.shutdown(Shutdown::Write).unwrap();
                closed.send(()).unwrap();
                // What the client still writes on the first connection, until it closes its side.
                let mut late = String::new();
                let _ = stream.read_to_string(&mut late);
                requests.push(late);
            }
        }
        requests
    });
    let transport = transport();
    let url = format!("http://{address}/");
    assert_eq!(text(transport.send(get(&url)).await.unwrap()).await, "ok");

    // The only thread of the runtime waits here: the connection's task cannot have seen the end yet.
    is_closed.recv().unwrap();
    std::thread::sleep(Duration::from_millis(20));
    let answer = transport.send(call(Method::DELETE, &url)).await.unwrap();

    assert_eq!(text(answer).await, "ok");
    let requests = provider.join().unwrap();
    assert!(requests[0].starts_with("GET /"));
    assert_eq!(requests[1], "", "written to the closed connection");
    assert!(requests[2].starts_with("DELETE /"));
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

    assert!(
        matches!(error, TransportError::ConnectionBroken { .. }),
        "{error:?}"
    );
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
