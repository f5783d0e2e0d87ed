//! How the types of the server are stored.

use super::tx::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use crate::clock::Time;
use crate::ids::{AppId, DeviceId, SignInId, UserId};

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

/// Ids are stored as their text.
macro_rules! text_ids {
    ($($id:ident),+) => {$(
        impl FromSql for $id {
            fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
                String::column_result(value).map(Self::from)
            }
        }

        impl ToSql for $id {
            fn to_sql(&self) -> Result<ToSqlOutput<'_>, rusqlite::Error> {
                Ok(self.as_str().into())
            }
        }
    )+};
}

text_ids!(AppId, UserId, DeviceId, SignInId);
