//! Login with a passkey.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use super::authenticator::Browser;
use super::forge::Key;
use crate::support::{App, members, send, text};

/// Registers somebody with the browser's authenticator, and returns their id.
async fn register(app: &App, browser: &mut Browser, identifier: &str) -> String {
    let start = app.register_start(identifier).await;
    let response = browser
        .create(&start["handshake"]["challenge"])
        .await
        .unwrap();
    app.register_finish(&start, response).await.json(201);
    text(&start["user"]["id"])
}

/// A whole login with the browser's authenticator; who is signed in then.
async fn login(app: &App, browser: &mut Browser, body: Value) -> String {
    let start = app.login_start(body).await;
    let response = browser.get(&start["handshake"]["challenge"]).await.unwrap();
    let reply = app.login_finish(&start, response).await.json(200);
    let token = text(&reply["auth_result"]["auth_token"]);
    text(&app.current_user(&token).await.json(200)["user"]["id"])
}

#[tokio::test]
async fn by_identifier_and_without() {
    let app = App::start().await;
    let mut browser = Browser::new().counting();
    let ada = register(&app, &mut browser, "ada@example.com").await;
    assert_eq!(
        login(&app, &mut browser, json!({"identifier": "ada@example.com"})).await,
        ada
    );
    assert_eq!(login(&app, &mut browser, json!({})).await, ada);

    // The newest passkey is the one that the authenticator offers first.
    let bob = register(&app, &mut browser, "+15005550006").await;
    assert_eq!(login(&app, &mut browser, json!({})).await, bob);
    assert_eq!(
        login(&app, &mut browser, json!({"identifier": "ada@example.com"})).await,
        ada
    );
    assert_eq!(
        login(&app, &mut browser, json!({"identifier": "+15005550006"})).await,
        bob
    );
}

#[tokio::test]
async fn a_login_is_counted_on_the_user_and_on_the_device() {
    let app = App::start().await;
    let mut browser = Browser::new().counting();
    let id = register(&app, &mut browser, "ada@example.com").await;
    app.controls().advance(Duration::from_secs(60));
    for _ in 0..2 {
        login(&app, &mut browser, json!({})).await;
    }
    let user = app.managed_user(&id).await;
    assert_eq!(user["login_count"], 3);
    let device = &user["webauthn_devices"][0];
    assert_eq!(device["usage_count"], 2);
    assert_eq!(device["last_login_at"], user["last_login_at"]);
    assert_eq!(device["updated_at"], user["last_login_at"]);
    assert_ne!(device["created_at"], device["updated_at"]);
    let actions = user["recent_events"].as_array().unwrap().iter();
    let actions: Vec<_> = actions
        .map(|event| (&event["action"], &event["type"]))
        .collect();
    let (login, register, passkey) = (json!("login"), json!("register"), json!("passkey"));
    assert_eq!(
        actions,
        [
            (&login, &passkey),
            (&login, &passkey),
            (&register, &passkey)
        ]
    );
}

#[tokio::test]
async fn what_the_browser_is_asked_for() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let start = app
        .login_start(json!({"identifier": "ada@example.com"}))
        .await;
    assert_eq!(members(&start), ["handshake", "user"]);
    assert_eq!(start["user"]["id"], ada.id);
    assert_eq!(start["user"]["webauthn"], true);
    assert_eq!(members(&start["handshake"]["challenge"]), ["publicKey"]);
    let options = &start["handshake"]["challenge"]["publicKey"];
    let known = json!([{
        "id": super::forge::encode(&ada.key.id), "type": "public-key", "transports": ["internal"],
    }]);
    assert_eq!(options["allowCredentials"], known);
    assert_eq!(
        (
            &options["rpId"],
            &options["timeout"],
            &options["userVerification"]
        ),
        (&json!("localhost"), &json!(300_000), &json!("required"))
    );

    for body in [
        "",
        "null",
        "{}",
        r#"{"identifier":null}"#,
        r#"{"identifier":""}"#,
    ] {
        let request = app.http.post(app.auth("/login/webauthn/start")).body(body);
        let start = send(request).await.json(200);
        assert_eq!(members(&start), ["handshake"], "{body}");
        let discoverable = &start["handshake"]["challenge"]["publicKey"];
        assert_eq!(discoverable["allowCredentials"], Value::Null);
        assert_ne!(discoverable["challenge"], options["challenge"]);
    }
}

