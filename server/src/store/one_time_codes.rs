//! One-time codes. Neither a code nor the id that its client holds is stored, only what verifies them.

use std::time::Duration;

use super::sweep::sweep;
use super::tx::Params;
use super::{Purpose, SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, UserId};

/// How long an expired code is kept: its failed tries count that long.
pub(crate) const KEPT: Duration = Duration::from_secs(3600);

/// A code as stored.
pub(crate) struct CodeRow {
    pub(crate) id_hash: Vec<u8>,
    pub(crate) app_id: AppId,
    /// `None` for a code that was not sent to anyone.
    pub(crate) user_id: Option<UserId>,
    pub(crate) purpose: Purpose,
    pub(crate) identifier: String,
    pub(crate) seal: Vec<u8>,
    pub(crate) tries: i64,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
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

/// Stores a code, and deletes some that expired long ago.
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
            code.purpose,
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
pub(crate) fn get(
    tx: &Tx<'_>,
    app_id: &AppId,
    id_hash: &[u8],
) -> Result<Option<CodeRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM one_time_codes WHERE app_id = ? AND id_hash = ?",
        (app_id, id_hash),
    )
}

/// An attempt to use a code, and the limits of wrong tries.
pub(crate) struct Attempt<'a> {
    pub(crate) app_id: &'a AppId,
    pub(crate) id_hash: &'a [u8],
    pub(crate) now: Time,
    /// Maximum number of wrong tries of a code.
    pub(crate) most_of_code: i64,
    /// Maximum number of wrong tries over all codes of an identifier that were created since a time.
    pub(crate) most_of_identifier: i64,
    pub(crate) since: Time,
}

/// The condition of both statements on an attempt, so that concurrent callers get no extra tries.
macro_rules! can_be_tried {
    () => {
        "app_id = ? AND id_hash = ? AND expires_at > ? AND tries < ? AND
         (SELECT COALESCE(SUM(every.tries), 0) FROM one_time_codes AS every
          WHERE every.app_id = one_time_codes.app_id
          AND every.identifier = one_time_codes.identifier AND every.created_at > ?) < ?"
    };
}

/// Counts a wrong try, and returns how many the code has had. `None` if it cannot be tried any more.
pub(crate) fn count_try(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<Option<i64>, SqlError> {
    tx.maybe_value(
        concat!(
            "UPDATE one_time_codes SET tries = tries + 1 WHERE ",
            can_be_tried!(),
            " RETURNING tries"
        ),
        attempt.params(),
    )
}

/// Uses a code up. `None` if it was used before, or cannot be tried any more.
pub(crate) fn use_up(tx: &Tx<'_>, attempt: &Attempt<'_>) -> Result<Option<CodeRow>, SqlError> {
    tx.maybe_row(
        concat!(
            "DELETE FROM one_time_codes WHERE ",
            can_be_tried!(),
            " RETURNING *"
        ),
        attempt.params(),
    )
}

impl Attempt<'_> {
    fn params(&self) -> impl Params {
        (
            self.app_id,
            self.id_hash,
            self.now,
            self.most_of_code,
            self.since,
            self.most_of_identifier,
        )
    }
}

