//! A stranger registers in the owner's name before the owner does.

use serde_json::{Value, json};

use crate::mailbox::{ADA, BOB, PHONE};
use crate::passkeys::forge::Key;
use crate::site::{Site, TWO_APPS};
use crate::support::{App, Reply, client, send, text};

/// A server with the settings that `serve` has where it can send to every kind of identifier.
async fn serve() -> App {
    App::start_with(|builder| {
        builder
            .conceal_users(true)
            .require_identifier_verification(true)
            .claim_pending(false)
    })
    .await
}

/// Likewise where it can send to none.
async fn serve_without_providers() -> App {
    App::start_with(|builder| builder.conceal_users(true).claim_pending(false)).await
}

async fn start(app: &App, identifier: &str) -> Reply {
    let body = json!({"identifier": identifier});
    app.visit_post("/register/webauthn/start", body).await
}

async fn count(app: &App) -> Value {
    app.list(&[]).await.json(200)["total_users"].clone()
}

const MAIL: &str =
    "[mail]\nhost = \"127.0.0.1\"\nport = 1\nsecurity = \"none\"\nfrom = \"a@example.com\"\n";
const TEXTS: &str = "[texts]\nurl = \"http://127.0.0.1:1/\"\nsecret = { file = \"hook\" }\n";

#[tokio::test]
async fn a_stranger_registers_a_passkey_for_an_unproved_address() {
    let app = serve().await;
    for identifier in [ADA, "ADA@Example.com", "Ädä@example.com", PHONE] {
        start(&app, identifier)
            .await
            .error(403, "identifier_not_verified");
    }
    assert_eq!(count(&app).await, 0, "a refused start creates nobody");
}

#[tokio::test]
async fn a_refused_registration_does_not_tell_who_is_there() {
    let app = serve().await;
    app.user_id(ADA).await;
    let bob = app.user_id(BOB).await;
    app.touch(&format!("/users/{bob}/deactivate"))
        .await
        .json(200);
    let body = json!({"identifier": "cyd@example.com"});
    app.visit_post("/users", body).await.json(201);
    let (id, code) = app.login_code("cyd@example.com").await;
    app.enter(&id, &code).await.json(200);
    let unknown = start(&app, "dan@example.com").await;
    let text = unknown.error(403, "identifier_not_verified");
    assert!(text.contains("one-time code or a magic link"), "{text}");
    for known in [ADA, BOB, "cyd@example.com"] {
        let reply = start(&app, known).await;
        assert_eq!(reply.error(403, "identifier_not_verified"), text, "{known}");
    }
}

#[tokio::test]
async fn a_ceremony_that_began_before_the_setting_was_on_cannot_be_finished() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("passage.db");
    let app = App::start_with(|builder| builder.data(&file)).await;
    let began = app.register_start(ADA).await;
    app.stop().await;
    let app = App::start_with(|builder| {
        builder
            .data(&file)
            .require_identifier_verification(true)
            .conceal_users(true)
    })
    .await;
    let mut key = Key::new();
    let answer = key.creation(&began["handshake"]);
    let reply = app.register_finish(&began, key.create(&answer)).await;
    reply.error(403, "identifier_not_verified");
    let list = app.list(&[]).await.json(200);
    let user = app.managed_user(&text(&list["users"][0]["id"])).await;
    assert_eq!(
        (&user["status"], &user["webauthn"]),
        (&json!("pending"), &json!(false))
    );
}

#[tokio::test]
async fn a_user_whom_the_backend_made_an_admin_is_claimed_by_a_passkey() {
    for app in [serve().await, serve_without_providers().await] {
        let body = json!({"email": ADA, "phone": PHONE, "user_metadata": {"role": "admin"}});
        app.post("/users", body).await.json(201);
        for identifier in [ADA, PHONE] {
            start(&app, identifier)
                .await
                .error(403, "identifier_not_verified");
        }
    }
}

#[tokio::test]
async fn a_user_who_came_with_a_link_of_the_backend_is_claimed_by_a_passkey() {
    let app = serve_without_providers().await;
    let body = json!({"email": ADA, "type": "login", "send": false});
    app.post("/magic-links", body).await.json(201);
    start(&app, ADA).await.error(403, "identifier_not_verified");
}

#[tokio::test]
async fn a_pending_registration_to_which_the_backend_gave_a_role_is_claimed_by_a_passkey() {
    let app = serve_without_providers().await;
    let began = app.register_start(ADA).await;
    let id = text(&began["user"]["id"]);
    let role = json!({"user_metadata": {"role": "admin"}});
    app.patch(&format!("/users/{id}"), role).await.json(200);
    start(&app, ADA).await.error(403, "identifier_not_verified");
    let mut key = Key::new();
    let answer = key.creation(&began["handshake"]);
    let reply = app.register_finish(&began, key.create(&answer)).await;
    reply.error(403, "identifier_not_verified");
}

#[tokio::test]
async fn an_update_that_changes_nothing_makes_a_registration_the_backends() {
    let app = serve_without_providers().await;
    let began = app.register_start(ADA).await;
    let path = format!("/users/{}", text(&began["user"]["id"]));
    for nothing in [
        json!({}),
        json!({"email": ADA}),
        json!({"user_metadata": {}}),
    ] {
        app.patch(&path, nothing).await.json(200);
        // Nobody has vouched for the user, so the registration may begin again.
        start(&app, ADA).await.json(200);
    }
}

