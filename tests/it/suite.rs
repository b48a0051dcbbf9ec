//! The suite plays every scenario with every connector; and it is shown to fail where it must.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use offramp::connector::embedded;
use offramp::suite::{Bench, Case, Played, Scenario, Variant, Verdict, embedded_case, failures, markdown, scenarios};
use tokio::sync::OnceCell;

mod command;
mod faults;
mod lies;
mod refusals;

static PLAYED: OnceCell<(Vec<Played>, Duration)> = OnceCell::const_new();

/// The cases of the binary.
fn cases(scenarios: &[Scenario]) -> BTreeMap<String, Case> {
    let registry = embedded().unwrap();
    let cases = registry.slugs().into_iter().filter_map(|slug| {
        let case = embedded_case(slug, scenarios)?;
        Some((slug.to_owned(), case.unwrap_or_else(|error| panic!("{error}"))))
    });
    cases.collect()
}

/// The whole suite; played once, however many tests look at it.
async fn played() -> &'static (Vec<Played>, Duration) {
    let play = async || {
        let bench = Bench::new(embedded().unwrap(), cases(&scenarios().unwrap())).unwrap();
        let started = Instant::now();
        (Arc::new(bench).play(None).await, started.elapsed())
    };
    PLAYED.get_or_init(play).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_connector_passes_every_scenario() {
    let (played, elapsed) = played().await;
    let count = |is: fn(&Verdict) -> bool| played.iter().filter(|one| is(&one.verdict)).count();
    let passed = count(|verdict| matches!(verdict, Verdict::Passed));
    let impossible = count(|verdict| matches!(verdict, Verdict::CannotApply(_)));
    let failed = count(|verdict| matches!(verdict, Verdict::Failed { .. }));
    println!("the suite: {passed} passed, {failed} failed, {impossible} cannot apply, in {elapsed:.1?}");
    assert_eq!(failed, 0, "{}", failures(played));
    assert!(passed > 100, "what was played at all?");
    assert!(*elapsed < Duration::from_secs(60), "the suite took {elapsed:?}");
}

