//! Candidate A of JumpCloud: read, subtract, set the rest in one PUT; against a provider scripted from its documents.

use serde_json::{Value as Json, json};

use super::*;

const JANE: &str = "5f9c1a2b3c4d5e6f7a8b9c0d";
const ADMINISTRATOR: &str = "5c3536e9e0a6840001872782";
const HELP_DESK: &str = "5c3536e9e0a6840001872788";
const ORGANIZATION: &str = "5c3536e9e0a6840001872700";

/// A system user and the administrator linked to her, or a standalone administrator.
struct Tenant {
    linked: bool,
    /// `None`: nobody is an administrator.
    roles: Option<Vec<&'static str>>,
    /// Older tenants have `roleName` alone.
    single: bool,
    /// The administrator's GET fails once it was written to.
    unreadable: bool,
    /// The name of a secret member is spelled with an escape.
    escaped: bool,
    put: Put,
    written: Vec<(String, Json)>,
}

enum Put {
    Applies,
    IsIgnored,
    AnswersWithoutEffect(&'static str),
    FailsAfterwards,
    FindsNobody,
}

fn tenant(roles: &[&'static str]) -> Tenant {
    let roles = Some(roles.to_vec());
    Tenant {
        linked: true,
        roles,
        single: false,
        unreadable: false,
        escaped: false,
        put: Put::Applies,
        written: Vec::new(),
    }
}

fn not_found() -> Reply {
    Reply::json(404, &json!({ "message": "Not Found" }))
}

impl Tenant {
    /// The members that show roles, and these besides.
    fn record(&self, more: Json) -> Option<Json> {
        let roles = self.roles.as_ref()?;
        let mut record = json!({ "roleName": roles.first() });
        let members = record.as_object_mut().unwrap();
        if !self.single {
            members.insert("roleNames".to_owned(), json!(roles));
        }
        members.extend(more.as_object().unwrap().clone());
        Some(record)
    }

    fn administrator(&self) -> Option<Json> {
        self.record(json!({ "_id": ADMINISTRATOR, "email": "jane@acme.example", "suspended": false,
            "organization": ORGANIZATION, "apiKeyHash": { "prefix": "jca_1234" } }))
    }

    fn answer(&mut self, call: &Call) -> Reply {
        if call.header("x-api-key") != Some("key") {
            return Reply::json(401, &json!({ "message": "Unauthorized" }));
        }
        let body: Json = serde_json::from_slice(&call.body).unwrap_or_default();
        match (call.method.as_str(), call.segments().as_slice()) {
            ("GET", ["api", "v2", "roles"]) => {
                let page = if call.query.contains("skip=2") {
                    json!([{ "id": HELP_DESK, "name": "Help Desk" }])
                } else {
                    json!([{ "id": "r1", "name": "Administrator With Billing" }, { "id": "r2", "name": "Read Only" }])
                };
                Reply::json(200, &json!({ "results": page, "totalCount": 3 }))
            }
            ("GET", ["api", "systemusers", JANE]) if self.linked => {
                let admin = self.record(json!({ "id": ADMINISTRATOR }));
                Reply::json(
                    200,
                    &json!({ "_id": JANE, "state": "ACTIVATED", "activated": true, "mfa": { "configured": false },
                    "email": "jane@acme.example", "alternateEmail": "j@home.example", "admin": admin }),
                )
            }
            ("GET", ["api", "users", ADMINISTRATOR]) if self.unreadable && !self.written.is_empty() => {
                Reply::json(500, &json!({ "message": "oops" }))
            }
            ("GET", ["api", "users", ADMINISTRATOR]) => {
                let Some(record) = self.administrator() else { return not_found() };
                let text = record.to_string();
                let text = if self.escaped { text.replace("Hash", r"H\u0061sh") } else { text };
                Reply::bytes(200, Some("application/json"), text.into())
            }
            ("PUT", ["api", "users", ADMINISTRATOR]) => {
                let rest: Vec<Json> = body["roleNames"].as_array().unwrap().clone();
                self.written.push(("PUT".to_owned(), body));
                match self.put {
                    Put::IsIgnored => {}
                    Put::AnswersWithoutEffect(answer) => return Reply::text(200, answer),
                    Put::FindsNobody => self.roles = None,
                    Put::Applies | Put::FailsAfterwards => {
                        self.roles.as_mut().unwrap().retain(|name| rest.contains(&json!(name)));
                    }
                }
                if matches!(self.put, Put::FailsAfterwards) {
                    return Reply::text(502, "<html>bad gateway</html>");
                }
                self.administrator().map_or_else(not_found, |record| Reply::json(200, &record))
            }
            ("DELETE", ["api", "users", ADMINISTRATOR]) => {
                self.written.push(("DELETE".to_owned(), body));
                self.roles = None;
                Reply::json(200, &json!({ "_id": ADMINISTRATOR }))
            }
            _ => not_found(),
        }
    }
}

struct Stage {
    server: SimServer,
    provider: Arc<Scripted<Tenant>>,
    engine: Engine,
    account: Account,
}

async fn stage_with(tenant: Tenant, settings: Json) -> Stage {
    let provider = Arc::new(Scripted { state: Mutex::new(tenant), script: Tenant::answer });
    let server = SimServer::start(Arc::clone(&provider) as Arc<dyn Simulator>).await.unwrap();
    let mut context = json!({ "api_key": "key" });
    context.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    let account = account("jumpcloud", &server.base_url(), &context);
    Stage { server, provider, engine: engine(), account }
}

async fn stage(tenant: Tenant) -> Stage {
    stage_with(tenant, json!({})).await
}

impl Stage {
    async fn run(&self, request: UnassignRequest) -> Report {
        self.engine.unassign(&self.account, request, None).await.unwrap_or_else(|error| panic!("{error}"))
    }

    fn written(&self) -> Vec<(String, Json)> {
        self.provider.state.lock().unwrap().written.clone()
    }
}

#[tokio::test]
async fn all_roles_of_a_request_go_in_one_put_and_the_rest_is_sent_as_it_was_read() {
    let stage = stage(tenant(&["HELP desk", "Administrator with Billing", "Read Only", " odd  Name"])).await;
    let report = stage.run(remove(JANE, vec![role(HELP_DESK), role_named("read ONLY")])).await;
    assert_eq!((report.outcome(), report.verified(), report.remote_calls), (Outcome::Removed, Verified::Yes, 1));
    assert!(report.items.iter().all(|item| item.held_before == HeldBefore::Yes));
    let rest = json!({ "roleNames": ["Administrator with Billing", " odd  Name"] });
    assert_eq!(stage.written(), [("PUT".to_owned(), rest)]);
}

#[tokio::test]
async fn either_id_will_do_and_the_system_user_is_mapped_where_there_is_one() {
    let all = [
        (true, JANE, false),
        (true, ADMINISTRATOR, false),
        (false, ADMINISTRATOR, false),
        (false, ADMINISTRATOR, true),
    ];
    for (linked, id, escaped) in all {
        let stage = stage(Tenant { linked, escaped, ..tenant(&["Help Desk", "Read Only"]) }).await;
        let report = stage.run(remove(id, vec![role(HELP_DESK)])).await;
        assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None), "{id}");
        assert_eq!(field(&report, "id"), Some(json!(id)));
        assert_eq!(field(&report, "status"), Some(json!("active")));
        let roles = field(&report, "roles").unwrap();
        assert_eq!(roles[0]["name"], "Read Only", "{roles}");
        let remote = String::from_utf8(report.remote_data.unwrap().to_vec()).unwrap();
        assert!(remote.contains(id) && !remote.contains("jca_1234"), "{remote}");
    }
}

