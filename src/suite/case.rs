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
