//! Where definitions come from: the binary itself, or a folder of the operator's.

use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use thiserror::Error;

use super::diagnostic::DefinitionError;
use super::registry::{Registry, Text};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/connectors");
const FILE: &str = "connector.yaml";
/// Definitions of a folder that are compiled before it counts as loaded.
const COMPILED_AT_ONCE: usize = 100;

/// Why connectors could not be loaded.
#[derive(Debug, Error)]
pub enum LoadError {
    /// The folder or a file in it cannot be read.
    #[error("{path}: {error}", path = .0.display(), error = .1)]
    Unreadable(PathBuf, io::Error),
    /// A definition has a mistake.
    #[error("{0}")]
    Definition(Box<DefinitionError>),
    /// The folder holds no `<slug>/connector.yaml`.
    #[error("{path} holds no <slug>/connector.yaml", path = .0.display())]
    Empty(PathBuf),
}

/// The connectors of the binary, each compiled on first use: tests compile them all.
///
/// # Errors
/// If one of them is no definition at all.
pub fn embedded() -> Result<Registry, LoadError> {
    let files = EMBEDDED.dirs().filter_map(|folder| folder.get_file(folder.path().join(FILE)));
    let texts = files.map(|file| Text {
        file: format!("connectors/{}", file.path().display()),
        text: file.contents_utf8().unwrap_or_default().into(),
    });
    Registry::of_texts(texts.collect()).map_err(|error| LoadError::Definition(Box::new(error)))
}

/// The connectors of a folder: `<folder>/<slug>/connector.yaml`. Of more than a hundred, each is compiled on first use, as
/// compiling takes milliseconds; of fewer, a mistake is found here.
///
/// # Errors
/// If the folder cannot be read, holds none, or one of them has a mistake.
pub fn from_directory(folder: &Path) -> Result<Registry, LoadError> {
    let texts = texts_in(folder)?;
    if texts.is_empty() {
        return Err(LoadError::Empty(folder.to_owned()));
    }
    let few = texts.len() <= COMPILED_AT_ONCE;
    let registry = Registry::of_texts(texts).and_then(|registry| {
        if few {
            registry.compile_all()?;
        }
        Ok(registry)
    });
    registry.map_err(|error| LoadError::Definition(Box::new(error)))
}

fn texts_in(folder: &Path) -> Result<Vec<Text>, LoadError> {
    let unreadable = |error| LoadError::Unreadable(folder.to_owned(), error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path().join(FILE);
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    let read = |file: PathBuf| match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Text { file: file.display().to_string(), text: text.into() }),
        Err(error) => Err(LoadError::Unreadable(file, error)),
    };
    files.into_iter().map(read).collect()
}
