//! `roles` and `organizations`: lists of small objects, from JSON or from any of the bracket forms
//! of a query.

use super::Limits;
use super::json::{self, Json};
use super::place::Path;
use super::query::{Form, Parameter, mixed, one_form};
use crate::model::{NamedRef, RequestError, RoleRef};

/// An object whose fields are all texts.
pub(super) trait Reference: Default {
    /// For messages.
    const FIELDS: &'static str;

    fn field(&mut self, key: &str) -> Option<&mut Option<String>>;
}

impl Reference for RoleRef {
    const FIELDS: &'static str = "id, name, group, organization, workspace";

    fn field(&mut self, key: &str) -> Option<&mut Option<String>> {
        match key {
            "id" => Some(&mut self.id),
            "name" => Some(&mut self.name),
            "group" => Some(&mut self.group),
            "organization" => Some(&mut self.organization),
            "workspace" => Some(&mut self.workspace),
            _ => None,
        }
    }
}

impl Reference for NamedRef {
    const FIELDS: &'static str = "id, name";

    fn field(&mut self, key: &str) -> Option<&mut Option<String>> {
        match key {
            "id" => Some(&mut self.id),
            "name" => Some(&mut self.name),
            _ => None,
        }
    }
}

/// A list as JSON.
pub(super) fn from_json<R: Reference>(json: Json<'_>, at: &Path<'_>) -> Result<Vec<R>, RequestError> {
    if json.is_absent() {
        return Ok(Vec::new());
    }
    let Json::List(items) = json else {
        return Err(RequestError::new(format!(
            "{at} is {}; it must be an array of objects such as [{{\"id\":\"7\"}}]",
            json.kind()
        )));
    };
    let mut references = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        references.extend(item_from_json(item, &at.index(index))?);
    }
    Ok(references)
}

fn item_from_json<R: Reference>(json: Json<'_>, at: &Path<'_>) -> Result<Option<R>, RequestError> {
    if json.is_absent() {
        return Ok(None);
    }
    let Json::Object(entries) = json else {
        return Err(RequestError::new(format!(
            "{at} is {}; it must be an object such as {{\"id\":\"7\"}}",
            json.kind()
        )));
    };
    let mut draft = Draft::<R>::default();
    for (key, value) in entries {
        match draft.reference.field(&key) {
            Some(field) => {
                *field = value.into_text(&at.key(&key))?;
                draft.named |= field.is_some();
            }
            None => draft.more |= !value.is_absent(),
        }
    }
    draft.finish(at)
}

