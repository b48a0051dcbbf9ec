//! The blast guard: how many removals an account may have an hour, and which users and roles nobody takes anything from.
//! It compares and counts; when it is asked, and who is meant, is the engine's business.

use std::sync::Arc;

use async_trait::async_trait;
use icu_normalizer::ComposingNormalizerBorrowed;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::GatewayError;
use crate::connector::Registry;
use crate::credentials::Account;
use crate::engine::{Forbidden, Guard, PROTECTED_ROLES, PROTECTED_USERS, Unreserved};
use crate::storage::{Reservation, Storage, StorageError, new_id, timestamp};

const CAP: &str = "guard.removals_per_account_per_hour";
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// What the operator forbids. By default nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuardSettings {
    /// 0: as many as are asked for.
    pub removals_per_account_per_hour: u32,
    pub protected_users: Vec<Protected>,
    pub protected_roles: Vec<Protected>,
}

/// A user or a role that is protected: everywhere, or where all of these say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Protected {
    /// An id, a name, or an e-mail address.
    pub is: String,
    pub environment: Option<String>,
    /// Id of an integrated account.
    pub account: Option<String>,
    /// Slug of a connector, or one of its aliases.
    pub connector: Option<String>,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "each entry must be a text, or a table with `is` and, if need be, `environment`, `account`, `connector`"
)]
enum Written {
    Everywhere(String),
    Within(Within),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Within {
    is: String,
    environment: Option<String>,
    account: Option<String>,
    connector: Option<String>,
}

impl From<Written> for Protected {
    fn from(written: Written) -> Self {
        match written {
            Written::Everywhere(is) => Self { is, ..Self::default() },
            Written::Within(Within { is, environment, account, connector }) => {
                Self { is, environment, account, connector }
            }
        }
    }
}

/// The rules, checked. There are none where nothing is set.
pub(super) struct Rules {
    cap: u32,
    users: Vec<Arc<Rule>>,
    roles: Vec<Arc<Rule>>,
}

struct Rule {
    protected: Protected,
    folded: String,
}

/// The rules of one account.
pub(super) struct AccountGuard {
    storage: Arc<dyn Storage>,
    account: String,
    cap: u32,
    users: Vec<Arc<Rule>>,
    roles: Vec<Arc<Rule>>,
}

impl Rules {
    /// `None`: nothing is forbidden.
    ///
    /// # Errors
    /// If an entry would protect nothing: an empty one, or one of a connector that there is not.
    pub(super) fn of(settings: &GuardSettings, registry: &Registry) -> Result<Option<Self>, GatewayError> {
        if *settings == GuardSettings::default() {
            return Ok(None);
        }
        let rules = |setting: &str, entries: &[Protected]| {
            let rule = |(index, entry): (usize, &Protected)| {
                Rule::of(entry, registry)
                    .map(Arc::new)
                    .map_err(|why| GatewayError::Setting(format!("{setting}[{index}]{why}")))
            };
            entries.iter().enumerate().map(rule).collect::<Result<Vec<_>, _>>()
        };
        Ok(Some(Self {
            cap: settings.removals_per_account_per_hour,
            users: rules(PROTECTED_USERS, &settings.protected_users)?,
            roles: rules(PROTECTED_ROLES, &settings.protected_roles)?,
        }))
    }

    /// What holds at an account; `None`: nothing does.
    pub(super) fn at(&self, account: &Account, storage: &Arc<dyn Storage>) -> Option<AccountGuard> {
        let own = |rules: &[Arc<Rule>]| -> Vec<Arc<Rule>> {
            rules.iter().filter(|rule| rule.holds_at(account)).cloned().collect()
        };
        let (users, roles) = (own(&self.users), own(&self.roles));
        if self.cap == 0 && users.is_empty() && roles.is_empty() {
            return None;
        }
        Some(AccountGuard { storage: Arc::clone(storage), account: account.id.clone(), cap: self.cap, users, roles })
    }

