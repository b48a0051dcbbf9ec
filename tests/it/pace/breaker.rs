//! A host that fails again and again is left alone, tried by one call at a time, and never kept from a proof.

use http::uri::Authority;
use offramp::transport::{Breaker, BreakerLimits, Pass};

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const LIMITS: BreakerLimits =
    BreakerLimits { failures: 3, window: Duration::from_secs(30), pause: Duration::from_secs(10) };

/// A breaker and a clock of its own.
struct Watched {
    breaker: Breaker,
    now: tokio::time::Instant,
}

impl Watched {
    fn new(limits: BreakerLimits) -> Self {
        Self { breaker: Breaker::new(limits), now: tokio::time::Instant::now() }
    }

    fn ask(&self, host: &'static str) -> Result<Pass<'_>, u64> {
        let refused = |error: TransportError| {
            assert!(!error.was_sent() && !error.may_pass() && error.to_string().contains(host), "{error}");
            error.retry_after_s().unwrap()
        };
        self.breaker.admit(&Authority::from_static(host), false, self.now).map_err(refused)
    }

    fn fail(&self, host: &'static str, times: usize) {
        for _ in 0..times {
            self.ask(host).unwrap().failed(self.now);
        }
    }
}

#[test]
fn a_host_is_left_alone_after_so_many_failures_and_no_earlier() {
    let mut watched = Watched::new(LIMITS);
    watched.fail("a.example", 3);
    assert_eq!(watched.ask("a.example").unwrap_err(), 10);
    watched.now += SECOND * 4;
    assert_eq!(watched.ask("A.example").unwrap_err(), 6, "in whatever case");
    // Another host, or another port of it, is none of its business.
    watched.fail("b.example", 2);
    assert!(watched.ask("a.example:8443").is_ok());
}

#[test]
fn one_good_answer_begins_anew() {
    let watched = Watched::new(LIMITS);
    watched.fail("a.example", 2);
    watched.ask("a.example").unwrap().answered();
    watched.fail("a.example", 2);
    assert!(watched.ask("a.example").is_ok());
}

#[test]
fn failures_long_ago_do_not_count() {
    let mut watched = Watched::new(LIMITS);
    watched.fail("a.example", 2);
    watched.now += SECOND * 31;
    watched.fail("a.example", 2);
    assert!(watched.ask("a.example").is_ok());
    watched.fail("a.example", 1);
    assert!(watched.ask("a.example").is_err());
}

#[test]
fn after_the_pause_one_call_tries_it_at_a_time() {
    let mut watched = Watched::new(LIMITS);
    watched.fail("a.example", 3);
    watched.now += SECOND * 10;
    let probe = watched.ask("a.example").unwrap();
    assert_eq!(watched.ask("a.example").unwrap_err(), 1);
    // It fails: another pause, the whole of it.
    probe.failed(watched.now);
    assert_eq!(watched.ask("a.example").unwrap_err(), 10);
    // It is given up: the next one tries.
    watched.now += SECOND * 10;
    drop(watched.ask("a.example").unwrap());
    let probe = watched.ask("a.example").unwrap();
    assert!(watched.ask("a.example").is_err());
    // It is answered: everybody may call.
    probe.answered();
    watched.fail("a.example", 2);
    assert!(watched.ask("a.example").is_ok());
}

#[test]
fn what_was_on_its_way_does_not_make_the_pause_longer() {
    let mut watched = Watched::new(LIMITS);
    let late = watched.ask("a.example").unwrap();
    watched.fail("a.example", 3);
    late.failed(watched.now + SECOND * 9);
    watched.now += SECOND * 9;
    assert_eq!(watched.ask("a.example").unwrap_err(), 1);
}

#[test]
fn what_must_be_asked_is_asked() {
    let mut watched = Watched::new(LIMITS);
    watched.fail("a.example", 3);
    let host = Authority::from_static("a.example");
    for _ in 0..2 {
        watched.breaker.admit(&host, true, watched.now).unwrap().failed(watched.now);
        watched.now += SECOND;
    }
    assert_eq!(watched.ask("a.example").unwrap_err(), 8);
    watched.breaker.admit(&host, true, watched.now).unwrap().answered();
    assert!(watched.ask("a.example").is_ok());
}

#[test]
fn without_a_number_nothing_is_left_alone() {
    let watched = Watched::new(BreakerLimits { failures: 0, ..LIMITS });
    watched.fail("a.example", 100);
    assert!(watched.ask("a.example").is_ok());
}

/// No repeats, so that a call is a call.
fn pace(failures: u32) -> Pace {
    let breaker = BreakerLimits { failures, pause: SECOND, ..BreakerLimits::default() };
    Pace { retry: RetryLimits { times: 0, ..RetryLimits::default() }, breaker, ..Pace::default() }
}

#[tokio::test]
async fn a_provider_that_is_away_is_left_alone_and_tried_again() {
    for happens in
        [Happens::Fails(no_connection()), Happens::Fails(not_sent()), Happens::Fails(timed_out()), Happens::Says(500)]
    {
        let provider = Provider::holding();
        let api = api(&provider, false, pace(3)).await;
        provider.writes(vec![happens; 3]);
        for _ in 0..3 {
            ask(&api, "&verify=none").await;
        }
        assert_eq!(provider.tried(), (3, 0));

        let answer = ask(&api, "").await;
        assert_eq!((answer.status, answer.verdict().as_str()), (503, "failed skipped"), "{}", answer.json);
        assert_eq!(answer.json["kind"], "provider_unavailable");
        assert!(answer.json["message"].as_str().unwrap().contains(HOST), "{}", answer.json);
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("offramp-remote-calls"), "0");
        assert_eq!(provider.tried(), (3, 0), "nothing was sent");

        tokio::time::sleep(SECOND).await;
        assert_eq!(ask(&api, "").await.verdict(), "removed yes");
    }
}