#[tokio::test]
async fn who_cannot_start() {
    let app = App::start().await;
    let start = async |identifier: &str| {
        let body = json!({"identifier": identifier});
        app.visit_post("/login/webauthn/start", body).await
    };
    start("nobody@example.com")
        .await
        .error(404, "user_not_found");
    start("nobody").await.error(400, "invalid_request");
    let id = app.user_id("ada@example.com").await;
    start("ada@example.com")
        .await
        .error(401, "webauthn_login_failed");
    let device = passage_server::SeedDevice::new();
    app.controls().seed_device(&id, device).await.unwrap();
    start("ada@example.com")
        .await
        .error(401, "webauthn_login_failed");
    let bob = app.register("bob@example.com").await;
    app.deactivate(&bob.id).await;
    start("bob@example.com").await.error(403, "user_not_active");
}

#[tokio::test]
async fn a_counter_that_goes_on_is_kept_and_one_that_stays_0_is_fine() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    for counter in [0, 0, 1, 7, u32::MAX] {
        let start = app.login_start(json!({})).await;
        let mut answer = ada.key.assertion(&start["handshake"]);
        answer.counter = counter;
        app.login_finish(&start, ada.key.get(&answer))
            .await
            .json(200);
    }
}

#[tokio::test]
async fn what_a_browser_leaves_out_is_not_needed() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    // A passkey that was asked for by its id need not say whose it is.
    let start = app
        .login_start(json!({"identifier": "ada@example.com"}))
        .await;
    let mut answer = ada.key.assertion(&start["handshake"]);
    answer.user_handle = None;
    let body = json!({"handshake_id": start["handshake"]["id"], "handshake_response": ada.key.get(&answer)});
    app.visit_post("/login/webauthn/finish", body)
        .await
        .json(200);

    let start = app.login_start(json!({})).await;
    let mut response = ada.key.get(&ada.key.assertion(&start["handshake"]));
    for name in [
        "rawId",
        "type",
        "clientExtensionResults",
        "authenticatorAttachment",
    ] {
        response.as_object_mut().unwrap().remove(name);
    }
    app.login_finish(&start, response).await.json(200);
}

#[tokio::test]
async fn a_user_created_again_is_somebody_else() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    app.delete(&format!("/users/{}", ada.id)).await.empty(200);
    app.login(&ada.key, json!({}))
        .await
        .error(401, "discoverable_login_failed");
    let again = app.register("ada@example.com").await;
    app.login(&ada.key, json!({}))
        .await
        .error(401, "discoverable_login_failed");
    app.login(&again.key, json!({})).await.json(200);
}

#[tokio::test]
async fn ceremonies_and_passkeys_outlive_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let start = async || App::start_with(|builder| builder.data(&file)).await;
    let app = start().await;
    let ada = app.register("ada@example.com").await;
    let registration = app.register_start("bob@example.com").await;
    let login = app.login_start(json!({})).await;
    app.stop().await;

    let app = start().await;
    let answer = ada.key.assertion(&login["handshake"]);
    app.login_finish(&login, ada.key.get(&answer))
        .await
        .json(200);
    let mut bob = Key::new();
    let answer = bob.creation(&registration["handshake"]);
    let reply = app
        .register_finish(&registration, bob.create(&answer))
        .await;
    reply.json(201);
    app.stop().await;

    let app = start().await;
    app.login(&bob, json!({})).await.json(200);
    app.stop().await;
}

#[tokio::test]
async fn scripts_of_the_website_may_call() {
    let app = App::start().await;
    for (method, path) in [
        (Method::POST, "/register/webauthn/start"),
        (Method::POST, "/register/webauthn/finish"),
        (Method::POST, "/login/webauthn/start"),
        (Method::POST, "/login/webauthn/finish"),
        (Method::POST, "/register/transactions/webauthn/start"),
        (Method::POST, "/register/transactions/webauthn/finish"),
        (Method::POST, "/authenticate/transactions/webauthn/start"),
        (Method::POST, "/authenticate/transactions/webauthn/finish"),
        (Method::GET, "/currentuser/devices"),
        (Method::POST, "/currentuser/devices/start"),
        (Method::POST, "/currentuser/devices/finish"),
        (Method::PATCH, "/currentuser/devices/some"),
        (Method::DELETE, "/currentuser/devices/some"),
    ] {
        let preflight = app
            .http
            .request(Method::OPTIONS, app.auth(path))
            .header("origin", "http://localhost:3000")
            .header("access-control-request-method", method.as_str())
            .header(
                "access-control-request-headers",
                "authorization,content-type,passage-version",
            );
        let reply = send(preflight).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        assert!(
            reply
                .header("access-control-allow-methods")
                .contains(method.as_str()),
            "{path}"
        );
        let headers = reply.header("access-control-allow-headers");
        assert_eq!(
            headers, "authorization,content-type,passage-version",
            "{path}"
        );

        let request = app
            .http
            .request(method, app.auth(path))
            .header("origin", "http://localhost:3000");
        let reply = send(request.body("{}")).await;
        assert_eq!(
            reply.header("access-control-allow-origin"),
            "*",
            "{path} {}",
            reply.status
        );
    }
}
