//! What an expression can see: the request, the item of work, the account and the answers so far.

use std::sync::Arc;

use vrl::compiler::{SecretTarget, Target};
use vrl::path::{OwnedSegment, OwnedTargetPath, PathPrefix};
use vrl::value::Value;

use super::captured::{Captured, Cell, Reading};
use super::program::Place;
use super::value::{PathRest, join};

static NULL: Value = Value::Null;

/// The provider's answers of one item or of a whole request, by step name.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    entries: Vec<Entry>,
    written: bool,
}

#[derive(Clone, Debug)]
struct Entry {
    step: String,
    latest: Option<Arc<Reading>>,
    before: Option<Arc<Reading>>,
}

impl Answers {
    /// Keeps a step's answer; it replaces an earlier one of the same step.
    pub fn set(&mut self, step: &str, answer: Arc<Reading>) {
        let index = self.entries.iter().position(|entry| entry.step == step).unwrap_or_else(|| {
            self.entries.push(Entry { step: step.to_owned(), latest: None, before: None });
            self.entries.len() - 1
        });
        let entry = &mut self.entries[index];
        entry.latest = Some(answer);
    }

    /// From now on, what is at hand is what was so before the write.
    pub fn mark_write(&mut self) {
        if !self.written {
            self.written = true;
            for entry in &mut self.entries {
                entry.before.clone_from(&entry.latest);
            }
        }
    }

    fn reading(&self, step: &str, before: bool) -> Option<&Reading> {
        self.kept(step, before).map(Arc::as_ref)
    }

    /// Of these steps the answers of all, one after another: members of objects side by side, elements of lists in a row,
    /// of anything else the first. A step that is not each one's own is left out.
    pub fn together<'a>(of: impl Iterator<Item = &'a Self> + Clone, steps: &[String]) -> Self {
        let mut together = Self::default();
        for step in steps {
            let all = |before: bool| {
                let mut readings = of.clone().filter_map(|answers| answers.kept(step, before));
                let first = Arc::clone(readings.next()?);
                Some(readings.fold(first, |all, next| {
                    let mut value = all.value.clone();
                    join(&mut value, &next.value);
                    Arc::new(value.into())
                }))
            };
            let (latest, before) = (all(false), all(true));
            if latest.is_some() || before.is_some() {
                together.written = true;
                together.entries.push(Entry { step: step.clone(), latest, before });
            }
        }
        together
    }

    fn kept(&self, step: &str, before: bool) -> Option<&Arc<Reading>> {
        let entry = self.entries.iter().find(|entry| entry.step == step)?;
        if before && self.written { entry.before.as_ref() } else { entry.latest.as_ref() }
    }

    /// Whether a step's latest answer is from before the write.
    fn is_stale(&self, step: &str) -> bool {
        let entry = self.entries.iter().find(|entry| entry.step == step);
        let same = |entry: &Entry| match (&entry.latest, &entry.before) {
            (Some(latest), Some(before)) => Arc::ptr_eq(latest, before),
            _ => false,
        };
        self.written && entry.is_some_and(same)
    }
}

/// What a path starts with, told once when it is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Input,
    Account,
    Item,
    Items,
    Let,
    Each,
    /// The value an input's `as` changes.
    Value,
    Answer,
    /// The provider's object that a user is mapped from.
    Object,
    /// The items that are taken away, in a user's mapping.
    Removed,
    /// The key of a group of items that share one write.
    Group,
    /// Of the call being made: the token at hand, the message, the client.
    Token,
    Message,
    Client,
    Before,
    /// Answers of all items together, in a user's mapping.
    All,
    /// The definition's static tables.
    Tables,
    Step(String),
}

impl Root {
    pub(super) fn of(name: &str) -> Self {
        Self::reserved(name).unwrap_or_else(|| Self::Step(name.to_owned()))
    }

    fn reserved(name: &str) -> Option<Self> {
        Some(match name {
            "input" => Self::Input,
            "account" => Self::Account,
            "item" => Self::Item,
            "items" => Self::Items,
            "let" => Self::Let,
            "each" => Self::Each,
            "value" => Self::Value,
            "answer" => Self::Answer,
            "object" => Self::Object,
            "removed" => Self::Removed,
            "group" => Self::Group,
            "token" => Self::Token,
            "message" => Self::Message,
            "client" => Self::Client,
            "before" => Self::Before,
            "all" => Self::All,
            "tables" => Self::Tables,
            _ => return None,
        })
    }
}

