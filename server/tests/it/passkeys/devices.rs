//! Devices of the signed-in user.

use std::time::Duration;

use http::Method;
use passkey_client::WebauthnError;
use passkey_types::ctap2::Ctap2Error;
use serde_json::{Value, json};

use super::authenticator::Browser;
use super::forge::{Key, encode};
use super::steps::Registered;
use crate::mailbox::tokens;
use crate::support::{App, Reply, members, send, text};

async fn list(app: &App, token: &str) -> Value {
    let request = app.http.get(app.auth("/currentuser/devices"));
    send(request.bearer_auth(token)).await.json(200)["devices"].clone()
}

#[tokio::test]
async fn a_user_has_sixty_four_passkeys_at_most() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let add = async || {
        let start = app.add_start(&ada.token).await;
        let mut key = Key::new();
        let answer = key.creation(&start["handshake"]);
        (start, key.create(&answer))
    };
    let mut waiting = add().await;
    for _ in 1..64 {
        let (start, response) = std::mem::replace(&mut waiting, add().await);
        app.add_finish(&ada.token, &start, response).await.json(201);
    }
    // This one was started when there was room, and finds none.
    let (start, response) = waiting;
    let full = app.add_finish(&ada.token, &start, response).await;
    let problem = full.error(400, "invalid_request");
    assert!(problem.contains("64 at most; remove one"), "{problem}");
    let start = json!({});
    let full = app.own(
        &ada.token,
        Method::POST,
        "/currentuser/devices/start",
        start,
    );
    full.await.error(400, "invalid_request");

    let devices = list(&app, &ada.token).await;
    assert_eq!(devices.as_array().unwrap().len(), 64);
    let path = format!("/currentuser/devices/{}", text(&devices[0]["id"]));
    let removed = app.own(&ada.token, Method::DELETE, &path, json!({})).await;
    assert_eq!(removed.status, 200);
    let (start, response) = add().await;
    app.add_finish(&ada.token, &start, response).await.json(201);
}

/// A user who registered with one device and added another, a second later.
struct TwoDevices {
    app: App,
    ada: Registered,
    /// Has the passkey that was added.
    browser: Browser,
    cred_id: Value,
    /// As the reply to its addition shows it.
    added: Value,
}

impl TwoDevices {
    async fn new() -> Self {
        let app = App::start().await;
        let ada = app.register("ada@example.com").await;
        let mut browser = Browser::new();
        app.controls().advance(Duration::from_secs(1));
        let start = app.add_start(&ada.token).await;
        assert_eq!(members(&start), ["handshake", "user"]);
        assert_eq!(start["user"]["id"], ada.id);
        let created = browser.create(&start["handshake"]["challenge"]).await;
        let response: Value = created.unwrap();
        let cred_id = response["id"].clone();
        let reply = app.add_finish(&ada.token, &start, response).await.json(201);
        assert_eq!(members(&reply), ["device"]);
        Self {
            app,
            ada,
            browser,
            cred_id,
            added: reply["device"].clone(),
        }
    }

    async fn devices(&self) -> Value {
        list(&self.app, &self.ada.token).await
    }

    /// A request for the added device.
    async fn call(&self, method: Method, body: Value) -> Reply {
        let path = format!("/currentuser/devices/{}", text(&self.added["id"]));
        self.app.own(&self.ada.token, method, &path, body).await
    }

    /// Logs in with the added passkey.
    async fn log_in(&mut self, body: Value) -> Reply {
        let start = self.app.login_start(body).await;
        let answered = self.browser.get(&start["handshake"]["challenge"]).await;
        self.app.login_finish(&start, answered.unwrap()).await
    }
}

#[tokio::test]
async fn an_added_device_shows_in_the_list_and_on_the_user() {
    let two = TwoDevices::new().await;
    let device = &two.added;
    assert_eq!(
        device,
        &json!({
            "id": device["id"],
            "user_id": two.ada.id,
            "cred_id": two.cred_id,
            "friendly_name": "Passkey",
            "type": "passkey",
            "icons": {"light": null, "dark": null},
            "usage_count": 0,
            "last_login_at": "0001-01-01T00:00:00Z",
            "created_at": device["created_at"],
            "updated_at": device["created_at"],
        })
    );
    let devices = two.devices().await;
    assert_eq!(devices.as_array().unwrap().len(), 2);
    assert_eq!(&devices[1], device);
    let me = two.app.current_user(&two.ada.token).await.json(200)["user"].clone();
    assert_eq!(me["webauthn_devices"], devices);
    assert_eq!(me["webauthn_types"], json!(["platform", "passkey"]));
}

