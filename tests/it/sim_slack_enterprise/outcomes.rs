//! The answers to a removal that depend on what is held and what is named.

use std::time::Duration;

use offramp::sandbox::Simulator;
use offramp::sandbox::slack_enterprise::{NotHeld, OrgOnlyElsewhere};

use super::{CHANNEL, FIELD, HQ, MELNITZ, ORG, SPENGLER, STANTZ, Slack, VENKMAN};

#[tokio::test]
async fn a_role_that_was_listed_is_gone_after_its_removal() {
    let slack = Slack::start().await;
    assert!(slack.lists("Rl03", HQ, SPENGLER).await);
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    assert!(!slack.lists("Rl03", HQ, SPENGLER).await);
}

#[tokio::test]
async fn removing_a_role_not_held_still_answers_ok_and_changes_nothing() {
    let slack = Slack::start().await;
    let before = slack.sim.memberships();
    let answer = slack.remove("Rl03", &[HQ], &[STANTZ]).await;
    answer.is(r#"{"ok":true}"#);
    assert_eq!(slack.sim.memberships(), before);
}

#[tokio::test]
async fn a_removal_repeated_answers_the_same() {
    let slack = Slack::start().await;
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    slack.remove_demo().await.is(r#"{"ok":true}"#);
}

#[tokio::test]
async fn an_accepted_removal_may_be_without_effect() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.ignores_removals = true);
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    assert!(slack.lists("Rl03", HQ, SPENGLER).await);
}

#[tokio::test]
async fn within_the_read_lag_a_removed_role_is_still_listed() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.read_lag = Duration::from_secs(3600));
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
    assert!(slack.lists("Rl03", HQ, SPENGLER).await);
    slack.clock.advance(Duration::from_secs(3600));
    assert!(!slack.lists("Rl03", HQ, SPENGLER).await);
}

#[tokio::test]
async fn a_role_given_back_within_the_read_lag_is_listed_once() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.read_lag = Duration::from_secs(3600));
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    let give = "admin.roles.addAssignments";
    let given = slack.change(give, "Rl03", &[HQ], &[SPENGLER]).await;
    given.is(r#"{"ok":true}"#);
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    let page = slack.get(super::LIST, "role_ids=Rl03&entity_ids=T012AB3C4").await;
    assert_eq!(page.text.matches(SPENGLER).count(), 1, "{}", page.text);
}

