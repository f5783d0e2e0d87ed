//! Social login on devices, with ID tokens from a provider's own library.

use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use passage_identity::generated::auth::types::IdTokenRequest;
use passage_server::{IdToken, MintIdToken, SocialProvider};
use serde_json::{Value, json};

use crate::mailbox::{ADA, BOB, sdk};
use crate::support::{App, Reply, members, send, text};

const GOOGLE: SocialProvider = SocialProvider::Google;

fn good() -> MintIdToken {
    MintIdToken::new(GOOGLE, ADA)
}

impl App {
    async fn native(&self, token: MintIdToken) -> IdToken {
        self.controls().mint_id_token(token).await.unwrap()
    }

    async fn exchange_id_token(&self, provider: &str, minted: &IdToken) -> Reply {
        let body =
            json!({"code": minted.code, "id_token": minted.id_token, "connection_type": provider});
        self.visit_post("/social/id_token", body).await
    }
}

#[tokio::test]
async fn an_id_token_registers_and_then_logs_in() {
    let app = App::start().await;
    let (sdk, app_id) = (sdk(&app), app.server().app_id());
    for (count, provider) in [(1, "google"), (2, "google")] {
        let minted = app.native(good().nonce("a nonce")).await;
        let request = IdTokenRequest {
            code: minted.code,
            id_token: minted.id_token,
            connection_type: provider.to_owned().into(),
        };
        let signed_in = sdk.auth_api().exchange_social_id_token(app_id, &request);
        let signed_in = signed_in.await.unwrap();
        assert_eq!(signed_in.status(), 201);
        let token = signed_in.into_inner().auth_result.auth_token;
        let user = app.current_user(&token).await.json(200)["user"].clone();
        assert_eq!(
            (&user["email"], &user["login_count"]),
            (&json!(ADA), &json!(count))
        );
        assert_eq!(members(&user["social_connections"]), ["google"]);
    }
    // It is the account that a browser signs in with.
    let signed_in = app.social_sign_in("google", ADA).await.signed_in();
    let user = app.current_user(&signed_in.auth_token).await.json(200)["user"].clone();
    assert_eq!(user["login_count"], 3);
    let events = app.managed_user(&text(&user["id"])).await["recent_events"].clone();
    let told: Vec<_> = events.as_array().unwrap().iter().collect();
    assert_eq!(told.len(), 3);
    assert!(
        told.iter()
            .all(|event| event["social_login_type"] == "google")
    );

    let apple = MintIdToken::new(SocialProvider::Apple, BOB).claim("email_verified", "true");
    let minted = app.native(apple).await;
    app.exchange_id_token("apple", &minted).await.signed_in();
}

