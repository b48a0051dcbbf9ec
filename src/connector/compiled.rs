//! A connector as the engine uses it: everything compiled, every name resolved.

mod auth;
mod transports;

use std::collections::BTreeSet;

use http::{HeaderName, Method};
use indexmap::IndexMap;
use regex::Regex;
use unicode_normalization::UnicodeNormalization;
use vrl::value::KeyString;

use super::definition::{AccountKey, InputPlace, PageBy, RateLimitSource, RoleField};
use crate::expression::{AnswerMatcher, Expression, Projection, Scope, TextTemplate, TreeTemplate, Value, ValuePath};
use crate::model::{ErrorKind, FieldType, Outcome};

pub use auth::{Auth, AuthScheme, SessionMessage, SessionScheme, TokenBody, TokenCall, TokenError, TokenScheme};
pub use transports::{Messages, Way};

/// A compiled connector definition.
#[derive(Debug)]
pub struct Connector {
    pub slug: String,
    pub aliases: Vec<String>,
    pub label: String,
    /// Where the provider documents the call.
    pub docs: String,
    pub base_url: TextTemplate,
    /// The ways to the provider; none: HTTP.
    pub transports: Vec<Way>,
    pub account: IndexMap<String, AccountKey>,
    pub auth: Vec<Auth>,
    pub headers: Vec<(HeaderName, TextTemplate)>,
    /// Index of the read that tests an account's credentials.
    pub check: usize,
    pub rate_limit: RateLimitSource,
    /// The static tables, by name.
    pub tables: Value,
    pub error_message: Vec<ValuePath>,
    pub errors: Vec<ErrorRule>,
    pub secret_fields: Vec<String>,
    pub reads: Vec<Call>,
    pub unassign: Operation,
}

/// What an answer means.
#[derive(Debug)]
pub struct ErrorRule {
    pub when: AnswerMatcher,
    pub kind: ErrorKind,
    pub outcome: Outcome,
    /// A read has to say what the refusal means.
    pub settle: bool,
}

/// A call to the provider, ready to be rendered.
#[derive(Debug)]
pub struct Call {
    /// The step's name: its answer is `.name` in expressions.
    pub name: String,
    pub writes: bool,
    /// Sending it twice does no more than sending it once. Of no meaning for a read.
    pub repeatable: bool,
    pub why: String,
    /// Nothing is at `path` without `over_http`.
    pub method: Method,
    pub path: TextTemplate,
    pub over_http: bool,
    /// The call as a message.
    pub message: Option<TreeTemplate>,
    /// Where the body is in what came, by the transport's index.
    pub unwrap: Vec<(usize, Vec<String>)>,
    pub query: Vec<(String, TextTemplate)>,
    pub headers: Vec<(HeaderName, TextTemplate)>,
    pub body: Option<TreeTemplate>,
    pub success: AnswerMatcher,
    pub errors: Vec<ErrorRule>,
    pub paginate: Option<Paginate>,
    /// One call an item, rather than one for all.
    pub per_item: bool,
    /// The user's id stands in its path.
    pub names_user: bool,
    /// What of the answer's body anybody looks at.
    pub projection: Projection,
}

impl Call {
    /// The expressions it is rendered from.
    pub(super) fn expressions(&self) -> Vec<&Expression> {
        let mut expressions: Vec<&Expression> = self.path.expressions().collect();
        expressions.extend(self.query.iter().flat_map(|(_, template)| template.expressions()));
        expressions.extend(self.headers.iter().flat_map(|(_, template)| template.expressions()));
        for tree in self.body.iter().chain(&self.message) {
            tree.visit(&mut |expression| expressions.push(expression));
        }
        expressions
    }
}

#[derive(Debug)]
pub struct Paginate {
    pub list: Vec<String>,
    pub next: Expression,
    pub by: PageBy,
    pub param: String,
    pub max_pages: u32,
}

/// How a role is taken away.
#[derive(Debug)]
pub struct Operation {
    pub inputs: Vec<Input>,
    pub(super) protected: Protection,
    pub user_lookup: Option<Lookup>,
    pub role_lookups: Vec<Lookup>,
    pub checks: Vec<Check>,
    pub steps: Vec<Step>,
    pub proof: Proof,
    pub user: Vec<UserMapping>,
    pub user_reads: Vec<ReadStep>,
    /// The steps whose answers of all items the mappings read.
    pub user_all: Vec<String>,
}

