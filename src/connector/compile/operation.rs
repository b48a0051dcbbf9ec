//! The operation: inputs, look-ups, steps, the proof and the unified user.

use std::collections::BTreeSet;

use vrl::value::KeyString;

use super::{Compiler, Result, SCOPES};
use crate::connector::compiled::*;
use crate::connector::definition::*;
use crate::expression::{TreeTemplate, ValuePath, from_json};

impl Compiler<'_> {
    pub(super) fn operation(&mut self) -> Result<Operation> {
        let definition = self.definition;
        let inputs = definition.inputs.iter().map(|(name, input)| self.input(name, input)).collect::<Result<_>>()?;
        let lookups = &definition.lookups;
        let user_lookup = lookups.user.as_ref().map(|lookup| self.lookup(lookup)).transpose()?;
        let role_lookups = lookups.role.iter().map(|lookup| self.lookup(lookup)).collect::<Result<_>>()?;
        let mut checks = Vec::new();
        for check in &definition.checks {
            let refuse_when = self.expression(&check.refuse_when)?;
            checks.push(Check { refuse_when, of_learnt: false, message: self.text(&check.message)? });
        }
        let steps = self.steps.iter().map(|step| self.step(step)).collect::<Result<Vec<_>>>()?;
        let writes: Vec<&Call> = steps
            .iter()
            .filter_map(|step| match step {
                Step::Write(write) => Some(&write.call),
                _ => None,
            })
            .collect();
        if writes.is_empty() {
            return Err(self.error("C013", "steps:", "no step writes: nothing would be taken away"));
        }
        if writes.len() > 1
            && let Some(always) = self.steps.iter().find_map(|step| match step {
                StepSource::Write(write) if write.when.is_none() => Some(&write.name),
                _ => None,
            })
        {
            let message = "of several writes one is sent for an item, so each must say with `when` which it is for";
            return Err(self.error("C020", &format!("name: {always}"), message));
        }
        let correlations: Vec<&String> =
            definition.transports.values().filter_map(|transport| transport.correlate.as_ref()).collect();
        let protected = protection(&definition.targets, &writes, &correlations);
        let proof = Proof {
            reads: self.read_steps(&definition.proof.reads)?,
            holds: self.holds(&definition.proof.holds)?,
            inherited: definition.proof.inherited.as_ref().map(|holds| self.holds(holds)).transpose()?,
            read_lag_s: definition.proof.read_lag_s,
            accepted_shows_role: definition.proof.accepted_shows_role,
            shows_user: self.optional(definition.proof.shows_user.as_ref())?,
        };
        let user_reads = self.read_steps(&definition.user.reads)?;
        let user = definition.user.from.iter().map(|from| self.user(from)).collect::<Result<_>>()?;
        let user_all = self.all.iter().cloned().collect();
        Ok(Operation { inputs, protected, user_lookup, role_lookups, checks, steps, proof, user, user_reads, user_all })
    }

    pub(super) fn input(&mut self, name: &str, input: &InputSource) -> Result<Input> {
        let known = matches!(name, "id" | "role" | "role.id" | "role.name") || SCOPES.contains(&name);
        if !known && input.from.is_empty() {
            return Err(self
                .error("C014", &format!("{name}:"), format!("`{name}` is no input of the contract"))
                .with_hint(
                    "a scope of another name says with `from` which of group, organization and workspace it is",
                ));
        }
        if let Some(wrong) = input.from.iter().find(|from| !SCOPES.contains(&from.as_str())) {
            return Err(self.error("C014", wrong, format!("`{wrong}` is none of group, organization and workspace")));
        }
        Ok(Input {
            name: name.to_owned(),
            required: input.required,
            target: input.target,
            from: input.from.clone(),
            spelling: self.optional(input.spelling.as_ref())?,
            otherwise: input.otherwise.iter().map(|source| self.otherwise(source)).collect::<Result<_>>()?,
            at: input.at,
            pattern: self.regex(input.pattern.as_deref())?,
            min: input.min,
            max: input.max,
            help: input.help.clone(),
        })
    }

    fn otherwise(&mut self, source: &OtherwiseSource) -> Result<Otherwise> {
        let (read, take) = match source {
            OtherwiseSource::Expression(take) => (None, take),
            OtherwiseSource::Read(OtherwiseRead { read, take }) => (Some(self.read_index(read)?), take),
        };
        Ok(Otherwise { read, take: self.expression(take)?, of_user: false })
    }

    pub(super) fn lookup(&mut self, lookup: &LookupSource) -> Result<Lookup> {
        let take: Vec<(KeyString, ValuePath)> = lookup
            .take
            .iter()
            .map(|(field, path)| Ok((KeyString::from(field.as_str()), self.path(path)?)))
            .collect::<Result<_>>()?;
        let matches = lookup.matches.as_ref().map(|path| self.path(path)).transpose()?;
        let inner: Vec<Vec<String>> = take
            .iter()
            .map(|(_, path)| path)
            .chain(&matches)
            .map(|path| path.fields().map(str::to_owned).collect())
            .collect();
        let place = match (&lookup.table, &lookup.read) {
            (Some(table), None) => {
                let rows = self.definition.tables.get(table);
                let rows = rows.ok_or_else(|| self.error("C015", table, format!("`tables` has no `{table}`")))?;
                LookupPlace::Table(rows.iter().map(|row| from_json(&serde_json::Value::Object(row.clone()))).collect())
            }
            (None, Some(read)) => {
                let index = self.read_index(read)?;
                let list = match &lookup.list {
                    Some(list) => Some(self.list(list, &inner)?),
                    None => {
                        if let Some(wanted) = self.wanted.get_mut(read) {
                            inner.iter().for_each(|path| wanted.want(path));
                        }
                        None
                    }
                };
                LookupPlace::Read(index, list)
            }
            _ => return Err(self.error("C015", "lookups:", "a look-up names either a `table` or a `read`")),
        };
        Ok(Lookup {
            given: lookup.given,
            after: lookup.after.iter().map(|read| self.read_index(read)).collect::<Result<_>>()?,
            none_when: self.optional(lookup.none_when.as_ref())?,
            shows_when: self.optional(lookup.shows_when.as_ref())?,
            partial: lookup.partial,
            of_item: false,
            place,
            matches,
            ignore_case: lookup.ignore_case,
            take,
        })
    }

    pub(super) fn read_steps(&mut self, reads: &[ReadRef]) -> Result<Vec<ReadStep>> {
        let compile = |read: &ReadRef| {
            Ok(ReadStep { read: self.read_index(&read.name)?, when: self.optional(read.when.as_ref())? })
        };
        reads.iter().map(compile).collect()
    }

    pub(super) fn step(&mut self, step: &StepSource) -> Result<Step> {
        Ok(match step {
            StepSource::Read(read) => {
                Step::Read(ReadStep { read: self.read_index(&read.name)?, when: self.optional(read.when.as_ref())? })
            }
            StepSource::Let(values) => {
                Step::Let(values.iter().map(|named| self.named_value(named)).collect::<Result<_>>()?)
            }
            StepSource::Stop(stop) => Step::Stop(Stop {
                when: self.expression(&stop.when)?,
                of_learnt: false,
                outcome: stop.outcome.into(),
                kind: stop.kind,
                message: self.text(&stop.message)?,
                bad_input: stop.bad_input.clone(),
            }),
            StepSource::Lock(key) => Step::Lock(self.text(key)?),
            StepSource::Write(write) => Step::Write(WriteStep {
                when: self.optional(write.when.as_ref())?,
                of_learnt: false,
                call: Call { repeatable: write.repeatable, ..self.call(&write.name, &write.call, Some(&write.why))? },
                spread: match &write.group {
                    Some(group) => Spread::Group { by: self.expression(&group.by)?, chunk: group.chunk.max(1) },
                    None => Spread::Request,
                },
            }),
        })
    }

    fn named_value(&mut self, (name, text): (&String, &String)) -> Result<NamedValue> {
        Ok(NamedValue { name: name.clone(), expression: self.expression(text)?, per_item: false })
    }

    pub(super) fn holds(&mut self, holds: &HoldsSource) -> Result<Holds> {
        if holds.fields.is_empty() == holds.is.is_none() {
            return Err(self.error("C016", "holds:", "say with either `where` or `is` which element is the role"));
        }
        let mut fields = Vec::new();
        for (path, template) in &holds.fields {
            fields.push((self.path(path)?, self.tree(&serde_json::Value::String(template.clone()))?));
        }
        let inner: Vec<Vec<String>> =
            fields.iter().map(|(path, _)| path.fields().map(str::to_owned).collect()).collect();
        let is = holds.is.as_ref().map(|text| self.tree(&serde_json::Value::String(text.clone()))).transpose()?;
        let list = self.list(&holds.list, &inner)?;
        let steps = list.reads().into_iter().filter_map(|path| path.into_iter().next());
        Ok(Holds {
            steps: steps.collect(),
            list,
            fields,
            is,
            ignore_case: holds.ignore_case,
            none_when: self.optional(holds.none_when.as_ref())?,
        })
    }
}

/// What no passthrough may set: top-level names of what the writes render, unless they are declared open, those the
/// definition adds, and what tells a message's reply. A body that is one expression may hold any name, so that only open ones may be set.
fn protection(targets: &TargetsSource, writes: &[&Call], correlations: &[&String]) -> Protection {
    let open: BTreeSet<String> = targets.open.iter().map(|name| plain_name(name)).collect();
    let mut names: BTreeSet<String> = targets.names.iter().map(|name| plain_name(name)).collect();
    names.extend(correlations.iter().map(|name| plain_name(name)));
    let mut everything = false;
    for call in writes {
        for body in call.body.iter().chain(&call.message) {
            match body {
                TreeTemplate::Object(members) => names.extend(members.iter().map(|(name, _)| plain_name(name))),
                _ => everything = true,
            }
        }
        names.extend(call.query.iter().map(|(name, _)| plain_name(name)));
    }
    names.retain(|name| !open.contains(name));
    Protection { names, open, everything }
}
