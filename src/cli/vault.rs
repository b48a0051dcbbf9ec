//! `offramp vault status | rotate | prune`.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;

use super::Failure;
use super::serve::REFRESH_EVERY;
use super::start::keys_of_setting;
use crate::config::Config;
use crate::credentials::vault::{KeyFile, KeyId, Vault};
use crate::gateway::keys::{KeyUse, Rewrapped, prune, rewrap, rotate};
use crate::storage::sqlite::SqliteStorage;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists the master keys, and how many accounts each seals.
    Status,
    /// Makes a new master key and seals every account with it, while the gateway serves. The old one stays in the key file.
    Rotate(Rotate),
    /// Drops the keys that nothing is sealed with any more from the key file. A backup of the database still needs them.
    Prune,
}

#[derive(Debug, Args)]
pub(super) struct Rotate {
    /// Makes no new key: seals every account with the first of the keys there are.
    #[arg(long)]
    rewrap_only: bool,
}

pub(super) async fn run(config: Config, command: &Command) -> Result<ExitCode, Failure> {
    let setting = keys_of_setting(&config)?;
    let file = KeyFile::at(&config.vault_key_file);
    let storage = SqliteStorage::open(&config.database_url).await?;
    // Whoever has read the file just before it changed reads it again by then.
    let seen_after = REFRESH_EVERY * 2;
    match (command, setting) {
        (Command::Status, setting) => {
            let keys = match setting {
                Some(keys) => Some(keys),
                None => file.load()?,
            };
            show(&keys.map(|keys| keys.ids()).unwrap_or_default(), &KeyUse::of(&storage).await?)
        }
        (Command::Rotate(_), Some(keys)) => {
            let only = keys.ids().len() == 1;
            let vault = Vault::new(keys)?;
            let done = report(&rewrap(&storage, &vault).await?);
            match only {
                true => println!(
                    "{} is the only key in OFFRAMP_VAULT_KEY. To replace it, make one with `openssl rand -base64 32` and give \
                     every process that serves OFFRAMP_VAULT_KEY=old,new, then OFFRAMP_VAULT_KEY=new,old; then run this again",
                    vault.key_id()
                ),
                false => println!(
                    "next: give every process that serves the first key in OFFRAMP_VAULT_KEY alone, once `offramp vault status` \
                     shows no account under another"
                ),
            }
            done
        }
        (Command::Rotate(Rotate { rewrap_only: true }), None) => {
            let keys = file.load()?.ok_or_else(|| no_file(&file))?;
            report(&rewrap(&storage, &Vault::new(keys)?).await?)
        }
        (Command::Rotate(_), None) => {
            let rotated = rotate(&storage, &file, seen_after).await?;
            println!("made key {} and put it first in {}", rotated.new, file.path().display());
            let done = report(&rotated.rewrapped);
            println!(
                "next: back the key file up; `offramp vault prune` drops the {} behind it",
                keys(rotated.old.len())
            );
            done
        }
        (Command::Prune, Some(_)) => {
            Err("the keys are in OFFRAMP_VAULT_KEY: once `offramp vault status` shows no account \
                                          under a key, take it out there and start the gateway again"
                .into())
        }
        (Command::Prune, None) => {
            match prune(&storage, &file, seen_after).await?.as_slice() {
                [] => println!("there is one key; nothing to drop"),
                dropped => dropped.iter().for_each(|key| println!("dropped key {key}")),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn show(at_hand: &[KeyId], used: &KeyUse) -> Result<ExitCode, Failure> {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["KEY", "STATE", "ACCOUNTS"]);
    for (index, key) in at_hand.iter().enumerate() {
        let state = if index == 0 { "in use" } else { "at hand" };
        table.add_row([key.to_string(), state.to_owned(), used.accounts.get(key).unwrap_or(&0).to_string()]);
    }
    let missing = used.accounts.iter().filter(|(key, _)| !at_hand.contains(key));
    let mut complete = true;
    for (key, count) in missing {
        complete = false;
        table.add_row([key.to_string(), "missing".to_owned(), count.to_string()]);
    }
    println!("{table}");
    for (account, error) in &used.unreadable {
        complete = false;
        eprintln!("account {account}: {error}");
    }
    Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what was sealed anew, and what could not be.
fn report(done: &Rewrapped) -> Result<ExitCode, Failure> {
    println!("sealed {} anew", accounts(done.accounts));
    for (account, error) in &done.failed {
        eprintln!("error: account {account} is as it was: {error}");
    }
    Ok(if done.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn accounts(count: usize) -> String {
    if count == 1 { "1 account".to_owned() } else { format!("{count} accounts") }
}

fn keys(count: usize) -> String {
    if count == 1 { "key".to_owned() } else { format!("{count} keys") }
}

fn no_file(file: &KeyFile) -> String {
    format!("there is no key file {}; `vault_key_file` names it", file.path().display())
}
