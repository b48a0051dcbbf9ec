//! The providers' documents: sound in themselves, in agreement with the providers' own, and a mesh that catches planted
//! mistakes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use offramp::suite::documents::Documents;
use serde_json::Value as Json;

mod differences;
mod members;
mod messages;
mod planted;
mod sound;
mod vendor;

const PROVIDERS: [&str; 9] = [
    "blackline",
    "crowdstrike",
    "devicehive",
    "elastic-cloud",
    "guardhouse",
    "jumpcloud",
    "slack-enterprise",
    "teamviewer",
    "voucherify",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/providers")
}

fn document(name: &str) -> Json {
    json_file(&folder().join(format!("{name}.json")))
}

fn json_file(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn documents() -> &'static Documents {
    static DOCUMENTS: LazyLock<Documents> =
        LazyLock::new(|| Documents::embedded().unwrap_or_else(|error| panic!("{error}")));
    &DOCUMENTS
}

#[test]
fn every_provider_has_a_document() {
    let documents = documents();
    assert_eq!(documents.slugs().collect::<BTreeSet<_>>(), BTreeSet::from(PROVIDERS));
    for slug in PROVIDERS {
        assert!(!documents.operations(slug).is_empty(), "{slug}");
    }
}
