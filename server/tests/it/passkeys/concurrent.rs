//! What changes while a ceremony is under way.

use http::Method;
use serde_json::{Value, json};

use super::forge::Key;
use crate::support::{App, text};

/// With a file, the ceremony is read and checked beside the writer: many get that far before one ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_finish_one_login_at_once_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let app = App::start_with(|builder| builder.data(&file)).await;
    let ada = app.register("ada@example.com").await;
    let start = app.login_start(json!({})).await;
    let response = ada.key.get(&ada.key.assertion(&start["handshake"]));
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let body =
            json!({"handshake_id": start["handshake"]["id"], "handshake_response": response});
        let request = app
            .http
            .post(app.auth("/login/webauthn/finish"))
            .json(&body);
        tries.spawn(async move { crate::support::send(request).await.status });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    let mut expected = vec![200];
    expected.resize(16, 401);
    assert_eq!(statuses, expected);
    assert_eq!(app.managed_user(&ada.id).await["login_count"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_complete_one_transaction_and_of_many_that_verify_its_nonce_one_succeeds() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let app = App::start_with(|builder| builder.data(&file)).await;
    let transaction = app.transaction("register", "customer-7").await;
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (controls, id) = (app.controls(), transaction.clone());
        tries.spawn(async move { controls.complete_transaction(id).await });
    }
    let (won, lost): (Vec<_>, Vec<_>) = tries.join_all().await.into_iter().partition(Result::is_ok);
    for refused in lost {
        assert_eq!(refused.unwrap_err().code(), "transaction_not_found");
    }
    let [Ok(nonce)] = &won[..] else {
        panic!("{} completed it", won.len());
    };
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let request = app
            .managed(Method::POST, "/authenticate/verify")
            .json(&json!({"nonce": nonce}));
        tries.spawn(async move { crate::support::send(request).await.status });
    }
    let mut statuses = tries.join_all().await;
    statuses.sort_unstable();
    let mut expected = vec![200];
    expected.resize(16, 401);
    assert_eq!(statuses, expected);
}

#[tokio::test]
async fn of_two_logins_with_one_counter_the_first_succeeds() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let answer = async |counter: u32| {
        let start = app.login_start(json!({})).await;
        let mut answer = ada.key.assertion(&start["handshake"]);
        answer.counter = counter;
        (start, ada.key.get(&answer))
    };
    // A copy of the authenticator would sign with the counter that the original has used.
    let (original, copy) = (answer(1).await, answer(1).await);
    let finishes = tokio::join!(
        app.login_finish(&original.0, original.1),
        app.login_finish(&copy.0, copy.1)
    );
    let mut statuses = [finishes.0.status, finishes.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[tokio::test]
async fn a_device_that_is_gone_signs_nobody_in() {
    let app = App::start().await;
    for (who, by_user) in [("ada@example.com", true), ("bob@example.com", false)] {
        let user = app.register(who).await;
        let under_way = [
            app.login_start(json!({})).await,
            app.login_start(json!({"identifier": who})).await,
        ];
        if by_user {
            let devices = app.managed_user(&user.id).await["webauthn_devices"].clone();
            let path = format!("/currentuser/devices/{}", text(&devices[0]["id"]));
            app.own(&user.token, Method::DELETE, &path, json!({}))
                .await
                .empty(200);
        } else {
            app.revoke_devices(&user.id).await;
        }
        for (start, code) in under_way
            .iter()
            .zip(["discoverable_login_failed", "webauthn_login_failed"])
        {
            let answer = user.key.assertion(&start["handshake"]);
            app.login_finish(start, user.key.get(&answer))
                .await
                .error(401, code);
        }
        app.login(&user.key, json!({}))
            .await
            .error(401, "discoverable_login_failed");
        let body = json!({"identifier": who});
        let start = app.visit_post("/login/webauthn/start", body).await;
        start.error(401, "webauthn_login_failed");
    }
}

#[tokio::test]
async fn a_user_who_is_deactivated_meanwhile_is_not_signed_in() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let under_way = [
        app.login_start(json!({})).await,
        app.login_start(json!({"identifier": "ada@example.com"}))
            .await,
    ];
    let adding = app.add_start(&ada.token).await;
    app.deactivate(&ada.id).await;
    for start in &under_way {
        let answer = ada.key.assertion(&start["handshake"]);
        app.login_finish(start, ada.key.get(&answer))
            .await
            .error(403, "user_not_active");
    }
    let mut key = Key::new();
    let answer = key.creation(&adding["handshake"]);
    let reply = app
        .add_finish(&ada.token, &adding, key.create(&answer))
        .await;
    reply.error(403, "user_not_active");
    let user = app.managed_user(&ada.id).await;
    assert_eq!(user["login_count"], 1);
    let device = &user["webauthn_devices"][0];
    assert_eq!(
        (&device["usage_count"], &device["updated_at"]),
        (&json!(0), &device["created_at"])
    );

    app.touch(&format!("/users/{}/activate", ada.id))
        .await
        .json(200);
    let answer = ada.key.assertion(&under_way[0]["handshake"]);
    let reply = app.login_finish(&under_way[0], ada.key.get(&answer)).await;
    reply.error(401, "discoverable_login_failed");
    app.login(&ada.key, json!({})).await.json(200);
}

#[tokio::test]
async fn a_reset_ends_what_is_under_way() {
    let app = App::start().await;
    let ada = app.register("ada@example.com").await;
    let transaction = app.transaction("register", "customer-7").await;
    let body = json!({"transaction_id": transaction});
    app.visit_post("/register/transactions/webauthn/start", body)
        .await
        .json(200);
    let start = app.login_start(json!({})).await;
    app.controls().reset().await.unwrap();
    let answer = ada.key.assertion(&start["handshake"]);
    let reply: Value = app
        .login_finish(&start, ada.key.get(&answer))
        .await
        .json(401);
    assert_eq!(reply["code"], "discoverable_login_failed");
    assert!(text(&reply["error"]).contains("handshake"));
}
