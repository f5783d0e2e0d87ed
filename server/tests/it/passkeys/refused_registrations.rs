//! Answers to the challenge of a registration that are not accepted.

use serde_json::{Value, json};

use super::forge::{BACKED_UP, Key, PRESENT, VERIFIED, WRONG_ANYWHERE, Wrong, encode};
use crate::support::{App, text};

/// The flag that a new credential is attested.
const ATTESTED: u8 = 0x40;

/// What is wrong with this kind of answer alone.
const WRONG: &[Wrong] = &[
    (
        "the outcome of a login",
        |it| it.kind = "webauthn.get",
        "something else",
    ),
    (
        "nobody present",
        |it| it.flags = VERIFIED | ATTESTED,
        "present",
    ),
    (
        "user not verified",
        |it| it.flags = PRESENT | ATTESTED,
        "verified",
    ),
    (
        "no credential",
        |it| it.flags = PRESENT | VERIFIED,
        "no new credential",
    ),
    (
        "backed up, but never to be",
        |it| it.flags |= BACKED_UP,
        "flag BE",
    ),
    (
        "another id than in the attestation",
        |it| it.id = vec![7; 32],
        "another id",
    ),
    (
        "a key for another algorithm",
        |it| it.algorithm = -35,
        "kind",
    ),
    (
        "a key for EdDSA, which was not asked for",
        |it| it.algorithm = -8,
        "kind",
    ),
    (
        "an unknown format of attestation",
        |it| it.format = "compound",
        "attestation",
    ),
    (
        "an attestation without what it needs",
        |it| it.format = "fido-u2f",
        "attestation",
    ),
];

#[tokio::test]
async fn a_registration() {
    let app = App::start().await;
    for (what, change, word) in WRONG_ANYWHERE.iter().chain(WRONG) {
        let start = app.register_start("ada@example.com").await;
        let mut key = Key::new();
        let mut answer = key.creation(&start["handshake"]);
        let right = answer.clone();
        change(&mut answer);
        let reply = app.register_finish(&start, key.create(&answer)).await;
        assert_eq!(reply.status, 401, "{what}");
        let error = reply.error(401, "webauthn_login_failed");
        assert!(error.contains(word), "{what}: {error}");
        let reply = app.register_finish(&start, key.create(&right)).await;
        let error = reply.error(401, "webauthn_login_failed");
        assert!(error.contains("handshake"), "{what}: {error}");
        let user = app.managed_user(&text(&start["user"]["id"])).await;
        assert_eq!(
            (&user["status"], &user["webauthn"]),
            (&json!("pending"), &json!(false)),
            "{what}"
        );
    }
    app.register("ada@example.com").await;
}

#[tokio::test]
async fn an_attestation_by_the_key_itself_is_checked() {
    let app = App::start().await;
    let start = app.register_start("ada@example.com").await;
    let mut key = Key::new();
    let mut answer = key.creation(&start["handshake"]);
    answer.format = "packed";
    answer.tampered = Some(super::forge::Part::Signature);
    let reply = app.register_finish(&start, key.create(&answer)).await;
    reply.error(401, "webauthn_login_failed");

    let start = app.register_start("ada@example.com").await;
    let mut answer = key.creation(&start["handshake"]);
    answer.format = "packed";
    app.register_finish(&start, key.create(&answer))
        .await
        .json(201);
}

#[tokio::test]
async fn a_credential_id_of_any_length_but_those_of_the_standard() {
    let app = App::start().await;
    for (length, status) in [(0, 400), (1024, 401), (1023, 201)] {
        let start = app.register_start("ada@example.com").await;
        let mut key = Key::new();
        key.id = vec![7; length];
        let answer = key.creation(&start["handshake"]);
        let reply = app.register_finish(&start, key.create(&answer)).await;
        reply.json(status);
    }
}

#[tokio::test]
async fn a_credential_that_is_registered_already() {
    let app = App::start().await;
    let mut ada = app.register("ada@example.com").await;
    let start = app.register_start("bob@example.com").await;
    let answer = ada.key.creation(&start["handshake"]);
    let reply = app.register_finish(&start, ada.key.create(&answer)).await;
    let error = reply.error(401, "webauthn_login_failed");
    assert!(error.contains("registered already"), "{error}");
    let bob = app.managed_user(&text(&start["user"]["id"])).await;
    assert_eq!(
        (&bob["status"], &bob["login_count"]),
        (&json!("pending"), &json!(0))
    );
}

#[tokio::test]
async fn a_user_who_is_gone_or_inactive_by_now() {
    let app = App::start().await;
    let finish = async |start: &Value| {
        let mut key = Key::new();
        let answer = key.creation(&start["handshake"]);
        app.register_finish(start, key.create(&answer)).await
    };
    let start = app.register_start("ada@example.com").await;
    let id = text(&start["user"]["id"]);
    app.deactivate(&id).await;
    finish(&start).await.error(403, "user_not_active");
    let start = app.register_start("bob@example.com").await;
    let id = text(&start["user"]["id"]);
    app.delete(&format!("/users/{id}")).await.empty(200);
    finish(&start).await.error(401, "webauthn_login_failed");
    // Somebody who came in by other means meanwhile.
    let start = app.register_start("eve@example.com").await;
    app.sign_in(&text(&start["user"]["id"])).await;
    let error = finish(&start).await.error(400, "invalid_request");
    assert_eq!(error, "user: already exists.");
}

#[tokio::test]
async fn requests_that_cannot_be_read() {
    let app = App::start().await;
    let start = app.register_start("ada@example.com").await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    let right = json!({
        "handshake_id": start["handshake"]["id"],
        "handshake_response": key.create(&answer),
        "user_id": start["user"]["id"],
    });
    for (pointer, value, names) in [
        ("/handshake_id", json!(null), "handshake_id"),
        ("/user_id", json!(null), "user_id"),
        ("/handshake_response/id", json!("AAAA"), "rawId"),
        (
            "/handshake_response/response/attestationObject",
            json!(null),
            "attestationObject",
        ),
        (
            "/handshake_response/response/attestationObject",
            json!("*"),
            "handshake_response.response.attestationObject: must be base64url.",
        ),
        (
            "/handshake_response/response/clientDataJSON",
            json!(null),
            "clientDataJSON",
        ),
    ] {
        let mut body = right.clone();
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let reply = app.visit_post("/register/webauthn/finish", body).await;
        let error = reply.error(400, "invalid_request");
        assert!(error.contains(names), "{pointer} {value}: {error}");
    }
    for garbage in ["AAAA", &encode([0xff; 64]), &encode([0xa0])] {
        let start = app.register_start("ada@example.com").await;
        let answer = key.creation(&start["handshake"]);
        let mut response = key.create(&answer);
        response["response"]["attestationObject"] = json!(garbage);
        let reply = app.register_finish(&start, response).await;
        reply.error(401, "webauthn_login_failed");
    }
    app.visit_post("/register/webauthn/finish", right)
        .await
        .json(201);
    let body = json!({"identifier": 7});
    app.visit_post("/register/webauthn/start", body)
        .await
        .error(400, "invalid_request");
    app.visit_post("/register/webauthn/start", json!({}))
        .await
        .error(400, "invalid_request");
}
