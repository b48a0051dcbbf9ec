//! `offramp connector`: what the connectors can do, and the suite that each of them must pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::json;

use super::Failure;
use super::connector_check::Check;
use super::connector_faults::Faults;
use super::start::connectors;
use crate::config::Config;
use crate::connector::{Capabilities, DefinitionError, Registry, schema};
use crate::suite::{self, Bench, Case, Scenario, Verdict};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the connectors and what each can do.
    List(List),
    /// Plays the scenarios with connectors and their simulated providers; ends with 1 if one fails.
    Test(Test),
    /// Sends requests under faults to connectors and their simulated providers; ends with 1 if what is said is not so.
    Faults(Faults),
    /// Shows all that is wrong with connector definitions; ends with 1 if there is an error among it.
    Check(Check),
    /// Prints the JSON Schema of connector.yaml.
    Schema,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Test {
    /// Only these connectors.
    #[arg(value_name = "SLUG", required_unless_present = "all")]
    slugs: Vec<String>,
    /// Every connector.
    #[arg(long, conflicts_with = "slugs")]
    all: bool,
    /// Only this scenario.
    #[arg(long, value_name = "NAME")]
    scenario: Option<String>,
    /// Prints the results as JSON.
    #[arg(long)]
    json: bool,
    /// Prints the page that is kept in connectors/README.md.
    #[arg(long, conflicts_with = "json")]
    markdown: bool,
}

pub(super) async fn run(config: &Config, command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::List(list) => Ok(print_list(&connectors(config)?, list)),
        Command::Test(test) => play(config, connectors(config)?, test).await,
        Command::Faults(faults) => faults.run(config, connectors(config)?).await,
        Command::Check(check) => check.run(config),
        Command::Schema => {
            println!("{:#}", schema());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn print_list(registry: &Registry, list: &List) -> ExitCode {
    let (mut all, mut end) = (Vec::new(), ExitCode::SUCCESS);
    for found in registry.slugs().into_iter().filter_map(|slug| registry.find(slug)) {
        match found {
            Ok(connector) => all.push(Capabilities::of(connector)),
            Err(mistake) => {
                eprintln!("{}", mistake.render());
                end = ExitCode::FAILURE;
            }
        }
    }
    if list.json {
        println!("{}", json!({ "connectors": all }));
        return end;
    }
    let mut table = Table::new();
    table.load_preset(NOTHING);
    table.set_header([
        "SLUG",
        "AUTH",
        "NEEDS",
        "USER BY E-MAIL",
        "ROLE BY NAME",
        "ROLES A WRITE",
        "PROOF",
        "INHERITED",
        "READ LAG",
        "FORMATS",
    ]);
    let yes_no = |yes: bool| if yes { "yes" } else { "no" }.to_owned();
    for one in &all {
        table.add_row([
            one.slug.clone(),
            one.auth.join("\n"),
            one.inputs.join(", "),
            yes_no(one.user_by_email),
            one.role_by_name.to_owned(),
            one.batches.to_owned(),
            one.proof.join(", "),
            yes_no(one.inherited),
            format!("{} s", one.read_lag_s),
            one.formats.join(", "),
        ]);
    }
    println!("{table}");
    end
}

async fn play(config: &Config, registry: Registry, test: &Test) -> Result<ExitCode, Failure> {
    let scenarios = suite::scenarios()?;
    if let Some(name) = test.scenario.as_ref().filter(|name| !scenarios.iter().any(|one| one.name == **name)) {
        let known: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        return Err(format!("there is no scenario `{name}`; there are: {}", known.join(", ")).into());
    }
    let slugs: Vec<String> = match test.all {
        true => registry.slugs().into_iter().map(str::to_owned).collect(),
        false => test.slugs.clone(),
    };
    let (cases, without) = cases(config, &registry, &scenarios, slugs)?;
    let bench = Arc::new(Bench::new(registry, cases)?);
    let started = Instant::now();
    let played = bench.play(test.scenario.as_deref()).await;
    let failed = played.iter().filter(|one| matches!(one.verdict, Verdict::Failed { .. })).count();
    if test.json {
        println!("{}", json!({ "results": played }));
    } else if test.markdown {
        print!("{}", suite::markdown(&bench.scenarios, &played));
    } else {
        println!("{}", suite::matrix(&bench.scenarios, &played));
        let (count, seconds) = (played.len(), started.elapsed().as_secs_f32());
        println!("\n{count} played, {failed} failed, in {seconds:.1} s.");
    }
    eprint!("{}", suite::failures(&played));
    for slug in &without {
        eprintln!("error: {slug} has no cases/unassign-role.yaml: nothing shows what it does");
    }
    Ok(if failed == 0 && without.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The cases of these connectors; and those that have none.
pub(super) fn cases(
    config: &Config,
    registry: &Registry,
    scenarios: &[Scenario],
    slugs: Vec<String>,
) -> Result<(BTreeMap<String, Case>, Vec<String>), Failure> {
    let (mut cases, mut without) = (BTreeMap::new(), Vec::new());
    for slug in slugs {
        let found = registry.find(&slug);
        let found = found
            .ok_or_else(|| format!("there is no connector `{slug}`; there are: {}", registry.slugs().join(", ")))?;
        let connector = found.map_err(DefinitionError::render)?;
        let case = match config.connectors_dir.as_str() {
            "" => suite::embedded_case(&connector.slug, scenarios),
            folder => suite::case_in(Path::new(folder), &connector.slug, scenarios),
        };
        match case {
            Some(case) => {
                cases.insert(connector.slug.clone(), case?);
            }
            None => without.push(connector.slug.clone()),
        }
    }
    Ok((cases, without))
}
