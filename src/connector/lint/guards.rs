//! What is read of a role, and whether a look-up brings it: a guard over what is not there lets everything through.

use std::collections::BTreeSet;

use super::Lint;
use super::places::{Way, below, way};
use crate::connector::definition::{LookupSource, RoleField, StepSource};

impl Lint<'_> {
    pub(super) fn guards(&mut self) {
        let lookups = &self.definition.lookups.role;
        let taken: BTreeSet<&str> = lookups.iter().flat_map(|lookup| lookup.take.keys().map(String::as_str)).collect();
        let mut unfed = Vec::new();
        for site in self.sites.all() {
            for path in &site.reads {
                if let [item, role, field, ..] = path.as_slice()
                    && (item.as_str(), role.as_str()) == ("item", "role")
                    && !is_given(field)
                    && !taken.contains(field.as_str())
                {
                    let message = format!("no look-up takes `{field}`, so `.item.role.{field}` is null");
                    unfed.push((site.way.clone(), message));
                }
            }
        }
        for way in self.guard_ways() {
            let made = self.sites.made_of(self.sites.under(&way));
            let fields = made.inputs.iter().filter_map(|input| input.strip_prefix("role."));
            for field in fields.filter(|field| !is_given(field) && taken.contains(field)) {
                let lacks = |lookup: &LookupSource| !lookup.take.contains_key(field);
                let by = |given: RoleField| lookups.iter().filter(move |lookup| lookup.given == given);
                let by_id = by(RoleField::Id).next().is_none() || by(RoleField::Id).any(lacks);
                let by_name = by(RoleField::Name).any(lacks);
                for (_, word) in [(by_id, "id"), (by_name, "name")].into_iter().filter(|(lacks, _)| *lacks) {
                    let message =
                        format!("of a role given by its {word}, `{field}` is not always looked up: null here");
                    unfed.push((way.clone(), message));
                }
            }
        }
        for (way, message) in unfed {
            self.error("L027", &way, message);
            self.hint("let every look-up of `lookups.role` take it");
        }
    }

    /// Where it is decided whether something is taken away.
    fn guard_ways(&self) -> Vec<Way> {
        let checks = self.definition.checks.iter().enumerate();
        let checks = checks.map(|(index, _)| way!["checks", index, "refuse_when"]);
        let steps = way!["operations", "users.unassign-role", "steps"];
        let of_steps = self.definition.operations.unassign_role.steps.iter().enumerate();
        let of_steps = of_steps.filter_map(|(index, step)| match step {
            StepSource::Stop(_) => Some(below(&steps, way![index, "stop", "when"])),
            StepSource::Write(_) => Some(below(&steps, way![index, "write", "when"])),
            StepSource::Read(_) | StepSource::Let(_) | StepSource::Lock(_) => None,
        });
        checks.chain(of_steps).collect()
    }
}

/// What a caller says of a role.
fn is_given(field: &str) -> bool {
    matches!(field, "id" | "name")
}
