//! Looking users up, and creating them, without a credential.

use passage_identity::generated::auth::types::CreateUserParams;
use passage_server::{MetadataType, SeedDevice};
use serde_json::json;

use crate::mailbox::{ADA, BOB, PHONE, sdk};
use crate::support::{App, Reply, is_id, members, send, text};

async fn look_up(app: &App, query: &str) -> Reply {
    send(app.http.get(app.auth(&format!("/users{query}")))).await
}

#[tokio::test]
async fn whoever_knows_an_identifier_finds_its_user() {
    let app = App::start().await;
    let body = json!({"email": ADA, "phone": PHONE, "user_metadata": {"plan": "pro"}});
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    app.controls()
        .seed_device(&id, SeedDevice::new())
        .await
        .unwrap();
    // They sent the identifier; the rest of the user is not for strangers.
    let expected = |email: &str, phone: &str| {
        json!({
            "email": email,
            "email_verified": false,
            "id": id,
            "phone": phone,
            "phone_verified": false,
            "status": "pending",
            "user_metadata": {},
            "webauthn": true,
            "webauthn_types": ["passkey"],
        })
    };
    for (query, expected) in [
        ("?identifier=ada%40example.com", expected(ADA, "")),
        ("?identifier=ADA@example.com", expected(ADA, "")),
        ("?identifier=%2B15005550006", expected("", PHONE)),
        // As some clients send it.
        ("?identifier=+15005550006", expected("", PHONE)),
    ] {
        let found = look_up(&app, query).await.json(200);
        assert_eq!(found, json!({"user": expected}), "{query}");
    }
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let found = sdk
        .auth_api()
        .check_user_identifier(app_id, ADA)
        .await
        .unwrap();
    assert_eq!(found.user.as_ref().map(|user| &user.id), Some(&id));
    let nobody = sdk
        .auth_api()
        .check_user_identifier(app_id, BOB)
        .await
        .unwrap();
    assert_eq!(nobody.status(), 200);
    assert!(nobody.user.is_none());
}

#[tokio::test]
async fn nobody_is_null_and_nonsense_is_refused() {
    let app = App::start().await;
    let elsewhere = App::start().await;
    elsewhere.user(ADA).await;
    let nobody = look_up(&app, "?identifier=ada%40example.com")
        .await
        .json(200);
    assert_eq!(nobody, json!({"user": null}));
    for query in [
        "",
        "?",
        "?identifier",
        "?identifier=",
        "?identifier=ada",
        "?other=a",
        "?identifier=123",
    ] {
        look_up(&app, query).await.error(400, "invalid_request");
    }
    let unknown = app
        .auth("/users?identifier=a@b.c")
        .replace(app.server().app_id(), "nosuchapp");
    send(app.http.get(unknown))
        .await
        .error(404, "app_not_found");
}

#[tokio::test]
async fn anybody_may_become_a_user() {
    let app = App::start_with(|builder| builder.metadata_field("plan", MetadataType::String)).await;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    let request = CreateUserParams {
        identifier: "Ada@Example.com".to_owned(),
        user_metadata: json!({"plan": "pro"}).as_object().cloned(),
    };
    let created = sdk.auth_api().create_user(app_id, &request).await.unwrap();
    assert_eq!(created.status(), 201);
    let user = &created.user;
    assert!(is_id(&user.id));
    assert_eq!((user.email.as_str(), user.phone.as_str()), (ADA, ""));
    assert_eq!(
        app.managed_user(&user.id).await["user_metadata"],
        json!({"plan": "pro"})
    );
    assert_eq!(app.managed_user(&user.id).await["status"], "pending");
    let reply = app
        .visit_post("/users", json!({"identifier": PHONE}))
        .await
        .json(201);
    assert_eq!(
        (&reply["user"]["phone"], &reply["user"]["email"]),
        (&json!(PHONE), &json!(""))
    );
    assert_eq!(members(&reply["user"]).len(), 9);

    let taken = app
        .visit_post("/users", json!({"identifier": "ADA@example.com"}))
        .await;
    assert_eq!(taken.error(400, "invalid_request"), "user: already exists.");
    for body in [
        json!({}),
        json!({"identifier": "bob"}),
        json!({"identifier": BOB, "user_metadata": {"other": "x"}}),
        json!({"identifier": BOB, "user_metadata": {"plan": 1}}),
        json!({"identifier": BOB, "user_metadata": "pro"}),
    ] {
        app.visit_post("/users", body)
            .await
            .error(400, "invalid_request");
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 2);
    assert!(app.controls().outbox().is_empty());
    // Who was created so signs in by code, as everybody who is known.
    let (otp_id, code) = app.login_code(ADA).await;
    app.enter(&otp_id, &code).await.json(200);
}
