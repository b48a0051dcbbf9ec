//! One organization's side of the API: admits a call, and does what its endpoint does.

use serde_json::{Value, json};

use super::access::Access;
use super::organization::Organization;
use super::payload::{self, Whom};
use super::projects;
use super::rate::{HOUR_MS, MINUTE_MS, Meter, Standing};
use super::refusal::Refusal;
use super::route::Route;
use super::seed;
use super::settings::{AssignAgain, AssignUnknownUser, Rival, Settings, UnknownProject};
use crate::sandbox::{Call, Reply};

/// The limit that answers tell of when none is enforced.
const CALLS_PER_MINUTE: u64 = 2000;
const ASSIGNABLE_ROLES: [&str; 4] = ["ADMIN", "USER", "VIEWER", "MERCHANT"];
/// The first error's `request_id`, without its `v-`; each further error counts on.
const FIRST_REQUEST_ID: u128 = 0x0e_9a1b_979a_80a9_9053;

#[derive(Debug)]
pub(super) struct Account {
    pub(super) settings: Settings,
    pub(super) access: Access,
    pub(super) organization: Organization,
    calls: Meter,
    sandbox_calls: Meter,
    refusals: u128,
}

impl Account {
    pub(super) fn seeded() -> Self {
        Self {
            settings: Settings::default(),
            access: seed::access(),
            organization: seed::organization(),
            calls: Meter::default(),
            sandbox_calls: Meter::default(),
            refusals: 0,
        }
    }

    pub(super) fn handle(&mut self, call: &Call, now_ms: u64) -> Reply {
        let limit = self.settings.calls_per_minute.unwrap_or(CALLS_PER_MINUTE);
        let mut standing = self.calls.standing(limit, MINUTE_MS, now_ms);
        let refusal = match self.answer(call, now_ms, &mut standing) {
            Ok(reply) => return standing.tell(reply),
            Err(refusal) => refusal,
        };
        let request_id = format!("v-{:018x}", FIRST_REQUEST_ID + self.refusals);
        self.refusals += 1;
        let reply = refusal.reply(&self.settings, &request_id);
        match refusal {
            Refusal::TooManyRequests(reached) => reached.tell_to_wait(reached.tell(reply), now_ms),
            _ => standing.tell(reply),
        }
    }

    fn answer(&mut self, call: &Call, now_ms: u64, standing: &mut Standing) -> Result<Reply, Refusal> {
        let route = Route::of(&call.path).ok_or(Refusal::NoSuchPath)?;
        if !route.methods().contains(&call.method.as_str()) {
            return Err(Refusal::MethodNotAllowed(route.methods()));
        }
        self.access.admit(call, &self.settings)?;
        self.count(&route, now_ms, standing)?;
        if self.settings.feature_missing {
            return Err(Refusal::FeatureMissing);
        }
        let assumed_empty = self.assumed_empty(&route)?;
        match (route, call.method.as_str()) {
            (Route::Projects, _) => Ok(self.list_projects()),
            (Route::Users(project), "GET") => Ok(self.list_users(&project, now_ms)),
            (Route::Users(project), _) if assumed_empty => Err(Refusal::UnknownProject(project)),
            (Route::Users(project), _) => self.assign(&project, call, now_ms),
            (Route::User(project, user), "GET") => self.read_user(&project, user, now_ms),
            (Route::User(project, user), "PUT") => self.update(&project, user, call, now_ms),
            (Route::User(project, user), _) => self.unassign(&project, user, now_ms),
        }
    }

    /// Counts the call at every limit it falls under, and keeps the standing of the narrowest.
    fn count(&mut self, route: &Route, now_ms: u64, standing: &mut Standing) -> Result<(), Refusal> {
        let limit = self.settings.calls_per_minute;
        match self.calls.count(limit.unwrap_or(CALLS_PER_MINUTE), MINUTE_MS, now_ms) {
            Ok(counted) => *standing = counted,
            Err(reached) if limit.is_some() => return Err(Refusal::TooManyRequests(reached)),
            Err(_) => {}
        }
        let project = route.project().and_then(|id| self.organization.projects.get(id));
        if let Some(limit) = self.settings.sandbox_calls_per_hour
            && project.is_some_and(|p| p.is_sandbox)
        {
            *standing = self.sandbox_calls.count(limit, HOUR_MS, now_ms).map_err(Refusal::TooManyRequests)?;
        }
        Ok(())
    }

    /// Refuses a project that does not exist; true if it is to pass as one without users.
    fn assumed_empty(&self, route: &Route) -> Result<bool, Refusal> {
        let Some(project) = route.project().filter(|id| !self.organization.projects.contains_key(*id)) else {
            return Ok(false);
        };
        match self.settings.unknown_project {
            UnknownProject::NotFound => Err(Refusal::UnknownProject(project.to_owned())),
            UnknownProject::Untyped => Err(Refusal::NoSuchPath),
            UnknownProject::Empty => Ok(true),
        }
    }

