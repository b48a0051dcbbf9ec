//! The connectors of a process, by slug and alias. A definition may be compiled when it is first asked for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::Deserialize;

use super::compile::compile;
use super::compiled::Connector;
use super::diagnostic::{DefinitionError, Source};

/// The connectors of this process, by slug and alias.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    by_name: HashMap<String, Arc<Entry>>,
}

#[derive(Debug)]
struct Entry {
    slug: String,
    file: String,
    text: Cow<'static, str>,
    compiled: OnceLock<Result<Arc<Connector>, Box<DefinitionError>>>,
}

impl Entry {
    fn connector(&self) -> &Result<Arc<Connector>, Box<DefinitionError>> {
        self.compiled.get_or_init(|| compile(&self.file, &self.text).map(Arc::new).map_err(Box::new))
    }
}

/// A definition's text, and the file it stands in.
pub(super) struct Text {
    pub(super) file: String,
    pub(super) text: Cow<'static, str>,
}

/// What is read of a definition before it is compiled.
#[derive(Deserialize)]
struct Head {
    slug: String,
    #[serde(default)]
    aliases: Vec<String>,
}

impl Registry {
    /// Registers compiled connectors under their slugs and aliases; the first to claim a name has it.
    pub fn new(connectors: Vec<Connector>) -> Self {
        let mut registry = Self::default();
        for connector in connectors {
            let (slug, aliases) = (connector.slug.clone(), connector.aliases.clone());
            let compiled = OnceLock::from(Ok(Arc::new(connector)));
            registry.add(Entry { slug, file: String::new(), text: Cow::Borrowed(""), compiled }, aliases);
        }
        registry
    }

    fn add(&mut self, entry: Entry, aliases: Vec<String>) {
        let entry = Arc::new(entry);
        for name in std::iter::once(entry.slug.clone()).chain(aliases) {
            self.by_name.entry(name).or_insert_with(|| Arc::clone(&entry));
        }
    }

    /// Registers definitions under their slugs and aliases; the first to claim a name has it. They are compiled on first
    /// use.
    ///
    /// # Errors
    /// If one is no YAML with a slug.
    pub(super) fn of_texts(texts: Vec<Text>) -> Result<Self, DefinitionError> {
        let mut registry = Self::default();
        for Text { file, text } in texts {
            let head: Result<Head, _> = serde_saphyr::from_str(&text);
            let Head { slug, aliases } =
                head.map_err(|error| Source { file: &file, text: &text }.error_of_yaml(&error))?;
            registry.add(Entry { slug, file, text, compiled: OnceLock::new() }, aliases);
        }
        Ok(registry)
    }

    /// Compiles what is not compiled yet.
    ///
    /// # Errors
    /// With the first mistake, by the slugs' order.
    pub(super) fn compile_all(&self) -> Result<(), DefinitionError> {
        for slug in self.slugs() {
            if let Some(Err(error)) = self.find(slug) {
                return Err(error.clone());
            }
        }
        Ok(())
    }

    /// The connector of that slug or alias, or what is wrong with its definition; `None` if there is no such connector.
    pub fn find(&self, name: &str) -> Option<Result<&Arc<Connector>, &DefinitionError>> {
        let entry = self.by_name.get(name)?;
        Some(entry.connector().as_ref().map_err(AsRef::as_ref))
    }

    /// The connector of that slug or alias, if there is one without a mistake.
    pub fn get(&self, name: &str) -> Option<&Arc<Connector>> {
        self.find(name)?.ok()
    }

    /// The slugs, in order, without aliases.
    pub fn slugs(&self) -> Vec<&str> {
        let mut slugs: Vec<&str> = self.by_name.values().map(|entry| entry.slug.as_str()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        slugs
    }
}
