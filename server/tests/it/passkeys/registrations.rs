//! Registration with a passkey.

use passage_identity::generated::auth::types::{
    LoginWebAuthnFinishRequest, LoginWebAuthnStartRequest, RegisterWebAuthnFinishRequest,
    RegisterWebAuthnStartRequest, UserStatus, WebAuthnType,
};
use serde_json::{Value, json};

use super::authenticator::Browser;
use super::forge::{BACKED_UP, BACKUP_ELIGIBLE, Key, bytes};
use crate::mailbox::sdk;
use crate::support::{AUTH_RESULT, App, is_id, members, text};

#[tokio::test]
async fn from_nothing_to_a_verified_token_by_the_sdk() {
    let app = App::start().await;
    let passage = sdk(&app);
    let (auth, app_id) = (passage.auth_api(), passage.app_id().as_str());
    let mut browser = Browser::new();

    let request = RegisterWebAuthnStartRequest {
        authenticator_attachment: None,
        identifier: "Ada@Example.com".to_owned(),
    };
    let start = auth.register_webauthn_start(app_id, &request).await;
    let start = start.unwrap().into_inner();
    let user = start.user.unwrap();
    assert_eq!(user.email, "ada@example.com");
    assert_eq!(user.status, UserStatus::Pending);
    assert!(!user.webauthn && user.webauthn_types.is_empty());

    let request = RegisterWebAuthnFinishRequest {
        handshake_id: start.handshake.id,
        handshake_response: browser.create(&start.handshake.challenge).await.unwrap(),
        user_id: user.id.clone(),
    };
    let finish = auth
        .register_webauthn_finish(app_id, &request)
        .await
        .unwrap();
    assert_eq!(finish.status(), 201);
    let token = finish.into_inner().auth_result.auth_token;
    let verified = passage.verify_token(&token).await.unwrap();
    assert_eq!(verified.user_id, *user.id);

    let mine = passage.auth_api_as(&token).unwrap();
    let me = mine
        .get_currentuser(app_id)
        .await
        .unwrap()
        .into_inner()
        .user;
    assert_eq!(me.status, UserStatus::Active);
    assert_eq!(me.login_count, 1);
    assert_eq!(me.webauthn_types, [WebAuthnType::Passkey]);
    assert_eq!(me.webauthn_devices[0].user_id, user.id);

    let request = LoginWebAuthnStartRequest {
        identifier: Some("ADA@example.com".to_owned()),
    };
    let start = auth.login_webauthn_start(app_id, &request).await;
    let start = start.unwrap().into_inner();
    assert_eq!(start.user.unwrap().webauthn_types, [WebAuthnType::Passkey]);
    let request = LoginWebAuthnFinishRequest {
        handshake_id: start.handshake.id,
        handshake_response: browser.get(&start.handshake.challenge).await.unwrap(),
        user_id: Some(user.id.clone()),
    };
    let finish = auth.login_webauthn_finish(app_id, &request).await.unwrap();
    assert_eq!(finish.status(), 200);
    let token = finish.into_inner().auth_result.auth_token;
    let verified = passage.verify_token(&token).await.unwrap();
    assert_eq!(verified.user_id, *user.id);
}

#[tokio::test]
async fn what_the_browser_is_asked_for() {
    let app = App::start().await;
    let start = app.register_start("+15005550006").await;
    assert_eq!(members(&start), ["handshake", "user"]);
    assert!(is_id(&text(&start["handshake"]["id"])));
    assert_eq!(members(&start["handshake"]["challenge"]), ["publicKey"]);
    let options = &start["handshake"]["challenge"]["publicKey"];
    assert_eq!(bytes(&options["challenge"]).len(), 32);
    let handle = bytes(&options["user"]["id"]);
    assert_eq!(handle.len(), 16);
    assert_ne!(handle, text(&start["user"]["id"]).into_bytes());
    assert_eq!(
        options["user"],
        json!({"id": options["user"]["id"], "name": "+15005550006", "displayName": "+15005550006"})
    );
    assert_eq!(
        options["rp"],
        json!({"id": "localhost", "name": "Development"})
    );
    assert_eq!(options["timeout"], 300_000);
    assert_eq!(options["attestation"], "none");
    assert_eq!(options["excludeCredentials"], Value::Null);
    let algorithms = options["pubKeyCredParams"].as_array().unwrap().iter();
    let algorithms: Vec<_> = algorithms
        .map(|kind| kind["alg"].as_i64().unwrap())
        .collect();
    assert_eq!(algorithms, [-7, -35, -257], "ES256, ES384, RS256");

    let again = app.register_start("+15005550006").await;
    assert_eq!(
        again["user"]["id"], start["user"]["id"],
        "nobody is created twice"
    );
    let again = &again["handshake"]["challenge"]["publicKey"];
    assert_ne!(again["challenge"], options["challenge"]);
    assert_eq!(
        again["user"]["id"], options["user"]["id"],
        "the handle is the user's"
    );
}

