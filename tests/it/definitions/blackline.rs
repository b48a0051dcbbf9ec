//! BlackLine: a role is held on a product, and how a tenant takes it away is its own affair.

use offramp::sandbox::blackline::{BlackLine, NotAssigned, RemoveForm, Settings, seed};
use offramp::sandbox::{Aim, Fault, Meets};
use serde_json::{Value as Json, json};

use super::*;

struct Stage {
    simulator: Arc<BlackLine>,
    server: SimServer,
    engine: Engine,
    account: Account,
}

/// A tenant, and an account of it that believes in this form, or in none in particular.
async fn stage(believed: Option<&str>, change: impl FnOnce(&mut Settings)) -> Stage {
    let simulator = Arc::new(BlackLine::new(Clock::default()));
    simulator.settings(change);
    let server = SimServer::start(Arc::clone(&simulator) as Arc<dyn Simulator>).await.unwrap();
    let mut context = simulator.demo().context;
    if let Some(form) = believed {
        context["remove_form"] = json!(form);
    }
    let account = account("blackline", &server.base_url(), &context);
    Stage { simulator, server, engine: engine(), account }
}

fn on(product: &str, role: RoleRef) -> RoleRef {
    RoleRef { group: Some(product.to_owned()), ..role }
}

impl Stage {
    async fn take(&self, user: i64, role: RoleRef) -> Report {
        let request = remove(&user.to_string(), vec![role]);
        self.engine.unassign(&self.account, request, None).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why the request is no request.
    async fn refused(&self, user: i64, role: RoleRef) -> String {
        let request = remove(&user.to_string(), vec![role]);
        self.engine.unassign(&self.account, request, None).await.map(|report| report.outcome()).unwrap_err().to_string()
    }

    /// Method, query and body of each write.
    fn writes(&self) -> Vec<(String, String, Json)> {
        let journal = self.server.journal();
        let calls = journal.iter().map(|recorded| &recorded.call);
        let writes = calls.filter(|call| call.method != "GET" && call.path.ends_with("/role-products"));
        let body = |call: &Call| serde_json::from_slice(&call.body).unwrap_or_default();
        writes.map(|call| (call.method.clone(), call.query.clone(), body(call))).collect()
    }
}

const DONE: (Outcome, Verified, HeldBefore, Option<ErrorKind>) =
    (Outcome::Removed, Verified::Yes, HeldBefore::Yes, None);

#[tokio::test]
async fn each_form_takes_one_pair_away() {
    let by_delete = ("DELETE".to_owned(), "roleId=1&productId=A".to_owned(), Json::Null);
    let body = json!({ "action": "remove", "roleId": 1, "productId": "A" });
    let by_post = ("POST".to_owned(), String::new(), body);
    for (believed, form, write) in [
        (None, RemoveForm::Delete, by_delete.clone()),
        (Some("delete"), RemoveForm::Both, by_delete),
        (Some("post"), RemoveForm::Post, by_post),
    ] {
        let stage = stage(believed, |settings| settings.remove_form = form).await;
        let report = stage.take(seed::ALICE, on("A", role("1"))).await;
        assert_eq!(verdict(&report), DONE, "{believed:?}");
        assert_eq!(stage.writes(), [write]);
        let held = |product| stage.simulator.holds(seed::ALICE, 1, product);
        assert_eq!((held("A"), held("J")), (false, true));
    }
}

#[tokio::test]
async fn the_other_form_is_the_providers_no() {
    for (believed, form) in [("delete", RemoveForm::Post), ("post", RemoveForm::Delete)] {
        let stage = stage(Some(believed), |settings| settings.remove_form = form).await;
        let report = stage.take(seed::ALICE, on("A", role("1"))).await;
        assert_eq!((report.outcome(), report.status()), (Outcome::Failed, (405, Some(ErrorKind::InvalidRequest))));
        assert!(stage.simulator.holds(seed::ALICE, 1, "A"));
    }
}

#[tokio::test]
async fn the_product_is_needed_where_there_are_several() {
    let stage = stage(None, |_| ()).await;
    let message = stage.refused(seed::ALICE, role("1")).await;
    assert!(message.contains("several products"), "{message}");
    assert!(stage.writes().is_empty());
    assert_eq!(verdict(&stage.take(seed::BOB, role("1")).await), DONE);
    assert!(!stage.simulator.holds(seed::BOB, 1, "A") && stage.simulator.holds(seed::ALICE, 1, "A"));
}

#[tokio::test]
async fn a_name_is_one_roles_or_nobodys() {
    let stage = stage(None, |_| ()).await;
    let message = stage.refused(seed::DAN, on("M", role_named("Viewer"))).await;
    assert!(message.contains('5') && message.contains('6'), "{message}");
    // A name that is another role's id.
    assert_eq!(verdict(&stage.take(seed::ROBERT, on("A", role_named("1"))).await), DONE);
    assert!(stage.simulator.holds(seed::ROBERT, 1, "A") && !stage.simulator.holds(seed::ROBERT, 8, "A"));
}

/// A link to another place is not followed: it would be given this account's token.
#[tokio::test]
async fn a_page_on_another_host_is_not_asked_for() {
    let other = stage(None, |_| ()).await;
    let there = other.server.address;
    for link in [
        format!("http://{there}/v1/users/728/role-products?pageToken=1"),
        format!("//{there}/v1/users/728/role-products?pageToken=1"),
        format!("https://{there}/v1/users/728/role-products?pageToken=1"),
        format!("http://me@{there}/v1/users/728/role-products"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
    ] {
        let stage = stage(None, |_| ()).await;
        let at = |method: &'static str| -> Meets {
            Box::new(move |call| call.method == method && call.path.ends_with("/role-products"))
        };
        let page = json!({ "items": [], "totalItems": 2, "nextLink": link });
        let aim = Aim { meets: at("GET"), after: Some(at("DELETE")), skip: 0, times: 0 };
        stage.server.faults.plant(aim, Fault::Answer(Reply::json(200, &page)));
        let report = stage.take(seed::ALICE, on("A", role("1"))).await;
        assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, Verified::Unverifiable), "{link}");
        let proofs = stage.server.journal();
        let proofs = proofs.iter().skip_while(|recorded| recorded.call.method != "DELETE");
        let listed = proofs.filter(|recorded| recorded.call.path.ends_with("/role-products")).count();
        assert_eq!(listed, 2, "{link}: the write, and the first page");
    }
    assert!(other.server.journal().is_empty());
}

