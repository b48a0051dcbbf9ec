//! JumpCloud: a set of roles is read, one is subtracted, the rest is written. Nobody else's removal may get lost.

use std::time::Duration;

use offramp::sandbox::Fault;
use offramp::sandbox::Simulator;
use offramp::sandbox::jumpcloud::{JumpCloud, Rival, RivalWrites, RoleFields, seed};
use offramp::storage::Envelope;
use serde_json::json;

use super::{Site, jumpcloud};

const SLOW: Duration = Duration::from_millis(120);

#[tokio::test]
async fn two_removals_at_once_are_both_done() {
    // The same person by system user, by administrator and by e-mail: one provider user all the same.
    for (first, second) in [
        (seed::JANE, seed::JANE),
        (seed::JANE, seed::JANE_ADMIN),
        (seed::JANE_ADMIN, "jdoe@acme.com"),
        ("jdoe@acme.com", seed::JANE),
    ] {
        let site = jumpcloud().await;
        assert!(site.simulator.set_roles(seed::JANE_ADMIN, &["Help Desk", "Read Only", "Manager"]));
        // What is read is old when it arrives: without turns, the later write brings the other's role back.
        site.server.faults.always("GET", "/api/users/", Fault::Slow(SLOW));
        site.server.faults.always("GET", "/api/systemusers/", Fault::Slow(SLOW));
        let (left, right) = tokio::join!(
            site.unassign(first, &["Help Desk"]).send_unchecked(),
            site.unassign(second, &["Read Only"]).send_unchecked()
        );
        assert_eq!(site.simulator.role_names(seed::JANE_ADMIN).unwrap(), ["Manager"], "{first} and {second}");
        assert_eq!((left.verdict().as_str(), right.verdict().as_str()), ("removed yes", "removed yes"));
    }
}

#[tokio::test]
async fn a_removal_that_arrives_late_does_not_undo_another() {
    let site = jumpcloud().await;
    assert!(site.simulator.set_roles(seed::JANE_ADMIN, &["Help Desk", "Read Only", "Manager"]));
    // The first write is on its way when its connection breaks, and says what was held before the second.
    let late = Duration::from_millis(700);
    site.server.faults.once("PUT", seed::JANE_ADMIN, Fault::ActLater(late));
    let (first, second) = tokio::join!(site.unassign(seed::JANE, &["Help Desk"]).send_unchecked(), async {
        tokio::time::sleep(SLOW).await;
        site.unassign(seed::JANE, &["Read Only"]).send_unchecked().await
    });
    tokio::time::sleep(late).await;
    assert_eq!(first.header("offramp-outcome"), Some("unknown"));
    assert_eq!(second.verdict(), "removed yes");
    assert_eq!(site.simulator.role_names(seed::JANE_ADMIN).unwrap(), ["Manager"]);
}

#[tokio::test]
async fn different_administrators_do_not_wait_for_each_other() {
    let site = jumpcloud().await;
    assert!(site.simulator.set_roles(seed::OMAR_ADMIN, &["Command Runner", "Manager"]));
    site.server.faults.once("PUT", seed::JANE_ADMIN, Fault::Slow(Duration::from_millis(350)));
    let started = std::time::Instant::now();
    let (jane, omar) = tokio::join!(site.unassign(seed::JANE, &["Help Desk"]).send_unchecked(), async {
        let answer = site.unassign(seed::OMAR, &["Manager"]).send_unchecked().await;
        (answer, started.elapsed())
    });
    assert_eq!((jane.status, omar.0.status), (200, 200));
    assert!(omar.1 < Duration::from_millis(350), "{:?}", omar.1);
}

#[tokio::test]
async fn the_last_role_is_refused() {
    let site = jumpcloud().await;
    let answer = site.unassign(seed::OMAR, &["Command Runner"]).send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("refused"));
    answer.refused_as(422, "refused", "");
    assert!(answer.writes().is_empty());
    assert_eq!(answer.header("offramp-remote-calls"), Some("0"));
}

#[tokio::test]
async fn nobody_loses_the_last_role_with_the_one_before() {
    let site = jumpcloud().await;
    let answer = site.unassign(seed::JANE, &["Help Desk", "Read Only"]).send().await;
    // Together they are all she holds. Whether the first is taken is the definition's affair; the last one stays.
    answer.refused_as(422, "refused", "");
    assert_eq!(answer.item(1)["outcome"], "refused");
    assert!(!site.simulator.role_names(seed::JANE_ADMIN).unwrap().is_empty());
}

