//! The command line: one file a subcommand. Data goes to standard output, the log and everything else to standard error.

mod account;
mod audit;
mod connector;
mod connector_check;
mod connector_faults;
mod sandbox;
mod serve;
mod start;
mod token;
mod vault;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Takes a role away from a user in any connected SaaS, and proves it.
#[derive(Debug, Parser)]
#[command(name = "offramp", version, about, propagate_version = true)]
struct Cli {
    /// A configuration file; ./offramp.toml is used if it is there. `offramp config` prints every setting.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the API.
    Serve,
    /// Serves the API with simulated providers, ready to curl.
    Sandbox(sandbox::Arguments),
    /// Shows what the connectors can do, and puts them to the test.
    #[command(subcommand)]
    Connector(connector::Command),
    /// Makes, lists and revokes API tokens.
    #[command(subcommand)]
    Token(token::Command),
    /// Connects, lists and forgets integrated accounts.
    #[command(subcommand)]
    Account(account::Command),
    /// Checks and exports the audit, and settles what a crash left unknown.
    #[command(subcommand)]
    Audit(audit::Command),
    /// Shows and replaces the keys that credentials are encrypted with.
    #[command(subcommand)]
    Vault(vault::Command),
    /// Prints the default configuration, which documents every setting.
    Config,
    /// Prints the OpenAPI document of the API.
    Openapi,
}

/// What a subcommand failed with: a sentence for a person.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command line.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let outcome = match &cli.command {
        Command::Config => {
            print!("{}", crate::config::DEFAULTS);
            Ok(ExitCode::SUCCESS)
        }
        Command::Openapi => {
            println!("{:#}", crate::http::document());
            Ok(ExitCode::SUCCESS)
        }
        command => with_runtime(command, cli.config.as_deref()),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("error: {failure}");
        ExitCode::FAILURE
    })
}

fn with_runtime(command: &Command, file: Option<&std::path::Path>) -> Result<ExitCode, Failure> {
    let config = Config::load(file)?;
    let level = match command {
        Command::Serve => "info",
        // What is planted there is no news.
        Command::Connector(connector::Command::Faults(_)) => "off",
        _ => "warn",
    };
    log_to_stderr(config.log.format, level);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Serve => serve::run(config).await,
            Command::Sandbox(arguments) => sandbox::run(config, arguments).await,
            Command::Connector(command) => connector::run(&config, command).await,
            Command::Token(command) => token::run(config, command).await,
            Command::Account(command) => account::run(config, command).await,
            Command::Audit(command) => audit::run(config, command).await,
            Command::Vault(command) => vault::run(config, command).await,
            Command::Config | Command::Openapi => Ok(ExitCode::SUCCESS),
        }
    })
}

fn log_to_stderr(format: LogFormat, level: &str) {
    // The expression compiler warns of its own internals.
    let default = || EnvFilter::new(if level == "off" { level.to_owned() } else { format!("{level},vrl=error") });
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| default());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second subscriber in one process is refused; the first stays.
    let _ = match format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}