/// The roots of every path: `.input`, `.item`, `.items`, `.account`, `.tables`, `.let`, `.each`, `.value`, `.answer`, `.object`,
/// `.removed`, `.group`, `.token`, `.message`, `.client`, `.before.<step>`, `.all.<step>`, `.all.before.<step>`, and the
/// steps by their names. What is absent is null.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// The request-wide inputs, after their transforms.
    pub input: &'a Value,
    /// The account's settings, without its secrets (with them only where the credentials are rendered).
    pub account: &'a Value,
    /// The definition's static tables, by name.
    pub tables: &'a Value,
    /// The item of work, in a step of one item.
    pub item: &'a Value,
    /// All items still to be worked on.
    pub items: &'a Value,
    /// Values named by `let` steps.
    pub lets: &'a Value,
    /// Values named for this item alone.
    pub own_lets: &'a Value,
    /// The element of the list being gone through, or the value being changed.
    pub each: &'a Value,
    /// The provider's object that a user is mapped from.
    pub object: &'a Value,
    /// The items that are taken away.
    pub removed: &'a Value,
    /// `{key}` of a group of items.
    pub group: &'a Value,
    /// The answer being classified.
    pub answer: &'a Value,
    /// `{token, message, client}` of the call being made, as far as it has them.
    pub call: &'a Value,
    /// Answers of request-wide steps, and of this item's own.
    pub shared: Option<&'a Answers>,
    pub own: Option<&'a Answers>,
    /// Answers of all items together.
    pub all: Option<&'a Answers>,
    /// Once something was written, answers from before are shown by `.before` alone: they prove nothing.
    pub fresh: bool,
    /// What was captured of the answer that a user is mapped from, and the row of the element being gone through.
    pub captured: Option<&'a Captured>,
    pub row: &'a [Cell],
}

impl<'a> Scope<'a> {
    /// A scope in which only the account is known.
    pub fn of_account(account: &'a Value) -> Self {
        Self {
            input: &NULL,
            account,
            tables: &NULL,
            item: &NULL,
            items: &NULL,
            lets: &NULL,
            own_lets: &NULL,
            each: &NULL,
            object: &NULL,
            removed: &NULL,
            group: &NULL,
            answer: &NULL,
            call: &NULL,
            shared: None,
            own: None,
            all: None,
            fresh: false,
            captured: None,
            row: &[],
        }
    }

    /// The same scope, in which `.each` is this element.
    pub fn with_each(self, each: &'a Value) -> Self {
        Self { each, ..self }
    }

    /// The same scope, in which `.token`, `.message` and `.client` are members of this object.
    pub fn with_call(self, call: &'a Value) -> Self {
        Self { call, ..self }
    }

    /// The same scope, in which `.answer` is this answer.
    pub fn with_answer(self, answer: &'a Value) -> Self {
        Self { answer, ..self }
    }

