//! `offramp connector` as an operator meets it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const CASE: &str = include_str!("../../../connectors/guardhouse/cases/unassign-role.yaml");
const DEFINITION: &str = include_str!("../../../connectors/guardhouse/connector.yaml");

fn offramp(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_offramp"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OFFRAMP_") {
            command.env_remove(name);
        }
    }
    if folder.join("connectors").is_dir() {
        command.env("OFFRAMP_CONNECTORS_DIR", "connectors");
    }
    command.args(arguments).current_dir(folder).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A folder with one connector of the operator's own, and its case, if there is one.
fn own(case: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let connector = folder.path().join("connectors/guardhouse");
    std::fs::create_dir_all(connector.join("cases")).unwrap();
    std::fs::write(connector.join("connector.yaml"), DEFINITION).unwrap();
    if let Some(case) = case {
        std::fs::write(connector.join("cases/unassign-role.yaml"), case).unwrap();
    }
    folder
}

#[test]
fn a_scenario_that_passes_ends_with_0() {
    let folder = own(Some(CASE));
    let output = offramp(folder.path(), &["connector", "test", "guardhouse", "--scenario", "removed"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("removed") && shown.contains("pass") && shown.contains("1 played, 0 failed"), "{shown}");
    let output = offramp(folder.path(), &["connector", "test", "--all", "--scenario", "inherited", "--json"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    let one = &results["results"][0];
    assert_eq!((one["connector"].as_str(), one["scenario"].as_str()), (Some("guardhouse"), Some("inherited")));
    assert_eq!(one["result"], "cannot_apply");
    assert!(one["quote"].as_str().is_some_and(|quote| quote.contains("no inheritance")), "{one}");
}

#[test]
fn a_scenario_that_fails_ends_with_1_and_shows_all_of_it() {
    // It was held: to say that it was not would be the gateway's lie.
    let wrong = CASE.replacen("scenarios:\n", "scenarios:\n  removed: { expect: { held_before: no } }\n", 1);
    let folder = own(Some(&wrong));
    let output = offramp(folder.path(), &["connector", "test", "--all", "--scenario", "removed"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("FAIL"));
    let shown = text(&output.stderr);
    for part in [
        "FAIL guardhouse removed",
        "items[0].held_before: expected no, got unknown",
        "request: POST /unified/user-directory/users/unassign-role?integrated_account_id=",
        "answer:  200 removed / yes",
        "call:    DELETE /api/v1/users/102/roles/2 → 204",
    ] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
    assert!(!shown.contains("sandbox-only-secret"), "{shown}");
}

#[test]
fn a_connector_without_a_case_ends_with_1() {
    let folder = own(None);
    let output = offramp(folder.path(), &["connector", "test", "--all"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("guardhouse has no cases/unassign-role.yaml"), "{}", text(&output.stderr));
}

#[test]
fn faults_are_shown_as_a_table_and_a_line_with_the_seed() {
    let folder = own(Some(CASE));
    let output = offramp(folder.path(), &["connector", "faults", "--seed", "5", "--requests", "60"]);
    let (shown, complaint) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{shown}{complaint}");
    for part in [
        "FAULT",
        "GUARDHOUSE",
        "reset after acting",
        "seed 5: 6",
        " 0 rounds with a lie",
        "in HTTP an answer comes once",
    ] {
        assert!(shown.contains(part), "{part} is not in:\n{shown}");
    }
    assert_eq!(complaint, "", "what was planted is no news");
    let output = offramp(folder.path(), &["connector", "faults", "--seed", "5", "--only", "3", "--json"]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&shown["seed"], &shown["rounds"], &shown["told"][0]["round"]), (&5.into(), &1.into(), &3.into()));
    let output = offramp(folder.path(), &["connector", "faults", "nobody"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("there is no connector `nobody`"), "{}", text(&output.stderr));
}

#[test]
fn what_does_not_exist_is_named() {
    let folder = own(Some(CASE));
    for (arguments, mention) in [
        (&["connector", "test", "nobody"][..], "there is no connector `nobody`; there are: guardhouse"),
        (&["connector", "test", "--all", "--scenario", "nothing"], "there is no scenario `nothing`; there are: "),
    ] {
        let output = offramp(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(text(&output.stderr).contains(mention), "{}", text(&output.stderr));
    }
    let broken = own(Some(&CASE.replacen("scenarios:\n", "scenarios:\n  made-up: {}\n", 1)));
    let output = offramp(broken.path(), &["connector", "test", "guardhouse"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("`made-up` is no scenario"), "{}", text(&output.stderr));
}

/// More definitions than are compiled at once, and one that has a mistake.
fn many() -> tempfile::TempDir {
    let folder = own(Some(CASE));
    let connectors = folder.path().join("connectors");
    for index in 0..100 {
        let connector = connectors.join(format!("copy-{index}"));
        std::fs::create_dir(&connector).unwrap();
        let text = DEFINITION.replacen("slug: guardhouse\n", &format!("slug: copy-{index}\n"), 1);
        std::fs::write(connector.join("connector.yaml"), text).unwrap();
    }
    let wrong = connectors.join("jumpcloud");
    std::fs::create_dir(&wrong).unwrap();
    let text = include_str!("../../../connectors/jumpcloud/connector.yaml").replacen("schema: 1\n", "schema: 7\n", 1);
    std::fs::write(wrong.join("connector.yaml"), text).unwrap();
    folder
}

#[test]
fn a_definition_that_does_not_compile_is_not_passed_over() {
    let folder = many();
    let mistake = "schema 7 is not understood";
    for (arguments, good) in [
        (&["sandbox", "--once"][..], "guardhouse"),
        (&["connector", "list"], "guardhouse"),
        (&["connector", "test", "jumpcloud", "--scenario", "removed"], ""),
    ] {
        let output = offramp(folder.path(), arguments);
        let (shown, complaint) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{shown}\n{complaint}");
        assert!(complaint.contains(mistake) && complaint.contains("jumpcloud/connector.yaml"), "{complaint}");
        assert!(shown.contains(good), "{arguments:?}\n{shown}\n{complaint}");
    }
}

#[test]
fn a_sandbox_of_nothing_says_so() {
    let folder = own(None);
    let file = folder.path().join("connectors/guardhouse/connector.yaml");
    std::fs::write(file, DEFINITION.replacen("slug: guardhouse\n", "slug: own\n", 1)).unwrap();
    let output = offramp(folder.path(), &["sandbox", "--once"]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(complaint.contains("none of the connectors in connectors"), "{complaint}");
}

#[test]
fn the_list_says_what_each_connector_can_do() {
    let folder = own(None);
    let output = offramp(folder.path(), &["connector", "list"]);
    let shown = text(&output.stdout);
    assert!(
        output.status.success() && shown.contains("oauth2_client_credentials (client_id + client_secret)"),
        "{shown}"
    );
    let output = offramp(folder.path(), &["connector", "list", "--json"]);
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    let one = &list["connectors"][0];
    assert_eq!((one["slug"].as_str(), one["role_by_name"].as_str()), (Some("guardhouse"), Some("read")));
    assert_eq!((one["user_by_email"].as_bool(), one["batches"].as_str()), (Some(true), Some("one")));
}
