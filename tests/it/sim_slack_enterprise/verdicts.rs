//! The rest of the outcome table: codes that no state explains, planted inside the method, each on HTTP 200.

use offramp::sandbox::slack_enterprise::{MethodFailure, Work};

use super::{HQ, LIST, REMOVE, SPENGLER, Slack, VENKMAN};

/// Asserts that each code is answered as it is documented, and that nothing is removed.
async fn refused_with(codes: &[&str]) {
    let slack = Slack::start().await;
    for code in codes {
        slack.fail(MethodFailure { times: 1, ..MethodFailure::of(REMOVE, code) });
        let expected = format!(r#"{{"ok":false,"error":"{code}"}}"#);
        slack.remove_demo().await.is(&expected);
        assert!(slack.lists("Rl03", HQ, SPENGLER).await, "{code}");
    }
    slack.remove_demo().await.is(r#"{"ok":true}"#);
}

#[tokio::test]
async fn users_and_workspaces_that_are_not_there_are_not_found() {
    let slack = Slack::start().await;
    for (method, query, body) in [
        ("users.info", "user=U0NOBODY1", r#"{"ok":false,"error":"user_not_found"}"#),
        ("users.info", "user=", r#"{"ok":false,"error":"user_not_found"}"#),
        ("users.info", "user=W0GOZER01", r#"{"ok":false,"error":"user_not_visible"}"#),
        ("users.lookupByEmail", "email=nobody@acme.example.com", r#"{"ok":false,"error":"users_not_found"}"#),
        ("users.lookupByEmail", "email=", r#"{"ok":false,"error":"users_not_found"}"#),
        ("users.list", "team_id=T0NOWHERE", r#"{"ok":false,"error":"team_not_found"}"#),
        ("admin.users.list", "team_id=T0NOWHERE", r#"{"ok":false,"error":"team_not_found"}"#),
    ] {
        slack.get(method, query).await.is(body);
    }
    refused_with(&["user_not_found", "user_not_visible", "users_not_found", "team_not_found"]).await;
}

#[tokio::test]
async fn permission_is_missing_in_many_words() {
    refused_with(&[
        "no_permission",
        "access_denied",
        "org_login_required",
        "team_access_not_granted",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "two_factor_setup_required",
        "accesslimited",
    ])
    .await;
}

#[tokio::test]
async fn role_admins_may_be_protected() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.protects_role_admins = true);
    slack
        .remove("Rl02", &["E0ACME4242"], &["W0ZEDDMORE"])
        .await
        .is(r#"{"ok":false,"error":"cannot_modify_role_admin"}"#);
    assert!(slack.holds("Rl02", "E0ACME4242", "W0ZEDDMORE"));
    slack.remove_demo().await.is(r#"{"ok":true}"#);
}

#[tokio::test]
async fn a_plan_without_roles_is_feature_not_enabled() {
    let slack = Slack::start().await;
    slack.sim.settings(|s| s.has_roles_feature = false);
    let refused = r#"{"ok":false,"error":"feature_not_enabled"}"#;
    slack.remove_demo().await.is(refused);
    slack.get(LIST, "").await.is(refused);
    assert!(slack.holds("Rl03", HQ, SPENGLER));
}

#[tokio::test]
async fn ratelimited_may_come_on_200_without_retry_after() {
    let slack = Slack::start().await;
    slack.fail(MethodFailure { times: 1, ..MethodFailure::of(REMOVE, "ratelimited") });
    let answer = slack.remove_demo().await;
    answer.is(r#"{"ok":false,"error":"ratelimited"}"#);
    assert!(!answer.headers.contains_key("retry-after"));
    assert!(slack.holds("Rl03", HQ, SPENGLER));
    slack.remove_demo().await.is(r#"{"ok":true}"#);
}

#[tokio::test]
async fn an_internal_error_may_come_after_nothing_or_after_everything() {
    let slack = Slack::start().await;
    for (work, still_held) in [(Work::Nothing, true), (Work::All, false)] {
        slack.fail(MethodFailure { work, times: 1, ..MethodFailure::of(REMOVE, "internal_error") });
        let answer = slack.remove_demo().await;
        answer.is(r#"{"ok":false,"error":"internal_error"}"#);
        assert_eq!(slack.lists("Rl03", HQ, SPENGLER).await, still_held);
    }
}

#[tokio::test]
async fn a_fatal_error_may_come_after_half_of_the_work() {
    let slack = Slack::start().await;
    slack.fail(MethodFailure { work: Work::Half, ..MethodFailure::of(REMOVE, "fatal_error") });
    let answer = slack.remove("Rl03", &[HQ], &[SPENGLER, VENKMAN]).await;
    answer.is(r#"{"ok":false,"error":"fatal_error"}"#);
    assert!(!slack.lists("Rl03", HQ, SPENGLER).await);
    assert!(slack.lists("Rl03", HQ, VENKMAN).await);
}

#[tokio::test]
async fn slack_may_be_unavailable_for_a_while() {
    refused_with(&["service_unavailable", "team_added_to_org", "request_timeout"]).await;
}

#[tokio::test]
async fn the_method_may_be_deprecated() {
    refused_with(&["method_deprecated", "deprecated_endpoint", "upgrade_required"]).await;
}

#[tokio::test]
async fn a_code_no_document_names_is_answered_as_it_is() {
    // The last two contain known codes, which only an exact comparison tells apart.
    refused_with(&["brand_new_code", "internal_error_2", "not_invalid_auth"]).await;
}

#[tokio::test]
async fn a_planted_failure_without_a_method_meets_every_method_an_exact_number_of_times() {
    let slack = Slack::start().await;
    slack.fail(MethodFailure { times: 2, ..MethodFailure::of("", "request_timeout") });
    let failed = r#"{"ok":false,"error":"request_timeout"}"#;
    slack.get("auth.test", "").await.is(failed);
    slack.get(LIST, "").await.is(failed);
    assert_eq!(slack.get("auth.test", "").await.json()["ok"], true);
}
