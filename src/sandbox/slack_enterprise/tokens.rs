//! Tokens: who they stand for, what they may, until when; and the refresh that token rotation asks for.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, json};
use uuid::Uuid;

use super::Inside;
use super::answer::{MethodError, Outcome};
use super::methods::Request;
use crate::sandbox::Call;

const ROTATED_LIFETIME_S: u64 = 12 * 60 * 60;
const SCOPES: [&str; 6] =
    ["admin.roles:read", "admin.roles:write", "admin.teams:read", "admin.users:read", "users:read", "users:read.email"];

/// The two kinds of token an app gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    User,
    Bot,
}

/// What a token stands for.
#[derive(Clone, Debug)]
pub struct Grant {
    pub user_id: String,
    pub kind: TokenKind,
    pub scopes: BTreeSet<String>,
    /// The app is installed on the organisation, not on one workspace.
    pub org_install: bool,
    pub expires_at_ms: Option<u64>,
    pub revoked: bool,
}

impl Grant {
    /// An org-wide user token with the scopes that a removal and its reads need.
    pub fn of_user(user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            kind: TokenKind::User,
            scopes: SCOPES.map(str::to_owned).into(),
            org_install: true,
            expires_at_ms: None,
            revoked: false,
        }
    }

    /// The same without one scope.
    #[must_use]
    pub fn without(mut self, scope: &str) -> Self {
        self.scopes.remove(scope);
        self
    }

    /// The same with one more scope.
    #[must_use]
    pub fn with(mut self, scope: &str) -> Self {
        self.scopes.insert(scope.to_owned());
        self
    }

    pub(super) fn scope_line(&self) -> String {
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        scopes.join(",")
    }
}

/// All tokens of the app, and the app's own credentials.
#[derive(Debug)]
pub struct Tokens {
    pub client_id: String,
    pub client_secret: String,
    grants: BTreeMap<String, Grant>,
    refreshable: BTreeMap<String, Grant>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            client_id: "4242424242.1984198419841".to_owned(),
            client_secret: random(),
            grants: BTreeMap::new(),
            refreshable: BTreeMap::new(),
        }
    }
}

impl Tokens {
    /// A new token for this grant.
    pub fn issue(&mut self, grant: Grant) -> String {
        let prefix = match (grant.kind, grant.expires_at_ms) {
            (TokenKind::User, None) => "xoxp-",
            (TokenKind::Bot, None) => "xoxb-",
            (TokenKind::User, Some(_)) => "xoxe.xoxp-1-",
            (TokenKind::Bot, Some(_)) => "xoxe.xoxb-1-",
        };
        let token = format!("{prefix}{}", random());
        self.grants.insert(token.clone(), grant);
        token
    }

    /// A token that expires twelve hours after `now_ms`, and the refresh token that goes with it.
    pub fn issue_rotating(&mut self, mut grant: Grant, now_ms: u64) -> (String, String) {
        grant.expires_at_ms = Some(now_ms + ROTATED_LIFETIME_S * 1000);
        let refresh_token = format!("xoxe-1-{}", random());
        self.refreshable.insert(refresh_token.clone(), grant.clone());
        (self.issue(grant), refresh_token)
    }

    /// Revokes a token for good.
    pub fn revoke(&mut self, token: &str) {
        if let Some(grant) = self.grants.get_mut(token) {
            grant.revoked = true;
        }
    }

    pub(super) fn expire_all(&mut self, now_ms: u64) {
        for grant in self.grants.values_mut() {
            grant.expires_at_ms = Some(now_ms);
        }
    }

    pub(super) fn authenticate(&self, call: &Call, now_ms: u64) -> Result<Grant, &'static str> {
        let mut headers = call.headers.iter().filter(|(n, _)| n == "authorization");
        let Some((_, header)) = headers.next() else {
            return Err("not_authed");
        };
        if headers.next().is_some() {
            return Err("invalid_auth");
        }
        let token = match header.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
            _ => return Err("not_authed"),
        };
        if token.is_empty() {
            return Err("not_authed");
        }
        let grant = self.grants.get(token).ok_or("invalid_auth")?;
        if grant.revoked {
            return Err("token_revoked");
        }
        if grant.expires_at_ms.is_some_and(|end| end <= now_ms) {
            return Err("token_expired");
        }
        Ok(grant.clone())
    }
}

/// `oauth.v2.access` with `grant_type=refresh_token`. A refresh token is good for one use.
pub(super) fn refresh(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    let arguments = request.arguments;
    let (client_id, client_secret) = match basic(request.call) {
        Some(client) => client,
        None => (arguments.text("client_id")?.to_owned(), arguments.text("client_secret")?.to_owned()),
    };
    if client_id != inside.tokens.client_id {
        return Err(MethodError::new("invalid_client_id"));
    }
    if client_secret != inside.tokens.client_secret {
        return Err(MethodError::new("bad_client_secret"));
    }
    if arguments.text("grant_type")? != "refresh_token" {
        return Err(MethodError::new("invalid_grant_type"));
    }
    let used = arguments.text("refresh_token")?;
    let Some(grant) = inside.tokens.refreshable.remove(used) else {
        return Err(MethodError::new("invalid_refresh_token"));
    };
    let scope = grant.scope_line();
    let token_type = match grant.kind {
        TokenKind::User => "user",
        TokenKind::Bot => "bot",
    };
    let (access_token, refresh_token) = inside.tokens.issue_rotating(grant, request.now_ms);
    let mut fields = Map::new();
    fields.insert("access_token".into(), access_token.into());
    fields.insert("expires_in".into(), ROTATED_LIFETIME_S.into());
    fields.insert("refresh_token".into(), refresh_token.into());
    fields.insert("token_type".into(), token_type.into());
    fields.insert("scope".into(), scope.into());
    let enterprise = &inside.directory;
    fields.insert("enterprise".into(), json!({"id": enterprise.enterprise_id, "name": enterprise.enterprise_name}));
    fields.insert("is_enterprise_install".into(), true.into());
    Ok(fields)
}

fn basic(call: &Call) -> Option<(String, String)> {
    let encoded = call.header("authorization")?.strip_prefix("Basic ")?;
    let pair = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn random() -> String {
    Uuid::now_v7().simple().to_string()
}
