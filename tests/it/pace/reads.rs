//! Reads are made again: after what may pass, so often, so long, and within the account's budget.

use std::net::{IpAddr, Ipv4Addr};

use super::*;

fn host() -> String {
    HOST.to_owned()
}

#[tokio::test]
async fn a_read_is_made_again_after_whatever_may_pass() {
    for happens in [
        Happens::Fails(no_connection()),
        Happens::Fails(TransportError::ConnectTimeout { host: host(), after: CALL_TIMEOUT }),
        Happens::Fails(TransportError::Dns { host: host(), reason: "no answer".to_owned() }),
        Happens::Fails(not_sent()),
        Happens::Fails(broken()),
        Happens::Fails(timed_out()),
        Happens::Says(502),
        Happens::Says(503),
        Happens::Says(504),
    ] {
        let provider = Provider::holding();
        let api = api(&provider, false, hurried()).await;
        provider.reads([happens.clone(), happens]);
        let answer = ask(&api, "").await;
        assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.json);
        assert_eq!(provider.tried(), (1, 3));
        assert_eq!(answer.header("offramp-remote-calls"), "1", "reads do not count");
    }
}

#[tokio::test]
async fn a_read_is_not_made_again_where_that_would_change_nothing() {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    for happens in [
        Happens::Fails(TransportError::Tls { host: host(), reason: "expired".to_owned() }),
        Happens::Fails(TransportError::EgressRefused { host: host(), address, why: "is a loopback address" }),
        Happens::Fails(TransportError::InvalidCall { reason: "the URI has no host" }),
        Happens::Fails(TransportError::MalformedAnswer { reason: "no HTTP".to_owned() }),
        Happens::Fails(TransportError::HeadTooLarge),
        Happens::Fails(TransportError::BodyTooLarge { limit_bytes: 1 }),
        Happens::Says(500),
        Happens::Says(404),
        Happens::Says(403),
        Happens::Says(429),
        Happens::Says(302),
    ] {
        let provider = Provider::holding();
        let api = api(&provider, false, hurried()).await;
        provider.reads([happens]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.verdict(), "removed unverifiable", "{}", answer.json);
        assert_eq!(provider.tried().0, 1);
        // The user's own object is read as well: another call.
        assert_eq!(provider.tried().1, 1, "{}", answer.json);
    }
}

#[tokio::test]
async fn a_read_is_made_so_often_and_no_more() {
    for (times, tried) in [(0, 1), (1, 2), (2, 3), (4, 5)] {
        let provider = Provider::holding();
        let retry = RetryLimits { times, ..hurried().retry };
        let api = api(&provider, false, Pace { retry, ..hurried() }).await;
        provider.reads(vec![Happens::Fails(broken()); 9]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.verdict(), "removed unverifiable");
        assert_eq!(provider.tried(), (1, tried));
    }
}

#[tokio::test]
async fn pauses_grow() {
    let provider = Provider::holding();
    let retry = RetryLimits { times: 3, pause: Duration::from_millis(40), ..RetryLimits::default() };
    let api = api(&provider, false, Pace { retry, ..Pace::default() }).await;
    provider.reads(vec![Happens::Fails(broken()); 3]);
    ask(&api, "").await;
    let at: Vec<Instant> = provider.times(What::Read).into_iter().map(|call| call.1).collect();
    for (pause, least) in at.windows(2).zip([40, 80, 160]) {
        assert!(pause[1] - pause[0] >= Duration::from_millis(least), "{at:?}");
    }
}

