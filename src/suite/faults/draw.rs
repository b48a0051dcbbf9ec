//! The schedule: what is asked in each round and what goes wrong meanwhile, drawn from the seed and the round's number
//! alone, so that any round can be played again by itself.

use std::fmt;
use std::sync::Arc;

use fastrand::Rng;
use indexmap::IndexMap;
use serde_json::Value;

use super::Kind;
use crate::connector::Connector;
use crate::sandbox::Clock;
use crate::suite::Bench;
use crate::suite::case::{Case, Request};
use crate::suite::rounds::{as_text, usual};
use crate::suite::scenario::Place;

const UNASSIGN: &str = "/unified/user-directory/users/unassign-role";
/// Requests that take something away, if nothing goes wrong.
const REMOVING: &[&str] = &["several-roles", "role-by-name", "user-by-email", "two-at-once", "inherited"];
/// Requests that do not, or not all of it.
const OTHER: &[&str] = &["already-absent", "unknown-user", "unknown-role", "several-roles-one-fails"];
const BY_LOOK_UP: &str = "user-by-email";
const EXPIRED: &str = "expired-token";

/// A column of the table: a connector, or a variant of one.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) connector: Arc<Connector>,
    pub(super) case: Case,
    /// It takes messages.
    pub(super) messages: bool,
    usual: Request,
}

impl Row {
    /// All the rows of a bench.
    pub(super) fn all(bench: &Bench) -> Result<Vec<Self>, String> {
        let mut rows = Vec::new();
        for (slug, case) in &bench.cases {
            let connector = bench.registry.get(slug).ok_or_else(|| format!("there is no connector `{slug}`"))?;
            for (variant, case) in case.rows() {
                let simulator = (bench.simulators)(slug, &Clock::default());
                let simulator = simulator.ok_or_else(|| format!("there is no simulator of `{slug}`"))?;
                let writes = case.calls.get(&Place::Write).map(|roads| roads.values().to_vec()).unwrap_or_default();
                rows.push(Self {
                    name: variant.map_or_else(|| slug.clone(), |variant| format!("{slug} ({variant})")),
                    connector: Arc::clone(connector),
                    messages: writes.iter().any(|road| road.to_string().starts_with("MQTT ")),
                    usual: usual(&case, &simulator.demo()),
                    case,
                });
            }
        }
        Ok(rows)
    }

    /// What a scenario of that name asks, and with which account.
    fn pick(&self, name: &str) -> Option<Pick> {
        let entry = self.case.scenarios.get(name).filter(|_| !self.case.cannot_apply.contains_key(name))?;
        let mut requests: Vec<Request> = entry.request.iter().chain(&entry.requests).cloned().collect();
        if requests.is_empty() {
            requests.push(self.usual.clone());
        }
        Some(Pick { account: entry.account.clone(), switches: entry.switches.clone(), requests })
    }

    fn usual(&self) -> Pick {
        Pick { account: None, switches: IndexMap::new(), requests: vec![self.usual.clone()] }
    }

    /// How far the clock moves until a token has expired.
    pub(super) fn token_life_ms(&self) -> u64 {
        self.case.scenarios.get(EXPIRED).and_then(|entry| entry.clock_ms).unwrap_or_default()
    }

    fn has(&self, place: Place) -> bool {
        place == Place::Any || self.case.calls.contains_key(&place)
    }
}

#[derive(Clone)]
struct Pick {
    account: Option<String>,
    switches: IndexMap<String, Value>,
    requests: Vec<Request>,
}

/// A fault, and where it strikes.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) kind: Kind,
    pub(super) place: Place,
    pub(super) skip: usize,
    /// 0: always.
    pub(super) times: usize,
    /// Which of its forms.
    pub(super) form: u64,
}

impl Drawn {
    /// Whether the provider says yes to a write that it does not do.
    pub(super) fn is_false_yes(&self) -> bool {
        self.kind == Kind::MalformedJson && self.place == Place::Write && self.form.is_multiple_of(3)
    }
}

