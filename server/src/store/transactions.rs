//! Flex transactions and the nonces that prove that one was completed.

use super::Conn;

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
#[derive(sqlx::FromRow)]
pub(crate) struct TransactionRow {
    pub(crate) id: String,
    kind: String,
    pub(crate) external_id: String,
    pub(crate) passkey_display_name: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

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
pub(crate) async fn insert(
    conn: &mut Conn,
    app_id: &str,
    transaction: &TransactionRow,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM transactions WHERE app_id = ? AND expires_at <= ?")
        .bind(app_id)
        .bind(transaction.created_at)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "INSERT INTO transactions (id, app_id, kind, external_id, passkey_display_name, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&transaction.id)
    .bind(app_id)
    .bind(&transaction.kind)
    .bind(&transaction.external_id)
    .bind(&transaction.passkey_display_name)
    .bind(transaction.created_at)
    .bind(transaction.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// A transaction of this kind that has not expired.
pub(crate) async fn get(
    conn: &mut Conn,
    app_id: &str,
    id: &str,
    kind: Kind,
    now: i64,
) -> Result<Option<TransactionRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT * FROM transactions WHERE app_id = ? AND id = ? AND kind = ? AND expires_at > ?",
    )
    .bind(app_id)
    .bind(id)
    .bind(kind.as_str())
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// Takes a transaction that has not expired, so that it is completed once.
pub(crate) async fn take(
    conn: &mut Conn,
    app_id: &str,
    id: &str,
    now: i64,
) -> Result<Option<TransactionRow>, sqlx::Error> {
    sqlx::query_as(
        "DELETE FROM transactions WHERE app_id = ? AND id = ? AND expires_at > ? RETURNING *",
    )
    .bind(app_id)
    .bind(id)
    .bind(now)
    .fetch_optional(conn)
    .await
}

/// Stores the hash of a nonce, and forgets those that have expired.
pub(crate) async fn insert_nonce(
    conn: &mut Conn,
    app_id: &str,
    hash: &[u8],
    external_id: &str,
    now: i64,
    expires_at: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM nonces WHERE app_id = ? AND expires_at <= ?")
        .bind(app_id)
        .bind(now)
        .execute(&mut *conn)
        .await?;
    sqlx::query("INSERT INTO nonces (hash, app_id, external_id, expires_at) VALUES (?, ?, ?, ?)")
        .bind(hash)
        .bind(app_id)
        .bind(external_id)
        .bind(expires_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes a nonce that has not expired: the external id it proves, once.
pub(crate) async fn take_nonce(
    conn: &mut Conn,
    app_id: &str,
    hash: &[u8],
    now: i64,
) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar(
        "DELETE FROM nonces WHERE app_id = ? AND hash = ? AND expires_at > ? RETURNING external_id",
    )
    .bind(app_id)
    .bind(hash)
    .bind(now)
    .fetch_optional(conn)
    .await
}