    fn list_projects(&self) -> Reply {
        let projects = self.organization.projects.iter();
        let items: Vec<Value> = projects.map(|(id, project)| projects::item(id, project, &self.settings)).collect();
        list(&items)
    }

    fn list_users(&self, project: &str, now_ms: u64) -> Reply {
        list(&self.organization.shown_users(project, &self.settings, now_ms))
    }

    fn read_user(&mut self, project: &str, user: String, now_ms: u64) -> Result<Reply, Refusal> {
        let id = self.organization.find(&user, &self.settings);
        let shown = id.and_then(|id| {
            let shown = self.organization.shown_user(&id, project, &self.settings, now_ms)?;
            Some((id, shown))
        });
        let Some((id, shown)) = shown else {
            return Err(Refusal::UserNotInProject { user, project: project.to_owned() });
        };
        self.let_rival_strike(&id, project, now_ms);
        Ok(Reply::json(200, &shown))
    }

    fn let_rival_strike(&mut self, user: &str, project: &str, now_ms: u64) {
        let rival = std::mem::replace(&mut self.settings.rival, Rival::None);
        let held = self.organization.users.get(user).map(|u| u.projects.keys().cloned().collect());
        let held: Vec<String> = held.unwrap_or_default();
        for taken in held.iter().filter(|held| match rival {
            Rival::None => false,
            Rival::TakesTheOthers => *held != project,
            Rival::TakesTheSame => *held == project,
        }) {
            self.organization.set_role(user, taken, None, &self.settings, now_ms);
        }
    }

    fn unassign(&mut self, project: &str, user: String, now_ms: u64) -> Result<Reply, Refusal> {
        let Some(id) = self.organization.find(&user, &self.settings) else {
            return Err(Refusal::UnknownUser(user));
        };
        let held = self.organization.users.get(&id).ok_or(Refusal::UnknownUser(user))?;
        if !held.projects.contains_key(project) {
            return Err(Refusal::NotAssigned);
        }
        if held.is_owner && self.settings.owner_stays {
            return Err(Refusal::Forbidden("The owner of the organization cannot be unassigned"));
        }
        if held.projects.len() == 1 {
            return Err(Refusal::OnlyProject);
        }
        if !self.settings.unassign_has_no_effect {
            self.organization.set_role(&id, project, None, &self.settings, now_ms);
        }
        Ok(Reply::empty(204))
    }

    fn assign(&mut self, project: &str, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        let (whom, role) = payload::assign(call)?;
        self.check_role(&role)?;
        let (named, id) = match whom {
            Whom::Id(id) if self.organization.users.contains_key(&id) => (String::new(), Some(id)),
            Whom::Id(id) => (id, None),
            Whom::Login(login) => {
                let id = self.organization.find_login(&login, &self.settings);
                (login, id)
            }
        };
        let id = id.ok_or_else(|| match self.settings.assign_unknown_user {
            AssignUnknownUser::NotFound => Refusal::UnknownUser(named),
            AssignUnknownUser::InvalidPayload => payload::invalid(format!("Cannot find user with id {named}")),
        })?;
        let held = self.organization.role(&id, project).is_some();
        if held && self.settings.assign_again == AssignAgain::Refused {
            return Err(Refusal::AlreadyAssigned);
        }
        self.organization.set_role(&id, project, Some(&role), &self.settings, now_ms);
        Ok(self.written(&id, project))
    }

    fn update(&mut self, project: &str, user: String, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        let role = payload::update(call)?;
        self.check_role(&role)?;
        let id = self.organization.find(&user, &self.settings);
        let Some(id) = id.filter(|id| self.organization.role(id, project).is_some()) else {
            return Err(Refusal::UnknownUser(user));
        };
        self.organization.set_role(&id, project, Some(&role), &self.settings, now_ms);
        Ok(self.written(&id, project))
    }

    /// The answer to a write, which does not lag.
    fn written(&self, id: &str, project: &str) -> Reply {
        let user = self.organization.shown_user(id, project, &self.settings, u64::MAX);
        Reply::json(200, &user.unwrap_or(Value::Null))
    }

    fn check_role(&self, role: &str) -> Result<(), Refusal> {
        let known = ASSIGNABLE_ROLES.contains(&role)
            || self.organization.custom_roles.contains(role)
            || (role == "USER_RESTRICTED" && self.settings.user_restricted_assignable);
        if known {
            return Ok(());
        }
        Err(payload::invalid("Property 'role' must be a predefined role or the id of a custom role"))
    }
}

fn list(items: &[Value]) -> Reply {
    Reply::json(200, &json!({"object": "list", "data_ref": "data", "data": items, "total": items.len()}))
}