impl fmt::Display for Drawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if self.kind.has_place() {
            write!(f, " at {:?}, skip {}, times {}", self.place, self.skip, self.times)?;
        }
        write!(f, " (form {})", self.form)
    }
}

/// One request of a round.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) request: Request,
    pub(super) options: Vec<(&'static str, &'static str)>,
    /// Its `Idempotency-Key`.
    pub(super) key: Option<&'static str>,
}

impl Ask {
    /// Path and query.
    pub(super) fn path(&self, account: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("integrated_account_id", account);
        for (name, value) in &self.request.query {
            query.append_pair(name, &as_text(value));
        }
        query.extend_pairs(&self.options);
        format!("{UNASSIGN}?{}", query.finish())
    }

    pub(super) fn body(&self) -> Value {
        Value::Object(self.request.body.clone())
    }

    pub(super) fn streams(&self) -> bool {
        self.options.contains(&("truto_response_format", "stream"))
    }
}

/// One round: requests at the same time, and what goes wrong.
#[derive(Clone)]
pub(super) struct Act {
    pub(super) number: u64,
    /// Its place among the rows.
    pub(super) row: usize,
    pub(super) faults: Vec<Drawn>,
    pub(super) asks: Vec<Ask>,
    /// One of the case's accounts.
    pub(super) account: Option<String>,
    pub(super) switches: IndexMap<String, Value>,
    /// The first request is sent once more in the end, with its key and to another gateway.
    pub(super) repeats: bool,
}

impl Act {
    /// The fault of that kind, if it is one of them.
    pub(super) fn fault(&self, kind: Kind) -> Option<&Drawn> {
        self.faults.iter().find(|drawn| drawn.kind == kind)
    }

    /// Draws a round. Pairs take turns, so that each is met equally often.
    pub(super) fn draw(seed: u64, number: u64, pairs: &[(usize, Kind)], rows: &[Row]) -> Option<Self> {
        let turn = usize::try_from(number % u64::try_from(pairs.len()).ok()?).ok()?;
        let &(row, kind) = pairs.get(turn)?;
        let of = rows.get(row)?;
        let spread = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03);
        let mut rng = Rng::with_seed(spread);
        let mut faults = vec![fault(&mut rng, kind, of)];
        if rng.u8(..10) < 3 {
            let others = Kind::ALL.into_iter().filter(|other| other.may_be_second() && *other != kind);
            let others: Vec<Kind> = others.filter(|other| other.impossible(of).is_none()).collect();
            if let Some(second) = choice(&mut rng, &others) {
                faults.push(fault(&mut rng, second, of));
                // Nor where what is read after it is spoilt as well.
                faults.iter_mut().filter(|drawn| drawn.is_false_yes()).for_each(|drawn| drawn.form += 1);
            }
        }
        let pick = pick(&mut rng, &faults, of);
        let mut asks = asks(&mut rng, &faults, &pick, of);
        let repeats = with_key(&mut rng, &mut asks);
        Some(Self { number, row, faults, asks, account: pick.account, switches: pick.switches, repeats })
    }
}

fn choice<T: Clone>(rng: &mut Rng, among: &[T]) -> Option<T> {
    rng.choice(among).cloned()
}

