//! Refresh tokens.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{AUTH_RESULT, App, Reply, members, send, text};

async fn refresh(app: &App, token: &str) -> Reply {
    send(
        app.http
            .post(app.auth("/tokens"))
            .json(&json!({"refresh_token": token})),
    )
    .await
}

async fn revoke(app: &App, token: &str) -> Reply {
    send(
        app.http
            .delete(app.auth("/tokens"))
            .query(&[("refresh_token", token)]),
    )
    .await
}

/// Refreshes, and returns the new auth token and refresh token.
async fn next(app: &App, token: &str) -> (String, String) {
    let result = refresh(app, token).await.json(201)["auth_result"].clone();
    (text(&result["auth_token"]), text(&result["refresh_token"]))
}

#[tokio::test]
async fn a_sign_in_counts_and_makes_the_user_active() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let tokens = app.sign_in(&id).await;
    let current = app.current_user(&tokens.auth_token).await.json(200)["user"].clone();
    assert_eq!(
        (&current["id"], &current["status"], &current["login_count"]),
        (&json!(id), &json!("active"), &json!(1))
    );
    let user = app.get(&format!("/users/{id}")).await.json(200)["user"].clone();
    assert_eq!(user["last_login_at"], current["last_login_at"]);
    assert_ne!(user["last_login_at"], "0001-01-01T00:00:00Z");
    let event = &user["recent_events"][0];
    assert_eq!(
        (&event["action"], &event["status"]),
        (&json!("login"), &json!("complete"))
    );
    assert_eq!(event["created_at"], user["last_login_at"]);
    assert_eq!(user["recent_events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_newest_events_come_first_and_old_ones_are_forgotten() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    for _ in 0..12 {
        app.sign_in(&id).await;
        app.controls().advance(Duration::from_secs(1));
    }
    let user = app.get(&format!("/users/{id}")).await.json(200)["user"].clone();
    let times: Vec<String> = user["recent_events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| text(&event["created_at"]))
        .collect();
    assert_eq!(times.len(), 10);
    assert!(
        times.is_sorted_by(|newer, older| newer > older),
        "{times:?}"
    );
    assert_eq!(user["login_count"], 12);
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_for_the_next_pair() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let first = app.sign_in(&id).await;
    app.controls().advance(Duration::from_secs(3600));
    app.current_user(&first.auth_token)
        .await
        .error(401, "invalid_access_token");

    let result = refresh(&app, &first.refresh_token).await.json(201)["auth_result"].clone();
    assert_eq!(members(&result), AUTH_RESULT);
    let expires = result["refresh_token_expiration"].as_i64().unwrap();
    assert!(expires > app.controls().now().as_second());
    let second = text(&result["refresh_token"]);
    assert_ne!(second, first.refresh_token);
    for token in [&second, &first.refresh_token] {
        let plain = token.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(plain && token.len() == 72);
    }
    let user = app
        .current_user(&text(&result["auth_token"]))
        .await
        .json(200)["user"]
        .clone();
    assert_eq!(
        (&user["id"], &user["login_count"]),
        (&json!(id), &json!(1)),
        "a refresh is no login"
    );
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_sign_in() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let first = app.sign_in(&id).await.refresh_token;
    let elsewhere = app.sign_in(&id).await.refresh_token;
    let (_, second) = next(&app, &first).await;
    let (_, third) = next(&app, &second).await;
    refresh(&app, &first)
        .await
        .error(401, "invalid_refresh_token");
    refresh(&app, &third)
        .await
        .error(401, "invalid_refresh_token");
    next(&app, &elsewhere).await;
}

#[tokio::test]
async fn a_token_that_is_none_of_ours_does_no_harm() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let token = app.sign_in(&id).await.refresh_token;
    assert!(token.len() == 72 && token.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let (sign_in, secret) = token.split_at(24);
    let other_id = format!("{}{secret}", "0".repeat(24));
    let longer = format!("{token}0");
    for none_of_ours in [
        "",
        "x",
        sign_in,
        secret,
        &other_id,
        &longer,
        &"\u{e9}".repeat(36),
    ] {
        refresh(&app, none_of_ours)
            .await
            .error(401, "invalid_refresh_token");
    }
    let (_, token) = next(&app, &token).await;
    // The id of the sign-in is no secret: it is in its auth tokens.
    let forged = format!("{sign_in}{}", "0".repeat(48));
    refresh(&app, &forged)
        .await
        .error(401, "invalid_refresh_token");
    next(&app, &token).await;
}

#[tokio::test]
async fn two_exchanges_at_once_get_the_same_refresh_token() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    for _ in 0..8 {
        let token = app.sign_in(&id).await.refresh_token;
        let (one, two) = tokio::join!(refresh(&app, &token), refresh(&app, &token));
        let token = |reply: Reply| text(&reply.json(201)["auth_result"]["refresh_token"]);
        assert_eq!(token(one), token(two));
    }
}

#[tokio::test]
async fn a_refresh_token_ends_when_it_is_not_used_and_in_any_case() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let day = Duration::from_secs(24 * 3600);
    let idle = app.sign_in(&id).await.refresh_token;
    app.controls().advance(day * 5);
    refresh(&app, &idle)
        .await
        .error(401, "invalid_refresh_token");

    // Used every four days it lives, but not beyond thirty days.
    let mut token = app.sign_in(&id).await.refresh_token;
    for _ in 0..7 {
        app.controls().advance(day * 4);
        token = next(&app, &token).await.1;
    }
    app.controls().advance(day * 2);
    refresh(&app, &token)
        .await
        .error(401, "invalid_refresh_token");
}

