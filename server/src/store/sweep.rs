//! Deletes expired rows.

use super::{SqlError, Tx};
use crate::clock::Time;

/// Maximum number of rows per sweep, so that nothing waits for a long one.
pub(super) const MOST: i64 = 100;

/// Deletes rows that expired before a time, the oldest first.
pub(super) fn sweep(tx: &Tx<'_>, table: &'static str, by: Time) -> Result<(), SqlError> {
    let delete = format!(
        "DELETE FROM {table} WHERE rowid IN
         (SELECT rowid FROM {table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"
    );
    tx.run(&delete, (by, MOST))?;
    Ok(())
}