    /// What was read of a step's latest answer, or of the last one before the write.
    pub fn reading(&self, step: &str, before: bool) -> Option<&'a Reading> {
        let own = self.own.and_then(|answers| answers.reading(step, before));
        own.or_else(|| self.shared?.reading(step, before))
    }

    /// Whether a step has an answer.
    pub fn is_answered(&self, step: &str) -> bool {
        self.step(step).is_some()
    }

    /// Whether a step's answer is a listing that was cut short.
    pub fn step_is_cut_short(&self, step: &str) -> bool {
        let complete = self.step(step).and_then(|answer| answer.as_object()?.get("complete"));
        complete == Some(&Value::Boolean(false))
    }

    fn step(&self, step: &str) -> Option<&'a Value> {
        let stale = |answers: Option<&Answers>| answers.is_some_and(|answers| answers.is_stale(step));
        if self.fresh && (stale(self.own) || stale(self.shared)) {
            return None;
        }
        self.reading(step, false).map(|reading| &reading.value)
    }

    pub(super) fn cell(&self, place: Place) -> &'a Cell {
        static ABSENT: Cell = Cell::Absent;
        let found = match place {
            Place::Cell(cell) => self.captured.map(|captured| captured.cell(cell)),
            Place::Column(column) => self.row.get(column),
        };
        found.unwrap_or(&ABSENT)
    }

    pub(super) fn get(&self, root: &Root, rest: PathRest<'_>) -> Option<&'a Value> {
        match root {
            Root::Before => {
                let (step, rest) = rest.split_field()?;
                rest.get(self.step_before(step)?)
            }
            Root::All => {
                let (first, rest) = rest.split_field()?;
                match first {
                    "before" => {
                        let (step, rest) = rest.split_field()?;
                        rest.get(self.step_of_all(step, true)?)
                    }
                    step => rest.get(self.step_of_all(step, false)?),
                }
            }
            Root::Let => rest.get(self.own_lets).or_else(|| rest.get(self.lets)),
            root => rest.get(self.root(root)?),
        }
    }

    fn root(&self, root: &Root) -> Option<&'a Value> {
        match root {
            Root::Input => Some(self.input),
            Root::Account => Some(self.account),
            Root::Item => Some(self.item),
            Root::Items => Some(self.items),
            Root::Let => Some(self.lets),
            Root::Each | Root::Value => Some(self.each),
            Root::Answer => Some(self.answer),
            Root::Object => Some(self.object),
            Root::Removed => Some(self.removed),
            Root::Tables => Some(self.tables),
            Root::Group => Some(self.group),
            Root::Token => self.call.as_object()?.get("token"),
            Root::Message => self.call.as_object()?.get("message"),
            Root::Client => self.call.as_object()?.get("client"),
            Root::Before | Root::All => None,
            Root::Step(step) => self.step(step),
        }
    }

    fn step_of_all(&self, step: &str, before: bool) -> Option<&'a Value> {
        let together = self.all.and_then(|answers| answers.reading(step, before));
        together.or_else(|| self.reading(step, before)).map(|reading| &reading.value)
    }

    fn step_before(&self, step: &str) -> Option<&'a Value> {
        self.reading(step, true).map(|reading| &reading.value)
    }
}

/// VRL reads a scope through this; nothing can be written.
impl Target for Scope<'_> {
    fn target_insert(&mut self, path: &OwnedTargetPath, _: Value) -> Result<(), String> {
        Err(format!("{path} cannot be written"))
    }

    fn target_get(&self, path: &OwnedTargetPath) -> Result<Option<&Value>, String> {
        let mut segments = path.path.segments.iter();
        if path.prefix != PathPrefix::Event {
            return Ok(None);
        }
        let Some(OwnedSegment::Field(root)) = segments.next() else {
            return Ok(None);
        };
        let start = match Root::reserved(root) {
            Some(Root::Let) => match segments.next() {
                Some(OwnedSegment::Field(name)) => {
                    let own = self.own_lets.as_object().and_then(|lets| lets.get(name.as_str()));
                    own.or_else(|| self.lets.as_object()?.get(name.as_str()))
                }
                _ => None,
            },
            Some(Root::Before) => match segments.next() {
                Some(OwnedSegment::Field(step)) => self.step_before(step),
                _ => None,
            },
            Some(Root::All) => match segments.next() {
                Some(OwnedSegment::Field(before)) if before.as_str() == "before" => match segments.next() {
                    Some(OwnedSegment::Field(step)) => self.step_of_all(step, true),
                    _ => None,
                },
                Some(OwnedSegment::Field(step)) => self.step_of_all(step, false),
                _ => None,
            },
            Some(root) => self.root(&root),
            None => self.step(root),
        };
        let Some(start) = start else { return Ok(None) };
        Ok(segments.try_fold(start, |value, segment| match (segment, value) {
            (OwnedSegment::Field(name), Value::Object(map)) => map.get(name.as_str()),
            (OwnedSegment::Index(index), Value::Array(list)) => {
                let from_end = index.unsigned_abs();
                if *index < 0 { list.len().checked_sub(from_end).and_then(|i| list.get(i)) } else { list.get(from_end) }
            }
            _ => None,
        }))
    }

    fn target_get_mut(&mut self, path: &OwnedTargetPath) -> Result<Option<&mut Value>, String> {
        Err(format!("{path} cannot be written"))
    }

    fn target_remove(&mut self, path: &OwnedTargetPath, _: bool) -> Result<Option<Value>, String> {
        Err(format!("{path} cannot be removed"))
    }
}

impl SecretTarget for Scope<'_> {
    fn get_secret(&self, _: &str) -> Option<&str> {
        None
    }

    fn insert_secret(&mut self, _: &str, _: &str) {}

    fn remove_secret(&mut self, _: &str) {}
}
