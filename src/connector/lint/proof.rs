//! The proof: whether it is made, made anew, and about the user and the role that it is to be about.

use std::collections::BTreeSet;

use super::Lint;
use super::places::{Seg, Way, below, way};

impl Lint<'_> {
    pub(super) fn proof(&mut self) {
        let definition = self.definition;
        if definition.proof.reads.is_empty() {
            self.error("L010", &way!["proof"], "no read proves what the writes did");
            let rules = definition.errors.iter().enumerate();
            let mut settled: Vec<Way> = rules
                .filter(|(_, rule)| rule.settle.is_some())
                .map(|(index, _)| way!["errors", index, "settle"])
                .collect();
            for (write, source) in self.writes() {
                let own = source.call.errors.iter().enumerate().filter(|(_, rule)| rule.settle.is_some());
                settled.extend(own.map(|(index, _)| below(&write, way!["call", "errors", index, "settle"])));
            }
            for way in settled {
                self.error("L015", &way, "`settle` asks the proof, and the proof has no reads");
            }
            return;
        }
        let made_anew: BTreeSet<&str> = definition.proof.reads.iter().map(|read| read.name.as_str()).collect();
        let steps: BTreeSet<String> = definition.reads.keys().cloned().chain(self.write_names()).collect();
        let holds = [way!["proof", "holds"], way!["proof", "inherited"]];
        let mut stale = Vec::new();
        for site in holds.iter().flat_map(|way| self.sites.under(way)) {
            let of_steps = site.reads.iter().filter_map(|path| path.first()).filter(|root| steps.contains(*root));
            if let Some(step) = of_steps.into_iter().find(|step| !made_anew.contains(step.as_str())) {
                stale.push((site.way.clone(), step.clone()));
            }
        }
        for (way, step) in stale {
            let message = format!("the proof looks at `{step}`, which its `reads` do not read again after the write");
            self.error("L011", &way, message);
        }
        self.idle_reads();
        self.shows_user();
        for way in holds {
            self.is_about_it(&way);
        }
    }

    fn write_names(&self) -> Vec<String> {
        self.writes().into_iter().map(|(_, write)| write.name.clone()).collect()
    }

    fn idle_reads(&mut self) {
        let definition = self.definition;
        let sections = [way!["proof"], way!["user"]];
        let sites = sections.iter().flat_map(|way| self.sites.under(way));
        let roots: BTreeSet<String> =
            sites.flat_map(|site| &site.reads).filter_map(|path| path.first().cloned()).collect();
        let mapped: BTreeSet<&str> = definition.user.from.iter().map(|from| from.step.as_str()).collect();
        for (index, read) in definition.proof.reads.iter().enumerate() {
            let name = read.name.as_str();
            if !roots.contains(name) && !mapped.contains(name) {
                let message = format!("nothing looks at what `{name}` reads");
                self.warning("L012", &way!["proof", "reads", index], message);
            }
        }
    }

    /// Without it a removal is `yes` only where the role was seen to be held, or the user was looked up.
    fn shows_user(&mut self) {
        let paths = self.definition.reads.keys().map(|read| way!["reads", read, "path"]);
        let names_user = |path: &Way| {
            self.sites
                .under(path)
                .flat_map(|site| &site.reads)
                .any(|path| path.first().is_some_and(|root| root == "input"))
        };
        if self.definition.proof.shows_user.is_none() && !paths.into_iter().any(|path| names_user(&path)) {
            let message = "no read has the user's id in its path, and `shows_user` does not say what shows that there is such a user";
            self.warning("L035", &way!["proof"], message);
        }
    }

    fn is_about_it(&mut self, way: &[Seg]) {
        if self.sites.under(way).next().is_none() {
            return;
        }
        let made = self.sites.made_of(self.sites.under(way));
        if !made.user && self.definition.inputs.contains_key("id") {
            self.error("L013", way, "what is compared does not depend on the user: it may be somebody else's role");
        }
        if made.inputs.is_empty() {
            self.error("L013", way, "what is compared does not depend on the role or scope that is taken away");
        }
    }
}
