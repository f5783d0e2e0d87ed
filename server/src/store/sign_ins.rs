//! Sign-ins: one row each. Its auth tokens are accepted as long as the row exists, and it has a hash of the one valid
//! refresh token, if the app has such tokens.

use super::acting::Actor;
use super::audit::{AuditAction, AuditReason, Change};
use super::sweep::MOST;
use super::{Purpose, SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, SignInId, UserId};

/// A sign-in as it begins.
#[derive(Clone)]
pub(crate) struct SignInRow {
    pub(crate) id: SignInId,
    pub(crate) user_id: UserId,
    pub(crate) created_at: Time,
    /// When it ends, even if it is in use.
    pub(crate) ends_at: Time,
    /// When its refresh token expires.
    pub(crate) expires_at: Time,
    /// When none of its tokens is valid any more.
    pub(crate) kept_until: Time,
    pub(crate) refresh: Option<RefreshHashes>,
}

/// What is stored of a refresh token.
#[derive(Clone)]
pub(crate) struct RefreshHashes {
    /// Of the token.
    pub(crate) token: Vec<u8>,
    /// Of the part that all tokens of the sign-in have in common.
    pub(crate) family: Vec<u8>,
}

/// A sign-in that goes on.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) created_at: Time,
    /// When none of its tokens is valid any more.
    pub(crate) kept_until: Time,
}

columns!(Standing {
    created_at,
    kept_until
});

/// What a refresh needs to know about a sign-in.
pub(crate) struct Refreshed {
    pub(crate) user_id: UserId,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

columns!(Refreshed {
    user_id,
    created_at,
    expires_at
});

/// A refresh token as it is presented.
pub(crate) struct Presented<'a> {
    pub(crate) sign_in: &'a SignInId,
    pub(crate) hashes: &'a RefreshHashes,
}

/// The token that replaces a presented one.
pub(crate) struct Successor<'a> {
    pub(crate) hash: &'a [u8],
    /// What it was made of, besides the presented token.
    pub(crate) salt: &'a [u8],
    pub(crate) salt_key: &'a [u8],
    /// When it expires, unless the sign-in ends before.
    pub(crate) expires_at: Time,
    /// When the auth token that is issued with it has expired.
    pub(crate) auth_until: Time,
}

/// A sign-in whose last refresh token is presented again, and what its valid one was made of.
pub(crate) struct Repeated {
    pub(crate) hash: Vec<u8>,
    pub(crate) salt: Vec<u8>,
    pub(crate) salt_key: Vec<u8>,
    pub(crate) user_id: UserId,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

columns!(Repeated {
    hash,
    salt,
    salt_key,
    user_id,
    created_at,
    expires_at
});

/// Stores a sign-in, and deletes some that ended long ago.
pub(crate) fn insert(tx: &Tx<'_>, sign_in: &SignInRow) -> Result<(), SqlError> {
    tx.run(
        "DELETE FROM sign_ins WHERE id IN
         (SELECT id FROM sign_ins WHERE kept_until <= ? ORDER BY kept_until LIMIT ?)",
        (sign_in.created_at, MOST),
    )?;
    let refresh = sign_in.refresh.as_ref();
    tx.run(
        "INSERT INTO sign_ins (id, user_id, hash, family_hash, created_at, ends_at, expires_at,
         kept_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &sign_in.id,
            &sign_in.user_id,
            refresh.map(|hashes| &hashes.token),
            refresh.map(|hashes| &hashes.family),
            sign_in.created_at,
            sign_in.ends_at,
            sign_in.expires_at,
            sign_in.kept_until,
        ),
    )?;
    Ok(())
}

/// Whether the user has this sign-in.
pub(crate) fn exists(tx: &Tx<'_>, id: &SignInId, user_id: &UserId) -> Result<bool, SqlError> {
    tx.value(
        "SELECT EXISTS (SELECT 1 FROM sign_ins WHERE id = ? AND user_id = ?)",
        (id, user_id),
    )
}

/// This sign-in of the user, if it has not ended and its tokens have not expired.
pub(crate) fn standing(
    tx: &Tx<'_>,
    id: &SignInId,
    user_id: &UserId,
    now: Time,
) -> Result<Option<Standing>, SqlError> {
    tx.maybe_row(
        "SELECT created_at, kept_until FROM sign_ins WHERE id = ? AND user_id = ? AND kept_until > ?",
        (id, user_id, now),
    )
}

