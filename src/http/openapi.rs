//! The API's own document: `/openapi.json`, committed as `openapi/openapi.json`.

use axum::response::Response;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, Modify, OpenApi, ToSchema};

use super::respond::json_response;
use super::{accounts, audit, health, tokens, unassign};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Offramp",
        description = "A self-hosted unified-API gateway that takes a role away from a user in any connected SaaS, and proves it. \
                       It speaks the wire contract of Truto's unified user directory.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        unassign::unassign_role,
        accounts::connect,
        accounts::list,
        accounts::get,
        accounts::disconnect,
        tokens::create,
        tokens::list,
        tokens::revoke,
        audit::list,
        health::live,
        health::ready
    ),
    modifiers(&ApiToken)
)]
struct Document;

struct ApiToken;

impl Modify for ApiToken {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API token of this gateway")).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("api_token", SecurityScheme::Http(scheme));
    }
}

/// The document, as JSON.
pub fn document() -> Json {
    serde_json::to_value(Document::openapi()).unwrap_or_default()
}

/// `GET /openapi.json`.
pub(super) async fn serve() -> Response {
    json_response(200, document().to_string())
}

/// The query of an unassign request. `id`, `roles` and `workspace_id` may stand here or in the body.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the document; requests are decoded in `decode`")]
pub(super) struct UnassignQuery {
    /// Which connected account.
    integrated_account_id: String,
    /// `unified` (default), `raw`, `normalized`, `stream` or `debug`.
    #[param(example = "unified")]
    truto_response_format: Option<String>,
    /// Leaves `remote_data` out of the answer.
    truto_ignore_remote_data: Option<bool>,
    /// Names, or dotted paths such as `emails.type`, to leave out of the answer.
    truto_exclude_fields: Option<Vec<String>>,
    /// Appended to the query of the unassign call, untransformed.
    #[param(value_type = Option<Object>)]
    remote_query: Option<Json>,
    /// The user's id at the provider, or an e-mail address.
    id: Option<String>,
    /// The roles to take away.
    roles: Option<Vec<Role>>,
    /// The unique identifier for a group: the scope for all roles that name none.
    workspace_id: Option<String>,
    /// Plans only: no write is sent. `truto_skip_api_call` is the same.
    dry_run: Option<bool>,
    /// `once` (default): one read-back. `wait`: polls until the role is gone. `none`: no read-back.
    #[param(example = "once")]
    verify: Option<String>,
    /// Looks first whether the role is held.
    check_before: Option<bool>,
}

/// The header of whatever may be repeated.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes the document; the header is read in `idempotency`")]
pub(super) struct IdempotencyKey {
    /// 1 to 255 printable characters, good for one request. A repeat gets the same answer, with `Idempotency-Replayed:
    /// true`, and is not carried out again; where it is not known what became of the first, it looks first.
    #[param(rename = "Idempotency-Key", example = "7c0b1f6e-offboard-101")]
    key: Option<String>,
}

/// The body of an unassign request.
#[derive(Serialize, ToSchema)]
pub(super) struct UnassignBody {
    /// The user's id at the provider, or an e-mail address.
    #[schema(example = "101")]
    id: Option<String>,
    /// The roles to take away: one item of work each.
    #[schema(example = json!([{"id": "1"}]))]
    roles: Option<Vec<Role>>,
    organizations: Option<Vec<Organization>>,
    workspace_id: Option<String>,
    /// Merged into the body of the unassign call, untransformed; it cannot change whose access to what is taken.
    #[schema(value_type = Option<Object>)]
    remote_data: Option<Json>,
}

/// A role, with the scope it is held in.
#[derive(Serialize, ToSchema)]
pub(super) struct Role {
    id: Option<String>,
    name: Option<String>,
    group: Option<String>,
    organization: Option<String>,
    workspace: Option<String>,
}

