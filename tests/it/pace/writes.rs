//! A write is sent again only if nothing of it was sent, or if it may be; and what an earlier send did is never denied.

use super::*;

/// Repeats writes once, where the definition lets it.
fn repeating() -> Pace {
    let retry = RetryLimits { repeatable_writes: 1, ..hurried().retry };
    Pace { retry, ..hurried() }
}

#[tokio::test]
async fn a_write_of_which_nothing_was_sent_is_sent() {
    let unsent = [no_connection(), not_sent(), TransportError::Dns { host: HOST.to_owned(), reason: "?".to_owned() }];
    for (error, repeatable) in unsent.into_iter().flat_map(|error| [(error.clone(), false), (error, true)]) {
        let provider = Provider::holding();
        let api = api(&provider, repeatable, hurried()).await;
        provider.writes([Happens::Fails(error.clone()), Happens::Fails(error)]);
        let answer = ask(&api, "").await;
        assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.json);
        assert_eq!(provider.tried(), (3, 1));
        // What was not sent does not count.
        assert_eq!(answer.header("offramp-remote-calls"), "1");
    }
}

#[tokio::test]
async fn a_write_that_may_have_been_received_is_sent_once_unless_both_settings_and_definition_say_otherwise() {
    for (repeatable, pace) in [(false, hurried()), (true, hurried()), (false, repeating())] {
        for happens in [Happens::Fails(broken()), Happens::Fails(timed_out()), Happens::Says(502), Happens::Says(503)] {
            let provider = Provider::holding();
            let api = api(&provider, repeatable, pace).await;
            provider.writes([happens]);
            let answer = ask(&api, "").await;
            assert_eq!(answer.verdict(), "unknown no", "{}", answer.json);
            assert_eq!(provider.tried(), (1, 1));
            assert_eq!(answer.header("offramp-remote-calls"), "1");
        }
    }
}

#[tokio::test]
async fn a_write_is_not_sent_again_after_a_clear_answer_or_one_that_will_not_change() {
    for status in [400, 403, 404, 429, 500, 302] {
        let provider = Provider::holding();
        let api = api(&provider, true, repeating()).await;
        provider.writes([Happens::Says(status)]);
        let answer = ask(&api, "").await;
        assert_eq!(provider.tried().0, 1, "{status}");
        assert_eq!(answer.header("offramp-remote-calls"), "1");
    }
}

#[tokio::test]
async fn a_repeatable_write_is_sent_again_and_every_send_counts() {
    for lost in [Happens::Fails(broken()), Happens::Fails(timed_out()), Happens::Says(502), Happens::Says(504)] {
        let provider = Provider::holding();
        let api = api(&provider, true, repeating()).await;
        provider.writes([lost]);
        let answer = ask(&api, "").await;
        assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.json);
        assert_eq!(provider.tried(), (2, 1));
        assert_eq!(answer.header("offramp-remote-calls"), "2");
    }
}

/// The first send did it and its answer was lost; the second is told that the role is not held.
#[tokio::test]
async fn what_a_lost_send_took_away_was_not_absent_already() {
    for lost in [Happens::ActsAndFails(broken()), Happens::ActsAndFails(timed_out()), Happens::ActsAndSays(503)] {
        for (options, verdict, held_before) in [
            // That there is such a role was not shown.
            ("", "removed unverifiable", "unknown"),
            ("&verify=none", "removed skipped", "unknown"),
            ("&check_before=true", "removed yes", "yes"),
        ] {
            let provider = Provider::holding();
            let api = api(&provider, true, repeating()).await;
            provider.writes([lost.clone()]);
            let answer = ask(&api, options).await;
            assert_eq!((answer.status, answer.verdict().as_str()), (200, verdict), "{}", answer.json);
            assert_eq!(answer.item()["held_before"], held_before);
            assert_eq!(answer.item()["remote_status"], 400);
            assert_eq!(answer.header("offramp-remote-calls"), "2");
        }
    }
}

/// Without a repeat, the provider's word that the role is not held stands.
#[tokio::test]
async fn what_one_send_found_absent_was_absent() {
    let provider = Arc::new(Provider::default());
    let api = api(&provider, true, repeating()).await;
    let answer = ask(&api, "").await;
    assert_eq!(answer.verdict(), "already_absent unverifiable");
    assert_eq!(answer.item()["held_before"], "no");
}

#[tokio::test]
async fn a_repeat_that_finds_the_role_absent_is_not_believed_against_the_read_back() {
    let provider = Provider::holding();
    let api = api(&provider, true, repeating()).await;
    provider.writes([Happens::Fails(broken()), Happens::Says(400)]);
    let answer = ask(&api, "").await;
    assert_eq!((answer.status, answer.verdict().as_str()), (502, "failed no"), "{}", answer.json);
    assert_eq!(answer.json["kind"], "not_effective");
}

/// A clear no to the repeat says nothing of the first send: only a read does.
#[tokio::test]
async fn a_no_to_the_repeat_does_not_deny_the_first_send() {
    for no in [401, 403, 404, 429, 500] {
        let provider = Provider::holding();
        let api = api(&provider, true, repeating()).await;
        provider.writes([Happens::ActsAndFails(broken()), Happens::Says(no)]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.header("offramp-outcome"), "removed", "{no}: {}", answer.json);
        assert_eq!(answer.item()["confirmed_by"], "read_back");

        let provider = Provider::holding();
        let api = self::api(&provider, true, repeating()).await;
        provider.writes([Happens::Fails(timed_out()), Happens::Says(no)]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.verdict(), "unknown no", "{no}: {}", answer.json);
        assert!(answer.status >= 500, "{no}: {}", answer.status);
    }
}

/// The repeat never left, so that the first send is all there is.
#[tokio::test]
async fn a_repeat_that_is_not_sent_does_not_deny_the_first_send() {
    for (first, verdict) in
        [(Happens::Fails(broken()), "unknown no"), (Happens::ActsAndFails(broken()), "removed unverifiable")]
    {
        let provider = Provider::holding();
        let api = api(&provider, true, repeating()).await;
        provider.writes([first]);
        provider.writes(vec![Happens::Fails(no_connection()); 3]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.verdict(), verdict, "{}", answer.json);
        assert_eq!(answer.header("offramp-remote-calls"), "1");
    }
}

#[tokio::test]
async fn a_write_waits_for_a_rate_limit_only_if_it_may_be_repeated() {
    for (repeatable, tried, outcome) in [(false, 1, "failed"), (true, 2, "removed")] {
        let provider = Provider::holding();
        let retry = RetryLimits { rate_limit_wait: Duration::from_secs(2), ..hurried().retry };
        let api = api(&provider, repeatable, Pace { retry, ..hurried() }).await;
        provider.writes([Happens::SaysAfter(429, "1")]);
        let answer = ask(&api, "").await;
        assert_eq!(answer.header("offramp-outcome"), outcome, "{}", answer.json);
        assert_eq!(provider.tried().0, tried);
        assert_eq!(answer.item()["held_before"], "unknown");
    }
}
