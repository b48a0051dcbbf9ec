//! Voucherify: the role is a guard, the only project stays, and who was taken out is read through another project.

use offramp::sandbox::voucherify::{OnlyProject, RestrictedKey, Rival, Settings, Voucherify, seed};
use offramp::sandbox::{Aim, Fault};
use serde_json::{Value as Json, json};

use super::*;

struct Stage {
    simulator: Arc<Voucherify>,
    server: SimServer,
    engine: Engine,
    account: Account,
}

async fn stage(change: impl FnOnce(&mut Settings)) -> Stage {
    let simulator = Arc::new(Voucherify::new(Clock::default()));
    simulator.settings(change);
    let server = SimServer::start(Arc::clone(&simulator) as Arc<dyn Simulator>).await.unwrap();
    let account = account("voucherify", &server.base_url(), &simulator.demo().context);
    Stage { simulator, server, engine: engine(), account }
}

impl Stage {
    async fn take(&self, user: &str, project: &str, named: Option<&str>) -> Report {
        let request = UnassignRequest {
            workspace_id: Some(project.to_owned()),
            ..remove(user, named.map(role).into_iter().collect())
        };
        self.engine.unassign(&self.account, request, None).await.unwrap_or_else(|error| panic!("{error}"))
    }

    fn removals(&self) -> usize {
        self.server.journal().iter().filter(|recorded| recorded.call.method == "DELETE").count()
    }
}

#[tokio::test]
async fn another_role_than_the_named_one_is_left_alone_and_still_shown() {
    let stage = stage(|_| ()).await;
    let report = stage.take(seed::SAMMY, seed::TEST, Some("ADMIN")).await;
    assert_eq!(verdict(&report), (Outcome::AlreadyAbsent, Verified::Yes, HeldBefore::No, None));
    assert_eq!((stage.removals(), stage.simulator.role(seed::SAMMY, seed::TEST).as_deref()), (0, Some("USER")));
    let roles = field(&report, "roles").unwrap();
    let here = json!({ "id": "USER", "name": "USER", "workspace": seed::TEST });
    assert!(roles.as_array().unwrap().contains(&here), "{roles}");
    let workspaces = field(&report, "workspaces").unwrap();
    assert!(workspaces.to_string().contains(seed::TEST), "{workspaces}");
}

#[tokio::test]
async fn the_user_read_before_stands_in_without_the_project() {
    let through_another = stage(|_| ()).await.take(seed::SAMMY, seed::TEST, None).await;
    let stage = stage(|_| ()).await;
    let elsewhere =
        |call: &Call| call.method == "GET" && call.path.contains("/users/") && !call.path.contains(seed::TEST);
    let aim = Aim { meets: Box::new(elsewhere), after: None, skip: 0, times: 0 };
    stage.server.faults.plant(aim, Fault::DropBefore);
    let report = stage.take(seed::SAMMY, seed::TEST, None).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None));
    let fields = |report: &Report| -> Vec<(&str, Json)> {
        report.user.iter().map(|(name, ..)| (*name, field(report, name).unwrap_or_default())).collect()
    };
    assert_eq!(fields(&report), fields(&through_another));
    assert_eq!(fields(&report).len(), 10);
    // The provider's object is what it was then.
    let record: Json = serde_json::from_slice(&report.remote_data.clone().unwrap()).unwrap();
    assert_eq!((&record["id"], &record["projects"][seed::TEST]), (&json!(seed::SAMMY), &json!("USER")));
}

#[tokio::test]
async fn the_only_project_is_refused_before_anything_is_sent() {
    let stage = stage(|_| ()).await;
    let report = stage.take(seed::SOLE, seed::SPRING, None).await;
    assert_eq!(verdict(&report), (Outcome::Refused, Verified::Skipped, HeldBefore::Yes, Some(ErrorKind::Refused)));
    assert_eq!(stage.removals(), 0);
    // Both of two are the only ones, together.
    let both =
        [seed::SPRING, seed::TEST].map(|project| RoleRef { workspace: Some(project.to_owned()), ..role("USER") });
    let report = stage.engine.unassign(&stage.account, remove(seed::PAIR, both.to_vec()), None).await.unwrap();
    assert!(report.items.iter().all(|item| item.outcome == Outcome::Refused), "{:?}", report.items);
    assert_eq!(stage.removals(), 0);
}

#[tokio::test]
async fn what_became_the_only_project_meanwhile_is_the_providers_no() {
    for (answer, status, kind) in [
        (OnlyProject::BadRequest, 400, ErrorKind::InvalidRequest),
        (OnlyProject::Forbidden, 403, ErrorKind::PermissionMissing),
        (OnlyProject::Conflict, 409, ErrorKind::Conflict),
    ] {
        let stage = stage(|settings| {
            settings.rival = Rival::TakesTheOthers;
            settings.only_project = answer;
        })
        .await;
        let report = stage.take(seed::PAIR, seed::TEST, None).await;
        assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (status, Some(kind))));
        assert_eq!(stage.simulator.role(seed::PAIR, seed::TEST).as_deref(), Some("USER"));
    }
}

#[tokio::test]
async fn not_assigned_is_told_by_its_key_alone() {
    for (with_key, expected) in [(true, Outcome::AlreadyAbsent), (false, Outcome::Failed)] {
        let stage = stage(|settings| settings.key_in_errors = with_key).await;
        let report = stage.take(seed::SOLE, seed::TEST, None).await;
        assert_eq!((report.outcome(), stage.removals()), (expected, 1), "{:?}", report.items);
    }
    // Somebody else was faster: it is not held, and it was not us.
    let stage = stage(|settings| settings.rival = Rival::TakesTheSame).await;
    let report = stage.take(seed::PAIR, seed::TEST, None).await;
    assert_eq!((report.outcome(), stage.removals()), (Outcome::AlreadyAbsent, 1));
}

#[tokio::test]
async fn a_plan_without_the_feature_and_a_key_without_the_right_are_told_apart() {
    let unpaid = stage(|settings| settings.feature_missing = true).await;
    let report = unpaid.take(seed::SAMMY, seed::TEST, None).await;
    assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (402, Some(ErrorKind::PaymentRequired))));
    for (answer, status, kind) in [
        (RestrictedKey::Forbidden, 403, ErrorKind::PermissionMissing),
        (RestrictedKey::Unauthorized, 401, ErrorKind::CredentialsRejected),
    ] {
        let mut stage = stage(|settings| settings.restricted_key = answer).await;
        let context = json!({ "management_id": seed::RESTRICTED_ID, "management_token": seed::RESTRICTED_TOKEN });
        stage.account = account("voucherify", &stage.server.base_url(), &context);
        let report = stage.take(seed::SAMMY, seed::TEST, None).await;
        assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (status, Some(kind))));
    }
}

#[tokio::test]
async fn an_address_that_is_anothers_login_is_not_guessed_at() {
    let stage = stage(|_| ()).await;
    let request =
        UnassignRequest { workspace_id: Some(seed::TEST.to_owned()), ..remove("ops@example.com", Vec::new()) };
    let error = stage.engine.unassign(&stage.account, request, None).await.unwrap_err();
    assert!(error.message.contains(seed::OPS_LOGIN) && error.message.contains(seed::BEA), "{error}");
    // A login is an id's equal, whatever is in it.
    let report = stage.take("odd+100%/eu@example.com", seed::TEST, None).await;
    assert_eq!((report.outcome(), report.user_id.as_str()), (Outcome::Removed, seed::ODD_LOGIN));
}
