//! System users (the employees) and the organizations they belong to: reads only.

use serde_json::{Map, Value, json};

use super::directory::Directory;
use super::listing::{Dialect, Listing, Page, project, words};
use super::refusal::{NOT_FOUND, Refusal, bad_request};
use super::settings::Settings;
use super::tenant::{Ask, Tenant};
use crate::sandbox::Reply;

const DEFAULT_LIMIT: u64 = 10;
const LARGEST_LIMIT: u64 = 100;

/// `GET /api/systemusers`
pub(super) fn list(tenant: &Tenant, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let listing = Listing::read(ask.call, Dialect::V1, &tenant.settings)?;
    let rows = rows(tenant.seen(ask.now_ms), &organization, &tenant.settings);
    Ok(counted(listing.page(rows)))
}

/// `GET /api/systemusers/{id}`
pub(super) fn get(tenant: &Tenant, ask: &Ask<'_>, id: &str) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let listing = Listing::read(ask.call, Dialect::V1, &tenant.settings)?;
    let directory = tenant.seen(ask.now_ms);
    let user = directory.user_in(&organization, id).ok_or(NOT_FOUND)?;
    let shown = directory.show_user(user, &tenant.settings);
    Ok(Reply::json(200, &project(shown, &listing.fields)))
}

/// `POST /api/search/systemusers`
pub(super) fn search(tenant: &Tenant, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let organization = ask.organization(tenant)?;
    let body = ask.body()?;
    let mut rows = rows(tenant.seen(ask.now_ms), &organization, &tenant.settings);
    if let Some(filter) = body.get("filter") {
        let conditions = Conditions::read(filter)?;
        rows.retain(|row| conditions.admit(row));
    }
    if let Some(search) = body.get("searchFilter") {
        let (terms, fields) = search_terms(search)?;
        rows.retain(|row| {
            let mut texts = fields.iter().filter_map(|field| row.get(field)?.as_str());
            texts.any(|text| terms.iter().any(|term| text.to_lowercase().contains(term)))
        });
    }
    let fields = match body.get("fields") {
        None => Vec::new(),
        Some(Value::String(fields)) => words(fields, Dialect::V1),
        Some(_) => return Err(bad_request("fields must be a string")),
    };
    let (skip, limit) = (number(&body, "skip")?.unwrap_or(0), number(&body, "limit")?.filter(|limit| *limit > 0));
    let limit = limit.unwrap_or(DEFAULT_LIMIT).min(LARGEST_LIMIT);
    let total = rows.len();
    let page = rows.into_iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(limit as usize);
    Ok(counted(Page { rows: page.map(|row| project(row, &fields)).collect(), total }))
}

/// `GET /api/organizations`
pub(super) fn organizations(tenant: &Tenant, ask: &Ask<'_>) -> Result<Reply, Refusal> {
    let listing = Listing::read(ask.call, Dialect::V1, &tenant.settings)?;
    let reached = tenant.directory.organizations.iter();
    let reached = reached.filter(|o| ask.caller.organizations.contains(&o.id));
    let rows = reached.map(|o| json!({"_id": o.id, "displayName": o.name, "logoUrl": ""}));
    let page = listing.page(rows.collect());
    let body = json!({"results": page.rows, "totalCount": page.total});
    Ok(Reply::json(200, &body))
}

/// The v1 envelope.
pub(super) fn counted(page: Page) -> Reply {
    let body = json!({"totalCount": page.total, "results": page.rows});
    Reply::json(200, &body)
}

fn rows(directory: &Directory, organization: &str, settings: &Settings) -> Vec<Value> {
    let users = directory.users.iter().filter(|u| u.organization == organization);
    users.map(|u| directory.show_user(u, settings)).collect()
}

/// `{"and":[{field: value}, …]}`, the same with `or`, or the bare `{field: value, …}`.
struct Conditions {
    pairs: Vec<(String, Value)>,
    all: bool,
}

impl Conditions {
    fn read(filter: &Value) -> Result<Self, Refusal> {
        let malformed = || bad_request("filter must hold conditions of a field and a value");
        let filter = filter.as_object().ok_or_else(malformed)?;
        let (conditions, all) = match (filter.get("and"), filter.get("or")) {
            (Some(and), None) if filter.len() == 1 => (listed(and), true),
            (None, Some(or)) if filter.len() == 1 => (listed(or), false),
            (None, None) => (Some(filter.clone().into_iter().collect()), true),
            _ => (None, true),
        };
        let pairs: Vec<(String, Value)> = conditions.ok_or_else(malformed)?;
        if pairs.iter().any(|(_, v)| v.is_object() || v.is_array()) {
            return Err(malformed());
        }
        Ok(Self { pairs, all })
    }

    fn admit(&self, row: &Value) -> bool {
        let mut hits = self.pairs.iter().map(|(field, wanted)| {
            let held = row.get(field).unwrap_or(&Value::Null);
            held == wanted
        });
        if self.all { hits.all(|hit| hit) } else { hits.any(|hit| hit) }
    }
}

fn listed(conditions: &Value) -> Option<Vec<(String, Value)>> {
    let mut pairs = Vec::new();
    for condition in conditions.as_array()? {
        pairs.extend(condition.as_object()?.clone());
    }
    Some(pairs)
}

fn search_terms(search: &Value) -> Result<(Vec<String>, Vec<String>), Refusal> {
    let strings = |value: Option<&Value>| match value? {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(several) => several.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    let terms = strings(search.get("searchTerm")).unwrap_or_default();
    let fields = strings(search.get("fields")).unwrap_or_default();
    if terms.is_empty() || fields.is_empty() {
        let why = "searchFilter must have a searchTerm and fields";
        return Err(bad_request(why));
    }
    let terms = terms.iter().map(|term| term.to_lowercase()).collect();
    Ok((terms, fields))
}

fn number(body: &Map<String, Value>, name: &str) -> Result<Option<u64>, Refusal> {
    match body.get(name) {
        None => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) => Ok(Some(number)),
            None => Err(bad_request(format!("{name} must be a number, 0 or more"))),
        },
    }
}
