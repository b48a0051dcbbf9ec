//! What must hold whatever the bytes: shared by the tests of the saved corpus and the fuzzers of `fuzz/`. A target panics
//! where something does not hold.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, StatusCode};
use offramp::connector::{Registry, compile, embedded};
use offramp::credentials::{Account, Context};
use offramp::engine::{Engine, EngineLimits, Report};
use offramp::expression::{Scope, TextTemplate, Value, object};
use offramp::http::decode::{Decoded, Limits, decode};
use offramp::model::{Outcome, RequestError, Verified};
use offramp::sandbox::{self, Clock};
use offramp::transport::{AnswerBody, ProviderAnswer, ProviderCall, Transport, TransportError};

/// A target's name, and what must not panic.
pub(crate) type Target = (&'static str, fn(&[u8]));

pub(crate) const TARGETS: [Target; 5] =
    [("query", query), ("body", body), ("definition", definition), ("template", template), ("answer", answer)];

/// A query decodes to one thing or to an error that says what is wrong; an id never holds what was not sent.
pub(crate) fn query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let decoded = decode(text, b"", &Limits::default());
    assert_eq!(decoded, decode(text, b"", &Limits::default()));
    check(decoded, text.as_bytes());
    // A slash more or a parameter of no meaning changes nothing.
    if let (Ok(left), Ok(right)) =
        (decode(text, b"", &Limits::default()), decode(&format!("{text}&"), b"", &Limits::default()))
    {
        assert_eq!(left, right);
    }
}

/// The same of a body.
pub(crate) fn body(data: &[u8]) {
    let query = "integrated_account_id=account-1";
    let decoded = decode(query, data, &Limits::default());
    assert_eq!(decoded, decode(query, data, &Limits::default()));
    if decoded.is_ok() && !data.trim_ascii().is_empty() {
        // Whatever is taken is a JSON object.
        let json: serde_json::Value = serde_json::from_slice(data).unwrap();
        assert!(json.is_object() || json.is_null(), "{json}");
    }
    check(decoded, data);
}

fn check(decoded: Result<Decoded, RequestError>, given: &[u8]) {
    match decoded {
        Err(error) => assert!(!error.message.is_empty() && error.message.len() < 4096, "{}", error.message),
        Ok(decoded) => {
            let request = decoded.request;
            let texts =
                request.roles.iter().flat_map(|role| [&role.id, &role.name, &role.workspace]).chain([&request.id]);
            for text in texts.flatten() {
                assert!(!text.is_empty() && text.len() <= given.len());
            }
        }
    }
}

/// A definition compiles, or is refused with a place and the way out.
pub(crate) fn definition(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Err(error) = compile("connectors/fuzzed/connector.yaml", text) {
        assert!(!error.to_string().is_empty());
        assert!(!error.render().is_empty());
    }
}

