//! Changes of identifiers that can still be undone, and what is taken back with them.

use super::audit::{AuditAction, Change};
use super::sweep::sweep;
use super::text_enum::text_enum;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, UserId};

text_enum! {
    /// The identifier that was changed.
    IdentifierKind {
        Email = "email",
        Phone = "phone",
    }
}

/// A change as stored.
#[derive(Debug, Clone)]
pub(crate) struct OfferRow {
    /// Hash of the secret that undoes the change.
    pub(crate) hash: Vec<u8>,
    pub(crate) user_id: UserId,
    pub(crate) kind: IdentifierKind,
    /// What the user had before the change, if anything.
    pub(crate) identifier: Option<String>,
    pub(crate) verified: bool,
    /// Whether somebody was sent the secret.
    pub(crate) offered: bool,
    /// When the change was asked for.
    pub(crate) since: Time,
    pub(crate) changed_at: Time,
    pub(crate) expires_at: Time,
}

columns!(OfferRow {
    hash,
    user_id,
    kind,
    identifier,
    verified,
    offered,
    since,
    changed_at,
    expires_at
});

/// Stores a change, and deletes expired ones.
pub(crate) fn insert(tx: &Tx<'_>, offer: &OfferRow) -> Result<(), SqlError> {
    sweep(tx, "undo_offers", offer.changed_at)?;
    tx.run(
        "INSERT INTO undo_offers
         (hash, user_id, kind, identifier, verified, offered, since, changed_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &offer.hash,
            &offer.user_id,
            offer.kind,
            &offer.identifier,
            offer.verified,
            offer.offered,
            offer.since,
            offer.changed_at,
            offer.expires_at,
        ),
    )?;
    Ok(())
}

/// The open offer with this secret.
pub(crate) fn get(
    tx: &Tx<'_>,
    app_id: &AppId,
    hash: &[u8],
    now: Time,
) -> Result<Option<OfferRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM undo_offers WHERE hash = ? AND offered AND expires_at > ?
         AND user_id IN (SELECT id FROM users WHERE app_id = ?)",
        (hash, now, app_id),
    )
}

/// Uses up the open offer with this secret. `None` if there is none.
pub(crate) fn take(
    tx: &Tx<'_>,
    app_id: &AppId,
    hash: &[u8],
    now: Time,
) -> Result<Option<OfferRow>, SqlError> {
    tx.maybe_row(
        "DELETE FROM undo_offers WHERE hash = ? AND offered AND expires_at > ?
         AND user_id IN (SELECT id FROM users WHERE app_id = ?) RETURNING *",
        (hash, now, app_id),
    )
}

/// The earliest change of a kind that can still be undone.
pub(crate) fn earliest(
    tx: &Tx<'_>,
    user_id: &UserId,
    kind: IdentifierKind,
    now: Time,
) -> Result<Option<OfferRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM undo_offers WHERE user_id = ? AND kind = ? AND expires_at > ?
         ORDER BY changed_at, rowid LIMIT 1",
        (user_id, kind, now),
    )
}

/// Forgets the changes of a kind from a time on.
pub(crate) fn forget_from(
    tx: &Tx<'_>,
    user_id: &UserId,
    kind: IdentifierKind,
    from: Time,
) -> Result<(), SqlError> {
    tx.run(
        "DELETE FROM undo_offers WHERE user_id = ? AND kind = ? AND changed_at >= ?",
        (user_id, kind, from),
    )?;
    Ok(())
}

/// Forgets every change of a user: none can be undone any more.
pub(crate) fn forget(tx: &Tx<'_>, user_id: &UserId) -> Result<(), SqlError> {
    tx.run("DELETE FROM undo_offers WHERE user_id = ?", (user_id,))?;
    Ok(())
}

/// Deletes what a user was given from a time on to sign in with, and everything that is under way: passkeys,
/// connections, links, codes and ceremonies.
pub(crate) fn take_back(
    tx: &Tx<'_>,
    user_id: &UserId,
    since: Time,
    now: Time,
) -> Result<(), SqlError> {
    for table in ["devices", "social_connections"] {
        let delete = format!("DELETE FROM {table} WHERE user_id = ? AND created_at >= ?");
        tx.run(&delete, (user_id, since))?;
    }
    for table in ["magic_links", "one_time_codes", "ceremonies"] {
        tx.run(
            &format!("DELETE FROM {table} WHERE user_id = ?"),
            (user_id,),
        )?;
    }
    let change = Change::new(AuditAction::ChangeUndone).at(now);
    change.user(user_id).insert(tx)
}