#[tokio::test]
async fn signing_out_ends_one_sign_in() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let (here, elsewhere) = (app.sign_in(&id).await, app.sign_in(&id).await);
    revoke(&app, &here.refresh_token).await.empty(200);
    refresh(&app, &here.refresh_token)
        .await
        .error(401, "invalid_refresh_token");
    revoke(&app, &here.refresh_token).await.empty(200);
    revoke(&app, "nosuchtoken").await.empty(200);
    next(&app, &elsewhere.refresh_token).await;
    app.current_user(&here.auth_token)
        .await
        .error(401, "invalid_access_token");
    app.current_user(&elsewhere.auth_token).await.json(200);
}

#[tokio::test]
async fn the_backend_ends_every_sign_in_of_a_user() {
    let app = App::start().await;
    let (ada, bob) = (
        app.user_id("ada@example.com").await,
        app.user_id("bob@example.com").await,
    );
    let (one, two, other) = (
        app.sign_in(&ada).await,
        app.sign_in(&ada).await,
        app.sign_in(&bob).await,
    );
    app.delete(&format!("/users/{ada}/tokens")).await.empty(200);
    for token in [&one, &two] {
        refresh(&app, &token.refresh_token)
            .await
            .error(401, "invalid_refresh_token");
    }
    next(&app, &other.refresh_token).await;
    app.current_user(&one.auth_token)
        .await
        .error(401, "invalid_access_token");
    app.delete(&format!("/users/{ada}/tokens")).await.empty(200);
}

#[tokio::test]
async fn an_inactive_or_deleted_user_gets_no_tokens() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let (first, second) = (app.sign_in(&id).await, app.sign_in(&id).await);
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    refresh(&app, &first.refresh_token)
        .await
        .error(401, "invalid_refresh_token");
    assert_eq!(
        app.controls().sign_in(&id).await.unwrap_err().code(),
        "user_not_active"
    );
    app.delete(&format!("/users/{id}")).await.empty(200);
    refresh(&app, &second.refresh_token)
        .await
        .error(401, "invalid_refresh_token");
    assert_eq!(
        app.controls().sign_in(&id).await.unwrap_err().code(),
        "user_not_found"
    );
}

#[tokio::test]
async fn an_activated_user_signs_in_again() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let token = app.sign_in(&id).await.refresh_token;
    app.touch(&format!("/users/{id}/deactivate"))
        .await
        .json(200);
    refresh(&app, &token)
        .await
        .error(401, "invalid_refresh_token");
    app.touch(&format!("/users/{id}/activate")).await.json(200);
    refresh(&app, &token)
        .await
        .error(401, "invalid_refresh_token");
    let again = app.sign_in(&id).await.refresh_token;
    next(&app, &again).await;
}

#[tokio::test]
async fn an_app_without_refresh_tokens_gives_none() {
    let app = App::start_with(|builder| builder.refresh_tokens(false)).await;
    let id = app.user_id("ada@example.com").await;
    let result = app
        .dev_post(&format!("/users/{id}/sessions"), json!({}))
        .await
        .json(201);
    assert_eq!(
        members(&result["auth_result"]),
        ["auth_token", "redirect_url"]
    );
    assert_eq!(app.get("").await.json(200)["app"]["refresh_enabled"], false);
}

#[tokio::test]
async fn the_lifetime_of_auth_tokens_can_be_set() {
    let app = App::start_with(|builder| builder.session_timeout(Duration::from_secs(600))).await;
    let id = app.user_id("ada@example.com").await;
    let tokens = app.sign_in(&id).await;
    assert_eq!(
        app.get("").await.json(200)["app"]["session_timeout_length"],
        600
    );
    app.controls().advance(Duration::from_secs(590));
    app.current_user(&tokens.auth_token).await.json(200);
    app.controls().advance(Duration::from_secs(10));
    app.current_user(&tokens.auth_token)
        .await
        .error(401, "invalid_access_token");
}

#[tokio::test]
async fn a_sign_in_does_not_show_its_tokens_in_debug_output() {
    let app = App::start().await;
    let id = app.user_id("ada@example.com").await;
    let result = app.controls().sign_in(&id).await.unwrap();
    let debug = format!("{result:?}");
    assert!(
        !debug.contains(&result.auth_token)
            && !debug.contains(result.refresh_token.as_deref().unwrap())
    );
}

#[tokio::test]
async fn what_is_no_refresh_token_is_refused() {
    let app = App::start().await;
    for token in ["nosuchtoken", ""] {
        refresh(&app, token)
            .await
            .error(401, "invalid_refresh_token");
    }
    for body in [
        json!({}),
        json!({"refresh_token": null}),
        json!({"refresh_token": 7}),
        Value::Null,
    ] {
        let reply = send(app.http.post(app.auth("/tokens")).json(&body)).await;
        assert_eq!(reply.status, 400, "{body}");
        reply.error(400, "invalid_request");
    }
    let error = send(app.http.delete(app.auth("/tokens")))
        .await
        .error(400, "invalid_request");
    assert!(error.contains("refresh_token"), "{error}");
}
