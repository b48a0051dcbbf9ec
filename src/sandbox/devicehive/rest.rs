//! The REST face: its paths, its statuses, its bodies.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::hive::Hive;
use super::listing::Listing;
use super::refusal::Refusal;
use super::settings::Paths;
use super::tokens::Grant;
use crate::sandbox::{Call, Reply};

/// An endpoint with the numbers of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Token,
    Refresh,
    Users,
    Current,
    User(i64),
    UserNetwork(i64, i64),
}

impl Route {
    fn of(path: &str, paths: Paths) -> Option<Self> {
        let raw = path.strip_prefix('/')?.split('/');
        let segments: Vec<_> = raw.map(|s| percent_decode_str(s).decode_utf8()).collect::<Result<_, _>>().ok()?;
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        let (users, tokens) = match (segments.as_slice(), paths) {
            (["api", "rest", rest @ ..], Paths::Proxied) => (rest, rest),
            (["dh", "rest", rest @ ..], Paths::Bare) => (rest, &[][..]),
            (["auth", "rest", rest @ ..], _) => (&[][..], rest),
            _ => return None,
        };
        match tokens {
            ["token"] => return Some(Self::Token),
            ["token", "refresh"] => return Some(Self::Refresh),
            _ => {}
        }
        match users {
            ["user"] => Some(Self::Users),
            ["user", "current"] => Some(Self::Current),
            ["user", user] => Some(Self::User(integer(user)?)),
            ["user", user, "network", network] => Some(Self::UserNetwork(integer(user)?, integer(network)?)),
            _ => None,
        }
    }

    fn methods(self) -> &'static [&'static str] {
        match self {
            Self::Token | Self::Refresh => &["POST"],
            Self::Users | Self::Current | Self::User(_) => &["GET"],
            Self::UserNetwork(..) => &["GET", "PUT", "DELETE"],
        }
    }
}

/// A decimal number of 64 bits, without a plus sign.
fn integer(segment: &str) -> Option<i64> {
    if segment.starts_with('+') {
        return None;
    }
    segment.parse().ok()
}

pub(super) fn answer(hive: &mut Hive, call: &Call, now_ms: u64) -> Reply {
    let Some(route) = Route::of(&call.path, hive.settings.paths) else { return Reply::empty(404) };
    if !route.methods().contains(&call.method.as_str()) {
        return Reply::empty(405).with_header("allow", route.methods().join(", "));
    }
    serve(hive, route, call, now_ms).unwrap_or_else(|refusal| refusal.over_rest())
}

fn serve(hive: &mut Hive, route: Route, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
    match route {
        Route::Token => {
            let request = json_body(call)?;
            let text = |name: &str| request[name].as_str().unwrap_or_default();
            let (access, refresh) = hive.login(text("login"), text("password"), now_ms)?;
            Ok(Reply::json(201, &json!({"accessToken": access, "refreshToken": refresh})))
        }
        Route::Refresh => {
            let request = json_body(call)?;
            let token = request["refreshToken"].as_str().unwrap_or_default();
            let access = hive.refresh(token, now_ms).map_err(|refusal| match hive.settings.empty_refresh_refusal {
                true => Refusal::web(refusal.status),
                false => refusal,
            })?;
            Ok(Reply::json(201, &json!({"accessToken": access})))
        }
        Route::Users => {
            hive.may_list(&bearer(hive, call, now_ms)?)?;
            let users = hive.list(&listing(&call.query)?, hive.settings.default_take_rest);
            Ok(Reply::json(200, &users))
        }
        Route::Current => {
            let grant = bearer(hive, call, now_ms)?;
            Ok(Reply::json(200, &hive.user(&grant, grant.user, now_ms)?))
        }
        Route::User(user) => {
            let grant = bearer(hive, call, now_ms)?;
            hive.may_list(&grant)?;
            Ok(Reply::json(200, &hive.user(&grant, user, now_ms)?))
        }
        Route::UserNetwork(user, network) if call.method == "GET" => {
            let grant = bearer(hive, call, now_ms)?;
            hive.may_read_network(&grant)?;
            let network = hive.user_network(&grant, user, network, now_ms)?;
            Ok(Reply::json(200, &json!({"network": network})))
        }
        Route::UserNetwork(user, network) => {
            hive.may_assign(&bearer(hive, call, now_ms)?)?;
            match call.method.as_str() {
                "PUT" => hive.assign(user, network)?,
                _ => hive.unassign(user, network, now_ms)?,
            }
            Ok(Reply::empty(204))
        }
    }
}

/// What the call's one `Authorization: Bearer` opens.
fn bearer(hive: &Hive, call: &Call, now_ms: u64) -> Result<Grant, Refusal> {
    let mut headers = call.headers.iter().filter(|(name, _)| name == "authorization");
    let (Some((_, value)), None) = (headers.next(), headers.next()) else { return Err(Refusal::unauthorized()) };
    let (scheme, token) = value.split_once(' ').ok_or_else(Refusal::unauthorized)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Refusal::unauthorized());
    }
    hive.admit(token, now_ms)
}

fn json_body(call: &Call) -> Result<Value, Refusal> {
    let media_type = call.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        return Err(Refusal::web(415));
    }
    let body: Option<Value> = serde_json::from_slice(&call.body).ok();
    body.filter(Value::is_object).ok_or_else(Refusal::malformed)
}

/// Numbers are numbers in a query too: an empty value or a word in their place is refused.
fn listing(query: &str) -> Result<Listing, Refusal> {
    let mut listing = Listing::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let numeric = matches!(&*name, "role" | "status" | "take" | "skip");
        let value = match integer(&value).filter(|_| numeric) {
            Some(number) => json!(number),
            None => json!(value),
        };
        if !listing.take(&name, &value) {
            return Err(Refusal::illegal(&name));
        }
    }
    Ok(listing)
}