/// Whether tokens of the user that were issued at this time, and belong to no sign-in, are still accepted.
pub(crate) fn accepts_issued(
    tx: &Tx<'_>,
    user_id: &UserId,
    issued_at: Time,
) -> Result<bool, SqlError> {
    tx.value(
        "SELECT EXISTS (SELECT 1 FROM users WHERE id = ? AND tokens_not_before < ?)",
        (user_id, issued_at),
    )
}

/// Replaces the presented token by its successor. `None` if the presented one is not the valid one, or the user may not
/// sign in.
pub(crate) fn exchange(
    tx: &Tx<'_>,
    app_id: &AppId,
    token: &Presented<'_>,
    next: &Successor<'_>,
    now: Time,
) -> Result<Option<Refreshed>, SqlError> {
    tx.maybe_row(
        "UPDATE sign_ins SET spent_hash = hash, spent_at = ?, hash = ?, family_hash = ?, salt = ?,
         salt_key = ?, expires_at = min(ends_at, ?), kept_until = max(min(ends_at, ?), ?),
         last_used_at = ?
         WHERE id = ? AND hash = ? AND expires_at > ? AND EXISTS
         (SELECT 1 FROM users WHERE users.id = user_id AND app_id = ? AND status <> 'inactive')
         RETURNING user_id, created_at, expires_at",
        (
            now,
            next.hash,
            &token.hashes.family,
            next.salt,
            next.salt_key,
            next.expires_at,
            next.expires_at,
            next.auth_until,
            now,
            token.sign_in,
            &token.hashes.token,
            now,
            app_id,
        ),
    )
}

/// The sign-in whose last spent token is presented again, if it was spent after `since` and its successor was not used.
pub(crate) fn repeat(
    tx: &Tx<'_>,
    app_id: &AppId,
    token: &Presented<'_>,
    since: Time,
    now: Time,
) -> Result<Option<Repeated>, SqlError> {
    tx.maybe_row(
        "SELECT hash, salt, salt_key, user_id, created_at, expires_at FROM sign_ins
         WHERE id = ? AND spent_hash = ? AND spent_at > ? AND expires_at > ? AND EXISTS
         (SELECT 1 FROM users WHERE users.id = user_id AND app_id = ? AND status <> 'inactive')",
        (token.sign_in, &token.hashes.token, since, now, app_id),
    )
}

/// Ends a sign-in whose token is presented again after it was exchanged. The id of a sign-in is in its auth tokens, so
/// it proves nothing: only the part that its refresh tokens have in common does.
pub(crate) fn end_if_reused(
    tx: &Tx<'_>,
    app_id: &AppId,
    token: &Presented<'_>,
) -> Result<bool, SqlError> {
    let ended: Option<UserId> = tx.maybe_value(
        "DELETE FROM sign_ins WHERE id = ? AND hash <> ?
         AND (family_hash IS NULL OR family_hash = ?)
         AND user_id IN (SELECT id FROM users WHERE app_id = ?) RETURNING user_id",
        (
            token.sign_in,
            &token.hashes.token,
            &token.hashes.family,
            app_id,
        ),
    )?;
    let Some(user_id) = ended else {
        return Ok(false);
    };
    tx.acting().concerns(&user_id);
    let change = Change::new(AuditAction::SignInEnded).reason(AuditReason::RefreshTokenReused);
    change.app(app_id).user(&user_id).insert(tx)?;
    Ok(true)
}

/// Ends the sign-in that the presented token, or the successor of it, is valid for.
pub(crate) fn end(tx: &Tx<'_>, app_id: &AppId, token: &Presented<'_>) -> Result<(), SqlError> {
    let hash = &token.hashes.token;
    let ended: Option<UserId> = tx.maybe_value(
        "DELETE FROM sign_ins WHERE id = ? AND (hash = ? OR spent_hash = ?)
         AND user_id IN (SELECT id FROM users WHERE app_id = ?) RETURNING user_id",
        (token.sign_in, hash, hash, app_id),
    )?;
    let Some(user_id) = ended else {
        return Ok(());
    };
    let change = Change::new(AuditAction::SignedOut).app(app_id);
    let change = change.user(&user_id).by(Actor::User(user_id.clone()));
    change.insert(tx)
}