#[tokio::test]
async fn adding_a_device_is_neither_a_login_nor_an_event() {
    let two = TwoDevices::new().await;
    let me = two.app.current_user(&two.ada.token).await.json(200)["user"].clone();
    assert_eq!(me["login_count"], 1, "adding a device is no login");
    let events = two.app.managed_user(&two.ada.id).await["recent_events"].clone();
    assert_eq!(events.as_array().unwrap().len(), 1, "and no event");
}

#[tokio::test]
async fn a_device_is_renamed_to_the_trimmed_name() {
    let two = TwoDevices::new().await;
    two.app.controls().advance(Duration::from_secs(1));
    let body = json!({"friendly_name": " Blue phone "});
    let renamed = two.call(Method::PATCH, body).await.json(200);
    let mut expected = two.added.clone();
    expected["friendly_name"] = json!("Blue phone");
    expected["updated_at"] = renamed["device"]["updated_at"].clone();
    assert_eq!(renamed, json!({"device": expected}));
    assert_ne!(expected["updated_at"], two.added["updated_at"]);
    assert_eq!(two.devices().await[1], expected);
}

#[tokio::test]
async fn a_login_counts_for_the_device_that_was_used() {
    let mut two = TwoDevices::new().await;
    let body = json!({"identifier": "ada@example.com"});
    two.log_in(body).await.json(200);
    let devices = two.devices().await;
    assert_eq!(
        (&devices[0]["usage_count"], &devices[1]["usage_count"]),
        (&json!(0), &json!(1))
    );
}

#[tokio::test]
async fn a_removed_device_signs_nobody_in_and_the_other_still_does() {
    let mut two = TwoDevices::new().await;
    let devices = two.devices().await;
    two.call(Method::DELETE, json!({})).await.empty(200);
    assert_eq!(two.devices().await, json!([devices[0]]));
    let refused = two.log_in(json!({})).await;
    refused.error(401, "discoverable_login_failed");
    two.app.login(&two.ada.key, json!({})).await.json(200);
}

#[tokio::test]
async fn an_authenticator_holds_one_passkey_of_a_user() {
    let app = App::start().await;
    let mut browser = Browser::new();
    let start = app.register_start("ada@example.com").await;
    let response = browser
        .create(&start["handshake"]["challenge"])
        .await
        .unwrap();
    let reply = app.register_finish(&start, response).await.json(201);
    let token = text(&reply["auth_result"]["auth_token"]);

    let start = app.add_start(&token).await;
    let options = &start["handshake"]["challenge"]["publicKey"];
    let known = app.current_user(&token).await.json(200)["user"]["webauthn_devices"].clone();
    assert_eq!(
        options["excludeCredentials"],
        json!([{"id": known[0]["cred_id"], "type": "public-key", "transports": ["internal", "hybrid"]}])
    );
    assert_eq!(options["user"]["name"], "ada@example.com");
    let refused = browser
        .create::<Value>(&start["handshake"]["challenge"])
        .await;
    let excluded = WebauthnError::AuthenticatorError(Ctap2Error::CredentialExcluded.into());
    assert_eq!(
        refused,
        Err(excluded),
        "the authenticator declines by itself"
    );

    // One that does not care is declined by the server.
    let ada = app.register("bob@example.com").await;
    let mut key = ada.key;
    let start = app.add_start(&ada.token).await;
    let handle = key.user_handle.clone();
    let answer = key.creation(&start["handshake"]);
    assert_eq!(key.user_handle, handle, "a user has one handle");
    let reply = app
        .add_finish(&ada.token, &start, key.create(&answer))
        .await;
    let error = reply.error(401, "webauthn_login_failed");
    assert!(error.contains("registered already"), "{error}");
}

#[tokio::test]
async fn somebody_elses_passkey_cannot_be_added() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let mut eve = app.register("eve@example.com").await;
    let start = app.add_start(&ada.token).await;
    let answer = eve.key.creation(&start["handshake"]);
    let reply = app
        .add_finish(&ada.token, &start, eve.key.create(&answer))
        .await;
    let error = reply.error(401, "webauthn_login_failed");
    assert!(error.contains("registered already"), "{error}");
    assert_eq!(list(&app, &ada.token).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_user_who_never_had_a_passkey_gets_the_first() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let token = app.sign_in(&id).await.auth_token;
    assert_eq!(list(&app, &token).await, json!([]));
    for body in ["", "null", "{}", r#"{"authenticator_attachment":"any"}"#] {
        let request = app.http.post(app.auth("/currentuser/devices/start"));
        let request = request.bearer_auth(&token).body(body);
        send(request).await.json(200);
    }
    let start = app.add_start(&token).await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    app.add_finish(&token, &start, key.create(&answer))
        .await
        .json(201);
    app.login(&key, json!({})).await.json(200);
    assert_eq!(list(&app, &token).await[0]["cred_id"], encode(&key.id));
}

