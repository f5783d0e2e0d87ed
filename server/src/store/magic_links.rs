//! Magic links. Only hashes of a link's secret and of its id are kept.

use super::Conn;

/// How long an expired link is kept, in microseconds, so that whoever waits for it is told that it expired.
const KEPT: i64 = 3600 * 1_000_000;
/// How many expired links are forgotten at a time.
const SWEEP: i64 = 100;

/// A link as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct LinkRow {
    pub(crate) id_hash: Vec<u8>,
    pub(crate) app_id: String,
    /// `None` for a link that nobody was sent.
    pub(crate) user_id: Option<String>,
    pub(crate) hash: Vec<u8>,
    pub(crate) purpose: String,
    pub(crate) identifier: String,
    /// Whether the server itself sent it to the identifier.
    pub(crate) delivered: bool,
    pub(crate) redirect_url: String,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) opened_at: Option<i64>,
    /// When the device that waited got its tokens.
    pub(crate) claimed_at: Option<i64>,
}

/// Stores a link that nobody opened yet, and forgets some of those that expired long ago.
pub(crate) async fn insert(conn: &mut Conn, link: &LinkRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM magic_links WHERE id_hash IN
         (SELECT id_hash FROM magic_links WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    )
    .bind(link.created_at - KEPT)
    .bind(SWEEP)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO magic_links (id_hash, app_id, user_id, hash, purpose, identifier, delivered, redirect_url,
                                  created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&link.id_hash)
    .bind(&link.app_id)
    .bind(&link.user_id)
    .bind(&link.hash)
    .bind(&link.purpose)
    .bind(&link.identifier)
    .bind(link.delivered)
    .bind(&link.redirect_url)
    .bind(link.created_at)
    .bind(link.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The link with this secret.
pub(crate) async fn by_secret(
    conn: &mut Conn,
    app_id: &str,
    hash: &[u8],
) -> Result<Option<LinkRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM magic_links WHERE app_id = ? AND hash = ?")
        .bind(app_id)
        .bind(hash)
        .fetch_optional(conn)
        .await
}

/// The link with this id.
pub(crate) async fn by_id(
    conn: &mut Conn,
    app_id: &str,
    id_hash: &[u8],
) -> Result<Option<LinkRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM magic_links WHERE app_id = ? AND id_hash = ?")
        .bind(app_id)
        .bind(id_hash)
        .fetch_optional(conn)
        .await
}

/// Marks a link as opened.
pub(crate) async fn mark_opened(
    conn: &mut Conn,
    id_hash: &[u8],
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE magic_links SET opened_at = ? WHERE id_hash = ?")
        .bind(now)
        .bind(id_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Marks the tokens of a link that was opened after `since` as handed out. Says whether they were there to be had.
pub(crate) async fn claim(
    conn: &mut Conn,
    id_hash: &[u8],
    since: i64,
    now: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE magic_links SET claimed_at = ? WHERE id_hash = ? AND opened_at > ? AND claimed_at IS NULL",
    )
    .bind(now)
    .bind(id_hash)
    .bind(since)
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;
    use crate::store::apps::{self, AppRow};
    use crate::store::{Store, StoreError};

    fn link(name: &str, now: i64) -> LinkRow {
        LinkRow {
            id_hash: name.into(),
            app_id: "app".to_owned(),
            user_id: None,
            hash: name.into(),
            purpose: "login".to_owned(),
            identifier: "ada@example.com".to_owned(),
            delivered: true,
            redirect_url: String::new(),
            created_at: now,
            expires_at: now + 60,
            opened_at: None,
            claimed_at: None,
        }
    }

    #[tokio::test]
    async fn links_from_before_can_still_be_opened() {
        let mut conn = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        for script in [
            include_str!("../../migrations/0001_start.sql"),
            "INSERT INTO apps VALUES ('app', '{}', 0);
             INSERT INTO users (id, app_id, status, created_at, updated_at) VALUES ('user', 'app', 'active', 0, 0);
             INSERT INTO magic_links VALUES ('id', 'user', x'01', 'a@b.c', 'verify_identifier', '/x', 5, 1, 9, NULL);
             INSERT INTO magic_links VALUES ('other', 'user', x'02', 'a@b.c', 'login', '', 5, 1, 9, 8);",
            include_str!("../../migrations/0003_codes.sql"),
        ] {
            sqlx::raw_sql(script).execute(&mut conn).await.unwrap();
        }
        let link = by_secret(&mut conn, "app", &[1]).await.unwrap().unwrap();
        assert_eq!(
            (
                link.user_id.as_deref(),
                link.purpose.as_str(),
                link.redirect_url.as_str()
            ),
            (Some("user"), "verify_identifier", "/x")
        );
        assert_eq!(
            (link.delivered, link.expires_at, link.opened_at),
            (false, 9, None)
        );
        let opened = by_secret(&mut conn, "app", &[2]).await.unwrap().unwrap();
        assert_eq!(opened.opened_at, Some(8));
        assert_ne!(link.id_hash, opened.id_hash);
    }

    #[tokio::test]
    async fn expired_links_are_forgotten_and_tokens_are_claimed_once() {
        let store = Store::in_memory().await.unwrap();
        let work = store.write(|conn| {
            Box::pin(async move {
                let app = AppRow {
                    id: "app".to_owned(),
                    settings: "{}".to_owned(),
                    created_at: 0,
                };
                apps::put(conn, &app).await?;
                let mut claims = Vec::new();
                insert(conn, &link("a", 1000)).await?;
                claims.push(claim(conn, b"a", 0, 1001).await?);
                mark_opened(conn, b"a", 1010).await?;
                claims.push(claim(conn, b"a", 1010, 1011).await?);
                claims.push(claim(conn, b"a", 1009, 1011).await?);
                claims.push(claim(conn, b"a", 1009, 1012).await?);
                let mut known = Vec::new();
                for (name, now) in [("b", 1060 + KEPT - 1), ("c", 1060 + KEPT)] {
                    insert(conn, &link(name, now)).await?;
                    known.push(by_id(conn, "app", b"a").await?.is_some());
                }
                known.push(by_id(conn, "other", b"b").await?.is_some());
                known.push(by_secret(conn, "other", b"b").await?.is_some());
                Ok::<_, StoreError>((claims, known))
            })
        });
        let (claims, known) = work.await.unwrap();
        assert_eq!(claims, [false, false, true, false]);
        assert_eq!(known, [true, false, false, false]);
    }
}