impl Operation {
    /// Whether a passthrough of that name would change whose access to what is taken.
    pub fn protects(&self, name: &str) -> bool {
        let name = plain_name(name);
        let Protection { names, open, everything } = &self.protected;
        names.contains(&name) || (*everything && !open.contains(&name))
    }

    /// The names that are protected one by one: letters and digits alone, in lower case.
    pub fn protected_names(&self) -> impl Iterator<Item = &str> {
        self.protected.names.iter().map(String::as_str)
    }
}

/// Names that no passthrough may set, as [`plain_name`] has them.
#[derive(Debug)]
pub(super) struct Protection {
    pub(super) names: BTreeSet<String>,
    pub(super) open: BTreeSet<String>,
    /// Whatever is not open is protected.
    pub(super) everything: bool,
}

/// A name as the most lenient server might read it: letters and digits alone, without accents, wide forms and the like,
/// and those that have one upper case in common as one: to some parsers of JSON, `ſ` is an `S`.
pub(super) fn plain_name(name: &str) -> String {
    if name.is_ascii() {
        return name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    }
    let letters = name.nfkd().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect()
}

#[derive(Debug)]
pub struct Input {
    pub name: String,
    pub required: bool,
    pub target: bool,
    pub from: Vec<String>,
    /// The value in the provider's spelling.
    pub spelling: Option<Expression>,
    pub otherwise: Vec<Otherwise>,
    pub at: InputPlace,
    pub pattern: Option<Regex>,
    pub min: Option<u64>,
    pub max: Option<u64>,
    pub help: String,
}

/// A further source of an input.
#[derive(Debug)]
pub struct Otherwise {
    /// Index of the read to make first.
    pub read: Option<usize>,
    pub take: Expression,
    /// Whether it needs the user to be known.
    pub of_user: bool,
}

#[derive(Debug)]
pub struct Lookup {
    pub given: RoleField,
    /// Indices of the reads to make first.
    pub after: Vec<usize>,
    pub none_when: Option<Expression>,
    /// What is found shows that the role exists only where this is true.
    pub shows_when: Option<Expression>,
    /// Not to be in the list proves nothing.
    pub partial: bool,
    /// What is found depends on the item's scope or on the user, besides what is looked for.
    pub of_item: bool,
    pub place: LookupPlace,
    pub matches: Option<ValuePath>,
    pub ignore_case: bool,
    pub take: Vec<(KeyString, ValuePath)>,
}

#[derive(Debug)]
pub enum LookupPlace {
    Table(Vec<Value>),
    /// Index of a read, and the list in its answer; without one, its body is the one entry.
    Read(usize, Option<Expression>),
}

#[derive(Debug)]
pub struct Check {
    pub refuse_when: Expression,
    /// It is made of what only a look-up teaches of a role.
    pub of_learnt: bool,
    pub message: TextTemplate,
}

#[expect(
    clippy::large_enum_variant,
    reason = "a definition has a handful of steps, and they live as long as the process"
)]
#[derive(Debug)]
pub enum Step {
    Read(ReadStep),
    Let(Vec<NamedValue>),
    Stop(Stop),
    Lock(TextTemplate),
    Write(WriteStep),
}

/// A value with a name.
#[derive(Debug)]
pub struct NamedValue {
    pub name: String,
    pub expression: Expression,
    /// It is made of the item, so that each has its own.
    pub per_item: bool,
}

#[derive(Debug)]
pub struct ReadStep {
    /// Index into the connector's reads.
    pub read: usize,
    pub when: Option<Expression>,
}

#[derive(Debug)]
pub struct Stop {
    pub when: Expression,
    /// It is made of what only a look-up teaches of a role.
    pub of_learnt: bool,
    pub outcome: Outcome,
    pub kind: Option<ErrorKind>,
    pub message: TextTemplate,
    /// The inputs that were not enough.
    pub bad_input: Vec<String>,
}

/// What one call of a write is for.
#[derive(Debug)]
pub enum Spread {
    Item,
    /// All items at once.
    Request,
    /// Items of one key, so many at most.
    Group {
        by: Expression,
        chunk: usize,
    },
}

