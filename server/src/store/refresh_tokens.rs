//! Refresh tokens. Only a hash of each is kept.

use super::{Conn, SqlError, Statements as _, columns};

/// A refresh token as stored.
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

columns!(RefreshTokenRow {
    user_id,
    family,
    family_ends_at,
    created_at,
    expires_at,
    used_at
});

/// Stores a token.
pub(crate) fn insert(conn: &Conn, hash: &[u8], token: &RefreshTokenRow) -> Result<(), SqlError> {
    conn.run(
        "INSERT INTO refresh_tokens (hash, user_id, family, family_ends_at, created_at,
         expires_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        (
            hash,
            &token.user_id,
            &token.family,
            token.family_ends_at,
            token.created_at,
            token.expires_at,
        ),
    )?;
    Ok(())
}

/// The token with this hash, if it belongs to the app.
pub(crate) fn by_hash(
    conn: &Conn,
    app_id: &str,
    hash: &[u8],
) -> Result<Option<RefreshTokenRow>, SqlError> {
    conn.maybe_row(
        "SELECT t.user_id, t.family, t.family_ends_at, t.created_at, t.expires_at,
         t.used_at
         FROM refresh_tokens t JOIN users u ON u.id = t.user_id WHERE t.hash = ? AND
         u.app_id = ?",
        (hash, app_id),
    )
}

/// Marks a token as exchanged. It is kept, so that a second use is seen.
pub(crate) fn mark_used(conn: &Conn, hash: &[u8], now: i64) -> Result<(), SqlError> {
    conn.run(
        "UPDATE refresh_tokens SET used_at = ? WHERE hash = ?",
        (now, hash),
    )?;
    Ok(())
}

/// Ends a sign-in: deletes every token that descends from it.
pub(crate) fn delete_family(conn: &Conn, family: &str) -> Result<(), SqlError> {
    conn.run("DELETE FROM refresh_tokens WHERE family = ?", (family,))?;
    Ok(())
}

/// Ends every sign-in of a user.
pub(crate) fn delete_of_user(conn: &Conn, user_id: &str) -> Result<(), SqlError> {
    conn.run("DELETE FROM refresh_tokens WHERE user_id = ?", (user_id,))?;
    Ok(())
}

/// Forgets the tokens of a user that have expired.
pub(crate) fn delete_expired(conn: &Conn, user_id: &str, now: i64) -> Result<(), SqlError> {
    conn.run(
        "DELETE FROM refresh_tokens WHERE user_id = ? AND family_ends_at <= ?",
        (user_id, now),
    )?;
    Ok(())
}
