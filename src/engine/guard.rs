//! The operator's rules, asked after all look-ups and before the first write: who is meant, by every id, name and address
//! the provider shows; which roles; and how many. What the rules are is the gateway's business.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::mapped::UserFields;
use super::report::{Failure, GUARDED};
use super::run::Run;
use super::user::MappedUser;
use crate::audit::RoleOutcome;
use crate::connector::{LookupPlace, RoleField, Step};
use crate::expression::{Answers, Value, id_text};
use crate::model::{ErrorKind, Outcome, Verified};

/// The setting with the protected users.
pub const PROTECTED_USERS: &str = "guard.protected_users";
/// The setting with the protected roles.
pub const PROTECTED_ROLES: &str = "guard.protected_roles";

/// What the operator allows at one account.
#[async_trait]
pub trait Guard: Send + Sync {
    /// Whether any user is protected.
    fn protects_users(&self) -> bool;

    /// Whether any role is protected.
    fn protects_roles(&self) -> bool;

    /// The protected users that are named by an address.
    fn protected_addresses(&self) -> Vec<&str>;

    /// Whether the user known by these ids, names and addresses is protected.
    ///
    /// # Errors
    /// With the rule, if so.
    fn check_user(&self, known_as: &[String]) -> Result<(), Forbidden>;

    /// Whether the role known by these ids and names is protected.
    ///
    /// # Errors
    /// With the rule, if so.
    fn check_role(&self, known_as: &[String]) -> Result<(), Forbidden>;

    /// Whether so many removals are left; nothing is reserved.
    ///
    /// # Errors
    /// If not, or if nobody can tell.
    async fn foresee(&self, roles: u32) -> Result<(), Unreserved>;

    /// Reserves so many removals, to be settled by the id it gives; `None`: they are not counted.
    ///
    /// # Errors
    /// If they are not left, or if nobody can tell.
    async fn reserve(&self, roles: u32) -> Result<Option<String>, Unreserved>;

    /// Gives back what was reserved and not sent.
    async fn settle(&self, reservation: &str, sent: u32);
}

/// A removal that the operator forbids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    pub setting: &'static str,
    /// Names the rule and the setting.
    pub message: String,
}

/// Why removals could not be reserved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreserved {
    Forbidden(Forbidden),
    /// The count cannot be read or written.
    Uncounted(String),
}

/// Why nothing may be sent.
enum No {
    Forbidden(Forbidden),
    /// It cannot be told whether it is forbidden.
    Untold(Failure),
}

impl From<Forbidden> for No {
    fn from(forbidden: Forbidden) -> Self {
        Self::Forbidden(forbidden)
    }
}

impl From<Unreserved> for No {
    fn from(unreserved: Unreserved) -> Self {
        match unreserved {
            Unreserved::Forbidden(forbidden) => Self::Forbidden(forbidden),
            Unreserved::Uncounted(why) => {
                let message = format!("the removals of this account cannot be counted, so nothing was sent: {why}");
                Self::Untold(Failure::new(ErrorKind::Internal, Outcome::Failed, message))
            }
        }
    }
}

/// The user as the provider shows it.
struct Known {
    user: UserFields,
    /// It is the user's own record, not one of another kind that stands for it.
    first_hand: bool,
}

