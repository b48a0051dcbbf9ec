//! How calls are authenticated, compiled: every scheme that asks for a token is one [`TokenScheme`].

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};
use vrl::value::KeyString;

use crate::expression::{AnswerMatcher, TextTemplate, TreeTemplate, ValuePath};
use crate::model::ErrorKind;

/// A set of credentials, and which account keys it takes.
#[derive(Debug)]
pub struct Auth {
    /// The scheme, as definitions call it.
    pub name: &'static str,
    pub needs: Vec<String>,
    /// Index of the transport it is for; any that is HTTP, if none is named.
    pub transport: Option<usize>,
    pub scheme: AuthScheme,
}

#[derive(Debug)]
pub enum AuthScheme {
    Headers(Vec<(HeaderName, TextTemplate)>),
    Token(Arc<TokenScheme>),
    Session(Arc<SessionScheme>),
}

/// A token is asked for, sent in headers, and asked for again ahead of its end.
#[derive(Debug)]
pub struct TokenScheme {
    pub request: TokenCall,
    pub renew: Option<TokenCall>,
    /// Members of `.token`, and where they stand in the answer.
    pub take: Vec<(KeyString, ValuePath)>,
    /// Secrets of the account that the answer replaces, and where they stand in it.
    pub keep: Vec<(String, ValuePath)>,
    pub life: Option<ValuePath>,
    pub default_life: Option<Duration>,
    pub headers: Vec<(HeaderName, TextTemplate)>,
    pub errors: Vec<TokenError>,
}

/// A call for a token.
#[derive(Debug)]
pub struct TokenCall {
    pub method: Method,
    /// A path below the base URL, or a whole URL.
    pub url: TextTemplate,
    pub query: Vec<(String, TextTemplate)>,
    pub headers: Vec<(HeaderName, TextTemplate)>,
    /// The client's id and secret, where they stand in a header.
    pub basic: Option<(TextTemplate, TextTemplate)>,
    pub body: TokenBody,
}

#[derive(Debug)]
pub enum TokenBody {
    None,
    Form(Vec<(String, TextTemplate)>),
    Json(TreeTemplate),
}

/// What an answer without a token means.
#[derive(Debug)]
pub struct TokenError {
    pub when: AnswerMatcher,
    pub kind: ErrorKind,
    pub message: Option<String>,
}

/// How a session with a message broker is authenticated.
#[derive(Debug)]
pub struct SessionScheme {
    /// Shown when connecting.
    pub login: Option<(TextTemplate, TextTemplate)>,
    pub messages: Vec<SessionMessage>,
    pub life: Option<Duration>,
    pub errors: Vec<TokenError>,
}

/// A message that authenticates, and what is taken of its reply.
#[derive(Debug)]
pub struct SessionMessage {
    pub body: TreeTemplate,
    pub take: Vec<(KeyString, ValuePath)>,
}
