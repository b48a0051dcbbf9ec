//! Calls to the provider: what is sent, and what its answers mean.

use http::Method;

use super::{Compiler, Result};
use crate::connector::compiled::{Call, ErrorRule, Paginate};
use crate::connector::definition::{CallSource, ErrorRuleSource, PageBy, PaginateSource};
use crate::expression::{AnswerMatcher, Projection};
use crate::model::Outcome;

impl Compiler<'_> {
    pub(super) fn error_rules(&self, rules: &[ErrorRuleSource]) -> Result<Vec<ErrorRule>> {
        let compile = |rule: &ErrorRuleSource| {
            let outcome = rule.outcome.map_or(Outcome::Failed, Outcome::from);
            Ok(ErrorRule { when: self.matcher(&rule.when)?, kind: rule.kind, outcome, settle: rule.settle.is_some() })
        };
        rules.iter().map(compile).collect()
    }

    pub(super) fn call(&mut self, name: &str, call: &CallSource, why: Option<&str>) -> Result<Call> {
        let method = call.method.as_deref().unwrap_or("GET");
        let method =
            Method::from_bytes(method.as_bytes()).map_err(|_| self.error("C009", method, "is not an HTTP method"))?;
        let success = self.matcher(&call.success)?;
        if !success.names_status() {
            // A read is named by its key, a write by its `name`.
            let place = if why.is_some() { format!("name: {name}") } else { format!("{name}:") };
            return Err(self
                .error("C012", &place, "`success` names no status")
                .with_hint("say which answer proves that the call was accepted, such as `{ status: 204 }`"));
        }
        let path = self.text(call.path.as_deref().unwrap_or_default())?;
        let query = self.texts(&call.query)?;
        let headers = self.header_templates(&call.headers)?;
        let body = call.body.as_ref().map(|body| self.tree(body)).transpose()?;
        let paginate = call.paginate.as_ref().map(|paginate| self.paginate(name, paginate)).transpose()?;
        Ok(Call {
            name: name.to_owned(),
            writes: why.is_some(),
            repeatable: false,
            why: why.unwrap_or_default().to_owned(),
            method,
            path,
            over_http: call.method.is_some() && call.path.is_some(),
            message: self.message(name, call, why)?,
            unwrap: self.unwraps(name, call, why)?,
            query,
            headers,
            body,
            success,
            errors: self.error_rules(&call.errors)?,
            paginate,
            per_item: false,
            names_user: false,
            projection: Projection::default(),
        })
    }

    pub(super) fn paginate(&mut self, name: &str, paginate: &PaginateSource) -> Result<Paginate> {
        let next = self.compile_only(&paginate.next)?;
        let list = if paginate.list.is_empty() { Vec::new() } else { self.names(&paginate.list)? };
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
        if paginate.by == PageBy::Cursor && paginate.param.is_empty() {
            let place = format!("next: {}", paginate.next.lines().next().unwrap_or_default());
            return Err(self.error("C023", &place, "`paginate` names no `param` that takes the cursor"));
        }
        let (param, max_pages) = (paginate.param.clone(), paginate.max_pages);
        Ok(Paginate { list, next, by: paginate.by, param, max_pages })
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
