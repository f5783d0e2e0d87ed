//! Accounts at identity providers that users have connected. A user has at most one per provider, and an account
//! belongs to one user of the app.

use super::audit::{AuditAction, Change};
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, UserId};

/// A connection as stored.
#[derive(Clone)]
pub(crate) struct ConnectionRow {
    pub(crate) user_id: UserId,
    /// Name of the provider.
    pub(crate) r#type: String,
    pub(crate) provider_id: String,
    pub(crate) provider_identifier: String,
    pub(crate) created_at: Time,
    pub(crate) last_login_at: Time,
}

columns!(ConnectionRow {
    user_id,
    r#type,
    provider_id,
    provider_identifier,
    created_at,
    last_login_at
});

/// Stores a connection that was just made. A unique violation means that the account or the user already has another
/// one.
pub(crate) fn insert(
    tx: &Tx<'_>,
    app_id: &AppId,
    connection: &ConnectionRow,
) -> Result<(), SqlError> {
    put(tx, app_id, connection)?;
    let change = Change::new(AuditAction::SocialConnected).at(connection.created_at);
    let change = change.app(app_id).user(&connection.user_id);
    change.object(&connection.r#type).insert(tx)
}

/// Stores a connection, whenever it was made.
pub(super) fn put(tx: &Tx<'_>, app_id: &AppId, connection: &ConnectionRow) -> Result<(), SqlError> {
    tx.run(
        "INSERT INTO social_connections
         (user_id, app_id, type, provider_id, provider_identifier, created_at, last_login_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            &connection.user_id,
            app_id,
            &connection.r#type,
            &connection.provider_id,
            &connection.provider_identifier,
            connection.created_at,
            connection.last_login_at,
        ),
    )?;
    Ok(())
}

/// The connection of an account.
pub(crate) fn by_account(
    tx: &Tx<'_>,
    app_id: &AppId,
    provider: &str,
    provider_id: &str,
) -> Result<Option<ConnectionRow>, SqlError> {
    tx.maybe_row(
        "SELECT user_id, type, provider_id, provider_identifier, created_at, last_login_at
         FROM social_connections WHERE app_id = ? AND type = ? AND provider_id = ?",
        (app_id, provider, provider_id),
    )
}

/// The connections of a user.
pub(crate) fn list(tx: &Tx<'_>, user_id: &UserId) -> Result<Vec<ConnectionRow>, SqlError> {
    tx.rows(
        "SELECT user_id, type, provider_id, provider_identifier, created_at, last_login_at
         FROM social_connections WHERE user_id = ?",
        (user_id,),
    )
}

/// Records a login, and the current name of the account.
pub(crate) fn note_login(
    tx: &Tx<'_>,
    connection: &ConnectionRow,
    identifier: &str,
    now: Time,
) -> Result<(), SqlError> {
    tx.run(
        "UPDATE social_connections SET last_login_at = ?, provider_identifier = ?
         WHERE user_id = ? AND type = ?",
        (now, identifier, &connection.user_id, &connection.r#type),
    )?;
    Ok(())
}

/// Deletes a user's connection to a provider. Returns whether there was one.
pub(crate) fn delete(tx: &Tx<'_>, user_id: &UserId, provider: &str) -> Result<bool, SqlError> {
    let deleted = tx.hits(
        "DELETE FROM social_connections WHERE user_id = ? AND type = ?",
        (user_id, provider),
    )?;
    if deleted {
        let change = Change::new(AuditAction::SocialDisconnected).user(user_id);
        change.object(provider).insert(tx)?;
    }
    Ok(deleted)
}
