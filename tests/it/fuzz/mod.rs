//! The fuzz targets over their saved corpus, `fixtures/fuzz/<target>/`, and over what is made of it by chance. The same
//! targets run under a coverage-guided fuzzer in `fuzz/`.

mod targets;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use targets::TARGETS;

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz").join(target);
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<(String, Vec<u8>)> = files
        .map(|file| (file.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&file).unwrap()))
        .collect();
    if target == "definition" {
        // The shipped ones are the best seeds there are.
        let connectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors");
        let folders = fs::read_dir(connectors).unwrap().map(|entry| entry.unwrap().path().join("connector.yaml"));
        cases.extend(
            folders.filter(|file| file.is_file()).map(|file| (file.display().to_string(), fs::read(&file).unwrap())),
        );
    }
    cases.sort();
    cases
}

#[test]
fn every_target_has_a_corpus_and_all_of_it_holds() {
    for (name, target) in TARGETS {
        let cases = corpus(name);
        assert!(cases.len() >= 5, "{name}: {} cases", cases.len());
        for (file, data) in cases {
            let held = std::panic::catch_unwind(|| target(&data));
            assert!(held.is_ok(), "{name}: {file}");
        }
    }
}

/// The answers of the corpus reach all the way to a proof: the target is not true because nothing ever happens.
#[test]
fn among_the_answers_is_a_removal_and_its_proof() {
    let (_, data) = corpus("answer").into_iter().find(|(file, _)| file == "all-is-well").unwrap();
    let (report, given) = targets::report_of(&data).unwrap();
    assert_eq!((report.outcome().as_str(), report.verified().as_str()), ("removed", "yes"), "{given:?}");
}

/// A change of some bytes: of what a fuzzer does, the cheap part.
fn changed(seeds: Vec<Vec<u8>>, spices: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let seed = proptest::sample::select(seeds);
    let spice = proptest::sample::select(spices).prop_map(|spice| spice.as_bytes().to_vec());
    let piece = prop_oneof![spice, proptest::collection::vec(any::<u8>(), 0..6)];
    let changes = proptest::collection::vec((any::<prop::sample::Index>(), 0_usize..12, piece), 0..5);
    (seed, changes).prop_map(|(mut data, changes)| {
        for (at, length, piece) in changes {
            let at = at.index(data.len() + 1);
            let end = (at + length).min(data.len());
            data.splice(at..end, piece);
        }
        data
    })
}

fn fuzz(name: &str, cases: u32, spices: &'static [&'static str]) {
    let (_, target) = TARGETS.into_iter().find(|(known, _)| *known == name).unwrap();
    let seeds: Vec<Vec<u8>> = corpus(name).into_iter().map(|(_, data)| data).collect();
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    // The same bytes every time: what is new is found in `fuzz/`, not by luck where somebody waits for another thing.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let strategy = prop_oneof![4 => changed(seeds, spices), 1 => proptest::collection::vec(any::<u8>(), 0..200)];
    let ran = runner.run(&strategy, |data| {
        target(&data);
        Ok(())
    });
    if let Err(error) = ran {
        panic!("{name}: {error}; keep the bytes as a file in fixtures/fuzz/{name}/");
    }
}

#[test]
fn any_query_decodes_or_is_refused() {
    fuzz("query", 4000, &["[", "]", "[]", "%5B", "%", "&", "=", "+", "id", "roles", "remote_query", "{", "\"", "null"]);
}

#[test]
fn any_body_decodes_or_is_refused() {
    fuzz("body", 4000, &["{", "}", "[", "]", "\"", ":", ",", "null", "id", "roles", "\\u0000", "1e999", "\u{feff}"]);
}

#[test]
fn any_definition_compiles_or_is_refused() {
    fuzz(
        "definition",
        120,
        &["{{", "}}", "{", "}", ":", "- ", "\n", "  ", "null", "&a", "*a", "!", "|", "abort", "now()"],
    );
}

#[test]
fn any_template_fills_purely_or_is_refused() {
    fuzz("template", 400, &["{{", "}}", "account.key", "/", "..", "\n", "\r", "\0", "%2f", "?", "#", "é", "!"]);
}

#[test]
fn whatever_a_provider_answers_nothing_is_said_to_be_done_without_an_answer_that_shows_it() {
    fuzz(
        "answer",
        1500,
        &["{", "}", "[]", "null", "\"id\"", "\"roles\"", "\"data\"", "true", "false", "\"ok\"", ":", ","],
    );
}
