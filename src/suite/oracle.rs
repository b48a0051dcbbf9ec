//! The oracle: what the gateway said against what the provider's state lost. It believes nobody.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::stage::Answer;

/// Facts of a provider's state.
pub type Facts = BTreeSet<String>;

/// One request of a round, and what came of it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// For each item the fact it would take away, if there is one.
    pub facts: Vec<Option<String>>,
    /// What is lost by nature together with them.
    pub also: Vec<String>,
    /// `None`: there was no answer.
    pub answer: Option<Answer>,
    /// Whether `unknown` may be said.
    pub may_be_unknown: bool,
}

/// Something that was said and is not so, or was done and is not said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Said to be gone, and it is held.
    SaidGone { fact: String, said: String },
    /// Said not to be done, and it is.
    SaidNotDone { fact: String, said: String },
    /// Proven gone, and it is held.
    ProvenGone { fact: String },
    /// Proven held, and it is gone.
    ProvenHeld { fact: String },
    /// Said to have been held before or not, and it was otherwise.
    SaidHeldBefore { fact: String, said: String },
    /// Said not to be known, where it can be known.
    SaidUnknown { fact: String },
    /// Nobody named it, and it is gone.
    TouchedAnother { fact: String },
    /// It was not there before.
    MadeUp { fact: String },
    /// The request was not answered, or not to the end; this is what was lost meanwhile.
    Unanswered { lost: Vec<String> },
    /// As many items as were named were not spoken of.
    Miscounted { named: usize, said: usize },
}

impl fmt::Display for Lie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SaidGone { fact, said } => write!(f, "said {said}, but it is held: {fact}"),
            Self::SaidNotDone { fact, said } => write!(f, "said {said}, but it was done: {fact}"),
            Self::ProvenGone { fact } => write!(f, "said to be verified, but it is held: {fact}"),
            Self::ProvenHeld { fact } => write!(f, "said to be still held, but it is gone: {fact}"),
            Self::SaidHeldBefore { fact, said } => write!(f, "held_before is {said}, which is not so: {fact}"),
            Self::SaidUnknown { fact } => write!(f, "said unknown where it can be known: {fact}"),
            Self::TouchedAnother { fact } => write!(f, "lost what nobody named: {fact}"),
            Self::MadeUp { fact } => write!(f, "gained what was not there: {fact}"),
            Self::Unanswered { lost } if lost.is_empty() => write!(f, "no answer, or half of one"),
            Self::Unanswered { lost } => write!(f, "no answer, or half of one; and lost: {}", lost.join("; ")),
            Self::Miscounted { named, said } => write!(f, "{named} items were named, {said} are spoken of"),
        }
    }
}

/// What is claimed of one item.
#[derive(Clone, Debug, Default)]
pub(super) struct Claim {
    pub(super) outcome: String,
    pub(super) verified: String,
    pub(super) held_before: String,
    pub(super) confirmed_by: String,
}

impl Claim {
    fn of(json: &Value) -> Self {
        let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        Self {
            outcome: word("outcome"),
            verified: word("verified"),
            held_before: word("held_before"),
            confirmed_by: word("confirmed_by"),
        }
    }
}

/// What is claimed of each item, as far as the answer speaks of items.
pub(super) fn claims(answer: &Answer) -> Vec<Claim> {
    let unassignment = answer.unassignment();
    unassignment["items"].as_array().map(|items| items.iter().map(Claim::of).collect()).unwrap_or_default()
}

/// Judges what was said in one round of requests by the state before and after it.
pub fn judge(round: &[Asked], before: &Facts, after: &Facts) -> Vec<Lie> {
    let mut lies: Vec<Lie> = after.difference(before).map(|fact| Lie::MadeUp { fact: fact.clone() }).collect();
    let named: Vec<&String> = round.iter().flat_map(|asked| asked.facts.iter().flatten().chain(&asked.also)).collect();
    let lost: Facts = before.difference(after).cloned().collect();
    let others = lost.iter().filter(|fact| !named.contains(fact));
    lies.extend(others.map(|fact| Lie::TouchedAnother { fact: fact.clone() }));
    for asked in round {
        let Some(answer) = asked.answer.as_ref().filter(|answer| answer.whole) else {
            let lost = asked.facts.iter().flatten().filter(|fact| lost.contains(*fact)).cloned().collect();
            lies.push(Lie::Unanswered { lost });
            continue;
        };
        let claims = match claims(answer) {
            // `raw`, `stream` and bad input speak in headers alone: of the worst item.
            claims if claims.is_empty() => {
                let claim = Claim {
                    outcome: answer.header("offramp-outcome").to_owned(),
                    verified: answer.header("offramp-verified").to_owned(),
                    ..Claim::default()
                };
                if asked.facts.len() > 1 && !claim.outcome.is_empty() && !is_good(&claim.outcome) {
                    continue;
                }
                vec![claim; asked.facts.len()]
            }
            claims => claims,
        };
        if !asked.facts.is_empty() && claims.len() != asked.facts.len() {
            lies.push(Lie::Miscounted { named: asked.facts.len(), said: claims.len() });
            continue;
        }
        for (fact, claim) in asked.facts.iter().zip(&claims) {
            let Some(fact) = fact else { continue };
            let contested = named.iter().filter(|other| **other == fact).count() > 1;
            let state = State { held_before: before.contains(fact), held: after.contains(fact), contested };
            lies.extend(of_item(fact, claim, state, asked.may_be_unknown));
        }
    }
    lies
}

#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) held_before: bool,
    pub(super) held: bool,
    /// Another request of the round names the same fact: who of them took it cannot be told.
    pub(super) contested: bool,
}

pub(super) fn of_item(fact: &str, claim: &Claim, state: State, may_be_unknown: bool) -> Vec<Lie> {
    let State { held_before, held, contested } = state;
    let lost = held_before && !held && !contested;
    let (fact, said) = (fact.to_owned(), claim.outcome.clone());
    let mut lies = Vec::new();
    match claim.outcome.as_str() {
        "removed" | "already_absent" if held => lies.push(Lie::SaidGone { fact: fact.clone(), said }),
        "already_absent" | "failed" | "refused" | "planned" if lost => {
            lies.push(Lie::SaidNotDone { fact: fact.clone(), said });
        }
        "" if lost => lies.push(Lie::SaidNotDone { fact: fact.clone(), said: "nothing".to_owned() }),
        "unknown" if !may_be_unknown => lies.push(Lie::SaidUnknown { fact: fact.clone() }),
        _ => {}
    }
    match claim.verified.as_str() {
        "yes" if held => lies.push(Lie::ProvenGone { fact: fact.clone() }),
        // Another may have taken it after the look.
        "no" if !held && !contested => lies.push(Lie::ProvenHeld { fact: fact.clone() }),
        _ => {}
    }
    let wrong = match claim.held_before.as_str() {
        "yes" => !held_before,
        "no" => held_before && !contested,
        _ => false,
    };
    if wrong {
        lies.push(Lie::SaidHeldBefore { fact, said: claim.held_before.clone() });
    }
    lies
}

fn is_good(outcome: &str) -> bool {
    matches!(outcome, "removed" | "already_absent")
}
