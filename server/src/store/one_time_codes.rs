//! One-time codes. Neither a code nor the id that its client holds is kept, only what proves them.

use super::Conn;

/// How long an expired code is kept, in microseconds: its failed tries count that long.
pub(crate) const KEPT: i64 = 3600 * 1_000_000;
/// How many expired codes are forgotten at a time.
const SWEEP: i64 = 100;

/// A code as stored.
#[derive(sqlx::FromRow)]
pub(crate) struct CodeRow {
    pub(crate) id_hash: Vec<u8>,
    pub(crate) app_id: String,
    /// `None` for a code that nobody was sent.
    pub(crate) user_id: Option<String>,
    pub(crate) purpose: String,
    pub(crate) identifier: String,
    pub(crate) seal: Vec<u8>,
    pub(crate) tries: i64,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
}

/// Stores a code, and forgets some of those that expired long ago.
pub(crate) async fn insert(conn: &mut Conn, code: &CodeRow) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM one_time_codes WHERE id_hash IN
         (SELECT id_hash FROM one_time_codes WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    )
    .bind(code.created_at - KEPT)
    .bind(SWEEP)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO one_time_codes (id_hash, app_id, user_id, purpose, identifier, seal, tries, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&code.id_hash)
    .bind(&code.app_id)
    .bind(&code.user_id)
    .bind(&code.purpose)
    .bind(&code.identifier)
    .bind(&code.seal)
    .bind(code.tries)
    .bind(code.created_at)
    .bind(code.expires_at)
    .execute(conn)
    .await?;
    Ok(())
}

/// The code with this id.
pub(crate) async fn get(
    conn: &mut Conn,
    app_id: &str,
    id_hash: &[u8],
) -> Result<Option<CodeRow>, sqlx::Error> {
    sqlx::query_as("SELECT * FROM one_time_codes WHERE app_id = ? AND id_hash = ?")
        .bind(app_id)
        .bind(id_hash)
        .fetch_optional(conn)
        .await
}

/// Counts a wrong try.
pub(crate) async fn count_try(conn: &mut Conn, id_hash: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE one_time_codes SET tries = tries + 1 WHERE id_hash = ?")
        .bind(id_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// Wrong tries since a time, over all codes that went to the identifier and were not used in the end.
pub(crate) async fn tries_since(
    conn: &mut Conn,
    app_id: &str,
    identifier: &str,
    since: i64,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT COALESCE(SUM(tries), 0) FROM one_time_codes WHERE app_id = ? AND identifier = ? AND created_at > ?",
    )
    .bind(app_id)
    .bind(identifier)
    .bind(since)
    .fetch_one(conn)
    .await
}

/// Deletes a code.
pub(crate) async fn delete(conn: &mut Conn, id_hash: &[u8]) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM one_time_codes WHERE id_hash = ?")
        .bind(id_hash)
        .execute(conn)
        .await?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::store::apps::{self, AppRow};
    use crate::store::{Store, StoreError};

    fn code(name: &str, now: i64) -> CodeRow {
        CodeRow {
            id_hash: name.into(),
            app_id: "app".to_owned(),
            user_id: None,
            purpose: "login".to_owned(),
            identifier: "ada@example.com".to_owned(),
            seal: vec![0],
            tries: 2,
            created_at: now,
            expires_at: now + 60,
        }
    }

    #[tokio::test]
    async fn expired_codes_are_forgotten_when_others_come() {
        let store = Store::in_memory().await.unwrap();
        let work = store.write(|conn| {
            Box::pin(async move {
                let app = AppRow {
                    id: "app".to_owned(),
                    settings: "{}".to_owned(),
                    created_at: 0,
                };
                apps::put(conn, &app).await?;
                let mut kept = Vec::new();
                for (name, now) in [("a", 1000), ("b", 1060 + KEPT - 1), ("c", 1060 + KEPT)] {
                    insert(conn, &code(name, now)).await?;
                    let ids: Vec<String> = sqlx::query_scalar(
                        "SELECT CAST(id_hash AS TEXT) FROM one_time_codes ORDER BY 1",
                    )
                    .fetch_all(&mut *conn)
                    .await?;
                    kept.push(ids.concat());
                }
                let tries = tries_since(conn, "app", "ada@example.com", 0).await?;
                let recent = tries_since(conn, "app", "ada@example.com", 1060 + KEPT - 1).await?;
                let other = tries_since(conn, "app", "bob@example.com", 0).await?;
                Ok::<_, StoreError>((kept, tries, recent, other))
            })
        });
        let (kept, tries, recent, other) = work.await.unwrap();
        assert_eq!(kept, ["a", "ab", "bc"]);
        assert_eq!((tries, recent, other), (4, 2, 0));
    }
}
