//! What a provider call costs with each connector of the binary: one whole removal through the engine, again and again,
//! against the answers its simulator gave once. The answers are padded, so that every connector reads as many bytes a
//! call; tokens and roles are known already, as they are in all but the first request; only this thread's CPU time is
//! counted. A connector that costs more than twice what Guardhouse does fails it.
//! `cargo bench --bench connectors -- voucherify` measures that one and Guardhouse alone.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a panic is how a bench fails")]

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use offramp::connector::embedded;
use offramp::credentials::{Account, Context};
use offramp::engine::{Engine, EngineLimits};
use offramp::http::decode::{Limits, decode};
use offramp::model::{Outcome, UnassignRequest, Verified};
use offramp::sandbox::{Call, Clock, ReplyBody, Simulator, all};
use offramp::transport::{AnswerBody, ProviderAnswer, ProviderCall, Transport, TransportError};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value as Json, json};
use tokio::runtime::Runtime;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// All others are compared with it.
const MEASURE: &str = "guardhouse";
const MOST: f64 = 2.0;
/// So much is read of the provider, a call on average.
const BYTES_A_CALL: usize = 8192;
const ROUNDS: usize = 15;
const REMOVALS_A_ROUND: u32 = 200;

/// What identifies a call: method, address, body, and whether the role was taken away already.
type Key = (String, String, Bytes, bool);

#[derive(Clone)]
struct Canned {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

/// First the simulator, whose answers are kept; then what was kept.
struct Provider {
    simulator: Arc<dyn Simulator>,
    answers: Mutex<HashMap<Key, Canned>>,
    write: Mutex<Option<(String, String)>>,
    replaying: AtomicBool,
    written: AtomicBool,
    calls: AtomicU32,
    /// What was called of late, while that is noted.
    made: Mutex<Vec<Key>>,
    noting: AtomicBool,
}

impl Provider {
    fn record(&self, call: &ProviderCall) -> Canned {
        let header = |(name, value): (&HeaderName, &HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let asked = Call {
            method: call.method.as_str().to_owned(),
            path: call.uri.path().to_owned(),
            query: call.uri.query().unwrap_or_default().to_owned(),
            headers: call.headers.iter().map(header).collect(),
            body: call.body.clone(),
        };
        let before = self.simulator.memberships();
        let reply = self.simulator.handle(&asked);
        let ReplyBody::Bytes(body) = reply.body else { panic!("no demonstration is answered with filler") };
        let headers = reply.headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let canned = Canned { status: reply.status, headers: headers.collect(), body };
        let (method, uri) = (asked.method, call.uri.to_string());
        self.answers.lock().unwrap().insert(self.key(call), canned.clone());
        if self.simulator.memberships() != before {
            *self.write.lock().unwrap() = Some((method, uri));
            self.written.store(true, Ordering::Relaxed);
        }
        canned
    }

    fn replay(&self, call: &ProviderCall) -> Canned {
        let mut key = self.key(call);
        let answers = self.answers.lock().unwrap();
        if !answers.contains_key(&key) {
            // A list that a look-up read before the write may be read for its names after it.
            key.3 = !key.3;
        }
        let canned = answers.get(&key).unwrap_or_else(|| panic!("{} {} was not recorded", key.0, key.1)).clone();
        if self.write.lock().unwrap().as_ref().is_some_and(|(method, uri)| *method == key.0 && *uri == key.1) {
            self.written.store(true, Ordering::Relaxed);
        }
        if self.noting.load(Ordering::Relaxed) {
            self.made.lock().unwrap().push(key);
        }
        canned
    }

    fn key(&self, call: &ProviderCall) -> Key {
        let written = self.written.load(Ordering::Relaxed);
        (call.method.as_str().to_owned(), call.uri.to_string(), call.body.clone(), written)
    }

    /// Makes the answers to these calls so many bytes on average: those that have no body leave more to the others.
    fn pad(&self, calls: &[Key]) {
        let mut answers = self.answers.lock().unwrap();
        let (can, cannot): (Vec<&Key>, Vec<&Key>) = calls.iter().partition(|key| takes_padding(&answers[*key].body));
        let fixed: usize = cannot.into_iter().map(|key| answers[key].body.len()).sum();
        let each = (calls.len() * BYTES_A_CALL).saturating_sub(fixed) / can.len();
        for key in can {
            let canned = answers.get_mut(key).unwrap();
            canned.body = padded(&canned.body, each);
        }
        let read: usize = calls.iter().map(|key| answers[key].body.len()).sum();
        let share = read as f64 / (calls.len() * BYTES_A_CALL) as f64;
        assert!((0.95..1.10).contains(&share), "{}: the payloads are not equal: {share}", self.simulator.slug());
    }
}

fn takes_padding(body: &Bytes) -> bool {
    matches!(serde_json::from_slice(body), Ok(Json::Object(_)))
}

/// With a member more that nobody looks at, of what providers' records are made of.
fn padded(body: &Bytes, bytes: usize) -> Bytes {
    let mut json: Json = serde_json::from_slice(body).unwrap();
    let mut more = Vec::new();
    for number in 0.. {
        json["zz_more"] = Json::from(more.clone());
        let text = json.to_string();
        if text.len() >= bytes {
            return text.into();
        }
        more.push(json!({"id": number, "name": "an attribute", "on": true, "of": {"kind": "custom", "unit": null}}));
    }
    unreachable!()
}

struct Canning(Arc<Provider>);

#[async_trait]
impl Transport for Canning {
    async fn send(&self, call: ProviderCall) -> Result<ProviderAnswer, TransportError> {
        let provider = &self.0;
        provider.calls.fetch_add(1, Ordering::Relaxed);
        let canned = match provider.replaying.load(Ordering::Relaxed) {
            true => provider.replay(&call),
            false => provider.record(&call),
        };
        Ok(ProviderAnswer {
            status: StatusCode::from_u16(canned.status).unwrap(),
            headers: canned.headers,
            body: AnswerBody::from_bytes(canned.body),
        })
    }
}

struct Case {
    slug: &'static str,
    provider: Arc<Provider>,
    engine: Engine,
    account: Account,
    request: UnassignRequest,
    calls: u32,
    /// The best round's, of one removal.
    nanoseconds: f64,
}

impl Case {
    /// A demonstration, recorded, and ready to be repeated without lookups and tokens.
    fn of(simulator: Arc<dyn Simulator>, runtime: &Runtime) -> Self {
        let slug = simulator.slug();
        let demo = simulator.demo();
        let mut context = demo.context.as_object().unwrap().clone();
        context.insert("base_url".to_owned(), "http://127.0.0.1:1".into());
        if context.contains_key("transport") {
            // Messages are carried by a broker's link, which nobody can put in a can: the definition is the same.
            context.insert("transport".to_owned(), "rest".into());
            context.insert("base_url".to_owned(), "http://127.0.0.1:1/api/rest".into());
        }
        let connector = Arc::clone(embedded().unwrap().get(slug).unwrap());
        let context = Context::check(&connector, &context).unwrap();
        let account = Account::new("account-1", "default", connector, &context, false).unwrap();
        let mut query = form_urlencoded::Serializer::new("integrated_account_id=account-1".to_owned());
        query.extend_pairs(&demo.query);
        let request = decode(&query.finish(), demo.body.to_string().as_bytes(), &Limits::default()).unwrap().request;
        let provider = Arc::new(Provider {
            simulator,
            answers: Mutex::default(),
            write: Mutex::default(),
            replaying: AtomicBool::new(false),
            written: AtomicBool::new(false),
            calls: AtomicU32::new(0),
            made: Mutex::default(),
            noting: AtomicBool::new(true),
        });
        let limits = EngineLimits {
            call_timeout: Duration::from_secs(10),
            wait_limit: Duration::from_secs(2),
            answer_bytes: 1 << 20,
        };
        let engine = Engine::new(Arc::new(Canning(Arc::clone(&provider))), limits);
        let mut case = Self { slug, provider, engine, account, request, calls: 0, nanoseconds: f64::INFINITY };
        runtime.block_on(case.remove());
        case.provider.replaying.store(true, Ordering::Relaxed);
        case.calls = runtime.block_on(case.remove());
        let made = std::mem::take(&mut *case.provider.made.lock().unwrap());
        case.provider.noting.store(false, Ordering::Relaxed);
        case.provider.pad(&made);
        assert_eq!(runtime.block_on(case.remove()), case.calls, "{slug}: a removal is not like the other");
        case
    }