#[tokio::test]
async fn a_call_and_its_repeats_take_no_longer_than_they_may() {
    let provider = Provider::holding();
    let retry = RetryLimits {
        times: 9,
        pause: Duration::from_millis(30),
        total: Duration::from_millis(200),
        ..RetryLimits::default()
    };
    let api = api(&provider, false, Pace { retry, ..Pace::default() }).await;
    provider.reads(vec![Happens::Fails(broken()); 20]);
    let started = Instant::now();
    ask(&api, "").await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let reads = provider.times(What::Read);
    assert!((2..7).contains(&reads.len()), "{}", reads.len());
    assert_eq!(reads[0].0, CALL_TIMEOUT, "the first has its own time-out");
    assert!(reads[1..].iter().all(|(timeout, _)| *timeout <= Duration::from_millis(200)), "{reads:?}");
}

#[tokio::test]
async fn an_outage_is_not_answered_with_twice_the_calls() {
    let provider = Provider::holding();
    let mut pace = hurried();
    (pace.lane.repeats_per_call, pace.lane.repeats_per_second) = (0.2, 0);
    pace.breaker.failures = 0;
    let api = api(&provider, false, pace).await;
    provider.writes(vec![Happens::Says(204); 50]);
    provider.reads(vec![Happens::Fails(broken()); 1000]);
    for _ in 0..50 {
        ask(&api, "").await;
    }
    let (writes, reads) = provider.tried();
    // One write and one read a request; of these hundred, and of the one that connected the account, a fifth.
    assert_eq!(writes, 50);
    assert!((60..=71).contains(&reads), "{reads}");
}

#[tokio::test]
async fn an_account_that_asks_little_may_repeat_all_the_same() {
    let provider = Provider::holding();
    let mut pace = hurried();
    (pace.lane.repeats_per_call, pace.lane.repeats_per_second) = (0.0, 1);
    let api = api(&provider, false, pace).await;
    provider.reads(vec![Happens::Fails(broken()); 2]);
    assert_eq!(ask(&api, "").await.verdict(), "removed yes");
    assert_eq!(provider.tried(), (1, 3));
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_only_where_that_is_asked_for_and_not_longer() {
    let second = Duration::from_secs(1);
    for (wait, after, tried) in [
        (Duration::ZERO, "1", 1),
        (second * 3, "1", 2),
        (second * 3, "4", 1),
        (second * 3, "never", 1),
        (Duration::from_millis(900), "0", 1),
    ] {
        let provider = Provider::holding();
        let retry = RetryLimits { rate_limit_wait: wait, times: 0, ..hurried().retry };
        let api = api(&provider, false, Pace { retry, ..hurried() }).await;
        provider.reads([Happens::SaysAfter(429, after)]);
        let started = Instant::now();
        let answer = ask(&api, "").await;
        assert_eq!(provider.tried(), (1, tried), "{wait:?} {after}");
        let proven = if tried == 2 { "removed yes" } else { "removed unverifiable" };
        assert_eq!(answer.verdict(), proven);
        assert_eq!(started.elapsed() >= second, tried == 2, "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn a_wait_that_the_provider_asks_for_after_a_503_is_kept_or_not_begun() {
    for (after, tried) in [("1", 2), ("60", 1)] {
        let provider = Provider::holding();
        let api = api(&provider, false, hurried()).await;
        provider.reads([Happens::SaysAfter(503, after)]);
        let started = Instant::now();
        ask(&api, "").await;
        assert_eq!(provider.tried(), (1, tried));
        assert_eq!(started.elapsed() >= Duration::from_secs(1), tried == 2);
    }
}

#[tokio::test]
async fn a_token_is_asked_for_again_only_if_nothing_was_sent() {
    for (error, tried, verdict) in [
        (no_connection(), 3, "removed yes"),
        (not_sent(), 3, "removed yes"),
        // What was sent may have used something up.
        (broken(), 1, "failed skipped"),
        (timed_out(), 1, "failed skipped"),
    ] {
        let provider = Provider::holding();
        let api = api_with_token(&provider, hurried()).await;
        provider.tokens(vec![Happens::Fails(error); 2]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.verdict(), verdict, "{}", answer.json);
        assert_eq!(provider.times(What::Token).len(), tried);
    }
}
