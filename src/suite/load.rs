//! Scenarios and cases from their files. What does not fit is refused, all of it at once.

use std::collections::BTreeSet;

use include_dir::{Dir, include_dir};
use thiserror::Error;

use super::case::{Case, Entry, Request};
use super::scenario::{AnswerSource, FaultKind, Need, Place, Scenario};
use super::words::OneOf;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/fixtures/suites/unassign-role");
/// Below a connector's folder.
const CASE_FILE: &str = "cases/unassign-role.yaml";

/// Why a scenario or a case is none.
#[derive(Debug, Error)]
#[error("{file}: {}", problems.join("\n  "))]
pub struct SuiteError {
    pub file: String,
    pub problems: Vec<String>,
}

impl SuiteError {
    fn of(file: &str, problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self { file: file.to_owned(), problems }) }
    }
}

/// The scenarios, by name.
///
/// # Errors
/// With what is wrong in one of them.
pub fn scenarios() -> Result<Vec<Scenario>, SuiteError> {
    let mut scenarios = Vec::new();
    for file in EMBEDDED.files() {
        if file.path().extension().is_some_and(|ending| ending == "yaml") {
            let name = file.path().file_stem().unwrap_or_default().to_string_lossy();
            scenarios.push(scenario(&name, file.contents_utf8().unwrap_or_default())?);
        }
    }
    scenarios.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(scenarios)
}

/// One scenario.
///
/// # Errors
/// With what is wrong in it.
pub fn scenario(name: &str, text: &str) -> Result<Scenario, SuiteError> {
    let file = format!("fixtures/suites/unassign-role/{name}.yaml");
    let read = serde_saphyr::from_str::<Scenario>(text);
    let mut scenario = read.map_err(|error| SuiteError { file: file.clone(), problems: vec![error.to_string()] })?;
    name.clone_into(&mut scenario.name);
    let mut problems = scenario.expect.unknown_words();
    if scenario.expect.outcome.is_none() && !scenario.ask.connects {
        problems.push("expect.outcome is missing: what is said of the removal is what a scenario is for".to_owned());
    }
    for fault in &scenario.given.faults {
        let answers = matches!(fault.kind, FaultKind::Answer | FaultKind::ActThenAnswer);
        if answers != fault.answer.is_some() {
            problems.push(format!("given.faults: {:?} has an answer to give, or has none", fault.kind));
        }
    }
    SuiteError::of(&file, problems).map(|()| scenario)
}

/// The case of a connector of the binary; `None` if it has none.
///
/// # Errors
/// With all that is wrong in it.
pub fn embedded_case(slug: &str, scenarios: &[Scenario]) -> Option<Result<Case, SuiteError>> {
    let file = format!("{slug}/{CASE_FILE}");
    crate::connector::embedded_file(&file).map(|text| case(&format!("connectors/{file}"), text, scenarios))
}

/// The case of a connector of an operator's folder; `None` if it has none.
///
/// # Errors
/// With all that is wrong in it.
pub fn case_in(folder: &std::path::Path, slug: &str, scenarios: &[Scenario]) -> Option<Result<Case, SuiteError>> {
    let file = folder.join(slug).join(CASE_FILE);
    let text = std::fs::read_to_string(&file).ok()?;
    Some(case(&file.display().to_string(), &text, scenarios))
}

/// One case, for these scenarios.
///
/// # Errors
/// With all that is wrong in it.
pub fn case(file: &str, text: &str, scenarios: &[Scenario]) -> Result<Case, SuiteError> {
    let read = serde_saphyr::from_str::<Case>(text);
    let case = read.map_err(|error| SuiteError { file: file.to_owned(), problems: vec![error.to_string()] })?;
    let mut problems = Vec::new();
    for (name, row) in case.rows() {
        let at = name.map(|name| format!("variants.{name}: ")).unwrap_or_default();
        problems.extend(check_row(&row, scenarios).into_iter().map(|problem| format!("{at}{problem}")));
    }
    for (name, variant) in &case.variants {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(plain) {
            problems.push(format!("variants: `{name}` is no name of small letters, digits and `-`"));
        }
        if variant.context.is_empty() {
            problems.push(format!("variants.{name}.context is missing: nothing of the account is different"));
        }
    }
    let rows: Vec<Case> = case.rows().map(|(_, row)| row).collect();
    for name in rows.iter().flat_map(|row| row.accounts.keys()).collect::<BTreeSet<_>>() {
        let by_entry =
            rows.iter().flat_map(|row| row.scenarios.values()).any(|entry| entry.account.as_ref() == Some(name));
        let by_scenario = scenarios.iter().any(|scenario| scenario.given.account.as_ref() == Some(name));
        if !by_entry && !by_scenario {
            problems.push(format!("accounts.{name} is used by no scenario"));
        }
    }
    SuiteError::of(file, problems).map(|()| case)
}

