//! What of a user's mapping needs no value: plain paths into the answer it is mapped from are captured there.

use super::{Compiler, Result};
use crate::connector::compiled::{List, Members};
use crate::connector::definition::{StepSource, UserFrom};
use crate::expression::{Expression, Place, Projection, TreeTemplate};

/// The answer that plain paths are captured of.
#[derive(Clone, Copy)]
pub(super) struct Captures<'d> {
    step: &'d str,
    before: bool,
}

impl Captures<'_> {
    /// The names in the answer's body that an expression is no more than the path of.
    fn names(self, expression: &Expression) -> Option<Vec<&str>> {
        let names = expression.as_path()?.names()?;
        let inner = match names.as_slice() {
            ["before", step, "body", inner @ ..] if self.before && *step == self.step => inner,
            [step, "body", inner @ ..] if !self.before && *step == self.step => inner,
            _ => return None,
        };
        (!inner.is_empty()).then(|| inner.to_vec())
    }
}

/// The names in a list's element that an expression is no more than the path of.
fn names_in_element(expression: &Expression) -> Option<Vec<&str>> {
    let names = expression.as_path()?.names()?;
    names.split_first().filter(|(root, _)| **root == "each").map(|(_, inner)| inner.to_vec())
}

impl<'d> Compiler<'d> {
    /// A listing's pages are put together of values, so nothing is captured of them.
    pub(super) fn captures(&self, from: &'d UserFrom) -> Option<Captures<'d>> {
        let read = self.definition.reads.get(&from.step).map(|call| call.paginate.is_some());
        let listing = read.unwrap_or_else(|| {
            self.steps.iter().any(|step| match step {
                StepSource::Write(write) => write.name == from.step && write.call.paginate.is_some(),
                _ => false,
            })
        });
        (!listing).then_some(Captures { step: &from.step, before: from.before })
    }

    fn capture(&mut self, expression: &mut Expression) -> Result<()> {
        if let Some(captures) = self.capture
            && let Some(names) = captures.names(expression)
            && let Some(wanted) = self.wanted.get_mut(captures.step)
        {
            let cell = wanted.capture(&names);
            expression.capture(Place::Cell(cell));
            return Ok(());
        }
        let paths = expression.reads();
        paths.iter().try_for_each(|path| self.want(expression.source(), path))
    }

    pub(super) fn captured_expression(&mut self, text: &str) -> Result<Expression> {
        let mut expression = self.compile_only(text)?;
        self.capture(&mut expression)?;
        Ok(expression)
    }

    pub(super) fn captured_tree(&mut self, source: &serde_json::Value) -> Result<TreeTemplate> {
        let mut tree = self.plain_tree(source)?;
        self.capture_in(&mut tree)?;
        Ok(tree)
    }

    fn capture_in(&mut self, tree: &mut TreeTemplate) -> Result<()> {
        let mut captured = Ok(());
        tree.visit_mut(&mut |expression| {
            if captured.is_ok() {
                captured = self.capture(expression);
            }
        });
        captured
    }

    /// The list that a unified one is made of: captured if its members are made of nothing but plain paths.
    pub(super) fn captured_list(&mut self, text: &str, members: &mut Members) -> Result<List> {
        let list = self.compile_only(text)?;
        let mut expressions = Vec::new();
        members.iter().for_each(|(_, template)| template.visit(&mut |expression| expressions.push(expression)));
        let plain = expressions.iter().all(|expression| names_in_element(expression).is_some());
        if plain
            && !expressions.is_empty()
            && let Some(captures) = self.capture
            && let Some(path) = captures.names(&list)
            && let Some(wanted) = self.wanted.get_mut(captures.step)
        {
            return Ok(List::Table(capture_each(wanted, &path, members)));
        }
        let mut inner = Vec::new();
        for expression in expressions {
            let reads = expression.reads().into_iter();
            inner.extend(
                reads.filter(|path| path.first().is_some_and(|root| root == "each")).map(|path| path[1..].to_vec()),
            );
        }
        members.iter_mut().try_for_each(|(_, template)| self.capture_in(template))?;
        Ok(List::Expression(self.list(text, &inner)?))
    }
}

fn capture_each(wanted: &mut Projection, path: &[&str], members: &mut Members) -> usize {
    let mut of_list = 0;
    for (_, template) in members {
        template.visit_mut(&mut |expression| {
            let inner = names_in_element(expression).unwrap_or_default();
            let inner: Vec<String> = inner.into_iter().map(str::to_owned).collect();
            let (table, column) = wanted.capture_each(path, &inner);
            expression.capture(Place::Column(column));
            of_list = table;
        });
    }
    of_list
}