    /// One removal; how many calls it made.
    async fn remove(&self) -> u32 {
        self.provider.written.store(false, Ordering::Relaxed);
        let before = self.provider.calls.load(Ordering::Relaxed);
        let report = self.engine.unassign(&self.account, self.request.clone(), None).await.unwrap();
        // Where reads lag, the proof is pending.
        let good = matches!(report.verified(), Verified::Yes | Verified::Pending);
        assert!(report.outcome() == Outcome::Removed && good, "{}: {:?}", self.slug, report.items);
        assert!(report.user.get("id").is_some() && report.remote_data.is_some(), "{}: no user", self.slug);
        self.provider.calls.load(Ordering::Relaxed) - before
    }

    fn measure(&mut self, runtime: &Runtime) {
        let started = cpu_time();
        runtime.block_on(async {
            for _ in 0..REMOVALS_A_ROUND {
                self.remove().await;
            }
        });
        let each = (cpu_time() - started).as_nanos() as f64 / f64::from(REMOVALS_A_ROUND);
        self.nanoseconds = self.nanoseconds.min(each);
    }

    fn a_call(&self) -> f64 {
        self.nanoseconds / f64::from(self.calls)
    }
}

/// Of this thread.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut cases: Vec<Case> =
        all(&Clock::default()).into_iter().map(|simulator| Case::of(simulator, &runtime)).collect();
    let (options, named): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument.starts_with('-'));
    if !options.iter().any(|option| option == "--bench") {
        // Run as a test: that all of it works is shown above.
        return ExitCode::SUCCESS;
    }
    cases.retain(|case| case.slug == MEASURE || named.is_empty() || named.iter().any(|name| name == case.slug));
    // By turns, so that a busy moment of the machine is nobody's alone.
    for _ in 0..ROUNDS {
        cases.iter_mut().for_each(|case| case.measure(&runtime));
    }
    let measure = cases.iter().find(|case| case.slug == MEASURE).unwrap().a_call();
    println!("{:<18}{:>6}{:>14}{:>14}{:>10}", "connector", "calls", "us a removal", "us a call", "ratio");
    let mut above = Vec::new();
    for case in &cases {
        let ratio = case.a_call() / measure;
        let (removal, call) = (case.nanoseconds / 1e3, case.a_call() / 1e3);
        println!("{:<18}{:>6}{removal:>14.1}{call:>14.1}{ratio:>10.2}", case.slug, case.calls);
        if ratio > MOST {
            above.push(case.slug);
        }
    }
    if above.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("more than {MOST} times {MEASURE}'s CPU a call: {}", above.join(", "));
    ExitCode::FAILURE
}
