//! A stolen access token must not become permanent: it ends with its sign-in, and alone it adds no way in.

use std::time::Duration;

use http::Method;
use passage_server::MintToken;
use serde_json::{Value, json};

use super::{claims, guarded, refresh};
use crate::browser::VERIFIER;
use crate::mailbox::{ADA, BOB, PHONE, secret, tokens};
use crate::passkeys::forge::Key;
use crate::support::{App, Reply, send, text};

const MINUTES: Duration = Duration::from_secs(60);

async fn start() -> App {
    let app = App::start_with(guarded).await;
    app.controls().stop_clock();
    app
}

/// What a token is good for.
const CALLS: [(Method, &str); 13] = [
    (Method::GET, "/currentuser"),
    (Method::GET, "/currentuser/devices"),
    (Method::POST, "/currentuser/devices/start"),
    (Method::POST, "/currentuser/devices/finish"),
    (Method::PATCH, "/currentuser/devices/none"),
    (Method::DELETE, "/currentuser/devices/none"),
    (Method::PATCH, "/currentuser/email"),
    (Method::PATCH, "/currentuser/phone"),
    (Method::GET, "/currentuser/user-metadata"),
    (Method::PATCH, "/currentuser/user-metadata"),
    (Method::GET, "/currentuser/social-connections"),
    (Method::DELETE, "/currentuser/social-connections/google"),
    (Method::DELETE, "/currentuser/tokens"),
];

/// The token is refused whatever it is used for.
async fn assert_dead(app: &App, token: &str) {
    for (method, path) in CALLS {
        let reply = app.own(token, method.clone(), path, json!({})).await;
        assert_eq!(reply.status, 401, "{method} {path}");
        reply.error(401, "invalid_access_token");
    }
    app.link(token, "code", VERIFIER)
        .await
        .error(401, "invalid_access_token");
}

async fn revoke_all(app: &App, user_id: &str) {
    app.delete(&format!("/users/{user_id}/tokens"))
        .await
        .empty(200);
}

async fn sign_out_everywhere(app: &App, token: &str) -> Reply {
    let request = app.http.delete(app.auth("/currentuser/tokens"));
    send(request.bearer_auth(token)).await
}

async fn own_email(app: &App, token: &str, email: &str) -> Reply {
    let body = json!({"new_email": email});
    app.own(token, Method::PATCH, "/currentuser/email", body)
        .await
}

#[tokio::test]
async fn a_token_stolen_before_the_backend_revoked_adds_no_passkey() {
    let app = start().await;
    let ada = app.register(ADA).await;
    // The thief began before.
    let start = app.add_start(&ada.token).await;
    let mut key = Key::new();
    let answer = key.creation(&start["handshake"]);
    let response = key.create(&answer);
    revoke_all(&app, &ada.id).await;
    app.add_finish(&ada.token, &start, response)
        .await
        .error(401, "invalid_access_token");
    assert_dead(&app, &ada.token).await;
    let user = app.managed_user(&ada.id).await;
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 1);
    // The owner comes back in the same instant.
    let again = app.login(&ada.key, json!({"identifier": ADA})).await;
    let token = tokens(&again).auth_token;
    app.current_user(&token).await.json(200);
    app.add_start(&token).await;
}

#[tokio::test]
async fn the_owner_signs_a_thief_out_everywhere() {
    let app = start().await;
    let (id, bob) = (app.user_id(ADA).await, app.user_id(BOB).await);
    let (stolen, own) = (app.sign_in(&id).await, app.sign_in(&id).await);
    let other = app.sign_in(&bob).await;
    let minted = app.mint(MintToken::new(&id)).await;
    sign_out_everywhere(&app, &own.auth_token).await.empty(200);
    for dead in [&stolen, &own] {
        assert_dead(&app, &dead.auth_token).await;
        refresh(&app, &dead.refresh_token)
            .await
            .error(401, "invalid_refresh_token");
    }
    assert_dead(&app, &minted).await;
    app.current_user(&other.auth_token).await.json(200);
    let again = app.sign_in(&id).await;
    app.current_user(&again.auth_token).await.json(200);
}

#[tokio::test]
async fn nobody_else_signs_a_user_out() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let own = app.sign_in(&id).await;
    let request = app.http.delete(app.auth("/currentuser/tokens"));
    send(request).await.error(401, "invalid_access_token");
    let key = app.server().api_key();
    for token in [key, "x", &format!("{}x", own.auth_token)] {
        sign_out_everywhere(&app, token)
            .await
            .error(401, "invalid_access_token");
    }
    app.current_user(&own.auth_token).await.json(200);
}

