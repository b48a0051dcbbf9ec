//! Where in a request something stands, as an error message names it, and how much of the caller's
//! own text a message repeats.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// Longest piece of the caller's text in a message, in characters.
const SHOWN_CHARS: usize = 60;

/// The caller's text, cut to what a message may repeat, control characters escaped.
pub(super) fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(SHOWN_CHARS + 3));
    for (at, char) in text.chars().enumerate() {
        if at == SHOWN_CHARS {
            out.push('…');
            break;
        }
        if char.is_control() {
            out.extend(char.escape_default());
        } else {
            out.push(char);
        }
    }
    out
}

/// One step on the way to a JSON value, linked to the ones before it so that nothing is built
/// unless an error needs it.
#[derive(Clone, Copy)]
pub(super) struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

#[derive(Clone, Copy)]
enum Step<'p> {
    Body,
    /// The parameter's name as given, brackets included.
    Query(&'p str),
    Key(&'p str),
    Index(usize),
}

impl<'p> Path<'p> {
    pub(super) const BODY: Path<'static> = Path { parent: None, step: Step::Body };

    pub(super) fn query(name: &'p str) -> Self {
        Self { parent: None, step: Step::Query(name) }
    }

    pub(super) fn key(&'p self, key: &'p str) -> Self {
        Self { parent: Some(self), step: Step::Key(key) }
    }

    pub(super) fn index(&'p self, index: usize) -> Self {
        Self { parent: Some(self), step: Step::Index(index) }
    }

    fn write_steps(&self, out: &mut String) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.write_steps(out)?;
        }
        match self.step {
            Step::Body => Ok(()),
            Step::Query(name) => out.write_str(&shown(name)),
            Step::Index(index) => write!(out, "[{index}]"),
            Step::Key(key) if !is_plain(key) => write!(out, "[\"{}\"]", shown(key)),
            Step::Key(key) if out.is_empty() => out.write_str(&shown(key)),
            Step::Key(key) => write!(out, ".{}", shown(key)),
        }
    }

    fn root(&self) -> Step<'p> {
        self.parent.map_or(self.step, Path::root)
    }
}

/// `body: roles[1].id`, `query parameter "roles[0][id]"`, or for JSON text in a parameter
/// `query parameter "roles": roles[0].id`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.root() {
            Step::Query(name) => write!(f, "query parameter \"{}\"", shown(name))?,
            _ => f.write_str("body")?,
        }
        if self.parent.is_none() {
            return Ok(());
        }
        let mut steps = String::new();
        self.write_steps(&mut steps)?;
        write!(f, ": {}", middle_cut(&steps))
    }
}

fn is_plain(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'$' | b'@'))
}

/// A deep path keeps its two ends: where it starts, and what is wrong.
fn middle_cut(steps: &str) -> Cow<'_, str> {
    let count = steps.chars().count();
    if count <= 2 * SHOWN_CHARS {
        return Cow::Borrowed(steps);
    }
    let head = steps.chars().take(SHOWN_CHARS);
    let tail = steps.chars().skip(count - SHOWN_CHARS);
    Cow::Owned(head.chain(['…']).chain(tail).collect())
}