/// An organization.
#[derive(Serialize, ToSchema)]
pub(super) struct Organization {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Email {
    email: Option<String>,
    r#type: Option<String>,
    is_primary: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Phone {
    number: Option<String>,
    extension: Option<String>,
    r#type: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct License {
    id: Option<String>,
    name: Option<String>,
    organization: Option<String>,
    last_active_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Group {
    id: Option<String>,
    name: Option<String>,
    organization: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Workspace {
    id: Option<String>,
    name: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Link {
    url: Option<String>,
    r#type: Option<String>,
}

/// The unified user after the removal. Only fields that have a value, unless it is normalized.
#[derive(Serialize, ToSchema)]
pub(super) struct UnifiedUser {
    id: String,
    external_id: Option<String>,
    #[schema(value_type = Option<Object>)]
    identifiers: Option<Json>,
    first_name: Option<String>,
    last_name: Option<String>,
    title: Option<String>,
    name: Option<String>,
    username: Option<String>,
    emails: Option<Vec<Email>>,
    phones: Option<Vec<Phone>>,
    /// `active`, `inactive`, `deleted` or `invited`; the provider's own word where none of these fits.
    status: Option<String>,
    is_email_verified: Option<bool>,
    is_2fa_enabled: Option<bool>,
    roles: Option<Vec<Role>>,
    organizations: Option<Vec<Organization>>,
    user_type: Option<String>,
    licenses: Option<Vec<License>>,
    groups: Option<Vec<Group>>,
    workspaces: Option<Vec<Workspace>>,
    avatar: Option<String>,
    timezone: Option<String>,
    languages: Option<Vec<String>>,
    bio: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    last_active_at: Option<String>,
    last_login_at: Option<String>,
    status_changed_at: Option<String>,
    activated_at: Option<String>,
    urls: Option<Vec<Link>>,
    /// The provider's object this was mapped from.
    #[schema(value_type = Option<Object>)]
    remote_data: Option<Json>,
    unassignment: Unassignment,
}

/// What became of the removal.
#[derive(Serialize, ToSchema)]
pub(super) struct Unassignment {
    /// `removed`, `already_absent`, `refused`, `failed` or `unknown`: the worst item's.
    outcome: String,
    /// `yes`, `no`, `pending`, `inherited`, `unverifiable` or `skipped`: the worst item's.
    verified: String,
    request_id: String,
    items: Vec<Item>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Item {
    role: Role,
    outcome: String,
    /// `yes`, `no` or `unknown`.
    held_before: String,
    verified: String,
    remote_status: Option<u16>,
    /// `read_back` where only the read-back shows that the role is gone.
    confirmed_by: Option<String>,
    /// `not_attempted`, or `guard` where a guard of this gateway forbade it.
    reason: Option<String>,
    kind: Option<String>,
    message: Option<String>,
}

/// Every error.
#[derive(Serialize, ToSchema)]
pub(super) struct Error {
    #[serde(rename = "statusCode")]
    status_code: u16,
    error: String,
    message: String,
    truto_is_remote_error: bool,
    /// The provider's body, as JSON or text.
    #[schema(value_type = Option<Object>)]
    raw_response: Option<Json>,
    #[schema(value_type = Option<Object>)]
    truto_error_insight: Option<Json>,
    /// One of a closed set, such as `not_found`.
    kind: String,
    request_id: String,
    unassignment: Option<Unassignment>,
}

/// A connected account, without its secrets.
#[derive(Serialize, ToSchema)]
pub(super) struct IntegratedAccount {
    id: String,
    integration: String,
    tenant_id: Option<String>,
    environment: String,
    /// `active`, `connecting`, `post_install_error`, `validation_error` or `needs_reauth`.
    status: String,
    #[schema(value_type = Object)]
    context: Json,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct IntegratedAccounts {
    result: Vec<IntegratedAccount>,
    next_cursor: Option<String>,
    prev_cursor: Option<String>,
    result_count: usize,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AuditEntries {
    result: Vec<AuditEntry>,
    next_cursor: Option<String>,
    prev_cursor: Option<String>,
    result_count: usize,
}

/// One entry of the audit. Hashes are SHA-256 in hexadecimal digits.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditEntry {
    /// 1, 2, 3 …, without a gap over all environments.
    seq: i64,
    at: String,
    #[schema(example = "intent")]
    kind: String,
    environment: String,
    request_id: String,
    /// The id of the API token.
    token: String,
    /// The id of the integrated account.
    account: String,
    /// The provider's user id; null once redacted.
    user: Option<String>,
    /// What is about to be taken away; in a result, with what became of it.
    #[schema(value_type = Vec<Object>)]
    roles: Vec<String>,
    #[schema(example = "unknown")]
    outcome: Option<String>,
    #[schema(value_type = Option<Object>)]
    detail: Option<String>,
    /// Of the body of the call; null once redacted.
    body_hash: Option<String>,
    salt: Option<String>,
    /// Stands for salt, body_hash and user in `hash`.
    personal: String,
    /// The hash of the entry before.
    prev: String,
    hash: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CreatedToken {
    id: String,
    /// Shown here and never again.
    token: String,
    name: String,
    scopes: Vec<String>,
    environment: String,
    envelope: String,
    created_at: String,
    /// Null: it lasts until it is revoked.
    expires_at: Option<String>,
}

/// A token without its text, which is kept nowhere.
#[derive(Serialize, ToSchema)]
pub(super) struct KnownToken {
    id: String,
    name: String,
    scopes: Vec<String>,
    environment: String,
    envelope: String,
    created_at: String,
    /// Null: it lasts until it is revoked.
    expires_at: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct KnownTokens {
    result: Vec<KnownToken>,
    next_cursor: Option<String>,
    prev_cursor: Option<String>,
    result_count: usize,
}

const REQUEST_ID: &str = "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b";

pub(super) fn user_example() -> Json {
    json!({
        "id": "101", "first_name": "John", "last_name": "Doe", "name": "John Doe", "username": "john@example.com",
        "emails": [{"email": "john@example.com", "is_primary": true}], "status": "active",
        "remote_data": {"id": 101, "email": "john@example.com", "firstName": "John", "lastName": "Doe", "status": 3, "roles": []},
        "unassignment": {"outcome": "removed", "verified": "yes", "request_id": REQUEST_ID,
            "items": [{"role": {"id": "1", "name": "Administrator"}, "outcome": "removed", "held_before": "unknown",
                       "verified": "yes", "remote_status": 204}]}
    })
}

pub(super) fn missing_example() -> Json {
    json!({
        "statusCode": 400, "error": "Bad Request",
        "message": "missing: id, roles (each may stand in the query or in the body)",
        "truto_is_remote_error": false,
        "truto_error_insight": {"missing_required_query_parameters": [], "missing_required_body_fields": ["id", "roles"]},
        "kind": "invalid_request", "request_id": REQUEST_ID
    })
}

pub(super) fn not_found_example() -> Json {
    json!({
        "statusCode": 404, "error": "Not Found", "message": "User not found", "truto_is_remote_error": true,
        "raw_response": "User not found", "truto_error_insight": {"remote_error": {"description": "User not found"}},
        "kind": "not_found", "request_id": REQUEST_ID,
        "unassignment": {"outcome": "failed", "verified": "skipped", "request_id": REQUEST_ID,
            "items": [{"role": {"id": "1"}, "outcome": "failed", "held_before": "unknown", "verified": "skipped",
                       "remote_status": 404, "kind": "not_found", "message": "User not found"}]}
    })
}
