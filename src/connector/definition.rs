//! `connector.yaml` as it is written. Unknown keys are refused; texts are compiled in [`super::compile`].

mod auth;
mod operation;
mod transports;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use auth::*;
pub(super) use operation::{
    CheckSource, HoldsSource, InputSource, LookupSource, LookupsSource, OperationsSource, OtherwiseRead,
    OtherwiseSource, ProofSource, ReadRef, StepSource, StopOutcome, TargetsSource, UserFrom, UserSource, WriteSource,
};
pub use operation::{InputPlace, RoleField};
pub(super) use transports::*;

use crate::expression::MatcherSource;
use crate::model::{ErrorKind, Outcome};

/// A connector definition: how one provider takes a role away.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub(super) schema: u32,
    /// The connector's name in requests and settings, and the name of its folder.
    pub(super) slug: String,
    /// Other slugs it answers to.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    /// The provider's name, for people.
    pub(super) label: String,
    /// Where the provider documents the call.
    pub(super) docs: String,
    /// Where the API is, without a slash at the end; an account's `base_url` replaces it.
    pub(super) base_url: String,
    /// The ways to the provider, by name, where there is another than HTTP.
    #[serde(default)]
    pub(super) transports: IndexMap<String, TransportSource>,
    /// What an operator must enter to connect an account.
    pub(super) account: IndexMap<String, AccountKey>,
    /// Sets of credentials, the first one that is complete is used.
    pub(super) auth: Vec<AuthSource>,
    /// Headers of every call.
    #[serde(default)]
    pub(super) headers: IndexMap<String, String>,
    /// The read that shows whether an account's credentials work.
    pub(super) check: String,
    /// Static tables, such as the roles of a provider that cannot list them.
    #[serde(default)]
    pub(super) tables: IndexMap<String, Vec<serde_json::Map<String, serde_json::Value>>>,
    /// How the provider speaks of its rate limits.
    #[serde(default)]
    pub(super) rate_limit: RateLimitSource,
    /// Paths into an error's body where the provider's message may stand.
    #[serde(default)]
    pub(super) error_message: Vec<String>,
    /// What the provider's errors mean; ordered, first match wins.
    pub(super) errors: Vec<ErrorRuleSource>,
    /// Names of members of the provider's answers that are secrets.
    #[serde(default)]
    pub(super) secret_fields: Vec<String>,
    /// The provider's reads, by name.
    pub(super) reads: IndexMap<String, CallSource>,
    /// What a request must or may name.
    pub(super) inputs: IndexMap<String, InputSource>,
    /// What a caller's passthrough may set in a write, and what not.
    #[serde(default)]
    pub(super) targets: TargetsSource,
    /// How names and addresses become ids.
    #[serde(default)]
    pub(super) lookups: LookupsSource,
    /// Combinations of inputs that are refused before anything is written.
    #[serde(default)]
    pub(super) checks: Vec<CheckSource>,
    /// What is done, by the contract's names.
    pub(super) operations: OperationsSource,
    /// How the effect is shown.
    pub(super) proof: ProofSource,
    /// How the unified user is made.
    pub(super) user: UserSource,
}

/// One setting of an account.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AccountKey {
    /// No account without it.
    pub required: bool,
    /// Encrypted at rest, never shown; usable only in `auth`.
    pub secret: bool,
    /// A regular expression the whole value must match.
    pub pattern: Option<String>,
    /// The only values it may have.
    pub one_of: Vec<String>,
    /// Its value where the operator gives none.
    pub default: Option<String>,
    /// A boolean rather than a text.
    pub boolean: bool,
    /// What the operator is told of it.
    pub help: String,
}

/// The headers a provider speaks of its limits in, and their units.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitSource {
    /// The header that names how many calls a window has.
    pub limit: Option<String>,
    /// The header that names how many are left.
    pub remaining: Option<String>,
    /// When the window ends.
    pub reset: Option<TimeHeader>,
    /// When to try again, where it is not `Retry-After` in seconds.
    pub retry_after: Option<TimeHeader>,
    /// The window the limit is counted in, in seconds.
    pub window_s: Option<u32>,
}

/// A header that names a moment, or how long until it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeHeader {
    /// The header's name.
    pub header: String,
    /// What its number counts.
    pub unit: TimeUnit,
}

/// What the number of a header counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Seconds from now.
    Seconds,
    /// Seconds since 1970.
    EpochSeconds,
}

/// What an answer means that is not the expected one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorRuleSource {
    /// The answers that are meant.
    pub(super) when: MatcherSource,
    /// What the caller is told.
    pub(super) kind: ErrorKind,
    /// What became of the removal: `failed` without it.
    pub(super) outcome: Option<ErrorOutcome>,
    /// Who says the last word on a refused write.
    pub(super) settle: Option<SettleSource>,
}

/// What an error can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ErrorOutcome {
    /// The provider's clear no.
    Failed,
    /// It was not held; nothing was changed.
    AlreadyAbsent,
    /// It may have been done.
    Unknown,
}

impl From<ErrorOutcome> for Outcome {
    fn from(outcome: ErrorOutcome) -> Self {
        match outcome {
            ErrorOutcome::Failed => Self::Failed,
            ErrorOutcome::AlreadyAbsent => Self::AlreadyAbsent,
            ErrorOutcome::Unknown => Self::Unknown,
        }
    }
}

/// What settles a refusal.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum SettleSource {
    /// The proof: gone is removed, held is this failure, unreadable is unknown.
    ReadBack,
}

/// A call to the provider.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CallSource {
    /// The HTTP method. With `path`: how the call is made over HTTP.
    pub(super) method: Option<String>,
    /// A template below `base_url`; what is filled in stays one segment.
    pub(super) path: Option<String>,
    /// An object, a tree whose strings are templates: how the call is made over a transport that carries messages.
    pub(super) message: Option<serde_json::Value>,
    /// Where the answer's body is in what came over a transport of that name, so that it is the same over all of them.
    #[serde(default)]
    pub(super) unwrap: IndexMap<String, String>,
    /// Query parameters, each a template; one without a value is left out.
    #[serde(default)]
    pub(super) query: IndexMap<String, String>,
    /// Headers of this call, each a template; one without a value is left out.
    #[serde(default)]
    pub(super) headers: IndexMap<String, String>,
    /// The JSON body: a tree whose strings are templates, or one template that gives all of it.
    pub(super) body: Option<serde_json::Value>,
    /// The answers that are good. It must name a status.
    pub(super) success: MatcherSource,
    /// How a listing goes on, where it has pages.
    pub(super) paginate: Option<PaginateSource>,
    /// Errors of this call alone, looked at before the common ones.
    #[serde(default)]
    pub(super) errors: Vec<ErrorRuleSource>,
}

/// How a listing goes on.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PaginateSource {
    /// Path of the list in the body; without it, the body itself is the list.
    #[serde(default)]
    pub(super) list: String,
    /// An expression over `.answer.body` and `.answer.collected` (how many so far): what the next page is asked for with, or null.
    pub(super) next: String,
    /// What `next` gives.
    #[serde(default)]
    pub(super) by: PageBy,
    /// The query parameter that takes it, where it is a cursor.
    #[serde(default)]
    pub(super) param: String,
    /// A listing that has still more pages than this was cut short, and proves nothing absent.
    pub(super) max_pages: u32,
}

/// How the next page is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PageBy {
    /// A value of the query parameter `param`.
    #[default]
    Cursor,
    /// An address on the provider's own host; any other ends the listing as cut short.
    Link,
}
