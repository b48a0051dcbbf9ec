//! What a caller asks for, decoded from query and body, whatever encoding it came in.

use serde::{Deserialize, Serialize};

/// One unassign request. Empty strings, arrays and objects are already absent here.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct UnassignRequest {
    /// The user's id at the provider, or an e-mail address where the definition can look it up.
    pub id: Option<String>,
    /// One item of work each.
    pub roles: Vec<RoleRef>,
    pub organizations: Vec<NamedRef>,
    pub workspace_id: Option<String>,
    /// Merged into the body of the unassign call, untransformed.
    pub remote_data: serde_json::Map<String, serde_json::Value>,
    /// Appended to the query of the unassign call: decoded names (`a[b][]`, as they go out) and values.
    pub remote_query: Vec<(String, String)>,
    pub options: Options,
}

/// A role as the caller names it, with the scope it is held in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleRef {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workspace: Option<String>,
}

/// An organization as the caller names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRef {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How the request is to be carried out and answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Options {
    pub format: ResponseFormat,
    pub ignore_remote_data: bool,
    /// Names or dotted paths.
    pub exclude_fields: Vec<String>,
    pub dry_run: bool,
    pub verify: VerifyMode,
    pub check_before: bool,
}

/// `truto_response_format`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum ResponseFormat {
    #[default]
    Unified,
    Raw,
    Normalized,
    Stream,
    Debug,
}

/// `verify`: how long to look whether the role is gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub enum VerifyMode {
    /// One read-back.
    #[default]
    Once,
    /// Poll until gone or the wait limit is over.
    Wait,
    /// No read-back.
    None,
}
