//! A streamed answer is kept as it passes.

use offramp::sandbox::{Fault, Reply, ReplyBody};

use super::*;

fn streamed(bytes: u64) -> Fault {
    let reply =
        Reply { body: ReplyBody::Filler(bytes), ..Reply::bytes(200, Some("application/x-filler"), Bytes::new()) };
    Fault::ActThenAnswer(reply)
}

fn stream(key: &str) -> Ask {
    removal(key).query("truto_response_format=stream")
}

#[tokio::test]
async fn a_stream_within_the_limit_is_given_again() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", streamed(300 << 10));
    let first = stage.ask(stream("k1")).await;
    assert_eq!((first.status, first.body.len()), (200, 300 << 10));
    let second = stage.ask(stream("k1")).await;
    second.repeats(&first);
    assert_eq!(second.header("content-type"), "application/x-filler");
    assert_eq!(stage.writes(), 1);
}

#[tokio::test]
async fn a_stream_over_the_limit_passes_and_is_remembered_without_its_body() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", streamed(3 << 20));
    let first = stage.ask(stream("k1")).await;
    assert_eq!((first.status, first.body.len()), (200, 3 << 20));
    let second = stage.ask(stream("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (409, "removed", 1), "{second:?}");
    assert!(second.message().contains("idempotency.answer_bytes"), "{}", second.message());
    assert_eq!(second.header("content-type"), "application/json");
}

#[tokio::test]
async fn a_caller_that_hangs_up_within_the_stream_gets_the_outcome_by_a_repeat() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", streamed(3 << 20));
    let response = stage.app.clone().oneshot(stream("k1").request()).await.unwrap();
    assert_eq!(response.status(), 200);
    let mut body = response.into_body();
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    let second = stage.ask(stream("k1")).await;
    assert_eq!((second.status, second.outcome(), stage.writes()), (409, "removed", 1), "{second:?}");
    assert!(second.message().contains("not passed on to its end"), "{}", second.message());
}

#[tokio::test]
async fn one_that_waits_gets_the_stream_once_it_has_passed() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", streamed(300 << 10));
    let answers = futures_util::future::join_all((0..20).map(|_| stage.ask(stream("k1")))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body.len() == 300 << 10));
    assert_eq!((answers.iter().filter(|answer| answer.is_replayed()).count(), stage.writes()), (19, 1));
}

/// Over a real connection: a server that has sent as much as the length says may not ask the body for its end.
#[tokio::test]
async fn a_stream_that_was_served_whole_is_kept() {
    let stage = Stage::open().await;
    stage.server.faults.once("DELETE", "/roles/", streamed(300 << 10));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = stage.app.clone();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut bodies = Vec::new();
    for replayed in [false, true] {
        let (head, body) = stream("k1").request().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let request = client.post(format!("{url}{}", head.uri)).headers(head.headers).body(body);
        let response = request.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.headers().contains_key("idempotency-replayed")),
            (200, replayed)
        );
        bodies.push(response.bytes().await.unwrap());
    }
    assert_eq!((bodies[0].len(), stage.writes()), (300 << 10, 1));
    assert_eq!(bodies[0], bodies[1]);
}
