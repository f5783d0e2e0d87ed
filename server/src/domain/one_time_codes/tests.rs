//! Codes that many callers enter concurrently.

use std::sync::Arc;

use super::*;
use crate::domain::error::Reason;
use crate::domain::testing::{CALLERS, Fixture, client, count};

const ADA: &str = "ada@example.com";

fn ada() -> Identifier {
    Identifier::Email(ADA.to_owned())
}

/// Sends a code, and returns its id and digits.
async fn sent(fixture: &Fixture, purpose: Purpose) -> (String, String) {
    let (state, app) = (&fixture.state, &fixture.app);
    let language = Language::asked_for(None);
    let id = send(state, app, purpose, ada(), language, &client()).await;
    (id.unwrap(), fixture.last_message().code.unwrap())
}

/// Six digits that are not these.
fn other_than(code: &str) -> String {
    let digits = if code == "000000" { "000001" } else { "000000" };
    digits.to_owned()
}

/// The number of wrong tries stored for all codes.
async fn tries(fixture: &Fixture) -> i64 {
    let read = fixture.state.store.read(|tx| {
        Ok::<_, Refusal>(store::one_time_codes::tries_since(
            tx,
            &"app".into(),
            ADA,
            Time::from_second(0),
        )?)
    });
    read.await.unwrap()
}

#[tokio::test]
async fn a_code_is_used_up_in_the_command_that_stores_its_sign_in() {
    let fixture = Fixture::start().await;
    let (id, code) = sent(&fixture, Purpose::Register).await;
    let (state, app) = (&fixture.state, &fixture.app);
    let refuse = |refuse| {
        let set = move |tx: &Tx<'_>| Ok::<_, Refusal>(store::sign_ins::refuse_new(tx, refuse)?);
        state.store.write(set)
    };
    refuse(true).await.unwrap();
    let failed = activate(state, app, &id, &code, None, &client()).await;
    assert_eq!(failed.unwrap_err().reason, Reason::Failed);
    refuse(false).await.unwrap();
    // All of it was undone.
    activate(state, app, &id, &code, None, &client())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_signs_in_one_of_many_at_once() {
    let fixture = Fixture::start().await;
    let (id, code) = sent(&fixture, Purpose::Register).await;
    let results = fixture.race(|state, app| {
        let (id, code) = (id.clone(), code.clone());
        async move { activate(&state, &app, &id, &code, None, &client()).await }
    });
    let results = results.await;
    assert_eq!(count(&results, Reason::InvalidRequest), (1, CALLERS - 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_code_has_five_tries_however_many_try_at_once() {
    let fixture = Fixture::start().await;
    let (id, code) = sent(&fixture, Purpose::Register).await;
    let wrong = other_than(&code);
    let results = fixture.race(|state, app| {
        let (id, wrong) = (id.clone(), wrong.clone());
        async move {
            match activate(&state, &app, &id, &wrong, None, &client()).await {
                // This one was a try.
                Err(refusal) if refusal.reason == Reason::InvalidRequest => Ok(()),
                other => other.map(|_| panic!("the wrong code signed in")),
            }
        }
    });
    let bound = usize::try_from(TRIES).unwrap();
    let results = results.await;
    let counted = count(&results, Reason::ExceededAttempts);
    assert_eq!(counted, (bound, CALLERS - bound));
    assert_eq!(tries(&fixture).await, TRIES);

    let right = activate(&fixture.state, &fixture.app, &id, &code, None, &client()).await;
    assert_eq!(right.unwrap_err().reason, Reason::ExceededAttempts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_codes_of_an_identifier_have_fifty_tries_together_however_many_try_at_once() {
    let fixture = Fixture::start().await;
    let mut codes = vec![sent(&fixture, Purpose::Register).await];
    while codes.len() < 12 {
        codes.push(sent(&fixture, Purpose::Register).await);
    }
    let codes = Arc::new(codes);
    let results = fixture.race(|state, app| {
        let codes = Arc::clone(&codes);
        async move {
            let mut tried = 0;
            for (id, code) in &*codes {
                let wrong = other_than(code);
                let refusal = activate(&state, &app, id, &wrong, None, &client()).await;
                if refusal.unwrap_err().reason == Reason::InvalidRequest {
                    tried += 1;
                }
            }
            Ok(tried)
        }
    });
    let tried: i64 = results.await.into_iter().map(Result::unwrap).sum();
    assert_eq!(tried, TRIES_IN_AN_HOUR);
    assert_eq!(tries(&fixture).await, TRIES_IN_AN_HOUR);

    let (id, code) = &codes[codes.len() - 1];
    let right = activate(&fixture.state, &fixture.app, id, code, None, &client()).await;
    assert_eq!(right.unwrap_err().reason, Reason::ExceededAttempts);
}
