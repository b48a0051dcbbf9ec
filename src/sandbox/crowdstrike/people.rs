//! Users: first their uuids by filter, then their details; creating and deleting one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Tenant;
use super::access::Caller;
use super::answers::{Answer, Outcome, Refusal};
use super::arguments::{Body, Query};
use super::directory::User;
use super::fql::Filter;
use super::settings::{NoLogin, UnknownUsers};
use crate::sandbox::Call;

const ZERO_TIME: &str = "0001-01-01T00:00:00Z";
const FILTERS: [&str; 13] = [
    "assigned_cids",
    "cid",
    "direct_assigned_cids",
    "factors",
    "first_name",
    "has_temporary_roles",
    "last_name",
    "name",
    "non_ancestor_assigned_cids",
    "status",
    "temporarily_assigned_cids",
    "uid",
    "uuid",
];
const SORTS: [&str; 10] = [
    "cid_name",
    "created_at",
    "first_name",
    "has_temporary_roles",
    "last_login_at",
    "last_name",
    "name",
    "status",
    "temporarily_assigned_cids",
    "uid",
];

impl Tenant {
    /// `GET /user-management/queries/users/v1`
    pub(super) fn user_ids(&self, call: &Call, caller: &Caller, now_ms: u64) -> Outcome {
        let query = Query::of(call);
        let (sort, downwards) = query.sort(&SORTS, "uid")?;
        let filter = query.get("filter").map(|f| Filter::parse(f, &FILTERS)).transpose()?;
        let seen = self.directory.users.iter().filter(|(uuid, _)| self.directory.sees(&caller.cid, uuid));
        let found = seen.filter(|(uuid, user)| {
            let values = |property: &str| self.values(uuid, user, property, now_ms);
            filter.as_ref().is_none_or(|f| f.matches(self.settings.matching, &values))
        });
        let mut found: Vec<(Vec<String>, &String)> =
            found.map(|(uuid, user)| (self.values(uuid, user, sort, now_ms), uuid)).collect();
        found.sort();
        if downwards {
            found.reverse();
        }
        let page = query.page(found.len(), &self.settings)?;
        let ids = found.into_iter().skip(page.offset).take(page.limit).map(|(_, uuid)| json!(uuid));
        Ok(Answer { page: Some(page), ..Answer::of(ids.collect()) })
    }

    /// `POST /user-management/entities/users/GET/v1`
    pub(super) fn user_details(&self, call: &Call, caller: &Caller) -> Outcome {
        let body = Body::of(call)?;
        let mut resources = Vec::new();
        for uuid in body.ids()? {
            match self.directory.users.get(uuid).filter(|_| self.directory.sees(&caller.cid, uuid)) {
                Some(user) => resources.push(self.user(uuid, user)),
                None if self.settings.unknown_users == UnknownUsers::LeftOut => {}
                None => return Err(Refusal::invalid_user()),
            }
        }
        Ok(Answer::of(resources))
    }

    /// `POST /user-management/entities/users/v1`
    pub(super) fn create_user(&mut self, call: &Call, caller: &Caller, now_ms: u64) -> Outcome {
        let validate_only = Query::of(call).boolean("validate_only")?;
        let body = Body::of(call)?;
        let uid = body.required("uid")?;
        if uid.matches('@').count() != 1 {
            return Err(Refusal::bad_request("uid must be an e-mail address"));
        }
        if self.directory.users.values().any(|user| user.uid.eq_ignore_ascii_case(uid)) {
            return Err(Refusal::bad_request("uid is taken"));
        }
        let now = Timestamp::from_second((now_ms / 1000).cast_signed()).unwrap_or_default().to_string();
        let user = User {
            uid: uid.to_owned(),
            cid: caller.cid.clone(),
            first_name: body.text("firstName")?.unwrap_or_default().to_owned(),
            last_name: body.text("lastName")?.unwrap_or_default().to_owned(),
            status: "inactive".to_owned(),
            user_type: "internal".to_owned(),
            factors: Vec::new(),
            created_at: now.clone(),
            updated_at: now,
            access_granted_at: None,
            last_login_at: None,
        };
        let uuid = Uuid::now_v7().to_string();
        let resources = vec![self.user(&uuid, &user)];
        if !validate_only {
            self.directory.users.insert(uuid, user);
        }
        Ok(Answer { created: true, ..Answer::of(resources) })
    }

    /// `DELETE /user-management/entities/users/v1?user_uuid=…`
    pub(super) fn delete_user(&mut self, call: &Call, caller: &Caller) -> Outcome {
        let query = Query::of(call);
        let uuid = query.get("user_uuid").ok_or_else(|| Refusal::bad_request("user_uuid is required"))?;
        let homed = self.directory.users.get(uuid).map(|user| &user.cid);
        if !homed.is_some_and(|cid| self.directory.reaches(&caller.cid, cid)) {
            return Err(Refusal::invalid_user());
        }
        self.directory.remove_user(uuid);
        Ok(Answer { writes: Some(1), ..Answer::default() })
    }

    fn user(&self, uuid: &str, user: &User) -> Value {
        let mut details = json!({
            "uuid": uuid,
            "uid": user.uid,
            "cid": user.cid,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "status": user.status,
        });
        if self.settings.user_type_shown {
            details["user_type"] = json!(user.user_type);
        }
        details["factors"] = json!(user.factors);
        details["created_at"] = json!(user.created_at);
        details["updated_at"] = json!(user.updated_at);
        details["access_granted_at"] = json!(user.access_granted_at.as_deref().unwrap_or(ZERO_TIME));
        match (&user.last_login_at, self.settings.no_login) {
            (Some(at), _) => details["last_login_at"] = json!(at),
            (None, NoLogin::ZeroTime) => details["last_login_at"] = json!(ZERO_TIME),
            (None, NoLogin::Absent) => {}
        }
        details
    }

    /// A property's values, to filter and to sort by.
    fn values(&self, uuid: &str, user: &User, property: &str, now_ms: u64) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match property {
            "uid" => one(&user.uid),
            "uuid" => one(uuid),
            "cid" | "cid_name" => one(&user.cid),
            "first_name" => one(&user.first_name),
            "last_name" => one(&user.last_name),
            "name" => vec![format!("{} {}", user.first_name, user.last_name)],
            "status" => one(&user.status),
            "factors" => user.factors.clone(),
            "created_at" => one(&user.created_at),
            "last_login_at" => one(user.last_login_at.as_deref().unwrap_or(ZERO_TIME)),
            "has_temporary_roles" => vec![(!self.assigned_cids(uuid, true, false, now_ms).is_empty()).to_string()],
            "temporarily_assigned_cids" => self.assigned_cids(uuid, true, false, now_ms).into_iter().collect(),
            "direct_assigned_cids" => self.assigned_cids(uuid, false, false, now_ms).into_iter().collect(),
            "assigned_cids" | "non_ancestor_assigned_cids" => {
                self.assigned_cids(uuid, false, true, now_ms).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// The CIDs against which the user holds something.
    fn assigned_cids(&self, uuid: &str, temporary_only: bool, inherited_too: bool, now_ms: u64) -> BTreeSet<String> {
        let shown = self.directory.shown(self.settings.read_lag, now_ms);
        let direct = shown.into_iter().filter(|((user, ..), ends)| user == uuid && (ends.is_some() || !temporary_only));
        let inherited = self.directory.inherited.iter().filter(|i| inherited_too && i.user == uuid);
        direct.map(|((_, cid, _), _)| cid).chain(inherited.map(|i| i.cid.clone())).collect()
    }
}
