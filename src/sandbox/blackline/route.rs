//! Which endpoint a path names. Each segment is percent-decoded exactly once.

use percent_encoding::percent_decode_str;

use super::answers::Refusal;
use super::settings::{RemoveForm, Settings};

/// An endpoint with the user of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    Users,
    User(i64),
    RoleProducts(i64),
    Roles,
}

impl Route {
    pub(super) fn of(path: &str, settings: &Settings) -> Result<Self, Refusal> {
        let raw = path.strip_prefix('/').ok_or_else(Refusal::not_found)?.split('/');
        let segments: Result<Vec<_>, _> = raw.map(|segment| percent_decode_str(segment).decode_utf8()).collect();
        let segments = segments.map_err(|_| Refusal::not_found())?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            ["authorize", "connect", "token"] => Ok(Self::Token),
            ["v1", "users"] => Ok(Self::Users),
            ["v1", "users", user] if settings.single_user_read => id(user).map(Self::User),
            ["v1", "users", user] => id(user).and(Err(Refusal::not_found())),
            ["v1", "users", user, "role-products"] => id(user).map(Self::RoleProducts),
            ["v1", "roles"] if settings.roles_list => Ok(Self::Roles),
            ["v1", "roles"] => Err(Refusal::not_found()),
            ["v1", ..] => Err(Refusal::new(settings.misspelt_path_status, "The resource is not known.")),
            _ => Err(Refusal::not_found()),
        }
    }

    pub(super) fn methods(self, settings: &Settings) -> &'static [&'static str] {
        match self {
            Self::Token => &["POST"],
            Self::Users => &["GET", "POST"],
            Self::User(_) | Self::Roles => &["GET"],
            Self::RoleProducts(_) if settings.remove_form == RemoveForm::Post => &["GET", "POST"],
            Self::RoleProducts(_) => &["GET", "POST", "DELETE"],
        }
    }
}

fn id(segment: &str) -> Result<i64, Refusal> {
    integer(segment).ok_or_else(|| Refusal::bad_request("The user id is not an integer."))
}

/// A decimal number, without a plus sign.
pub(super) fn integer(text: &str) -> Option<i64> {
    text.parse().ok().filter(|_| !text.starts_with('+'))
}
