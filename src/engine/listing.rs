//! A listing of several pages as one answer. Cut short, it proves nothing absent.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use http::Uri;
use http::uri::PathAndQuery;

use super::exchange::Exchange;
use super::mask::Repeated;
use super::report::Failure;
use super::retry::Again;
use super::wire::{Answered, Extra, Page, Wire};
use crate::connector::{Call, PageBy, Paginate};
use crate::expression::{Scope, Value, id_text};
use crate::model::{ErrorKind, Outcome};

impl Wire<'_> {
    /// All pages of a listing as one answer. Cut short, it says `complete: false`, and proves nothing absent.
    pub(super) async fn listing(&self, call: &Call, paginate: &Paginate, scope: &Scope<'_>) -> Exchange {
        let mut trace = Vec::new();
        let mut collected: Vec<Value> = Vec::new();
        let mut first: Option<Arc<Answered>> = None;
        let mut cursor: Option<String> = None;
        let mut complete = false;
        let mut cut_by = None;
        let mut further = Vec::new();
        let mut repeated: Option<Box<Repeated>> = None;
        for _ in 0..paginate.max_pages {
            let page = match (cursor.as_deref(), paginate.by) {
                (None, _) => None,
                (Some(cursor), PageBy::Cursor) => Some(Page::Cursor(&paginate.param, cursor)),
                (Some(link), PageBy::Link) => match self.page_at(link) {
                    Some(page) => Some(Page::Link(page)),
                    // Another host's pages are not asked for with this account's credentials.
                    None => break,
                },
            };
            let mut exchange = self.single(call, scope, Extra::default(), page.as_ref(), false).await;
            trace.append(&mut exchange.trace);
            let answered = match (exchange.result, &first) {
                (Ok(answered), _) => answered,
                // What was listed so far still shows what is held.
                (Err(failure), Some(_)) => {
                    cut_by = Some(Arc::new(failure));
                    break;
                }
                (Err(failure), None) => {
                    return Exchange::of(Err(failure), exchange.sends, trace, Again::No);
                }
            };
            if repeated.is_none() {
                repeated = match (&answered.repeated, &first) {
                    (Some(here), Some(page)) => Some(here.on_a_later_page(&page.raw)),
                    (here, _) => here.clone(),
                };
            }
            let list = match at(&answered.reading.value, &paginate.list) {
                Some(Value::Array(list)) => list,
                other => {
                    // Nothing at all may be written as null. It stays null: no list to whoever looks for one.
                    let null = other == Some(&Value::Null) && first.is_none();
                    complete = null && next_page(paginate, &answered, 0, scope).is_none();
                    first.get_or_insert(answered);
                    break;
                }
            };
            collected.extend(list.iter().cloned());
            let next = next_page(paginate, &answered, collected.len(), scope);
            match &first {
                Some(_) => further.push(answered.shown().clone()),
                None => first = Some(answered),
            }
            match next {
                // A cursor that does not move would never end.
                Some(next) if cursor.as_ref() != Some(&next) => cursor = Some(next),
                Some(_) => break,
                None => {
                    complete = true;
                    break;
                }
            }
        }
        let Some(first) = first else {
            let failure = Failure::new(ErrorKind::Internal, Outcome::Failed, "a listing of no pages");
            return Exchange { trace, ..Exchange::unsent(failure) };
        };
        let value = with_list(&first.reading.value, &paginate.list, collected, complete);
        let whole = Answered {
            status: first.status,
            headers: first.headers.clone(),
            raw: first.raw.clone(),
            repeated,
            masks: first.masks.clone(),
            reading: Arc::new(value.into()),
            cut_by,
            further,
        };
        Exchange::of(Ok(Arc::new(whole)), 1, trace, Again::No)
    }
}

impl Answered {
    /// The bytes as they may be shown, of every page in its order.
    pub(super) fn pages(&self) -> Vec<Bytes> {
        std::iter::once(self.shown()).chain(&self.further).cloned().collect()
    }
}

impl Wire<'_> {
    /// The place a link names, if it is on the account's own host.
    fn page_at(&self, link: &str) -> Option<PathAndQuery> {
        let uri: Uri = link.parse().ok()?;
        let base = &self.account.base;
        let same = |host: &http::uri::Authority| host == &base.authority && uri.scheme() == Some(&base.scheme);
        let at_home = uri.authority().is_none_or(same);
        // `//host/path` names a host, too.
        let is_path = |path: &str| path.starts_with('/') && !path.starts_with("//");
        uri.path_and_query().filter(|place| at_home && is_path(place.path())).cloned()
    }
}

fn at<'v>(answer: &'v Value, path: &[String]) -> Option<&'v Value> {
    let body = answer.as_object()?.get("body")?;
    path.iter().try_fold(body, |value, name| value.as_object()?.get(name.as_str()))
}

/// What the page after this one is asked for with, if there is one.
fn next_page(paginate: &Paginate, answered: &Answered, collected: usize, scope: &Scope<'_>) -> Option<String> {
    let so_far = with_collected(&answered.reading.value, collected);
    let next = paginate.next.evaluate(&scope.with_answer(&so_far));
    id_text(&next).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

fn with_collected(answer: &Value, count: usize) -> Value {
    let mut answer = answer.clone();
    if let Some(object) = answer.as_object_mut() {
        object.insert("collected".into(), Value::Integer(i64::try_from(count).unwrap_or(i64::MAX)));
    }
    answer
}

fn with_list(answer: &Value, path: &[String], list: Vec<Value>, complete: bool) -> Value {
    let mut answer = answer.clone();
    if let Some(object) = answer.as_object_mut() {
        object.insert("complete".into(), Value::Boolean(complete));
        let mut place = object.get_mut("body");
        for name in path {
            place = place.and_then(|value| value.as_object_mut()?.get_mut(name.as_str()));
        }
        if let Some(place @ Value::Array(_)) = place {
            *place = Value::Array(list);
        }
    }
    answer
}
