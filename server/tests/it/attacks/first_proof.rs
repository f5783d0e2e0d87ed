//! The owner of an identifier proves it, and a stranger was there before.

use http::Method;
use passage_identity::generated::auth::types::AuthResult;
use passage_server::{MetadataType, ServerBuilder};
use serde_json::{Value, json};

use crate::browser::VERIFIER;
use crate::mailbox::{ADA, BOB, PHONE, secret, together, tokens};
use crate::passkeys::forge::Key;
use crate::support::{App, send, text};

/// The other phone number, of the stranger.
const OTHER: &str = "+15005550001";
const STRANGER: &str = "stranger@example.com";

/// Both modes: with the settings of `serve` on a server that cannot require a proof, and as documented.
async fn servers() -> [App; 2] {
    let fields = |builder: ServerBuilder| {
        let name = MetadataType::String.registration(true).profile(true);
        let builder = builder.metadata_field("name", name);
        builder.metadata_field("role", MetadataType::String)
    };
    let serve = App::start_with(|builder| fields(builder.conceal_users(true).claim_pending(false)));
    [serve.await, App::start_with(fields).await]
}

/// Whoever registered in somebody's name.
struct Stranger {
    id: String,
    key: Key,
    tokens: AuthResult,
}

async fn stranger(app: &App, identifier: &str) -> Stranger {
    let registered = app.register(identifier).await;
    let tokens = tokens(&app.login(&registered.key, json!({})).await);
    Stranger {
        id: registered.id,
        key: registered.key,
        tokens,
    }
}

impl Stranger {
    /// Whether the stranger still gets into an account by these.
    async fn gets_in(&self, app: &App) -> (bool, bool) {
        let login = app.login(&self.key, json!({})).await;
        let body = json!({"refresh_token": self.tokens.refresh_token.as_ref().unwrap()});
        let refresh = send(app.http.post(app.auth("/tokens")).json(&body)).await;
        (login.status == 200, refresh.status == 201)
    }

    /// Makes a new address or number their own.
    async fn adds(&self, app: &App, path: &str, body: Value, to: &str) {
        let token = &self.tokens.auth_token;
        app.own(token, Method::PATCH, path, body).await.json(200);
        let link = json!({"magic_link": secret(&app.message(to))});
        let path = "/magic-link/activate";
        app.own(token, Method::PATCH, path, link).await.json(200);
    }
}

/// How an identifier is proved.
#[derive(Debug, Clone, Copy)]
enum By {
    Code,
    Link,
}

const WAYS: [By; 2] = [By::Code, By::Link];

/// Proves an identifier without an auth token. Returns the auth token.
async fn prove(app: &App, by: By, identifier: &str) -> String {
    let reply = match by {
        By::Code => {
            let (id, code) = app.login_code(identifier).await;
            app.enter(&id, &code).await
        }
        By::Link => {
            let (_, secret) = app.login_link(identifier).await;
            app.open(&secret).await
        }
    };
    tokens(&reply).auth_token
}

async fn me(app: &App, token: &str) -> Value {
    app.current_user(token).await.json(200)["user"].clone()
}

/// The notices that somebody got, by subject.
fn notices(app: &App, to: &str) -> Vec<String> {
    let messages = app.controls().outbox().into_iter();
    let notices = messages.filter(|it| it.to == to && it.purpose == "security_notice");
    notices.map(|it| it.subject).collect()
}

#[tokio::test]
async fn a_strangers_passkey_and_tokens_survive_the_first_proof() {
    for by in WAYS {
        for identifier in [ADA, PHONE] {
            for app in servers().await {
                let stranger = stranger(&app, identifier).await;
                assert_eq!(stranger.gets_in(&app).await, (true, true));
                let token = prove(&app, by, identifier).await;
                let user = me(&app, &token).await;
                assert_eq!(text(&user["id"]), stranger.id, "{by:?}");
                assert_eq!(user["webauthn_devices"], json!([]));
                assert_eq!(stranger.gets_in(&app).await, (false, false), "{by:?}");
                assert_eq!(notices(&app, identifier).len(), 1, "the owner is told");
                // The second proof is a plain sign-in.
                prove(&app, by, identifier).await;
                assert_eq!(notices(&app, identifier).len(), 1);
            }
        }
    }
}

