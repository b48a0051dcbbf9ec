//! The removal: who loses what, and what is answered.

use std::time::Duration;

use offramp::sandbox::teamviewer::{FieldNames, NotHeld};

use super::*;

const UNKNOWN_ROLE: &str = "00000000-0000-4000-8000-000000000000";

#[tokio::test]
async fn unassigning_a_held_role_answers_204_and_takes_exactly_that_role() {
    let bench = Bench::new().await;
    let before = bench.facts();
    assert!(bench.users_of(seed::USER_MANAGER).await.contains(&seed::JANE.to_owned()));

    let answer =
        bench.send("POST", UNASSIGN, r#"{"UserIds":["u102"],"UserRoleId":"9b465ea2-2f75-4101-a057-58a81ed0e57b"}"#);
    answer.await.is_done();

    assert_eq!(bench.lost_since(&before), ["user u102 holds role 9b465ea2-2f75-4101-a057-58a81ed0e57b"]);
    // The user whose id begins with hers keeps the role.
    assert_eq!(bench.users_of(seed::USER_MANAGER).await, [seed::LONG_ID, seed::RETIRED, seed::BIG_ADA, seed::FAR_ADA]);
    assert_eq!(bench.roles_of(seed::JANE).await.len(), 6);
}

#[tokio::test]
async fn unassigning_a_role_not_held_still_answers_204() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign(seed::BARE, seed::USER_MANAGER).await.is_done();
    bench.unassign(seed::JANE, seed::BREAK_GLASS).await.is_done();
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn unassigning_a_role_not_held_is_400_or_404_if_so_switched_and_nobody_beside_loses_it() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.sim.settings(|s| s.not_held = NotHeld::InvalidRequest);
    bench.unassign(seed::BARE, seed::USER_MANAGER).await.is(
        400,
        concat!(
            r#"{"error":"invalid_request","error_description":"The user role is not assigned to the user.","#,
            r#""error_code":1,"error_signature":"sandbox-00000001"}"#
        ),
    );
    bench.unassign_all(&[seed::JANE, seed::BARE], seed::USER_MANAGER).await.refuses(400, "invalid_request");
    bench.sim.settings(|s| s.not_held = NotHeld::NotFound);
    bench.unassign(seed::BARE, seed::USER_MANAGER).await.refuses(404, "not_found");
    assert!(bench.lost_since(&before).is_empty());
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is_done();
}

#[tokio::test]
async fn unassigning_twice_answers_204_twice() {
    let bench = Bench::new().await;
    bench.unassign(seed::TWIN, seed::SUPPORT_AGENTS).await.is_done();
    bench.unassign(seed::TWIN, seed::SUPPORT_AGENTS).await.is_done();
    assert!(!bench.sim.holds(seed::TWIN, seed::SUPPORT_AGENTS));
    // The last role is gone, and the user is still there.
    assert!(bench.roles_of(seed::TWIN).await.is_empty());
    assert_eq!(bench.get("/api/v1/users/u111").await.status, 200);
}

#[tokio::test]
async fn a_role_held_directly_and_through_a_group_stays_in_the_users_list_after_a_204() {
    let bench = Bench::new().await;
    let before = bench.facts();
    assert!(bench.users_of(seed::SUPPORT_AGENT).await.contains(&seed::BOTH.to_owned()));

    bench.unassign(seed::BOTH, seed::SUPPORT_AGENT).await.is_done();

    assert_eq!(bench.lost_since(&before), ["user u103 holds role 1b6a7c80-41d2-4e0f-8a3b-2c3d4e5f6a02"]);
    assert!(!bench.users_of(seed::SUPPORT_AGENT).await.contains(&seed::BOTH.to_owned()));
    assert!(bench.roles_of(seed::BOTH).await.contains(&seed::SUPPORT_AGENT.to_owned()));
}

