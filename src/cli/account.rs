//! `offramp account add | list | remove`.

use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Map, Value as Json};

use super::Failure;
use super::start::start;
use crate::config::Config;
use crate::gateway::{Caller, DEFAULT_ENVIRONMENT};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Connects an account: tries its credentials with one read, and keeps them encrypted.
    Add(Add),
    /// Lists the accounts.
    List(Where),
    /// Forgets an account and its credentials.
    Remove(Remove),
}

#[derive(Debug, Args)]
pub(super) struct Where {
    #[arg(long, default_value = DEFAULT_ENVIRONMENT)]
    environment: String,
}

#[derive(Debug, Args)]
pub(super) struct Add {
    /// The connector's slug.
    integration: String,
    /// A JSON file with the connector's settings and credentials; `-` reads standard input, so that no secret stands in the
    /// shell's history.
    #[arg(long, value_name = "FILE", default_value = "-")]
    context: PathBuf,
    /// Your own name for whose account this is.
    #[arg(long)]
    tenant_id: Option<String>,
    #[command(flatten)]
    place: Where,
}

#[derive(Debug, Args)]
pub(super) struct Remove {
    /// The account's id.
    id: String,
    #[command(flatten)]
    place: Where,
}

pub(super) async fn run(config: Config, command: &Command) -> Result<ExitCode, Failure> {
    let gateway = start(&config).await?.gateway;
    let operator = |place: &Where| Caller::operator(&place.environment);
    match command {
        Command::Add(add) => {
            let context = read_context(&add.context)?;
            let record =
                gateway.connect(&operator(&add.place), &add.integration, add.tenant_id.clone(), &context).await?;
            eprintln!("the provider took the credentials; the account is connected:");
            println!("{}", record.id);
        }
        Command::List(place) => {
            let mut table = Table::new();
            table.load_preset(NOTHING).set_header(["ID", "INTEGRATION", "TENANT", "STATUS", "CONNECTED"]);
            for entry in gateway.accounts(&operator(place)) {
                let record = &entry.record;
                let tenant = record.tenant_id.as_deref().unwrap_or_default();
                table.add_row([&record.id, &record.integration, tenant, record.status.as_str(), &record.created_at]);
            }
            println!("{table}");
        }
        Command::Remove(remove) => {
            gateway.disconnect(&operator(&remove.place), &remove.id).await?;
            eprintln!("forgotten");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn read_context(file: &std::path::Path) -> Result<Map<String, Json>, Failure> {
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    serde_json::from_str(&text).map_err(|error| format!("the context is no JSON object: {error}").into())
}
