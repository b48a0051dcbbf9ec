//! The layers, kept true: a module uses only those above it, and no provider is named outside the sandbox.

use std::fs;
use std::path::{Path, PathBuf};

/// From the bottom up: what stands later may use what stands earlier.
const LAYERS: &[&str] = &[
    "model",
    "expression",
    "connector",
    "transport",
    "credentials",
    "storage",
    "audit",
    "engine",
    "gateway",
    "http",
    "cli",
];

/// Beside the road: what each of these may use, and who may use it.
const ASIDE: &[(&str, &[&str], &[&str])] = &[
    ("sandbox", &[], &["cli", "suite"]),
    ("config", &["engine", "gateway", "storage", "transport"], &["cli"]),
    // It puts a whole gateway together for every scenario.
    (
        "suite",
        &["audit", "connector", "credentials", "engine", "gateway", "http", "model", "sandbox", "storage", "transport"],
        &["cli"],
    ),
];

/// Providers' names, hosts and fields: none of these may stand in a Rust file outside the sandbox.
const PROVIDER_WORDS: &[&str] = &[
    "guardhouse",
    "slack",
    "jumpcloud",
    "crowdstrike",
    "blackline",
    "elastic",
    "teamviewer",
    "voucherify",
    "devicehive",
    "instantlogout",
    "rolenames",
    "systemusers",
    "removeassignments",
    "x-api-key",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The modules that a source names as `crate::<module>`, `use crate::{…}` included.
fn used_modules(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let names = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default(),
            None => rest,
        };
        for name in names.split(',').take(if rest.starts_with('{') { usize::MAX } else { 1 }) {
            let name: String = name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            used.push(name);
        }
    }
    used
}

fn is_allowed(layer: &str, used: &str) -> bool {
    if layer == used {
        return true;
    }
    if let Some((_, may_use, _)) = ASIDE.iter().find(|(name, ..)| *name == layer) {
        return may_use.contains(&used);
    }
    if let Some((_, _, users)) = ASIDE.iter().find(|(name, ..)| *name == used) {
        return users.contains(&layer);
    }
    let rank = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    // The engine knows no SQL: storage is a layer for the gateway alone.
    if used == "storage" && layer == "engine" {
        return false;
    }
    matches!((rank(layer), rank(used)), (Some(layer), Some(used)) if used < layer)
}

fn layer_of(file: &Path) -> String {
    let relative = file.strip_prefix(root().join("src")).unwrap();
    let first = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn a_module_uses_only_the_layers_above_it() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        let layer = layer_of(&file);
        if layer == "lib" || layer == "main" {
            continue;
        }
        let known = LAYERS.contains(&layer.as_str()) || ASIDE.iter().any(|(name, ..)| *name == layer);
        assert!(known, "{} belongs to no layer; place it in LAYERS", file.display());
        for used in used_modules(&fs::read_to_string(&file).unwrap()) {
            if !is_allowed(&layer, &used) {
                wrong.push(format!("{}: {layer} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_layer_check_catches_a_planted_violation() {
    assert!(!is_allowed("engine", "http"));
    assert!(!is_allowed("engine", "storage"));
    assert!(!is_allowed("sandbox", "engine"));
    assert!(!is_allowed("http", "sandbox"));
    assert!(is_allowed("http", "gateway"));
    assert_eq!(
        used_modules("use crate::{engine::Report, http};\nlet x = crate::model::y;"),
        ["engine", "http", "model"]
    );
}

#[test]
fn no_provider_is_named_outside_the_sandbox() {
    let mut wrong = Vec::new();
    for file in sources(&root().join("src")) {
        if layer_of(&file) == "sandbox" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap().to_lowercase();
        for (number, line) in text.lines().enumerate() {
            // The examples of the API document are documentation: a reader needs a real name there.
            let example = line.contains("#[schema(example");
            if let Some(word) = PROVIDER_WORDS.iter().find(|word| line.contains(**word) && !example) {
                wrong.push(format!("{}:{}: {word}", file.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "provider named outside src/sandbox/:\n{}", wrong.join("\n"));
}

#[test]
fn unsafe_code_is_forbidden_and_nothing_is_left_undone() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(manifest.contains("unsafe_code = \"forbid\""));
    for file in sources(&root().join("src")) {
        let text = fs::read_to_string(&file).unwrap();
        for mark in ["todo!(", "unimplemented!(", "FIXME", "XXX"] {
            assert!(!text.contains(mark), "{}: {mark}", file.display());
        }
    }
}
