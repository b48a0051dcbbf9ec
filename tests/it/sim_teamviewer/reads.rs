//! Roles, who holds them, and both styles of paging.

use offramp::sandbox::teamviewer::{LastPage, Role};

use super::*;

fn assignments(role: &str) -> String {
    format!("/api/v1/userroles/assignments/account?userRoleId={role}")
}

#[tokio::test]
async fn roles_come_all_at_once_in_pascal_case() {
    let bench = Bench::new().await;
    let roles = bench.get("/api/v1/userroles").await.json();
    assert_eq!(roles.as_object().unwrap().len(), 1);
    assert_eq!(roles["Roles"].as_array().unwrap().len(), 11);
    assert_eq!(
        roles["Roles"][1].to_string(),
        concat!(
            r#"{"Id":"9b465ea2-2f75-4101-a057-58a81ed0e57b","Name":"User Manager","#,
            r#""Permissions":{"AllowGroupSharing":true,"ManageUsers":true}}"#
        )
    );
    assert_eq!(roles["Roles"][10]["Name"], "Prüfer für Zürich");
}

#[tokio::test]
async fn two_roles_may_have_one_name_and_a_third_differs_by_case() {
    let bench = Bench::new().await;
    bench.sim.put_role(Role {
        id: "a4f30519-da6b-4798-93c4-bfc0d1e2f30b".to_owned(),
        name: "Night Shift".to_owned(),
        permissions: [].into(),
    });
    let roles = bench.get("/api/v1/userroles").await.json();
    let named = |name: &str| {
        let roles = roles["Roles"].as_array().unwrap().iter();
        roles.filter(|role| role["Name"] == name).count()
    };
    assert_eq!([named("Auditor"), named("auditor"), named("Night Shift")], [2, 1, 2]);
    assert_eq!([named("Support Agent"), named("Support Agents"), named("AUDITOR")], [1, 1, 0]);
}

#[tokio::test]
async fn the_users_of_a_role_are_those_who_hold_it_directly() {
    let bench = Bench::new().await;
    bench
        .get(&assignments(seed::SUPPORT_AGENT))
        .await
        .is(200, r#"{"ContinuationToken":null,"AssignedToUsers":["u102","u103","u112"]}"#);
    bench.get(&assignments(seed::NIGHT_SHIFT)).await.is(200, r#"{"ContinuationToken":null,"AssignedToUsers":[]}"#);
    bench.sim.settings(|s| s.account_assignments_show_inherited = true);
    assert_eq!(bench.users_of(seed::SUPPORT_AGENT).await, ["u102", "u103", "u104", "u112"]);
    assert_eq!(bench.users_of(seed::NIGHT_SHIFT).await, ["u104"]);
}

#[tokio::test]
async fn a_users_own_list_holds_direct_and_inherited_roles_each_once() {
    let bench = Bench::new().await;
    bench.get("/api/v1/users/u103/userroles").await.is(
        200,
        concat!(
            r#"{"currentPaginationToken":null,"nextPaginationToken":null,"assignedRoleIds":["#,
            r#""1b6a7c80-41d2-4e0f-8a3b-2c3d4e5f6a02","71c0d2e6-a738-4465-8091-8c9daebfc008"]}"#
        ),
    );
    assert_eq!(bench.roles_of(seed::INHERITING).await, [seed::SUPPORT_AGENT, seed::NIGHT_SHIFT, seed::EVERYONE]);
    assert!(bench.roles_of(seed::BARE).await.is_empty());
}

#[tokio::test]
async fn a_roles_users_come_in_pages_to_the_last() {
    let bench = Bench::new().await;
    let path = assignments(seed::EVERYONE) + "&continuationToken=";
    let pages = bench.pages(&path, ["AssignedToUsers", "ContinuationToken"]).await;
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [10, 8]);
    let all = pages.concat();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 18);
    assert_eq!(all[17], "u212");
}

