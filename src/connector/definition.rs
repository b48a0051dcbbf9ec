//! `connector.yaml` as it is written. Unknown keys are refused; texts are compiled in [`super::compile`].

mod auth;
mod transports;

use indexmap::IndexMap;
use serde::Deserialize;

pub(super) use auth::*;
pub(super) use transports::*;

use crate::expression::MatcherSource;
use crate::model::{ErrorKind, Outcome};

/// A connector definition: how one provider takes a role away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// The version of this format.
    pub(super) schema: u32,
    pub(super) slug: String,
    /// Other slugs it answers to.
    #[serde(default)]
    pub(super) aliases: Vec<String>,
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
    #[serde(default)]
    pub(super) targets: TargetsSource,
    #[serde(default)]
    pub(super) lookups: LookupsSource,
    #[serde(default)]
    pub(super) checks: Vec<CheckSource>,
    pub(super) operations: OperationsSource,
    pub(super) proof: ProofSource,
    pub(super) user: UserSource,
}

/// One setting of an account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountKey {
    pub required: bool,
    /// Encrypted at rest, never shown; usable only in `auth`.
    pub secret: bool,
    /// A regular expression the whole value must match.
    pub pattern: Option<String>,
    pub one_of: Vec<String>,
    pub default: Option<String>,
    /// A boolean rather than a text.
    pub boolean: bool,
    /// What the operator is told of it.
    pub help: String,
}

/// The headers a provider speaks of its limits in, and their units.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitSource {
    pub limit: Option<String>,
    pub remaining: Option<String>,
    pub reset: Option<TimeHeader>,
    /// When to try again, where it is not `Retry-After` in seconds.
    pub retry_after: Option<TimeHeader>,
    /// The window the limit is counted in.
    pub window_s: Option<u32>,
}

/// A header that names a moment, or how long until it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeHeader {
    pub header: String,
    pub unit: TimeUnit,
}

/// The unit of a [`TimeHeader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    Seconds,
    EpochSeconds,
}

/// What an answer means that is not the expected one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ErrorRuleSource {
    pub(super) when: MatcherSource,
    pub(super) kind: ErrorKind,
    /// What became of the removal: `failed` (default), `already_absent` or `unknown`.
    pub(super) outcome: Option<Outcome>,
    /// Who says the last word on a refused write.
    pub(super) settle: Option<SettleSource>,
}

/// What settles a refusal.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum SettleSource {
    /// The proof: gone is removed, held is this failure, unreadable is unknown.
    ReadBack,
}

/// A call to the provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CallSource {
    /// With `path`: how it is made over HTTP.
    pub(super) method: Option<String>,
    pub(super) path: Option<String>,
    /// An object: how it is made over a transport that carries messages.
    pub(super) message: Option<serde_json::Value>,
    /// Where the answer's body is in what came over a transport of that name, so that it is the same over all of them.
    #[serde(default)]
    pub(super) unwrap: IndexMap<String, String>,
    #[serde(default)]
    pub(super) query: IndexMap<String, String>,
    #[serde(default)]
    pub(super) headers: IndexMap<String, String>,
    pub(super) body: Option<serde_json::Value>,
    pub(super) success: MatcherSource,
    pub(super) paginate: Option<PaginateSource>,
    /// Errors of this call alone, looked at before the common ones.
    #[serde(default)]
    pub(super) errors: Vec<ErrorRuleSource>,
}

/// How a listing goes on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PaginateSource {
    /// Path of the list in the body.
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageBy {
    /// A value of the query parameter `param`.
    #[default]
    Cursor,
    /// An address on the provider's own host; any other ends the listing as cut short.
    Link,
}

/// The operations, by the contract's names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationsSource {
    #[serde(rename = "users.unassign-role")]
    pub(super) unassign_role: OperationSource,
}

/// What an operation asks the provider, in order.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationSource {
    pub(super) steps: Vec<StepSource>,
}

/// One input: `id`, `role`, `role.id`, `role.name`, `organization`, `workspace`, `group`, or a scope of another name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InputSource {
    pub required: bool,
    /// It says whose access to what is taken: no passthrough may set it.
    pub target: bool,
    /// For a scope of another name: the item's fields it may come from, which must agree.
    pub from: Vec<String>,
    /// An expression over `.value`: the value in the provider's spelling, before anything is compared or checked.
    #[serde(rename = "as")]
    pub spelling: Option<String>,
    /// Where it may come from if the request does not name it, tried in order.
    #[serde(rename = "else")]
    pub otherwise: Vec<OtherwiseSource>,
    /// Where Truto's clients give it; a missing one is reported there.
    pub at: InputPlace,
    /// A regular expression the whole value must match.
    pub pattern: Option<String>,
    /// A decimal integer of at least this.
    pub min: Option<u64>,
    /// A decimal integer of at most this.
    pub max: Option<u64>,
    /// What the value must look like, in words.
    pub help: String,
}

/// A further source of an input: an expression, or what a read shows.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OtherwiseSource {
    Expression(String),
    Read(OtherwiseRead),
}

/// A read that shows an input.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OtherwiseRead {
    pub(super) read: String,
    /// An expression over the read's answer.
    pub(super) take: String,
}

/// Where an input is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputPlace {
    Query,
    #[default]
    Body,
}

