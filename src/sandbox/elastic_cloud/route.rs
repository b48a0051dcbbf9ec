//! Which endpoint a path names. Each segment is percent-decoded exactly once; a user id may then hold anything.

use percent_encoding::percent_decode_str;

/// An endpoint, with what its path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Of that user.
    RoleAssignments(String),
    Organizations,
    Organization(String),
    Members(String),
    /// Of that organization, the users' ids.
    Membership(String, Vec<String>),
    Invitations(String),
}

impl Route {
    pub(super) fn of(path: &str) -> Option<Self> {
        let raw = path.strip_prefix("/api/v1/")?.split('/');
        let segments: Vec<String> = raw
            .map(|segment| percent_decode_str(segment).decode_utf8().map(|s| s.into_owned()))
            .collect::<Result<_, _>>()
            .ok()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if segments.contains(&"") {
            return None;
        }
        Some(match segments.as_slice() {
            ["users", user, "role_assignments"] => Self::RoleAssignments((*user).to_owned()),
            ["organizations"] => Self::Organizations,
            ["organizations", id] => Self::Organization((*id).to_owned()),
            ["organizations", id, "members"] => Self::Members((*id).to_owned()),
            ["organizations", id, "members", users] => {
                Self::Membership((*id).to_owned(), users.split(',').map(str::to_owned).collect())
            }
            ["organizations", id, "invitations"] => Self::Invitations((*id).to_owned()),
            _ => return None,
        })
    }

    pub(super) fn methods(&self) -> &'static [&'static str] {
        match self {
            Self::RoleAssignments(_) => &["DELETE", "POST"],
            Self::Membership(..) => &["DELETE"],
            Self::Organizations | Self::Organization(_) | Self::Members(_) | Self::Invitations(_) => &["GET"],
        }
    }
}