/// A list from the query. `name` is the list's own.
pub(super) fn from_query<R: Reference>(
    name: &str,
    given: &[Parameter<'_>],
    limits: &Limits,
) -> Result<Vec<R>, RequestError> {
    let is_absent = |p: &Parameter<'_>| p.depth() <= 1 && matches!(&*p.value, "" | "null" | "[]" | "{}");
    let present: Vec<&Parameter<'_>> = given.iter().filter(|p| !is_absent(p)).collect();
    match one_form(&present)? {
        Form::Plain => plain(name, &present, limits),
        Form::Open => open(name, &present, limits),
        Form::Index => indexed(name, present, limits),
        Form::Key => Err(present[0].refuse(format_args!("names no item of the list; write {name}[0][id]=…"))),
    }
}

/// `roles=[{…},{…}]`, or one object each: `roles={…}&roles={…}`.
fn plain<R: Reference>(name: &str, given: &[&Parameter<'_>], limits: &Limits) -> Result<Vec<R>, RequestError> {
    let mut references = Vec::with_capacity(given.len());
    for parameter in given {
        let at = parameter.place();
        match parse(name, parameter, limits)? {
            list @ Json::List(_) if given.len() == 1 => return from_json(list, &at),
            Json::List(_) => return Err(parameter.refuse_repetition()),
            item => references.extend(item_from_json(item, &at)?),
        }
    }
    Ok(references)
}

/// `roles[][id]=…&roles[][name]=…`: a key that the item already has opens the next. Empty values
/// count as keys, so that items of different keys stay apart.
fn open<R: Reference>(name: &str, given: &[&Parameter<'_>], limits: &Limits) -> Result<Vec<R>, RequestError> {
    let Some((first, rest)) = given.split_first() else {
        return Ok(Vec::new());
    };
    let nested = |p: &Parameter<'_>| p.depth() > 1;
    if let Some(other) = rest.iter().find(|other| nested(other) != nested(first)) {
        return Err(mixed(first, other));
    }
    let mut references = Vec::new();
    if !nested(first) {
        for parameter in given {
            references.extend(item_from_text(name, parameter, limits)?);
        }
        return Ok(references);
    }
    if by_column(given) {
        return Err(first.refuse(format_args!(
            "comes key by key, not item by item, so that its items cannot be told apart; write \
             {name}[0][id]=…"
        )));
    }
    let mut draft = Draft::<R>::default();
    let mut opened_by = first;
    let mut keys: Vec<&str> = Vec::new();
    for parameter in given {
        let key = parameter.segments().nth(1).unwrap_or_default();
        // What is nested below a key is a list or object of its own, and may repeat it.
        if parameter.depth() == 2 {
            if keys.contains(&key) {
                keys.clear();
                references.extend(std::mem::take(&mut draft).finish(&opened_by.place())?);
                opened_by = parameter;
            }
            keys.push(key);
        }
        draft.put(name, parameter)?;
    }
    references.extend(draft.finish(&opened_by.place())?);
    Ok(references)
}

/// Whether all values of one key stand together, then all of the next, as some clients send a list
/// of pairs (httpx does). Read item by item, it would join the fields of different roles.
fn by_column(given: &[&Parameter<'_>]) -> bool {
    let keys: Vec<&str> = given.iter().filter(|p| p.depth() == 2).filter_map(|p| p.segments().nth(1)).collect();
    let mut runs: Vec<&[&str]> = keys.chunk_by(|a, b| a == b).collect();
    let repeated = runs.iter().filter(|run| run.len() > 1).count();
    runs.sort_unstable();
    let apart = runs.windows(2).any(|pair| pair[0][0] == pair[1][0]);
    repeated > 1 && !apart
}

/// `roles[0][id]=…` or `roles[0]={…}`, in the order of the indices.
fn indexed<R: Reference>(name: &str, mut given: Vec<&Parameter<'_>>, limits: &Limits) -> Result<Vec<R>, RequestError> {
    given.sort_by_key(|p| p.index_order());
    let mut references = Vec::new();
    for item in given.chunk_by(|a, b| a.index_order() == b.index_order()) {
        let first = item[0];
        if let Some(whole) = item.iter().find(|p| p.depth() == 1) {
            match item.iter().find(|p| !std::ptr::eq(**p, *whole)) {
                None => references.extend(item_from_text(name, whole, limits)?),
                Some(other) if other.depth() == 1 => return Err(other.refuse_repetition()),
                Some(other) => return Err(mixed(whole, other)),
            }
            continue;
        }
        let mut draft = Draft::<R>::default();
        for parameter in item {
            draft.put(name, parameter)?;
        }
        references.extend(draft.finish(&first.place())?);
    }
    Ok(references)
}

fn item_from_text<R: Reference>(
    name: &str,
    parameter: &Parameter<'_>,
    limits: &Limits,
) -> Result<Option<R>, RequestError> {
    item_from_json(parse(name, parameter, limits)?, &parameter.place())
}

fn parse<'p>(name: &str, parameter: &'p Parameter<'_>, limits: &Limits) -> Result<Json<'p>, RequestError> {
    if !parameter.value.trim_start().starts_with(['[', '{']) {
        return Err(parameter.refuse(format_args!(
            "is neither an item's field nor JSON text; write {name}[0][id]=7, or {name}=[{{\"id\":\
             \"7\"}}]"
        )));
    }
    json::parse(&parameter.value, &parameter.place(), parameter.depth(), limits.query_depth)
}

/// An item being put together.
#[derive(Default)]
struct Draft<R> {
    reference: R,
    /// A field of ours has a value.
    named: bool,
    /// Something else has.
    more: bool,
}

impl<R: Reference> Draft<R> {
    /// Takes one `[index][key]=value`.
    fn put(&mut self, name: &str, parameter: &Parameter<'_>) -> Result<(), RequestError> {
        if parameter.value.is_empty() {
            return Ok(());
        }
        let key = parameter.segments().nth(1).unwrap_or_default();
        if key.is_empty() {
            return Err(parameter.refuse(format_args!("is a list where an item is wanted; write {name}[0][id]=…")));
        }
        match self.reference.field(key) {
            Some(_) if parameter.depth() > 2 => {
                return Err(parameter.refuse("is nested; it must be one value"));
            }
            Some(Some(_)) => return Err(parameter.refuse_repetition()),
            Some(field) => {
                *field = Some(parameter.value.as_ref().to_owned());
                self.named = true;
            }
            None => self.more = true,
        }
        Ok(())
    }

    /// The item; none if nothing was said. One that says only what is not read here is refused: to
    /// drop it would report a removal that nobody tried.
    fn finish(self, at: &Path<'_>) -> Result<Option<R>, RequestError> {
        if !self.named && self.more {
            return Err(RequestError::new(format!("{at}: the item has none of {}; give at least one", R::FIELDS)));
        }
        Ok(self.named.then_some(self.reference))
    }
}