/// What a passthrough may set. All that the writes render is protected, and so are these names.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TargetsSource {
    /// Further names by which the provider knows a user, a role or a scope.
    pub(super) names: Vec<String>,
    /// Rendered names that a passthrough may replace all the same.
    pub(super) open: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LookupsSource {
    /// How a user is found by e-mail.
    pub(super) user: Option<LookupSource>,
    /// How a role is found by id or name, and shown to exist; tried in order.
    pub(super) role: Vec<LookupSource>,
}

/// A search in a table or in a read's answer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LookupSource {
    /// Which field of the role the caller gave for this search to apply; unused for users.
    #[serde(default)]
    pub(super) given: RoleField,
    pub(super) table: Option<String>,
    /// Reads that the search needs first, in order.
    #[serde(default)]
    pub(super) after: Vec<String>,
    /// True where those show already that there is no match, so that nothing further is read.
    pub(super) none_when: Option<String>,
    pub(super) read: Option<String>,
    /// The list does not hold all there is: not to be in it proves nothing.
    #[serde(default)]
    pub(super) partial: bool,
    /// The list searched; without it, the read's whole body is the one entry.
    #[serde(rename = "in")]
    pub(super) list: Option<String>,
    /// The entry's field that must be the given value; none where the read was for that value.
    #[serde(rename = "match")]
    pub(super) matches: Option<String>,
    #[serde(default)]
    pub(super) ignore_case: bool,
    /// What is learnt: the role's (or user's) field, and the entry's path.
    pub(super) take: IndexMap<String, String>,
}

/// A field of a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoleField {
    #[default]
    Id,
    Name,
}

/// A combination of inputs that is refused before anything is sent.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckSource {
    pub(super) refuse_when: String,
    pub(super) message: String,
}

/// One step of the operation.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a definition has a handful of steps, and they live as long as the process"
)]
pub(super) enum StepSource {
    /// Runs a read.
    Read(ReadRef),
    /// Names values for later steps.
    Let(IndexMap<String, String>),
    /// Ends items early.
    Stop(StopSource),
    /// Serialises requests that work on the same thing, until the last write is answered.
    Lock(String),
    /// Takes the role away.
    Write(WriteSource),
}

/// A read to run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadRef {
    pub(super) name: String,
    pub(super) when: Option<String>,
}

/// A guard after reads.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StopSource {
    pub(super) when: String,
    pub(super) outcome: Outcome,
    pub(super) kind: Option<ErrorKind>,
    pub(super) message: String,
    /// The request was not enough: a 400 that names these inputs, as long as nothing was written.
    #[serde(default)]
    pub(super) bad_input: Vec<String>,
}

/// A write.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteSource {
    pub(super) name: String,
    pub(super) when: Option<String>,
    /// Why it is sent, for the plan.
    pub(super) why: String,
    /// Whether sending it twice does no more than sending it once.
    pub(super) repeatable: bool,
    /// One call for a group of items, rather than for each or for all.
    #[serde(rename = "for")]
    pub(super) group: Option<GroupSource>,
    pub(super) call: CallSource,
}

/// Items that share a call: `.items` are those of the group.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupSource {
    /// An expression over `.item`: items of the same value are of one group. It is `.group.key`.
    pub(super) by: String,
    /// So many items a call at most.
    pub(super) chunk: usize,
}

/// How the effect is shown.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProofSource {
    pub(super) reads: Vec<ReadRef>,
    pub(super) holds: HoldsSource,
    /// How answers show that the user has the role through a group, once it is not held directly.
    pub(super) inherited: Option<HoldsSource>,
    /// How long the provider's reads may lag behind its writes, in seconds, as the provider states it.
    #[serde(default)]
    pub(super) read_lag_s: u32,
    /// The provider answers an unknown role with an error, so that an accepted removal shows that the role exists.
    #[serde(default)]
    pub(super) accepted_shows_role: bool,
}

/// How answers show that a role is held.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldsSource {
    /// The list of what is held. Anything but a list proves nothing.
    #[serde(rename = "in")]
    pub(super) list: String,
    /// Fields of an element, and what they must be for the element to be the role.
    #[serde(default, rename = "where")]
    pub(super) fields: IndexMap<String, String>,
    /// For a list of ids or names: what an element must be.
    pub(super) is: Option<String>,
    #[serde(default)]
    pub(super) ignore_case: bool,
    /// True where the answers show that nothing is held, although there is no list.
    pub(super) none_when: Option<String>,
}

/// How the unified user is made.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserSource {
    /// Reads for the user object, besides those of the proof.
    #[serde(default)]
    pub(super) reads: Vec<ReadRef>,
    /// The provider's objects the user may be mapped from: the first of these steps that was answered well.
    pub(super) from: Vec<UserFrom>,
}

/// One mapping.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserFrom {
    pub(super) step: String,
    /// The answer of that step from before the write: what could be read when it still could be.
    #[serde(default)]
    pub(super) before: bool,
    /// Path of the object in that step's body; the whole body if empty. It is `.object`.
    #[serde(default)]
    pub(super) at: String,
    /// Where `at` is a list: fields of the element that is the object, and what they must be.
    #[serde(default, rename = "where")]
    pub(super) fields_of_object: IndexMap<String, String>,
    /// An expression that must be true for this mapping to be taken, where a good answer may hold no object.
    pub(super) when: Option<String>,
    /// Unified field: an expression, a tree of templates, or `{ each: <list>, as: <tree> }`.
    pub(super) fields: IndexMap<String, serde_json::Value>,
}
