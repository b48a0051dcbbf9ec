//! `GET /user-management/combined/user-roles/v2`: what a user holds against a CID, as the lag lets it be seen.

use serde_json::{Map, Value, json};

use super::Tenant;
use super::access::Caller;
use super::answers::{Answer, Outcome, Refusal};
use super::arguments::{self, Query};
use super::directory::{Inherited, Through};
use super::fql::Filter;
use crate::sandbox::Call;

const FILTERS: [&str; 3] = ["expires_at", "role_id", "role_name"];
const SORTS: [&str; 5] = ["cid", "expires_at", "role_name", "type", "user_uuid"];

impl Tenant {
    pub(super) fn held_roles(&self, call: &Call, caller: &Caller, now_ms: u64) -> Outcome {
        let query = Query::of(call);
        let user = query.get("user_uuid").ok_or_else(|| Refusal::bad_request("user_uuid is required"))?;
        let cid = match query.get("cid") {
            None => caller.cid.clone(),
            Some(cid) => arguments::cid(cid, &self.settings)?,
        };
        self.reach(caller, &cid)?;
        if !self.directory.sees(&caller.cid, user) {
            return Err(Refusal::invalid_user());
        }
        let (property, downwards) = query.sort(&SORTS, "role_name")?;
        let filter = query.get("filter").map(|f| Filter::parse(f, &FILTERS)).transpose()?;
        let mut rows = self.direct_rows(user, &cid, now_ms);
        if !query.boolean("direct_only")? {
            rows.extend(self.inherited_rows(user, &cid));
        }
        let values = |row: &Value, property: &str| row[property].as_str().map(str::to_owned).into_iter().collect();
        rows.retain(|row| {
            let values = |property: &str| values(row, property);
            filter.as_ref().is_none_or(|f| f.matches(self.settings.matching, &values))
        });
        let sorted_by = match property {
            "type" => "grant_type",
            "user_uuid" => "uuid",
            other => other,
        };
        rows.sort_by_cached_key(|row| row[sorted_by].as_str().unwrap_or_default().to_owned());
        if downwards {
            rows.reverse();
        }
        let page = query.page(rows.len(), &self.settings)?;
        let resources = rows.into_iter().skip(page.offset).take(page.limit).collect();
        Ok(Answer { page: Some(page), ..Answer::of(resources) })
    }

    fn direct_rows(&self, user: &str, cid: &str, now_ms: u64) -> Vec<Value> {
        let shown = self.directory.shown(self.settings.read_lag, now_ms);
        let of_user = shown.into_iter().filter(|((u, c, _), _)| u == user && c == cid);
        let rows = of_user.map(|((.., role), ends)| {
            let mut row = self.row(user, cid, &role, 0);
            if let Some(ends) = ends {
                row.insert("expires_at".to_owned(), json!(ends.to_string()));
            }
            row.extend(no_groups());
            Value::Object(row)
        });
        rows.collect()
    }

    fn inherited_rows<'a>(&'a self, user: &'a str, cid: &'a str) -> impl Iterator<Item = Value> {
        let of_user = self.directory.inherited.iter().filter(move |i| i.user == user && i.cid == cid);
        of_user.map(move |Inherited { role, through, .. }| {
            let mut groups = no_groups();
            let place = match through {
                Through::UserGroup { id, name } => {
                    groups.insert("user_group_id".to_owned(), json!(id));
                    groups.insert("user_group_name".to_owned(), json!(name));
                    1
                }
                Through::CidGroup { id, name, parent_cid } => {
                    groups.insert("cid_group_id".to_owned(), json!(id));
                    groups.insert("cid_group_name".to_owned(), json!(name));
                    groups.insert("parent_cid".to_owned(), json!(parent_cid));
                    2
                }
            };
            let mut row = self.row(user, cid, role, place);
            row.extend(groups);
            Value::Object(row)
        })
    }

    /// The fields that every row has; `place` is the kind of grant among the settings' words.
    fn row(&self, user: &str, cid: &str, role: &str, place: usize) -> Map<String, Value> {
        let name = self.directory.roles.get(role).map(|r| r.display_name.as_str());
        let mut row = Map::new();
        row.insert("uuid".to_owned(), json!(user));
        row.insert("cid".to_owned(), json!(cid));
        row.insert("role_id".to_owned(), json!(role));
        row.insert("role_name".to_owned(), json!(name.unwrap_or_default()));
        row.insert("grant_type".to_owned(), json!(self.settings.grant_types.get(place)));
        row
    }
}

fn no_groups() -> Map<String, Value> {
    let names = ["user_group_id", "user_group_name", "cid_group_id", "cid_group_name", "parent_cid"];
    names.into_iter().map(|name| (name.to_owned(), json!(""))).collect()
}
