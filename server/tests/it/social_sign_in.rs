//! A social login hop by hop: to the provider, back to the app with a code, and the code's exchange for tokens.

use std::time::Duration;

use passage_identity::generated::auth::types::AuthResult;
use serde_json::{Value, json};

use crate::browser::{BACK, VERIFIER, challenge, form, query};
use crate::mailbox::{ADA, sdk};
use crate::social::users;
use crate::support::{App, members, send, text, time};

/// Where the server has providers send the browser.
fn callback(app: &App) -> String {
    format!("{}/auth/v1/social/oauth2_callback", app.server().url())
}

/// Says who they are by the form of the provider's page. Returns where the provider sends the browser.
async fn fill_in(app: &App, provider: &str) -> String {
    let page = app.follow(provider).await.page();
    let (action, mut fields) = form(&page);
    assert_eq!(action, "", "to the same page");
    fields.push(("login_hint".to_owned(), "Ada@Example.com".to_owned()));
    let endpoint = provider.split('?').next().unwrap();
    send(app.http.get(endpoint).query(&fields)).await.location()
}

/// Registers Ada by the SDK with the code that the app got.
async fn register(app: &App) -> AuthResult {
    let provider = app.authorize("google", &[]).await.location();
    let answer = fill_in(app, &provider).await;
    let back = query(&app.follow(&answer).await.location());
    let signed_in = sdk(app)
        .auth_api()
        .exchange_social_token(app.server().app_id(), &back["code"], VERIFIER)
        .await
        .unwrap();
    assert_eq!(signed_in.status(), 201);
    signed_in.into_inner().auth_result
}

/// Registers Ada. Returns her as she sees herself.
async fn registered(app: &App) -> Value {
    let result = register(app).await;
    app.current_user(&result.auth_token).await.json(200)["user"].clone()
}

#[tokio::test]
async fn the_browser_is_sent_to_the_provider_with_a_state_and_a_pkce_pair_of_the_servers_own() {
    let app = App::start().await;
    let start = app.authorize("google", &[]).await;
    let provider = start.location();
    assert_eq!(start.header("cache-control"), "no-store");
    let page = format!("{}/_dev/social/google/authorize?", app.server().url());
    assert!(provider.starts_with(&page), "{provider}");
    let asked = query(&provider);
    assert_eq!(
        members(&json!(asked)),
        [
            "client_id",
            "code_challenge",
            "code_challenge_method",
            "nonce",
            "redirect_uri",
            "response_type",
            "scope",
            "state"
        ]
    );
    assert_eq!(asked["redirect_uri"], callback(&app));
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_ne!(
        asked["code_challenge"],
        challenge(VERIFIER),
        "a pair of its own"
    );
    assert_ne!(asked["state"], "client & state", "a state of its own");
}

#[tokio::test]
async fn the_provider_comes_back_with_a_code_and_the_servers_state() {
    let app = App::start().await;
    let provider = app.authorize("google", &[]).await.location();
    let answer = fill_in(&app, &provider).await;
    assert!(answer.starts_with(&format!("{}?", callback(&app))));
    assert_eq!(members(&json!(query(&answer))), ["code", "state"]);
    assert_eq!(query(&answer)["state"], query(&provider)["state"]);
}

#[tokio::test]
async fn the_app_gets_a_code_of_its_own_and_its_state_back_before_anybody_signed_in() {
    let app = App::start().await;
    let provider = app.authorize("google", &[]).await.location();
    let answer = fill_in(&app, &provider).await;
    let back = app.follow(&answer).await.location();
    assert!(back.starts_with(&format!("{BACK}&code=")), "{back}");
    let back = query(&back);
    assert_eq!(members(&json!(back)), ["code", "from", "state"]);
    assert_eq!(back["state"], "client & state");
    assert_ne!(back["code"], query(&answer)["code"]);
    assert!(users(&app).await.is_empty(), "nobody signed in yet");
}

#[tokio::test]
async fn a_new_person_registers_with_the_address_that_the_provider_verified() {
    let app = App::start().await;
    let result = register(&app).await;
    assert!(result.refresh_token.is_some());
    let current = app.current_user(&result.auth_token).await.json(200)["user"].clone();
    assert_eq!(
        (&current["email"], &current["email_verified"]),
        (&json!(ADA), &json!(true))
    );
    assert_eq!(
        (&current["status"], &current["login_count"]),
        (&json!("active"), &json!(1))
    );
}

#[tokio::test]
async fn the_account_at_the_provider_shows_as_a_connection() {
    let app = App::start().await;
    let current = registered(&app).await;
    let connection = current["social_connections"]["google"].clone();
    assert_eq!(members(&current["social_connections"]), ["google"]);
    assert_eq!(
        members(&connection),
        [
            "created_at",
            "last_login_at",
            "provider_id",
            "provider_identifier"
        ]
    );
    assert_eq!(connection["provider_identifier"], ADA);
    assert_eq!(connection["created_at"], connection["last_login_at"]);
}

#[tokio::test]
async fn who_comes_again_logs_in_with_the_same_connection() {
    let app = App::start().await;
    let current = registered(&app).await;
    let connection = &current["social_connections"]["google"];
    app.controls().advance(Duration::from_secs(60));
    app.social_sign_in("google", ADA).await.signed_in();
    let [listed] = users(&app).await.try_into().unwrap();
    assert_eq!(
        (&listed["id"], &listed["login_count"]),
        (&current["id"], &json!(2))
    );
    let managed = app.managed_user(&text(&current["id"])).await;
    let again = managed["social_connections"]["google"].clone();
    assert_eq!(again["provider_id"], connection["provider_id"]);
    assert_eq!(again["created_at"], connection["created_at"]);
    assert!(time(&again["last_login_at"]) > time(&connection["last_login_at"]));
}

#[tokio::test]
async fn registration_and_login_are_events_that_name_the_provider() {
    let app = App::start().await;
    let current = registered(&app).await;
    app.social_sign_in("google", ADA).await.signed_in();
    let managed = app.managed_user(&text(&current["id"])).await;
    let events = managed["recent_events"].as_array().unwrap();
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (
                &event["action"],
                &event["type"],
                &event["social_login_type"],
            )
        })
        .collect();
    let (social, google) = (json!("social"), json!("google"));
    assert_eq!(
        told,
        [
            (&json!("login"), &social, &google),
            (&json!("register"), &social, &google)
        ]
    );
    assert_eq!(events[0]["ip_addr"], "127.0.0.1");
}
