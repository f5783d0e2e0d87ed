//! API keys of an app. Only a hash of each key is kept.

use super::Conn;

/// An API key, without the key.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct ApiKeyRow {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) prefix: String,
    pub(crate) role: String,
    pub(crate) created_at: i64,
}

/// Stores a key. A key whose hash is known already stays as it is.
pub(crate) async fn insert(
    conn: &mut Conn,
    app_id: &str,
    key: &ApiKeyRow,
    hash: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO api_keys (id, app_id, name, prefix, hash, role, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (app_id, hash) DO NOTHING",
    )
    .bind(&key.id)
    .bind(app_id)
    .bind(&key.name)
    .bind(&key.prefix)
    .bind(hash)
    .bind(&key.role)
    .bind(key.created_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The key with this hash.
pub(crate) async fn by_hash(
    conn: &mut Conn,
    app_id: &str,
    hash: &[u8],
) -> Result<Option<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, name, prefix, role, created_at FROM api_keys WHERE app_id = ? AND hash = ?",
    )
    .bind(app_id)
    .bind(hash)
    .fetch_optional(conn)
    .await
}

/// All keys, oldest first.
pub(crate) async fn list(conn: &mut Conn, app_id: &str) -> Result<Vec<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as("SELECT id, name, prefix, role, created_at FROM api_keys WHERE app_id = ? ORDER BY created_at, id")
        .bind(app_id)
        .fetch_all(conn)
        .await
}

/// One key.
pub(crate) async fn get(
    conn: &mut Conn,
    app_id: &str,
    id: &str,
) -> Result<Option<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT id, name, prefix, role, created_at FROM api_keys WHERE app_id = ? AND id = ?",
    )
    .bind(app_id)
    .bind(id)
    .fetch_optional(conn)
    .await
}

/// Deletes a key. Says whether there was one.
pub(crate) async fn delete(conn: &mut Conn, app_id: &str, id: &str) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM api_keys WHERE app_id = ? AND id = ?")
        .bind(app_id)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
