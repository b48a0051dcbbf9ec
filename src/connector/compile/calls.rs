//! Calls to the provider: what is sent, and what its answers mean.

use http::Method;

use super::{Compiler, Result};
use crate::connector::compiled::{Call, ErrorRule, Paginate};
use crate::connector::definition::{CallSource, ErrorRuleSource, PaginateSource};
use crate::expression::{AnswerMatcher, Expression, Projection};
use crate::model::Outcome;

impl Compiler<'_> {
    pub(super) fn error_rules(&self, rules: &[ErrorRuleSource]) -> Result<Vec<ErrorRule>> {
        let compile = |rule: &ErrorRuleSource| {
            let outcome = rule.outcome.unwrap_or(Outcome::Failed);
            Ok(ErrorRule { when: self.matcher(&rule.when)?, kind: rule.kind, outcome })
        };
        rules.iter().map(compile).collect()
    }

    pub(super) fn call(&mut self, name: &str, call: &CallSource, why: Option<&str>) -> Result<Call> {
        let method = Method::from_bytes(call.method.as_bytes());
        let method = method.map_err(|_| self.error("C009", &call.method, "is not an HTTP method"))?;
        let success = self.matcher(&call.success)?;
        if !success.names_status() {
            // A read is named by its key, a write by its `name`.
            let place = if why.is_some() { format!("name: {name}") } else { format!("{name}:") };
            return Err(self
                .error("C012", &place, "`success` names no status")
                .with_hint("say which answer proves that the call was accepted, such as `{ status: 204 }`"));
        }
        let path = self.text(&call.path)?;
        let query = self.texts(&call.query)?;
        let headers = self.header_templates(&call.headers)?;
        let body = call.body.as_ref().map(|body| self.tree(body)).transpose()?;
        let paginate = call.paginate.as_ref().map(|paginate| self.paginate(name, paginate)).transpose()?;
        let mut expressions: Vec<&Expression> = path.expressions().collect();
        expressions.extend(query.iter().flat_map(|(_, template)| template.expressions()));
        if let Some(body) = &body {
            body.visit(&mut |expression| expressions.push(expression));
        }
        let per_item = expressions
            .iter()
            .flat_map(|expression| expression.reads())
            .any(|path| path.first().is_some_and(|root| root == "item"));
        Ok(Call {
            name: name.to_owned(),
            writes: why.is_some(),
            why: why.unwrap_or_default().to_owned(),
            method,
            path,
            query,
            headers,
            body,
            success,
            errors: self.error_rules(&call.errors)?,
            paginate,
            per_item,
            projection: Projection::default(),
        })
    }

    pub(super) fn paginate(&mut self, name: &str, paginate: &PaginateSource) -> Result<Paginate> {
        let next = self.compile_only(&paginate.next)?;
        let list: Vec<String> = self.names(&paginate.list)?;
        if let Some(wanted) = self.wanted.get_mut(name) {
            for path in next.reads() {
                if let [root, part, rest @ ..] = path.as_slice()
                    && root == "answer"
                    && part == "body"
                {
                    wanted.want(rest);
                }
            }
        }
        Ok(Paginate { list, next, param: paginate.param.clone(), max_pages: paginate.max_pages })
    }

    /// Gives a call what anybody reads of its answer: expressions, its matchers and the error rules.
    pub(super) fn finish(&self, call: &mut Call, common: &[ErrorRule]) {
        let mut projection = self.wanted.get(&call.name).cloned().unwrap_or_default();
        let matchers = call.errors.iter().chain(common).map(|rule| &rule.when).chain([&call.success]);
        for path in matchers.flat_map(AnswerMatcher::body_paths) {
            projection.want(&path);
        }
        call.projection = projection;
    }
}