#[tokio::test]
async fn a_role_that_is_not_held_needs_no_write() {
    for roles in [Some(vec!["Read Only"]), None] {
        let stage = stage(Tenant { roles, ..tenant(&[]) }).await;
        let report = stage.run(remove(JANE, vec![role(HELP_DESK)])).await;
        assert_eq!(verdict(&report), (Outcome::AlreadyAbsent, Verified::Yes, HeldBefore::No, None));
        assert_eq!((stage.written().len(), report.remote_calls), (0, 0));
    }
}

#[tokio::test]
async fn an_id_of_nobody_is_not_found() {
    let stage = stage(Tenant { linked: false, roles: None, ..tenant(&[]) }).await;
    let report = stage.run(remove(JANE, vec![role(HELP_DESK)])).await;
    assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (404, Some(ErrorKind::NotFound))));
}

#[tokio::test]
async fn a_mistyped_role_is_never_already_absent() {
    let stage = stage(tenant(&["Read Only"])).await;
    let report = stage.run(remove(JANE, vec![role("5c3536e9e0a6840001872799")])).await;
    assert_eq!(verdict(&report), (Outcome::Failed, Verified::Skipped, HeldBefore::Unknown, Some(ErrorKind::NotFound)));
    let error =
        stage.engine.unassign(&stage.account, remove(JANE, vec![role_named("Help Dsk")]), None).await.unwrap_err();
    assert!(error.message.contains("means no role") && error.message.contains("Help Desk"), "{error}");
    assert!(stage.written().is_empty());
}

