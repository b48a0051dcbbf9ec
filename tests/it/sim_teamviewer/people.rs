//! Users as they are read, looked up and changed.

use offramp::sandbox::teamviewer::{EmailFilter, NotHeld, User};

use super::*;

async fn found(bench: &Bench, query: &str) -> Vec<String> {
    let answer = bench.get(&format!("/api/v1/users{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let list = answer.json();
    assert_eq!(list.as_object().unwrap().len(), 1);
    list["users"].as_array().unwrap().iter().map(|u| u["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn one_user_reads_with_every_documented_field() {
    let bench = Bench::new().await;
    bench.get("/api/v1/users/u102").await.is(
        200,
        concat!(
            r#"{"id":"u102","name":"Jane Roe","email":"jane.roe@example.com","active":true,"#,
            r#""last_access_date":"2025-11-20T08:15:30Z","online_state":"Offline","#,
            r#""userRoleId":"9b465ea2-2f75-4101-a057-58a81ed0e57b","#,
            r#""activated_license_id":"5f0c7a52-6a4e-4a3c-9a51-0d6b1c1b2f10","#,
            r#""activated_license_name":"Tensor","activated_subLicense_name":"Tensor Seat","#,
            r#""activated_meeting_license_key":"e7f1c3aa-9d0b-4c56-8a53-6f2f60c9d001","#,
            r#""custom_quicksupport_id":"","custom_quickjoin_id":"","tfa_enforcement":false,"tfa_enabled":true,"#,
            r#""log_sessions":true,"show_comment_window":false,"sso_status":1,"#,
            r#""permissions":"ShareOwnGroups,EditConnections"}"#
        ),
    );
    assert_eq!(bench.get("/api/v1/users/u106").await.json()["active"], false);
    assert_eq!(bench.get("/api/v1/users/u110").await.json()["name"], "Zoë Ōta 大田");
}

#[tokio::test]
async fn the_users_legacy_role_field_knows_nothing_of_the_removal() {
    let bench = Bench::new().await;
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is_done();
    assert_eq!(bench.get("/api/v1/users/u102").await.json()["userRoleId"], seed::USER_MANAGER);
}

#[tokio::test]
async fn an_unknown_user_is_not_found() {
    let bench = Bench::new().await;
    bench.get("/api/v1/users/u999").await.is(
        404,
        concat!(
            r#"{"error":"not_found","error_description":"The user was not found.","#,
            r#""error_code":2,"error_signature":"sandbox-00000001"}"#
        ),
    );
    bench.get("/api/v1/users/ada@example.com").await.refuses(400, "invalid_request");
}

#[tokio::test]
async fn the_list_comes_whole_short_or_full() {
    let bench = Bench::new().await;
    assert_eq!(found(&bench, "").await.len(), 25);
    let short = bench.get("/api/v1/users?email=ada@example.com").await;
    short.is(200, r#"{"users":[{"id":"u101","name":"Ada Lovelace","email":"ada@example.com"}]}"#);
    let full = bench.get("/api/v1/users?email=ada@example.com&full_list=true").await.json();
    assert_eq!(full["users"][0], bench.get("/api/v1/users/u101").await.json());
    bench.get("/api/v1/users?full_list=perhaps").await.refuses(400, "invalid_request");
}

#[tokio::test]
async fn an_address_finds_its_owner_or_all_who_contain_it_as_switched() {
    let bench = Bench::new().await;
    assert_eq!(found(&bench, "?email=ada@example.com").await, [seed::ADA]);
    assert_eq!(found(&bench, "?email=carl.capital@example.com").await, [seed::CAPITAL]);
    assert_eq!(found(&bench, "?email=zo%C3%AB%40example.com").await, [seed::ZOE]);
    assert!(found(&bench, "?email=da@example.com").await.is_empty());
    bench.sim.settings(|s| s.email_filter = EmailFilter::Part);
    assert_eq!(found(&bench, "?email=ada@example.com").await, [seed::ADA, seed::BIG_ADA, seed::FAR_ADA]);
}

#[tokio::test]
async fn a_name_finds_all_who_contain_it() {
    let bench = Bench::new().await;
    assert_eq!(found(&bench, "?name=Tom%20Twin").await, [seed::TWIN, seed::OTHER_TWIN]);
    assert_eq!(found(&bench, "?name=ada+lovelace").await, [seed::ADA, seed::BIG_ADA, seed::FAR_ADA]);
    assert_eq!(found(&bench, "?name=ada+lovelace&email=ada@example.com").await, [seed::ADA]);
    assert!(found(&bench, "?permissions=ManageAdmins").await.is_empty());
    assert_eq!(found(&bench, "?permissions=EditConnections,ShareOwnGroups&name=jane").await, [seed::JANE]);
}

#[tokio::test]
async fn a_put_takes_several_roles_of_one_user_in_one_call() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let body = json!({"UnassignUserRoleIds": [seed::USER_MANAGER, seed::AUDITOR]}).to_string();
    bench.send("PUT", "/api/v1/users/u102", body).await.is_done();
    assert_eq!(
        bench.lost_since(&before),
        [
            "user u102 holds role 3d8c9ea2-63f4-4021-8c5d-4e5f6a7b8c04",
            "user u102 holds role 9b465ea2-2f75-4101-a057-58a81ed0e57b",
        ]
    );
    bench.sim.settings(|s| s.put_status = 200);
    let body = json!({"AssignUserRoleIds": [seed::USER_MANAGER, seed::AUDITOR]}).to_string();
    bench.send("PUT", "/api/v1/users/u102", body).await.is(200, "");
    assert_eq!(bench.facts(), before);
}

#[tokio::test]
async fn a_put_changes_other_fields_too() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let body = json!({"active": false, "name": "Jane Q. Roe", "password": "sandbox-only-password"}).to_string();
    bench.send("PUT", "/api/v1/users/u102", body).await.is_done();
    assert_eq!(bench.lost_since(&before), ["user u102 is active"]);
    let user = bench.get("/api/v1/users/u102").await;
    assert_eq!((&user.json()["active"], &user.json()["name"]), (&json!(false), &json!("Jane Q. Roe")));
    assert!(!user.body.contains("password"));
}

#[tokio::test]
async fn a_put_that_is_wrong_in_one_place_changes_nothing_at_all() {
    let bench = Bench::with(|s| s.not_held = NotHeld::InvalidRequest).await;
    let before = bench.facts();
    let whole = bench.get("/api/v1/users/u102").await.body;
    for (wrong, status, category) in [
        (json!({"UnassignUserRoleIds": seed::USER_MANAGER}), 400, "invalid_request"),
        (json!({"UnassignUserRoleIds": ["User Manager"]}), 400, "invalid_request"),
        (json!({"UnassignUserRoleIds": [seed::USER_MANAGER, seed::BREAK_GLASS]}), 400, "invalid_request"),
        (json!({"UnassignUserRoleIds": ["00000000-0000-4000-8000-000000000000"]}), 404, "not_found"),
        (json!({"AssignUserRoleIds": ["00000000-0000-4000-8000-000000000000"]}), 404, "not_found"),
        (json!({"active": "false"}), 400, "invalid_request"),
        (json!({"email": "a@b.c"}), 400, "invalid_request"),
        (json!({"email": 7}), 400, "invalid_request"),
        (json!({"permissions": "x".repeat(10), "log_sessions": null}), 400, "invalid_request"),
    ] {
        let mut body = json!({"name": "Somebody Else", "show_comment_window": true});
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        bench.send("PUT", "/api/v1/users/u102", body.to_string()).await.refuses(status, category);
    }
    assert!(bench.lost_since(&before).is_empty());
    assert_eq!(bench.get("/api/v1/users/u102").await.body, whole);
    bench.send("PUT", "/api/v1/users/u999", "{}").await.refuses(404, "not_found");
}

#[tokio::test]
async fn a_test_may_add_users_of_its_own() {
    let bench = Bench::new().await;
    let user = User::active("Own", "own@example.com").with("sso_status", 6).holding(&[seed::BREAK_GLASS]);
    bench.sim.put_user("u900", user);
    assert!(bench.sim.holds("u900", seed::BREAK_GLASS));
    assert_eq!(bench.get("/api/v1/users/u900").await.json()["sso_status"], 6);
    bench.sim.unassign("u900", seed::BREAK_GLASS);
    assert!(bench.users_of(seed::BREAK_GLASS).await.is_empty());
}
