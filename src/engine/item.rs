//! One item of a request: a role to take away, and how far that is.

use std::sync::Arc;

use vrl::value::{KeyString, ObjectMap};

use super::report::{Failure, ItemReport};
use crate::credentials::KnownRole;
use crate::expression::{Answers, Value, id_text};
use crate::model::{HeldBefore, Outcome, RoleRef, Verified};

/// One role to take away, and how far that is.
#[derive(Clone)]
pub(super) struct Item {
    pub(super) role: RoleRef,
    pub(super) value: Value,
    pub(super) answers: Answers,
    /// Values named for this item alone.
    pub(super) lets: Value,
    pub(super) outcome: Option<Outcome>,
    pub(super) verified: Verified,
    pub(super) held_before: HeldBefore,
    pub(super) remote_status: Option<u16>,
    pub(super) confirmed_by: Option<&'static str>,
    pub(super) reason: Option<&'static str>,
    pub(super) failure: Option<Failure>,
    /// Why what a look-up would have taught of the role is not known, where it failed.
    pub(super) unlearnt: Option<Failure>,
    /// Whether the role was shown to exist: listed, in a table, or held.
    pub(super) role_shown: bool,
    /// Whether a look-up told what role this is.
    pub(super) learned: bool,
    /// All but the user is shown: whoever shows the user makes it `yes`.
    pub(super) awaits_user: bool,
    pub(super) write: Write,
    /// Whether a write of it left.
    pub(super) sent: bool,
}

/// What became of an item's write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Write {
    NotSent,
    Accepted,
    /// Sent more than once, and not held at the last: an earlier send may have taken it away.
    FoundAbsent,
    /// Refused with words that a read has to settle.
    Disputed,
    /// Sent, and its answer settles nothing.
    Lost,
}

impl Item {
    pub(super) fn new(role: RoleRef, value: Value) -> Self {
        Self {
            role,
            value,
            answers: Answers::default(),
            lets: Value::Null,
            outcome: None,
            verified: Verified::Skipped,
            held_before: HeldBefore::Unknown,
            remote_status: None,
            confirmed_by: None,
            reason: None,
            failure: None,
            unlearnt: None,
            role_shown: false,
            learned: false,
            awaits_user: false,
            write: Write::NotSent,
            sent: false,
        }
    }

    pub(super) fn end(&mut self, outcome: Outcome, failure: Option<Failure>) {
        self.outcome = Some(outcome);
        self.remote_status = self.remote_status.or(failure.as_ref().and_then(Failure::remote_status));
        self.failure = failure;
    }

    /// Takes over what a look-up taught of the role, and whether that shows it to exist.
    pub(super) fn learn_role(&mut self, known: &KnownRole, shows: bool) {
        self.role_shown |= shows;
        self.learned = true;
        for (field, value) in known {
            match field.as_str() {
                "id" => self.role.id = id_text(value).map(|text| text.into_owned()),
                "name" => self.role.name = id_text(value).map(|text| text.into_owned()),
                _ => {}
            }
            if let Some(item) = self.value.as_object_mut() {
                let role = item.entry(KeyString::from("role")).or_insert_with(|| Value::Object(ObjectMap::new()));
                if let Some(role) = role.as_object_mut() {
                    role.insert(field.clone(), value.clone());
                }
            }
        }
    }

    pub(super) fn report(self) -> ItemReport {
        ItemReport {
            role: self.role,
            outcome: self.outcome.unwrap_or_default(),
            held_before: self.held_before,
            verified: self.verified,
            remote_status: self.remote_status,
            confirmed_by: self.confirmed_by,
            reason: self.reason,
            failure: self.failure.map(Arc::new),
        }
    }
}
