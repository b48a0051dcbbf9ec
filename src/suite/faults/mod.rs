//! The fault schedule: requests under faults, drawn from a seed, over every connector of a bench. Whatever goes wrong, what
//! was said is compared with what the provider's state and the audit's chain hold: it may be `unknown`, never a lie.

mod act;
mod again;
mod chain;
mod draw;
mod ground;
mod kind;
mod plant;
mod report;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};

use self::act::Played;
use self::draw::{Act, Row};
pub use self::kind::Kind;
pub use self::report::Told;
use super::case::Case;
use super::scenario::Place;
use super::{Bench, Failure};
use crate::sandbox::Meets;
use crate::storage::Storage;

/// So many rounds are played at the same time: many of them only wait.
const AT_ONCE: usize = 16;
/// So often each fault must strike each connector in a long run.
const OFTEN: u64 = 20;

/// Another database for the gateway than it believes to have.
pub type Disguise = Arc<dyn Fn(Arc<dyn Storage>) -> Arc<dyn Storage> + Send + Sync>;

/// What is to be played.
#[derive(Clone)]
pub struct Schedule {
    pub seed: u64,
    /// At least so many requests.
    pub requests: u64,
    /// This round alone.
    pub only: Option<u64>,
    /// Stands between the gateway and its database.
    pub disguise: Option<Disguise>,
}

/// What became of a schedule.
#[derive(Clone, Debug)]
pub struct Faulted {
    pub seed: u64,
    pub requests: u64,
    pub rounds: u64,
    /// The connectors and their variants.
    pub rows: Vec<String>,
    /// By fault and row, how often it struck.
    pub struck: BTreeMap<(Kind, usize), u64>,
    /// By fault and row, why it cannot be there.
    pub impossible: BTreeMap<(Kind, usize), String>,
    /// So often each must have struck, in a run of this length.
    pub at_least: u64,
    /// How often each outcome was said, and what else was counted.
    pub words: BTreeMap<String, u64>,
    /// The rounds in which something was said that is not so; with [`Schedule::only`] that one, whatever was said.
    pub told: Vec<Told>,
    pub lies: u64,
    pub elapsed: Duration,
}

impl Faulted {
    /// The pairs that were met too seldom.
    #[must_use]
    pub fn seldom(&self) -> Vec<(Kind, &str, u64)> {
        let pairs = self.struck.iter().filter(|(_, count)| **count < self.at_least);
        pairs.map(|(&(kind, row), count)| (kind, self.rows[row].as_str(), *count)).collect()
    }

    /// Whether nothing was said that is not so, and every fault was met often enough.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.lies == 0 && self.seldom().is_empty()
    }
}

/// Plays a schedule over all connectors of a bench.
///
/// # Errors
/// If a connector has no simulator.
pub async fn run(bench: &Arc<Bench>, schedule: &Schedule) -> Result<Faulted, String> {
    let started = Instant::now();
    let rows = Arc::new(Row::all(bench)?);
    let (mut pairs, mut impossible) = (Vec::new(), BTreeMap::new());
    for kind in Kind::ALL {
        for (index, row) in rows.iter().enumerate() {
            match kind.impossible(row) {
                Some(reason) => drop(impossible.insert((kind, index), reason)),
                None => pairs.push((index, kind)),
            }
        }
    }
    let acts = acts(schedule, &pairs, &rows);
    let (rounds, requests) = (acts.len() as u64, acts.iter().map(|act| act.asks.len() as u64).sum());
    let mut faulted = Faulted {
        seed: schedule.seed,
        requests,
        rounds,
        rows: rows.iter().map(|row| row.name.clone()).collect(),
        struck: pairs.iter().map(|&(row, kind)| ((kind, row), 0)).collect(),
        impossible,
        // What is drawn does not always strike, so that of a short run nothing can be asked.
        at_least: match rounds / pairs.len().max(1) as u64 {
            _ if schedule.only.is_some() => 0,
            0..10 => 0,
            average @ 10..20 => average / 2,
            _ => OFTEN,
        },
        words: BTreeMap::new(),
        told: Vec::new(),
        lies: 0,
        elapsed: Duration::ZERO,
    };
    let playing = acts.into_iter().map(|act| {
        let (bench, rows, disguise) = (Arc::clone(bench), Arc::clone(&rows), schedule.disguise.clone());
        let kept = act.clone();
        // In a task of its own: all cores are used, and a panic ends one round only.
        let task = async move { act::play(&bench, disguise.as_ref(), &rows[act.row], &act).await };
        async move {
            let played = match tokio::spawn(task).await {
                Ok(Ok(played)) => played,
                Ok(Err(problem)) => broken(format!("the round could not be played: {problem}")),
                Err(error) => broken(format!("the round broke down: {error}")),
            };
            (kept, played)
        }
    });
    let mut playing = stream::iter(playing).buffer_unordered(AT_ONCE);
    while let Some((act, played)) = playing.next().await {
        let fired: BTreeSet<Kind> = played.fired.iter().copied().collect();
        for kind in fired {
            *faulted.struck.entry((kind, act.row)).or_default() += 1;
        }
        for (word, count) in played.words {
            *faulted.words.entry(word).or_default() += count;
        }
        let lies = !played.failure.problems.is_empty();
        faulted.lies += u64::from(lies);
        if lies || schedule.only.is_some() {
            faulted.told.push(Told::of(&act, &rows[act.row], &played.fired, played.failure));
        }
    }
    faulted.told.sort_by_key(|told| told.number);
    faulted.elapsed = started.elapsed();
    Ok(faulted)
}

/// The rounds, until there are enough requests.
fn acts(schedule: &Schedule, pairs: &[(usize, Kind)], rows: &[Row]) -> Vec<Act> {
    if let Some(number) = schedule.only {
        return Act::draw(schedule.seed, number, pairs, rows).into_iter().collect();
    }
    let (mut acts, mut requests) = (Vec::new(), 0);
    while requests < schedule.requests
        && let Some(act) = Act::draw(schedule.seed, acts.len() as u64, pairs, rows)
    {
        requests += act.asks.len() as u64;
        acts.push(act);
    }
    acts
}

fn broken(problem: String) -> Played {
    Played { failure: Failure { problems: vec![problem], ..Failure::default() }, ..Played::default() }
}

/// Whether a call is one of a place.
fn meets(case: &Case, place: Place) -> Meets {
    let roads = case.calls.get(&place).map(|roads| roads.values().to_vec()).unwrap_or_default();
    Box::new(move |call| place == Place::Any || roads.iter().any(|road| road.leads(call)))
}
