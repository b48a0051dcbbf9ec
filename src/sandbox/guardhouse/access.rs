//! Who may call: the tenant's clients, the tokens they were given, and `POST /connect/token`.
//! What a call may then do is decided elsewhere.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use uuid::Uuid;

use super::answers;
use super::settings::Settings;
use crate::sandbox::{Call, Reply};

/// The scope that the System API asks for.
const SYSTEM_API: &str = "system_api";
/// All scopes of the tenant, those of other APIs too.
const SCOPES: [&str; 2] = [SYSTEM_API, "reports_api"];

pub(super) struct Client {
    pub(super) secret: String,
    /// "System API Access" in the dashboard.
    pub(super) system_api_access: bool,
}

struct Token {
    client_id: String,
    scopes: Vec<String>,
    expires_ms: u64,
}

#[derive(Default)]
pub(super) struct Access {
    pub(super) clients: BTreeMap<String, Client>,
    tokens: HashMap<String, Token>,
}

impl Access {
    pub(super) fn expire_all(&mut self) {
        for token in self.tokens.values_mut() {
            token.expires_ms = 0;
        }
    }

    pub(super) fn tokens_issued(&self) -> usize {
        self.tokens.len()
    }

    /// Lets a call pass that bears a living token for the System API; else its 401 or 403.
    pub(super) fn admit(&self, call: &Call, now_ms: u64) -> Result<(), Reply> {
        let unauthorized = |challenge: &str| {
            let reply = Reply::empty(401);
            Err(reply.with_header("www-authenticate", challenge))
        };
        let mut headers = call.headers.iter().filter(|(n, _)| n == "authorization");
        let bearer = match (headers.next(), headers.next()) {
            (Some((_, value)), None) => bearer(value),
            _ => None,
        };
        let Some(bearer) = bearer else {
            return unauthorized("Bearer");
        };
        let living = self.tokens.get(bearer).filter(|t| now_ms < t.expires_ms);
        let Some(token) = living else {
            return unauthorized("Bearer error=\"invalid_token\"");
        };
        let client = self.clients.get(&token.client_id);
        if client.is_some_and(|c| c.system_api_access) && token.scopes.iter().any(|s| s == SYSTEM_API) {
            return Ok(());
        }
        Err(Reply::empty(403))
    }

    /// `POST /connect/token`.
    pub(super) fn issue(&mut self, call: &Call, settings: &Settings, now_ms: u64) -> Reply {
        let granted = Form::read(call).and_then(|form| self.grant(&form, settings));
        let (client_id, scopes) = match granted {
            Ok(granted) => granted,
            Err(refusal) => {
                let status = match refusal {
                    "invalid_client" => settings.invalid_client_status,
                    _ => 400,
                };
                return answers::json_utf8(status, &json!({"error": refusal}));
            }
        };
        let access_token = format!("{}{}", Uuid::now_v7().as_simple(), Uuid::now_v7().as_simple());
        let reply = json!({
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": settings.token_lifetime_s,
            "scope": scopes.join(" "),
        });
        let expires_ms = now_ms.saturating_add(settings.token_lifetime_s.saturating_mul(1000));
        self.tokens.insert(access_token, Token { client_id, scopes, expires_ms });
        answers::json_utf8(200, &reply).with_header("cache-control", "no-store")
    }

    /// The client and its scopes, or the OAuth error code.
    fn grant(&self, form: &Form, settings: &Settings) -> Result<(String, Vec<String>), OAuthError> {
        match form.get("grant_type") {
            Some("client_credentials") => {}
            Some(_) => return Err("unsupported_grant_type"),
            None => return Err("invalid_request"),
        }
        let client_id = form.get("client_id").ok_or("invalid_request")?;
        let client = self.clients.get(client_id).ok_or("invalid_client")?;
        if form.get("client_secret") != Some(client.secret.as_str()) {
            return Err("invalid_client");
        }
        match form.get("audience") {
            Some(audience) if audience != settings.audience => return Err("invalid_target"),
            None if settings.audience_required => return Err("invalid_target"),
            _ => {}
        }
        let asked: Vec<&str> = form.get("scope").unwrap_or_default().split(' ').collect();
        let asked: Vec<&str> = asked.into_iter().filter(|s| !s.is_empty()).collect();
        let scopes = match asked.as_slice() {
            [] if settings.scope_required => return Err("invalid_scope"),
            [] => SCOPES.as_slice(),
            known if known.iter().all(|s| SCOPES.contains(s)) => known,
            _ => return Err("invalid_scope"),
        };
        let scopes = scopes.iter().map(|s| (*s).to_owned()).collect();
        Ok((client_id.to_owned(), scopes))
    }
}

/// An error code of RFC 6749 section 5.2, or RFC 8707.
type OAuthError = &'static str;

struct Form(HashMap<String, String>);

impl Form {
    fn read(call: &Call) -> Result<Self, OAuthError> {
        if media_type(call).as_deref() != Some("application/x-www-form-urlencoded") {
            return Err("invalid_request");
        }
        let mut fields = HashMap::new();
        for (name, value) in form_urlencoded::parse(&call.body) {
            // RFC 6749 section 3.2: parameters must not be included more than once.
            if fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err("invalid_request");
            }
        }
        Ok(Self(fields))
    }

    /// The field's value; one that is empty counts as left out (RFC 6749 section 3.2).
    fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.get(name).map(String::as_str);
        value.filter(|v| !v.is_empty())
    }
}

/// The call's media type in lower case, without parameters.
pub(super) fn media_type(call: &Call) -> Option<String> {
    let value = call.header("content-type")?;
    let essence = value.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}

fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
