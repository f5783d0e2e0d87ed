//! Refresh tokens. Only a hash of each is kept.

use super::Conn;

/// A refresh token as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct RefreshTokenRow {
    pub(crate) user_id: String,
    /// The sign-in that this token descends from.
    pub(crate) family: String,
    /// When the sign-in ends, however much it is used.
    pub(crate) family_ends_at: i64,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    /// When the token was exchanged for the next one.
    pub(crate) used_at: Option<i64>,
}

/// Stores a token.
pub(crate) async fn insert(
    conn: &mut Conn,
    hash: &[u8],
    token: &RefreshTokenRow,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO refresh_tokens (hash, user_id, family, family_ends_at, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(hash)
    .bind(&token.user_id)
    .bind(&token.family)
    .bind(token.family_ends_at)
    .bind(token.created_at)
    .bind(token.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The token with this hash, if it belongs to the app.
pub(crate) async fn by_hash(
    conn: &mut Conn,
    app_id: &str,
    hash: &[u8],
) -> Result<Option<RefreshTokenRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT t.user_id, t.family, t.family_ends_at, t.created_at, t.expires_at, t.used_at
         FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ? AND u.app_id = ?",
    )
    .bind(hash)
    .bind(app_id)
    .fetch_optional(conn)
    .await
}

/// Marks a token as exchanged. It is kept, so that a second use is seen.
pub(crate) async fn mark_used(conn: &mut Conn, hash: &[u8], now: i64) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE refresh_tokens SET used_at = ? WHERE hash = ?")
        .bind(now)
        .bind(hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a sign-in: deletes every token that descends from it.
pub(crate) async fn delete_family(conn: &mut Conn, family: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM refresh_tokens WHERE family = ?")
        .bind(family)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends every sign-in of a user.
pub(crate) async fn delete_of_user(conn: &mut Conn, user_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM refresh_tokens WHERE user_id = ?")
        .bind(user_id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets the tokens of a user that have expired.
pub(crate) async fn delete_expired(
    conn: &mut Conn,
    user_id: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM refresh_tokens WHERE user_id = ? AND family_ends_at <= ?")
        .bind(user_id)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}
