//! `admin.roles.*`: taking roles away, giving them, listing who holds which.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::Inside;
use super::answer::{MethodError, Outcome};
use super::methods::Request;
use super::paging::Listing;
use super::settings::{NotHeld, OrgOnlyElsewhere, Work};

const MOST_IDS: usize = 10;
const ROLE_ADMIN: &str = "Rl02";

/// A role change, sorted into what can be done and what is rejected.
struct Change {
    role_id: String,
    user_ids: Vec<String>,
    entity_ids: Vec<String>,
    rejected_users: BTreeMap<String, String>,
    rejected_entities: BTreeMap<String, String>,
}

pub(super) fn remove(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    let mut change = Change::read(inside, request)?;
    if inside.settings.not_held != NotHeld::OkTrue {
        change.set_aside_who_does_not_hold(inside)?;
    }
    if !inside.settings.ignores_removals {
        let lag_ms = u64::try_from(inside.settings.read_lag.as_millis()).unwrap_or(u64::MAX);
        let listed_until_ms = request.now_ms.saturating_add(lag_ms);
        for (user_id, entity_id) in change.share(request.work) {
            inside.directory.remove(&change.role_id, entity_id, user_id, listed_until_ms);
        }
    }
    change.outcome()
}

pub(super) fn add(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    let change = Change::read(inside, request)?;
    for (user_id, entity_id) in change.share(request.work) {
        let now_s = request.now_ms / 1000;
        inside.directory.assign(&change.role_id, entity_id, user_id, now_s);
    }
    change.outcome()
}

pub(super) fn list(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    if !inside.settings.has_roles_feature {
        return Err(MethodError::new("feature_not_enabled"));
    }
    let arguments = request.arguments;
    let role_ids = arguments.list("role_ids")?.unwrap_or_default();
    let entity_ids = arguments.list("entity_ids")?.unwrap_or_default();
    let directory = &inside.directory;
    if role_ids.iter().any(|id| !directory.roles.contains_key(id)) {
        return Err(MethodError::new("invalid_role_id"));
    }
    let descending = match arguments.text("sort_dir")? {
        "" | "DESC" => true,
        "ASC" => false,
        _ => return Err(MethodError::new("invalid_sort")),
    };
    let wanted = |ids: &[String], id: &String| ids.is_empty() || ids.contains(id);
    let rows = directory
        .listed(request.now_ms)
        .filter(|a| wanted(&role_ids, &a.role_id) && wanted(&entity_ids, &a.entity_id))
        .map(|a| {
            let key = format!("{:020}:{}:{}:{}", a.date_create, a.role_id, a.entity_id, a.user_id);
            let row = json!({
                "role_id": a.role_id,
                "entity_id": a.entity_id,
                "user_id": a.user_id,
                "date_create": a.date_create,
            });
            (key, row)
        })
        .collect();
    Listing { name: "role_assignments", rows, descending, largest_page: 200 }
        .page(arguments, inside.settings.last_cursor)
}

impl Change {
    fn read(inside: &Inside, request: &Request<'_>) -> Result<Self, MethodError> {
        let arguments = request.arguments;
        arguments.require(&["role_id", "entity_ids", "user_ids"])?;
        let role_id = arguments.text("role_id")?.to_owned();
        let entity_ids = arguments.list("entity_ids")?.unwrap_or_default();
        let user_ids = arguments.list("user_ids")?.unwrap_or_default();
        if !inside.settings.has_roles_feature {
            return Err(MethodError::new("feature_not_enabled"));
        }
        if !inside.directory.roles.contains_key(&role_id) {
            return Err(MethodError::new("invalid_role_id"));
        }
        if inside.settings.protects_role_admins && role_id == ROLE_ADMIN {
            return Err(MethodError::new("cannot_modify_role_admin"));
        }
        if user_ids.len() > MOST_IDS {
            return Err(MethodError::new("too_many_users"));
        }
        if entity_ids.len() > MOST_IDS {
            return Err(MethodError::new("too_many_entities"));
        }
        let mut change = Self {
            role_id,
            user_ids: Vec::new(),
            entity_ids: Vec::new(),
            rejected_users: BTreeMap::new(),
            rejected_entities: BTreeMap::new(),
        };
        change.sort_users(inside, &user_ids)?;
        change.sort_entities(inside, &entity_ids)?;
        Ok(change)
    }

