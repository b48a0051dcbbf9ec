//! CrowdStrike: one call for all roles of a customer id, reads that lag behind, and errors inside a 200.

use offramp::model::RequestError;
use offramp::sandbox::crowdstrike::{
    CrowdStrike, ErrorInside, InheritedOnly, Matching, NoErrors, Settings, UnknownUsers, seed,
};
use offramp::sandbox::{Aim, Fault};
use serde_json::{Value as Json, json};

use super::*;

const NOBODY: &str = "12121212-1212-4212-8212-121212121212";

struct Stage {
    simulator: Arc<CrowdStrike>,
    server: SimServer,
    engine: Engine,
    account: Account,
}

async fn stage_with(change: impl FnOnce(&mut Settings)) -> Stage {
    let simulator = Arc::new(CrowdStrike::new(Clock::default()));
    simulator.settings(|settings| {
        settings.read_lag = Duration::ZERO;
        change(settings);
    });
    let server = SimServer::start(Arc::clone(&simulator) as Arc<dyn Simulator>).await.unwrap();
    let account = account("crowdstrike", &server.base_url(), &simulator.demo().context);
    Stage { simulator, server, engine: engine(), account }
}

fn on(cid: &str, id: &str) -> RoleRef {
    RoleRef { organization: Some(cid.to_owned()), ..role(id) }
}

impl Stage {
    async fn try_taking(&self, user: &str, roles: Vec<RoleRef>) -> Result<Report, RequestError> {
        self.engine.unassign(&self.account, remove(user, roles), None).await
    }

    async fn take(&self, user: &str, roles: Vec<RoleRef>) -> Report {
        self.try_taking(user, roles).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The bodies of the revocations.
    fn revocations(&self) -> Vec<Json> {
        let journal = self.server.journal();
        let calls = journal.iter().filter(|recorded| recorded.call.path.contains("user-role-actions"));
        calls.map(|recorded| serde_json::from_slice(&recorded.call.body).unwrap()).collect()
    }
}

#[tokio::test]
async fn the_roles_of_a_customer_id_go_in_one_call_and_in_chunks_of_a_hundred() {
    let stage = stage_with(|_| ()).await;
    let roles = [on(seed::CID, "falcon_read_only"), on(seed::CHILD_CID, "falcon_read_only"), role("falcon_analyst")];
    let report = stage.take(seed::ALICE, roles.to_vec()).await;
    assert_eq!((report.outcome(), report.verified(), report.remote_calls), (Outcome::Removed, Verified::Yes, 2));
    assert!(report.items.iter().all(|item| item.held_before == HeldBefore::Yes));
    let revoke =
        |cid: &str, roles: &[&str]| json!({"action": "revoke", "cid": cid, "uuid": seed::ALICE, "role_ids": roles});
    let sent =
        [revoke(seed::CID, &["falcon_read_only", "falcon_analyst"]), revoke(seed::CHILD_CID, &["falcon_read_only"])];
    assert_eq!(stage.revocations(), sent);

    let roles: Vec<RoleRef> = (0..101).map(|n| role(&format!("custom_{n}"))).collect();
    for role in &roles {
        let made = offramp::sandbox::crowdstrike::Role {
            display_name: role.id.clone().unwrap(),
            description: String::new(),
            cid: None,
        };
        stage.simulator.put_role(role.id.as_ref().unwrap(), made);
        stage.simulator.assign(seed::ERIN, role.id.as_ref().unwrap(), seed::CID);
    }
    let report = stage.take(seed::ERIN, roles).await;
    assert_eq!((report.outcome(), report.verified(), report.items.len()), (Outcome::Removed, Verified::Yes, 101));
    let counts: Vec<usize> =
        stage.revocations()[2..].iter().map(|body| body["role_ids"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [100, 1]);
}

#[tokio::test]
async fn a_customer_id_is_the_same_in_capitals_and_with_its_checksum_and_else_the_users_own() {
    for cid in ["ABCDEF1234567890ABCDEF1234567890-A7", "abcdef1234567890abcdef1234567890-a7", seed::CID] {
        let stage = stage_with(|_| ()).await;
        let report = stage.take(seed::ALICE, vec![on(cid, "falcon_read_only")]).await;
        assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, Verified::Yes), "{cid}");
    }
    let stage = stage_with(|_| ()).await;
    let report = stage.take(seed::ZOE, vec![role(seed::CHILD_ROLE)]).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None));
    assert_eq!(stage.revocations()[0]["cid"], seed::CHILD_CID);
    let report = stage.take(seed::ALICE, vec![on(seed::CID, seed::CHILD_ROLE)]).await;
    assert_eq!(verdict(&report), (Outcome::Failed, Verified::Skipped, HeldBefore::Unknown, Some(ErrorKind::NotFound)));
    let report = stage.take(seed::ALICE, vec![on(seed::FOREIGN_CID, "falcon_analyst")]).await;
    assert_eq!((report.outcome(), report.status().0), (Outcome::Failed, 403));
}

