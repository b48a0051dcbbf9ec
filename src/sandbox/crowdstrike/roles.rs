//! Roles: first their ids, then their details.

use serde_json::{Value, json};

use super::Tenant;
use super::access::Caller;
use super::answers::{Answer, Outcome, Refusal};
use super::arguments::{self, Body, Query};
use super::directory::Role;
use super::settings::UnknownRoleDetails;
use crate::sandbox::Call;

impl Tenant {
    /// `GET /user-management/queries/roles/v1`: what could be granted, held or not; all of it on one page.
    pub(super) fn role_ids(&self, call: &Call, caller: &Caller) -> Outcome {
        let query = Query::of(call);
        let cid = self.role_cid(&query, caller)?;
        if let Some(action) = query.get("action").filter(|a| *a != "grant") {
            return Err(Refusal::bad_request(format!("invalid action='{action}' specified")));
        }
        let user = query.get("user_uuid");
        if user.is_some_and(|uuid| !self.directory.sees(&caller.cid, uuid)) {
            return Err(Refusal::invalid_user());
        }
        let home = user.and_then(|uuid| self.directory.users.get(uuid)).map(|u| &u.cid);
        let ids = self.directory.roles.keys().filter(|id| match self.directory.role_of(&cid, id) {
            Some(Role { cid: Some(owner), .. }) => home.is_none_or(|home| home == owner),
            built_in => built_in.is_some(),
        });
        Ok(Answer::of(ids.map(|id| json!(id)).collect()))
    }

    /// `GET /user-management/entities/roles/v1?ids=…&ids=…`
    pub(super) fn role_details(&self, call: &Call, caller: &Caller) -> Outcome {
        let query = Query::of(call);
        let cid = self.role_cid(&query, caller)?;
        let ids = query.all("ids");
        if ids.is_empty() {
            return Err(Refusal::bad_request("ids is required"));
        }
        let found = self.details(&cid, ids.iter().copied());
        let not_found = match self.settings.unknown_role_details {
            UnknownRoleDetails::NotFoundIfNone => found.is_empty(),
            UnknownRoleDetails::NotFoundIfAny => found.len() < ids.len(),
            UnknownRoleDetails::LeftOut => false,
        };
        if not_found {
            return Err(Refusal::api(404, "role not found"));
        }
        Ok(Answer::of(found))
    }

    /// `POST /user-management/entities/roles/GET/v2`
    pub(super) fn role_details_by_post(&self, call: &Call, caller: &Caller) -> Outcome {
        let cid = self.role_cid(&Query::of(call), caller)?;
        let body = Body::of(call)?;
        let ids = body.ids()?;
        Ok(Answer::of(self.details(&cid, ids.into_iter())))
    }

    fn role_cid(&self, query: &Query, caller: &Caller) -> Result<String, Refusal> {
        let cid = match query.get("cid") {
            None => caller.cid.clone(),
            Some(cid) => arguments::cid(cid, &self.settings)?,
        };
        self.reach(caller, &cid)?;
        Ok(cid)
    }

    fn details<'a>(&self, cid: &str, ids: impl Iterator<Item = &'a str>) -> Vec<Value> {
        let found = ids.filter_map(|id| self.directory.role_of(cid, id).map(|role| details(id, role)));
        found.collect()
    }
}

fn details(id: &str, role: &Role) -> Value {
    let mut details = json!({
        "id": id,
        "display_name": role.display_name,
        "description": role.description,
        "is_global": role.cid.is_none(),
        "type": if role.cid.is_none() { "default" } else { "custom" },
    });
    if let Some(cid) = &role.cid {
        details["cid"] = json!(cid);
    }
    details
}
