//! Elastic Cloud: an assignment is removed as a whole, as the member list shows it, or not at all.

use offramp::model::{NamedRef, RequestError};
use offramp::sandbox::elastic_cloud::{Assignment, ElasticCloud, NoAssignments, Scope, Settings, seed};
use serde_json::{Value as Json, json};

use super::*;

struct Stage {
    simulator: Arc<ElasticCloud>,
    server: SimServer,
    engine: Engine,
    account: Account,
}

async fn stage_with(context: Json, change: impl FnOnce(&mut Settings)) -> Stage {
    let simulator = Arc::new(ElasticCloud::new(Clock::default()));
    simulator.settings(change);
    let server = SimServer::start(Arc::clone(&simulator) as Arc<dyn Simulator>).await.unwrap();
    let account = account("elastic-cloud", &server.base_url(), &context);
    Stage { simulator, server, engine: engine(), account }
}

async fn stage() -> Stage {
    stage_with(json!({ "api_key": seed::API_KEY, "organization_id": seed::ACME }), |_| ()).await
}

fn on_deployments(id: &str, group: &str) -> RoleRef {
    RoleRef { group: Some(group.to_owned()), ..role(id) }
}

fn on_projects(id: &str, workspace: &str) -> RoleRef {
    RoleRef { workspace: Some(workspace.to_owned()), ..role(id) }
}

impl Stage {
    async fn try_taking(&self, user: &str, role: RoleRef) -> Result<Report, RequestError> {
        self.engine.unassign(&self.account, remove(user, vec![role]), None).await
    }

    async fn take(&self, user: &str, role: RoleRef) -> Report {
        self.try_taking(user, role).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The bodies of the removals.
    fn removals(&self) -> Vec<Json> {
        let journal = self.server.journal();
        let removals = journal.iter().filter(|recorded| recorded.call.method == "DELETE");
        removals.map(|recorded| serde_json::from_slice(&recorded.call.body).unwrap()).collect()
    }
}

#[tokio::test]
async fn an_assignment_is_sent_as_it_was_read_below_its_scope() {
    let acme = seed::ACME;
    let apps = json!([{ "organization_id": acme, "role_id": "deployment-viewer", "all": true,
        "application_roles": ["kibana_admin", "superuser"] }]);
    let reader = json!([{ "organization_id": acme, "role_id": "elasticsearch-developer", "all": true,
        "application_roles": ["reader"] }]);
    let on_one =
        json!([{ "organization_id": acme, "role_id": "security-editor", "all": false, "project_ids": [seed::P1] }]);
    let viewer = json!([{ "organization_id": acme, "role_id": "observability-viewer", "all": true }]);
    for (user, wanted, body) in [
        (seed::FINN, role("billing-admin"), Json::Null),
        (
            seed::BOB,
            role("billing-admin"),
            json!({ "organization": [{ "organization_id": acme, "role_id": "billing-admin" }] }),
        ),
        (seed::GUS, role("deployment-viewer"), json!({ "deployment": apps })),
        (seed::GUS, role("elasticsearch-developer"), json!({ "project": { "elasticsearch": reader } })),
        (seed::ZOE, on_projects("security-editor", seed::P1), json!({ "project": { "security": on_one } })),
        (seed::ZOE, on_projects("observability-viewer", "all"), json!({ "project": { "observability": viewer } })),
    ] {
        let stage = stage().await;
        let before = stage.simulator.memberships();
        let report = stage.take(user, wanted).await;
        let lost = before.difference(&stage.simulator.memberships()).count();
        if body.is_null() {
            assert_eq!(verdict(&report), (Outcome::AlreadyAbsent, Verified::Yes, HeldBefore::No, None));
            assert_eq!((stage.removals().len(), lost), (0, 0));
        } else {
            assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None), "{user}");
            assert_eq!((stage.removals(), lost), (vec![body], 1));
        }
    }
}

#[tokio::test]
async fn one_of_several_assignments_must_be_named_and_is_taken_alone() {
    let stage = stage().await;
    let error = stage.try_taking(seed::ERIN, role("deployment-viewer")).await.unwrap_err();
    assert!(error.message.contains("several assignments"), "{error}");
    let report = stage.take(seed::ERIN, on_deployments("deployment-viewer", seed::D2)).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None));
    let left = |deployment| Assignment::on(Scope::Deployment, seed::ACME, "deployment-viewer", &[deployment]);
    assert!(stage.simulator.holds(seed::ERIN, &left(seed::D1)) && !stage.simulator.holds(seed::ERIN, &left(seed::D2)));
}

