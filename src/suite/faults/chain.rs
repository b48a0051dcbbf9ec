//! The oracle's other half: the audit's chain against what the provider's state really lost.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::draw::{Ask, Row};
use super::witness::Written;
use crate::audit::{Kind, verify};
use crate::gateway::Settlement;
use crate::model::Outcome;
use crate::storage::{AuditFilter, AuditRecord, Storage};
use crate::suite::case::Request;
use crate::suite::oracle::{Claim, Facts, Lie, State, of_item};
use crate::suite::stage::ACCOUNT;

const MOST_ENTRIES: usize = 1000;

/// Something that a request of the round names.
struct Named {
    fact: String,
    /// By these the caller or the case knows the user.
    users: Vec<String>,
    /// The role as it was asked for; nothing where the request has another input for it.
    role: Map<String, Value>,
    /// More than one request of the round names it.
    contested: bool,
}

/// What was asked for in a round, as the audit may name it.
pub(super) struct Names(Vec<Named>);

impl Names {
    pub(super) fn of(row: &Row, asks: &[Ask]) -> Self {
        let case = &row.case;
        let entries = case.scenarios.values().flat_map(|entry| entry.request.iter().chain(&entry.requests));
        let known: Vec<&Request> = entries.chain([&case.usual]).chain(asks.iter().map(|ask| &ask.request)).collect();
        let users = |fact: &String| -> Vec<String> {
            let naming = known.iter().filter(|request| request.facts.iter().flatten().any(|named| named == fact));
            naming.filter_map(|request| input(request, "id")).filter_map(|id| id.as_str().map(str::to_owned)).collect()
        };
        let mut all: Vec<Named> = Vec::new();
        for Ask { request, .. } in asks {
            let roles = input(request, "roles").and_then(|roles| roles.as_array().cloned()).unwrap_or_default();
            let roles = roles.into_iter().map(|role| role.as_object().cloned().unwrap_or_default());
            let roles = roles.map(Some).chain(std::iter::repeat(None));
            let items = request.facts.iter().zip(roles).filter_map(|(fact, role)| Some((fact.clone()?, role)));
            let first_user: Vec<String> = request.facts.iter().flatten().next().map(&users).unwrap_or_default();
            let named = items.map(|(fact, role)| (users(&fact), fact, role));
            let also = request.also.iter().map(|fact| (first_user.clone(), fact.clone(), None));
            for (users, fact, role) in named.chain(also) {
                let again = all.iter_mut().find(|named| named.fact == fact);
                match again {
                    Some(named) => named.contested = true,
                    None => all.push(Named { fact, users, role: role.unwrap_or_default(), contested: false }),
                }
            }
        }
        Self(all)
    }

    fn contested(&self, fact: &str) -> bool {
        self.0.iter().any(|named| named.fact == fact && named.contested)
    }

    /// The facts that a user and a role may be.
    fn facts(&self, user: &str, role: &Value) -> Vec<&str> {
        self.0.iter().filter(|named| named.is_meant(user, role)).map(|named| named.fact.as_str()).collect()
    }
}

impl Named {
    fn is_meant(&self, user: &str, role: &Value) -> bool {
        let same_user = self.users.iter().any(|own| own == user) || has_word(&self.fact, user);
        let said = |name: &str| role[name].as_str().unwrap_or_default();
        let asked = |(name, value): (&String, &Value)| {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            said(name).eq_ignore_ascii_case(&value)
        };
        let named = ["id", "name"].iter().any(|name| has_word(&self.fact, said(name)));
        let scopes = self.role.iter().filter(|(name, _)| *name != "id" && *name != "name");
        same_user && (self.role.iter().all(asked) || named && scopes.into_iter().all(asked))
    }
}

/// An input of a request, from its body or its query.
fn input(request: &Request, name: &str) -> Option<Value> {
    let value = request.body.get(name).or_else(|| request.query.get(name))?;
    let parsed = value.as_str().filter(|text| text.starts_with(['[', '{'])).map(serde_json::from_str);
    Some(parsed.and_then(Result::ok).unwrap_or_else(|| value.clone()))
}

