//! One-time codes. Neither a code nor the id that its client holds is kept, only what proves them.

use super::sweep::sweep;
use super::{SqlError, Tx, columns};

/// How long an expired code is kept, in microseconds: its failed tries count that long.
pub(crate) const KEPT: i64 = 3600 * 1_000_000;

/// A code as stored.
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

columns!(CodeRow {
    id_hash,
    app_id,
    user_id,
    purpose,
    identifier,
    seal,
    tries,
    created_at,
    expires_at
});

/// Stores a code, and forgets some of those that expired long ago.
pub(crate) fn insert(tx: &Tx<'_>, code: &CodeRow) -> Result<(), SqlError> {
    sweep(tx, "one_time_codes", code.created_at - KEPT)?;
    tx.run(
        "INSERT INTO one_time_codes (id_hash, app_id, user_id, purpose, identifier,
         seal, tries, created_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &code.id_hash,
            &code.app_id,
            &code.user_id,
            &code.purpose,
            &code.identifier,
            &code.seal,
            code.tries,
            code.created_at,
            code.expires_at,
        ),
    )?;
    Ok(())
}

/// The code with this id.
pub(crate) fn get(tx: &Tx<'_>, app_id: &str, id_hash: &[u8]) -> Result<Option<CodeRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM one_time_codes WHERE app_id = ? AND id_hash = ?",
        (app_id, id_hash),
    )
}

/// Counts a wrong try.
pub(crate) fn count_try(tx: &Tx<'_>, id_hash: &[u8]) -> Result<(), SqlError> {
    tx.run(
        "UPDATE one_time_codes SET tries = tries + 1 WHERE id_hash = ?",
        (id_hash,),
    )?;
    Ok(())
}

/// Wrong tries since a time, over all codes that went to the identifier and were not used in the end.
pub(crate) fn tries_since(
    tx: &Tx<'_>,
    app_id: &str,
    identifier: &str,
    since: i64,
) -> Result<i64, SqlError> {
    tx.value(
        "SELECT COALESCE(SUM(tries), 0) FROM one_time_codes WHERE app_id = ?
         AND identifier = ? AND created_at > ?",
        (app_id, identifier, since),
    )
}

/// Deletes a code.
pub(crate) fn delete(tx: &Tx<'_>, id_hash: &[u8]) -> Result<(), SqlError> {
    tx.run("DELETE FROM one_time_codes WHERE id_hash = ?", (id_hash,))?;
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
        let store = Store::in_memory().unwrap();
        let work = store.write(|tx| {
            let app = AppRow {
                id: "app".to_owned(),
                settings: "{}".to_owned(),
                created_at: 0,
            };
            apps::put(tx, &app)?;
            let mut kept = Vec::new();
            for (name, now) in [("a", 1000), ("b", 1060 + KEPT - 1), ("c", 1060 + KEPT)] {
                insert(tx, &code(name, now))?;
                let ids = "SELECT group_concat(CAST(id_hash AS TEXT), '' ORDER BY id_hash) FROM one_time_codes";
                kept.push(tx.value::<String>(ids, ())?);
            }
            let tries = tries_since(tx, "app", "ada@example.com", 0)?;
            let recent = tries_since(tx, "app", "ada@example.com", 1060 + KEPT - 1)?;
            let other = tries_since(tx, "app", "bob@example.com", 0)?;
            Ok::<_, StoreError>((kept, tries, recent, other))
        });
        let (kept, tries, recent, other) = work.await.unwrap();
        assert_eq!(kept, ["a", "ab", "bc"]);
        assert_eq!((tries, recent, other), (4, 2, 0));
    }
}
