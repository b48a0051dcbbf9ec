//! What is made once for a request, and what once for each item: whatever reads the item, directly or through other
//! names, is each item's own.

use std::collections::BTreeSet;

use super::{Compiler, Result};
use crate::connector::compiled::*;
use crate::expression::Expression;

impl Compiler<'_> {
    /// Works it out for every read, `let` and write, and refuses what would mix the two.
    pub(super) fn spread(&self, reads: &mut [Call], operation: &mut Operation) -> Result<()> {
        let mut own = Own::default();
        while own.spread_over(reads, &mut operation.steps) {}
        for call in reads.iter_mut() {
            call.names_user = call.path.expressions().any(reads_user);
        }
        for step in &mut operation.steps {
            match step {
                Step::Write(write) => {
                    match &write.spread {
                        Spread::Group { .. } if write.call.per_item => {
                            let message =
                                "a call for a group of items cannot read one of them; `.items` are the group's";
                            return Err(self.error("C018", &format!("name: {}", write.call.name), message));
                        }
                        Spread::Group { .. } => {}
                        _ if write.call.per_item => write.spread = Spread::Item,
                        _ => write.spread = Spread::Request,
                    }
                    if !write.call.per_item {
                        self.refuse_mixture(&own, write.when.as_ref())?;
                    }
                }
                Step::Lock(key) => key.expressions().try_for_each(|key| self.refuse_mixture(&own, Some(key)))?,
                Step::Read(read) if !reads[read.read].per_item => self.refuse_mixture(&own, read.when.as_ref())?,
                Step::Read(_) | Step::Let(_) | Step::Stop(_) => {}
            }
        }
        for read in operation.proof.reads.iter().filter(|read| !reads[read.read].per_item) {
            self.refuse_mixture(&own, read.when.as_ref())?;
        }
        for input in &mut operation.inputs {
            for source in &mut input.otherwise {
                let of_read = source.read.iter().flat_map(|read| reads[*read].expressions());
                source.of_user = of_read.chain([&source.take]).any(reads_user);
            }
        }
        for lookup in operation.role_lookups.iter_mut().chain(&mut operation.user_lookup) {
            let (read, list) = match &lookup.place {
                LookupPlace::Read(read, list) => (Some(*read), list.as_ref()),
                LookupPlace::Table(_) => (None, None),
            };
            let made = lookup.after.iter().copied().chain(read).flat_map(|read| reads[read].expressions());
            let asked = list.into_iter().chain(&lookup.none_when).chain(&lookup.shows_when);
            lookup.of_item = made.chain(asked).any(|expression| reads_user(expression) || reads_scope(expression));
        }
        Ok(())
    }

    /// What is made once for all items cannot depend on one of them.
    fn refuse_mixture(&self, own: &Own, expression: Option<&Expression>) -> Result<()> {
        match expression.filter(|expression| own.touches(expression)) {
            None => Ok(()),
            Some(expression) => {
                let message = "this is made once for all items, so it cannot read one of them";
                let error = self.error(
                    "C018",
                    expression.source().trim_start_matches('.').lines().next().unwrap_or_default(),
                    message,
                );
                Err(error.with_hint("`.items` lists the items that are still to be worked on"))
            }
        }
    }
}

fn reads_user(expression: &Expression) -> bool {
    expression.reads().iter().any(|path| path.first().is_some_and(|root| root == "input"))
}

fn reads_scope(expression: &Expression) -> bool {
    expression.reads().iter().any(|path| match path.as_slice() {
        [root, name, ..] => root == "item" && name != "role",
        _ => false,
    })
}

/// Names of what each item has of its own.
#[derive(Default)]
struct Own {
    steps: BTreeSet<String>,
    lets: BTreeSet<String>,
}

impl Own {
    fn touches(&self, expression: &Expression) -> bool {
        expression.reads().iter().any(|path| match path.as_slice() {
            [root, ..] if root == "item" => true,
            [root, name, ..] if root == "let" => self.lets.contains(name),
            [root, step, ..] if root == "before" => self.steps.contains(step),
            [step, ..] => self.steps.contains(step),
            [] => false,
        })
    }

    /// One round; `true` if anything was found.
    fn spread_over(&mut self, reads: &mut [Call], steps: &mut [Step]) -> bool {
        let known = self.steps.len() + self.lets.len();
        for call in reads {
            self.settle(call);
        }
        for step in steps {
            match step {
                Step::Write(write) => self.settle(&mut write.call),
                Step::Let(values) => {
                    for named in values {
                        if self.touches(&named.expression) {
                            named.per_item = true;
                            self.lets.insert(named.name.clone());
                        }
                    }
                }
                Step::Read(_) | Step::Stop(_) | Step::Lock(_) => {}
            }
        }
        known != self.steps.len() + self.lets.len()
    }

    fn settle(&mut self, call: &mut Call) {
        if call.expressions().into_iter().any(|expression| self.touches(expression)) {
            call.per_item = true;
            self.steps.insert(call.name.clone());
        }
    }
}
