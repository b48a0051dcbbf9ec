//! Inputs, look-ups and what the writes make of them.

use std::collections::BTreeSet;

use super::Lint;
use super::places::{Seg, Way, below, way};
use super::reads::{Site, Sources};
use crate::connector::definition::{LookupSource, RoleField};
use crate::expression::ValuePath;

/// Parts of a setting's name that say that it is a secret.
const SECRET_WORDS: &[&str] = &["secret", "password", "token", "api_key"];

impl Lint<'_> {
    pub(super) fn inputs(&mut self) {
        self.targets();
        self.lookups_compare();
        let definition = self.definition;
        for (name, input) in &definition.inputs {
            if input.pattern.is_some() && input.help.is_empty() {
                let message = format!("`{name}` has a pattern and no `help`: a caller is told a regular expression");
                self.warning("L014", &way!["inputs", name], message);
            }
        }
        for (name, key) in &definition.account {
            if key.pattern.is_some() && key.help.is_empty() {
                let message = format!("`{name}` has a pattern and no `help`: an operator is told a regular expression");
                self.warning("L014", &way!["account", name], message);
            }
            if !key.secret && SECRET_WORDS.iter().any(|word| name.contains(word)) {
                let message = format!("`{name}` sounds like a secret, and is not `secret: true`: it would be shown");
                self.warning("L018", &way!["account", name], message);
            }
        }
    }

    /// What the writes are made of says whose access to what is taken.
    fn targets(&mut self) {
        let definition = self.definition;
        let mut sources = Sources::default();
        for (way, _) in self.writes() {
            let (call, group) = (below(&way, way!["call"]), below(&way, way!["for"]));
            let sites: Vec<&Site> = self.sites.of_call(&call).chain(self.sites.under(&group)).collect();
            let made = self.sites.made_of(sites.into_iter());
            sources.user |= made.user;
            sources.inputs.extend(made.inputs);
        }
        for (name, input) in &definition.inputs {
            let is_rendered = if name == "id" { sources.user } else { sources.inputs.contains(name) };
            if is_rendered && !input.target {
                let message = format!("a write is made of `{name}`, which is not `target: true`");
                self.error("L006", &way!["inputs", name], message);
            }
        }
        let declares = |name: &str| definition.inputs.contains_key(name);
        let user = sources.user && !declares("id");
        let role = sources.inputs.contains("role") && !["role", "role.id", "role.name"].into_iter().any(declares);
        let scopes = ["group", "organization", "workspace"].into_iter();
        let scope = scopes.filter(|scope| sources.inputs.contains(*scope) && !declares(scope));
        let missing: Vec<&str> = user.then_some("id").into_iter().chain(role.then_some("role")).chain(scope).collect();
        for name in missing {
            let message = format!("a write is made of `{name}`, which is no declared input: nobody asks for it");
            self.error("L034", &way!["inputs"], message);
        }
        if let Some(names) = self.rendered_names() {
            for (index, open) in definition.targets.open.iter().enumerate() {
                if !names.contains(open) {
                    let message = format!("no write renders `{open}`: what is not rendered is open already");
                    self.warning("L024", &way!["targets", "open", index], message);
                }
            }
        }
    }

    /// Names that the writes set, or `None` where all of what is sent is one expression, which may set any.
    fn rendered_names(&self) -> Option<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for (index, _) in self.definition.operations.unassign_role.steps.iter().enumerate() {
            let call = format!("/operations/users.unassign-role/steps/{index}/write/call");
            let Some(call) = self.yaml.pointer(&call) else { continue };
            for sent in ["query", "body", "message"].into_iter().filter_map(|part| call.get(part)) {
                names.extend(sent.as_object()?.keys().cloned());
            }
        }
        Some(names)
    }

    fn lookups_compare(&mut self) {
        let lookups = &self.definition.lookups;
        let user = lookups.user.iter().map(|lookup| (way!["lookups", "user"], lookup, true));
        let roles = lookups.role.iter().enumerate();
        let roles =
            roles.map(|(index, lookup)| (way!["lookups", "role", index], lookup, lookup.given == RoleField::Name));
        for (way, lookup, by_name) in user.chain(roles).collect::<Vec<(Way, &LookupSource, bool)>>() {
            self.lookup_compares(&way, lookup, by_name);
            let learns = |field: &str| lookup.take.contains_key(field);
            let is_user = matches!(way.last(), Some(Seg::Key(_)));
            if !(learns("id") || (!is_user && learns("name"))) {
                let what = if is_user { "no `id`: no user can be named by it" } else { "neither `id` nor `name`" };
                self.error("L017", &way, format!("the look-up takes {what}"));
            }
        }
    }

    fn lookup_compares(&mut self, way: &[Seg], lookup: &LookupSource, by_name: bool) {
        if lookup.matches.is_some() {
            return;
        }
        // A program may compare by itself.
        let whole_list = lookup.list.as_ref().is_some_and(|list| ValuePath::parse(list.trim()).is_some());
        if whole_list || lookup.table.is_some() || (by_name && lookup.list.is_none()) {
            let message = "the look-up compares nothing: without `match`, whatever the provider gave is taken";
            self.error("L016", way, message);
        }
    }
}
