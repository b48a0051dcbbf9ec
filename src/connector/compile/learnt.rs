//! Guards that are made of what only a look-up teaches of a role, directly or through other names: where it fails, they
//! can tell nothing.

use std::collections::BTreeSet;

use crate::connector::compiled::*;
use crate::expression::Expression;

/// Marks the checks, stops and conditions of writes that are.
pub(super) fn mark(reads: &[Call], operation: &mut Operation) {
    // The id is what the caller gave: a role whose name was looked up in vain is not worked on.
    let taken = operation.role_lookups.iter().flat_map(|lookup| &lookup.take);
    let fields = taken.map(|(field, _)| field.to_string()).filter(|field| field != "id");
    let mut learnt = Learnt { fields: fields.collect(), ..Learnt::default() };
    if learnt.fields.is_empty() {
        return;
    }
    while learnt.spread_over(reads, &operation.steps) {}
    for check in &mut operation.checks {
        check.of_learnt = learnt.touches(&check.refuse_when);
    }
    for step in &mut operation.steps {
        match step {
            Step::Stop(stop) => stop.of_learnt = learnt.touches(&stop.when),
            Step::Write(write) => write.of_learnt = write.when.as_ref().is_some_and(|when| learnt.touches(when)),
            Step::Read(_) | Step::Let(_) | Step::Lock(_) => {}
        }
    }
}

#[derive(Default)]
struct Learnt {
    /// Of a role.
    fields: BTreeSet<String>,
    /// Names of reads and of `let`s that are made of them.
    names: BTreeSet<String>,
}

impl Learnt {
    fn touches(&self, expression: &Expression) -> bool {
        expression.reads().iter().any(|path| {
            let names: Vec<&str> = path.iter().map(String::as_str).collect();
            match names.as_slice() {
                ["item"] | ["item", "role"] => true,
                ["item", "role", field, ..] => self.fields.contains(*field),
                // A closure over items names what it reads of them; that is only seen in the text.
                ["items", ..] => self.fields.iter().any(|field| expression.source().contains(&format!("role.{field}"))),
                ["let", name, ..] => self.names.contains(&format!("let {name}")),
                ["before", step, ..] | [step, ..] => self.names.contains(*step),
                [] => false,
            }
        })
    }

    /// One round; `true` if anything was found.
    fn spread_over(&mut self, reads: &[Call], steps: &[Step]) -> bool {
        let known = self.names.len();
        for call in reads {
            if call.expressions().into_iter().any(|expression| self.touches(expression)) {
                self.names.insert(call.name.clone());
            }
        }
        let lets = steps.iter().filter_map(|step| match step {
            Step::Let(values) => Some(values),
            _ => None,
        });
        for named in lets.flatten() {
            if self.touches(&named.expression) {
                self.names.insert(format!("let {}", named.name));
            }
        }
        known != self.names.len()
    }
}
