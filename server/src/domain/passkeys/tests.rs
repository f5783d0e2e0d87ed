//! Commands that many callers run concurrently.
#![allow(clippy::unwrap_used)]

use super::add_device::AddDevice;
use super::ceremony::Proof;
use super::limit::MOST;
use super::relying_party::Signed;
use super::sign_in::SignIn;
use crate::clock::at;
use crate::domain::error::{Reason, Refusal};
use crate::domain::settings::AppSettings;
use crate::domain::sign_ins::{self, Session};
use crate::domain::tokens::AuthToken;
use crate::ids::UserId;
use crate::store;
use crate::store::ceremonies::{CeremonyRow, NewCeremony, Purpose};
use crate::store::events::{Action, NewEvent};
use crate::store::testing::{APP, CALLERS, File, USER, passkey};

/// Starts a ceremony.
pub(crate) async fn start(
    file: &File,
    id: &str,
    purpose: Purpose,
    user_id: Option<&UserId>,
    transaction_id: Option<&'static str>,
) {
    let (id, user_id) = (id.to_owned(), user_id.cloned());
    let insert = file.run(move |tx| {
        let ceremony = NewCeremony {
            id: &id,
            purpose,
            user_id: user_id.as_ref(),
            transaction_id,
            user_handle: Some(&[1]),
            state: "{}",
            created_at: at(0),
            expires_at: at(10),
        };
        Ok::<_, Refusal>(store::ceremonies::insert(tx, &APP.into(), &ceremony)?)
    });
    insert.await.unwrap();
}

/// Reads a ceremony, as every caller does before the command.
pub(crate) async fn read(file: &File, id: &str) -> CeremonyRow {
    let id = id.to_owned();
    let read = file.run(move |tx| Ok::<_, Refusal>(store::ceremonies::get(tx, &APP.into(), &id)?));
    read.await.unwrap().unwrap()
}

/// Gives the user passkeys with these numbers.
pub(crate) async fn give(file: &File, numbers: std::ops::Range<usize>) {
    let insert = file.run(move |tx| {
        for (device, credential) in numbers.clone().map(passkey) {
            store::passkeys::insert(tx, &USER.into(), &device, &credential)?;
        }
        Ok::<_, Refusal>(())
    });
    insert.await.unwrap();
}

async fn add(file: &File, ceremony: &str, number: usize) -> AddDevice {
    let (device, credential) = passkey(number);
    AddDevice {
        app_id: APP.into(),
        user_id: USER.into(),
        session: session(),
        ceremony: read(file, ceremony).await,
        device,
        credential,
    }
}

/// That of a token without a sign-in.
fn session() -> Session {
    Session::of(AuthToken {
        user_id: USER.into(),
        sign_in: None,
        issued_at: at(0),
        authenticated_at: None,
    })
}

async fn count(file: &File) -> usize {
    let list = file.run(|tx| Ok::<_, Refusal>(store::passkeys::list(tx, &USER.into())?));
    list.await.unwrap().len()
}

/// Starts a ceremony in which the user adds a passkey.
async fn start_adding(file: &File, id: &str) {
    start(file, id, Purpose::AddDevice, Some(&USER.into()), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_sign_in_with_one_ceremony_one_succeeds() {
    let file = File::new().await;
    give(&file, 0..1).await;
    start(&file, "ceremony", Purpose::Login, None, None).await;
    let mut commands = Vec::new();
    for _ in 0..CALLERS {
        let passkey = file.run(|tx| {
            Ok::<_, Refusal>(store::passkeys::by_cred_id(
                tx,
                &APP.into(),
                "credential-0",
            )?)
        });
        let command = SignIn {
            app_id: APP.into(),
            sign_in: sign_ins::prepare(&AppSettings::default(), &USER.into(), at(1)).0,
            proof: Proof {
                ceremony: read(&file, "ceremony").await,
                passkey: passkey.await.unwrap().unwrap(),
                signed: Signed {
                    sign_count: 0,
                    backed_up: true,
                },
            },
            event: NewEvent::by_control(Action::Login),
            now: at(1),
        };
        commands.push(move |tx: &store::Tx<'_>| command.run(tx).map(|_| ()));
    }
    let (won, lost) = file.race(commands).await;
    assert_eq!(won.len(), 1);
    for refusal in lost {
        assert_eq!(refusal.reason, Reason::DiscoverableLoginFailed);
        assert_eq!(refusal.message, "handshake: unknown, expired or used.");
    }
    let user = file.run(|tx| Ok::<_, Refusal>(store::users::get(tx, &APP.into(), &USER.into())?));
    assert_eq!(user.await.unwrap().unwrap().login_count, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_add_a_passkey_with_one_ceremony_one_succeeds() {
    let file = File::new().await;
    start_adding(&file, "ceremony").await;
    let mut commands = Vec::new();
    for number in 0..CALLERS {
        let command = add(&file, "ceremony", number).await;
        commands.push(move |tx: &store::Tx<'_>| command.run(tx));
    }
    let (won, lost) = file.race(commands).await;
    assert_eq!((won.len(), count(&file).await), (1, 1));
    assert!(
        lost.iter()
            .all(|refusal| refusal.message == "handshake: unknown, expired or used.")
    );
}

#[tokio::test]
async fn a_sign_in_that_ends_during_the_ceremony_adds_no_passkey() {
    let file = File::new().await;
    start_adding(&file, "ceremony").await;
    let command = add(&file, "ceremony", 0).await;
    let end =
        |tx: &store::Tx<'_>| Ok::<_, Refusal>(store::sign_ins::end_all(tx, &USER.into(), at(1))?);
    file.run(end).await.unwrap();
    let refused = file.run(move |tx| command.run(tx)).await.unwrap_err();
    assert_eq!(refused.reason, Reason::InvalidAccessToken);
    assert_eq!(count(&file).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_add_a_passkey_as_many_succeed_as_there_is_room_for() {
    let file = File::new().await;
    let most = MOST as usize;
    give(&file, 0..most - 4).await;
    let mut commands = Vec::new();
    for number in most..most + CALLERS {
        let id = format!("ceremony-{number}");
        start_adding(&file, &id).await;
        let command = add(&file, &id, number).await;
        commands.push(move |tx: &store::Tx<'_>| command.run(tx));
    }
    let (won, lost) = file.race(commands).await;
    assert_eq!((won.len(), count(&file).await), (4, most));
    for refusal in lost {
        assert_eq!(refusal.reason, Reason::InvalidRequest);
        assert!(
            refusal.message.contains("64 at most"),
            "{}",
            refusal.message
        );
    }
}
