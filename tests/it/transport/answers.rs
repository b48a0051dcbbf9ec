//! A call arrives as it was given, and the answer is given as it came.

use http::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderValue, TRANSFER_ENCODING};
use offramp::transport::AnswerBody;

use super::*;

#[tokio::test]
async fn a_delete_with_a_body_sends_it_with_its_length() {
    let server = provider(Reply::empty(204)).await;
    let mut unassign = call(Method::DELETE, &format!("{}/users/7/roles/1?now=%2F", server.base_url()));
    unassign.body = Bytes::from_static(br#"{"instantLogout":false}"#);
    unassign.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer t"));

    let answer = transport().send(unassign).await.unwrap();

    assert_eq!(answer.status, 204);
    assert_eq!(text(answer).await, "");
    let journal = server.journal();
    assert_eq!(journal.len(), 1);
    let seen = &journal[0].call;
    assert_eq!(seen.method, "DELETE");
    assert_eq!(seen.path, "/users/7/roles/1");
    assert_eq!(seen.query, "now=%2F");
    assert_eq!(seen.body, br#"{"instantLogout":false}"#[..]);
    assert_eq!(seen.header("content-length"), Some("23"));
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.header("authorization"), Some("Bearer t"));
}

#[tokio::test]
async fn how_a_message_is_framed_is_not_the_callers_to_say() {
    let server = provider(Reply::empty(200)).await;
    let mut smuggling = call(Method::POST, &server.base_url());
    smuggling.body = Bytes::from_static(b"GET /other HTTP/1.1\r\n\r\n");
    let headers = &mut smuggling.headers;
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    headers.insert(HOST, HeaderValue::from_static("elsewhere.example"));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));

    transport().send(smuggling).await.unwrap();

    let journal = server.journal();
    assert_eq!(journal.len(), 1);
    let seen = &journal[0].call;
    assert_eq!(seen.body, b"GET /other HTTP/1.1\r\n\r\n"[..]);
    assert_eq!(seen.header("content-length"), Some("23"));
    assert_eq!(seen.header("transfer-encoding"), None);
    assert_eq!(seen.header("accept-encoding"), None);
    let host = server.address.to_string();
    assert_eq!(seen.header("host"), Some(host.as_str()));
}

#[tokio::test]
async fn an_empty_post_says_so_and_an_empty_get_says_nothing() {
    let server = provider(Reply::empty(200)).await;
    let transport = transport();
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::GET, Method::DELETE] {
        transport.send(call(method, &server.base_url())).await.unwrap();
    }
    let lengths = server.journal().into_iter().map(|seen| {
        let length = seen.call.header("content-length").map(str::to_owned);
        (seen.call.method, length)
    });
    let zero = || Some("0".to_owned());
    assert_eq!(
        lengths.collect::<Vec<_>>(),
        [
            ("POST".to_owned(), zero()),
            ("PUT".to_owned(), zero()),
            ("PATCH".to_owned(), zero()),
            ("GET".to_owned(), None),
            ("DELETE".to_owned(), None),
        ]
    );
}

#[tokio::test]
async fn a_redirect_is_given_as_it_is_and_not_followed() {
    let elsewhere = provider(Reply::text(200, "followed")).await;
    let there = format!("{}/next", elsewhere.base_url());
    for status in [301, 302, 303, 307, 308] {
        let server = provider(Reply::text(status, "moved").with_header("location", &there)).await;

        let answer = transport().send(get(&server.base_url())).await.unwrap();

        assert_eq!(answer.status, status);
        assert_eq!(answer.headers["location"], there.as_str());
        assert_eq!(text(answer).await, "moved");
    }
    assert_eq!(elsewhere.journal().len(), 0);
}

#[tokio::test]
async fn no_cookie_is_kept_from_one_call_to_the_next() {
    let server = provider(Reply::empty(200).with_header("set-cookie", "session=1; Path=/")).await;
    let transport = transport();
    for _ in 0..2 {
        let answer = transport.send(get(&server.base_url())).await.unwrap();
        assert_eq!(answer.headers["set-cookie"], "session=1; Path=/");
    }
    for seen in server.journal() {
        assert_eq!(seen.call.header("cookie"), None);
    }
}

#[tokio::test]
async fn a_compressed_answer_is_not_touched() {
    let gzipped = Bytes::from_static(b"\x1f\x8b\x08\x00not really");
    let reply = Reply::bytes(200, Some("application/json"), gzipped.clone()).with_header("content-encoding", "gzip");
    let server = provider(reply).await;

    let answer = transport().send(get(&server.base_url())).await.unwrap();

    assert_eq!(answer.headers["content-encoding"], "gzip");
    assert_eq!(answer.body.collect(1 << 10).await.unwrap(), gzipped);
}

#[tokio::test]
async fn a_body_of_many_chunks_is_collected_whole() {
    let whole = "x".repeat(3 << 20);
    let server = provider(Reply::text(200, &whole)).await;
    let answer = transport().send(get(&server.base_url())).await.unwrap();
    let body = answer.body.collect(3 << 20).await.unwrap();
    assert!(body == whole, "{} bytes came back", body.len());
}

#[tokio::test]
async fn a_body_that_is_already_here_is_read_like_any_other() {
    let here = || AnswerBody::from_bytes(Bytes::from_static(b"hello"));
    assert_eq!(here().collect(5).await.unwrap(), "hello");
    assert!(matches!(here().collect(4).await, Err(TransportError::BodyTooLarge { limit_bytes: 4 })));
    let mut body = here();
    assert_eq!(body.chunk().await.unwrap().unwrap(), "hello");
    assert!(body.chunk().await.is_none());
    assert!(AnswerBody::from_bytes(Bytes::new()).chunk().await.is_none());
}

#[test]
fn a_call_does_not_show_its_secrets() {
    let mut secret = call(Method::POST, "https://api.example/token?key=hunter2");
    secret.headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer hunter2"));
    secret.body = Bytes::from_static(b"client_secret=hunter2");
    let shown = format!("{secret:?}");
    assert!(shown.contains("api.example"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
