//! Those who ask too often are told when to come back.

use std::time::Duration;

use passage_server::ServerBuilder;
use serde_json::json;

use crate::support::{App, Reply, send};

/// A server whose clock stands still. No description declares 429.
async fn start_with(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> App {
    let app = App::unchecked_with(|builder| change(builder.rate_limits(true))).await;
    app.controls().stop_clock();
    app
}

async fn start() -> App {
    start_with(|builder| builder).await
}

async fn code_for(app: &App, email: &str) -> Reply {
    let body = json!({"identifier": email});
    send(app.http.post(app.auth("/login/otp")).json(&body)).await
}

async fn link_for(app: &App, email: &str) -> Reply {
    let body = json!({"identifier": email});
    send(app.http.post(app.auth("/login/magic-link")).json(&body)).await
}

#[tokio::test]
async fn an_account_gets_five_messages_a_minute() {
    let app = start().await;
    app.user("ada@example.com").await;
    app.user("bob@example.com").await;
    for _ in 0..3 {
        code_for(&app, "ada@example.com").await.json(201);
    }
    for _ in 0..2 {
        link_for(&app, "Ada@Example.com").await.json(200);
    }
    let refused = link_for(&app, "ada@example.com").await;
    refused.error(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "12");
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    code_for(&app, "bob@example.com").await.json(201);
    app.controls().advance(Duration::from_secs(12));
    code_for(&app, "ada@example.com").await.json(201);
    code_for(&app, "ada@example.com")
        .await
        .error(429, "too_many_requests");
}

#[tokio::test]
async fn nobody_is_told_from_somebody_by_the_limit() {
    let app = start_with(|builder| builder.conceal_users(true)).await;
    for _ in 0..5 {
        code_for(&app, "nobody@example.com").await.json(201);
    }
    code_for(&app, "nobody@example.com")
        .await
        .error(429, "too_many_requests");
}

#[tokio::test]
async fn an_address_asks_tries_and_looks_twenty_times_a_minute_each() {
    let app = start().await;
    for index in 0..20 {
        code_for(&app, &format!("u{index}@example.com"))
            .await
            .error(404, "user_not_found");
    }
    let refused = code_for(&app, "one-more@example.com").await;
    refused.error(429, "too_many_requests");
    assert_eq!(refused.header("retry-after"), "3");

    let guess = json!({"otp_id": "012345678901234567890123", "otp": "000000"});
    let guess = || send(app.http.post(app.auth("/otp/activate")).json(&guess));
    for _ in 0..20 {
        guess().await.error(400, "invalid_request");
    }
    guess().await.error(429, "too_many_requests");

    let look = || {
        send(
            app.http
                .get(app.auth("/users?identifier=nobody@example.com")),
        )
    };
    for _ in 0..20 {
        look().await.json(200);
    }
    look().await.error(429, "too_many_requests");
    // What the app's own backend does is not counted.
    app.user("ada@example.com").await;
    app.controls().advance(Duration::from_secs(60));
    look().await.json(200);
}

#[tokio::test]
async fn an_address_starts_twenty_sign_ins_a_minute() {
    let app = start().await;
    let flex = app.post(
        "/transactions/register",
        json!({"external_id": "a", "passkey_display_name": "A"}),
    );
    let flex = flex.await.json(201)["transaction_id"].clone();
    // Whatever stores something for a visitor who may be anybody counts.
    let starts = async |number: usize| match number % 4 {
        0 => app.authorize("google", &[]).await,
        1 => app.visit_post("/login/webauthn/start", json!({})).await,
        2 => {
            let path = "/authenticate/transactions/webauthn/start";
            app.visit_post(path, json!({})).await
        }
        _ => {
            let path = "/register/transactions/webauthn/start";
            app.visit_post(path, json!({"transaction_id": flex})).await
        }
    };
    for number in 0..20 {
        let status = starts(number).await.status;
        assert!([200, 302].contains(&status), "{number}: {status}");
    }
    for number in 0..4 {
        let refused = starts(number).await;
        refused.error(429, "too_many_requests");
        assert_eq!(refused.header("retry-after"), "3");
    }
    app.controls().advance(Duration::from_secs(60));
    app.authorize("google", &[]).await.location();
}

#[tokio::test]
async fn a_header_does_not_make_another_address() {
    let app = start().await;
    let look = |client: usize| {
        let request = app
            .http
            .get(app.auth("/users?identifier=nobody@example.com"));
        send(request.header("x-forwarded-for", format!("192.0.2.{client}")))
    };
    for client in 0..20 {
        look(client).await.json(200);
    }
    look(21).await.error(429, "too_many_requests");
}

#[tokio::test]
async fn by_default_a_development_server_has_no_limits() {
    let app = App::start().await;
    app.user("ada@example.com").await;
    for _ in 0..30 {
        code_for(&app, "ada@example.com").await.json(201);
    }
}
