//! Granting and revoking: the role action, and the deprecated pair that names no CID. A batch is atomic.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Tenant;
use super::access::Caller;
use super::answers::{Answer, Outcome, Refusal};
use super::arguments::{self, Body, Query};
use super::settings::{InheritedOnly, OldRevokeLists, Writes};
use crate::sandbox::Call;

/// One user's roles against one CID, all of them known to exist.
struct Batch<'a> {
    user: &'a str,
    cid: String,
    roles: BTreeSet<&'a str>,
}

impl Tenant {
    /// `POST /user-management/entities/user-role-actions/v1`
    pub(super) fn role_action(&mut self, call: &Call, caller: &Caller, now_ms: u64) -> Outcome {
        let body = Body::of(call)?;
        let action = body.required("action")?;
        if !matches!(action, "grant" | "revoke") {
            return Err(Refusal::bad_request(format!("invalid action='{action}' specified")));
        }
        let cid = arguments::cid(body.required("cid")?, &self.settings)?;
        let user = body.required("uuid")?;
        let roles = body.texts("role_ids")?;
        if roles.len() > self.settings.most_roles_per_action {
            let most = self.settings.most_roles_per_action;
            return Err(Refusal::bad_request(format!("at most {most} role_ids can be specified")));
        }
        let ends = match body.text("expires_at")? {
            None => None,
            Some(_) if action == "revoke" => return Err(Refusal::bad_request("expires_at is for grants only")),
            Some(at) => Some(at.parse::<Timestamp>().map_err(|_| Refusal::bad_request("invalid expires_at"))?),
        };
        self.reach(caller, &cid)?;
        let batch = self.batch(caller, user, cid, roles)?;
        if let Some(error) = &self.settings.error_inside_ok {
            let errors = vec![json!({"code": error.code, "message": error.message})];
            return Ok(Answer { errors, ..Answer::default() });
        }
        let changed = match action {
            "grant" => self.grant(&batch, ends, now_ms)?,
            _ => self.revoke(&batch, now_ms)?,
        };
        let writes = match self.settings.writes {
            Writes::Named => Some(batch.roles.len()),
            Writes::Changed => Some(changed),
            Writes::Absent => None,
        };
        Ok(Answer { writes, ..Answer::default() })
    }

    /// `POST` and `DELETE /user-roles/entities/user-roles/v1`
    pub(super) fn old_role_change(&mut self, call: &Call, caller: &Caller, now_ms: u64) -> Outcome {
        let query = Query::of(call);
        let user = query.get("user_uuid").ok_or_else(|| Refusal::bad_request("user_uuid is required"))?;
        if call.method == "POST" {
            let body = Body::of(call)?;
            let batch = self.batch(caller, user, caller.cid.clone(), body.texts("roleIds")?)?;
            self.grant(&batch, None, now_ms)?;
            return Ok(Answer::of(batch.roles.into_iter().map(Value::from).collect()));
        }
        let roles: BTreeSet<&str> = query.all("ids").into_iter().collect();
        if roles.is_empty() {
            return Err(Refusal::bad_request("ids is required"));
        }
        let batch = self.batch(caller, user, caller.cid.clone(), roles)?;
        self.revoke(&batch, now_ms)?;
        let listed: Vec<Value> = match self.settings.old_revoke_lists {
            OldRevokeLists::Affected => batch.roles.into_iter().map(Value::from).collect(),
            OldRevokeLists::Left => {
                let held = self.directory.direct.keys().filter(|(u, cid, _)| u == user && *cid == caller.cid);
                held.map(|(.., role)| Value::from(role.as_str())).collect()
            }
        };
        Ok(Answer::of(listed))
    }

    /// Refuses a CID that the caller may not speak of.
    pub(super) fn reach(&self, caller: &Caller, cid: &str) -> Result<(), Refusal> {
        if self.directory.reaches(&caller.cid, cid) {
            return Ok(());
        }
        Err(Refusal::api(self.settings.foreign_cid_status, "cid is not accessible"))
    }

    fn batch<'a>(
        &self,
        caller: &Caller,
        user: &'a str,
        cid: String,
        roles: BTreeSet<&'a str>,
    ) -> Result<Batch<'a>, Refusal> {
        if !self.directory.sees(&caller.cid, user) {
            return Err(Refusal::invalid_user());
        }
        match roles.iter().find(|role| self.directory.role_of(&cid, role).is_none()) {
            Some(unknown) => Err(Refusal::invalid_role(unknown)),
            None => Ok(Batch { user, cid, roles }),
        }
    }

    fn grant(&mut self, batch: &Batch<'_>, ends: Option<Timestamp>, now_ms: u64) -> Result<usize, Refusal> {
        let home = self.directory.users.get(batch.user).map(|user| user.cid.as_str());
        let custom = |role: &&&str| self.directory.roles.get(**role).is_some_and(|r| r.cid.is_some());
        // A custom role is for users homed where it was made.
        if let Some(role) = batch.roles.iter().find(custom)
            && home != Some(batch.cid.as_str())
        {
            return Err(Refusal::invalid_role(role));
        }
        let mut changed = 0;
        for role in &batch.roles {
            changed += usize::from(self.directory.grant(batch.user, role, &batch.cid, ends, now_ms));
        }
        Ok(changed)
    }

    fn revoke(&mut self, batch: &Batch<'_>, now_ms: u64) -> Result<usize, Refusal> {
        let Batch { user, cid, roles } = batch;
        if self.settings.inherited_only == InheritedOnly::Refused {
            let inherited = roles.iter().find(|role| {
                self.directory.inherits(user, role, cid) && !self.directory.holds(user, role, cid, now_ms)
            });
            if let Some(role) = inherited {
                return Err(Refusal::bad_request(format!("roleID='{role}' is not granted directly")));
            }
        }
        let mut changed = 0;
        for role in roles.iter().filter(|_| !self.settings.revoke_has_no_effect) {
            changed += usize::from(self.directory.revoke(user, role, cid, now_ms));
        }
        Ok(changed)
    }
}
