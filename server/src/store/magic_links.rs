//! Magic links. Only hashes of a link's secret and of its id are kept.

use std::time::Duration;

use super::sweep::sweep;
use super::{Purpose, SqlError, Tx, columns};
use crate::clock::Time;
use crate::ids::{AppId, SignInId, UserId};

/// How long an expired link is kept, so that a waiting client learns that it expired.
const KEPT: Duration = Duration::from_secs(3600);

/// A link as stored.
pub(crate) struct LinkRow {
    pub(crate) id_hash: Vec<u8>,
    pub(crate) app_id: AppId,
    /// `None` for a link that was not sent to anyone.
    pub(crate) user_id: Option<UserId>,
    pub(crate) hash: Vec<u8>,
    pub(crate) purpose: Purpose,
    pub(crate) identifier: String,
    /// Whether the server itself sent it to the identifier.
    pub(crate) delivered: bool,
    pub(crate) redirect_url: String,
    pub(crate) created_at: Time,
    pub(crate) expires_at: Time,
    pub(crate) opened_at: Option<Time>,
    /// When the waiting device got its tokens.
    pub(crate) claimed_at: Option<Time>,
    /// Who asked for it: a hash of network and user agent. `None` for a link of the backend.
    pub(crate) asker: Option<Vec<u8>>,
    /// The sign-in whose user asked for a change. `None` for other links, and if the auth token names none.
    pub(crate) sign_in_id: Option<SignInId>,
    /// Who opened it, in the same form.
    pub(crate) opener: Option<Vec<u8>>,
    /// When the change of identifier that it confirms took effect.
    pub(crate) changed_at: Option<Time>,
}

columns!(LinkRow {
    id_hash,
    app_id,
    user_id,
    hash,
    purpose,
    identifier,
    delivered,
    redirect_url,
    created_at,
    expires_at,
    opened_at,
    claimed_at,
    asker,
    sign_in_id,
    opener,
    changed_at
});

/// Stores an unopened link, and deletes some that expired long ago.
pub(crate) fn insert(tx: &Tx<'_>, link: &LinkRow) -> Result<(), SqlError> {
    sweep(tx, "magic_links", link.created_at - KEPT)?;
    tx.run(
        "INSERT INTO magic_links (id_hash, app_id, user_id, hash, purpose, identifier,
         delivered, redirect_url, created_at, expires_at, asker, sign_in_id)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            &link.id_hash,
            &link.app_id,
            &link.user_id,
            &link.hash,
            link.purpose,
            &link.identifier,
            link.delivered,
            &link.redirect_url,
            link.created_at,
            link.expires_at,
            &link.asker,
            &link.sign_in_id,
        ),
    )?;
    Ok(())
}

/// Opens the link with this secret. `None` if there is none, or it has expired or been opened before. A link that
/// confirms a change can be opened until the change takes effect: whoever opened it before may have been a stranger.
pub(crate) fn open(
    tx: &Tx<'_>,
    app_id: &AppId,
    hash: &[u8],
    opener: Option<&[u8]>,
    now: Time,
) -> Result<Option<LinkRow>, SqlError> {
    tx.maybe_row(
        "UPDATE magic_links SET opened_at = ?, opener = ? WHERE app_id = ? AND hash = ?
         AND expires_at > ? AND changed_at IS NULL
         AND (opened_at IS NULL OR purpose = 'change_identifier') RETURNING *",
        (now, opener, app_id, hash, now),
    )
}

/// Lets the change that a link confirms take effect, if the link was opened after `since`. Returns whether it does: it
/// takes effect once, and not if the sign-in that requested it has ended, or all of the user's were ended since, which
/// marks their links as claimed.
pub(crate) fn change(
    tx: &Tx<'_>,
    id_hash: &[u8],
    since: Time,
    now: Time,
) -> Result<bool, SqlError> {
    tx.hits(
        "UPDATE magic_links SET changed_at = ? WHERE id_hash = ? AND opened_at > ?
         AND purpose = 'change_identifier' AND changed_at IS NULL AND claimed_at IS NULL
         AND (magic_links.sign_in_id IS NULL OR EXISTS (SELECT 1 FROM sign_ins
         WHERE sign_ins.id = magic_links.sign_in_id AND sign_ins.user_id = magic_links.user_id))",
        (now, id_hash, since),
    )
}

