//! What a crash left unknown is looked up, by reads alone.

use offramp::model::{Outcome, Verified};
use offramp::sandbox::Fault;

use super::*;

/// A request whose process ended before it could record a result.
async fn broken_off(user: u64, roles: &[u64], fault: Option<Fault>) -> Stage {
    let stage = Stage::open().await;
    if let Some(fault) = fault {
        stage.server.faults.once("DELETE", "/roles/", fault);
    }
    let intents = roles.len();
    stage.storage.fail(move |method, before| method == "append_audit" && before >= intents);
    stage.ask(Stage::removal(user, roles)).await;
    let stage = stage.restarted().await;
    assert_eq!(stage.open_intents().await, intents);
    stage.server.clear_journal();
    stage
}

#[tokio::test]
async fn a_removal_that_was_done_is_recorded_as_done() {
    let stage = broken_off(102, &[2, 3], None).await;
    let [settlement] = stage.gateway.settle(Duration::ZERO).await.unwrap().try_into().unwrap();
    assert_eq!(settlement.open, None);
    let seen: Vec<(Outcome, Verified)> = settlement.seen.iter().map(|seen| (seen.outcome, seen.verified)).collect();
    assert_eq!(seen, [(Outcome::Removed, Verified::Yes); 2]);
    assert_eq!(stage.open_intents().await, 0);
    let last = stage.entries().await.pop().unwrap();
    assert_eq!((&*last.kind, last.outcome.as_deref()), ("settled", Some("removed")));
    assert_eq!(*last.request_id, *settlement.request_id);
    assert_eq!(stage.writes(), 0, "it only reads");
}

#[tokio::test]
async fn a_removal_that_never_arrived_is_recorded_as_not_done() {
    let stage = broken_off(102, &[2], Some(Fault::DropBefore)).await;
    let [settlement] = stage.gateway.settle(Duration::ZERO).await.unwrap().try_into().unwrap();
    assert_eq!((settlement.seen[0].outcome, settlement.seen[0].verified), (Outcome::Failed, Verified::No));
    assert!(stage.holds(102, 2));
    assert_eq!(stage.open_intents().await, 0);
    assert_eq!(stage.writes(), 0, "it only reads");
}

#[tokio::test]
async fn what_the_provider_does_not_tell_stays_open() {
    let stage = broken_off(102, &[2], None).await;
    stage.server.faults.always("GET", "/users/", Fault::DropBefore);
    let [settlement] = stage.gateway.settle(Duration::ZERO).await.unwrap().try_into().unwrap();
    assert!(settlement.open.is_some(), "{settlement:?}");
    assert_eq!(stage.open_intents().await, 1);
    stage.server.faults.clear();
    assert_eq!(stage.gateway.settle(Duration::ZERO).await.unwrap()[0].open, None);
    assert_eq!(stage.open_intents().await, 0);
    assert!(stage.gateway.settle(Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_intent_that_may_be_in_flight_is_left_alone() {
    let stage = broken_off(102, &[2], None).await;
    assert!(stage.gateway.settle(Duration::from_secs(60)).await.unwrap().is_empty());
    assert!(stage.server.journal().is_empty());
}

#[tokio::test]
async fn an_account_that_is_gone_leaves_it_open() {
    let stage = broken_off(102, &[2], None).await;
    stage.gateway.disconnect(&Caller::operator(DEFAULT_ENVIRONMENT), "guardhouse").await.unwrap();
    let [settlement] = stage.gateway.settle(Duration::ZERO).await.unwrap().try_into().unwrap();
    assert!(settlement.open.unwrap().contains("account"));
}
