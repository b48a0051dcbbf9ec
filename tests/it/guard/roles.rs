//! Protected roles, by id, by name, and by the place they are held in.

use offramp::sandbox::{Fault, Reply};

use super::*;

const SETTING: &str = "guard.protected_roles";

#[tokio::test]
async fn a_protected_role_is_refused_by_id_and_by_name_whichever_the_setting_names() {
    for rule in ["2", "support agent", "SUPPORT AGENT"] {
        let stage = Stage::open(roles(&[rule])).await;
        is_refused(&stage.remove("102", &["2"]).await, SETTING, &[rule]);
        let by_name = json!({"id": "102", "roles": [{"name": "Support Agent"}]});
        is_refused(&stage.unassign("", &by_name).await, SETTING, &[rule]);
        // Known by now, and not looked up again.
        is_refused(&stage.remove("103", &["2"]).await, SETTING, &[rule]);
        assert_eq!(stage.writes(), 0);
        is_removed(&stage.remove("102", &["3"]).await);
    }
}

#[tokio::test]
async fn one_protected_role_refuses_the_whole_request() {
    let stage = Stage::open(roles(&["Billing"])).await;
    let answer = stage.remove("102", &["2", "3"]).await;
    is_refused(&answer, SETTING, &["Billing"]);
    let items = answer.body["unassignment"]["items"].as_array().unwrap();
    assert!(items.iter().all(|item| item["outcome"] == "refused" && item["kind"] == "refused"), "{items:?}");
    assert_eq!(stage.writes(), 0);
    let [entry] = stage.entries().await.try_into().unwrap();
    assert_eq!((&*entry.kind, entry.detail.as_deref()), ("refused", Some(r#"{"rule":"guard.protected_roles"}"#)));
}

#[tokio::test]
async fn a_role_whose_name_is_not_told_may_be_a_protected_one() {
    let stage = Stage::open(roles(&["Support Agent"])).await;
    stage.server.faults.always("GET", "/roles/2", Fault::Answer(Reply::empty(503)));
    is_refused(&stage.remove("102", &["2"]).await, SETTING, &["roles[0].id"]);
    assert_eq!(stage.writes(), 0);
}

#[tokio::test]
async fn a_role_that_is_held_where_a_request_names_no_role_is_protected_too() {
    // A project is left with whatever role is held in it.
    let stage = Stage::at("voucherify", roles(&["admin"]), crate::staged::TOKEN).await;
    let users = stage.server.simulator.memberships();
    let demo = stage.server.simulator.demo();
    let sammy = demo.body["id"].as_str().unwrap();
    let project = |role: &str| {
        let start = format!("user {sammy} holds role {role} in project ");
        users.iter().find_map(|fact| fact.strip_prefix(&start)).unwrap()
    };
    let admin = stage.unassign("", &json!({"id": sammy, "workspace_id": project("ADMIN")})).await;
    is_refused(&admin, SETTING, &["admin"]);
    assert_eq!(stage.server.simulator.memberships(), users);
    is_removed(&stage.unassign("", &json!({"id": sammy, "workspace_id": project("USER")})).await);
}

#[tokio::test]
async fn a_place_that_stands_for_a_role_is_protected_by_its_id_and_by_its_name() {
    for rule in ["9", "Zürich 北"] {
        let stage = Stage::at("devicehive", roles(&[rule]), crate::staged::TOKEN).await;
        let ask = |user: &str, network: &str| json!({"id": user, "workspace_id": network});
        let (user, network) = if rule == "9" { ("42", "9") } else { ("110", "11") };
        is_refused(&stage.unassign("", &ask(user, network)).await, SETTING, &[rule]);
        // The user is in the protected network all the same.
        is_removed(&stage.unassign("", &ask("42", "7")).await);
    }
}
