//! Slack Enterprise: errors inside 200, a proof over several pages, roles that only the organisation holds.

use std::time::Duration;

use offramp::sandbox::slack_enterprise::{LastCursor, MethodFailure, NotHeld, OrgOnlyElsewhere, SlackEnterprise};
use offramp::sandbox::{Fault, Reply, Trigger};
use serde_json::json;

use super::{Site, slack};

const REMOVE: &str = "admin.roles.removeAssignments";
const LIST: &str = "admin.roles.listAssignments";

#[tokio::test]
async fn an_error_inside_a_200_takes_the_status_of_its_kind() {
    let codes = [
        ("no_valid_entities", 404, "not_found"),
        ("invalid_role_id", 404, "not_found"),
        ("user_not_found", 404, "not_found"),
        ("user_not_visible", 404, "not_found"),
        ("users_not_found", 404, "not_found"),
        ("team_not_found", 404, "not_found"),
        ("invalid_arguments", 400, "invalid_request"),
        ("too_many_users", 400, "invalid_request"),
        ("invalid_json", 400, "invalid_request"),
        ("method_deprecated", 400, "invalid_request"),
        ("invalid_auth", 401, "credentials_rejected"),
        ("account_inactive", 401, "credentials_rejected"),
        ("token_revoked", 401, "credentials_rejected"),
        ("token_expired", 401, "credentials_rejected"),
        ("not_authed", 401, "credentials_rejected"),
        ("missing_scope", 403, "permission_missing"),
        ("not_allowed_token_type", 403, "permission_missing"),
        ("access_denied", 403, "permission_missing"),
        ("invalid_actor", 403, "permission_missing"),
        ("org_login_required", 403, "permission_missing"),
        ("cannot_modify_role_admin", 403, "permission_missing"),
        ("feature_not_enabled", 403, "permission_missing"),
        ("ratelimited", 429, "rate_limited"),
        // Contract 3: "Slack's `ok: false` with any other code, as `failed`, kind `provider_error`".
        ("a_code_of_next_year", 502, "provider_error"),
        ("not_invalid_auth", 502, "provider_error"),
        ("Invalid_Auth", 502, "provider_error"),
    ];
    let site = slack().await;
    for (code, status, kind) in codes {
        site.simulator.settings(|settings| settings.failures = vec![MethodFailure::of(REMOVE, code)]);
        let answer = site.demo().send().await;
        assert_eq!(answer.header("offramp-outcome"), Some("failed"), "{code}: {}", answer.text());
        let body = answer.refused_as(status, kind, code);
        assert_eq!(body["raw_response"]["error"], code);
        assert_eq!(answer.header("offramp-remote-status"), Some("200"));
        let marked = site.status().await == "needs_reauth";
        // "A provider's 401 marks the account `needs_reauth` …; 403 does not", and no failure takes the mark away.
        assert!(marked || status != 401, "{code}: {}", answer.text());
        site.simulator.settings(|settings| settings.failures.clear());
        assert_eq!(site.demo().send().await.header("offramp-outcome"), Some("removed"));
        assert_eq!(site.status().await, "active");
        site.simulator.directory(|directory| directory.assign("Rl03", "T012AB3C4", "W012A3CDE", 1_663_617_026));
        if status == 403 {
            assert!(!marked, "{code}");
        }
    }
}

#[tokio::test]
async fn an_answer_without_ok_is_no_answer() {
    let site = slack().await;
    for body in [json!({}), json!({"ok": "true"}), json!({"ok": 1}), json!({"ok": null}), json!({"error": "x"})] {
        site.server.faults.once("POST", REMOVE, Fault::Answer(Reply::json(200, &body)));
        let answer = site.demo().send().await;
        assert_eq!(
            (answer.status, answer.header("offramp-outcome")),
            (502, Some("unknown")),
            "{body}: {}",
            answer.text()
        );
    }
}

/// An organisation in which the proof takes so many rows; the demo user's is the oldest, hence the last.
fn crowd(site: &Site<SlackEnterprise>, rows: usize) {
    site.simulator.directory(|directory| {
        for n in 0..rows {
            directory.assign("Rl03", "T012AB3C4", &format!("U0CROWD{n:05}"), 1_700_000_000 + n as u64);
        }
    });
}

/// Pages of the proof: the user's own roles are looked for among all.
fn listings(answer: &super::ask::Answer) -> usize {
    let of_role = |call: &offramp::sandbox::Call| call.path.ends_with(LIST) && call.query.contains("role_ids=");
    answer.calls.iter().filter(|recorded| of_role(&recorded.call)).count()
}

#[tokio::test]
async fn the_proof_is_read_to_the_last_page() {
    for last in [LastCursor::Empty, LastCursor::NoCursor, LastCursor::NoMetadata] {
        let site = slack().await;
        crowd(&site, 450);
        site.simulator.settings(|settings| settings.last_cursor = last);
        let answer = site.demo().send().await;
        assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
        assert_eq!(listings(&answer), 3);
    }
}

#[tokio::test]
async fn a_role_still_held_is_found_on_the_last_page() {
    let site = slack().await;
    crowd(&site, 450);
    site.simulator.settings(|settings| settings.ignores_removals = true);
    let answer = site.demo().send().await;
    assert_eq!(answer.verdict(), "failed no");
    answer.refused_as(502, "not_effective", "");
}

