//! Which operation a path names. Each segment is percent-decoded exactly once; what does not fit is none at all.

use percent_encoding::percent_decode_str;

use super::access::Scope;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    RevokeToken,
    RoleActions,
    /// The deprecated pair that grants and revokes without naming a CID.
    OldUserRoles,
    HeldRoles,
    RoleIds,
    RoleDetails,
    RoleDetailsByPost,
    UserIds,
    UserDetails,
    Users,
}

impl Route {
    pub(super) fn of(path: &str) -> Option<Self> {
        let raw = path.strip_prefix('/')?.split('/');
        let segments: Vec<_> =
            raw.map(|segment| percent_decode_str(segment).decode_utf8()).collect::<Result<_, _>>().ok()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            ["oauth2", "token"] => Some(Self::Token),
            ["oauth2", "revoke"] => Some(Self::RevokeToken),
            ["user-roles", "entities", "user-roles", "v1"] => Some(Self::OldUserRoles),
            ["user-management", rest @ ..] => match rest {
                ["entities", "user-role-actions", "v1"] => Some(Self::RoleActions),
                // The older version differs in no documented way.
                ["combined", "user-roles", "v1" | "v2"] => Some(Self::HeldRoles),
                ["queries", "roles", "v1"] => Some(Self::RoleIds),
                ["entities", "roles", "v1"] => Some(Self::RoleDetails),
                ["entities", "roles", "GET", "v2"] => Some(Self::RoleDetailsByPost),
                ["queries", "users", "v1"] => Some(Self::UserIds),
                ["entities", "users", "GET", "v1"] => Some(Self::UserDetails),
                ["entities", "users", "v1"] => Some(Self::Users),
                _ => None,
            },
            _ => None,
        }
    }

    /// The scope that the operation of that method needs; none if there is no such operation.
    pub(super) fn scope(self, method: &str) -> Option<Scope> {
        match (self, method) {
            (Self::HeldRoles | Self::RoleIds | Self::RoleDetails | Self::UserIds, "GET")
            | (Self::RoleDetailsByPost | Self::UserDetails, "POST") => Some(Scope::Read),
            (Self::RoleActions, "POST") | (Self::OldUserRoles | Self::Users, "POST" | "DELETE") => Some(Scope::Write),
            _ => None,
        }
    }
}
