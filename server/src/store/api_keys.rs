//! API keys of an app. Only a hash of each key is kept.

use super::audit::{AuditAction, Change};
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::AppId;

/// An API key, without the key.
#[derive(Debug, Clone)]
pub(crate) struct ApiKeyRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) role: String,
    pub(crate) created_at: Time,
}

columns!(ApiKeyRow {
    id,
    name,
    prefix,
    role,
    created_at
});

/// Stores a key. A key whose hash exists already is left unchanged.
pub(crate) fn insert(
    tx: &Tx<'_>,
    app_id: &AppId,
    key: &ApiKeyRow,
    hash: &[u8],
) -> Result<(), SqlError> {
    let created = tx.hits(
        "INSERT INTO api_keys (id, app_id, name, prefix, hash, role, created_at) VALUES
         (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (app_id, hash) DO NOTHING",
        (
            &key.id,
            app_id,
            &key.name,
            &key.prefix,
            hash,
            &key.role,
            key.created_at,
        ),
    )?;
    if created {
        let change = Change::new(AuditAction::ApiKeyCreated).at(key.created_at);
        change.app(app_id).object(&key.id).insert(tx)?;
    }
    Ok(())
}

/// Whether a key with this hash belongs to any app.
pub(crate) fn is_known(tx: &Tx<'_>, hash: &[u8]) -> Result<bool, SqlError> {
    tx.value(
        "SELECT EXISTS (SELECT 1 FROM api_keys WHERE hash = ?)",
        (hash,),
    )
}

/// The key with this hash.
pub(crate) fn by_hash(
    tx: &Tx<'_>,
    app_id: &AppId,
    hash: &[u8],
) -> Result<Option<ApiKeyRow>, SqlError> {
    tx.maybe_row(
        "SELECT id, name, prefix, role, created_at FROM api_keys WHERE app_id = ?
         AND hash = ?",
        (app_id, hash),
    )
}

/// All keys, oldest first.
pub(crate) fn list(tx: &Tx<'_>, app_id: &AppId) -> Result<Vec<ApiKeyRow>, SqlError> {
    tx.rows(
        "SELECT id, name, prefix, role, created_at FROM api_keys WHERE app_id = ?
         ORDER BY created_at, id",
        (app_id,),
    )
}

/// One key.
pub(crate) fn get(tx: &Tx<'_>, app_id: &AppId, id: &str) -> Result<Option<ApiKeyRow>, SqlError> {
    tx.maybe_row(
        "SELECT id, name, prefix, role, created_at FROM api_keys WHERE app_id = ?
         AND id = ?",
        (app_id, id),
    )
}

/// Deletes a key. Returns whether it existed.
pub(crate) fn delete(tx: &Tx<'_>, app_id: &AppId, id: &str) -> Result<bool, SqlError> {
    let deleted = tx.hits(
        "DELETE FROM api_keys WHERE app_id = ? AND id = ?",
        (app_id, id),
    )?;
    if deleted {
        let change = Change::new(AuditAction::ApiKeyDeleted).app(app_id);
        change.object(id).insert(tx)?;
    }
    Ok(deleted)
}
