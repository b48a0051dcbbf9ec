//! So many requests of one account at once; the others wait a little, and are then told to come back.

use super::*;

fn one_at_once(wait: Duration) -> Pace {
    let mut pace = hurried();
    (pace.lane.at_once, pace.lane.wait) = (1, wait);
    pace
}

#[tokio::test]
async fn a_request_that_would_wait_too_long_is_told_when_to_come_back() {
    let provider = Provider::holding();
    let api = api(&provider, false, one_at_once(Duration::from_millis(20))).await;
    provider.writes([Happens::Takes(Duration::from_millis(400))]);
    let first = tokio::spawn({
        let api = api.clone();
        async move { ask(&api, "").await }
    });
    while provider.tried().0 == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for options in ["", "&dry_run=true"] {
        let second = ask(&api, options).await;
        assert_eq!((second.status, second.verdict().as_str()), (429, "failed skipped"), "{}", second.json);
        assert_eq!(second.json["kind"], "rate_limited");
        assert_eq!(second.json["truto_is_remote_error"], false);
        assert_eq!(second.header("retry-after"), "1");
        assert_eq!(second.header("offramp-remote-calls"), "0");
    }
    assert_eq!(provider.tried(), (1, 0), "nothing was sent for the others");

    assert_eq!(first.await.unwrap().verdict(), "removed yes");
    let third = ask(&api, "").await;
    assert_eq!(third.verdict(), "already_absent unverifiable", "{}", third.json);
}

#[tokio::test]
async fn a_request_waits_for_its_turn() {
    let provider = Provider::holding();
    let api = api(&provider, false, one_at_once(Duration::from_secs(5))).await;
    provider.writes([Happens::Takes(Duration::from_millis(100))]);
    let (first, second) = tokio::join!(ask(&api, ""), ask(&api, ""));
    let mut verdicts = [first.verdict(), second.verdict()];
    verdicts.sort();
    assert_eq!(verdicts, ["already_absent unverifiable", "removed yes"]);
    let calls = provider.calls.lock().unwrap();
    assert_eq!(calls[1].0, What::Read, "the first is proven before the second begins");
}

#[tokio::test]
async fn there_is_no_such_limit_unless_it_is_set() {
    assert_eq!(Pace::default().lane.at_once, 0);
    let provider = Provider::holding();
    let api = api(&provider, false, hurried()).await;
    provider.writes(vec![Happens::Takes(Duration::from_millis(300)); 8]);
    let started = Instant::now();
    futures_util::future::join_all((0..8).map(|_| ask(&api, ""))).await;
    assert!(started.elapsed() < Duration::from_millis(1500), "{:?}", started.elapsed());
}