/// The link with this id.
pub(crate) fn by_id(
    tx: &Tx<'_>,
    app_id: &AppId,
    id_hash: &[u8],
) -> Result<Option<LinkRow>, SqlError> {
    tx.maybe_row(
        "SELECT * FROM magic_links WHERE app_id = ? AND id_hash = ?",
        (app_id, id_hash),
    )
}

/// Marks the tokens of a link that was opened after `since` as issued. Returns whether they were available: they are
/// not if the user's sign-ins were all ended after the link was opened, which marks them as issued too.
pub(crate) fn claim(tx: &Tx<'_>, id_hash: &[u8], since: Time, now: Time) -> Result<bool, SqlError> {
    tx.hits(
        "UPDATE magic_links SET claimed_at = ? WHERE id_hash = ? AND opened_at > ?
         AND claimed_at IS NULL",
        (now, id_hash, since),
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::at;
    use crate::store::apps::{self, AppRow};
    use crate::store::testing::{APP, File, USER};
    use crate::store::{Store, StoreError, sign_ins};

    fn link(name: &str, now: Time) -> LinkRow {
        LinkRow {
            id_hash: name.into(),
            app_id: "app".into(),
            user_id: None,
            hash: name.into(),
            purpose: Purpose::Login,
            identifier: "ada@example.com".to_owned(),
            delivered: true,
            redirect_url: String::new(),
            created_at: now,
            expires_at: now + Duration::from_micros(60),
            opened_at: None,
            claimed_at: None,
            asker: None,
            sign_in_id: None,
            opener: None,
            changed_at: None,
        }
    }

    #[test]
    fn links_from_before_can_still_be_opened() {
        let conn = crate::store::Connection::open_in_memory().unwrap();
        for script in [
            include_str!("../../migrations/0001_start.sql"),
            "INSERT INTO apps VALUES ('app', '{}', 0);
             INSERT INTO users (id, app_id, status, created_at, updated_at) VALUES ('user', 'app', 'active', 0, 0);
             INSERT INTO magic_links VALUES ('id', 'user', x'01', 'a@b.c', 'verify_identifier', '/x', 5, 1, 9, NULL);
             INSERT INTO magic_links VALUES ('other', 'user', x'02', 'a@b.c', 'login', '', 5, 1, 9, 8);",
            include_str!("../../migrations/0003_codes.sql"),
            include_str!("../../migrations/0014_owners.sql"),
            include_str!("../../migrations/0016_links.sql"),
        ] {
            conn.execute_batch(script).unwrap();
        }
        let tx = Tx::new(&conn);
        let by_secret = |hash: &[u8]| -> LinkRow {
            tx.row("SELECT * FROM magic_links WHERE hash = ?", (hash,))
                .unwrap()
        };
        let link = by_secret(&[1]);
        assert_eq!(
            (
                link.user_id.as_ref().map(UserId::as_str),
                link.purpose.as_str(),
                link.redirect_url.as_str()
            ),
            (Some("user"), "verify_identifier", "/x")
        );
        assert_eq!(
            (link.delivered, link.expires_at, link.opened_at),
            (false, at(9), None)
        );
        let opened = by_secret(&[2]);
        assert_eq!(opened.opened_at, Some(at(8)));
        assert_ne!(link.id_hash, opened.id_hash);
        assert!(
            open(&tx, &"app".into(), &[1], None, at(8))
                .unwrap()
                .is_some()
        );
        assert!(
            open(&tx, &"app".into(), &[2], None, at(8))
                .unwrap()
                .is_none()
        );
    }

    #[tokio::test]
    async fn expired_links_are_forgotten_and_tokens_are_claimed_once() {
        let store = Store::in_memory().unwrap();
        let work = store.write(|tx| {
            let app = AppRow {
                id: "app".into(),
                settings: "{}".to_owned(),
                created_at: at(0),
            };
            apps::put(tx, &app)?;
            let mut claims = Vec::new();
            insert(tx, &link("a", at(1000)))?;
            claims.push(claim(tx, b"a", at(0), at(1001))?);
            open(tx, &"app".into(), b"a", None, at(1010))?;
            claims.push(claim(tx, b"a", at(1010), at(1011))?);
            claims.push(claim(tx, b"a", at(1009), at(1011))?);
            claims.push(claim(tx, b"a", at(1009), at(1012))?);
            let mut known = Vec::new();
            for (name, now) in [("b", at(1059) + KEPT), ("c", at(1060) + KEPT)] {
                insert(tx, &link(name, now))?;
                known.push(by_id(tx, &"app".into(), b"a")?.is_some());
            }
            known.push(by_id(tx, &"other".into(), b"b")?.is_some());
            let elsewhere = open(tx, &"other".into(), b"b", None, at(1060) + KEPT)?;
            known.push(elsewhere.is_some());
            Ok::<_, StoreError>((claims, known))
        });
        let (claims, known) = work.await.unwrap();
        assert_eq!(claims, [false, false, true, false]);
        assert_eq!(known, [true, false, false, false]);
    }

    #[tokio::test]
    async fn a_link_is_opened_once_and_before_it_expires() {
        let store = Store::in_memory().unwrap();
        let work = store.write(|tx| {
            let app = AppRow {
                id: "app".into(),
                settings: "{}".to_owned(),
                created_at: at(0),
            };
            apps::put(tx, &app)?;
            insert(tx, &link("a", at(1000)))?;
            insert(tx, &link("b", at(1000)))?;
            let mut opened = Vec::new();
            for (name, now) in [
                ("a", at(1059)),
                ("a", at(1059)),
                ("b", at(1060)),
                ("c", at(1000)),
            ] {
                let link = open(tx, &"app".into(), name.as_bytes(), None, now)?;
                opened.push(link.and_then(|link| link.opened_at));
            }
            Ok::<_, StoreError>(opened)
        });
        assert_eq!(work.await.unwrap(), [Some(at(1059)), None, None, None]);
    }

    #[tokio::test]
    async fn whether_a_link_was_opened_before_all_sign_ins_ended_is_not_told_by_clocks() {
        let file = File::new().await;
        let work = file.run(|tx| {
            let (app, user): (AppId, UserId) = (APP.into(), USER.into());
            let open = |name: &str, now| open(tx, &app, name.as_bytes(), None, now);
            let claim = |name: &str| claim(tx, name.as_bytes(), at(1000), at(1030));
            for name in ["before", "opening", "after"] {
                let link = LinkRow {
                    user_id: Some(user.clone()),
                    ..link(name, at(1000))
                };
                insert(tx, &link)?;
            }
            open("before", at(1020))?;
            open("opening", at(1020))?;
            let opening = Some(b"opening".as_slice());
            sign_ins::end_all_but(tx, &user, opening, at(1010))?;
            let claims = [claim("before")?, claim("opening")?];
            sign_ins::end_all(tx, &user, at(1050))?;
            open("after", at(1020))?;
            Ok::<_, StoreError>((claims, claim("after")?))
        });
        assert_eq!(work.await.unwrap(), ([false, true], true));
    }

    #[tokio::test]
    async fn a_change_ends_with_all_sign_ins_whatever_the_clocks_say() {
        for ends_at in [at(990), at(1010)] {
            let file = File::new().await;
            let work = file.run(move |tx| {
                let (app, user): (AppId, UserId) = (APP.into(), USER.into());
                for name in ["before", "after"] {
                    let link = LinkRow {
                        user_id: Some(user.clone()),
                        purpose: Purpose::ChangeIdentifier,
                        ..link(name, at(1000))
                    };
                    insert(tx, &link)?;
                    open(tx, &app, name.as_bytes(), None, at(1001))?;
                    if name == "before" {
                        sign_ins::end_all(tx, &user, ends_at)?;
                    }
                }
                let change = |name: &[u8]| change(tx, name, at(1000), at(1002));
                Ok::<_, StoreError>([change(b"before")?, change(b"after")?])
            });
            assert_eq!(work.await.unwrap(), [false, true]);
        }
    }
}