#[tokio::test]
async fn the_last_role_is_refused_unless_the_account_allows_the_deletion() {
    for single in [false, true] {
        let last = || Tenant { single, ..tenant(&["Help Desk"]) };
        let refusing = stage(last()).await;
        let report = refusing.run(remove(JANE, vec![role(HELP_DESK)])).await;
        assert_eq!(verdict(&report), (Outcome::Refused, Verified::Skipped, HeldBefore::Yes, Some(ErrorKind::Refused)));
        assert_eq!((report.status().0, refusing.written().len()), (422, 0));

        for (linked, id) in [(true, JANE), (false, ADMINISTRATOR)] {
            let settings = json!({ "allow_admin_delete": true });
            let allowing = stage_with(Tenant { linked, ..last() }, settings).await;
            let report = allowing.run(remove(id, vec![role(HELP_DESK)])).await;
            assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None));
            assert_eq!(allowing.written(), [("DELETE".to_owned(), Json::Null)]);
        }
    }
}

#[tokio::test]
async fn a_put_that_still_returns_the_role_has_failed_even_where_nobody_reads_back() {
    for verify in [VerifyMode::Once, VerifyMode::None] {
        let stage = stage(Tenant { put: Put::IsIgnored, ..tenant(&["Help Desk", "Read Only"]) }).await;
        let mut request = remove(JANE, vec![role(HELP_DESK)]);
        request.options.verify = verify;
        let report = stage.run(request).await;
        assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (502, Some(ErrorKind::NotEffective))));
    }
}

#[tokio::test]
async fn an_answer_that_shows_no_roles_is_settled_by_the_read_back() {
    let without_effect =
        |answer| Tenant { put: Put::AnswersWithoutEffect(answer), ..tenant(&["Help Desk", "Read Only"]) };
    let report = stage(without_effect("{}")).await.run(remove(JANE, vec![role(HELP_DESK)])).await;
    assert_eq!(verdict(&report), (Outcome::Failed, Verified::No, HeldBefore::Yes, Some(ErrorKind::NotEffective)));
    assert_eq!(report.status().0, 502);
    let report = stage(without_effect("<html>")).await.run(remove(JANE, vec![role(HELP_DESK)])).await;
    assert_eq!((report.outcome(), report.verified(), report.status().0), (Outcome::Unknown, Verified::No, 502));
}

#[tokio::test]
async fn a_lost_answer_is_settled_by_the_read_back() {
    for id in [JANE, ADMINISTRATOR] {
        for put in [Put::FailsAfterwards, Put::FindsNobody] {
            let stage = stage(Tenant { put, linked: id == JANE, ..tenant(&["Help Desk", "Read Only"]) }).await;
            let report = stage.run(remove(id, vec![role(HELP_DESK)])).await;
            assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None));
            assert_eq!(report.items[0].confirmed_by, Some("read_back"));
        }
    }
}