#[tokio::test]
async fn a_token_ends_when_its_own_sign_in_is_signed_out() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let (here, elsewhere) = (app.sign_in(&id).await, app.sign_in(&id).await);
    let query = [("refresh_token", &here.refresh_token)];
    let request = app.http.delete(app.auth("/tokens")).query(&query);
    send(request).await.empty(200);
    assert_dead(&app, &here.auth_token).await;
    app.current_user(&elsewhere.auth_token).await.json(200);
}

#[tokio::test]
async fn a_token_ends_when_its_refresh_token_is_used_by_two() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let first = app.sign_in(&id).await;
    let second = refresh(&app, &first.refresh_token).await.json(201)["auth_result"].clone();
    app.controls().advance(MINUTES);
    refresh(&app, &first.refresh_token)
        .await
        .error(401, "invalid_refresh_token");
    assert_dead(&app, &first.auth_token).await;
    assert_dead(&app, &text(&second["auth_token"])).await;
}

#[tokio::test]
async fn reactivating_a_user_revives_nothing() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let signed_in = app.sign_in(&id).await;
    let minted = app.mint(MintToken::new(&id)).await;
    app.deactivate(&id).await;
    app.current_user(&signed_in.auth_token)
        .await
        .error(403, "user_not_active");
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    assert_dead(&app, &signed_in.auth_token).await;
    assert_dead(&app, &minted).await;
    refresh(&app, &signed_in.refresh_token)
        .await
        .error(401, "invalid_refresh_token");
    let again = app.sign_in(&id).await;
    app.current_user(&again.auth_token).await.json(200);
}

#[tokio::test]
async fn reactivating_a_user_brings_back_no_link_code_or_ceremony() {
    let app = start().await;
    let ada = app.register(ADA).await;
    // Proved with her own token, she keeps the passkey.
    let (otp_id, code) = app.login_code(ADA).await;
    let body = json!({"otp_id": otp_id, "otp": code});
    app.own(&ada.token, Method::POST, "/otp/activate", body)
        .await
        .json(200);
    let (waiting, opened) = app.login_link(ADA).await;
    app.open(&opened).await.json(200);
    let body = json!({"email": ADA, "type": "login", "send": false});
    let made = app.post("/magic-links", body).await.json(201);
    let leaked = text(&made["magic_link"]["secret"]);
    let (_, mailed) = app.login_link(ADA).await;
    let (otp_id, code) = app.login_code(ADA).await;
    let login = app.login_start(json!({})).await;
    let named = app.login_start(json!({"identifier": ADA})).await;

    app.deactivate(&ada.id).await;
    app.open(&leaked).await.error(403, "user_not_active");
    app.touch(&format!("/users/{}/activate", ada.id))
        .await
        .json(200);
    for link in [&leaked, &mailed] {
        app.open(link).await.error(401, "invalid_magic_link");
    }
    app.link_status(&waiting)
        .await
        .error(404, "magic_link_not_found");
    app.enter(&otp_id, &code)
        .await
        .error(400, "invalid_request");
    let answer = ada.key.assertion(&named["handshake"]);
    let reply = app.login_finish(&named, ada.key.get(&answer)).await;
    assert_eq!(reply.status, 401, "{reply:?}");
    // A login that was begun for nobody in particular is like one that begins now.
    let answer = ada.key.assertion(&login["handshake"]);
    app.login_finish(&login, ada.key.get(&answer))
        .await
        .json(200);
    let (_, link) = app.login_link(ADA).await;
    app.open(&link).await.json(200);
}

#[tokio::test]
async fn tokens_of_an_app_without_refresh_tokens_end_too() {
    let app = App::start_with(|builder| guarded(builder).refresh_tokens(false)).await;
    app.controls().stop_clock();
    let id = app.user_id(ADA).await;
    let token = async || app.controls().sign_in(&id).await.unwrap().auth_token;
    let stolen = token().await;
    app.current_user(&stolen).await.json(200);
    // The id of a sign-in is no refresh token.
    let made_up = format!("{}{}", text(&claims(&stolen)["sid"]), "0".repeat(48));
    refresh(&app, &made_up)
        .await
        .error(401, "invalid_refresh_token");
    app.current_user(&stolen).await.json(200);
    revoke_all(&app, &id).await;
    assert_dead(&app, &stolen).await;
    // A sign-in lasts as long as its auth token.
    let last = token().await;
    app.controls().advance(59 * MINUTES);
    token().await;
    app.current_user(&last).await.json(200);
    app.controls().advance(MINUTES);
    assert_dead(&app, &last).await;
}

