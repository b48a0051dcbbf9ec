//! Organizations, members and invitations as they are read.

use offramp::sandbox::elastic_cloud::{NoAssignments, User};

use super::*;

const NO_ORGANIZATION: &str =
    r#"{"errors":[{"code":"organization.not_found","message":"Organization not found.","fields":[]}]}"#;

#[tokio::test]
async fn a_member_reads_as_documented() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.member(seed::BOB).await.unwrap().to_string(),
        concat!(
            r#"{"organization_id":"1000000001","user_id":"2000000103","name":"Bob Biller","#,
            r#""email":"bob@acme.example","member_since":"2024-01-01T00:00:00Z","role_assignments":"#,
            r#"{"organization":[{"organization_id":"1000000001","role_id":"billing-admin"}]}}"#
        )
    );
}

#[tokio::test]
async fn one_member_holds_a_role_in_every_scope_and_only_those_of_the_organization_are_listed() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.shown(seed::GRACE).await,
        concat!(
            r#"{"organization":[{"organization_id":"1000000001","role_id":"billing-admin"},"#,
            r#"{"organization_id":"1000000001","role_id":"organization-admin"}],"#,
            r#""deployment":[{"organization_id":"1000000001","role_id":"deployment-admin","all":true}],"#,
            r#""project":{"elasticsearch":[{"organization_id":"1000000001","role_id":"elasticsearch-viewer","#,
            r#""all":true}],"observability":[{"organization_id":"1000000001","role_id":"observability-editor","#,
            r#""all":false,"project_ids":["p1000000000000000000000000000001","p2000000000000000000000000000002"]}],"#,
            r#""security":[{"organization_id":"1000000001","role_id":"security-admin","all":true}]}}"#
        )
    );
}

#[tokio::test]
async fn an_organization_admins_implied_rights_are_not_listed() {
    let bench = Bench::new().await;
    assert_eq!(
        bench.shown(seed::ADA).await,
        r#"{"organization":[{"organization_id":"1000000001","role_id":"organization-admin"}]}"#
    );
}

#[tokio::test]
async fn a_member_without_roles_has_an_empty_set_or_none_as_switched() {
    let bench = Bench::new().await;
    assert_eq!(bench.shown(seed::FINN).await, "{}");
    bench.sim.settings(|s| s.no_assignments = NoAssignments::Omitted);
    assert_eq!(bench.member(seed::FINN).await.unwrap().get("role_assignments"), None);
    assert!(bench.shown(seed::BOB).await.contains("billing-admin"));
}

#[tokio::test]
async fn a_member_may_have_neither_name_nor_address() {
    let bench = Bench::new().await;
    let member = bench.member(seed::NAMELESS).await.unwrap();
    assert_eq!((member.get("name"), member.get("email")), (None, None));
    assert_eq!(bench.member(seed::ZOE).await.unwrap()["name"], "Zoë Ōta 大田");
}

