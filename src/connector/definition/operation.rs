//! The parts of a definition that are about the operation: inputs, look-ups, steps, the proof and the unified user.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use super::CallSource;
use crate::model::{ErrorKind, Outcome};

/// The operations, by the contract's names.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct OperationsSource {
    /// Takes roles away from a user.
    #[serde(rename = "users.unassign-role")]
    pub(in crate::connector) unassign_role: OperationSource,
}

/// What an operation asks the provider, in order.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct OperationSource {
    /// What is done, in order.
    pub(in crate::connector) steps: Vec<StepSource>,
}

/// One input: `id`, `role`, `role.id`, `role.name`, `organization`, `workspace`, `group`, or a scope of another name.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::connector) struct InputSource {
    /// A request without it is refused, with all else that is missing.
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
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::connector) enum OtherwiseSource {
    /// An expression.
    Expression(String),
    /// What a read shows.
    Read(OtherwiseRead),
}

/// A read that shows an input.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct OtherwiseRead {
    /// The read.
    pub(in crate::connector) read: String,
    /// An expression over the read's answer.
    pub(in crate::connector) take: String,
}

/// Where an input is expected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputPlace {
    /// In the query.
    Query,
    /// In the body.
    #[default]
    Body,
}

/// What a passthrough may set. All that the writes render is protected, and so are these names.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::connector) struct TargetsSource {
    /// Further names by which the provider knows a user, a role or a scope.
    pub(in crate::connector) names: Vec<String>,
    /// Rendered names that a passthrough may replace all the same.
    pub(in crate::connector) open: Vec<String>,
}

/// How names and addresses become ids.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::connector) struct LookupsSource {
    /// How a user is found by e-mail.
    pub(in crate::connector) user: Option<LookupSource>,
    /// How a role is found by id or name, and shown to exist; tried in order.
    pub(in crate::connector) role: Vec<LookupSource>,
}

/// A search in a table or in a read's answer.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct LookupSource {
    /// Which field of the role the caller gave for this search to apply; unused for users.
    #[serde(default)]
    pub(in crate::connector) given: RoleField,
    /// The table searched.
    pub(in crate::connector) table: Option<String>,
    /// Reads that the search needs first, in order.
    #[serde(default)]
    pub(in crate::connector) after: Vec<String>,
    /// True where those show already that there is no match, so that nothing further is read.
    pub(in crate::connector) none_when: Option<String>,
    /// The read whose answer is searched.
    pub(in crate::connector) read: Option<String>,
    /// What was found shows that the role exists only where this is true; always, if nothing is said.
    pub(in crate::connector) shows_when: Option<String>,
    /// The list does not hold all there is: not to be in it proves nothing.
    #[serde(default)]
    pub(in crate::connector) partial: bool,
    /// The list searched; without it, the read's whole body is the one entry.
    #[serde(rename = "in")]
    pub(in crate::connector) list: Option<String>,
    /// The entry's field that must be the given value; none where the read was for that value.
    #[serde(rename = "match")]
    pub(in crate::connector) matches: Option<String>,
    /// Upper and lower case are the same.
    #[serde(default)]
    pub(in crate::connector) ignore_case: bool,
    /// What is learnt: the role's (or user's) field, and the entry's path.
    pub(in crate::connector) take: IndexMap<String, String>,
}

/// A field of a role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RoleField {
    /// Its id.
    #[default]
    Id,
    /// Its name.
    Name,
}

/// A combination of inputs that is refused before anything is sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct CheckSource {
    /// An expression; where it is true the request is refused.
    pub(in crate::connector) refuse_when: String,
    /// What the caller is told: a template.
    pub(in crate::connector) message: String,
}

/// One step of the operation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "a definition has a handful of steps, and they live as long as the process"
)]
pub(in crate::connector) enum StepSource {
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
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct ReadRef {
    /// A name of `reads`.
    pub(in crate::connector) name: String,
    /// An expression; the read is made where it is true.
    pub(in crate::connector) when: Option<String>,
}

/// A guard after reads.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct StopSource {
    /// An expression, asked for each item; where it is true the item ends here.
    pub(in crate::connector) when: String,
    /// What became of the item.
    pub(in crate::connector) outcome: StopOutcome,
    /// What the caller is told; `refused` without it.
    pub(in crate::connector) kind: Option<ErrorKind>,
    /// Why: a template.
    pub(in crate::connector) message: String,
    /// The request was not enough: a 400 that names these inputs, as long as nothing was written.
    #[serde(default)]
    pub(in crate::connector) bad_input: Vec<String>,
}

