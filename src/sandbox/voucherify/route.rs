//! Which endpoint a path names. Each segment is percent-decoded exactly once; what does not fit is no endpoint at all.

use percent_encoding::percent_decode_str;

/// An endpoint with the identifiers of its path, which may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Projects,
    /// The users of a project.
    Users(String),
    /// A user of a project, by id or login.
    User(String, String),
}

impl Route {
    pub(super) fn of(path: &str) -> Option<Self> {
        // One slash only: `Call::segments` would forgive more.
        let raw = path.strip_prefix('/')?.split('/');
        let segments: Vec<_> =
            raw.map(|segment| percent_decode_str(segment).decode_utf8()).collect::<Result<_, _>>().ok()?;
        if segments.iter().any(|segment| ["", ".", ".."].contains(&segment.as_ref())) {
            return None;
        }
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let ["management", "v1", "projects", below @ ..] = segments.as_slice() else {
            return None;
        };
        match below {
            [] => Some(Self::Projects),
            [project, "users"] => Some(Self::Users((*project).to_owned())),
            [project, "users", user] => Some(Self::User((*project).to_owned(), (*user).to_owned())),
            _ => None,
        }
    }

    pub(super) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::Projects => &["GET"],
            Self::Users(_) => &["GET", "POST"],
            Self::User(..) => &["DELETE", "GET", "PUT"],
        }
    }

    /// The project the path is below of.
    pub(super) fn project(&self) -> Option<&str> {
        match self {
            Self::Projects => None,
            Self::Users(project) | Self::User(project, _) => Some(project),
        }
    }
}
