//! One company behind its front door: path, method, limit, token and permission are checked here, then the call goes
//! to the file of its noun. Keeps what reads show apart from what was written, for as long as the read lag.

use std::collections::VecDeque;

use percent_encoding::percent_decode_str;
use serde_json::json;

use super::access::{Access, Permissions};
use super::answers::{Category, Refusal};
use super::directory::Directory;
use super::settings::Settings;
use super::{roles, seed, users};
use crate::sandbox::{Call, Reply};

#[derive(Debug)]
pub(super) struct Company {
    pub(super) settings: Settings,
    pub(super) access: Access,
    /// As of now: writes go by it.
    pub(super) directory: Directory,
    /// The millisecond of each recent write, and the directory before it.
    history: VecDeque<(u64, Directory)>,
    window_start_ms: u64,
    calls_in_window: u32,
    errors: u64,
}

impl Company {
    pub(super) fn seeded() -> Self {
        Self {
            settings: Settings::default(),
            access: seed::access(),
            directory: seed::directory(),
            history: VecDeque::new(),
            window_start_ms: 0,
            calls_in_window: 0,
            errors: 0,
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
    pub(super) fn seen(&self, now_ms: u64) -> &Directory {
        let lag_ms = self.settings.read_lag.as_millis() as u64;
        let unseen = self.history.iter().find(|(at, _)| at.saturating_add(lag_ms) > now_ms);
        unseen.map_or(&self.directory, |(_, before)| before)
    }

    /// Changes the directory for a client, or does as if.
    pub(super) fn write(&mut self, now_ms: u64, change: impl FnOnce(&mut Directory)) -> Result<(), Refusal> {
        if !self.settings.writes_without_effect {
            change(self.change(now_ms));
        }
        if self.settings.internal_error_after_write {
            return Err(Refusal::new(Category::InternalError, "An internal error occurred."));
        }
        Ok(())
    }

    pub(super) fn answer(&mut self, call: &Call, now_ms: u64) -> Reply {
        match self.route(call, now_ms) {
            Ok(reply) => reply,
            Err(refusal) => self.refuse(&refusal),
        }
    }

    pub(super) fn refuse(&mut self, refusal: &Refusal) -> Reply {
        self.errors += 1;
        refusal.reply(&self.settings, self.errors)
    }

    fn route(&mut self, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        let path = decoded(&call.path).unwrap_or_default();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let allowed: &[&str] = match path.as_slice() {
            ["ping"] | ["users"] | ["userroles"] | ["userroles", "assignments", "account"] => &["GET"],
            ["users", _, "userroles"] => &["GET"],
            ["users", _] => &["GET", "PUT"],
            ["oauth2", "token" | "revoke"] | ["userroles", "assign" | "unassign", "account" | "usergroup"] => &["POST"],
            _ => return Err(Refusal::new(Category::NotFound, "There is no such address.")),
        };
        if !allowed.contains(&call.method.as_str()) {
            let refusal = Refusal::new(Category::InvalidRequest, "The method is not allowed here.");
            return Err(refusal.at_status(405).with_header("allow", allowed.join(", ")));
        }
        self.count(now_ms)?;
        match path.as_slice() {
            ["oauth2", "token"] => return self.access.issue(call, &self.settings, now_ms),
            ["oauth2", "revoke"] => return self.access.revoke(call),
            _ => {}
        }
        let permissions = self.access.admit(call, now_ms)?;
        if path.as_slice() == ["ping"] {
            return Ok(Reply::json(200, &json!({"token_valid": true})));
        }
        self.may(permissions, call.method != "GET")?;
        match path.as_slice() {
            ["users"] => users::list(self, call, now_ms),
            ["users", id, "userroles"] => users::roles(self, call, id, now_ms),
            ["users", id] if call.method == "PUT" => users::put(self, call, id, now_ms),
            ["users", id] => users::get(self, id, now_ms),
            ["userroles"] => Ok(roles::list(self)),
            ["userroles", "assignments", _] => roles::holders(self, call, now_ms),
            ["userroles", verb, "account"] => roles::change_account(self, call, *verb == "assign", now_ms),
            ["userroles", verb, _] => roles::change_group(self, call, *verb == "assign", now_ms),
            _ => Err(Refusal::new(Category::NotFound, "There is no such address.")),
        }
    }

    fn may(&self, permissions: Permissions, writing: bool) -> Result<(), Refusal> {
        let roles_too = !self.settings.separate_role_permission || permissions.edit_user_roles;
        if permissions.view_users && (!writing || (permissions.edit_users && roles_too)) {
            return Ok(());
        }
        Err(Refusal::new(Category::InvalidPermission, "The access token lacks a permission."))
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
        let refusal = Refusal::new(limit.turned_away.into(), "Too many calls.");
        if !limit.retry_after {
            return Err(refusal);
        }
        let left_ms = self.window_start_ms.saturating_add(window_ms).saturating_sub(now_ms);
        Err(refusal.with_header("retry-after", left_ms.div_ceil(1000).to_string()))
    }
}

/// The segments below `/api/v1`, each percent-decoded exactly once.
fn decoded(path: &str) -> Option<Vec<String>> {
    let segments = path.strip_prefix("/api/v1/")?.split('/');
    segments.map(|segment| percent_decode_str(segment).decode_utf8().ok().map(|s| s.into_owned())).collect()
}