/// Ends every sign-in of a user: neither their refresh tokens nor the auth tokens issued so far are accepted any more.
/// What these tokens began ends as well: changes of an identifier, and devices that wait for a link that was opened
/// before.
pub(crate) fn end_all(tx: &Tx<'_>, user_id: &UserId, now: Time) -> Result<(), SqlError> {
    end_all_but(tx, user_id, None, now)
}

/// Likewise, but leaves the link that is being opened to the device that waits for it.
pub(super) fn end_all_but(
    tx: &Tx<'_>,
    user_id: &UserId,
    opening: Option<&[u8]>,
    now: Time,
) -> Result<(), SqlError> {
    tx.run("DELETE FROM sign_ins WHERE user_id = ?", (user_id,))?;
    // A clock that was set back must not revive tokens that ended before.
    tx.run(
        "UPDATE users SET tokens_not_before = max(tokens_not_before, ?) WHERE id = ?",
        (now, user_id),
    )?;
    // Which links were opened before is not told by times: a clock is read before the command waits for its turn.
    tx.run(
        "UPDATE magic_links SET expires_at = min(expires_at, ?), claimed_at = coalesce(claimed_at, ?)
         WHERE user_id = ? AND (purpose = ? OR (opened_at IS NOT NULL AND id_hash IS NOT ?))",
        (now, now, user_id, Purpose::ChangeIdentifier, opening),
    )?;
    let change = Change::new(AuditAction::SignInsEnded).at(now);
    change.user(user_id).insert(tx)
}

