//! The loader takes only cases that fill in values: each mistake is refused, and named.

use offramp::suite::{Scenario, case, scenario, scenarios};

const CASE: &str = include_str!("../../../connectors/guardhouse/cases/unassign-role.yaml");
const IMPOSSIBLE: &str = "{ page: vendors/x.md, quote: a line, because: of it }";

/// The case with one text exchanged.
fn changed(from: &str, to: &str) -> String {
    assert!(CASE.contains(from), "the case does not say {from:?}");
    CASE.replacen(from, to, 1)
}

fn with(key: &str, line: &str) -> String {
    changed(&format!("\n{key}:\n"), &format!("\n{key}:\n  {line}\n"))
}

#[track_caller]
fn refused(text: &str, scenarios: &[Scenario], mention: &str) {
    let error = case("cases/unassign-role.yaml", text, scenarios).expect_err(mention).to_string();
    assert!(error.starts_with("cases/unassign-role.yaml: "), "{error}");
    assert!(error.contains(mention), "{error}\ndoes not mention {mention:?}");
}

#[test]
fn the_case_itself_is_taken() {
    case("cases/unassign-role.yaml", CASE, &scenarios().unwrap()).unwrap();
}

#[test]
fn what_a_case_may_not_say_is_refused() {
    let all = scenarios().unwrap();
    let table = [
        (with("scenarios", "made-up: {}"), "`made-up` is no scenario"),
        (with("cannot_apply", &format!("made-up: {IMPOSSIBLE}")), "`made-up` is no scenario"),
        (with("scenarios", "dry-run: { ask: { options: {} } }"), "unknown field"),
        (with("scenarios", "dry-run: { loses: targets }"), "unknown field"),
        (changed("usual:\n", "options: {}\nusual:\n"), "unknown field"),
        (changed("  refused:\n", "  dry-run:\n"), "refused: the case must give request"),
        (
            changed("    switches: { unassign_has_no_effect: true }", "    {}"),
            "not-effective: the case must give switches",
        ),
        (changed("    clock_ms: 60000\n", ""), "read-lag: the case must give clock_ms"),
        (changed("      rate_limited:", "      limited:"), "answers.rate_limited is missing"),
        (changed("      rate_limited:", "      limited:"), "answers.limited is asked for by no fault"),
        (changed("  wrong_credentials:", "  wrong:"), "bad-credentials: accounts.wrong_credentials is missing"),
        (changed("  wrong_credentials:", "  wrong:"), "accounts.wrong is used by no scenario"),
        (changed("  proof: GET /api/v1/users/*\n", ""), "calls must say where Proof is"),
        (
            changed("  proof: GET /api/v1/users/*", "  proof: GET /elsewhere/*"),
            "`GET /elsewhere/*` is not among the roads",
        ),
        (changed("calls:\n", "calls:\n  any: GET /api/v1/users\n"), "calls.any"),
        (with("scenarios", "dry-run: { clock_ms: 1 }"), "dry-run: clock_ms is not for a case to give here"),
        (with("scenarios", "dry-run: { targets: [x] }"), "dry-run: targets is not for a case to give here"),
        (with("scenarios", "dry-run: { request: {} }"), "must have a query or a body"),
        (changed("  facts: [user 102 holds role 2]", "  facts: []"), "usual.facts"),
    ];
    for (text, mention) in table {
        refused(&text, &all, mention);
    }
}

#[test]
fn a_variant_is_held_to_the_same() {
    let all = scenarios().unwrap();
    let impossible = format!("other: {{ context: {{ x: y }}, cannot_apply: {{ removed: {IMPOSSIBLE} }} }}");
    for (line, mention) in [
        ("other: {}", "variants.other.context is missing"),
        ("Other (2): { context: { x: y } }", "`Other (2)` is no name"),
        ("other: { context: { x: y }, loses: nothing }", "unknown field"),
        ("other: { context: { x: y }, variants: {} }", "unknown field"),
        ("other: { context: { x: y }, scenarios: { made-up: {} } }", "variants.other: `made-up` is no scenario"),
        ("other: { context: { x: y }, roads: {} }", "variants.other: calls: `"),
        ("other: { context: { x: y }, usual: { facts: [] } }", "variants.other: usual.facts"),
        ("other: { context: { x: y }, accounts: { idle: {} } }", "accounts.idle is used by no scenario"),
        // Why the case cannot play it is no reason for the variant.
        ("other: { context: { x: y } }", "variants.other: inherited: the case must give request"),
        (impossible.as_str(), "variants.other: removed: always applies"),
    ] {
        refused(&format!("{CASE}variants:\n  {line}\n"), &all, mention);
    }
}

