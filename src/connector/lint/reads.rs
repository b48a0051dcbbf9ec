//! What every expression and template of a definition reads, and what that is made of in turn.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::places::{Seg, Way, below, way};
use crate::expression::{Expression, TextTemplate};

/// One expression or template.
pub(super) struct Site {
    pub(super) way: Way,
    pub(super) text: String,
    /// The paths it reads, by names.
    pub(super) reads: Vec<Vec<String>>,
}

/// All of a definition's.
pub(super) struct Sites {
    sites: Vec<Site>,
    steps: Way,
    /// Names of `reads`.
    names: Vec<String>,
}

/// Keys whose text is an expression, wherever they stand.
const EXPRESSIONS: &[&str] =
    &["when", "refuse_when", "none_when", "shows_when", "next", "in", "as", "each", "take", "shows_user"];

impl Sites {
    pub(super) fn of(document: &Json) -> Self {
        let mut sites = Vec::new();
        collect(document, Vec::new(), &mut sites);
        let reads = document.get("reads").and_then(Json::as_object);
        let names = reads.into_iter().flat_map(|reads| reads.keys().cloned()).collect();
        Self { sites, steps: way!["operations", "users.unassign-role", "steps"], names }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter()
    }

    /// Those at this way or below it.
    pub(super) fn under<'s>(&'s self, way: &'s [Seg]) -> impl Iterator<Item = &'s Site> {
        self.sites.iter().filter(move |site| site.way.starts_with(way))
    }

    /// Those a call is rendered from: not what its answer means.
    pub(super) fn of_call<'s>(&'s self, call: &'s [Seg]) -> impl Iterator<Item = &'s Site> {
        self.under(call).filter(move |site| {
            let part = site.way.get(call.len());
            !matches!(part, Some(Seg::Key(key)) if matches!(key.as_str(), "success" | "errors" | "paginate"))
        })
    }

    /// Whether any site reads this, or what is in it.
    pub(super) fn is_read(&self, path: &[&str]) -> bool {
        self.all().any(|site| site.reads.iter().any(|read| read.iter().zip(path).all(|(read, name)| read == name)))
    }

    /// All that these sites are made of: what they read, and what the calls and the `let`s behind that read.
    pub(super) fn made_of<'s>(&'s self, sites: impl Iterator<Item = &'s Site>) -> Sources {
        let mut sources = Sources::default();
        let mut open: Vec<&Site> = sites.collect();
        let mut seen = BTreeSet::new();
        while let Some(site) = open.pop() {
            for path in &site.reads {
                let names: Vec<&str> = path.iter().map(String::as_str).collect();
                match names.as_slice() {
                    ["input", ..] => sources.user = true,
                    ["item", field, rest @ ..] => sources.item(field, rest),
                    ["items" | "removed", ..] => sources.of_items(&site.text),
                    ["let", name, ..] if seen.insert(format!("let {name}")) => {
                        open.extend(self.under(&self.steps).filter(|site| is_let(&site.way, name)));
                    }
                    ["all", "before", step, ..] | ["all", step, ..] | ["before", step, ..] | [step, ..]
                        if self.names.iter().any(|name| name == step) && seen.insert(format!("step {step}")) =>
                    {
                        let call = way!["reads", *step];
                        open.extend(self.all().filter(|site| site.way.starts_with(&call)).filter(|site| {
                            !matches!(site.way.get(2), Some(Seg::Key(key)) if matches!(key.as_str(), "success" | "errors" | "paginate"))
                        }));
                    }
                    _ => {}
                }
            }
        }
        sources
    }
}

fn is_let(way: &[Seg], name: &str) -> bool {
    matches!(way, [.., Seg::Key(parent), Seg::Key(own)] if parent == "let" && own == name)
}

/// Parts of the request that something is made of.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) user: bool,
    /// Fields of the role, and scopes, as inputs are named.
    pub(super) inputs: BTreeSet<String>,
}

impl Sources {
    fn item(&mut self, field: &str, rest: &[&str]) {
        self.inputs.insert(field.to_owned());
        if field == "role"
            && let [part, ..] = rest
        {
            self.inputs.insert(format!("role.{part}"));
        }
    }

    /// A closure over items names what it reads of them; that is only seen in the text.
    fn of_items(&mut self, text: &str) {
        for (at, _) in text.match_indices('.') {
            let path: String =
                text[at + 1..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.')).collect();
            let mut names = path.split('.');
            if let Some(first) = names.next() {
                self.item(first, &names.collect::<Vec<_>>());
            }
        }
    }
}

fn collect(value: &Json, way: Way, sites: &mut Vec<Site>) {
    match value {
        Json::Object(members) => {
            members.iter().for_each(|(name, value)| collect(value, below(&way, way![name]), sites));
        }
        Json::Array(elements) => {
            elements.iter().enumerate().for_each(|(index, value)| collect(value, below(&way, way![index]), sites));
        }
        Json::String(text) => {
            if let Some(reads) = reads_of(text, &way) {
                sites.push(Site { way, text: text.clone(), reads });
            }
        }
        _ => {}
    }
}

fn reads_of(text: &str, way: &[Seg]) -> Option<Vec<Vec<String>>> {
    if is_expression(way) {
        return Expression::compile(text).ok().map(|expression| expression.reads());
    }
    let template = TextTemplate::compile(text).ok().filter(|_| text.contains("{{"))?;
    Some(template.expressions().flat_map(Expression::reads).collect())
}

fn is_expression(way: &[Seg]) -> bool {
    let keys: Vec<&str> = way
        .iter()
        .map(|seg| match seg {
            Seg::Key(key) => key.as_str(),
            Seg::Index(_) => "",
        })
        .collect();
    match keys.as_slice() {
        // The values that identify an element, and the members of a table's row.
        [.., "where", _] | ["tables", ..] => false,
        ["user", "from", _, "fields", _] => true,
        [.., "let", _] | [.., "else", ""] | [.., "for", "by"] => true,
        [.., last] => EXPRESSIONS.contains(last),
        [] => false,
    }
}
