//! Why an operation on a data file failed.

use std::fmt;

use crate::domain::settings::SettingsError;
use crate::store::{SqlError, StoreError};
use crate::transfer::{BadLine, BadLines};

/// Why an operation on a data file failed.
#[derive(Debug)]
pub struct AdminError(pub(super) Problem);

#[derive(Debug)]
pub(super) enum Problem {
    Refused(String),
    Store(StoreError),
    /// The stored settings of an app are invalid.
    Settings(SettingsError),
    /// Lines of an import were rejected.
    Lines(BadLines),
    /// A file could not be read or written.
    Io(String, std::io::Error),
}

impl AdminError {
    /// The lines that made an import fail, by line number. Empty if it failed for another reason.
    #[must_use]
    pub fn bad_lines(&self) -> &[BadLine] {
        match &self.0 {
            Problem::Lines(lines) => lines.list(),
            Problem::Refused(_) | Problem::Store(_) | Problem::Settings(_) | Problem::Io(..) => &[],
        }
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Problem::Refused(problem) => f.write_str(problem),
            Problem::Store(error) => error.fmt(f),
            Problem::Settings(error) => error.fmt(f),
            Problem::Lines(lines) => lines.fmt(f),
            Problem::Io(what, _) => f.write_str(what),
        }
    }
}

impl std::error::Error for AdminError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Problem::Refused(_) | Problem::Lines(_) => None,
            Problem::Store(error) => error.source(),
            Problem::Settings(error) => error.source(),
            Problem::Io(_, error) => Some(error),
        }
    }
}

impl From<StoreError> for AdminError {
    fn from(error: StoreError) -> Self {
        Self(Problem::Store(error))
    }
}

impl From<SqlError> for AdminError {
    fn from(error: SqlError) -> Self {
        StoreError::from(error).into()
    }
}

impl From<SettingsError> for AdminError {
    fn from(error: SettingsError) -> Self {
        Self(Problem::Settings(error))
    }
}

/// The error for a request that cannot be carried out.
pub(super) fn refused(problem: impl Into<String>) -> AdminError {
    AdminError(Problem::Refused(problem.into()))
}