/// A template fills a path with whole segments and a header with one line, or refuses; it is pure.
pub(crate) fn template(data: &[u8]) {
    let Some((template, value)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return };
    let Ok(template) = TextTemplate::compile(template) else { return };
    let account = object([("key", Value::from(value)), ("list", Value::Array(vec![Value::from(value)]))]);
    let scope = Scope::of_account(&account);
    let mut path = String::new();
    if template.fill_path(&scope, &mut path).is_ok() {
        let mut again = String::new();
        template.fill_path(&scope, &mut again).unwrap();
        assert_eq!(path, again);
    }
    if let Ok(Some(text)) = template.fill(&scope) {
        assert_eq!(template.fill(&scope).unwrap().as_deref(), Some(text.as_str()));
    }
    // What the definition did not write itself is never more than one segment.
    let one = TextTemplate::compile("/a/{{ account.key }}/b").unwrap();
    let mut path = String::new();
    if one.fill_path(&scope, &mut path).is_ok() {
        let [empty, first, segment, last] = path.split('/').collect::<Vec<_>>().try_into().unwrap();
        assert_eq!((empty, first, last), ("", "a", "b"));
        assert!(!segment.is_empty() && segment != "." && segment != "..");
        assert!(segment.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\".contains(&byte)), "{segment}");
        let decoded = percent_encoding::percent_decode_str(segment).decode_utf8().unwrap();
        assert_eq!(decoded, value);
    }
    let header = TextTemplate::compile("Bearer {{ account.key }}").unwrap();
    if let Ok(Some(text)) = header.fill(&scope) {
        assert!(!text.chars().any(char::is_control));
    }
}

/// Whatever a provider answers, a removal is never said to be done without an answer that can show it.
pub(crate) fn answer(data: &[u8]) {
    let Some((report, given)) = report_of(data) else { return };
    let telling = given.iter().filter(|status| matches!(status, 200..300 | 404)).count();
    for item in &report.items {
        let said = (item.outcome, item.verified);
        match item.outcome {
            Outcome::Removed => assert!(telling > 0 && report.remote_calls > 0, "{said:?} of {given:?}"),
            Outcome::Unknown => assert!(report.remote_calls > 0, "{said:?} of {given:?}"),
            Outcome::AlreadyAbsent => assert!(!given.is_empty(), "{said:?} of {given:?}"),
            Outcome::Planned => panic!("nobody asked for a plan"),
            Outcome::Refused | Outcome::Failed => {}
        }
        if item.verified == Verified::Yes {
            assert!(telling > 0, "{said:?} of {given:?}");
        }
    }
    let (status, _) = report.status();
    assert!((200..600).contains(&status));
    if status < 300 {
        assert!(report.items.iter().all(|item| matches!(item.outcome, Outcome::Removed | Outcome::AlreadyAbsent)));
    }
}

/// What the engine makes of such answers, and their statuses; `None`: bad input.
pub(crate) fn report_of(data: &[u8]) -> Option<(Report, Vec<u16>)> {
    let (&choice, answers) = data.split_first()?;
    let scripted = Arc::new(Scripted { rest: Mutex::new(answers.to_vec()), given: Mutex::default() });
    let demos = accounts();
    let (account, request) = &demos[usize::from(choice) % demos.len()];
    let second = Duration::from_secs(1);
    let limits = EngineLimits { call_timeout: second, wait_limit: second, answer_bytes: 1 << 16 };
    let engine = Engine::new(Arc::clone(&scripted) as Arc<dyn Transport>, limits);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    // An account of its own: nothing is known from the run before.
    let report = runtime.block_on(engine.unassign(&account(), request.clone(), None)).ok()?;
    let given = scripted.given.lock().unwrap().clone();
    Some((report, given))
}

type Demo = (Box<dyn Fn() -> Account + Send + Sync>, offramp::model::UnassignRequest);

/// Every connector that can be reached over HTTP, with its simulator's demonstration.
fn accounts() -> &'static [Demo] {
    static ACCOUNTS: OnceLock<Vec<Demo>> = OnceLock::new();
    ACCOUNTS.get_or_init(|| {
        let registry = embedded().unwrap();
        let demos = sandbox::all(&Clock::default()).into_iter().filter_map(|simulator| {
            let demo = simulator.demo();
            let slug = simulator.slug();
            let mut context = demo.context.as_object()?.clone();
            context.insert("base_url".to_owned(), "https://provider.example.com".into());
            let registry: Registry = registry.clone();
            let connector = Arc::clone(registry.get(slug)?);
            let checked = Context::check(&connector, &context).ok()?;
            let made = move || Account::new("account-1", "default", Arc::clone(&connector), &checked, false).unwrap();
            made().messages.is_none().then_some(())?;
            let mut query = form_urlencoded::Serializer::new("integrated_account_id=account-1".to_owned());
            query.extend_pairs(&demo.query);
            let decoded = decode(&query.finish(), demo.body.to_string().as_bytes(), &Limits::default()).unwrap();
            Some((Box::new(made) as Box<dyn Fn() -> Account + Send + Sync>, decoded.request))
        });
        let demos: Vec<Demo> = demos.collect();
        assert!(demos.len() >= 8, "only {} connectors", demos.len());
        demos
    })
}

/// Answers with what the bytes say: a status, a content type, a length, a body; then nothing but 503.
struct Scripted {
    rest: Mutex<Vec<u8>>,
    given: Mutex<Vec<u16>>,
}

const STATUSES: [u16; 16] = [200, 201, 202, 204, 301, 400, 401, 402, 403, 404, 409, 422, 429, 500, 503, 504];

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, call: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        let mut rest = self.rest.lock().unwrap();
        let (status, body) = match rest.as_slice() {
            [head, length, ..] => {
                let status = STATUSES[usize::from(head & 15)];
                if *head >= 0xF0 {
                    rest.drain(..2);
                    return Err(TransportError::Timeout { after: call.timeout });
                }
                let end = (2 + usize::from(*length) * 4).min(rest.len());
                let body: Vec<u8> = rest.drain(..end).skip(2).collect();
                (status, body)
            }
            _ => (503, Vec::new()),
        };
        self.given.lock().unwrap().push(status);
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let status = StatusCode::from_u16(status).unwrap();
        Ok(ProviderAnswer { status, headers, body: AnswerBody::from_bytes(body.into()) })
    }
}
