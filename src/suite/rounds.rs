//! The requests of a scenario, filled in by a case: rounds one after the other, each of requests sent at the same time.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::case::{Case, Entry, Request};
use super::expectation::Sent;
use super::scenario::{Passthrough, Scenario};
use crate::sandbox::Demo;

const UNASSIGN: &str = "/unified/user-directory/users/unassign-role";
/// Stands in a hostile text for what a good request would have there.
const GOOD: &str = "<good>";
/// So far from a letter is its wide form.
const WIDE: u32 = 0xfee0;

/// A request that is ready to be sent, and the facts it is about.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) sent: Sent,
    pub(super) facts: Vec<Option<String>>,
    pub(super) also: Vec<String>,
}

/// The rounds of a scenario with this account.
pub(super) fn rounds(scenario: &Scenario, case: &Case, entry: &Entry, demo: &Demo, account: &str) -> Vec<Vec<Planned>> {
    let ask = &scenario.ask;
    let writer = Writer { scenario, entry, account };
    let usual = usual(case, demo);
    if !entry.requests.is_empty() {
        let all = entry.requests.iter().map(|request| writer.plan(request));
        return if ask.at_once { vec![all.collect()] } else { all.map(|one| vec![one]).collect() };
    }
    let request = entry.request.as_ref().unwrap_or(&usual);
    if !ask.hostile.is_empty() {
        return hostile(&ask.hostile, request).map(|(request, name)| vec![writer.trying(&request, &name)]).collect();
    }
    if let Some(passthrough) = ask.retarget {
        return retargeted(&writer, request, passthrough, &entry.targets);
    }
    if !ask.without.is_empty() {
        let sets = ask.without.iter().chain(&entry.without);
        return sets.map(|names| vec![writer.without(request, names)]).collect();
    }
    let one = writer.plan(request);
    if ask.at_once {
        return vec![vec![one.clone(), one]];
    }
    vec![vec![one]; ask.times.unwrap_or(1)]
}

/// The case's usual request; what it leaves out is the simulator's demonstration.
pub(super) fn usual(case: &Case, demo: &Demo) -> Request {
    let mut usual = case.usual.clone();
    if usual.query.is_empty() && usual.body.is_empty() {
        usual.query = demo.query.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.clone()))).collect();
        usual.body = demo.body.as_object().cloned().unwrap_or_default();
    }
    usual
}

/// Writes requests out as they are sent.
pub(super) struct Writer<'s> {
    pub(super) scenario: &'s Scenario,
    pub(super) entry: &'s Entry,
    pub(super) account: &'s str,
}

impl Writer<'_> {
    pub(super) fn plan(&self, request: &Request) -> Planned {
        let ask = &self.scenario.ask;
        let remote_data = self.entry.remote_data.clone().filter(|_| ask.remote_data.is_some());
        let remote_data = remote_data.or_else(|| ask.remote_data.clone());
        let remote_query = self.entry.remote_query.clone().filter(|_| ask.remote_query.is_some());
        let remote_query = remote_query.or_else(|| ask.remote_query.clone());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("integrated_account_id", self.account);
        for (name, value) in &request.query {
            query.append_pair(name, &as_text(value));
        }
        query.extend_pairs(&ask.options);
        let mut path = format!("{UNASSIGN}?{}", query.finish());
        if let Some(raw) = &remote_query {
            path = format!("{path}&{raw}");
        }
        let mut body = request.body.clone();
        if let Some(data) = &remote_data {
            body.insert("remote_data".to_owned(), data.clone());
        }
        let sent = Sent { path, body: Value::Object(body), remote_data, remote_query, ..Sent::default() };
        Planned { sent, facts: request.facts.clone(), also: request.also.clone() }
    }

    /// It names nothing that is there.
    fn trying(&self, request: &Request, name: &str) -> Planned {
        let planned = self.plan(request);
        let sent = Sent { tries: Some(name.to_owned()), ..planned.sent };
        Planned { sent, facts: vec![None], also: Vec::new() }
    }

    fn without(&self, request: &Request, names: &[String]) -> Planned {
        let mut request = request.clone();
        for name in names {
            request.query.shift_remove(name);
            request.body.shift_remove(name);
        }
        let planned = self.plan(&request);
        Planned { sent: Sent { without: names.to_vec(), ..planned.sent }, ..planned }
    }
}

