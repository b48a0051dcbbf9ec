//! The shipped definitions at work: against the simulators as black boxes, and against a scripted provider where a
//! branch needs a provider that says exactly this.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use offramp::credentials::{Account, Context};
use offramp::engine::{Engine, EngineLimits, Report};
use offramp::http::decode::{Limits, decode};
use offramp::model::{ErrorKind, HeldBefore, Outcome, RoleRef, UnassignRequest, Verified, VerifyMode};
use offramp::sandbox::{Call, Clock, Demo, Reply, SimServer, Simulator};
use offramp::transport::{ProviderTransport, TransportLimits};

mod blackline;
mod crowdstrike;
mod elastic_cloud;
mod jumpcloud;
mod slack_enterprise;
mod teamviewer;
mod voucherify;

fn engine() -> Engine {
    let transport = ProviderTransport::new("127.0.0.0/8".parse().unwrap(), TransportLimits::default());
    let limits = EngineLimits {
        call_timeout: Duration::from_secs(10),
        wait_limit: Duration::from_secs(2),
        answer_bytes: 1 << 20,
    };
    Engine::new(Arc::new(transport), limits)
}

fn account(slug: &str, base_url: &str, context: &serde_json::Value) -> Account {
    let connector = Arc::clone(offramp::connector::embedded().unwrap().get(slug).unwrap());
    let mut context = context.as_object().unwrap().clone();
    context.insert("base_url".to_owned(), base_url.into());
    let context = Context::check(&connector, &context).unwrap();
    Account::new("account-1", "default", connector, &context, false).unwrap()
}

fn role(id: &str) -> RoleRef {
    RoleRef { id: Some(id.to_owned()), ..RoleRef::default() }
}

fn role_named(name: &str) -> RoleRef {
    RoleRef { name: Some(name.to_owned()), ..RoleRef::default() }
}

fn remove(id: &str, roles: Vec<RoleRef>) -> UnassignRequest {
    UnassignRequest { id: Some(id.to_owned()), roles, ..UnassignRequest::default() }
}

/// What one item came to: outcome, proof, whether the role was held, the kind of its failure.
fn verdict(report: &Report) -> (Outcome, Verified, HeldBefore, Option<ErrorKind>) {
    let [item] = report.items.as_slice() else { panic!("not one item: {:?}", report.items) };
    (item.outcome, item.verified, item.held_before, item.failure.as_ref().map(|failure| failure.kind))
}

/// A field of the unified user.
fn field(report: &Report, name: &str) -> Option<serde_json::Value> {
    report.user.to_json(name)
}

/// What a scripted provider answers to a call, given all that it keeps.
type Script<S> = fn(&mut S, &Call) -> Reply;

/// A provider that does what the script says.
struct Scripted<S> {
    state: Mutex<S>,
    script: Script<S>,
}

impl<S: Send + 'static> Simulator for Scripted<S> {
    fn slug(&self) -> &'static str {
        "scripted"
    }

    fn handle(&self, call: &Call) -> Reply {
        (self.script)(&mut self.state.lock().unwrap(), call)
    }

    fn memberships(&self) -> BTreeSet<String> {
        BTreeSet::new()
    }

    fn demo(&self) -> Demo {
        Demo { context: serde_json::Value::Null, query: Vec::new(), body: serde_json::Value::Null }
    }
}

/// A simulator's own demonstration: something that is held is taken away, once, and nothing else is.
async fn demonstrates(simulator: impl Simulator) {
    let simulator = Arc::new(simulator);
    let slug = simulator.slug();
    let demo = simulator.demo();
    let server = SimServer::start(Arc::clone(&simulator) as Arc<dyn Simulator>).await.unwrap();
    let account = account(slug, &server.base_url(), &demo.context);
    let mut query = form_urlencoded::Serializer::new("integrated_account_id=account-1".to_owned());
    query.extend_pairs(&demo.query);
    let limits = Limits { body_bytes: 1 << 20, query_depth: 16, body_depth: 64 };
    let request = decode(&query.finish(), demo.body.to_string().as_bytes(), &limits).unwrap().request;

    let engine = engine();
    engine.check_credentials(&account).await.unwrap();
    let before = simulator.memberships();
    let report = engine.unassign(&account, request.clone(), None).await.unwrap();
    assert_eq!((report.outcome(), report.verified()), (Outcome::Removed, Verified::Yes), "{:?}", report.items);
    assert_eq!((report.status().0, report.remote_calls), (200, 1));
    assert!(report.user.iter().any(|(name, ..)| *name == "id"), "the user was not read back");
    assert!(report.remote_data.is_some());
    let after = simulator.memberships();
    assert_eq!((before.difference(&after).count(), after.difference(&before).count()), (1, 0));

    let checked = UnassignRequest {
        options: offramp::model::Options { check_before: true, ..request.options.clone() },
        ..request
    };
    let again = engine.unassign(&account, checked, None).await.unwrap();
    assert_eq!((again.outcome(), again.remote_calls), (Outcome::AlreadyAbsent, 0), "{:?}", again.items);
    assert_eq!(simulator.memberships(), after);
}

#[tokio::test]
async fn guardhouse_against_its_simulator() {
    demonstrates(offramp::sandbox::guardhouse::Guardhouse::new(Clock::default())).await;
}

#[tokio::test]
async fn jumpcloud_against_its_simulator() {
    demonstrates(offramp::sandbox::jumpcloud::JumpCloud::new(Clock::default())).await;
}

#[tokio::test]
async fn slack_enterprise_against_its_simulator() {
    demonstrates(offramp::sandbox::slack_enterprise::SlackEnterprise::new(Clock::default())).await;
}

#[tokio::test]
async fn voucherify_against_its_simulator() {
    demonstrates(offramp::sandbox::voucherify::Voucherify::new(Clock::default())).await;
}

#[tokio::test]
async fn elastic_cloud_against_its_simulator() {
    demonstrates(offramp::sandbox::elastic_cloud::ElasticCloud::new(Clock::default())).await;
}
