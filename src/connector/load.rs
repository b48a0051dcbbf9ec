//! Where definitions come from: the binary itself, or a folder of the operator's.

use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use thiserror::Error;

use super::compile::compile;
use super::compiled::{Connector, Registry};
use super::diagnostic::DefinitionError;

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/connectors");
const FILE: &str = "connector.yaml";

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

/// The connectors of the binary.
///
/// # Errors
/// With the first mistake in one of them.
pub fn embedded() -> Result<Registry, LoadError> {
    let files = EMBEDDED.dirs().filter_map(|folder| folder.get_file(folder.path().join(FILE)));
    let connectors = files.map(|file| {
        let name = format!("connectors/{}", file.path().display());
        compile(&name, file.contents_utf8().unwrap_or_default())
    });
    let connectors = connectors.collect::<Result<Vec<Connector>, _>>();
    connectors.map(Registry::new).map_err(|error| LoadError::Definition(Box::new(error)))
}

/// A file of the binary's connectors, such as `<slug>/cases/<operation>.yaml`.
pub fn embedded_file(path: &str) -> Option<&'static str> {
    EMBEDDED.get_file(path)?.contents_utf8()
}

/// The connectors of a folder: `<folder>/<slug>/connector.yaml`.
///
/// # Errors
/// If the folder cannot be read, holds none, or one of them has a mistake.
pub fn from_directory(folder: &Path) -> Result<Registry, LoadError> {
    let unreadable = |error| LoadError::Unreadable(folder.to_owned(), error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path().join(FILE);
        if file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    let mut connectors = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).map_err(|error| LoadError::Unreadable(file.clone(), error))?;
        let name = file.display().to_string();
        connectors.push(compile(&name, &text).map_err(|error| LoadError::Definition(Box::new(error)))?);
    }
    if connectors.is_empty() {
        return Err(LoadError::Empty(folder.to_owned()));
    }
    Ok(Registry::new(connectors))
}
