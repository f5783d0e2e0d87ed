//! Connecting accounts at providers to users, and taking them away.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::browser::VERIFIER;
use crate::mailbox::{ADA, BOB};
use crate::support::{App, Reply, members, send, text};

impl App {
    async fn connections(&self, token: &str) -> Value {
        let request = self.http.get(self.auth("/currentuser/social-connections"));
        send(request.bearer_auth(token)).await.json(200)["social_connections"].clone()
    }

    async fn disconnect(&self, token: &str, provider: &str) -> Reply {
        let url = self.auth(&format!("/currentuser/social-connections/{provider}"));
        send(self.http.delete(url).bearer_auth(token)).await
    }
}

const OTHER: &str = "ada@elsewhere.example";

#[tokio::test]
async fn a_connected_account_signs_its_user_in() {
    let app = App::start().await;
    let id = app.user_id(ADA).await;
    let token = app.sign_in(&id).await.auth_token;
    assert_eq!(app.connections(&token).await, json!({}));
    // The address need not be the user's.
    let code = app.social_code("google", OTHER).await;
    app.link(&token, &code, VERIFIER).await.empty(201);
    let connections = app.connections(&token).await;
    assert_eq!(members(&connections), ["google"]);
    assert_eq!(connections["google"]["provider_identifier"], OTHER);
    assert_eq!(
        connections["google"]["last_login_at"],
        "0001-01-01T00:00:00Z"
    );
    let user = app.managed_user(&id).await;
    assert_eq!(user["social_connections"], connections);
    assert_eq!(
        (&user["email"], &user["login_count"]),
        (&json!(ADA), &json!(1))
    );
    let event = &user["recent_events"][0];
    assert_eq!(
        (
            &event["action"],
            &event["type"],
            &event["social_login_type"]
        ),
        (&json!("other"), &json!("social"), &json!("google"))
    );

    let signed_in = app.social_sign_in("google", OTHER).await.signed_in();
    let current = app.current_user(&signed_in.auth_token).await.json(200);
    assert_eq!(
        (&current["user"]["id"], &current["user"]["email"]),
        (&json!(id), &json!(ADA))
    );
    assert_eq!(current["user"]["login_count"], 2);
    assert_ne!(
        app.connections(&token).await["google"]["last_login_at"],
        "0001-01-01T00:00:00Z"
    );
    // One more provider, and the first one again.
    for provider in ["apple", "google"] {
        let code = app.social_code(provider, OTHER).await;
        app.link(&token, &code, VERIFIER).await.empty(201);
    }
    assert_eq!(members(&app.connections(&token).await), ["apple", "google"]);
}

#[tokio::test]
async fn an_account_belongs_to_one_user_and_a_user_has_one_of_each() {
    let app = App::start().await;
    let ada = app
        .social_sign_in("google", ADA)
        .await
        .signed_in()
        .auth_token;
    let bob = app
        .social_sign_in("google", BOB)
        .await
        .signed_in()
        .auth_token;
    // Somebody else's.
    let code = app.social_code("google", ADA).await;
    app.link(&bob, &code, VERIFIER)
        .await
        .error(403, "operation_not_allowed");
    // A second one.
    let code = app.social_code("google", OTHER).await;
    let refused = app.link(&bob, &code, VERIFIER).await;
    refused.error(403, "operation_not_allowed");
    assert_eq!(
        app.connections(&bob).await["google"]["provider_identifier"],
        BOB
    );
    // After the first one is gone, the code still serves.
    app.disconnect(&bob, "google").await.empty(200);
    app.link(&bob, &code, VERIFIER).await.empty(201);
    assert_eq!(
        app.connections(&bob).await["google"]["provider_identifier"],
        OTHER
    );
    assert_eq!(
        app.connections(&ada).await["google"]["provider_identifier"],
        ADA
    );
}

