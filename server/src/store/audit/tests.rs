//! What is written to the audit log, and what stays in it.

use super::*;
use crate::clock::at;
use crate::store::sign_ins::{self, Presented, RefreshHashes, SignInRow, Successor};
use crate::store::testing::{APP, CALLERS, File, USER};
use crate::store::{StoreError, users};

fn refused(user: &str) -> Refused {
    let acting = Acting::client([192, 0, 2, 1].into(), "agent".to_owned(), at(7));
    acting.concerns(&user.into());
    let (action, reason) = (AuditAction::SignInRefused, AuditReason::WrongCode);
    Refused::once(&acting, Some(APP.into()), action, reason)
}

async fn rows(file: &File) -> Vec<AuditRow> {
    let list = file.run(|tx| Ok::<_, StoreError>(list(tx, &Filter::default(), 0, 100)?));
    list.await.unwrap()
}

#[tokio::test]
async fn a_row_does_not_change() {
    let file = File::new().await;
    let insert = file.run(|tx| Ok::<_, StoreError>(insert_refused(tx, &[refused(USER)])?));
    insert.await.unwrap();
    for change in [
        "count = 2",
        "at = 8",
        "action = 'sign_in'",
        "reason = NULL",
        "actor = 'server'",
        "user_id = NULL",
        "app_id = NULL",
        "address = '192.0.2.2'",
        "agent = 'other'",
    ] {
        let sql = format!("UPDATE audit SET {change}");
        let update = file.run(move |tx| Ok::<_, StoreError>(tx.run(&sql, ())?));
        assert!(update.await.is_err(), "{change}");
    }
    let blank = file.run(|tx| Ok::<_, StoreError>(blank_user(tx, &USER.into())?));
    blank.await.unwrap();
    let row = rows(&file).await.remove(0);
    assert_eq!((row.address, row.agent, row.count), (None, None, 1));
    assert_eq!(row.reason, Some(AuditReason::WrongCode));
}

#[tokio::test]
async fn a_refusal_that_waited_while_its_user_was_deleted_is_blank() {
    let file = File::new().await;
    let insert = file.run(|tx| {
        insert_refused(tx, &[refused(USER)])?;
        users::delete(tx, &APP.into(), &USER.into())?;
        insert_refused(tx, &[refused(USER), refused("nobody")])?;
        Ok::<_, StoreError>(())
    });
    insert.await.unwrap();
    let rows = rows(&file).await;
    assert_eq!(rows.len(), 4);
    for row in rows {
        assert_eq!((row.address, row.agent), (None, None));
        assert_eq!(row.app_id.as_deref(), Some(APP));
    }
}

#[tokio::test]
async fn a_row_about_another_user_is_blank_without_the_one_who_acted() {
    let file = File::new().await;
    let insert = file.run(|tx| {
        let deleted = Refused {
            actor: Actor::User("deleted".into()),
            ..refused(USER)
        };
        insert_refused(tx, &[refused(USER), deleted])?;
        Ok::<_, StoreError>(())
    });
    insert.await.unwrap();
    let rows = rows(&file).await;
    let agents: Vec<_> = rows.iter().map(|row| row.agent.as_deref()).collect();
    assert_eq!(agents, [Some("agent"), None]);
    assert_eq!(rows[1].user_id.as_deref(), Some(USER));
}

fn hashes(token: u8) -> RefreshHashes {
    RefreshHashes {
        token: vec![token],
        family: vec![0],
    }
}

#[tokio::test]
async fn the_reuse_of_a_refresh_token_is_one_row_however_many_present_it() {
    let file = File::new().await;
    let start = file.run(|tx| {
        let sign_in = SignInRow {
            id: "sign-in".into(),
            user_id: USER.into(),
            created_at: at(0),
            ends_at: at(100),
            expires_at: at(50),
            kept_until: at(50),
            refresh: Some(hashes(1)),
        };
        sign_ins::insert(tx, &sign_in)?;
        let sign_in = "sign-in".into();
        let token = Presented {
            sign_in: &sign_in,
            hashes: &hashes(1),
        };
        let next = Successor {
            hash: &[2],
            salt: &[7],
            salt_key: &[8],
            expires_at: at(80),
            auth_until: at(80),
        };
        sign_ins::exchange(tx, &APP.into(), &token, &next, at(9))?;
        let used = "SELECT last_used_at FROM sign_ins";
        Ok::<i64, StoreError>(tx.value(used, ())?)
    });
    assert_eq!(start.await.unwrap(), 9);
    let callers = (0..CALLERS).map(|_| {
        |tx: &Tx<'_>| {
            let sign_in = "sign-in".into();
            let token = Presented {
                sign_in: &sign_in,
                hashes: &hashes(1),
            };
            Ok::<_, StoreError>(sign_ins::end_if_reused(tx, &APP.into(), &token)?)
        }
    });
    let (won, lost) = file.race(callers.collect()).await;
    assert_eq!((won.len(), lost.len()), (CALLERS, 0));
    let rows = rows(&file).await;
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].action, AuditAction::SignInEnded);
    assert_eq!(rows[0].reason, Some(AuditReason::RefreshTokenReused));
    assert_eq!(rows[0].user_id.as_deref(), Some(USER));
}

#[tokio::test]
async fn old_rows_are_deleted_in_portions() {
    let file = File::new().await;
    let swept = file.run(|tx| {
        let old = vec![refused(USER); 1500];
        insert_refused(tx, &old)?;
        let kept = Refused {
            at: at(9),
            ..refused(USER)
        };
        insert_refused(tx, &[kept])?;
        Ok::<_, StoreError>([sweep(tx, at(8))?, sweep(tx, at(8))?])
    });
    assert_eq!(swept.await.unwrap(), [true, false]);
    assert_eq!(rows(&file).await.len(), 1);
}
