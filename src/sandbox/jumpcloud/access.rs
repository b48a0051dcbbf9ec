//! Who is calling: API keys with the rights of their administrators, service accounts with expiring tokens,
//! and the organization a call works on. What a caller then does is not decided here.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use uuid::Uuid;

use super::directory::Directory;
use super::refusal::{FORBIDDEN, Refusal, UNAUTHORIZED};
use super::seed;
use super::settings::{MissingOrgId, Settings};
use crate::sandbox::{Call, Reply};

const WITH_BILLING: &str = "Administrator With Billing";
const MAY_CHANGE_GROUPS: [&str; 3] = [WITH_BILLING, "Administrator", "Manager"];

/// The credentials in use.
#[derive(Debug)]
pub(super) struct Credentials {
    keys: Vec<ApiKey>,
    /// Token and the millisecond it expires at.
    tokens: HashMap<String, u64>,
    issued: u64,
}

#[derive(Debug)]
struct ApiKey {
    key: &'static str,
    administrator: &'static str,
    /// A key may expire; this one does at that millisecond.
    expires_at_ms: Option<u64>,
}

/// An authenticated caller.
#[derive(Debug)]
pub(super) struct Caller {
    role_names: Vec<String>,
    pub(super) multi_tenant: bool,
    /// The organizations it can work on.
    pub(super) organizations: Vec<String>,
    /// None: multi-tenant, and did not say which.
    organization: Option<String>,
}

impl Caller {
    /// The organization this call works on.
    pub(super) fn organization(&self, settings: &Settings) -> Result<String, Refusal> {
        match (&self.organization, settings.missing_org_id) {
            (Some(organization), _) => Ok(organization.clone()),
            (None, MissingOrgId::Answer(status)) => {
                Err(Refusal::Explained(status, "x-org-id is required for a multi-tenant administrator".to_owned()))
            }
            (None, MissingOrgId::FirstOrganization) => self.organizations.first().cloned().ok_or(FORBIDDEN),
        }
    }

    /// Administrators may only be changed by an Administrator With Billing.
    pub(super) fn may_change_administrators(&self) -> Result<(), Refusal> {
        self.holds_one_of(&[WITH_BILLING])
    }

    pub(super) fn may_change_groups(&self) -> Result<(), Refusal> {
        self.holds_one_of(&MAY_CHANGE_GROUPS)
    }

    fn holds_one_of(&self, roles: &[&str]) -> Result<(), Refusal> {
        let held = self.role_names.iter().any(|r| roles.contains(&r.as_str()));
        if held { Ok(()) } else { Err(FORBIDDEN) }
    }
}

impl Credentials {
    pub(super) fn seeded() -> Self {
        let keys = [
            (seed::API_KEY, seed::BOSS_ADMIN),
            (seed::READ_ONLY_KEY, seed::AUDITOR_ADMIN),
            (seed::MSP_KEY, seed::MSP_ADMIN),
        ];
        Self {
            keys: keys.map(|(key, administrator)| ApiKey { key, administrator, expires_at_ms: None }).into(),
            tokens: HashMap::new(),
            issued: 0,
        }
    }

    pub(super) fn expire_key(&mut self, key: &str, at_ms: u64) {
        for known in self.keys.iter_mut().filter(|k| k.key == key) {
            known.expires_at_ms = Some(at_ms);
        }
    }

    pub(super) fn expire_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Who sent this call, by `x-api-key` or by bearer token.
    pub(super) fn caller(
        &self,
        call: &Call,
        directory: &Directory,
        settings: &Settings,
        now_ms: u64,
    ) -> Result<Caller, Refusal> {
        let mut caller = match call.header("x-api-key") {
            Some(key) => self.by_key(key, directory, now_ms)?,
            None => self.by_token(call, now_ms)?,
        };
        if let Some(status) = settings.api_access_disabled {
            return Err(Refusal::Status(status));
        }
        if let Some(chosen) = call.header("x-org-id") {
            if !caller.organizations.iter().any(|o| o == chosen) {
                return Err(FORBIDDEN);
            }
            caller.organization = Some(chosen.to_owned());
        }
        Ok(caller)
    }