#[tokio::test]
async fn a_users_roles_come_in_pages_that_name_themselves() {
    let bench = Bench::new().await;
    let first = bench.get("/api/v1/users/u102/userroles").await.json();
    assert_eq!(first["currentPaginationToken"], Value::Null);
    assert_eq!(first["assignedRoleIds"].as_array().unwrap().len(), 5);
    let token = first["nextPaginationToken"].as_str().unwrap();
    let second = bench.get(&format!("/api/v1/users/u102/userroles?paginationToken={token}")).await.json();
    assert_eq!(second["currentPaginationToken"], token);
    assert_eq!(second["nextPaginationToken"], Value::Null);
    assert_eq!(second["assignedRoleIds"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_last_page_says_so_with_null_with_nothing_or_with_an_empty_text() {
    let bench = Bench::new().await;
    let roles = "/api/v1/users/u105/userroles";
    bench.sim.settings(|s| s.last_page = LastPage::Absent);
    bench.get(&assignments(seed::BREAK_GLASS)).await.is(200, r#"{"AssignedToUsers":[]}"#);
    bench.get(roles).await.is(200, r#"{"currentPaginationToken":null,"assignedRoleIds":[]}"#);
    bench.sim.settings(|s| s.last_page = LastPage::Empty);
    bench.get(&assignments(seed::BREAK_GLASS)).await.is(200, r#"{"ContinuationToken":"","AssignedToUsers":[]}"#);
}

#[tokio::test]
async fn a_removal_between_two_pages_loses_nobody() {
    let bench = Bench::with(|s| s.users_per_page = 2).await;
    let first = bench.get(&assignments(seed::SUPPORT_AGENT)).await.json();
    assert_eq!(first["AssignedToUsers"], json!(["u102", "u103"]));
    bench.unassign("u102", seed::SUPPORT_AGENT).await.is_done();
    let token = first["ContinuationToken"].as_str().unwrap();
    let second = bench.get(&format!("{}&continuationToken={token}", assignments(seed::SUPPORT_AGENT))).await;
    assert_eq!(second.json()["AssignedToUsers"], json!(["u112"]));
}

#[tokio::test]
async fn a_page_token_is_good_for_its_own_list_only() {
    let bench = Bench::new().await;
    let first = bench.get(&assignments(seed::EVERYONE)).await.json();
    let token = first["ContinuationToken"].as_str().unwrap();
    for path in [
        format!("{}&continuationToken={token}", assignments(seed::USER_MANAGER)),
        format!("{}&continuationToken=made-up", assignments(seed::EVERYONE)),
        format!("/api/v1/users/u102/userroles?paginationToken={token}"),
    ] {
        bench.get(&path).await.refuses(400, "invalid_request");
    }
    // The other style's name means nothing here: it is the first page again.
    let again = bench.get(&format!("{}&paginationToken={token}", assignments(seed::EVERYONE))).await;
    assert_eq!(again.json(), first);
}

#[tokio::test]
async fn the_users_of_an_unknown_or_of_no_role_are_refused() {
    let bench = Bench::new().await;
    let unknown = assignments("00000000-0000-4000-8000-000000000000");
    bench.get(&unknown).await.refuses(404, "not_found");
    bench.get(&assignments("Auditor")).await.refuses(400, "invalid_request");
    bench.get("/api/v1/userroles/assignments/account").await.refuses(400, "invalid_request");
    let lower = format!("/api/v1/userroles/assignments/account?userroleid={}", seed::AUDITOR);
    bench.get(&lower).await.refuses(400, "invalid_request");
}

#[tokio::test]
async fn the_roles_of_an_unknown_user_are_refused() {
    let bench = Bench::new().await;
    bench.get("/api/v1/users/u999/userroles").await.refuses(404, "not_found");
    bench.get("/api/v1/users/102/userroles").await.refuses(400, "invalid_request");
}