#[tokio::test]
async fn the_system_user_proves_it_where_the_administrator_cannot_be_read() {
    let unreadable = || Tenant { unreadable: true, ..tenant(&["Help Desk", "Read Only"]) };
    let report = stage(unreadable()).await.run(remove(JANE, vec![role(HELP_DESK)])).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None));
    let standalone = stage(Tenant { linked: false, ..unreadable() }).await;
    let report = standalone.run(remove(ADMINISTRATOR, vec![role(HELP_DESK)])).await;
    assert_eq!(verdict(&report), (Outcome::Removed, Verified::Unverifiable, HeldBefore::Yes, None));
}

#[tokio::test]
async fn requests_by_both_ids_take_turns_and_lose_nothing() {
    let stage = stage(tenant(&["Help Desk", "Read Only", "Administrator With Billing"])).await;
    let (one, other) = tokio::join!(
        stage.run(remove(JANE, vec![role(HELP_DESK)])),
        stage.run(remove(ADMINISTRATOR, vec![role("r2")])),
    );
    assert_eq!((one.outcome(), other.outcome()), (Outcome::Removed, Outcome::Removed));
    assert_eq!(stage.provider.state.lock().unwrap().roles.as_deref(), Some(&["Administrator With Billing"][..]));
    // Never two reads that two PUTs would be based on.
    let journal = stage.server.journal();
    let path = format!("/api/users/{ADMINISTRATOR}");
    let turns = journal.iter().filter(|recorded| recorded.call.path == path);
    let turns: Vec<&str> = turns.map(|recorded| recorded.call.method.as_str()).collect();
    assert_eq!(turns[..2], ["GET", "PUT"], "{turns:?}");
}

#[tokio::test]
async fn another_organization_than_the_accounts_is_not_touched() {
    let other = "5c3536e9e0a6840001872701";
    let wanted = || vec![RoleRef { organization: Some(other.to_owned()), ..role(HELP_DESK) }];
    let held = || tenant(&["Help Desk", "Read Only"]);
    let connected = stage_with(held(), json!({ "org_id": ORGANIZATION })).await;
    let error = connected.engine.unassign(&connected.account, remove(JANE, wanted()), None).await.unwrap_err();
    assert!(error.message.contains(other), "{error}");
    let single = stage(held()).await;
    let report = single.run(remove(JANE, wanted())).await;
    assert_eq!((report.outcome(), single.written().len()), (Outcome::Refused, 0));
}

#[tokio::test]
async fn a_dry_run_shows_the_put_and_sends_none() {
    let stage = stage(tenant(&["Help Desk", "Read Only"])).await;
    let mut request = remove(JANE, vec![role(HELP_DESK)]);
    request.options.dry_run = true;
    let report = stage.run(request).await;
    let plan = report.plan.unwrap();
    let writes: Vec<_> = plan.iter().filter(|step| step.effect == "write").collect();
    assert_eq!((writes.len(), writes[0].method.as_deref()), (1, Some("PUT")));
    assert_eq!(writes[0].body, Some(json!({ "roleNames": ["Read Only"] })));
    assert!(stage.written().is_empty() && report.remote_calls == 0);
}

#[test]
fn hosts_and_credentials_follow_the_account() {
    let connector = Arc::clone(offramp::connector::embedded().unwrap().get("jumpcloud").unwrap());
    let check = |context: Json| Context::check(&connector, context.as_object().unwrap());
    for (region, host) in
        [("", "console.jumpcloud.com"), ("us", "console.jumpcloud.com"), ("eu", "console.eu.jumpcloud.com")]
    {
        let context = check(json!({ "api_key": "key", "region": region })).unwrap();
        let account = Account::new("a", "default", Arc::clone(&connector), &context, false).unwrap();
        assert_eq!((account.base.authority.as_str(), account.base.path.as_str()), (host, ""));
        assert_eq!(account.session.header_names(), ["x-api-key"]);
    }
    let refused = |context: Json| check(context).map(|_| ()).unwrap_err().to_string();
    assert!(refused(json!({ "client_id": "c" })).contains("api_key, or client_id + client_secret"));
    assert!(refused(json!({ "api_key": "k", "region": "mars" })).contains("us, eu"));
}
