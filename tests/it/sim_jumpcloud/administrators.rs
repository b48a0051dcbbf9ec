//! Candidate A: taking a role from an administrator by setting the others, and the rows of the outcome table.

use std::time::Duration;

use offramp::sandbox::Simulator as _;
use offramp::sandbox::jumpcloud::{ErrorForm, Rival, RivalWrites, RoleFields, seed};
use serde_json::json;

use super::{Bench, admin, members, remove, user};

const NOT_FOUND: &str = r#"{"code":404,"message":"Not Found","status":"Not Found"}"#;
const KEEP_READ_ONLY: &str = r#"{"roleNames":["Read Only"]}"#;

#[tokio::test]
async fn a_role_that_is_not_held_is_absent_from_the_administrators_role_names() {
    let answer = Bench::new().await.get(&admin(seed::JANE_ADMIN)).await;
    answer.is(
        200,
        r#"{"_id":"5c3536e9e0a6840001872782","email":"jdoe@acme.com","firstname":"Jane","lastname":"Doe","organization":"5c3536e9e0a6840001872700","provider":null,"role":"5c3536e9e0a6840001872788","roleName":"Help Desk","roles":["5c3536e9e0a6840001872788","5c3536e9e0a68400018727a6"],"roleNames":["Help Desk","Read Only"],"enableMultiFactor":true,"totpEnrolled":true,"apiKeyAllowed":true,"apiKeySet":false,"suspended":false,"sessionCount":3,"created":"2024-01-02T03:04:05.000Z","passwordUpdatedAt":"2024-02-02T03:04:05.000Z","usersTimeZone":"America/Denver"}"#,
    );
}

#[tokio::test]
async fn a_put_of_the_other_roles_takes_one_away_and_nothing_else() {
    let bench = Bench::new().await;
    let before = bench.sim.memberships();
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.is(
        200,
        r#"{"_id":"5c3536e9e0a6840001872782","email":"jdoe@acme.com","firstname":"Jane","lastname":"Doe","organization":"5c3536e9e0a6840001872700","provider":null,"role":"5c3536e9e0a68400018727a6","roleName":"Read Only","roles":["5c3536e9e0a68400018727a6"],"roleNames":["Read Only"],"enableMultiFactor":true,"totpEnrolled":true,"apiKeyAllowed":true,"apiKeySet":false,"suspended":false,"sessionCount":3,"created":"2024-01-02T03:04:05.000Z","passwordUpdatedAt":"2024-02-02T03:04:05.000Z","usersTimeZone":"America/Denver"}"#,
    );
    let after = bench.sim.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, ["administrator 5c3536e9e0a6840001872782 holds role 5c3536e9e0a6840001872788 (Help Desk)"]);
    assert!(after.is_subset(&before));
}

#[tokio::test]
async fn the_system_users_admin_block_keeps_step_with_the_administrator() {
    let bench = Bench::new().await;
    let block = json!({"id": seed::JANE_ADMIN, "roleName": "Help Desk", "roleNames": ["Help Desk", "Read Only"]});
    bench.get(&user(seed::JANE)).await.shows("/admin", block);
    bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    let block = json!({"id": seed::JANE_ADMIN, "roleName": "Read Only", "roleNames": ["Read Only"]});
    bench.get(&user(seed::JANE)).await.shows("/admin", block);
}

#[tokio::test]
async fn a_put_can_answer_200_and_still_return_the_role() {
    let bench = Bench::with(|s| s.put_keeps_roles = true).await;
    let before = bench.sim.memberships();
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.shows("/roleNames", json!(["Help Desk", "Read Only"]));
    assert_eq!(bench.sim.memberships(), before);
}

#[tokio::test]
async fn a_write_can_be_accepted_without_effect() {
    let bench = Bench::with(|s| s.writes_without_effect = true).await;
    let before = bench.sim.memberships();
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.shows("/roleNames", json!(["Read Only"]));
    assert_eq!(bench.delete(&admin(seed::OMAR_ADMIN)).await.status, 200);
    bench.post(&members(seed::ENGINEERING), &remove(seed::JANE)).await.is(204, "");
    assert_eq!(bench.sim.memberships(), before);
    let read_back = bench.get(&admin(seed::JANE_ADMIN)).await;
    read_back.shows("/roleNames", json!(["Help Desk", "Read Only"]));
}

#[tokio::test]
async fn an_older_tenant_answers_200_to_role_names_and_still_returns_the_role() {
    let bench = Bench::with(|s| s.role_fields = RoleFields::One).await;
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.shows("/roleName", json!("Help Desk"));
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap(), ["Help Desk"]);
}

