//! Slack Enterprise: a clear word for every code inside a 200, and checks before anything is sent.

use serde_json::{Value as Json, json};

use super::*;

const USER: &str = "W012A3CDE";

/// A provider that answers the removal with this, and lists these assignments, a page of one each.
struct Grid {
    status: u16,
    answer: Json,
    assigned: Vec<(&'static str, &'static str, &'static str)>,
    /// Whether the removal has its effect, whatever it answers.
    effective: bool,
}

/// The role is assigned, listed on the last page.
fn says(status: u16, answer: Json) -> Grid {
    let assigned = vec![("Rl03", "T9", USER), ("Rl03", "T123ABC456", "U9"), ("Rl03", "T123ABC456", USER)];
    Grid { status, answer, assigned, effective: false }
}

impl Grid {
    fn answer(&mut self, call: &Call) -> Reply {
        match (call.method.as_str(), call.segments().last().copied().unwrap_or_default()) {
            ("POST", "admin.roles.removeAssignments") => {
                let body: Json = serde_json::from_slice(&call.body).unwrap();
                let meant = |(role, entity, user): &(&str, &str, &str)| {
                    body == json!({ "role_id": role, "entity_ids": [entity], "user_ids": [user] })
                };
                if self.effective {
                    self.assigned.retain(|triple| !meant(triple));
                }
                Reply::json(self.status, &self.answer)
            }
            ("GET", "admin.roles.listAssignments") => {
                let page: usize = call.query.rsplit_once("cursor=").map_or(0, |(_, cursor)| cursor.parse().unwrap());
                let listed: Vec<Json> = self
                    .assigned
                    .iter()
                    .skip(page)
                    .take(1)
                    .map(|(role, entity, user)| json!({ "role_id": role, "entity_id": entity, "user_id": user }))
                    .collect();
                let next = if page + 1 < self.assigned.len() { (page + 1).to_string() } else { String::new() };
                let metadata = json!({ "next_cursor": next });
                Reply::json(200, &json!({ "ok": true, "role_assignments": listed, "response_metadata": metadata }))
            }
            ("GET", "users.info") => Reply::json(
                200,
                &json!({ "ok": true, "user": { "id": USER, "deleted": false, "updated": 1502138686,
                    "real_name": "Egon M. Spengler", "profile": { "email": "egon@acme.example" },
                    "enterprise_user": { "teams": ["T1", "T2"] } } }),
            ),
            _ => Reply::json(200, &json!({ "ok": false, "error": "unknown_method" })),
        }
    }
}

fn wanted() -> UnassignRequest {
    remove(USER, on("T123ABC456", role("Rl03")))
}

fn on(entity: &str, role: RoleRef) -> Vec<RoleRef> {
    vec![RoleRef { workspace: Some(entity.to_owned()), ..role }]
}

async fn unassign(grid: Grid) -> Report {
    let grid = Arc::new(Scripted { state: Mutex::new(grid), script: Grid::answer });
    let server = SimServer::start(grid).await.unwrap();
    let account = account("slack-enterprise", &format!("{}/api", server.base_url()), &json!({ "token": "xoxp-1" }));
    engine().unassign(&account, wanted(), None).await.unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn every_code_has_its_kind_and_the_status_it_stands_for() {
    use ErrorKind::*;
    for (code, kind, status) in [
        ("no_valid_users", NotFound, 404),
        ("no_valid_entities", NotFound, 404),
        ("invalid_role_id", NotFound, 404),
        ("user_not_found", NotFound, 404),
        ("users_not_found", NotFound, 404),
        ("team_not_found", NotFound, 404),
        ("failed_for_some_users", InvalidRequest, 400),
        ("failed_for_some_entities", InvalidRequest, 400),
        ("failed_for_some_users_and_entities", InvalidRequest, 400),
        ("too_many_users", InvalidRequest, 400),
        ("invalid_arguments", InvalidRequest, 400),
        ("method_deprecated", InvalidRequest, 400),
        ("invalid_auth", CredentialsRejected, 401),
        ("token_expired", CredentialsRejected, 401),
        ("missing_scope", PermissionMissing, 403),
        ("invalid_actor", PermissionMissing, 403),
        ("feature_not_enabled", PermissionMissing, 403),
        ("ratelimited", RateLimited, 429),
        ("missing_scope_of_ours", ProviderError, 502),
    ] {
        let report = unassign(says(200, json!({ "ok": false, "error": code }))).await;
        assert_eq!(verdict(&report), (Outcome::Failed, Verified::Skipped, HeldBefore::Unknown, Some(kind)), "{code}");
        assert_eq!(report.status(), (status, Some(kind)), "{code}");
    }
}

#[tokio::test]
async fn after_an_internal_error_the_read_back_decides() {
    for code in ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"] {
        let answer = json!({ "ok": false, "error": code });
        let report = unassign(Grid { effective: true, ..says(200, answer.clone()) }).await;
        assert_eq!((report.outcome(), report.items[0].confirmed_by), (Outcome::Removed, Some("read_back")), "{code}");
        let report = unassign(says(200, answer)).await;
        assert_eq!(
            (report.outcome(), report.verified(), report.status().0),
            (Outcome::Unknown, Verified::No, 502),
            "{code}"
        );
    }
}

#[tokio::test]
async fn the_status_counts_before_the_code() {
    let report = unassign(says(503, json!({ "ok": false, "error": "user_not_found" }))).await;
    assert_eq!((report.outcome(), report.status()), (Outcome::Unknown, (503, Some(ErrorKind::ProviderUnavailable))));
    let report = unassign(says(429, json!({ "ok": false, "error": "ratelimited" }))).await;
    assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (429, Some(ErrorKind::RateLimited))));
    for odd in [json!("<html>"), json!({}), json!({ "ok": "true" })] {
        let report = unassign(says(200, odd)).await;
        assert_eq!((report.outcome(), report.status().0), (Outcome::Unknown, 502));
    }
}

