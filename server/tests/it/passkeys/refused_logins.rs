//! Answers to the challenge of a login that are not accepted.

use serde_json::{Value, json};

use super::forge::{
    BACKED_UP, BACKUP_ELIGIBLE, Key, PRESENT, Part, VERIFIED, WRONG_ANYWHERE, Wrong,
};
use crate::support::App;

/// What is wrong with this kind of answer alone. The stored counter is 5.
const WRONG: &[Wrong] = &[
    (
        "tampered signature",
        |it| it.tampered = Some(Part::Signature),
        "signature",
    ),
    (
        "tampered authenticator data",
        |it| it.tampered = Some(Part::AuthenticatorData),
        "signature",
    ),
    (
        "tampered client data",
        |it| it.tampered = Some(Part::ClientData),
        "signature",
    ),
    (
        "no port",
        |it| it.origin = "http://localhost".into(),
        "origin",
    ),
    (
        "a name that ends alike",
        |it| it.origin = "http://evillocalhost:3000".into(),
        "origin",
    ),
    (
        "an origin that is none",
        |it| it.origin = "localhost".into(),
        "form of the standard",
    ),
    (
        "a subdomain as relying party",
        |it| it.rp_id = "a.localhost".into(),
        "relying party",
    ),
    (
        "a part of the challenge",
        |it| it.challenge.truncate(24),
        "challenge",
    ),
    ("no challenge", |it| it.challenge.clear(), "challenge"),
    (
        "the outcome of a registration",
        |it| it.kind = "webauthn.create",
        "something else",
    ),
    ("a payment", |it| it.kind = "payment.get", "something else"),
    ("nobody present", |it| it.flags = VERIFIED, "present"),
    ("user not verified", |it| it.flags = PRESENT, "verified"),
    ("the same counter", |it| it.counter = 5, "counter"),
    ("a counter that went back", |it| it.counter = 4, "counter"),
    ("a counter that began again", |it| it.counter = 0, "counter"),
    ("suddenly backed up", |it| it.flags |= BACKED_UP, "flag BE"),
    (
        "suddenly to be backed up",
        |it| it.flags |= BACKUP_ELIGIBLE,
        "has changed",
    ),
    (
        "another user's handle",
        |it| it.user_handle = Some(vec![7; 16]),
        "another user",
    ),
    (
        "the handle cut short",
        |it| it.user_handle.as_mut().unwrap().truncate(8),
        "another user",
    ),
    ("an unknown credential", |it| it.id = vec![7; 32], "unknown"),
    (
        "a credential id cut short",
        |it| it.id.truncate(16),
        "unknown",
    ),
];

async fn refused(body: Value, code: &str) {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let start = app.login_start(body.clone()).await;
    let mut answer = ada.key.assertion(&start["handshake"]);
    answer.counter = 5;
    app.login_finish(&start, ada.key.get(&answer))
        .await
        .json(200);
    let before = app.managed_user(&ada.id).await;
    for (what, change, word) in WRONG_ANYWHERE.iter().chain(WRONG) {
        let start = app.login_start(body.clone()).await;
        let mut answer = ada.key.assertion(&start["handshake"]);
        answer.counter = 6;
        let right = answer.clone();
        change(&mut answer);
        let reply = app.login_finish(&start, ada.key.get(&answer)).await;
        assert_eq!(reply.status, 401, "{what}");
        let error = reply.error(401, code);
        assert!(error.contains(word), "{what}: {error}");
        // Nobody gets a second try, not even with the right answer.
        let reply = app.login_finish(&start, ada.key.get(&right)).await;
        let error = reply.error(401, code);
        assert!(error.contains("handshake"), "{what}: {error}");
    }
    assert_eq!(
        app.managed_user(&ada.id).await,
        before,
        "nothing was counted"
    );
    let start = app.login_start(body).await;
    let mut answer = ada.key.assertion(&start["handshake"]);
    answer.counter = 6;
    app.login_finish(&start, ada.key.get(&answer))
        .await
        .json(200);
}

#[tokio::test]
async fn by_identifier() {
    let body = json!({"identifier": "ada@example.com"});
    refused(body, "webauthn_login_failed").await;
}

#[tokio::test]
async fn discoverable() {
    refused(json!({}), "discoverable_login_failed").await;
}