/// How an item can end before the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connector) enum StopOutcome {
    /// It was not held; nothing was changed.
    AlreadyAbsent,
    /// The definition forbids it.
    Refused,
    /// It cannot be done.
    Failed,
}

impl From<StopOutcome> for Outcome {
    fn from(outcome: StopOutcome) -> Self {
        match outcome {
            StopOutcome::AlreadyAbsent => Self::AlreadyAbsent,
            StopOutcome::Refused => Self::Refused,
            StopOutcome::Failed => Self::Failed,
        }
    }
}

/// A write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct WriteSource {
    /// Its answer is `.<name>` from then on.
    pub(in crate::connector) name: String,
    /// An expression; the write is for the items, or the request, where it is true.
    pub(in crate::connector) when: Option<String>,
    /// Why it is sent, for the plan.
    pub(in crate::connector) why: String,
    /// Whether sending it twice does no more than sending it once.
    pub(in crate::connector) repeatable: bool,
    /// One call for a group of items, rather than for each or for all.
    #[serde(rename = "for")]
    pub(in crate::connector) group: Option<GroupSource>,
    /// What is sent.
    pub(in crate::connector) call: CallSource,
}

/// Items that share a call: `.items` are those of the group.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct GroupSource {
    /// An expression over `.item`: items of the same value are of one group. It is `.group.key`.
    pub(in crate::connector) by: String,
    /// So many items a call at most.
    pub(in crate::connector) chunk: usize,
}

/// How the effect is shown.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct ProofSource {
    /// The reads made after the write, in order.
    pub(in crate::connector) reads: Vec<ReadRef>,
    /// How their answers show that a role is held.
    pub(in crate::connector) holds: HoldsSource,
    /// How answers show that the user has the role through a group, once it is not held directly.
    pub(in crate::connector) inherited: Option<HoldsSource>,
    /// How long the provider's reads may lag behind its writes, in seconds, as the provider states it.
    #[serde(default)]
    pub(in crate::connector) read_lag_s: u32,
    /// The provider answers an unknown role with an error, so that an accepted removal shows that the role exists.
    #[serde(default)]
    pub(in crate::connector) accepted_shows_role: bool,
    /// An expression, true where answers show that there is such a user; without it, a 2xx of a read with the user's id
    /// in its path does.
    pub(in crate::connector) shows_user: Option<String>,
}

/// How answers show that a role is held.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct HoldsSource {
    /// The list of what is held. Anything but a list proves nothing.
    #[serde(rename = "in")]
    pub(in crate::connector) list: String,
    /// Fields of an element, and what they must be for the element to be the role.
    #[serde(default, rename = "where")]
    pub(in crate::connector) fields: IndexMap<String, String>,
    /// For a list of ids or names: what an element must be.
    pub(in crate::connector) is: Option<String>,
    /// Upper and lower case are the same.
    #[serde(default)]
    pub(in crate::connector) ignore_case: bool,
    /// True where the answers show that nothing is held, although there is no list.
    pub(in crate::connector) none_when: Option<String>,
}

/// How the unified user is made.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct UserSource {
    /// Reads for the user object, besides those of the proof.
    #[serde(default)]
    pub(in crate::connector) reads: Vec<ReadRef>,
    /// The provider's objects the user may be mapped from: the first of these steps that was answered well.
    pub(in crate::connector) from: Vec<UserFrom>,
}

/// One mapping.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct UserFrom {
    /// The read, or write, whose answer holds the provider's object.
    pub(in crate::connector) step: String,
    /// The answer of that step from before the write: what could be read when it still could be.
    #[serde(default)]
    pub(in crate::connector) before: bool,
    /// Path of the object in that step's body; the whole body if empty. It is `.object`.
    #[serde(default)]
    pub(in crate::connector) at: String,
    /// Where `at` is a list: fields of the element that is the object, and what they must be.
    #[serde(default, rename = "where")]
    pub(in crate::connector) fields_of_object: IndexMap<String, String>,
    /// An expression that must be true for this mapping to be taken, where a good answer may hold no object.
    pub(in crate::connector) when: Option<String>,
    /// Unified field: an expression, a tree of templates, or `{ each: <list>, as: <tree> }`.
    pub(in crate::connector) fields: IndexMap<String, serde_json::Value>,
}
