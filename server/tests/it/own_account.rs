//! What signed-in users change of themselves.

use std::time::Duration;

use http::Method;
use passage_identity::generated::auth::types::{
    UpdateMetadataRequest, UpdateUserEmailRequest, UpdateUserPhoneRequest,
};
use passage_server::{Message, MetadataType};
use serde_json::{Value, json};

use crate::mailbox::{ADA, BOB, PHONE, sdk, secret, tokens};
use crate::support::{App, is_id, text};

const PATCH: Method = Method::PATCH;

#[tokio::test]
async fn users_read_and_change_their_metadata() {
    let app = App::start_with(|builder| {
        builder
            .metadata_field("plan", MetadataType::String)
            .metadata_field("seats", MetadataType::Integer)
            .metadata_field("trial", MetadataType::Boolean)
    })
    .await;
    let body = json!({"email": ADA, "user_metadata": {"plan": "pro", "seats": 3}});
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    let token = app.sign_in(&id).await.auth_token;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let mine = sdk.auth_api_as(&token).unwrap();
    let read = mine.get_currentuser_metadata(app_id).await.unwrap();
    assert_eq!(read.status(), 200);
    assert_eq!(
        Value::from(read.user_metadata.clone()),
        json!({"plan": "pro", "seats": 3})
    );

    let change = json!({"seats": null, "trial": true});
    let request = UpdateMetadataRequest {
        user_metadata: change.as_object().cloned(),
    };
    let changed = mine
        .update_currentuser_metadata(app_id, &request)
        .await
        .unwrap();
    assert_eq!(changed.status(), 200);
    assert_eq!(changed.user.id, id);
    let expected = json!({"plan": "pro", "trial": true});
    assert_eq!(
        changed.user.user_metadata.clone().map(Value::from),
        Some(expected.clone())
    );
    for body in [
        json!({}),
        json!({"user_metadata": null}),
        json!({"user_metadata": {}}),
    ] {
        let same = app
            .own(&token, PATCH, "/currentuser/user-metadata", body)
            .await
            .json(200);
        assert_eq!(same["user"]["user_metadata"], expected);
    }
    assert_eq!(app.managed_user(&id).await["user_metadata"], expected);
}

#[tokio::test]
async fn metadata_is_checked_against_the_fields_of_the_app() {
    let app = App::start_with(|builder| {
        builder
            .metadata_field("plan", MetadataType::String)
            .metadata_field("seats", MetadataType::Integer)
    })
    .await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    let change = async |body: Value| {
        app.own(&token, PATCH, "/currentuser/user-metadata", body)
            .await
    };
    change(json!({"user_metadata": {"plan": "pro"}}))
        .await
        .json(200);
    for bad in [
        json!({"user_metadata": {"plan": 1}}),
        json!({"user_metadata": {"seats": "3"}}),
        json!({"user_metadata": {"plan": "free", "other": "x"}}),
        json!({"user_metadata": "pro"}),
        json!({"user_metadata": ["pro"]}),
    ] {
        change(bad).await.error(400, "invalid_request");
    }
    let read = app
        .own(&token, Method::GET, "/currentuser/user-metadata", json!({}))
        .await;
    assert_eq!(read.json(200), json!({"user_metadata": {"plan": "pro"}}));
}

/// Ada, who asked for Bob's address as her new one: her id, the id of the link to wait for, and the message.
async fn change_of_address(app: &App) -> (String, String, Message) {
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    let request = UpdateUserEmailRequest {
        language: Some("it".to_owned()),
        magic_link_path: Some("/confirm".to_owned()),
        new_email: "Bob@Example.com".to_owned(),
        redirect_url: Some("/profile".to_owned()),
    };
    let sent = sdk(app)
        .auth_api_as(&token)
        .unwrap()
        .update_email_currentuser(app.server().app_id(), &request)
        .await
        .unwrap();
    assert_eq!(sent.status(), 200);
    (id, sent.magic_link.id.clone(), app.message(BOB))
}

async fn app_with_origin() -> App {
    App::start_with(|builder| builder.auth_origin("https://app.example.com")).await
}

#[tokio::test]
async fn a_change_of_address_sends_a_link_to_the_new_one_and_changes_nothing_yet() {
    let app = app_with_origin().await;
    let (id, waiting, message) = change_of_address(&app).await;
    assert!(is_id(&waiting));
    assert_eq!(
        (
            message.purpose.as_str(),
            message.language.as_str(),
            message.user_id.as_str()
        ),
        ("change_identifier", "it", id.as_str())
    );
    let url = message.url.clone().unwrap();
    assert!(
        url.starts_with("https://app.example.com/confirm?psg_magic_link=ml."),
        "{url}"
    );
    assert_eq!(app.managed_user(&id).await["email"], ADA, "not yet");
    app.link_status(&waiting)
        .await
        .error(401, "invalid_magic_link");
}

#[tokio::test]
async fn a_new_address_is_theirs_when_the_link_is_opened() {
    let app = app_with_origin().await;
    let (id, waiting, message) = change_of_address(&app).await;
    let result = tokens(&app.open(&secret(&message)).await);
    assert_eq!(result.redirect_url, "/profile");
    let user = app.current_user(&result.auth_token).await.json(200)["user"].clone();
    assert_eq!(
        (&user["id"], &user["email"], &user["email_verified"]),
        (&json!(id), &json!(BOB), &json!(true))
    );
    assert_eq!(
        tokens(&app.link_status(&waiting).await).redirect_url,
        "/profile"
    );
    let event = app.managed_user(&id).await["recent_events"][0].clone();
    assert_eq!(
        (&event["action"], &event["type"]),
        (&json!("other"), &json!("magic_link"))
    );
}

