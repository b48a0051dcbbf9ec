//! The limits of calls: what every answer tells of them, and what happens beyond.

use std::time::Duration;

use offramp::sandbox::voucherify::seed;
use reqwest::Method;

use super::{Answer, Site, read, user_path, users_path};

fn number(answer: &Answer, header: &str) -> u64 {
    answer.header(header).unwrap_or_else(|| panic!("no {header}: {answer:?}")).parse().unwrap()
}

#[tokio::test]
async fn every_answer_carries_the_rate_headers() {
    let site = Site::open().await;
    let answers = [
        (204, site.unassign(seed::TEST, seed::SAMMY).await),
        (400, site.unassign(seed::TEST, seed::SAMMY).await),
        (401, read(site.bare(Method::GET, "/management/v1/projects")).await),
        (404, site.unassign(seed::TEST, "user_nobody").await),
        (404, site.get("/nowhere").await),
        (405, read(site.request(Method::PATCH, "/management/v1/projects")).await),
        (200, site.get("/management/v1/projects").await),
    ];
    let now_s = site.clock.now_s();
    for (status, answer) in &answers {
        assert_eq!(answer.status, *status);
        assert_eq!(number(answer, "x-rate-limit-limit"), 2000);
        assert_eq!(answer.header("x-rate-limit-type"), Some("api_calls"));
        let retry_s = number(answer, "x-rate-limit-retry");
        assert!((now_s..=now_s + 62).contains(&retry_s), "{retry_s} is not within a minute of {now_s}");
        assert_eq!(answer.header("retry-after"), None);
    }
    // Calls that were not let in do not count.
    let remaining = answers.map(|(_, answer)| number(&answer, "x-rate-limit-remaining"));
    assert_eq!(remaining, [1999, 1998, 1998, 1997, 1997, 1997, 1996]);
}

#[tokio::test]
async fn beyond_the_limit_is_429_with_seconds_to_wait_and_the_epoch_of_the_next_window() {
    let site = Site::open().await;
    site.organization.settings(|s| s.calls_per_minute = Some(2));
    for remaining in [1, 0] {
        let answer = site.user(seed::TEST, seed::SAMMY).await;
        assert_eq!((answer.status, number(&answer, "x-rate-limit-remaining")), (200, remaining));
    }

    let refused = site.unassign(seed::TEST, seed::SAMMY).await;

    refused.is(
        429,
        concat!(
            r#"{"code":429,"key":"too_many_requests","message":"Too many requests","#,
            r#""details":"The limit of API calls has been reached","request_id":"v-0e9a1b979a80a99053"}"#
        ),
    );
    assert!(site.organization.role(seed::SAMMY, seed::TEST).is_some());
    assert_eq!(number(&refused, "x-rate-limit-limit"), 2);
    assert_eq!(number(&refused, "x-rate-limit-remaining"), 0);
    let wait_s = number(&refused, "retry-after");
    assert!((50..=60).contains(&wait_s), "{wait_s}");
    let retry_s = number(&refused, "x-rate-limit-retry");
    assert!(retry_s.abs_diff(site.clock.now_s() + wait_s) <= 1, "{retry_s}");

    site.clock.advance(Duration::from_secs(wait_s));
    assert_eq!(site.unassign(seed::TEST, seed::SAMMY).await.status, 204);
}

#[tokio::test]
async fn calls_without_a_key_are_401_even_beyond_the_limit() {
    let site = Site::open().await;
    site.organization.settings(|s| s.calls_per_minute = Some(0));
    assert_eq!(site.get("/management/v1/projects").await.status, 429);
    assert_eq!(read(site.bare(Method::GET, "/management/v1/projects")).await.status, 401);
}

#[tokio::test]
async fn a_sandbox_project_has_a_limit_an_hour_if_so_switched() {
    let site = Site::open().await;
    site.organization.settings(|s| s.sandbox_calls_per_hour = Some(1));
    let listed = site.get("/management/v1/projects").await.json();
    assert_eq!(listed["data"][6]["limits"]["api_calls"].to_string(), r#"[{"value":1,"duration":"PT1H"}]"#);
    let answer = site.get(&users_path(seed::SANDBOX)).await;
    assert_eq!((answer.status, number(&answer, "x-rate-limit-limit")), (200, 1));

    let refused = read(site.request(Method::DELETE, &user_path(seed::SANDBOX, seed::ZOE))).await;
    assert_eq!(refused.status, 429);
    let wait_s = number(&refused, "retry-after");
    assert!((3590..=3600).contains(&wait_s), "{wait_s}");
    // The other projects go on.
    assert_eq!(site.unassign(seed::TEST, seed::ZOE).await.status, 204);

    site.clock.advance(Duration::from_secs(wait_s));
    assert_eq!(site.unassign(seed::SANDBOX, seed::ZOE).await.status, 204);
}
