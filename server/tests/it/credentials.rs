//! Who may call, and for which app.

use http::Method;
use serde_json::json;

use crate::support::{App, send};

const OPERATIONS: [(Method, &str); 19] = [
    (Method::GET, ""),
    (Method::GET, "/users"),
    (Method::POST, "/users"),
    (Method::GET, "/users/x"),
    (Method::PATCH, "/users/x"),
    (Method::DELETE, "/users/x"),
    (Method::PATCH, "/users/x/activate"),
    (Method::PATCH, "/users/x/deactivate"),
    (Method::GET, "/users/x/devices"),
    (Method::DELETE, "/users/x/devices/y"),
    (Method::DELETE, "/users/x/tokens"),
    (Method::POST, "/magic-links"),
    (Method::POST, "/transactions/register"),
    (Method::POST, "/transactions/authenticate"),
    (Method::POST, "/authenticate/verify"),
    (Method::GET, "/api-keys"),
    (Method::POST, "/api-keys"),
    (Method::GET, "/api-keys/x"),
    (Method::DELETE, "/api-keys/x"),
];

#[tokio::test]
async fn every_management_operation_needs_the_api_key() {
    let app = App::start().await;
    for (method, path) in OPERATIONS {
        let request = || {
            app.http
                .request(method.clone(), app.api(path))
                .json(&json!({}))
        };
        let name = format!("{method} {path}");
        // Asking for the app itself was always answered without a key.
        if !path.is_empty() {
            send(request()).await.error(401, "invalid_access_token");
        }
        let reply = send(request().bearer_auth("wrongwrong.wrong")).await;
        assert_eq!(reply.status, 401, "{name}");
        reply.error(401, "invalid_access_token");
        let elsewhere = format!("{}/api/v1/apps/anotherapp{path}", app.server().url());
        let elsewhere = app
            .http
            .request(method, elsewhere)
            .bearer_auth(app.server().api_key());
        send(elsewhere.json(&json!({})))
            .await
            .error(404, "app_not_found");
    }
    // A missing key is noticed first, then the app, then the key.
    let elsewhere = format!("{}/api/v1/apps/anotherapp/users", app.server().url());
    send(app.http.get(&elsewhere))
        .await
        .error(401, "invalid_access_token");
    send(app.http.get(&elsewhere).bearer_auth("wrongwrong.wrong"))
        .await
        .error(404, "app_not_found");
}

#[tokio::test]
async fn the_key_must_come_as_a_bearer_token() {
    let app = App::start().await;
    let key = app.server().api_key().to_owned();
    let with = |value: String| {
        app.http
            .get(app.api("/users"))
            .header("authorization", value)
    };
    for good in [
        format!("Bearer {key}"),
        format!("bearer {key}"),
        format!("BEARER {key}"),
    ] {
        send(with(good)).await.json(200);
    }
    let mut wrong = key.clone();
    wrong.pop();
    for bad in [
        key.clone(),
        format!("Basic {key}"),
        format!("Token {key}"),
        format!("Bearer{key}"),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer {wrong}"),
        format!("Bearer {key}x"),
        format!("Bearer {key} {key}"),
        format!("Bearer {}", key.to_uppercase()),
        String::new(),
    ] {
        let error = send(with(bad)).await.error(401, "invalid_access_token");
        assert!(!error.contains(&key), "{error}");
    }
    let query = send(
        app.http
            .get(app.api("/users"))
            .query(&[("access_token", &key)]),
    )
    .await;
    query.error(401, "invalid_access_token");
}

#[tokio::test]
async fn a_user_token_is_no_api_key_and_an_api_key_is_no_user_token() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let token = app.sign_in(&id).await.auth_token;
    send(app.http.get(app.api("/users")).bearer_auth(token))
        .await
        .error(401, "invalid_access_token");
    app.current_user(app.server().api_key())
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn the_auth_api_knows_no_other_app_either() {
    let app = App::start().await;
    let base = app.server().url().to_owned();
    for path in [
        "",
        "/.well-known/jwks.json",
        "/.well-known/openid-configuration",
        "/currentuser",
    ] {
        let url = format!("{base}/auth/v1/apps/anotherapp{path}");
        send(app.http.get(url)).await.error(404, "app_not_found");
    }
}

#[tokio::test]
async fn no_credential_shows_in_debug_output() {
    let app = App::start().await;
    let key = app.server().api_key();
    let secret = key.split_once('.').unwrap().1;
    assert!(!format!("{:?}", app.server()).contains(secret));
    assert!(!format!("{:?}", app.controls()).contains(secret));
}
