//! The suite that every connector must pass: scenarios as data, filled in by each connector's case, played against its
//! simulator, and judged by what the provider's state really lost.

mod case;
pub mod documents;
mod expectation;
pub mod faults;
mod load;
mod manners;
mod narrow;
pub mod oracle;
mod play;
mod report;
mod rounds;
mod scenario;
mod shape;
mod stage;
mod unreliable;
mod words;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use futures_util::{StreamExt, stream};
use serde::Serialize;

pub use case::{CannotApply, Case, Variant};
pub use load::{SuiteError, case, case_in, embedded_case, scenario, scenarios};
pub use play::Failure;
pub use report::{failures, markdown, matrix};
pub use scenario::Scenario;
pub use stage::Answer;
pub use unreliable::{Halt, Unreliable};

use self::documents::Documents;
use crate::connector::{Connector, Registry};
use crate::sandbox::{self, Call, Clock, Reply, Simulator};

/// So many scenarios are played at the same time: some of them only wait.
const AT_ONCE: usize = 12;

/// Looks at every call that the gateway makes, and at what it was answered.
pub trait Checker: Send + Sync {
    /// What is wrong with a call of that connector; `reply` is what the simulator answered, if it acted.
    fn check(&self, slug: &str, call: &Call, reply: Option<&Reply>) -> Vec<String>;
}

impl Checker for Documents {
    fn check(&self, slug: &str, call: &Call, reply: Option<&Reply>) -> Vec<String> {
        // A connector of an operator's own has no document here.
        let known = self.slugs().any(|known| known == slug);
        let deviations = if known { Documents::check(self, slug, call, reply) } else { Vec::new() };
        deviations.iter().map(|deviation| format!("not as the provider documents it: {deviation}")).collect()
    }
}

/// Makes the simulator of a connector on a clock.
pub type Simulators = Arc<dyn Fn(&str, &Clock) -> Option<Arc<dyn Simulator>> + Send + Sync>;

/// All that the suite is played with.
#[derive(Clone)]
pub struct Bench {
    pub registry: Registry,
    pub scenarios: Vec<Scenario>,
    /// By slug.
    pub cases: BTreeMap<String, Case>,
    pub simulators: Simulators,
    /// Stands between the gateway and whoever asks it.
    pub around: Option<Arc<dyn Fn(Router) -> Router + Send + Sync>>,
    pub checkers: Vec<Arc<dyn Checker>>,
}

/// What became of one scenario with one connector.
#[derive(Clone, Debug, Serialize)]
pub struct Played {
    pub connector: String,
    /// The case's variant, if it was not the case itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    pub scenario: String,
    #[serde(flatten)]
    pub verdict: Verdict,
    pub elapsed_ms: u64,
}

impl Played {
    /// Whose results stand together: the connector's, or those of one of its variants.
    #[must_use]
    pub fn row(&self) -> String {
        let variant = self.variant.as_ref().map(|variant| format!(" ({variant})"));
        format!("{}{}", self.connector, variant.unwrap_or_default())
    }
}

/// How a scenario ended.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    Failed { failures: Vec<Failure> },
    CannotApply(CannotApply),
}

impl Bench {
    /// The binary's scenarios, simulators and documents of the providers, with these connectors and cases.
    ///
    /// # Errors
    /// With what is wrong in a scenario or a document.
    pub fn new(registry: Registry, cases: BTreeMap<String, Case>) -> Result<Self, SuiteError> {
        let simulators = |slug: &str, clock: &Clock| sandbox::of(slug, clock);
        let documents = Documents::embedded().map_err(|error| SuiteError {
            file: format!("openapi/providers/{}", error.file),
            problems: vec![format!("{}: {}", error.at, error.what)],
        })?;
        Ok(Self {
            registry,
            scenarios: scenarios()?,
            cases,
            simulators: Arc::new(simulators),
            around: None,
            checkers: vec![Arc::new(documents)],
        })
    }

    /// Plays all scenarios, or one, with every connector that has a case, and again with each of its variants; in order of
    /// connector, variant and scenario.
    pub async fn play(self: &Arc<Self>, only: Option<&str>) -> Vec<Played> {
        let mut parts = Vec::new();
        for (slug, case) in &self.cases {
            let Some(connector) = self.registry.get(slug) else { continue };
            for (variant, case) in case.rows() {
                let case = Arc::new(case);
                let wanted = |scenario: &&Scenario| only.is_none_or(|only| only == scenario.name);
                for scenario in self.scenarios.iter().filter(wanted) {
                    parts.push(self.part(connector, variant, Arc::clone(&case), scenario));
                }
            }
        }
        // Each in a task of its own: all cores are used, and a panic ends one scenario only.
        let mut played: Vec<Played> = stream::iter(parts).buffer_unordered(AT_ONCE).collect().await;
        fn place(one: &Played) -> (&str, Option<&str>, &str) {
            (&one.connector, one.variant.as_deref(), &one.scenario)
        }
        played.sort_by(|left, right| place(left).cmp(&place(right)));
        played
    }

    async fn part(
        self: &Arc<Self>,
        connector: &Arc<Connector>,
        variant: Option<&str>,
        case: Arc<Case>,
        scenario: &Scenario,
    ) -> Played {
        let started = Instant::now();
        let verdict = match case.cannot_apply.get(&scenario.name) {
            Some(reason) => Verdict::CannotApply(reason.clone()),
            None => {
                let (bench, connector, scenario) = (Arc::clone(self), Arc::clone(connector), scenario.clone());
                let task = tokio::spawn(async move { play::play(&bench, &connector, &case, &scenario).await });
                let broken = |problem: String| vec![Failure { problems: vec![problem], ..Failure::default() }];
                let failures = match task.await {
                    Ok(Ok(failures)) => failures,
                    Ok(Err(problem)) => broken(format!("the stage: {problem}")),
                    Err(error) => broken(format!("the suite broke down: {error}")),
                };
                if failures.is_empty() { Verdict::Passed } else { Verdict::Failed { failures } }
            }
        };
        Played {
            connector: connector.slug.clone(),
            variant: variant.map(str::to_owned),
            scenario: scenario.name.clone(),
            verdict,
            elapsed_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        }
    }
}