    fn by_key(&self, key: &str, directory: &Directory, now_ms: u64) -> Result<Caller, Refusal> {
        let key = self.keys.iter().find(|k| k.key == key);
        let key = key.filter(|k| k.expires_at_ms.is_none_or(|at| now_ms < at)).ok_or(UNAUTHORIZED)?;
        let admin = directory
            .administrator(key.administrator)
            .filter(|a| a.api_key_allowed && !a.suspended)
            .ok_or(UNAUTHORIZED)?;
        let roles = admin.roles.iter().filter_map(|id| directory.role(id));
        let role_names: Vec<_> = roles.map(|role| role.name.clone()).collect();
        if role_names.is_empty() {
            return Err(FORBIDDEN);
        }
        let reached = directory.organizations.iter().map(|o| &o.id);
        Ok(Caller {
            role_names,
            multi_tenant: admin.provider.is_some(),
            organizations: reached.filter(|id| directory.reaches(admin, id)).cloned().collect(),
            organization: admin.organization.clone(),
        })
    }

    fn by_token(&self, call: &Call, now_ms: u64) -> Result<Caller, Refusal> {
        let token = after_scheme(call.header("authorization").unwrap_or_default(), "bearer");
        let expires_at_ms = token.and_then(|token| self.tokens.get(token));
        if expires_at_ms.is_none_or(|at| *at <= now_ms) {
            return Err(UNAUTHORIZED);
        }
        Ok(Caller {
            role_names: vec![WITH_BILLING.to_owned()],
            multi_tenant: false,
            organizations: vec![seed::ACME.to_owned()],
            organization: Some(seed::ACME.to_owned()),
        })
    }

    /// `POST /oauth2/token`: HTTP Basic, form `grant_type=client_credentials&scope=api`.
    pub(super) fn issue(&mut self, call: &Call, settings: &Settings, now_ms: u64) -> Result<Reply, Refusal> {
        let form = token_form(call)?;
        let known = basic_pair(call).is_some_and(|(id, secret)| id == seed::CLIENT_ID && secret == seed::CLIENT_SECRET);
        if !known {
            let why = "client authentication failed";
            return Err(Refusal::OAuth(401, "invalid_client", why));
        }
        if form.get("grant_type").map(String::as_str) != Some("client_credentials") {
            let why = "only client_credentials is supported";
            return Err(Refusal::OAuth(400, "unsupported_grant_type", why));
        }
        if form.get("scope").map(String::as_str) != Some("api") {
            let why = "the scope must be api";
            return Err(Refusal::OAuth(400, "invalid_scope", why));
        }
        self.issued += 1;
        let token = format!("sim{:04}-{}", self.issued, Uuid::now_v7().simple());
        let life = settings.token_life;
        let expires_at_ms = now_ms.saturating_add(life.as_millis() as u64);
        self.tokens.insert(token.clone(), expires_at_ms);
        let answer = json!({
            "access_token": token, "expires_in": life.as_secs(), "scope": "api", "token_type": "bearer",
        });
        Ok(Reply::json(200, &answer).with_header("cache-control", "no-store"))
    }
}

fn token_form(call: &Call) -> Result<HashMap<String, String>, Refusal> {
    let malformed = |why| Refusal::OAuth(400, "invalid_request", why);
    let content_type = call.header("content-type").unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(malformed("the body must be a form"));
    }
    let mut form = HashMap::new();
    for (name, value) in form_urlencoded::parse(&call.body).into_owned() {
        if form.insert(name, value).is_some() {
            return Err(malformed("a parameter is there twice"));
        }
    }
    Ok(form)
}

fn basic_pair(call: &Call) -> Option<(String, String)> {
    let encoded = after_scheme(call.header("authorization")?, "basic")?;
    let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (id, secret) = pair.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn after_scheme<'a>(authorization: &'a str, scheme: &str) -> Option<&'a str> {
    let (given, rest) = authorization.split_once(' ')?;
    given.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}