#[test]
fn an_expectation_may_be_narrowed_and_not_widened() {
    let all = scenarios().unwrap();
    let table = [
        ("dry-run: { expect: { outcome: removed } }", "expect.outcome: removed is not among planned"),
        ("dry-run: { expect: { status: 2xx } }", "expect.status: 2xx is wider than 200"),
        ("dry-run: { expect: { calls: { write: [0, 1] } } }", "expect.calls: 1 is not among 0"),
        ("dry-run: { expect: { outcome: perhaps } }", "`perhaps` is none of"),
        ("lost-reply: { expect: { verified: [yes, no] } }", "expect.verified: no is not among yes"),
        ("lost-request: { expect: { kind: not_found } }", "expect.kind: not_found is not among"),
        ("format-raw: { expect: { format: unified } }", "expect.format: the scenario says it already"),
        ("dry-run: { expect: { shape: raw } }", "unknown field"),
    ];
    for (line, mention) in table {
        refused(&with("scenarios", line), &all, mention);
    }
    let narrower = with("scenarios", "lost-request: { expect: { verified: no, kind: provider_unavailable } }");
    case("cases/unassign-role.yaml", &narrower, &all).unwrap();
}

#[test]
fn what_always_applies_cannot_be_left_out() {
    let all = scenarios().unwrap();
    let always: Vec<&str> = all.iter().filter(|one| one.always).map(|one| one.name.as_str()).collect();
    let formats = ["format-unified", "format-raw", "format-normalized", "format-stream", "format-debug"];
    let others = ["removed", "unknown-user", "bad-credentials", "lost-reply", "server-error", "hostile-ids"];
    for name in formats.iter().chain(&others) {
        assert!(always.contains(name), "{name} always applies");
    }
    for name in always {
        let text = with("cannot_apply", &format!("{name}: {IMPOSSIBLE}"));
        refused(&text, &all, &format!("{name}: always applies"));
    }
}

#[test]
fn what_cannot_apply_is_quoted_and_explained() {
    let all = scenarios().unwrap();
    for (line, mention) in [
        ("redirected: { page: vendors/x.md, quote: a line }", "because"),
        ("redirected: { page: vendors/x.md, quote: ' ', because: of it }", "must quote a line of a page"),
        ("redirected: { page: x.md, quote: a line, because: of it }", "must quote a line of a page"),
        ("redirected: { page: vendors/x.md, quote: a line, because: '' }", "must say why"),
        ("read-lag: { page: vendors/x.md, quote: a line, because: of it }", "is filled in and said not to apply"),
    ] {
        refused(&with("cannot_apply", line), &all, mention);
    }
    case("x", &with("cannot_apply", &format!("redirected: {IMPOSSIBLE}")), &all).unwrap();
}

#[test]
fn a_scenario_must_say_what_it_expects() {
    let removed = include_str!("../../../fixtures/suites/unassign-role/lost-reply.yaml");
    scenario("removed", removed).unwrap();
    for (from, to, mention) in [
        ("  outcome: removed\n", "", "expect.outcome is missing"),
        ("outcome: removed", "outcome: gone", "`gone` is none of"),
        ("status: 200", "status: 2xy", "no class such as 4xx"),
        ("status: 200", "status: 99", "no status"),
        ("kind: drop_after", "kind: answer", "has an answer to give"),
        ("kind: drop_after", "kind: explode", "unknown variant"),
        ("loses: targets", "loses: all", "unknown variant"),
        ("always: true", "sometimes: true", "unknown field"),
    ] {
        assert!(removed.contains(from), "{from}");
        let error = scenario("removed", &removed.replacen(from, to, 1)).expect_err(mention).to_string();
        assert!(error.contains(mention), "{error}\ndoes not mention {mention:?}");
    }
}
