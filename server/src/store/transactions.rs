//! Flex transactions, and the nonces that prove their completion.

use super::sweep::sweep;
use super::text_enum::text_enum;
use super::{SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::AppId;

text_enum! {
    /// The purpose of a transaction.
    Kind {
        Register = "register",
        Authenticate = "authenticate",
    }
}

/// A transaction as stored.
pub(crate) struct TransactionRow {
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) external_id: String,
    pub(crate) passkey_display_name: String,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
}

columns!(TransactionRow {
    id,
    kind,
    external_id,
    passkey_display_name,
    created_at,
    expires_at
});

/// Stores a transaction, and deletes expired ones.
pub(crate) fn insert(
    tx: &Tx<'_>,
    app_id: &AppId,
    transaction: &TransactionRow,
) -> Result<(), SqlError> {
    sweep(tx, "transactions", transaction.created_at)?;
    tx.run(
        "INSERT INTO transactions (id, app_id, kind, external_id, passkey_display_name,
         created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            &transaction.id,
            app_id,
            transaction.kind,
            &transaction.external_id,
            &transaction.passkey_display_name,
            transaction.created_at,
            transaction.expires_at,
        ),
    )?;
    Ok(())
}

/// A transaction of this kind that has not expired.
pub(crate) fn get(
    tx: &Tx<'_>,
    app_id: &AppId,
    id: &str,
    kind: Kind,
    now: Time,
) -> Result<Option<TransactionRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM transactions WHERE app_id = ? AND id = ? AND kind = ?
         AND expires_at > ?",
        (app_id, id, kind, now),
    )
}

/// Takes a transaction that has not expired, so that it can be completed only once.
pub(crate) fn take(
    tx: &Tx<'_>,
    app_id: &AppId,
    id: &str,
    now: Time,
) -> Result<Option<TransactionRow>, SqlError> {
    tx.maybe_row(
        "DELETE FROM transactions WHERE app_id = ? AND id = ? AND expires_at > ?
         RETURNING *",
        (app_id, id, now),
    )
}

/// Stores the hash of a nonce, and deletes expired ones.
pub(crate) fn insert_nonce(
    tx: &Tx<'_>,
    app_id: &AppId,
    hash: &[u8],
    external_id: &str,
    now: Time,
    expires_at: Time,
) -> Result<(), SqlError> {
    sweep(tx, "nonces", now)?;
    tx.run(
        "INSERT INTO nonces (hash, app_id, external_id, expires_at) VALUES (?, ?, ?, ?)",
        (hash, app_id, external_id, expires_at),
    )?;
    Ok(())
}

/// Takes a nonce that has not expired: returns, once, the external id that it proves. `None` too if the user with this
/// external id was deleted or deactivated meanwhile.
pub(crate) fn take_nonce(
    tx: &Tx<'_>,
    app_id: &AppId,
    hash: &[u8],
    now: Time,
) -> Result<Option<String>, SqlError> {
    tx.maybe_value(
        "DELETE FROM nonces WHERE app_id = ? AND hash = ? AND expires_at > ? AND EXISTS
         (SELECT 1 FROM users WHERE users.app_id = nonces.app_id
         AND users.external_id = nonces.external_id AND status <> 'inactive')
         RETURNING external_id",
        (app_id, hash, now),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::ids::UserId;
    use crate::store::StoreError;
    use crate::store::testing::{APP, File, USER};
    use crate::store::users::{self, UserStatus};

    #[tokio::test]
    async fn a_transaction_is_taken_once_in_time_and_from_its_app() {
        let file = File::new().await;
        let takes = file.run(|tx| {
            for kind in [Kind::Register, Kind::Authenticate] {
                let transaction = TransactionRow {
                    id: format!("{kind:?}"),
                    kind,
                    external_id: "customer".to_owned(),
                    passkey_display_name: String::new(),
                    created_at: at(0),
                    expires_at: at(10),
                };
                insert(tx, &APP.into(), &transaction)?;
            }
            let take = |app_id, id, now| {
                let taken = take(tx, app_id, id, now)?;
                Ok::<_, StoreError>(taken.map(|taken| taken.kind))
            };
            Ok::<_, StoreError>([
                take(&"another".into(), "Register", at(9))?,
                take(&APP.into(), "Register", at(10))?,
                take(&APP.into(), "Register", at(9))?,
                take(&APP.into(), "Register", at(9))?,
                take(&APP.into(), "Authenticate", at(9))?,
            ])
        });
        let (register, authenticate) = (Some(Kind::Register), Some(Kind::Authenticate));
        let expected = [None, None, register, None, authenticate];
        assert_eq!(takes.await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_nonce_is_taken_once_in_time_and_from_its_app() {
        let file = File::new().await;
        let takes = file.run(|tx| {
            insert_nonce(tx, &APP.into(), &[1], "customer", at(0), at(10))?;
            Ok::<_, StoreError>([
                take_nonce(tx, &"another".into(), &[1], at(9))?,
                take_nonce(tx, &APP.into(), &[2], at(9))?,
                take_nonce(tx, &APP.into(), &[1], at(10))?,
                take_nonce(tx, &APP.into(), &[1], at(9))?,
                take_nonce(tx, &APP.into(), &[1], at(9))?,
            ])
        });
        let expected = [None, None, None, Some("customer".to_owned()), None];
        assert_eq!(takes.await.unwrap(), expected);
    }

    #[tokio::test]
    async fn a_nonce_needs_a_user_who_is_there_and_active() {
        let file = File::new().await;
        let takes = file.run(|tx| {
            let (app, user): (AppId, UserId) = (APP.into(), USER.into());
            insert_nonce(tx, &app, &[1], "customer", at(0), at(10))?;
            insert_nonce(tx, &app, &[2], "nobody", at(0), at(10))?;
            users::set_status(tx, &app, &user, UserStatus::Inactive, at(1))?;
            let inactive = take_nonce(tx, &app, &[1], at(1))?;
            let unknown = take_nonce(tx, &app, &[2], at(1))?;
            users::set_status(tx, &app, &user, UserStatus::Active, at(1))?;
            let active = take_nonce(tx, &app, &[1], at(1))?;
            Ok::<_, StoreError>([inactive, unknown, active])
        });
        let expected = [None, None, Some("customer".to_owned())];
        assert_eq!(takes.await.unwrap(), expected);
    }

    #[tokio::test]
    async fn only_a_user_of_the_app_is_deleted_with_the_transactions_of_their_external_id() {
        let file = File::new().await;
        let left = file.run(|tx| {
            let (app, user): (AppId, UserId) = (APP.into(), USER.into());
            let mut left = Vec::new();
            for external_id in ["customer", "another"] {
                let transaction = TransactionRow {
                    id: external_id.to_owned(),
                    kind: Kind::Register,
                    external_id: external_id.to_owned(),
                    passkey_display_name: String::new(),
                    created_at: at(0),
                    expires_at: at(10),
                };
                insert(tx, &app, &transaction)?;
            }
            for of in ["another-app", APP] {
                users::delete(tx, &of.into(), &user)?;
                for id in ["customer", "another"] {
                    left.push(get(tx, &app, id, Kind::Register, at(1))?.is_some());
                }
            }
            Ok::<_, StoreError>(left)
        });
        assert_eq!(left.await.unwrap(), [true, true, false, true]);
    }
}