#[tokio::test]
async fn an_auth_token_outlives_a_refresh_token_that_expires_before_it() {
    let app = App::start_with(|builder| {
        let mut settings = passage_server::SettingsPatch::default();
        settings.refresh_idle_seconds = Some(60);
        guarded(builder).settings(settings)
    })
    .await;
    app.controls().stop_clock();
    let id = app.user_id(ADA).await;
    let signed_in = app.sign_in(&id).await;
    app.controls().advance(10 * MINUTES);
    app.sign_in(&id).await;
    app.current_user(&signed_in.auth_token).await.json(200);
    refresh(&app, &signed_in.refresh_token)
        .await
        .error(401, "invalid_refresh_token");
}

#[tokio::test]
async fn a_token_without_a_sign_in_ends_with_the_others() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let before = app.mint(MintToken::new(&id)).await;
    app.current_user(&before).await.json(200);
    revoke_all(&app, &id).await;
    assert_dead(&app, &before).await;
    // One that was issued in the second of the revocation cannot be told from one issued before it.
    let same_second = app.mint(MintToken::new(&id)).await;
    assert_dead(&app, &same_second).await;
    let undated = MintToken::new(&id).claim("iat", Value::Null);
    let undated = app.mint(undated).await;
    app.controls().advance(Duration::from_secs(1));
    assert_dead(&app, &undated).await;
    let after = app.mint(MintToken::new(&id)).await;
    app.current_user(&after).await.json(200);
}

#[tokio::test]
async fn a_token_with_somebody_elses_sign_in_is_refused() {
    let app = start().await;
    let (id, bob) = (app.user_id(ADA).await, app.user_id(BOB).await);
    let other = app.sign_in(&bob).await;
    let sid = text(&claims(&other.auth_token)["sid"]);
    for sid in [
        json!(sid),
        json!("nosuchsignin"),
        json!(""),
        json!(7),
        json!([sid]),
    ] {
        let token = app
            .mint(MintToken::new(&id).claim("sid", sid.clone()))
            .await;
        app.current_user(&token)
            .await
            .error(401, "invalid_access_token");
    }
}

#[tokio::test]
async fn an_old_sign_in_adds_no_way_in_and_a_refresh_does_not_renew_it() {
    let app = start().await;
    let ada = app.register(ADA).await;
    let signed_in = tokens(&app.login(&ada.key, json!({"identifier": ADA})).await);
    let begun = app.add_start(&signed_in.auth_token).await;
    let mut key = Key::new();
    let answer = key.creation(&begun["handshake"]);
    let response = key.create(&answer);
    let code = app.social_code("google", BOB).await;
    app.controls().advance(10 * MINUTES);
    let at_the_limit = app.add_start(&signed_in.auth_token).await;
    assert!(at_the_limit["handshake"]["id"].is_string());
    app.controls().advance(Duration::from_secs(1));

    let reply = refresh(&app, &signed_in.refresh_token.unwrap()).await;
    let refreshed = text(&reply.json(201)["auth_result"]["auth_token"]);
    let undated = MintToken::new(&ada.id).claim("auth_time", Value::Null);
    let undated = app.mint(undated).await;
    for token in [&signed_in.auth_token, &refreshed, &undated] {
        let start = app.own(token, Method::POST, "/currentuser/devices/start", json!({}));
        let problem = start.await.error(403, "operation_not_allowed");
        assert!(problem.contains("sign in again"), "{problem}");
        app.add_finish(token, &begun, response.clone())
            .await
            .error(403, "operation_not_allowed");
        own_email(&app, token, BOB)
            .await
            .error(403, "operation_not_allowed");
        let body = json!({"new_phone": PHONE});
        app.own(token, Method::PATCH, "/currentuser/phone", body)
            .await
            .error(403, "operation_not_allowed");
        app.link(token, &code, VERIFIER)
            .await
            .error(403, "operation_not_allowed");
        // All else is as before.
        app.current_user(token).await.json(200);
    }
    let user = app.managed_user(&ada.id).await;
    assert_eq!(user["webauthn_devices"].as_array().unwrap().len(), 1);
    assert_eq!(user["social_connections"], json!({}));
}