#[tokio::test]
async fn who_came_in_by_a_code_adds_a_passkey_and_does_not_register_again() {
    let app = App::start().await;
    let body = json!({"identifier": "ada@example.com"});
    let reply = app.visit_post("/register/otp", body.clone()).await;
    let otp_id = text(&reply.json(201)["otp_id"]);
    let code = app.message("ada@example.com").code.unwrap();
    let token = tokens(&app.enter(&otp_id, &code).await).auth_token;

    let reply = app
        .visit_post("/register/webauthn/start", body.clone())
        .await;
    assert_eq!(reply.error(400, "invalid_request"), "user: already exists.");
    let start = app.add_start(&token).await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    app.add_finish(&token, &start, key.create(&answer))
        .await
        .json(201);
    let reply = app.login(&key, body).await;
    let by_passkey = text(&reply.json(200)["auth_result"]["auth_token"]);
    let me = app.current_user(&by_passkey).await.json(200)["user"].clone();
    assert_eq!(
        (&me["email_verified"], &me["login_count"]),
        (&json!(true), &json!(2))
    );
}

#[tokio::test]
async fn an_outcome_that_cannot_be_read_is_refused() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let start = app.add_start(&ada.token).await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    let right = key.create(&answer);
    let part = |name: &str, value: Value| {
        let mut response = right.clone();
        response["response"][name] = value;
        response
    };
    for (response, problem) in [
        (
            json!("x"),
            "body: handshake_response: an object is needed, not a string.",
        ),
        (json!({}), "handshake_response: rawId is needed."),
        (
            part("transports", json!("usb")),
            "body: handshake_response.response.transports: an array is needed, not a string.",
        ),
        (
            part("attestationObject", json!("*")),
            "handshake_response.response.attestationObject: must be base64url.",
        ),
    ] {
        let reply = app.add_finish(&ada.token, &start, response).await;
        assert_eq!(reply.error(400, "invalid_request"), problem);
    }
    app.add_finish(&ada.token, &start, right).await.json(201);
}

#[tokio::test]
async fn only_ones_own_devices() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let eve = app.register("eve@example.com").await;
    let device = text(&list(&app, &ada.token).await[0]["id"]);
    for id in [device.as_str(), "nosuchdevicenosuchdevice"] {
        let path = format!("/currentuser/devices/{id}");
        let body = json!({"friendly_name": "Mine"});
        let reply = app.own(&eve.token, Method::PATCH, &path, body).await;
        assert_eq!(reply.error(404, "user_not_found"), "device: not found.");
        let reply = app.own(&eve.token, Method::DELETE, &path, json!({})).await;
        assert_eq!(reply.error(404, "user_not_found"), "device: not found.");
    }
    assert_eq!(list(&app, &ada.token).await[0]["friendly_name"], "Passkey");
    let path = format!("/currentuser/devices/{device}");
    for body in [
        json!({}),
        json!({"friendly_name": null}),
        json!({"friendly_name": ""}),
        json!({"friendly_name": " "}),
        json!({"friendly_name": "x".repeat(256)}),
    ] {
        let reply = app.own(&ada.token, Method::PATCH, &path, body).await;
        let error = reply.error(400, "invalid_request");
        assert!(error.contains("friendly_name"), "{error}");
    }
}

#[tokio::test]
async fn a_token_is_needed() {
    let app = App::start().await;
    for (method, path) in [
        (Method::GET, "/currentuser/devices"),
        (Method::POST, "/currentuser/devices/start"),
        (Method::POST, "/currentuser/devices/finish"),
        (Method::PATCH, "/currentuser/devices/some"),
        (Method::DELETE, "/currentuser/devices/some"),
    ] {
        let request = app.http.request(method.clone(), app.auth(path)).body("{}");
        send(request).await.error(401, "invalid_access_token");
        let reply = app.own("bad", method, path, json!({})).await;
        reply.error(401, "invalid_access_token");
    }
}