#[tokio::test]
async fn where_the_passkey_is_to_be_kept() {
    let app = App::start().await;
    for (asked, told) in [
        (json!(null), json!("platform")),
        (json!("platform"), json!("platform")),
        (json!("cross-platform"), json!("cross-platform")),
        (json!("any"), json!(null)),
    ] {
        let body = json!({"identifier": "ada@example.com", "authenticator_attachment": asked});
        let start = app
            .visit_post("/register/webauthn/start", body)
            .await
            .json(200);
        let selection =
            start["handshake"]["challenge"]["publicKey"]["authenticatorSelection"].clone();
        let mut expected = json!({"residentKey": "required", "requireResidentKey": true, "userVerification": "required"});
        if !told.is_null() {
            expected["authenticatorAttachment"] = told;
        }
        assert_eq!(selection, expected, "{asked}");
    }
    let body = json!({"identifier": "ada@example.com", "authenticator_attachment": "pocket"});
    let error = app.visit_post("/register/webauthn/start", body).await;
    let error = error.error(400, "invalid_request");
    assert!(error.contains("authenticator_attachment"), "{error}");
}

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

/// Finishes a registration with Firefox. Returns what it sent and what it got.
async fn finish_with_firefox(app: &App, start: &Value) -> (Value, Value) {
    let response: Value = Browser::new()
        .create(&start["handshake"]["challenge"])
        .await
        .unwrap();
    let body = json!({
        "handshake_id": start["handshake"]["id"], "handshake_response": response, "user_id": start["user"]["id"],
    });
    let finish = app
        .http
        .post(app.auth("/register/webauthn/finish"))
        .json(&body);
    let finish = crate::support::send(finish.header("user-agent", AGENT)).await;
    (response, finish.json(201)["auth_result"].clone())
}

/// A user who registered with Firefox, and what it sent.
async fn registered_with_firefox(app: &App) -> (Value, Value) {
    let start = app.register_start("ada@example.com").await;
    let (response, _) = finish_with_firefox(app, &start).await;
    (
        app.managed_user(&text(&start["user"]["id"])).await,
        response,
    )
}

#[tokio::test]
async fn registering_makes_a_pending_user_active() {
    let app = App::start().await;
    let start = app.register_start("ada@example.com").await;
    let id = text(&start["user"]["id"]);
    let pending = app.managed_user(&id).await;
    assert_eq!(
        (
            &pending["status"],
            &pending["login_count"],
            &pending["webauthn"]
        ),
        (&json!("pending"), &json!(0), &json!(false))
    );
    let (_, result) = finish_with_firefox(&app, &start).await;
    assert_eq!(members(&result), AUTH_RESULT);
    let user = app.managed_user(&id).await;
    assert_eq!(
        (
            &user["status"],
            &user["login_count"],
            &user["webauthn"],
            &user["webauthn_types"]
        ),
        (
            &json!("active"),
            &json!(1),
            &json!(true),
            &json!(["passkey"])
        )
    );
}

#[tokio::test]
async fn a_passkey_proves_no_address() {
    let app = App::start().await;
    let (user, _) = registered_with_firefox(&app).await;
    assert_eq!(
        user["email_verified"], false,
        "a passkey proves no e-mail address"
    );
}

#[tokio::test]
async fn a_new_passkey_is_a_device_named_after_browser_and_system() {
    let app = App::start().await;
    let (user, response) = registered_with_firefox(&app).await;
    let device = &user["webauthn_devices"][0];
    assert_eq!(device["friendly_name"], "Firefox on Linux");
    assert_eq!(device["cred_id"], response["id"]);
    assert_eq!(
        (&device["type"], &device["usage_count"]),
        (&json!("passkey"), &json!(0))
    );
    assert_eq!(device["last_login_at"], "0001-01-01T00:00:00Z");
    let path = format!("/users/{}/devices", text(&user["id"]));
    let devices = app.get(&path).await.json(200);
    assert_eq!(devices["devices"], user["webauthn_devices"]);
}

