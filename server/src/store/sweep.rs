//! Forgets what has expired.

use super::{SqlError, Tx};
use crate::clock::Time;

/// How many rows go at a time, so that nobody waits for a long sweep.
const MOST: i64 = 100;

/// Deletes rows that have expired by a time, the oldest first.
pub(super) fn sweep(tx: &Tx<'_>, table: &'static str, by: Time) -> Result<(), SqlError> {
    let delete = format!(
        "DELETE FROM {table} WHERE rowid IN
         (SELECT rowid FROM {table} WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)"
    );
    tx.run(&delete, (by, MOST))?;
    Ok(())
}
