//! The definitions that ship with the binary, and the loader's diagnostics.

#[test]
fn the_embedded_definitions_compile() {
    let registry = offramp::connector::embedded().unwrap_or_else(|error| match error {
        offramp::connector::LoadError::Definition(error) => panic!("{}", error.render()),
        error => panic!("{error}"),
    });
    assert!(registry.slugs().contains(&"guardhouse"));
}
