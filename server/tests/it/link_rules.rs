//! Who gets a magic link, and whom it still lets in when it is opened.

use http::Method;
use serde_json::json;

use crate::mailbox::{ADA, BOB, PHONE, secret};
use crate::support::{App, text};

#[tokio::test]
async fn a_link_dies_with_the_address_it_went_to() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let (_, link) = app.login_link(ADA).await;
    let backend = json!({"user_id": id, "channel": "email", "type": "verify_identifier"});
    let backend = app.post("/magic-links", backend).await.json(201)["magic_link"].clone();
    app.patch(&format!("/users/{id}"), json!({"email": BOB}))
        .await
        .json(200);
    app.open(&link).await.error(401, "invalid_magic_link");
    app.open(&text(&backend["secret"]))
        .await
        .error(401, "invalid_magic_link");
    assert_eq!(app.managed_user(&id).await["email_verified"], false);

    let (waiting, link) = app.login_link(BOB).await;
    app.delete(&format!("/users/{id}")).await.empty(200);
    app.open(&link).await.error(401, "invalid_magic_link");
    app.link_status(&waiting)
        .await
        .error(404, "magic_link_not_found");
}

#[tokio::test]
async fn inactive_users_get_nothing_new() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let (waiting, link) = app.login_link(ADA).await;
    let (waits_still, opened) = app.login_link(ADA).await;
    app.open(&opened).await.json(200);
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    app.open(&link).await.error(403, "user_not_active");
    app.link_status(&waiting)
        .await
        .error(401, "invalid_magic_link");
    app.link_status(&waits_still)
        .await
        .error(401, "invalid_magic_link");
    let body = json!({"identifier": ADA});
    app.visit_post("/login/magic-link", body)
        .await
        .error(403, "user_not_active");
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    // Activating brings nothing back.
    app.open(&link).await.error(401, "invalid_magic_link");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_refused() {
    let app = App::start().await;
    let ada = app.user_id(ADA).await;
    app.controls().sign_in(&ada).await.unwrap();
    for body in [
        json!({}),
        json!({"identifier": "ada"}),
        json!({"identifier": "15005550006"}),
        json!({"identifier": BOB, "magic_link_path": "https://elsewhere.example/"}),
        json!({"identifier": BOB, "magic_link_path": "//elsewhere.example/"}),
        json!({"identifier": BOB, "magic_link_path": "/a\nb"}),
        json!({"identifier": BOB, "magic_link_path": 1}),
    ] {
        for path in ["/login/magic-link", "/register/magic-link"] {
            app.visit_post(path, body.clone())
                .await
                .error(400, "invalid_request");
        }
    }
    let body = json!({"identifier": "ADA@example.com"});
    let taken = app.visit_post("/register/magic-link", body).await;
    assert_eq!(taken.error(400, "invalid_request"), "user: already exists.");
    assert!(app.controls().outbox().is_empty());
    assert_eq!(
        app.list(&[]).await.json(200)["total_users"],
        1,
        "a refused request creates nobody"
    );
}

#[tokio::test]
async fn an_app_without_links_says_so() {
    let app = App::start_with(|builder| builder.magic_links(false)).await;
    let id = app.user_id(ADA).await;
    for (path, identifier) in [("/login/magic-link", ADA), ("/register/magic-link", BOB)] {
        let body = json!({"identifier": identifier});
        app.visit_post(path, body)
            .await
            .error(403, "operation_not_allowed");
    }
    let public = app.visit(Method::GET, "", json!({})).await.json(200)["app"].clone();
    assert_eq!(public["auth_fallback_method"], "otp");
    assert!(public["auth_methods"].get("magic_link").is_none());
    assert!(public["auth_methods"]["otp"]["ttl"].is_number());
    let managed = app.get("").await.json(200)["app"].clone();
    assert_eq!(managed["auth_methods"]["magic_link"]["enabled"], false);
    assert_eq!(managed["auth_methods"]["otp"]["enabled"], true);

    // Those that confirm an address, and those of the backend, are another matter.
    let token = app.sign_in(&id).await.auth_token;
    let body = json!({"new_email": BOB});
    app.own(&token, Method::PATCH, "/currentuser/email", body)
        .await
        .json(200);
    app.open(&secret(&app.message(BOB))).await.json(200);
    let link = app
        .post("/magic-links", json!({"phone": PHONE}))
        .await
        .json(201);
    app.open(&text(&link["magic_link"]["secret"]))
        .await
        .json(200);
}

#[tokio::test]
async fn links_and_codes_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let app = App::start_with(|builder| builder.data(&file)).await;
    app.user(ADA).await;
    let (waiting, link) = app.login_link(ADA).await;
    let (otp_id, code) = app.login_code(ADA).await;
    app.stop().await;
    let stored = std::fs::read(&file).unwrap();
    for secret in [&waiting, &link, &otp_id, &code] {
        let found = stored
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!found, "{secret} is not in the file");
    }

    let app = App::start_with(|builder| builder.data(&file)).await;
    app.open(&link).await.json(200);
    app.link_status(&waiting).await.json(200);
    app.enter(&otp_id, &code).await.json(200);
    app.stop().await;
}
