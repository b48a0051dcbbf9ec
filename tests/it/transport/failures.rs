//! Every way a call can fail, and whether the provider may have received it.

use std::time::Instant;

use offramp::sandbox::Fault;

use super::*;

/// The call to a provider with this fault fails like this, and the provider's side agrees on who saw what.
async fn with_fault(fault: Fault, timeout: Duration) -> (TransportError, Vec<bool>) {
    let server = provider(Reply::text(200, "0123456789")).await;
    server.faults.always("", "", fault);
    let mut unassign = call(Method::DELETE, &server.base_url());
    unassign.timeout = timeout;
    let error = match transport().send(unassign).await {
        Ok(answer) => answer.body.collect(1 << 20).await.unwrap_err(),
        Err(error) => error,
    };
    let acted = server.journal().iter().map(|seen| seen.acted()).collect();
    (error, acted)
}

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_provider_that_keeps_silent_is_left_in_time_and_may_have_acted() {
    let silence = Duration::from_secs(20);
    for (fault, acts) in [(Fault::HangBefore(silence), false), (Fault::HangAfter(silence), true)] {
        let started = Instant::now();
        let (error, acted) = with_fault(fault, Duration::from_millis(150)).await;
        assert!(matches!(error, TransportError::Timeout { .. }), "{error:?}");
        assert!(error.was_sent() && error.is_timeout());
        assert_eq!(error.to_string(), "no complete answer within 150 ms");
        assert_eq!(acted, [acts]);
        let took = started.elapsed();
        assert!(took >= Duration::from_millis(150), "{took:?}");
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

#[tokio::test]
async fn a_connection_dropped_without_an_answer_may_have_done_its_work() {
    for (fault, acts) in [(Fault::DropBefore, false), (Fault::DropAfter, true)] {
        let (error, acted) = with_fault(fault, LONG).await;
        assert!(matches!(error, TransportError::ConnectionBroken { .. }), "{error:?}");
        assert!(error.was_sent() && !error.is_timeout());
        assert_eq!(acted, [acts], "sent once, never again");
    }
}

#[tokio::test]
async fn half_a_body_is_no_body() {
    let (error, acted) = with_fault(Fault::HalfBody, LONG).await;
    assert!(matches!(error, TransportError::ConnectionBroken { .. }), "{error:?}");
    assert!(error.was_sent());
    assert_eq!(acted, [true]);
}

#[tokio::test]
async fn ten_thousand_headers_are_too_many() {
    let (error, acted) = with_fault(Fault::ManyHeaders(10_000), LONG).await;
    assert!(matches!(error, TransportError::HeadTooLarge), "{error:?}");
    assert!(error.was_sent());
    assert_eq!(acted, [true]);
}

#[tokio::test]
async fn the_number_of_headers_taken_can_be_set() {
    let server = provider(Reply::empty(200)).await;
    server.faults.always("", "", Fault::ManyHeaders(150));
    assert!(matches!(refused(&transport(), get(&server.base_url())).await, TransportError::HeadTooLarge));
    let limits = TransportLimits { max_header_count: 200, ..TransportLimits::default() };
    let answer = HttpTransport::new(loopback(), limits).send(get(&server.base_url())).await.unwrap();
    assert!(answer.headers.len() > 150);
}

#[tokio::test]
async fn a_header_without_end_is_too_large() {
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(1 << 20));
    let server = RawProvider::answering(endless).await;
    let error = refused(&transport(), get(&server.url())).await;
    assert!(matches!(error, TransportError::HeadTooLarge), "{error:?}");
    assert!(error.was_sent());
}

#[tokio::test]
async fn what_is_not_http_is_malformed() {
    for answer in [
        "220 smtp.example ESMTP\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: minus one\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon here\r\n\r\n",
    ] {
        let server = RawProvider::answering(answer).await;
        let error = refused(&transport(), get(&server.url())).await;
        assert!(matches!(error, TransportError::MalformedAnswer { .. }), "{answer:?}: {error:?}");
        assert!(error.was_sent());
    }
}

#[tokio::test]
async fn a_chunk_that_is_none_is_malformed() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\ngood\r\nzz\r\n";
    let server = RawProvider::answering(answer).await;
    let answer = transport().send(get(&server.url())).await.unwrap();
    let error = answer.body.collect(1 << 10).await.unwrap_err();
    assert!(matches!(error, TransportError::MalformedAnswer { .. }), "{error:?}");
    assert!(error.was_sent());
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let announced = "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n0123456789x";
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                   5\r\n01234\r\n6\r\n56789x\r\n0\r\n\r\n";
    let until_closed = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n0123456789x";
    for answer in [announced, chunked, until_closed] {
        let server = RawProvider::answering(answer).await;
        let transport = transport();

        let fits = transport.send(get(&server.url())).await.unwrap();
        assert_eq!(fits.body.collect(11).await.unwrap(), "0123456789x");

        let over = transport.send(get(&server.url())).await.unwrap();
        let error = over.body.collect(10).await.unwrap_err();
        assert!(matches!(error, TransportError::BodyTooLarge { limit_bytes: 10 }), "{answer:?}: {error:?}");
        assert!(error.was_sent());
    }
}

#[tokio::test]
async fn the_transports_own_body_limit_holds_for_every_caller() {
    let server = provider(Reply::text(200, "0123456789")).await;
    let limits = TransportLimits { response_body_bytes: 9, ..TransportLimits::default() };
    let transport = HttpTransport::new(loopback(), limits);
    let answer = transport.send(get(&server.base_url())).await.unwrap();
    assert!(matches!(answer.body.collect(usize::MAX).await, Err(TransportError::BodyTooLarge { limit_bytes: 9 })));
}

#[tokio::test]
async fn a_body_that_trickles_past_the_deadline_is_a_timeout() {
    let server = RawProvider::start(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
        stream.write_all(head).await.unwrap();
        // Never silent for long, never done.
        while stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let mut call = get(&server.url());
    call.timeout = Duration::from_millis(200);
    let started = Instant::now();
    let answer = transport().send(call).await.unwrap();
    let error = answer.body.collect(1 << 20).await.unwrap_err();
    assert!(matches!(error, TransportError::Timeout { .. }), "{error:?}");
    assert!(error.was_sent() && error.is_timeout());
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_port_without_a_listener_received_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = refused(&transport(), get(&format!("http://{address}/"))).await;
    assert!(matches!(&error, TransportError::ConnectFailed { host, .. } if host == "127.0.0.1"), "{error:?}");
    assert!(!error.was_sent() && !error.is_timeout());
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn an_address_that_is_no_address_is_not_called() {
    let password = "http://user:hunter2@127.0.0.1/";
    for (uri, reason) in [
        (password, "user name"),
        ("https://user@127.0.0.1/", "user name"),
        ("ftp://127.0.0.1/", "scheme"),
        ("ws://127.0.0.1/", "scheme"),
        ("/only/a/path", "scheme"),
        ("127.0.0.1:80", "scheme"),
    ] {
        let error = refused(&transport(), get(uri)).await;
        assert!(matches!(error, TransportError::InvalidCall { .. }), "{uri}: {error:?}");
        assert!(!error.was_sent());
        assert!(error.to_string().contains(reason), "{uri}: {error}");
        assert!(!error.to_string().contains("hunter2"));
    }
    let tunnel = call(Method::CONNECT, "http://127.0.0.1/");
    assert!(matches!(refused(&transport(), tunnel).await, TransportError::InvalidCall { .. }));
}
