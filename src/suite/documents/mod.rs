//! The providers' documents (`openapi/providers/`), and what in a call or its answer is not as the provider documents it.
//! Knows neither connectors nor simulators: only what was sent, and what came back.

use std::collections::BTreeMap;
use std::fmt;

use include_dir::{Dir, include_dir};
use serde_json::Value as Json;
use thiserror::Error;

use crate::sandbox::{Call, Reply};
use document::Document;
use messages::Messages;

mod bodies;
mod document;
mod messages;
mod operation;
mod parameters;
mod schemas;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/openapi/providers");
const MESSAGES: &str = "-messages";
/// The method of a [`Call`] that is a message: its path is the action, its body the payload.
const MESSAGE: &str = "MQTT";

/// What is wrong with one of the documents.
#[derive(Debug, Error)]
#[error("{file}: {at}: {what}")]
pub struct DocumentError {
    pub file: String,
    pub at: String,
    pub what: String,
}

/// Something that the provider's document does not know, or knows otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// As the document has it, such as `GET /users/{id}`; as sent if the document does not have it.
    pub operation: String,
    /// Such as `method`, `path.id`, `query.limit`, `header.x-id`, `content-type`, `body/ids/0`; for the answer
    /// `reply.status`, `reply.header.x-id`, `reply.content-type`, `reply.body/items/0/id`.
    pub place: String,
    pub what: String,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.operation, self.place, self.what)
    }
}

/// A place, and what is wrong there.
type Finding = (String, String);

/// The documents of all providers.
#[derive(Debug, Default)]
pub struct Documents {
    providers: BTreeMap<String, Provider>,
}

#[derive(Debug, Default)]
struct Provider {
    document: Document,
    messages: Messages,
}

impl Documents {
    /// The documents of the binary.
    ///
    /// # Errors
    /// With the first mistake in one of them.
    pub fn embedded() -> Result<Self, DocumentError> {
        let files = EMBEDDED.files().filter(|file| file.path().extension().is_some_and(|ending| ending == "json"));
        let mut documents = Self::default();
        for file in files {
            let stem = file.path().file_stem().unwrap_or_default().to_string_lossy();
            documents.add(&stem, file.contents_utf8().unwrap_or_default())?;
        }
        Ok(documents)
    }

    /// Adds the file `<name>.json`: a provider's OpenAPI document, or, as `<slug>-messages`, the schemas of its messages.
    ///
    /// # Errors
    /// With the first mistake in it.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), DocumentError> {
        let fault = |(at, what)| DocumentError { file: format!("{name}.json"), at, what };
        let json: Json = serde_json::from_str(text).map_err(|error| fault(("/".to_owned(), error.to_string())))?;
        let slug = name.strip_suffix(MESSAGES).unwrap_or(name);
        let provider = self.providers.entry(slug.to_owned()).or_default();
        if name == slug {
            provider.document = Document::read(&json).map_err(fault)?;
        } else {
            provider.messages = Messages::read(&json).map_err(fault)?;
        }
        Ok(())
    }

    /// The slugs of the providers that have a document.
    pub fn slugs(&self) -> impl Iterator<Item = &str> {
        self.providers.keys().map(String::as_str)
    }

    /// The operations of a provider's document, such as `GET /users/{id}`, and the actions of its messages.
    #[must_use]
    pub fn operations(&self, slug: &str) -> Vec<String> {
        let provider = self.providers.get(slug);
        let actions = provider.into_iter().flat_map(|known| known.messages.actions());
        let operations = provider.into_iter().flat_map(|known| known.document.operations());
        operations.map(str::to_owned).chain(actions.map(|action| format!("{MESSAGE} {action}"))).collect()
    }

    /// What in a call, and in its answer if there was one, is not as the provider's document says; nothing if all is.
    #[must_use]
    pub fn check(&self, slug: &str, call: &Call, reply: Option<&Reply>) -> Vec<Deviation> {
        let asked = format!("{} {}", call.method, call.path);
        let Some(provider) = self.providers.get(slug) else {
            let what = format!("there is no document of `{slug}`");
            return vec![Deviation { operation: asked, place: "provider".to_owned(), what }];
        };
        let (operation, findings) = if call.method == MESSAGE {
            (asked, provider.messages.check(call, reply))
        } else {
            provider.document.check(call, reply).unwrap_or_else(|finding| (asked, vec![finding]))
        };
        let deviation = |(place, what)| Deviation { operation: operation.clone(), place, what };
        findings.into_iter().map(deviation).collect()
    }
}
