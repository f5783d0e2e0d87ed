//! Changes to an account that its owner must learn of.

use passage_server::Message;
use serde_json::{Value, json};

use crate::mailbox::{ADA, BOB, PHONE, together};
use crate::passkeys::forge::Key;
use crate::support::{App, text};

/// The notices to somebody, oldest first.
fn notices(app: &App, to: &str) -> Vec<Message> {
    let messages = app.controls().outbox().into_iter();
    let notices = messages.filter(|it| it.to == to && it.purpose == "security_notice");
    notices.collect()
}

fn all_notices(app: &App) -> usize {
    let messages = app.controls().outbox().into_iter();
    messages
        .filter(|it| it.purpose == "security_notice")
        .count()
}

/// A user who has proved to receive messages at this address or number, and a token of theirs.
async fn verified(app: &App, body: Value, proved: &str) -> (String, String) {
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    let (otp_id, code) = app.login_code(proved).await;
    let signed_in = app.enter(&otp_id, &code).await.json(200);
    (id, text(&signed_in["auth_result"]["auth_token"]))
}

async fn add_passkey(app: &App, token: &str) -> Value {
    let start = app.add_start(token).await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    let added = app.add_finish(token, &start, key.create(&answer)).await;
    added.json(201)["device"].clone()
}

#[tokio::test]
async fn a_thief_adds_a_passkey_in_silence() {
    let app = App::start().await;
    let (id, token) = verified(&app, json!({"email": ADA}), ADA).await;
    let device = add_passkey(&app, &token).await;
    let told = notices(&app, ADA);
    assert_eq!(told.len(), 1);
    let (told, name) = (&told[0], text(&device["friendly_name"]));
    assert_eq!(
        (&*told.user_id, &told.url, &told.code),
        (&*id, &None, &None)
    );
    assert!(
        told.text.contains(&name) && told.text.contains("added"),
        "{}",
        told.text
    );
    assert!(told.text.contains("127.0.0.1"), "who did it: {}", told.text);
}

#[tokio::test]
async fn a_thief_removes_the_owners_passkey_in_silence() {
    let app = App::start().await;
    let (id, token) = verified(&app, json!({"email": ADA}), ADA).await;
    let own = text(&add_passkey(&app, &token).await["id"]);
    let other = text(&add_passkey(&app, &token).await["id"]);
    let path = format!("/currentuser/devices/{own}");
    let removed = app
        .own(&token, http::Method::DELETE, &path, json!({}))
        .await;
    removed.empty(200);
    let told = notices(&app, ADA);
    assert_eq!(told.len(), 3);
    assert!(told[2].text.contains("removed") && told[2].text.contains("127.0.0.1"));
    // A second time there is nothing to tell.
    let again = app
        .own(&token, http::Method::DELETE, &path, json!({}))
        .await;
    again.error(404, "user_not_found");
    let path = format!("/users/{id}/devices/{own}");
    app.delete(&path).await.error(404, "device_not_found");
    assert_eq!(notices(&app, ADA).len(), 3);
    // The backend removes the other: nobody's address is named.
    app.delete(&format!("/users/{id}/devices/{other}"))
        .await
        .empty(200);
    let told = notices(&app, ADA);
    assert_eq!(told.len(), 4);
    assert!(told[3].text.contains("removed") && !told[3].text.contains("127.0.0.1"));
}

#[tokio::test]
async fn a_passkey_that_many_remove_at_once_is_one_notice() {
    let app = App::start().await;
    let (_, token) = verified(&app, json!({"email": ADA}), ADA).await;
    let device = text(&add_passkey(&app, &token).await["id"]);
    let path = format!("/currentuser/devices/{device}");
    let remove = |_| app.own(&token, http::Method::DELETE, &path, json!({}));
    let replies = together((0..8).map(remove)).await;
    let removed = replies.iter().filter(|reply| reply.status == 200);
    assert_eq!(removed.count(), 1);
    assert_eq!(notices(&app, ADA).len(), 2, "one was added, one removed");
}

#[tokio::test]
async fn the_backend_is_talked_into_another_address() {
    let app = App::start().await;
    let (id, _) = verified(&app, json!({"email": ADA}), ADA).await;
    let path = format!("/users/{id}");
    let change = async |body: Value| {
        app.patch(&path, body).await.json(200);
    };
    // The number is unverified, and the rest is no change of an identifier.
    change(json!({"phone": "+15005550007"})).await;
    change(json!({"phone": null})).await;
    change(json!({"email": "Ada@Example.com"})).await;
    change(json!({"user_metadata": {"a": 1}})).await;
    assert_eq!(all_notices(&app), 0);
    app.patch(&path, json!({"email": "nonsense"}))
        .await
        .error(400, "invalid_request");
    app.user(BOB).await;
    app.patch(&path, json!({"email": BOB}))
        .await
        .error(400, "invalid_request");
    assert_eq!(all_notices(&app), 0, "refused changes");
    change(json!({"email": "new@example.com"})).await;
    let told = notices(&app, ADA);
    assert_eq!(told.len(), 1, "the old address is told");
    assert!(told[0].text.contains("new@example.com"), "{}", told[0].text);
    assert_eq!(told[0].url, None);
    // The new one is unverified: it may be anybody's.
    change(json!({"email": "newer@example.com"})).await;
    assert_eq!(all_notices(&app), 1);
}

#[tokio::test]
async fn the_backend_is_talked_into_removing_an_address() {
    let app = App::start().await;
    let (id, _) = verified(&app, json!({"email": ADA}), ADA).await;
    let path = format!("/users/{id}");
    app.patch(&path, json!({"email": "", "phone": PHONE}))
        .await
        .json(200);
    let told = notices(&app, ADA);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].text.contains("removed from your account"),
        "{}",
        told[0].text
    );
    assert!(!told[0].text.contains(PHONE), "{}", told[0].text);
}

#[tokio::test]
async fn a_stranger_has_notices_sent_to_addresses_that_are_not_theirs() {
    let app = App::start().await;
    // Whoever registered with this address has proved nothing, so it may be somebody else's.
    let registered = app.register(ADA).await;
    let device = text(&add_passkey(&app, &registered.token).await["id"]);
    let path = format!("/currentuser/devices/{device}");
    app.own(&registered.token, http::Method::DELETE, &path, json!({}))
        .await
        .empty(200);
    app.patch(&format!("/users/{}", registered.id), json!({"email": BOB}))
        .await
        .json(200);
    assert_eq!(app.controls().outbox().len(), 0);
}

#[tokio::test]
async fn an_owner_with_a_proved_number_only_is_told_there() {
    let app = App::start().await;
    let (id, token) = verified(&app, json!({"phone": PHONE}), PHONE).await;
    app.patch(&format!("/users/{id}"), json!({"email": ADA}))
        .await
        .json(200);
    add_passkey(&app, &token).await;
    assert_eq!((notices(&app, PHONE).len(), all_notices(&app)), (1, 1));
}

#[tokio::test]
async fn a_passkey_that_is_refused_is_not_announced() {
    let app = App::start().await;
    let (_, token) = verified(&app, json!({"email": ADA}), ADA).await;
    let start = app.add_start(&token).await;
    let mut key = Key::new();
    let mut answer = key.creation(&start["handshake"]);
    answer.origin = "https://evil.example".to_owned();
    let refused = app.add_finish(&token, &start, key.create(&answer)).await;
    refused.error(401, "webauthn_login_failed");
    assert_eq!(all_notices(&app), 0);
}
