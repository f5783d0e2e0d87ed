//! Sign-ins that continue with refresh tokens: one row each, with a hash of the one valid token.

use super::acting::Actor;
use super::audit::{AuditAction, AuditReason, Change};
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, SignInId, UserId};

/// A sign-in as stored.
pub(crate) struct SignInRow {
    pub(crate) id: SignInId,
    pub(crate) user_id: UserId,
    /// Hash of its refresh token.
    pub(crate) hash: Vec<u8>,
    pub(crate) created_at: Time,
    /// When it ends, even if it is in use.
    pub(crate) ends_at: Time,
    /// When its refresh token expires.
    pub(crate) expires_at: Time,
}

/// What a refresh needs to know about a sign-in.
pub(crate) struct Refreshed {
    pub(crate) user_id: UserId,
    pub(crate) expires_at: Time,
}

columns!(Refreshed {
    user_id,
    expires_at
});

/// A refresh token as it is presented.
pub(crate) struct Presented<'a> {
    pub(crate) sign_in: &'a SignInId,
    pub(crate) hash: &'a [u8],
}

/// Stores a sign-in, and deletes the user's expired ones.
pub(crate) fn insert(tx: &Tx<'_>, sign_in: &SignInRow) -> Result<(), SqlError> {
    tx.run(
        "DELETE FROM sign_ins WHERE user_id = ? AND expires_at <= ?",
        (&sign_in.user_id, sign_in.created_at),
    )?;
    tx.run(
        "INSERT INTO sign_ins (id, user_id, hash, created_at, ends_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (
            &sign_in.id,
            &sign_in.user_id,
            &sign_in.hash,
            sign_in.created_at,
            sign_in.ends_at,
            sign_in.expires_at,
        ),
    )?;
    Ok(())
}

/// Replaces the presented token by the next one, which expires at a time or with the sign-in. `None` if the presented
/// one is invalid, or the user may not sign in.
pub(crate) fn exchange(
    tx: &Tx<'_>,
    app_id: &AppId,
    token: &Presented<'_>,
    next: &[u8],
    expires_at: Time,
    now: Time,
) -> Result<Option<Refreshed>, SqlError> {
    tx.maybe_row(
        "UPDATE sign_ins SET hash = ?, expires_at = min(ends_at, ?), last_used_at = ?
         WHERE id = ? AND hash = ? AND expires_at > ? AND EXISTS
         (SELECT 1 FROM users WHERE users.id = user_id AND app_id = ? AND status <> 'inactive')
         RETURNING user_id, expires_at",
        (
            next,
            expires_at,
            now,
            token.sign_in,
            token.hash,
            now,
            app_id,
        ),
    )
}

/// Ends a sign-in whose token is presented again after it was exchanged.
pub(crate) fn end_if_reused(
    tx: &Tx<'_>,
    app_id: &AppId,
    token: &Presented<'_>,
) -> Result<(), SqlError> {
    let ended: Option<UserId> = tx.maybe_value(
        "DELETE FROM sign_ins WHERE id = ? AND hash <> ?
         AND user_id IN (SELECT id FROM users WHERE app_id = ?) RETURNING user_id",
        (token.sign_in, token.hash, app_id),
    )?;
    let Some(user_id) = ended else {
        return Ok(());
    };
    tx.acting().concerns(&user_id);
    let change = Change::new(AuditAction::SignInEnded).reason(AuditReason::RefreshTokenReused);
    change.app(app_id).user(&user_id).insert(tx)
}

/// Ends a sign-in.
pub(crate) fn end(tx: &Tx<'_>, app_id: &AppId, id: &SignInId) -> Result<(), SqlError> {
    let ended: Option<UserId> = tx.maybe_value(
        "DELETE FROM sign_ins WHERE id = ? AND user_id IN (SELECT id FROM users WHERE app_id = ?)
         RETURNING user_id",
        (id, app_id),
    )?;
    let Some(user_id) = ended else {
        return Ok(());
    };
    let change = Change::new(AuditAction::SignedOut).app(app_id);
    let change = change.user(&user_id).by(Actor::User(user_id.clone()));
    change.insert(tx)
}

/// Ends every sign-in of a user: neither their refresh tokens nor the auth tokens issued so far are accepted any more.
pub(crate) fn end_all(tx: &Tx<'_>, user_id: &UserId, now: Time) -> Result<(), SqlError> {
    tx.run("DELETE FROM sign_ins WHERE user_id = ?", (user_id,))?;
    tx.run(
        "UPDATE users SET tokens_not_before = ? WHERE id = ?",
        (now, user_id),
    )?;
    let change = Change::new(AuditAction::SignInsEnded).at(now);
    change.user(user_id).insert(tx)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::store::apps::{self, AppRow};
    use crate::store::users::{self, NewUser};
    use crate::store::{Store, StoreError};

    #[tokio::test]
    async fn a_refresh_token_is_exchanged_once() {
        let store = Store::in_memory().unwrap();
        let work = store.write(|tx| {
            let app = AppRow {
                id: "app".into(),
                settings: "{}".to_owned(),
                created_at: at(0),
            };
            apps::put(tx, &app)?;
            let user = users::insert(tx, &"app".into(), &NewUser::new(UserId::new()), at(0))?;
            let sign_in = SignInRow {
                id: "sign-in".into(),
                user_id: user.id,
                hash: vec![1],
                created_at: at(0),
                ends_at: at(100),
                expires_at: at(50),
            };
            insert(tx, &sign_in)?;
            let token = Presented {
                sign_in: &"sign-in".into(),
                hash: &[1],
            };
            let mut exchanged = Vec::new();
            for next in [[2], [3]] {
                exchanged.push(exchange(tx, &"app".into(), &token, &next, at(200), at(10))?);
            }
            let ends: Vec<_> = exchanged
                .iter()
                .map(|refreshed| refreshed.as_ref().map(|refreshed| refreshed.expires_at))
                .collect();
            Ok::<_, StoreError>(ends)
        });
        assert_eq!(work.await.unwrap(), [Some(at(100)), None]);
    }
}
