//! What was wrong once, and shall not be again.

use offramp::sandbox::{Fault, Reply};
use serde_json::json;

use super::guardhouse;

#[tokio::test]
async fn the_read_back_of_somebody_else_proves_nothing() {
    // Contract 4: "`unverifiable` is never dressed up as `yes`": this read-back is about user 101.
    let site = guardhouse().await;
    site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
    let other = Reply::json(200, &json!({"id": 101, "roles": []}));
    site.server.faults.always("GET", "/api/v1/users/", Fault::Answer(other));
    let answer = site.demo().blindfolded().send().await;
    assert_eq!(answer.header("offramp-verified"), Some("unverifiable"), "{}", answer.text());
}

#[tokio::test]
async fn a_token_endpoint_that_answers_404_is_no_failure_of_ours() {
    // Contract 7: "A provider 4xx never becomes our 5xx."
    let site = guardhouse().await;
    site.simulator.expire_all_tokens();
    site.simulator.settings(|settings| settings.wrong_tenant = true);
    let answer = site.demo().send().await;
    assert!((400..500).contains(&answer.status), "404 became {}: {}", answer.status, answer.text());
}

#[tokio::test]
async fn a_write_sent_again_after_a_renewal_counts() {
    // Contract 3: "`Offramp-Remote-Calls` (unassign writes sent; not reads, not token calls)".
    let site = guardhouse().await;
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
    site.simulator.assign(102, 2);
    site.simulator.expire_all_tokens();
    let answer = site.demo().send().await;
    assert_eq!(answer.writes().len(), 2, "the rejected one and the accepted one");
    assert_eq!(answer.header("offramp-remote-calls"), Some("2"));
}
