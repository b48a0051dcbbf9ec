//! `offramp connector check`: what a definition that compiles can still have wrong, one planted mistake for each code.

use std::collections::BTreeSet;
use std::path::Path;

use offramp::connector::{DefinitionError, Document, Level, check, documents};

/// A definition in which nothing is to be found; each case below plants a mistake.
const CLEAN: &str = include_str!("lints/connector.yaml");

fn document(text: &str) -> Document {
    let case = ("acme/cases/unassign-role.yaml".to_owned(), true);
    Document { file: "acme/connector.yaml".to_owned(), text: text.to_owned().into(), folder: "acme".to_owned(), case }
}

fn findings(text: &str) -> Vec<DefinitionError> {
    check(&[document(text)])
}

fn shown(findings: &[DefinitionError]) -> String {
    findings.iter().map(DefinitionError::render).collect()
}

fn line_of(text: &str, needle: &str) -> usize {
    let at = text.find(needle).unwrap_or_else(|| panic!("{needle} is not in the text"));
    text[..at].matches('\n').count() + 1
}

#[test]
fn nothing_is_found_in_the_clean_definition() {
    let findings = findings(CLEAN);
    assert!(findings.is_empty(), "{}", shown(&findings));
}

use Level::{Error, Warning};

/// A planted mistake.
struct Planted {
    what: &'static str,
    /// What stands in the clean definition, and what is put in its place.
    clean: &'static str,
    planted: &'static str,
    code: &'static str,
    level: Level,
    /// What stands on the line that is to be shown.
    line: &'static str,
}

const fn planted(
    code: &'static str,
    level: Level,
    what: &'static str,
    clean: &'static str,
    planted: &'static str,
    line: &'static str,
) -> Planted {
    Planted { what, clean, planted, code, level, line }
}

