//! A removal matches a whole assignment or nothing; and what is no assignment at all is 400.

use offramp::sandbox::elastic_cloud::Unmatched;

use super::*;

/// The code of every body that is not what the schema says.
const INVALID: &str = "root.invalid_json_request";

async fn takes_nothing(bench: &Bench, user: &str, set: &Value) {
    let before = bench.facts();
    bench.unassign(user, set).await.is(200, "{}");
    assert!(bench.lost_since(&before).is_empty(), "{set}");
}

#[tokio::test]
async fn some_of_the_ids_are_not_the_assignment() {
    let bench = Bench::new().await;
    takes_nothing(&bench, seed::DORA, &deployments("deployment-editor", &[seed::D1])).await;
    takes_nothing(&bench, seed::DORA, &deployments("deployment-editor", &[seed::D1, seed::D2, "d3"])).await;
    let all = json!({"deployment": [
        {"role_id": "deployment-editor", "organization_id": seed::ACME, "all": true},
    ]});
    takes_nothing(&bench, seed::DORA, &all).await;
    takes_nothing(&bench, seed::DORA, &deployments("deployment-viewer", &[seed::D1])).await;
}

#[tokio::test]
async fn the_ids_may_come_in_any_order() {
    let bench = Bench::new().await;
    let before = bench.facts();
    bench.unassign(seed::DORA, &deployments("deployment-editor", &[seed::D2, seed::D1])).await.is(200, "{}");
    assert_eq!(bench.lost_since(&before).len(), 1);
    assert_eq!(
        bench.shown(seed::DORA).await,
        r#"{"deployment":[{"organization_id":"1000000001","role_id":"deployment-viewer","all":true}]}"#
    );
}

#[tokio::test]
async fn ids_without_all_mean_those_ids() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let set = json!({"deployment": [{
        "role_id": "deployment-viewer", "organization_id": seed::ACME, "deployment_ids": [seed::D1],
    }]});
    bench.unassign(seed::ERIN, &set).await.is(200, "{}");
    assert_eq!(bench.lost_since(&before).len(), 1);
}

#[tokio::test]
async fn an_assignment_matches_with_its_application_roles() {
    let bench = Bench::new().await;
    let bare = json!({"deployment": [
        {"role_id": "deployment-viewer", "organization_id": seed::ACME, "all": true},
    ]});
    takes_nothing(&bench, seed::GUS, &bare).await;

    let before = bench.facts();
    let verbatim = json!({"deployment": bench.member(seed::GUS).await.unwrap()["role_assignments"]["deployment"]});
    assert_eq!(
        verbatim.to_string(),
        concat!(
            r#"{"deployment":[{"organization_id":"1000000001","role_id":"deployment-viewer","all":true,"#,
            r#""application_roles":["kibana_admin","superuser"]}]}"#
        )
    );
    bench.unassign(seed::GUS, &verbatim).await.is(200, "{}");
    assert_eq!(
        bench.lost_since(&before),
        [concat!(
            "user 2000000107 holds role deployment-viewer on all deployments of org 1000000001 ",
            "with application roles kibana_admin, superuser"
        )]
    );
}

#[tokio::test]
async fn an_assignment_matches_without_its_application_roles_if_so_switched() {
    let bench = Bench::with(|s| s.application_roles_match = false).await;
    let before = bench.facts();
    bench.unassign(seed::GUS, &projects("elasticsearch", "elasticsearch-developer")).await.is(200, "{}");
    assert_eq!(
        bench.lost_since(&before),
        [concat!(
            "user 2000000107 holds role elasticsearch-developer on all elasticsearch projects of org 1000000001 ",
            "with application roles reader"
        )]
    );
}

#[tokio::test]
async fn a_role_in_another_scope_or_an_unknown_role_matches_nothing() {
    let bench = Bench::new().await;
    takes_nothing(&bench, seed::ZOE, &projects("observability", "elasticsearch-viewer")).await;
    takes_nothing(&bench, seed::ZOE, &projects("elasticsearch", "elasticsearch-admin")).await;
    takes_nothing(&bench, seed::BOB, &org("Billing-Admin")).await;
    takes_nothing(&bench, seed::BOB, &org("billing")).await;
}

#[tokio::test]
async fn an_unknown_role_is_400_if_so_switched() {
    let bench = Bench::with(|s| s.unknown_role = Unmatched::Refused).await;
    let answer = bench.unassign(seed::BOB, &org("billing")).await;
    answer.refuses(400, "role_assignments.invalid_role_id");
    let answer = bench.unassign(seed::ZOE, &projects("observability", "elasticsearch-viewer")).await;
    answer.refuses(400, "role_assignments.invalid_role_id");
    // A known one that is not held is still fine.
    takes_nothing(&bench, seed::BOB, &org("organization-admin")).await;
}

#[tokio::test]
async fn an_empty_set_takes_nothing_or_is_400_as_switched() {
    let bench = Bench::new().await;
    for empty in [json!({}), json!({"organization": [], "project": {}}), json!({"roles": [{"id": "billing-admin"}]})] {
        takes_nothing(&bench, seed::BOB, &empty).await;
    }
    bench.sim.settings(|s| s.empty_set = Unmatched::Refused);
    bench.unassign(seed::BOB, &json!({})).await.refuses(400, INVALID);
    bench.sim.settings(|s| s.unknown_fields_refused = true);
    let answer = bench.unassign(seed::BOB, &json!({"roles": []})).await;
    answer.is(
        400,
        concat!(
            r#"{"errors":[{"code":"root.invalid_json_request","message":"The field is unknown.","#,
            r#""fields":["roles"]}]}"#
        ),
    );
}

