//! Apps and their settings.

use super::Conn;

/// An app as stored.
#[derive(Clone, sqlx::FromRow)]
pub(crate) struct AppRow {
    pub(crate) id: String,
    /// Settings as JSON.
    pub(crate) settings: String,
    pub(crate) created_at: i64,
}

/// The oldest app, which is the one a development server runs.
pub(crate) async fn first(conn: &mut Conn) -> Result<Option<AppRow>, sqlx::Error> {
    sqlx::query_as("SELECT id, settings, created_at FROM apps ORDER BY created_at, id LIMIT 1")
        .fetch_optional(conn)
        .await
}

/// One app.
pub(crate) async fn get(conn: &mut Conn, id: &str) -> Result<Option<AppRow>, sqlx::Error> {
    sqlx::query_as("SELECT id, settings, created_at FROM apps WHERE id = ?")
        .bind(id)
        .fetch_optional(conn)
        .await
}

/// All apps, oldest first.
pub(crate) async fn all(conn: &mut Conn) -> Result<Vec<AppRow>, sqlx::Error> {
    sqlx::query_as("SELECT id, settings, created_at FROM apps ORDER BY created_at, id")
        .fetch_all(conn)
        .await
}

/// Stores a new app. Its id must be free.
pub(crate) async fn insert(conn: &mut Conn, app: &AppRow) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO apps (id, settings, created_at) VALUES (?, ?, ?)")
        .bind(&app.id)
        .bind(&app.settings)
        .bind(app.created_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Stores an app, or its new settings.
pub(crate) async fn put(conn: &mut Conn, app: &AppRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO apps (id, settings, created_at) VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET settings = excluded.settings",
    )
    .bind(&app.id)
    .bind(&app.settings)
    .bind(app.created_at)
    .execute(conn)
    .await?;
    Ok(())
}