fn fault(rng: &mut Rng, kind: Kind, row: &Row) -> Drawn {
    use Place::{Any, LookUp, Proof, Token, Write};
    let places: &[Place] = match kind {
        _ if !kind.has_place() => &[Any],
        // Messages connect once, whatever is asked then.
        Kind::ConnectRefused if row.messages => &[Any],
        kind if kind.is_of_body() => &[Proof, Proof, LookUp, Token, Write, Any],
        Kind::ReplyTwice | Kind::AnothersReply => &[Write, Write, Proof],
        _ => &[Write, Write, Write, Write, Proof, Proof, Any, LookUp, Token],
    };
    let is_there = |place: &Place| {
        row.has(*place)
            && (*place != Token || row.pick(EXPIRED).is_some())
            && (*place != LookUp || row.pick(BY_LOOK_UP).is_some())
    };
    let places: Vec<Place> = places.iter().copied().filter(is_there).collect();
    let place = choice(rng, &places).unwrap_or(Any);
    let skip = if place == Any && kind != Kind::ConnectRefused { rng.usize(..3) } else { 0 };
    let storm = matches!(kind, Kind::RateLimitedWithTime | Kind::RateLimitedWithoutTime);
    let times = if storm { [2, 3, 5, 0][rng.usize(..4)] } else { [1, 1, 1, 2, 0][rng.usize(..5)] };
    Drawn { kind, place, skip, times, form: rng.u64(..1000) }
}

fn pick(rng: &mut Rng, faults: &[Drawn], row: &Row) -> Pick {
    let at = |place: Place| faults.iter().any(|drawn| drawn.kind.has_place() && drawn.place == place);
    let expired = faults.iter().any(|drawn| drawn.kind == Kind::ExpiredToken);
    let removing = at(Place::Write) || at(Place::Proof) || faults.iter().any(|drawn| drawn.kind == Kind::DatabaseAway);
    let names: Vec<&str> = match () {
        () if at(Place::Token) || expired => vec![EXPIRED],
        () if at(Place::LookUp) => vec![BY_LOOK_UP],
        () if rng.u8(..10) < 5 => vec![],
        () if removing => REMOVING.to_vec(),
        () => REMOVING.iter().chain(OTHER).copied().collect(),
    };
    let picks: Vec<Pick> = names.into_iter().filter_map(|name| row.pick(name)).collect();
    choice(rng, &picks).unwrap_or_else(|| row.usual())
}

fn asks(rng: &mut Rng, faults: &[Drawn], pick: &Pick, row: &Row) -> Vec<Ask> {
    let count = pick.requests.len().max([1, 1, 1, 2, 2, 3][rng.usize(..6)]);
    let mut others = pick.requests.clone();
    if pick.account.is_none() && pick.switches.is_empty() {
        others.push(row.usual.clone());
    }
    let mut requests = pick.requests.clone();
    while requests.len() < count {
        requests.extend(choice(rng, &others));
    }
    // What a provider says is its own word: where nobody looks after it, a made-up yes cannot be told from one.
    let must_look = faults.iter().any(|drawn| drawn.place == Place::Proof || drawn.is_false_yes());
    let waits = row.connector.unassign.proof.read_lag_s == 0;
    let modes: Vec<&'static str> = ["", "", "once", "none", "wait"]
        .into_iter()
        .filter(|mode| !(must_look && *mode == "none") && (waits || *mode != "wait"))
        .collect();
    let ask = |request: Request| {
        let mut options = Vec::new();
        let mut format = choice(rng, &["", "", "unified", "raw", "normalized", "stream", "debug"]).unwrap_or_default();
        if format == "stream" && request.facts.len() > 1 {
            format = "raw";
        }
        options.push(("truto_response_format", format));
        options.push(("verify", choice(rng, &modes).unwrap_or_default()));
        options.push(("check_before", if rng.u8(..5) == 0 { "true" } else { "" }));
        options.retain(|(_, value)| !value.is_empty());
        Ask { request, options, key: None }
    };
    requests.into_iter().map(ask).collect()
}

/// Gives the first request a key, sometimes, and sometimes has others be its repeats; whether it comes again in the end.
fn with_key(rng: &mut Rng, asks: &mut [Ask]) -> bool {
    let Some((first, others)) = asks.split_first_mut().filter(|_| rng.u8(..10) < 3) else { return false };
    first.key = Some("the-key");
    for other in others {
        if rng.bool() {
            *other = first.clone();
        }
    }
    rng.u8(..3) > 0
}