pub(super) fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The request with each hostile text in each place where it names something; and that place's name.
fn hostile<'r>(texts: &'r [String], request: &'r Request) -> impl Iterator<Item = (Request, String)> + 'r {
    let mut good = request.body.clone();
    for (name, value) in &request.query {
        let parsed = value.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok());
        let parsed = parsed.filter(|value| value.is_array() || value.is_object());
        good.insert(name.clone(), parsed.unwrap_or_else(|| value.clone()));
    }
    texts.iter().flat_map(move |text| {
        let full = |name: &str, value: Option<&Value>| (name.to_owned(), filled(text, value));
        let set = |name: &str, value: Value| {
            let mut body = good.clone();
            body.insert(name.to_owned(), value);
            Request { body, ..Request::default() }
        };
        let mut made = Vec::new();
        let (_, id) = full("id", good.get("id"));
        made.push((set("id", Value::from(id.clone())), "id".to_owned()));
        let mut by_query = set("id", Value::Null);
        by_query.body.shift_remove("id");
        by_query.query.insert("id".to_owned(), Value::from(id));
        made.push((by_query, "id".to_owned()));
        let role = good.get("roles").and_then(|roles| roles.get(0)).and_then(Value::as_object).cloned();
        let role: Map<String, Value> = role.unwrap_or_default();
        let names_role = role.contains_key("id") || role.contains_key("name");
        for field in ["id", "name"].into_iter().filter(|_| names_role) {
            let own = role.get(field).or(role.get("id")).or(role.get("name"));
            let mut role = role.clone();
            role.retain(|name, _| name != "id" && name != "name");
            role.insert(field.to_owned(), Value::from(filled(text, own)));
            made.push((set("roles", json!([role])), "role".to_owned()));
        }
        for scope in role.keys().filter(|name| *name != "id" && *name != "name") {
            let mut role = role.clone();
            role.insert(scope.clone(), Value::from(filled(text, role.get(scope))));
            made.push((set("roles", json!([role])), "role".to_owned()));
        }
        for (name, value) in good.iter().filter(|(name, _)| *name != "id" && *name != "roles") {
            let hostile = filled(text, Some(value.pointer("/0/id").unwrap_or(value)));
            let value = if value.is_array() { json!([{ "id": hostile }]) } else { Value::from(hostile) };
            made.push((set(name, value), name.trim_end_matches("_id").trim_end_matches('s').to_owned()));
        }
        made
    })
}

fn filled(text: &str, good: Option<&Value>) -> String {
    text.replace(GOOD, &good.map(as_text).unwrap_or_default())
}

/// Every way a lenient server may read as the name.
fn spellings(name: &str) -> Vec<String> {
    let mut camel = String::new();
    for (index, word) in name.split('_').enumerate() {
        let mut letters = word.chars();
        match letters.next().filter(|_| index > 0) {
            Some(first) => camel.extend(first.to_uppercase().chain(letters)),
            None => camel.push_str(word),
        }
    }
    let mut capital = camel.clone();
    if let Some(first) = capital.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let wide = |c: char| char::from_u32(u32::from(c) + WIDE).filter(|_| c.is_ascii_graphic()).unwrap_or(c);
    let mut all = vec![
        name.to_owned(),
        name.to_uppercase(),
        name.to_lowercase(),
        capital,
        camel,
        name.replace('_', "-"),
        format!(" {name}"),
        format!("{name}\u{200b}"),
        // Letters that are others in upper case, or without what stands above them.
        name.replace('s', "\u{17f}").replace('k', "\u{212a}").replace('i', "\u{131}"),
        name.replace('e', "\u{e9}").replace('o', "o\u{308}"),
        name.chars().map(wide).collect(),
        format!("{name}.x"),
        format!(".{name}"),
        format!("{name}[x]"),
        format!("[{name}]"),
        format!("[][{name}]"),
    ];
    all.sort_unstable();
    all.dedup();
    all
}

fn retargeted(
    writer: &Writer<'_>,
    request: &Request,
    passthrough: Passthrough,
    targets: &[String],
) -> Vec<Vec<Planned>> {
    let mut rounds = Vec::new();
    for spelling in targets.iter().flat_map(|target| spellings(target)) {
        let mut trial = |mut planned: Planned, raw: &str| {
            planned.sent.path.push_str(raw);
            planned.sent.tries = Some(spelling.trim().to_owned());
            rounds.push(vec![planned]);
        };
        match passthrough {
            Passthrough::RemoteData => {
                for value in [json!("x"), json!(["x"]), json!({"x": "x"}), Value::Null] {
                    let mut request = request.clone();
                    request.body.insert("remote_data".to_owned(), json!({ spelling.clone(): value }));
                    trial(writer.plan(&request), "");
                }
            }
            Passthrough::RemoteQuery => {
                let encoded: String = form_urlencoded::byte_serialize(spelling.as_bytes()).collect();
                for suffix in ["", "[]", "[0]", "[x]"] {
                    // Brackets are of this notation itself.
                    if !spelling.contains('[') {
                        trial(writer.plan(request), &format!("&remote_query[{encoded}]{suffix}=x"));
                    }
                    let query = json!({ format!("{spelling}{suffix}"): "x" });
                    let mut request = request.clone();
                    request.query.extend(IndexMap::from([("remote_query".to_owned(), query)]));
                    trial(writer.plan(&request), "");
                }
            }
        }
    }
    rounds
}