#[tokio::test]
async fn a_second_stranger_claims_what_a_first_one_registered() {
    let app = serve_without_providers().await;
    app.register(ADA).await;
    let refused = start(&app, ADA).await;
    assert_eq!(
        refused.error(400, "invalid_request"),
        "user: already exists."
    );
}

#[tokio::test]
async fn the_owner_gets_in_by_a_code_and_then_adds_a_passkey() {
    let app = serve().await;
    let body = json!({"identifier": ADA});
    let reply = app.visit_post("/register/otp", body).await.json(201);
    let code = app.message(ADA).code.unwrap();
    let signed_in = app.enter(&text(&reply["otp_id"]), &code).await.json(200);
    let token = text(&signed_in["auth_result"]["auth_token"]);
    let began = app.add_start(&token).await;
    let mut key = Key::new();
    let answer = key.creation(&began["handshake"]);
    app.add_finish(&token, &began, key.create(&answer))
        .await
        .json(201);
    app.login(&key, json!({"identifier": ADA})).await.json(200);
}

#[tokio::test]
async fn users_of_a_backend_with_ids_of_its_own_are_not_concerned() {
    let app = serve().await;
    let mut key = Key::new();
    let reply = app.flex_register("customer-1", &mut key).await;
    app.verify(&reply.json(201)["nonce"]).await.json(200);
}

#[tokio::test]
async fn users_of_a_provider_are_not_concerned() {
    let app = serve().await;
    app.social_sign_in("google", ADA).await.json(201);
}

#[tokio::test]
async fn in_development_whoever_registers_first_gets_the_user() {
    let app = App::start().await;
    let ada = app.user_id(ADA).await;
    assert_eq!(app.register(ADA).await.id, ada);
}

#[tokio::test]
async fn app_info_says_what_is_required() {
    for (app, required) in [(serve().await, true), (App::start().await, false)] {
        let public = send(app.http.get(app.auth(""))).await.json(200);
        let managed = app.get("").await.json(200);
        for info in [public, managed] {
            let info = &info["app"];
            assert_eq!(info["require_identifier_verification"], required);
            assert_eq!(info["require_email_verification"], required);
        }
    }
}

/// A registration at a server that runs as `serve` does, and what its app info says.
async fn at(site: &Site, identifier: &str) -> (Reply, bool) {
    let server = site.start().await;
    let url = format!("{}/auth/v1/apps/one", server.url());
    let body = json!({"identifier": identifier});
    let request = client().post(format!("{url}/register/webauthn/start"));
    let reply = send(request.json(&body)).await;
    let info = send(client().get(url)).await.json(200);
    server.shutdown().await;
    let required = info["app"]["require_identifier_verification"].clone();
    (reply, required == json!(true))
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_asks_for_a_proof_of_each_kind_that_it_can_send_to() {
    let code = "identifier_not_verified";
    let site = Site::new(&format!("{MAIL}{TWO_APPS}"));
    site.secret("hook", "sesame");
    let (reply, required) = at(&site, ADA).await;
    reply.error(403, code);
    assert!(required);
    at(&site, PHONE).await.0.json(200);

    site.configure(&format!("{TEXTS}{TWO_APPS}"));
    at(&site, PHONE).await.0.error(403, code);
    at(&site, BOB).await.0.json(200);

    site.configure(TWO_APPS);
    let (reply, required) = at(&site, "cyd@example.com").await;
    reply.json(200);
    assert!(!required, "nobody could prove anything");

    let off = TWO_APPS.replace(
        "https://one.example\"",
        "https://one.example\"\nrequire_identifier_verification = false",
    );
    site.configure(&format!("{MAIL}{off}"));
    at(&site, "dan@example.com").await.0.json(200);
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_sends_nothing_cannot_require_a_proof() {
    let on = |more: &str| {
        TWO_APPS.replace(
            "https://one.example\"",
            &format!("https://one.example\"\nrequire_identifier_verification = true\n{more}"),
        )
    };
    let site = Site::new(&on(""));
    let refused = site.refused().await;
    assert!(
        refused.contains("line 10: apps: `one` has require_identifier_verification = true")
            && refused.contains("without [mail] or [texts]"),
        "{refused}"
    );
    site.configure(&format!(
        "{MAIL}{}",
        on("magic_links = false\none_time_codes = false\n")
    ));
    let refused = site.refused().await;
    assert!(
        refused.contains("neither magic_links nor one_time_codes"),
        "{refused}"
    );
    site.configure(&format!("{MAIL}{}", on("")));
    let (reply, required) = at(&site, PHONE).await;
    reply.error(403, "identifier_not_verified");
    assert!(required);
}

#[cfg(unix)]
#[tokio::test]
async fn an_app_in_the_data_file_cannot_require_a_proof_either() {
    let site = Site::new("");
    let file = passage_server::DataFile::open(site.path("passage.db"))
        .await
        .unwrap();
    let app = passage_server::NewApp::new("https://shop.example.com")
        .id("shop")
        .require_identifier_verification(true);
    file.create_app(app).await.unwrap();
    file.close().await;
    let refused = site.refused().await;
    assert!(
        refused.contains("app `shop` has require_identifier_verification = true"),
        "{refused}"
    );
    site.configure(MAIL);
    site.start().await.shutdown().await;
}