#[tokio::test]
async fn a_passkey_of_the_owner_survives_their_next_sign_in() {
    for app in servers().await {
        let token = prove_new(&app, ADA).await;
        let began = app.add_start(&token).await;
        let mut key = Key::new();
        let answer = key.creation(&began["handshake"]);
        app.add_finish(&token, &began, key.create(&answer))
            .await
            .json(201);
        prove(&app, By::Code, ADA).await;
        app.login(&key, json!({})).await.json(200);
        let told = notices(&app, ADA);
        assert_eq!(told.len(), 1, "of the passkey: {told:?}");
    }
}

/// Registers with a code.
async fn prove_new(app: &App, identifier: &str) -> String {
    let body = json!({"identifier": identifier});
    let reply = app.visit_post("/register/otp", body).await.json(201);
    let code = app.message(identifier).code.unwrap();
    tokens(&app.enter(&text(&reply["otp_id"]), &code).await).auth_token
}

#[tokio::test]
async fn a_strangers_account_at_a_provider_stays_connected() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let code = app.social_code("google", STRANGER).await;
        let token = &stranger.tokens.auth_token;
        app.link(token, &code, VERIFIER).await.empty(201);
        let token = prove(&app, By::Code, ADA).await;
        assert_eq!(me(&app, &token).await["social_connections"], json!({}));
        // The stranger's account at the provider is a stranger's again.
        let signed_in = app.social_sign_in("google", STRANGER).await.json(201);
        let token = text(&signed_in["auth_result"]["auth_token"]);
        assert_ne!(text(&me(&app, &token).await["id"]), stranger.id);
    }
}

#[tokio::test]
async fn a_strangers_ceremony_is_finished_after_the_proof() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let began = app.add_start(&stranger.tokens.auth_token).await;
        prove(&app, By::Code, ADA).await;
        let mut key = Key::new();
        let answer = key.creation(&began["handshake"]);
        let reply = app
            .add_finish(&stranger.tokens.auth_token, &began, key.create(&answer))
            .await;
        assert_eq!(reply.status, 401);
    }
}

#[tokio::test]
async fn a_strangers_change_of_address_is_opened_after_the_proof() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let token = &stranger.tokens.auth_token;
        let body = json!({"new_email": STRANGER});
        app.own(token, Method::PATCH, "/currentuser/email", body)
            .await
            .json(200);
        let link = secret(&app.message(STRANGER));
        let token = prove(&app, By::Link, ADA).await;
        app.open(&link).await.error(401, "invalid_magic_link");
        assert_eq!(me(&app, &token).await["email"], ADA);
    }
}

#[tokio::test]
async fn a_trojan_number_survives_the_proof_of_the_address() {
    for by in WAYS {
        for app in servers().await {
            let stranger = stranger(&app, ADA).await;
            let body = json!({"new_phone": OTHER});
            stranger.adds(&app, "/currentuser/phone", body, OTHER).await;
            let token = prove(&app, by, ADA).await;
            let owner = me(&app, &token).await;
            assert_ne!(text(&owner["id"]), stranger.id, "{by:?}");
            assert_eq!(
                (&owner["email"], &owner["email_verified"], &owner["phone"]),
                (&json!(ADA), &json!(true), &json!(""))
            );
            let trojan = prove(&app, By::Code, OTHER).await;
            assert_eq!(text(&me(&app, &trojan).await["id"]), stranger.id);
            left_alone(&app, &stranger, "email").await;
            assert_eq!(notices(&app, OTHER).len(), 1, "who has the number is told");
        }
    }
}

