//! Secrets, and what hides them: providers repeat what they were sent, plainly or in some encoding of their own.

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, Span, packed};
use base64::Engine;
use base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Stands in place of a secret.
pub const MASK: &str = "********";
/// Shorter texts are not looked for: they would be found in what is no secret.
pub(super) const SHORTEST_SECRET_BYTES: usize = 6;
/// Nor is so short an encoding of one.
const SHORTEST_SPELLING_BYTES: usize = 6;

/// Secrets to hide. Never printed.
#[derive(Default)]
pub struct Mask {
    secrets: Vec<Vec<u8>>,
    /// Made when the first answer is looked at: not every account is used.
    spellings: OnceLock<Option<Spellings>>,
}

struct Spellings {
    finder: Finder,
    longest: usize,
}

/// Finds the first of the spellings, of those that start there the longest.
enum Finder {
    /// Several times as fast, for so few texts that the processor's vectors can look for all at once.
    Packed(packed::Searcher),
    Automaton(AhoCorasick),
}

impl Mask {
    /// Hides these, but for those that are too short to be told from other text.
    pub(super) fn of(secrets: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let long = |secret: &Vec<u8>| secret.len() >= SHORTEST_SECRET_BYTES;
        Self { secrets: secrets.into_iter().filter(long).collect(), spellings: OnceLock::new() }
    }

    /// The text with every secret replaced, whether it stands there plainly, in JSON, HTML, a URL or a form, or in base64;
    /// `None` if it holds none.
    pub fn hide(&self, text: &[u8]) -> Option<Vec<u8>> {
        let finder = &self.spellings()?.finder;
        let mut hit = finder.find(text, 0)?;
        let mut hidden = Vec::with_capacity(text.len());
        let mut from = 0;
        loop {
            hidden.extend_from_slice(&text[from..hit.start]);
            hidden.extend_from_slice(MASK.as_bytes());
            from = hit.end;
            match finder.find(text, from) {
                Some(next) => hit = next,
                None => break,
            }
        }
        hidden.extend_from_slice(&text[from..]);
        Some(hidden)
    }

    /// The same in place: a secret is written over, and nothing moves.
    pub fn overwrite(&self, text: &mut [u8]) {
        let Some(spellings) = self.spellings() else { return };
        let mut from = 0;
        while let Some(hit) = spellings.finder.find(text, from) {
            from = hit.end;
            text[hit].fill(b'*');
        }
    }

    /// The length of the longest text that is looked for; 0 if there is none.
    pub fn longest(&self) -> usize {
        self.spellings().map_or(0, |spellings| spellings.longest)
    }

    fn spellings(&self) -> Option<&Spellings> {
        self.spellings.get_or_init(|| Spellings::of(&self.secrets)).as_ref()
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mask").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

impl Spellings {
    /// `None`: there is nothing to look for.
    fn of(secrets: &[Vec<u8>]) -> Option<Self> {
        let mut all: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| spellings(secret)).collect();
        all.retain(|spelling| spelling.len() >= SHORTEST_SPELLING_BYTES);
        all.sort_unstable();
        all.dedup();
        let longest = all.iter().map(Vec::len).max()?;
        Some(Self { finder: Finder::of(&all)?, longest })
    }
}

impl Finder {
    fn of(texts: &[Vec<u8>]) -> Option<Self> {
        let packed =
            packed::Config::new().match_kind(packed::MatchKind::LeftmostLongest).builder().extend(texts).build();
        if let Some(searcher) = packed {
            return Some(Self::Packed(searcher));
        }
        // Compact: there is one for every account and every token in use.
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).kind(kind).build(texts);
        automaton.ok().map(Self::Automaton)
    }

    fn find(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let hit = match self {
            Self::Packed(searcher) => searcher.find_in(text, Span::from(from..text.len())),
            Self::Automaton(automaton) => automaton.find(aho_corasick::Input::new(text).range(from..)),
        };
        hit.map(|hit| hit.range())
    }
}

/// The texts that a secret may stand as. Most are the secret itself, where it is of letters and digits.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![secret.to_vec()];
    let mut add = |text: String| {
        let json = in_json(&text);
        // Some writers of JSON escape a slash, some what has a meaning in HTML.
        let slash = json.replace('/', r"\/");
        let html = replaced(&json, &[('&', r"\u0026"), ('<', r"\u003c"), ('>', r"\u003e")]);
        all.extend([text, in_json(&json), json, slash, html].map(String::into_bytes));
    };
    if let Ok(text) = std::str::from_utf8(secret) {
        add(text.to_owned());
        add(replaced(text, &[('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")]));
        let percent = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let form: String = form_urlencoded::byte_serialize(secret).collect();
        let reserved = utf8_percent_encode(text, UNRESERVED).to_string();
        for encoded in [percent, form, reserved] {
            add(small_escapes(&encoded));
            add(encoded);
        }
    }
    for alphabet in [&STANDARD, &URL_SAFE] {
        (0..3).for_each(|shift| add(base64_within(alphabet, secret, shift)));
    }
    all
}

/// Each of these characters replaced; `&` must come first.
fn replaced(text: &str, by: &[(char, &str)]) -> String {
    by.iter().fold(text.to_owned(), |text, (from, to)| text.replace(*from, to))
}

/// What RFC 3986, section 2.3, leaves as it is.
const UNRESERVED: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// `%2F` as `%2f`.
fn small_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut small = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        small.push('%');
        small.push_str(&digits.to_ascii_lowercase());
        small.push_str(rest);
    }
    small
}

/// What the base64 of any text holds that has the secret at a place of this remainder modulo three: without the characters
/// at both ends that depend on its neighbours.
fn base64_within(alphabet: &Alphabet, secret: &[u8], shift: usize) -> String {
    let shifted = [&[0; 3][..shift], secret].concat();
    let encoded = GeneralPurpose::new(alphabet, NO_PAD).encode(&shifted);
    let (first, last) = ((shift * 8).div_ceil(6), shifted.len() * 8 / 6);
    encoded[first..last].to_owned()
}
