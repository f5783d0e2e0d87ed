//! Passkey ceremonies under way.

use super::Conn;

/// A ceremony as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct CeremonyRow {
    pub(crate) id: String,
    pub(crate) purpose: String,
    /// Whose ceremony it is, if that is known.
    pub(crate) user_id: Option<String>,
    pub(crate) transaction_id: Option<String>,
    /// The handle that a new passkey gets.
    pub(crate) user_handle: Option<Vec<u8>>,
    /// What the library that checks the outcome has to remember.
    pub(crate) state: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

/// Stores a ceremony, and forgets those that have expired.
pub(crate) async fn insert(
    conn: &mut Conn,
    app_id: &str,
    ceremony: &CeremonyRow,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM ceremonies WHERE expires_at <= ?")
        .bind(ceremony.created_at)
        .execute(&mut *conn)
        .await?;
    sqlx::query(
        "INSERT INTO ceremonies (id, app_id, purpose, user_id, transaction_id, user_handle, state, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&ceremony.id)
    .bind(app_id)
    .bind(&ceremony.purpose)
    .bind(&ceremony.user_id)
    .bind(&ceremony.transaction_id)
    .bind(&ceremony.user_handle)
    .bind(&ceremony.state)
    .bind(ceremony.created_at)
    .bind(ceremony.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// A ceremony, expired or not.
pub(crate) async fn get(
    conn: &mut Conn,
    app_id: &str,
    id: &str,
) -> Result<Option<CeremonyRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM ceremonies WHERE app_id = ? AND id = ?")
        .bind(app_id)
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// Ends a ceremony. Says whether it was still under way.
pub(crate) async fn take(conn: &mut Conn, app_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM ceremonies WHERE app_id = ? AND id = ?")
        .bind(app_id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
