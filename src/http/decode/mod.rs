//! From a raw query and a raw body to an [`UnassignRequest`], in whatever encoding the caller's
//! library chose. What an input means, and whether a provider needs it, is left to the engine.

mod body;
mod fields;
mod json;
mod misspelling;
mod place;
mod query;
mod references;
mod remote;

use crate::model::{RequestError, UnassignRequest};
use place::shown;

/// How much of a request is read at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub body_bytes: usize,
    /// Brackets of a name, and containers of JSON text in a value.
    pub query_depth: usize,
    /// Containers, the body itself included.
    pub body_depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { body_bytes: 1 << 20, query_depth: 16, body_depth: 64 }
    }
}

/// What a request says, its two places brought together.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    pub integrated_account_id: String,
    pub request: UnassignRequest,
    /// Query names that mean nothing here, in the order given, each once. They are the caller's
    /// text: to be escaped before they stand in a header.
    pub ignored_parameters: Vec<String>,
}

/// Decodes the query (without its `?`) and the body, whatever the content type said.
///
/// Fails with the first thing that cannot be read in exactly one way; the message names its place.
pub fn decode(raw_query: &str, body: &[u8], limits: &Limits) -> Result<Decoded, RequestError> {
    if body.len() > limits.body_bytes {
        return Err(RequestError {
            too_large: true,
            ..RequestError::new(format!(
                "body: larger than the {} bytes that are read; send less remote_data, or fewer \
                 roles a request",
                limits.body_bytes
            ))
        });
    }
    let query = fields::read(raw_query, limits)?;
    let Some(integrated_account_id) = query.integrated_account_id else {
        return Err(RequestError {
            missing_query: vec!["integrated_account_id".to_owned()],
            ..RequestError::new(
                "query parameter \"integrated_account_id\" is missing; it says which connected \
                 account to use",
            )
        });
    };
    let body = body::read(body, limits)?;
    Ok(Decoded {
        integrated_account_id,
        request: UnassignRequest {
            id: same_text("id", query.id, body.id)?,
            roles: same_list("roles", query.roles, body.roles)?,
            organizations: same_list("organizations", query.organizations, body.organizations)?,
            workspace_id: same_text("workspace_id", query.workspace_id, body.workspace_id)?,
            remote_data: body.remote_data,
            remote_query: query.remote_query,
            options: query.options,
        },
        ignored_parameters: query.ignored,
    })
}

/// One value from the place that has it. Two that differ are refused, never ranked: it is a matter
/// of whose access is taken.
fn same_text(name: &str, query: Option<String>, body: Option<String>) -> Result<Option<String>, RequestError> {
    match (query, body) {
        (Some(query), Some(body)) if query != body => Err(RequestError::new(format!(
            "query parameter \"{name}\" says \"{}\", but body: {name} says \"{}\"; give it in one \
             place, or the same in both",
            shown(&query),
            shown(&body)
        ))),
        (query, body) => Ok(query.or(body)),
    }
}

/// The same rule for lists; an empty one is absent.
fn same_list<T: PartialEq>(name: &str, query: Vec<T>, body: Vec<T>) -> Result<Vec<T>, RequestError> {
    if query.is_empty() {
        return Ok(body);
    }
    if body.is_empty() || query == body {
        return Ok(query);
    }
    Err(RequestError::new(format!(
        "query parameter \"{name}\" and body: {name} are not the same list; give it in one place, \
         or the same in both"
    )))
}
