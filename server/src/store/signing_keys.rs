//! Keys that sign auth tokens, and the rotations that were asked for.

use super::Conn;

/// A signing key as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct SigningKeyRow {
    pub(crate) kid: String,
    /// The key pair, encrypted if the server has a key for that.
    pub(crate) pkcs8: Vec<u8>,
    /// `next`, `active` or `retired`.
    pub(crate) state: String,
    pub(crate) created_at: i64,
    pub(crate) active_from: Option<i64>,
    pub(crate) retired_at: Option<i64>,
    /// Seconds that the tokens it signed are good for, at most.
    pub(crate) longest_token: i64,
}

/// All keys of an app that verifiers must know, oldest first.
pub(crate) async fn list(conn: &mut Conn, app_id: &str) -> Result<Vec<SigningKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT kid, pkcs8, state, created_at, active_from, retired_at, longest_token
         FROM signing_keys WHERE app_id = ? ORDER BY created_at, rowid",
    )
    .bind(app_id)
    .fetch_all(conn)
    .await
}

/// Stores a key that is announced, and signs nothing yet.
pub(crate) async fn announce(
    conn: &mut Conn,
    app_id: &str,
    kid: &str,
    pkcs8: &[u8],
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO signing_keys (kid, app_id, pkcs8, state, created_at) VALUES (?, ?, ?, 'next', ?)")
        .bind(kid)
        .bind(app_id)
        .bind(pkcs8)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}

/// Signs with the announced key from now on. The key that was active is retired, which still verifies.
pub(crate) async fn activate(
    conn: &mut Conn,
    app_id: &str,
    longest_token: i64,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE signing_keys SET state = 'retired', retired_at = ? WHERE app_id = ? AND state = 'active'",
    )
    .bind(now)
    .bind(app_id)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "UPDATE signing_keys SET state = 'active', active_from = ?, longest_token = ?
         WHERE app_id = ? AND state = 'next'",
    )
    .bind(now)
    .bind(longest_token)
    .bind(app_id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that the active key signs tokens that are good for so many seconds.
pub(crate) async fn note_lifetime(
    conn: &mut Conn,
    app_id: &str,
    seconds: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE signing_keys SET longest_token = max(longest_token, ?) WHERE app_id = ? AND state = 'active'",
    )
    .bind(seconds)
    .bind(app_id)
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a key in another form.
pub(crate) async fn replace(conn: &mut Conn, kid: &str, pkcs8: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE signing_keys SET pkcs8 = ? WHERE kid = ?")
        .bind(pkcs8)
        .bind(kid)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets a retired key: the tokens it signed have expired.
pub(crate) async fn forget(conn: &mut Conn, app_id: &str, kid: &str) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM signing_keys WHERE app_id = ? AND kid = ? AND state = 'retired'")
        .bind(app_id)
        .bind(kid)
        .execute(conn)
        .await?;
    Ok(())
}

/// A rotation that a command asked for.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct RotationRow {
    pub(crate) app_id: String,
    pub(crate) at_once: bool,
    pub(crate) asked_at: i64,
}

/// Asks for a rotation. One that was asked for and is in more of a hurry stays so.
pub(crate) async fn ask(
    conn: &mut Conn,
    app_id: &str,
    at_once: bool,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO rotations (app_id, at_once, asked_at) VALUES (?, ?, ?)
         ON CONFLICT (app_id) DO UPDATE SET at_once = max(at_once, excluded.at_once), asked_at = excluded.asked_at",
    )
    .bind(app_id)
    .bind(at_once)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

/// The rotations that are asked for.
pub(crate) async fn asked(conn: &mut Conn) -> Result<Vec<RotationRow>, sqlx::Error> {
    sqlx::query_as("SELECT app_id, at_once, asked_at FROM rotations ORDER BY app_id")
        .fetch_all(conn)
        .await
}

/// Crosses a rotation out, unless it was asked for again.
pub(crate) async fn done(conn: &mut Conn, rotation: &RotationRow) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM rotations WHERE app_id = ? AND at_once = ? AND asked_at = ?")
        .bind(&rotation.app_id)
        .bind(rotation.at_once)
        .bind(rotation.asked_at)
        .execute(conn)
        .await?;
    Ok(())
}
