//! The cloud behind its front door: key, path and body are checked here, rights and assignments change here.
//! Keeps what reads show apart from what was written, for as long as the read lag.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::access::{Key, Keys};
use super::answers::{self, Refusal};
use super::assignment::{self, Assignment, Scope};
use super::directory::{Directory, ORGANIZATION_ADMIN};
use super::route::Route;
use super::seed;
use super::settings::{LastAdmin, Outsider, Settings, Unmatched};
use crate::sandbox::{Call, Reply};

#[derive(Debug)]
pub(super) struct Cloud {
    pub(super) settings: Settings,
    pub(super) keys: Keys,
    /// As of now: writes and rights go by it.
    pub(super) directory: Directory,
    /// The millisecond of each recent write, and the directory before it.
    history: VecDeque<(u64, Directory)>,
    window_start_ms: u64,
    calls_in_window: u32,
}

impl Cloud {
    pub(super) fn seeded(now_ms: u64) -> Self {
        Self {
            settings: Settings::default(),
            keys: seed::keys(now_ms),
            directory: seed::directory(),
            history: VecDeque::new(),
            window_start_ms: 0,
            calls_in_window: 0,
        }
    }

    /// The directory, to be changed.
    pub(super) fn change(&mut self, now_ms: u64) -> &mut Directory {
        let lag_ms = self.settings.read_lag.as_millis() as u64;
        self.history.retain(|(at, _)| at.saturating_add(lag_ms) > now_ms);
        if lag_ms > 0 {
            self.history.push_back((now_ms, self.directory.clone()));
        }
        &mut self.directory
    }

    /// What reads show: the directory as it was a read lag ago.
    fn seen(&self, now_ms: u64) -> &Directory {
        let lag_ms = self.settings.read_lag.as_millis() as u64;
        let unseen = self.history.iter().find(|(at, _)| at.saturating_add(lag_ms) > now_ms);
        unseen.map_or(&self.directory, |(_, before)| before)
    }

    pub(super) fn answer(&mut self, call: &Call, now_ms: u64) -> Reply {
        let admitted = self.count(now_ms).and_then(|()| self.keys.admit(call, now_ms).cloned());
        let key = match admitted {
            Ok(key) => key,
            Err(refusal) => return refusal.reply(&self.settings),
        };
        let answered = self.route(call, &key, now_ms);
        let reply = answered.unwrap_or_else(|refusal| refusal.reply(&self.settings));
        let left_ms = key.expires_ms.saturating_sub(now_ms);
        let expiration = jiff::Timestamp::from_millisecond(key.expires_ms as i64);
        match expiration {
            Ok(at) if u128::from(left_ms) < self.settings.expiry_notice.as_millis() => {
                reply.with_header("x-elastic-api-key-expiration", at.to_string())
            }
            _ => reply,
        }
    }

    /// Counts the call against the limit, if there is one.
    fn count(&mut self, now_ms: u64) -> Result<(), Refusal> {
        let Some(limit) = self.settings.call_limit else { return Ok(()) };
        let window_ms = limit.window.as_millis() as u64;
        if now_ms >= self.window_start_ms.saturating_add(window_ms) {
            self.window_start_ms = now_ms;
            self.calls_in_window = 0;
        }
        self.calls_in_window = self.calls_in_window.saturating_add(1);
        if self.calls_in_window <= limit.calls {
            return Ok(());
        }
        let left_ms = self.window_start_ms.saturating_add(window_ms).saturating_sub(now_ms);
        Err(answers::too_many_calls(limit.retry_after.then(|| left_ms.div_ceil(1000))))
    }

    fn route(&mut self, call: &Call, key: &Key, now_ms: u64) -> Result<Reply, Refusal> {
        let route = Route::of(&call.path).ok_or_else(answers::no_resource)?;
        if !route.methods().contains(&call.method.as_str()) {
            return Err(answers::no_method(&route.methods().join(", ")));
        }
        let caller = key.user.as_str();
        match route {
            Route::RoleAssignments(user) => self.change_assignments(call, caller, &user, now_ms),
            Route::Organizations => self.organizations(caller, now_ms),
            Route::Organization(id) => {
                if !self.directory.users.contains_key(caller) {
                    return Err(answers::caller_gone());
                }
                if !self.directory.organizations.contains_key(&id) {
                    return Err(answers::organization_not_found());
                }
                if !self.may_read(caller, &id) {
                    return Err(answers::invalid_access());
                }
                let organization = self.seen(now_ms).organization(&id);
                organization.map(|o| Reply::json(200, &o)).ok_or_else(answers::organization_not_found)
            }
            Route::Members(id) => {
                self.of_own_organization(caller, &id)?;
                Ok(Reply::json(200, &self.seen(now_ms).members(&id, &self.settings)))
            }
            Route::Invitations(id) => {
                self.of_own_organization(caller, &id)?;
                Ok(Reply::json(200, &self.seen(now_ms).invitations(&id)))
            }
            Route::Membership(id, users) => self.end_memberships(call, caller, &id, &users, now_ms),
        }
    }

    fn may_read(&self, caller: &str, organization: &str) -> bool {
        let caller = self.directory.users.get(caller);
        caller.is_some_and(|c| c.belongs_to(organization))
            && (!self.settings.reads_need_admin || caller.is_some_and(|c| c.is_admin(organization)))
    }

    /// Another's organization is as good as none: its lists document no 403.
    fn of_own_organization(&self, caller: &str, organization: &str) -> Result<(), Refusal> {
        let caller = self.directory.users.get(caller).ok_or_else(answers::unauthorized)?;
        if !caller.belongs_to(organization) {
            return Err(answers::organization_not_found());
        }
        if self.settings.reads_need_admin && !caller.is_admin(organization) {
            return Err(answers::invalid_access());
        }
        Ok(())
    }