const PLANTED: &[Planted] = &[
    planted(
        "L001",
        Error,
        "a scope that nothing reads",
        "  role.id:",
        "  workspace: { at: query }\n  role.id:",
        "  workspace:",
    ),
    planted("L002", Warning, "a setting that nothing reads", "  tenant:", "  region: {}\n  tenant:", "  region: {}"),
    planted(
        "L003",
        Warning,
        "a read that nothing runs",
        "  get_user:\n",
        "  get_team:\n    method: GET\n    path: /team\n    success: { status: 200, body: { ok: true } }\n  get_user:\n",
        "  get_team:",
    ),
    planted(
        "L004",
        Warning,
        "a table that nothing searches",
        "errors:\n",
        "tables:\n  ranks: [{ id: r1 }]\nerrors:\n",
        "ranks:",
    ),
    planted(
        "L005",
        Warning,
        "a `let` that nothing reads",
        "      - let:\n",
        "      - let:\n          idle: .input.id\n",
        "idle:",
    ),
    planted(
        "L006",
        Error,
        "the user, whom the write's path is made of",
        "  id: { required: true, target: true,",
        "  id: { required: true,",
        "  id: { required",
    ),
    planted(
        "L006",
        Error,
        "a role that reaches the write through a `let`",
        "  role.id: { target: true,",
        "  role.id: {",
        "  role.id: {",
    ),
    planted(
        "L007",
        Error,
        "a write that is sent again after an error inside a 200",
        "repeatable: true",
        "repeatable: false",
        "repeatable: false",
    ),
    planted(
        "L009",
        Error,
        "a success that looks at the status where errors stand in it",
        "success: { status: 200, body: { ok: true } } # of the write",
        "success: { status: 200 } # of the write",
        "# of the write",
    ),
    planted("L010", Error, "no proof", "reads: [{ name: get_user }, { name: list_held }]", "reads: []", "proof:"),
    planted(
        "L011",
        Error,
        "a proof that looks at what was read before the write",
        "reads: [{ name: get_user }, { name: list_held }]",
        "reads: [{ name: get_user }]",
        "    in: .list_held",
    ),
    planted(
        "L012",
        Warning,
        "a proof's read that nobody looks at",
        "reads: [{ name: get_user }, { name: list_held }]",
        "reads: [{ name: get_user }, { name: list_held }, { name: list_roles }]",
        "reads: [{ name: get_user }, { name: list_held }, { name",
    ),
    planted(
        "L013",
        Error,
        "a proof about whatever role",
        "where: { id: \"{{ item.role.id }}\" }",
        "where: { id: r1 }",
        "  holds:",
    ),
    planted(
        "L013",
        Error,
        "a proof about whatever user",
        "query: { user: \"{{ input.id }}\" }",
        "query: { role: \"{{ item.role.id }}\" }",
        "  holds:",
    ),
    planted("L014", Warning, "a pattern without words", ", help: \"a role's id\"", "", "  role.id:"),
    planted("L014", Warning, "a setting's pattern without words", ", help: \"the tenant's name\"", "", "  tenant:"),
    planted(
        "L015",
        Error,
        "a read whose refusal is to be settled",
        "errors: [{ when: { status: 410 }, kind: not_found }]",
        "errors: [{ when: { status: 410 }, kind: not_found, settle: read_back }]",
        "settle: read_back",
    ),
    planted("L016", Error, "a look-up that takes the first", ", match: email", "", "  user: {"),
    planted(
        "L016",
        Error,
        "a look-up by name that compares no name",
        ", in: .list_roles.body.roles, match: name",
        "",
        "given: name",
    ),
    planted(
        "L017",
        Error,
        "a user's look-up without the id",
        "take: { id: id } }",
        "take: { name: id } }",
        "  user: {",
    ),
    planted(
        "L018",
        Warning,
        "a secret that is none",
        "client_secret: { required: true, secret: true }",
        "client_secret: { required: true }",
        "client_secret: {",
    ),
    planted(
        "L019",
        Warning,
        "no word on a 429",
        "  - { when: { status: 429 }, kind: rate_limited }\n",
        "",
        "status: 4xx",
    ),
    planted(
        "L019",
        Warning,
        "a 403 that is something else",
        "status: 403 }, kind: permission_missing",
        "status: 403 }, kind: conflict",
        "status: 403",
    ),
    planted("L020", Error, "a 5xx that says `not done`", ", outcome: unknown }", " }", "status: 5xx"),
    planted(
        "L021",
        Warning,
        "a 404 that says `already gone`",
        "{ when: { status: 409 }, kind: conflict }",
        "{ when: { status: 409 }, kind: conflict, outcome: already_absent }",
        "status: 409",
    ),
    planted(
        "L022",
        Error,
        "a rule after the class it is of",
        "  - { when: { status: 5xx }",
        "  - { when: { status: 404 }, kind: not_found }\n  - { when: { status: 5xx }",
        "  - { when: { status: 404 }, kind: not_found }\n  - { when: { status: 5xx }",
    ),
    planted(
        "L009",
        Error,
        "a rule of a status that is success",
        "errors: [{ when: { status: 410 }, kind: not_found }]",
        "errors: [{ when: { status: 201 }, kind: not_found }]",
        "success: { status: 201 }",
    ),
    planted("L023", Warning, "a listing of one page", "max_pages: 20", "max_pages: 1", "    paginate:"),
    planted("L024", Warning, "an open name that no write renders", "open: [silent]", "open: [silent, loud]", "open:"),
    planted("L025", Warning, "a user without an id", "        id: .get_user.body.id\n", "", "      fields:"),
    planted(
        "L026",
        Error,
        "our own callers' error",
        "status: 409 }, kind: conflict",
        "status: 409 }, kind: forbidden",
        "status: 409",
    ),
    planted(
        "L026",
        Error,
        "our own callers' error in a stop",
        "kind: not_found\n",
        "kind: internal\n",
        "kind: internal",
    ),
    planted(
        "L027",
        Error,
        "a guard over what no look-up brings",
        "when: .get_user.body.locked == true",
        "when: .item.role.locked == true",
        "when: .item.role.locked",
    ),
    planted(
        "L027",
        Error,
        "a guard over what one look-up alone brings",
        "match: name, take: { id: id, name: name } }\n",
        "match: name, take: { id: id, name: name, locked: locked } }\nchecks: [{ refuse_when: .item.role.locked == true, message: no }]\n",
        "checks:",
    ),
    planted(
        "L027",
        Error,
        "a guard over what the look-up of names alone does not bring",
        "match: id, take: { id: id, name: name } }\n    - { given: name, read: list_roles, in: .list_roles.body.roles, match: name, take: { id: id, name: name } }\n",
        "match: id, take: { id: id, name: name, locked: locked } }\n    - { given: name, read: list_roles, in: .list_roles.body.roles, match: name, take: { id: id, name: name } }\nchecks: [{ refuse_when: .item.role.locked == true, message: no }]\n",
        "checks:",
    ),
    planted("L028", Warning, "another folder's slug", "slug: acme", "slug: apex", "slug: apex"),
    planted(
        "L030",
        Error,
        "a write with pages",
        "success: { status: 200, body: { ok: true } } # of the write",
        "success: { status: 200, body: { ok: true } }\n            paginate: { list: x, next: .answer.body.next, param: p, max_pages: 2 }",
        "            paginate:",
    ),
    planted(
        "L031",
        Error,
        "a check that needs a user",
        "check: list_roles",
        "check: get_user",
        "    path: \"/users/{{ input.id }}\"\n",
    ),
    planted(
        "L032",
        Error,
        "an address made of the request",
        "{{ account.tenant }}.acme",
        "{{ account.tenant }}{{ input.id }}.acme",
        "base_url:",
    ),
    planted(
        "L033",
        Error,
        "all items' answers where there is one item",
        "why: takes the role away",
        "why: takes the role away\n          when: .all.get_user.status == 200",
        "when: .all",
    ),
    planted(
        "L033",
        Error,
        "a group where there is none",
        "why: takes the role away",
        "why: takes the role away\n          when: .group.key != null",
        "when: .group",
    ),
    planted(
        "L034",
        Error,
        "a scope that nobody asks for",
        "silent: true }",
        "silent: true, team: \"{{ item.workspace }}\" }",
        "inputs:",
    ),
    planted(
        "L035",
        Warning,
        "reads that answer for nobody, too",
        "path: \"/users/{{ input.id }}\"",
        "path: /users\n    query: { id: \"{{ input.id }}\" }",
        "proof:",
    ),
    planted(
        "L036",
        Warning,
        "a stop that shows absence where reads lag",
        "          outcome: failed\n          kind: not_found\n          message: the user is locked\n      - let:\n          role: .item.role.id\n      - write:\n          name: unassign\n          why: takes the role away\n          repeatable: true\n          call:\n            method: POST\n            path: \"/users/{{ input.id }}/remove\"\n            body: { role: \"{{ let.role }}\", silent: true }\n            success: { status: 200, body: { ok: true } } # of the write\n\nproof:\n",
        "          outcome: already_absent\n          message: the user is locked\n      - let:\n          role: .item.role.id\n      - write:\n          name: unassign\n          why: takes the role away\n          repeatable: true\n          call:\n            method: POST\n            path: \"/users/{{ input.id }}/remove\"\n            body: { role: \"{{ let.role }}\", silent: true }\n            success: { status: 200, body: { ok: true } } # of the write\n\nproof:\n  read_lag_s: 60\n",
        "          outcome: already_absent",
    ),
];

