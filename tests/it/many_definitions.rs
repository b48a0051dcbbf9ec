//! How long a thousand definitions take to load. Printed by hand, as machines differ:
//! `cargo test --test it a_thousand_definitions -- --ignored --nocapture`.

use std::path::Path;
use std::time::Instant;

const DEFINITIONS: usize = 1000;

#[test]
#[ignore = "a measurement, not a check"]
fn a_thousand_definitions_are_loaded() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("connectors");
    let mut texts = Vec::new();
    for entry in std::fs::read_dir(shipped).unwrap() {
        let folder = entry.unwrap();
        if let Ok(text) = std::fs::read_to_string(folder.path().join("connector.yaml")) {
            texts.push((folder.file_name().into_string().unwrap(), text));
        }
    }
    let many = tempfile::tempdir().unwrap();
    for index in 0..DEFINITIONS {
        let (slug, text) = &texts[index % texts.len()];
        let own = format!("{slug}-{index}");
        let lines = text.lines().filter(|line| !line.starts_with("aliases:"));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let text = text.replacen(&format!("slug: {slug}\n"), &format!("slug: {own}\n"), 1);
        let folder = many.path().join(&own);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("connector.yaml"), text).unwrap();
    }
    let started = Instant::now();
    let registry = offramp::connector::from_directory(many.path()).unwrap();
    println!("{} definitions loaded in {:?}", registry.slugs().len(), started.elapsed());
    assert_eq!(registry.slugs().len(), DEFINITIONS);
    let started = Instant::now();
    for slug in registry.slugs() {
        registry.find(slug).unwrap().unwrap();
    }
    println!("all of them compiled in {:?}", started.elapsed());
}