#[tokio::test]
async fn a_role_held_only_through_a_group_is_not_taken_by_a_204() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for role in [seed::SUPPORT_AGENT, seed::NIGHT_SHIFT] {
        assert!(!bench.users_of(role).await.contains(&seed::INHERITING.to_owned()));
        bench.unassign(seed::INHERITING, role).await.is_done();
        assert!(bench.roles_of(seed::INHERITING).await.contains(&role.to_owned()));
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_204_without_effect_leaves_the_role_listed() {
    let bench = Bench::with(|s| s.writes_without_effect = true).await;
    let before = bench.facts();
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is_done();
    assert!(bench.lost_since(&before).is_empty());
    assert!(bench.users_of(seed::USER_MANAGER).await.contains(&seed::JANE.to_owned()));
}

#[tokio::test]
async fn reads_that_lag_show_the_role_until_the_lag_is_over() {
    let bench = Bench::with(|s| s.read_lag = Duration::from_secs(60)).await;
    bench.unassign(seed::TWIN, seed::SUPPORT_AGENTS).await.is_done();
    assert!(!bench.sim.holds(seed::TWIN, seed::SUPPORT_AGENTS));
    assert!(bench.users_of(seed::SUPPORT_AGENTS).await.contains(&seed::TWIN.to_owned()));
    assert_eq!(bench.roles_of(seed::TWIN).await, [seed::SUPPORT_AGENTS]);
    bench.clock.advance(Duration::from_secs(61));
    assert_eq!(bench.users_of(seed::SUPPORT_AGENTS).await, [seed::JANE]);
    assert!(bench.roles_of(seed::TWIN).await.is_empty());
}

#[tokio::test]
async fn many_users_lose_one_role_in_one_call() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign_all(&[seed::JANE, seed::BIG_ADA, seed::JANE], seed::USER_MANAGER).await.is_done();
    assert_eq!(
        bench.lost_since(&before),
        [
            "user u102 holds role 9b465ea2-2f75-4101-a057-58a81ed0e57b",
            "user u107 holds role 9b465ea2-2f75-4101-a057-58a81ed0e57b",
        ]
    );
}

#[tokio::test]
async fn more_than_a_hundred_users_are_too_many() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let many: Vec<&str> = std::iter::repeat_n(seed::JANE, 101).collect();
    bench.unassign_all(&many, seed::USER_MANAGER).await.is(
        400,
        concat!(
            r#"{"error":"invalid_request","error_description":"UserIds may hold 100 ids at most.","#,
            r#""error_code":1,"error_signature":"sandbox-00000001"}"#
        ),
    );
    assert!(bench.lost_since(&before).is_empty());
    bench.unassign_all(&many[..100], seed::USER_MANAGER).await.is_done();
}

#[tokio::test]
async fn an_unknown_user_is_not_found_and_nobody_loses_anything() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for users in [vec!["u999"], vec![seed::JANE, "u999"], vec!["u10"], vec!["u0102"]] {
        bench.unassign_all(&users, seed::USER_MANAGER).await.refuses(404, "not_found");
    }
    let answer = bench.unassign("u999", seed::USER_MANAGER).await;
    assert_eq!(answer.json()["error_description"], "The user was not found.");
    assert!(bench.lost_since(&before).is_empty());
    bench.sim.remove_user(seed::JANE);
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.refuses(404, "not_found");
}

#[tokio::test]
async fn an_unknown_role_is_not_found() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign(seed::JANE, UNKNOWN_ROLE).await.is(
        404,
        concat!(
            r#"{"error":"not_found","error_description":"The user role was not found.","#,
            r#""error_code":2,"error_signature":"sandbox-00000001"}"#
        ),
    );
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_role_id_that_is_no_uuid_is_an_invalid_request() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for role in [
        "User Manager",
        "",
        "9b465ea22f754101a05758a81ed0e57b",
        "{9b465ea2-2f75-4101-a057-58a81ed0e57b}",
        "urn:uuid:9b465ea2-2f75-4101-a057-58a81ed0e57b",
        "9b465ea2-2f75-4101-a057-58a81ed0e57b ",
        "9b465ea2-2f75-4101-a057-58a81ed0e57g",
    ] {
        bench.unassign(seed::JANE, role).await.refuses(400, "invalid_request");
    }
    assert!(bench.lost_since(&before).is_empty());
    // A uuid's letters may be capital.
    bench.unassign(seed::JANE, &seed::USER_MANAGER.to_uppercase()).await.is_done();
    assert_eq!(bench.lost_since(&before).len(), 1);
}

