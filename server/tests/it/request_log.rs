//! The log of requests under `/_dev/requests`.

use serde_json::{Value, json};

use crate::support::{App, SignIn, send, text, time};

const NONCE: &str = "a-very-secret-nonce";

/// A server that seven requests came to, with a credential of every kind, and the tokens among these.
async fn seven_requests() -> (App, SignIn) {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let tokens = app.sign_in(&id).await;
    app.current_user(&tokens.auth_token).await.json(200);
    let cookie = format!("psg_auth_token={}", tokens.auth_token);
    send(app.http.get(app.auth("")).header("cookie", cookie))
        .await
        .json(200);
    send(
        app.http
            .delete(app.auth("/tokens"))
            .query(&[("refresh_token", &tokens.refresh_token)]),
    )
    .await
    .empty(200);
    send(
        app.http
            .post(app.auth("/tokens"))
            .json(&json!({"refresh_token": tokens.refresh_token})),
    )
    .await
    .error(401, "invalid_refresh_token");
    app.post("/authenticate/verify", json!({"nonce": NONCE}))
        .await
        .error(401, "invalid_nonce");
    app.get("/nothing/?x=1").await.json(404);
    (app, tokens)
}

/// The log's entries.
async fn requests(app: &App) -> Vec<Value> {
    let shown = app.dev_get("/requests").await.json(200);
    shown["requests"].as_array().unwrap().clone()
}

#[tokio::test]
async fn every_request_is_logged_with_its_operation_and_status() {
    let (app, _) = seven_requests().await;
    let seen: Vec<(String, Value, Value)> = requests(&app)
        .await
        .iter()
        .map(|request| {
            (
                text(&request["method"]),
                request["operation"].clone(),
                request["status"].clone(),
            )
        })
        .collect();
    let expected = [
        ("POST", json!("createUser"), 201),
        ("GET", json!("getCurrentuser"), 200),
        ("GET", json!("getApp"), 200),
        ("DELETE", json!("revokeRefreshToken"), 200),
        ("POST", json!("refreshAuthToken"), 401),
        ("POST", json!("authenticateVerifyNonce"), 401),
        ("GET", json!(null), 404),
    ];
    assert_eq!(
        seen,
        expected.map(|(method, operation, status)| (method.to_owned(), operation, json!(status)))
    );
}

#[tokio::test]
async fn a_request_is_shown_as_it_was_sent() {
    let (app, _) = seven_requests().await;
    let requests = requests(&app).await;
    let first = &requests[0];
    assert_eq!(
        first["path"],
        format!("/api/v1/apps/{}/users", app.server().app_id())
    );
    assert_eq!(first["body"], json!({"email": "ada@example.com"}));
    assert_eq!(first["headers"]["user-agent"], "passage-server-tests");
    time(&first["at"]);
    let path = text(&requests[6]["path"]);
    assert!(path.ends_with("/nothing/?x=1"), "as sent: {path}");
}

#[tokio::test]
async fn credentials_are_redacted_in_paths_bodies_and_headers() {
    let (app, _) = seven_requests().await;
    let requests = requests(&app).await;
    let path = text(&requests[3]["path"]);
    assert!(path.ends_with("/tokens?refresh_token=[redacted]"), "{path}");
    assert_eq!(requests[4]["body"], json!({"refresh_token": "[redacted]"}));
    assert_eq!(requests[1]["headers"]["authorization"], "[redacted]");
}

#[tokio::test]
async fn no_credential_is_in_the_log_or_its_debug_form() {
    let (app, tokens) = seven_requests().await;
    let shown = app.dev_get("/requests").await;
    let shown = String::from_utf8(shown.body.to_vec()).unwrap();
    let debug = format!("{:?}", app.controls().requests());
    for (name, secret) in [
        ("API key", app.server().api_key()),
        ("auth token", &tokens.auth_token),
        ("refresh token", &tokens.refresh_token),
        ("nonce", NONCE),
    ] {
        assert!(!shown.contains(secret) && !debug.contains(secret), "{name}");
    }
}

#[tokio::test]
async fn calls_of_the_controls_are_not_logged_and_the_log_can_be_emptied() {
    let (app, _) = seven_requests().await;
    app.dev_get("/requests").await.json(200);
    assert_eq!(
        app.controls().requests().len(),
        7,
        "calls of the controls are not in the log"
    );
    send(app.http.delete(app.dev("/requests"))).await.empty(200);
    assert!(app.controls().requests().is_empty());
}
