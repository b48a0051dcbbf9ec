//! A tenth connector, not one of the binary's: its definition and its case are written from `docs/connectors.md` and the
//! suite's own page alone, and both meet the same standard as the nine.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use offramp::connector::{DefinitionError, Registry, check, compile, documents, from_directory};
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
    bench_of(from_directory(&folder()).unwrap_or_else(|error| panic!("{error}")), case)
}

fn bench_of(registry: Registry, case: Case) -> Arc<Bench> {
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

const CHECK: &str = "checks:
  # While the roles cannot be read, this holds as well: nothing is revoked then.
  - refuse_when: .item.role.handed_over == true
    message: \"{{ item.role.name }} is handed over from person to person, and must never be revoked\"
";

/// The publisher's role is never revoked, and while the roles cannot be read nobody knows which one that is: however the
/// definition says it.
#[tokio::test(flavor = "multi_thread")]
async fn its_guard_holds_while_the_roles_cannot_be_read() {
    let text = std::fs::read_to_string(folder().join(SLUG).join("connector.yaml")).unwrap();
    assert!(text.contains(CHECK) && text.contains("    steps:\n") && text.contains("          name: revoke\n"));
    let with_step =
        |step: &str| text.replacen(CHECK, "", 1).replacen("    steps:\n", &format!("    steps:\n      - {step}\n"), 1);
    let stop = "stop: { when: .item.role.handed_over == true, outcome: refused, message: never }";
    let named = "let: { fixed: .item.role.handed_over }\n      - stop: { when: .let.fixed == true, outcome: refused, message: never }";
    let of_all = "let: { fixed: 'filter(array(.items) ?? []) -> |_index, item| { item.role.handed_over == true }' }\n      - stop: { when: '.let.fixed != []', outcome: refused, message: never }";
    let condition = "          name: revoke\n          when: .item.role.handed_over != true\n";
    let conditional = text.replacen(CHECK, "", 1).replacen("          name: revoke\n", condition, 1);
    for definition in [text.clone(), with_step(stop), with_step(named), with_step(of_all), conditional] {
        holds_while_the_roles_cannot_be_read(&definition).await;
    }
}

async fn holds_while_the_roles_cannot_be_read(definition: &str) {
    let connector = compile("quill/connector.yaml", definition).unwrap_or_else(|error| panic!("{}", error.render()));
    let mut case = case(&scenarios().unwrap());
    let request = case.scenarios["look-up-cut-short"].request.as_mut().unwrap();
    request.body = json!({"id": "p-101", "roles": [{"id": "10"}]}).as_object().unwrap().clone();
    request.facts = vec![Some("p-101 holds role 10".to_owned())];
    let played = bench_of(Registry::new(vec![connector]), case).play(Some("look-up-cut-short")).await;
    let good = matches!(played.as_slice(), [one] if matches!(one.verdict, Verdict::Passed));
    assert!(good, "{definition}\n{}", failures(&played));
}
