//! One-time codes: six digits, five tries, one use.

use std::collections::HashSet;
use std::time::Duration;

use passage_server::Channel;
use serde_json::json;

use crate::mailbox::{ADA, BOB, PHONE, other_than, together, tokens};
use crate::support::{App, members, text};

#[tokio::test]
async fn codes_go_to_phones_too() {
    let app = App::start().await;
    let body = json!({"identifier": PHONE});
    let reply = app.visit_post("/register/otp", body).await.json(201);
    assert_eq!(members(&reply), ["otp_id"]);
    let message = app.message(PHONE);
    assert_eq!(message.channel, Channel::Phone);
    app.enter(&text(&reply["otp_id"]), &message.code.unwrap())
        .await
        .json(200);
    let user = app.managed_user(&message.user_id).await;
    assert_eq!(
        (
            &user["phone"],
            &user["phone_verified"],
            &user["email_verified"]
        ),
        (&json!(PHONE), &json!(true), &json!(false))
    );
}

#[tokio::test]
async fn five_wrong_tries_are_the_last() {
    let app = App::start().await;
    app.user(ADA).await;
    let (id, code) = app.login_code(ADA).await;
    for by in 1..=5 {
        let error = app.enter(&id, &other_than(&code, by)).await;
        assert!(!error.error(400, "invalid_request").contains(&code));
    }
    for _ in 0..2 {
        app.enter(&id, &code).await.error(401, "exceeded_attempts");
    }
    // Another code is not affected, and four wrong tries leave one.
    let (id, code) = app.login_code(ADA).await;
    for by in 1..=4 {
        app.enter(&id, &other_than(&code, by))
            .await
            .error(400, "invalid_request");
    }
    app.enter(&id, &code).await.json(200);
}

#[tokio::test]
async fn tries_at_the_same_time_are_counted_one_by_one() {
    let app = App::start().await;
    app.user(ADA).await;
    let (id, code) = app.login_code(ADA).await;
    let wrong = other_than(&code, 1);
    let tries = (0..20).map(|_| app.enter(&id, &wrong));
    let mut dead = 0;
    for reply in together(tries).await {
        dead += usize::from(reply.status == 401);
    }
    assert_eq!(dead, 15);
}

#[tokio::test]
async fn a_code_is_good_once_and_for_one_of_two_at_the_same_time() {
    let app = App::start().await;
    app.user(ADA).await;
    let (id, code) = app.login_code(ADA).await;
    let tries = (0..8).map(|_| app.enter(&id, &code));
    let statuses: Vec<u16> = together(tries)
        .await
        .iter()
        .map(|reply| reply.status)
        .collect();
    let good = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(good, 1, "{statuses:?}");
    app.enter(&id, &code).await.error(400, "invalid_request");
}

#[tokio::test]
async fn an_identifier_survives_fifty_wrong_tries_in_an_hour() {
    let app = App::start().await;
    app.user(ADA).await;
    let early = app.login_code(ADA).await;
    for _ in 0..10 {
        let (id, code) = app.login_code(ADA).await;
        for by in 1..=5 {
            app.enter(&id, &other_than(&code, by))
                .await
                .error(400, "invalid_request");
        }
    }
    let body = json!({"identifier": ADA});
    app.visit_post("/login/otp", body.clone())
        .await
        .error(401, "exceeded_attempts");
    app.enter(&early.0, &early.1)
        .await
        .error(401, "exceeded_attempts");
    // Links cannot be guessed, and others are not affected.
    app.login_link(ADA).await;
    app.user(BOB).await;
    let (id, code) = app.login_code(BOB).await;
    app.enter(&id, &code).await.json(200);

    app.controls().advance(Duration::from_secs(3601));
    let (id, code) = app.login_code(ADA).await;
    app.enter(&id, &code).await.json(200);
}

