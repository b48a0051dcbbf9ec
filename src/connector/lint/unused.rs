//! What is declared and used by nothing.

use std::collections::BTreeSet;

use super::Lint;
use super::places::way;
use crate::connector::definition::{LookupSource, OtherwiseSource, ReadRef, RoleField, StepSource};

impl<'d> Lint<'d> {
    pub(super) fn unused(&mut self) {
        self.unused_inputs();
        let definition = self.definition;
        for key in definition.account.keys().filter(|key| *key != "base_url") {
            if !self.sites.is_read(&["account", key]) {
                self.warning("L002", &way!["account", key], format!("nothing uses the account's `{key}`"));
            }
        }
        let used = self.used_reads();
        for name in definition.reads.keys().filter(|name| !used.contains(name.as_str())) {
            self.warning("L003", &way!["reads", name], format!("nothing runs the read `{name}`"));
        }
        let tables: BTreeSet<&String> = self.lookups().filter_map(|lookup| lookup.table.as_ref()).collect();
        let unused = |name: &&String| !tables.contains(name) && !self.sites.is_read(&["tables", name]);
        for name in definition.tables.keys().filter(unused).collect::<Vec<_>>() {
            self.warning(
                "L004",
                &way!["tables", name],
                format!("no look-up searches the table `{name}`, and nothing reads it"),
            );
        }
        for (index, step) in definition.operations.unassign_role.steps.iter().enumerate() {
            let StepSource::Let(values) = step else { continue };
            for name in values.keys().filter(|name| !self.sites.is_read(&["let", name])).collect::<Vec<_>>() {
                let way = way!["operations", "users.unassign-role", "steps", index, "let", name];
                self.warning("L005", &way, format!("nothing reads `.let.{name}`"));
            }
        }
    }

    /// An input that is accepted and not used is a promise that is not kept: the caller believes in a scope.
    fn unused_inputs(&mut self) {
        let definition = self.definition;
        let used = self.sites.made_of(self.sites.all());
        let given = |field: RoleField| definition.lookups.role.iter().any(|lookup| lookup.given == field);
        for (name, _) in &definition.inputs {
            let by_lookup = match name.as_str() {
                "role" => !definition.lookups.role.is_empty(),
                "role.id" => given(RoleField::Id),
                "role.name" => given(RoleField::Name),
                _ => false,
            };
            let feeds = definition.inputs.values().any(|other| other.from.contains(name));
            let is_used = if name == "id" { used.user } else { by_lookup || feeds || used.inputs.contains(name) };
            if !is_used {
                self.error("L001", &way!["inputs", name], format!("nothing uses the input `{name}`"));
                self.hint("a caller who gives it believes that it narrows what is taken away");
            }
        }
    }

    fn lookups(&self) -> impl Iterator<Item = &'d LookupSource> + use<'d> {
        let definition = self.definition;
        definition.lookups.user.iter().chain(&definition.lookups.role)
    }

    fn used_reads(&self) -> BTreeSet<&'d str> {
        let definition = self.definition;
        let mut used = BTreeSet::from([definition.check.as_str()]);
        for lookup in self.lookups() {
            used.extend(lookup.read.iter().chain(&lookup.after).map(String::as_str));
        }
        let steps = definition.operations.unassign_role.steps.iter().filter_map(|step| match step {
            StepSource::Read(read) => Some(read),
            _ => None,
        });
        let runs: Vec<&ReadRef> = steps.chain(&definition.proof.reads).chain(&definition.user.reads).collect();
        used.extend(runs.into_iter().map(|read| read.name.as_str()));
        for source in definition.inputs.values().flat_map(|input| &input.otherwise) {
            if let OtherwiseSource::Read(read) = source {
                used.insert(&read.read);
            }
        }
        used
    }
}
