//! The definitions that ship with the binary, and the loader's diagnostics.

use std::path::Path;

use offramp::connector::{LoadError, Registry};

fn loaded(registry: Result<Registry, LoadError>) -> Registry {
    registry.unwrap_or_else(|error| match error {
        LoadError::Definition(error) => panic!("{}", error.render()),
        error => panic!("{error}"),
    })
}

#[test]
fn the_embedded_definitions_compile() {
    let registry = loaded(offramp::connector::embedded());
    for slug in ["guardhouse", "jumpcloud", "slack-enterprise"] {
        assert!(registry.slugs().contains(&slug), "{slug} is not embedded");
    }
    assert_eq!(registry.get("slackenterprise").map(|connector| connector.slug.as_str()), Some("slack-enterprise"));
}

#[test]
fn a_folder_of_definitions_loads_as_the_embedded_ones_do() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors");
    let registry = loaded(offramp::connector::from_directory(&folder));
    assert_eq!(registry.slugs(), loaded(offramp::connector::embedded()).slugs());
}