    fn organizations(&self, caller: &str, now_ms: u64) -> Result<Reply, Refusal> {
        let user = self.directory.users.get(caller).ok_or_else(answers::caller_gone)?;
        let own: Vec<&String> = user.member_since.keys().collect();
        let page = self.settings.organizations_per_page.unwrap_or(own.len()).min(own.len());
        let seen = self.seen(now_ms);
        let first: Vec<Value> = own.iter().take(page).filter_map(|id| seen.organization(id)).collect();
        let mut answer = json!({"organizations": first});
        if page < own.len() {
            answer["next_page"] = json!(format!("cursor-{page}"));
        }
        Ok(Reply::json(200, &answer))
    }

    fn end_memberships(
        &mut self,
        call: &Call,
        caller: &str,
        organization: &str,
        users: &[String],
        now_ms: u64,
    ) -> Result<Reply, Refusal> {
        for (name, value) in form_urlencoded::parse(call.query.as_bytes()) {
            if name == "force" && !matches!(&*value, "true" | "false") {
                return Err(answers::invalid_body("A boolean was expected.", "force"));
            }
        }
        self.of_own_organization(caller, organization)?;
        if !self.directory.admins(organization).any(|admin| admin == caller) {
            return Err(answers::invalid_access());
        }
        for user in users {
            let user = self.directory.users.get(user).ok_or_else(answers::user_not_found)?;
            if !user.belongs_to(organization) {
                return Err(answers::membership_not_found());
            }
        }
        if !self.settings.writes_without_effect {
            let directory = self.change(now_ms);
            users.iter().for_each(|user| directory.end_membership(organization, user));
        }
        Ok(Reply::json(200, &json!({})))
    }

    fn change_assignments(&mut self, call: &Call, caller: &str, user: &str, now_ms: u64) -> Result<Reply, Refusal> {
        if !self.directory.users.contains_key(caller) {
            return Err(answers::unauthorized());
        }
        if call.body.is_empty() {
            return Err(answers::invalid_body("The request requires a JSON body.", ""));
        }
        let content_type = call.header("content-type").and_then(|value| value.split(';').next()).unwrap_or_default();
        if !content_type.trim().eq_ignore_ascii_case("application/json") {
            return Err(answers::wrong_content_type(&self.settings));
        }
        let wanted = assignment::read(&call.body, self.settings.unknown_fields_refused)?;
        if wanted.is_empty() && self.settings.empty_set == Unmatched::Refused {
            return Err(answers::invalid_body("At least one role assignment is required.", ""));
        }
        self.may_change(caller, &wanted)?;
        let target = self.directory.users.get(user).ok_or_else(answers::invalid_target)?;
        let outside = wanted.iter().any(|a| a.scope != Scope::Platform && !target.belongs_to(&a.organization));
        let removing = call.method == "DELETE";
        let outside_refused = !removing || self.settings.outsider == Outsider::InvalidTarget;
        if self.settings.invalid_targets.contains(user) || (outside && outside_refused) {
            return Err(answers::invalid_target());
        }
        if removing {
            self.remove(user, &wanted, now_ms)?
        } else {
            self.add(user, wanted, now_ms)?
        }
        Ok(Reply::json(200, &json!({})))
    }

    /// Only an organization-admin may, and the platform's roles are nobody's here.
    fn may_change(&self, caller: &str, wanted: &[Assignment]) -> Result<(), Refusal> {
        let caller = self.directory.users.get(caller);
        let admin = |organization: &str| caller.is_some_and(|c| c.is_admin(organization));
        let mine = wanted.iter().all(|a| a.scope != Scope::Platform && admin(&a.organization));
        if mine { Ok(()) } else { Err(answers::unauthorized_assignments()) }
    }

    fn add(&mut self, user: &str, wanted: Vec<Assignment>, now_ms: u64) -> Result<(), Refusal> {
        if wanted.iter().any(|a| !a.scope.knows(&a.role)) {
            return Err(answers::unknown_role());
        }
        if !self.settings.writes_without_effect
            && let Some(user) = self.change(now_ms).users.get_mut(user)
        {
            user.assignments.extend(wanted);
        }
        Ok(())
    }

    /// Takes the user's assignments that match; all or, if refused, nothing.
    fn remove(&mut self, user: &str, wanted: &[Assignment], now_ms: u64) -> Result<(), Refusal> {
        let exactly = self.settings.application_roles_match;
        let held = self.directory.users.get(user).map(|u| u.assignments.clone()).unwrap_or_default();
        for asked in wanted {
            if !asked.scope.knows(&asked.role) && self.settings.unknown_role == Unmatched::Refused {
                return Err(answers::unknown_role());
            }
            let matched = held.iter().any(|a| a.matches(asked, exactly));
            if !matched && self.settings.unmatched == Unmatched::Refused {
                return Err(answers::no_such_assignment());
            }
        }
        let leaving = |a: &Assignment| wanted.iter().any(|asked| a.matches(asked, exactly));
        if self.settings.last_admin == LastAdmin::Refused {
            let mut thrones = held.iter().filter(|a| a.role == ORGANIZATION_ADMIN && leaving(a));
            if thrones.any(|a| self.directory.admins(&a.organization).all(|admin| admin == user)) {
                return Err(answers::last_admin());
            }
        }
        if !self.settings.writes_without_effect
            && held.iter().any(leaving)
            && let Some(user) = self.change(now_ms).users.get_mut(user)
        {
            user.assignments.retain(|a| !leaving(a));
        }
        Ok(())
    }
}
