//! Query parameters of the lists: filters, sorting, fields, paging, in the two dialects of the API.
//! v1: `email:$eq:x`, space-separated fields. v2: `name:eq:x`, comma-separated fields, `Link: rel="next"`.

use std::cmp::Ordering;

use serde_json::Value;

use super::refusal::{Refusal, bad_request};
use super::settings::{Settings, UnknownOperator};
use crate::sandbox::{Call, Reply};

const DEFAULT_LIMIT: usize = 10;
const LARGEST_LIMIT: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    V1,
    V2,
}

/// What a list call asked for.
#[derive(Debug)]
pub(super) struct Listing {
    limit: usize,
    skip: usize,
    sort: Vec<(String, bool)>,
    pub(super) fields: Vec<String>,
    filters: Vec<Filter>,
}

#[derive(Debug)]
struct Filter {
    field: String,
    operator: &'static str,
    value: String,
    wildcards: bool,
}

/// One page of a list.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) rows: Vec<Value>,
    /// How many rows there are on all pages.
    pub(super) total: usize,
}

impl Listing {
    /// Reads the query. `limit` is capped; a number that is none, or a parameter given twice, is a 400.
    pub(super) fn read(call: &Call, dialect: Dialect, settings: &Settings) -> Result<Self, Refusal> {
        let mut listing =
            Self { limit: DEFAULT_LIMIT, skip: 0, sort: Vec::new(), fields: Vec::new(), filters: Vec::new() };
        let mut seen = Vec::new();
        for (name, value) in form_urlencoded::parse(call.query.as_bytes()).into_owned() {
            if name == "filter" {
                listing.add_filters(&value, dialect, settings)?;
                continue;
            }
            if seen.contains(&name) {
                return Err(bad_request(format!("{name} is there twice")));
            }
            match name.as_str() {
                "limit" => listing.limit = capped(&value)?,
                "skip" => listing.skip = number(&name, &value)?,
                "fields" => listing.fields = words(&value, dialect),
                "sort" => {
                    let fields = words(&value, dialect).into_iter();
                    listing.sort = fields
                        .map(|field| match field.strip_prefix('-') {
                            Some(field) => (field.to_owned(), true),
                            None => (field, false),
                        })
                        .collect();
                }
                _ => {}
            }
            seen.push(name);
        }
        Ok(listing)
    }

    /// The fields that are filtered on.
    pub(super) fn filtered_fields(&self) -> impl Iterator<Item = &str> {
        self.filters.iter().map(|f| f.field.as_str())
    }

    /// Filters on `name` look at the field `shown` instead.
    pub(super) fn rename_filtered(&mut self, name: &str, shown: &str) {
        for filter in self.filters.iter_mut().filter(|f| f.field == name) {
            filter.field = shown.to_owned();
        }
    }

    fn add_filters(&mut self, value: &str, dialect: Dialect, settings: &Settings) -> Result<(), Refusal> {
        for text in separate_filters(value, dialect) {
            match Filter::read(&text, dialect) {
                Some(filter) => self.filters.push(filter),
                None if settings.unknown_operator == UnknownOperator::Ignore => {}
                None => return Err(bad_request(format!("invalid filter: {text}"))),
            }
        }
        Ok(())
    }

    /// Filters, sorts, cuts out the page, and leaves only the fields asked for.
    pub(super) fn page(&self, mut rows: Vec<Value>) -> Page {
        rows.retain(|row| self.filters.iter().all(|filter| filter.admits(row)));
        rows.sort_by(|a, b| {
            let by_field = self.sort.iter().map(|(field, descending)| {
                let order = compare(field_of(a, field), field_of(b, field));
                if *descending { order.reverse() } else { order }
            });
            by_field.fold(Ordering::Equal, Ordering::then)
        });
        let total = rows.len();
        let rows = rows.into_iter().skip(self.skip).take(self.limit);
        Page { rows: rows.map(|row| project(row, &self.fields)).collect(), total }
    }

