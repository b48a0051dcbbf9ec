//! The PUT is a set: which names it takes, and what the ways of setting nothing do.

use offramp::sandbox::jumpcloud::{BothSent, OnEmpty, seed};
use serde_json::json;

use super::{Answer, Bench, admin};

async fn put(bench: &Bench, body: &str) -> Answer {
    bench.put(&admin(seed::JANE_ADMIN), body).await
}

fn held(bench: &Bench) -> Vec<String> {
    bench.sim.role_names(seed::JANE_ADMIN).unwrap()
}

#[tokio::test]
async fn an_unknown_role_name_is_400_and_sets_nothing() {
    let bench = Bench::new().await;
    let answer = put(&bench, r#"{"firstname":"X","roleNames":["Read Only","Helpdesk"]}"#).await;
    answer.is(400, r#"{"code":400,"message":"unknown role: Helpdesk","status":"Bad Request"}"#);
    assert_eq!(held(&bench), ["Help Desk", "Read Only"]);
    bench.get(&admin(seed::JANE_ADMIN)).await.shows("/firstname", json!("Jane"));
}

#[tokio::test]
async fn a_put_merges_and_leaves_what_is_not_sent() {
    let bench = Bench::new().await;
    let answer = put(&bench, r#"{"firstname":"Janet","enableMultiFactor":false}"#).await;
    answer.shows("/firstname", json!("Janet"));
    answer.shows("/enableMultiFactor", json!(false));
    answer.shows("/lastname", json!("Doe"));
    answer.shows("/roleNames", json!(["Help Desk", "Read Only"]));
    assert_eq!(put(&bench, "{}").await.status, 200);
    assert_eq!(bench.call("PUT", &admin(seed::JANE_ADMIN), None).await.status, 200);
    assert_eq!(held(&bench), ["Help Desk", "Read Only"]);
}

#[tokio::test]
async fn another_administrators_email_is_a_conflict() {
    let bench = Bench::new().await;
    let answer = put(&bench, r#"{"email":"omar@acme.com"}"#).await;
    answer.is(409, r#"{"code":409,"message":"Conflict","status":"Conflict"}"#);
    assert_eq!(put(&bench, r#"{"email":"jdoe@acme.com"}"#).await.status, 200);
}

#[tokio::test]
async fn role_name_alone_sets_exactly_that_role() {
    let bench = Bench::new().await;
    put(&bench, r#"{"roleName":"Manager"}"#).await.shows("/roleNames", json!(["Manager"]));
    assert_eq!(held(&bench), ["Manager"]);
}

#[tokio::test]
async fn an_empty_role_names_rejects_clears_or_is_ignored() {
    let bench = Bench::new().await;
    assert_eq!(put(&bench, r#"{"roleNames":[]}"#).await.status, 400);
    assert_eq!(held(&bench).len(), 2);

    bench.sim.settings(|s| s.empty_role_names = OnEmpty::Ignore);
    let ignored = put(&bench, r#"{"roleNames":[]}"#).await;
    ignored.shows("/roleNames", json!(["Help Desk", "Read Only"]));

    bench.sim.settings(|s| s.empty_role_names = OnEmpty::Clear);
    let cleared = put(&bench, r#"{"roleNames":[]}"#).await;
    cleared.shows("/roleNames", json!([]));
    cleared.shows("/roles", json!([]));
    cleared.shows("/roleName", json!(null));
    assert!(held(&bench).is_empty());
}

#[tokio::test]
async fn a_null_role_name_rejects_clears_or_is_ignored() {
    let bench = Bench::new().await;
    assert_eq!(put(&bench, r#"{"roleName":null}"#).await.status, 400);
    bench.sim.settings(|s| s.null_role_name = OnEmpty::Ignore);
    let ignored = put(&bench, r#"{"roleName":null}"#).await;
    ignored.shows("/roleNames", json!(["Help Desk", "Read Only"]));
    bench.sim.settings(|s| s.null_role_name = OnEmpty::Clear);
    put(&bench, r#"{"roleName":null}"#).await.shows("/roleNames", json!([]));
    assert!(held(&bench).is_empty());
}

#[tokio::test]
async fn which_field_wins_when_both_are_sent_is_a_switch() {
    let both = r#"{"roleName":"Manager","roleNames":["Read Only"]}"#;
    let bench = Bench::new().await;
    put(&bench, both).await.shows("/roleNames", json!(["Read Only"]));
    bench.sim.settings(|s| s.both_role_fields = BothSent::RoleNameWins);
    put(&bench, both).await.shows("/roleNames", json!(["Manager"]));
    bench.sim.settings(|s| s.both_role_fields = BothSent::Reject);
    let answer = put(&bench, both).await;
    answer.is(400, r#"{"code":400,"message":"roleName and roleNames cannot both be set","status":"Bad Request"}"#);
}

#[tokio::test]
async fn the_casing_of_with_varies_and_either_is_taken() {
    let bench = Bench::with(|s| s.lower_case_with = true).await;
    let boss = bench.get(&admin(seed::BOSS_ADMIN)).await;
    boss.shows("/roleNames", json!(["Administrator with Billing"]));
    let listed = bench.get("/api/v2/roles").await;
    listed.shows("/results/0/name", json!("Administrator With Billing"));
    for name in ["Command Runner with Billing", "Command Runner With Billing"] {
        let answer = put(&bench, &json!({"roleNames": [name]}).to_string()).await;
        answer.shows("/roleNames", json!(["Command Runner with Billing"]));
    }
}

#[tokio::test]
async fn a_name_that_fits_two_roles_by_case_is_not_guessed() {
    let bench = Bench::new().await;
    let upper = bench.sim.add_role("Nightly");
    bench.sim.add_role("NIGHTLY");
    assert_eq!(put(&bench, r#"{"roleNames":["nightly"]}"#).await.status, 400);
    put(&bench, r#"{"roleNames":["Nightly"]}"#).await.shows("/roles", json!([upper]));
}

#[tokio::test]
async fn a_name_sent_twice_is_held_once() {
    let bench = Bench::new().await;
    let answer = put(&bench, r#"{"roleNames":["Manager","manager","Read Only"]}"#).await;
    answer.shows("/roleNames", json!(["Manager", "Read Only"]));
}

#[tokio::test]
async fn wrong_types_are_400_and_set_nothing() {
    let bench = Bench::new().await;
    for body in [
        r#"{"roleNames":"Read Only"}"#,
        r#"{"roleNames":[1]}"#,
        r#"{"roleNames":{"0":"Read Only"}}"#,
        r#"{"roleName":["Read Only"]}"#,
        r#"{"firstname":7,"roleNames":["Read Only"]}"#,
        r#"{"enableMultiFactor":"yes"}"#,
        r#"{"growthData":[]}"#,
        r#"["Read Only"]"#,
        "{",
    ] {
        assert_eq!(put(&bench, body).await.status, 400, "{body}");
    }
    assert_eq!(held(&bench), ["Help Desk", "Read Only"]);
}