#[test]
fn every_planted_mistake_is_found_alone_with_its_code_and_line() {
    let mut wrong = Vec::new();
    for Planted { what, clean, planted, code, level, line } in PLANTED {
        assert!(CLEAN.contains(clean), "{what}: {clean} is not in the clean definition");
        let text = CLEAN.replacen(clean, planted, 1);
        let findings = findings(&text);
        let found: Vec<_> = findings.iter().map(|one| (one.code.as_str(), one.level, one.line)).collect();
        if found != [(*code, *level, line_of(&text, line))] {
            wrong.push(format!(
                "{what}: expected {code} on line {}, found {found:?}\n{}",
                line_of(&text, line),
                shown(&findings)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_planted_mistake() {
    let mut codes: BTreeSet<String> = BTreeSet::new();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connector/lint")).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        codes.extend(text.match_indices("\"L0").map(|(at, _)| text[at + 1..at + 5].to_owned()));
    }
    let planted: BTreeSet<String> = PLANTED.iter().map(|one| one.code.to_owned()).collect();
    // These two are about what stands beside a definition, and have tests of their own.
    let beside = ["L008", "L029"].map(str::to_owned);
    assert_eq!(codes, planted.into_iter().chain(beside).collect());
}

#[test]
fn a_finding_is_shown_with_its_line_and_a_caret() {
    let text = CLEAN.replacen("max_pages: 20", "max_pages: 1", 1);
    let findings = findings(&text);
    let shown = shown(&findings);
    let line = text.lines().nth(findings[0].line - 1).unwrap().trim();
    assert!(shown.contains(line) && shown.contains("L023") && shown.contains("here"), "{shown}");
    assert!(shown.contains(&format!("acme/connector.yaml:{}:{}]", findings[0].line, findings[0].column)), "{shown}");
}

#[test]
fn all_findings_are_shown_and_not_the_first_alone() {
    let text = CLEAN.replacen("max_pages: 20", "max_pages: 1", 1).replacen("  tenant:", "  region: {}\n  tenant:", 1);
    let codes: Vec<String> = findings(&text).into_iter().map(|one| one.code).collect();
    assert_eq!(codes, ["L002", "L023"]);
}

#[test]
fn a_definition_that_does_not_compile_has_its_first_mistake() {
    let findings = findings(&CLEAN.replacen("label:", "colour: red\nlabel:", 1));
    assert_eq!(
        findings.iter().map(|one| (one.code.as_str(), one.line)).collect::<Vec<_>>(),
        [("C001", line_of(CLEAN, "label:"))]
    );
}

#[test]
fn a_warning_is_allowed_by_a_comment_with_a_reason_and_an_error_is_not() {
    let one_page = CLEAN.replacen("max_pages: 20", "max_pages: 1", 1);
    let allowed = |comment: &str| {
        findings(&one_page.replacen("    paginate:", &format!("    {comment}\n    paginate:"), 1)).is_empty()
    };
    assert!(allowed("# allow L023: there is no second page"));
    assert!(allowed("# allow L023: there is no second page\n    # as the provider says"));
    assert!(!allowed("# allow L023:"));
    assert!(!allowed("# allow L022: there is no second page"));
    let no_proof = CLEAN.replacen(
        "proof:\n  reads: [{ name: get_user }, { name: list_held }]",
        "# allow L010: we trust it\nproof:\n  reads: []",
        1,
    );
    assert_eq!(findings(&no_proof).len(), 1);
}

#[test]
fn a_missing_case_is_a_warning_that_names_its_path() {
    let mut document = document(CLEAN);
    document.case.1 = false;
    let findings = check(&[document]);
    assert_eq!(findings.len(), 1, "{}", shown(&findings));
    assert_eq!((findings[0].code.as_str(), findings[0].level), ("L008", Warning));
    assert!(findings[0].message.contains("acme/cases/unassign-role.yaml"), "{}", findings[0]);
}

#[test]
fn a_slug_belongs_to_one_definition() {
    let second = Document { file: "other/connector.yaml".to_owned(), ..document(CLEAN) };
    let findings = check(&[document(CLEAN), second]);
    assert_eq!(findings.len(), 1, "{}", shown(&findings));
    let found = &findings[0];
    assert_eq!((found.code.as_str(), found.file.as_str(), found.line), ("L029", "other/connector.yaml", 2));
    assert!(found.message.contains("acme/connector.yaml"), "{found}");
}

#[test]
fn the_shipped_definitions_are_clean() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors");
    for shipped in [documents(None).unwrap(), documents(Some(&folder)).unwrap()] {
        assert!(shipped.len() >= 3);
        // Whether every connector has a case is the suite's to say.
        let findings: Vec<_> = check(&shipped).into_iter().filter(|one| one.code != "L008").collect();
        assert!(findings.is_empty(), "{}", self::shown(&findings));
    }
}

#[test]
fn one_file_and_one_folder_are_checked_alone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors/guardhouse");
    for path in [folder.join("connector.yaml"), folder] {
        let documents = documents(Some(&path)).unwrap();
        assert_eq!(documents.iter().map(|one| one.folder.as_str()).collect::<Vec<_>>(), ["guardhouse"]);
    }
}