#[tokio::test]
async fn a_discoverable_passkey_must_say_whose_it_is() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    for handle in [None, Some(Vec::new())] {
        let start = app.login_start(json!({})).await;
        let mut answer = ada.key.assertion(&start["handshake"]);
        answer.user_handle = handle;
        let reply = app.login_finish(&start, ada.key.get(&answer)).await;
        reply.error(401, "discoverable_login_failed");
    }
    // The id, which everybody may know, is no handle.
    let start = app.login_start(json!({})).await;
    let mut answer = ada.key.assertion(&start["handshake"]);
    answer.user_handle = Some(ada.id.clone().into_bytes());
    let reply = app.login_finish(&start, ada.key.get(&answer)).await;
    reply.error(401, "discoverable_login_failed");
}

#[tokio::test]
async fn another_key_with_the_same_id() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let mut other = Key::new();
    other.id.clone_from(&ada.key.id);
    other.user_handle.clone_from(&ada.key.user_handle);
    let reply = app.login(&other, json!({})).await;
    let error = reply.error(401, "discoverable_login_failed");
    assert!(error.contains("signature"), "{error}");
}

#[tokio::test]
async fn a_passkey_that_a_control_seeded_signs_nobody_in() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let key = Key::new();
    let device = passage_server::SeedDevice::new().cred_id(super::forge::encode(&key.id));
    app.controls().seed_device(&ada.id, device).await.unwrap();
    app.login(&key, json!({}))
        .await
        .error(401, "discoverable_login_failed");
    let body = json!({"identifier": "ada@example.com"});
    app.login(&key, body)
        .await
        .error(401, "webauthn_login_failed");
}

/// Where a value is put, the value as JSON, and what the refusal says.
const UNREADABLE: &[(&str, &str, &str)] = &[
    ("/handshake_id", "null", "handshake_id"),
    (
        "/handshake_response",
        "null",
        "body: handshake_response: an object is needed, not null.",
    ),
    (
        "/handshake_response",
        r#""x""#,
        "body: handshake_response: an object is needed, not a string.",
    ),
    (
        "/handshake_response/response",
        "[]",
        "body: handshake_response.response: an object is needed, not an array.",
    ),
    ("/handshake_response/rawId", r#""AAAA""#, "rawId"),
    ("/handshake_response/type", r#""password""#, "type"),
    ("/handshake_response/response", "null", "response"),
    (
        "/handshake_response/response/signature",
        "null",
        "signature",
    ),
    (
        "/handshake_response/response/signature",
        r#""not base64url!""#,
        "handshake_response.response.signature: must be base64url.",
    ),
    (
        "/handshake_response/response/clientDataJSON",
        r#""""#,
        "clientDataJSON",
    ),
    (
        "/handshake_response/response/authenticatorData",
        "7",
        "body: handshake_response.response.authenticatorData: a string is needed, not a number.",
    ),
    (
        "/handshake_response/response/userHandle",
        r#""+""#,
        "handshake_response.response.userHandle: must be base64url.",
    ),
];

#[tokio::test]
async fn requests_that_cannot_be_read() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let start = app.login_start(json!({})).await;
    let answer = ada.key.assertion(&start["handshake"]);
    let id = &start["handshake"]["id"];
    let right = json!({"handshake_id": id, "handshake_response": ada.key.get(&answer)});
    for (pointer, value, names) in UNREADABLE {
        let mut body = right.clone();
        *body.pointer_mut(pointer).unwrap() = serde_json::from_str(value).unwrap();
        let reply = app.visit_post("/login/webauthn/finish", body).await;
        assert_eq!(reply.status, 400, "{pointer} {value}");
        let error = reply.error(400, "invalid_request");
        assert!(error.contains(names), "{pointer} {value}: {error}");
    }
    // What cannot be read ends no ceremony.
    app.visit_post("/login/webauthn/finish", right)
        .await
        .json(200);
}

#[tokio::test]
async fn bytes_that_mean_nothing_sign_nobody_in() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    for pointer in [
        "/response/authenticatorData",
        "/response/clientDataJSON",
        "/response/signature",
    ] {
        let start = app.login_start(json!({})).await;
        let mut response = ada.key.get(&ada.key.assertion(&start["handshake"]));
        *response.pointer_mut(pointer).unwrap() = json!("AAAA");
        let reply = app.login_finish(&start, response).await;
        assert_eq!(reply.status, 401, "{pointer}");
        reply.error(401, "discoverable_login_failed");
    }
}
