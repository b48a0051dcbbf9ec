//! TeamViewer: the provider's no is settled by reads, and what a group gives is no assignment of the user's own.

use offramp::model::{Options, RequestError};
use offramp::sandbox::Fault;
use offramp::sandbox::teamviewer::{EmailFilter, LastPage, NotHeld, Settings, TeamViewer, seed};
use serde_json::{Value as Json, json};

use super::*;

struct Stage {
    simulator: Arc<TeamViewer>,
    server: SimServer,
    engine: Engine,
    account: Account,
}

async fn stage_with(change: impl FnOnce(&mut Settings)) -> Stage {
    let simulator = Arc::new(TeamViewer::new(Clock::default()));
    simulator.settings(change);
    let server = SimServer::start(Arc::clone(&simulator) as Arc<dyn Simulator>).await.unwrap();
    let account = account("teamviewer", &server.base_url(), &simulator.demo().context);
    Stage { simulator, server, engine: engine(), account }
}

impl Stage {
    async fn try_taking(&self, user: &str, wanted: RoleRef) -> Result<Report, RequestError> {
        self.engine.unassign(&self.account, remove(user, vec![wanted]), None).await
    }

    async fn take(&self, user: &str, wanted: RoleRef) -> Report {
        self.try_taking(user, wanted).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The bodies of the removals.
    fn removals(&self) -> Vec<Json> {
        let journal = self.server.journal();
        let removals = journal.iter().filter(|recorded| recorded.call.method == "POST");
        removals.map(|recorded| serde_json::from_slice(&recorded.call.body).unwrap()).collect()
    }
}

#[tokio::test]
async fn the_providers_no_to_what_is_not_held_is_settled_by_reads_and_nobody_is_not_found() {
    for not_held in [NotHeld::Accepted, NotHeld::InvalidRequest, NotHeld::NotFound] {
        let stage = stage_with(|settings| settings.not_held = not_held).await;
        let report = stage.take(seed::BARE, role(seed::USER_MANAGER)).await;
        assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Unknown, None), "{not_held:?}");
        let settled = (not_held != NotHeld::Accepted).then_some("read_back");
        assert_eq!(report.items[0].confirmed_by, settled);

        let before = stage.simulator.memberships();
        let report = stage.take("u999", role(seed::USER_MANAGER)).await;
        assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (404, Some(ErrorKind::NotFound))));
        assert_eq!((report.remote_calls, stage.simulator.memberships()), (0, before));
    }
    // A no to what is held stands.
    for (status, category) in [(400, "invalid_request"), (404, "not_found")] {
        let stage = stage_with(|_| ()).await;
        let no = Reply::json(status, &json!({"error": category, "error_description": "no"}));
        stage.server.faults.once("POST", "unassign", Fault::Answer(no));
        let report = stage.take(seed::JANE, role(seed::USER_MANAGER)).await;
        assert_eq!((report.outcome(), report.verified(), report.status().0), (Outcome::Failed, Verified::No, status));
        assert!(stage.simulator.holds(seed::JANE, seed::USER_MANAGER));
    }
}

#[tokio::test]
async fn what_a_group_gives_is_said_to_be_inherited() {
    let stage = stage_with(|_| ()).await;
    let report = stage.take(seed::BOTH, role(seed::SUPPORT_AGENT)).await;
    assert_eq!((report.outcome(), report.verified(), report.status().0), (Outcome::Removed, Verified::Inherited, 409));
    assert!(!stage.simulator.holds(seed::BOTH, seed::SUPPORT_AGENT));

    let request = remove(seed::INHERITING, vec![role(seed::NIGHT_SHIFT)]);
    let options = Options { check_before: true, ..request.options.clone() };
    let before = UnassignRequest { options, ..request };
    let report = stage.engine.unassign(&stage.account, before, None).await.unwrap();
    let alone = (Outcome::Failed, Verified::Inherited, HeldBefore::Unknown, Some(ErrorKind::Inherited));
    assert_eq!(verdict(&report), alone, "by a group alone");
    assert_eq!(stage.removals().len(), 1);

    // That no group gives it is shown, or it is not said.
    stage.server.faults.always("GET", "/users/u102/userroles", Fault::DropBefore);
    let report = stage.take(seed::JANE, role(seed::SUPPORT_AGENT)).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Unverifiable, HeldBefore::Unknown, None));
}

#[tokio::test]
async fn pages_are_read_to_the_end_however_it_is_written() {
    for last_page in [LastPage::Null, LastPage::Absent, LastPage::Empty] {
        let stage = stage_with(|settings| {
            settings.last_page = last_page;
            settings.users_per_page = 1;
            settings.roles_per_page = 1;
        })
        .await;
        // The last of those who hold it.
        let report = stage.take("u212", role(seed::EVERYONE)).await;
        assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Unknown, None), "{last_page:?}");
        let report = stage.take(seed::JANE, role(seed::USER_MANAGER)).await;
        let roles = field(&report, "roles").unwrap();
        assert_eq!(roles.as_array().unwrap().len(), 6, "{roles}");
    }
}

#[tokio::test]
async fn users_and_roles_are_named_in_any_of_their_ways_and_never_guessed_at() {
    for filter in [EmailFilter::Whole, EmailFilter::Part] {
        let upper = seed::COMPANY_ADMINISTRATOR.to_uppercase();
        for (id, wanted) in [
            ("101", role(seed::COMPANY_ADMINISTRATOR)),
            ("u101", role(&upper)),
            ("ADA@example.com", role_named("Company Administrator")),
        ] {
            let stage = stage_with(|settings| settings.email_filter = filter).await;
            let report = stage.take(id, wanted).await;
            assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, Verified::Yes), "{id}");
            let body = json!({"UserIds": [seed::ADA], "UserRoleId": seed::COMPANY_ADMINISTRATOR});
            assert_eq!(stage.removals(), [body]);
        }
    }
    let stage = stage_with(|_| ()).await;
    let error = stage.try_taking(seed::JANE, role_named("Auditor")).await.unwrap_err();
    assert!(error.message.contains(seed::AUDITOR) && error.message.contains(seed::OTHER_AUDITOR), "{error}");
    assert!(!error.message.contains(seed::LOWER_AUDITOR), "{error}");
    stage.simulator.put_user("u301", offramp::sandbox::teamviewer::User::active("Ada", "ADA@EXAMPLE.COM"));
    let error = stage.try_taking("ada@example.com", role(seed::EVERYONE)).await.unwrap_err();
    assert!(error.message.contains(seed::ADA) && error.message.contains("u301"), "{error}");
    assert_eq!(stage.removals().len(), 0);
}

#[tokio::test]
async fn the_category_says_what_went_wrong_whatever_the_status() {
    for (category, kind) in [
        ("invalid_token", ErrorKind::CredentialsRejected),
        ("token_expired", ErrorKind::CredentialsRejected),
        ("invalid_permission", ErrorKind::PermissionMissing),
        ("rate_limit_reached", ErrorKind::RateLimited),
        ("too_many_retries", ErrorKind::RateLimited),
    ] {
        let stage = stage_with(|_| ()).await;
        let no = Reply::json(400, &json!({"error": category, "error_description": "no"}));
        stage.server.faults.once("POST", "unassign", Fault::Answer(no));
        let report = stage.take(seed::JANE, role(seed::USER_MANAGER)).await;
        assert_eq!((report.outcome(), report.status().1), (Outcome::Failed, Some(kind)), "{category}");
    }
}