#[tokio::test]
async fn a_code_ends_when_its_time_is_over() {
    let app = App::start().await;
    app.user(ADA).await;
    let (early, late) = (app.login_code(ADA).await, app.login_code(ADA).await);
    let message = app.message(ADA);
    let lifetime = message.expires_at.duration_since(message.created_at);
    assert_eq!(lifetime.as_secs(), 300, "the app's setting");
    app.controls().advance(Duration::from_secs(295));
    app.enter(&early.0, &early.1).await.json(200);
    app.controls().advance(Duration::from_secs(5));
    app.enter(&late.0, &late.1)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn a_code_is_for_its_id_and_its_app_alone() {
    let app = App::start().await;
    app.user(ADA).await;
    app.user(BOB).await;
    let (ada, bob) = (app.login_code(ADA).await, app.login_code(BOB).await);
    let elsewhere = App::start().await;
    elsewhere
        .enter(&ada.0, &ada.1)
        .await
        .error(400, "invalid_request");
    // By a chance of one in a million the two codes are the same.
    if ada.1 != bob.1 {
        app.enter(&ada.0, &bob.1)
            .await
            .error(400, "invalid_request");
    }
    for id in ["", "nobodynobodynobodynobody", &ada.0.to_lowercase()] {
        app.enter(id, &ada.1).await.error(400, "invalid_request");
    }
    for otp in ["", "1", "12345a", &ada.1[..5], &format!("{}0", ada.1)] {
        app.enter(&bob.0, otp).await;
    }
    app.enter(&bob.0, &bob.1)
        .await
        .error(401, "exceeded_attempts");
    app.enter(&ada.0, &ada.1).await.json(200);
    let unknown = app
        .auth("/otp/activate")
        .replace(app.server().app_id(), "nosuchapp");
    let body = json!({"otp_id": ada.0, "otp": ada.1});
    crate::support::send(app.http.post(unknown).json(&body))
        .await
        .error(404, "app_not_found");
}

#[tokio::test]
async fn a_code_dies_with_the_address_it_went_to() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let code = app.login_code(ADA).await;
    app.patch(&format!("/users/{id}"), json!({"email": BOB}))
        .await
        .json(200);
    app.enter(&code.0, &code.1)
        .await
        .error(400, "invalid_request");

    let code = app.login_code(BOB).await;
    app.delete(&format!("/users/{id}")).await.empty(200);
    app.enter(&code.0, &code.1)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn inactive_users_get_nothing_new() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let code = app.login_code(ADA).await;
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    app.enter(&code.0, &code.1)
        .await
        .error(403, "user_not_active");
    let body = json!({"identifier": ADA});
    app.visit_post("/login/otp", body)
        .await
        .error(403, "user_not_active");
    assert_eq!(app.managed_user(&id).await["recent_events"], json!([]));
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    // Activating brings nothing back.
    app.enter(&code.0, &code.1)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn who_never_signed_in_may_register() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    for _ in 0..2 {
        let body = json!({"identifier": ADA});
        app.visit_post("/register/otp", body.clone())
            .await
            .json(201);
        app.visit_post("/register/magic-link", body).await.json(201);
    }
    let messages = app.controls().outbox();
    assert_eq!(messages.len(), 4);
    assert!(messages.iter().all(|message| message.purpose == "register"));
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 1);

    let path = format!("/users/{id}/deactivate");
    app.patch(&path, json!({})).await.json(200);
    let body = json!({"identifier": ADA});
    let inactive = app.visit_post("/register/otp", body).await;
    assert_eq!(
        inactive.error(400, "invalid_request"),
        "user: already exists."
    );
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let app = App::start().await;
    let ada = app.user_id(ADA).await;
    app.controls().sign_in(&ada).await.unwrap();
    for body in [
        json!({}),
        json!({"identifier": ""}),
        json!({"identifier": "ada"}),
        json!({"identifier": "15005550006"}),
        json!({"identifier": "ada@example.com\r\nBcc: bob@example.com"}),
        json!({"identifier": 1}),
        json!({"identifier": null}),
    ] {
        for path in ["/login/otp", "/register/otp"] {
            app.visit_post(path, body.clone())
                .await
                .error(400, "invalid_request");
        }
    }
    let taken = app
        .visit_post("/register/otp", json!({"identifier": "ADA@example.com"}))
        .await;
    assert_eq!(taken.error(400, "invalid_request"), "user: already exists.");
    for body in [json!({}), json!({"otp": "123456"}), json!({"otp_id": "x"})] {
        app.visit_post("/otp/activate", body)
            .await
            .error(400, "invalid_request");
    }
    assert!(app.controls().outbox().is_empty());

    let without = App::start_with(|builder| builder.one_time_codes(false)).await;
    without.user(ADA).await;
    for (path, identifier) in [("/login/otp", ADA), ("/register/otp", BOB)] {
        let body = json!({"identifier": identifier});
        without
            .visit_post(path, body)
            .await
            .error(403, "operation_not_allowed");
    }
    assert_eq!(without.list(&[]).await.json(200)["total_users"], 1);
}

#[tokio::test]
async fn codes_and_ids_differ_and_neither_is_logged() {
    let app = App::start().await;
    app.user(ADA).await;
    let mut ids = HashSet::new();
    let mut codes = HashSet::new();
    for _ in 0..20 {
        let (id, code) = app.login_code(ADA).await;
        app.enter(&id, &code).await.json(200);
        ids.insert(id);
        codes.insert(code);
    }
    assert_eq!(ids.len(), 20);
    assert!(codes.len() > 15, "{codes:?}");
    let log = serde_json::to_string(&app.controls().requests()).unwrap();
    for secret in ids.iter().chain(&codes) {
        assert!(!log.contains(&format!("\"{secret}\"")), "{secret}");
    }
}

#[tokio::test]
async fn a_sign_in_by_code_is_one_like_any_other() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let (otp_id, code) = app.login_code(ADA).await;
    let result = tokens(&app.enter(&otp_id, &code).await);
    assert_eq!(result.redirect_url, "/");
    let other = app.sign_in(&id).await.auth_token;
    assert_eq!(result.auth_token.len(), other.len(), "the same claims");
    let refreshed = app
        .visit_post("/tokens", json!({"refresh_token": result.refresh_token}))
        .await;
    refreshed.json(201);
}
