//! A command's view of the database: statements, rows and errors of our own, independent of the engine.

use std::fmt;
use std::sync::LazyLock;

use rusqlite::ffi::{
    SQLITE_BUSY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE, SQLITE_LOCKED,
};
pub(super) use rusqlite::types::{
    FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Value, ValueRef,
};
pub(super) use rusqlite::{Connection, Params, params, params_from_iter};

use super::acting::{Acting, Actor};

/// The database inside a command. Its statements are kept prepared.
pub(crate) struct Tx<'c> {
    conn: &'c Connection,
    acting: Option<&'c Acting>,
}

/// A row that a statement returned.
pub(crate) struct Row<'r> {
    row: &'r rusqlite::Row<'r>,
}

impl Row<'_> {
    /// The value of a column.
    pub(super) fn get<T: FromSql>(&self, column: &str) -> Result<T, SqlError> {
        Ok(self.row.get(column)?)
    }
}

/// A type that a row can be read into. [`columns`] implements it.
pub(crate) trait FromRow: Sized {
    /// Reads the columns by their names.
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError>;
}

/// Implements [`FromRow`] for a struct whose members are named like the columns.
macro_rules! columns {
    ($row:ty { $($member:ident),* $(,)? }) => {
        impl $crate::store::FromRow for $row {
            fn from_row(row: &$crate::store::Row<'_>) -> Result<Self, $crate::store::SqlError> {
                Ok(Self {
                    $($member: row.get(stringify!($member).trim_start_matches("r#"))?,)*
                })
            }
        }
    };
}
pub(crate) use columns;

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c Connection) -> Self {
        Self { conn, acting: None }
    }

    /// The same for a command that runs on somebody's behalf.
    pub(super) fn on_behalf_of<'a>(&'a self, acting: &'a Acting) -> Tx<'a> {
        Tx {
            conn: self.conn,
            acting: Some(acting),
        }
    }

    /// On whose behalf the command runs.
    pub(crate) fn acting(&self) -> &Acting {
        static SERVER: LazyLock<Acting> = LazyLock::new(|| Acting::without_request(Actor::Server));
        self.acting.unwrap_or(&SERVER)
    }

    /// Runs a statement. Returns how many rows it changed.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, SqlError> {
        Ok(self.conn.prepare_cached(sql)?.execute(params)?)
    }

    /// Runs a conditional statement. Returns whether it changed a row.
    pub(super) fn hits(&self, sql: &str, params: impl Params) -> Result<bool, SqlError> {
        Ok(self.run(sql, params)? > 0)
    }

    /// The first row, if there is one.
    pub(super) fn maybe_row<T: FromRow>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, SqlError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let row = rows.next()?;
        row.map(|row| T::from_row(&Row { row })).transpose()
    }

    /// All rows.
    pub(super) fn rows<T: FromRow>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Vec<T>, SqlError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(T::from_row(&Row { row })?);
        }
        Ok(all)
    }

    /// The first row, which must exist.
    pub(super) fn row<T: FromRow>(&self, sql: &str, params: impl Params) -> Result<T, SqlError> {
        self.maybe_row(sql, params)?
            .ok_or(SqlError::Database(rusqlite::Error::QueryReturnedNoRows))
    }

    /// The first column of the first row, if there is one.
    pub(super) fn maybe_value<T: FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<Option<T>, SqlError> {
        let row = self.maybe_row(sql, params)?;
        Ok(row.map(|First(value)| value))
    }

    /// The first column of the first row, which must exist.
    pub(super) fn value<T: FromSql>(&self, sql: &str, params: impl Params) -> Result<T, SqlError> {
        self.row(sql, params).map(|First(value)| value)
    }
}

/// A row with one column.
struct First<T>(T);

impl<T: FromSql> FromRow for First<T> {
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError> {
        Ok(Self(row.row.get(0)?))
    }
}

/// Why a statement failed.
#[derive(Debug)]
pub(crate) enum SqlError {
    /// The database reported an error.
    Database(rusqlite::Error),
    /// A column contains an invalid value.
    Column(&'static str, Box<dyn std::error::Error + Send + Sync>),
}

impl SqlError {
    /// A column contains an invalid value.
    pub(super) fn column(
        name: &'static str,
        problem: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Column(name, Box::new(problem))
    }

    fn code(&self) -> Option<i32> {
        match self {
            Self::Database(error) => error.sqlite_error().map(|error| error.extended_code),
            Self::Column(..) => None,
        }
    }

    /// Whether a unique constraint was violated.
    pub(crate) fn is_taken(&self) -> bool {
        matches!(
            self.code(),
            Some(SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY)
        )
    }

    /// Whether another command got in the way, so that running this one again may succeed.
    pub(crate) fn is_conflict(&self) -> bool {
        let primary = self.code().map(|code| code & 0xff);
        matches!(primary, Some(SQLITE_BUSY | SQLITE_LOCKED))
    }
}

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Column(name, _) => write!(f, "the column {name} cannot be read"),
        }
    }
}

impl std::error::Error for SqlError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => error.source(),
            Self::Column(_, problem) => Some(&**problem),
        }
    }
}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}
