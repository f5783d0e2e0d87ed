//! Keys that sign auth tokens, and requested rotations.

use crate::clock::Time;
use crate::ids::AppId;
use std::time::Duration;

use super::audit::{AuditAction, Change};
use super::text_enum::text_enum;
use super::{FromRow, Row, SqlError, Tx, columns};

text_enum! {
    /// The state of a key.
    KeyState {
        /// Announced, not signing yet.
        Next = "next",
        /// Signs.
        Active = "active",
        /// Not signing any more, but still verifying.
        Retired = "retired",
    }
}

/// A signing key as stored.
#[derive(Debug, Clone)]
pub(crate) struct SigningKeyRow {
    pub(crate) kid: String,
    /// The key pair, encrypted if the server has an encryption key.
    pub(crate) pkcs8: Vec<u8>,
    pub(crate) state: KeyState,
    pub(crate) created_at: Time,
    pub(crate) active_from: Option<Time>,
    pub(crate) retired_at: Option<Time>,
    /// Maximum lifetime of the tokens that it signed, in seconds.
    pub(crate) longest_token: Duration,
}

impl FromRow for SigningKeyRow {
    fn from_row(row: &Row<'_>) -> Result<Self, SqlError> {
        let longest_token: i64 = row.get("longest_token")?;
        Ok(Self {
            kid: row.get("kid")?,
            pkcs8: row.get("pkcs8")?,
            state: row.get("state")?,
            created_at: row.get("created_at")?,
            active_from: row.get("active_from")?,
            retired_at: row.get("retired_at")?,
            longest_token: Duration::from_secs(u64::try_from(longest_token).unwrap_or_default()),
        })
    }
}

/// Whole seconds, as they are stored.
fn seconds(lifetime: Duration) -> i64 {
    i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX)
}

/// All keys of an app that verifiers must know, oldest first.
pub(crate) fn list(tx: &Tx<'_>, app_id: &AppId) -> Result<Vec<SigningKeyRow>, SqlError> {
    tx.rows(
        "SELECT kid, pkcs8, state, created_at, active_from, retired_at, longest_token
         FROM signing_keys WHERE app_id = ? ORDER BY created_at, rowid",
        (app_id,),
    )
}

/// Stores a key that is announced and does not sign yet.
pub(crate) fn announce(
    tx: &Tx<'_>,
    app_id: &AppId,
    kid: &str,
    pkcs8: &[u8],
    now: Time,
) -> Result<(), SqlError> {
    tx.run(
        "INSERT INTO signing_keys (kid, app_id, pkcs8, state, created_at)
         VALUES (?, ?, ?, ?, ?)",
        (kid, app_id, pkcs8, KeyState::Next, now),
    )?;
    let change = Change::new(AuditAction::SigningKeyAnnounced).at(now);
    change.app(app_id).object(kid).insert(tx)
}

/// Signs with the announced key from now on. The previously active key is retired, and still verifies.
pub(crate) fn activate(
    tx: &Tx<'_>,
    app_id: &AppId,
    longest_token: Duration,
    now: Time,
) -> Result<(), SqlError> {
    tx.run(
        "UPDATE signing_keys SET state = ?, retired_at = ? WHERE app_id = ? AND state = ?",
        (KeyState::Retired, now, app_id, KeyState::Active),
    )?;
    let kid: Option<String> = tx.maybe_value(
        "UPDATE signing_keys SET state = ?, active_from = ?, longest_token = ?
         WHERE app_id = ? AND state = ? RETURNING kid",
        (
            KeyState::Active,
            now,
            seconds(longest_token),
            app_id,
            KeyState::Next,
        ),
    )?;
    let change = Change::new(AuditAction::SigningKeyActivated).at(now);
    let change = change.app(app_id);
    match &kid {
        Some(kid) => change.object(kid).insert(tx),
        None => Ok(()),
    }
}

/// Records that the active key signs tokens with this lifetime, in seconds.
pub(crate) fn note_lifetime(
    tx: &Tx<'_>,
    app_id: &AppId,
    lifetime: Duration,
) -> Result<(), SqlError> {
    tx.run(
        "UPDATE signing_keys SET longest_token = max(longest_token, ?) WHERE app_id = ?
         AND state = ?",
        (seconds(lifetime), app_id, KeyState::Active),
    )?;
    Ok(())
}

/// Stores a key in another encrypted form.
pub(crate) fn replace(tx: &Tx<'_>, kid: &str, pkcs8: &[u8]) -> Result<(), SqlError> {
    tx.run(
        "UPDATE signing_keys SET pkcs8 = ? WHERE kid = ?",
        (pkcs8, kid),
    )?;
    Ok(())
}

/// Deletes a retired key: the tokens it signed have expired.
pub(crate) fn forget(tx: &Tx<'_>, app_id: &AppId, kid: &str) -> Result<(), SqlError> {
    let forgotten = tx.hits(
        "DELETE FROM signing_keys WHERE app_id = ? AND kid = ? AND state = ?",
        (app_id, kid, KeyState::Retired),
    )?;
    if !forgotten {
        return Ok(());
    }
    let change = Change::new(AuditAction::SigningKeyForgotten).app(app_id);
    change.object(kid).insert(tx)
}

/// A rotation that a command requested.
#[derive(Debug, Clone)]
pub(crate) struct RotationRow {
    pub(crate) app_id: AppId,
    pub(crate) at_once: bool,
    pub(crate) asked_at: Time,
}

columns!(RotationRow {
    app_id,
    at_once,
    asked_at
});

/// Requests a rotation. An earlier, more urgent request stays urgent.
pub(crate) fn ask(tx: &Tx<'_>, app_id: &AppId, at_once: bool, now: Time) -> Result<(), SqlError> {
    tx.run(
        "INSERT INTO rotations (app_id, at_once, asked_at) VALUES (?, ?, ?)
         ON CONFLICT (app_id) DO UPDATE SET at_once = max(at_once, excluded.at_once),
         asked_at = excluded.asked_at",
        (app_id, at_once, now),
    )?;
    let change = Change::new(AuditAction::KeyRotationRequested).at(now);
    change.app(app_id).insert(tx)
}

/// The requested rotations.
pub(crate) fn asked(tx: &Tx<'_>) -> Result<Vec<RotationRow>, SqlError> {
    tx.rows(
        "SELECT app_id, at_once, asked_at FROM rotations ORDER BY app_id",
        (),
    )
}

/// Marks a rotation as done, unless it was requested again.
pub(crate) fn done(tx: &Tx<'_>, rotation: &RotationRow) -> Result<(), SqlError> {
    tx.run(
        "DELETE FROM rotations WHERE app_id = ? AND at_once = ? AND asked_at = ?",
        (&rotation.app_id, rotation.at_once, rotation.asked_at),
    )?;
    Ok(())
}
