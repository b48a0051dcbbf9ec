//! Sets of credentials: compiled to one form, with the account keys that each of them takes.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderName, Method};
use indexmap::IndexMap;
use vrl::value::KeyString;

use super::{Compiler, Result};
use crate::connector::compiled::{Auth, AuthScheme, TokenBody, TokenCall, TokenError, TokenScheme};

use crate::connector::definition::*;
use crate::expression::{Expression, TextTemplate, TreeTemplate, ValuePath};

/// A grant of OAuth: its name, and the members of the form that it asks for.
struct Grant<'s> {
    scheme: &'static str,
    name: &'static str,
    members: Vec<(&'static str, &'s Option<String>)>,
    refused: Vec<(&'static str, &'s Option<String>)>,
}

impl Compiler<'_> {
    /// All sets, in order; one that an earlier set always comes before is refused.
    pub(super) fn auths(&mut self) -> Result<Vec<Auth>> {
        let definition = self.definition;
        if definition.auth.is_empty() {
            return Err(self.error("C004", "auth:", "no way to authenticate"));
        }
        self.in_auth = true;
        let sets = definition.auth.iter().map(|auth| self.auth(auth)).collect::<Result<Vec<_>>>()?;
        self.in_auth = false;
        let given = |key: &String| definition.account.get(key).is_some_and(|key| key.required || key.default.is_some());
        for (index, (set, source)) in sets.iter().zip(&definition.auth).enumerate() {
            if set.needs.is_empty() {
                let message = "this set of credentials reads no key of the account";
                return Err(self.error("C034", source.place(), message));
            }
            let same_way = |earlier: &Auth| {
                let over_http = !matches!(set.scheme, AuthScheme::Session(_));
                earlier.transport == set.transport || (earlier.transport.is_none() && over_http)
            };
            let covers = |earlier: &Auth| {
                same_way(earlier) && earlier.needs.iter().all(|key| given(key) || set.needs.contains(key))
            };
            if sets[..index].iter().any(covers) {
                return Err(self
                    .error("C034", source.place(), "this set is never used: one before it needs no key that it lacks")
                    .with_hint("the first complete set is taken, so the one with more keys comes first"));
            }
        }
        for (index, (name, source)) in definition.transports.iter().enumerate() {
            let fits = |set: &Auth| set.transport.map_or(!source.has_messages(), |transport| transport == index);
            if !sets.iter().any(fits) {
                let message = format!("no set of credentials can be used over `{name}`");
                return Err(self.error("C043", &format!("{name}:"), message));
            }
        }
        Ok(sets)
    }

    fn auth(&mut self, source: &AuthSource) -> Result<Auth> {
        let mut needs = Needs::default();
        let scheme = match source {
            AuthSource::Headers(set) => {
                let headers = self.header_templates(&set.headers)?;
                headers.iter().for_each(|(_, template)| needs.text(template));
                AuthScheme::Headers(headers)
            }
            AuthSource::Session(set) => self.session(set, &mut needs)?,
            AuthSource::Token(set) => AuthScheme::Token(Arc::new(self.token(set, &mut needs)?)),
            AuthSource::Oauth2ClientCredentials(set) => {
                let grant = Grant {
                    scheme: "oauth2_client_credentials",
                    name: "client_credentials",
                    members: Vec::new(),
                    refused: vec![
                        ("username", &set.username),
                        ("password", &set.password),
                        ("refresh_token", &set.refresh_token),
                    ],
                };
                if set.client_id.is_none() || set.client_secret.is_none() {
                    let message = "`oauth2_client_credentials` needs `client_id` and `client_secret`";
                    return Err(self.error("C030", source.place(), message));
                }
                self.oauth2(set, &grant, &mut needs)?
            }
            AuthSource::Oauth2Password(set) => {
                let grant = Grant {
                    scheme: "oauth2_password",
                    name: "password",
                    members: vec![("username", &set.username), ("password", &set.password)],
                    refused: vec![("refresh_token", &set.refresh_token)],
                };
                self.oauth2(set, &grant, &mut needs)?
            }
            AuthSource::Oauth2RefreshToken(set) => {
                let grant = Grant {
                    scheme: "oauth2_refresh_token",
                    name: "refresh_token",
                    members: vec![("refresh_token", &set.refresh_token)],
                    refused: vec![("username", &set.username), ("password", &set.password)],
                };
                self.oauth2(set, &grant, &mut needs)?
            }
        };
        let transport = match source.transport() {
            None => None,
            Some(name) => {
                let (index, has_messages) = self.transport(name)?;
                if has_messages != matches!(scheme, AuthScheme::Session(_)) {
                    let message = "`session` is for transports that carry messages, every other scheme for HTTP";
                    return Err(self.error("C043", source.place(), message));
                }
                Some(index)
            }
        };
        Ok(Auth { name: source.name(), needs: needs.0, transport, scheme })
    }

    fn oauth2(&mut self, set: &Oauth2Source, grant: &Grant<'_>, needs: &mut Needs) -> Result<AuthScheme> {
        let scheme = grant.scheme;
        let place = format!("token_url: {}", set.token_url);
        let place = if self.source.text.contains(&place) { place } else { set.token_url.clone() };
        if let Some((name, _)) = grant.refused.iter().find(|(_, given)| given.is_some()) {
            return Err(self.error("C030", &place, format!("`{scheme}` takes no `{name}`")));
        }
        let mut form = Vec::new();
        if set.grant_type {
            form.push(("grant_type".to_owned(), self.text(grant.name)?));
        }
        for (name, text) in &grant.members {
            let Some(text) = text else {
                return Err(self.error("C030", &place, format!("`{scheme}` needs `{name}`")));
            };
            let template = self.text(text)?;
            needs.text(&template);
            form.push(((*name).to_owned(), template));
        }
        let mut client = Vec::new();
        for (name, text) in [("client_id", &set.client_id), ("client_secret", &set.client_secret)] {
            if let Some(text) = text {
                let template = self.text(text)?;
                needs.text(&template);
                client.push((name.to_owned(), template));
            }
        }
        let mut basic = None;
        if set.client == ClientAuth::Basic {
            let mut pair = client.drain(..).map(|(_, template)| template);
            let (Some(id), Some(secret)) = (pair.next(), pair.next()) else {
                return Err(self.error("C030", &place, "`client: basic` needs `client_id` and `client_secret`"));
            };
            basic = Some((id, secret));
        }
        form.extend(client);
        let further = self.texts(&set.form)?;
        further.iter().for_each(|(_, template)| needs.optional(template));
        form.extend(further);
        let headers = self.header_templates(&set.headers)?;
        headers.iter().for_each(|(_, template)| needs.optional(template));
        let url = self.url(&set.token_url, needs)?;
        let request =
            TokenCall { method: Method::POST, url, query: Vec::new(), headers, basic, body: TokenBody::Form(form) };
        self.taken.insert("token".to_owned());
        let bearer = self.text("Bearer {{ token.token }}")?;
        Ok(AuthScheme::Token(Arc::new(TokenScheme {
            request,
            renew: None,
            take: vec![(KeyString::from("token"), self.path("access_token")?)],
            keep: self.keep(&set.keep)?,
            life: Some(self.path("expires_in")?),
            default_life: None,
            headers: vec![(AUTHORIZATION, bearer)],
            errors: self.token_errors(&set.errors)?,
        })))
    }

    fn token(&mut self, set: &TokenSource, needs: &mut Needs) -> Result<TokenScheme> {
        let place = &set.request.path;
        if !set.take.contains_key("token") {
            return Err(self
                .error("C031", place, "`take` does not say which member of the answer is the token")
                .with_hint("such as `take: { token: accessToken }`"));
        }
        let take: Vec<(KeyString, ValuePath)> = set
            .take
            .iter()
            .map(|(name, path)| Ok((KeyString::from(name.as_str()), self.path(path)?)))
            .collect::<Result<_>>()?;
        let request = self.token_call(&set.request, needs)?;
        self.taken = set.take.keys().cloned().collect();
        // What a renewal reads of the account need not be there for the first call.
        let renew = set.renew.as_ref().map(|call| self.token_call(call, &mut Needs::default())).transpose()?;
        let headers = self.header_templates(&set.headers)?;
        headers.iter().for_each(|(_, template)| needs.text(template));
        let reads_token = |expression: &Expression| {
            expression.reads().iter().any(|path| path.first().is_some_and(|root| root == "token"))
        };
        if !headers.iter().flat_map(|(_, template)| template.expressions()).any(reads_token) {
            return Err(self.error("C032", place, "no header of this set carries the token: none reads `.token`"));
        }
        Ok(TokenScheme {
            request,
            renew,
            take,
            keep: self.keep(&set.keep)?,
            life: set.life.as_ref().map(|path| self.path(path)).transpose()?,
            default_life: set.life_s.map(|life| Duration::from_secs(life.into())),
            headers,
            errors: self.token_errors(&set.errors)?,
        })
    }

    fn token_call(&mut self, call: &TokenCallSource, needs: &mut Needs) -> Result<TokenCall> {
        let method = Method::from_bytes(call.method.as_bytes());
        let method = method.map_err(|_| self.error("C009", &call.method, "is not an HTTP method"))?;
        let url = self.url(&call.path, needs)?;
        let query = self.without_secrets(|compiler| compiler.texts(&call.query))?;
        let headers = self.header_templates(&call.headers)?;
        query.iter().for_each(|(_, template)| needs.optional(template));
        headers.iter().for_each(|(_, template): &(HeaderName, _)| needs.optional(template));
        let body = match (&call.body, call.form.is_empty()) {
            (Some(_), false) => {
                return Err(self.error("C030", &call.path, "a token call has a `form` or a `body`, not both"));
            }
            (Some(body), true) => {
                let body = self.tree(body)?;
                needs.tree(&body);
                TokenBody::Json(body)
            }
            (None, false) => {
                let form = self.texts(&call.form)?;
                form.iter().for_each(|(_, template)| needs.text(template));
                TokenBody::Form(form)
            }
            (None, true) => TokenBody::None,
        };
        Ok(TokenCall { method, url, query, headers, basic: None, body })
    }

    /// An address ends up in logs: no secret may stand in it.
    fn url(&mut self, text: &str, needs: &mut Needs) -> Result<TextTemplate> {
        let url = self.without_secrets(|compiler| compiler.text(text))?;
        needs.text(&url);
        Ok(url)
    }

    fn without_secrets<T>(&mut self, compile: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.in_auth = false;
        let compiled = compile(self);
        self.in_auth = true;
        compiled
    }

    fn keep(&self, keep: &IndexMap<String, String>) -> Result<Vec<(String, ValuePath)>> {
        let kept = |(key, path): (&String, &String)| {
            if !self.definition.account.get(key).is_some_and(|key| key.secret) {
                let message = format!("`keep` replaces secrets of the account, and `{key}` is none");
                return Err(self.error("C033", &format!("{key}: {path}"), message));
            }
            Ok((key.clone(), self.path(path)?))
        };
        keep.iter().map(kept).collect()
    }

    pub(super) fn token_errors(&self, rules: &[TokenErrorSource]) -> Result<Vec<TokenError>> {
        let compile = |rule: &TokenErrorSource| {
            Ok(TokenError { when: self.matcher(&rule.when)?, kind: rule.kind, message: rule.message.clone() })
        };
        rules.iter().map(compile).collect()
    }
}

