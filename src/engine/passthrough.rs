//! `remote_data` and `remote_query`: merged into the write as they are, and kept from naming another target.

use serde_json::{Map, Value as Json};

use crate::connector::Operation;
use crate::credentials::Account;
use crate::model::{RequestError, UnassignRequest};

/// Refuses a passthrough that sets or repeats what says whose access to what is taken.
///
/// # Errors
/// With the name that may not be set.
pub(super) fn check(operation: &Operation, request: &UnassignRequest) -> Result<(), RequestError> {
    let refused = |place: String| {
        let message = format!(
            "{place} would change whose access to what is taken; use id, roles, organizations and workspace_id for that"
        );
        Err(RequestError::new(message))
    };
    if let Some(name) = request.remote_data.keys().find(|name| retargets(operation, name)) {
        return refused(format!("remote_data.{name}"));
    }
    if let Some((name, _)) = request.remote_query.iter().find(|(name, _)| retargets(operation, name)) {
        return refused(format!("remote_query.{name}"));
    }
    Ok(())
}

/// Whether some server may read a protected name in it: as a whole, or as the first part of a dotted or bracketed one;
/// brackets and dots before it are passed over by some.
fn retargets(operation: &Operation, name: &str) -> bool {
    let first = name.split(['[', ']', '.']).find(|part| part.contains(char::is_alphanumeric));
    operation.protects(name) || first.is_some_and(|first| operation.protects(first))
}

/// Refuses what the account's transport cannot carry.
///
/// # Errors
/// If a query is to be added to messages, which have none.
pub(super) fn check_way(account: &Account, request: &UnassignRequest) -> Result<(), RequestError> {
    if account.messages.is_some() && !request.remote_query.is_empty() {
        let message = "remote_query: this account is reached by messages, which have no query; use remote_data";
        return Err(RequestError::new(message));
    }
    Ok(())
}

/// Merges `extra` into `body`: objects merge, everything else replaces.
pub(super) fn merge(body: &mut Map<String, Json>, extra: &Map<String, Json>) {
    for (name, value) in extra {
        match (body.get_mut(name), value) {
            (Some(Json::Object(inner)), Json::Object(extra)) => merge(inner, extra),
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}
