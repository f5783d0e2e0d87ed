//! A handshake is good once, for five minutes, and for what it was started for alone.

use std::time::Duration;

use serde_json::{Value, json};

use super::forge::Key;
use super::steps::Registered;
use crate::support::{App, text};

const LOGIN: &str = "/login/webauthn";
const REGISTER: &str = "/register/webauthn";
const FLEX_LOGIN: &str = "/authenticate/transactions/webauthn";
const FLEX_REGISTER: &str = "/register/transactions/webauthn";
const ADD: &str = "/currentuser/devices";

/// An app with a user who has an identifier, a passkey and a token, and one with an external id and a passkey.
struct Fixture {
    app: App,
    ada: Registered,
    customer: Key,
}

impl Fixture {
    async fn new() -> Self {
        let app = App::start().await;
        let ada = app.register("ada@example.com").await;
        let mut customer = Key::new();
        app.flex_register("customer-7", &mut customer)
            .await
            .json(201);
        Self { app, ada, customer }
    }

    /// Starts a ceremony, and returns the right request to finish it.
    async fn start(&self, path: &str) -> Value {
        let app = &self.app;
        let login = |start: &Value, key: &Key| {
            let answer = key.assertion(&start["handshake"]);
            json!({"handshake_id": start["handshake"]["id"], "handshake_response": key.get(&answer)})
        };
        let create = |start: &Value| {
            let mut key = Key::new();
            let answer = key.creation(&start["handshake"]);
            let mut body = json!({"handshake_id": start["handshake"]["id"], "handshake_response": key.create(&answer)});
            body["user_id"] = start["user"]["id"].clone();
            body["transaction_id"] = start["transaction_id"].clone();
            body
        };
        match path {
            LOGIN => login(&app.login_start(json!({})).await, &self.ada.key),
            FLEX_LOGIN => {
                let start = app.visit_post("/authenticate/transactions/webauthn/start", json!({}));
                login(&start.await.json(200), &self.customer)
            }
            REGISTER => create(&app.register_start("bob@example.com").await),
            ADD => create(&app.add_start(&self.ada.token).await),
            _ => {
                let id = app.transaction("register", "customer-8").await;
                let body = json!({"transaction_id": id});
                create(
                    &app.visit_post("/register/transactions/webauthn/start", body)
                        .await
                        .json(200),
                )
            }
        }
    }

    async fn finish(&self, path: &str, body: &Value) -> u16 {
        let request = self.app.http.post(self.app.auth(&format!("{path}/finish")));
        let request = request.bearer_auth(&self.ada.token).json(body);
        crate::support::send(request).await.status
    }
}

#[tokio::test]
async fn one_use() {
    let fixture = Fixture::new().await;
    for (path, done) in [
        (LOGIN, 200),
        (FLEX_LOGIN, 200),
        (ADD, 201),
        (FLEX_REGISTER, 201),
        (REGISTER, 201),
    ] {
        let body = fixture.start(path).await;
        assert_eq!(fixture.finish(path, &body).await, done, "{path}");
        assert_eq!(fixture.finish(path, &body).await, 401, "{path} again");
    }
}

#[tokio::test]
async fn five_minutes() {
    let fixture = Fixture::new().await;
    // Tokens live longer, transactions do not: theirs end first, and so the handshake is what has to be refused here.
    for (path, done) in [(LOGIN, 200), (FLEX_LOGIN, 200), (ADD, 201), (REGISTER, 201)] {
        let body = fixture.start(path).await;
        fixture.app.controls().advance(Duration::from_secs(295));
        assert_eq!(fixture.finish(path, &body).await, done, "{path}");
        let fixture = Fixture::new().await;
        let body = fixture.start(path).await;
        fixture.app.controls().advance(Duration::from_secs(300));
        assert_eq!(fixture.finish(path, &body).await, 401, "{path} too late");
    }
}

#[tokio::test]
async fn one_operation() {
    let fixture = Fixture::new().await;
    let paths = [LOGIN, FLEX_LOGIN, ADD, REGISTER, FLEX_REGISTER];
    for started in paths {
        for finished in paths.into_iter().filter(|path| *path != started) {
            let mut body = fixture.start(started).await;
            let right = body.clone();
            // As like to a request of the other operation as can be.
            for (name, value) in [
                ("user_id", fixture.ada.id.as_str()),
                ("transaction_id", "none"),
            ] {
                let member = &mut body[name];
                if member.is_null() {
                    *member = json!(value);
                }
            }
            let status = fixture.finish(finished, &body).await;
            // A creation is no assertion, and the other way round.
            assert!(
                matches!(status, 400 | 401),
                "{started} at {finished}: {status}"
            );
            let creates = |path: &str| ![LOGIN, FLEX_LOGIN].contains(&path);
            if creates(started) == creates(finished) {
                assert_eq!(status, 401, "{started} at {finished}");
                assert_eq!(
                    fixture.finish(started, &right).await,
                    401,
                    "{started} is over"
                );
            }
        }
    }
}