#[tokio::test]
async fn a_delete_whose_body_did_not_arrive_is_400() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let answer = bench.send("DELETE", &assignments_of(seed::BOB), "").await;
    answer.is(
        400,
        concat!(
            r#"{"errors":[{"code":"root.invalid_json_request","message":"The request requires a JSON body.","#,
            r#""fields":[]}]}"#
        ),
    );
    assert_eq!(answer.header("x-cloud-error-codes"), Some(INVALID));
    let bare = bench.request("DELETE", &assignments_of(seed::BOB));
    let answer = read(bare.header("authorization", format!("ApiKey {}", seed::API_KEY))).await;
    answer.refuses(400, INVALID);
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn all_and_ids_must_agree() {
    let bench = Bench::new().await;
    let before = bench.facts();
    let on = |rest: Value| {
        let mut item = json!({"role_id": "deployment-viewer", "organization_id": seed::ACME});
        item.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        json!({"deployment": [item]})
    };
    let both = bench.unassign(seed::ERIN, &on(json!({"all": true, "deployment_ids": [seed::D1]}))).await;
    both.is(
        400,
        concat!(
            r#"{"errors":[{"code":"root.invalid_json_request","message":"Must be absent if `all` is true.","#,
            r#""fields":["deployment[0].deployment_ids"]}]}"#
        ),
    );
    for neither in [json!({"all": false}), json!({}), json!({"all": false, "deployment_ids": []})] {
        let answer = bench.unassign(seed::ERIN, &on(neither)).await;
        answer.is(
            400,
            concat!(
                r#"{"errors":[{"code":"root.invalid_json_request","message":"Must be present if `all` is false.","#,
                r#""fields":["deployment[0].deployment_ids"]}]}"#
            ),
        );
    }
    // Deployments have their ids, projects have theirs.
    let crossed = on(json!({"all": false, "project_ids": [seed::P1]}));
    bench.unassign(seed::ERIN, &crossed).await.refuses(400, INVALID);
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn members_of_the_wrong_type_are_400_and_named() {
    let bench = Bench::new().await;
    let before = bench.facts();
    for (body, field) in [
        (r#"{"organization":{"role_id":"billing-admin","organization_id":"1000000001"}}"#, "organization"),
        (r#"{"organization":null}"#, "organization"),
        (r#"{"organization":["billing-admin"]}"#, "organization[0]"),
        (r#"{"organization":[{"role_id":7,"organization_id":"1000000001"}]}"#, "organization[0].role_id"),
        (r#"{"organization":[{"role_id":"billing-admin"}]}"#, "organization[0].organization_id"),
        (r#"{"organization":[{"role_id":"billing-admin","organization_id":""}]}"#, "organization[0].organization_id"),
        (
            r#"{"organization":[{"role_id":"billing-admin","organization_id":1000000001}]}"#,
            "organization[0].organization_id",
        ),
        (r#"{"project":[]}"#, "project"),
        (r#"{"project":{"security":{}}}"#, "project.security"),
        (
            r#"{"deployment":[{"role_id":"deployment-viewer","organization_id":"1000000001","all":"true"}]}"#,
            "deployment[0].all",
        ),
        (
            r#"{"deployment":[{"role_id":"deployment-viewer","organization_id":"1000000001","deployment_ids":"d1"}]}"#,
            "deployment[0].deployment_ids",
        ),
        (
            r#"{"deployment":[{"role_id":"deployment-viewer","organization_id":"1000000001","deployment_ids":[1]}]}"#,
            "deployment[0].deployment_ids",
        ),
        (
            concat!(
                r#"{"project":{"security":[{"role_id":"security-admin","organization_id":"1000000001","#,
                r#""all":true,"application_roles":"x"}]}}"#
            ),
            "project.security[0].application_roles",
        ),
        ("[]", "role_assignments"),
        ("null", "role_assignments"),
    ] {
        let answer = bench.send("DELETE", &assignments_of(seed::BOB), body).await;
        answer.refuses(400, INVALID);
        assert_eq!(answer.json()["errors"][0]["fields"], json!([field]), "{body}");
    }
    assert!(bench.lost_since(&before).is_empty());
}

#[tokio::test]
async fn a_body_of_another_content_type_is_415() {
    let bench = Bench::new().await;
    let ask = async |content_type: Option<&str>| {
        let mut request = bench.request("DELETE", &assignments_of(seed::BOB)).body(org("billing-admin").to_string());
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        read(request.header("authorization", format!("ApiKey {}", seed::API_KEY))).await
    };
    for content_type in [None, Some("text/plain"), Some("application/jsonp")] {
        ask(content_type).await.refuses(415, "root.unsupported_media_type");
    }
    bench.sim.settings(|s| s.wrong_content_type_status = 400);
    ask(None).await.refuses(400, "root.unsupported_media_type");
    assert!(bench.sim.holds(seed::BOB, &billing_admin()));
    ask(Some("Application/JSON; charset=utf-8")).await.is(200, "{}");
    assert!(!bench.sim.holds(seed::BOB, &billing_admin()));
}

#[tokio::test]
async fn a_test_may_add_users_of_its_own() {
    use offramp::sandbox::elastic_cloud::User;
    let bench = Bench::new().await;
    let role = Assignment::on(Scope::Security, seed::ACME, "security-tier1-analyst", &[seed::P2]);
    let user = User::member(seed::ACME, "Own", "own@acme.example").with(role.clone());
    bench.sim.put_user("own", user);
    assert!(bench.sim.holds("own", &role));
    let set = bench.member("own").await.unwrap()["role_assignments"].clone();
    bench.unassign("own", &set).await.is(200, "{}");
    assert!(!bench.sim.holds("own", &role));
}