    fn sort_users(&mut self, inside: &Inside, ids: &[String]) -> Result<(), MethodError> {
        let known = |id: &&String| inside.directory.users.contains_key(*id);
        if !ids.iter().any(|id| known(&id)) {
            return Err(MethodError::new("no_valid_users"));
        }
        for id in ids.iter().collect::<BTreeSet<_>>() {
            if !known(&id) {
                self.rejected_users.insert(id.clone(), "user_not_found".into());
            } else if let Some(code) = inside.settings.rejected_users.get(id) {
                self.rejected_users.insert(id.clone(), code.clone());
            }
        }
        self.user_ids = accepted(ids, &self.rejected_users);
        Ok(())
    }

    fn sort_entities(&mut self, inside: &Inside, ids: &[String]) -> Result<(), MethodError> {
        let mut some_exist = false;
        for id in ids.iter().collect::<BTreeSet<_>>() {
            match self.entity_error(inside, id) {
                Err(unknown) => {
                    self.rejected_entities.insert(id.clone(), unknown);
                }
                Ok(rejection) => {
                    some_exist = true;
                    if let Some(code) = rejection {
                        self.rejected_entities.insert(id.clone(), code);
                    }
                }
            }
        }
        if !some_exist {
            return Err(MethodError::new("no_valid_entities"));
        }
        self.entity_ids = accepted(ids, &self.rejected_entities);
        Ok(())
    }

    /// Why an entity is rejected, if it is; an error if there is no such entity.
    fn entity_error(&self, inside: &Inside, id: &str) -> Result<Option<String>, String> {
        let (directory, settings) = (&inside.directory, &inside.settings);
        let Some(role) = directory.roles.get(&self.role_id) else {
            return Err("invalid_role_id".to_owned());
        };
        let fits = if id == directory.enterprise_id {
            true
        } else if directory.teams.contains_key(id) {
            role.on_teams
        } else if directory.channels.contains(id) {
            role.on_channels
        } else if id.starts_with('C') {
            return Err("channel_not_found".to_owned());
        } else {
            return Err("team_not_found".to_owned());
        };
        if let Some(code) = settings.rejected_entities.get(id) {
            return Ok(Some(code.clone()));
        }
        match settings.org_only_elsewhere {
            _ if fits => Ok(None),
            OrgOnlyElsewhere::Accepted => Ok(None),
            OrgOnlyElsewhere::Rejected => Ok(Some(settings.wrong_entity_code.clone())),
            OrgOnlyElsewhere::NoValidEntities => Err("team_not_found".to_owned()),
        }
    }

    fn set_aside_who_does_not_hold(&mut self, inside: &Inside) -> Result<(), MethodError> {
        let holds = |user: &String| {
            let mut entities = self.entity_ids.iter();
            entities.any(|entity| inside.directory.holds(&self.role_id, entity, user))
        };
        let (holding, idle): (Vec<String>, Vec<String>) = self.user_ids.iter().cloned().partition(holds);
        if inside.settings.not_held == NotHeld::NoValidUsers && holding.is_empty() {
            return Err(MethodError::new("no_valid_users"));
        }
        let code = &inside.settings.not_held_code;
        self.rejected_users.extend(idle.into_iter().map(|user| (user, code.clone())));
        self.user_ids = holding;
        Ok(())
    }

    /// As much of users × entities as is to be done.
    fn share(&self, work: Work) -> impl Iterator<Item = (&str, &str)> {
        let all = self.user_ids.len() * self.entity_ids.len();
        let count = match work {
            Work::Nothing => 0,
            Work::Half => all / 2,
            Work::All => all,
        };
        let pairs = self.user_ids.iter().flat_map(|user| self.entity_ids.iter().map(move |e| (&**user, &**e)));
        pairs.take(count)
    }

    fn outcome(&self) -> Outcome {
        let users = !self.rejected_users.is_empty();
        let entities = !self.rejected_entities.is_empty();
        let failed = match (users, entities) {
            (false, false) => return Ok(Map::new()),
            (true, false) => "failed_for_some_users",
            (false, true) => "failed_for_some_entities",
            (true, true) => "failed_for_some_users_and_entities",
        };
        let mut error = MethodError::new(failed);
        if users {
            error = error.with("rejected_users", rows(&self.rejected_users));
        }
        if entities {
            error = error.with("rejected_entities", rows(&self.rejected_entities));
        }
        Err(error)
    }
}

/// The ids that were not rejected, each once, in the order given.
fn accepted(ids: &[String], rejected: &BTreeMap<String, String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    ids.iter().filter(|id| !rejected.contains_key(*id) && seen.insert(*id)).cloned().collect()
}

fn rows(rejected: &BTreeMap<String, String>) -> Value {
    let row = |(id, error): (&String, &String)| json!({"id": id, "error": error});
    rejected.iter().map(row).collect()
}