#[tokio::test]
async fn the_last_role_goes_with_the_administrator_where_that_is_allowed() {
    let site = Site::open(JumpCloud::new, Envelope::Bare).await;
    let site = site.connected_with(json!({"api_key": seed::API_KEY, "allow_admin_delete": true})).await;
    let answer = site
        .unassign(seed::OMAR, &["Command Runner"])
        .also(&format!("administrator {} exists", seed::OMAR_ADMIN))
        .also(&format!("system user {} is administrator {}", seed::OMAR, seed::OMAR_ADMIN))
        .send()
        .await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    assert_eq!(answer.writes(), [format!("DELETE /api/users/{}", seed::OMAR_ADMIN)]);
    assert_eq!(answer.json()["id"], seed::OMAR, "the user is still there");
    // A role that is not the last one is still only subtracted.
    let answer = site.demo().send().await;
    assert_eq!(answer.writes(), [format!("PUT /api/users/{}", seed::JANE_ADMIN)]);
}

#[tokio::test]
async fn a_last_role_that_is_another_one_is_left_alone() {
    let site = Site::open(JumpCloud::new, Envelope::Bare).await;
    let site = site.connected_with(json!({"api_key": seed::API_KEY, "allow_admin_delete": true})).await;
    let answer = site.unassign(seed::OMAR, &["Manager"]).send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (200, Some("already_absent")), "{}", answer.text());
}

#[tokio::test]
async fn both_kinds_of_id_are_taken() {
    let site = jumpcloud().await;
    let answer = site.unassign(seed::JANE_ADMIN, &["Help Desk"]).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    let answer = site.unassign(seed::STANDALONE_ADMIN, &["Manager"]).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    assert_eq!(site.simulator.role_names(seed::STANDALONE_ADMIN).unwrap(), ["Auditors, EU"]);
}

#[tokio::test]
async fn the_older_tenant_has_one_role_and_it_is_the_last() {
    let site = jumpcloud().await;
    site.simulator.settings(|settings| settings.role_fields = RoleFields::One);
    let answer = site.demo().send().await;
    answer.refused_as(422, "refused", "");
    let answer = site.unassign(seed::JANE, &["Read Only"]).send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("already_absent"), "{}", answer.text());
}

#[tokio::test]
async fn the_casing_of_with_does_not_hide_a_role() {
    let site = jumpcloud().await;
    assert!(site.simulator.set_roles(seed::JANE_ADMIN, &["Command Runner With Billing", "Read Only"]));
    site.simulator.settings(|settings| settings.lower_case_with = true);
    let answer = site.unassign(seed::JANE, &["Command Runner With Billing"]).send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    assert_eq!(site.simulator.role_names(seed::JANE_ADMIN).unwrap(), ["Read Only"]);
}

#[tokio::test]
async fn a_rival_who_gives_the_role_back_is_seen() {
    let site = jumpcloud().await;
    let role_names = vec!["Help Desk".to_owned(), "Read Only".to_owned()];
    site.simulator.settings(|settings| settings.rival = Some(Rival { when: RivalWrites::After, role_names }));
    let answer = site.demo().send().await;
    assert_eq!(answer.verdict(), "failed no", "{}", answer.text());
    answer.refused_as(502, "not_effective", "");
}

#[tokio::test]
async fn without_the_undocumented_calls_nothing_false_is_said() {
    let site = jumpcloud().await;
    site.simulator.settings(|settings| settings.undocumented_admin_calls = false);
    let answer = site.demo().send().await;
    // Whatever can be read of a system user only, the provider's state agrees with what is said of it.
    assert!(answer.verdict() == "removed yes" || answer.status >= 400, "{}", answer.text());
}

#[tokio::test]
async fn a_read_that_lost_the_role_names_is_not_written_back() {
    // A set computed from half a read would take every other role too.
    let site = jumpcloud().await;
    for odd in
        [json!({"_id": seed::JANE_ADMIN}), json!({"_id": seed::JANE_ADMIN, "roleNames": null}), json!({}), json!([])]
    {
        let reply = offramp::sandbox::Reply::json(200, &odd);
        site.server.faults.always("GET", "/api/users/", Fault::Answer(reply));
        let answer = site.demo().send().await;
        // The truth is checked for every answer: at most Help Desk may be gone.
        assert!(answer.lost.len() <= 1, "{odd}: {}", answer.text());
        site.server.faults.clear();
        site.simulator.set_roles(seed::JANE_ADMIN, &["Help Desk", "Read Only"]);
    }
    assert_eq!(site.simulator.memberships(), jumpcloud().await.simulator.memberships());
}
