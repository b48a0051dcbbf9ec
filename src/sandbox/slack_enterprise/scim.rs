//! The one SCIM read that knows a user's `externalId`. Its statuses are real HTTP statuses; the error body is SCIM's own
//! form (RFC 7644, section 3.12), since Slack's page shows none.

use serde_json::{Value, json};

use super::Inside;
use super::answer::envelope;
use crate::sandbox::{Call, Reply};

/// `GET /scim/{version}/Users/{id}`, for a token with the scope `admin`.
pub(super) fn user(inside: &Inside, call: &Call, version: &str, id: &str, now_ms: u64) -> Reply {
    if call.method != "GET" {
        return refusal(405, "method_not_allowed");
    }
    let grant = match inside.tokens.authenticate(call, now_ms) {
        Ok(grant) => grant,
        Err(code) => return refusal(401, code),
    };
    let actor = inside.directory.users.get(&grant.user_id);
    if actor.is_none_or(|user| user.deleted) {
        return refusal(401, "account_inactive");
    }
    if !grant.scopes.contains("admin") {
        return refusal(403, "missing_scope");
    }
    let Some(user) = inside.directory.users.get(id) else {
        return refusal(404, "user_not_found");
    };
    let schema = match version {
        "v1" => "urn:scim:schemas:core:1.0",
        _ => "urn:ietf:params:scim:schemas:core:2.0:User",
    };
    let mut shown = json!({"schemas": [schema], "id": id});
    if let Some(external_id) = &user.external_id {
        shown["externalId"] = external_id.as_str().into();
    }
    shown["meta"] = json!({"created": rfc3339(user.date_created)});
    shown["userName"] = user.name.as_str().into();
    shown["name"] = json!({"givenName": user.first_name, "familyName": user.last_name});
    shown["displayName"] = user.real_name().into();
    shown["title"] = user.title.as_str().into();
    shown["timezone"] = user.tz.as_str().into();
    shown["active"] = (!user.deleted).into();
    shown["emails"] = json!([{"value": user.email, "primary": true}]);
    let roles = inside.directory.assignments.iter();
    let held = roles.filter(|a| a.user_id == id);
    shown["roles"] = held.map(|a| json!({"value": a.role_id})).collect::<Value>();
    envelope(200, &shown)
}

fn refusal(status: u16, detail: &str) -> Reply {
    let body = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "detail": detail,
        "status": status.to_string(),
    });
    envelope(status, &body)
}

fn rfc3339(epoch_s: u64) -> String {
    i64::try_from(epoch_s)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(String::new, |time| time.to_string())
}