#[tokio::test]
async fn an_error_inside_a_200_is_what_its_code_says() {
    for (code, outcome, status, kind) in [
        (400, Outcome::Failed, 400, ErrorKind::InvalidRequest),
        (403, Outcome::Failed, 403, ErrorKind::PermissionMissing),
        (404, Outcome::Failed, 404, ErrorKind::NotFound),
        (409, Outcome::Failed, 409, ErrorKind::Conflict),
        (429, Outcome::Failed, 429, ErrorKind::RateLimited),
        (500, Outcome::Unknown, 502, ErrorKind::ProviderUnavailable),
    ] {
        let inside = ErrorInside { code, message: "no".to_owned() };
        let stage = stage_with(|settings| settings.error_inside_ok = Some(inside)).await;
        let before = stage.simulator.memberships();
        let report = stage.take(seed::ALICE, vec![role("falcon_read_only")]).await;
        assert_eq!((report.outcome(), report.status()), (outcome, (status, Some(kind))), "{code}");
        assert_eq!(stage.simulator.memberships(), before);
    }
}

#[tokio::test]
async fn however_a_success_says_that_all_is_well_and_that_nothing_is_left() {
    for no_errors in [NoErrors::EmptyList, NoErrors::Null, NoErrors::Absent] {
        let stage = stage_with(|settings| {
            settings.no_errors = no_errors;
            settings.null_for_no_resources = true;
        })
        .await;
        // The only role there is.
        let report = stage.take(seed::SEAMUS, vec![role("falcon_analyst")]).await;
        assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None), "{no_errors:?}");
        let error = stage.try_taking("nobody@example.com", vec![role("falcon_analyst")]).await.unwrap_err();
        assert!(error.message.contains("no user has"), "{error}");
        let report = stage.take(NOBODY, vec![role("falcon_analyst")]).await;
        assert_eq!((report.outcome(), report.status().0), (Outcome::Failed, 404));
    }
    let stage = stage_with(|settings| settings.unknown_users = UnknownUsers::BadRequest).await;
    let report = stage.take(NOBODY, vec![role("falcon_analyst")]).await;
    assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (400, Some(ErrorKind::NotFound))));
}

#[tokio::test]
async fn an_answer_that_is_not_theirs_is_no_success() {
    let stage = stage_with(|_| ()).await;
    stage.server.faults.once("POST", "user-role-actions", Fault::Answer(Reply::json(200, &json!({}))));
    let report = stage.take(seed::ALICE, vec![role("falcon_read_only")]).await;
    assert_eq!(report.outcome(), Outcome::Unknown);
    assert!(stage.simulator.holds(seed::ALICE, "falcon_read_only", seed::CID));
}