#[tokio::test]
async fn one_user() {
    let fixture = Fixture::new().await;
    let app = &fixture.app;
    let eve = app.register("eve@example.com").await;

    // Another user's passkey where a user was named.
    let start = app
        .login_start(json!({"identifier": "ada@example.com"}))
        .await;
    let answer = eve.key.assertion(&start["handshake"]);
    let reply = app.login_finish(&start, eve.key.get(&answer)).await;
    let error = reply.error(401, "webauthn_login_failed");
    assert!(error.contains("another user"), "{error}");
    // It does not help to be named in the second step.
    let start = app
        .login_start(json!({"identifier": "ada@example.com"}))
        .await;
    let mut answer = eve.key.assertion(&start["handshake"]);
    answer
        .user_handle
        .clone_from(&Some(fixture.ada.key.user_handle.clone()));
    let body = json!({
        "handshake_id": start["handshake"]["id"], "handshake_response": eve.key.get(&answer), "user_id": eve.id,
    });
    app.visit_post("/login/webauthn/finish", body)
        .await
        .error(401, "webauthn_login_failed");
    // The right passkey with another user's id.
    for body in [json!({}), json!({"identifier": "ada@example.com"})] {
        let start = app.login_start(body).await;
        let answer = fixture.ada.key.assertion(&start["handshake"]);
        let body = json!({
            "handshake_id": start["handshake"]["id"], "handshake_response": fixture.ada.key.get(&answer), "user_id": eve.id,
        });
        assert_eq!(fixture.finish(LOGIN, &body).await, 401);
    }
    // A registration that is finished for somebody else.
    let mut body = fixture.start(REGISTER).await;
    body["user_id"] = json!(eve.id);
    assert_eq!(fixture.finish(REGISTER, &body).await, 401);
    // A device that is added by somebody else: with their own id, or with that of the user who started.
    for user_id in [&eve.id, &fixture.ada.id] {
        let mut body = fixture.start(ADD).await;
        body["user_id"] = json!(user_id);
        let request = app.http.post(app.auth("/currentuser/devices/finish"));
        let reply = crate::support::send(request.bearer_auth(&eve.token).json(&body)).await;
        reply.error(401, "webauthn_login_failed");
    }
    for user in [&eve.id, &fixture.ada.id] {
        let devices = app.managed_user(user).await["webauthn_devices"].clone();
        assert_eq!(devices.as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn one_app() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let start = async |app_id: &str| {
        let app_id = app_id.to_owned();
        App::start_with(|builder| builder.app_id(app_id).data(&file)).await
    };
    let app = start("first").await;
    let ada = app.register("ada@example.com").await;
    let login = app.login_start(json!({})).await;
    let registration = app.register_start("bob@example.com").await;
    let answer = ada.key.assertion(&login["handshake"]);
    let mut key = Key::new();
    let created = key.creation(&registration["handshake"]);
    app.stop().await;

    let other = start("second").await;
    let reply = other.login_finish(&login, ada.key.get(&answer)).await;
    reply.error(401, "discoverable_login_failed");
    let reply = other
        .register_finish(&registration, key.create(&created))
        .await;
    reply.error(401, "webauthn_login_failed");
    let reply = other.login(&ada.key, json!({})).await;
    reply.error(401, "discoverable_login_failed");
    let body = json!({"identifier": "ada@example.com"});
    let reply = other.visit_post("/login/webauthn/start", body).await;
    reply.error(404, "user_not_found");
    other.stop().await;

    let app = start("first").await;
    app.login_finish(&login, ada.key.get(&answer))
        .await
        .json(200);
    app.register_finish(&registration, key.create(&created))
        .await
        .json(201);
    app.stop().await;
}

#[tokio::test]
async fn a_handshake_that_nobody_started() {
    let fixture = Fixture::new().await;
    for path in [LOGIN, FLEX_LOGIN, ADD, REGISTER, FLEX_REGISTER] {
        for id in ["", "nosuchhandshakenosuchone"] {
            let mut body = fixture.start(path).await;
            body["handshake_id"] = json!(id);
            assert_eq!(fixture.finish(path, &body).await, 401, "{path} {id}");
        }
    }
    let start = fixture.app.login_start(json!({})).await;
    let answer = fixture.ada.key.assertion(&start["handshake"]);
    let mut body =
        json!({"handshake_id": "nosuch", "handshake_response": fixture.ada.key.get(&answer)});
    let reply = fixture
        .app
        .visit_post("/login/webauthn/finish", body.clone())
        .await;
    reply.error(401, "discoverable_login_failed");
    body["user_id"] = json!(fixture.ada.id);
    let reply = fixture.app.visit_post("/login/webauthn/finish", body).await;
    reply.error(401, "webauthn_login_failed");
}

#[tokio::test]
async fn an_answer_to_another_handshake() {
    let fixture = Fixture::new().await;
    let mut first = fixture.start(LOGIN).await;
    let second = fixture.start(LOGIN).await;
    first["handshake_response"] = second["handshake_response"].clone();
    assert_eq!(fixture.finish(LOGIN, &first).await, 401);
    assert_eq!(fixture.finish(LOGIN, &second).await, 200);
    let user = fixture.app.managed_user(&fixture.ada.id).await;
    assert_eq!(user["webauthn_devices"][0]["usage_count"], 1);
    assert_eq!(text(&user["status"]), "active");
}