/// Whether a text stands in a fact, and is not a part of another word.
fn has_word(fact: &str, word: &str) -> bool {
    let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    let found = fact.match_indices(word).any(|(at, _)| {
        let (before, after) = (&fact[..at], &fact[at + word.len()..]);
        !inside(before.chars().next_back()) && !inside(after.chars().next())
    });
    !word.is_empty() && found
}

/// The provider's state at two moments.
#[derive(Clone, Copy)]
pub(super) struct Moments<'f> {
    pub(super) before: &'f Facts,
    pub(super) after: &'f Facts,
    /// What was on its way when a look showed it undone has arrived since.
    pub(super) late: bool,
}

impl Moments<'_> {
    /// Whether it is none: it was so when it was looked at.
    pub(super) fn excuse(self, lie: &Lie) -> bool {
        self.late && matches!(lie, Lie::ProvenHeld { .. })
    }
}

/// What is wrong with the chain: it does not hold, a write has no intent, or a result after the entry `since` says what is
/// not so.
pub(super) async fn faults(
    storage: &dyn Storage,
    names: &Names,
    written: &[Written],
    moments: Moments<'_>,
    may_be_open: bool,
    since: i64,
) -> Result<Vec<String>, String> {
    let mut lies = Vec::new();
    let verdict = verify(storage, None).await.map_err(|error| error.to_string())?;
    if let Some(broken) = verdict.broken {
        lies.push(format!("the chain does not hold at entry {}: {}", broken.seq, broken.why));
    }
    let entries = storage.audit_entries(&AuditFilter::default(), MOST_ENTRIES).await;
    let entries = entries.map_err(|error| error.to_string())?;
    let intents: Vec<&AuditRecord> = entries.iter().filter(|entry| *entry.kind == *Kind::Intent.as_str()).collect();
    for Written { lost, recorded } in written {
        let by_then = || intents.iter().filter(|intent| intent.seq <= *recorded && *intent.account == *ACCOUNT);
        if by_then().next().is_none() {
            lies.push("a write reached the provider before any intent was recorded".to_owned());
        }
        for fact in lost {
            if !by_then().any(|intent| facts_of(names, intent).contains(&fact.as_str())) {
                lies.push(format!("lost without an intent that names it: {fact}"));
            }
        }
    }
    let reports = entries.iter().filter(|entry| *entry.kind != *Kind::Intent.as_str() && entry.seq > since);
    for entry in reports {
        let user = entry.user.as_deref().unwrap_or_default();
        for role in roles(entry) {
            let word = |name: &str| role[name].as_str().unwrap_or_default().to_owned();
            let claim = Claim { outcome: word("outcome"), verified: word("verified"), ..Claim::default() };
            // Of several facts it may be any.
            if let [fact] = names.facts(user, &role).as_slice() {
                let state = State {
                    held_before: moments.before.contains(*fact),
                    held: moments.after.contains(*fact),
                    contested: names.contested(fact),
                };
                let said = of_item(fact, &claim, state, true).into_iter().filter(|lie| !moments.excuse(lie));
                lies.extend(said.map(|lie| format!("the audit's entry {} ({}): {lie}", entry.seq, entry.kind)));
            }
        }
    }
    let open = AuditFilter { open: true, ..AuditFilter::default() };
    let open = storage.audit_entries(&open, MOST_ENTRIES).await.map_err(|error| error.to_string())?;
    if !open.is_empty() && !may_be_open {
        let list: Vec<String> = open.iter().map(|entry| entry.seq.to_string()).collect();
        lies.push(format!("intents without a result, and nothing was broken off: {}", list.join(", ")));
    }
    Ok(lies)
}

