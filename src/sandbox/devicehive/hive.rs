//! What the server does, whichever face it was asked through: one state for messages and REST.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Notify;

use super::directory::{Directory, View};
use super::listing::Listing;
use super::refusal::Refusal;
use super::settings::{AssignPermission, Settings};
use super::tokens::{self, Grant, Kind, Tokens};

/// What administrators' tokens do not need and clients' tokens have: all but managing users, networks and tokens.
const CLIENT_ACTIONS: [u8; 10] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

pub(super) struct Hive {
    pub(super) settings: Settings,
    pub(super) directory: Directory,
    pub(super) tokens: Tokens,
    /// Per client id that is connected to the broker.
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) connections: u64,
}

/// The broker's connection to the server on behalf of one client id.
pub(super) struct Session {
    pub(super) connection: u64,
    pub(super) ended: Arc<Notify>,
    pub(super) grant: Option<Grant>,
}

impl Hive {
    /// An access token and a refresh token.
    pub(super) fn login(&mut self, login: &str, password: &str, now_ms: u64) -> Result<(String, String), Refusal> {
        let (id, _) = self
            .directory
            .by_login(login)
            .filter(|(_, user)| user.password == password && user.status == 0)
            .ok_or_else(Refusal::credentials)?;
        let refresh = self.issue(Kind::Refresh, id, None, now_ms)?;
        let access = self.issue(Kind::Access, id, None, now_ms)?;
        if let Some(user) = self.directory.users.get_mut(&id) {
            let now = Timestamp::from_millisecond(now_ms as i64).unwrap_or_default();
            user.last_login = Some(now.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string());
        }
        Ok((access, refresh))
    }

    /// A token for the user; its actions are those of the global role if they are left out.
    pub(super) fn issue(
        &mut self,
        kind: Kind,
        user: i64,
        actions: Option<&[u8]>,
        now_ms: u64,
    ) -> Result<String, Refusal> {
        let owner = self.directory.users.get(&user).ok_or_else(Refusal::credentials)?;
        let lifetime = match kind {
            Kind::Access => self.settings.access_lifetime,
            Kind::Refresh => self.settings.refresh_lifetime,
        };
        let networks = match owner.role {
            0 => vec!["*".to_owned()],
            _ => owner.networks.iter().map(ToString::to_string).collect(),
        };
        let own_actions: &[u8] = if owner.role == 0 { &[tokens::ANY] } else { &CLIENT_ACTIONS };
        let grant = Grant {
            user,
            actions: actions.unwrap_or(own_actions).to_vec(),
            networks,
            expires_ms: now_ms.saturating_add(lifetime.as_millis() as u64),
        };
        Ok(self.tokens.issue(kind, grant))
    }

    /// An access token for a refresh token.
    pub(super) fn refresh(&mut self, token: &str, now_ms: u64) -> Result<String, Refusal> {
        let grant = self.tokens.check(Kind::Refresh, token, now_ms)?;
        self.active(&grant)?;
        self.issue(Kind::Access, grant.user, Some(&grant.actions), now_ms)
    }

    /// What an access token opens.
    pub(super) fn admit(&self, token: &str, now_ms: u64) -> Result<Grant, Refusal> {
        let grant = self.tokens.check(Kind::Access, token, now_ms)?;
        self.active(&grant)?;
        Ok(grant)
    }

    /// A token dies with its user.
    pub(super) fn active(&self, grant: &Grant) -> Result<(), Refusal> {
        let user = self.directory.users.get(&grant.user);
        if user.is_some_and(|user| user.status == 0) {
            return Ok(());
        }
        Err(Refusal::unauthorized())
    }

    pub(super) fn may_list(&self, grant: &Grant) -> Result<(), Refusal> {
        permitted(grant.permits(tokens::MANAGE_USER))
    }

    pub(super) fn may_read_network(&self, grant: &Grant) -> Result<(), Refusal> {
        permitted(grant.permits(tokens::MANAGE_USER) || grant.permits(tokens::MANAGE_NETWORK))
    }

    pub(super) fn may_assign(&self, grant: &Grant) -> Result<(), Refusal> {
        permitted(grant.permits(match self.settings.assign_permission {
            AssignPermission::ManageNetwork => tokens::MANAGE_NETWORK,
            AssignPermission::ManageUser => tokens::MANAGE_USER,
        }))
    }

    pub(super) fn list(&self, listing: &Listing, default_take: usize) -> Value {
        listing.users(&self.directory, default_take)
    }

    pub(super) fn user(&self, grant: &Grant, user: i64, now_ms: u64) -> Result<Value, Refusal> {
        self.visible(grant, user)?;
        self.directory.single(user, self.view(now_ms)).ok_or_else(|| Refusal::no_user(user))
    }

    pub(super) fn user_network(&self, grant: &Grant, user: i64, network: i64, now_ms: u64) -> Result<Value, Refusal> {
        self.visible(grant, user)?;
        let shown = self.directory.shows(user, network, self.view(now_ms));
        let found = self.directory.network(network).filter(|_| shown);
        found.ok_or_else(|| Refusal::no_membership(user, network))
    }

    pub(super) fn assign(&mut self, user: i64, network: i64) -> Result<(), Refusal> {
        self.both_exist(user, network)?;
        self.directory.assign(user, network);
        Ok(())
    }

    pub(super) fn unassign(&mut self, user: i64, network: i64, now_ms: u64) -> Result<(), Refusal> {
        self.both_exist(user, network)?;
        if !self.settings.unassign_has_no_effect {
            self.directory.unassign(user, network, now_ms);
        }
        Ok(())
    }

    fn both_exist(&self, user: i64, network: i64) -> Result<(), Refusal> {
        if !self.directory.users.contains_key(&user) {
            return Err(Refusal::no_user(user));
        }
        if !self.directory.networks.contains_key(&network) {
            return Err(Refusal::no_network(network));
        }
        Ok(())
    }

    /// Whoever is no administrator sees nobody else.
    fn visible(&self, grant: &Grant, user: i64) -> Result<(), Refusal> {
        let users = &self.directory.users;
        let administrator = users.get(&grant.user).is_some_and(|u| u.role == 0);
        if !administrator && grant.user != user {
            return Err(Refusal::hidden_user(user));
        }
        if users.contains_key(&user) { Ok(()) } else { Err(Refusal::no_user(user)) }
    }

    fn view(&self, now_ms: u64) -> View {
        View { now_ms, lag: self.settings.read_lag, nested: self.settings.nested_networks }
    }
}

fn permitted(permitted: bool) -> Result<(), Refusal> {
    if permitted { Ok(()) } else { Err(Refusal::denied()) }
}
