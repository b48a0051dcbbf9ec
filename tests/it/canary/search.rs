//! The search: secrets in every spelling they might have, in all that was put out.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use regex::bytes::{Regex, RegexBuilder};

/// Not so short that it could stand somewhere by chance.
const SHORTEST: usize = 10;

/// Secrets, each by the name it is reported with.
#[derive(Clone, Default)]
pub(super) struct Secrets(BTreeMap<Vec<u8>, String>);

impl Secrets {
    pub(super) fn add(&mut self, name: impl Into<String>, secret: impl Into<Vec<u8>>) {
        let secret = secret.into();
        assert!(secret.len() >= SHORTEST, "too short to be looked for");
        self.0.entry(secret).or_insert(name.into());
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Where any of them is, in whatever spelling.
    pub(super) fn search(&self, outputs: &[Output]) -> Vec<String> {
        let mut needles: BTreeMap<Vec<u8>, (String, &'static str)> = BTreeMap::new();
        for (secret, name) in &self.0 {
            for (spelling, needle) in spellings(secret) {
                needles.entry(needle).or_insert((name.clone(), spelling));
            }
        }
        let pattern: Vec<String> = needles.keys().map(|needle| escaped(needle)).collect();
        let any: Regex = RegexBuilder::new(&pattern.join("|"))
            .unicode(false)
            .size_limit(256 << 20)
            .build()
            .expect("a pattern of literals");
        let mut found = Vec::new();
        for output in outputs {
            let mut said: Vec<&str> = Vec::new();
            for hit in any.find_iter(&output.bytes) {
                let (name, spelling) = &needles[hit.as_bytes()];
                if said.contains(&name.as_str()) || (output.unprocessed && name.ends_with(FIELD)) {
                    continue;
                }
                said.push(name);
                let around = hit.start().saturating_sub(200)..(hit.end() + 60).min(output.bytes.len());
                let around = String::from_utf8_lossy(&output.bytes[around]).into_owned();
                found.push(format!("{name} ({spelling}) in {}: …{around}…", output.what));
            }
        }
        found
    }
}

/// A secret of the provider's own, in what it answers.
pub(super) const FIELD: &str = "a secret field of an answer";

/// Something that was put out.
pub(super) struct Output {
    pub(super) what: String,
    pub(super) bytes: Vec<u8>,
    /// By the contract, what a provider answered, unprocessed: its own secrets are in it.
    pub(super) unprocessed: bool,
}

impl Output {
    pub(super) fn new(what: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { what: what.into(), bytes: bytes.into(), unprocessed: false }
    }
}

fn escaped(needle: &[u8]) -> String {
    needle.iter().map(|byte| format!(r"\x{byte:02x}")).collect()
}

/// The texts a secret could stand as.
pub(super) fn spellings(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut all = vec![("plain", secret.to_vec()), ("hex", hex(secret)), ("a list of bytes", list(secret))];
    if let Ok(text) = std::str::from_utf8(secret) {
        let once = quoted(text);
        all.push(("twice JSON", quoted(&once).into()));
        all.push(("JSON", once.into()));
        let percent =
            |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let encoded = percent(text);
        all.push(("percent, small letters", lower_escapes(&encoded).into()));
        all.push(("twice percent", percent(&encoded).into()));
        all.push(("percent", encoded.into()));
        all.push(("form", form_urlencoded::byte_serialize(secret).collect::<String>().into()));
        // What is inside it: cut short, or in a spelling that nobody thought of, this would still be there.
        let cores = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|core| core.len() >= SHORTEST);
        all.extend(cores.map(|core| ("a part of it", core.as_bytes().to_vec())));
    }
    for (name, alphabet) in [("base64", &STANDARD), ("base64url", &URL_SAFE)] {
        all.extend((0..3).map(|shift| (name, base64_within(alphabet, secret, shift))));
    }
    all.retain(|(_, needle)| needle.len() >= SHORTEST);
    all
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string().trim_matches('"').to_owned()
}

fn hex(secret: &[u8]) -> Vec<u8> {
    secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// As `{:?}` prints a vector of bytes.
fn list(secret: &[u8]) -> Vec<u8> {
    secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into()
}

fn lower_escapes(encoded: &str) -> String {
    let mut after = 0;
    let lower = encoded.chars().map(|c| {
        after = if c == '%' { 2 } else { i32::max(after - 1, -1) };
        if after >= 0 && c != '%' { c.to_ascii_lowercase() } else { c }
    });
    lower.collect()
}

/// The base64 of any text that has the secret after `shift` bytes modulo three: what does not depend on its neighbours.
fn base64_within(alphabet: &Alphabet, secret: &[u8], shift: usize) -> Vec<u8> {
    let engine = GeneralPurpose::new(alphabet, NO_PAD);
    let encoded = engine.encode([&vec![0; shift], secret].concat());
    let first = (shift * 8).div_ceil(6);
    let last = (shift + secret.len()) * 8 / 6;
    encoded.as_bytes()[first..last].to_vec()
}
