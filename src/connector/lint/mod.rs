//! What a definition that compiles can still have wrong. Each finding has a code, `L…`, and its place in the file; all of
//! them are found, not the first alone.

mod answers;
mod guards;
mod inputs;
mod places;
mod proof;
mod reads;
mod scope;
mod unused;
mod words;

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::compile::compile;
use super::definition::{Definition, StepSource, WriteSource};
use super::diagnostic::{DefinitionError, Level, Source};
use places::{Places, Seg, Way, way};
use reads::Sites;

/// A definition to be checked, and what stands beside it.
#[derive(Clone, Debug)]
pub struct Document {
    pub file: String,
    pub text: Cow<'static, str>,
    /// The name of the folder it is in.
    pub folder: String,
    /// Where the suite's values for it are expected, and whether they are there.
    pub case: (String, bool),
}

/// All that is wrong with these definitions: errors, which would make a connector say or do something wrong, and
/// warnings. A definition that does not compile has its first mistake alone.
pub fn check(documents: &[Document]) -> Vec<DefinitionError> {
    let mut findings = Vec::new();
    let mut claimed: BTreeMap<String, &str> = BTreeMap::new();
    for document in documents {
        let source = Source { file: &document.file, text: &document.text };
        let connector = match compile(&document.file, &document.text) {
            Ok(connector) => connector,
            Err(error) => {
                findings.push(error);
                continue;
            }
        };
        let definition = serde_saphyr::from_str(&document.text);
        let yaml = serde_saphyr::from_str::<serde_json::Value>(&document.text);
        let (Ok(definition), Ok(yaml), Some(places)) = (definition, yaml, Places::of(&document.text)) else { continue };
        let sites = Sites::of(&yaml);
        let mut lint = Lint { source, definition: &definition, yaml: &yaml, sites, places, findings: Vec::new() };
        lint.check(document);
        let names = std::iter::once(("slug", 0, &connector.slug));
        let aliases = connector.aliases.iter().enumerate().map(|(index, alias)| ("aliases", index, alias));
        for (key, index, name) in names.chain(aliases) {
            if let Some(first) = claimed.get(name) {
                let way = if key == "slug" { way!["slug"] } else { way!["aliases", index] };
                lint.error("L029", &way, format!("`{name}` is claimed by {first} already, which has it"));
            } else {
                claimed.insert(name.clone(), &document.file);
            }
        }
        findings.append(&mut lint.findings);
    }
    findings
}

/// One definition at hand.
struct Lint<'d> {
    source: Source<'d>,
    definition: &'d Definition,
    yaml: &'d serde_json::Value,
    sites: Sites,
    places: Places,
    findings: Vec<DefinitionError>,
}

impl<'d> Lint<'d> {
    fn check(&mut self, document: &Document) {
        self.unused();
        self.inputs();
        self.answers();
        self.proof();
        self.scope();
        self.guards();
        self.words();
        let (path, is_there) = &document.case;
        if !is_there {
            let message = format!("{path} is missing: no scenario shows what this connector does");
            self.warning("L008", &way!["slug"], message);
        }
        if document.folder != self.definition.slug {
            let message =
                format!("the folder is called `{}`, the connector `{}`", document.folder, self.definition.slug);
            self.warning("L028", &way!["slug"], message);
        }
        let source = &self.source;
        self.findings.retain(|finding| finding.level == Level::Error || !source.allows(finding));
        self.findings.sort_by_key(|finding| (finding.line, finding.column));
    }

    /// What makes a connector say or do something wrong.
    fn error(&mut self, code: &str, way: &[Seg], message: impl Into<String>) {
        let (offset, length) = self.places.find(way);
        self.findings.push(self.source.error_at_offset(code, offset, length, message.into()));
    }

    /// What is untidy, or likely a mistake.
    fn warning(&mut self, code: &str, way: &[Seg], message: impl Into<String>) {
        let (offset, length) = self.places.find(way);
        let mut finding = self.source.error_at_offset(code, offset, length, message.into());
        finding.level = Level::Warning;
        self.findings.push(finding);
    }

    /// Gives the way out of the latest finding.
    fn hint(&mut self, hint: &str) {
        if let Some(finding) = self.findings.pop() {
            self.findings.push(finding.with_hint(hint));
        }
    }

    /// The writes, and the ways to them.
    fn writes(&self) -> Vec<(Way, &'d WriteSource)> {
        let steps = self.definition.operations.unassign_role.steps.iter().enumerate();
        let writes = steps.filter_map(|(index, step)| match step {
            StepSource::Write(write) => {
                Some((way!["operations", "users.unassign-role", "steps", index, "write"], write))
            }
            _ => None,
        });
        writes.collect()
    }
}