impl Run<'_> {
    /// Asks whether the active items may be taken away. If not, all of them end here.
    pub(super) async fn ask_guard(&mut self, guard: &dyn Guard) {
        match self.judged(guard).await {
            Ok(reservation) => self.reservation = reservation,
            Err(No::Untold(failure)) => self.fail_active(failure),
            Err(No::Forbidden(forbidden)) => {
                let active = self.active();
                self.record_refusal(&active, forbidden.setting).await;
                let failure = Failure::new(ErrorKind::Refused, Outcome::Refused, forbidden.message);
                for index in active {
                    self.items[index].reason = Some(GUARDED);
                    self.items[index].end(Outcome::Refused, Some(failure.clone()));
                }
            }
        }
    }

    /// Gives back what was reserved and not sent.
    pub(super) async fn settle_reservation(&mut self) {
        if let (Some(guard), Some(reservation)) = (self.guard, self.reservation.take()) {
            let sent = self.items.iter().filter(|item| item.sent).count();
            guard.settle(&reservation, u32::try_from(sent).unwrap_or(u32::MAX)).await;
        }
    }

    async fn record_refusal(&self, indices: &[usize], setting: &str) {
        let Some(trail) = self.trail else { return };
        let roles = indices.iter().map(|index| RoleOutcome {
            role: &self.items[*index].role,
            outcome: Outcome::Refused,
            verified: Verified::Skipped,
        });
        let roles: Vec<RoleOutcome<'_>> = roles.collect();
        if let Err(error) = trail.refused(self.request.id.as_deref(), &roles, setting).await {
            // Nothing was sent, and the entry is tried again.
            tracing::error!(%error, "a refusal is not recorded yet");
        }
    }

    async fn judged(&mut self, guard: &dyn Guard) -> Result<Option<String>, No> {
        let active = self.active();
        // First what can be told without asking anybody.
        if guard.protects_users() {
            let given: Vec<String> = self.given_id.iter().chain(&self.request.id).cloned().collect();
            guard.check_user(&given)?;
        }
        if guard.protects_roles() {
            for index in &active {
                guard.check_role(&self.role_known_as(*index))?;
                self.require_known_role(*index)?;
            }
        }
        let unnamed: Vec<usize> = active.iter().copied().filter(|index| !self.names_role(*index)).collect();
        if guard.protects_users() {
            let known = self.known_user(PROTECTED_USERS).await?;
            self.check_known_user(guard, &known).await?;
            if guard.protects_roles() {
                self.check_held_roles(guard, &known, &unnamed)?;
            }
        } else if guard.protects_roles() && !unnamed.is_empty() {
            let known = self.known_user(PROTECTED_ROLES).await?;
            self.check_held_roles(guard, &known, &unnamed)?;
        }
        let count = u32::try_from(active.len()).unwrap_or(u32::MAX);
        if self.request.options.dry_run {
            guard.foresee(count).await?;
            return Ok(None);
        }
        Ok(guard.reserve(count).await?)
    }

    async fn check_known_user(&mut self, guard: &dyn Guard, known: &Known) -> Result<(), No> {
        let mut known_as = user_known_as(&known.user);
        guard.check_user(&known_as)?;
        let addresses: Vec<String> = known_as.iter().filter(|text| text.contains('@')).cloned().collect();
        if !known.first_hand {
            // The same person may have a record of another kind, with another id.
            for address in &addresses {
                for id in self.users_at(address).await.map_err(|failure| untold(PROTECTED_USERS, failure))? {
                    if !known_as.contains(&id) {
                        known_as.extend(self.other_record(&id).await?);
                        known_as.push(id);
                    }
                }
            }
            guard.check_user(&known_as)?;
        }
        if addresses.is_empty() {
            // The provider does not show the user's address: whose the protected ones are, it may.
            known_as.extend(self.request.id.clone());
            for address in guard.protected_addresses() {
                let users = self.users_at(address).await.map_err(|failure| untold(PROTECTED_USERS, failure))?;
                if users.iter().any(|user| known_as.contains(user)) {
                    guard.check_user(&[address.to_owned()])?;
                }
            }
        }
        Ok(())
    }

    /// Where a request names a place and no role, it takes what is held there.
    fn check_held_roles(&self, guard: &dyn Guard, known: &Known, unnamed: &[usize]) -> Result<(), Forbidden> {
        let Some(Json::Array(held)) = known.user.to_json("roles") else { return Ok(()) };
        for index in unnamed {
            let places = self.role_known_as(*index);
            for role in &held {
                let member = |name: &str| role.get(name).and_then(json_text);
                let within: Vec<String> =
                    ["group", "organization", "workspace"].into_iter().filter_map(member).collect();
                if !within.is_empty() && within.iter().all(|place| places.contains(place)) {
                    let known_as: Vec<String> = ["id", "name"].into_iter().filter_map(member).collect();
                    guard.check_role(&known_as)?;
                }
            }
        }
        Ok(())
    }

    fn names_role(&self, index: usize) -> bool {
        let role = &self.items[index].role;
        role.id.is_some() || role.name.is_some()
    }

    /// Every id and name of an item's role: as given, and as looked up; where none is named, the places it is in.
    fn role_known_as(&self, index: usize) -> Vec<String> {
        let item = &self.items[index];
        let given = self.request.roles.get(index);
        let named = [given, Some(&item.role)].into_iter().flatten().flat_map(|role| [&role.id, &role.name]);
        let mut known_as: Vec<String> = named.flatten().cloned().collect();
        let value = item.value.as_object();
        let looked_up = value.and_then(|value| value.get("role")).and_then(Value::as_object);
        known_as.extend(looked_up.into_iter().flat_map(|role| role.values()).filter_map(text));
        if !self.names_role(index) {
            let places = [&item.role.group, &item.role.organization, &item.role.workspace];
            known_as.extend(places.into_iter().flatten().cloned());
            known_as.extend(value.into_iter().flat_map(|value| value.values()).filter_map(text));
        }
        known_as
    }

    /// A role whose look-up was not answered may have any name.
    fn require_known_role(&self, index: usize) -> Result<(), No> {
        let asked = self
            .operation
            .role_lookups
            .iter()
            .any(|lookup| lookup.given == RoleField::Id && matches!(lookup.place, LookupPlace::Read(..)));
        let item = &self.items[index];
        if item.role.id.is_some() && asked && !item.learned {
            let message = format!(
                "{PROTECTED_ROLES} protects roles, and the provider does not tell which role roles[{index}].id means"
            );
            return Err(Forbidden { setting: PROTECTED_ROLES, message }.into());
        }
        Ok(())
    }

    /// The user, read if need be; the request's own answers stay as they are.
    async fn known_user(&mut self, setting: &'static str) -> Result<Known, No> {
        let mut aside = self.aside();
        let found = aside.read_user(setting).await;
        self.trace.append(&mut aside.trace);
        found
    }

    /// What the record of that id shows, read as a request for it would read it.
    async fn other_record(&mut self, id: &str) -> Result<Vec<String>, No> {
        let mut aside = self.aside();
        aside.shared = Answers::default();
        aside.set_user_id(id);
        for step in &self.operation.steps {
            match step {
                Step::Read(read) => aside.read_step(read).await,
                Step::Let(values) => values.iter().for_each(|named| aside.let_step(named)),
                Step::Stop(_) | Step::Lock(_) => {}
                Step::Write(_) => break,
            }
        }
        let known = aside.read_user(PROTECTED_USERS).await;
        self.trace.append(&mut aside.trace);
        known.map(|known| user_known_as(&known.user))
    }

    async fn read_user(&mut self, setting: &'static str) -> Result<Known, No> {
        let operation = self.operation;
        let last = self.items.len().checked_sub(1);
        let mut failed = None;
        for read in operation.user_reads.iter().chain(&operation.proof.reads) {
            if let Some(known) = self.mapped_user() {
                return Ok(known);
            }
            let call = &self.connector.reads[read.read];
            if !self.scope(last).is_answered(&call.name)
                && self.holds_true(read.when.as_ref(), last)
                && let Err(failure) = self.run_read(call, last).await
            {
                failed.get_or_insert(failure);
            }
        }
        if let Some(known) = self.mapped_user() {
            return Ok(known);
        }
        Err(match failed {
            Some(failure) => untold(setting, failure),
            None => {
                let message = format!("{setting} is set, and the provider does not show who the user is");
                No::Forbidden(Forbidden { setting, message })
            }
        })
    }

    fn mapped_user(&self) -> Option<Known> {
        let MappedUser { mapping, fields: user, .. } = self.map_user()?;
        user.to_json("id").filter(|id| !id.is_null())?;
        // Where a better one was asked for, it did not show the user.
        let scope = self.scope(self.items.len().checked_sub(1));
        let mut better = self.operation.user.iter().take_while(|other| !std::ptr::eq(*other, mapping));
        let first_hand = !better.any(|other| scope.is_answered(&other.step));
        Some(Known { user, first_hand })
    }
}

fn untold(setting: &str, failure: Failure) -> No {
    let message = format!("it cannot be told whether {setting} forbids this: {}", failure.message);
    No::Untold(Failure { message, outcome: Outcome::Failed, ..failure })
}

fn text(value: &Value) -> Option<String> {
    id_text(value).map(|text| text.into_owned())
}

fn json_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Every id, name and address of a user.
fn user_known_as(user: &UserFields) -> Vec<String> {
    let mut known_as = Vec::new();
    let mut add = |value: &Json| known_as.extend(json_text(value));
    for field in ["id", "external_id", "username", "name"] {
        user.to_json(field).iter().for_each(&mut add);
    }
    if let Some(Json::Object(identifiers)) = user.to_json("identifiers") {
        identifiers.values().for_each(&mut add);
    }
    if let Some(Json::Array(emails)) = user.to_json("emails") {
        emails.iter().filter_map(|email| email.get("email")).for_each(&mut add);
    }
    known_as
}
