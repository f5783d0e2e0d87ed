//! Flex transactions and the nonces that prove that one was completed.

use super::sweep::sweep;
use super::{SqlError, Tx, columns};

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Register,
    Authenticate,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Authenticate => "authenticate",
        }
    }
}

/// A transaction as stored.
pub(crate) struct TransactionRow {
    pub(crate) id: String,
    kind: String,
    pub(crate) external_id: String,
    pub(crate) passkey_display_name: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

columns!(TransactionRow {
    id,
    kind,
    external_id,
    passkey_display_name,
    created_at,
    expires_at
});

impl TransactionRow {
    /// A transaction to store.
    pub(crate) fn new(
        id: String,
        kind: Kind,
        external_id: String,
        passkey_display_name: String,
        created_at: i64,
        expires_at: i64,
    ) -> Self {
        Self {
            id,
            kind: kind.as_str().to_owned(),
            external_id,
            passkey_display_name,
            created_at,
            expires_at,
        }
    }

    /// What the transaction is for.
    pub(crate) fn kind(&self) -> Kind {
        if self.kind == "register" {
            Kind::Register
        } else {
            Kind::Authenticate
        }
    }
}

/// Stores a transaction, and forgets those that have expired.
pub(crate) fn insert(
    tx: &Tx<'_>,
    app_id: &str,
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
            &transaction.kind,
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
    app_id: &str,
    id: &str,
    kind: Kind,
    now: i64,
) -> Result<Option<TransactionRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM transactions WHERE app_id = ? AND id = ? AND kind = ?
         AND expires_at > ?",
        (app_id, id, kind.as_str(), now),
    )
}

/// Takes a transaction that has not expired, so that it is completed once.
pub(crate) fn take(
    tx: &Tx<'_>,
    app_id: &str,
    id: &str,
    now: i64,
) -> Result<Option<TransactionRow>, SqlError> {
    tx.maybe_row(
        "DELETE FROM transactions WHERE app_id = ? AND id = ? AND expires_at > ?
         RETURNING *",
        (app_id, id, now),
    )
}

/// Stores the hash of a nonce, and forgets those that have expired.
pub(crate) fn insert_nonce(
    tx: &Tx<'_>,
    app_id: &str,
    hash: &[u8],
    external_id: &str,
    now: i64,
    expires_at: i64,
) -> Result<(), SqlError> {
    sweep(tx, "nonces", now)?;
    tx.run(
        "INSERT INTO nonces (hash, app_id, external_id, expires_at) VALUES (?, ?, ?, ?)",
        (hash, app_id, external_id, expires_at),
    )?;
    Ok(())
}

/// Takes a nonce that has not expired: the external id it proves, once.
pub(crate) fn take_nonce(
    tx: &Tx<'_>,
    app_id: &str,
    hash: &[u8],
    now: i64,
) -> Result<Option<String>, SqlError> {
    tx.maybe_value(
        "DELETE FROM nonces WHERE app_id = ? AND hash = ? AND expires_at > ?
         RETURNING external_id",
        (app_id, hash, now),
    )
}