#[tokio::test]
async fn a_user_id_without_the_letter_u_is_an_invalid_request() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for user in ["102", "U102", "u", "", "u102x", " u102", "u-102", "uu102", "ada@example.com", "u١٠٢"] {
        let answer = bench.unassign_all(&[seed::BIG_ADA, user], seed::USER_MANAGER).await;
        answer.refuses(400, "invalid_request");
        assert_eq!(answer.json()["error_description"], "A user id is the letter u and digits.", "{user}");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn fields_are_spelt_in_pascal_case_or_in_any_case_if_so_switched() {
    let bench = Bench::new().await;
    let role = seed::USER_MANAGER;
    let spellings = [
        json!({"userIds": [seed::JANE], "userRoleId": role}),
        json!({"userids": [seed::JANE], "UserRoleId": role}),
        json!({"UserIds": [seed::JANE], "userRoleId": role}),
    ];
    for body in &spellings {
        bench.send("POST", UNASSIGN, body.to_string()).await.refuses(400, "invalid_request");
        assert!(bench.sim.holds(seed::JANE, role));
    }
    bench.sim.settings(|s| s.field_names = FieldNames::AnyCase);
    for body in &spellings {
        bench.sim.assign(seed::JANE, role);
        bench.send("POST", UNASSIGN, body.to_string()).await.is_done();
        assert!(!bench.sim.holds(seed::JANE, role));
    }
}

#[tokio::test]
async fn fields_of_the_wrong_type_are_an_invalid_request() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let role = seed::USER_MANAGER;
    for body in [
        json!({"UserIds": "u102", "UserRoleId": role}),
        json!({"UserIds": [], "UserRoleId": role}),
        json!({"UserIds": null, "UserRoleId": role}),
        json!({"UserIds": [102], "UserRoleId": role}),
        json!({"UserIds": [["u102"]], "UserRoleId": role}),
        json!({"UserRoleId": role}),
        json!({"UserIds": ["u102"]}),
        json!({"UserIds": ["u102"], "UserRoleId": [role]}),
        json!({"UserIds": ["u102"], "UserRoleId": 7}),
        json!({"UserIds": ["u102"], "UserRoleIds": [role]}),
        json!([]),
        json!(null),
    ] {
        bench.send("POST", UNASSIGN, body.to_string()).await.refuses(400, "invalid_request");
    }
    assert!(bench.lost_since(&before).is_empty());
    // An unknown field beside them does no harm.
    let body = json!({"UserIds": ["u102"], "UserRoleId": role, "Reason": "leaver"});
    bench.send("POST", UNASSIGN, body.to_string()).await.is_done();
}

#[tokio::test]
async fn assigning_is_the_inverse() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let body = json!({"UserIds": [seed::JANE], "UserRoleId": seed::USER_MANAGER}).to_string();
    bench.unassign(seed::JANE, seed::USER_MANAGER).await.is_done();
    bench.send("POST", ASSIGN, body.clone()).await.is_done();
    bench.send("POST", ASSIGN, body).await.is_done();
    assert_eq!(bench.facts(), before);
    let unknown = json!({"UserIds": ["u999"], "UserRoleId": seed::USER_MANAGER}).to_string();
    bench.send("POST", ASSIGN, unknown).await.refuses(404, "not_found");
    let unknown = json!({"UserIds": [seed::JANE], "UserRoleId": UNKNOWN_ROLE}).to_string();
    bench.send("POST", ASSIGN, unknown).await.refuses(404, "not_found");
    assert_eq!(bench.facts(), before);
}

#[tokio::test]
async fn taking_the_role_from_a_group_is_another_call_and_meets_all_its_members() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let path = "/api/v1/userroles/unassign/usergroup";
    for (body, status, category) in [
        (r#"{"UserGroupId":"1001"}"#, 400, "invalid_request"),
        ("{}", 400, "invalid_request"),
        (r#"{"UserGroupId":1003}"#, 404, "not_found"),
    ] {
        bench.send("POST", path, body).await.refuses(status, category);
    }
    bench.send("POST", path, r#"{"UserGroupId":1001}"#).await.is_done();
    assert_eq!(bench.lost_since(&before), ["group 1001 holds role 1b6a7c80-41d2-4e0f-8a3b-2c3d4e5f6a02"]);
    assert!(!bench.roles_of(seed::INHERITING).await.contains(&seed::SUPPORT_AGENT.to_owned()));
    // Held directly too.
    assert!(bench.roles_of(seed::BOTH).await.contains(&seed::SUPPORT_AGENT.to_owned()));

    let give = json!({"UserGroupId": seed::NIGHT_CREW, "UserRoleId": seed::SUPPORT_AGENT}).to_string();
    bench.send("POST", "/api/v1/userroles/assign/usergroup", give).await.is_done();
    assert_eq!(bench.facts(), before);
}

#[tokio::test]
async fn the_demo_removes_exactly_one_thing() {
    let bench = Bench::new().await;
    let demo = bench.sim.demo();
    assert_eq!(bench.sim.slug(), "teamviewer");
    assert_eq!(demo.context.to_string(), r#"{"token":"sandbox-only-token"}"#);
    assert!(demo.query.is_empty());
    assert_eq!(demo.body.to_string(), r#"{"id":"u102","roles":[{"id":"9b465ea2-2f75-4101-a057-58a81ed0e57b"}]}"#);
    assert!(bench.sim.holds(seed::JANE, seed::USER_MANAGER));
}
