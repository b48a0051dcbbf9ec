//! Who may call: API clients with their scopes, the tokens they were given, `/oauth2/token` and `/oauth2/revoke`.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::answers::{Answer, Refusal};
use super::arguments::{self, media_type};
use super::directory::Directory;
use super::settings::Settings;
use crate::sandbox::{Call, Reply};

/// What an API client may do with users and roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// User management: Read.
    Read,
    /// User management: Write.
    Write,
}

#[derive(Debug)]
pub(super) struct Client {
    pub(super) secret: String,
    pub(super) cid: String,
    pub(super) scopes: Vec<Scope>,
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The CID in view: the client's, or the child that its token is locked to.
    pub(super) cid: String,
    scopes: Vec<Scope>,
}

impl Caller {
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

#[derive(Debug)]
struct Token {
    caller: Caller,
    expires_ms: u64,
}

#[derive(Debug, Default)]
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

    pub(super) fn rotate_secret(&mut self, client_id: &str, secret: &str) {
        if let Some(client) = self.clients.get_mut(client_id) {
            secret.clone_into(&mut client.secret);
        }
    }

    /// Lets a call pass that bears one living token.
    pub(super) fn admit(&self, call: &Call, now_ms: u64) -> Result<Caller, Refusal> {
        let mut headers = call.headers.iter().filter(|(name, _)| name == "authorization");
        let (Some((_, value)), None) = (headers.next(), headers.next()) else {
            return Err(Refusal::invalid_token());
        };
        let token = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = token.and_then(|(_, token)| self.tokens.get(token));
        let living = token.filter(|t| now_ms < t.expires_ms);
        living.map(|t| t.caller.clone()).ok_or_else(Refusal::invalid_token)
    }

    /// `POST /oauth2/token`.
    pub(super) fn issue(&mut self, call: &Call, directory: &Directory, settings: &Settings, now_ms: u64) -> Reply {
        if let Some(wrong) = &settings.wrong_cloud {
            return Reply::empty(wrong.status)
                .with_header("location", &wrong.location)
                .with_header("x-cs-region", &wrong.region)
                .with_header("x-cs-traceid", Uuid::now_v7().to_string());
        }
        let caller = match self.grant(call, directory, settings) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.reply(),
        };
        let access_token = format!("{}{}", Uuid::now_v7().as_simple(), Uuid::now_v7().as_simple());
        let lifetime_s = settings.token_lifetime_s;
        let body = json!({"access_token": access_token, "token_type": "bearer", "expires_in": lifetime_s});
        let expires_ms = now_ms.saturating_add(lifetime_s.saturating_mul(1000));
        self.tokens.insert(access_token, Token { caller, expires_ms });
        Reply::json(201, &body)
            .with_header("x-cs-region", &settings.region)
            .with_header("x-cs-traceid", Uuid::now_v7().to_string())
    }

    fn grant(&self, call: &Call, directory: &Directory, settings: &Settings) -> Result<Caller, Refusal> {
        let form = form(call)?;
        let field = |name: &str| form.get(name).map(String::as_str).filter(|v| !v.is_empty());
        if field("grant_type").is_some_and(|g| g != "client_credentials") {
            return Err(Refusal::token_service(400, "unsupported grant_type"));
        }
        let (Some(client_id), Some(secret)) = (field("client_id"), field("client_secret")) else {
            return Err(Refusal::token_service(400, "client_id and client_secret are required"));
        };
        let client = self.clients.get(client_id).filter(|c| c.secret == secret);
        let client = client.ok_or_else(Refusal::bad_client)?;
        let cid = match field("member_cid") {
            None => client.cid.clone(),
            Some(member) => {
                let member = arguments::cid(member, settings).ok();
                let child = member.filter(|m| directory.children(&client.cid).any(|c| c == m));
                child.ok_or_else(|| {
                    let status = settings.unknown_member_cid_status;
                    Refusal::token_service(status, "Failed to issue access token - invalid member_cid")
                })?
            }
        };
        Ok(Caller { cid, scopes: client.scopes.clone() })
    }

    /// `POST /oauth2/revoke`: the client's own token, its name and secret as Basic credentials.
    pub(super) fn revoke(&mut self, call: &Call, settings: &Settings) -> Reply {
        let known = call
            .header("authorization")
            .and_then(basic)
            .is_some_and(|(client_id, secret)| self.clients.get(&client_id).is_some_and(|c| c.secret == secret));
        if !known {
            return Refusal::bad_client().reply();
        }
        let form = match form(call) {
            Ok(form) => form,
            Err(refusal) => return refusal.reply(),
        };
        let Some(token) = form.get("token").filter(|t| !t.is_empty()) else {
            return Refusal::token_service(400, "token is required").reply();
        };
        if let Some(token) = self.tokens.get_mut(token) {
            token.expires_ms = 0;
        }
        Answer::default().reply(settings)
    }
}

fn form(call: &Call) -> Result<HashMap<String, String>, Refusal> {
    if media_type(call).as_deref() != Some("application/x-www-form-urlencoded") {
        return Err(Refusal::token_service(400, "Content-Type must be application/x-www-form-urlencoded"));
    }
    let mut fields = HashMap::new();
    for (name, value) in form_urlencoded::parse(&call.body) {
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(Refusal::token_service(400, "a field was sent twice"));
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
