//! Statements, and what they return as Rust types.

use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension as _, Params, Row};

/// A connection to the database.
pub(crate) type Conn = rusqlite::Connection;
/// Why a statement failed.
pub(crate) type SqlError = rusqlite::Error;

/// A type that a row is read into. [`columns`] implements it.
pub(crate) trait FromRow: Sized {
    /// Reads the columns by their names.
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError>;
}

/// Implements [`FromRow`] for a struct whose members are called as the columns are.
macro_rules! columns {
    ($row:ty { $($member:ident),* $(,)? }) => {
        impl $crate::store::FromRow for $row {
            fn from_row(row: &rusqlite::Row<'_>) -> Result<Self, $crate::store::SqlError> {
                Ok(Self {
                    $($member: row.get(stringify!($member).trim_start_matches("r#"))?,)*
                })
            }
        }
    };
}
pub(crate) use columns;

/// Statements on a connection, which keeps them prepared.
pub(crate) trait Statements {
    /// Runs a statement. Returns how many rows it changed.
    fn run(&self, sql: &str, params: impl Params) -> Result<usize, SqlError>;

    /// The first row, if there is one.
    fn maybe_row<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Option<T>, SqlError>;

    /// All rows.
    fn rows<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Vec<T>, SqlError>;

    /// The first row, which there is.
    fn row<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<T, SqlError> {
        self.maybe_row(sql, params)?
            .ok_or(SqlError::QueryReturnedNoRows)
    }

    /// The first column of the first row, if there is one.
    fn maybe_value<T: FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, SqlError> {
        let row = self.maybe_row(sql, params)?;
        Ok(row.map(|Value(value)| value))
    }

    /// The first column of the first row, which there is.
    fn value<T: FromSql>(&self, sql: &str, params: impl Params) -> Result<T, SqlError> {
        self.row(sql, params).map(|Value(value)| value)
    }
}

/// A row with one column.
struct Value<T>(T);

impl<T: FromSql> FromRow for Value<T> {
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError> {
        row.get(0).map(Self)
    }
}

impl Statements for Conn {
    fn run(&self, sql: &str, params: impl Params) -> Result<usize, SqlError> {
        self.prepare_cached(sql)?.execute(params)
    }

    fn maybe_row<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Option<T>, SqlError> {
        self.prepare_cached(sql)?
            .query_row(params, T::from_row)
            .optional()
    }

    fn rows<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<Vec<T>, SqlError> {
        self.prepare_cached(sql)?
            .query_map(params, T::from_row)?
            .collect()
    }
}

/// Whether a statement failed because the value is taken.
pub(crate) fn is_taken(error: &SqlError) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(
        code,
        Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY)
    )
}
