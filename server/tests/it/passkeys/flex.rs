//! Flex: from a transaction by a ceremony to a nonce.

use std::time::Duration;

use serde_json::{Value, json};

use super::forge::Key;
use crate::support::{App, members, text};

#[tokio::test]
async fn what_the_browser_is_asked_for() {
    let app = App::start().await;
    let id = app.transaction("register", "customer-7").await;
    let start = app.flex_start("register", &json!(id)).await.json(200);
    assert_eq!(members(&start), ["handshake", "transaction_id"]);
    let options = &start["handshake"]["challenge"]["publicKey"];
    assert_eq!(options["user"]["name"], "Ada's passkey");
    assert_eq!(
        options["authenticatorSelection"]["authenticatorAttachment"],
        "platform"
    );
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        0,
        "nobody is created yet"
    );
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    app.flex_finish("register", &start, key.create(&answer))
        .await
        .json(201);

    let known = json!([{
        "id": super::forge::encode(&key.id), "type": "public-key", "transports": ["internal"],
    }]);
    let id = app.transaction("authenticate", "customer-7").await;
    let start = app.flex_start("authenticate", &json!(id)).await.json(200);
    let options = &start["handshake"]["challenge"]["publicKey"];
    assert_eq!(options["allowCredentials"], known);
    for none in [json!(null), json!("")] {
        let start = app.flex_start("authenticate", &none).await.json(200);
        assert_eq!(members(&start), ["handshake"]);
        let options = &start["handshake"]["challenge"]["publicKey"];
        assert_eq!(options["allowCredentials"], Value::Null);
    }

    // A second passkey goes to the same user, and not to the same authenticator.
    let id = app.transaction("register", "customer-7").await;
    let start = app.flex_start("register", &json!(id)).await.json(200);
    let options = &start["handshake"]["challenge"]["publicKey"];
    assert_eq!(options["excludeCredentials"], known);
    let handle = key.user_handle.clone();
    let mut second = Key::new();
    let answer = second.creation(&start["handshake"]);
    assert_eq!(second.user_handle, handle);
    app.flex_finish("register", &start, second.create(&answer))
        .await
        .json(201);
    let devices = app.external_user("customer-7").await["webauthn_devices"].clone();
    assert_eq!(devices.as_array().unwrap().len(), 2);
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 1);
}

#[tokio::test]
async fn a_transaction_is_good_for_its_kind_once_and_in_time() {
    let app = App::start().await;
    app.flex_register("customer-7", &mut Key::new())
        .await
        .json(201);
    let refused = async |kind: &str, id: &str| {
        let reply = app.flex_start(kind, &json!(id)).await;
        reply.error(404, "transaction_not_found")
    };
    let register = app.transaction("register", "customer-7").await;
    let authenticate = app.transaction("authenticate", "customer-7").await;
    refused("authenticate", &register).await;
    refused("register", &authenticate).await;
    refused("register", "nosuchtransaction").await;
    refused("authenticate", "nosuchtransaction").await;

    // Two ceremonies of one transaction: the first to finish completes it.
    let starts = [
        app.flex_start("register", &json!(register)).await.json(200),
        app.flex_start("register", &json!(register)).await.json(200),
    ];
    for (start, status) in starts.iter().zip([201, 404]) {
        let mut key = Key::new();
        let answer = key.creation(&start["handshake"]);
        app.flex_finish("register", start, key.create(&answer))
            .await
            .json(status);
    }
    refused("register", &register).await;
    let user = app.external_user("customer-7").await;
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 2);

    app.controls().advance(Duration::from_secs(300));
    refused("authenticate", &authenticate).await;
}

#[tokio::test]
async fn a_transaction_that_ends_during_the_ceremony() {
    let app = App::start().await;
    let id = app.transaction("register", "customer-7").await;
    app.controls().advance(Duration::from_secs(200));
    let start = app.flex_start("register", &json!(id)).await.json(200);
    app.controls().advance(Duration::from_secs(100));
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    let reply = app
        .flex_finish("register", &start, key.create(&answer))
        .await;
    reply.error(404, "transaction_not_found");
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        0,
        "nothing is half done"
    );
}

#[tokio::test]
async fn one_transaction_is_not_finished_as_another() {
    let app = App::start().await;
    let mut key = Key::new();
    app.flex_register("customer-7", &mut key).await.json(201);
    app.flex_register("customer-8", &mut Key::new())
        .await
        .json(201);
    let own = app.transaction("authenticate", "customer-7").await;
    let other = app.transaction("authenticate", "customer-8").await;

    // Customer 7 with their own passkey, in the transaction of customer 8.
    let mut start = app.flex_start("authenticate", &json!(own)).await.json(200);
    let response = key.get(&key.assertion(&start["handshake"]));
    start["transaction_id"] = json!(other);
    let reply = app.flex_finish("authenticate", &start, response).await;
    reply.error(401, "webauthn_login_failed");
    let start = app
        .flex_start("authenticate", &json!(other))
        .await
        .json(200);
    let response = key.get(&key.assertion(&start["handshake"]));
    let reply = app.flex_finish("authenticate", &start, response).await;
    let error = reply.error(401, "webauthn_login_failed");
    assert!(error.contains("another user"), "{error}");
    // With a transaction, but started without; and the other way round.
    let mut start = app.flex_start("authenticate", &json!(null)).await.json(200);
    let response = key.get(&key.assertion(&start["handshake"]));
    start["transaction_id"] = json!(own);
    let reply = app.flex_finish("authenticate", &start, response).await;
    reply.error(401, "discoverable_login_failed");
    let mut start = app.flex_start("authenticate", &json!(own)).await.json(200);
    let response = key.get(&key.assertion(&start["handshake"]));
    start["transaction_id"] = json!(null);
    let reply = app.flex_finish("authenticate", &start, response).await;
    reply.error(401, "webauthn_login_failed");

    // A registration of somebody else's transaction.
    let first = app.transaction("register", "customer-9").await;
    let second = app.transaction("register", "customer-10").await;
    let mut start = app.flex_start("register", &json!(first)).await.json(200);
    let mut new = Key::new();
    let answer = new.creation(&start["handshake"]);
    start["transaction_id"] = json!(second);
    let reply = app
        .flex_finish("register", &start, new.create(&answer))
        .await;
    reply.error(401, "webauthn_login_failed");
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 2);
}