#[tokio::test]
async fn one_unknown_user_among_known_ones_is_a_rejected_row_and_the_rest_is_done() {
    let slack = Slack::start().await;
    let answer = slack.remove("Rl03", &[HQ], &["U0NOBODY1", SPENGLER]).await;
    answer.is(
        r#"{"ok":false,"error":"failed_for_some_users","rejected_users":[{"id":"U0NOBODY1","error":"user_not_found"}]}"#,
    );
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn one_unknown_entity_among_known_ones_is_a_rejected_row_and_the_rest_is_done() {
    let slack = Slack::start().await;
    let answer = slack.remove("Rl03", &["T0NOWHERE", HQ, "C0NOWHERE"], &[SPENGLER]).await;
    answer.is(
        r#"{"ok":false,"error":"failed_for_some_entities","rejected_entities":[{"id":"C0NOWHERE","error":"channel_not_found"},{"id":"T0NOWHERE","error":"team_not_found"}]}"#,
    );
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn unknown_users_and_entities_are_rejected_in_two_lists() {
    let slack = Slack::start().await;
    let answer = slack.remove("Rl03", &[HQ, "T0NOWHERE"], &[SPENGLER, "U0NOBODY1"]).await;
    answer.is(
        r#"{"ok":false,"error":"failed_for_some_users_and_entities","rejected_users":[{"id":"U0NOBODY1","error":"user_not_found"}],"rejected_entities":[{"id":"T0NOWHERE","error":"team_not_found"}]}"#,
    );
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn nobody_known_is_no_valid_users() {
    let slack = Slack::start().await;
    for users in [&["U0NOBODY1"][..], &["U0NOBODY1", "spengler"], &[]] {
        let answer = slack.remove("Rl03", &[HQ], users).await;
        answer.is(r#"{"ok":false,"error":"no_valid_users"}"#);
    }
}

#[tokio::test]
async fn no_entity_known_is_no_valid_entities() {
    let slack = Slack::start().await;
    for entities in [&["T0NOWHERE"][..], &["Acme"], &["E0OTHER00", ""], &[]] {
        let answer = slack.remove("Rl03", entities, &[SPENGLER]).await;
        answer.is(r#"{"ok":false,"error":"no_valid_entities"}"#);
    }
}

#[tokio::test]
async fn an_unknown_role_is_invalid_role_id() {
    let slack = Slack::start().await;
    // A name, another case and an id that older documents had are no ids.
    for role in ["Rl99", "User Admin", "rl03", "Rl0H", ""] {
        let answer = slack.remove(role, &[HQ], &[SPENGLER]).await;
        answer.is(r#"{"ok":false,"error":"invalid_role_id"}"#);
    }
}

#[tokio::test]
async fn a_custom_role_is_removed_by_its_own_kind_of_id() {
    let slack = Slack::start().await;
    let answer = slack.remove("R0742DESK", &[HQ], &[VENKMAN]).await;
    answer.is(r#"{"ok":true}"#);
    assert!(!slack.holds("R0742DESK", HQ, VENKMAN));
}

#[tokio::test]
async fn a_role_on_a_channel_is_removed_there() {
    let slack = Slack::start().await;
    let answer = slack.remove("Rl0A", &[CHANNEL], &[STANTZ]).await;
    answer.is(r#"{"ok":true}"#);
    let facts = slack.sim.memberships();
    assert!(!facts.iter().any(|f| f.starts_with("user W0STANTZ1 holds")));
    assert!(facts.contains("user W0STANTZ1 is a member of workspace T012AB3C4"));
}

#[tokio::test]
async fn a_removal_is_the_cross_product_of_users_and_entities_and_no_more() {
    let slack = Slack::start().await;
    let before = slack.sim.memberships();
    let answer = slack.remove("Rl03", &[HQ, FIELD], &[SPENGLER, VENKMAN, MELNITZ]).await;
    answer.is(r#"{"ok":true}"#);
    let after = slack.sim.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(
        lost,
        [
            "user U0VENKMAN holds role Rl03 on T012AB3C4",
            "user W012A3CDE holds role Rl03 on T012AB3C4",
            "user W0MELNITZ holds role Rl03 on T0FIELD01",
        ]
    );
}

#[tokio::test]
async fn ten_users_are_taken_and_eleven_are_too_many() {
    let slack = Slack::start().await;
    let eleven = [SPENGLER; 11];
    let answer = slack.remove("Rl03", &[HQ], &eleven).await;
    answer.is(r#"{"ok":false,"error":"too_many_users"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
    let answer = slack.remove("Rl03", &[HQ], &eleven[1..]).await;
    answer.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn ten_entities_are_taken_and_eleven_are_too_many() {
    let slack = Slack::start().await;
    let eleven = [HQ; 11];
    let answer = slack.remove("Rl03", &eleven, &[SPENGLER]).await;
    answer.is(r#"{"ok":false,"error":"too_many_entities"}"#);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
    let answer = slack.remove("Rl03", &eleven[1..], &[SPENGLER]).await;
    answer.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn not_held_may_be_no_valid_users() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.not_held = NotHeld::NoValidUsers);
    let answer = slack.remove("Rl03", &[HQ], &[STANTZ]).await;
    answer.is(r#"{"ok":false,"error":"no_valid_users"}"#);
    slack.remove_demo().await.is(r#"{"ok":true}"#);
    let again = slack.remove_demo().await;
    again.is(r#"{"ok":false,"error":"no_valid_users"}"#);
}

#[tokio::test]
async fn not_held_may_be_a_rejected_row() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.not_held = NotHeld::FailedForSomeUsers);
    let answer = slack.remove("Rl03", &[HQ], &[STANTZ, SPENGLER]).await;
    answer.is(
        r#"{"ok":false,"error":"failed_for_some_users","rejected_users":[{"id":"W0STANTZ1","error":"not_assigned"}]}"#,
    );
    assert!(!slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn an_org_only_role_on_a_workspace_is_a_rejected_entity() {
    let slack = Slack::start().await;
    let answer = slack.remove("Rl0D", &[HQ], &[VENKMAN]).await;
    answer.is(
        r#"{"ok":false,"error":"failed_for_some_entities","rejected_entities":[{"id":"T012AB3C4","error":"invalid_entity"}]}"#,
    );
    assert!(slack.holds("Rl0D", ORG, VENKMAN));
    slack.remove("Rl0D", &[ORG], &[VENKMAN]).await.is(r#"{"ok":true}"#);
    assert!(!slack.holds("Rl0D", ORG, VENKMAN));
}

#[tokio::test]
async fn an_org_only_role_on_a_workspace_may_be_no_entity_or_any_entity() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.org_only_elsewhere = OrgOnlyElsewhere::NoValidEntities);
    let answer = slack.remove("Rl0D", &[HQ], &[VENKMAN]).await;
    answer.is(r#"{"ok":false,"error":"no_valid_entities"}"#);
    slack.sim.settings(|s| s.org_only_elsewhere = OrgOnlyElsewhere::Accepted);
    let answer = slack.remove("Rl0D", &[HQ], &[VENKMAN]).await;
    answer.is(r#"{"ok":true}"#);
    assert!(slack.holds("Rl0D", ORG, VENKMAN));
}

#[tokio::test]
async fn the_inverse_gives_a_role_and_gives_it_once() {
    let slack = Slack::start().await;
    let give = "admin.roles.addAssignments";
    for _ in 0..2 {
        let answer = slack.change(give, "Rl01", &[HQ], &[STANTZ]).await;
        answer.is(r#"{"ok":true}"#);
    }
    let held = slack.sim.directory(|d| {
        let held = d.assignments.iter();
        held.filter(|a| a.is("Rl01", HQ, STANTZ)).count()
    });
    assert_eq!(held, 1);
    assert!(slack.lists("Rl01", HQ, STANTZ).await);
}