#[tokio::test]
async fn a_trojan_address_survives_the_proof_of_the_number() {
    for by in WAYS {
        for app in servers().await {
            let stranger = stranger(&app, PHONE).await;
            let body = json!({"new_email": STRANGER});
            stranger
                .adds(&app, "/currentuser/email", body, STRANGER)
                .await;
            let token = prove(&app, by, PHONE).await;
            let owner = me(&app, &token).await;
            assert_ne!(text(&owner["id"]), stranger.id, "{by:?}");
            assert_eq!(
                (&owner["phone"], &owner["phone_verified"], &owner["email"]),
                (&json!(PHONE), &json!(true), &json!(""))
            );
            left_alone(&app, &stranger, "phone").await;
            let notice = app.message(STRANGER);
            assert_eq!(notice.purpose, "security_notice");
            assert!(!notice.text.contains("127.0.0.1"), "{}", notice.text);
        }
    }
}

/// The stranger's account is as it was, without the identifier.
async fn left_alone(app: &App, stranger: &Stranger, without: &str) {
    let user = app.managed_user(&stranger.id).await;
    assert_eq!(user[without], "");
    assert_eq!(user[format!("{without}_verified")], false);
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 1);
    assert_eq!(stranger.gets_in(app).await, (true, true));
}

#[tokio::test]
async fn the_device_that_waits_for_the_owners_link_is_signed_in_as_the_stranger() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let body = json!({"new_phone": OTHER});
        stranger.adds(&app, "/currentuser/phone", body, OTHER).await;
        let (id, secret) = app.login_link(ADA).await;
        let opened = tokens(&app.open(&secret).await).auth_token;
        let waited = tokens(&app.link_status(&id).await).auth_token;
        let owner = me(&app, &opened).await["id"].clone();
        assert_ne!(text(&owner), stranger.id);
        assert_eq!(me(&app, &waited).await["id"], owner);
    }
}

#[tokio::test]
async fn the_device_that_waits_gets_the_cleared_account() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let (id, secret) = app.login_link(ADA).await;
        app.open(&secret).await.json(200);
        let waited = tokens(&app.link_status(&id).await).auth_token;
        assert_eq!(text(&me(&app, &waited).await["id"]), stranger.id);
    }
}

#[tokio::test]
async fn a_stranger_sends_the_owner_a_link_for_the_address_that_the_account_has() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let token = &stranger.tokens.auth_token;
        let body = json!({"new_email": ADA});
        app.own(token, Method::PATCH, "/currentuser/email", body)
            .await
            .json(200);
        app.open(&secret(&app.message(ADA))).await.json(200);
        assert_eq!(stranger.gets_in(&app).await, (false, false));
    }
}

#[tokio::test]
async fn an_admin_of_the_backend_who_proves_the_address_stays_one() {
    for by in WAYS {
        for app in servers().await {
            let body = json!({"email": ADA, "user_metadata": {"role": "admin"}});
            let made = app.post("/users", body).await.json(201)["user"].clone();
            let token = prove(&app, by, ADA).await;
            let user = app.managed_user(&text(&made["id"])).await;
            assert_eq!(me(&app, &token).await["id"], made["id"]);
            assert_eq!(user["user_metadata"], json!({"role": "admin"}));
            assert_eq!(notices(&app, ADA), [""; 0], "nothing was removed");
        }
    }
}

#[tokio::test]
async fn what_a_stranger_wrote_into_the_account_stays_in_it() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let token = &stranger.tokens.auth_token;
        let body = json!({"user_metadata": {"name": "Mallory"}});
        let path = "/currentuser/user-metadata";
        app.own(token, Method::PATCH, path, body).await.json(200);
        prove(&app, By::Code, ADA).await;
        let user = app.managed_user(&stranger.id).await;
        assert_eq!(user["user_metadata"], json!({}));
    }
}

#[tokio::test]
async fn a_registration_that_the_owner_finishes_keeps_what_it_began_with() {
    for app in servers().await {
        let body = json!({"identifier": ADA, "user_metadata": {"name": "Ada"}});
        let made = app.visit_post("/users", body).await.json(201)["user"].clone();
        prove_new(&app, ADA).await;
        let user = app.managed_user(&text(&made["id"])).await;
        assert_eq!(user["user_metadata"], json!({"name": "Ada"}));
    }
}

