//! Changes of identifiers that can still be undone, and what is taken back with them.

use std::time::Duration;

use super::audit::{AuditAction, Change};
use super::sweep::sweep;
use super::text_enum::text_enum;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, UserId};

/// How long a change is remembered after it can no longer be undone.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

text_enum! {
    /// The identifier that was changed.
    IdentifierKind {
        Email = "email",
        Phone = "phone",
    }
}

/// A change to store.
pub(crate) struct NewOffer {
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

/// A change as stored.
#[derive(Debug, Clone)]
pub(crate) struct OfferRow {
    /// Later changes have higher numbers. Times do not tell the order: a clock is read before the command waits for its
    /// turn.
    pub(crate) number: i64,
    pub(crate) user_id: UserId,
    pub(crate) kind: IdentifierKind,
    pub(crate) identifier: Option<String>,
    pub(crate) verified: bool,
    pub(crate) since: Time,
    pub(crate) changed_at: Time,
}

columns!(OfferRow {
    number,
    user_id,
    kind,
    identifier,
    verified,
    since,
    changed_at
});

/// Stores a change, and deletes some that need not be remembered.
pub(crate) fn insert(tx: &Tx<'_>, offer: &NewOffer) -> Result<(), SqlError> {
    sweep(tx, "undo_offers", offer.changed_at - REMEMBERED)?;
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
         ORDER BY number LIMIT 1",
        (user_id, kind, now),
    )
}

/// The number of the last change that replaced a verified identifier of a user, whether or not it can still be undone.
pub(crate) fn that_replaced(
    tx: &Tx<'_>,
    user_id: &UserId,
    kind: IdentifierKind,
    identifier: &str,
    now: Time,
) -> Result<Option<i64>, SqlError> {
    tx.maybe_value(
        "SELECT number FROM undo_offers WHERE user_id = ? AND kind = ? AND identifier = ?
         AND verified AND expires_at > ? ORDER BY number DESC LIMIT 1",
        (user_id, kind, identifier, now - REMEMBERED),
    )
}

/// Forgets a change of a kind and all later ones.
pub(crate) fn forget_from(
    tx: &Tx<'_>,
    user_id: &UserId,
    kind: IdentifierKind,
    from: i64,
) -> Result<(), SqlError> {
    tx.run(
        "DELETE FROM undo_offers WHERE user_id = ? AND kind = ? AND number >= ?",
        (user_id, kind, from),
    )?;
    Ok(())
}

/// Makes the secrets worthless of additions of a kind that are later than a change of the other kind: they were sent to
/// the identifier which that change brought.
pub(crate) fn withdraw_additions(
    tx: &Tx<'_>,
    user_id: &UserId,
    kind: IdentifierKind,
    after: i64,
) -> Result<(), SqlError> {
    tx.run(
        "UPDATE undo_offers SET offered = 0
         WHERE user_id = ? AND kind = ? AND number > ? AND NOT verified",
        (user_id, kind, after),
    )?;
    Ok(())
}

/// Forgets every change of a user: none can be undone any more.
pub(crate) fn forget(tx: &Tx<'_>, user_id: &UserId) -> Result<(), SqlError> {
    tx.run("DELETE FROM undo_offers WHERE user_id = ?", (user_id,))?;
    Ok(())
}

/// Ends the changes of identifier that a user requested and nobody confirmed yet.
pub(crate) fn end_requests(tx: &Tx<'_>, user_id: &UserId) -> Result<(), SqlError> {
    tx.run(
        "DELETE FROM magic_links WHERE user_id = ? AND purpose = 'change_identifier'",
        (user_id,),
    )?;
    Ok(())
}

/// Ends the transactions of the user's external id, and the proofs of completed ones.
pub(super) fn end_transactions(tx: &Tx<'_>, user_id: &UserId) -> Result<(), SqlError> {
    for table in ["transactions", "nonces"] {
        let delete = format!(
            "DELETE FROM {table} WHERE (app_id, external_id) IN
             (SELECT app_id, external_id FROM users WHERE id = ?)"
        );
        tx.run(&delete, (user_id,))?;
    }
    Ok(())
}

/// Deletes what a user was given from a time on to sign in with, and everything that is under way: passkeys,
/// connections, links, codes, ceremonies and transactions.
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
    end_transactions(tx, user_id)?;
    let change = Change::new(AuditAction::ChangeUndone).at(now);
    change.user(user_id).insert(tx)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::store::StoreError;
    use crate::store::testing::{APP, File, USER};

    /// A change that replaced an address.
    fn replaced(identifier: &str, changed_at: Time) -> NewOffer {
        NewOffer {
            hash: identifier.into(),
            user_id: USER.into(),
            kind: IdentifierKind::Email,
            identifier: Some(identifier.to_owned()),
            verified: true,
            offered: true,
            since: at(0),
            changed_at,
            expires_at: at(1000),
        }
    }

    #[tokio::test]
    async fn the_earliest_change_is_the_one_that_was_stored_first() {
        for second in [50, 49] {
            let file = File::new().await;
            let work = file.run(move |tx| {
                let (app, user, email) = (APP.into(), USER.into(), IdentifierKind::Email);
                insert(tx, &replaced("ada", at(50)))?;
                insert(tx, &replaced("eve", at(second)))?;
                let first = earliest(tx, &user, email, at(60))?.unwrap();
                let undone = take(tx, &app, b"eve", at(60))?.unwrap();
                forget_from(tx, &user, email, undone.number)?;
                let left = get(tx, &app, b"ada", at(60))?;
                Ok::<_, StoreError>((first.identifier, left.is_some()))
            });
            let expected = (Some("ada".to_owned()), true);
            assert_eq!(work.await.unwrap(), expected, "{second}");
        }
    }

    #[tokio::test]
    async fn a_change_is_remembered_for_longer_than_it_can_be_undone() {
        let file = File::new().await;
        let work = file.run(|tx| {
            let (app, user, email) = (APP.into(), USER.into(), IdentifierKind::Email);
            let last = at(999) + REMEMBERED;
            insert(tx, &replaced("ada", at(50)))?;
            insert(tx, &replaced("eve", last))?;
            let known = |identifier, kind, now| {
                let number = that_replaced(tx, &user, kind, identifier, now)?;
                Ok::<_, SqlError>(number.is_some())
            };
            assert!(known("ada", email, last)?);
            assert!(!known("ada", email, at(1000) + REMEMBERED)?);
            assert!(!known("bob", email, last)?);
            assert!(!known("ada", IdentifierKind::Phone, last)?);
            assert!(get(tx, &app, b"ada", at(1000))?.is_none());
            assert!(take(tx, &app, b"ada", at(1000))?.is_none());
            assert!(earliest(tx, &user, email, at(1000))?.is_none());
            Ok::<_, StoreError>(())
        });
        work.await.unwrap();
    }
}