#[tokio::test]
async fn of_two_who_register_one_external_id_the_first_has_it() {
    let app = App::start().await;
    let mut starts = Vec::new();
    for _ in 0..2 {
        let id = app.transaction("register", "customer-7").await;
        starts.push(app.flex_start("register", &json!(id)).await.json(200));
    }
    let finish = async |start: &Value| {
        let mut key = Key::new();
        let answer = key.creation(&start["handshake"]);
        app.flex_finish("register", start, key.create(&answer))
            .await
    };
    finish(&starts[0]).await.json(201);
    let error = finish(&starts[1]).await.error(401, "webauthn_login_failed");
    assert!(error.contains("meanwhile"), "{error}");
    let user = app.external_user("customer-7").await;
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_has_nothing_to_log_in_with() {
    let app = App::start().await;
    let mut key = Key::new();
    app.flex_register("customer-7", &mut key).await.json(201);
    let id = app.transaction("authenticate", "customer-7").await;
    let user = text(&app.external_user("customer-7").await["id"]);
    app.revoke_devices(&user).await;
    let reply = app.flex_start("authenticate", &json!(id)).await;
    reply.error(409, "user_has_no_passkeys");
    // A passkey that a control seeded cannot sign.
    let device = passage_server::SeedDevice::new();
    app.controls().seed_device(&user, device).await.unwrap();
    let reply = app.flex_start("authenticate", &json!(id)).await;
    reply.error(409, "user_has_no_passkeys");
}

#[tokio::test]
async fn an_inactive_user_gets_no_nonce() {
    let app = App::start().await;
    let mut key = Key::new();
    app.flex_register("customer-7", &mut key).await.json(201);
    let user = text(&app.external_user("customer-7").await["id"]);
    let login = app.transaction("authenticate", "customer-7").await;
    let registration = app.transaction("register", "customer-7").await;
    let under_way = [
        app.flex_start("authenticate", &json!(login))
            .await
            .json(200),
        app.flex_start("authenticate", &json!(null)).await.json(200),
    ];
    let adding = app
        .flex_start("register", &json!(registration))
        .await
        .json(200);
    app.deactivate(&user).await;
    for (kind, id) in [("authenticate", &login), ("register", &registration)] {
        let reply = app.flex_start(kind, &json!(id)).await;
        reply.error(403, "operation_not_allowed");
    }
    for start in &under_way {
        let response = key.get(&key.assertion(&start["handshake"]));
        let reply = app.flex_finish("authenticate", start, response).await;
        reply.error(403, "operation_not_allowed");
    }
    let mut new = Key::new();
    let answer = new.creation(&adding["handshake"]);
    let reply = app
        .flex_finish("register", &adding, new.create(&answer))
        .await;
    reply.error(403, "operation_not_allowed");
    assert_eq!(app.managed_user(&user).await["login_count"], 1);
}

#[tokio::test]
async fn a_nonce_proves_an_external_id_and_there_must_be_one() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let start = app.flex_start("authenticate", &json!(null)).await.json(200);
    let response = ada.key.get(&ada.key.assertion(&start["handshake"]));
    let reply = app.flex_finish("authenticate", &start, response).await;
    let error = reply.error(401, "discoverable_login_failed");
    assert!(error.contains("external id"), "{error}");

    // The other way round there is nothing in the way: the passkey is what counts.
    let mut key = Key::new();
    app.flex_register("customer-7", &mut key).await.json(201);
    app.login(&key, json!({})).await.json(200);
}

#[tokio::test]
async fn wrong_answers_make_no_nonce() {
    let app = App::start().await;
    let mut key = Key::new();
    app.flex_register("customer-7", &mut key).await.json(201);
    for id in [
        json!(app.transaction("authenticate", "customer-7").await),
        json!(null),
    ] {
        let code = if id.is_null() {
            "discoverable_login_failed"
        } else {
            "webauthn_login_failed"
        };
        let start = app.flex_start("authenticate", &id).await.json(200);
        let mut answer = key.assertion(&start["handshake"]);
        answer.origin = "https://evil.example".to_owned();
        let reply = app
            .flex_finish("authenticate", &start, key.get(&answer))
            .await;
        reply.error(401, code);
    }
    let reply = app.flex_register("customer-7", &mut key).await;
    reply.error(401, "webauthn_login_failed");
    let nonce = app
        .flex_register("customer-7", &mut Key::new())
        .await
        .json(201)["nonce"]
        .clone();
    assert_eq!(
        app.verify(&nonce).await.json(200),
        json!({"external_id": "customer-7"})
    );
    app.verify(&nonce).await.error(401, "invalid_nonce");
}
