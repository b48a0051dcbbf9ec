//! Rates: a token's requests, an account's requests, and what is said of one too many.

use offramp::gateway::RateLimits;

use super::*;
use crate::staged::removal;

async fn limited(per_token: u32, per_account: u32) -> Stage {
    Stage::open(Settings { rates: RateLimits { per_token, per_account }, ..Settings::default() }).await
}

/// Says how many, that none are left, and when to come again.
fn says_when(answer: &Answer, limit: &str) {
    assert_eq!((answer.status, answer.kind()), (429, "rate_limited"), "{answer:?}");
    assert_eq!(answer.body["truto_is_remote_error"], false);
    let header = |name: &str| answer.headers[name].to_str().unwrap().to_owned();
    assert_eq!(header("ratelimit-limit"), limit);
    assert_eq!(header("ratelimit-remaining"), "0");
    let wait: u64 = header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(header("ratelimit-reset"), header("retry-after"));
}

#[tokio::test]
async fn a_token_has_so_many_requests_and_another_has_its_own() {
    let stage = limited(3, 0).await;
    let (first, _) = stage.token(json!({"name": "first", "scopes": ["admin", "call"]})).await;
    let (second, _) = stage.token(json!({"name": "second", "scopes": ["admin"]})).await;
    for _ in 0..3 {
        assert_eq!(lists_accounts(&stage, &first).await.status, 200);
    }
    let answer = lists_accounts(&stage, &first).await;
    says_when(&answer, "3;w=60");
    assert!(answer.message().contains("limits.token_requests_per_minute"), "{answer:?}");
    assert_eq!(lists_accounts(&stage, &second).await.status, 200);

    let path = format!("/unified/user-directory/users/unassign-role?integrated_account_id={}", stage.account);
    says_when(&stage.call("POST", &path, Some(&first), &removal("102", &["2"])).await, "3;w=60");
    assert!(stage.server.journal().is_empty(), "nothing was sent");
}

#[tokio::test]
async fn an_account_has_so_many_requests_whoever_asks() {
    let stage = limited(0, 2).await;
    assert_eq!(stage.unassign("&dry_run=true", &removal("102", &["2"])).await.status, 200);
    // Bad input reaches nobody, and counts for nothing.
    assert_eq!(stage.unassign("&verify=perhaps", &removal("102", &["2"])).await.status, 400);
    assert_eq!(stage.remove("102", &["2"]).await.status, 200);
    stage.server.clear_journal();
    let answer = stage.remove("102", &["3"]).await;
    says_when(&answer, "2;w=60");
    assert!(answer.message().contains("limits.account_requests_per_minute"), "{answer:?}");
    assert!(stage.server.journal().is_empty(), "nothing was sent");
    assert_eq!(lists_accounts(&stage, TOKEN).await.status, 200, "who asks about nothing is not limited");
}

#[tokio::test]
async fn what_was_used_up_comes_back_with_time() {
    let stage = limited(0, 60).await;
    let body = removal("102", &["2"]);
    let asked = (0..70).map(|_| stage.unassign("&dry_run=true", &body));
    let answers = futures_util::future::join_all(asked).await;
    let refused: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 429).collect();
    // As many as the limit, and the few that came back meanwhile.
    assert!((1..=10).contains(&refused.len()), "{}", refused.len());
    assert_eq!(refused[0].headers["retry-after"], "1");
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(stage.unassign("&dry_run=true", &removal("102", &["2"])).await.status, 200);
}

#[tokio::test]
async fn without_a_setting_there_is_no_limit() {
    let stage = stage().await;
    for _ in 0..300 {
        assert_eq!(lists_accounts(&stage, TOKEN).await.status, 200);
    }
}
