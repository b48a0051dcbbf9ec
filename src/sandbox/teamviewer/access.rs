//! Who may call: script tokens with the permissions ticked for them, and OAuth clients whose access tokens expire.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{Category, Refusal, invalid};
use super::settings::Settings;
use crate::sandbox::{Call, Reply};

/// What a token may do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Permissions {
    pub(super) view_users: bool,
    pub(super) edit_users: bool,
    /// Asked for only if the switch says that there is such a permission.
    pub(super) edit_user_roles: bool,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) secret: String,
    pub(super) redirect_uri: String,
    pub(super) permissions: Permissions,
    /// Codes of the authorize page, each good for one exchange.
    pub(super) codes: Vec<String>,
    pub(super) refresh_tokens: Vec<String>,
}

#[derive(Debug)]
struct AccessToken {
    client_id: String,
    permissions: Permissions,
    expires_ms: u64,
}

#[derive(Debug, Default)]
pub(super) struct Access {
    pub(super) script_tokens: BTreeMap<String, Permissions>,
    pub(super) clients: BTreeMap<String, Client>,
    access_tokens: BTreeMap<String, AccessToken>,
}

impl Access {
    pub(super) fn expire_all(&mut self) {
        for token in self.access_tokens.values_mut() {
            token.expires_ms = 0;
        }
    }

    /// The permissions of the token that a call carries.
    pub(super) fn admit(&self, call: &Call, now_ms: u64) -> Result<Permissions, Refusal> {
        let unknown = || Refusal::new(Category::InvalidToken, "The access token is invalid.");
        let token = bearer(call).ok_or_else(unknown)?;
        if let Some(permissions) = self.script_tokens.get(token) {
            return Ok(*permissions);
        }
        let token = self.access_tokens.get(token).ok_or_else(unknown)?;
        if now_ms >= token.expires_ms {
            return Err(Refusal::new(Category::TokenExpired, "The access token has expired."));
        }
        Ok(token.permissions)
    }

    /// `POST /api/v1/oauth2/token`, as a form or as JSON.
    pub(super) fn issue(&mut self, call: &Call, settings: &Settings, now_ms: u64) -> Result<Reply, Refusal> {
        let form = Form::read(call)?;
        let grant_type = form.required("grant_type")?;
        let client_id = form.required("client_id")?;
        let secret = form.required("client_secret")?;
        let client = self.clients.get_mut(client_id).filter(|client| client.secret == secret);
        let client = client
            .ok_or_else(|| Refusal::new(Category::InvalidClient, "The client is unknown or its secret is wrong."))?;
        let wrong = || Refusal::new(Category::WrongCredentials, "The code or refresh token is wrong.");
        match grant_type {
            "authorization_code" => {
                let code = form.required("code")?;
                let place = client.codes.iter().position(|known| known == code).ok_or_else(wrong)?;
                if form.required("redirect_uri")? != client.redirect_uri {
                    return Err(wrong());
                }
                client.codes.remove(place);
            }
            "refresh_token" => {
                let token = form.required("refresh_token")?;
                let place = client.refresh_tokens.iter().position(|known| known == token).ok_or_else(wrong)?;
                if settings.refresh_token_single_use {
                    client.refresh_tokens.remove(place);
                }
            }
            _ => return Err(invalid("The grant type is not supported.")),
        }
        let access_token = format!("sandbox-access-{}", Uuid::now_v7().simple());
        let refresh_token = format!("sandbox-refresh-{}", Uuid::now_v7().simple());
        client.refresh_tokens.push(refresh_token.clone());
        let answer = json!({
            "access_token": access_token,
            "token_type": "bearer",
            "expires_in": settings.token_life.as_secs(),
            "refresh_token": refresh_token,
        });
        let expires_ms = now_ms.saturating_add(settings.token_life.as_millis() as u64);
        let token = AccessToken { client_id: client_id.to_owned(), permissions: client.permissions, expires_ms };
        self.access_tokens.insert(access_token, token);
        Ok(Reply::json(200, &answer).with_header("cache-control", "no-store"))
    }

    /// `POST /api/v1/oauth2/revoke`: ends the token that the call carries, and its client's refresh tokens.
    pub(super) fn revoke(&mut self, call: &Call) -> Result<Reply, Refusal> {
        let revoked = bearer(call).and_then(|token| self.access_tokens.remove(token));
        let token = revoked.ok_or_else(|| Refusal::new(Category::InvalidToken, "The access token is invalid."))?;
        if let Some(client) = self.clients.get_mut(&token.client_id) {
            client.refresh_tokens.clear();
        }
        Ok(Reply::empty(204))
    }
}

fn bearer(call: &Call) -> Option<&str> {
    let mut headers = call.headers.iter().filter(|(name, _)| name == "authorization");
    let (Some((_, value)), None) = (headers.next(), headers.next()) else {
        return None;
    };
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The call's media type in lower case, without parameters.
pub(super) fn media_type(call: &Call) -> String {
    let value = call.header("content-type").unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

struct Form(BTreeMap<String, String>);

impl Form {
    fn read(call: &Call) -> Result<Self, Refusal> {
        let mut fields = BTreeMap::new();
        match media_type(call).as_str() {
            "application/x-www-form-urlencoded" => {
                for (name, value) in form_urlencoded::parse(&call.body).into_owned() {
                    if fields.insert(name, value).is_some() {
                        return Err(invalid("A parameter is there twice."));
                    }
                }
            }
            "application/json" => {
                let body = serde_json::from_slice(&call.body);
                let Ok(Value::Object(body)) = body else {
                    return Err(invalid("The body is not a JSON object."));
                };
                fields.extend(body.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned()))));
            }
            _ => return Err(invalid("The body must be a form or JSON.")),
        }
        Ok(Self(fields))
    }

    fn required(&self, name: &str) -> Result<&str, Refusal> {
        let value = self.0.get(name).map(String::as_str).filter(|value| !value.is_empty());
        value.ok_or_else(|| invalid(format!("The parameter {name} is missing.")))
    }
}
