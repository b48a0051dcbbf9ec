//! Where definitions come from: the binary itself, or a folder of the operator's.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use thiserror::Error;

use super::diagnostic::DefinitionError;
use super::lint::Document;
use super::registry::{Registry, Text};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/connectors");
const FILE: &str = "connector.yaml";
/// What the suite needs to know of a connector.
const CASE: &str = "cases/unassign-role.yaml";
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

/// A file of the binary's connectors, such as `<slug>/cases/<operation>.yaml`.
pub fn embedded_file(path: &str) -> Option<&'static str> {
    EMBEDDED.get_file(path)?.contents_utf8()
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

/// The binary's definitions, or those at a path, for [`check`](super::check): a `connector.yaml`, the folder of one, or a
/// folder of such folders.
///
/// # Errors
/// If the path cannot be read, or there is no definition.
pub fn documents(path: Option<&Path>) -> Result<Vec<Document>, LoadError> {
    let Some(path) = path else {
        let dirs = EMBEDDED.dirs().filter_map(|folder| {
            let text = folder.get_file(folder.path().join(FILE))?.contents_utf8()?;
            let (file, case) = (folder.path().join(FILE), folder.path().join(CASE));
            let has_case = EMBEDDED.get_file(&case).is_some();
            Some(document(&Path::new("connectors").join(file), text.into(), has_case))
        });
        return Ok(dirs.collect());
    };
    let own = if path.is_dir() { path.join(FILE) } else { path.to_owned() };
    let texts = if own.is_file() { vec![read(own)?] } else { texts_in(path)? };
    if texts.is_empty() {
        return Err(LoadError::Empty(path.to_owned()));
    }
    let documents = texts.into_iter().map(|Text { file, text }| {
        let file = PathBuf::from(file);
        let has_case = file.with_file_name(CASE).is_file();
        document(&file, text, has_case)
    });
    Ok(documents.collect())
}

fn document(file: &Path, text: Cow<'static, str>, has_case: bool) -> Document {
    // `connector.yaml` alone says nothing of the folder it is in.
    let folder = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let folder = folder.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned();
    let case = file.with_file_name(CASE).display().to_string();
    Document { file: file.display().to_string(), text, folder, case: (case, has_case) }
}

fn read(file: PathBuf) -> Result<Text, LoadError> {
    match std::fs::read_to_string(&file) {
        Ok(text) => Ok(Text { file: file.display().to_string(), text: text.into() }),
        Err(error) => Err(LoadError::Unreadable(file, error)),
    }
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
    files.into_iter().map(read).collect()
}