#[tokio::test]
async fn a_part_of_an_assignment_is_refused_and_the_whole_in_any_order_is_taken() {
    let stage = stage().await;
    for part in [seed::D1, "all"] {
        let report = stage.take(seed::DORA, on_deployments("deployment-editor", part)).await;
        let refused = (Outcome::Refused, Verified::Skipped, HeldBefore::Yes, Some(ErrorKind::Refused));
        assert_eq!(verdict(&report), refused, "{part}");
    }
    // One deployment of a role that is held on all of them.
    let report = stage.take(seed::DORA, on_deployments("deployment-viewer", seed::D1)).await;
    assert_eq!((report.outcome(), stage.removals().len()), (Outcome::Refused, 0));
    let whole = format!("{}, {}", seed::D2, seed::D1);
    let report = stage.take(seed::DORA, on_deployments("deployment-editor", &whole)).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None));
}

#[tokio::test]
async fn what_a_role_cannot_be_held_on_is_not_passed_over() {
    let stage = stage().await;
    for wanted in [
        on_deployments("billing-admin", seed::D1),
        on_projects("billing-admin", seed::P1),
        on_projects("deployment-admin", seed::P1),
        on_deployments("elasticsearch-viewer", seed::D1),
    ] {
        let error = stage.try_taking(seed::GRACE, wanted.clone()).await.unwrap_err();
        assert!(error.message.contains(wanted.id.as_deref().unwrap()), "{error}");
    }
    assert!(stage.server.journal().is_empty(), "nothing is asked");
}

#[tokio::test]
async fn an_id_of_a_realm_is_an_id_and_a_shared_address_is_nobodys() {
    for user in [seed::HEIDI_OF_REALM, seed::HEIDI] {
        let stage = stage().await;
        let report = stage.take(user, role("billing-admin")).await;
        assert_eq!(
            (report.outcome(), report.verified(), report.user_id.as_str()),
            (Outcome::Removed, Verified::Yes, user)
        );
    }
    let stage = stage().await;
    let report = stage.take(seed::IVAN, role("deployment-viewer")).await;
    assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, Verified::Yes));
    let error = stage.try_taking("HEIDI@acme.example", role("billing-admin")).await.unwrap_err();
    assert!(error.message.contains(seed::HEIDI_OF_REALM) && error.message.contains(seed::HEIDI), "{error}");
}

#[tokio::test]
async fn a_member_without_assignments_in_the_answer_shows_nothing() {
    let context = json!({ "api_key": seed::API_KEY, "organization_id": seed::ACME });
    let stage = stage_with(context, |settings| settings.no_assignments = NoAssignments::Omitted).await;
    let report = stage.take(seed::FINN, role("billing-admin")).await;
    assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (502, Some(ErrorKind::ProviderError))));
    assert_eq!(stage.removals().len(), 0);
    let report = stage.take(seed::BOB, role("billing-admin")).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Unverifiable, HeldBefore::Yes, None));
}

#[tokio::test]
async fn the_organization_is_the_requests_the_accounts_or_the_only_one() {
    let account_wide = json!({ "api_key": seed::TWO_ORGANIZATIONS_KEY, "organization_id": seed::LABS });
    let stage = stage_with(account_wide, |_| ()).await;
    let in_acme = UnassignRequest {
        organizations: vec![NamedRef { id: Some(seed::ACME.to_owned()), ..NamedRef::default() }],
        ..remove(seed::BOB, vec![role("billing-admin")])
    };
    assert_eq!(stage.engine.unassign(&stage.account, in_acme, None).await.unwrap().outcome(), Outcome::Removed);
    let report = stage.take(seed::LEO, role("billing-admin")).await;
    assert_eq!(report.outcome(), Outcome::Removed, "the account's");

    let alone = stage_with(json!({ "api_key": seed::API_KEY }), |_| ()).await;
    let report = alone.take(seed::BOB, role("billing-admin")).await;
    assert_eq!(
        (report.outcome(), field(&report, "organizations")),
        (Outcome::Removed, Some(json!([{ "id": seed::ACME, "name": "Acme" }])))
    );

    let two = stage_with(json!({ "api_key": seed::TWO_ORGANIZATIONS_KEY }), |_| ()).await;
    let error = two.try_taking(seed::BOB, role("billing-admin")).await.unwrap_err();
    assert_eq!(error.missing_body, ["organizations"]);
    let some =
        stage_with(json!({ "api_key": seed::TWO_ORGANIZATIONS_KEY }), |s| s.organizations_per_page = Some(1)).await;
    let error = some.try_taking(seed::BOB, role("billing-admin")).await.unwrap_err();
    assert_eq!(error.missing_body, ["organizations"], "there is a second page");
}
