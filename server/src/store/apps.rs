//! Apps and their settings.

use super::audit::{self, AuditAction, Change};
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::AppId;

/// An app as stored.
#[derive(Clone)]
pub(crate) struct AppRow {
    pub(crate) id: AppId,
    /// Settings as JSON.
    pub(crate) settings: String,
    pub(crate) created_at: Time,
}

columns!(AppRow {
    id,
    settings,
    created_at
});

/// The oldest app, which is the one that a development server runs.
pub(crate) fn first(tx: &Tx<'_>) -> Result<Option<AppRow>, SqlError> {
    tx.maybe_row(
        "SELECT id, settings, created_at FROM apps ORDER BY created_at, id LIMIT 1",
        (),
    )
}

/// One app.
pub(crate) fn get(tx: &Tx<'_>, id: &AppId) -> Result<Option<AppRow>, SqlError> {
    tx.maybe_row(
        "SELECT id, settings, created_at FROM apps WHERE id = ?",
        (id,),
    )
}

/// All apps, oldest first.
pub(crate) fn all(tx: &Tx<'_>) -> Result<Vec<AppRow>, SqlError> {
    tx.rows(
        "SELECT id, settings, created_at FROM apps ORDER BY created_at, id",
        (),
    )
}

/// Stores a new app. Its id must be free.
pub(crate) fn insert(tx: &Tx<'_>, app: &AppRow) -> Result<(), SqlError> {
    tx.run(
        "INSERT INTO apps (id, settings, created_at) VALUES (?, ?, ?)",
        (&app.id, &app.settings, app.created_at),
    )?;
    Change::new(AuditAction::AppCreated).app(&app.id).insert(tx)
}

/// Stores an app, or updates its settings.
pub(crate) fn put(tx: &Tx<'_>, app: &AppRow) -> Result<(), SqlError> {
    let before = get(tx, &app.id)?;
    tx.run(
        "INSERT INTO apps (id, settings, created_at) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET settings = excluded.settings",
        (&app.id, &app.settings, app.created_at),
    )?;
    let action = match before {
        None => AuditAction::AppCreated,
        Some(before) if before.settings != app.settings => AuditAction::AppChanged,
        Some(_) => return Ok(()),
    };
    Change::new(action).app(&app.id).insert(tx)
}

/// How many users an app has.
pub(crate) fn users(tx: &Tx<'_>, id: &AppId) -> Result<i64, SqlError> {
    tx.value("SELECT count(*) FROM users WHERE app_id = ?", (id,))
}

/// Whether users of an app have devices.
pub(crate) fn has_passkeys(tx: &Tx<'_>, id: &AppId) -> Result<bool, SqlError> {
    tx.value(
        "SELECT EXISTS (SELECT 1 FROM devices JOIN users ON users.id = user_id WHERE app_id = ?)",
        (id,),
    )
}

/// Deletes an app with everything that belongs to it.
pub(crate) fn delete(tx: &Tx<'_>, id: &AppId) -> Result<(), SqlError> {
    tx.run("DELETE FROM apps WHERE id = ?", (id,))?;
    audit::blank_app(tx, id)?;
    Change::new(AuditAction::AppDeleted).app(id).insert(tx)
}
