//! Expressions, templates and matchers, and what of the answers they read.

use http::HeaderName;
use indexmap::IndexMap;
use regex::Regex;

use super::{Compiler, Result, SCOPES};
use crate::expression::{AnswerMatcher, Expression, MatcherSource, TextTemplate, TreeTemplate, ValuePath};

impl Compiler<'_> {
    pub(super) fn expression(&mut self, text: &str) -> Result<Expression> {
        let expression = self.compile_only(text)?;
        for path in expression.reads() {
            self.want(text, &path)?;
        }
        Ok(expression)
    }

    pub(super) fn optional(&mut self, text: Option<&String>) -> Result<Option<Expression>> {
        text.map(|text| self.expression(text)).transpose()
    }

    pub(super) fn compile_only(&self, text: &str) -> Result<Expression> {
        Expression::compile(text).map_err(|error| self.source.error_in(text, &error))
    }

    pub(super) fn text(&mut self, text: &str) -> Result<TextTemplate> {
        let template = TextTemplate::compile(text).map_err(|error| self.source.error_in(text, &error))?;
        self.check_all(text, template.expressions())?;
        Ok(template)
    }

    pub(super) fn texts(&mut self, sources: &IndexMap<String, String>) -> Result<Vec<(String, TextTemplate)>> {
        sources.iter().map(|(name, text)| Ok((name.clone(), self.text(text)?))).collect()
    }

    pub(super) fn header_templates(
        &mut self,
        sources: &IndexMap<String, String>,
    ) -> Result<Vec<(HeaderName, TextTemplate)>> {
        let named = |(name, text): (&String, &String)| {
            let header = HeaderName::from_bytes(name.as_bytes());
            let header = header.map_err(|_| self.error("C005", name, "is not a header's name"))?;
            Ok((header, self.text(text)?))
        };
        sources.iter().map(named).collect()
    }

    pub(super) fn tree(&mut self, source: &serde_json::Value) -> Result<TreeTemplate> {
        let tree = self.plain_tree(source)?;
        let mut expressions = Vec::new();
        tree.visit(&mut |expression| expressions.push(expression));
        self.check_all("", expressions.into_iter())?;
        Ok(tree)
    }

    /// A tree of which nothing is known to be fed yet.
    pub(super) fn plain_tree(&self, source: &serde_json::Value) -> Result<TreeTemplate> {
        TreeTemplate::compile(source).map_err(|(text, error)| self.source.error_in(&text, &error))
    }

    pub(super) fn check_all<'e>(
        &mut self,
        text: &str,
        expressions: impl Iterator<Item = &'e Expression>,
    ) -> Result<()> {
        for expression in expressions {
            let place = if text.is_empty() { expression.source() } else { text };
            for path in expression.reads() {
                self.want(place, &path)?;
            }
        }
        Ok(())
    }

    /// Notes that `path` is read, and refuses one that nothing feeds.
    pub(super) fn want(&mut self, text: &str, path: &[String]) -> Result<()> {
        let place = text.trim().trim_start_matches('.');
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        if let ["all", "before", step, ..] | ["all", step, ..] = names.as_slice() {
            self.all.insert((*step).to_owned());
        }
        match names.as_slice() {
            [] => Err(self.error("C010", place, "an expression must name what it reads; `.` alone is not allowed")),
            ["each" | "value" | "answer" | "items" | "removed" | "group", ..] => Ok(()),
            ["input", "id", ..] | ["account", "base_url"] => Ok(()),
            ["object", inner @ ..] => match &self.object {
                Some((step, place)) => {
                    if let Some(wanted) = self.wanted.get_mut(*step) {
                        wanted.want_each(place, inner);
                    }
                    Ok(())
                }
                None => Err(self.error("C010", place, "`.object` is known in `fields` of a user's mapping only")),
            },
            ["item", "role", ..] => Ok(()),
            ["item", name, ..] if SCOPES.contains(name) || self.definition.inputs.contains_key(*name) => Ok(()),
            ["message", ..] | ["client", "id"] if self.in_topic => Ok(()),
            ["token", name, ..] if self.in_auth && self.taken.contains(*name) => Ok(()),
            ["tables", name, ..] => match self.definition.tables.contains_key(*name) {
                true => Ok(()),
                false => Err(self.error("C015", place, format!("`tables` has no `{name}`"))),
            },
            ["let", name, ..] if self.lets.contains(name) => Ok(()),
            ["account", key, ..] => match self.definition.account.get(*key) {
                Some(key) if key.secret && !self.in_auth => Err(self
                    .error("C011", place, "a secret of the account may stand only in `auth`")
                    .with_hint("a secret in a path, query or body ends up in logs")),
                Some(_) => Ok(()),
                None => Err(self.error("C010", place, format!("`account` declares no key `{key}`"))),
            },
            ["all", "before", step, rest @ ..]
            | ["all", step, rest @ ..]
            | ["before", step, rest @ ..]
            | [step, rest @ ..] => match (self.wanted.get_mut(*step), rest) {
                (Some(_), ["status" | "complete", ..]) => Ok(()),
                (Some(wanted), ["body", inner @ ..]) => {
                    wanted.want(inner);
                    Ok(())
                }
                (Some(_), _) => {
                    Err(self.error("C010", place, format!("`.{step}` has `status`, `body` and `complete` only")))
                }
                (None, _) => Err(self
                    .error("C010", place, format!("nothing feeds `.{}`", path.join(".")))
                    .with_hint("it is no input, account key, `let` or step of this definition")),
            },
        }
    }

    /// An expression that gives a list, of whose elements only these paths are read.
    pub(super) fn list(&mut self, text: &str, inner: &[Vec<String>]) -> Result<Expression> {
        let expression = self.compile_only(text)?;
        let reads = expression.reads();
        let only_path = expression.as_path().is_some().then(|| reads.first()).flatten();
        if let Some([step, body, path @ ..]) = only_path.map(Vec::as_slice)
            && body == "body"
            && let Some(wanted) = self.wanted.get_mut(step)
        {
            if inner.is_empty() {
                wanted.want(path);
            }
            inner.iter().for_each(|inner| wanted.want_each(path, inner));
            return Ok(expression);
        }
        for path in &reads {
            self.want(text, path)?;
        }
        Ok(expression)
    }

    pub(super) fn path(&self, text: &str) -> Result<ValuePath> {
        ValuePath::parse(text).ok_or_else(|| self.error("C006", text, "is not a path such as `error.message`"))
    }

    /// A path of names alone: an index would be lost where only names are looked for.
    pub(super) fn names(&self, text: &str) -> Result<Vec<String>> {
        let path = self.path(text)?;
        if text.contains('[') {
            return Err(self.error("C021", text, "is a path of names; an index is not allowed in it"));
        }
        Ok(path.fields().map(str::to_owned).collect())
    }

    pub(super) fn matcher(&self, source: &MatcherSource) -> Result<AnswerMatcher> {
        AnswerMatcher::compile(source).map_err(|(text, error)| self.source.error_in(&text, &error))
    }

    pub(super) fn regex(&self, pattern: Option<&str>) -> Result<Option<Regex>> {
        let whole = pattern.map(|pattern| {
            Regex::new(&format!("^(?:{pattern})$"))
                .map_err(|error| self.error("C007", pattern, format!("is not a regular expression: {error}")))
        });
        whole.transpose()
    }

    pub(super) fn read_index(&self, name: &str) -> Result<usize> {
        let index = self.definition.reads.get_index_of(name);
        index.ok_or_else(|| self.error("C008", name, format!("`reads` has no `{name}`")))
    }
}