/// What a later look says that is not so. `before` is what was held when it began, `after` when it was over.
pub(super) fn settled_wrong(settlements: &[Settlement], names: &Names, moments: Moments<'_>) -> Vec<String> {
    let mut lies = Vec::new();
    for settlement in settlements {
        for seen in &settlement.seen {
            let role = serde_json::to_value(&seen.role).unwrap_or_default();
            let facts = names.facts(&settlement.user, &role);
            let [fact] = facts.as_slice() else { continue };
            let wrong = match seen.outcome {
                Outcome::Removed | Outcome::AlreadyAbsent => moments.after.contains(*fact),
                Outcome::Failed => !moments.before.contains(*fact),
                _ => false,
            };
            if wrong {
                lies.push(format!("settled as {}, which is not so: {fact}", seen.outcome.as_str()));
            }
        }
    }
    lies
}

/// How many intents of each kind of end there are.
pub(super) fn count(settlements: &[Settlement]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for settlement in settlements {
        let word = if settlement.open.is_some() { "left open" } else { "settled" };
        *counts.entry(word).or_default() += 1;
    }
    counts
}

fn facts_of<'n>(names: &'n Names, intent: &AuditRecord) -> Vec<&'n str> {
    let user = intent.user.as_deref().unwrap_or_default();
    // What goes by nature with a role stands in no intent; its user does.
    let alone = names.0.iter().filter(|named| named.role.is_empty() && named.is_meant(user, &Value::Null));
    let alone = alone.map(|named| named.fact.as_str());
    roles(intent).iter().flat_map(|role| names.facts(user, role)).chain(alone).collect()
}

fn roles(entry: &AuditRecord) -> Vec<Value> {
    serde_json::from_str(&entry.roles).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_no_part_of_another() {
        assert!(has_word("user 12 holds role 3 (Help Desk)", "Help Desk"));
        assert!(has_word("user 12 holds role 3", "3") && has_word("user 12 holds role 3", "12"));
        assert!(!has_word("user 12 holds role 31", "3") && !has_word("user 12 holds role 31", "1"));
        assert!(!has_word("user 12 holds role 31", ""));
    }

    #[test]
    fn a_settlement_is_compared_with_the_state() {
        let fact = "user 12 holds role 3".to_owned();
        let (users, role) = (vec!["12".to_owned()], Map::from_iter([("id".to_owned(), Value::from("3"))]));
        let names = Names(vec![Named { fact: fact.clone(), users, role, contested: false }]);
        let (held, gone) = (Facts::from([fact]), Facts::new());
        let wrong = |outcome: Outcome, state: &Facts| {
            let role = crate::model::RoleRef { id: Some("3".to_owned()), ..Default::default() };
            let seen =
                crate::engine::Seen { role, outcome, verified: crate::model::Verified::Unverifiable, message: None };
            let (request_id, account, user) = (String::new(), String::new(), "12".to_owned());
            let settlement = Settlement { request_id, account, user, seen: vec![seen], open: None };
            settled_wrong(&[settlement], &names, Moments { before: state, after: state, late: false }).len()
        };
        assert_eq!((wrong(Outcome::Removed, &held), wrong(Outcome::Removed, &gone)), (1, 0));
        assert_eq!((wrong(Outcome::Failed, &held), wrong(Outcome::Failed, &gone)), (0, 1));
        assert_eq!((wrong(Outcome::Unknown, &held), wrong(Outcome::Unknown, &gone)), (0, 0));
    }

    #[test]
    fn a_role_on_one_product_is_not_that_on_another() {
        let role = |group: &str| Value::from_iter([("id", "1"), ("group", group)]);
        let named = |group: &str| Named {
            fact: format!("user 728 holds role 1 on product {group}"),
            users: vec!["728".to_owned()],
            role: role(group).as_object().cloned().unwrap_or_default(),
            contested: false,
        };
        let names = Names(vec![named("A"), named("J")]);
        assert_eq!(names.facts("728", &role("A")), ["user 728 holds role 1 on product A"]);
        assert!(names.facts("729", &role("A")).is_empty());
    }
}
