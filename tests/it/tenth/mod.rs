//! A tenth connector, not one of the binary's: its definition and its case are written from `docs/connectors.md` and the
//! suite's own page alone, and both meet the same standard as the nine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use offramp::connector::{DefinitionError, check, documents, from_directory};
use offramp::sandbox::{Clock, Simulator};
use offramp::suite::{Bench, Case, Scenario, Verdict, case_in, failures, scenarios};
use serde_json::json;

mod simulator;

const SLUG: &str = "quill";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tenth")
}

fn case(scenarios: &[Scenario]) -> Case {
    case_in(&folder(), SLUG, scenarios).unwrap().unwrap_or_else(|error| panic!("{error}"))
}

fn bench(case: Case) -> Arc<Bench> {
    let registry = from_directory(&folder()).unwrap_or_else(|error| panic!("{error}"));
    let mut bench = Bench::new(registry, BTreeMap::from([(SLUG.to_owned(), case)])).unwrap();
    bench.simulators = Arc::new(|slug: &str, clock: &Clock| {
        (slug == SLUG).then(|| Arc::new(simulator::Quill::new(clock.clone())) as Arc<dyn Simulator>)
    });
    Arc::new(bench)
}

#[test]
fn it_checks_clean() {
    let findings = check(&documents(Some(&folder())).unwrap());
    assert!(findings.is_empty(), "{}", findings.iter().map(DefinitionError::render).collect::<String>());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_passes_every_scenario() {
    let scenarios = scenarios().unwrap();
    let case = case(&scenarios);
    let page = std::fs::read_to_string(folder().join(SLUG).join("vendors/quill.md")).unwrap();
    for (scenario, reason) in &case.cannot_apply {
        assert!(page.contains(&reason.quote), "{scenario}: the page does not say: {}", reason.quote);
    }
    let impossible = case.cannot_apply.len();
    let played = bench(case).play(None).await;
    let passed = played.iter().filter(|one| matches!(one.verdict, Verdict::Passed)).count();
    assert!(passed + impossible == scenarios.len(), "{passed} passed\n{}", failures(&played));
    assert_eq!(impossible, 2, "what cannot be played shows nothing");
}

/// The publisher's role is never revoked, and while the roles cannot be read nobody knows which one that is.
#[tokio::test(flavor = "multi_thread")]
async fn its_guard_holds_while_the_roles_cannot_be_read() {
    let mut case = case(&scenarios().unwrap());
    let request = case.scenarios["look-up-cut-short"].request.as_mut().unwrap();
    request.body = json!({"id": "p-101", "roles": [{"id": "10"}]}).as_object().unwrap().clone();
    request.facts = vec![Some("p-101 holds role 10".to_owned())];
    let played = bench(case).play(Some("look-up-cut-short")).await;
    assert!(matches!(played.as_slice(), [one] if matches!(one.verdict, Verdict::Passed)), "{}", failures(&played));
}
