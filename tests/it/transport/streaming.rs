//! A streamed body passes in constant memory, at the reader's pace.

use std::sync::atomic::AtomicU64;

use offramp::sandbox::ReplyBody;

use super::*;

const LENGTH: u64 = 64 << 20;

#[tokio::test]
async fn a_large_body_arrives_in_small_chunks() {
    let mut reply = Reply::empty(200);
    reply.body = ReplyBody::Filler(LENGTH);
    let server = provider(reply).await;
    let mut answer = transport().send(get(&server.base_url())).await.unwrap();
    assert_eq!(answer.headers["content-length"], LENGTH.to_string().as_str());

    let (mut total, mut largest) = (0, 0);
    while let Some(chunk) = answer.body.chunk().await {
        let chunk = chunk.unwrap();
        assert!(chunk.iter().all(|byte| *byte == b'x'));
        total += chunk.len() as u64;
        largest = largest.max(chunk.len());
    }

    assert_eq!(total, LENGTH);
    let bound = 2 * TransportLimits::default().max_head_bytes;
    assert!(largest <= bound, "{largest} bytes at once");
}

#[tokio::test]
async fn a_sender_does_not_run_ahead_of_a_slow_reader() {
    let sent = Arc::new(AtomicU64::new(0));
    let progress = Arc::clone(&sent);
    let server = RawProvider::start(move |mut stream| {
        let sent = Arc::clone(&progress);
        async move {
            read_head(&mut stream).await;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let chunk = vec![b'x'; 64 << 10];
            for _ in 0..LENGTH / chunk.len() as u64 {
                stream.write_all(&chunk).await.unwrap();
                sent.fetch_add(chunk.len() as u64, Ordering::SeqCst);
            }
        }
    })
    .await;
    let mut call = get(&server.url());
    // Long over before the body is: it no longer counts once the body is streamed.
    call.timeout = Duration::from_millis(200);
    let mut answer = transport().send(call).await.unwrap();
    let mut read = answer.body.chunk().await.unwrap().unwrap().len() as u64;

    // Until the sender has come to a standstill.
    let mut standing = sent.load(Ordering::SeqCst);
    for unchanged in [300, 100] {
        loop {
            tokio::time::sleep(Duration::from_millis(unchanged)).await;
            let now = sent.load(Ordering::SeqCst);
            if now == standing {
                break;
            }
            standing = now;
        }
    }
    // The kernel's own buffers take some megabytes at both ends; nothing of ours grows.
    assert!(standing < LENGTH / 4, "{standing} bytes sent while {read} were read");

    while let Some(chunk) = answer.body.chunk().await {
        read += chunk.unwrap().len() as u64;
    }
    assert_eq!(read, LENGTH);
    assert_eq!(sent.load(Ordering::SeqCst), LENGTH);
}

#[tokio::test]
async fn a_stream_that_stalls_ends_with_an_error_and_nothing_after_it() {
    let server = RawProvider::start(|mut stream| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234";
        stream.write_all(head).await.unwrap();
        // Silent until the client hangs up.
        let _ = stream.read_u8().await;
    })
    .await;
    let limits = TransportLimits { body_idle_timeout: Duration::from_millis(100), ..TransportLimits::default() };
    let transport = HttpTransport::new(loopback(), limits);
    let mut body = transport.send(get(&server.url())).await.unwrap().body;
    assert_eq!(body.chunk().await.unwrap().unwrap(), "01234");
    let error = body.chunk().await.unwrap().unwrap_err();
    assert!(matches!(error, TransportError::BodyStalled { .. }), "{error:?}");
    assert!(error.was_sent() && error.is_timeout());
    assert!(body.chunk().await.is_none());
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so() {
    let server = RawProvider::answering("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234").await;
    let mut body = transport().send(get(&server.url())).await.unwrap().body;
    assert_eq!(body.chunk().await.unwrap().unwrap(), "01234");
    let error = body.chunk().await.unwrap().unwrap_err();
    assert!(matches!(error, TransportError::ConnectionBroken { .. }), "{error:?}");
    assert!(body.chunk().await.is_none());
}