/// The exit status, and what is printed.
fn run_check(arguments: &[&Path], connectors_dir: &Path) -> (Option<i32>, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_offramp"))
        .args(["connector", "check"])
        .args(arguments)
        .env("OFFRAMP_CONNECTORS_DIR", connectors_dir)
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_command_ends_with_one_if_there_is_an_error_and_prints_every_finding() {
    let folder = tempfile::tempdir().unwrap();
    let acme = folder.path().join("acme");
    std::fs::create_dir_all(acme.join("cases")).unwrap();
    std::fs::write(acme.join("cases/unassign-role.yaml"), "").unwrap();
    let write = |text: &str| std::fs::write(acme.join("connector.yaml"), text).unwrap();

    write(CLEAN);
    let (status, printed) = run_check(&[], folder.path());
    assert_eq!((status, printed.as_str()), (Some(0), "1 checked, 0 errors, 0 warnings.\n"));

    let warning = CLEAN.replacen("max_pages: 20", "max_pages: 1", 1);
    write(&warning);
    let (status, printed) = run_check(&[], folder.path());
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains("L023") && printed.ends_with("1 checked, 0 errors, 1 warnings.\n"), "{printed}");

    write(&warning.replacen(", outcome: unknown }", " }", 1));
    let file = acme.join("connector.yaml");
    for arguments in [[].as_slice(), &[acme.as_path()], &[file.as_path()]] {
        let (status, printed) = run_check(arguments, folder.path());
        assert_eq!(status, Some(1), "{printed}");
        assert!(printed.contains("L020") && printed.contains("L023"), "{printed}");
        assert!(printed.ends_with("1 checked, 1 errors, 1 warnings.\n"), "{printed}");
    }
}