#[tokio::test]
async fn the_proof_looks_at_every_page_and_only_at_this_triple() {
    let report = unassign(Grid { effective: true, ..says(200, json!({ "ok": true })) }).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Unknown, None));
    assert_eq!(field(&report, "updated_at"), Some(json!("2017-08-07T20:44:46Z")));
    assert_eq!(field(&report, "first_name"), Some(json!("Egon")));
    assert_eq!(field(&report, "last_name"), Some(json!("M. Spengler")));
    assert_eq!(field(&report, "workspaces"), Some(json!([{ "id": "T1" }, { "id": "T2" }])));
    // Accepted, and still listed on the last page.
    let report = unassign(says(200, json!({ "ok": true }))).await;
    assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (502, Some(ErrorKind::NotEffective))));
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_before_anything_is_sent() {
    let grid = Arc::new(Scripted { state: Mutex::new(says(200, json!({ "ok": true }))), script: Grid::answer });
    let server = SimServer::start(grid).await.unwrap();
    let context = json!({ "token": "xoxp-1", "enterprise_id": "E123ABC456" });
    let account = account("slack-enterprise", &server.base_url(), &context);
    for (id, roles, said) in [
        ("B012", on("T1A", role("Rl03")), "id is not"),
        ("u012", on("T1A", role("Rl03")), "id is not"),
        (USER, on("X1A", role("Rl03")), "roles[0].workspace is not"),
        (USER, on("T1A", role("Rl01,Rl02")), "roles[0].id is not"),
        (USER, on("T1A", role_named("Chief")), "means no role"),
        (USER, on("T1A", role("Rl0F")), "organization alone"),
        (USER, on("C1A", role_named("exports ADMIN")), "organization alone"),
        (USER, on("E999", role("Rl0F")), "E123ABC456"),
        (USER, vec![role("Rl03")], "workspace_id"),
    ] {
        let error = engine().unassign(&account, remove(id, roles), None).await.unwrap_err();
        assert!(error.message.contains(said), "{said}: {error}");
    }
    for (name, value) in [("user_ids", json!(["W9"])), ("Role_Id", json!("Rl01")), ("token", json!("xoxp-2"))] {
        let mut request = wanted();
        request.remote_data.insert(name.to_owned(), value);
        let error = engine().unassign(&account, request, None).await.unwrap_err();
        assert!(error.message.contains(&format!("remote_data.{name}")), "{error}");
    }
    assert!(server.journal().is_empty());
    let mut planned = remove(USER, on("E123ABC456", role("Rl_custom")));
    planned.options.dry_run = true;
    assert_eq!(engine().unassign(&account, planned, None).await.unwrap().outcome(), Outcome::Planned);
}

#[test]
fn govslack_is_another_host() {
    let connector = Arc::clone(offramp::connector::embedded().unwrap().get("slack-enterprise").unwrap());
    for (gov, host) in [(json!(null), "slack.com"), (json!(false), "slack.com"), (json!(true), "slack-gov.com")] {
        let context = json!({ "token": "xoxp-1", "gov": gov });
        let context = Context::check(&connector, context.as_object().unwrap()).unwrap();
        let account = Account::new("a", "default", Arc::clone(&connector), &context, false).unwrap();
        assert_eq!((account.base.authority.as_str(), account.base.path.as_str()), (host, "/api"));
    }
}