/// Wrong tries since a time, over all codes sent to the identifier that were never used.
pub(crate) fn tries_since(
    tx: &Tx<'_>,
    app_id: &AppId,
    identifier: &str,
    since: Time,
) -> Result<i64, SqlError> {
    tx.value(
        "SELECT COALESCE(SUM(tries), 0) FROM one_time_codes WHERE app_id = ?
         AND identifier = ? AND created_at > ?",
        (app_id, identifier, since),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::clock::at;
    use crate::store::apps::{self, AppRow};
    use crate::store::{Store, StoreError};

    fn code(name: &str, now: Time) -> CodeRow {
        CodeRow {
            id_hash: name.into(),
            app_id: "app".into(),
            user_id: None,
            purpose: Purpose::Login,
            identifier: "ada@example.com".to_owned(),
            seal: vec![0],
            tries: 2,
            created_at: now,
            expires_at: now + Duration::from_micros(60),
        }
    }

    #[tokio::test]
    async fn expired_codes_are_forgotten_when_others_come() {
        let store = Store::in_memory().unwrap();
        let work = store.write(|tx| {
            let app = AppRow {
                id: "app".into(),
                settings: "{}".to_owned(),
                created_at: at(0),
            };
            apps::put(tx, &app)?;
            let mut kept = Vec::new();
            for (name, now) in [("a", at(1000)), ("b", at(1059) + KEPT), ("c", at(1060) + KEPT)] {
                insert(tx, &code(name, now))?;
                let ids = "SELECT group_concat(CAST(id_hash AS TEXT), '' ORDER BY id_hash) FROM one_time_codes";
                kept.push(tx.value::<String>(ids, ())?);
            }
            let tries = tries_since(tx, &"app".into(), "ada@example.com", at(0))?;
            let recent = tries_since(tx, &"app".into(), "ada@example.com", at(1059) + KEPT)?;
            let other = tries_since(tx, &"app".into(), "bob@example.com", at(0))?;
            Ok::<_, StoreError>((kept, tries, recent, other))
        });
        let (kept, tries, recent, other) = work.await.unwrap();
        assert_eq!(kept, ["a", "ab", "bc"]);
        assert_eq!((tries, recent, other), (4, 2, 0));
    }

    static APP: LazyLock<AppId> = LazyLock::new(|| "app".into());

    fn attempt(name: &str) -> Attempt<'_> {
        Attempt {
            app_id: &APP,
            id_hash: name.as_bytes(),
            now: at(1059),
            most_of_code: 5,
            most_of_identifier: 9,
            since: at(0),
        }
    }

    /// Runs a command on two codes of one identifier that were tried twice each.
    async fn with_two_codes<T: Send + 'static>(command: fn(&Tx<'_>) -> Result<T, StoreError>) -> T {
        let store = Store::in_memory().unwrap();
        let work = store.write(move |tx| {
            let app = AppRow {
                id: "app".into(),
                settings: "{}".to_owned(),
                created_at: at(0),
            };
            apps::put(tx, &app)?;
            insert(tx, &code("a", at(1000)))?;
            insert(tx, &code("b", at(1000)))?;
            command(tx)
        });
        work.await.unwrap()
    }

    #[tokio::test]
    async fn a_code_is_used_up_once() {
        let used = with_two_codes(|tx| {
            let first = use_up(tx, &attempt("a"))?.map(|code| code.identifier);
            Ok((first, use_up(tx, &attempt("a"))?.is_some()))
        });
        assert_eq!(used.await, (Some("ada@example.com".to_owned()), false));
    }

    #[tokio::test]
    async fn tries_end_at_the_bound_of_the_code_and_at_that_of_the_identifier() {
        let counted = with_two_codes(|tx| {
            let mut counted = Vec::new();
            for name in ["a", "a", "a", "a", "b", "b", "b"] {
                counted.push(count_try(tx, &attempt(name))?);
            }
            Ok((
                counted,
                tries_since(tx, &"app".into(), "ada@example.com", at(0))?,
            ))
        });
        let a = [Some(3), Some(4), Some(5), None];
        let b = [Some(3), Some(4), None];
        assert_eq!(counted.await, ([&a[..], &b].concat(), 9));
    }

    #[tokio::test]
    async fn a_code_that_can_be_tried_no_more_is_not_used_either() {
        let used = with_two_codes(|tx| {
            let uses = |attempt: Attempt<'_>| Ok::<_, StoreError>(use_up(tx, &attempt)?.is_some());
            let of_code = Attempt {
                most_of_code: 2,
                ..attempt("a")
            };
            let of_identifier = Attempt {
                most_of_identifier: 4,
                ..attempt("a")
            };
            let expired = Attempt {
                now: at(1060),
                ..attempt("a")
            };
            let other = "other".into();
            let of_another_app = Attempt {
                app_id: &other,
                ..attempt("a")
            };
            Ok([
                uses(of_code)?,
                uses(of_identifier)?,
                uses(expired)?,
                uses(of_another_app)?,
                uses(attempt("a"))?,
            ])
        });
        assert_eq!(used.await, [false, false, false, false, true]);
    }
}