/// Somebody else was faster, and reads lag behind: whatever the answer, what is still shown is not said to be gone.
#[tokio::test]
async fn what_the_reading_still_shows_is_no_success() {
    for (not_assigned, status, kind) in [
        (NotAssigned::NotFound, 404, ErrorKind::NotFound),
        (NotAssigned::NoContent, 502, ErrorKind::NotEffective),
        (NotAssigned::Ok, 502, ErrorKind::NotEffective),
    ] {
        let stage = stage(None, |settings| {
            settings.not_assigned = not_assigned;
            settings.read_lag = Duration::from_secs(60);
        })
        .await;
        stage.simulator.unassign(seed::BOB, 1, "A");
        let report = stage.take(seed::BOB, on("A", role("1"))).await;
        assert_eq!((report.outcome(), report.verified()), (Outcome::Failed, Verified::No), "{not_assigned:?}");
        assert_eq!((report.status(), stage.writes().len()), ((status, Some(kind)), 1), "{not_assigned:?}");
    }
}

/// A login page, or half a document, is no yes, whatever its status: the reading tells, or nobody knows.
#[tokio::test]
async fn an_answer_to_the_removal_that_cannot_be_read_is_not_believed() {
    for page in ["<html>Please log in.</html>", r#"{"roleId": 1, "prod"#] {
        let page = || Reply::text(200, page);
        for (fault, read, expected) in [
            (Fault::Answer(page()), true, (Outcome::Unknown, Verified::No)),
            (Fault::Answer(page()), false, (Outcome::Unknown, Verified::Unverifiable)),
            (Fault::ActThenAnswer(page()), false, (Outcome::Unknown, Verified::Unverifiable)),
            (Fault::ActThenAnswer(page()), true, (Outcome::Removed, Verified::Yes)),
        ] {
            let stage = stage(None, |_| ()).await;
            stage.server.faults.once("DELETE", "/role-products", fault);
            if !read {
                let meets: Meets = Box::new(|call| call.method == "GET");
                let after: Option<Meets> = Some(Box::new(|call| call.method == "DELETE"));
                let later = Aim { meets, after, skip: 0, times: 0 };
                stage.server.faults.plant(later, Fault::Answer(Reply::text(404, "")));
            }
            let report = stage.take(seed::ALICE, on("A", role("1"))).await;
            assert_eq!((report.outcome(), report.verified()), expected);
            assert_eq!(stage.writes().len(), 1);
            if expected.0 == Outcome::Unknown {
                assert_eq!(report.status().0, 502);
            }
        }
    }
}

/// Nobody knows whether there is such a product: a role that is not held on it is not shown to be there.
#[tokio::test]
async fn a_mistyped_product_is_not_verified_however_the_role_is_named() {
    for named in [role("1"), role_named("Preparer")] {
        for (user, product, verified) in [
            (seed::ALICE, "AJ", Verified::Unverifiable),
            (seed::ALICE, "a", Verified::Unverifiable),
            (seed::ALICE, "M", Verified::Yes),
            (seed::DAN, "A", Verified::Yes),
        ] {
            let stage = stage(None, |_| ()).await;
            assert!(!stage.simulator.holds(user, 1, product));
            // Twice: what was learnt the first time shows no more than it did then.
            for _ in 0..2 {
                let report = stage.take(user, on(product, named.clone())).await;
                let expected = (Outcome::AlreadyAbsent, verified, HeldBefore::No, None);
                assert_eq!(verdict(&report), expected, "{named:?} on {product}");
                assert_eq!(report.items[0].role.id.as_deref(), Some("1"));
            }
            assert!(stage.writes().is_empty());
        }
    }
}

#[tokio::test]
async fn a_user_on_a_further_page_is_shown_as_the_provider_has_it() {
    let stage = stage(None, |settings| {
        settings.single_user_read = false;
        settings.page_size = 7;
    })
    .await;
    stage.simulator.assign(seed::ZOE, 1, "A");
    let report = stage.take(seed::ZOE, on("A", role("1"))).await;
    assert_eq!(verdict(&report), DONE);
    let record: Json = serde_json::from_slice(&report.remote_data.clone().unwrap()).unwrap();
    assert_eq!((&record["id"], &record["email"]), (&json!(seed::ZOE), &json!("zoe@example.com")));
    assert_eq!(field(&report, "id"), Some(record["id"].clone()));
    assert!(record["firstName"] == field(&report, "first_name").unwrap(), "{record}");
}