/// Whatever a definition protects is tried, for every connector, in both passthroughs.
#[test]
fn every_protected_name_is_tried() {
    let (cases, mut tried, mut missing) = (cases(&scenarios().unwrap()), 0, Vec::new());
    for (slug, case) in &cases {
        let connector = embedded().unwrap().get(slug).unwrap().clone();
        for scenario in ["remote-data-may-not-retarget", "remote-query-may-not-retarget"] {
            if case.cannot_apply.contains_key(scenario) {
                continue;
            }
            let targets: Vec<String> = case.scenarios[scenario]
                .targets
                .iter()
                .map(|name| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase())
                .collect();
            for name in connector.unassign.protected_names() {
                tried += 1;
                if !targets.iter().any(|target| target == name) {
                    missing.push(format!("{slug}: {scenario} does not try `{name}`"));
                }
            }
            let unprotected = targets.iter().find(|target| !connector.unassign.protects(target));
            assert_eq!(unprotected, None, "{slug}: {scenario}");
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    println!("{tried} protected names are tried");
    assert!(tried > 100, "{tried}");
}

/// What a removal can meet. Whoever takes a scenario away takes it from here as well, and says why.
#[test]
fn the_scenarios_are_there() {
    let scenarios = scenarios().unwrap();
    for name in [
        "removed",
        "already-absent",
        "several-roles-one-fails",
        "unknown-user",
        "unknown-role",
        "missing-input",
        "bad-credentials",
        "expired-token",
        "permission-missing",
        "rate-limited",
        "server-error",
        "timeout-before-acting",
        "timeout-after-acting",
        "lost-reply",
        "proof-unreachable",
        "malformed-answer",
        "read-lag",
        "read-lag-once",
        "inherited",
        "refused",
        "proof-cut-short",
        "look-up-cut-short",
        "format-unified",
        "format-raw",
        "format-normalized",
        "format-stream",
        "format-debug",
        "remote-data",
        "remote-query",
        "remote-data-may-not-retarget",
        "remote-query-may-not-retarget",
        "hostile-ids",
        "two-at-once",
        "same-request-at-once",
        "dry-run",
        "role-by-name",
        "user-by-email",
        "second-candidate-on-a-later-page",
    ] {
        assert!(scenarios.iter().any(|scenario| scenario.name == name), "{name} is gone");
    }
}

#[test]
fn every_connector_has_a_case() {
    let scenarios = scenarios().unwrap();
    let registry = embedded().unwrap();
    let without: Vec<&str> =
        registry.slugs().into_iter().filter(|slug| embedded_case(slug, &scenarios).is_none()).collect();
    assert!(without.is_empty(), "without cases/unassign-role.yaml nothing shows what these do: {without:?}");
}

/// One definition may reach its provider in several ways: each is played.
#[test]
fn every_way_to_a_provider_is_played() {
    let registry = embedded().unwrap();
    let mut several = 0;
    for (slug, case) in cases(&scenarios().unwrap()) {
        let ways = registry.get(&slug).unwrap().transports.len().max(1);
        let rows = case.rows().count();
        assert!(rows >= ways, "{slug}: {ways} transports, and its case plays {rows}; it needs `variants`");
        several += usize::from(ways > 1);
    }
    assert!(several > 0, "none has two ways, and this shows nothing");
}

/// The bench with a variant of the case that speaks another language; its case is changed first.
async fn with_variant(change: impl FnOnce(&mut Variant)) -> Vec<Played> {
    let mut cases = cases(&scenarios().unwrap());
    cases.retain(|slug, case| slug == "devicehive" && case.variants.contains_key("rest"));
    change(cases.get_mut("devicehive").unwrap().variants.get_mut("rest").unwrap());
    Arc::new(Bench::new(embedded().unwrap(), cases).unwrap()).play(Some("removed")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variant_is_played_and_judged_by_itself() {
    let played = with_variant(|_| {}).await;
    assert_eq!(failures(&played), "");
    let rows: Vec<String> = played.iter().map(Played::row).collect();
    assert_eq!(rows, ["devicehive", "devicehive (rest)"]);
    let page = markdown(&scenarios().unwrap(), &played);
    assert!(page.contains("| scenario | devicehive | devicehive (rest) |"), "{page}");
    // Without its roads every call is beside them; the case itself is as it was.
    let played = with_variant(|variant| variant.roads = Some(IndexMap::new())).await;
    assert!(matches!(played[0].verdict, Verdict::Passed), "{}", failures(&played));
    let shown = failures(&played);
    assert!(shown.contains("FAIL devicehive (rest) removed"), "{shown}");
    assert!(
        shown.contains("asked the provider for DELETE /api/rest/user/42/network/7, which is on no road"),
        "{shown}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_committed_page_is_what_the_suite_says() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/README.md")).unwrap();
    let (played, _) = played().await;
    let said = markdown(&scenarios().unwrap(), played);
    assert!(page == said, "connectors/README.md is stale: run 'make generated' and commit it");
}

/// A line that makes a scenario impossible stands in the vendor's page, word for word.
#[test]
fn what_cannot_apply_is_quoted_from_the_vendors_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let cases = cases(&scenarios().unwrap());
    let rows = cases.iter().flat_map(|(slug, case)| case.rows().map(move |(_, row)| (slug, row.cannot_apply)));
    let quotes: Vec<_> =
        rows.flat_map(|(slug, all)| all.into_iter().map(move |(scenario, reason)| (slug, scenario, reason))).collect();
    assert!(!quotes.is_empty());
    if !folder.join("vendors").is_dir() {
        eprintln!("NOT CHECKED: {} is absent, so {} quotations are taken on trust", folder.display(), quotes.len());
        return;
    }
    for (slug, scenario, reason) in quotes {
        let page = std::fs::read_to_string(folder.join(&reason.page))
            .unwrap_or_else(|error| panic!("{slug}, {scenario}: {}: {error}", reason.page));
        assert!(page.contains(&reason.quote), "{slug}, {scenario}: {} does not say: {}", reason.page, reason.quote);
    }
}
