//! Passkey ceremonies under way.

use super::sweep::sweep;
use super::{SqlError, Tx, columns};

/// A ceremony as stored.
pub(crate) struct CeremonyRow {
    pub(crate) id: String,
    pub(crate) purpose: String,
    /// Whose ceremony it is, if that is known.
    pub(crate) user_id: Option<String>,
    pub(crate) transaction_id: Option<String>,
    /// The handle that a new passkey gets.
    pub(crate) user_handle: Option<Vec<u8>>,
    /// What the library that checks the outcome has to remember.
    pub(crate) state: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

columns!(CeremonyRow {
    id,
    purpose,
    user_id,
    transaction_id,
    user_handle,
    state,
    created_at,
    expires_at
});

/// Stores a ceremony, and forgets those that have expired.
pub(crate) fn insert(tx: &Tx<'_>, app_id: &str, ceremony: &CeremonyRow) -> Result<(), SqlError> {
    sweep(tx, "ceremonies", ceremony.created_at)?;
    tx.run(
        "INSERT INTO ceremonies (id, app_id, purpose, user_id, transaction_id,
         user_handle, state, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &ceremony.id,
            app_id,
            &ceremony.purpose,
            &ceremony.user_id,
            &ceremony.transaction_id,
            &ceremony.user_handle,
            &ceremony.state,
            ceremony.created_at,
            ceremony.expires_at,
        ),
    )?;
    Ok(())
}

/// A ceremony, expired or not.
pub(crate) fn get(tx: &Tx<'_>, app_id: &str, id: &str) -> Result<Option<CeremonyRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM ceremonies WHERE app_id = ? AND id = ?",
        (app_id, id),
    )
}

/// Ends a ceremony. Says whether it was still under way.
pub(crate) fn take(tx: &Tx<'_>, app_id: &str, id: &str) -> Result<bool, SqlError> {
    let changed = tx.run(
        "DELETE FROM ceremonies WHERE app_id = ? AND id = ?",
        (app_id, id),
    )?;
    Ok(changed > 0)
}
