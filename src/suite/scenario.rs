//! A scenario as it is written in `fixtures/suites/`; every key is documented there, in the folder's README.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::words::{OneOf, StatusRange};

/// One thing that can happen, and what must be said of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The file's name.
    #[serde(skip)]
    pub name: String,
    /// What it shows, in one sentence.
    pub shows: String,
    /// No connector may say that it cannot apply.
    #[serde(default)]
    pub always: bool,
    /// What a case must give for it.
    #[serde(default)]
    pub needs: Vec<Need>,
    #[serde(default)]
    pub given: Given,
    #[serde(default)]
    pub ask: Ask,
    pub expect: Expect,
    /// What the provider's state must have lost in the end.
    pub loses: Loses,
}

/// A key that a case must have for a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// `request`
    Request,
    /// `requests`
    Requests,
    /// `account` or `switches`, or both.
    Stage,
    /// `switches`
    Switches,
    /// `clock_ms`
    ClockMs,
    /// `targets`
    Targets,
    /// `without`
    Without,
}

/// The stage before the request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Given {
    /// One of the case's `accounts` instead of the simulator's own.
    pub account: Option<String>,
    /// The account was connected when its credentials were good: they are not tried now.
    pub unchecked: bool,
    /// A request that reaches nothing goes first, so that the gateway has used its credentials.
    pub warmed_up: bool,
    /// When the provider's clock moves on by the case's `clock_ms`.
    pub clock: Option<ClockMoves>,
    /// What goes wrong at the provider.
    pub faults: Vec<PlannedFault>,
}

/// When time passes at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMoves {
    /// Before the request.
    Before,
    /// Once the proof was read for the first time.
    AfterProof,
}

/// Something that goes wrong with a call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    pub at: Place,
    pub kind: FaultKind,
    /// For `answer` and `act_then_answer`: the answer, or the name of one of the case's `answers`.
    pub answer: Option<AnswerSource>,
    /// So many calls go well first.
    #[serde(default)]
    pub skip: usize,
    /// Strikes so many times; 0 means always.
    #[serde(default = "once")]
    pub times: usize,
}

fn once() -> usize {
    1
}

/// Which calls are meant: a case says where they are at its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Those that get a token.
    Token,
    /// Those that find a user by e-mail or a role by name.
    LookUp,
    /// Those that take a role away.
    Write,
    /// Those that read back, once a write was sent.
    Proof,
    /// All.
    Any,
}

/// What goes wrong; as the sandbox's faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    Answer,
    ActThenAnswer,
    DropBefore,
    DropAfter,
    HangBefore,
    HangAfter,
    HalfBody,
}

/// An answer that is planted.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum AnswerSource {
    Named(String),
    Here(PlantedAnswer),
}

/// What the provider answers instead. `<now+30>` in a text is the Unix time 30 seconds from now.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantedAnswer {
    pub status: u16,
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// A text is sent as it is, anything else as JSON.
    #[serde(default)]
    pub body: Option<Value>,
}

/// What is asked of the gateway, besides the case's request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ask {
    /// Connects the account instead.
    pub connects: bool,
    /// Query parameters of the contract.
    pub options: IndexMap<String, String>,
    /// Member of the request's body; a case may replace it.
    pub remote_data: Option<Value>,
    /// Query text as it is sent; a case may replace it.
    pub remote_query: Option<String>,
    /// All of the case's `requests` at the same time.
    pub at_once: bool,
    /// So many times, one after the other.
    pub times: Option<usize>,
    /// Once for each of these, without the inputs it names; and for each that a case gives.
    pub without: Vec<Vec<String>>,
    /// Once for each of the case's `targets` and each way to write it, tried through this passthrough.
    pub retarget: Option<Passthrough>,
    /// Once for each of these texts and each place where a request names something.
    pub hostile: Vec<String>,
}

/// What goes to the provider untransformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passthrough {
    RemoteData,
    RemoteQuery,
}

/// What must be answered. A case may narrow it, never widen it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    pub status: Option<OneOf<StatusRange>>,
    /// `none` where the answer has none: the request was bad input.
    pub outcome: Option<OneOf<String>>,
    pub verified: Option<OneOf<String>>,
    /// `none` where the answer is no error.
    pub kind: Option<OneOf<String>>,
    /// Of every item.
    pub held_before: Option<OneOf<String>>,
    /// Of every item; `none` where nothing but the provider's answer did.
    pub confirmed_by: Option<OneOf<String>>,
    /// Of the account, afterwards.
    pub account_status: Option<OneOf<String>>,
    /// Of each item, in the request's order.
    pub items: Vec<ExpectItem>,
    /// Headers of the answer.
    pub headers: IndexMap<String, ExpectHeader>,
    /// How often each place was called, for one request.
    pub calls: IndexMap<Place, OneOf<usize>>,
    /// Texts that the error's message must hold.
    pub message: Vec<String>,
    /// The error lists what is missing.
    pub lists_missing: bool,
    /// The message names the input that was tried.
    pub names_input: bool,
    /// `remote_data` or `remote_query` is in the write as it was given.
    pub passes_on: Option<Passthrough>,
    /// The body is of this response format.
    pub format: Option<Format>,
}

/// What must be said of one item.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExpectItem {
    pub outcome: Option<OneOf<String>>,
    pub verified: Option<OneOf<String>>,
}

/// A header: its text, a number between two, or nothing at all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum ExpectHeader {
    Absent(()),
    Text(String),
    Between { min: u64, max: u64 },
}

/// The response formats of the contract, and the plan of a dry run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Unified,
    Raw,
    Normalized,
    Stream,
    Debug,
    Plan,
}

/// What the provider's state must have lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loses {
    /// Every fact that the requests name.
    Targets,
    Nothing,
    /// Some of what the requests name, or nothing.
    Either,
}