#[tokio::test]
async fn an_account_that_was_taken_away_signs_nobody_in() {
    let app = App::start().await;
    let token = app
        .social_sign_in("github", ADA)
        .await
        .signed_in()
        .auth_token;
    for unknown in ["google", "passage", "Github", "a%20b"] {
        app.disconnect(&token, unknown)
            .await
            .error(404, "social_connection_not_found");
    }
    app.disconnect(&token, "github").await.empty(200);
    app.disconnect(&token, "github")
        .await
        .error(404, "social_connection_not_found");
    assert_eq!(app.connections(&token).await, json!({}));
    let refused = app.social_sign_in("github", ADA).await;
    assert_eq!(
        refused.error(400, "invalid_request"),
        "user: already exists."
    );
    // Its user can connect it again.
    let code = app.social_code("github", ADA).await;
    app.link(&token, &code, VERIFIER).await.empty(201);
    app.social_sign_in("github", ADA).await.signed_in();
    // With its user it goes for good.
    let list = app.list(&[]).await.json(200);
    let id = text(&list["users"][0]["id"]);
    app.delete(&format!("/users/{id}")).await.empty(200);
    let again = app.social_sign_in("github", ADA).await.signed_in();
    let current = app.current_user(&again.auth_token).await.json(200);
    assert_ne!(current["user"]["id"], id);
}

/// Everything that concerns connections of the current user.
fn calls(code: &str) -> [(Method, String); 3] {
    [
        (Method::GET, "/currentuser/social-connections".to_owned()),
        (
            Method::DELETE,
            "/currentuser/social-connections/google".to_owned(),
        ),
        (
            Method::GET,
            format!("/currentuser/social/link_account?code={code}&verifier={VERIFIER}"),
        ),
    ]
}

/// Makes every call with this token, or without one. Each must be refused so.
async fn assert_refused(app: &App, code: &str, token: Option<&str>, status: u16, error: &str) {
    for (method, path) in calls(code) {
        let mut request = app.http.request(method.clone(), app.auth(&path));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let reply = send(request).await;
        assert_eq!(reply.status, status, "{method} {path}");
        reply.error(status, error);
    }
}

#[tokio::test]
async fn only_the_signed_in_user_connects_and_disconnects() {
    let app = App::start().await;
    let token = app
        .social_sign_in("google", ADA)
        .await
        .signed_in()
        .auth_token;
    let code = app.social_code("github", ADA).await;
    assert_refused(&app, &code, None, 401, "invalid_access_token").await;
    assert_refused(&app, &code, Some("x.y.z"), 401, "invalid_access_token").await;
    assert_eq!(members(&app.connections(&token).await), ["google"]);
}

#[tokio::test]
async fn a_user_who_is_inactive_or_gone_connects_and_disconnects_nothing() {
    let app = App::start().await;
    let token = app
        .social_sign_in("google", ADA)
        .await
        .signed_in()
        .auth_token;
    let code = app.social_code("github", ADA).await;
    let id = text(&app.list(&[]).await.json(200)["users"][0]["id"]);
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    assert_refused(&app, &code, Some(&token), 403, "user_not_active").await;
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    assert_refused(&app, &code, Some(&token), 401, "invalid_access_token").await;
    let token = app.sign_in(&id).await.auth_token;
    assert_eq!(members(&app.connections(&token).await), ["google"]);
    app.delete(&format!("/users/{id}")).await.empty(200);
    assert_refused(&app, &code, Some(&token), 404, "user_not_found").await;
}

#[tokio::test]
async fn a_code_connects_only_with_the_verifier_of_who_started_the_login() {
    let app = App::start().await;
    let token = app
        .social_sign_in("google", ADA)
        .await
        .signed_in()
        .auth_token;
    let code = app.social_code("github", ADA).await;
    let problem = app.link(&token, &code, &VERIFIER[1..]).await;
    problem.error(400, "invalid_request");
    // The wrong verifier used it up.
    app.link(&token, &code, VERIFIER)
        .await
        .error(400, "invalid_request");
}

#[tokio::test]
async fn a_code_connects_once_and_within_a_minute() {
    let app = App::start().await;
    let token = app
        .social_sign_in("google", ADA)
        .await
        .signed_in()
        .auth_token;
    let code = app.social_code("github", ADA).await;
    app.controls().advance(Duration::from_secs(60));
    app.link(&token, &code, VERIFIER)
        .await
        .error(400, "invalid_request");
    let code = app.social_code("github", ADA).await;
    app.link(&token, &code, VERIFIER).await.empty(201);
    app.link(&token, &code, VERIFIER)
        .await
        .error(400, "invalid_request");
    app.exchange(&code, VERIFIER)
        .await
        .error(400, "invalid_request");
}
