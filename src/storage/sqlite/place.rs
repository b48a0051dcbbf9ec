//! Where a database lies, and how its connections are opened.

use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::time::{Instant, sleep};

use super::{BUSY, audit, failed, sqlite_code};
use crate::storage::{Durability, StorageError};

/// How long a call waits for another process's transaction, and for a free connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// SQLite writes one at a time anyway; more connections only serve more readers.
const CONNECTIONS: u32 = 4;
/// The audit alone has a statement for each number of entries.
const STATEMENTS: usize = audit::ROWS_AT_ONCE + 32;

/// The connections of the database at this address, and the audit's own.
pub(super) async fn open(url: &str, durability: Durability) -> Result<(SqlitePool, SqlitePool), StorageError> {
    match parse(url)? {
        Place::Memory => {
            // Each connection would be a database of its own, and closing it the end of that.
            let pool = SqlitePoolOptions::new()
                .max_connections(1)
                .idle_timeout(None)
                .max_lifetime(None)
                .acquire_timeout(PATIENCE)
                .connect_with(SqliteConnectOptions::new().in_memory(true))
                .await
                .map_err(failed("opening it"))?;
            Ok((pool.clone(), pool))
        }
        Place::File(path) => {
            create_private(&path).map_err(|error| StorageError::Unavailable {
                doing: "creating its file",
                reason: format!("{}: {error}", path.display()),
            })?;
            let many = SqlitePoolOptions::new().max_connections(CONNECTIONS);
            let one = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
            // What was answered as done must survive a power cut.
            let pool = connect(&path, many, SqliteSynchronous::Full).await.map_err(failed("opening it"))?;
            let synchronous = match durability {
                Durability::Process => SqliteSynchronous::Normal,
                Durability::Power => SqliteSynchronous::Full,
            };
            Ok((pool, connect(&path, one, synchronous).await.map_err(failed("opening it"))?))
        }
    }
}

enum Place {
    Memory,
    File(PathBuf),
}

/// Only the place comes from the address: how the database is used is not for it to say.
fn parse(url: &str) -> Result<Place, StorageError> {
    let refused = |reason: &str| StorageError::Address { reason: reason.to_owned() };
    let Some(place) = url.strip_prefix("sqlite:") else {
        return Err(refused("it must start with `sqlite:`"));
    };
    let place = place.strip_prefix("//").unwrap_or(place);
    if place.contains('?') {
        return Err(refused("it takes no parameters"));
    }
    // `file:` would reach SQLite as an address of its own, with a meaning of its own.
    if place.is_empty() || place.starts_with("file:") {
        return Err(refused("it must name a file, as in `sqlite:./data/offramp.db`, or be `sqlite::memory:`"));
    }
    if place == ":memory:" {
        return Ok(Place::Memory);
    }
    let options = SqliteConnectOptions::from_str(url).map_err(|error| refused(&error.to_string()))?;
    Ok(Place::File(options.get_filename().to_owned()))
}

/// SQLite would create the file with the process's usual mode; its `-wal` and `-shm` take theirs from the file.
fn create_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

async fn connect(
    path: &Path,
    pool: SqlitePoolOptions,
    synchronous: SqliteSynchronous,
) -> Result<SqlitePool, sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(PATIENCE)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .statement_cache_capacity(STATEMENTS)
        .synchronous(synchronous);
    let pool = pool.acquire_timeout(PATIENCE);
    // Turning a new file to WAL needs it alone, and SQLite does not wait for that by itself.
    let deadline = Instant::now() + PATIENCE;
    loop {
        match pool.clone().connect_with(options.clone()).await {
            Err(error) if sqlite_code(&error) == Some(BUSY) && Instant::now() < deadline => {
                sleep(Duration::from_millis(10)).await
            }
            result => return result,
        }
    }
}
