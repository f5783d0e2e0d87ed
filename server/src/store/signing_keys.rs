//! Keys that sign auth tokens.

use super::Conn;

/// A signing key as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct SigningKeyRow {
    pub(crate) kid: String,
    pub(crate) pkcs8: Vec<u8>,
}

/// All keys of an app that verifiers must know, the active one last.
pub(crate) async fn list(conn: &mut Conn, app_id: &str) -> Result<Vec<SigningKeyRow>, sqlx::Error> {
    sqlx::query_as("SELECT kid, pkcs8 FROM signing_keys WHERE app_id = ? ORDER BY state = 'active', created_at, kid")
        .bind(app_id)
        .fetch_all(conn)
        .await
}

/// Stores a key as the active one. The key that was active before is retired, which still verifies.
pub(crate) async fn activate(
    conn: &mut Conn,
    app_id: &str,
    key: &SigningKeyRow,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE signing_keys SET state = 'retired' WHERE app_id = ? AND state = 'active'")
        .bind(app_id)
        .execute(&mut *conn)
        .await?;
    sqlx::query("INSERT INTO signing_keys (kid, app_id, pkcs8, state, created_at) VALUES (?, ?, ?, 'active', ?)")
        .bind(&key.kid)
        .bind(app_id)
        .bind(&key.pkcs8)
        .bind(now)
        .execute(conn)
        .await?;
    Ok(())
}