    /// A v2 list: the bare array, and a `Link` to the next page if there is one.
    pub(super) fn bare(&self, rows: Vec<Value>, call: &Call, settings: &Settings) -> Reply {
        let page = self.page(rows);
        let reply = Reply::json(200, &Value::Array(page.rows));
        let next = self.skip.saturating_add(self.limit);
        if next >= page.total {
            return reply;
        }
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
            if name != "limit" && name != "skip" {
                query.append_pair(&name, &value);
            }
        }
        query.append_pair("limit", &self.limit.to_string());
        query.append_pair("skip", &next.to_string());
        let host = call.header("host").unwrap_or("console.jumpcloud.com");
        let origin = match settings.relative_links {
            true => String::new(),
            false => format!("http://{host}"),
        };
        let link = format!("<{origin}{}?{}>; rel=\"next\"", call.path, query.finish());
        reply.with_header("link", link)
    }
}

impl Filter {
    fn read(text: &str, dialect: Dialect) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let (field, operator, value) = (parts.next()?, parts.next()?, parts.next()?);
        let operator = match dialect {
            Dialect::V1 => operator.strip_prefix('$')?,
            Dialect::V2 => operator,
        };
        let operator = match operator {
            "eq" => "eq",
            "ne" => "ne",
            "gt" => "gt",
            "ge" | "gte" => "ge",
            "lt" => "lt",
            "le" | "lte" => "le",
            "in" => "in",
            "between" => "between",
            "search" => "search",
            _ => return None,
        };
        (!field.is_empty()).then(|| Self {
            field: field.to_owned(),
            operator,
            value: value.to_owned(),
            wildcards: dialect == Dialect::V2,
        })
    }

    fn admits(&self, row: &Value) -> bool {
        let held = text_of(field_of(row, &self.field));
        let wanted = self.value.as_str();
        let equal = |wanted: &str| match self.wildcards {
            true => fits(wanted, &held),
            false => wanted == held,
        };
        match self.operator {
            "eq" => equal(wanted),
            "ne" => !equal(wanted),
            "gt" => held.as_str() > wanted,
            "ge" => held.as_str() >= wanted,
            "lt" => held.as_str() < wanted,
            "le" => held.as_str() <= wanted,
            "in" => wanted.split(',').any(equal),
            "between" => {
                wanted.split_once(',').is_some_and(|(low, high)| low <= held.as_str() && held.as_str() <= high)
            }
            _ => held.contains(wanted),
        }
    }
}

// In v2 one parameter may hold several filters, separated by commas. A piece that does not look like a filter belongs
// to the value before it, so that a name with a comma in it can be asked for.
fn separate_filters(value: &str, dialect: Dialect) -> Vec<String> {
    if dialect == Dialect::V1 {
        return vec![value.to_owned()];
    }
    let mut filters: Vec<String> = Vec::new();
    for piece in value.split(',') {
        match filters.last_mut() {
            Some(before) if piece.splitn(3, ':').count() < 3 => {
                before.push(',');
                before.push_str(piece);
            }
            _ => filters.push(piece.to_owned()),
        }
    }
    filters
}

/// Whether the text fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut left) = text.strip_prefix(head) else {
        return false;
    };
    let mut pieces: Vec<_> = rest.split('*').collect();
    let tail = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match left.find(piece) {
            Some(at) => left = &left[at + piece.len()..],
            None => return false,
        }
    }
    left.ends_with(tail)
}

/// The row with only these fields; ids are always there.
pub(super) fn project(row: Value, fields: &[String]) -> Value {
    if fields.is_empty() {
        return row;
    }
    match row {
        Value::Object(row) => {
            let kept = row
                .into_iter()
                .filter(|(name, _)| name == "_id" || name == "id" || fields.iter().any(|field| field == name));
            Value::Object(kept.collect())
        }
        other => other,
    }
}

/// The words of a `fields` parameter.
pub(super) fn words(value: &str, dialect: Dialect) -> Vec<String> {
    let separator = match dialect {
        Dialect::V1 => ' ',
        Dialect::V2 => ',',
    };
    let words = value.split(separator).map(str::trim);
    words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn capped(value: &str) -> Result<usize, Refusal> {
    Ok(match number("limit", value)? {
        0 => DEFAULT_LIMIT,
        limit => limit.min(LARGEST_LIMIT),
    })
}

fn number(name: &str, value: &str) -> Result<usize, Refusal> {
    let number = value.parse::<u32>().map(|n| n as usize);
    number.map_err(|_| bad_request(format!("{name} must be a number, 0 or more")))
}

fn field_of<'a>(row: &'a Value, path: &str) -> &'a Value {
    let mut value = row;
    for name in path.split('.') {
        value = value.get(name).unwrap_or(&Value::Null);
    }
    value
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => text_of(a).cmp(&text_of(b)),
    }
}