#[derive(Debug)]
pub struct WriteStep {
    pub call: Call,
    pub spread: Spread,
    pub when: Option<Expression>,
    /// `when` is made of what only a look-up teaches of a role.
    pub of_learnt: bool,
}

#[derive(Debug)]
pub struct Proof {
    pub reads: Vec<ReadStep>,
    pub holds: Holds,
    pub inherited: Option<Holds>,
    pub read_lag_s: u32,
    pub accepted_shows_role: bool,
    /// Whether answers show that there is such a user.
    pub shows_user: Option<Expression>,
}

/// How answers show whether a role is held.
#[derive(Debug)]
pub struct Holds {
    pub list: Expression,
    /// The steps whose answers the list is made of.
    pub steps: Vec<String>,
    pub fields: Vec<(ValuePath, TreeTemplate)>,
    pub is: Option<TreeTemplate>,
    pub ignore_case: bool,
    pub none_when: Option<Expression>,
}

/// How the unified user is made of one step's answer.
#[derive(Debug)]
pub struct UserMapping {
    pub step: String,
    /// The step's answer from before the write.
    pub before: bool,
    /// Where the provider's object is in the body; empty: the whole body.
    pub at: Vec<String>,
    /// Which element is the object, where a list is there.
    pub element: Element,
    pub when: Option<Expression>,
    pub fields: Vec<MappedField>,
}

/// Which element of a list is the provider's object.
#[derive(Debug)]
pub enum Element {
    /// There is no list.
    None,
    Index(usize),
    /// The one whose fields are these.
    Where(Vec<(ValuePath, TreeTemplate)>),
}

#[derive(Debug)]
pub struct MappedField {
    pub name: &'static str,
    pub holds: FieldType,
    pub source: FieldSource,
}

#[derive(Debug)]
pub enum FieldSource {
    Expression(Expression),
    Tree(TreeTemplate),
    /// A list of the schema, of so many elements.
    Elements(Vec<Members>),
    /// One element of the unified list for each of the provider's.
    Each {
        list: List,
        members: Members,
    },
}

/// The way that an account takes.
#[derive(Clone, Copy, Debug)]
pub struct WayTaken<'c> {
    /// Index into the connector's transports, where it has any.
    pub index: Option<usize>,
    /// What it takes to carry messages; `None`: HTTP.
    pub messages: Option<&'c std::sync::Arc<Messages>>,
}

/// The members of an element: the index of each among the schema's, in the schema's order.
pub type Members = Vec<(usize, TreeTemplate)>;

/// The provider's list that a unified one is made of.
#[derive(Debug)]
pub enum List {
    Expression(Expression),
    /// All that is read of its elements was captured in this table.
    Table(usize),
}

impl Connector {
    /// The read of that name.
    pub fn read(&self, name: &str) -> Option<&Call> {
        self.reads.iter().find(|read| read.name == name)
    }

    /// The way that an account with these settings takes; `None`: none of those there are. HTTP, where there is no choice.
    pub fn way_for(&self, account: &Value) -> Option<WayTaken<'_>> {
        if self.transports.is_empty() {
            return Some(WayTaken { index: None, messages: None });
        }
        let scope = Scope::of_account(account);
        let taken = |way: &Way| way.when.as_ref().is_none_or(|when| when.is_true(&scope));
        let index = self.transports.iter().position(taken)?;
        Some(WayTaken { index: Some(index), messages: self.transports[index].messages.as_ref() })
    }

    /// The sets of credentials that can be used on that way.
    pub fn auths_for(&self, way: &WayTaken<'_>) -> impl Iterator<Item = &Auth> {
        let (index, over_http) = (way.index, way.messages.is_none());
        self.auth.iter().filter(move |auth| match auth.transport {
            Some(transport) => index == Some(transport),
            None => over_http,
        })
    }

    /// The credentials to use: the first set that these keys complete.
    pub fn auth_for(&self, way: &WayTaken<'_>, has: impl Fn(&str) -> bool) -> Option<&Auth> {
        self.auths_for(way).find(|auth| auth.needs.iter().all(|key| has(key)))
    }
}
