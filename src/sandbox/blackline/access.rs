//! Who may call: the tenant's clients, its API users with their keys, and the tokens made of both.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::answers::{self, AUTHENTICATION_FAILED, Refusal};
use super::settings::{DeadToken, Settings, TokenRefusal};
use crate::sandbox::{Call, Reply};

/// What user management asks for.
const USERS: &str = "bl.users";
/// Scopes of the vendor's other APIs.
const OTHER_SCOPES: [&str; 3] = ["bl.mdm", "ReportsAPI", "DataIngestionAPI"];

#[derive(Debug)]
pub(super) struct ApiUser {
    pub(super) key: String,
    pub(super) key_expired: bool,
    /// "User management" is ticked, and it is a System Admin.
    pub(super) may_manage_users: bool,
}

/// An authenticated caller.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller {
    /// By its rights and by the token's scope.
    pub(super) may_manage_users: bool,
}

#[derive(Debug)]
struct Token {
    caller: Caller,
    expires_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Access {
    /// Secrets by client id.
    pub(super) clients: BTreeMap<String, String>,
    /// By login.
    pub(super) users: BTreeMap<String, ApiUser>,
    /// `instance_<GUID>`
    pub(super) instance_scope: String,
    tokens: HashMap<String, Token>,
}

/// An error code of RFC 6749 section 5.2.
type OAuthError = &'static str;

impl Access {
    pub(super) fn expire_all(&mut self) {
        for token in self.tokens.values_mut() {
            token.expires_ms = 0;
        }
    }

    pub(super) fn expire_api_key(&mut self, username: &str) {
        if let Some(user) = self.users.get_mut(username) {
            user.key_expired = true;
        }
    }

    pub(super) fn tokens_issued(&self) -> usize {
        self.tokens.len()
    }

    /// Lets a call pass that bears one living token.
    pub(super) fn admit(&self, call: &Call, settings: &Settings, now_ms: u64) -> Result<Caller, Refusal> {
        let mut headers = call.headers.iter().filter(|(name, _)| name == "authorization");
        let bearer = match (headers.next(), headers.next()) {
            (Some((_, value)), None) => value.split_once(' ').filter(|(s, _)| s.eq_ignore_ascii_case("bearer")),
            _ => None,
        };
        let living = bearer.and_then(|(_, token)| self.tokens.get(token)).filter(|t| now_ms < t.expires_ms);
        living.map(|t| t.caller).ok_or_else(|| match settings.dead_token {
            DeadToken::Unauthorized => Refusal::unauthorized(),
            DeadToken::AuthenticationFailed => Refusal::bad_request(AUTHENTICATION_FAILED),
        })
    }

    /// `POST /authorize/connect/token`: the password grant, with an API key for the password.
    pub(super) fn issue(&mut self, call: &Call, settings: &Settings, now_ms: u64) -> Reply {
        let caller = match self.grant(call, settings) {
            Ok(caller) => caller,
            Err(error) => {
                return match settings.token_refusal {
                    TokenRefusal::OAuth => answers::answer(400, &json!({"error": error})),
                    TokenRefusal::AuthenticationFailed => Refusal::bad_request(AUTHENTICATION_FAILED).reply(settings),
                    TokenRefusal::Unauthorized => Refusal::new(401, "Unauthorized").reply(settings),
                };
            }
        };
        let access_token = format!("{}{}", Uuid::now_v7().as_simple(), Uuid::now_v7().as_simple());
        let lifetime_s = settings.token_lifetime_s;
        let body = json!({"access_token": access_token, "token_type": "Bearer", "expires_in": lifetime_s});
        let expires_ms = now_ms.saturating_add(lifetime_s.saturating_mul(1000));
        self.tokens.insert(access_token, Token { caller, expires_ms });
        answers::answer(200, &body).with_header("cache-control", "no-store")
    }

    fn grant(&self, call: &Call, settings: &Settings) -> Result<Caller, OAuthError> {
        let form = form(call)?;
        let field = |name: &str| form.get(name).map(String::as_str).filter(|v| !v.is_empty());
        let (client_id, secret) = match (call.header("authorization"), field("client_id"), field("client_secret")) {
            (Some(header), None, None) => basic(header).ok_or("invalid_client")?,
            (None, Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
            (None, ..) => return Err("invalid_client"),
            // RFC 6749 section 2.3: one way to authenticate, not two.
            (Some(_), ..) => return Err("invalid_request"),
        };
        if self.clients.get(&client_id) != Some(&secret) {
            return Err("invalid_client");
        }
        match field("grant_type") {
            Some("password") => {}
            Some(_) => return Err("unsupported_grant_type"),
            None => return Err("invalid_request"),
        }
        let (Some(username), Some(key)) = (field("username"), field("password")) else {
            return Err("invalid_request");
        };
        let user = self.users.get(username).filter(|u| u.key == key && !u.key_expired).ok_or("invalid_grant")?;
        let scopes: Vec<&str> = field("scope").unwrap_or_default().split(' ').filter(|s| !s.is_empty()).collect();
        let known = |scope: &&str| *scope == USERS || *scope == self.instance_scope || OTHER_SCOPES.contains(scope);
        let names_instance = scopes.contains(&self.instance_scope.as_str());
        if scopes.is_empty() || !scopes.iter().all(known) || (settings.instance_scope_required && !names_instance) {
            return Err("invalid_scope");
        }
        Ok(Caller { may_manage_users: user.may_manage_users && scopes.contains(&USERS) })
    }
}

fn form(call: &Call) -> Result<HashMap<String, String>, OAuthError> {
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
    Ok(fields)
}

fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let (name, secret) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((name.to_owned(), secret.to_owned()))
}

/// The call's media type in lower case, without parameters.
pub(super) fn media_type(call: &Call) -> Option<String> {
    let essence = call.header("content-type")?.split(';').next().unwrap_or_default();
    Some(essence.trim().to_ascii_lowercase())
}
