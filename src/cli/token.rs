//! `offramp token create`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret;

use super::Failure;
use super::start::start;
use crate::config::Config;
use crate::gateway::DEFAULT_ENVIRONMENT;
use crate::storage::{Envelope, Scope};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes an API token and prints it, once.
    Create(Create),
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What the token is for.
    #[arg(long)]
    name: String,
    /// What it may do: call, admin, audit.
    #[arg(long = "scope", value_name = "SCOPE", default_value = "call")]
    scopes: Vec<Scope>,
    /// Comes into being by being named.
    #[arg(long, default_value = DEFAULT_ENVIRONMENT)]
    environment: String,
    /// `bare` or `result`; the configuration's, if none is given.
    #[arg(long)]
    envelope: Option<Envelope>,
}

pub(super) async fn run(config: Config, command: &Command) -> Result<ExitCode, Failure> {
    let Command::Create(create) = command;
    let gateway = start(&config).await?.gateway;
    let (_, token) =
        gateway.create_token(&create.name, create.scopes.clone(), &create.environment, create.envelope).await?;
    println!("{}", token.expose_secret());
    Ok(ExitCode::SUCCESS)
}
