//! Which endpoint a path names. Each segment is percent-decoded exactly once; what does not fit is no endpoint at all.

use percent_encoding::percent_decode_str;

/// An endpoint with the numbers of its path, which may still be 0 or negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    Users,
    User(i32),
    UserRole(i32, i32),
    Roles,
    Role(i32),
}

impl Route {
    pub(super) fn of(path: &str) -> Option<Self> {
        // One slash only: `Call::segments` would forgive more.
        let raw = path.strip_prefix('/')?.split('/');
        let segments: Vec<_> =
            raw.map(|segment| percent_decode_str(segment).decode_utf8()).collect::<Result<_, _>>().ok()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            ["connect", "token"] => Some(Self::Token),
            ["api", "v1", "users"] => Some(Self::Users),
            ["api", "v1", "users", user] => Some(Self::User(integer(user)?)),
            ["api", "v1", "users", user, "roles", role] => Some(Self::UserRole(integer(user)?, integer(role)?)),
            ["api", "v1", "roles"] => Some(Self::Roles),
            ["api", "v1", "roles", role] => Some(Self::Role(integer(role)?)),
            _ => None,
        }
    }

    pub(super) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Token => &["POST"],
            Self::UserRole(..) => &["DELETE", "POST"],
            Self::Users | Self::User(_) | Self::Roles | Self::Role(_) => &["GET"],
        }
    }
}

/// A decimal number of 32 bits, without a plus sign.
fn integer(segment: &str) -> Option<i32> {
    if segment.starts_with('+') {
        return None;
    }
    segment.parse().ok()
}