#[tokio::test]
async fn a_proof_with_the_users_own_token_keeps_everything() {
    for by in WAYS {
        for app in servers().await {
            let owner = stranger(&app, ADA).await;
            let token = &owner.tokens.auth_token;
            let (method, path, body) = match by {
                By::Code => {
                    let (id, code) = app.login_code(ADA).await;
                    let body = json!({"otp_id": id, "otp": code});
                    (Method::POST, "/otp/activate", body)
                }
                By::Link => {
                    let (_, secret) = app.login_link(ADA).await;
                    let body = json!({"magic_link": secret});
                    (Method::PATCH, "/magic-link/activate", body)
                }
            };
            app.own(token, method, path, body).await.json(200);
            assert_eq!(owner.gets_in(&app).await, (true, true), "{by:?}");
            let user = app.managed_user(&owner.id).await;
            assert_eq!(user["email_verified"], true);
            assert_eq!(notices(&app, ADA), [""; 0]);
        }
    }
}

#[tokio::test]
async fn a_token_of_somebody_else_or_of_nobody_counts_as_none() {
    for app in servers().await {
        let bob = prove_new(&app, BOB).await;
        for (token, identifier) in [(bob.as_str(), ADA), ("nonsense", PHONE)] {
            let stranger = stranger(&app, identifier).await;
            let (id, code) = app.login_code(identifier).await;
            let body = json!({"otp_id": id, "otp": code});
            let reply = app.own(token, Method::POST, "/otp/activate", body).await;
            reply.json(200);
            assert_eq!(stranger.gets_in(&app).await, (false, false), "{identifier}");
        }
    }
}

#[tokio::test]
async fn a_link_that_the_backend_gave_out_itself_proves_nothing() {
    for app in servers().await {
        let owner = stranger(&app, ADA).await;
        let body = json!({"email": ADA, "type": "login", "send": false});
        let made = app.post("/magic-links", body).await.json(201);
        let secret = text(&made["magic_link"]["secret"]);
        app.open(&secret).await.json(200);
        assert_eq!(owner.gets_in(&app).await, (true, true));
        assert_eq!(app.managed_user(&owner.id).await["email_verified"], false);
    }
}

#[tokio::test]
async fn a_user_of_the_backends_own_ids_keeps_their_passkey_and_not_the_address() {
    for app in servers().await {
        let mut key = Key::new();
        app.flex_register("customer-1", &mut key).await.json(201);
        let id = text(&app.external_user("customer-1").await["id"]);
        let body = json!({"email": ADA});
        app.patch(&format!("/users/{id}"), body).await.json(200);
        let token = prove(&app, By::Code, ADA).await;
        assert_ne!(text(&me(&app, &token).await["id"]), id);
        let user = app.managed_user(&id).await;
        assert_eq!(user["email"], "");
        assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_strangers_registration_is_finished_at_the_moment_of_the_proof() {
    for app in servers().await {
        for round in 0..8 {
            let email = format!("ada{round}@example.com");
            let began = app.register_start(&email).await;
            let mut key = Key::new();
            let answer = key.creation(&began["handshake"]);
            let response = key.create(&answer);
            let (id, code) = app.login_code(&email).await;
            let (_, proved) =
                tokio::join!(app.register_finish(&began, response), app.enter(&id, &code));
            proved.json(200);
            let login = app.login(&key, json!({})).await;
            login.error(401, "discoverable_login_failed");
        }
    }
}

#[tokio::test]
async fn of_many_proofs_at_once_each_ends_in_the_owners_account() {
    for app in servers().await {
        let stranger = stranger(&app, ADA).await;
        let body = json!({"new_phone": OTHER});
        stranger.adds(&app, "/currentuser/phone", body, OTHER).await;
        let mut codes = Vec::new();
        for _ in 0..4 {
            codes.push(app.login_code(ADA).await);
        }
        let replies = together(codes.iter().map(|(id, code)| app.enter(id, code))).await;
        let good: Vec<_> = replies.iter().filter(|it| it.status == 200).collect();
        // The others were sent to the user who had the address before.
        assert_eq!(good.len(), 1);
        let owner = me(&app, &tokens(good[0]).auth_token).await;
        assert_ne!(text(&owner["id"]), stranger.id);
        assert_eq!(app.list(&[]).await.json(200)["total_users"], 2);
    }
}
