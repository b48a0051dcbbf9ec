//! `offramp token create | list | revoke`.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use jiff::{Span, SpanRelativeTo};
use secrecy::ExposeSecret;

use super::Failure;
use super::start::start;
use crate::config::Config;
use crate::gateway::{Caller, DEFAULT_ENVIRONMENT, Expiry, NewToken};
use crate::storage::{Envelope, Scope};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes an API token and prints it, once.
    Create(Create),
    /// Lists the API tokens, without their texts.
    List(List),
    /// Revokes an API token: within a second it lets nobody in.
    Revoke(Revoke),
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
    /// How long it lasts, such as 12h or 90d. Without this it lasts until it is revoked.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    expires_in: Option<Duration>,
}

#[derive(Debug, Args)]
pub(super) struct List {
    /// Of this environment only.
    #[arg(long)]
    environment: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Revoke {
    /// The token's id.
    id: String,
}

/// Days and weeks are so many hours; months and years differ in length, and are none.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |why: &str| format!("{why}; give one such as 45m, 12h, 90d or 2w");
    let span: Span = text.parse().map_err(|_| wrong("it is no duration"))?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong("it has no fixed length"))?;
    Duration::try_from(length).map_err(|_| wrong("it is not in the future"))
}

pub(super) async fn run(config: Config, command: &Command) -> Result<ExitCode, Failure> {
    let gateway = start(&config).await?.gateway;
    // Of the default environment: it sees the tokens of all.
    let operator = Caller::operator(DEFAULT_ENVIRONMENT);
    match command {
        Command::Create(create) => {
            let new = NewToken {
                name: create.name.clone(),
                scopes: create.scopes.clone(),
                environment: create.environment.clone(),
                envelope: create.envelope,
                expiry: create.expires_in.map(Expiry::In),
            };
            let (_, token) = gateway.create_token(new).await?;
            println!("{}", token.expose_secret());
        }
        Command::List(list) => {
            let mut table = Table::new();
            table.load_preset(NOTHING).set_header(["ID", "NAME", "SCOPES", "ENVIRONMENT", "EXPIRES", "MADE"]);
            for token in gateway.tokens(&operator).await? {
                if list.environment.as_ref().is_some_and(|environment| *environment != token.environment) {
                    continue;
                }
                let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.as_str()).collect();
                let expires = token.expires_at.unwrap_or_else(|| "never".to_owned());
                table.add_row([token.id, token.name, scopes.join(" "), token.environment, expires, token.created_at]);
            }
            println!("{table}");
        }
        Command::Revoke(revoke) => {
            gateway.revoke_token(&operator, &revoke.id).await?;
            eprintln!("revoked");
        }
    }
    Ok(ExitCode::SUCCESS)
}