#[tokio::test]
async fn every_way_to_sign_in_is_recent_and_a_development_server_does_not_ask() {
    let app = start().await;
    let ada = app.register(ADA).await;
    app.add_start(&ada.token).await;
    // Proved with her own token, she keeps the passkey.
    let (otp_id, code) = app.login_code(ADA).await;
    let body = json!({"otp_id": otp_id, "otp": code});
    app.own(&ada.token, Method::POST, "/otp/activate", body)
        .await
        .json(200);
    app.controls().advance(60 * MINUTES);
    let now = app.controls().now().as_second();
    let (otp_id, code) = app.login_code(ADA).await;
    let (link_id, link) = app.login_link(ADA).await;
    let google = app.social_code("google", BOB).await;
    let mut fresh = Vec::new();
    fresh.push(tokens(&app.login(&ada.key, json!({"identifier": ADA})).await).auth_token);
    fresh.push(tokens(&app.enter(&otp_id, &code).await).auth_token);
    fresh.push(tokens(&app.open(&link).await).auth_token);
    fresh.push(tokens(&app.link_status(&link_id).await).auth_token);
    app.link(&fresh[0], &google, VERIFIER).await.empty(201);
    fresh.push(
        app.social_sign_in("google", BOB)
            .await
            .signed_in()
            .auth_token,
    );
    for token in &fresh {
        assert_eq!(claims(token)["auth_time"], now);
        app.add_start(token).await;
    }
    // Each is a sign-in of its own.
    let mut ids: Vec<String> = fresh.iter().map(|it| text(&claims(it)["sid"])).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), fresh.len());

    let app = App::start().await;
    let ada = app.register(ADA).await;
    app.controls().advance(50 * MINUTES);
    app.add_start(&ada.token).await;
    own_email(&app, &ada.token, BOB).await.json(200);
}

#[tokio::test]
async fn tokens_say_when_their_user_signed_in() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let signed_in = app.sign_in(&id).await;
    let first = claims(&signed_in.auth_token);
    assert_eq!(first["auth_time"], first["iat"]);
    assert_eq!(text(&first["sid"]), signed_in.refresh_token[..24]);
    app.controls().advance(5 * MINUTES);
    let reply = refresh(&app, &signed_in.refresh_token).await.json(201);
    let second = claims(&text(&reply["auth_result"]["auth_token"]));
    assert_eq!(
        (&second["sid"], &second["auth_time"]),
        (&first["sid"], &first["auth_time"])
    );
    assert_ne!(second["iat"], first["iat"]);
}

#[tokio::test]
async fn a_change_of_address_that_a_thief_began_ends_with_the_sign_ins() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let stolen = app.sign_in(&id).await.auth_token;
    own_email(&app, &stolen, BOB).await.json(200);
    let link = secret(&app.message(BOB));
    app.controls().advance(Duration::from_secs(1));
    revoke_all(&app, &id).await;
    app.open(&link).await.error(401, "invalid_magic_link");
    assert_eq!(app.managed_user(&id).await["email"], ADA);
}

#[tokio::test]
async fn a_device_that_waits_for_an_opened_link_gets_nothing_after_a_revocation() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let (waiting, link) = app.login_link(ADA).await;
    app.open(&link).await.json(200);
    // In the same instant.
    revoke_all(&app, &id).await;
    app.link_status(&waiting)
        .await
        .error(401, "invalid_magic_link");
    // A link that was not opened yet still goes to its owner.
    let (_, link) = app.login_link(ADA).await;
    revoke_all(&app, &id).await;
    app.open(&link).await.json(200);
}

#[tokio::test]
async fn the_second_device_of_a_link_has_a_sign_in_of_its_own() {
    let app = start().await;
    app.user_id(ADA).await;
    let (waiting, link) = app.login_link(ADA).await;
    let opened = tokens(&app.open(&link).await);
    let waited = tokens(&app.link_status(&waiting).await);
    let query = [("refresh_token", opened.refresh_token.unwrap())];
    let request = app.http.delete(app.auth("/tokens")).query(&query);
    send(request).await.empty(200);
    assert_dead(&app, &opened.auth_token).await;
    app.current_user(&waited.auth_token).await.json(200);
}

#[tokio::test]
async fn a_deleted_user_leaves_no_token_behind() {
    let app = start().await;
    let id = app.user_id(ADA).await;
    let signed_in = app.sign_in(&id).await;
    app.delete(&format!("/users/{id}")).await.empty(200);
    app.current_user(&signed_in.auth_token)
        .await
        .error(404, "user_not_found");
}