/// What is wrong with a case or one of its variants, the accounts' use aside.
fn check_row(case: &Case, scenarios: &[Scenario]) -> Vec<String> {
    let mut problems = Vec::new();
    if case.usual.facts.is_empty() || case.usual.facts.contains(&None) {
        problems.push("usual.facts must name what the usual request takes away".to_owned());
    }
    for road in case.calls.values().flat_map(OneOf::values) {
        if !case.roads.contains_key(road) {
            problems.push(format!("calls: `{road}` is not among the roads"));
        }
    }
    for place in [Place::Write, Place::Proof] {
        if !case.calls.contains_key(&place) {
            problems.push(format!("calls must say where {place:?} is"));
        }
    }
    if case.calls.contains_key(&Place::Any) {
        problems.push("calls.any is every call; it is not for a case to say".to_owned());
    }
    for name in case.scenarios.keys().chain(case.cannot_apply.keys()) {
        if !scenarios.iter().any(|scenario| scenario.name == *name) {
            problems.push(format!("`{name}` is no scenario"));
        }
    }
    for scenario in scenarios {
        let found = check_scenario(case, scenario);
        problems.extend(found.into_iter().map(|problem| format!("{}: {problem}", scenario.name)));
    }
    problems
}

fn check_scenario(case: &Case, scenario: &Scenario) -> Vec<String> {
    let entry = case.scenarios.get(&scenario.name);
    if let Some(reason) = case.cannot_apply.get(&scenario.name) {
        let mut problems = Vec::new();
        if scenario.always {
            problems.push("always applies; it must be played".to_owned());
        }
        if entry.is_some() {
            problems.push("is filled in and said not to apply".to_owned());
        }
        if !reason.page.starts_with("vendors/") || !reason.page.ends_with(".md") || reason.quote.trim().is_empty() {
            problems.push("must quote a line of a page such as vendors/<slug>.md".to_owned());
        }
        if reason.because.trim().is_empty() {
            problems.push("must say why the line makes it impossible".to_owned());
        }
        return problems;
    }
    let none = Entry::default();
    let entry = entry.unwrap_or(&none);
    let mut problems = missing(case, scenario, entry);
    problems.extend(of_no_use(scenario, entry));
    problems.extend(entry.expect.unknown_words());
    problems.extend(scenario.expect.widened_by(&entry.expect));
    problems
}

/// What the scenario asks of a case, and this one does not give.
fn missing(case: &Case, scenario: &Scenario, entry: &Entry) -> Vec<String> {
    let mut problems = Vec::new();
    for need in &scenario.needs {
        let (there, what) = match need {
            Need::Request => (entry.request.is_some(), "request"),
            Need::Requests => (entry.requests.len() > 1, "requests (two or more)"),
            Need::Stage => (entry.account.is_some() || !entry.switches.is_empty(), "account or switches"),
            Need::Switches => (!entry.switches.is_empty(), "switches"),
            Need::ClockMs => (entry.clock_ms.is_some(), "clock_ms"),
            Need::Targets => (!entry.targets.is_empty(), "targets"),
            Need::Without => (!entry.without.is_empty(), "without"),
        };
        if !there {
            problems.push(format!("the case must give {what}, or say why the scenario cannot apply"));
        }
    }
    for account in scenario.given.account.iter().chain(&entry.account) {
        if !case.accounts.contains_key(account) {
            problems.push(format!("accounts.{account} is missing"));
        }
    }
    let faults = &scenario.given.faults;
    let called = faults.iter().map(|fault| fault.at).chain(scenario.expect.calls.keys().copied());
    for place in called.chain(entry.expect.calls.keys().copied()) {
        let optional = matches!(place, Place::Token | Place::LookUp);
        if optional && !case.calls.contains_key(&place) {
            problems.push(format!("calls must say where {place:?} is"));
        }
    }
    for name in faults.iter().filter_map(named_answer).filter(|name| !entry.answers.contains_key(*name)) {
        problems.push(format!("answers.{name} is missing"));
    }
    problems
}

/// What a case gives and the scenario has no use for.
fn of_no_use(scenario: &Scenario, entry: &Entry) -> Vec<String> {
    let ask = &scenario.ask;
    let needs = |need: Need| scenario.needs.contains(&need);
    let idle = [
        ("account", entry.account.is_some() && scenario.given.account.is_some()),
        ("clock_ms", entry.clock_ms.is_some() && scenario.given.clock.is_none()),
        ("requests", !entry.requests.is_empty() && !needs(Need::Requests)),
        ("request", entry.request.is_some() && (needs(Need::Requests) || ask.connects)),
        ("without", !entry.without.is_empty() && !needs(Need::Without)),
        ("targets", !entry.targets.is_empty() && !needs(Need::Targets)),
        ("remote_data", entry.remote_data.is_some() && ask.remote_data.is_none()),
        ("remote_query", entry.remote_query.is_some() && ask.remote_query.is_none()),
    ];
    let mut problems: Vec<String> =
        idle.iter().filter(|(_, idle)| *idle).map(|(key, _)| format!("{key} is not for a case to give here")).collect();
    for name in entry.answers.keys() {
        if !scenario.given.faults.iter().filter_map(named_answer).any(|wanted| wanted == name) {
            problems.push(format!("answers.{name} is asked for by no fault"));
        }
    }
    let requests: Vec<&Request> = entry.request.iter().chain(&entry.requests).collect();
    if requests.iter().any(|request| request.body.is_empty() && request.query.is_empty()) {
        problems.push("a request of a scenario must have a query or a body".to_owned());
    }
    problems
}

fn named_answer(fault: &super::scenario::PlannedFault) -> Option<&String> {
    match &fault.answer {
        Some(AnswerSource::Named(name)) => Some(name),
        _ => None,
    }
}
