//! Slack Enterprise Grid as far as taking a system role away needs it: `admin.roles.*`, the reads that go with it,
//! `auth.test`, token rotation and one SCIM read. Routes and admits calls here; each group of methods has a file of its own.

mod answer;
mod arguments;
mod directory;
mod methods;
mod paging;
mod people;
mod rate;
mod roles;
mod scim;
mod seed;
mod settings;
mod tokens;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use percent_encoding::percent_decode_str;
use serde_json::json;

use super::{Call, Clock, Demo, Reply, Simulator, switch};
use answer::{MethodError, Outcome};
use arguments::Arguments;
use methods::Method;
use rate::Meter;

pub use answer::{html_error, ratelimited};
pub use directory::{Assignment, Directory, Role, Team, User};
pub use settings::{LastCursor, MethodFailure, NotHeld, OrgOnlyElsewhere, Settings, Work};
pub use tokens::{Grant, TokenKind, Tokens};

/// The simulated organisation.
pub struct SlackEnterprise {
    clock: Clock,
    demo_token: String,
    inside: Mutex<Inside>,
}

struct Inside {
    directory: Directory,
    tokens: Tokens,
    settings: Settings,
    meter: Meter,
}

impl SlackEnterprise {
    /// An organisation with two workspaces, one channel, a dozen users and an app that an owner installed.
    pub fn new(clock: Clock) -> Self {
        let mut tokens = Tokens::default();
        let demo_token = tokens.issue(Grant::of_user(seed::OWNER));
        Self {
            clock,
            demo_token,
            inside: Mutex::new(Inside {
                directory: seed::directory(),
                tokens,
                settings: Settings::default(),
                meter: Meter::default(),
            }),
        }
    }

    /// The owner's org-wide user token with the scopes that a removal needs; it does not expire by itself.
    pub fn token(&self) -> String {
        self.demo_token.clone()
    }

    /// Reads or changes how the simulator behaves.
    pub fn settings<T>(&self, change: impl FnOnce(&mut Settings) -> T) -> T {
        change(&mut self.inside().settings)
    }

    /// Reads or changes who is there and who holds what.
    pub fn directory<T>(&self, change: impl FnOnce(&mut Directory) -> T) -> T {
        change(&mut self.inside().directory)
    }

    /// Issues, revokes and inspects tokens.
    pub fn tokens<T>(&self, change: impl FnOnce(&mut Tokens) -> T) -> T {
        change(&mut self.inside().tokens)
    }

    /// Makes every token issued so far answer `token_expired` from now on.
    pub fn expire_all_tokens(&self) {
        let now_ms = self.clock.now_ms();
        self.inside().tokens.expire_all(now_ms);
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for SlackEnterprise {
    fn slug(&self) -> &'static str {
        "slack-enterprise"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        let mut inside = self.inside();
        let Some(segments) = decoded_segments(&call.path) else {
            return answer::no_such_page();
        };
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let name = match segments[..] {
            ["scim", version @ ("v1" | "v2"), "Users", id] => {
                return scim::user(&inside, call, version, id, now_ms);
            }
            ["api", name] if !name.is_empty() => name,
            [name] if !inside.settings.api_prefix_required && !matches!(name, "" | "api") => name,
            _ => return answer::no_such_page(),
        };
        let by_get = inside.settings.writes_by_get;
        let Some(method) = methods::find(name).filter(|m| m.takes(&call.method, by_get)) else {
            let unknown = MethodError::new("unknown_method").with("req_method", name);
            return answer::reply(Err(unknown), &inside.settings);
        };
        if inside.settings.enforce_rate_limits
            && let Err(retry_after_s) = inside.meter.admit(method, now_ms)
        {
            return ratelimited(retry_after_s);
        }
        let outcome = inside.call_method(method, call, now_ms);
        answer::reply(outcome, &inside.settings)
    }

    fn memberships(&self) -> BTreeSet<String> {
        self.inside().directory.memberships()
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        switch::turn(&mut self.inside().settings, switch, to)
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({"token": self.demo_token, "enterprise_id": seed::ENTERPRISE}),
            query: vec![
                ("id", seed::DEMO_USER.to_owned()),
                ("roles", json!([{"id": seed::DEMO_ROLE}]).to_string()),
                ("workspace_id", seed::DEMO_TEAM.to_owned()),
            ],
            body: json!({}),
        }
    }
}

impl Inside {
    /// Admits the caller, then lets a planted failure or the method itself answer.
    fn call_method(&mut self, method: &Method, call: &Call, now_ms: u64) -> Outcome {
        let caller = match method.scope {
            methods::Scope::NoToken => None,
            _ => Some(self.admit(method, call, now_ms)?),
        };
        let failure = self.settings.take_failure(method.name);
        if let Some(MethodFailure { error, work: Work::Nothing, .. }) = &failure {
            return Err(MethodError::new(error));
        }
        let work = failure.as_ref().map_or(Work::All, |f| f.work);
        let arguments = Arguments::read(call, method.reads_json)?;
        let done = (method.run)(
            self,
            &methods::Request { call, caller: caller.as_ref(), arguments: &arguments, now_ms, work },
        )?;
        failure.map_or(Ok(done), |f| Err(MethodError::new(&f.error)))
    }

    /// Checks token, token kind, scope and actor, in this order.
    fn admit(&self, method: &Method, call: &Call, now_ms: u64) -> Result<Grant, MethodError> {
        let grant = self.tokens.authenticate(call, now_ms).map_err(MethodError::new)?;
        let actor = self.directory.users.get(&grant.user_id);
        let Some(actor) = actor.filter(|user| !user.deleted) else {
            return Err(MethodError::new("account_inactive"));
        };
        if method.for_admins && (grant.kind != TokenKind::User || !grant.org_install) {
            return Err(MethodError::new("not_allowed_token_type"));
        }
        if let methods::Scope::Needs(scope) = method.scope
            && !grant.scopes.contains(scope)
        {
            return Err(MethodError::new("missing_scope").with("needed", scope).with("provided", grant.scope_line()));
        }
        if method.for_admins && !actor.runs_the_org() {
            return Err(MethodError::new("invalid_actor"));
        }
        Ok(grant)
    }
}

/// The path's segments, each percent-decoded once; none if one is no UTF-8 or climbs.
fn decoded_segments(path: &str) -> Option<Vec<String>> {
    path.strip_prefix('/')?
        .split('/')
        .map(|raw| {
            let segment = percent_decode_str(raw).decode_utf8().ok()?;
            (!matches!(&*segment, "." | "..")).then(|| segment.into_owned())
        })
        .collect()
}
