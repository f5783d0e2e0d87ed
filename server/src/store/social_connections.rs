//! Accounts at identity providers that users have connected: for each user one per provider at most, and each account
//! with one user of the app.

use super::Conn;

/// A connection as stored.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct ConnectionRow {
    pub(crate) user_id: String,
    /// Name of the provider.
    pub(crate) r#type: String,
    pub(crate) provider_id: String,
    pub(crate) provider_identifier: String,
    pub(crate) created_at: i64,
    pub(crate) last_login_at: i64,
}

/// Stores a connection. A unique violation says that the account or the user has another one.
pub(crate) async fn insert(
    conn: &mut Conn,
    app_id: &str,
    connection: &ConnectionRow,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO social_connections
         (user_id, app_id, type, provider_id, provider_identifier, created_at, last_login_at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&connection.user_id)
    .bind(app_id)
    .bind(&connection.r#type)
    .bind(&connection.provider_id)
    .bind(&connection.provider_identifier)
    .bind(connection.created_at)
    .bind(connection.last_login_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The connection of an account.
pub(crate) async fn by_account(
    conn: &mut Conn,
    app_id: &str,
    provider: &str,
    provider_id: &str,
) -> Result<Option<ConnectionRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT user_id, type, provider_id, provider_identifier, created_at, last_login_at
         FROM social_connections WHERE app_id = ? AND type = ? AND provider_id = ?",
    )
    .bind(app_id)
    .bind(provider)
    .bind(provider_id)
    .fetch_optional(conn)
    .await
}

/// The connections of a user.
pub(crate) async fn list(
    conn: &mut Conn,
    user_id: &str,
) -> Result<Vec<ConnectionRow>, sqlx::Error> {
    sqlx::query_as(
        "SELECT user_id, type, provider_id, provider_identifier, created_at, last_login_at
         FROM social_connections WHERE user_id = ?",
    )
    .bind(user_id)
    .fetch_all(conn)
    .await
}

/// Notes a login, and what the account is called now.
pub(crate) async fn note_login(
    conn: &mut Conn,
    connection: &ConnectionRow,
    identifier: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE social_connections SET last_login_at = ?, provider_identifier = ? WHERE user_id = ? AND type = ?",
    )
    .bind(now)
    .bind(identifier)
    .bind(&connection.user_id)
    .bind(&connection.r#type)
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a user's connection to a provider. Says whether there was one.
pub(crate) async fn delete(
    conn: &mut Conn,
    user_id: &str,
    provider: &str,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("DELETE FROM social_connections WHERE user_id = ? AND type = ?")
        .bind(user_id)
        .bind(provider)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
