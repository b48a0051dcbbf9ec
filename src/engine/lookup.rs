//! Look-ups: a user by e-mail, a role by id or name, and whether a role exists at all.

use std::borrow::Cow;
use std::sync::Arc;

use super::report::Failure;
use super::run::Run;
use super::search::{Cut, Found, Given, Search, if_whole, named, only_entry, pick};
use super::wire::{Answered, Extra};
use crate::connector::{Lookup, LookupPlace, RoleField};
use crate::expression::{Expression, Value, id_text, same_id};
use crate::model::{ErrorKind, Outcome, RequestError};

impl Run<'_> {
    /// Finds the user that an e-mail address means, where the definition can.
    ///
    /// # Errors
    /// If none or several users have that address.
    pub(super) async fn find_user(&mut self) -> Result<(), RequestError> {
        let Some(lookup) = &self.operation.user_lookup else { return Ok(()) };
        let Some(email) = self.request.id.clone().filter(|id| id.matches('@').count() == 1) else { return Ok(()) };
        super::prepare::check_user_email(&email)?;
        let searched = self.search(lookup, &Value::from(email.as_str()), 0, Given::Text).await;
        let refuse = |what: &str, candidates: &[String]| {
            let listed =
                if candidates.is_empty() { String::new() } else { format!("; candidates: {}", named(candidates)) };
            Err(RequestError::new(format!("id: {what} the e-mail address given{listed}")))
        };
        match searched {
            Search::Found(Found { taken, .. }) => {
                let id = taken.iter().find(|(field, _)| field.as_str() == "id").and_then(|(_, value)| id_text(value));
                let Some(id) = id else { return refuse("no id is known of the user with", &[]) };
                self.set_user_id(&id);
                self.note_user();
                Ok(())
            }
            Search::Several(candidates) => refuse("several users have", &candidates),
            Search::CutShort => Err(RequestError::new(
                "id: the provider's list of users is too long to be searched to its end for the e-mail address given; \
                 give the user's id",
            )),
            Search::Absent { candidates, .. } => refuse("no user has", &candidates),
            // Of one asked for by the address; a list that is not found is another matter.
            Search::Failed(failure)
                if failure.kind == ErrorKind::NotFound && matches!(lookup.place, LookupPlace::Read(_, None)) =>
            {
                refuse("no user has", &[])
            }
            Search::Failed(failure) => {
                self.fail_active(failure);
                Ok(())
            }
        }
    }

    /// The ids of all users with this address; none where the provider is not asked by address.
    ///
    /// # Errors
    /// If it cannot be told.
    pub(super) async fn users_at(&mut self, address: &str) -> Result<Vec<String>, Failure> {
        let Some(lookup) = &self.operation.user_lookup else { return Ok(Vec::new()) };
        let mut aside = self.aside();
        aside.set_user_id(address);
        let searched = aside.search(lookup, &Value::from(address), 0, Given::Text).await;
        self.trace.append(&mut aside.trace);
        match searched {
            Search::Found(Found { taken, .. }) => {
                let ids = taken.iter().filter(|(field, _)| field.as_str() == "id").filter_map(|(_, id)| id_text(id));
                Ok(ids.map(Cow::into_owned).collect())
            }
            Search::Several(ids) => Ok(ids),
            Search::Absent { .. } => Ok(Vec::new()),
            Search::Failed(failure)
                if failure.kind == ErrorKind::NotFound && matches!(lookup.place, LookupPlace::Read(_, None)) =>
            {
                Ok(Vec::new())
            }
            Search::Failed(failure) => Err(failure),
            Search::CutShort => {
                let message = "the provider's list of users is too long to be searched to its end for an address";
                Err(Failure::new(ErrorKind::ProviderError, Outcome::Failed, message))
            }
        }
    }

    /// Finds every item's role, and learns whether it exists.
    ///
    /// # Errors
    /// If a role's name means none or several, or its id and name mean different roles.
    pub(super) async fn find_roles(&mut self) -> Result<(), RequestError> {
        if self.operation.role_lookups.is_empty() {
            return Ok(());
        }
        for index in self.active() {
            self.find_role(index).await?;
        }
        Ok(())
    }

    async fn find_role(&mut self, index: usize) -> Result<(), RequestError> {
        let (id, name) = (self.items[index].role.id.clone(), self.items[index].role.name.clone());
        let (given, text) = match (&id, &name) {
            (Some(id), _) => (RoleField::Id, id.clone()),
            (None, Some(name)) => (RoleField::Name, name.clone()),
            (None, None) => return Ok(()),
        };
        let key = self.role_key(index, given, &text);
        let known = self.wire.account.known_role(&key);
        let (known, shows) = match known {
            Some(known) => (known, true),
            None => match self.search_role(index, given, &text).await? {
                Some(Found { taken, shows: true }) => {
                    // What holds a secret is read again: nobody would know later that it has to be masked.
                    if self.repeated.is_empty() {
                        self.wire.account.remember_role(key, taken.clone());
                    }
                    (Arc::new(taken), true)
                }
                Some(Found { taken, shows: false }) => (Arc::new(taken), false),
                None => return Ok(()),
            },
        };
        if let (Some(name), Some((_, found))) = (&name, known.iter().find(|(field, _)| field.as_str() == "name"))
            && id.is_some()
            && !same_id(found, &Value::from(name.as_str()), true)
        {
            let message = format!("roles[{index}].id and roles[{index}].name name different roles; give one of them");
            return Err(RequestError::new(message));
        }
        self.items[index].learn_role(&known, shows);
        Ok(())
    }

    /// What a known role is remembered by: where a look-up depends on more than what is looked for, by that too.
    fn role_key(&self, index: usize, given: RoleField, text: &str) -> String {
        let looked_up = |lookup: &&Lookup| lookup.given == given && lookup.of_item;
        if !self.operation.role_lookups.iter().any(|lookup| looked_up(&lookup)) {
            return format!("{given:?} {text}");
        }
        let mut scope = self.items[index].value.clone();
        if let Some(scope) = scope.as_object_mut() {
            scope.remove("role");
        }
        format!("{given:?} {text} of {} in {scope}", self.request.id.as_deref().unwrap_or_default())
    }

    /// What is known of a role; `None` if it cannot be asked, or the item ended because there is no such role.
    async fn search_role(&mut self, index: usize, given: RoleField, text: &str) -> Result<Option<Found>, RequestError> {
        let mut candidates = Vec::new();
        let mut shown_absent = false;
        let mut unlearnt = None;
        let value = Value::from(text);
        let operation = self.operation;
        for lookup in operation.role_lookups.iter().filter(|lookup| lookup.given == given) {
            match self.search(lookup, &value, index, given.into()).await {
                Search::Found(found) => return Ok(Some(found)),
                Search::Several(_) if given == RoleField::Id => {
                    let message = format!("roles[{index}].id: the provider lists several roles of that id");
                    return Err(RequestError::new(message));
                }
                Search::Several(several) => {
                    return Err(RequestError::new(format!(
                        "roles[{index}].name means several roles: {}; give roles[{index}].id",
                        named(&several)
                    )));
                }
                Search::CutShort => {
                    return Err(RequestError::new(format!(
                        "roles[{index}].name: the provider's list of roles is too long to be searched to its end; \
                         give roles[{index}].id"
                    )));
                }
                Search::Absent { candidates: seen, complete, unread } => {
                    shown_absent |= complete && !lookup.partial;
                    unlearnt = unread.or(unlearnt);
                    candidates.extend(seen);
                }
                Search::Failed(failure)
                    if failure.kind == ErrorKind::NotFound && given == RoleField::Id && !lookup.partial =>
                {
                    self.items[index].end(Outcome::Failed, Some(failure));
                    return Ok(None);
                }
                // A role that cannot be asked about is worked on all the same: it is not shown to exist, that is all.
                Search::Failed(failure) if given == RoleField::Id && !failure.kind.is_of_account() => {
                    unlearnt = Some(failure);
                }
                Search::Failed(failure) => {
                    self.end_item(index, failure);
                    return Ok(None);
                }
            }
        }
        match given {
            RoleField::Name => {
                candidates.dedup();
                let listed =
                    if candidates.is_empty() { String::new() } else { format!("; there are: {}", named(&candidates)) };
                Err(RequestError::new(format!("roles[{index}].name means no role{listed}")))
            }
            RoleField::Id if shown_absent => {
                let failure = Failure::new(ErrorKind::NotFound, Outcome::Failed, "the provider has no role of that id");
                self.items[index].end(Outcome::Failed, Some(failure));
                Ok(None)
            }
            RoleField::Id => {
                self.items[index].unlearnt = unlearnt;
                Ok(None)
            }
        }
    }

    async fn search(&mut self, lookup: &Lookup, given: &Value, index: usize, what: Given) -> Search {
        let mut search = match &lookup.place {
            // A table may know fewer than the provider has: a role that is not in it may exist all the same.
            LookupPlace::Table(rows) => pick(lookup, rows, given, false),
            LookupPlace::Read(read, list) => self.search_answer(lookup, *read, list.as_ref(), given, index, what).await,
        };
        if let (Search::Found(found), Some(shows)) = (&mut search, &lookup.shows_when) {
            found.shows = shows.is_true(&self.scope(Some(index)));
        }
        search
    }

    async fn search_answer(
        &mut self,
        lookup: &Lookup,
        read: usize,
        list: Option<&Expression>,
        given: &Value,
        index: usize,
        what: Given,
    ) -> Search {
        // All that the search is made of has to be whole.
        let mut cut = None;
        for first in &lookup.after {
            match self.run_read(&self.connector.reads[*first], Some(index)).await {
                Ok(answered) => cut = cut.or(Cut::of(&answered)),
                Err(failure) => return Search::Failed(failure),
            }
        }
        if lookup.none_when.as_ref().is_some_and(|none| none.is_true(&self.scope(Some(index)))) {
            let none = Search::Absent { candidates: Vec::new(), complete: !lookup.partial, unread: None };
            return if_whole(none, cut, what);
        }
        let call = &self.connector.reads[read];
        let answered = match self.run_read(call, Some(index)).await {
            Ok(answered) => answered,
            Err(failure) => return Search::Failed(failure),
        };
        let cut = cut.or(Cut::of(&answered));
        let Some(list) = list else { return if_whole(only_entry(lookup, &answered, given), cut, what) };
        let scope = self.scope(Some(index));
        let entries: Cow<'_, Value> = list.evaluate(&scope);
        match entries.as_array() {
            Some(entries) => if_whole(pick(lookup, entries, given, cut.is_none()), cut, what),
            None => Search::Failed(Failure::new(
                ErrorKind::ProviderError,
                Outcome::Failed,
                format!("the provider's answer to `{}` holds no list", call.name),
            )),
        }
    }

    /// Runs a read and keeps its answer, for an item where it reads the item.
    pub(super) async fn run_read(
        &mut self,
        call: &crate::connector::Call,
        index: Option<usize>,
    ) -> Result<Arc<Answered>, Failure> {
        let item = index.filter(|_| call.per_item);
        let exchange = self.wire.exchange(call, &self.scope(item.or(index)), Extra::default(), false).await;
        self.trace.extend(exchange.trace);
        let answered = exchange.result?;
        self.repeated.note(&answered);
        if call.names_user && self.operation.proof.shows_user.is_none() && (200..300).contains(&answered.status) {
            self.note_user();
        }
        let answers = match item {
            Some(index) => &mut self.items[index].answers,
            None => &mut self.shared,
        };
        answers.set(&call.name, Arc::clone(&answered.reading));
        // What no answer at hand was read from is not shown any more.
        self.raw.retain(|(reading, _)| Arc::strong_count(reading) > 1);
        self.raw.push((Arc::clone(&answered.reading), answered.pages()));
        Ok(answered)
    }
}