#[tokio::test]
async fn an_older_tenant_has_no_role_names_at_all_and_takes_role_name() {
    let bench = Bench::with(|s| s.role_fields = RoleFields::One).await;
    let answer = bench.get(&admin(seed::JANE_ADMIN)).await;
    answer.shows("/roleName", json!("Help Desk"));
    assert_eq!((answer.json().get("roleNames"), answer.json().get("roles")), (None, None));
    let block = json!({"id": seed::JANE_ADMIN, "roleName": "Help Desk"});
    bench.get(&user(seed::JANE)).await.shows("/admin", block);
    let answer = bench.put(&admin(seed::JANE_ADMIN), r#"{"roleName":"Read Only"}"#).await;
    answer.shows("/roleName", json!("Read Only"));
    answer.shows("/role", json!(seed::READ_ONLY_ROLE));
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap(), ["Read Only"]);
}

#[tokio::test]
async fn the_last_role_cannot_be_set_away() {
    let bench = Bench::new().await;
    let answer = bench.put(&admin(seed::OMAR_ADMIN), r#"{"roleNames":[]}"#).await;
    answer.is(400, r#"{"code":400,"message":"an administrator needs a role","status":"Bad Request"}"#);
    assert_eq!(bench.sim.role_names(seed::OMAR_ADMIN).unwrap(), ["Command Runner"]);
}

#[tokio::test]
async fn deleting_an_administrator_leaves_the_system_user() {
    let bench = Bench::new().await;
    let answer = bench.delete(&admin(seed::OMAR_ADMIN)).await;
    answer.shows("/_id", json!(seed::OMAR_ADMIN));
    bench.get(&admin(seed::OMAR_ADMIN)).await.is(404, NOT_FOUND);
    bench.get(&user(seed::OMAR)).await.shows("/admin", json!(null));
    let facts = bench.sim.memberships();
    assert!(facts.contains(&format!("system user {} exists", seed::OMAR)));
    bench.delete(&admin(seed::OMAR_ADMIN)).await.is(404, NOT_FOUND);
}

#[tokio::test]
async fn deleting_a_standalone_administrator_leaves_nothing_behind() {
    let bench = Bench::new().await;
    let before = bench.sim.memberships();
    assert_eq!(bench.delete(&admin(seed::STANDALONE_ADMIN)).await.status, 200);
    let after = bench.sim.memberships();
    assert_eq!(before.difference(&after).count(), 3, "the account and its two roles");
    let left = bench.get("/api/systemusers?filter=email:$eq:joe@example.com").await;
    left.is(200, r#"{"totalCount":0,"results":[]}"#);
}

#[tokio::test]
async fn a_system_user_without_an_admin_block_shows_null() {
    let answer = Bench::new().await.get(&user(seed::NINA)).await;
    answer.shows("/admin", json!(null));
}

#[tokio::test]
async fn an_id_of_neither_kind_is_404_at_both_reads() {
    let bench = Bench::new().await;
    let nobody = "ffffffffffffffffffffffff";
    bench.get(&user(nobody)).await.is(404, NOT_FOUND);
    bench.get(&admin(nobody)).await.is(404, NOT_FOUND);
    bench.put(&admin(nobody), KEEP_READ_ONLY).await.is(404, NOT_FOUND);
}

#[tokio::test]
async fn the_two_kinds_of_id_are_not_interchangeable() {
    let bench = Bench::new().await;
    bench.get(&user(seed::JANE_ADMIN)).await.is(404, NOT_FOUND);
    bench.get(&admin(seed::JANE)).await.is(404, NOT_FOUND);
    bench.put(&admin(seed::JANE), KEEP_READ_ONLY).await.is(404, NOT_FOUND);
}

#[tokio::test]
async fn an_administrator_can_vanish_between_the_read_and_the_put() {
    let bench = Bench::with(|s| s.vanish_on_put = true).await;
    assert_eq!(bench.get(&admin(seed::JANE_ADMIN)).await.status, 200);
    bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await.is(404, NOT_FOUND);
    bench.get(&admin(seed::JANE_ADMIN)).await.is(404, NOT_FOUND);
    bench.get(&user(seed::JANE)).await.shows("/admin", json!(null));
    // It struck once.
    assert_eq!(bench.put(&admin(seed::OMAR_ADMIN), "{}").await.status, 200);
}

#[tokio::test]
async fn the_last_of_two_writers_wins_and_the_first_ones_update_is_lost() {
    let bench = Bench::new().await;
    bench.sim.set_roles(seed::JANE_ADMIN, &["Help Desk", "Read Only", "Manager"]);
    // Both have read three roles; one takes Help Desk away, the other Manager.
    bench.put(&admin(seed::JANE_ADMIN), r#"{"roleNames":["Read Only","Manager"]}"#).await;
    bench.put(&admin(seed::JANE_ADMIN), r#"{"roleNames":["Help Desk","Read Only"]}"#).await;
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap(), ["Help Desk", "Read Only"]);
}

#[tokio::test]
async fn a_rival_just_before_the_put_is_overwritten() {
    let rival = Rival { when: RivalWrites::Before, role_names: vec!["Manager".to_owned()] };
    let bench = Bench::with(|s| s.rival = Some(rival)).await;
    bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await.shows("/roleNames", json!(["Read Only"]));
    assert_eq!(bench.sim.role_names(seed::JANE_ADMIN).unwrap(), ["Read Only"]);
}

#[tokio::test]
async fn a_rival_just_after_the_put_shows_in_the_read_back() {
    let rival = Rival { when: RivalWrites::After, role_names: vec!["Help Desk".to_owned()] };
    let bench = Bench::with(|s| s.rival = Some(rival)).await;
    bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await.shows("/roleNames", json!(["Read Only"]));
    bench.get(&admin(seed::JANE_ADMIN)).await.shows("/roleNames", json!(["Help Desk"]));
}

#[tokio::test]
async fn reads_can_lag_behind_writes() {
    let bench = Bench::with(|s| s.read_lag = Duration::from_secs(30)).await;
    let answer = bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await;
    answer.shows("/roleNames", json!(["Read Only"]));
    bench.delete(&admin(seed::OMAR_ADMIN)).await;
    let stale = bench.get(&admin(seed::JANE_ADMIN)).await;
    stale.shows("/roleNames", json!(["Help Desk", "Read Only"]));
    bench.get(&user(seed::OMAR)).await.shows("/admin/id", json!(seed::OMAR_ADMIN));
    bench.clock.advance(Duration::from_secs(31));
    bench.get(&admin(seed::JANE_ADMIN)).await.shows("/roleNames", json!(["Read Only"]));
    bench.get(&user(seed::OMAR)).await.shows("/admin", json!(null));
}

#[tokio::test]
async fn errors_come_in_the_short_form_too() {
    let bench = Bench::with(|s| s.error_form = ErrorForm::Short).await;
    let nobody = "ffffffffffffffffffffffff";
    bench.get(&admin(nobody)).await.is(404, r#"{"message":"Not Found"}"#);
    let bad = bench.put(&admin(seed::JANE_ADMIN), r#"{"roleNames":["No Such Role"]}"#).await;
    bad.is(400, r#"{"message":"Bad Request"}"#);
}

#[tokio::test]
async fn a_tenant_may_have_nothing_but_the_documented_put() {
    let bench = Bench::with(|s| s.undocumented_admin_calls = false).await;
    bench.get("/api/users").await.is(404, NOT_FOUND);
    bench.get(&admin(seed::JANE_ADMIN)).await.is(404, NOT_FOUND);
    bench.delete(&admin(seed::JANE_ADMIN)).await.is(404, NOT_FOUND);
    bench.post("/api/users", r#"{"email":"nina@acme.com"}"#).await.is(404, NOT_FOUND);
    assert_eq!(bench.put(&admin(seed::JANE_ADMIN), KEEP_READ_ONLY).await.status, 200);
}

#[tokio::test]
async fn promoting_by_the_same_e_mail_links_to_the_system_user() {
    let bench = Bench::new().await;
    let body = r#"{"email":"nina@acme.com","roleName":"Help Desk","enableMultiFactor":true}"#;
    let answer = bench.post("/api/users", body).await;
    answer.shows("/roleNames", json!(["Help Desk"]));
    let id = answer.json()["_id"].clone();
    bench.get(&user(seed::NINA)).await.shows("/admin/id", id);
    bench.post("/api/users", body).await.is(409, r#"{"code":409,"message":"Conflict","status":"Conflict"}"#);
    assert_eq!(bench.post("/api/users", "{}").await.status, 400);
}

#[tokio::test]
async fn the_demo_finds_something_to_remove() {
    let bench = Bench::new().await;
    let demo = bench.sim.demo();
    let key = demo.context["api_key"].as_str().unwrap().to_owned();
    let bench = bench.sending(&[("x-api-key", &key)]);
    let id = demo.body["id"].as_str().unwrap();
    let held = bench.get(&user(id)).await.json()["admin"]["roleNames"].clone();
    let held = held.as_array().unwrap();
    assert!(held.contains(&demo.body["roles"][0]["name"]) && held.len() > 1);
    assert_eq!(bench.sim.slug(), "jumpcloud");
}
