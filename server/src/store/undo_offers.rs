//! Changes of identifiers that can still be undone, and what is taken back with them.

use std::time::Duration;

use super::audit::{AuditAction, Change};
use super::sweep::sweep;
use super::users::IdentifierKind;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, UserId};

/// How long a change is remembered after it can no longer be undone.
const REMEMBERED: Duration = Duration::from_secs(30 * 24 * 3600);

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

/// The first addition of a kind that is later than a change of the other kind, whether or not it can still be undone.
pub(crate) fn addition(
    tx: &Tx<'_>,
    user_id: &UserId,
    kind: IdentifierKind,
    after: i64,
) -> Result<Option<OfferRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM undo_offers WHERE user_id = ? AND kind = ? AND number > ? AND NOT verified
         ORDER BY number LIMIT 1",
        (user_id, kind, after),
    )
}

/// Takes an identifier that they proved from a user who registered themselves from a time on, and has nothing else to
/// sign in with. Returns whether it was taken.
pub(crate) fn take_proved(
    tx: &Tx<'_>,
    app_id: &AppId,
    user_id: &UserId,
    kind: IdentifierKind,
    since: Time,
    now: Time,
) -> Result<bool, SqlError> {
    let (own, other, action) = match kind {
        IdentifierKind::Email => ("email", "phone", AuditAction::EmailChanged),
        IdentifierKind::Phone => ("phone", "email", AuditAction::PhoneChanged),
    };
    // Whom the backend deactivated stays that, with their identifier.
    let take = format!(
        "UPDATE users SET {own} = NULL, {own}_verified = 0, updated_at = ?
         WHERE app_id = ? AND id = ? AND {own}_verified AND NOT {other}_verified AND external_id IS NULL
         AND made_by = 'themselves' AND status <> 'inactive' AND created_at >= ?
         AND NOT EXISTS (SELECT 1 FROM devices WHERE user_id = users.id)
         AND NOT EXISTS (SELECT 1 FROM social_connections WHERE user_id = users.id)"
    );
    let taken = tx.hits(&take, (now, app_id, user_id, since))?;
    if taken {
        Change::new(action).at(now).user(user_id).insert(tx)?;
    }
    Ok(taken)
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
pub(crate) fn end_transactions(tx: &Tx<'_>, user_id: &UserId) -> Result<(), SqlError> {
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

    #[tokio::test]
    async fn only_a_new_account_with_nothing_else_gives_a_proved_identifier_up() {
        let kept = [
            "UPDATE users SET created_at = created_at - 1",
            "UPDATE users SET made_by = 'backend'",
            "UPDATE users SET made_by = 'import'",
            "UPDATE users SET status = 'inactive'",
            "UPDATE users SET external_id = 'customer'",
            "UPDATE users SET phone = '+1', phone_verified = 1",
            "UPDATE users SET email_verified = 0",
            "INSERT INTO devices (id, user_id, cred_id, friendly_name, type, created_at, updated_at)
             VALUES ('device', 'user', 'credential', 'Passkey', 'passkey', 0, 0)",
            "INSERT INTO social_connections (user_id, app_id, type, provider_id, provider_identifier,
             created_at, last_login_at) VALUES ('user', 'app', 'google', '1', 'ada', 0, 0)",
        ];
        let given = ["UPDATE users SET phone = '+1'"];
        let cases = kept.map(|change| (change, false)).into_iter();
        for (change, expected) in cases.chain(given.map(|change| (change, true))) {
            let file = File::new().await;
            let work = file.run(move |tx| {
                let (app, user, email) = (APP.into(), USER.into(), IdentifierKind::Email);
                tx.run(
                    "UPDATE users SET email = 'ada', email_verified = 1, external_id = NULL,
                     made_by = 'themselves', status = 'active', created_at = ?",
                    (at(50),),
                )?;
                tx.run(change, ())?;
                assert!(!take_proved(
                    tx,
                    &"other".into(),
                    &user,
                    email,
                    at(50),
                    at(60)
                )?);
                let first = take_proved(tx, &app, &user, email, at(50), at(60))?;
                let again = take_proved(tx, &app, &user, email, at(50), at(60))?;
                let has: bool = tx.value("SELECT email IS NOT NULL FROM users", ())?;
                Ok::<_, StoreError>((first, again, has))
            });
            assert_eq!(
                work.await.unwrap(),
                (expected, false, !expected),
                "{change}"
            );
        }
    }
}