    /// The accounts that rules name.
    pub(super) fn accounts(&self) -> impl Iterator<Item = &str> {
        self.users.iter().chain(&self.roles).filter_map(|rule| rule.protected.account.as_deref())
    }
}

impl Rule {
    fn of(entry: &Protected, registry: &Registry) -> Result<Self, String> {
        let folded = folded(&entry.is);
        if folded.is_empty() {
            return Err(" is empty; it must be an id, a name or an e-mail address".to_owned());
        }
        let mut protected = entry.clone();
        if let Some(name) = &entry.connector {
            match registry.find(name) {
                Some(Ok(connector)) => protected.connector = Some(connector.slug.clone()),
                // It takes nothing away, whoever is protected.
                Some(Err(_)) => {}
                None => return Err(format!(".connector: there is no connector `{name}`")),
            }
        }
        Ok(Self { protected, folded })
    }

    fn holds_at(&self, account: &Account) -> bool {
        let Protected { environment, account: id, connector, .. } = &self.protected;
        environment.as_ref().is_none_or(|it| *it == account.environment)
            && id.as_ref().is_none_or(|it| *it == account.id)
            && connector.as_ref().is_none_or(|it| *it == account.connector.slug)
    }
}

/// One spelling for all that a reader would take for the same: no matter the case, how an accent is composed, or the width.
fn folded(text: &str) -> String {
    let normalizer = const { ComposingNormalizerBorrowed::new_nfkc() };
    normalizer.normalize(&normalizer.normalize(text.trim()).to_lowercase()).into_owned()
}

fn check(rules: &[Arc<Rule>], setting: &'static str, known_as: &[String], what: &str) -> Result<(), Forbidden> {
    let known_as: Vec<String> = known_as.iter().map(|text| folded(text)).collect();
    match rules.iter().find(|rule| known_as.contains(&rule.folded)) {
        None => Ok(()),
        Some(rule) => {
            let message = format!(
                "{setting} names `{}`: {what}; nothing was sent. Whoever runs this gateway can change that setting",
                rule.protected.is
            );
            Err(Forbidden { setting, message })
        }
    }
}

fn since() -> String {
    let since = Timestamp::now().checked_sub(HOUR).unwrap_or(Timestamp::MIN);
    format!("{since:.3}")
}

fn uncounted(error: StorageError) -> Unreserved {
    Unreserved::Uncounted(error.to_string())
}

impl AccountGuard {
    fn forbidden(&self, counted: u64, roles: u32) -> Unreserved {
        let cap = self.cap;
        let message = format!(
            "{CAP} allows {cap} removals an hour at one account: {counted} were sent or are being sent, and this request has \
             {roles}; nothing of it was sent"
        );
        Unreserved::Forbidden(Forbidden { setting: CAP, message })
    }
}

#[async_trait]
impl Guard for AccountGuard {
    fn protects_users(&self) -> bool {
        !self.users.is_empty()
    }

    fn protects_roles(&self) -> bool {
        !self.roles.is_empty()
    }

    fn protected_addresses(&self) -> Vec<&str> {
        self.users.iter().map(|rule| rule.protected.is.trim()).filter(|is| is.contains('@')).collect()
    }

    fn check_user(&self, known_as: &[String]) -> Result<(), Forbidden> {
        check(&self.users, PROTECTED_USERS, known_as, "nothing may be taken from this user")
    }

    fn check_role(&self, known_as: &[String]) -> Result<(), Forbidden> {
        check(&self.roles, PROTECTED_ROLES, known_as, "this role may be taken from nobody")
    }

    async fn foresee(&self, roles: u32) -> Result<(), Unreserved> {
        if self.cap == 0 {
            return Ok(());
        }
        let counted = self.storage.removals(&self.account, &since()).await.map_err(uncounted)?;
        if counted + u64::from(roles) > u64::from(self.cap) { Err(self.forbidden(counted, roles)) } else { Ok(()) }
    }

    async fn reserve(&self, roles: u32) -> Result<Option<String>, Unreserved> {
        if self.cap == 0 {
            return Ok(None);
        }
        let since = since();
        let removals = Reservation { id: new_id(), account: self.account.clone(), at: timestamp(), roles };
        if self.storage.reserve_removals(&removals, &since, self.cap).await.map_err(uncounted)? {
            return Ok(Some(removals.id));
        }
        let counted = self.storage.removals(&self.account, &since).await.map_err(uncounted)?;
        Err(self.forbidden(counted, roles))
    }

    async fn settle(&self, reservation: &str, sent: u32) {
        if let Err(error) = self.storage.settle_removals(reservation, sent).await {
            // They count for an hour though they were not sent: too few are allowed, never too many.
            tracing::warn!(account = %self.account, %error, "reserved removals are not given back");
        }
    }
}
