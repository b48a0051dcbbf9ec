//! Reading rows and their columns.

use std::str::FromStr;

use sqlx::sqlite::SqliteRow;
use sqlx::{Row, Sqlite};

use crate::storage::{StorageError, UnknownName};

/// Reads one row; what cannot be read is reported with the record's name.
pub(super) struct Reader<'r> {
    pub(super) record: &'static str,
    /// The column that names it.
    pub(super) id: &'static str,
    pub(super) row: &'r SqliteRow,
}

impl<'r> Reader<'r> {
    pub(super) fn column<T: sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite>>(
        &self,
        name: &'static str,
    ) -> Result<T, StorageError> {
        self.row.try_get(name).map_err(|error| self.corrupt(name, error))
    }

    pub(super) fn json<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<T, StorageError> {
        serde_json::from_str(self.column(name)?).map_err(|error| self.corrupt(name, error))
    }

    pub(super) fn array<const N: usize>(&self, name: &'static str, bytes: Vec<u8>) -> Result<[u8; N], StorageError> {
        bytes.try_into().map_err(|_| self.corrupt(name, format!("it must have {N} bytes")))
    }

    pub(super) fn word<T: FromStr<Err = UnknownName>>(&self, name: &'static str) -> Result<T, StorageError> {
        self.column::<&str>(name)?.parse().map_err(|error: UnknownName| self.corrupt(name, error))
    }

    fn name(&self) -> String {
        let number = || self.row.try_get::<i64, _>(self.id).map(|number| number.to_string());
        self.row.try_get(self.id).or_else(|_| number()).unwrap_or_else(|_| "?".to_owned())
    }

    fn corrupt(&self, column: &str, reason: impl ToString) -> StorageError {
        StorageError::Corrupt {
            record: self.record,
            id: self.name(),
            reason: format!("{column}: {}", reason.to_string()),
        }
    }
}

pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    #[expect(clippy::expect_used, reason = "maps with text keys and lists of words always have a JSON form")]
    serde_json::to_string(value).expect("JSON")
}