/// Each token is refused for the reason beside it, and nobody is registered.
async fn assert_refused(app: &App, cases: impl IntoIterator<Item = (&str, MintIdToken, &str)>) {
    for (what, token, problem) in cases {
        let minted = app.native(token).await;
        let refused = app.exchange_id_token("google", &minted).await;
        assert_eq!(refused.status, 400, "{what}");
        let text = refused.error(400, "invalid_request");
        assert_eq!(text, format!("id_token: {problem}."), "{what}");
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
}

#[tokio::test]
async fn an_id_token_must_be_signed_by_rs256() {
    let problem = "is not signed by RS256";
    let cases = [
        ("alg none", good().header("alg", "none"), problem),
        ("another algorithm", good().header("alg", "HS256"), problem),
        ("crit", good().header("crit", json!(["x"])), problem),
    ];
    assert_refused(&App::start().await, cases).await;
}

#[tokio::test]
async fn an_id_token_must_be_signed_by_the_provider() {
    let problem = "is not signed by the provider";
    let cases = [
        ("another key", good().wrong_key(), problem),
        ("an unknown kid", good().header("kid", "other"), problem),
        ("no kid", good().header("kid", Value::Null), problem),
    ];
    assert_refused(&App::start().await, cases).await;
}

#[tokio::test]
async fn an_id_token_must_be_of_the_providers_issuer() {
    let app = App::start().await;
    let apple = format!("{}/_dev/social/apple", app.server().url());
    let problem = "is of another issuer";
    let cases = [
        ("another issuer", good().claim("iss", apple), problem),
        ("no issuer", good().claim("iss", Value::Null), problem),
    ];
    assert_refused(&app, cases).await;
}

#[tokio::test]
async fn an_id_token_must_be_for_the_apps_client_alone() {
    let app = App::start().await;
    let app_id = app.server().app_id();
    let others = json!(["passage-dev", "other"]);
    let problem = "is for another audience";
    let cases = [
        ("another audience", good().claim("aud", "other"), problem),
        ("the app's tokens", good().claim("aud", app_id), problem),
        ("others too", good().claim("aud", others), problem),
    ];
    assert_refused(&app, cases).await;
}

#[tokio::test]
async fn an_id_token_must_be_currently_valid() {
    let app = App::start().await;
    let now = app.controls().now().as_second();
    let (late, early) = ("has expired", "is not good yet");
    let cases = [
        ("expired", good().claim("exp", now), late),
        ("no end", good().claim("exp", Value::Null), late),
        ("not yet", good().claim("iat", now + 600), early),
        ("not before", good().claim("nbf", now + 600), early),
    ];
    assert_refused(&app, cases).await;
}

#[tokio::test]
async fn an_id_token_must_have_the_nonce_of_the_code() {
    let mine = || good().nonce("mine");
    let problem = "has another nonce";
    let cases = [
        ("another nonce", mine().claim("nonce", "theirs"), problem),
        ("no nonce", mine().claim("nonce", Value::Null), problem),
        ("an unasked nonce", good().claim("nonce", "theirs"), problem),
    ];
    assert_refused(&App::start().await, cases).await;
}

#[tokio::test]
async fn an_id_token_must_be_of_the_account_of_the_code() {
    let other = "is of another account than the code";
    let cases = [
        ("no subject", good().claim("sub", ""), "has no subject"),
        ("another account", good().claim("sub", "other"), other),
    ];
    assert_refused(&App::start().await, cases).await;
}

#[tokio::test]
async fn the_address_in_an_id_token_must_be_verified() {
    let app = App::start().await;
    for (what, token) in [
        ("unverified", good().email_verified(false)),
        ("no address", good().claim("email", Value::Null)),
    ] {
        let minted = app.native(token).await;
        let refused = app.exchange_id_token("google", &minted).await;
        assert_eq!(refused.status, 403, "{what}");
        refused.error(403, "identifier_not_verified");
    }
    assert_eq!(app.list(&[]).await.json(200)["total_users"], 0);
}

#[tokio::test]
async fn tokens_that_were_tampered_with_are_refused() {
    let app = App::start().await;
    let other = app.native(MintIdToken::new(GOOGLE, BOB)).await.id_token;
    for edit in [
        |token: &str, _: &str| token[..token.len() - 4].to_owned(),
        |token: &str, _: &str| format!("{}.", token.rsplit_once('.').unwrap().0),
        |token: &str, _: &str| token.rsplit_once('.').unwrap().0.to_owned(),
        |token: &str, other: &str| {
            let (header, rest) = token.split_once('.').unwrap();
            let claims = other.split('.').nth(1).unwrap();
            format!("{header}.{claims}.{}", rest.split_once('.').unwrap().1)
        },
        |token: &str, other: &str| {
            let signature = other.rsplit_once('.').unwrap().1;
            format!("{}.{signature}", token.rsplit_once('.').unwrap().0)
        },
        |_: &str, _: &str| String::new(),
        |_: &str, _: &str| "a.b.c".to_owned(),
    ] {
        let mut minted = app.native(good()).await;
        minted.id_token = edit(&minted.id_token, &other);
        app.exchange_id_token("google", &minted)
            .await
            .error(400, "invalid_request");
    }
    // A token of this server for its own users is none of the provider's.
    let id = app.user_id(BOB).await;
    let mut minted = app.native(good()).await;
    minted.id_token = app.sign_in(&id).await.auth_token;
    app.exchange_id_token("google", &minted)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn a_code_goes_with_its_own_token_once() {
    let app = App::start().await;
    let minted = app.native(good()).await;
    app.exchange_id_token("google", &minted).await.signed_in();
    app.exchange_id_token("google", &minted)
        .await
        .error(400, "invalid_request");

    let mut mixed = app.native(good()).await;
    mixed.code = app.native(MintIdToken::new(GOOGLE, BOB)).await.code;
    app.exchange_id_token("google", &mixed)
        .await
        .error(400, "invalid_request");
    let mut made_up = app.native(good()).await;
    made_up.code = "made up".to_owned();
    app.exchange_id_token("google", &made_up)
        .await
        .error(400, "invalid_request");
    // A code that a browser brought has a verifier, which is not known here.
    let (_, members) = app.at_provider("google", ADA).await;
    let mut from_browser = app.native(good()).await;
    from_browser.code = members
        .iter()
        .find(|(name, _)| name == "code")
        .unwrap()
        .1
        .clone();
    app.exchange_id_token("google", &from_browser)
        .await
        .error(400, "invalid_request");

    let minted = app.native(good()).await;
    app.exchange_id_token("apple", &minted)
        .await
        .error(400, "invalid_request");
    let late = app.native(good()).await;
    app.controls().advance(Duration::from_secs(60));
    app.exchange_id_token("google", &late)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn only_providers_with_libraries_and_only_their_members() {
    let app = App::start().await;
    let minted = app
        .native(MintIdToken::new(SocialProvider::Github, ADA))
        .await;
    for provider in ["github", "passage", "", "Google"] {
        let refused = app.exchange_id_token(provider, &minted).await;
        let problem = refused.error(400, "invalid_request");
        assert!(
            problem.starts_with("connection_type"),
            "{provider}: {problem}"
        );
    }
    for body in [
        json!({}),
        json!({"code": "a", "id_token": "b"}),
        json!({"code": "a", "connection_type": "google"}),
        json!({"id_token": "b", "connection_type": "google"}),
        json!({"code": 1, "id_token": "b", "connection_type": "google"}),
    ] {
        app.visit_post("/social/id_token", body)
            .await
            .error(400, "invalid_request");
    }
    let off = App::start_with(|builder| builder.social_login(GOOGLE, false)).await;
    let minted = off.native(good()).await;
    off.exchange_id_token("google", &minted)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn known_addresses_and_inactive_users() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let minted = app.native(good()).await;
    let refused = app.exchange_id_token("google", &minted).await;
    assert_eq!(
        refused.error(400, "invalid_request"),
        "user: already exists."
    );
    app.delete(&format!("/users/{id}")).await.empty(200);
    app.exchange_id_token("google", &app.native(good()).await)
        .await
        .signed_in();
    let id = text(&app.list(&[]).await.json(200)["users"][0]["id"]);
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    let minted = app.native(good()).await;
    app.exchange_id_token("google", &minted)
        .await
        .error(403, "user_not_active");
}

#[tokio::test]
async fn the_providers_tokens_verify_elsewhere() {
    let app = App::start_with(|builder| builder.social_client_id(GOOGLE, "my client")).await;
    let body = json!({"connection_type": "google", "email": ADA, "nonce": "n", "subject": "me", "claims": {"hd": "x"}});
    let path = format!("/social/id_tokens/{}", app.server().app_id());
    let minted = app.dev_post(&path, body).await.json(201);
    assert_eq!(members(&minted), ["code", "id_token"]);
    let token = text(&minted["id_token"]);
    let jwks = app.dev_get("/social/google/jwks.json").await.json(200);
    let key = &jwks["keys"][0];
    assert_eq!(
        decode_header(&token).unwrap().kid.unwrap(),
        text(&key["kid"])
    );
    let key = DecodingKey::from_rsa_components(&text(&key["n"]), &text(&key["e"])).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["my client"]);
    validation.set_issuer(&[format!("{}/_dev/social/google", app.server().url())]);
    let claims = decode::<Value>(&token, &key, &validation).unwrap().claims;
    assert_eq!(
        (
            &claims["sub"],
            &claims["nonce"],
            &claims["hd"],
            &claims["email"]
        ),
        (&json!("me"), &json!("n"), &json!("x"), &json!(ADA))
    );
    let seconds = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(seconds, 600);
    let body = json!({"code": minted["code"], "id_token": token, "connection_type": "google"});
    app.visit_post("/social/id_token", body).await.signed_in();
    // The app's own key set does not have the provider's key.
    let own = app.jwks().await;
    assert_ne!(
        own["keys"][0]["kid"],
        decode_header(&token).unwrap().kid.unwrap()
    );

    for bad in [
        json!({}),
        json!({"connection_type": "google", "email": "nobody"}),
        json!({"connection_type": "passage", "email": ADA}),
    ] {
        app.dev_post(&path, bad).await.error(400, "invalid_request");
    }
    let foreign = app
        .http
        .post(app.dev(&path))
        .header("origin", "https://elsewhere.example");
    send(foreign).await.error(403, "operation_not_allowed");
}
