//! One tenant behind its front door: path, content types, credentials and limits are checked here, then the call
//! goes to the file of its noun. Keeps what reads show apart from what was written, for as long as the read lag.

use std::collections::VecDeque;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::access::{Caller, Credentials};
use super::directory::Directory;
use super::refusal::{NOT_FOUND, Refusal, bad_request};
use super::settings::{Settings, TurnedAway};
use super::{administrators, groups, providers, seed, users};
use crate::sandbox::{Call, Reply};

#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) settings: Settings,
    /// As of now: writes and rights go by it.
    pub(super) directory: Directory,
    /// The millisecond of each recent write, and the directory before it.
    history: VecDeque<(u64, Directory)>,
    pub(super) credentials: Credentials,
    window_start_ms: u64,
    calls_in_window: u32,
}

/// An authenticated call.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub(super) call: &'a Call,
    pub(super) caller: Caller,
    pub(super) now_ms: u64,
}

impl Tenant {
    pub(super) fn seeded() -> Self {
        Self {
            settings: Settings::default(),
            directory: seed::directory(),
            history: VecDeque::new(),
            credentials: Credentials::seeded(),
            window_start_ms: 0,
            calls_in_window: 0,
        }
    }

    /// What reads show: the directory as it was a read lag ago.
    pub(super) fn seen(&self, now_ms: u64) -> &Directory {
        let lag_ms = self.settings.read_lag.as_millis() as u64;
        let unseen = self.history.iter().find(|(at, _)| at.saturating_add(lag_ms) > now_ms);
        unseen.map_or(&self.directory, |(_, before)| before)
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

    pub(super) fn answer(&mut self, call: &Call, now_ms: u64) -> Reply {
        let untouched = self.settings.writes_without_effect.then(|| self.directory.clone());
        let reply = self.route(call, now_ms).unwrap_or_else(|refusal| refusal.reply(&self.settings));
        if let Some(untouched) = untouched {
            self.directory = untouched;
        }
        reply
    }

    fn route(&mut self, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        self.count(now_ms)?;
        let path = decoded(&call.path).ok_or(NOT_FOUND)?;
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if (call.method.as_str(), path.as_slice()) == ("POST", &["oauth2", "token"]) {
            return self.credentials.issue(call, &self.settings, now_ms);
        }
        let ["api", path @ ..] = path.as_slice() else {
            return Err(NOT_FOUND);
        };
        let caller = self.credentials.caller(call, &self.directory, &self.settings, now_ms)?;
        if !accepts_json(call) {
            return Err(Refusal::Status(406));
        }
        let ask = Ask { call, caller, now_ms };
        match (call.method.as_str(), path) {
            ("GET", ["organizations"]) => users::organizations(self, &ask),
            ("GET", ["systemusers"]) => users::list(self, &ask),
            ("GET", ["systemusers", id]) => users::get(self, &ask, id),
            ("POST", ["search", "systemusers"]) => users::search(self, &ask),
            ("PUT", ["users", id]) => administrators::put(self, &ask, id),
            (_, ["users", ..]) if !self.settings.undocumented_admin_calls => Err(NOT_FOUND),
            ("GET", ["users"]) => administrators::list(self, &ask),
            ("POST", ["users"]) => administrators::create(self, &ask),
            ("GET", ["users", id]) => administrators::get(self, &ask, id),
            ("DELETE", ["users", id]) => administrators::delete(self, &ask, id),
            ("GET", ["v2", "providers", id, "administrators"]) => providers::administrators(self, &ask, id),
            ("GET", ["v2", "administrators", id, "organizationlinks"]) => {
                providers::links_of_administrator(self, &ask, id)
            }
            ("GET", ["v2", "organizations", id, "administratorlinks"]) => {
                providers::links_of_organization(self, &ask, id)
            }
            ("POST", ["v2", "administrators", id, "organizationlinks"]) => providers::link(self, &ask, id),
            ("DELETE", ["v2", "administrators", id, "organizationlinks", organization]) => {
                providers::unlink(self, &ask, id, organization)
            }
            ("GET", ["v2", "roles"]) => administrators::roles(self, &ask),
            ("GET", ["v2", "roles", id]) => administrators::role(self, &ask, id),
            ("GET", ["v2", "usergroups"]) => groups::list(self, &ask),
            ("GET", ["v2", "usergroups", id]) => groups::get(self, &ask, id),
            ("GET", ["v2", "usergroups", id, "members"]) => groups::members(self, &ask, id),
            ("POST", ["v2", "usergroups", id, "members"]) => groups::change(self, &ask, id),
            ("GET", ["v2", "users", id, "memberof"]) => groups::of_user(self, &ask, id),
            _ => Err(NOT_FOUND),
        }
    }

    fn count(&mut self, now_ms: u64) -> Result<(), Refusal> {
        let Some(limit) = self.settings.call_limit else {
            return Ok(());
        };
        if now_ms.saturating_sub(self.window_start_ms) >= limit.window.as_millis() as u64 {
            self.window_start_ms = now_ms;
            self.calls_in_window = 0;
        }
        self.calls_in_window = self.calls_in_window.saturating_add(1);
        match limit.turned_away {
            _ if self.calls_in_window <= limit.calls => Ok(()),
            TurnedAway::TooManyRequests => Err(Refusal::Status(429)),
            TurnedAway::IpBlocked => Err(Refusal::IpBlocked),
        }
    }
}

impl Ask<'_> {
    /// The organization the call works on.
    pub(super) fn organization(&self, tenant: &Tenant) -> Result<String, Refusal> {
        self.caller.organization(&tenant.settings)
    }

    /// The body as a JSON object; no body is an empty one.
    pub(super) fn body(&self) -> Result<Map<String, Value>, Refusal> {
        if self.call.body.is_empty() {
            return Ok(Map::new());
        }
        let content_type = self.call.header("content-type").unwrap_or_default();
        if !media_type(content_type).eq_ignore_ascii_case("application/json") {
            return Err(Refusal::Status(415));
        }
        let body = serde_json::from_slice(&self.call.body);
        body.map_err(|_| bad_request("the body must be a JSON object"))
    }
}

/// The segments of a path, each percent-decoded once; none if the path cannot be one of this API.
fn decoded(path: &str) -> Option<Vec<String>> {
    let segments = path.strip_prefix('/')?.split('/').map(|segment| {
        let segment = percent_decode_str(segment).decode_utf8().ok()?;
        (!segment.is_empty() && segment != "." && segment != "..").then(|| segment.into_owned())
    });
    segments.collect()
}

fn accepts_json(call: &Call) -> bool {
    let Some(accept) = call.header("accept") else {
        return true;
    };
    let mut ranges = accept.split(',').map(media_type);
    ranges.any(|range| ["application/json", "application/*", "*/*"].contains(&range))
}

fn media_type(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}
