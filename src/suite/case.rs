//! A connector's case: the values with which it meets the scenarios. Every key is documented in the scenarios' README.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::scenario::{Expect, Place, PlantedAnswer};
use super::words::{OneOf, Road};

/// What one connector fills in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Changes to the simulator's own account, for every scenario; `null` takes a key out.
    #[serde(default)]
    pub context: Map<String, Value>,
    /// What the provider's own base URL has after the host, such as `/api`.
    #[serde(default)]
    pub base_path: String,
    /// Everything that the gateway may ask the provider, and the query parameters it may use there.
    pub roads: IndexMap<Road, Vec<String>>,
    /// Which of them each place is.
    pub calls: IndexMap<Place, OneOf<Road>>,
    /// Other accounts than the simulator's own, as changes to its context; `null` takes a key out.
    #[serde(default)]
    pub accounts: IndexMap<String, Map<String, Value>>,
    /// Switches of the simulator for every scenario.
    #[serde(default)]
    pub switches: IndexMap<String, Value>,
    /// The request of every scenario that needs no other.
    pub usual: Request,
    #[serde(default)]
    pub scenarios: IndexMap<String, Entry>,
    #[serde(default)]
    pub cannot_apply: IndexMap<String, CannotApply>,
    /// By name, accounts that the provider is met otherwise with: every scenario is played again with each.
    #[serde(default)]
    pub variants: IndexMap<String, Variant>,
}

impl Case {
    /// The case itself and its variants, each as a case of its own; the variants with their names.
    pub fn rows(&self) -> impl Iterator<Item = (Option<&str>, Self)> {
        let variants = self.variants.iter().map(|(name, variant)| (Some(name.as_str()), self.varied(variant)));
        std::iter::once((None, self.clone())).chain(variants)
    }

    fn varied(&self, variant: &Variant) -> Self {
        let mut case = Self { variants: IndexMap::new(), ..self.clone() };
        let Variant { context, base_path, roads, calls, accounts, switches, usual, scenarios, cannot_apply } =
            variant.clone();
        case.context.extend(context);
        case.accounts.extend(accounts);
        case.switches.extend(switches);
        case.scenarios.retain(|name, _| !cannot_apply.contains_key(name));
        case.scenarios.extend(scenarios);
        case.cannot_apply = cannot_apply;
        case.base_path = base_path.unwrap_or(case.base_path);
        case.roads = roads.unwrap_or(case.roads);
        case.calls = calls.unwrap_or(case.calls);
        case.usual = usual.unwrap_or(case.usual);
        case
    }
}

/// What is different with another account. What is left out is the case's, but for `cannot_apply`: why a scenario cannot
/// be played with one account says nothing of another.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Variant {
    /// In addition to the case's.
    pub context: Map<String, Value>,
    pub base_path: Option<String>,
    pub roads: Option<IndexMap<Road, Vec<String>>>,
    pub calls: Option<IndexMap<Place, OneOf<Road>>>,
    /// In addition to the case's, by name.
    pub accounts: IndexMap<String, Map<String, Value>>,
    /// In addition to the case's.
    pub switches: IndexMap<String, Value>,
    pub usual: Option<Request>,
    /// Each in place of the case's of that name.
    pub scenarios: IndexMap<String, Entry>,
    /// All that there are.
    pub cannot_apply: IndexMap<String, CannotApply>,
}

/// A request, and the facts it is about.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// Query parameters; anything but a text is written as JSON.
    pub query: IndexMap<String, Value>,
    pub body: Map<String, Value>,
    /// For each item the line of the simulator's `memberships()` that it would take away; `null` where there is none.
    pub facts: Vec<Option<String>>,
    /// What is lost by nature together with them.
    pub also: Vec<String>,
}

/// What a case gives for one scenario.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Entry {
    /// One of `accounts`.
    pub account: Option<String>,
    pub switches: IndexMap<String, Value>,
    pub clock_ms: Option<u64>,
    /// The provider's own words for the faults that ask for them.
    pub answers: IndexMap<String, PlantedAnswer>,
    pub request: Option<Request>,
    pub requests: Vec<Request>,
    /// Further sets of inputs without which nothing can be taken away.
    pub without: Vec<Vec<String>>,
    /// By these names the provider knows whose access to what is taken.
    pub targets: Vec<String>,
    pub remote_data: Option<Value>,
    pub remote_query: Option<String>,
    /// Narrower than the scenario's.
    pub expect: Expect,
}

/// Why a scenario cannot be played with this provider.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CannotApply {
    /// The page that makes it so, such as `vendors/<slug>.md`.
    pub page: String,
    /// The page's own line.
    pub quote: String,
    pub because: String,
}
