//! `offramp audit`: whether the chain holds, its export, and what a crash left open.

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use super::Failure;
use super::start::start;
use crate::audit::{Anchor, Audit, exported, redact, verify};
use crate::config::Config;
use crate::storage::sqlite::SqliteStorage;
use crate::storage::{AuditFilter, AuditPages, Storage};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Walks the whole chain and names the first entry that does not hold.
    Verify(Verify),
    /// Prints the entries as JSON Lines, oldest first.
    Export(Export),
    /// Lists the intents that have no result: what became of them is unknown.
    Open,
    /// Looks at the providers, by reads alone, what became of intents without a result, and records it.
    Settle(Settle),
    /// Forgets users and hashes of bodies; the chain holds all the same.
    Redact(Redact),
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// An entry noted earlier, as this command prints the last one: the chain must still hold it. Without one, nobody can
    /// see that the latest entries are missing.
    #[arg(long, value_name = "SEQ:HASH")]
    anchor: Option<Anchor>,
}

#[derive(Debug, Args)]
pub(super) struct Export {
    /// Of one environment only.
    #[arg(long)]
    environment: Option<String>,
    /// Entries after this number only.
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: i64,
}

#[derive(Debug, Args)]
pub(super) struct Settle {
    /// Only intents that are older than this many seconds: longer than any request in flight can take.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    older_than_s: u64,
}

#[derive(Debug, Args)]
pub(super) struct Redact {
    /// Of this user, by the provider's id; of everybody, if none is given.
    #[arg(long)]
    user: Option<String>,
    /// Entries older than this many days only.
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    older_than_days: u32,
}

pub(super) async fn run(config: Config, command: &Command) -> Result<ExitCode, Failure> {
    if let Command::Settle(settle) = command {
        return settle_open(config, Duration::from_secs(settle.older_than_s)).await;
    }
    let storage = std::sync::Arc::new(SqliteStorage::open_with(&config.database_url, config.audit.durability).await?);
    match command {
        Command::Verify(arguments) => {
            let verdict = verify(&*storage, arguments.anchor).await?;
            if let Some(broken) = verdict.broken {
                return Err(format!(
                    "entry {}: {}; the {} entries before it hold",
                    broken.seq, broken.why, verdict.entries
                )
                .into());
            }
            eprintln!("{} entries, {} of them intents: the chain holds; its end:", verdict.entries, verdict.intents);
            println!("{}", Anchor { seq: verdict.head.seq, hash: verdict.head.hash });
        }
        Command::Export(export) => {
            let environment = export.environment.clone();
            print(&*storage, AuditFilter { after: export.after, environment, ..AuditFilter::default() }).await?;
        }
        Command::Open => print(&*storage, AuditFilter { open: true, ..AuditFilter::default() }).await?,
        Command::Redact(arguments) => {
            let age = SignedDuration::from_hours(24 * i64::from(arguments.older_than_days));
            let before = Timestamp::now().checked_sub(age)?;
            let audit = Audit::start(storage.clone());
            let entries = redact(&*storage, &audit, &format!("{before:.3}"), arguments.user.as_deref()).await?;
            eprintln!("redacted {entries} entries");
        }
        Command::Settle(_) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn print(storage: &dyn Storage, filter: AuditFilter) -> Result<(), Failure> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut pages = AuditPages::of(filter);
    while let Some(page) = pages.next(storage).await? {
        for record in &page {
            writeln!(out, "{}", exported(record))?;
        }
    }
    Ok(out.flush()?)
}

async fn settle_open(config: Config, age: Duration) -> Result<ExitCode, Failure> {
    let gateway = start(&config).await?.gateway;
    let settled = gateway.settle(age).await?;
    let mut still_open = 0;
    for settlement in &settled {
        let place = format!("{} {} {}", settlement.request_id, settlement.account, settlement.user);
        for seen in &settlement.seen {
            let role = seen.role.id.as_deref().or(seen.role.name.as_deref()).unwrap_or("-");
            println!("{place} {role}: {} / {}", seen.outcome.as_str(), seen.verified.as_str());
        }
        if let Some(why) = &settlement.open {
            still_open += 1;
            eprintln!("{place}: still unknown: {why}");
        }
    }
    eprintln!("{} settled, {still_open} still unknown", settled.len() - still_open);
    Ok(if still_open == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
