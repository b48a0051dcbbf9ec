//! Searching a list for the one that is meant: only a whole list can say that one alone is, or none.

use std::borrow::Cow;
use std::sync::Arc;

use super::report::Failure;
use super::wire::Answered;
use crate::connector::{Lookup, RoleField};
use crate::credentials::KnownRole;
use crate::expression::{Value, id_text, same_id};
use crate::model::{ErrorKind, Outcome};

/// So many candidates are named in a message.
const NAMED_CANDIDATES: usize = 20;

/// How a search ended.
pub(super) enum Search {
    Found(Found),
    /// Nothing matched; these were there. `complete` if all that exist were looked at.
    Absent {
        candidates: Vec<String>,
        complete: bool,
        /// What kept the rest from being looked at.
        unread: Option<Failure>,
    },
    Several(Vec<String>),
    /// The provider's list was not read to its end: whether one alone matches cannot be told.
    CutShort,
    Failed(Failure),
}

/// What was learnt of the one that matched.
pub(super) struct Found {
    pub(super) taken: KnownRole,
    /// It shows that the role exists.
    pub(super) shows: bool,
}

/// What is searched for.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Given {
    /// An id: wherever it stands, it is the one.
    Id,
    /// A name or an address, which several may have.
    Text,
}

impl From<RoleField> for Given {
    fn from(field: RoleField) -> Self {
        match field {
            RoleField::Id => Self::Id,
            RoleField::Name => Self::Text,
        }
    }
}

/// Of a read that asks for the one itself: its answer is all there is to look at.
pub(super) fn only_entry(lookup: &Lookup, answered: &Answered, given: &Value) -> Search {
    let body = answered.reading.value.as_object().and_then(|answer| answer.get("body"));
    let entries: &[Value] = body.map_or(&[], std::slice::from_ref);
    pick(lookup, entries, given, false)
}

/// A listing ended before its last page.
pub(super) struct Cut {
    by: Option<Arc<Failure>>,
}

impl Cut {
    pub(super) fn of(answered: &Answered) -> Option<Self> {
        let complete = answered.reading.value.as_object().and_then(|answer| answer.get("complete"));
        (complete == Some(&Value::Boolean(false))).then(|| Self { by: answered.cut_by.clone() })
    }

    fn failure(&self) -> Option<Failure> {
        self.by.as_ref().map(|failure| Failure::clone(failure))
    }
}

/// What a search came to. Of names and addresses, only whole lists can say that one alone has it, or none.
pub(super) fn if_whole(search: Search, cut: Option<Cut>, what: Given) -> Search {
    match (search, cut) {
        (Search::Found(_) | Search::Absent { .. }, Some(cut)) if what == Given::Text => {
            cut.failure().map_or(Search::CutShort, Search::Failed)
        }
        (Search::Absent { candidates, .. }, Some(cut)) => {
            let too_long = || {
                let message = "the provider's list of roles is too long to be searched to its end";
                Failure::new(ErrorKind::ProviderError, Outcome::Failed, message)
            };
            Search::Absent { candidates, complete: false, unread: Some(cut.failure().unwrap_or_else(too_long)) }
        }
        (search, _) => search,
    }
}

/// The entry that matches. `complete`: these are all that exist.
pub(super) fn pick(lookup: &Lookup, entries: &[Value], given: &Value, complete: bool) -> Search {
    let matching: Vec<&Value> = entries
        .iter()
        .filter(|entry| match &lookup.matches {
            Some(path) => path.get(entry).is_some_and(|value| same_id(value, given, lookup.ignore_case)),
            None => true,
        })
        .collect();
    let label = |entry: &Value| {
        let path = lookup.matches.as_ref().or(lookup.take.first().map(|(_, path)| path));
        path.and_then(|path| id_text(path.get(entry)?).map(Cow::into_owned))
    };
    let same = |left: &Value, right: &Value| lookup.take.iter().all(|(_, path)| path.get(left) == path.get(right));
    match matching.as_slice() {
        // Pages that overlap show an entry twice.
        [one, others @ ..] if others.iter().all(|other| same(one, other)) => {
            let taken = lookup.take.iter().filter_map(|(field, path)| Some((field.clone(), path.get(one)?.clone())));
            let taken = taken.filter(|(_, value)| !matches!(value, Value::Null)).collect();
            Search::Found(Found { taken, shows: true })
        }
        [] => Search::Absent { candidates: entries.iter().filter_map(label).collect(), complete, unread: None },
        several => {
            let ids = several.iter().filter_map(|entry| {
                let (_, path) = lookup.take.iter().find(|(field, _)| field.as_str() == "id")?;
                id_text(path.get(entry)?).map(Cow::into_owned)
            });
            Search::Several(ids.collect())
        }
    }
}

pub(super) fn named(candidates: &[String]) -> String {
    let shown: Vec<&str> = candidates.iter().take(NAMED_CANDIDATES).map(String::as_str).collect();
    let more = candidates.len().saturating_sub(NAMED_CANDIDATES);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{tail}", shown.join(", "))
}
