//! Magic links. Only a hash of each secret is kept.

use super::Conn;

/// A link to store.
pub(crate) struct NewMagicLink {
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) hash: Vec<u8>,
    pub(crate) identifier: String,
    pub(crate) r#type: String,
    pub(crate) redirect_url: String,
    pub(crate) ttl_minutes: i64,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

/// Stores a link.
pub(crate) async fn insert(conn: &mut Conn, link: &NewMagicLink) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO magic_links (id, user_id, hash, identifier, type, redirect_url, ttl_minutes, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&link.id)
    .bind(&link.user_id)
    .bind(&link.hash)
    .bind(&link.identifier)
    .bind(&link.r#type)
    .bind(&link.redirect_url)
    .bind(link.ttl_minutes)
    .bind(link.created_at)
    .bind(link.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}
