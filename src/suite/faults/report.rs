//! The schedule's results: the table, the line below it, and all there is to say of a round that went wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use super::draw::{Act, Row};
use super::{Faulted, Kind};
use crate::suite::Failure;

/// So many rounds are shown with all that was asked and answered.
const SHOWN_ROUNDS: usize = 10;

/// A round, to be read and played again.
#[derive(Clone, Debug)]
pub struct Told {
    pub number: u64,
    pub row: String,
    /// What was planted.
    pub faults: Vec<String>,
    pub struck: Vec<Kind>,
    pub failure: Failure,
}

impl Told {
    pub(super) fn of(act: &Act, row: &Row, struck: &[Kind], failure: Failure) -> Self {
        let account = act.account.iter().map(|account| format!("account {account}"));
        let switches = act.switches.iter().map(|(switch, to)| format!("{switch}: {to}"));
        let faults = act.faults.iter().map(ToString::to_string).chain(account).chain(switches);
        Self { number: act.number, row: row.name.clone(), faults: faults.collect(), struck: struck.to_vec(), failure }
    }
}

impl Faulted {
    /// Faults × connectors, and how often each struck.
    #[must_use]
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_preset(NOTHING);
        table.set_header(["FAULT".to_owned()].into_iter().chain(self.rows.iter().map(|row| row.to_uppercase())));
        for kind in Kind::ALL {
            let cell = |row| self.struck.get(&(kind, row)).map_or_else(|| "-".to_owned(), u64::to_string);
            table.add_row([kind.as_str().to_owned()].into_iter().chain((0..self.rows.len()).map(cell)));
        }
        table.to_string()
    }

    /// Why a fault cannot be where the table has a `-`; a line each.
    #[must_use]
    pub fn reasons(&self) -> String {
        let mut by_reason: BTreeMap<(Kind, &str), Vec<&str>> = BTreeMap::new();
        for (&(kind, row), reason) in &self.impossible {
            by_reason.entry((kind, reason)).or_default().push(&self.rows[row]);
        }
        let mut text = String::new();
        for ((kind, reason), rows) in by_reason {
            let _ = writeln!(text, "- {kind}, {}: {reason}", rows.join(", "));
        }
        text
    }

    /// The one line that says it all.
    #[must_use]
    pub fn summary(&self) -> String {
        let struck: u64 = self.struck.values().sum();
        let words: Vec<String> = self.words.iter().map(|(word, count)| format!("{word} {count}")).collect();
        format!(
            "seed {}: {} requests in {} rounds, {struck} faults struck, each pair at least {} times ({} asked for); {}; {} \
             rounds with a lie; in {:.1} s.",
            self.seed,
            self.requests,
            self.rounds,
            self.struck.values().min().copied().unwrap_or_default(),
            self.at_least,
            words.join(", "),
            self.lies,
            self.elapsed.as_secs_f32()
        )
    }

    /// All there is to say of the rounds that went wrong, and of the pairs that were met too seldom.
    #[must_use]
    pub fn complaints(&self) -> String {
        let mut text = String::new();
        for told in self.told.iter().take(SHOWN_ROUNDS) {
            let word = if told.failure.problems.is_empty() { "TRUE" } else { "LIE" };
            let _ = writeln!(text, "\n{word} in round {} of seed {}: {}", told.number, self.seed, told.row);
            let _ = writeln!(text, "  planted: {}", told.faults.join("; "));
            let struck: Vec<&str> = told.struck.iter().map(|kind| kind.as_str()).collect();
            let _ = writeln!(text, "  struck:  {}", struck.join("; "));
            for problem in &told.failure.problems {
                let _ = writeln!(text, "  {problem}");
            }
            for (request, answer) in &told.failure.requests {
                let _ = writeln!(text, "    request: {request}\n    answer:  {answer}");
            }
            for call in &told.failure.calls {
                let _ = writeln!(text, "    call:    {call}");
            }
            // What is drawn depends on the connectors there are.
            let slugs = self.connectors().join(" ");
            let _ =
                writeln!(text, "  again: offramp connector faults --seed {} --only {} {slugs}", self.seed, told.number);
        }
        if let Some(more) = self.told.len().checked_sub(SHOWN_ROUNDS).filter(|more| *more > 0) {
            let numbers: Vec<String> = self.told[SHOWN_ROUNDS..].iter().map(|told| told.number.to_string()).collect();
            let _ = writeln!(text, "\n… and {more} more rounds: {}", numbers.join(", "));
        }
        for (kind, row, count) in self.seldom() {
            let _ = writeln!(text, "error: {kind} struck {row} {count} times; it must strike {} times", self.at_least);
        }
        text
    }

    /// Everything, as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        let cells = self
            .struck
            .iter()
            .map(|(&(kind, row), count)| json!({"fault": kind.as_str(), "connector": self.rows[row], "struck": count}));
        let impossible = self.impossible.iter().map(
            |(&(kind, row), reason)| json!({"fault": kind.as_str(), "connector": self.rows[row], "impossible": reason}),
        );
        let told = self.told.iter().map(|told| {
            json!({"round": told.number, "connector": told.row, "planted": told.faults, "failure": told.failure})
        });
        json!({
            "seed": self.seed,
            "requests": self.requests,
            "rounds": self.rounds,
            "at_least": self.at_least,
            "faults": cells.chain(impossible).collect::<Vec<_>>(),
            "words": self.words,
            "lies": self.lies,
            "told": told.collect::<Vec<_>>(),
            "elapsed_ms": u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The slugs of the rows.
    fn connectors(&self) -> Vec<&str> {
        let mut slugs: Vec<&str> = self.rows.iter().filter_map(|row| row.split(' ').next()).collect();
        slugs.dedup();
        slugs
    }
}
