//! passage_flex, as published, against passage-server.
//!
//! The library has the address of the retired service built in. It reads `HTTPS_PROXY` and `SSL_CERT_FILE`, which lead
//! it to the suite's TLS listener.

use std::env;

use passage_flex::{Error, PassageFlex};
use serde_json::{Value, json};

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `cargo xtask client-test`"))
}

fn library() -> PassageFlex {
    PassageFlex::new(variable("PASSAGE_APP_ID"), variable("PASSAGE_API_KEY"))
}

/// What a control of the server answers.
async fn control(path: &str) -> Value {
    let url = format!("{}/_dev/{path}", variable("PASSAGE_SERVER"));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let reply = client.post(url).json(&json!({})).send().await.unwrap();
    assert_eq!(reply.status(), 201);
    reply.json().await.unwrap()
}

/// The nonce that a browser brings back after its passkey ceremony.
async fn nonce(transaction: &str) -> String {
    let reply = control(&format!("transactions/{transaction}/complete")).await;
    reply["nonce"].as_str().unwrap().to_owned()
}

/// Registers a passkey for a user of the app's own. The nonce.
async fn register(flex: &PassageFlex, external_id: &str) -> String {
    let transaction = flex
        .auth
        .create_register_transaction(external_id.to_owned(), "Ada".to_owned())
        .await
        .unwrap();
    nonce(&transaction).await
}

#[tokio::test]
async fn a_registration_tells_who_registered_once() {
    let flex = library();
    let nonce = register(&flex, "register").await;
    let verified = flex.auth.verify_nonce(nonce.clone()).await.unwrap();
    assert_eq!(verified, "register");
    let again = flex.auth.verify_nonce(nonce).await.unwrap_err();
    assert!(matches!(again, Error::InvalidNonce), "{again}");
}

#[tokio::test]
async fn a_login_tells_who_logged_in() {
    let flex = library();
    register(&flex, "login").await;
    let transaction = flex
        .auth
        .create_authenticate_transaction("login".to_owned())
        .await
        .unwrap();
    let nonce = nonce(&transaction).await;
    assert_eq!(flex.auth.verify_nonce(nonce).await.unwrap(), "login");
}

#[tokio::test]
async fn nobody_logs_in_without_a_passkey() {
    let flex = library();
    register(&flex, "lost").await;
    let devices = flex.user.list_devices("lost".to_owned()).await.unwrap();
    let device = devices[0].id.clone();
    flex.user
        .revoke_device("lost".to_owned(), device)
        .await
        .unwrap();
    let login = flex.auth.create_authenticate_transaction("lost".to_owned());
    let error = login.await.unwrap_err();
    assert!(matches!(error, Error::UserHasNoPasskeys), "{error}");
}

#[tokio::test]
async fn a_nonce_that_was_never_given_out_is_refused() {
    let error = library()
        .auth
        .verify_nonce("none".to_owned())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::InvalidNonce), "{error}");
}

#[tokio::test]
async fn a_user_is_found_by_the_id_of_the_app() {
    let flex = library();
    register(&flex, "found").await;
    let user = flex.user.get("found".to_owned()).await.unwrap();
    assert_eq!(user.external_id, "found");
    assert!(user.webauthn);
    assert_eq!(user.webauthn_devices.len(), 1);
    let error = flex.user.get("nobody".to_owned()).await.unwrap_err();
    assert!(matches!(error, Error::UserNotFound), "{error}");
}

#[tokio::test]
async fn devices_are_listed_and_revoked() {
    let flex = library();
    register(&flex, "devices").await;
    register(&flex, "devices").await;
    let list = || flex.user.list_devices("devices".to_owned());
    let devices = list().await.unwrap();
    assert_eq!(devices.len(), 2);
    let revoke = |id: &str| flex.user.revoke_device("devices".to_owned(), id.to_owned());
    revoke(&devices[0].id).await.unwrap();
    let left: Vec<_> = list()
        .await
        .unwrap()
        .into_iter()
        .map(|device| device.id)
        .collect();
    assert_eq!(left, [devices[1].id.clone()]);
    let error = revoke(&devices[0].id).await.unwrap_err();
    assert!(matches!(error, Error::DeviceNotFound), "{error}");
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let stranger = PassageFlex::new(variable("PASSAGE_APP_ID"), "not the key".to_owned());
    let error = stranger.user.get("somebody".to_owned()).await.unwrap_err();
    assert!(matches!(error, Error::InvalidAccessToken), "{error}");
}