#[tokio::test]
async fn addresses_contain_others_differ_by_case_and_belong_to_two() {
    let bench = Bench::new().await;
    let list = bench.get(&members_of(seed::ACME)).await.json();
    let ids = |is: &dyn Fn(&str) -> bool| -> Vec<String> {
        let members = list["members"].as_array().unwrap().iter();
        let found = members.filter(|m| m["email"].as_str().is_some_and(is));
        found.map(|m| m["user_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids(&|e| e == "ada@acme.example"), [seed::ADA]);
    assert_eq!(ids(&|e| e.contains("ada@acme.example")), [seed::ADA, seed::BIG_ADA, seed::FAR_ADA]);
    assert!(ids(&|e| e == "grace.hopper@acme.example").is_empty());
    assert_eq!(ids(&|e| e.eq_ignore_ascii_case("grace.hopper@acme.example")), [seed::GRACE]);
    assert_eq!(ids(&|e| e == "heidi@acme.example"), [seed::HEIDI, seed::HEIDI_OF_REALM]);
}

#[tokio::test]
async fn the_members_come_all_at_once_even_thousands() {
    let bench = Bench::new().await;
    let seeded = bench.get(&members_of(seed::ACME)).await.json();
    assert_eq!(seeded["members"].as_array().unwrap().len(), 16);
    assert_eq!(seeded.as_object().unwrap().len(), 1);
    for n in 0..5000 {
        let user = User::member(seed::ACME, "Many", &format!("many{n}@acme.example"));
        bench.sim.put_user(&format!("3{n:09}"), user.with(billing_admin()));
    }
    let list = bench.get(&format!("{}?page=2&size=10", members_of(seed::ACME))).await.json();
    assert_eq!(list["members"].as_array().unwrap().len(), 5016);
}

#[tokio::test]
async fn members_and_invitations_of_another_organization_are_as_good_as_of_none() {
    let bench = Bench::new().await;
    for organization in [seed::LABS, seed::OTHER, "1000000009", "Acme"] {
        for list in ["members", "invitations"] {
            let answer = bench.get(&format!("/api/v1/organizations/{organization}/{list}")).await;
            answer.is(404, NO_ORGANIZATION);
            assert_eq!(answer.header("x-cloud-error-codes"), Some("organization.not_found"));
        }
    }
}

#[tokio::test]
async fn an_organization_is_read_alone_or_refused_as_another_s_or_as_unknown() {
    let bench = Bench::new().await;
    bench.get("/api/v1/organizations/1000000001").await.is(
        200,
        concat!(
            r#"{"id":"1000000001","name":"Acme","default_disk_usage_alerts_enabled":true,"#,
            r#""notifications_allowed_email_domains":["acme.example"],"#,
            r#""billing_contacts":["billing@acme.example"],"operational_contacts":[]}"#
        ),
    );
    let answer = bench.get("/api/v1/organizations/1000000003").await;
    answer.is(
        403,
        concat!(
            r#"{"errors":[{"code":"organization.invalid_access","#,
            r#""message":"The current user does not have access to the requested organization.","fields":[]}]}"#
        ),
    );
    bench.get("/api/v1/organizations/1000000009").await.is(404, NO_ORGANIZATION);
}

#[tokio::test]
async fn the_list_of_organizations_shows_the_callers_own() {
    let names = |answer: Answer| -> Vec<Value> {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json().as_object().unwrap().len(), 1, "no next_page");
        let list = answer.json()["organizations"].as_array().unwrap().clone();
        list.iter().map(|o| json!([o["id"], o["name"]])).collect()
    };
    let bench = Bench::new().await;
    assert_eq!(names(bench.get("/api/v1/organizations").await), [json!(["1000000001", "Acme"])]);
    let bench = bench.keyed(seed::TWO_ORGANIZATIONS_KEY);
    assert_eq!(
        names(bench.get("/api/v1/organizations").await),
        [json!(["1000000001", "Acme"]), json!(["1000000002", "Acme Labs"])]
    );
}

#[tokio::test]
async fn a_cursor_says_that_there_are_more_organizations() {
    let bench = Bench::with(|s| s.organizations_per_page = Some(1)).await;
    assert_eq!(bench.get("/api/v1/organizations").await.json().get("next_page"), None);
    let bench = bench.keyed(seed::TWO_ORGANIZATIONS_KEY);
    let list = bench.get("/api/v1/organizations").await.json();
    assert_eq!(list["next_page"], "cursor-1");
    assert_eq!(list["organizations"].as_array().unwrap().len(), 1);
    // No parameter is documented that would take it.
    assert_eq!(bench.get("/api/v1/organizations?next_page=cursor-1").await.json(), list);
}

#[tokio::test]
async fn invitations_show_pending_people_and_their_secret_token() {
    let bench = Bench::new().await;
    let list = bench.get("/api/v1/organizations/1000000001/invitations").await.json();
    assert_eq!(
        list["invitations"][0].to_string(),
        concat!(
            r#"{"token":"sandbox-only-invitation-token","email":"invited@acme.example","#,
            r#""created_at":"2026-11-01T09:00:00Z","expires_at":"2036-11-01T09:00:00Z","expired":false,"#,
            r#""organization":{"id":"1000000001","name":"Acme","default_disk_usage_alerts_enabled":true,"#,
            r#""notifications_allowed_email_domains":["acme.example"],"#,
            r#""billing_contacts":["billing@acme.example"],"operational_contacts":[]},"#,
            r#""role_assignments":{"organization":[{"organization_id":"1000000001","role_id":"billing-admin"}],"#,
            r#""deployment":[{"organization_id":"1000000001","role_id":"deployment-viewer","all":false,"#,
            r#""deployment_ids":["d1000000000000000000000000000001"]}]}}"#
        )
    );
    assert_eq!(list["invitations"][1]["expired"], true);
    let members = bench.get(&members_of(seed::ACME)).await;
    assert!(!members.body.contains("invited@acme.example"));
}

#[tokio::test]
async fn there_is_no_read_of_one_user_and_no_list_of_roles() {
    let bench = Bench::new().await;
    for path in ["/api/v1/users/2000000103", "/api/v1/users", "/api/v1/roles", "/api/v1/users/2000000103/roles"] {
        let answer = bench.get(path).await;
        answer.is(
            404,
            concat!(
                r#"{"errors":[{"code":"root.resource_not_found","#,
                r#""message":"The requested resource could not be found","fields":[]}]}"#
            ),
        );
    }
}