/// The account keys that a set of credentials takes.
#[derive(Default)]
pub(super) struct Needs(pub(super) Vec<String>);

impl Needs {
    fn expression(&mut self, expression: &Expression) {
        for path in expression.reads() {
            if let [root, key, ..] = path.as_slice()
                && root == "account"
                && key != "base_url"
                && !self.0.contains(key)
            {
                self.0.push(key.clone());
            }
        }
    }

    pub(super) fn text(&mut self, template: &TextTemplate) {
        template.expressions().for_each(|expression| self.expression(expression));
    }

    /// A member that is left out where its one placeholder has no value.
    pub(super) fn optional(&mut self, template: &TextTemplate) {
        if !template.is_optional() {
            self.text(template);
        }
    }

    /// A body: a program that is a whole member decides by itself what it does without a key.
    pub(super) fn tree(&mut self, tree: &TreeTemplate) {
        match tree {
            TreeTemplate::Literal(_) => {}
            TreeTemplate::Placeholder(expression) if expression.as_path().is_none() => {}
            TreeTemplate::Placeholder(expression) => self.expression(expression),
            TreeTemplate::Text(template) => self.text(template),
            TreeTemplate::List(list) => list.iter().for_each(|tree| self.tree(tree)),
            TreeTemplate::Object(members) => members.iter().for_each(|(_, tree)| self.tree(tree)),
        }
    }
}
