//! How a definition says that calls are authenticated.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::expression::MatcherSource;
use crate::model::ErrorKind;

/// A set of credentials. Several are alternatives: the first that the account's settings complete is used. A set needs
/// every account key that its templates read, but for those that stand alone as a member of a form, a query or further
/// headers: such a member is left out where its key is not given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "scheme", rename_all = "snake_case", deny_unknown_fields)]
pub(in crate::connector) enum AuthSource {
    /// Fixed headers made of the account's secrets.
    Headers(HeadersSource),
    /// OAuth 2.0 client credentials (RFC 6749, section 4.4).
    Oauth2ClientCredentials(Oauth2Source),
    /// OAuth 2.0 with a user's name and password, or what a provider takes for one (RFC 6749, section 4.3).
    Oauth2Password(Oauth2Source),
    /// OAuth 2.0 with a refresh token (RFC 6749, section 6).
    Oauth2RefreshToken(Oauth2Source),
    /// A token call of the provider's own.
    Token(Box<TokenSource>),
}

/// Headers that authenticate every call.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct HeadersSource {
    /// Names, and templates over the account.
    pub(in crate::connector) headers: IndexMap<String, String>,
}

/// A form for a token endpoint. The answer's `access_token` is sent as `Authorization: Bearer …`, for `expires_in` seconds.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct Oauth2Source {
    /// A path below the base URL, or a whole URL.
    pub(in crate::connector) token_url: String,
    /// Where the client's id and secret go.
    #[serde(default)]
    pub(in crate::connector) client: ClientAuth,
    /// The client's id.
    pub(in crate::connector) client_id: Option<String>,
    /// The client's secret.
    pub(in crate::connector) client_secret: Option<String>,
    /// The user's name, of `oauth2_password`.
    pub(in crate::connector) username: Option<String>,
    /// The user's password, of `oauth2_password`.
    pub(in crate::connector) password: Option<String>,
    /// The refresh token, of `oauth2_refresh_token`.
    pub(in crate::connector) refresh_token: Option<String>,
    /// Whether the form says `grant_type`.
    #[serde(default = "yes")]
    pub(in crate::connector) grant_type: bool,
    /// Further members of the form; one without a value is left out.
    #[serde(default)]
    pub(in crate::connector) form: IndexMap<String, String>,
    /// Further headers of the token call; one without a value is left out.
    #[serde(default)]
    pub(in crate::connector) headers: IndexMap<String, String>,
    /// Secrets of the account that the answer replaces, each with its path in the answer: they are in the vault before
    /// the answer's token is used.
    #[serde(default)]
    pub(in crate::connector) keep: IndexMap<String, String>,
    /// What the token endpoint's errors mean; ordered, first match wins. What none names: 400 and 401 are
    /// `credentials_rejected`, 403 `permission_missing`, 429 `rate_limited`, 5xx `provider_unavailable`.
    #[serde(default)]
    pub(in crate::connector) errors: Vec<TokenErrorSource>,
}

fn yes() -> bool {
    true
}

/// Where a client shows its credentials to the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::connector) enum ClientAuth {
    /// As members of the form.
    #[default]
    Form,
    /// In an `Authorization: Basic` header.
    Basic,
}

/// A token that a call of the provider's own gives. What is taken of its answer is `.token` in `renew` and `headers`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct TokenSource {
    /// The call that gives the first token.
    pub(in crate::connector) request: TokenCallSource,
    /// The call that gives the next one. Where it is refused, `request` is made again.
    pub(in crate::connector) renew: Option<TokenCallSource>,
    /// Members of `.token`, each with its path in the answer; `token` is the access token.
    pub(in crate::connector) take: IndexMap<String, String>,
    /// Secrets of the account that the answer replaces, each with its path in the answer: they are in the vault before
    /// the answer's token is used.
    #[serde(default)]
    pub(in crate::connector) keep: IndexMap<String, String>,
    /// Path of the token's life in the answer, in seconds.
    pub(in crate::connector) life: Option<String>,
    /// The token's life where the answer does not say, in seconds.
    pub(in crate::connector) life_s: Option<u32>,
    /// The headers that authenticate every call.
    pub(in crate::connector) headers: IndexMap<String, String>,
    /// As for the OAuth schemes.
    #[serde(default)]
    pub(in crate::connector) errors: Vec<TokenErrorSource>,
}

/// A call for a token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct TokenCallSource {
    /// The HTTP method.
    #[serde(default = "post")]
    pub(in crate::connector) method: String,
    /// Below the base URL, or a whole URL.
    pub(in crate::connector) path: String,
    /// Query parameters; one without a value is left out.
    #[serde(default)]
    pub(in crate::connector) query: IndexMap<String, String>,
    /// Headers; one without a value is left out.
    #[serde(default)]
    pub(in crate::connector) headers: IndexMap<String, String>,
    /// Sent as a form.
    #[serde(default)]
    pub(in crate::connector) form: IndexMap<String, String>,
    /// Sent as JSON.
    pub(in crate::connector) body: Option<serde_json::Value>,
}

fn post() -> String {
    "POST".to_owned()
}

/// What an answer of the token endpoint means that gives no token.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct TokenErrorSource {
    /// The answers that are meant.
    pub(in crate::connector) when: MatcherSource,
    /// What the caller is told.
    pub(in crate::connector) kind: ErrorKind,
    /// What the operator is told.
    pub(in crate::connector) message: Option<String>,
}

impl AuthSource {
    /// The scheme's name.
    pub(in crate::connector) fn name(&self) -> &'static str {
        match self {
            Self::Headers(_) => "headers",
            Self::Oauth2ClientCredentials(_) => "oauth2_client_credentials",
            Self::Oauth2Password(_) => "oauth2_password",
            Self::Oauth2RefreshToken(_) => "oauth2_refresh_token",
            Self::Token(_) => "token",
        }
    }

    /// A text by which this set is told from others in the file.
    pub(in crate::connector) fn place(&self) -> &str {
        match self {
            Self::Headers(set) => set.headers.values().next().map_or("auth:", String::as_str),
            Self::Token(set) => &set.request.path,
            Self::Oauth2ClientCredentials(set) | Self::Oauth2Password(set) | Self::Oauth2RefreshToken(set) => {
                let own = set.refresh_token.as_ref().or(set.password.as_ref()).or(set.client_secret.as_ref());
                own.unwrap_or(&set.token_url)
            }
        }
    }
}