/// Makes the store refuse new sign-ins, or accept them again.
#[cfg(test)]
pub(crate) fn refuse_new(tx: &Tx<'_>, refuse: bool) -> Result<(), SqlError> {
    let statement = if refuse {
        "CREATE TRIGGER no_sign_in BEFORE INSERT ON sign_ins BEGIN SELECT RAISE(ABORT, 'no'); END"
    } else {
        "DROP TRIGGER no_sign_in"
    };
    tx.run(statement, ())?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::store::apps::{self, AppRow};
    use crate::store::users::{self, MadeBy, NewUser};
    use crate::store::{Connection, Store, StoreError};

    fn hashes(token: u8) -> RefreshHashes {
        RefreshHashes {
            token: vec![token],
            family: vec![0],
        }
    }

    fn successor(hash: &[u8]) -> Successor<'_> {
        Successor {
            hash,
            salt: &[7],
            salt_key: &[8],
            expires_at: at(200),
            auth_until: at(120),
        }
    }

    /// A store with one user, and a row of theirs.
    async fn store() -> (Store, UserId) {
        let store = Store::in_memory().unwrap();
        let fill = store.write(|tx| {
            let app = AppRow {
                id: "app".into(),
                settings: "{}".to_owned(),
                created_at: at(0),
            };
            apps::put(tx, &app)?;
            let new = NewUser::new(UserId::new(), MadeBy::Backend);
            let user = users::insert(tx, &"app".into(), &new, at(0))?;
            insert(tx, &row("sign-in", &user.id, at(0)))?;
            Ok::<_, StoreError>(user.id)
        });
        let user_id = fill.await.unwrap();
        (store, user_id)
    }

    fn row(id: &str, user_id: &UserId, created_at: Time) -> SignInRow {
        SignInRow {
            id: id.into(),
            user_id: user_id.to_owned(),
            created_at,
            ends_at: at(100),
            expires_at: at(50),
            kept_until: at(60),
            refresh: Some(hashes(1)),
        }
    }

    #[tokio::test]
    async fn a_refresh_token_is_exchanged_once_and_repeated_for_a_while() {
        let (store, _) = store().await;
        let work = store.write(|tx| {
            let (app, id) = ("app".into(), "sign-in".into());
            let (first, second) = (hashes(1), hashes(2));
            let token = |hashes| Presented {
                sign_in: &id,
                hashes,
            };
            let mut exchanged = Vec::new();
            for next in [[2], [3]] {
                let next = successor(&next);
                exchanged.push(exchange(tx, &app, &token(&first), &next, at(10))?);
            }
            let ends: Vec<_> = exchanged
                .iter()
                .map(|refreshed| refreshed.as_ref().map(|refreshed| refreshed.expires_at))
                .collect();
            assert_eq!(ends, [Some(at(100)), None]);
            let again = |since, now| {
                let found = repeat(tx, &app, &token(&first), since, now)?;
                Ok::<_, SqlError>(found.map(|found| (found.hash, found.salt, found.salt_key)))
            };
            assert_eq!(again(at(9), at(10))?, Some((vec![2], vec![7], vec![8])));
            assert_eq!(again(at(10), at(10))?, None, "too late");
            assert_eq!(again(at(9), at(100))?, None, "the sign-in has ended");
            exchange(tx, &app, &token(&second), &successor(&[3]), at(11))?;
            assert_eq!(again(at(0), at(11))?, None, "the successor was used");
            Ok::<_, StoreError>(())
        });
        work.await.unwrap();
    }

    #[tokio::test]
    async fn only_a_token_of_the_family_ends_a_sign_in() {
        let (store, user_id) = store().await;
        let work = store.write(move |tx| {
            let (app, id) = ("app".into(), "sign-in".into());
            let stranger = RefreshHashes {
                token: vec![9],
                family: vec![9],
            };
            let stranger = Presented {
                sign_in: &id,
                hashes: &stranger,
            };
            end_if_reused(tx, &app, &stranger)?;
            end(tx, &app, &stranger)?;
            assert!(exists(tx, &id, &user_id)?);
            assert!(!exists(tx, &id, &"other".into())?);
            let reused = Presented {
                sign_in: &id,
                hashes: &hashes(9),
            };
            assert!(!end_if_reused(tx, &"other".into(), &reused)?);
            assert!(end_if_reused(tx, &app, &reused)?);
            assert!(!exists(tx, &id, &user_id)?);
            Ok::<_, StoreError>(())
        });
        work.await.unwrap();
    }

    #[tokio::test]
    async fn rows_are_kept_until_their_last_token_has_expired() {
        let (store, user_id) = store().await;
        let work = store.write(move |tx| {
            let there = |id: &str| exists(tx, &id.into(), &user_id);
            insert(tx, &row("second", &user_id, at(59)))?;
            assert!(there("sign-in")? && there("second")?);
            insert(tx, &row("third", &user_id, at(60)))?;
            assert!(!there("sign-in")? && !there("second")? && there("third")?);
            Ok::<_, StoreError>(())
        });
        work.await.unwrap();
    }

    #[tokio::test]
    async fn tokens_without_a_sign_in_are_accepted_if_they_are_younger_than_the_last_end() {
        let (store, user_id) = store().await;
        let work = store.write(move |tx| {
            let accepts = |issued: i64| accepts_issued(tx, &user_id, Time::from_second(issued));
            assert!(accepts(0)?);
            end_all(tx, &user_id, at(5_000_001))?;
            assert!(!accepts(0)? && !accepts(5)? && accepts(6)?);
            end_all(tx, &user_id, at(7_000_000))?;
            assert!(!accepts(7)? && accepts(8)?);
            end_all(tx, &user_id, at(5_000_000))?;
            assert!(!accepts(7)? && accepts(8)?, "the clock was set back");
            Ok::<_, StoreError>(())
        });
        work.await.unwrap();
    }

    #[test]
    fn sign_ins_from_before_go_on() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE users (id TEXT PRIMARY KEY, app_id TEXT, status TEXT);
             INSERT INTO users VALUES ('user', 'app', 'active');
             CREATE TABLE refresh_tokens (id)",
        )
        .unwrap();
        for script in [
            include_str!("../../migrations/0012_sign_ins.sql"),
            "INSERT INTO sign_ins VALUES ('sign-in', 'user', x'01', 0, 100, 50)",
            include_str!("../../migrations/0015_sign_ins.sql"),
            include_str!("../../migrations/0017_audit.sql"),
        ] {
            conn.execute_batch(script).unwrap();
        }
        let tx = Tx::new(&conn);
        let token = Presented {
            sign_in: &"sign-in".into(),
            hashes: &hashes(1),
        };
        let refreshed = exchange(&tx, &"app".into(), &token, &successor(&[2]), at(10));
        assert_eq!(refreshed.unwrap().unwrap().expires_at, at(100));
        // Reuse is told as before, and from the first exchange on by the family.
        assert!(end_if_reused(&tx, &"app".into(), &token).unwrap());
    }
}
