//! Protected users, by whatever a request calls them.

use offramp::sandbox::jumpcloud::seed::{JANE, JANE_ADMIN};
use offramp::sandbox::{Fault, Reply};

use super::*;

const SETTING: &str = "guard.protected_users";

#[tokio::test]
async fn a_protected_user_is_refused_by_id_and_by_address_whichever_the_setting_names() {
    for rule in ["102", "jane.roe@example.com", "JANE.ROE@EXAMPLE.COM", "Jane Roe", " jane roe "] {
        let stage = Stage::open(users(&["nobody@example.com", rule])).await;
        for id in ["102", "Jane.Roe@Example.com"] {
            let answer = stage.remove(id, &["2", "3"]).await;
            is_refused(&answer, SETTING, &[rule]);
            assert_eq!(answer.body["unassignment"]["items"].as_array().unwrap().len(), 2);
        }
        assert_eq!(stage.writes(), 0, "{rule}");
        // Another user whose address and name are much alike.
        is_removed(&stage.remove("104", &["2"]).await);
    }
}

#[tokio::test]
async fn what_looks_alike_and_is_somebody_else_is_not_protected() {
    let stage = Stage::open(users(&["john@example.com", "10", "Doe"])).await;
    is_removed(&stage.remove("103", &["2"]).await);
    is_removed(&stage.remove("john@example.com.au", &["2"]).await);
    is_refused(&stage.remove("101", &["1"]).await, SETTING, &["john@example.com"]);
}

#[tokio::test]
async fn an_accent_composed_in_another_way_is_the_same_name() {
    for rule in ["Ana Nu\u{301}n\u{303}ez", "ANA NÚÑEZ", "\u{ff41}na Núñez"] {
        let stage = Stage::open(users(&[rule])).await;
        is_refused(&stage.remove("105", &["4"]).await, SETTING, &[]);
    }
}

#[tokio::test]
async fn a_refusal_is_recorded_and_names_nobody_that_could_not_be_forgotten() {
    let stage = Stage::open(users(&["jane.roe@example.com"])).await;
    let answer = stage.remove("Jane.Roe@Example.com", &["2"]).await;
    is_refused(&answer, SETTING, &[]);
    let [entry] = stage.entries().await.try_into().unwrap();
    assert_eq!((&*entry.kind, entry.outcome.as_deref()), ("refused", Some("refused")));
    assert_eq!((&*entry.account, entry.user.as_deref()), ("guardhouse", Some("102")));
    assert_eq!(&*entry.request_id, answer.headers["offramp-request-id"].to_str().unwrap());
    assert_eq!(entry.detail.as_deref(), Some(r#"{"rule":"guard.protected_users"}"#));
    let roles: Value = serde_json::from_str(&entry.roles).unwrap();
    assert_eq!(roles, json!([{"id": "2", "name": "Support Agent", "outcome": "refused", "verified": "skipped"}]));
    let verdict = offramp::audit::verify(&*stage.storage, None).await.unwrap();
    assert_eq!((verdict.entries, verdict.broken), (1, None));
}

#[tokio::test]
async fn a_dry_run_is_refused_too_and_not_recorded() {
    let stage = Stage::open(users(&["102"])).await;
    is_refused(&stage.unassign("&dry_run=true", &removal("102", &["2"])).await, SETTING, &["102"]);
    assert!(stage.entries().await.is_empty());
    let plan = stage.unassign("&dry_run=true", &removal("103", &["2"])).await;
    assert_eq!((plan.status, &plan.body["plan"]["outcome"]), (200, &json!("planned")), "{plan:?}");
    // Who the user is was read for the guard: the plan says so.
    assert!(plan.body["plan"]["steps"].as_array().unwrap().iter().any(|step| step["name"] == "get_user"), "{plan:?}");
}

#[tokio::test]
async fn where_it_cannot_be_told_who_the_user_is_nothing_is_sent() {
    let stage = Stage::open(users(&["ceo@example.com"])).await;
    stage.server.faults.always("GET", "/users/103", Fault::Answer(Reply::empty(503)));
    let answer = stage.remove("103", &["2"]).await;
    assert_eq!((answer.status, answer.kind()), (503, "provider_unavailable"), "{answer:?}");
    assert_eq!(answer.headers["offramp-outcome"], "failed");
    assert!(answer.message().contains("it cannot be told whether guard.protected_users forbids this"), "{answer:?}");
    assert_eq!(stage.writes(), 0);
    stage.server.faults.clear();
    is_removed(&stage.remove("103", &["2"]).await);
    assert_eq!(stage.remove("999", &["2"]).await.status, 404);
}

#[tokio::test]
async fn one_person_with_two_records_is_protected_under_both_ids() {
    let rules = [JANE, JANE_ADMIN, "jdoe@acme.com", "jane@home.example", "jdoe"];
    for rule in rules {
        let stage = Stage::at("jumpcloud", users(&[rule]), crate::staged::TOKEN).await;
        let held = stage.server.simulator.memberships();
        for id in [JANE, JANE_ADMIN, "jdoe@acme.com"] {
            let body = json!({"id": id, "roles": [{"name": "Help Desk"}]});
            let answer = stage.unassign("", &body).await;
            is_refused(&answer, SETTING, &[rule]);
            assert_eq!(stage.server.simulator.memberships(), held);
        }
    }
}

#[tokio::test]
async fn a_user_whose_address_the_provider_does_not_show_is_compared_by_whose_the_protected_one_is() {
    let stage = Stage::at("devicehive", users(&["john@example.com"]), crate::staged::TOKEN).await;
    // `alice` is a login, and no address: the protected address is another's.
    let (alice, john) = (json!({"id": "42", "workspace_id": "7"}), json!({"id": "101", "workspace_id": "7"}));
    is_removed(&stage.unassign("", &alice).await);
    is_refused(&stage.unassign("", &john).await, SETTING, &["john@example.com"]);
    let by_role = json!({"id": "101", "roles": [{"id": "7"}]});
    is_refused(&stage.unassign("", &by_role).await, SETTING, &["john@example.com"]);
}