#[tokio::test]
async fn what_says_nothing_against_the_provider_does_not_count() {
    let address = std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    for happens in [
        Happens::Says(404),
        Happens::Says(429),
        Happens::Says(403),
        Happens::Fails(TransportError::EgressRefused { host: HOST.to_owned(), address, why: "is a loopback address" }),
        Happens::Fails(TransportError::InvalidCall { reason: "the URI has no host" }),
    ] {
        let provider = Provider::holding();
        let api = api(&provider, false, pace(2)).await;
        provider.writes(vec![happens; 6]);
        for _ in 0..6 {
            ask(&api, "&verify=none").await;
        }
        assert_eq!(ask(&api, "").await.verdict(), "removed yes");
    }
}

/// The write's own failure is what opens it: the proof is read all the same.
#[tokio::test]
async fn the_proof_of_a_write_that_was_sent_is_read_whatever_the_breaker_says() {
    for (lost, verdict) in [
        (Happens::ActsAndFails(timed_out()), "removed unverifiable"),
        (Happens::ActsAndSays(500), "removed unverifiable"),
        (Happens::Fails(broken()), "unknown no"),
    ] {
        let provider = Provider::holding();
        let api = api(&provider, false, pace(1)).await;
        provider.writes([lost]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.verdict(), verdict, "{}", answer.json);
        assert_eq!(provider.tried(), (1, 1));
    }
    // Nothing was sent, so there is nothing to prove; and a look before the write is no proof.
    let provider = Provider::holding();
    let api = api(&provider, false, pace(1)).await;
    provider.writes([Happens::Fails(no_connection())]);
    ask(&api, "").await;
    let answer = ask(&api, "&check_before=true").await;
    assert_eq!((answer.status, provider.tried()), (503, (1, 0)), "{}", answer.json);
}

#[tokio::test]
async fn a_host_that_gives_no_tokens_is_left_alone_as_well() {
    let provider = Provider::holding();
    let api = api_with_token(&provider, pace(2)).await;
    provider.tokens(vec![Happens::Fails(timed_out()); 2]);
    for _ in 0..2 {
        assert_eq!(ask(&api, "").await.status, 504);
    }
    let tokens = provider.times(What::Token).len();
    let answer = ask(&api, "").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{}", answer.json);
    assert_eq!(provider.times(What::Token).len(), tokens);
}
