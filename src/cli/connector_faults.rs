//! `offramp connector faults`: requests under faults, drawn from a seed, and what was said of them against what is so.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::Failure;
use super::connector::cases;
use crate::config::Config;
use crate::connector::Registry;
use crate::suite::faults::{Schedule, run};
use crate::suite::{self, Bench};

#[derive(Debug, Args)]
pub(super) struct Faults {
    /// Only these connectors; without any, every one that has a case.
    #[arg(value_name = "SLUG")]
    slugs: Vec<String>,
    /// Everything is drawn from this number.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// At least so many requests; one to three make a round.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    requests: u64,
    /// Plays this round alone, and shows it; with the seed and the connectors of the run it was in.
    #[arg(long, value_name = "ROUND")]
    only: Option<u64>,
    /// Prints the results as JSON.
    #[arg(long)]
    json: bool,
}

impl Faults {
    pub(super) async fn run(&self, config: &Config, registry: Registry) -> Result<ExitCode, Failure> {
        let scenarios = suite::scenarios()?;
        let slugs: Vec<String> = match self.slugs.as_slice() {
            [] => registry.slugs().into_iter().map(str::to_owned).collect(),
            slugs => slugs.to_vec(),
        };
        let (cases, without) = cases(config, &registry, &scenarios, slugs)?;
        if cases.is_empty() {
            return Err("none of the connectors has cases/unassign-role.yaml, so there is nothing to ask".into());
        }
        let bench = Arc::new(Bench::new(registry, cases)?);
        let schedule = Schedule { seed: self.seed, requests: self.requests, only: self.only, disguise: None };
        let faulted = run(&bench, &schedule).await?;
        if self.json {
            println!("{}", faulted.json());
        } else {
            println!("{}\n\n{}\n{}", faulted.table(), faulted.reasons(), faulted.summary());
        }
        eprint!("{}", faulted.complaints());
        for slug in &without {
            eprintln!("error: {slug} has no cases/unassign-role.yaml: nothing shows what it does");
        }
        Ok(if faulted.is_good() && without.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