#[tokio::test]
async fn that_no_group_gives_the_role_is_shown_or_it_is_not_said() {
    for (user, inherited) in [(seed::CAROL, true), (seed::ALICE, false)] {
        let wanted = if inherited { "help_desk" } else { "falcon_read_only" };
        for reply in [Reply::text(500, "oops"), Reply::json(200, &json!({})), Reply::json(200, &json!({"meta": {}}))] {
            let stage = stage_with(|_| ()).await;
            let all = |call: &Call| call.query.contains("direct_only=false");
            let aim = Aim { meets: Box::new(all), after: None, skip: 0, times: 0 };
            stage.server.faults.plant(aim, Fault::Answer(reply));
            let report = stage.take(user, vec![role(wanted)]).await;
            assert_eq!(verdict(&report), (Outcome::Removed, Verified::Unverifiable, HeldBefore::Yes, None), "{user}");
        }
        let stage = stage_with(|_| ()).await;
        let report = stage.take(user, vec![role(wanted)]).await;
        let verified = if inherited { Verified::Inherited } else { Verified::Yes };
        assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, verified), "{user}");
    }
    for (inherited_only, status) in [(InheritedOnly::Accepted, 409), (InheritedOnly::Refused, 400)] {
        let stage = stage_with(|settings| settings.inherited_only = inherited_only).await;
        let report = stage.take(seed::DAN, vec![on(seed::CHILD_CID, "falcon_analyst")]).await;
        assert_eq!(report.status().0, status, "by a group alone");
    }
}

#[tokio::test]
async fn names_and_addresses_are_compared_whole_whatever_the_filter_finds() {
    for matching in [Matching::Exact, Matching::IgnoringCase, Matching::Contains] {
        let stage = stage_with(|settings| settings.matching = matching).await;
        let report = stage.take("s.o'brien@example.com", vec![role_named("Falcon Analyst")]).await;
        assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, Verified::Yes), "{matching:?}");
        assert!(!stage.simulator.holds(seed::SEAMUS, "falcon_analyst", seed::CID));
        let report = stage.take("ana+ops@example.com", vec![role(seed::AUDITOR)]).await;
        assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, Verified::Yes), "{matching:?}");
    }
    let stage = stage_with(|_| ()).await;
    let error = stage.try_taking(seed::ANA, vec![role_named("Auditor")]).await.unwrap_err();
    assert!(error.message.contains(seed::AUDITOR) && error.message.contains(seed::OTHER_AUDITOR), "{error}");
    let error = stage.try_taking("guest@partner.example", vec![role("event_viewer")]).await.unwrap_err();
    assert!(error.message.contains(seed::EXTERNAL) && error.message.contains(seed::TWIN), "{error}");
    assert_eq!(stage.revocations().len(), 0);
}

#[tokio::test]
async fn within_the_lag_the_user_is_shown_without_the_role_and_the_proof_is_pending() {
    let stage = stage_with(|settings| settings.read_lag = Duration::from_secs(35)).await;
    let report = stage.take(seed::CAROL, vec![role("falcon_read_only")]).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Pending, HeldBefore::Yes, None));
    let roles = field(&report, "roles").unwrap();
    let left: Vec<&Json> = roles.as_array().unwrap().iter().map(|role| &role["id"]).collect();
    assert_eq!(left, ["help_desk", "help_desk"], "granted, and by a group");
}

/// The address might be another's too, whose id was not listed.
#[tokio::test]
async fn nobody_is_found_by_ids_that_were_not_listed_to_their_end() {
    let first = json!({"meta": {"pagination": {"total": 2}}, "errors": [], "resources": [seed::ALICE]});
    let no_list = json!({"meta": {"pagination": {"total": 2}}, "errors": []});
    for (second, refusal) in [(Reply::json(200, &no_list), true), (Reply::text(500, "oops"), false)] {
        let stage = stage_with(|_| ()).await;
        let page = |further: bool| -> Aim {
            let meets = move |call: &Call| {
                call.path.ends_with("/queries/users/v1") && call.query.contains("offset=") == further
            };
            Aim { meets: Box::new(meets), after: None, skip: 0, times: 0 }
        };
        stage.server.faults.plant(page(false), Fault::Answer(Reply::json(200, &first)));
        stage.server.faults.plant(page(true), Fault::Answer(second));
        let came = stage.try_taking("alice@example.com", vec![role("falcon_read_only")]).await;
        if refusal {
            let error = came.unwrap_err();
            assert!(error.message.contains("too long to be searched to its end"), "{error}");
        } else {
            let report = came.unwrap();
            assert_eq!((report.outcome(), report.status().0), (Outcome::Failed, 500), "{:?}", report.items);
        }
        assert!(stage.simulator.holds(seed::ALICE, "falcon_read_only", seed::CID));
    }
}
