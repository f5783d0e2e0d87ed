//! SQLite as the engine: one thread that writes, a few connections that read.

pub(in crate::store) mod lock;
pub(in crate::store) mod migrations;
pub(in crate::store) mod readers;
pub(in crate::store) mod writer;

use std::path::Path;
use std::time::Duration;

pub(in crate::store) use rusqlite::{Connection, OpenFlags};

use super::SqlError;

/// How long to wait for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Number of statements that a connection keeps prepared: more than there are.
const PREPARED: usize = 256;

/// A connection to a file.
pub(in crate::store) fn connect(path: &Path, access: OpenFlags) -> Result<Connection, SqlError> {
    // Only one thread uses a connection at a time, so SQLite does not need to lock it.
    let conn = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    set_up(&conn)?;
    Ok(conn)
}

pub(in crate::store) fn set_up(conn: &Connection) -> Result<(), SqlError> {
    conn.set_prepared_statement_cache_capacity(PREPARED);
    Ok(conn.pragma_update(None, "foreign_keys", true)?)
}
