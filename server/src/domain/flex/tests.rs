//! Commands that many callers run at once.
#![allow(clippy::unwrap_used)]

use super::complete::Completion;
use super::register::Register;
use super::sign_in::SignIn;
use super::transactions::VerifyNonce;
use crate::clock::at;
use crate::domain::error::{Reason, Refusal};
use crate::domain::passkeys::ceremony::Proof;
use crate::domain::passkeys::relying_party::Signed;
use crate::domain::passkeys::tests::{give, read, start};
use crate::ids;
use crate::store;
use crate::store::ceremonies::Purpose;
use crate::store::events::{Action, NewEvent};
use crate::store::testing::{APP, CALLERS, File, USER, passkey};
use crate::store::transactions::{Kind, TransactionRow};

const TRANSACTION: &str = "transaction";

async fn create(file: &File, kind: Kind, external_id: &'static str) {
    let insert = file.run(move |tx| {
        let transaction = TransactionRow {
            id: TRANSACTION.to_owned(),
            kind,
            external_id: external_id.to_owned(),
            passkey_display_name: "Ada".to_owned(),
            created_at: at(0),
            expires_at: at(10),
        };
        Ok::<_, Refusal>(store::transactions::insert(tx, &APP.into(), &transaction)?)
    });
    insert.await.unwrap();
}

/// How many logins the user with this external id has.
async fn logins(file: &File, external_id: &'static str) -> i64 {
    let user = file.run(move |tx| {
        Ok::<_, Refusal>(store::users::by_external_id(tx, &APP.into(), external_id)?)
    });
    user.await.unwrap().unwrap().login_count
}

/// Each has a ceremony of its own, so that only the transaction can cause a conflict.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_complete_one_registration_one_succeeds() {
    let file = File::new().await;
    create(&file, Kind::Register, "customer").await;
    let mut commands = Vec::new();
    for number in 0..CALLERS {
        let id = format!("ceremony-{number}");
        let purpose = Purpose::FlexRegister;
        start(&file, &id, purpose, Some(&USER.into()), Some(TRANSACTION)).await;
        let (device, credential) = passkey(number);
        let command = Register {
            completion: Completion::new(&APP.into(), at(1)).0,
            transaction_id: TRANSACTION.to_owned(),
            ceremony: read(&file, &id).await,
            device,
            credential,
            event: NewEvent::by_control(Action::Register),
        };
        commands.push(move |tx: &store::Tx<'_>| command.run(tx));
    }
    let (won, lost) = file.race(commands).await;
    assert_eq!((won.len(), logins(&file, "customer").await), (1, 1));
    assert!(
        lost.iter()
            .all(|refusal| refusal.reason == Reason::TransactionNotFound)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_complete_one_login_one_succeeds() {
    let file = File::new().await;
    create(&file, Kind::Authenticate, "customer").await;
    give(&file, 0..CALLERS).await;
    let mut commands = Vec::new();
    for number in 0..CALLERS {
        let id = format!("ceremony-{number}");
        let purpose = Purpose::FlexLogin;
        start(&file, &id, purpose, Some(&USER.into()), Some(TRANSACTION)).await;
        let cred_id = passkey(number).1.cred_id;
        let passkey = file.run(move |tx| {
            Ok::<_, Refusal>(store::passkeys::by_cred_id(tx, &APP.into(), &cred_id)?)
        });
        let command = SignIn {
            completion: Completion::new(&APP.into(), at(1)).0,
            proof: Proof {
                ceremony: read(&file, &id).await,
                passkey: passkey.await.unwrap().unwrap(),
                signed: Signed {
                    sign_count: 0,
                    backed_up: true,
                },
            },
            event: NewEvent::by_control(Action::Login),
        };
        commands.push(move |tx: &store::Tx<'_>| command.run(tx));
    }
    let (won, lost) = file.race(commands).await;
    assert_eq!((won.len(), logins(&file, "customer").await), (1, 1));
    assert!(
        lost.iter()
            .all(|refusal| refusal.reason == Reason::TransactionNotFound)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_verify_one_nonce_one_succeeds() {
    let file = File::new().await;
    let (completion, nonce) = Completion::new(&APP.into(), at(0));
    let prove = file.run(move |tx| {
        let event = NewEvent::by_control(Action::Login);
        completion.prove(tx, &USER.into(), "customer", &event)
    });
    prove.await.unwrap();
    let commands = (0..CALLERS).map(|_| {
        let command = VerifyNonce {
            app_id: APP.into(),
            hash: ids::hash(&nonce),
            now: at(1),
        };
        move |tx: &store::Tx<'_>| command.run(tx)
    });
    let (won, lost) = file.race(commands.collect()).await;
    assert_eq!(won, ["customer"]);
    assert!(
        lost.iter()
            .all(|refusal| refusal.reason == Reason::InvalidNonce)
    );
}