#[tokio::test]
async fn a_registration_is_one_event_with_address_and_user_agent() {
    let app = App::start().await;
    let (user, _) = registered_with_firefox(&app).await;
    let event = &user["recent_events"][0];
    assert_eq!(
        (
            &event["action"],
            &event["type"],
            &event["status"],
            &event["ip_addr"],
            &event["user_agent"]
        ),
        (
            &json!("register"),
            &json!("passkey"),
            &json!("complete"),
            &json!("127.0.0.1"),
            &json!(AGENT)
        )
    );
    assert_eq!(event["user_agent_display"], AGENT);
    assert_eq!(user["recent_events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn who_is_known_already_is_refused() {
    let app = App::start().await;
    let registered = app.register("ada@example.com").await;
    let refused = async |identifier: &str| {
        let body = json!({"identifier": identifier});
        let reply = app.visit_post("/register/webauthn/start", body).await;
        reply.error(400, "invalid_request")
    };
    assert_eq!(refused("ada@example.com").await, "user: already exists.");
    assert_eq!(refused("ADA@example.com").await, "user: already exists.");
    app.revoke_devices(&registered.id).await;
    assert_eq!(refused("ada@example.com").await, "user: already exists.");
    app.deactivate(&registered.id).await;
    assert_eq!(refused("ada@example.com").await, "user: already exists.");

    let active = app.user_id("bob@example.com").await;
    app.touch(&format!("/users/{active}/activate"))
        .await
        .json(200);
    assert_eq!(refused("bob@example.com").await, "user: already exists.");

    let seeded = app.user_id("eve@example.com").await;
    let device = passage_server::SeedDevice::new();
    app.controls().seed_device(&seeded, device).await.unwrap();
    assert_eq!(refused("eve@example.com").await, "user: already exists.");

    for bad in ["", "ada", "5005550006", "ada@"] {
        let error = refused(bad).await;
        assert!(error.contains("identifier"), "{bad}: {error}");
    }
}

#[tokio::test]
async fn a_user_who_was_created_but_never_in_may_register() {
    let app = App::start().await;
    let body = json!({"email": "ada@example.com", "phone": "+15005550006"});
    let id = text(&app.post("/users", body).await.json(201)["user"]["id"]);
    let registered = app.register("+15005550006").await;
    assert_eq!(registered.id, id);
    assert_eq!(app.managed_user(&id).await["status"], "active");
    let body = json!({"identifier": "ada@example.com"});
    app.login(&registered.key, body).await.json(200);
}

#[tokio::test]
async fn of_two_who_register_the_same_identifier_the_first_to_finish_has_it() {
    let app = App::start().await;
    let starts = [
        app.register_start("ada@example.com").await,
        app.register_start("ada@example.com").await,
    ];
    let finish = async |start: &Value| {
        let mut key = Key::new();
        let answer = key.creation(&start["handshake"]);
        app.register_finish(start, key.create(&answer)).await
    };
    finish(&starts[1]).await.json(201);
    let error = finish(&starts[0]).await.error(400, "invalid_request");
    assert_eq!(error, "user: already exists.");
    let id = text(&starts[0]["user"]["id"]);
    let devices = app.managed_user(&id).await["webauthn_devices"].clone();
    assert_eq!(devices.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_kind_of_device_a_passkey_is() {
    let app = App::start().await;
    for (number, (flags, attachment, transports, kind)) in [
        (
            BACKUP_ELIGIBLE | BACKED_UP,
            json!("platform"),
            json!(["internal", "hybrid"]),
            "passkey",
        ),
        (
            BACKUP_ELIGIBLE,
            json!("cross-platform"),
            json!(["hybrid"]),
            "passkey",
        ),
        (0, json!("platform"), json!(["internal"]), "platform"),
        (0, json!(null), json!([]), "platform"),
        (0, json!("cross-platform"), json!([]), "security_key"),
        (0, json!(null), json!(["nfc", "usb"]), "security_key"),
    ]
    .into_iter()
    .enumerate()
    {
        let start = app.register_start(&format!("{number}@example.com")).await;
        let mut key = Key::new();
        let mut answer = key.creation(&start["handshake"]);
        answer.flags |= flags;
        let mut response = key.create(&answer);
        response["authenticatorAttachment"] = attachment;
        response["response"]["transports"] = transports.clone();
        app.register_finish(&start, response).await.json(201);
        let user = app.managed_user(&text(&start["user"]["id"])).await;
        assert_eq!(
            user["webauthn_types"],
            json!([kind]),
            "{flags:#x} {transports}"
        );
    }
}

#[tokio::test]
async fn passkeys_of_a_domain_above_the_website() {
    let app = App::start_with(|builder| {
        let builder = builder.auth_origin("https://login.app.example");
        builder.rp_id("App.Example")
    })
    .await;
    let mut browser = Browser::at("https://login.app.example");
    let start = app.register_start("ada@example.com").await;
    let options = &start["handshake"]["challenge"]["publicKey"];
    assert_eq!(options["rp"]["id"], "app.example");
    let response = browser
        .create(&start["handshake"]["challenge"])
        .await
        .unwrap();
    app.register_finish(&start, response).await.json(201);
    let start = app.login_start(json!({})).await;
    assert_eq!(
        start["handshake"]["challenge"]["publicKey"]["rpId"],
        "app.example"
    );
    let response = browser.get(&start["handshake"]["challenge"]).await.unwrap();
    app.login_finish(&start, response).await.json(200);
}

#[tokio::test]
async fn an_origin_that_browsers_give_no_passkeys_is_refused() {
    let app = App::start_with(|builder| builder.auth_origin("http://app.example")).await;
    let body = json!({"identifier": "ada@example.com"});
    app.visit_post("/register/webauthn/start", body)
        .await
        .error(403, "operation_not_allowed");
    app.visit_post("/login/webauthn/start", json!({}))
        .await
        .error(403, "operation_not_allowed");

    let start = passage_server::PassageServer::builder()
        .auth_origin("https://app.example")
        .rp_id("other.example")
        .start();
    let problem = start.await.unwrap_err().to_string();
    assert!(problem.contains("relying party id"), "{problem}");
}