#[tokio::test]
async fn the_old_address_and_the_link_are_worth_nothing_after_the_change() {
    let app = app_with_origin().await;
    let (_, _, message) = change_of_address(&app).await;
    app.open(&secret(&message)).await.json(200);
    let body = json!({"identifier": ADA});
    app.visit_post("/login/otp", body)
        .await
        .error(404, "user_not_found");
    app.open(&secret(&message))
        .await
        .error(401, "invalid_magic_link");
}

#[tokio::test]
async fn a_new_number_is_theirs_when_the_link_is_opened() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let mine = sdk.auth_api_as(&token).unwrap();
    let request = UpdateUserPhoneRequest {
        language: None,
        magic_link_path: None,
        new_phone: Some(PHONE.to_owned()),
        redirect_url: None,
    };
    mine.update_phone_currentuser(app_id, &request)
        .await
        .unwrap();
    let result = tokens(&app.open(&secret(&app.message(PHONE))).await);
    let user = app.current_user(&result.auth_token).await.json(200)["user"].clone();
    assert_eq!(
        (
            &user["phone"],
            &user["phone_verified"],
            &user["email"],
            &user["email_verified"]
        ),
        (&json!(PHONE), &json!(true), &json!(ADA), &json!(false))
    );
}

#[tokio::test]
async fn the_own_address_is_verified_by_its_link() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    let body = json!({"new_email": "Ada@Example.com"});
    app.own(&token, PATCH, "/currentuser/email", body)
        .await
        .json(200);
    assert_eq!(app.managed_user(&id).await["email_verified"], false);
    app.open(&secret(&app.message(ADA))).await.json(200);
    let user = app.managed_user(&id).await;
    assert_eq!(
        (&user["email"], &user["email_verified"]),
        (&json!(ADA), &json!(true))
    );
}

#[tokio::test]
async fn an_address_that_was_taken_meanwhile_stays_with_its_user() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    let change = json!({"new_email": BOB});
    app.own(&token, PATCH, "/currentuser/email", change.clone())
        .await
        .json(200);
    let link = secret(&app.message(BOB));
    let bob = app.user_id(BOB).await;
    let taken = app.own(&token, PATCH, "/currentuser/email", change).await;
    assert_eq!(taken.error(400, "invalid_request"), "user: already exists.");
    let taken = app.open(&link).await;
    assert_eq!(taken.error(400, "invalid_request"), "user: already exists.");
    assert_eq!(app.managed_user(&id).await["email"], ADA);
    // The link was not used up.
    app.delete(&format!("/users/{bob}")).await.empty(200);
    app.open(&link).await.json(200);
    assert_eq!(app.managed_user(&id).await["email"], BOB);
}

#[tokio::test]
async fn changes_that_cannot_be_made_are_refused() {
    let app = app_with_origin().await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    for (path, body) in [
        ("email", json!({})),
        ("email", json!({"new_email": "bob"})),
        ("email", json!({"new_email": PHONE})),
        ("email", json!({"new_phone": PHONE})),
        ("phone", json!({})),
        ("phone", json!({"new_phone": "5005550006"})),
        ("phone", json!({"new_phone": BOB})),
        (
            "email",
            json!({"new_email": BOB, "magic_link_path": "//elsewhere.example"}),
        ),
    ] {
        let path = format!("/currentuser/{path}");
        let reply = app.own(&token, PATCH, &path, body.clone()).await;
        assert_eq!(reply.status, 400, "{path} {body}");
        reply.error(400, "invalid_request");
    }
    assert!(app.controls().outbox().is_empty());
}

#[tokio::test]
async fn a_redirect_stays_on_the_apps_origin() {
    let app = app_with_origin().await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    let change = async |redirect: &str| {
        let body = json!({"new_email": BOB, "redirect_url": redirect});
        app.own(&token, PATCH, "/currentuser/email", body).await
    };
    for redirect in [
        "https://elsewhere.example/",
        "//elsewhere.example/",
        "/\\elsewhere.example/",
        "javascript:alert(1)",
        "https://app.example.com.elsewhere.example/",
        "https://app.example.com@elsewhere.example/",
    ] {
        let reply = change(redirect).await;
        assert_eq!(reply.status, 400, "{redirect}");
        reply.error(400, "invalid_request");
    }
    assert!(app.controls().outbox().is_empty());
    for redirect in [
        "",
        "/",
        "/a?b#c",
        "https://app.example.com",
        "https://app.example.com/a",
    ] {
        let reply = change(redirect).await;
        assert_eq!(reply.status, 200, "{redirect}");
        reply.json(200);
    }
}

#[tokio::test]
async fn only_the_user_changes_themselves() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    let calls = [
        (PATCH, "/currentuser/email", json!({"new_email": BOB})),
        (PATCH, "/currentuser/phone", json!({"new_phone": PHONE})),
        (Method::GET, "/currentuser/user-metadata", json!({})),
        (
            PATCH,
            "/currentuser/user-metadata",
            json!({"user_metadata": {"a": 1}}),
        ),
    ];
    for (method, path, body) in calls.clone() {
        app.visit(method, path, body)
            .await
            .error(401, "invalid_access_token");
    }
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    for (method, path, body) in calls.clone() {
        app.own(&token, method, path, body)
            .await
            .error(403, "user_not_active");
    }
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    app.controls().advance(Duration::from_secs(3600));
    for (method, path, body) in calls {
        app.own(&token, method, path, body)
            .await
            .error(401, "invalid_access_token");
    }
    assert!(app.controls().outbox().is_empty());
}
