//! Lists: `items`, `totalItems` and, where there is more, `nextLink`. The link's parameter is nobody's business.

use serde_json::{Value, json};

use super::answers::{self, Refusal};
use super::route::integer;
use super::settings::{NextLink, Settings};
use crate::sandbox::{Call, Reply};

const PAGE: &str = "pageToken";

/// The page that the call asks for.
pub(super) fn page(call: &Call, items: Vec<Value>, settings: &Settings) -> Result<Reply, Refusal> {
    let total = items.len();
    if settings.next_link == NextLink::Never {
        return Ok(answers::answer(200, &json!({"items": items, "totalItems": total})));
    }
    let offset = match parameter(call, PAGE)? {
        None => 0,
        Some(token) => integer(&token)
            .and_then(|offset| usize::try_from(offset).ok())
            .ok_or_else(|| Refusal::bad_request("The page is not known."))?,
    };
    let size = settings.page_size.max(1);
    let items: Vec<Value> = items.into_iter().skip(offset).take(size).collect();
    let mut body = json!({"items": items, "totalItems": total});
    let next = offset.saturating_add(size);
    if next < total {
        let relative = format!("{}?{PAGE}={next}", call.path);
        let host = call.header("host").filter(|_| settings.next_link == NextLink::Absolute);
        body["nextLink"] = json!(host.map_or(relative.clone(), |host| format!("http://{host}{relative}")));
    }
    Ok(answers::answer(200, &body))
}

/// A query parameter; twice the same one is refused, and an empty one counts as left out.
pub(super) fn parameter(call: &Call, name: &str) -> Result<Option<String>, Refusal> {
    let mut named = form_urlencoded::parse(call.query.as_bytes()).filter(|(n, _)| n == name);
    let (first, second) = (named.next(), named.next());
    if second.is_some() {
        return Err(Refusal::bad_request(format!("{name} was sent twice.")));
    }
    Ok(first.map(|(_, value)| value.into_owned()).filter(|v| !v.is_empty()))
}
