//! What surrounds every answer: trace id, `errors`, empty lists, and the limit per minute.

use std::time::Duration;

use offramp::sandbox::crowdstrike::NoErrors;
use offramp::sandbox::crowdstrike::seed::{ALICE, CID, CLIENT_ID, CLIENT_SECRET, ERIN};
use reqwest::Method;

use super::{HELD_ROLES, ROLE_ACTIONS, ROLE_IDS, Site, action, read};

#[tokio::test]
async fn no_errors_are_an_empty_list_null_or_nothing() {
    let site = Site::open().await;
    let meta = r#""meta":{"query_time":0.123,"writes":{"resources_affected":1},"powered_by":"cs.flightcontrolapi","trace_id":"TRACE"}"#;
    for (no_errors, body) in [
        (NoErrors::EmptyList, format!(r#"{{{meta},"errors":[]}}"#)),
        (NoErrors::Null, format!(r#"{{{meta},"errors":null}}"#)),
        (NoErrors::Absent, format!("{{{meta}}}")),
    ] {
        site.falcon.settings(|s| s.no_errors = no_errors);
        assert_eq!(site.revoke(ALICE, &["falcon_analyst"], CID).await.masked(), body);
    }
}

#[tokio::test]
async fn no_resources_are_an_empty_list_or_null() {
    let site = Site::open().await;
    assert_eq!(site.get(HELD_ROLES, &[("user_uuid", ERIN)]).await.json()["resources"].to_string(), "[]");
    site.falcon.settings(|s| s.null_for_no_resources = true);
    let answer = site.get(HELD_ROLES, &[("user_uuid", ERIN)]).await.json();
    assert!(answer["resources"].is_null());
    assert_eq!(answer["meta"]["pagination"]["total"], 0);
}

#[tokio::test]
async fn every_answer_bears_a_trace_id_of_its_own_and_the_rate() {
    let site = Site::open().await;
    let token = site.token().await;
    let mut seen = Vec::new();
    for (method, path, status) in [
        (Method::GET, ROLE_IDS, 200),
        (Method::GET, HELD_ROLES, 400),
        (Method::GET, ROLE_ACTIONS, 405),
        (Method::GET, "/user-management", 404),
    ] {
        let answer = read(site.request(method, path).bearer_auth(&token)).await;
        assert_eq!(answer.status, status, "{path}");
        answer.masked();
        assert_eq!(answer.header("x-ratelimit-limit"), Some("6000"));
        assert!(answer.header("x-ratelimit-remaining").is_some());
        seen.push(answer.header("x-cs-traceid").unwrap().to_owned());
    }
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[tokio::test]
async fn the_rate_headers_count_down_from_5999_and_start_anew_each_minute() {
    let site = Site::open().await;
    let token = site.token().await;
    let remaining = async || {
        let answer = site.get_as(&token, ROLE_IDS, &[]).await;
        assert_eq!(answer.header("x-ratelimit-limit"), Some("6000"));
        answer.header("x-ratelimit-remaining").unwrap().to_owned()
    };
    assert_eq!(remaining().await, "5999");
    assert_eq!(remaining().await, "5998");
    site.clock.advance(Duration::from_secs(60));
    assert_eq!(remaining().await, "5999");
}

#[tokio::test]
async fn beyond_the_limit_is_429_until_an_epoch_second() {
    let site = Site::with(|s| (s.calls_refused, s.calls_per_minute) = (true, 2)).await;
    let token = site.token().await;
    let began_s = site.clock.now_s();
    for remaining in ["1", "0"] {
        let answer = site.get_as(&token, ROLE_IDS, &[]).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining")), (200, Some(remaining)));
        assert_eq!(answer.header("x-ratelimit-retryafter"), None);
    }
    let body = action("revoke", ALICE, &["falcon_analyst"], CID);
    let answer = site.post_as(&token, ROLE_ACTIONS, &body).await;
    assert_eq!(
        (answer.status, answer.masked().as_str()),
        (
            429,
            concat!(
                r#"{"meta":{"query_time":9.4e-8,"powered_by":"crowdstrike-api-gateway","trace_id":"TRACE"},"#,
                r#""errors":[{"code":429,"message":"API rate limit exceeded."}]}"#
            )
        )
    );
    assert_eq!(answer.header("x-ratelimit-limit"), Some("2"));
    assert_eq!(answer.header("x-ratelimit-remaining"), Some("0"));
    assert_eq!(answer.header("retry-after"), None);
    let retry_after: u64 = answer.header("x-ratelimit-retryafter").unwrap().parse().unwrap();
    assert!((began_s + 60..=began_s + 70).contains(&retry_after), "{retry_after} after {began_s}");
    assert!(site.falcon.holds(ALICE, "falcon_analyst", CID));

    site.clock.advance(Duration::from_secs(retry_after - site.clock.now_s()));
    assert_eq!(site.post_as(&token, ROLE_ACTIONS, &body).await.status, 200);
}

#[tokio::test]
async fn the_message_of_a_429_is_the_settings() {
    let site = Site::with(|s| (s.calls_refused, s.calls_per_minute) = (true, 0)).await;
    site.falcon.settings(|s| s.rate_limit_message = "slow down".to_owned());
    assert_eq!(site.get(ROLE_IDS, &[]).await.refusal(), (429, "slow down".to_owned()));
}

#[tokio::test]
async fn token_requests_have_a_limit_of_their_own_if_so_switched() {
    let site = Site::with(|s| s.token_calls_per_minute = Some(1)).await;
    let client = [("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)];
    assert_eq!(site.ask_token(&client).await.status, 201);
    let answer = site.ask_token(&client).await;
    assert_eq!(answer.refusal().0, 429);
    assert!(answer.header("x-ratelimit-retryafter").is_some());
    site.clock.advance(Duration::from_secs(61));
    assert_eq!(site.ask_token(&client).await.status, 201);
}
