//! A tenth connector, not one of the binary's: its definition and its case are written from `docs/connectors.md` and the
//! suite's own page alone, and both meet the same standard as the nine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use offramp::connector::{DefinitionError, check, documents, from_directory};
use offramp::sandbox::{Clock, Simulator};
use offramp::suite::{Bench, Verdict, case_in, failures, scenarios};

mod simulator;

const SLUG: &str = "quill";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tenth")
}

#[test]
fn it_checks_clean() {
    let findings = check(&documents(Some(&folder())).unwrap());
    assert!(findings.is_empty(), "{}", findings.iter().map(DefinitionError::render).collect::<String>());
}

#[tokio::test(flavor = "multi_thread")]
async fn it_passes_every_scenario() {
    let scenarios = scenarios().unwrap();
    let case = case_in(&folder(), SLUG, &scenarios).unwrap().unwrap_or_else(|error| panic!("{error}"));
    let page = std::fs::read_to_string(folder().join(SLUG).join("vendors/quill.md")).unwrap();
    for (scenario, reason) in &case.cannot_apply {
        assert!(page.contains(&reason.quote), "{scenario}: the page does not say: {}", reason.quote);
    }
    let impossible = case.cannot_apply.len();
    let registry = from_directory(&folder()).unwrap_or_else(|error| panic!("{error}"));
    let mut bench = Bench::new(registry, BTreeMap::from([(SLUG.to_owned(), case)])).unwrap();
    bench.simulators = Arc::new(|slug: &str, clock: &Clock| {
        (slug == SLUG).then(|| Arc::new(simulator::Quill::new(clock.clone())) as Arc<dyn Simulator>)
    });
    let played = Arc::new(bench).play(None).await;
    let passed = played.iter().filter(|one| matches!(one.verdict, Verdict::Passed)).count();
    assert!(passed + impossible == scenarios.len(), "{passed} passed\n{}", failures(&played));
    assert_eq!(impossible, 2, "what cannot be played shows nothing");
}
