//! Permissions as extractors: a handler that takes one cannot be reached without it.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::error::ApiError;
use crate::gateway::{Caller, Gateway, Stranger};
use crate::model::ErrorKind;
use crate::storage::Scope;

/// A scope, as a type.
pub(super) trait Needs {
    const SCOPE: Scope;
}

/// May take roles away.
pub(super) struct Call;
/// May connect accounts and make tokens.
pub(super) struct Admin;

/// May read the audit.
pub(super) struct Audit;

impl Needs for Audit {
    const SCOPE: Scope = Scope::Audit;
}

impl Needs for Call {
    const SCOPE: Scope = Scope::Call;
}

impl Needs for Admin {
    const SCOPE: Scope = Scope::Admin;
}

/// A caller whose token has the scope.
pub(super) struct Authorized<S>(pub(super) Arc<Caller>, PhantomData<S>);

impl<S: Needs> FromRequestParts<Arc<Gateway>> for Authorized<S> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, ApiError> {
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header
            .and_then(|header| header.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let known = token.map_or(Err(Stranger::Unknown), |(_, token)| gateway.authenticate(token.trim()));
        let caller = known.map_err(|stranger| {
            let message = match stranger {
                Stranger::Unknown => "a valid API token is needed: `Authorization: Bearer <token>`".to_owned(),
                Stranger::Expired(end) => format!("the API token expired at {end:.0}; an administrator makes another"),
            };
            ApiError::new(ErrorKind::Unauthenticated, message)
        })?;
        gateway.admit(&caller)?;
        if !caller.scopes.contains(&S::SCOPE) {
            let message = format!("the API token lacks the scope `{}`", S::SCOPE.as_str());
            return Err(ApiError::new(ErrorKind::Forbidden, message));
        }
        Ok(Self(caller, PhantomData))
    }
}
