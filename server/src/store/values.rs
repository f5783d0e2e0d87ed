//! How the types of the server are stored.

use super::tx::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use crate::clock::Time;

/// Microseconds since 1970.
impl FromSql for Time {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        value.as_i64().map(Self::from_microsecond)
    }
}

impl ToSql for Time {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
        Ok(self.as_microsecond().into())
    }
}