#[tokio::test]
async fn a_listing_cut_short_is_never_proof() {
    let endless =
        Reply::json(200, &json!({"ok": true, "role_assignments": [], "response_metadata": {"next_cursor": "again"}}));
    let cuts = [
        Fault::DropBefore,
        Fault::HalfBody,
        Fault::Answer(Reply::json(200, &json!({"ok": false, "error": "invalid_cursor"}))),
        Fault::Answer(Reply::json(200, &json!({"ok": true}))),
        Fault::Answer(Reply::json(200, &json!({"ok": true, "role_assignments": null}))),
        Fault::Answer(Reply::json(200, &json!({"role_assignments": []}))),
        Fault::Answer(Reply::text(200, "")),
        Fault::Answer(offramp::sandbox::slack_enterprise::ratelimited(30)),
        Fault::Answer(endless),
    ];
    for cut in cuts {
        for skip in [0, 2] {
            let site = slack().await;
            crowd(&site, 450);
            site.simulator.settings(|settings| settings.ignores_removals = true);
            let trigger = Trigger { method: "", path: LIST.to_owned(), skip, times: 0 };
            site.server.faults.plant(trigger, cut.clone());
            let asked = tokio::time::timeout(Duration::from_secs(20), site.demo().blindfolded().send());
            let answer = asked.await.unwrap_or_else(|_| panic!("{cut:?} hangs"));
            assert_eq!(
                (answer.status, answer.verdict().as_str()),
                (200, "removed unverifiable"),
                "{cut:?} after {skip}"
            );
        }
    }
}

#[tokio::test]
async fn a_page_cap_is_never_proof_either() {
    let site = slack().await;
    crowd(&site, 12_000);
    site.simulator.settings(|settings| settings.ignores_removals = true);
    let answer = site.demo().blindfolded().send().await;
    // Either all pages are read and the role is seen, or they are not and nothing is said.
    assert!(["failed no", "removed unverifiable"].contains(&answer.verdict().as_str()), "{}", answer.text());
}

#[tokio::test]
async fn asked_to_look_first_a_listing_cut_short_is_no_absence() {
    let site = slack().await;
    crowd(&site, 450);
    let trigger = Trigger { method: "", path: LIST.to_owned(), skip: 1, times: 1 };
    site.server.faults.plant(trigger, Fault::DropBefore);
    let answer = site.demo().query("check_before", "true").send().await;
    assert_ne!(answer.header("offramp-outcome"), Some("already_absent"), "{}", answer.text());
}

#[tokio::test]
async fn what_slack_says_of_a_role_not_held() {
    for not_held in [NotHeld::OkTrue, NotHeld::NoValidUsers, NotHeld::FailedForSomeUsers] {
        let site = slack().await;
        site.simulator.settings(|settings| settings.not_held = not_held);
        let answer = site.unassign("W0STANTZ1", "Rl03", "T012AB3C4").send().await;
        let outcome = answer.header("offramp-outcome").unwrap();
        assert!(["removed", "already_absent", "failed"].contains(&outcome), "{not_held:?}: {}", answer.text());
        assert!(answer.lost.is_empty());
        let held = site.demo().send().await;
        assert_eq!(held.verdict(), "removed yes", "{not_held:?}");
    }
}

#[tokio::test]
async fn a_rejected_user_is_not_removed() {
    let site = slack().await;
    site.simulator.settings(|settings| {
        settings.rejected_users.insert("W012A3CDE".to_owned(), "cant_touch_this".to_owned());
    });
    let answer = site.demo().send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("failed"), "{}", answer.text());
    assert!(answer.status >= 400);
}

#[tokio::test]
async fn an_org_only_role_on_a_workspace_is_refused() {
    for elsewhere in [OrgOnlyElsewhere::Rejected, OrgOnlyElsewhere::NoValidEntities, OrgOnlyElsewhere::Accepted] {
        let site = slack().await;
        site.simulator.settings(|settings| settings.org_only_elsewhere = elsewhere);
        for entity in ["T012AB3C4", "C0CONTAIN1"] {
            let answer = site.unassign("U0VENKMAN", "Rl0D", entity).send().await;
            // Slack's page lists it under what to refuse before any call, as `invalid_request`.
            answer.bad_input(entity);
            assert!(answer.calls.is_empty());
        }
        let answer = site.unassign("U0VENKMAN", "Rl0D", "E0ACME4242").send().await;
        assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
    }
}

#[tokio::test]
async fn custom_roles_and_channels_are_taken_too() {
    let site = slack().await;
    let answer = site.unassign("U0VENKMAN", "R0742DESK", "T012AB3C4").send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("removed"), "{}", answer.text());
    let answer = site.unassign("W0STANTZ1", "Rl0A", "C0CONTAIN1").send().await;
    assert_eq!(answer.verdict(), "removed yes", "{}", answer.text());
}

#[tokio::test]
async fn unexpected_fields_disturb_nothing() {
    let site = slack().await;
    site.simulator.settings(|settings| settings.extra_fields = true);
    assert_eq!(site.demo().send().await.verdict(), "removed yes");
}

#[tokio::test]
async fn a_user_who_cannot_be_read_is_still_removed_and_proven() {
    let site = slack().await;
    site.simulator.directory(|directory| directory.assign("Rl03", "T0FIELD01", "W0GOZER01", 1_700_000_000));
    let answer = site.unassign("W0GOZER01", "Rl03", "T0FIELD01").send().await;
    assert_eq!(answer.header("offramp-outcome"), Some("removed"), "{}", answer.text());
    // The user and the proof are two reads.
    assert_eq!((answer.header("offramp-verified"), answer.json()["id"].as_str()), (Some("yes"), Some("W0GOZER01")));
}
